/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * collector_parts.h - the inside of a collector: collector.c has its threads,
 * collector_link.c opens and loses the link, collector_sections.c collects,
 * collector_operations.c has jobs carried out.  Included by collector*.c alone.
 *
 * "With the lock" says that the caller holds it.  All else here is the
 * coordinator's, without the lock.
 */
#ifndef HVX_AGENT_COLLECTOR_PARTS_H
#define HVX_AGENT_COLLECTOR_PARTS_H

#include <pthread.h>

#include "agent/aside.h"
#include "agent/call.h"
#include "agent/collector.h"
#include "model/clock.h"

struct collector {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* something for the coordinator to do */
    pthread_cond_t left;    /* a thread is about to leave the collector */
    /* Constant: */
    uint64_t id;
    const struct backend_ops *ops;
    char *uri;
    struct queue *queue;
    /* Under the lock: */
    struct collector_patience patience;
    unsigned references; /* the owner's, the coordinator's, one for each call */
    bool stopping;
    bool stopped;     /* the coordinator merges and tells no more */
    unsigned wanted;  /* sections asked for and not started yet */
    unsigned running; /* sections with a collection that is not given up */
    int64_t scheduled_ns[SECTION_COUNT]; /* CLOCK_NEVER: not */
    unsigned call_count;                 /* of these, those that carry out no job */
    struct call *calls;
    struct call *waiting;          /* jobs that were not looked at yet */
    struct queue_item *taken_back; /* events to be freed */
    /* The coordinator's own: */
    struct link *link;
    struct asides asides; /* of this link */
    struct snapshot_indices indices;
    struct snapshot *snapshot;
    enum connection_state state;
    int64_t reopen_ns;
    int64_t reopen_delay_ns;
};

/*
 * The delay before a link is tried again that had been of use; it doubles with
 * each one that was not.
 */
#define COLLECTOR_REOPEN_FIRST_NS CLOCK_NS_PER_S

/* --- collector.c ------------------------------------------------------------- */

/* Tells the SNMP thread; takes the snapshot over. */
void collector_tell(struct collector *collector, const struct collector_event *event);

/* Tells of a state that is another one, or of one more failure to connect. */
void collector_set_state(struct collector *collector, enum connection_state state,
                         const struct error *error);

/* The call goes to the present link. */
bool collector_is_current(const struct collector *collector, const struct call *call);

/* Starts a call, which is taken over, on a thread of its own.  With the lock. */
void collector_start_call(struct collector *collector, struct call *call);

/* Drops one reference of a thread; the lock is held and is released. */
void collector_unlock_and_unref(struct collector *collector);

/* --- collector_link.c -------------------------------------------------------- */

/* Opens the link if there is none and it is time.  With the lock. */
void collector_open_link(struct collector *collector, int64_t now_ns);

/* When that is, CLOCK_NEVER where it is open or being opened.  With the lock. */
int64_t collector_open_due_ns(const struct collector *collector);

/* A call of CALL_OPEN has returned. */
void collector_finish_open(struct collector *collector, struct call *call);

/* The link is lost, or was not to be had: it is tried again after a delay. */
void collector_lose_link(struct collector *collector, const struct error *error);

/* Drops a reference on a link, and closes it where that was the last one. */
void collector_drop_link(struct collector *collector, struct link *link);

/* --- collector_sections.c ---------------------------------------------------- */

/* Starts what is wanted, or scheduled, and may start now.  With the lock. */
void collector_start_sections(struct collector *collector, int64_t now_ns);

/* When the next one is scheduled that may start; CLOCK_NEVER: none.  With the lock. */
int64_t collector_section_due_ns(const struct collector *collector);

/*
 * When a call is late; CLOCK_NEVER: it cannot be (any more).  *ret_domain: it is
 * held up by one domain, which can be set aside.  With the lock.
 */
int64_t collector_late_ns(struct collector *collector, const struct call *call,
                          bool *ret_domain);

/* A call is late: goes on without the domain that holds it up. */
void collector_set_aside(struct collector *collector, struct call *call);

/* A call is late, of which no domain is known to hold it up. */
void collector_abandon(struct collector *collector, struct call *call);

/* A call of CALL_SECTION or CALL_ALONE has returned. */
void collector_finish_section(struct collector *collector, struct call *call);
void collector_finish_alone(struct collector *collector, struct call *call);

/* --- collector_operations.c -------------------------------------------------- */

/* Begins, or ends for want of a link, each job that waits.  With the lock. */
void collector_start_operations(struct collector *collector);

/* A call of CALL_OPERATION has returned, or was never made. */
void collector_finish_operation(struct collector *collector, struct call *call);

#endif
