/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_operations.c - in which order operations begin, and how they end.
 *
 * The journal and the collector are stand-ins here: the test says when a line
 * is on the disk, and when the hypervisor has done something.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/journal.h"
#include "agent/operations.h"
#include "model/clock.h"

#define LIMIT 3
#define ROWS_MAX 100

/* --- stand-ins -------------------------------------------------------------- */

struct journal {
    int opened;
};

/* Lines that somebody waits for, in their order. */
static struct {
    journal_done_fn *done;
    void *argument;
} waiting[ROWS_MAX];
static size_t waiting_count;
static bool write_at_once;

/* What was written down last about each id. */
static enum operation_state written[ROWS_MAX];
static bool written_removed[ROWS_MAX];

/* Jobs that the collector has, in the order in which it got them. */
static struct job *jobs[ROWS_MAX];
static struct error refusals[ROWS_MAX];
static size_t job_count;

struct journal *journal_open(const char *folder, const char *name, int64_t keep_ns,
                             struct operation_table *table, uint32_t *ret_next_id,
                             struct error *ret_warning, struct error *error)
{
    static struct journal journal;

    (void)folder;
    (void)keep_ns;
    (void)table;
    (void)ret_warning;
    (void)error;
    assert_string_equal(name, "west");
    journal.opened++;
    *ret_next_id = OPERATION_MANAGER_ID_MAX + 1;
    return &journal;
}

void journal_write(struct journal *journal, const struct operation *operation,
                   journal_done_fn *done, void *argument)
{
    (void)journal;
    assert_true(operation->id < ROWS_MAX);
    written[operation->id] = operation->state;
    written_removed[operation->id] = operation->is_removed;
    if (done == NULL) {
        return;
    }
    assert_int_equal(operation->state, OPERATION_RUNNING);
    if (write_at_once) {
        done(argument, NULL);
        return;
    }
    waiting[waiting_count].done = done;
    waiting[waiting_count++].argument = argument;
}

static void write_down(const struct error *error)
{
    for (size_t i = 0; i < waiting_count; i++) {
        waiting[i].done(waiting[i].argument, error);
    }
    waiting_count = 0;
}

void journal_set_keep(struct journal *journal, int64_t keep_ns)
{
    (void)journal;
    (void)keep_ns;
}

void journal_close(struct journal *journal)
{
    write_down(NULL);
    journal->opened--;
}

void collector_operate(struct collector *collector, struct job *job,
                       const struct error *refused)
{
    (void)collector;
    refusals[job_count] = refused == NULL ? (struct error)ERROR_NONE : *refused;
    jobs[job_count++] = job;
}

/* --- the fixture ------------------------------------------------------------ */

struct fixture {
    struct config config;
    struct connection_status status;
    struct agent_status counters;
    struct operations *operations;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct operations_settings settings;
    struct error error = ERROR_NONE;

    if (fixture == NULL) {
        return -1;
    }
    waiting_count = 0;
    job_count = 0;
    write_at_once = true;
    fixture->config.operation_limit = LIMIT;
    fixture->config.operation_keep_ns = 600 * CLOCK_NS_PER_S;
    fixture->status.name = "west";
    settings = (struct operations_settings) {
        .status = &fixture->status,
        .config = &fixture->config,
        .counters = &fixture->counters,
    };
    fixture->operations = operations_new(&settings, &error);
    *state = fixture;
    return fixture->operations == NULL ? -1 : 0;
}

static void free_jobs(void)
{
    for (size_t i = 0; i < job_count; i++) {
        job_unref(jobs[i]);
    }
    job_count = 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    operations_free(fixture->operations);
    free_jobs();
    free(fixture);
    return 0;
}

static struct uuid uuid_of(uint8_t domain)
{
    return (struct uuid) { { 0xab, [15] = domain } };
}

static const struct operation *row(struct fixture *fixture, uint8_t domain, uint32_t id)
{
    struct uuid uuid = uuid_of(domain);

    return operation_table_find(operations_table(fixture->operations),
                                OPERATION_CLASS_POWER, &uuid, id);
}

static enum operation_state state_of(struct fixture *fixture, uint8_t domain,
                                     uint32_t id)
{
    assert_non_null(row(fixture, domain, id));
    return row(fixture, domain, id)->state;
}

static void accept(struct fixture *fixture, uint8_t domain, uint32_t id,
                   uint32_t timeout_s)
{
    struct operation *operation = operation_new("ops", "web");

    assert_non_null(operation);
    operation->class = OPERATION_CLASS_POWER;
    operation->uuid = uuid_of(domain);
    operation->id = id;
    operation->action = OPERATION_PAUSE;
    operation->timeout_s = timeout_s;
    assert_true(operations_reserve(fixture->operations, 1));
    assert_true(operations_accept(fixture->operations, operation));
}

static void begin_one(struct fixture *fixture, uint8_t domain, uint32_t id)
{
    struct uuid uuid = uuid_of(domain);

    operations_begin(fixture->operations, OPERATION_CLASS_POWER, &uuid, id);
}

/* Accepts one and lets it begin. */
static void add(struct fixture *fixture, uint8_t domain, uint32_t id)
{
    accept(fixture, domain, id, 300);
    begin_one(fixture, domain, id);
}

/* The hypervisor has ended the job at that position. */
static void finish(struct fixture *fixture, size_t job, enum status status)
{
    struct error error = ERROR_NONE;

    if (status != STATUS_OK) {
        error_set(&error, status, "the words of the hypervisor");
    }
    operations_finish(fixture->operations, jobs[job]->serial, &error);
}

static void check_counts(struct fixture *fixture, uint32_t queued, uint32_t running)
{
    assert_int_equal(operations_table(fixture->operations)->queued, queued);
    assert_int_equal(operations_table(fixture->operations)->running, running);
}

/* --- tests ------------------------------------------------------------------- */

static void test_nothing_begins_before_its_set_is_complete(void **state)
{
    struct fixture *fixture = *state;

    accept(fixture, 1, 1, 300);
    (void)operations_check(fixture->operations, clock_boot_ns());
    assert_int_equal(job_count, 0);
    check_counts(fixture, 1, 0);
    begin_one(fixture, 1, 1);
    assert_int_equal(job_count, 1);
    assert_int_equal(state_of(fixture, 1, 1), OPERATION_RUNNING);
    check_counts(fixture, 0, 1);
    assert_int_equal(fixture->counters.operations_accepted, 1);
    assert_int_equal(fixture->status.operations, 1);
}

static void test_nothing_begins_before_it_is_on_the_disk(void **state)
{
    struct fixture *fixture = *state;

    write_at_once = false;
    add(fixture, 1, 1);
    assert_int_equal(written[1], OPERATION_RUNNING);
    assert_int_equal(job_count, 0);
    write_down(NULL);
    assert_int_equal(job_count, 1);
    assert_int_equal(jobs[0]->action, OPERATION_PAUSE);
    assert_int_equal(refusals[0].status, STATUS_OK);
}

static void test_what_cannot_be_written_down_is_refused(void **state)
{
    struct fixture *fixture = *state;
    const struct error full = { STATUS_IO, "the disk is full" };

    write_at_once = false;
    add(fixture, 1, 1);
    write_down(&full);
    assert_int_equal(job_count, 1);
    assert_int_equal(refusals[0].status, STATUS_IO);
    operations_finish(fixture->operations, jobs[0]->serial, &refusals[0]);
    assert_int_equal(state_of(fixture, 1, 1), OPERATION_FAILED);
    assert_string_equal(row(fixture, 1, 1)->error_text, "the disk is full");
    assert_int_equal(fixture->counters.operations_failed, 1);
}

static void test_one_after_the_other_for_one_domain(void **state)
{
    struct fixture *fixture = *state;

    for (uint32_t id = 1; id <= 3; id++) {
        add(fixture, 1, id);
    }
    add(fixture, 2, 4);
    assert_int_equal(job_count, 2);
    assert_int_equal(state_of(fixture, 1, 1), OPERATION_RUNNING);
    assert_int_equal(state_of(fixture, 2, 4), OPERATION_RUNNING);
    check_counts(fixture, 2, 2);
    finish(fixture, 0, STATUS_OK);
    assert_int_equal(job_count, 3);
    assert_int_equal(state_of(fixture, 1, 2), OPERATION_RUNNING);
    assert_int_equal(state_of(fixture, 1, 3), OPERATION_QUEUED);
    finish(fixture, 2, STATUS_FAILED);
    assert_int_equal(state_of(fixture, 1, 3), OPERATION_RUNNING);
    check_counts(fixture, 0, 2);
}

static void test_at_most_so_many_at_once(void **state)
{
    struct fixture *fixture = *state;

    for (uint8_t domain = 1; domain <= LIMIT + 2; domain++) {
        add(fixture, domain, domain);
    }
    assert_int_equal(job_count, LIMIT);
    finish(fixture, 1, STATUS_OK);
    assert_int_equal(job_count, LIMIT + 1);
    assert_int_equal(state_of(fixture, LIMIT + 1, LIMIT + 1), OPERATION_RUNNING);
    fixture->config.operation_limit = LIMIT + 5;
    operations_configure(fixture->operations, &fixture->config);
    assert_int_equal(job_count, LIMIT + 2);
}

static void test_how_it_ends(void **state)
{
    struct fixture *fixture = *state;
    struct error remark = { STATUS_OK, "it was running already" };

    add(fixture, 1, 1);
    add(fixture, 2, 2);
    atomic_store(&jobs[0]->progress, 40);
    assert_non_null(operations_table(fixture->operations));
    assert_int_equal(row(fixture, 1, 1)->progress, 40);
    operations_finish(fixture->operations, jobs[0]->serial, &remark);
    finish(fixture, 1, STATUS_DENIED);
    assert_int_equal(state_of(fixture, 1, 1), OPERATION_SUCCEEDED);
    assert_int_equal(row(fixture, 1, 1)->progress, 100);
    assert_string_equal(row(fixture, 1, 1)->error_text, "it was running already");
    assert_int_equal(written[1], OPERATION_SUCCEEDED);
    assert_int_equal(state_of(fixture, 2, 2), OPERATION_FAILED);
    assert_int_equal(row(fixture, 2, 2)->error, STATUS_DENIED);
    assert_int_equal(written[2], OPERATION_FAILED);
    assert_int_not_equal(row(fixture, 2, 2)->finished_ns, CLOCK_NEVER);
    check_counts(fixture, 0, 0);
    /* Told again, it changes nothing. */
    finish(fixture, 0, STATUS_FAILED);
    assert_int_equal(state_of(fixture, 1, 1), OPERATION_SUCCEEDED);
}

static void test_what_is_withdrawn_has_never_been(void **state)
{
    struct fixture *fixture = *state;
    struct uuid uuid = uuid_of(1);

    accept(fixture, 1, 1, 300);
    operations_withdraw(fixture->operations, OPERATION_CLASS_POWER, &uuid, 1);
    assert_null(row(fixture, 1, 1));
    check_counts(fixture, 0, 0);
    add(fixture, 1, 1);
    assert_int_equal(job_count, 1);
    /* Too late for that. */
    operations_withdraw(fixture->operations, OPERATION_CLASS_POWER, &uuid, 1);
    assert_non_null(row(fixture, 1, 1));
    assert_int_equal(fixture->counters.operations_accepted, 1);
}

static void test_one_whose_set_is_not_complete_comes_first_all_the_same(void **state)
{
    struct fixture *fixture = *state;

    accept(fixture, 1, 1, 300);
    add(fixture, 1, 2);
    add(fixture, 2, 3);
    assert_int_equal(job_count, 1);
    assert_int_equal(state_of(fixture, 2, 3), OPERATION_RUNNING);
    begin_one(fixture, 1, 1);
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
    assert_int_equal(job_count, 1);
    operations_cancel(fixture->operations, OPERATION_CLASS_POWER, &uuid, 2);
    assert_int_equal(state_of(fixture, 1, 2), OPERATION_CANCELLED);
    assert_int_equal(written[2], OPERATION_CANCELLED);
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
    assert_true(row(fixture, 1, 1)->is_removed);
    assert_true(written_removed[1]);
}

static void test_a_deadline_that_passes_in_the_queue(void **state)
{
    struct fixture *fixture = *state;

    add(fixture, 1, 1);
    accept(fixture, 1, 2, 10);
    begin_one(fixture, 1, 2);
    assert_int_equal(
        operations_check(fixture->operations, clock_boot_ns() + 9 * CLOCK_NS_PER_S),
        row(fixture, 1, 2)->accepted_ns + 10 * CLOCK_NS_PER_S);
    assert_int_equal(state_of(fixture, 1, 2), OPERATION_QUEUED);
    (void)operations_check(fixture->operations, clock_boot_ns() + 11 * CLOCK_NS_PER_S);
    assert_int_equal(state_of(fixture, 1, 2), OPERATION_EXPIRED);
    assert_int_equal(written[2], OPERATION_EXPIRED);
    finish(fixture, 0, STATUS_OK);
    assert_int_equal(job_count, 1);
}

static void test_a_late_result_is_the_truth(void **state)
{
    struct fixture *fixture = *state;

    accept(fixture, 1, 1, 10);
    begin_one(fixture, 1, 1);
    add(fixture, 1, 2);
    (void)operations_check(fixture->operations, clock_boot_ns() + 11 * CLOCK_NS_PER_S);
    assert_int_equal(state_of(fixture, 1, 1), OPERATION_EXPIRED);
    check_counts(fixture, 1, 0);
    /* Its domain is still being worked on, and it is not forgotten. */
    (void)operations_check(fixture->operations, clock_boot_ns() + 100 * CLOCK_NS_PER_S);
    assert_int_equal(job_count, 1);
    assert_int_equal(row(fixture, 1, 1)->forget_ns, CLOCK_NEVER);
    finish(fixture, 0, STATUS_OK);
    assert_int_equal(state_of(fixture, 1, 1), OPERATION_SUCCEEDED);
    assert_int_equal(written[1], OPERATION_SUCCEEDED);
    assert_int_equal(state_of(fixture, 1, 2), OPERATION_RUNNING);
    check_counts(fixture, 0, 1);
}

static void test_what_hangs_does_not_use_up_the_limit(void **state)
{
    struct fixture *fixture = *state;

    for (uint8_t domain = 1; domain <= LIMIT; domain++) {
        accept(fixture, domain, domain, 1);
        begin_one(fixture, domain, domain);
    }
    add(fixture, 50, 50);
    assert_int_equal(job_count, LIMIT);
    (void)operations_check(fixture->operations, clock_boot_ns() + 2 * CLOCK_NS_PER_S);
    assert_int_equal(job_count, LIMIT + 1);
    assert_int_equal(state_of(fixture, 50, 50), OPERATION_RUNNING);
}

static void test_a_connection_that_is_lost(void **state)
{
    struct fixture *fixture = *state;
    const struct error lost = { STATUS_UNAVAILABLE, "no route" };

    add(fixture, 1, 1);
    add(fixture, 1, 2);
    accept(fixture, 1, 3, 300);
    operations_fail_queued(fixture->operations, &lost);
    assert_int_equal(state_of(fixture, 1, 1), OPERATION_RUNNING);
    assert_int_equal(state_of(fixture, 1, 2), OPERATION_FAILED);
    assert_int_equal(row(fixture, 1, 2)->error, STATUS_UNAVAILABLE);
    assert_non_null(strstr(row(fixture, 1, 2)->error_text, "no route"));
    assert_int_equal(state_of(fixture, 1, 3), OPERATION_QUEUED);
}

static void test_forgotten_when_its_time_is_over(void **state)
{
    struct fixture *fixture = *state;
    int64_t forget_ns;

    add(fixture, 1, 1);
    finish(fixture, 0, STATUS_OK);
    forget_ns = row(fixture, 1, 1)->forget_ns;
    assert_true(forget_ns >= clock_boot_ns() + 599 * CLOCK_NS_PER_S);
    assert_int_equal(operations_check(fixture->operations, forget_ns - 1), forget_ns);
    assert_non_null(row(fixture, 1, 1));
    assert_int_equal(operations_check(fixture->operations, forget_ns), CLOCK_NEVER);
    assert_null(row(fixture, 1, 1));
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
    write_at_once = false;
    add(fixture, 2, 3);
    accept(fixture, 3, 4, 300);
    written[4] = 0;
    operations_free(fixture->operations);
    fixture->operations = NULL;
    assert_int_equal(written[1], OPERATION_INTERRUPTED);
    assert_int_equal(written[2], OPERATION_CANCELLED);
    assert_int_equal(written[3], OPERATION_INTERRUPTED);
    assert_int_equal(written[4], 0);
    /* It was on its way to the disk, and goes no further. */
    assert_int_equal(job_count, 1);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_nothing_begins_before_its_set_is_complete),
        WITH_FIXTURE(test_nothing_begins_before_it_is_on_the_disk),
        WITH_FIXTURE(test_what_cannot_be_written_down_is_refused),
        WITH_FIXTURE(test_one_after_the_other_for_one_domain),
        WITH_FIXTURE(test_at_most_so_many_at_once),
        WITH_FIXTURE(test_how_it_ends),
        WITH_FIXTURE(test_what_is_withdrawn_has_never_been),
        WITH_FIXTURE(test_one_whose_set_is_not_complete_comes_first_all_the_same),
        WITH_FIXTURE(test_cancel),
        WITH_FIXTURE(test_one_that_is_let_go_again_begins),
        WITH_FIXTURE(test_remove),
        WITH_FIXTURE(test_a_deadline_that_passes_in_the_queue),
        WITH_FIXTURE(test_a_late_result_is_the_truth),
        WITH_FIXTURE(test_what_hangs_does_not_use_up_the_limit),
        WITH_FIXTURE(test_a_connection_that_is_lost),
        WITH_FIXTURE(test_forgotten_when_its_time_is_over),
        WITH_FIXTURE(test_there_is_room_for_what_is_reserved),
        WITH_FIXTURE(test_the_end_says_what_became_of_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
