/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_operation_table.c - operations in the order of hvxOperationTable, what is
 * remembered of them, and the locks of their classes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "model/clock.h"
#include "model/operation_table.h"

static int setup(void **state)
{
    struct operation_table *table = malloc(sizeof(*table));

    if (table == NULL) {
        return -1;
    }
    operation_table_init(table);
    *state = table;
    return 0;
}

static int teardown(void **state)
{
    operation_table_clear(*state);
    free(*state);
    return 0;
}

static struct uuid uuid_of(uint8_t domain)
{
    return (struct uuid) { { 1, [15] = domain } };
}

/* With the serial number that follows. */
static struct operation *add(struct operation_table *table, enum operation_class class,
                             uint8_t domain, uint32_t id)
{
    static uint64_t serial;
    struct operation *operation = operation_new("", "web");

    assert_non_null(operation);
    operation->class = class;
    operation->uuid = uuid_of(domain);
    operation->id = id;
    operation->action = OPERATION_PAUSE;
    operation->serial = ++serial;
    assert_true(operation_table_add(table, operation));
    return operation;
}

static struct operation *add_final(struct operation_table *table, uint32_t id,
                                   int64_t forget_ns)
{
    struct operation *operation = add(table, OPERATION_CLASS_POWER, 1, id);

    operation->state = OPERATION_SUCCEEDED;
    operation->forget_ns = forget_ns;
    return operation;
}

static void check_order(const struct operation_table *table)
{
    for (size_t i = 0; i < table->row_count; i++) {
        const struct operation *row = table->rows[i];

        assert_int_equal(operation_table_row(table, row->class, &row->uuid, row->id),
                         i);
        assert_int_equal(
            operation_table_row(table, row->class, &row->uuid, row->id + 1), i + 1);
        assert_ptr_equal(operation_table_find(table, row->class, &row->uuid, row->id),
                         row);
    }
}

static void test_rows_are_in_order(void **state)
{
    struct operation_table *table = *state;
    struct uuid uuid = uuid_of(1);

    for (uint32_t i = 0; i < 300; i++) {
        (void)add(table, i % 2 == 0 ? OPERATION_CLASS_DEBUG : OPERATION_CLASS_POWER,
                  (uint8_t)(i * 7 % 5), i * 31 % 307 * 2 + 1);
    }
    assert_int_equal(table->row_count, 300);
    check_order(table);
    assert_null(operation_table_find(table, OPERATION_CLASS_CONFIG, &uuid, 1));
    assert_null(operation_table_find(table, OPERATION_CLASS_POWER, &uuid, 2));
}

static void test_a_name_is_there_once(void **state)
{
    struct operation_table *table = *state;
    struct operation *again = operation_new("", "web");

    assert_non_null(again);
    (void)add(table, OPERATION_CLASS_POWER, 1, 7);
    again->class = OPERATION_CLASS_POWER;
    again->uuid = uuid_of(1);
    again->id = 7;
    assert_false(operation_table_add(table, again));
    again->id = 8;
    assert_true(operation_table_add(table, again));
}

static void test_what_is_hidden_can_be_found(void **state)
{
    struct operation_table *table = *state;
    struct uuid uuid = uuid_of(1);
    struct operation *hidden;

    (void)add(table, OPERATION_CLASS_POWER, 1, 1);
    hidden = add(table, OPERATION_CLASS_POWER, 1, 2);
    (void)add(table, OPERATION_CLASS_POWER, 1, 3);
    operation_table_hide(table, hidden);
    assert_int_equal(table->row_count, 2);
    assert_int_equal(table->count, 3);
    check_order(table);
    assert_ptr_equal(operation_table_find(table, OPERATION_CLASS_POWER, &uuid, 2),
                     hidden);
    operation_table_take(table, hidden);
    assert_null(operation_table_find(table, OPERATION_CLASS_POWER, &uuid, 2));
    operation_free(hidden);
    check_order(table);
}

static void test_one_that_is_no_row_is_added_hidden(void **state)
{
    struct operation_table *table = *state;
    struct uuid uuid = uuid_of(1);
    struct operation *removed = operation_new("", "web");

    assert_non_null(removed);
    removed->class = OPERATION_CLASS_POWER;
    removed->uuid = uuid;
    removed->id = 2;
    removed->serial = 1000000;
    removed->is_removed = true;
    (void)add(table, OPERATION_CLASS_POWER, 1, 1);
    assert_true(operation_table_add(table, removed));
    assert_int_equal(table->row_count, 1);
    assert_int_equal(operation_table_row(table, OPERATION_CLASS_POWER, &uuid, 2), 1);
    assert_ptr_equal(operation_table_find(table, OPERATION_CLASS_POWER, &uuid, 2),
                     removed);
    /* Its id is not free, and it was the last one still. */
    assert_ptr_equal(operation_table_last(table, OPERATION_CLASS_POWER, &uuid),
                     removed);
    operation_table_hide(table, removed);
    assert_int_equal(table->row_count, 1);
    assert_int_equal(table->count, 2);
}

static void test_a_cleared_table_is_empty(void **state)
{
    struct operation_table *table = *state;
    struct uuid uuid = uuid_of(1);

    (void)add(table, OPERATION_CLASS_POWER, 1, 1);
    operation_table_clear(table);
    assert_int_equal(table->count, 0);
    assert_int_equal(table->row_count, 0);
    assert_null(operation_table_find(table, OPERATION_CLASS_POWER, &uuid, 1));
    assert_null(operation_table_last(table, OPERATION_CLASS_POWER, &uuid));
    assert_int_equal(operation_table_row(table, OPERATION_CLASS_POWER, &uuid, 1), 0);
    assert_int_equal(operation_table_forget(table, INT64_MAX, 1), CLOCK_NEVER);
}

static void test_final_ones_are_forgotten_when_they_are_due(void **state)
{
    struct operation_table *table = *state;
    struct operation *running = add(table, OPERATION_CLASS_POWER, 1, 1000);

    running->state = OPERATION_RUNNING;
    running->forget_ns = 1;
    for (uint32_t id = 1; id <= 10; id++) {
        (void)add_final(table, id, (int64_t)id * 100);
    }
    operation_table_hide(table, table->rows[0]);
    assert_int_equal(operation_table_forget(table, 99, 5), 100);
    assert_int_equal(table->count, 11);
    assert_int_equal(operation_table_forget(table, 300, 5), 400);
    assert_int_equal(table->count, 8);
    /* In portions. */
    assert_true(operation_table_forget(table, 1000, 4) <= 1000);
    assert_int_equal(table->count, 4);
    assert_int_equal(operation_table_forget(table, 1000, 4), CLOCK_NEVER);
    assert_int_equal(table->count, 1);
    assert_int_equal(table->row_count, 1);
    check_order(table);
}

static void test_what_has_no_time_to_go_stays(void **state)
{
    struct operation_table *table = *state;
    struct uuid uuid = uuid_of(1);

    (void)add_final(table, 1, CLOCK_NEVER);
    (void)add_final(table, 2, -100); /* ended before the machine started anew */
    (void)add_final(table, 3, 200);
    add(table, OPERATION_CLASS_POWER, 1, 4)->forget_ns = 50;
    assert_int_equal(operation_table_forget(table, 100, 10), 200);
    assert_null(operation_table_find(table, OPERATION_CLASS_POWER, &uuid, 2));
    assert_int_equal(operation_table_forget(table, 200, 10), CLOCK_NEVER);
    assert_int_equal(table->count, 2);
    check_order(table);
    /* Its id is free. */
    (void)add(table, OPERATION_CLASS_POWER, 1, 2);
    check_order(table);
}

static void test_the_newest_of_a_domain(void **state)
{
    struct operation_table *table = *state;
    struct uuid uuid = uuid_of(1);
    struct operation *first = add(table, OPERATION_CLASS_POWER, 1, 9);
    struct operation *second = add(table, OPERATION_CLASS_POWER, 1, 5);
    struct operation *dry;

    (void)add(table, OPERATION_CLASS_CONFIG, 1, 10);
    (void)add(table, OPERATION_CLASS_POWER, 2, 11);
    assert_ptr_equal(operation_table_last(table, OPERATION_CLASS_POWER, &uuid), second);
    second->state = OPERATION_FAILED;
    assert_ptr_equal(operation_table_last(table, OPERATION_CLASS_POWER, &uuid), second);
    assert_ptr_equal(
        operation_table_pending(table, OPERATION_CLASS_POWER, &uuid, OPERATION_NONE),
        first);
    assert_null(
        operation_table_pending(table, OPERATION_CLASS_POWER, &uuid, OPERATION_RESUME));
    dry = add(table, OPERATION_CLASS_POWER, 1, 12);
    dry->dry_run = true;
    assert_ptr_equal(
        operation_table_pending(table, OPERATION_CLASS_POWER, &uuid, OPERATION_PAUSE),
        first);
    assert_null(operation_table_last(table, OPERATION_CLASS_DEBUG, &uuid));
}

static void test_the_newest_is_of_its_own_class(void **state)
{
    struct operation_table *table = *state;
    struct uuid uuid = uuid_of(1);
    struct operation *power = add(table, OPERATION_CLASS_POWER, 1, 1);
    struct operation *config = add(table, OPERATION_CLASS_CONFIG, 1, 1);

    assert_ptr_equal(operation_table_last(table, OPERATION_CLASS_POWER, &uuid), power);
    assert_ptr_equal(operation_table_last(table, OPERATION_CLASS_CONFIG, &uuid),
                     config);
    assert_null(
        operation_table_pending(table, OPERATION_CLASS_DEBUG, &uuid, OPERATION_NONE));
}

static void test_a_full_table_takes_no_more(void **state)
{
    struct operation_table *table = *state;
    struct operation *more = operation_new("", "web");

    assert_non_null(more);
    for (uint32_t id = OPERATION_TABLE_MAX; id >= 1; id--) {
        (void)add(table, OPERATION_CLASS_POWER, 1, id);
    }
    more->class = OPERATION_CLASS_POWER;
    more->id = OPERATION_TABLE_MAX + 1;
    assert_false(operation_table_add(table, more));
    operation_free(more);
    check_order(table);
}

static void test_a_lock_moves_on_and_back(void **state)
{
    struct operation_table *table = *state;
    struct uuid uuid = uuid_of(1);
    struct uuid other = uuid_of(2);
    int32_t first = operation_table_lock(table, OPERATION_CLASS_POWER, &uuid);
    int32_t others = operation_table_lock(table, OPERATION_CLASS_POWER, &other);

    assert_true(first >= 0);
    assert_int_equal(operation_table_lock(table, OPERATION_CLASS_POWER, &uuid), first);
    assert_true(operation_table_advance_lock(table, OPERATION_CLASS_POWER, &uuid));
    assert_int_equal(operation_table_lock(table, OPERATION_CLASS_POWER, &uuid),
                     (int32_t)(((uint32_t)first + 1) & INT32_MAX));
    operation_table_return_lock(table, OPERATION_CLASS_POWER, &uuid);
    assert_int_equal(operation_table_lock(table, OPERATION_CLASS_POWER, &uuid), first);
    assert_int_equal(operation_table_lock(table, OPERATION_CLASS_POWER, &other),
                     others);
}

static void test_each_class_and_domain_has_a_lock_of_its_own(void **state)
{
    struct operation_table *table = *state;
    int32_t before[OPERATION_CLASS_COUNT][8];

    for (unsigned class = 1; class < OPERATION_CLASS_COUNT; class ++) {
        for (uint8_t domain = 0; domain < 8; domain++) {
            struct uuid uuid = uuid_of(domain);

            before[class][domain] =
                operation_table_lock(table, (enum operation_class) class, &uuid);
            assert_true(before[class][domain] >= 0);
        }
    }
    for (unsigned class = 1; class < OPERATION_CLASS_COUNT; class ++) {
        for (uint8_t domain = 0; domain < 8; domain++) {
            struct uuid uuid = uuid_of(domain);

            for (unsigned times = class * 8 + domain; times > 0; times--) {
                assert_true(operation_table_advance_lock(
                    table, (enum operation_class) class, &uuid));
            }
        }
    }
    for (unsigned class = 1; class < OPERATION_CLASS_COUNT; class ++) {
        for (uint8_t domain = 0; domain < 8; domain++) {
            struct uuid uuid = uuid_of(domain);
            uint32_t moved = (uint32_t)before[class][domain] + class * 8 + domain;

            assert_int_equal(
                operation_table_lock(table, (enum operation_class) class, &uuid),
                (int32_t)(moved & INT32_MAX));
        }
    }
}

static void test_locks_differ_and_cannot_be_guessed(void **state)
{
    struct operation_table *table = *state;
    struct operation_table again;
    struct uuid uuid = uuid_of(1);
    struct uuid other = uuid_of(2);
    int32_t lock = operation_table_lock(table, OPERATION_CLASS_POWER, &uuid);

    assert_int_not_equal(operation_table_lock(table, OPERATION_CLASS_DEBUG, &uuid),
                         lock);
    assert_int_not_equal(operation_table_lock(table, OPERATION_CLASS_POWER, &other),
                         lock);
    operation_table_init(&again);
    assert_int_not_equal(operation_table_lock(&again, OPERATION_CLASS_POWER, &uuid),
                         lock);
    operation_table_clear(&again);
}

static void test_a_lock_wraps_to_zero(void **state)
{
    struct operation_table *table = *state;
    struct uuid uuid = uuid_of(1);
    unsigned tries = 10000000;

    /* Any seed whose lock is the last number before 0 will do. */
    table->lock_seed = 0;
    while (operation_table_lock(table, OPERATION_CLASS_POWER, &uuid)
           < INT32_MAX - 100000) {
        assert_int_not_equal(tries--, 0);
        table->lock_seed += UINT64_C(0x9e3779b97f4a7c15);
    }
    for (int32_t left =
             INT32_MAX - operation_table_lock(table, OPERATION_CLASS_POWER, &uuid);
         left >= 0; left--) {
        assert_true(operation_table_advance_lock(table, OPERATION_CLASS_POWER, &uuid));
    }
    assert_int_equal(operation_table_lock(table, OPERATION_CLASS_POWER, &uuid), 0);
    operation_table_return_lock(table, OPERATION_CLASS_POWER, &uuid);
    assert_int_equal(operation_table_lock(table, OPERATION_CLASS_POWER, &uuid),
                     INT32_MAX);
}

#define WITH_TABLE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TABLE(test_rows_are_in_order),
        WITH_TABLE(test_a_name_is_there_once),
        WITH_TABLE(test_what_is_hidden_can_be_found),
        WITH_TABLE(test_one_that_is_no_row_is_added_hidden),
        WITH_TABLE(test_a_cleared_table_is_empty),
        WITH_TABLE(test_final_ones_are_forgotten_when_they_are_due),
        WITH_TABLE(test_what_has_no_time_to_go_stays),
        WITH_TABLE(test_the_newest_of_a_domain),
        WITH_TABLE(test_the_newest_is_of_its_own_class),
        WITH_TABLE(test_a_full_table_takes_no_more),
        WITH_TABLE(test_a_lock_moves_on_and_back),
        WITH_TABLE(test_each_class_and_domain_has_a_lock_of_its_own),
        WITH_TABLE(test_locks_differ_and_cannot_be_guessed),
        WITH_TABLE(test_a_lock_wraps_to_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
