/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * operations_fixture.h - the operations of a connection whose journal and
 * collector are stand-ins: the test says when a line is on the disk, and when
 * the hypervisor has done something.
 *
 * For cmocka: include its headers first.
 */
#ifndef HVX_TESTS_OPERATIONS_FIXTURE_H
#define HVX_TESTS_OPERATIONS_FIXTURE_H

#include "agent/operations.h"

/* Most that run at once, at first. */
#define LIMIT 3

/* Ids, jobs and lines that the stand-ins have room for. */
#define ROWS_MAX 100

struct fixture {
    struct config config;
    struct connection_status status;
    struct agent_status counters;
    struct operations *operations;

    /* The journal's.  What was written down last about each id: */
    enum operation_state written[ROWS_MAX];
    bool written_removed[ROWS_MAX];
    bool write_later; /* not before write_down() */
    int64_t journal_keep_ns;

    /* Jobs that the collector has, in the order in which it got them. */
    struct job *jobs[ROWS_MAX];
    struct error refusals[ROWS_MAX];
    size_t job_count;
};

/* *state is the fixture. */
int operations_setup(void **state);
int operations_teardown(void **state);

#define WITH_FIXTURE(function)                                                         \
    cmocka_unit_test_setup_teardown(function, operations_setup, operations_teardown)

/* As if the agent were started anew, with a journal that remembers these. */
void restart(struct fixture *fixture, struct operation **remembered, size_t count);

/* The lines that somebody waits for are on the disk; with an error, they are not. */
void write_down(const struct error *error);

/* The journal cannot be opened from now on, for this reason; NULL: it can. */
void refuse_journal(const struct error *error);

/* All that was logged since the test began. */
const char *logged(void);

/* The UUID ends with the number of the domain. */
struct uuid uuid_of(uint8_t domain);

/* NULL: there is none.  Also of those whose row is gone. */
const struct operation *find_row(struct fixture *fixture, uint8_t domain, uint32_t id);
enum operation_state state_of(struct fixture *fixture, uint8_t domain, uint32_t id);

/* A pause of a domain "web", in the role "ops". */
struct operation *make_pause(uint8_t domain, uint32_t id, uint32_t timeout_s);

/* Reserves room and has it accepted, which must succeed. */
void accept_operation(struct fixture *fixture, struct operation *operation);
void accept_pause(struct fixture *fixture, uint8_t domain, uint32_t id,
                  uint32_t timeout_s);

/* Its SET is complete. */
void begin(struct fixture *fixture, uint8_t domain, uint32_t id);

/* Accepts a pause with time enough, and lets it begin. */
void add(struct fixture *fixture, uint8_t domain, uint32_t id);

/* The hypervisor has ended the job at that position. */
void finish(struct fixture *fixture, size_t job, enum status status);

/* operations_check(), as if so many seconds had gone by. */
int64_t check_after(struct fixture *fixture, int64_t seconds);

void expect_counts(struct fixture *fixture, uint32_t queued, uint32_t running);

#endif
