/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_connection.c - which data is fresh enough for an answer, what becomes
 * of a connection's state and counters, and what managers see of its URI.
 *
 * The events are made here: the hypervisor behind the connection never gets
 * so far as to open.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/connection.h"
#include "agent/log.h"
#include "tests/unit/fake_backend.h"

#define NODE SECTION_BIT(SECTION_NODE)
#define DOMAINS SECTION_BIT(SECTION_DOMAINS)
#define CONFIGS SECTION_BIT(SECTION_CONFIGS)
#define STATISTICS SECTION_BIT(SECTION_STATISTICS)

#define MAX_AGE_NS (5 * CLOCK_NS_PER_S)
#define UUID_TEXT "7c0aa8f4-5d5c-4c5e-8a51-0f1f0d3b7a11"

/* Of a collection. */
#define DURATION_NS 5000

struct fixture {
    struct agent_status counters;
    struct fake *fake;
    struct queue *queue;
    struct config *config;
    struct connection *connection;
    struct log_capture *log;
    unsigned lines; /* warnings and errors logged */
    char last_line[1024];
};

static int prepare_log(void **state)
{
    (void)state;
    return log_init() ? 0 : -1;
}

static void connect_with(struct fixture *fixture, const char *uri,
                         const struct backend_ops *ops)
{
    char name[] = "west";
    const struct config_connection from = {
        .name = "west",
        .uri = strdup(uri),
        .context = name,
        .is_default = true,
    };
    struct connection_settings settings = {
        .id = 7,
        .config = fixture->config,
        .from = &from,
        .index = 3,
        .ops = ops,
        .queue = fixture->queue,
        .counters = &fixture->counters,
    };
    struct error error = ERROR_NONE;

    assert_non_null(from.uri);
    assert_int_equal(index_store_open(NULL, 0, &settings.indices.domains, &error),
                     STATUS_OK);
    assert_int_equal(index_store_open(NULL, 0, &settings.indices.volumes, &error),
                     STATUS_OK);
    fixture->connection = connection_new(&settings, &error);
    /* It keeps no pointer to what it was made from. */
    memset(from.uri, 'x', strlen(from.uri));
    free(from.uri);
    memset(name, 'x', sizeof(name) - 1);
    if (fixture->connection == NULL) {
        fail_msg("%s", error.text);
    }
}

static int setup_without_connection(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL) {
        return -1;
    }
    fixture->fake = fake_new();
    fixture->queue = queue_new();
    fixture->config = config_new();
    fixture->log = log_capture_begin();
    if (fixture->fake == NULL || fixture->queue == NULL || fixture->config == NULL
        || fixture->log == NULL) {
        return -1;
    }
    fake_hold(fixture->fake, FAKE_OPEN, 0);
    *state = fixture;
    return 0;
}

static int setup(void **state)
{
    struct fixture *fixture;

    if (setup_without_connection(state) != 0) {
        return -1;
    }
    fixture = *state;
    connect_with(fixture, fake_uri(fixture->fake), &fake_ops);
    return 0;
}

static void disconnect(struct fixture *fixture)
{
    connection_free(fixture->connection, 0);
    fixture->connection = NULL;
}

static void keep_line(const char *line, void *argument)
{
    struct fixture *fixture = argument;

    fixture->lines++;
    snprintf(fixture->last_line, sizeof(fixture->last_line), "%s", line);
}

/* The lines logged since the last time. */
static unsigned logged(struct fixture *fixture)
{
    fixture->lines = 0;
    (void)log_capture_end(fixture->log, keep_line, fixture);
    fixture->log = log_capture_begin();
    assert_non_null(fixture->log);
    return fixture->lines;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    disconnect(fixture);
    fake_release(fixture->fake, FAKE_OPEN);
    if (!fake_wait_threads()) {
        return -1;
    }
    (void)log_capture_end(fixture->log, keep_line, fixture);
    config_free(fixture->config);
    queue_unref(fixture->queue, collector_event_free);
    fake_free(fixture->fake);
    free(fixture);
    return 0;
}

/* --- what the collector tells -------------------------------------------------- */

static void tell_state(struct fixture *fixture, enum connection_state state,
                       const char *words)
{
    struct collector_event event = { .kind = COLLECTOR_STATE, .state = state };

    if (words != NULL) {
        error_set(&event.error, STATUS_UNAVAILABLE, "%s", words);
    }
    connection_handle(fixture->connection, &event);
}

/* The end of a collection that began then; words: it failed. */
static void tell_collected(struct fixture *fixture, enum section section,
                           int64_t sampled_ns, const char *words)
{
    struct collector_event event = {
        .kind = COLLECTOR_COLLECTED,
        .section = section,
        .good = words == NULL,
        .duration_ns = DURATION_NS,
    };

    if (words == NULL) {
        event.snapshot = snapshot_new_empty();
        assert_non_null(event.snapshot);
        memcpy(event.snapshot->sampled_ns, fixture->connection->snapshot->sampled_ns,
               sizeof(event.snapshot->sampled_ns));
        event.snapshot->sampled_ns[section] = sampled_ns;
    } else {
        error_set(&event.error, STATUS_FAILED, "%s", words);
    }
    connection_handle(fixture->connection, &event);
    snapshot_unref(event.snapshot);
}

static void tell_abandoned(struct fixture *fixture, enum section section)
{
    struct collector_event event = {
        .kind = COLLECTOR_COLLECTED,
        .section = section,
        .abandoned = true,
        .duration_ns = 10 * CLOCK_NS_PER_S,
    };

    error_set(&event.error, STATUS_TIMEOUT, "no answer");
    connection_handle(fixture->connection, &event);
    tell_state(fixture, CONNECTION_UNRESPONSIVE, "no answer");
}

/* The end of a collection of the list that took so long. */
static void tell_lasting(struct fixture *fixture, int64_t duration_ns,
                         int64_t started_ns)
{
    struct collector_event event = {
        .kind = COLLECTOR_COLLECTED,
        .section = SECTION_DOMAINS,
        .good = true,
        .started_ns = started_ns,
        .duration_ns = duration_ns,
    };

    connection_handle(fixture->connection, &event);
}

static void tell_domain(struct fixture *fixture, bool abandoned, bool good)
{
    struct collector_event event = {
        .kind = COLLECTOR_DOMAIN,
        .section = SECTION_STATISTICS,
        .abandoned = abandoned,
        .good = good,
    };

    assert_true(uuid_parse(UUID_TEXT, &event.uuid));
    if (!good) {
        error_set(&event.error, STATUS_TIMEOUT, "statistics: no answer");
    }
    connection_handle(fixture->connection, &event);
}

/* Takes in what the collector itself tells until so many calls have begun. */
static void drain_until(struct fixture *fixture, enum fake_call call, unsigned count)
{
    while (fake_begun(fixture->fake, call) < count) {
        struct pollfd fd = { .fd = queue_fd(fixture->queue), .events = POLLIN };
        struct queue_item *item;

        if (poll(&fd, 1, (int)(FAKE_DEADLINE_NS / CLOCK_NS_PER_MS)) != 1) {
            fail_msg("nothing happens");
        }
        for (item = queue_take(fixture->queue); item != NULL;) {
            struct queue_item *next = item->next;

            connection_handle(fixture->connection, (struct collector_event *)item);
            collector_event_free(item);
            item = next;
        }
    }
}

/* --- what is fresh enough ---------------------------------------------------------- */

static void test_what_was_never_collected_is_waited_for(void **state)
{
    struct fixture *fixture = *state;
    struct connection *connection = fixture->connection;
    int64_t now_ns = clock_boot_ns();

    assert_int_equal(connection_await(connection, 0, now_ns, MAX_AGE_NS), 0);
    /* While it is being opened, too. */
    assert_int_equal(connection_await(connection, DOMAINS, now_ns, MAX_AGE_NS),
                     DOMAINS);
    tell_state(fixture, CONNECTION_UP, NULL);
    assert_int_equal(
        connection_await(connection, DOMAINS | STATISTICS, now_ns, MAX_AGE_NS),
        DOMAINS | STATISTICS);
    assert_int_equal(connection_await(connection, SECTION_ALL, now_ns, MAX_AGE_NS),
                     SECTION_ALL);
}

static void test_what_is_waited_for_has_been_asked_for_once(void **state)
{
    struct fixture *fixture = *state;
    int64_t now_ns = clock_boot_ns();

    for (int i = 0; i < 10; i++) {
        assert_int_equal(
            connection_await(fixture->connection, DOMAINS, now_ns, MAX_AGE_NS),
            DOMAINS);
    }
    fake_release(fixture->fake, FAKE_OPEN);
    assert_true(fake_wait_returned(fixture->fake, FAKE_DOMAINS, 1));
    connection_free(fixture->connection, FAKE_DEADLINE_NS);
    fixture->connection = NULL;
    assert_int_equal(fake_begun(fixture->fake, FAKE_DOMAINS), 1);
    assert_int_equal(fake_begun(fixture->fake, FAKE_NODE), 0);
}

static void test_the_age_is_that_of_the_moment_the_request_came(void **state)
{
    struct fixture *fixture = *state;
    struct connection *connection = fixture->connection;
    int64_t sampled_ns = clock_boot_ns();

    tell_state(fixture, CONNECTION_UP, NULL);
    tell_collected(fixture, SECTION_DOMAINS, sampled_ns, NULL);
    assert_int_equal(connection_await(connection, DOMAINS, sampled_ns, MAX_AGE_NS), 0);
    assert_int_equal(
        connection_await(connection, DOMAINS, sampled_ns + MAX_AGE_NS, MAX_AGE_NS), 0);
    assert_int_equal(
        connection_await(connection, DOMAINS, sampled_ns + MAX_AGE_NS + 1, MAX_AGE_NS),
        DOMAINS);
    /* However long the answer has waited: what came meanwhile is good enough. */
    assert_int_equal(connection_await(connection, DOMAINS, sampled_ns, 0), 0);
    assert_int_equal(connection_await(connection, DOMAINS, sampled_ns - 1, 0), 0);
    assert_int_equal(
        connection_await(connection, DOMAINS, sampled_ns + 2 * DURATION_NS, 0), 0);
    assert_int_equal(
        connection_await(connection, DOMAINS, sampled_ns + 2 * DURATION_NS + 1, 0),
        DOMAINS);
}

static void test_each_section_has_an_age_of_its_own(void **state)
{
    struct fixture *fixture = *state;
    struct connection *connection = fixture->connection;
    int64_t now_ns = clock_boot_ns();

    tell_state(fixture, CONNECTION_UP, NULL);
    tell_collected(fixture, SECTION_NODE, now_ns, NULL);
    tell_collected(fixture, SECTION_DOMAINS, now_ns - MAX_AGE_NS - 1, NULL);
    assert_int_equal(connection_await(connection, NODE, now_ns, MAX_AGE_NS), 0);
    assert_int_equal(connection_await(connection, NODE | DOMAINS, now_ns, MAX_AGE_NS),
                     DOMAINS);
    assert_int_equal(connection_await(connection, SECTION_ALL, now_ns, MAX_AGE_NS),
                     SECTION_ALL & ~NODE);
}

/* One answer has waited in vain: no other does, until something comes. */
static void test_nobody_waits_for_what_is_late(void **state)
{
    struct fixture *fixture = *state;
    struct connection *connection = fixture->connection;
    int64_t now_ns = clock_boot_ns();

    tell_state(fixture, CONNECTION_UP, NULL);
    assert_int_equal(connection_await(connection, DOMAINS, now_ns, MAX_AGE_NS),
                     DOMAINS);
    connection_mark_late(connection, DOMAINS);
    assert_int_equal(connection_await(connection, DOMAINS, now_ns, MAX_AGE_NS), 0);
    assert_int_equal(connection_await(connection, DOMAINS | NODE, now_ns, MAX_AGE_NS),
                     0);
    /* Something comes: what is late is not waited for, all else is. */
    tell_collected(fixture, SECTION_NODE, now_ns, NULL);
    assert_int_equal(
        connection_await(connection, DOMAINS | CONFIGS, now_ns, MAX_AGE_NS), CONFIGS);
    /* It comes itself, and the next one is waited for again. */
    tell_collected(fixture, SECTION_DOMAINS, now_ns, NULL);
    assert_int_equal(
        connection_await(connection, DOMAINS, now_ns + MAX_AGE_NS + 1, MAX_AGE_NS),
        DOMAINS);
}

static void test_what_was_not_asked_for_cannot_be_late(void **state)
{
    struct fixture *fixture = *state;
    struct connection *connection = fixture->connection;
    int64_t now_ns = clock_boot_ns();

    tell_state(fixture, CONNECTION_UP, NULL);
    connection_mark_late(connection, CONFIGS);
    assert_int_equal(connection_await(connection, CONFIGS, now_ns, MAX_AGE_NS),
                     CONFIGS);
}

static void test_a_failure_is_an_answer_for_a_while(void **state)
{
    struct fixture *fixture = *state;
    struct connection *connection = fixture->connection;
    int64_t now_ns = clock_boot_ns();
    int64_t later_ns;

    tell_state(fixture, CONNECTION_UP, NULL);
    assert_int_equal(connection_await(connection, DOMAINS, now_ns, MAX_AGE_NS),
                     DOMAINS);
    tell_collected(fixture, SECTION_DOMAINS, CLOCK_NEVER, "the list is broken");
    later_ns = clock_boot_ns();
    assert_int_equal(connection_await(connection, DOMAINS, now_ns, MAX_AGE_NS), 0);
    assert_int_equal(connection_await(connection, DOMAINS, later_ns, MAX_AGE_NS), 0);
    assert_int_equal(
        connection_await(connection, DOMAINS, later_ns + MAX_AGE_NS + 1, MAX_AGE_NS),
        DOMAINS);

    /* A good one ends it, and so does a new link. */
    tell_collected(fixture, SECTION_DOMAINS, now_ns - MAX_AGE_NS, NULL);
    assert_int_equal(connection_await(connection, DOMAINS, later_ns + 1, MAX_AGE_NS),
                     DOMAINS);
    tell_collected(fixture, SECTION_NODE, CLOCK_NEVER, "no node");
    assert_int_equal(connection_await(connection, NODE, now_ns, MAX_AGE_NS), 0);
    tell_state(fixture, CONNECTION_DOWN, "lost");
    tell_state(fixture, CONNECTION_UP, NULL);
    assert_int_equal(connection_await(connection, NODE, now_ns, MAX_AGE_NS), NODE);
}

static void test_what_was_given_up_is_not_asked_for_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct connection *connection = fixture->connection;
    int64_t now_ns = clock_boot_ns();

    tell_state(fixture, CONNECTION_UP, NULL);
    assert_int_equal(connection_await(connection, DOMAINS, now_ns, MAX_AGE_NS),
                     DOMAINS);
    tell_abandoned(fixture, SECTION_DOMAINS);
    assert_int_equal(connection->status.state, CONNECTION_UNRESPONSIVE);
    assert_int_equal(connection_await(connection, DOMAINS, now_ns, MAX_AGE_NS), 0);
    /* Other sections may still be had. */
    assert_int_equal(connection_await(connection, DOMAINS | NODE, now_ns, MAX_AGE_NS),
                     NODE);
}

static void test_nobody_waits_for_a_connection_that_is_down(void **state)
{
    struct fixture *fixture = *state;
    struct connection *connection = fixture->connection;
    int64_t now_ns = clock_boot_ns();

    assert_int_equal(connection_await(connection, DOMAINS, now_ns, MAX_AGE_NS),
                     DOMAINS);
    connection_mark_late(connection, DOMAINS);
    tell_state(fixture, CONNECTION_DOWN, "refused");
    assert_int_equal(connection_await(connection, SECTION_ALL, now_ns, MAX_AGE_NS), 0);
    /* With the new link everything is asked for anew. */
    tell_state(fixture, CONNECTION_UP, NULL);
    assert_int_equal(connection_await(connection, DOMAINS, now_ns, MAX_AGE_NS),
                     DOMAINS);
}

static void test_what_a_backend_cannot_do_is_not_waited_for(void **state)
{
    struct fixture *fixture = *state;
    struct backend_ops ops = fake_ops;
    int64_t now_ns = clock_boot_ns();

    ops.capabilities = BACKEND_CAPABILITY_BIT(BACKEND_CAN_DOMAINS);
    connect_with(fixture, fake_uri(fixture->fake), &ops);
    tell_state(fixture, CONNECTION_UP, NULL);
    assert_int_equal(
        connection_await(fixture->connection, SECTION_ALL, now_ns, MAX_AGE_NS),
        NODE | DOMAINS);
    assert_int_equal(
        connection_await(fixture->connection, CONFIGS | STATISTICS, now_ns, MAX_AGE_NS),
        0);
    disconnect(fixture);
    fake_release(fixture->fake, FAKE_OPEN);
    assert_true(fake_wait_threads()); /* before `ops` goes */
}

/* --- state and counters ------------------------------------------------------------ */

static void test_a_connection_shows_what_it_is(void **state)
{
    struct fixture *fixture = *state;
    const struct connection_status *status = &fixture->connection->status;

    assert_int_equal(status->index, 3);
    assert_string_equal(status->name, "west");
    assert_string_equal(status->context, "west");
    assert_string_equal(status->uri, fake_uri(fixture->fake));
    assert_string_equal(fixture->connection->uri, fake_uri(fixture->fake));
    assert_true(status->is_default);
    assert_string_equal(status->backend, "fake");
    assert_string_equal(status->software, "Fake software");
    assert_int_equal(status->capabilities, fake_ops.capabilities);
    assert_int_equal(status->state, CONNECTION_CONNECTING);
    assert_true(clock_boot_ns() - status->since_ns < FAKE_DEADLINE_NS);
    assert_string_equal(status->last_error, "");
    assert_int_equal(status->collected_ns, CLOCK_NEVER);
    assert_int_equal(status->collection_time_ns, CLOCK_NEVER);
    assert_int_equal(status->collections, 0);
    assert_non_null(fixture->connection->snapshot);
}

static void test_collections_are_counted(void **state)
{
    struct fixture *fixture = *state;
    const struct connection_status *status = &fixture->connection->status;
    int64_t before_ns = clock_boot_ns();
    int64_t collected_ns;

    tell_state(fixture, CONNECTION_UP, NULL);
    tell_collected(fixture, SECTION_NODE, before_ns, NULL);
    assert_int_equal(status->collections, 1);
    assert_int_equal(status->failures, 0);
    assert_int_equal(status->collection_time_ns, 5000);
    assert_true(status->collected_ns >= before_ns);
    collected_ns = status->collected_ns;

    tell_collected(fixture, SECTION_NODE, CLOCK_NEVER, "broken");
    assert_int_equal(status->collections, 2);
    assert_int_equal(status->failures, 1);
    assert_int_equal(status->collected_ns, collected_ns);
    assert_string_equal(status->last_error, "broken");
    /* What was known stays. */
    assert_int_equal(fixture->connection->snapshot->sampled_ns[SECTION_NODE],
                     before_ns);

    tell_abandoned(fixture, SECTION_DOMAINS);
    assert_int_equal(status->collections, 3);
    assert_int_equal(status->failures, 1);
    assert_int_equal(status->abandoned, 1);
    assert_int_equal(status->collected_ns, collected_ns);

    tell_state(fixture, CONNECTION_UP, NULL);
    assert_int_equal(status->state, CONNECTION_UP);
    assert_string_equal(status->last_error, "no answer"); /* kept */
    assert_int_equal(status->reconnects, 0);
}

static void test_reconnects_are_counted(void **state)
{
    struct fixture *fixture = *state;
    const struct connection_status *status = &fixture->connection->status;

    /* Not up before: no reconnect. */
    tell_state(fixture, CONNECTION_DOWN, "refused");
    assert_int_equal(status->failures, 1);
    tell_state(fixture, CONNECTION_DOWN, "refused");
    assert_int_equal(status->failures, 2);
    tell_state(fixture, CONNECTION_UP, NULL);
    assert_int_equal(status->reconnects, 0);

    /* A loss is one failure, although it is told twice. */
    tell_collected(fixture, SECTION_NODE, CLOCK_NEVER, "lost");
    tell_state(fixture, CONNECTION_DOWN, "lost");
    assert_int_equal(status->failures, 3);
    tell_state(fixture, CONNECTION_UP, NULL);
    assert_int_equal(status->reconnects, 1);
}

/* The same when the new link is late before it comes. */
static void test_a_slow_reconnect_counts_as_well(void **state)
{
    struct fixture *fixture = *state;
    const struct connection_status *status = &fixture->connection->status;

    tell_state(fixture, CONNECTION_UP, NULL);
    tell_state(fixture, CONNECTION_DOWN, "lost");
    tell_state(fixture, CONNECTION_UNRESPONSIVE, "open: no answer");
    tell_state(fixture, CONNECTION_UP, NULL);
    assert_int_equal(status->reconnects, 1);
}

static void test_an_open_given_up_counts_as_abandoned(void **state)
{
    struct fixture *fixture = *state;
    const struct connection_status *status = &fixture->connection->status;

    tell_state(fixture, CONNECTION_UNRESPONSIVE, "open: no answer");
    assert_int_equal(status->abandoned, 1);
    tell_state(fixture, CONNECTION_DOWN, "refused at last");
    tell_state(fixture, CONNECTION_UNRESPONSIVE, "open: no answer");
    assert_int_equal(status->abandoned, 2);
}

static void test_changes_are_logged_and_repeats_are_not(void **state)
{
    struct fixture *fixture = *state;

    tell_state(fixture, CONNECTION_DOWN, "refused");
    assert_int_equal(logged(fixture), 1);
    assert_non_null(strstr(fixture->last_line, "connection west: down: refused"));
    for (int i = 0; i < 5; i++) {
        tell_state(fixture, CONNECTION_DOWN, "refused");
    }
    assert_int_equal(logged(fixture), 0);
    tell_state(fixture, CONNECTION_DOWN, "no such host");
    assert_int_equal(logged(fixture), 1);

    tell_state(fixture, CONNECTION_UP, NULL);
    for (int i = 0; i < 5; i++) {
        tell_collected(fixture, SECTION_CONFIGS, CLOCK_NEVER, "broken");
    }
    assert_int_equal(logged(fixture), 1);
    assert_non_null(strstr(fixture->last_line, "configs: broken"));
    tell_abandoned(fixture, SECTION_DOMAINS);
    assert_int_equal(logged(fixture), 1);
    assert_non_null(strstr(fixture->last_line, "unresponsive: no answer"));
    tell_state(fixture, CONNECTION_DOWN, "no such host");
    assert_int_equal(logged(fixture), 1);
}

/* --- the URI as managers see it ----------------------------------------------------- */

static void check_public(struct fixture *fixture, const char *uri, const char *expected)
{
    connect_with(fixture, uri, &fake_ops);
    if (strcmp(fixture->connection->status.uri, expected) != 0) {
        fail_msg("%s is shown as %s", uri, fixture->connection->status.uri);
    }
    assert_string_equal(fixture->connection->uri, uri);
    disconnect(fixture);
}

static void test_uris_are_shown_without_secrets(void **state)
{
    struct fixture *fixture = *state;
    static const char *const cases[][2] = {
        { "sim:/etc/node.xml", "sim:/etc/node.xml" },
        { "sim:/etc/a@b/node@1.xml", "sim:/etc/a@b/node@1.xml" },
        { "xen:///", "xen:///" },
        { "xen://host/path@x", "xen://host/path@x" },
        { "qemu+ssh://root@host/system", "qemu+ssh://host/system" },
        { "qemu+ssh://user:pw@host/system", "qemu+ssh://host/system" },
        { "esx://user:pw@host/path@x", "esx://host/path@x" },
        { "esx://user:pw@host", "esx://host" },
        { "esx://user:pw@[::1]:8080/x", "esx://[::1]:8080/x" },
        { "qemu+ssh://host/system?keyfile=/root/key", "qemu+ssh://host/system" },
        { "qemu+ssh://host?password=pw", "qemu+ssh://host" },
        { "qemu+ssh://host/#pw", "qemu+ssh://host/" },
        { "esx://user:p%40w@host/", "esx://host/" },
        { "esx://@host/", "esx://host/" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check_public(fixture, cases[i][0], cases[i][1]);
    }
}

/* The last '@' of an authority ends its user (RFC 3986 wants others escaped). */
static void test_secrets_with_an_at_sign_are_hidden(void **state)
{
    struct fixture *fixture = *state;

    check_public(fixture, "esx://user:p@w@host/", "esx://host/");
    check_public(fixture, "esx://user@realm:pw@host/a@b", "esx://host/a@b");
}

static void test_a_long_uri_is_cut_at_a_character(void **state)
{
    struct fixture *fixture = *state;
    char uri[400];

    memset(uri, 'x', sizeof(uri));
    memcpy(uri, "sim:/", 5);
    memcpy(uri + 254, "\xc3\xa9", 2);
    uri[sizeof(uri) - 1] = '\0';
    connect_with(fixture, uri, &fake_ops);
    assert_int_equal(strlen(fixture->connection->status.uri), 254);
    assert_memory_equal(fixture->connection->status.uri, uri, 254);
    assert_string_equal(fixture->connection->uri, uri);
}

#define WITH_CONNECTION(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
#define WITHOUT_CONNECTION(test)                                                       \
    cmocka_unit_test_setup_teardown(test, setup_without_connection, teardown)

/* --- what is collected although nobody asks ---------------------------------------- */

static void test_states_are_compared_while_notifications_are_on(void **state)
{
    struct fixture *fixture = *state;
    struct connection *connection = fixture->connection;
    const int64_t interval_ns = 300 * CLOCK_NS_PER_MS;
    const int64_t began_ns = clock_boot_ns();

    fixture->config->state_interval_ns = interval_ns;
    assert_false(connection_set_switch(connection, CONNECTION_SWITCH_PER_DOMAIN, true));
    assert_int_equal(fake_begun(fixture->fake, FAKE_DOMAINS), 0);
    fake_release(fixture->fake, FAKE_OPEN);
    drain_until(fixture, FAKE_DOMAINS, 3);
    assert_true(fake_begun_ns(fixture->fake, FAKE_DOMAINS)
                >= began_ns + 2 * interval_ns);
    /* Statistics are not. */
    assert_int_equal(fake_begun(fixture->fake, FAKE_STATISTICS), 0);

    assert_false(connection_set_switch(connection, CONNECTION_SWITCH_BULK, true));
    assert_true(connection_set_switch(connection, CONNECTION_SWITCH_PER_DOMAIN, false));
    drain_until(fixture, FAKE_DOMAINS, 4);
    assert_true(connection_set_switch(connection, CONNECTION_SWITCH_BULK, false));
    assert_int_equal(connection->planned_ns[SECTION_DOMAINS], CLOCK_NEVER);
}

static void test_a_slow_section_is_collected_for_the_next_poll(void **state)
{
    struct fixture *fixture = *state;
    struct connection *connection = fixture->connection;
    const int64_t wait_limit_ns = fixture->config->wait_limit_ns;
    int64_t now_ns = clock_boot_ns();

    tell_state(fixture, CONNECTION_UP, NULL);
    /* Somebody polled twice, once a minute. */
    for (int poll = 2; poll > 0; poll--) {
        forecast_request(&connection->forecasts[SECTION_DOMAINS],
                         now_ns - poll * 60 * CLOCK_NS_PER_S);
    }
    tell_lasting(fixture, wait_limit_ns / 2, now_ns - 60 * CLOCK_NS_PER_S);
    assert_int_equal(connection->planned_ns[SECTION_DOMAINS], CLOCK_NEVER);
    /* One that was held up says nothing of the next. */
    tell_lasting(fixture, wait_limit_ns / 2 + 1, now_ns - 60 * CLOCK_NS_PER_S);
    assert_int_equal(connection->planned_ns[SECTION_DOMAINS], CLOCK_NEVER);
    tell_lasting(fixture, wait_limit_ns / 2 + 1, now_ns - 60 * CLOCK_NS_PER_S);
    assert_int_not_equal(connection->planned_ns[SECTION_DOMAINS], CLOCK_NEVER);
    assert_true(connection->planned_ns[SECTION_DOMAINS] < now_ns + 60 * CLOCK_NS_PER_S);
    /* Nothing is planned on a link that is lost. */
    tell_state(fixture, CONNECTION_DOWN, "lost");
    assert_int_equal(connection->planned_ns[SECTION_DOMAINS], CLOCK_NEVER);
    assert_int_equal(connection->planned_ns[SECTION_STATISTICS], CLOCK_NEVER);
}

static void test_counters_that_come_back_are_a_discontinuity(void **state)
{
    struct fixture *fixture = *state;
    const struct connection_status *status = &fixture->connection->status;
    int64_t before_ns;

    tell_state(fixture, CONNECTION_UP, NULL);
    assert_int_equal(status->discontinuity_ns, CLOCK_NEVER);
    /* Late, but not for long enough that counters were absent. */
    tell_state(fixture, CONNECTION_UNRESPONSIVE, "late");
    tell_state(fixture, CONNECTION_UP, NULL);
    assert_int_equal(status->discontinuity_ns, CLOCK_NEVER);

    before_ns = clock_boot_ns();
    tell_state(fixture, CONNECTION_DOWN, "lost");
    assert_int_equal(status->discontinuity_ns, CLOCK_NEVER);
    tell_state(fixture, CONNECTION_UP, NULL);
    assert_true(status->discontinuity_ns >= before_ns);

    before_ns = clock_boot_ns();
    fixture->config->stale_limit_ns = -1;
    tell_state(fixture, CONNECTION_UNRESPONSIVE, "late");
    tell_state(fixture, CONNECTION_UP, NULL);
    assert_true(status->discontinuity_ns >= before_ns);
}

static void test_a_domain_that_hangs_is_told_once(void **state)
{
    struct fixture *fixture = *state;

    tell_state(fixture, CONNECTION_UP, NULL);
    (void)logged(fixture);
    tell_domain(fixture, true, false);
    assert_int_equal(logged(fixture), 1);
    assert_non_null(strstr(fixture->last_line, "statistics: no answer"));
    assert_non_null(strstr(fixture->last_line, UUID_TEXT));
    assert_int_equal(fixture->connection->status.abandoned, 1);
    tell_domain(fixture, false, false);
    assert_int_equal(logged(fixture), 0);
    tell_domain(fixture, false, true);
    assert_int_equal(fixture->connection->status.abandoned, 1);
    assert_int_equal(fixture->connection->status.failures, 0);
    assert_int_equal(fixture->connection->status.collections, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CONNECTION(test_what_was_never_collected_is_waited_for),
        WITH_CONNECTION(test_what_is_waited_for_has_been_asked_for_once),
        WITH_CONNECTION(test_the_age_is_that_of_the_moment_the_request_came),
        WITH_CONNECTION(test_each_section_has_an_age_of_its_own),
        WITH_CONNECTION(test_nobody_waits_for_what_is_late),
        WITH_CONNECTION(test_what_was_not_asked_for_cannot_be_late),
        WITH_CONNECTION(test_a_failure_is_an_answer_for_a_while),
        WITH_CONNECTION(test_what_was_given_up_is_not_asked_for_at_once),
        WITH_CONNECTION(test_nobody_waits_for_a_connection_that_is_down),
        WITHOUT_CONNECTION(test_what_a_backend_cannot_do_is_not_waited_for),
        WITH_CONNECTION(test_a_connection_shows_what_it_is),
        WITH_CONNECTION(test_collections_are_counted),
        WITH_CONNECTION(test_reconnects_are_counted),
        WITH_CONNECTION(test_a_slow_reconnect_counts_as_well),
        WITH_CONNECTION(test_an_open_given_up_counts_as_abandoned),
        WITH_CONNECTION(test_changes_are_logged_and_repeats_are_not),
        WITH_CONNECTION(test_states_are_compared_while_notifications_are_on),
        WITH_CONNECTION(test_a_slow_section_is_collected_for_the_next_poll),
        WITH_CONNECTION(test_counters_that_come_back_are_a_discontinuity),
        WITH_CONNECTION(test_a_domain_that_hangs_is_told_once),
        WITHOUT_CONNECTION(test_uris_are_shown_without_secrets),
        WITHOUT_CONNECTION(test_secrets_with_an_at_sign_are_hidden),
        WITHOUT_CONNECTION(test_a_long_uri_is_cut_at_a_character),
    };

    return cmocka_run_group_tests_name("connection", tests, prepare_log, NULL);
}
