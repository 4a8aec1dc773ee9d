/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_operations_end.c - how operations end, are logged, and are forgotten.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "model/clock.h"
#include "model/text.h"
#include "tests/unit/operations_fixture.h"

static void test_how_it_ends(void **state)
{
    struct fixture *fixture = *state;
    struct error remark = { STATUS_OK, "it was running already" };

    add(fixture, 1, 1);
    add(fixture, 2, 2);
    atomic_store(&fixture->jobs[0]->progress, 40);
    assert_non_null(operations_table(fixture->operations));
    assert_int_equal(find_row(fixture, 1, 1)->progress, 40);
    operations_finish(fixture->operations, fixture->jobs[0]->serial, &remark);
    finish(fixture, 1, STATUS_DENIED);
    assert_int_equal(state_of(fixture, 1, 1), OPERATION_SUCCEEDED);
    assert_int_equal(find_row(fixture, 1, 1)->progress, 100);
    assert_string_equal(find_row(fixture, 1, 1)->error_text, "it was running already");
    assert_int_equal(fixture->written[1], OPERATION_SUCCEEDED);
    assert_int_equal(state_of(fixture, 2, 2), OPERATION_FAILED);
    assert_int_equal(find_row(fixture, 2, 2)->error, STATUS_DENIED);
    assert_int_equal(fixture->written[2], OPERATION_FAILED);
    assert_int_not_equal(find_row(fixture, 2, 2)->finished_ns, CLOCK_NEVER);
    expect_counts(fixture, 0, 0);
    /* Told again, it changes nothing. */
    finish(fixture, 0, STATUS_FAILED);
    assert_int_equal(state_of(fixture, 1, 1), OPERATION_SUCCEEDED);
}

static void test_a_deadline_that_passes_in_the_queue(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 1, 1);
    accept_pause(fixture, 1, 2, 10);
    begin(fixture, 1, 2);
    assert_int_equal(check_after(fixture, 9),
                     find_row(fixture, 1, 2)->accepted_ns + 10 * CLOCK_NS_PER_S);
    assert_int_equal(state_of(fixture, 1, 2), OPERATION_QUEUED);
    (void)check_after(fixture, 11);
    assert_int_equal(state_of(fixture, 1, 2), OPERATION_EXPIRED);
    assert_int_equal(fixture->written[2], OPERATION_EXPIRED);
    finish(fixture, 0, STATUS_OK);
    assert_int_equal(fixture->job_count, 1);
}

static void test_a_late_result_is_the_truth(void **state)
{
    struct fixture *fixture = *state;

    accept_pause(fixture, 1, 1, 10);
    begin(fixture, 1, 1);
    add(fixture, 1, 2);
    (void)check_after(fixture, 11);
    assert_int_equal(state_of(fixture, 1, 1), OPERATION_EXPIRED);
    expect_counts(fixture, 1, 0);
    /* Its domain is still being worked on, and it is not forgotten. */
    (void)check_after(fixture, 100);
    assert_int_equal(fixture->job_count, 1);
    assert_int_equal(find_row(fixture, 1, 1)->forget_ns, CLOCK_NEVER);
    finish(fixture, 0, STATUS_OK);
    assert_int_equal(state_of(fixture, 1, 1), OPERATION_SUCCEEDED);
    assert_int_equal(fixture->written[1], OPERATION_SUCCEEDED);
    assert_int_equal(state_of(fixture, 1, 2), OPERATION_RUNNING);
    expect_counts(fixture, 0, 1);
}

static void test_what_hangs_does_not_use_up_the_limit(void **state)
{
    struct fixture *fixture = *state;

    for (uint8_t domain = 1; domain <= LIMIT; domain++) {
        accept_pause(fixture, domain, domain, 1);
        begin(fixture, domain, domain);
    }
    add(fixture, 50, 50);
    assert_int_equal(fixture->job_count, LIMIT);
    (void)check_after(fixture, 2);
    assert_int_equal(fixture->job_count, LIMIT + 1);
    assert_int_equal(state_of(fixture, 50, 50), OPERATION_RUNNING);
}

static void test_a_connection_that_is_lost(void **state)
{
    struct fixture *fixture = *state;
    const struct error lost = { STATUS_UNAVAILABLE, "no route" };

    add(fixture, 1, 1);
    add(fixture, 1, 2);
    accept_pause(fixture, 1, 3, 300);
    operations_fail_queued(fixture->operations, &lost);
    assert_int_equal(state_of(fixture, 1, 1), OPERATION_RUNNING);
    assert_int_equal(state_of(fixture, 1, 2), OPERATION_FAILED);
    assert_int_equal(find_row(fixture, 1, 2)->error, STATUS_UNAVAILABLE);
    assert_non_null(strstr(find_row(fixture, 1, 2)->error_text, "no route"));
    assert_int_equal(state_of(fixture, 1, 3), OPERATION_QUEUED);
}

static void test_forgotten_when_its_time_is_over(void **state)
{
    struct fixture *fixture = *state;
    int64_t forget_ns;

    add(fixture, 1, 1);
    finish(fixture, 0, STATUS_OK);
    forget_ns = find_row(fixture, 1, 1)->forget_ns;
    assert_true(forget_ns >= clock_boot_ns() + 599 * CLOCK_NS_PER_S);
    assert_int_equal(operations_check(fixture->operations, forget_ns - 1), forget_ns);
    assert_non_null(find_row(fixture, 1, 1));
    assert_int_equal(operations_check(fixture->operations, forget_ns), CLOCK_NEVER);
    assert_null(find_row(fixture, 1, 1));
}

static void test_there_is_room_for_what_is_reserved(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 1, 1);
    assert_false(operations_reserve(fixture->operations, OPERATION_TABLE_MAX));
    assert_true(operations_reserve(fixture->operations, OPERATION_TABLE_MAX - 1));
    assert_false(operations_reserve(fixture->operations, 1));
    operations_return(fixture->operations, 1);
    assert_true(operations_reserve(fixture->operations, 1));
    operations_return(fixture->operations, OPERATION_TABLE_MAX - 1);
}

static void test_the_end_says_what_became_of_all(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 1, 1);
    add(fixture, 1, 2);
    fixture->write_later = true;
    add(fixture, 2, 3);
    accept_pause(fixture, 3, 4, 300);
    fixture->written[4] = 0;
    operations_free(fixture->operations);
    fixture->operations = NULL;
    assert_int_equal(fixture->written[1], OPERATION_INTERRUPTED);
    assert_int_equal(fixture->written[2], OPERATION_CANCELLED);
    assert_int_equal(fixture->written[3], OPERATION_INTERRUPTED);
    assert_int_equal(fixture->written[4], 0);
    /* It was on its way to the disk, and goes no further. */
    assert_int_equal(fixture->job_count, 1);
}

static void test_an_end_by_deadline_is_forgotten_too(void **state)
{
    struct fixture *fixture = *state;
    int64_t due_ns;

    accept_pause(fixture, 1, 1, 1);
    begin(fixture, 1, 1);
    accept_pause(fixture, 1, 2, 10);
    begin(fixture, 1, 2);
    (void)check_after(fixture, 2);
    /* The first one hangs, and nothing else will happen. */
    due_ns = check_after(fixture, 11);
    assert_int_equal(state_of(fixture, 1, 2), OPERATION_EXPIRED);
    assert_int_not_equal(due_ns, CLOCK_NEVER);
    assert_int_equal(due_ns, find_row(fixture, 1, 2)->forget_ns);
    assert_int_equal(find_row(fixture, 1, 2)->started_ns, CLOCK_NEVER);
    assert_int_equal(operations_check(fixture->operations, due_ns), CLOCK_NEVER);
    assert_null(find_row(fixture, 1, 2));
    assert_non_null(find_row(fixture, 1, 1));
}

static void test_a_late_failure_is_the_truth_too(void **state)
{
    struct fixture *fixture = *state;
    struct uuid uuid = uuid_of(1);

    accept_pause(fixture, 1, 1, 10);
    begin(fixture, 1, 1);
    (void)check_after(fixture, 11);
    assert_int_equal(find_row(fixture, 1, 1)->error, STATUS_TIMEOUT);
    assert_int_not_equal(find_row(fixture, 1, 1)->finished_ns, CLOCK_NEVER);
    assert_int_equal(fixture->counters.operations_failed, 0);
    /* Its row may go before that. */
    operations_remove(fixture->operations, OPERATION_CLASS_POWER, &uuid, 1);
    finish(fixture, 0, STATUS_DENIED);
    assert_int_equal(state_of(fixture, 1, 1), OPERATION_FAILED);
    assert_int_equal(find_row(fixture, 1, 1)->error, STATUS_DENIED);
    assert_string_equal(find_row(fixture, 1, 1)->error_text,
                        "the words of the hypervisor");
    assert_int_equal(fixture->counters.operations_failed, 1);
    assert_int_equal(fixture->written[1], OPERATION_FAILED);
    assert_int_equal(operations_table(fixture->operations)->row_count, 0);
    assert_true(fixture->written_removed[1]);
    expect_counts(fixture, 0, 0);
    assert_int_equal(check_after(fixture, 12), find_row(fixture, 1, 1)->forget_ns);
}

static void test_a_late_success_leaves_no_error(void **state)
{
    struct fixture *fixture = *state;

    accept_pause(fixture, 1, 1, 10);
    begin(fixture, 1, 1);
    (void)check_after(fixture, 11);
    finish(fixture, 0, STATUS_OK);
    assert_int_equal(find_row(fixture, 1, 1)->error, STATUS_OK);
    assert_null(find_row(fixture, 1, 1)->error_text);
    assert_int_equal(find_row(fixture, 1, 1)->progress, 100);
    assert_int_equal(fixture->counters.operations_failed, 0);
}

static void test_progress_is_told_of_what_has_expired(void **state)
{
    struct fixture *fixture = *state;

    accept_pause(fixture, 1, 1, 10);
    begin(fixture, 1, 1);
    assert_int_equal(find_row(fixture, 1, 1)->progress, OPERATION_PROGRESS_UNKNOWN);
    (void)check_after(fixture, 11);
    atomic_store(&fixture->jobs[0]->progress, 70);
    assert_int_equal(find_row(fixture, 1, 1)->progress, 70);
    atomic_store(&fixture->jobs[0]->progress, 90);
    finish(fixture, 0, STATUS_FAILED);
    assert_int_equal(find_row(fixture, 1, 1)->progress, 90);
}

static void test_a_result_of_nothing_is_ignored(void **state)
{
    struct fixture *fixture = *state;
    const struct error good = ERROR_NONE;

    add(fixture, 1, 1);
    add(fixture, 1, 2);
    operations_finish(fixture->operations, 99, &good);
    /* Not of one that has not begun, either. */
    operations_finish(fixture->operations, find_row(fixture, 1, 2)->serial, &good);
    assert_int_equal(state_of(fixture, 1, 1), OPERATION_RUNNING);
    assert_int_equal(state_of(fixture, 1, 2), OPERATION_QUEUED);
    expect_counts(fixture, 1, 1);
}

static void test_the_young_are_never_evicted(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 1, 1);
    finish(fixture, 0, STATUS_OK);
    assert_false(operations_reserve(fixture->operations, OPERATION_TABLE_MAX));
    assert_int_equal(state_of(fixture, 1, 1), OPERATION_SUCCEEDED);
}

static void test_the_old_make_room_at_once(void **state)
{
    struct fixture *fixture = *state;

    fixture->config.operation_keep_ns = 0;
    operations_configure(fixture->operations, &fixture->config);
    assert_int_equal(fixture->journal_keep_ns, 0);
    add(fixture, 1, 1);
    add(fixture, 2, 2);
    finish(fixture, 0, STATUS_OK);
    /* One is old, the other one runs. */
    assert_non_null(find_row(fixture, 1, 1));
    assert_false(operations_reserve(fixture->operations, OPERATION_TABLE_MAX));
    assert_null(find_row(fixture, 1, 1));
    assert_int_equal(state_of(fixture, 2, 2), OPERATION_RUNNING);
    assert_true(operations_reserve(fixture->operations, OPERATION_TABLE_MAX - 1));
    operations_return(fixture->operations, OPERATION_TABLE_MAX - 1);
}

static void test_what_is_withdrawn_gives_its_room_back(void **state)
{
    struct fixture *fixture = *state;
    struct uuid uuid = uuid_of(1);

    accept_pause(fixture, 1, 1, 300);
    assert_false(operations_reserve(fixture->operations, OPERATION_TABLE_MAX));
    operations_withdraw(fixture->operations, OPERATION_CLASS_POWER, &uuid, 1);
    assert_true(operations_reserve(fixture->operations, OPERATION_TABLE_MAX));
    operations_return(fixture->operations, OPERATION_TABLE_MAX);
    assert_string_equal(logged(), "");
    assert_int_equal(fixture->written[1], 0);
}

static void test_the_log_tells_both_ends(void **state)
{
    struct fixture *fixture = *state;
    struct operation *operation = make_pause(1, 7, 300);

    strcpy(operation->tag, "night shift");
    accept_operation(fixture, operation);
    assert_string_equal(logged(), "");
    begin(fixture, 1, 7);
    assert_string_equal(logged(),
                        "connection west: operation power/7 accepted: pause of web "
                        "(ab000000-0000-0000-0000-000000000001) by role ops, "
                        "tag \"night shift\"\n");
    finish(fixture, 0, STATUS_BUSY);
    assert_non_null(strstr(logged(), "\nconnection west: operation power/7 failed: "
                                     "pause of web "
                                     "(ab000000-0000-0000-0000-000000000001) by role "
                                     "ops, tag \"night shift\" after "));
    assert_non_null(strstr(logged(), " ms: the words of the hypervisor\n"));
}

static void test_the_log_tells_values_and_the_role_without_a_name(void **state)
{
    struct fixture *fixture = *state;
    struct operation *operation = operation_new("", "db");

    assert_non_null(operation);
    operation->class = OPERATION_CLASS_CONFIG;
    operation->action = OPERATION_SET_VCPUS;
    operation->value = 4;
    operation->dry_run = true;
    operation->id = 8;
    operation->uuid = uuid_of(2);
    operation->timeout_s = 300;
    accept_operation(fixture, operation);
    operations_begin(fixture->operations, OPERATION_CLASS_CONFIG,
                     &(struct uuid) { { 0xab, [15] = 2 } }, 8);
    assert_string_equal(
        logged(), "connection west: operation config/8 accepted: dry run, "
                  "setVcpus 4 of db (ab000000-0000-0000-0000-000000000002) by role "
                  "default\n");
}

static void test_a_long_reason_is_logged_as_a_whole(void **state)
{
    struct fixture *fixture = *state;
    struct error error = { STATUS_FAILED, "" };

    memset(error.text, 'x', TEXT_MAX - 1);
    error.text[TEXT_MAX - 1] = '!';
    add(fixture, 1, 1);
    operations_finish(fixture->operations, fixture->jobs[0]->serial, &error);
    assert_string_equal(find_row(fixture, 1, 1)->error_text, error.text);
    assert_non_null(strstr(logged(), error.text));
}

static void test_what_has_expired_and_runs_is_interrupted(void **state)
{
    struct fixture *fixture = *state;

    accept_pause(fixture, 1, 1, 10);
    begin(fixture, 1, 1);
    (void)check_after(fixture, 11);
    assert_int_equal(fixture->written[1], OPERATION_EXPIRED);
    operations_free(fixture->operations);
    fixture->operations = NULL;
    assert_int_equal(fixture->written[1], OPERATION_INTERRUPTED);
    assert_non_null(strstr(logged(), "power/1 interrupted: pause of web"));
}

static void test_what_a_manager_would_cancel_ends_with_the_agent(void **state)
{
    struct fixture *fixture = *state;
    struct uuid uuid = uuid_of(1);

    add(fixture, 1, 1);
    add(fixture, 1, 2);
    assert_true(operations_hold(fixture->operations, OPERATION_CLASS_POWER, &uuid, 2));
    operations_free(fixture->operations);
    fixture->operations = NULL;
    assert_int_equal(fixture->written[2], OPERATION_CANCELLED);
    assert_non_null(strstr(logged(), "power/2 cancelled: pause of web"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_how_it_ends),
        WITH_FIXTURE(test_a_deadline_that_passes_in_the_queue),
        WITH_FIXTURE(test_a_late_result_is_the_truth),
        WITH_FIXTURE(test_what_hangs_does_not_use_up_the_limit),
        WITH_FIXTURE(test_a_connection_that_is_lost),
        WITH_FIXTURE(test_forgotten_when_its_time_is_over),
        WITH_FIXTURE(test_there_is_room_for_what_is_reserved),
        WITH_FIXTURE(test_the_end_says_what_became_of_all),
        WITH_FIXTURE(test_an_end_by_deadline_is_forgotten_too),
        WITH_FIXTURE(test_a_late_failure_is_the_truth_too),
        WITH_FIXTURE(test_a_late_success_leaves_no_error),
        WITH_FIXTURE(test_progress_is_told_of_what_has_expired),
        WITH_FIXTURE(test_a_result_of_nothing_is_ignored),
        WITH_FIXTURE(test_the_young_are_never_evicted),
        WITH_FIXTURE(test_the_old_make_room_at_once),
        WITH_FIXTURE(test_what_is_withdrawn_gives_its_room_back),
        WITH_FIXTURE(test_the_log_tells_both_ends),
        WITH_FIXTURE(test_the_log_tells_values_and_the_role_without_a_name),
        WITH_FIXTURE(test_a_long_reason_is_logged_as_a_whole),
        WITH_FIXTURE(test_what_has_expired_and_runs_is_interrupted),
        WITH_FIXTURE(test_what_a_manager_would_cancel_ends_with_the_agent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
