/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_job.c - what a hypervisor is told for an operation, from the state that
 * its domain is in then, and how the operation ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/job.h"
#include "model/clock.h"
#include "model/section.h"

#define LOOKS_MAX 64

static const struct uuid WEB = { { 0x11, 0x22, 0x33 } };
static const struct uuid DATABASE = { { 0x44, 0x55, 0x66 } };
#define WEB_TEXT "11223300-0000-0000-0000-000000000000"

/* A hypervisor with two domains, of which the job is about WEB. */
struct backend {
    struct job *job;
    /* What each look finds; the last one stays.  UNKNOWN ends the list. */
    enum domain_state states[8];
    bool is_gone;
    struct error read;    /* how a look ends */
    struct error failure; /* of WEB alone */
    bool reads_until_deadline;
    unsigned gives_up_at; /* the job's connection ends during that look */
    /* How each operate() ends; the last one stays. */
    struct error ends[2];
    /* What was seen: */
    unsigned looks;
    int64_t looked_ns[LOOKS_MAX];
    struct backend_request request;
    struct uuid asked;
    unsigned operations;
    struct backend_operation operation;
};

static void wait_until(int64_t at_ns)
{
    while (clock_boot_ns() < at_ns) {
        const struct timespec pause = { .tv_nsec = 1000000 };

        nanosleep(&pause, NULL);
    }
}

static void deliver(struct builder *builder, const struct uuid *uuid,
                    enum domain_state state)
{
    const struct domain domain = {
        .uuid = *uuid,
        .name = "renamed",
        .state = state,
        .started_ns = CLOCK_NEVER,
    };

    assert_true(builder_add_domain(builder, domain_new(&domain)));
}

static enum status collect(struct backend *backend,
                           const struct backend_request *request,
                           struct builder *builder, struct error *error)
{
    unsigned look = backend->looks++;
    unsigned at = 0;

    assert_true(look < LOOKS_MAX);
    backend->looked_ns[look] = clock_boot_ns();
    backend->request = *request;
    assert_int_equal(request->uuid_count, 1);
    backend->asked = request->uuids[0];
    if (backend->reads_until_deadline) {
        wait_until(backend->job->deadline_ns);
    }
    if (backend->looks == backend->gives_up_at) {
        job_give_up(backend->job);
    }
    while (at < look && backend->states[at + 1] != DOMAIN_STATE_UNKNOWN) {
        at++;
    }
    deliver(builder, &DATABASE, DOMAIN_STATE_CRASHED);
    if (backend->failure.status != STATUS_OK) {
        assert_true(builder_add_failure(builder, &WEB, &backend->failure));
    } else if (!backend->is_gone) {
        deliver(builder, &WEB, backend->states[at]);
    }
    /* Words that nobody asked for must not show up anywhere. */
    snprintf(error->text, sizeof(error->text), "%s",
             backend->read.status == STATUS_OK ? "two domains" : backend->read.text);
    return backend->read.status;
}

static enum status operate(struct backend *backend,
                           const struct backend_operation *operation,
                           struct error *error)
{
    const struct error *end = &backend->ends[backend->operations > 0];

    backend->operations++;
    backend->operation = *operation;
    atomic_store(operation->progress, 30);
    assert_string_equal(error->text, "");
    snprintf(error->text, sizeof(error->text), "%s", end->text);
    return end->status;
}

static const struct backend_ops OPS = {
    .name = "test",
    .actions = OPERATION_BIT(OPERATION_START) | OPERATION_BIT(OPERATION_PAUSE)
               | OPERATION_BIT(OPERATION_RESUME) | OPERATION_BIT(OPERATION_SHUTDOWN)
               | OPERATION_BIT(OPERATION_SET_VCPUS)
               | OPERATION_BIT(OPERATION_CORE_DUMP),
    .collect = collect,
    .operate = operate,
};

struct fixture {
    struct backend backend;
    struct operation *operation; /* change it, then run */
    const char *file;
    struct job *job;
    struct error error;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL) {
        return -1;
    }
    fixture->operation = operation_new("tenant", "web");
    if (fixture->operation == NULL) {
        free(fixture);
        return -1;
    }
    fixture->operation->class = OPERATION_CLASS_POWER;
    fixture->operation->uuid = WEB;
    fixture->operation->serial = 7;
    fixture->operation->timeout_s = 60;
    fixture->operation->accepted_ns = clock_boot_ns();
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    job_unref(fixture->job);
    operation_free(fixture->operation);
    free(fixture);
    return 0;
}

/* Carries it out; the status and the error's are one. */
static enum status run_on(struct fixture *fixture, const struct backend_ops *ops)
{
    enum status status;

    if (fixture->job == NULL) {
        fixture->job = job_new(fixture->operation, fixture->file);
        assert_non_null(fixture->job);
    }
    fixture->backend.job = fixture->job;
    status = job_run(fixture->job, ops, &fixture->backend, &fixture->error);
    assert_int_equal(status, fixture->error.status);
    if (status != STATUS_OK) {
        assert_string_not_equal(fixture->error.text, "");
    }
    return status;
}

static enum status run(struct fixture *fixture, enum operation_action action,
                       enum domain_state state)
{
    fixture->operation->action = action;
    if (fixture->backend.states[0] == DOMAIN_STATE_UNKNOWN) {
        fixture->backend.states[0] = state;
    }
    return run_on(fixture, &OPS);
}

/* Time that is left to the job, from now on. */
static void set_deadline(struct fixture *fixture, int64_t left_ns)
{
    fixture->operation->accepted_ns =
        clock_boot_ns() + left_ns
        - (int64_t)fixture->operation->timeout_s * CLOCK_NS_PER_S;
}

static void expect_words(const struct fixture *fixture, const char *words)
{
    if (strstr(fixture->error.text, words) == NULL) {
        fail_msg("'%s' is not in '%s'", words, fixture->error.text);
    }
}

/* --- what it is told ----------------------------------------------------------- */

static void test_the_hypervisor_is_told_what_was_asked_for(void **state)
{
    struct fixture *fixture = *state;
    int64_t deadline_ns = fixture->operation->accepted_ns + 60 * CLOCK_NS_PER_S;

    fixture->operation->value = 3;
    assert_int_equal(run(fixture, OPERATION_SET_VCPUS, DOMAIN_STATE_RUNNING),
                     STATUS_OK);
    assert_string_equal(fixture->error.text, "");
    assert_int_equal(fixture->backend.operations, 1);
    assert_int_equal(fixture->backend.operation.action, OPERATION_SET_VCPUS);
    assert_memory_equal(&fixture->backend.operation.uuid, &WEB, sizeof(WEB));
    assert_string_equal(fixture->backend.operation.name, "web");
    assert_int_equal(fixture->backend.operation.value, 3);
    assert_null(fixture->backend.operation.file);
    assert_int_equal(fixture->backend.operation.deadline_ns, deadline_ns);
    assert_int_equal(atomic_load(&fixture->job->progress), 30);
    /* It has looked at that domain alone, once. */
    assert_int_equal(fixture->backend.looks, 1);
    assert_int_equal(fixture->backend.request.section, SECTION_DOMAINS);
    assert_memory_equal(&fixture->backend.asked, &WEB, sizeof(WEB));
    assert_int_equal(fixture->backend.request.deadline_ns, deadline_ns);
}

static void test_a_job_keeps_nothing_of_what_it_was_made_from(void **state)
{
    struct fixture *fixture = *state;
    char file[] = "/var/dump/web";

    fixture->operation->action = OPERATION_CORE_DUMP;
    fixture->job = job_new(fixture->operation, file);
    assert_non_null(fixture->job);
    assert_int_equal(fixture->job->serial, 7);
    assert_int_equal(atomic_load(&fixture->job->progress), OPERATION_PROGRESS_UNKNOWN);
    memset(file, 'x', sizeof(file) - 1);
    memset(fixture->operation->name, 'x', strlen(fixture->operation->name));
    assert_ptr_equal(job_ref(fixture->job), fixture->job);
    job_unref(fixture->job);
    assert_int_equal(run(fixture, OPERATION_CORE_DUMP, DOMAIN_STATE_RUNNING),
                     STATUS_OK);
    assert_string_equal(fixture->backend.operation.name, "web");
    assert_string_equal(fixture->backend.operation.file, "/var/dump/web");
}

static void test_a_goal_is_what_leads_there(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(run(fixture, OPERATION_MAKE_RUNNING, DOMAIN_STATE_SHUTDOWN),
                     STATUS_OK);
    assert_string_equal(fixture->error.text, "");
    assert_int_equal(fixture->backend.operation.action, OPERATION_START);
    fixture->backend.states[0] = DOMAIN_STATE_PAUSED;
    assert_int_equal(run_on(fixture, &OPS), STATUS_OK);
    assert_int_equal(fixture->backend.operation.action, OPERATION_RESUME);
    /* Whatever the state is after it: it is done. */
    assert_int_equal(fixture->backend.operations, 2);
    assert_int_equal(fixture->backend.looks, 2);
}

static void test_a_goal_that_is_reached_needs_nothing(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(run(fixture, OPERATION_MAKE_RUNNING, DOMAIN_STATE_RUNNING),
                     STATUS_OK);
    assert_string_equal(fixture->error.text, "nothing to do: the domain is running");
    assert_int_equal(fixture->backend.operations, 0);
}

/* --- what it must not do --------------------------------------------------------- */

static void test_the_precondition_is_about_the_state_of_now(void **state)
{
    struct fixture *fixture = *state;

    fixture->operation->expected = DOMAIN_STATE_RUNNING;
    assert_int_equal(run(fixture, OPERATION_SET_VCPUS, DOMAIN_STATE_PAUSED),
                     STATUS_WRONG_STATE);
    assert_string_equal(fixture->error.text, "the domain is paused, not running");
    assert_int_equal(fixture->backend.operations, 0);
    fixture->backend.states[0] = DOMAIN_STATE_UNKNOWN;
    assert_int_equal(run_on(fixture, &OPS), STATUS_WRONG_STATE);
    fixture->backend.states[0] = DOMAIN_STATE_RUNNING;
    assert_int_equal(run_on(fixture, &OPS), STATUS_OK);
    assert_int_equal(fixture->backend.operations, 1);
}

/* Also of a goal that is reached: somebody else has done it. */
static void test_the_precondition_goes_before_the_goal(void **state)
{
    struct fixture *fixture = *state;

    fixture->operation->expected = DOMAIN_STATE_SHUTDOWN;
    assert_int_equal(run(fixture, OPERATION_MAKE_RUNNING, DOMAIN_STATE_RUNNING),
                     STATUS_WRONG_STATE);
    expect_words(fixture, "running, not shutdown");
}

static void test_an_action_is_refused_from_another_state(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(run(fixture, OPERATION_PAUSE, DOMAIN_STATE_SHUTDOWN),
                     STATUS_WRONG_STATE);
    assert_string_equal(fixture->error.text,
                        "pause is not possible while the domain is shutdown");
    assert_int_equal(fixture->backend.operations, 0);
}

static void test_a_domain_that_is_gone_is_not_found(void **state)
{
    struct fixture *fixture = *state;

    fixture->backend.is_gone = true;
    assert_int_equal(run(fixture, OPERATION_START, DOMAIN_STATE_SHUTDOWN),
                     STATUS_NOT_FOUND);
    assert_string_equal(fixture->error.text,
                        "domain web (" WEB_TEXT ") is not there any longer");
    assert_int_equal(fixture->backend.operations, 0);
}

static void test_without_its_state_nothing_is_done(void **state)
{
    struct fixture *fixture = *state;

    error_set(&fixture->backend.read, STATUS_UNAVAILABLE, "it has gone");
    assert_int_equal(run(fixture, OPERATION_PAUSE, DOMAIN_STATE_RUNNING),
                     STATUS_UNAVAILABLE);
    expect_words(fixture, ": it has gone");
    error_set(&fixture->backend.read, STATUS_IO, "%s", "");
    assert_int_equal(run_on(fixture, &OPS), STATUS_IO);
    expect_words(fixture, status_name(STATUS_IO));

    fixture->backend.read.status = STATUS_OK;
    error_set(&fixture->backend.failure, STATUS_DENIED, "no permission");
    assert_int_equal(run_on(fixture, &OPS), STATUS_DENIED);
    expect_words(fixture, ": no permission");
    /* The connection that tells of one domain is not lost. */
    error_set(&fixture->backend.failure, STATUS_UNAVAILABLE, "no monitor");
    assert_int_equal(run_on(fixture, &OPS), STATUS_FAILED);
    expect_words(fixture, ": no monitor");
    assert_int_equal(fixture->backend.operations, 0);
    assert_int_equal(fixture->backend.looks, 4);
}

static void test_what_a_backend_cannot_do_is_unsupported(void **state)
{
    struct fixture *fixture = *state;
    struct backend_ops none = OPS;

    none.operate = NULL;
    assert_int_equal(run(fixture, OPERATION_RESET, DOMAIN_STATE_RUNNING),
                     STATUS_UNSUPPORTED);
    expect_words(fixture, "reset");
    job_unref(fixture->job);
    fixture->job = NULL;
    fixture->operation->action = OPERATION_MAKE_PAUSED;
    assert_int_equal(run_on(fixture, &none), STATUS_UNSUPPORTED);
    expect_words(fixture, "pause");
    assert_int_equal(fixture->backend.operations, 0);
}

/* --- in transit -------------------------------------------------------------------- */

static void test_a_goal_waits_for_a_state_that_stays(void **state)
{
    struct fixture *fixture = *state;
    const struct backend *backend = &fixture->backend;
    const enum domain_state states[] = {
        DOMAIN_STATE_SHUTTING_DOWN,
        DOMAIN_STATE_SHUTTING_DOWN,
        DOMAIN_STATE_SHUTTING_DOWN,
        DOMAIN_STATE_SHUTDOWN,
    };

    memcpy(fixture->backend.states, states, sizeof(states));
    /* From which it begins; it is not in it any more when it acts. */
    fixture->operation->expected = DOMAIN_STATE_SHUTTING_DOWN;
    assert_int_equal(run(fixture, OPERATION_MAKE_RUNNING, DOMAIN_STATE_SHUTTING_DOWN),
                     STATUS_OK);
    assert_int_equal(backend->looks, 4);
    assert_int_equal(backend->operations, 1);
    assert_int_equal(backend->operation.action, OPERATION_START);
    for (unsigned look = 1; look < 4; look++) {
        assert_true(backend->looked_ns[look] - backend->looked_ns[look - 1]
                    >= (50 * CLOCK_NS_PER_MS) << (look - 1));
    }
}

static void test_a_goal_waits_no_longer_than_its_deadline(void **state)
{
    struct fixture *fixture = *state;

    set_deadline(fixture, 300 * CLOCK_NS_PER_MS);
    assert_int_equal(run(fixture, OPERATION_MAKE_RUNNING, DOMAIN_STATE_SHUTTING_DOWN),
                     STATUS_TIMEOUT);
    assert_string_equal(fixture->error.text,
                        "the domain was still shutting down at the deadline");
    assert_true(clock_boot_ns() >= fixture->job->deadline_ns);
    assert_int_equal(fixture->backend.operations, 0);
    assert_in_range(fixture->backend.looks, 2, 5);
}

static void test_an_action_does_not_wait(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(run(fixture, OPERATION_START, DOMAIN_STATE_SHUTTING_DOWN),
                     STATUS_WRONG_STATE);
    assert_int_equal(fixture->backend.looks, 1);
    assert_int_equal(fixture->backend.operations, 0);
}

static void test_nothing_is_begun_after_the_deadline(void **state)
{
    struct fixture *fixture = *state;

    set_deadline(fixture, 0);
    assert_int_equal(run(fixture, OPERATION_PAUSE, DOMAIN_STATE_RUNNING),
                     STATUS_TIMEOUT);
    assert_int_equal(fixture->backend.looks, 0);
    assert_int_equal(fixture->backend.operations, 0);
}

static void test_a_slow_answer_is_no_leave_to_act_late(void **state)
{
    struct fixture *fixture = *state;

    set_deadline(fixture, 200 * CLOCK_NS_PER_MS);
    fixture->backend.reads_until_deadline = true;
    assert_int_equal(run(fixture, OPERATION_PAUSE, DOMAIN_STATE_RUNNING),
                     STATUS_TIMEOUT);
    assert_int_equal(fixture->backend.looks, 1);
    assert_int_equal(fixture->backend.operations, 0);
}

static void test_what_was_given_up_does_nothing(void **state)
{
    struct fixture *fixture = *state;

    fixture->backend.gives_up_at = 1;
    assert_int_equal(run(fixture, OPERATION_PAUSE, DOMAIN_STATE_RUNNING),
                     STATUS_UNAVAILABLE);
    assert_int_equal(fixture->backend.looks, 1);
    assert_int_equal(run_on(fixture, &OPS), STATUS_UNAVAILABLE);
    assert_int_equal(fixture->backend.looks, 1);
    assert_int_equal(fixture->backend.operations, 0);
}

static void test_what_was_given_up_waits_no_longer(void **state)
{
    struct fixture *fixture = *state;

    fixture->backend.gives_up_at = 2;
    assert_int_equal(run(fixture, OPERATION_MAKE_RUNNING, DOMAIN_STATE_PREPARING),
                     STATUS_UNAVAILABLE);
    assert_int_equal(fixture->backend.looks, 2);
}

/* --- a dry run ----------------------------------------------------------------------- */

static void test_a_dry_run_does_nothing(void **state)
{
    struct fixture *fixture = *state;

    fixture->operation->dry_run = true;
    assert_int_equal(run(fixture, OPERATION_MAKE_RUNNING, DOMAIN_STATE_PAUSED),
                     STATUS_OK);
    expect_words(fixture, "resume");
    assert_int_equal(fixture->backend.looks, 1);
    assert_int_equal(fixture->backend.operations, 0);
}

static void test_a_dry_run_does_not_wait(void **state)
{
    struct fixture *fixture = *state;

    fixture->operation->dry_run = true;
    assert_int_equal(run(fixture, OPERATION_MAKE_RUNNING, DOMAIN_STATE_SHUTTING_DOWN),
                     STATUS_OK);
    expect_words(fixture, "shutting down");
    assert_int_equal(fixture->backend.looks, 1);
    assert_int_equal(fixture->backend.operations, 0);
}

static void test_a_dry_run_fails_as_the_operation_would(void **state)
{
    struct fixture *fixture = *state;

    fixture->operation->dry_run = true;
    assert_int_equal(run(fixture, OPERATION_RESET, DOMAIN_STATE_RUNNING),
                     STATUS_UNSUPPORTED);
    fixture->backend.states[0] = DOMAIN_STATE_SHUTDOWN;
    assert_int_equal(run_on(fixture, &OPS), STATUS_WRONG_STATE);
    fixture->backend.is_gone = true;
    assert_int_equal(run_on(fixture, &OPS), STATUS_NOT_FOUND);
    assert_int_equal(fixture->backend.operations, 0);
}

/* --- how it ends --------------------------------------------------------------------- */

static void test_a_failure_has_the_words_of_the_backend(void **state)
{
    struct fixture *fixture = *state;

    error_set(&fixture->backend.ends[0], STATUS_BUSY, "a backup is under way");
    assert_int_equal(run(fixture, OPERATION_PAUSE, DOMAIN_STATE_RUNNING), STATUS_BUSY);
    assert_string_equal(fixture->error.text, "a backup is under way");
    assert_int_equal(fixture->backend.operations, 1);
}

static void test_a_failure_without_words_gets_some(void **state)
{
    struct fixture *fixture = *state;

    fixture->backend.ends[0].status = STATUS_FAILED;
    assert_int_equal(run(fixture, OPERATION_PAUSE, DOMAIN_STATE_RUNNING),
                     STATUS_FAILED);
    expect_words(fixture, "no reason");
}

static void test_a_success_may_have_a_remark(void **state)
{
    struct fixture *fixture = *state;

    error_set(&fixture->backend.ends[0], STATUS_OK, "from the next boot on");
    assert_int_equal(run(fixture, OPERATION_SET_VCPUS, DOMAIN_STATE_RUNNING),
                     STATUS_OK);
    assert_string_equal(fixture->error.text, "from the next boot on");
}

/* Somebody else was quicker between the look and the action. */
static void test_a_goal_looks_again_when_the_state_has_changed(void **state)
{
    struct fixture *fixture = *state;

    fixture->backend.states[0] = DOMAIN_STATE_SHUTDOWN;
    fixture->backend.states[1] = DOMAIN_STATE_PAUSED;
    error_set(&fixture->backend.ends[0], STATUS_WRONG_STATE, "it is not shut down");
    assert_int_equal(run(fixture, OPERATION_MAKE_RUNNING, DOMAIN_STATE_SHUTDOWN),
                     STATUS_OK);
    assert_string_equal(fixture->error.text, "");
    assert_int_equal(fixture->backend.operations, 2);
    assert_int_equal(fixture->backend.operation.action, OPERATION_RESUME);
}

static void test_a_precondition_holds_when_the_state_has_changed(void **state)
{
    struct fixture *fixture = *state;

    fixture->operation->expected = DOMAIN_STATE_SHUTDOWN;
    fixture->backend.states[0] = DOMAIN_STATE_SHUTDOWN;
    fixture->backend.states[1] = DOMAIN_STATE_PAUSED;
    error_set(&fixture->backend.ends[0], STATUS_WRONG_STATE, "it is not shut down");
    assert_int_equal(run(fixture, OPERATION_MAKE_RUNNING, DOMAIN_STATE_SHUTDOWN),
                     STATUS_WRONG_STATE);
    expect_words(fixture, "paused, not shutdown");
    assert_int_equal(fixture->backend.operations, 1);
}

static void test_a_goal_looks_again_so_often_and_no_more(void **state)
{
    struct fixture *fixture = *state;

    error_set(&fixture->backend.ends[0], STATUS_WRONG_STATE, "not now");
    fixture->backend.ends[1] = fixture->backend.ends[0];
    assert_int_equal(run(fixture, OPERATION_MAKE_RUNNING, DOMAIN_STATE_SHUTDOWN),
                     STATUS_WRONG_STATE);
    assert_string_equal(fixture->error.text, "not now");
    assert_int_equal(fixture->backend.operations, 4);
}

static void test_an_action_is_tried_once(void **state)
{
    struct fixture *fixture = *state;

    error_set(&fixture->backend.ends[0], STATUS_WRONG_STATE, "not now");
    assert_int_equal(run(fixture, OPERATION_PAUSE, DOMAIN_STATE_RUNNING),
                     STATUS_WRONG_STATE);
    assert_string_equal(fixture->error.text, "not now");
    assert_int_equal(fixture->backend.operations, 1);
    assert_int_equal(fixture->backend.looks, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_hypervisor_is_told_what_was_asked_for),
        TEST(test_a_job_keeps_nothing_of_what_it_was_made_from),
        TEST(test_a_goal_is_what_leads_there),
        TEST(test_a_goal_that_is_reached_needs_nothing),
        TEST(test_the_precondition_is_about_the_state_of_now),
        TEST(test_the_precondition_goes_before_the_goal),
        TEST(test_an_action_is_refused_from_another_state),
        TEST(test_a_domain_that_is_gone_is_not_found),
        TEST(test_without_its_state_nothing_is_done),
        TEST(test_what_a_backend_cannot_do_is_unsupported),
        TEST(test_a_goal_waits_for_a_state_that_stays),
        TEST(test_a_goal_waits_no_longer_than_its_deadline),
        TEST(test_an_action_does_not_wait),
        TEST(test_nothing_is_begun_after_the_deadline),
        TEST(test_a_slow_answer_is_no_leave_to_act_late),
        TEST(test_what_was_given_up_does_nothing),
        TEST(test_what_was_given_up_waits_no_longer),
        TEST(test_a_dry_run_does_nothing),
        TEST(test_a_dry_run_does_not_wait),
        TEST(test_a_dry_run_fails_as_the_operation_would),
        TEST(test_a_failure_has_the_words_of_the_backend),
        TEST(test_a_failure_without_words_gets_some),
        TEST(test_a_success_may_have_a_remark),
        TEST(test_a_goal_looks_again_when_the_state_has_changed),
        TEST(test_a_precondition_holds_when_the_state_has_changed),
        TEST(test_a_goal_looks_again_so_often_and_no_more),
        TEST(test_an_action_is_tried_once),
    };

    return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
