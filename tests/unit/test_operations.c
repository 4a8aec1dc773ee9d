/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_operations.c - which operations begin, and in which order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <string.h>

#include "model/clock.h"
#include "tests/unit/operations_fixture.h"

static struct operation *make_dump(uint8_t domain, uint32_t id)
{
    struct operation *operation = make_pause(domain, id, 300);

    operation->class = OPERATION_CLASS_DEBUG;
    operation->action = OPERATION_CORE_DUMP;
    return operation;
}

static void begin_dump(struct fixture *fixture, uint8_t domain, uint32_t id)
{
    struct uuid uuid = uuid_of(domain);

    operations_begin(fixture->operations, OPERATION_CLASS_DEBUG, &uuid, id);
}

static void test_nothing_begins_before_its_set_is_complete(void **state)
{
    struct fixture *fixture = *state;

    accept_pause(fixture, 1, 1, 300);
    (void)check_after(fixture, 0);
    assert_int_equal(fixture->job_count, 0);
    expect_counts(fixture, 1, 0);
    begin(fixture, 1, 1);
    assert_int_equal(fixture->job_count, 1);
    assert_int_equal(state_of(fixture, 1, 1), OPERATION_RUNNING);
    expect_counts(fixture, 0, 1);
    assert_int_equal(fixture->counters.operations_accepted, 1);
    assert_int_equal(fixture->status.operations, 1);
}

static void test_nothing_begins_before_it_is_on_the_disk(void **state)
{
    struct fixture *fixture = *state;

    fixture->write_later = true;
    add(fixture, 1, 1);
    assert_int_equal(fixture->written[1], OPERATION_RUNNING);
    assert_int_equal(fixture->job_count, 0);
    write_down(NULL);
    assert_int_equal(fixture->job_count, 1);
    assert_int_equal(fixture->jobs[0]->action, OPERATION_PAUSE);
    assert_int_equal(fixture->refusals[0].status, STATUS_OK);
}

static void test_what_cannot_be_written_down_is_refused(void **state)
{
    struct fixture *fixture = *state;
    const struct error full = { STATUS_IO, "the disk is full" };

    fixture->write_later = true;
    add(fixture, 1, 1);
    write_down(&full);
    assert_int_equal(fixture->job_count, 1);
    assert_int_equal(fixture->refusals[0].status, STATUS_IO);
    operations_finish(fixture->operations, fixture->jobs[0]->serial,
                      &fixture->refusals[0]);
    assert_int_equal(state_of(fixture, 1, 1), OPERATION_FAILED);
    assert_string_equal(find_row(fixture, 1, 1)->error_text, "the disk is full");
    assert_int_equal(fixture->counters.operations_failed, 1);
}

static void test_one_after_the_other_for_one_domain(void **state)
{
    struct fixture *fixture = *state;

    for (uint32_t id = 1; id <= 3; id++) {
        add(fixture, 1, id);
    }
    add(fixture, 2, 4);
    assert_int_equal(fixture->job_count, 2);
    assert_int_equal(state_of(fixture, 1, 1), OPERATION_RUNNING);
    assert_int_equal(state_of(fixture, 2, 4), OPERATION_RUNNING);
    expect_counts(fixture, 2, 2);
    finish(fixture, 0, STATUS_OK);
    assert_int_equal(fixture->job_count, 3);
    assert_int_equal(state_of(fixture, 1, 2), OPERATION_RUNNING);
    assert_int_equal(state_of(fixture, 1, 3), OPERATION_QUEUED);
    finish(fixture, 2, STATUS_FAILED);
    assert_int_equal(state_of(fixture, 1, 3), OPERATION_RUNNING);
    expect_counts(fixture, 0, 2);
}

static void test_at_most_so_many_at_once(void **state)
{
    struct fixture *fixture = *state;

    for (uint8_t domain = 1; domain <= LIMIT + 2; domain++) {
        add(fixture, domain, domain);
    }
    assert_int_equal(fixture->job_count, LIMIT);
    finish(fixture, 1, STATUS_OK);
    assert_int_equal(fixture->job_count, LIMIT + 1);
    assert_int_equal(state_of(fixture, LIMIT + 1, LIMIT + 1), OPERATION_RUNNING);
    fixture->config.operation_limit = LIMIT + 5;
    operations_configure(fixture->operations, &fixture->config);
    assert_int_equal(fixture->job_count, LIMIT + 2);
}

static void test_what_is_withdrawn_has_never_been(void **state)
{
    struct fixture *fixture = *state;
    struct uuid uuid = uuid_of(1);

    accept_pause(fixture, 1, 1, 300);
    operations_withdraw(fixture->operations, OPERATION_CLASS_POWER, &uuid, 1);
    assert_null(find_row(fixture, 1, 1));
    expect_counts(fixture, 0, 0);
    add(fixture, 1, 1);
    assert_int_equal(fixture->job_count, 1);
    /* Too late for that. */
    operations_withdraw(fixture->operations, OPERATION_CLASS_POWER, &uuid, 1);
    assert_non_null(find_row(fixture, 1, 1));
    assert_int_equal(fixture->counters.operations_accepted, 1);
}

static void test_one_whose_set_is_not_complete_comes_first_all_the_same(void **state)
{
    struct fixture *fixture = *state;

    accept_pause(fixture, 1, 1, 300);
    add(fixture, 1, 2);
    add(fixture, 2, 3);
    assert_int_equal(fixture->job_count, 1);
    assert_int_equal(state_of(fixture, 2, 3), OPERATION_RUNNING);
    begin(fixture, 1, 1);
    assert_int_equal(state_of(fixture, 1, 1), OPERATION_RUNNING);
    assert_int_equal(state_of(fixture, 1, 2), OPERATION_QUEUED);
}

static void test_cancel(void **state)
{
    struct fixture *fixture = *state;
    struct uuid uuid = uuid_of(1);

    add(fixture, 1, 1);
    add(fixture, 1, 2);
    add(fixture, 1, 3);
    assert_true(operations_hold(fixture->operations, OPERATION_CLASS_POWER, &uuid, 2));
    assert_false(operations_hold(fixture->operations, OPERATION_CLASS_POWER, &uuid, 1));
    finish(fixture, 0, STATUS_OK);
    /* Held, it keeps its place. */
    assert_int_equal(fixture->job_count, 1);
    operations_cancel(fixture->operations, OPERATION_CLASS_POWER, &uuid, 2);
    assert_int_equal(state_of(fixture, 1, 2), OPERATION_CANCELLED);
    assert_int_equal(fixture->written[2], OPERATION_CANCELLED);
    assert_int_equal(state_of(fixture, 1, 3), OPERATION_RUNNING);
    /* What runs, and what has ended, goes on. */
    operations_cancel(fixture->operations, OPERATION_CLASS_POWER, &uuid, 3);
    operations_cancel(fixture->operations, OPERATION_CLASS_POWER, &uuid, 1);
    assert_int_equal(state_of(fixture, 1, 3), OPERATION_RUNNING);
    assert_int_equal(state_of(fixture, 1, 1), OPERATION_SUCCEEDED);
}

static void test_one_that_is_let_go_again_begins(void **state)
{
    struct fixture *fixture = *state;
    struct uuid uuid = uuid_of(1);

    add(fixture, 1, 1);
    add(fixture, 1, 2);
    assert_true(operations_hold(fixture->operations, OPERATION_CLASS_POWER, &uuid, 2));
    finish(fixture, 0, STATUS_OK);
    operations_release(fixture->operations, OPERATION_CLASS_POWER, &uuid, 2);
    assert_int_equal(state_of(fixture, 1, 2), OPERATION_RUNNING);
}

static void test_remove(void **state)
{
    struct fixture *fixture = *state;
    struct uuid uuid = uuid_of(1);

    add(fixture, 1, 1);
    operations_remove(fixture->operations, OPERATION_CLASS_POWER, &uuid, 1);
    assert_int_equal(operations_table(fixture->operations)->row_count, 1);
    finish(fixture, 0, STATUS_OK);
    operations_remove(fixture->operations, OPERATION_CLASS_POWER, &uuid, 1);
    assert_int_equal(operations_table(fixture->operations)->row_count, 0);
    assert_true(find_row(fixture, 1, 1)->is_removed);
    assert_true(fixture->written_removed[1]);
}

static void test_domains_take_their_turn_in_the_order_of_acceptance(void **state)
{
    struct fixture *fixture = *state;

    fixture->config.operation_limit = 1;
    operations_configure(fixture->operations, &fixture->config);
    /* Neither by name nor by id. */
    add(fixture, 3, 30);
    add(fixture, 1, 10);
    add(fixture, 3, 2);
    add(fixture, 2, 20);
    for (size_t i = 0; i < 3; i++) {
        expect_counts(fixture, (uint32_t)(3 - i), 1);
        finish(fixture, i, STATUS_OK);
    }
    assert_int_equal(fixture->job_count, 4);
    assert_int_equal(fixture->jobs[0]->uuid.bytes[15], 3);
    assert_int_equal(fixture->jobs[1]->uuid.bytes[15], 1);
    assert_int_equal(fixture->jobs[2]->uuid.bytes[15], 3);
    assert_int_equal(fixture->jobs[3]->uuid.bytes[15], 2);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(fixture->jobs[i]->serial, i + 1);
    }
}

static void test_what_hangs_is_bounded_all_the_same(void **state)
{
    struct fixture *fixture = *state;

    fixture->config.operation_limit = 64;
    operations_configure(fixture->operations, &fixture->config);
    for (uint8_t domain = 1; domain <= 64; domain++) {
        accept_pause(fixture, domain, domain, 1);
        begin(fixture, domain, domain);
    }
    (void)check_after(fixture, 2);
    expect_counts(fixture, 0, 0);
    add(fixture, 65, 65);
    assert_int_equal(fixture->job_count, 64);
    assert_int_equal(state_of(fixture, 65, 65), OPERATION_QUEUED);
    finish(fixture, 10, STATUS_OK);
    assert_int_equal(fixture->job_count, 65);
    assert_int_equal(state_of(fixture, 65, 65), OPERATION_RUNNING);
}

static void test_a_core_dump_has_a_file_of_its_own(void **state)
{
    struct fixture *fixture = *state;
    const char start[] = "/var/dumps/ab000000-0000-0000-0000-000000000001-";
    const char pattern[] = "dddddddd"
                           "T"
                           "dddddd"
                           "Z"
                           ".core";
    const char *rest;

    fixture->config.dump_dir = (char[]) { "/var/dumps" };
    accept_operation(fixture, make_dump(1, 1));
    begin_dump(fixture, 1, 1);
    add(fixture, 2, 2);
    assert_int_equal(fixture->job_count, 2);
    assert_non_null(fixture->jobs[0]->file);
    assert_memory_equal(fixture->jobs[0]->file, start, strlen(start));
    rest = fixture->jobs[0]->file + strlen(start);
    assert_int_equal(strlen(rest), strlen(pattern));
    for (size_t i = 0; i < strlen(pattern); i++) {
        if (pattern[i] == 'd') {
            assert_true(isdigit((unsigned char)rest[i]));
        } else {
            assert_int_equal(rest[i], pattern[i]);
        }
    }
    assert_null(fixture->jobs[1]->file);
}

static void test_a_core_dump_whose_folder_is_gone_fails(void **state)
{
    struct fixture *fixture = *state;
    struct uuid uuid = uuid_of(1);
    const struct operation *row;

    fixture->config.dump_dir = (char[]) { "/var/dumps" };
    add(fixture, 1, 1);
    accept_operation(fixture, make_dump(1, 2));
    begin_dump(fixture, 1, 2);
    add(fixture, 1, 3);
    fixture->config.dump_dir = NULL;
    operations_configure(fixture->operations, &fixture->config);
    finish(fixture, 0, STATUS_OK);
    row = operation_table_find(operations_table(fixture->operations),
                               OPERATION_CLASS_DEBUG, &uuid, 2);
    assert_non_null(row);
    assert_int_equal(row->state, OPERATION_FAILED);
    assert_int_equal(row->error, STATUS_DENIED);
    assert_non_null(strstr(row->error_text, "dumpDir"));
    assert_int_equal(row->started_ns, CLOCK_NEVER);
    assert_int_equal(fixture->written[2], OPERATION_FAILED);
    /* The next one has its turn at once. */
    assert_int_equal(state_of(fixture, 1, 3), OPERATION_RUNNING);
    expect_counts(fixture, 0, 1);
}

static void test_a_name_is_taken_until_it_is_forgotten(void **state)
{
    struct fixture *fixture = *state;
    struct uuid uuid = uuid_of(1);
    struct operation *again = make_pause(1, 1, 300);

    add(fixture, 1, 1);
    assert_true(operations_reserve(fixture->operations, 1));
    assert_false(operations_accept(fixture->operations, again));
    finish(fixture, 0, STATUS_OK);
    operations_remove(fixture->operations, OPERATION_CLASS_POWER, &uuid, 1);
    assert_false(operations_accept(fixture->operations, again));
    expect_counts(fixture, 0, 0);
    assert_int_equal(check_after(fixture, 601), CLOCK_NEVER);
    /* Its room was kept for it all the time. */
    assert_true(operations_accept(fixture->operations, again));
    begin(fixture, 1, 1);
    assert_int_equal(fixture->job_count, 2);
    /* None that was refused is counted, or has a number. */
    assert_int_equal(fixture->jobs[1]->serial, 2);
    assert_int_equal(fixture->counters.operations_accepted, 2);
}

static void test_ids_of_the_agent_are_new_ones(void **state)
{
    struct fixture *fixture = *state;
    uint32_t first = operations_new_id(fixture->operations);

    assert_int_equal(first, UINT32_C(2147483648));
    assert_int_equal(operations_new_id(fixture->operations), first + 1);
    assert_int_equal(operations_new_id(fixture->operations), first + 2);
}

static void test_what_the_journal_remembers_comes_first(void **state)
{
    struct fixture *fixture = *state;
    struct operation *remembered[] = { make_pause(1, 9, 300), make_pause(2, 3, 300) };
    int64_t now_ns = clock_boot_ns();

    /* Of an earlier boot; the second one is the older. */
    remembered[0]->accepted_ns = -5 * CLOCK_NS_PER_S;
    remembered[0]->state = OPERATION_INTERRUPTED;
    remembered[0]->forget_ns = now_ns + 20 * CLOCK_NS_PER_S;
    remembered[1]->accepted_ns = -10 * CLOCK_NS_PER_S;
    remembered[1]->state = OPERATION_CANCELLED;
    remembered[1]->forget_ns = now_ns + 10 * CLOCK_NS_PER_S;
    restart(fixture, remembered, 2);
    assert_int_equal(check_after(fixture, 0), now_ns + 10 * CLOCK_NS_PER_S);
    assert_int_equal(find_row(fixture, 2, 3)->serial, 1);
    assert_int_equal(find_row(fixture, 1, 9)->serial, 2);
    add(fixture, 1, 1);
    assert_int_equal(find_row(fixture, 1, 1)->serial, 3);
    /* Nothing of what was before is done again. */
    assert_int_equal(fixture->job_count, 1);
    expect_counts(fixture, 0, 1);
    (void)check_after(fixture, 15);
    assert_null(find_row(fixture, 2, 3));
    assert_int_equal(state_of(fixture, 1, 9), OPERATION_INTERRUPTED);
}

static void test_no_operations_without_a_journal(void **state)
{
    struct fixture *fixture = *state;
    const struct operations_settings settings = {
        .status = &fixture->status,
        .config = &fixture->config,
        .counters = &fixture->counters,
    };
    const struct error why = { STATUS_DENIED, "the folder is not ours" };
    struct error error = ERROR_NONE;

    refuse_journal(&why);
    assert_null(operations_new(&settings, &error));
    assert_int_equal(error.status, STATUS_DENIED);
    assert_string_equal(error.text, "the folder is not ours");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_nothing_begins_before_its_set_is_complete),
        WITH_FIXTURE(test_nothing_begins_before_it_is_on_the_disk),
        WITH_FIXTURE(test_what_cannot_be_written_down_is_refused),
        WITH_FIXTURE(test_one_after_the_other_for_one_domain),
        WITH_FIXTURE(test_at_most_so_many_at_once),
        WITH_FIXTURE(test_what_is_withdrawn_has_never_been),
        WITH_FIXTURE(test_one_whose_set_is_not_complete_comes_first_all_the_same),
        WITH_FIXTURE(test_cancel),
        WITH_FIXTURE(test_one_that_is_let_go_again_begins),
        WITH_FIXTURE(test_remove),
        WITH_FIXTURE(test_domains_take_their_turn_in_the_order_of_acceptance),
        WITH_FIXTURE(test_what_hangs_is_bounded_all_the_same),
        WITH_FIXTURE(test_a_core_dump_has_a_file_of_its_own),
        WITH_FIXTURE(test_a_core_dump_whose_folder_is_gone_fails),
        WITH_FIXTURE(test_a_name_is_taken_until_it_is_forgotten),
        WITH_FIXTURE(test_ids_of_the_agent_are_new_ones),
        WITH_FIXTURE(test_what_the_journal_remembers_comes_first),
        WITH_FIXTURE(test_no_operations_without_a_journal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
