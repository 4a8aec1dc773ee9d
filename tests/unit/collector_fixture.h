/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * collector_fixture.h - a collector of a fake hypervisor, and what it tells.
 *
 * For cmocka: include its headers first.
 */
#ifndef HVX_TESTS_COLLECTOR_FIXTURE_H
#define HVX_TESTS_COLLECTOR_FIXTURE_H

#include "agent/collector.h"
#include "tests/unit/fake_backend.h"

#define ID 42

/* For calls that return, and for calls that do not. */
#define LONG_NS (60 * CLOCK_NS_PER_S)
#define SHORT_NS (700 * CLOCK_NS_PER_MS)

struct fixture {
    struct fake *fake;
    struct queue *queue;
    struct collector *collector;
    struct queue_item *arrived;    /* events taken and not looked at */
    struct collector_event *event; /* the one looked at */
    struct snapshot *snapshot;     /* the newest that was told of */
    int64_t domain_timeout_ns;     /* read by start() */
    char folder[256];
    char path[300];
};

/* *state is the fixture, whose collector is not started yet. */
int collector_setup(void **state);
int collector_teardown(void **state);

#define WITH_FIXTURE(function)                                                         \
    cmocka_unit_test_setup_teardown(function, collector_setup, collector_teardown)

/* Starts the collector.  path: of its index file; NULL: in memory only. */
void start_with(struct fixture *fixture, int64_t call_timeout_ns, const char *path);

/* The same with indices in memory, and waits until its link is up. */
void start(struct fixture *fixture, int64_t call_timeout_ns);

void stop(struct fixture *fixture, int64_t patience_ns);
void wait_for_threads_to_end(void);

/* The next event, which must come; valid until the next one is asked for. */
const struct collector_event *next_event(struct fixture *fixture);

/* Frees the events that nobody has looked at, and the one looked at. */
void free_events(struct fixture *fixture);

/* The next event must tell of this state, or be the end of such a collection. */
const struct collector_event *expect_state(struct fixture *fixture,
                                           enum connection_state state);
const struct collector_event *expect_collected(struct fixture *fixture,
                                               enum section section);

/* Asks for one section and expects that this succeeds. */
void collect(struct fixture *fixture, enum section section);

#endif
