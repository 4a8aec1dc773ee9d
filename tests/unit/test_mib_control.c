/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_mib_control.c - hvxControl: what its tables read, what a SET of each
 * object wants, and who may do that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "tests/unit/mib_fixture.h"

#define ROW 1 /* vmIndex of the first domain */

#define ANY_CLASS                                                                      \
    (OPERATION_CLASS_BIT(OPERATION_CLASS_POWER)                                        \
     | OPERATION_CLASS_BIT(OPERATION_CLASS_CONFIG)                                     \
     | OPERATION_CLASS_BIT(OPERATION_CLASS_PROVISION)                                  \
     | OPERATION_CLASS_BIT(OPERATION_CLASS_DESTROY)                                    \
     | OPERATION_CLASS_BIT(OPERATION_CLASS_DEBUG))

/* Those of hvxPowerTable and its like that can be set. */
static const struct {
    const char *name;
    int64_t value; /* one that is good */
    enum operation_class class;
    enum operation_action action; /* OPERATION_NONE: a lock */
    uint32_t given;               /* the operation's value */
} columns[] = {
    { "hvxPowerAdminState", 1, OPERATION_CLASS_POWER, OPERATION_MAKE_RUNNING, 0 },
    { "hvxPowerAdminState", 2, OPERATION_CLASS_POWER, OPERATION_MAKE_SUSPENDED, 0 },
    { "hvxPowerAdminState", 3, OPERATION_CLASS_POWER, OPERATION_MAKE_PAUSED, 0 },
    { "hvxPowerAdminState", 4, OPERATION_CLASS_POWER, OPERATION_MAKE_SHUTDOWN, 0 },
    { "hvxPowerAction", 1, OPERATION_CLASS_POWER, OPERATION_START, 0 },
    { "hvxPowerAction", 12, OPERATION_CLASS_POWER, OPERATION_PM_WAKEUP, 0 },
    { "hvxPowerLock", 0, OPERATION_CLASS_POWER, OPERATION_NONE, 0 },
    { "hvxConfigAutoStart", 2, OPERATION_CLASS_CONFIG, OPERATION_SET_AUTOSTART, 2 },
    { "hvxConfigVcpus", 65535, OPERATION_CLASS_CONFIG, OPERATION_SET_VCPUS, 65535 },
    { "hvxConfigMemory", UINT32_MAX, OPERATION_CLASS_CONFIG, OPERATION_SET_MEMORY,
      UINT32_MAX },
    { "hvxConfigCpuWeight", 7, OPERATION_CLASS_CONFIG, OPERATION_SET_CPU_WEIGHT, 7 },
    { "hvxConfigCpuCap", 0, OPERATION_CLASS_CONFIG, OPERATION_SET_CPU_CAP, 0 },
    { "hvxConfigLock", INT32_MAX, OPERATION_CLASS_CONFIG, OPERATION_NONE, INT32_MAX },
    { "hvxDebugAction", 22, OPERATION_CLASS_DEBUG, OPERATION_CORE_DUMP, 0 },
    { "hvxDebugAction", 23, OPERATION_CLASS_DEBUG, OPERATION_NMI, 0 },
    { "hvxDebugLock", 5, OPERATION_CLASS_DEBUG, OPERATION_NONE, 5 },
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* --- Reading ---------------------------------------------------------------- */

static enum mib_result look(const struct mib_fixture *fixture,
                            const struct mib_oid *name, struct mib_value *ret_value)
{
    struct mib_hint hint = { 0, 0 };
    unsigned sections = 0;

    return mib_get(fixture->tree, &fixture->context, name, &hint, ret_value, &sections);
}

/* An integer or a number of the row; -1: absent. */
static int64_t read_row(const struct mib_fixture *fixture, const char *name,
                        uint32_t row)
{
    struct mib_value value;

    if (mib_fixture_get(fixture, name, row, &value) != MIB_FOUND) {
        return -1;
    }
    return value.type == MIB_INTEGER ? value.integer : (int64_t)value.number;
}

static void check_row(const struct mib_fixture *fixture, const char *name,
                      int64_t expected)
{
    const int64_t number = read_row(fixture, name, ROW);

    if (number != expected) {
        fail_msg("%s is %lld, not %lld", name, (long long)number, (long long)expected);
    }
}

static void test_the_goal_is_that_of_the_newest_operation(void **state)
{
    struct mib_fixture *fixture = *state;
    struct operation *first;
    struct operation *second;

    fixture->rows[0].admin_state = DOMAIN_ADMIN_STATE_PAUSED;
    /* The one that is there has succeeded. */
    check_row(fixture, "hvxPowerAdminState", 3);
    first = mib_fixture_add_operation(fixture, 0, OPERATION_MAKE_SHUTDOWN, 9);
    check_row(fixture, "hvxPowerAdminState", 4);
    second = mib_fixture_add_operation(fixture, 0, OPERATION_MAKE_SUSPENDED, 8);
    check_row(fixture, "hvxPowerAdminState", 2);
    second->state = OPERATION_RUNNING;
    check_row(fixture, "hvxPowerAdminState", 2);
    second->state = OPERATION_FAILED;
    check_row(fixture, "hvxPowerAdminState", 4);
    first->state = OPERATION_EXPIRED;
    check_row(fixture, "hvxPowerAdminState", 3);
    fixture->rows[0].admin_state = DOMAIN_ADMIN_STATE_UNKNOWN;
    check_row(fixture, "hvxPowerAdminState", -1);
}

static void test_an_action_reads_while_it_is_pending(void **state)
{
    struct mib_fixture *fixture = *state;
    struct operation *reboot;

    check_row(fixture, "hvxPowerAction", 0);
    check_row(fixture, "hvxDebugAction", 0);
    reboot = mib_fixture_add_operation(fixture, 0, OPERATION_REBOOT, 1);
    mib_fixture_add_operation(fixture, 0, OPERATION_MAKE_PAUSED, 2);
    mib_fixture_add_operation(fixture, 0, OPERATION_NMI, 3);
    check_row(fixture, "hvxPowerAction", 4);
    check_row(fixture, "hvxPowerAdminState", 3);
    check_row(fixture, "hvxDebugAction", 23);
    reboot->state = OPERATION_SUCCEEDED;
    check_row(fixture, "hvxPowerAction", 0);
}

static void test_a_dry_run_is_not_on_its_way(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->rows[0].admin_state = DOMAIN_ADMIN_STATE_RUNNING;
    mib_fixture_add_operation(fixture, 0, OPERATION_RESET, 1);
    mib_fixture_add_operation(fixture, 0, OPERATION_POWER_OFF, 2)->dry_run = true;
    mib_fixture_add_operation(fixture, 0, OPERATION_MAKE_SHUTDOWN, 3)->dry_run = true;
    check_row(fixture, "hvxPowerAction", 5);
    check_row(fixture, "hvxPowerAdminState", 1);
}

static void test_settings_read_what_is_known(void **state)
{
    struct mib_fixture *fixture = *state;
    struct domain_config *config = &fixture->configs[0];

    check_row(fixture, "hvxConfigAutoStart", 1);
    fixture->domains[0].autostart = DOMAIN_FLAG_NO;
    check_row(fixture, "hvxConfigAutoStart", 2);
    check_row(fixture, "hvxConfigVcpus", 2);
    check_row(fixture, "hvxConfigMemory", 512 * 1024);
    check_row(fixture, "hvxConfigCpuWeight", 1024);
    check_row(fixture, "hvxConfigCpuCap", 150);
    config->cpu_cap = 0;
    check_row(fixture, "hvxConfigCpuCap", 0);
    config->memory_bytes = INT64_MAX;
    check_row(fixture, "hvxConfigMemory", UINT32_MAX);
}

static void test_settings_that_are_not_known_are_absent(void **state)
{
    struct mib_fixture *fixture = *state;
    struct domain_config *config = &fixture->configs[0];

    fixture->domains[0].autostart = DOMAIN_FLAG_UNKNOWN;
    config->vcpus = DOMAIN_NO_LIMIT;
    config->memory_bytes = DOMAIN_NO_LIMIT;
    config->cpu_weight = 0;
    config->cpu_cap_known = false;
    for (int i = 0; i < 2; i++) {
        check_row(fixture, "hvxConfigAutoStart", -1);
        check_row(fixture, "hvxConfigVcpus", -1);
        check_row(fixture, "hvxConfigMemory", -1);
        check_row(fixture, "hvxConfigCpuWeight", -1);
        check_row(fixture, "hvxConfigCpuCap", -1);
        fixture->rows[0].config = NULL;
        mib_fixture_count_parts(fixture);
    }
}

static void test_settings_read_the_value_on_its_way(void **state)
{
    struct mib_fixture *fixture = *state;

    /* Also where the present one is not known. */
    fixture->rows[0].config = NULL;
    mib_fixture_count_parts(fixture);
    for (size_t i = 0; i < COLUMNS; i++) {
        if (columns[i].class == OPERATION_CLASS_CONFIG
            && columns[i].action != OPERATION_NONE) {
            struct operation *operation = mib_fixture_add_operation(
                fixture, 0, columns[i].action, (uint32_t)i + 1);

            operation->value = columns[i].given;
            check_row(fixture, columns[i].name, columns[i].value);
            operation->state = OPERATION_SUCCEEDED;
        }
    }
    check_row(fixture, "hvxConfigVcpus", -1);
}

static void test_the_id_is_that_of_the_last_operation(void **state)
{
    struct mib_fixture *fixture = *state;
    struct operation *operation;

    check_row(fixture, "hvxPowerOperationId", 4711);
    check_row(fixture, "hvxConfigOperationId", -1);
    check_row(fixture, "hvxDebugOperationId", -1);
    operation = mib_fixture_add_operation(fixture, 0, OPERATION_RESET, UINT32_MAX);
    mib_fixture_add_operation(fixture, 0, OPERATION_SET_VCPUS, 2);
    mib_fixture_add_operation(fixture, 0, OPERATION_NMI, 3);
    check_row(fixture, "hvxPowerOperationId", UINT32_MAX);
    check_row(fixture, "hvxConfigOperationId", 2);
    check_row(fixture, "hvxDebugOperationId", 3);
    operation->state = OPERATION_CANCELLED;
    operation_table_hide(&fixture->operations, operation);
    check_row(fixture, "hvxPowerOperationId", UINT32_MAX);
}

static void test_each_domain_and_class_has_its_lock(void **state)
{
    static const char *const locks[] = { "hvxPowerLock", "hvxConfigLock",
                                         "hvxDebugLock" };
    struct mib_fixture *fixture = *state;
    int64_t before[3];

    for (size_t i = 0; i < 3; i++) {
        before[i] = read_row(fixture, locks[i], ROW);
        assert_in_range(before[i], 0, INT32_MAX);
    }
    assert_true(operation_table_advance_lock(
        &fixture->operations, OPERATION_CLASS_CONFIG, &fixture->domains[0].uuid));
    check_row(fixture, "hvxPowerLock", before[0]);
    check_row(fixture, "hvxConfigLock", (before[1] + 1) & INT32_MAX);
    check_row(fixture, "hvxDebugLock", before[2]);
}

static void test_one_domain_does_not_show_in_another(void **state)
{
    struct mib_fixture *fixture = *state;
    uint32_t other;

    mib_fixture_set_rows(fixture, 2);
    other = fixture->rows[1].index;
    mib_fixture_add_operation(fixture, 1, OPERATION_SAVE, 1);
    check_row(fixture, "hvxPowerAction", 0);
    assert_int_equal(read_row(fixture, "hvxPowerAction", other), 9);
    assert_int_equal(read_row(fixture, "hvxPowerOperationId", other), 1);
    assert_int_not_equal(read_row(fixture, "hvxPowerLock", other),
                         read_row(fixture, "hvxPowerLock", ROW));
}

/* Without a UUID, or on a connection without operations. */
static void test_what_nothing_can_be_done_to_has_no_action_lock_and_id(void **state)
{
    static const char *const names[] = {
        "hvxPowerAction", "hvxPowerLock", "hvxPowerOperationId",
        "hvxConfigLock",  "hvxDebugLock", "hvxDebugAction",
    };
    struct mib_fixture *fixture = *state;

    for (int i = 0; i < 2; i++) {
        if (i == 0) {
            fixture->context.operations = NULL;
        } else {
            fixture->context.operations = &fixture->operations;
            memset(&fixture->domains[0].uuid, 0, sizeof(struct uuid));
        }
        for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++) {
            check_row(fixture, names[j], -1);
        }
        check_row(fixture, "hvxPowerAdminState", 1);
        check_row(fixture, "hvxConfigVcpus", 2);
    }
}

/* --- hvxOperationTable ------------------------------------------------------ */

static struct mib_value read_operation(const struct mib_fixture *fixture,
                                       const char *name)
{
    const struct mib_oid oid = mib_fixture_name_of(fixture, name, fixture->operation);
    struct mib_value value;

    if (look(fixture, &oid, &value) != MIB_FOUND) {
        fail_msg("there is no %s", name);
    }
    return value;
}

static void check_absent(const struct mib_fixture *fixture, const char *name)
{
    const struct mib_oid oid = mib_fixture_name_of(fixture, name, fixture->operation);
    struct mib_value value;

    if (look(fixture, &oid, &value) != MIB_NO_INSTANCE) {
        fail_msg("%s is there", name);
    }
}

static void check_text(const struct mib_fixture *fixture, const char *name,
                       const char *expected)
{
    const struct mib_value value = read_operation(fixture, name);

    assert_int_equal(value.string.length, strlen(expected));
    assert_memory_equal(value.string.bytes, expected, strlen(expected));
}

static void test_an_operation_tells_all_of_itself(void **state)
{
    struct mib_fixture *fixture = *state;
    struct operation *operation = fixture->operation;
    const struct error why = { STATUS_WRONG_STATE, "it is off" };

    operation->value = 5;
    operation->expected = DOMAIN_STATE_SHUTDOWN;
    operation_set_error(operation, &why);
    assert_int_equal(read_operation(fixture, "hvxOperationRowStatus").integer, 1);
    assert_int_equal(read_operation(fixture, "hvxOperationAction").integer, 13);
    assert_int_equal(read_operation(fixture, "hvxOperationValue").number, 5);
    assert_int_equal(read_operation(fixture, "hvxOperationExpectedState").integer, 11);
    assert_int_equal(read_operation(fixture, "hvxOperationDeadline").number, 300);
    check_text(fixture, "hvxOperationTag", "ticket 815");
    assert_int_equal(read_operation(fixture, "hvxOperationDryRun").integer, 2);
    assert_int_equal(read_operation(fixture, "hvxOperationState").integer, 3);
    assert_int_equal(read_operation(fixture, "hvxOperationProgress").number, 100);
    /* 30, 20 and 10 s before the date of now; the second is the seventh octet. */
    assert_memory_equal(read_operation(fixture, "hvxOperationAcceptTime").scratch,
                        "\x07\xe7\x0b\x0e\x16\x0c\x32", 7);
    assert_memory_equal(read_operation(fixture, "hvxOperationStartTime").scratch,
                        "\x07\xe7\x0b\x0e\x16\x0d\0", 7);
    assert_memory_equal(read_operation(fixture, "hvxOperationFinishTime").scratch,
                        "\x07\xe7\x0b\x0e\x16\x0d\x0a", 7);
    assert_int_equal(read_operation(fixture, "hvxOperationErrorCode").integer, 8);
    check_text(fixture, "hvxOperationErrorText", "it is off");
    check_text(fixture, "hvxOperationRole", "role");
    assert_int_equal(read_operation(fixture, "hvxOperationOrigin").integer, 1);
    assert_int_equal(read_operation(fixture, "hvxOperationVmIndex").integer, ROW);
    check_text(fixture, "hvxOperationDomainName", "domain");
}

static void test_an_operation_tells_nothing_that_is_not_known_yet(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->operation->started_ns = CLOCK_NEVER;
    fixture->operation->finished_ns = CLOCK_NEVER;
    fixture->operation->progress = OPERATION_PROGRESS_UNKNOWN;
    fixture->operation->vm_index = 0;
    check_absent(fixture, "hvxOperationStartTime");
    check_absent(fixture, "hvxOperationFinishTime");
    check_absent(fixture, "hvxOperationProgress");
    check_absent(fixture, "hvxOperationVmIndex");
    assert_int_equal(read_operation(fixture, "hvxOperationErrorCode").integer, 1);
    check_text(fixture, "hvxOperationErrorText", "");
    fixture->operation->progress = 0;
    assert_int_equal(read_operation(fixture, "hvxOperationProgress").number, 0);
}

/* By class, UUID and id; those that were removed are no rows. */
static void test_operations_are_walked_in_order(void **state)
{
    struct mib_fixture *fixture = *state;
    const struct mib_oid unbounded = { .length = 0 };
    struct mib_hint hint = { 0, 0 };
    struct mib_oid at = mib_fixture_find(fixture, "hvxOperationAction")->prefix;
    struct operation *expected[5];
    unsigned sections = 0;
    struct mib_value value;

    mib_fixture_set_rows(fixture, 2);
    expected[4] = mib_fixture_add_operation(fixture, 0, OPERATION_NMI, 1);
    expected[3] = mib_fixture_add_operation(fixture, 0, OPERATION_SET_VCPUS, 1);
    expected[2] = mib_fixture_add_operation(fixture, 1, OPERATION_RESET, 1);
    expected[1] = mib_fixture_add_operation(fixture, 0, OPERATION_RESET, UINT32_MAX);
    expected[0] = fixture->operation;
    operation_table_hide(&fixture->operations,
                         mib_fixture_add_operation(fixture, 0, OPERATION_START, 12));
    for (size_t i = 0; i < 5; i++) {
        struct mib_oid name =
            mib_fixture_name_of(fixture, "hvxOperationAction", expected[i]);

        assert_int_equal(mib_next(fixture->tree, &fixture->context, &at, false,
                                  &unbounded, &hint, &at, &value, &sections),
                         MIB_FOUND);
        assert_int_equal(mib_oid_compare(&at, &name), 0);
        assert_int_equal(value.integer, expected[i]->action);
    }
    fixture->context.operations = NULL;
    check_absent(fixture, "hvxOperationState");
}

static void test_the_totals_are_those_of_the_table(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->operations.queued = 3;
    fixture->operations.running = 2;
    assert_int_equal(read_row(fixture, "hvxOperationsQueued", 0), 3);
    assert_int_equal(read_row(fixture, "hvxOperationsRunning", 0), 2);
    assert_int_equal(read_row(fixture, "hvxOperationsSize", 0), OPERATION_TABLE_MAX);
    fixture->context.operations = NULL;
    assert_int_equal(read_row(fixture, "hvxOperationsQueued", 0), -1);
    assert_int_equal(read_row(fixture, "hvxOperationsRunning", 0), -1);
    assert_int_equal(read_row(fixture, "hvxOperationsSize", 0), -1);
}

/* --- Columns of a domain ---------------------------------------------------- */

static enum mib_error set(const struct mib_fixture *fixture, const char *column,
                          const struct mib_oid *name, int64_t number,
                          struct mib_change *ret_change)
{
    const struct mib_object *object = mib_fixture_find(fixture, column);
    struct mib_value value = { .type = object->column->type };

    if (value.type == MIB_INTEGER) {
        value.integer = (int32_t)number;
    } else {
        value.number = (uint32_t)number;
    }
    return mib_check(object, &fixture->context, name, &value, ret_change);
}

static enum mib_error set_row(const struct mib_fixture *fixture, const char *column,
                              uint32_t row, int64_t number,
                              struct mib_change *ret_change)
{
    struct mib_oid name = mib_fixture_find(fixture, column)->prefix;

    name.ids[name.length++] = row;
    return set(fixture, column, &name, number, ret_change);
}

static void test_a_column_makes_an_operation(void **state)
{
    struct mib_fixture *fixture = *state;

    for (size_t i = 0; i < COLUMNS; i++) {
        struct mib_change change = { .action = OPERATION_NONE };

        fixture->control.classes = OPERATION_CLASS_BIT(columns[i].class);
        assert_int_equal(
            set_row(fixture, columns[i].name, ROW, columns[i].value, &change),
            MIB_NO_ERROR);
        assert_int_equal(change.kind, columns[i].action == OPERATION_NONE
                                          ? MIB_CHANGE_LOCK
                                          : MIB_CHANGE_OPERATION);
        assert_int_equal(change.class, columns[i].class);
        assert_int_equal(change.action, columns[i].action);
        assert_int_equal(change.value, columns[i].given);
        assert_ptr_equal(change.domain, &fixture->rows[0]);
        assert_int_equal(uuid_compare(&change.uuid, &fixture->domains[0].uuid), 0);
    }
    assert_int_equal(fixture->operations.count, 1);
}

static void check_not_writable(const struct mib_fixture *fixture, size_t column)
{
    const struct mib_change untouched = { .id = 4711 };
    struct mib_change change = untouched;

    assert_int_equal(
        set_row(fixture, columns[column].name, ROW, columns[column].value, &change),
        MIB_NOT_WRITABLE);
    assert_int_equal(change.id, 4711);
    assert_null(change.domain);
}

static void test_what_is_not_permitted_is_not_writable(void **state)
{
    struct mib_fixture *fixture = *state;
    const struct uuid uuid = fixture->domains[0].uuid;

    for (size_t i = 0; i < COLUMNS; i++) {
        fixture->control.classes = ANY_CLASS & ~OPERATION_CLASS_BIT(columns[i].class);
        check_not_writable(fixture, i);
        fixture->control.classes = ANY_CLASS;
        fixture->context.control = NULL;
        check_not_writable(fixture, i);
        fixture->context.control = &fixture->control;
        fixture->context.operations = NULL;
        check_not_writable(fixture, i);
        fixture->context.operations = &fixture->operations;
        memset(&fixture->domains[0].uuid, 0, sizeof(uuid));
        check_not_writable(fixture, i);
        fixture->domains[0].uuid = uuid;
    }
    assert_int_equal(control_add(&fixture->control, false, "doma*", NULL), STATUS_OK);
    for (size_t i = 0; i < COLUMNS; i++) {
        check_not_writable(fixture, i);
    }
}

static void test_a_column_needs_its_domain(void **state)
{
    struct mib_fixture *fixture = *state;
    struct mib_change change;

    fixture->control.classes = ANY_CLASS;
    for (size_t i = 0; i < COLUMNS; i++) {
        const char *name = columns[i].name;

        assert_int_equal(set_row(fixture, name, ROW + 1, columns[i].value, &change),
                         MIB_NO_CREATION);
        /* A value that is wrong everywhere is told first. */
        if (columns[i].action == OPERATION_START) {
            assert_int_equal(set_row(fixture, name, ROW + 1, 0, &change),
                             MIB_WRONG_VALUE);
        }
    }
}

/* --- Rows of operations ----------------------------------------------------- */

static const struct {
    const char *name;
    enum mib_operation_column column;
    int64_t value; /* one that is good */
    uint32_t number;
} row_columns[] = {
    { "hvxOperationRowStatus", MIB_OPERATION_ROW_STATUS, 4, MIB_ROW_CREATE_AND_GO },
    { "hvxOperationRowStatus", MIB_OPERATION_ROW_STATUS, 1, MIB_ROW_ACTIVE },
    { "hvxOperationAction", MIB_OPERATION_ACTION, 23, OPERATION_NMI },
    { "hvxOperationValue", MIB_OPERATION_VALUE, UINT32_MAX, UINT32_MAX },
    { "hvxOperationExpectedState", MIB_OPERATION_EXPECTED_STATE, 8,
      DOMAIN_STATE_PAUSED },
    { "hvxOperationDeadline", MIB_OPERATION_DEADLINE, 604800, 604800 },
    { "hvxOperationDryRun", MIB_OPERATION_DRY_RUN, 1, 1 },
    { "hvxOperationState", MIB_OPERATION_STATE, 5, OPERATION_CANCELLED },
};
#define ROW_COLUMNS (sizeof(row_columns) / sizeof(row_columns[0]))

/* Sets a column of the row that the operation has, or would have. */
static enum mib_error set_operation(const struct mib_fixture *fixture, size_t column,
                                    const struct operation *operation,
                                    struct mib_change *ret_change)
{
    const char *text = row_columns[column].name;
    const struct mib_oid name = mib_fixture_name_of(fixture, text, operation);

    return set(fixture, text, &name, row_columns[column].value, ret_change);
}

static void check_operation(const struct mib_fixture *fixture,
                            const struct operation *operation, enum mib_error expected)
{
    struct mib_change change;

    for (size_t i = 0; i < ROW_COLUMNS; i++) {
        if (set_operation(fixture, i, operation, &change) != expected) {
            fail_msg("%s: the error is not %d", row_columns[i].name, (int)expected);
        }
    }
}

static void test_each_column_of_a_row_is_understood(void **state)
{
    struct mib_fixture *fixture = *state;
    struct operation wanted = *fixture->operation;

    fixture->control.classes = OPERATION_CLASS_BIT(OPERATION_CLASS_POWER);
    wanted.id = OPERATION_MANAGER_ID_MAX;
    for (size_t i = 0; i < ROW_COLUMNS; i++) {
        struct mib_change change = { .kind = MIB_CHANGE_SWITCH };

        assert_int_equal(set_operation(fixture, i, &wanted, &change), MIB_NO_ERROR);
        assert_int_equal(change.kind, MIB_CHANGE_ROW);
        assert_int_equal(change.class, OPERATION_CLASS_POWER);
        assert_int_equal(uuid_compare(&change.uuid, &wanted.uuid), 0);
        assert_ptr_equal(change.domain, &fixture->rows[0]);
        assert_int_equal(change.id, OPERATION_MANAGER_ID_MAX);
        assert_int_equal(change.column, row_columns[i].column);
        assert_int_equal(change.number, row_columns[i].number);
    }
}

static void test_rows_that_are_not_permitted_are_not_writable(void **state)
{
    struct mib_fixture *fixture = *state;

    check_operation(fixture, fixture->operation, MIB_NOT_WRITABLE);
    fixture->control.classes = ANY_CLASS & ~OPERATION_CLASS_BIT(OPERATION_CLASS_POWER);
    check_operation(fixture, fixture->operation, MIB_NOT_WRITABLE);
    fixture->control.classes = ANY_CLASS;
    check_operation(fixture, fixture->operation, MIB_NO_ERROR);
    fixture->context.operations = NULL;
    check_operation(fixture, fixture->operation, MIB_NOT_WRITABLE);
    fixture->context.operations = &fixture->operations;
    fixture->context.control = NULL;
    check_operation(fixture, fixture->operation, MIB_NOT_WRITABLE);
    fixture->context.control = &fixture->control;
    assert_int_equal(control_add(&fixture->control, true, "other", NULL), STATUS_OK);
    check_operation(fixture, fixture->operation, MIB_NOT_WRITABLE);
}

/* Its row can be cancelled and removed, by the name that the domain had. */
static void test_the_row_of_a_domain_that_is_gone_stays_writable(void **state)
{
    struct mib_fixture *fixture = *state;
    struct mib_change change = { .kind = MIB_CHANGE_SWITCH };
    struct operation other = *fixture->operation;

    other.id++;
    fixture->control.classes = ANY_CLASS;
    mib_fixture_set_rows(fixture, 0);
    check_operation(fixture, fixture->operation, MIB_NO_ERROR);
    check_operation(fixture, &other, MIB_NO_CREATION);
    assert_int_equal(set_operation(fixture, 0, fixture->operation, &change),
                     MIB_NO_ERROR);
    assert_null(change.domain);
    assert_int_equal(uuid_compare(&change.uuid, &fixture->operation->uuid), 0);
    /* Also when it was removed: its id is known. */
    operation_table_hide(&fixture->operations, fixture->operation);
    check_operation(fixture, fixture->operation, MIB_NO_ERROR);
    assert_int_equal(control_add(&fixture->control, false, "domain", NULL), STATUS_OK);
    check_operation(fixture, fixture->operation, MIB_NOT_WRITABLE);
}

static void test_managers_do_not_take_ids_of_the_agent(void **state)
{
    struct mib_fixture *fixture = *state;
    struct operation wanted = *fixture->operation;

    fixture->control.classes = ANY_CLASS;
    wanted.id = OPERATION_MANAGER_ID_MAX + 1;
    check_operation(fixture, &wanted, MIB_NO_CREATION);
    wanted.id = UINT32_MAX;
    check_operation(fixture, &wanted, MIB_NO_CREATION);
    mib_fixture_add_operation(fixture, 0, OPERATION_RESET, UINT32_MAX);
    check_operation(fixture, &wanted, MIB_NO_ERROR);
}

static void test_names_that_no_row_has_cannot_be_created(void **state)
{
    struct mib_fixture *fixture = *state;
    struct operation wanted = *fixture->operation;

    fixture->control.classes = ANY_CLASS;
    wanted.id = 0;
    check_operation(fixture, &wanted, MIB_NO_CREATION);
    wanted.id = 1;
    wanted.uuid.bytes[7] = 1;
    check_operation(fixture, &wanted, MIB_NO_CREATION);
    /* A domain may have no UUID; its name leads to no row. */
    memset(&wanted.uuid, 0, sizeof(wanted.uuid));
    fixture->domains[0].uuid = wanted.uuid;
    check_operation(fixture, &wanted, MIB_NO_CREATION);
}

static void test_instances_of_any_shape_are_judged(void **state)
{
    struct mib_fixture *fixture = *state;
    const struct mib_oid good =
        mib_fixture_name_of(fixture, "hvxOperationAction", fixture->operation);
    const size_t first = good.length - 18;
    struct mib_oid name = good;
    struct mib_change change;

    fixture->control.classes = ANY_CLASS;
    for (size_t length = first; length <= MIB_OID_MAX; length++) {
        name.length = length;
        assert_int_equal(set(fixture, "hvxOperationAction", &name, 1, &change),
                         length == good.length ? MIB_NO_ERROR : MIB_NO_CREATION);
    }
    for (size_t i = first; i < good.length; i++) {
        static const uint32_t odd[] = { 0, 6, 255, 256, 0x16f, UINT32_MAX };

        for (size_t j = 0; j < sizeof(odd) / sizeof(odd[0]); j++) {
            name = good;
            name.ids[i] = odd[j];
            if (name.ids[i] != good.ids[i] && (i + 1 < good.length || odd[j] == 0)) {
                assert_int_equal(set(fixture, "hvxOperationAction", &name, 1, &change),
                                 MIB_NO_CREATION);
            }
        }
    }
}

/* RFC 2579: a row that is not there is as good as destroyed. */
static void test_what_is_not_there_can_be_destroyed(void **state)
{
    struct mib_fixture *fixture = *state;
    struct operation gone = *fixture->operation;
    struct mib_oid name;
    struct mib_change change;

    gone.uuid.bytes[7] = 1;
    gone.id = UINT32_MAX;
    name = mib_fixture_name_of(fixture, "hvxOperationRowStatus", &gone);
    assert_int_equal(set(fixture, "hvxOperationRowStatus", &name, 6, &change),
                     MIB_NOT_WRITABLE);
    fixture->control.classes = ANY_CLASS;
    assert_int_equal(set(fixture, "hvxOperationRowStatus", &name, 6, &change),
                     MIB_NO_ERROR);
    assert_int_equal(change.number, MIB_ROW_DESTROY);
    assert_null(change.domain);
    assert_int_equal(set(fixture, "hvxOperationRowStatus", &name, 4, &change),
                     MIB_NO_CREATION);
}

static enum mib_error set_tag(const struct mib_fixture *fixture, const char *text,
                              size_t length, struct mib_change *ret_change)
{
    const struct mib_object *object = mib_fixture_find(fixture, "hvxOperationTag");
    const struct mib_oid name =
        mib_fixture_name_of(fixture, "hvxOperationTag", fixture->operation);
    struct mib_value value = { .type = MIB_STRING };
    /* What lies behind the octets is not theirs. */
    char *octets = malloc(length > 0 ? length : 1);
    enum mib_error error;

    assert_non_null(octets);
    memcpy(octets, text, length);
    value.string.bytes = length > 0 ? octets : NULL;
    value.string.length = length;
    error = mib_check(object, &fixture->context, &name, &value, ret_change);
    if (error == MIB_NO_ERROR) {
        assert_ptr_equal(ret_change->text, value.string.bytes);
        assert_int_equal(ret_change->text_length, length);
        ret_change->text = NULL;
    }
    free(octets);
    return error;
}

static void test_a_tag_is_clean_text(void **state)
{
    static const struct {
        const char *text;
        size_t length;
        enum mib_error error;
    } tags[] = {
        { "", 0, MIB_NO_ERROR },
        { "ticket 815", 10, MIB_NO_ERROR },
        { "gr\xc3\xbc\xc3\x9f", 6, MIB_NO_ERROR },
        { "\xf0\x9f\x98\x80", 4, MIB_NO_ERROR },
        { "gr\xfc", 3, MIB_WRONG_VALUE },           /* Latin-1 */
        { "\xf0\x9f\x98\x80", 3, MIB_WRONG_VALUE }, /* cut */
        { "\xed\xa0\x80", 3, MIB_WRONG_VALUE },     /* surrogate */
        { "a\0b", 3, MIB_WRONG_VALUE },
        { "\0", 1, MIB_WRONG_VALUE },
        { "a\nb", 3, MIB_WRONG_VALUE },
        { "\x1b[2J", 4, MIB_WRONG_VALUE },
        { "\xc2\x85", 2, MIB_WRONG_VALUE }, /* C1 */
    };
    struct mib_fixture *fixture = *state;
    char text[65536];
    struct mib_change change;

    fixture->control.classes = ANY_CLASS;
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        if (set_tag(fixture, tags[i].text, tags[i].length, &change) != tags[i].error) {
            fail_msg("tag %zu: the error is not %d", i, (int)tags[i].error);
        }
    }
    memset(text, 'x', sizeof(text));
    assert_int_equal(set_tag(fixture, text, 64, &change), MIB_NO_ERROR);
    assert_int_equal(set_tag(fixture, text, 65, &change), MIB_WRONG_LENGTH);
    assert_int_equal(set_tag(fixture, text, 65535, &change), MIB_WRONG_LENGTH);
}

#define WITH_FIXTURE(test)                                                             \
    cmocka_unit_test_setup_teardown(test, mib_fixture_setup, mib_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_the_goal_is_that_of_the_newest_operation),
        WITH_FIXTURE(test_an_action_reads_while_it_is_pending),
        WITH_FIXTURE(test_a_dry_run_is_not_on_its_way),
        WITH_FIXTURE(test_settings_read_what_is_known),
        WITH_FIXTURE(test_settings_that_are_not_known_are_absent),
        WITH_FIXTURE(test_settings_read_the_value_on_its_way),
        WITH_FIXTURE(test_the_id_is_that_of_the_last_operation),
        WITH_FIXTURE(test_each_domain_and_class_has_its_lock),
        WITH_FIXTURE(test_one_domain_does_not_show_in_another),
        WITH_FIXTURE(test_what_nothing_can_be_done_to_has_no_action_lock_and_id),
        WITH_FIXTURE(test_an_operation_tells_all_of_itself),
        WITH_FIXTURE(test_an_operation_tells_nothing_that_is_not_known_yet),
        WITH_FIXTURE(test_operations_are_walked_in_order),
        WITH_FIXTURE(test_the_totals_are_those_of_the_table),
        WITH_FIXTURE(test_a_column_makes_an_operation),
        WITH_FIXTURE(test_what_is_not_permitted_is_not_writable),
        WITH_FIXTURE(test_a_column_needs_its_domain),
        WITH_FIXTURE(test_each_column_of_a_row_is_understood),
        WITH_FIXTURE(test_rows_that_are_not_permitted_are_not_writable),
        WITH_FIXTURE(test_the_row_of_a_domain_that_is_gone_stays_writable),
        WITH_FIXTURE(test_managers_do_not_take_ids_of_the_agent),
        WITH_FIXTURE(test_names_that_no_row_has_cannot_be_created),
        WITH_FIXTURE(test_instances_of_any_shape_are_judged),
        WITH_FIXTURE(test_what_is_not_there_can_be_destroyed),
        WITH_FIXTURE(test_a_tag_is_clean_text),
    };

    return cmocka_run_group_tests_name("mib_control", tests, NULL, NULL);
}
