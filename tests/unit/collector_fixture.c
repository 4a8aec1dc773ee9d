/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/collector_fixture.h"

void wait_for_threads_to_end(void)
{
    if (!fake_wait_threads()) {
        fail_msg("threads are left over");
    }
}

int collector_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    const char *parent = getenv("TMPDIR");

    if (fixture == NULL) {
        return -1;
    }
    snprintf(fixture->folder, sizeof(fixture->folder), "%s/hvagentx-collector.XXXXXX",
             parent != NULL ? parent : "/tmp");
    fixture->fake = fake_new();
    fixture->queue = queue_new();
    if (fixture->fake == NULL || fixture->queue == NULL
        || mkdtemp(fixture->folder) == NULL) {
        fake_free(fixture->fake);
        queue_unref(fixture->queue, collector_event_free);
        free(fixture);
        return -1;
    }
    snprintf(fixture->path, sizeof(fixture->path), "%s/domains", fixture->folder);
    fixture->domain_timeout_ns = LONG_NS;
    *state = fixture;
    return 0;
}

void stop(struct fixture *fixture, int64_t patience_ns)
{
    collector_stop(fixture->collector, patience_ns);
    fixture->collector = NULL;
}

void free_events(struct fixture *fixture)
{
    collector_event_free(fixture->event == NULL ? NULL : &fixture->event->item);
    fixture->event = NULL;
    while (fixture->arrived != NULL) {
        struct queue_item *next = fixture->arrived->next;

        collector_event_free(fixture->arrived);
        fixture->arrived = next;
    }
}

int collector_teardown(void **state)
{
    struct fixture *fixture = *state;

    for (int call = 0; call < FAKE_CALL_COUNT; call++) {
        fake_release(fixture->fake, (enum fake_call)call);
        for (unsigned number = 0; number < FAKE_DOMAINS_MAX; number++) {
            fake_release_domain(fixture->fake, (enum fake_call)call, number);
        }
    }
    stop(fixture, 0);
    wait_for_threads_to_end();
    free_events(fixture);
    snapshot_unref(fixture->snapshot);
    queue_unref(fixture->queue, collector_event_free);
    fake_free(fixture->fake);
    unlink(fixture->path);
    rmdir(fixture->folder);
    free(fixture);
    return 0;
}

/* path NULL: indices in memory only. */
void start_with(struct fixture *fixture, int64_t call_timeout_ns, const char *path)
{
    struct collector_settings settings = {
        .id = ID,
        .ops = &fake_ops,
        .uri = fake_uri(fixture->fake),
        .patience = { call_timeout_ns, fixture->domain_timeout_ns },
    };
    struct error error = ERROR_NONE;

    if (index_store_open(path, LONG_NS, &settings.indices.domains, &error) != STATUS_OK
        || index_store_open(NULL, LONG_NS, &settings.indices.volumes, &error)
               != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    fixture->collector = collector_start(&settings, fixture->queue, &error);
    if (fixture->collector == NULL) {
        fail_msg("%s", error.text);
    }
}

/* The next event, which must come; valid until the next one is asked for. */
const struct collector_event *next_event(struct fixture *fixture)
{
    collector_event_free(fixture->event == NULL ? NULL : &fixture->event->item);
    fixture->event = NULL;
    if (fixture->arrived == NULL) {
        struct pollfd fd = { .fd = queue_fd(fixture->queue), .events = POLLIN };

        if (poll(&fd, 1, (int)(FAKE_DEADLINE_NS / CLOCK_NS_PER_MS)) != 1) {
            fail_msg("nothing happens");
        }
        fixture->arrived = queue_take(fixture->queue);
        assert_non_null(fixture->arrived);
    }
    fixture->event = (struct collector_event *)fixture->arrived;
    fixture->arrived = fixture->arrived->next;
    assert_int_equal(fixture->event->id, ID);
    if (fixture->event->snapshot != NULL) {
        snapshot_unref(fixture->snapshot);
        fixture->snapshot = snapshot_ref(fixture->event->snapshot);
    }
    return fixture->event;
}

/* The next event must tell of this state. */
const struct collector_event *expect_state(struct fixture *fixture,
                                           enum connection_state state)
{
    const struct collector_event *event = next_event(fixture);

    if (event->kind != COLLECTOR_STATE || event->state != state) {
        fail_msg("not %s but %s: %s", connection_state_name(state),
                 event->kind == COLLECTOR_STATE ? connection_state_name(event->state)
                                                : section_name(event->section),
                 event->error.text);
    }
    return event;
}

/* The next event must be the end of a collection of this section. */
const struct collector_event *expect_collected(struct fixture *fixture,
                                               enum section section)
{
    const struct collector_event *event = next_event(fixture);

    if (event->kind != COLLECTOR_COLLECTED || event->section != section) {
        fail_msg("not %s but %s: %s", section_name(section),
                 event->kind == COLLECTOR_STATE ? connection_state_name(event->state)
                                                : section_name(event->section),
                 event->error.text);
    }
    return event;
}

/* Asks for one section and expects that this succeeds. */
void collect(struct fixture *fixture, enum section section)
{
    const struct collector_event *event;

    collector_request(fixture->collector, SECTION_BIT(section));
    event = expect_collected(fixture, section);
    if (!event->good) {
        fail_msg("%s: %s", section_name(section), event->error.text);
    }
}

/* A collector whose link is up. */
void start(struct fixture *fixture, int64_t call_timeout_ns)
{
    start_with(fixture, call_timeout_ns, NULL);
    expect_state(fixture, CONNECTION_UP);
}
