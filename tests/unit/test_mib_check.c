/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_mib_check.c - what may be set to which value, and what that changes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tests/unit/mib_fixture.h"

static const char *const switches[CONNECTION_SWITCH_COUNT] = {
    [CONNECTION_SWITCH_PER_DOMAIN] = "vmPerVMNotificationsEnabled",
    [CONNECTION_SWITCH_BULK] = "vmBulkNotificationsEnabled",
};

/* Checks a SET of NAME.instance; the instance has `length` sub-identifiers. */
static enum mib_error check(const struct mib_fixture *fixture, const char *name,
                            const uint32_t *instance, size_t length, int32_t integer,
                            struct mib_change *ret_change)
{
    const struct mib_object *object = mib_fixture_find(fixture, name);
    const struct mib_value value = { .type = MIB_INTEGER, .integer = integer };
    struct mib_oid oid = object->prefix;

    for (size_t i = 0; i < length; i++) {
        oid.ids[oid.length++] = instance[i];
    }
    return mib_check(object, &fixture->context, &oid, &value, ret_change);
}

static void test_each_object_has_the_checks_of_its_access(void **state)
{
    const struct mib_fixture *fixture = *state;

    for (size_t i = 0; i < mib_tree_count(fixture->tree); i++) {
        const struct mib_column *column = mib_tree_object(fixture->tree, i)->column;

        assert_int_equal(column->accept != NULL, column->access != MIB_READ_ONLY);
        assert_int_equal(column->check != NULL, column->access == MIB_READ_WRITE);
        assert_int_equal(column->create != NULL, column->access == MIB_READ_CREATE);
    }
}

static void test_a_switch_shows_the_connection_of_the_context(void **state)
{
    struct mib_fixture *fixture = *state;

    for (int i = 0; i < CONNECTION_SWITCH_COUNT; i++) {
        struct mib_value value;

        assert_int_equal(mib_fixture_get(fixture, switches[i], 0, &value), MIB_FOUND);
        assert_int_equal(value.integer, 2);
        fixture->connections[1].switches[i] = true;
        mib_fixture_get(fixture, switches[i], 0, &value);
        assert_int_equal(value.integer, 2);
        fixture->context.connection = &fixture->connections[1];
        mib_fixture_get(fixture, switches[i], 0, &value);
        assert_int_equal(value.integer, 1);
        assert_int_equal(mib_fixture_get(fixture, switches[i], 1, &value),
                         MIB_NO_INSTANCE);
        fixture->context.connection = &fixture->connections[0];
    }
}

static void test_a_switch_can_be_switched_off(void **state)
{
    static const uint32_t zero = 0;
    struct mib_fixture *fixture = *state;

    for (int i = 0; i < CONNECTION_SWITCH_COUNT; i++) {
        struct mib_change change = { .on = true };

        fixture->connections[0].switches[i] = true;
        assert_int_equal(check(fixture, switches[i], &zero, 1, 2, &change),
                         MIB_NO_ERROR);
        assert_int_equal(change.which, i);
        assert_false(change.on);
        /* A check changes nothing. */
        assert_true(fixture->connections[0].switches[i]);
    }
}

static void test_a_switch_cannot_be_switched_on_yet(void **state)
{
    static const uint32_t zero = 0;
    const struct mib_fixture *fixture = *state;

    for (int i = 0; i < CONNECTION_SWITCH_COUNT; i++) {
        struct mib_change change;

        assert_int_equal(check(fixture, switches[i], &zero, 1, 1, &change),
                         MIB_INCONSISTENT_VALUE);
    }
}

static void test_other_numbers_are_no_truth(void **state)
{
    static const int32_t numbers[] = { 0, 3, -1, -2, 257, 258, INT32_MAX, INT32_MIN };
    static const uint32_t instance[] = { 0, 0 };
    const struct mib_fixture *fixture = *state;
    struct mib_change change;

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        /* Whatever the instance. */
        for (size_t length = 0; length <= 2; length++) {
            assert_int_equal(
                check(fixture, switches[0], instance, length, numbers[i], &change),
                MIB_WRONG_VALUE);
        }
    }
}

static void test_other_instances_cannot_be_created(void **state)
{
    static const uint32_t zeros[MIB_OID_MAX];
    static const uint32_t others[] = { 1, 2, UINT32_MAX };
    const struct mib_fixture *fixture = *state;
    size_t room = MIB_OID_MAX - mib_fixture_find(fixture, switches[0])->prefix.length;
    struct mib_change change;

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(check(fixture, switches[0], &others[i], 1, 2, &change),
                         MIB_NO_CREATION);
    }
    for (size_t length = 0; length <= room; length++) {
        assert_int_equal(check(fixture, switches[0], zeros, length, 2, &change),
                         length == 1 ? MIB_NO_ERROR : MIB_NO_CREATION);
    }
}

#define WITH_FIXTURE(test)                                                             \
    cmocka_unit_test_setup_teardown(test, mib_fixture_setup, mib_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_each_object_has_the_checks_of_its_access),
        WITH_FIXTURE(test_a_switch_shows_the_connection_of_the_context),
        WITH_FIXTURE(test_a_switch_can_be_switched_off),
        WITH_FIXTURE(test_a_switch_cannot_be_switched_on_yet),
        WITH_FIXTURE(test_other_numbers_are_no_truth),
        WITH_FIXTURE(test_other_instances_cannot_be_created),
    };

    return cmocka_run_group_tests_name("mib_check", tests, NULL, NULL);
}
