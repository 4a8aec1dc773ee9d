/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_collector.c - what the agent learns of a hypervisor that answers,
 * refuses, fails, or hangs, and what becomes of the calls.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/collector_fixture.h"

/* What returns promptly returns sooner, however much the machine has to do. */
#define PROMPT_NS (8 * CLOCK_NS_PER_S)

/* The shortest delays before the first and the second attempt to reconnect. */
#define FIRST_DELAY_NS (800 * CLOCK_NS_PER_MS)
#define SECOND_DELAY_NS (1600 * CLOCK_NS_PER_MS)

static void test_a_link_is_opened_at_once(void **state)
{
    struct fixture *fixture = *state;

    start_with(fixture, LONG_NS, NULL);
    assert_int_equal(expect_state(fixture, CONNECTION_UP)->error.status, STATUS_OK);
    assert_int_equal(fake_begun(fixture->fake, FAKE_OPEN), 1);
    stop(fixture, FAKE_DEADLINE_NS);
    assert_true(fake_wait_returned(fixture->fake, FAKE_CLOSE, 1));
    /* Nothing was asked for. */
    for (int section = 0; section < SECTION_COUNT; section++) {
        assert_int_equal(fake_begun(fixture->fake, (enum fake_call)section), 0);
    }
}

static void test_a_refused_link_is_tried_again_later_and_later(void **state)
{
    struct fixture *fixture = *state;
    const struct collector_event *event;
    int64_t down_ns;

    fake_set_status(fixture->fake, FAKE_OPEN, STATUS_DENIED, "no permission");
    start_with(fixture, LONG_NS, NULL);
    event = expect_state(fixture, CONNECTION_DOWN);
    assert_int_equal(event->error.status, STATUS_DENIED);
    assert_string_equal(event->error.text, "no permission");
    down_ns = fake_begun_ns(fixture->fake, FAKE_OPEN);

    fake_set_status(fixture->fake, FAKE_OPEN, STATUS_IO, "still not");
    event = expect_state(fixture, CONNECTION_DOWN);
    assert_string_equal(event->error.text, "still not");
    assert_true(fake_begun_ns(fixture->fake, FAKE_OPEN) - down_ns >= FIRST_DELAY_NS);
    down_ns = fake_begun_ns(fixture->fake, FAKE_OPEN);

    fake_set_status(fixture->fake, FAKE_OPEN, STATUS_OK, "");
    expect_state(fixture, CONNECTION_UP);
    assert_true(fake_begun_ns(fixture->fake, FAKE_OPEN) - down_ns >= SECOND_DELAY_NS);
    assert_int_equal(fake_begun(fixture->fake, FAKE_OPEN), 3);
    assert_int_equal(fake_begun(fixture->fake, FAKE_CLOSE), 0);
    collect(fixture, SECTION_NODE);
}

static void test_what_was_delivered_is_told(void **state)
{
    struct fixture *fixture = *state;
    int64_t begun_ns;

    start(fixture, LONG_NS);
    begun_ns = clock_boot_ns();
    collect(fixture, SECTION_NODE);
    assert_false(fixture->event->abandoned);
    assert_true(fixture->event->duration_ns >= 0);
    assert_non_null(fixture->snapshot->node);
    assert_string_equal(fixture->snapshot->node->software, "Fake");
    assert_true(fixture->snapshot->sampled_ns[SECTION_NODE] >= begun_ns);
    assert_int_equal(fixture->snapshot->domain_count, 0);

    collect(fixture, SECTION_DOMAINS);
    assert_int_equal(fixture->snapshot->domain_count, 3);
    collect(fixture, SECTION_STATISTICS);
    assert_int_equal(fixture->snapshot->domain_count, 3);
    assert_non_null(fixture->snapshot->domains[2].statistics);
    assert_null(fixture->snapshot->domains[2].config);
    collect(fixture, SECTION_CONFIGS);
    assert_non_null(fixture->snapshot->domains[2].config);

    fake_set_domains(fixture->fake, 2);
    collect(fixture, SECTION_DOMAINS);
    assert_int_equal(fixture->snapshot->domain_count, 2);
}

static void test_one_domain_that_fails_spoils_nothing(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, LONG_NS);
    collect(fixture, SECTION_DOMAINS);
    fake_set_failing(fixture->fake, 1);
    collect(fixture, SECTION_STATISTICS);
    assert_int_equal(fixture->snapshot->domain_count, 3);
    assert_non_null(fixture->snapshot->domains[0].statistics);
    assert_null(fixture->snapshot->domains[1].statistics);
    assert_non_null(fixture->snapshot->domains[2].statistics);
}

static void test_a_failed_collection_leaves_the_link_open(void **state)
{
    struct fixture *fixture = *state;
    const struct collector_event *event;

    start(fixture, LONG_NS);
    collect(fixture, SECTION_DOMAINS);
    fake_set_domains(fixture->fake, 1);
    fake_set_status(fixture->fake, FAKE_DOMAINS, STATUS_FAILED, "the list is broken");
    collector_request(fixture->collector, SECTION_BIT(SECTION_DOMAINS));
    event = expect_collected(fixture, SECTION_DOMAINS);
    assert_false(event->good);
    assert_false(event->abandoned);
    assert_int_equal(event->error.status, STATUS_FAILED);
    assert_string_equal(event->error.text, "the list is broken");
    /* What was not delivered is not gone. */
    assert_int_equal(fixture->snapshot->domain_count, 3);

    fake_set_status(fixture->fake, FAKE_DOMAINS, STATUS_BUSY, "");
    collector_request(fixture->collector, SECTION_BIT(SECTION_DOMAINS));
    event = expect_collected(fixture, SECTION_DOMAINS);
    assert_false(event->good);
    assert_int_equal(event->error.status, STATUS_BUSY);
    assert_string_not_equal(event->error.text, "");

    fake_set_status(fixture->fake, FAKE_DOMAINS, STATUS_OK, "");
    collect(fixture, SECTION_DOMAINS);
    assert_int_equal(fixture->snapshot->domain_count, 1);
    assert_int_equal(fake_begun(fixture->fake, FAKE_OPEN), 1);
}

static void test_a_lost_link_is_closed_and_opened_anew(void **state)
{
    struct fixture *fixture = *state;
    const struct collector_event *event;
    int64_t lost_ns;

    start(fixture, LONG_NS);
    collect(fixture, SECTION_DOMAINS);
    fake_set_status(fixture->fake, FAKE_DOMAINS, STATUS_UNAVAILABLE, "it has gone");
    collector_request(fixture->collector, SECTION_BIT(SECTION_DOMAINS));
    event = expect_collected(fixture, SECTION_DOMAINS);
    assert_false(event->good);
    assert_string_equal(event->error.text, "it has gone");
    lost_ns = fake_begun_ns(fixture->fake, FAKE_DOMAINS);
    event = expect_state(fixture, CONNECTION_DOWN);
    assert_int_equal(event->error.status, STATUS_UNAVAILABLE);
    assert_string_equal(event->error.text, "it has gone");

    fake_set_status(fixture->fake, FAKE_DOMAINS, STATUS_OK, "");
    expect_state(fixture, CONNECTION_UP);
    assert_true(fake_begun_ns(fixture->fake, FAKE_OPEN) - lost_ns >= FIRST_DELAY_NS);
    assert_int_equal(fake_begun(fixture->fake, FAKE_CLOSE), 1);
    /* What was known has stayed. */
    assert_int_equal(fixture->snapshot->domain_count, 3);
    collect(fixture, SECTION_NODE);
    assert_int_equal(fixture->snapshot->domain_count, 3);
}

static void test_requests_before_the_link_is_open_are_one(void **state)
{
    struct fixture *fixture = *state;
    unsigned collected = 0;

    fake_hold(fixture->fake, FAKE_OPEN, 0);
    start_with(fixture, LONG_NS, NULL);
    for (int i = 0; i < 100; i++) {
        collector_request(fixture->collector, i % 2 == 0 ? SECTION_ALL : 0);
    }
    fake_release(fixture->fake, FAKE_OPEN);
    expect_state(fixture, CONNECTION_UP);
    for (int i = 0; i < SECTION_COUNT; i++) {
        const struct collector_event *event = next_event(fixture);

        assert_int_equal(event->kind, COLLECTOR_COLLECTED);
        assert_true(event->good);
        assert_int_equal(collected & SECTION_BIT(event->section), 0);
        collected |= SECTION_BIT(event->section);
    }
    assert_int_equal(collected, SECTION_ALL);
    collect(fixture, SECTION_NODE);
    assert_int_equal(fake_begun(fixture->fake, FAKE_NODE), 2);
    assert_int_equal(fake_begun(fixture->fake, FAKE_DOMAINS), 1);
    assert_int_equal(fake_begun(fixture->fake, FAKE_CONFIGS), 1);
    assert_int_equal(fake_begun(fixture->fake, FAKE_STATISTICS), 1);
}

static void test_requests_during_a_collection_are_one(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, LONG_NS);
    fake_hold(fixture->fake, FAKE_DOMAINS, 0);
    collector_request(fixture->collector, SECTION_BIT(SECTION_DOMAINS));
    assert_true(fake_wait_begun(fixture->fake, FAKE_DOMAINS, 1));
    for (int i = 0; i < 100; i++) {
        collector_request(fixture->collector, SECTION_BIT(SECTION_DOMAINS));
    }
    collect(fixture, SECTION_NODE);
    assert_int_equal(fake_begun(fixture->fake, FAKE_DOMAINS), 1);
    fake_release(fixture->fake, FAKE_DOMAINS);
    assert_true(expect_collected(fixture, SECTION_DOMAINS)->good);
    /* What was asked for meanwhile is answered by it. */
    collect(fixture, SECTION_NODE);
    assert_int_equal(fake_begun(fixture->fake, FAKE_DOMAINS), 1);
    collect(fixture, SECTION_DOMAINS);
    stop(fixture, FAKE_DEADLINE_NS);
    assert_int_equal(fake_begun(fixture->fake, FAKE_DOMAINS), 2);
    assert_int_equal(fake_most_running(fixture->fake, FAKE_DOMAINS), 1);
}

/* What is told of domains finds no rows before there is a list. */
static void test_the_list_comes_before_what_is_told_of_its_domains(void **state)
{
    struct fixture *fixture = *state;
    unsigned collected = 0;

    start(fixture, LONG_NS);
    fake_hold(fixture->fake, FAKE_DOMAINS, 0);
    collector_request(fixture->collector, SECTION_ALL & ~SECTION_BIT(SECTION_STORAGE));
    assert_true(expect_collected(fixture, SECTION_NODE)->good);
    assert_true(fake_wait_begun(fixture->fake, FAKE_DOMAINS, 1));
    collect(fixture, SECTION_NODE);
    assert_int_equal(fake_begun(fixture->fake, FAKE_CONFIGS), 0);
    assert_int_equal(fake_begun(fixture->fake, FAKE_STATISTICS), 0);
    assert_int_equal(fake_begun(fixture->fake, FAKE_DEVICES), 0);

    fake_release(fixture->fake, FAKE_DOMAINS);
    assert_true(expect_collected(fixture, SECTION_DOMAINS)->good);
    for (int i = 0; i < 3; i++) {
        assert_true(next_event(fixture)->good);
        collected |= SECTION_BIT(fixture->event->section);
    }
    assert_int_equal(collected, SECTION_BIT(SECTION_CONFIGS)
                                    | SECTION_BIT(SECTION_STATISTICS)
                                    | SECTION_BIT(SECTION_DEVICES));
    for (size_t i = 0; i < 3; i++) {
        assert_non_null(fixture->snapshot->domains[i].statistics);
        assert_non_null(fixture->snapshot->domains[i].config);
    }
}

static void test_a_call_that_hangs_is_given_up_with_what_it_delivered(void **state)
{
    struct fixture *fixture = *state;
    const struct collector_event *event;

    start(fixture, SHORT_NS);
    fake_hold(fixture->fake, FAKE_DOMAINS, 2);
    collector_request(fixture->collector, SECTION_BIT(SECTION_DOMAINS));
    event = expect_collected(fixture, SECTION_DOMAINS);
    assert_false(event->good);
    assert_true(event->abandoned);
    assert_int_equal(event->error.status, STATUS_TIMEOUT);
    assert_true(event->duration_ns >= SHORT_NS);
    assert_int_equal(fixture->snapshot->domain_count, 2);
    event = expect_state(fixture, CONNECTION_UNRESPONSIVE);
    assert_int_equal(event->error.status, STATUS_TIMEOUT);
    assert_string_not_equal(event->error.text, "");

    /* What comes later is refused, and the link works again. */
    fake_release(fixture->fake, FAKE_DOMAINS);
    expect_state(fixture, CONNECTION_UP);
    assert_int_equal(fake_refused(fixture->fake), 1);
    assert_int_equal(fake_begun(fixture->fake, FAKE_OPEN), 1);
    collect(fixture, SECTION_DOMAINS);
    assert_int_equal(fixture->snapshot->domain_count, 3);

    /* A list cut short ends no domain. */
    fake_hold(fixture->fake, FAKE_DOMAINS, 1);
    collector_request(fixture->collector, SECTION_BIT(SECTION_DOMAINS));
    assert_true(expect_collected(fixture, SECTION_DOMAINS)->abandoned);
    assert_int_equal(fixture->snapshot->domain_count, 3);
}

static void test_while_one_call_hangs_others_go_on(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, SHORT_NS);
    collect(fixture, SECTION_DOMAINS);
    fake_hold(fixture->fake, FAKE_STATISTICS, 1);
    collector_request(fixture->collector, SECTION_BIT(SECTION_STATISTICS));
    assert_true(expect_collected(fixture, SECTION_STATISTICS)->abandoned);
    assert_non_null(fixture->snapshot->domains[0].statistics);
    assert_null(fixture->snapshot->domains[1].statistics);
    expect_state(fixture, CONNECTION_UNRESPONSIVE);

    for (int i = 0; i < 5; i++) {
        collector_request(fixture->collector, SECTION_BIT(SECTION_STATISTICS));
        collect(fixture, SECTION_NODE);
        collect(fixture, SECTION_DOMAINS);
    }
    assert_int_equal(fake_begun(fixture->fake, FAKE_STATISTICS), 1);
    assert_int_equal(fake_running(fixture->fake, FAKE_STATISTICS), 1);

    fake_release(fixture->fake, FAKE_STATISTICS);
    expect_state(fixture, CONNECTION_UP);
    /* What was asked for meanwhile. */
    assert_true(expect_collected(fixture, SECTION_STATISTICS)->good);
    assert_non_null(fixture->snapshot->domains[2].statistics);
    assert_int_equal(fake_most_running(fixture->fake, FAKE_STATISTICS), 1);
}

static void test_a_hanging_list_holds_up_statistics_only_for_a_while(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, SHORT_NS);
    collect(fixture, SECTION_DOMAINS);
    fake_hold(fixture->fake, FAKE_DOMAINS, 0);
    collector_request(fixture->collector, SECTION_BIT(SECTION_DOMAINS));
    assert_true(expect_collected(fixture, SECTION_DOMAINS)->abandoned);
    expect_state(fixture, CONNECTION_UNRESPONSIVE);
    collect(fixture, SECTION_STATISTICS);
    assert_non_null(fixture->snapshot->domains[2].statistics);
}

static void test_a_late_loss_is_a_loss(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, SHORT_NS);
    fake_hold(fixture->fake, FAKE_NODE, 0);
    fake_set_status(fixture->fake, FAKE_CONFIGS, STATUS_UNAVAILABLE, "lost at last");
    fake_hold(fixture->fake, FAKE_CONFIGS, 0);
    fake_set_domains(fixture->fake, 0);
    collector_request(fixture->collector, SECTION_BIT(SECTION_CONFIGS));
    assert_true(expect_collected(fixture, SECTION_CONFIGS)->abandoned);
    expect_state(fixture, CONNECTION_UNRESPONSIVE);
    fake_release(fixture->fake, FAKE_CONFIGS);
    assert_string_equal(expect_state(fixture, CONNECTION_DOWN)->error.text,
                        "lost at last");
}

static void test_a_link_that_is_of_no_use_is_tried_more_and_more_rarely(void **state)
{
    struct fixture *fixture = *state;
    int64_t opened_ns[3];

    fake_set_status(fixture->fake, FAKE_NODE, STATUS_UNAVAILABLE, "lost");
    start(fixture, LONG_NS);
    for (int link = 0; link < 3; link++) {
        opened_ns[link] = fake_begun_ns(fixture->fake, FAKE_OPEN);
        if (link < 2) {
            collector_request(fixture->collector, SECTION_BIT(SECTION_NODE));
            expect_collected(fixture, SECTION_NODE);
            expect_state(fixture, CONNECTION_DOWN);
            expect_state(fixture, CONNECTION_UP);
        }
    }
    assert_true(opened_ns[1] - opened_ns[0] >= FIRST_DELAY_NS);
    assert_true(opened_ns[2] - opened_ns[1] >= SECOND_DELAY_NS);
}

/* --- what is scheduled ---------------------------------------------------------- */

static void test_what_is_scheduled_is_collected_then_and_once(void **state)
{
    struct fixture *fixture = *state;
    int64_t at_ns;

    start(fixture, LONG_NS);
    collect(fixture, SECTION_DOMAINS);
    at_ns = clock_boot_ns() + 300 * CLOCK_NS_PER_MS;
    collector_schedule(fixture->collector, SECTION_DOMAINS, at_ns);
    assert_true(expect_collected(fixture, SECTION_DOMAINS)->good);
    assert_true(fixture->event->started_ns >= at_ns);
    collector_schedule(fixture->collector, SECTION_NODE, clock_boot_ns() + LONG_NS);
    collector_schedule(fixture->collector, SECTION_CONFIGS, clock_boot_ns());
    expect_collected(fixture, SECTION_CONFIGS);
    collector_schedule(fixture->collector, SECTION_NODE, CLOCK_NEVER);
    stop(fixture, FAKE_DEADLINE_NS);
    assert_int_equal(fake_begun(fixture->fake, FAKE_DOMAINS), 2);
    assert_int_equal(fake_begun(fixture->fake, FAKE_NODE), 0);
}

static void test_what_is_scheduled_is_forgotten_with_the_link(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, LONG_NS);
    /* After the next link is open. */
    collector_schedule(fixture->collector, SECTION_DOMAINS,
                       clock_boot_ns() + 2 * CLOCK_NS_PER_S);
    fake_set_status(fixture->fake, FAKE_NODE, STATUS_UNAVAILABLE, "lost");
    collector_request(fixture->collector, SECTION_BIT(SECTION_NODE));
    expect_collected(fixture, SECTION_NODE);
    expect_state(fixture, CONNECTION_DOWN);
    expect_state(fixture, CONNECTION_UP);
    collector_schedule(fixture->collector, SECTION_CONFIGS,
                       clock_boot_ns() + 2 * CLOCK_NS_PER_S);
    expect_collected(fixture, SECTION_CONFIGS);
    assert_int_equal(fake_begun(fixture->fake, FAKE_DOMAINS), 0);
}

static void test_what_is_scheduled_while_it_runs_is_done(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, LONG_NS);
    fake_hold(fixture->fake, FAKE_DOMAINS, 0);
    collector_request(fixture->collector, SECTION_BIT(SECTION_DOMAINS));
    assert_true(fake_wait_begun(fixture->fake, FAKE_DOMAINS, 1));
    collector_schedule(fixture->collector, SECTION_DOMAINS, clock_boot_ns());
    collect(fixture, SECTION_NODE);
    fake_release(fixture->fake, FAKE_DOMAINS);
    expect_collected(fixture, SECTION_DOMAINS);
    collect(fixture, SECTION_NODE);
    stop(fixture, FAKE_DEADLINE_NS);
    assert_int_equal(fake_begun(fixture->fake, FAKE_DOMAINS), 1);
}

static void test_an_open_that_hangs_is_told_and_awaited(void **state)
{
    struct fixture *fixture = *state;
    const struct collector_event *event;

    fake_hold(fixture->fake, FAKE_OPEN, 0);
    start_with(fixture, SHORT_NS, NULL);
    event = expect_state(fixture, CONNECTION_UNRESPONSIVE);
    assert_int_equal(event->error.status, STATUS_TIMEOUT);
    fake_release(fixture->fake, FAKE_OPEN);
    expect_state(fixture, CONNECTION_UP);
    assert_int_equal(fake_begun(fixture->fake, FAKE_OPEN), 1);
    collect(fixture, SECTION_NODE);
}

/* Stops with no patience, which must not take long; the queue is empty then. */
static void stop_promptly(struct fixture *fixture)
{
    const int64_t begun_ns = clock_boot_ns();

    stop(fixture, 0);
    assert_true(clock_boot_ns() - begun_ns < PROMPT_NS);
    free_events(fixture);
    fixture->arrived = queue_take(fixture->queue);
    free_events(fixture);
}

static void test_a_call_that_hangs_does_not_hold_up_the_end(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, LONG_NS);
    fake_hold(fixture->fake, FAKE_DOMAINS, 2);
    fake_hold(fixture->fake, FAKE_NODE, 0);
    collector_request(fixture->collector,
                      SECTION_BIT(SECTION_DOMAINS) | SECTION_BIT(SECTION_NODE));
    assert_true(fake_wait_begun(fixture->fake, FAKE_DOMAINS, 1));
    assert_true(fake_wait_begun(fixture->fake, FAKE_NODE, 1));
    stop_promptly(fixture);
    assert_int_equal(fake_begun(fixture->fake, FAKE_CLOSE), 0);

    /* The last call to return closes the link and frees everything. */
    fake_release(fixture->fake, FAKE_NODE);
    assert_true(fake_wait_returned(fixture->fake, FAKE_NODE, 1));
    fake_release(fixture->fake, FAKE_DOMAINS);
    assert_true(fake_wait_returned(fixture->fake, FAKE_CLOSE, 1));
    wait_for_threads_to_end();
    assert_int_equal(fake_refused(fixture->fake), 1);
    assert_null(queue_take(fixture->queue));
    assert_int_equal(fake_begun(fixture->fake, FAKE_CLOSE), 1);
}

static void test_a_call_given_up_before_does_not_hold_up_the_end(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, SHORT_NS);
    fake_hold(fixture->fake, FAKE_DOMAINS, 2);
    collector_request(fixture->collector, SECTION_BIT(SECTION_DOMAINS));
    assert_true(expect_collected(fixture, SECTION_DOMAINS)->abandoned);
    expect_state(fixture, CONNECTION_UNRESPONSIVE);
    stop_promptly(fixture);
    fake_release(fixture->fake, FAKE_DOMAINS);
    assert_true(fake_wait_returned(fixture->fake, FAKE_CLOSE, 1));
    wait_for_threads_to_end();
    assert_null(queue_take(fixture->queue));
}

static void test_an_open_that_hangs_does_not_hold_up_the_end(void **state)
{
    struct fixture *fixture = *state;

    fake_hold(fixture->fake, FAKE_OPEN, 0);
    start_with(fixture, LONG_NS, NULL);
    assert_true(fake_wait_begun(fixture->fake, FAKE_OPEN, 1));
    stop_promptly(fixture);
    fake_release(fixture->fake, FAKE_OPEN);
    /* What it opened at last is closed. */
    assert_true(fake_wait_returned(fixture->fake, FAKE_CLOSE, 1));
    wait_for_threads_to_end();
    assert_null(queue_take(fixture->queue));
}

static void test_waiting_to_reconnect_does_not_hold_up_the_end(void **state)
{
    struct fixture *fixture = *state;

    fake_set_status(fixture->fake, FAKE_OPEN, STATUS_UNAVAILABLE, "not there");
    start_with(fixture, LONG_NS, NULL);
    expect_state(fixture, CONNECTION_DOWN);
    stop_promptly(fixture);
    wait_for_threads_to_end();
    assert_int_equal(fake_begun(fixture->fake, FAKE_CLOSE), 0);
}

static void test_a_close_that_hangs_does_not_hold_up_the_end(void **state)
{
    struct fixture *fixture = *state;

    start(fixture, LONG_NS);
    fake_hold(fixture->fake, FAKE_CLOSE, 0);
    stop_promptly(fixture);
    assert_true(fake_wait_begun(fixture->fake, FAKE_CLOSE, 1));
    fake_release(fixture->fake, FAKE_CLOSE);
    assert_true(fake_wait_returned(fixture->fake, FAKE_CLOSE, 1));
}

/* Lets close go once the next link is being opened, or in the end. */
static void *release_close_late(void *argument)
{
    struct fake *fake = argument;
    bool reopened = fake_wait_begun(fake, FAKE_OPEN, 2);

    fake_release(fake, FAKE_CLOSE);
    return reopened ? fake : NULL;
}

/* A lost link may be slow to close: that is told, and tried anew, all the same. */
static void test_a_close_that_hangs_does_not_hold_up_the_next_link(void **state)
{
    struct fixture *fixture = *state;
    void *reopened;
    pthread_t thread;

    start(fixture, LONG_NS);
    fake_hold(fixture->fake, FAKE_CLOSE, 0);
    fake_set_status(fixture->fake, FAKE_NODE, STATUS_UNAVAILABLE, "it has gone");
    collector_request(fixture->collector, SECTION_BIT(SECTION_NODE));
    assert_false(expect_collected(fixture, SECTION_NODE)->good);
    assert_int_equal(pthread_create(&thread, NULL, release_close_late, fixture->fake),
                     0);
    assert_int_equal(pthread_join(thread, &reopened), 0);
    assert_non_null(reopened);
    expect_state(fixture, CONNECTION_DOWN);
    expect_state(fixture, CONNECTION_UP);
}

static void test_a_patient_end_waits_for_calls(void **state)
{
    struct fixture *fixture = *state;
    const int64_t begun_ns = clock_boot_ns();

    start(fixture, LONG_NS);
    collector_request(fixture->collector, SECTION_ALL);
    stop(fixture, FAKE_DEADLINE_NS);
    /* It has waited for them, and no longer. */
    for (int section = 0; section < SECTION_COUNT; section++) {
        assert_int_equal(fake_running(fixture->fake, (enum fake_call)section), 0);
    }
    assert_int_equal(fake_begun(fixture->fake, FAKE_CLOSE), 1);
    assert_int_equal(fake_running(fixture->fake, FAKE_CLOSE), 0);
    assert_true(clock_boot_ns() - begun_ns < PROMPT_NS);
    collector_stop(NULL, 0);
}

/* Before a manager sees an index it is on disk, and it stays. */
static void test_indices_are_on_disk_when_they_are_told(void **state)
{
    struct fixture *fixture = *state;
    uint32_t index;
    struct stat file;

    start_with(fixture, LONG_NS, fixture->path);
    expect_state(fixture, CONNECTION_UP);
    collect(fixture, SECTION_DOMAINS);
    assert_int_equal(fixture->event->error.status, STATUS_OK);
    assert_int_equal(stat(fixture->path, &file), 0);
    assert_true(file.st_size > 0);
    fake_set_domains(fixture->fake, 4);
    collect(fixture, SECTION_DOMAINS);
    index = fixture->snapshot->domains[3].index;
    assert_int_equal(index, 4);
    stop(fixture, FAKE_DEADLINE_NS);
    wait_for_threads_to_end();

    /* The same domain at the next start, although others are gone. */
    fake_set_failing(fixture->fake, -1);
    start_with(fixture, LONG_NS, fixture->path);
    expect_state(fixture, CONNECTION_UP);
    collect(fixture, SECTION_DOMAINS);
    assert_int_equal(fixture->snapshot->domain_count, 4);
    assert_int_equal(fixture->snapshot->domains[3].index, index);
    assert_string_equal(fixture->snapshot->domains[3].domain->name, "D");
}

static void test_a_file_that_cannot_be_written_spoils_no_collection(void **state)
{
    struct fixture *fixture = *state;
    char path[400];

    snprintf(path, sizeof(path), "%s/nowhere/domains", fixture->folder);
    start_with(fixture, LONG_NS, path);
    expect_state(fixture, CONNECTION_UP);
    collect(fixture, SECTION_DOMAINS);
    assert_int_equal(fixture->event->error.status, STATUS_IO);
    assert_non_null(strstr(fixture->event->error.text, path));
    assert_int_equal(fixture->snapshot->domain_count, 3);
}

/* The references on a snapshot become this many. */
static void wait_for_references(const struct snapshot *snapshot, unsigned count)
{
    const struct timespec pause = { .tv_nsec = 1000000 };
    const int64_t deadline_ns = clock_boot_ns() + FAKE_DEADLINE_NS;

    while (atomic_load(&snapshot->record.references) != count) {
        if (clock_boot_ns() > deadline_ns) {
            fail_msg("a snapshot is not freed");
        }
        nanosleep(&pause, NULL);
    }
}

static void test_what_is_taken_back_is_freed(void **state)
{
    struct fixture *fixture = *state;
    struct snapshot *old;
    struct snapshot *last;

    start(fixture, LONG_NS);
    collect(fixture, SECTION_DOMAINS);
    old = snapshot_ref(fixture->snapshot);
    collect(fixture, SECTION_STATISTICS);
    /* It is shown no longer, but by this event. */
    snapshot_unref(fixture->event->snapshot);
    fixture->event->snapshot = snapshot_ref(old);
    collector_take_back(fixture->collector, fixture->event);
    fixture->event = NULL;
    wait_for_references(old, 1);
    snapshot_unref(old);

    /* At the end, too. */
    collect(fixture, SECTION_CONFIGS);
    last = snapshot_ref(fixture->event->snapshot);
    collector_take_back(fixture->collector, fixture->event);
    fixture->event = NULL;
    stop(fixture, FAKE_DEADLINE_NS);
    snapshot_unref(fixture->snapshot);
    fixture->snapshot = NULL;
    wait_for_references(last, 1);
    snapshot_unref(last);
}

static void *request_often(void *argument)
{
    struct collector *collector = argument;

    for (unsigned i = 0; i < 500; i++) {
        collector_request(collector, SECTION_BIT(i % SECTION_COUNT));
    }
    return NULL;
}

static void test_requests_and_events_cross(void **state)
{
    struct fixture *fixture = *state;
    unsigned collected = 0;
    pthread_t thread;

    start(fixture, LONG_NS);
    assert_int_equal(pthread_create(&thread, NULL, request_often, fixture->collector),
                     0);
    while (collected != SECTION_ALL) {
        const struct collector_event *event = next_event(fixture);

        assert_int_equal(event->kind, COLLECTOR_COLLECTED);
        assert_true(event->good);
        collected |= SECTION_BIT(event->section);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    stop(fixture, FAKE_DEADLINE_NS);
    for (int section = 0; section < SECTION_COUNT; section++) {
        assert_int_equal(fake_most_running(fixture->fake, (enum fake_call)section), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_a_link_is_opened_at_once),
        WITH_FIXTURE(test_a_refused_link_is_tried_again_later_and_later),
        WITH_FIXTURE(test_what_was_delivered_is_told),
        WITH_FIXTURE(test_one_domain_that_fails_spoils_nothing),
        WITH_FIXTURE(test_a_failed_collection_leaves_the_link_open),
        WITH_FIXTURE(test_a_lost_link_is_closed_and_opened_anew),
        WITH_FIXTURE(test_requests_before_the_link_is_open_are_one),
        WITH_FIXTURE(test_requests_during_a_collection_are_one),
        WITH_FIXTURE(test_the_list_comes_before_what_is_told_of_its_domains),
        WITH_FIXTURE(test_a_call_that_hangs_is_given_up_with_what_it_delivered),
        WITH_FIXTURE(test_while_one_call_hangs_others_go_on),
        WITH_FIXTURE(test_a_hanging_list_holds_up_statistics_only_for_a_while),
        WITH_FIXTURE(test_a_late_loss_is_a_loss),
        WITH_FIXTURE(test_a_link_that_is_of_no_use_is_tried_more_and_more_rarely),
        WITH_FIXTURE(test_what_is_scheduled_is_collected_then_and_once),
        WITH_FIXTURE(test_what_is_scheduled_is_forgotten_with_the_link),
        WITH_FIXTURE(test_what_is_scheduled_while_it_runs_is_done),
        WITH_FIXTURE(test_an_open_that_hangs_is_told_and_awaited),
        WITH_FIXTURE(test_a_call_that_hangs_does_not_hold_up_the_end),
        WITH_FIXTURE(test_a_call_given_up_before_does_not_hold_up_the_end),
        WITH_FIXTURE(test_an_open_that_hangs_does_not_hold_up_the_end),
        WITH_FIXTURE(test_waiting_to_reconnect_does_not_hold_up_the_end),
        WITH_FIXTURE(test_a_close_that_hangs_does_not_hold_up_the_end),
        WITH_FIXTURE(test_a_close_that_hangs_does_not_hold_up_the_next_link),
        WITH_FIXTURE(test_a_patient_end_waits_for_calls),
        WITH_FIXTURE(test_indices_are_on_disk_when_they_are_told),
        WITH_FIXTURE(test_a_file_that_cannot_be_written_spoils_no_collection),
        WITH_FIXTURE(test_what_is_taken_back_is_freed),
        WITH_FIXTURE(test_requests_and_events_cross),
    };

    return cmocka_run_group_tests_name("collector", tests, NULL, NULL);
}
