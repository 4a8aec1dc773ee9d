/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_collector_operate.c - operations on their way through a collector: each
 * is told of once, and none is in the way of a collection.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "tests/unit/collector_fixture.h"

/* More than there may be calls that collect. */
#define MANY 80

static struct job *new_job(uint64_t serial, enum operation_action action)
{
    struct operation *operation = operation_new("", "A");
    struct job *job;

    assert_non_null(operation);
    operation->class = OPERATION_CLASS_POWER;
    operation->action = action;
    operation->uuid = fake_uuid(0);
    operation->serial = serial;
    operation->accepted_ns = clock_boot_ns();
    operation->timeout_s = 600;
    job = job_new(operation, NULL);
    assert_non_null(job);
    operation_free(operation);
    return job;
}

static void operate(struct fixture *fixture, uint64_t serial)
{
    collector_operate(fixture->collector, new_job(serial, OPERATION_PAUSE), NULL);
}

/* The next event must be the end of that operation. */
static const struct collector_event *
expect_operated(struct fixture *fixture, uint64_t serial, enum status status)
{
    const struct collector_event *event = next_event(fixture);

    if (event->kind != COLLECTOR_OPERATED || event->serial != serial
        || event->error.status != status) {
        fail_msg("not %s of operation %d but event %d: %s: %s", status_name(status),
                 (int)serial, (int)event->kind, status_name(event->error.status),
                 event->error.text);
    }
    return event;
}

/* All sections can be collected now, in time. */
static void expect_collections(struct fixture *fixture)
{
    collect(fixture, SECTION_DOMAINS);
    for (enum section section = 0; section < SECTION_COUNT; section++) {
        collect(fixture, section);
    }
}

static void test_an_operation_is_carried_out_and_told_of(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, LONG_NS);
    operate(fixture, 77);
    assert_string_equal(expect_operated(fixture, 77, STATUS_OK)->error.text, "");
    assert_int_equal(fake_begun(fixture->fake, FAKE_OPERATE), 1);
    assert_int_equal(fake_asked(fixture->fake, FAKE_OPERATE, 0), 1);
    /* The state is read from the hypervisor, and of that domain alone. */
    assert_int_equal(fake_asked(fixture->fake, FAKE_DOMAINS, 0), 1);
    assert_int_equal(fake_asked(fixture->fake, FAKE_DOMAINS, 1), 0);
    expect_collections(fixture);
}

static void test_a_failure_is_told_and_the_link_stays(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, LONG_NS);
    fake_set_status(fixture->fake, FAKE_OPERATE, STATUS_DENIED, "no permission");
    operate(fixture, 1);
    assert_string_equal(expect_operated(fixture, 1, STATUS_DENIED)->error.text,
                        "no permission");
    fake_set_status(fixture->fake, FAKE_OPERATE, STATUS_FAILED, "");
    operate(fixture, 2);
    assert_string_not_equal(expect_operated(fixture, 2, STATUS_FAILED)->error.text, "");
    expect_collections(fixture);
    assert_int_equal(fake_begun(fixture->fake, FAKE_OPEN), 1);
}

static void test_what_is_refused_is_not_carried_out(void **state)
{
    struct fixture *fixture = *state;
    struct error refused = ERROR_NONE;

    start(fixture, LONG_NS);
    error_set(&refused, STATUS_IO, "the journal cannot be written");
    collector_operate(fixture->collector, new_job(5, OPERATION_PAUSE), &refused);
    assert_string_equal(expect_operated(fixture, 5, STATUS_IO)->error.text,
                        "the journal cannot be written");
    /* That is none of the link's. */
    error_set(&refused, STATUS_UNAVAILABLE, "gone");
    collector_operate(fixture->collector, new_job(6, OPERATION_PAUSE), &refused);
    expect_operated(fixture, 6, STATUS_UNAVAILABLE);
    expect_collections(fixture);
    assert_int_equal(fake_begun(fixture->fake, FAKE_OPERATE), 0);
    assert_int_equal(fake_begun(fixture->fake, FAKE_OPEN), 1);
}

static void test_without_a_link_an_operation_ends_at_once(void **state)
{
    struct fixture *fixture = *state;

    fake_hold(fixture->fake, FAKE_OPEN, 0);
    start_with(fixture, LONG_NS, NULL);
    assert_true(fake_wait_begun(fixture->fake, FAKE_OPEN, 1));
    operate(fixture, 1);
    assert_string_not_equal(expect_operated(fixture, 1, STATUS_UNAVAILABLE)->error.text,
                            "");
    fake_set_status(fixture->fake, FAKE_OPEN, STATUS_IO, "refused");
    fake_release(fixture->fake, FAKE_OPEN);
    expect_state(fixture, CONNECTION_DOWN);
    operate(fixture, 2);
    while (next_event(fixture)->kind != COLLECTOR_OPERATED) {
        assert_int_equal(fixture->event->state, CONNECTION_DOWN);
    }
    assert_int_equal(fixture->event->error.status, STATUS_UNAVAILABLE);
    /* It is not made up for. */
    fake_set_status(fixture->fake, FAKE_OPEN, STATUS_OK, "");
    while (next_event(fixture)->state != CONNECTION_UP) {
        assert_int_equal(fixture->event->kind, COLLECTOR_STATE);
    }
    operate(fixture, 3);
    expect_operated(fixture, 3, STATUS_OK);
    assert_int_equal(fake_begun(fixture->fake, FAKE_OPERATE), 1);
}

static void test_an_operation_that_finds_the_link_lost_ends_it(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, LONG_NS);
    fake_set_status(fixture->fake, FAKE_OPERATE, STATUS_UNAVAILABLE, "it has gone");
    operate(fixture, 1);
    expect_operated(fixture, 1, STATUS_UNAVAILABLE);
    assert_string_equal(expect_state(fixture, CONNECTION_DOWN)->error.text,
                        "it has gone");
    expect_state(fixture, CONNECTION_UP);
    assert_int_equal(fake_begun(fixture->fake, FAKE_CLOSE), 1);
    expect_collections(fixture);
}

static void test_an_operation_may_outlive_its_link(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, LONG_NS);
    fake_hold(fixture->fake, FAKE_OPERATE, 0);
    operate(fixture, 1);
    assert_true(fake_wait_begun(fixture->fake, FAKE_OPERATE, 1));
    fake_set_status(fixture->fake, FAKE_NODE, STATUS_UNAVAILABLE, "lost");
    collector_request(fixture->collector, SECTION_BIT(SECTION_NODE));
    expect_collected(fixture, SECTION_NODE);
    expect_state(fixture, CONNECTION_DOWN);
    fake_set_status(fixture->fake, FAKE_NODE, STATUS_OK, "");
    expect_state(fixture, CONNECTION_UP);
    assert_int_equal(fake_begun(fixture->fake, FAKE_CLOSE), 0);

    /* Its end is told, and is no loss of the new link. */
    fake_set_status(fixture->fake, FAKE_OPERATE, STATUS_UNAVAILABLE, "it was cut off");
    fake_release(fixture->fake, FAKE_OPERATE);
    expect_operated(fixture, 1, STATUS_UNAVAILABLE);
    assert_true(fake_wait_returned(fixture->fake, FAKE_CLOSE, 1));
    expect_collections(fixture);
    assert_int_equal(fake_begun(fixture->fake, FAKE_OPEN), 2);
}

static void test_a_lost_link_ends_an_operation_that_has_done_nothing(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, LONG_NS);
    fake_set_state(fixture->fake, DOMAIN_STATE_SHUTTING_DOWN);
    collector_operate(fixture->collector, new_job(1, OPERATION_MAKE_RUNNING), NULL);
    assert_true(fake_wait_returned(fixture->fake, FAKE_DOMAINS, 2));
    fake_set_status(fixture->fake, FAKE_NODE, STATUS_UNAVAILABLE, "lost");
    collector_request(fixture->collector, SECTION_BIT(SECTION_NODE));
    expect_collected(fixture, SECTION_NODE);
    expect_state(fixture, CONNECTION_DOWN);
    /* It could be started now. */
    fake_set_state(fixture->fake, DOMAIN_STATE_SHUTDOWN);
    while (next_event(fixture)->kind != COLLECTOR_OPERATED) {
    }
    assert_int_equal(fixture->event->error.status, STATUS_UNAVAILABLE);
    assert_int_equal(fake_begun(fixture->fake, FAKE_OPERATE), 0);
}

static void test_an_operation_that_takes_long_is_not_given_up(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, SHORT_NS);
    fake_hold(fixture->fake, FAKE_OPERATE, 0);
    operate(fixture, 1);
    assert_true(fake_wait_begun(fixture->fake, FAKE_OPERATE, 1));
    collector_schedule(fixture->collector, SECTION_NODE,
                       clock_boot_ns() + 2 * SHORT_NS);
    /* Nothing is told of it until then, and nothing of another state. */
    expect_collected(fixture, SECTION_NODE);
    expect_collections(fixture);
    assert_int_equal(fake_running(fixture->fake, FAKE_OPERATE), 1);
    fake_release(fixture->fake, FAKE_OPERATE);
    expect_operated(fixture, 1, STATUS_OK);
    expect_collections(fixture);
    assert_int_equal(fake_begun(fixture->fake, FAKE_OPEN), 1);
}

/* It is the hypervisor's own list that hangs, and the job's look with it. */
static void test_a_look_that_hangs_is_no_collection(void **state)
{
    struct fixture *fixture = *state;

    fixture->domain_timeout_ns = CLOCK_NS_PER_S;
    start(fixture, LONG_NS);
    fake_hang_domain(fixture->fake, FAKE_DOMAINS, 0);
    operate(fixture, 1);
    assert_true(fake_wait_begun(fixture->fake, FAKE_DOMAINS, 1));
    collector_request(fixture->collector, SECTION_BIT(SECTION_DOMAINS));
    assert_int_equal(next_event(fixture)->kind, COLLECTOR_DOMAIN);
    assert_true(expect_collected(fixture, SECTION_DOMAINS)->good);
    assert_int_equal(fake_asked(fixture->fake, FAKE_DOMAINS, 2), 1);
    fake_release_domain(fixture->fake, FAKE_DOMAINS, 0);
    while (next_event(fixture)->kind != COLLECTOR_OPERATED) {
        assert_int_equal(fixture->event->kind, COLLECTOR_DOMAIN);
    }
    assert_int_equal(fixture->event->error.status, STATUS_OK);
}

static void test_operations_take_no_room_from_collections(void **state)
{
    struct fixture *fixture = *state;
    bool told[MANY] = { false };

    fixture->domain_timeout_ns = CLOCK_NS_PER_S;
    start(fixture, LONG_NS);
    fake_hold(fixture->fake, FAKE_OPERATE, 0);
    for (uint64_t serial = 0; serial < MANY; serial++) {
        operate(fixture, serial);
    }
    assert_true(fake_wait_begun(fixture->fake, FAKE_OPERATE, MANY));
    expect_collections(fixture);
    /* A domain can be set aside all the same. */
    fake_hang_domain(fixture->fake, FAKE_STATISTICS, 1);
    collector_request(fixture->collector, SECTION_BIT(SECTION_STATISTICS));
    assert_int_equal(next_event(fixture)->kind, COLLECTOR_DOMAIN);
    assert_true(expect_collected(fixture, SECTION_STATISTICS)->good);

    fake_release(fixture->fake, FAKE_OPERATE);
    for (int i = 0; i < MANY; i++) {
        const struct collector_event *event = next_event(fixture);

        assert_int_equal(event->kind, COLLECTOR_OPERATED);
        assert_int_equal(event->error.status, STATUS_OK);
        assert_true(event->serial < MANY && !told[event->serial]);
        told[event->serial] = true;
    }
    assert_int_equal(fake_begun(fixture->fake, FAKE_OPERATE), MANY);
}

/* --- the end ---------------------------------------------------------------------- */

static void test_the_end_waits_for_no_operation(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, LONG_NS);
    fake_hold(fixture->fake, FAKE_OPERATE, 0);
    operate(fixture, 1);
    assert_true(fake_wait_begun(fixture->fake, FAKE_OPERATE, 1));
    assert_false(collector_stop(fixture->collector, 0));
    fixture->collector = NULL;
    assert_int_equal(fake_begun(fixture->fake, FAKE_CLOSE), 0);
    fake_release(fixture->fake, FAKE_OPERATE);
    /* The last one closes the link, and nobody is told. */
    assert_true(fake_wait_returned(fixture->fake, FAKE_CLOSE, 1));
    wait_for_threads_to_end();
    assert_null(queue_take(fixture->queue));
}

static void test_after_the_end_nothing_is_begun(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, LONG_NS);
    fake_set_state(fixture->fake, DOMAIN_STATE_SHUTTING_DOWN);
    collector_operate(fixture->collector, new_job(1, OPERATION_MAKE_RUNNING), NULL);
    assert_true(fake_wait_returned(fixture->fake, FAKE_DOMAINS, 2));
    collector_stop(fixture->collector, 0);
    fixture->collector = NULL;
    fake_set_state(fixture->fake, DOMAIN_STATE_SHUTDOWN);
    wait_for_threads_to_end();
    assert_int_equal(fake_begun(fixture->fake, FAKE_OPERATE), 0);
    assert_int_equal(fake_begun(fixture->fake, FAKE_CLOSE), 1);
    assert_null(queue_take(fixture->queue));
}

struct sender {
    struct fixture *fixture;
    uint64_t first;
    pthread_t thread;
};

#define SENT_BY_EACH 25

static void *send_jobs(void *argument)
{
    const struct sender *sender = argument;
    struct error refused = ERROR_NONE;

    error_set(&refused, STATUS_BUSY, "not this one");
    for (uint64_t i = 0; i < SENT_BY_EACH; i++) {
        collector_operate(sender->fixture->collector,
                          new_job(sender->first + i, OPERATION_PAUSE),
                          i % 5 == 0 ? &refused : NULL);
    }
    return NULL;
}

static void test_any_thread_may_bring_a_job(void **state)
{
    struct fixture *fixture = *state;
    bool told[2 * SENT_BY_EACH] = { false };
    struct sender senders[2];

    start(fixture, LONG_NS);
    for (size_t i = 0; i < 2; i++) {
        senders[i] = (struct sender) { fixture, i * SENT_BY_EACH, 0 };
        assert_int_equal(
            pthread_create(&senders[i].thread, NULL, send_jobs, &senders[i]), 0);
    }
    for (int i = 0; i < 2 * SENT_BY_EACH; i++) {
        const struct collector_event *event = next_event(fixture);

        assert_int_equal(event->kind, COLLECTOR_OPERATED);
        assert_true(event->serial < 2 * SENT_BY_EACH && !told[event->serial]);
        told[event->serial] = true;
        assert_int_equal(event->error.status,
                         event->serial % 5 == 0 ? STATUS_BUSY : STATUS_OK);
    }
    for (size_t i = 0; i < 2; i++) {
        pthread_join(senders[i].thread, NULL);
    }
    assert_int_equal(fake_begun(fixture->fake, FAKE_OPERATE), 2 * SENT_BY_EACH * 4 / 5);
    expect_collections(fixture);
}

/* Some have not begun, some are under way, some have ended: none is left. */
static void test_the_end_comes_at_any_moment(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, LONG_NS);
    for (uint64_t serial = 0; serial < MANY; serial++) {
        operate(fixture, serial);
    }
    stop(fixture, FAKE_DEADLINE_NS);
    assert_int_equal(fake_running(fixture->fake, FAKE_OPERATE), 0);
    assert_int_equal(fake_begun(fixture->fake, FAKE_CLOSE), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_an_operation_is_carried_out_and_told_of),
        WITH_FIXTURE(test_a_failure_is_told_and_the_link_stays),
        WITH_FIXTURE(test_what_is_refused_is_not_carried_out),
        WITH_FIXTURE(test_without_a_link_an_operation_ends_at_once),
        WITH_FIXTURE(test_an_operation_that_finds_the_link_lost_ends_it),
        WITH_FIXTURE(test_an_operation_may_outlive_its_link),
        WITH_FIXTURE(test_a_lost_link_ends_an_operation_that_has_done_nothing),
        WITH_FIXTURE(test_an_operation_that_takes_long_is_not_given_up),
        WITH_FIXTURE(test_a_look_that_hangs_is_no_collection),
        WITH_FIXTURE(test_operations_take_no_room_from_collections),
        WITH_FIXTURE(test_the_end_waits_for_no_operation),
        WITH_FIXTURE(test_after_the_end_nothing_is_begun),
        WITH_FIXTURE(test_any_thread_may_bring_a_job),
        WITH_FIXTURE(test_the_end_comes_at_any_moment),
    };

    return cmocka_run_group_tests_name("collector_operate", tests, NULL, NULL);
}
