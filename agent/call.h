/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * call.h - one call to a backend, on a thread that may be lost for a while,
 * and the open link it goes to.  Included by collector*.c alone.
 */
#ifndef HVX_AGENT_CALL_H
#define HVX_AGENT_CALL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/job.h"
#include "backends/backend.h"
#include "model/section.h"

/*
 * An open backend.  The collector and each call on it hold a reference; the
 * last one closes it, on whichever thread that is.
 */
struct link {
    atomic_uint references;
    const struct backend_ops *ops;
    struct backend *backend;
};

/* Takes over the backend; NULL without memory, and the caller keeps it. */
struct link *link_new(const struct backend_ops *ops, struct backend *backend);
struct link *link_ref(struct link *link);
void link_unref(struct link *link);

/* Drops a reference; true: it was the last, link_close() is due. */
bool link_drop(struct link *link);
void link_close(struct link *link);

struct collector;

enum call_kind {
    CALL_OPEN,    /* opens a link */
    CALL_SECTION, /* collects a section of all domains but some */
    /*
     * Collects a section of one domain that is set aside, or is what is left
     * of a CALL_SECTION that this domain holds up.
     */
    CALL_ALONE,
    CALL_OPERATION, /* carries out a job; never late, never given up */
};

/*
 * Belongs to the thread in it until `finished`, apart from what the collector
 * says is its own.
 */
struct call {
    struct call *next;           /* the collector's */
    struct collector *collector; /* holds a reference to it */
    const struct backend_ops *ops;
    const char *uri;
    enum call_kind kind;  /* the collector's */
    struct link *link;    /* NULL: CALL_OPEN, or a job that never began */
    struct job *job;      /* NULL: no CALL_OPERATION */
    enum section section; /* what it collects */
    struct uuid uuid;     /* the collector's: CALL_ALONE's domain */
    struct uuid *wanted;  /* the one that it asks for; NULL: all but these: */
    struct uuid *except;
    size_t except_count;
    struct builder *builder; /* what it has delivered so far; NULL: collects nothing */
    int64_t started_ns;
    /* The collector's: when the collection began that it is a part of. */
    int64_t begun_ns;
    int64_t timeout_ns; /* what the backend is told */
    bool abandoned;     /* the collector's: what it may still bring is dropped */
    bool finished;      /* under the collector's lock */
    int64_t finished_ns;
    enum status status;
    struct error error;
    struct backend *opened; /* what it has opened, until somebody takes it */
};

/*
 * A call that opens a link, that collects a section on it without the domains
 * of `except` (ascending; taken over, also on failure), or that collects it
 * for one domain.  NULL without memory.
 */
struct call *call_new_open(const struct backend_ops *ops, const char *uri,
                           int64_t timeout_ns);
struct call *call_new_section(struct link *link, enum section section,
                              struct uuid *except, size_t except_count,
                              int64_t timeout_ns);
struct call *call_new_alone(struct link *link, enum section section,
                            const struct uuid *uuid, int64_t timeout_ns);

/* One that carries out a job, which is taken over, on a link that it gets later. */
struct call *call_new_operation(const struct backend_ops *ops, struct job *job);

/* May block: it may be the last one on its link. */
void call_free(struct call *call);

/* Calls the backend and fills in status, error and opened. */
void call_run(struct call *call);

/* What it brings is not used any more; what it has not told yet, it does not. */
void call_cut_short(struct call *call);

/* Runs a function on a detached thread: nobody joins what may hang.  Returns
 * 0 or errno. */
int call_start_thread(void *(*run)(void *argument), void *argument);

#endif
