/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * collector.h - asks one hypervisor, on threads of its own.
 *
 * A collector owns the link to one hypervisor.  Its coordinator thread never
 * calls the backend: each call runs on a thread made for it, so that a call
 * that hangs takes nothing with it.  The coordinator starts calls, gives up
 * those that are late, merges what they delivered into a new snapshot, opens
 * the link anew when it was lost, and tells the SNMP thread through the
 * queue.  It does nothing unless it is asked or has to reconnect.
 *
 * A domain that holds up a call, where the backend says which one it asks, is
 * set aside: the call is left to it, the others are asked at once by another
 * one, and it is asked alone, by one call at a time, until it answers as
 * promptly as the others.  At most 32 domains of a hypervisor are set aside;
 * beyond that, and where nobody knows who holds up a call, the whole section
 * waits for the call to return, and the hypervisor counts as unresponsive.
 */
#ifndef HVX_AGENT_COLLECTOR_H
#define HVX_AGENT_COLLECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/job.h"
#include "agent/queue.h"
#include "backends/backend.h"
#include "model/connection.h"
#include "model/index.h"
#include "model/snapshot.h"

/* How long the hypervisor may keep the agent waiting. */
struct collector_patience {
    /* For an answer of any kind: a call that gets nowhere for longer is given up. */
    int64_t call_timeout_ns;
    /* For the answer of one domain: longer, and the others go on without it. */
    int64_t domain_timeout_ns;
};

struct collector_settings {
    uint64_t id; /* comes back in each event */
    const struct backend_ops *ops;
    const char *uri; /* copied */
    struct collector_patience patience;
    struct snapshot_indices indices; /* taken over, also on failure */
};

enum collector_event_kind {
    COLLECTOR_STATE,     /* the link's state changed */
    COLLECTOR_COLLECTED, /* one collection ended, well or not */
    COLLECTOR_DOMAIN,    /* one domain was set aside, or asked alone */
    COLLECTOR_OPERATED,  /* an operation ended, well or not */
};

/*
 * What a collector tells the SNMP thread, which gives it to collector_take_back()
 * or collector_event_free().
 */
struct collector_event {
    struct queue_item item;
    uint64_t id; /* of collector_settings */
    enum collector_event_kind kind;
    /*
     * COLLECTOR_STATE: the words for unresponsive and down.
     * COLLECTOR_OPERATED: how it ended, as job_run() says.
     * Else: why it failed, or that the index file could not be written although
     * it succeeded; else STATUS_OK.
     */
    struct error error;
    enum connection_state state; /* COLLECTOR_STATE */
    /* COLLECTOR_COLLECTED and COLLECTOR_DOMAIN: */
    enum section section;
    struct uuid uuid;          /* COLLECTOR_DOMAIN */
    bool good;                 /* all that was asked for was delivered, in time */
    bool abandoned;            /* a call was given up; what came in time counts */
    struct snapshot *snapshot; /* a reference; NULL: nothing new */
    /* COLLECTOR_COLLECTED: */
    int64_t started_ns;
    int64_t duration_ns;
    /* COLLECTOR_OPERATED: */
    uint64_t serial; /* of the job */
};

/* Frees an event that queue_take() returned. */
void collector_event_free(struct queue_item *item);

/*
 * Starts a collector, which opens its link at once.  NULL without memory or
 * threads, with words.
 */
struct collector *collector_start(const struct collector_settings *settings,
                                  struct queue *queue, struct error *error);

/*
 * Asks for these sections (SECTION_BIT()s) to be collected as soon as the
 * link is up; one that is under way is not started again.  Each one asked for
 * is answered by one COLLECTOR_COLLECTED, or by COLLECTOR_STATE down.
 * SNMP thread; never blocks for long.
 */
void collector_request(struct collector *collector, unsigned sections);

/*
 * The section shall be collected at that moment on CLOCK_BOOTTIME, also if
 * nobody asks; CLOCK_NEVER: not.  Replaces what was said before; is over when
 * it begins, and when the link is lost.
 * SNMP thread; never blocks for long.
 */
void collector_schedule(struct collector *collector, enum section section,
                        int64_t at_ns);

/*
 * Carries out a job on a thread of its own, and tells of its end by one
 * COLLECTOR_OPERATED.  Takes the reference over.  refused not NULL: it is not
 * carried out, and this is its end; and so it is with STATUS_UNAVAILABLE where
 * there is no link.  A job that finds the link lost (STATUS_UNAVAILABLE) ends it
 * for all.  However long it takes, it is neither given up nor keeps a section from
 * being collected; but what it has not done yet when the link is lost, or the
 * collector stops, it does not do any more.
 * Any thread, until collector_stop() is called; never blocks for long.  Without
 * memory the job is dropped and not carried out, and its deadline ends it.
 */
void collector_operate(struct collector *collector, struct job *job,
                       const struct error *refused);

/* Another patience, also with calls under way.  SNMP thread. */
void collector_set_patience(struct collector *collector,
                            const struct collector_patience *patience);

/*
 * Hands an event back that was handled, to be freed by the coordinator: the
 * last reference on a snapshot of many domains takes milliseconds to drop.
 * The snapshot may be exchanged for another one by then.
 * SNMP thread; never blocks for long.
 */
void collector_take_back(struct collector *collector, struct collector_event *event);

/*
 * Ends the coordinator and waits until it merges no more and its index store
 * is not written any longer.  Then waits at most `patience_ns` for calls under
 * way; those that are later are left to themselves, and the last one to
 * return closes the link and frees the collector.  No event comes after this
 * returned.  NULL is allowed.
 * False: some are left, and the process must not run what exit() runs while
 * they may go on.
 */
bool collector_stop(struct collector *collector, int64_t patience_ns);

#endif
