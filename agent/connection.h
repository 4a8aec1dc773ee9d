/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connection.h - one configured connection as the SNMP thread sees it: what
 * is known of its hypervisor, how fresh that is, and what is being asked.
 *
 * SNMP thread only.
 */
#ifndef HVX_AGENT_CONNECTION_H
#define HVX_AGENT_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/collector.h"
#include "agent/config.h"
#include "agent/forecast.h"
#include "agent/operations.h"
#include "model/connection.h"
#include "model/snapshot.h"

struct connection {
    uint64_t id;
    /* Own copies; the configuration they came from may be gone. */
    char name[CONFIG_NAME_SIZE];
    char *uri;
    char *public_uri; /* without user names and secrets */
    char *context;
    const struct backend_ops *ops;
    const struct config *config; /* the one in force */
    struct collector *collector;
    struct connection_status status;
    struct snapshot *snapshot; /* never NULL */
    bool was_up;
    bool lost;          /* since it was up */
    unsigned requested; /* SECTION_BIT()s asked for and not answered yet */
    unsigned late;      /* of these, known to be late: nobody waits for them */
    bool silent;        /* since one was late, nothing at all has come */
    int64_t failed_ns[SECTION_COUNT]; /* last failure; CLOCK_NEVER: none */
    /*
     * How long its collection takes: the shorter of the last two, since one
     * that was held up says nothing of the next; 0: not known yet.
     */
    int64_t duration_ns[SECTION_COUNT];
    int64_t last_duration_ns[SECTION_COUNT];
    struct forecast forecasts[SECTION_COUNT];
    /* What the collector was told last to collect then; CLOCK_NEVER: nothing. */
    int64_t planned_ns[SECTION_COUNT];
    unsigned ahead;          /* SECTION_BIT()s of those planned ahead of a poll */
    int64_t unresponsive_ns; /* when it became so; CLOCK_NEVER: it is not */
    struct operations *operations;
    int64_t operated_ns; /* when one ended last, since when all may be different */
};

struct connection_settings {
    uint64_t id;                 /* never used before by this process */
    const struct config *config; /* outlives it, or until connection_configure() */
    const struct config_connection *from;
    uint32_t index; /* hvxConnectionIndex */
    const struct backend_ops *ops;
    struct snapshot_indices indices; /* taken over, also on failure */
    struct queue *queue;
    const char *state_folder;      /* NULL: nothing is kept */
    struct agent_status *counters; /* of operations */
};

/* Makes a connection and starts its collector.  NULL with words. */
struct connection *connection_new(const struct connection_settings *settings,
                                  struct error *error);

/* Another configuration is in force from now on; it outlives the connection. */
void connection_configure(struct connection *connection, const struct config *config);

/* Ends the collector and frees; patience and result as collector_stop(). */
bool connection_free(struct connection *connection, int64_t patience_ns);

/*
 * Which of these sections are worth waiting for by an answer to a request
 * that came at `arrived_ns`: those that are older than maxAge was then, or than
 * the end of the last operation, on a connection that may answer in time.  What is
 * old is asked for.
 */
unsigned connection_await(struct connection *connection, unsigned sections,
                          int64_t arrived_ns, int64_t max_age_ns);

/*
 * The same for a SET, whose plan knows by itself what operations have changed:
 * only maxAge counts.
 */
unsigned connection_await_for_set(struct connection *connection, unsigned sections,
                                  int64_t arrived_ns, int64_t max_age_ns);

/*
 * An answer's patience has run out: nobody waits for these until they come,
 * nor for anything of this connection until something of it has come.
 */
void connection_mark_late(struct connection *connection, unsigned sections);

/* Sets a switch for notifications; returns what it was. */
bool connection_set_switch(struct connection *connection, enum connection_switch which,
                           bool on);

/*
 * Takes in what the collector tells, and logs changes of state.  A snapshot in
 * the event is exchanged for the one that was shown so far.
 */
void connection_handle(struct connection *connection, struct collector_event *event);

#endif
