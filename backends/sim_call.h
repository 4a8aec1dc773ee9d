/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_call.h - one call to a simulated node: the version of the node that it
 * works with, and what it suffers from.
 *
 * Included by sim*.c only.  A call belongs to the thread that makes it; the
 * connection behind it is shared by many.
 */
#ifndef HVX_BACKENDS_SIM_CALL_H
#define HVX_BACKENDS_SIM_CALL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "backends/backend.h"
#include "backends/sim_node.h"
#include "backends/sim_overlay.h"
#include "backends/sim_records.h"
#include "model/status.h"

struct backend {
    char *path;
    pthread_mutex_t lock; /* protects all below */
    pthread_cond_t wake;  /* is_closing or calls changed */
    bool is_closing;
    unsigned calls;              /* under way */
    struct sim_node *node;       /* as last read */
    struct sim_overlay *overlay; /* of that version */
    int64_t origin_ns;           /* sim_fault_origin_ns() of it */
};

/* One call, and the version of the node that it works with. */
struct sim_call {
    struct backend *backend;
    unsigned bit;        /* SECTION_BIT(), SIM_FAULT_ON_OPEN or _OPERATE */
    int64_t deadline_ns; /* CLOCK_BOOTTIME, of what hangs; INT64_MAX: none */
    struct sim_node *node;
    struct sim_overlay *overlay;
    int64_t origin_ns;
    struct sim_moment moment;
    struct builder *builder;
    struct error *error;
};

/* Each call is between these two; sim_call_leave() frees what it holds. */
void sim_call_enter(const struct sim_call *call);
void sim_call_leave(struct sim_call *call);

/*
 * Gets the node, as it is now, and over what the node as a whole suffers from.
 * Errors: STATUS_UNAVAILABLE, STATUS_TIMEOUT, STATUS_FAILED ...
 */
enum status sim_call_begin(struct sim_call *call) MUST_CHECK;

/* What time it is for the call from now on. */
void sim_call_take_time(struct sim_call *call);

/* The moment on the node's clock: the machine's own, unless it stands still. */
int64_t sim_call_node_now_ns(const struct sim_call *call);

/*
 * All that strikes this call now, one after the other, as they are written in
 * `source`.  *ret_changed: a file of the node changed meanwhile.
 * Errors: as sim_call_begin().
 */
enum status sim_call_suffer(struct sim_call *call, const struct sim_faults *faults,
                            const char *source, bool *ret_changed) MUST_CHECK;

/* Is the domain away: by a fault, or because it was transient and ended? */
bool sim_call_is_vanished(const struct sim_call *call, const struct sim_domain *domain);

/*
 * Sleeps until the moment given on CLOCK_BOOTTIME.
 * Errors: STATUS_UNAVAILABLE: the connection was closed.
 */
enum status sim_call_sleep(const struct sim_call *call, int64_t until_ns) MUST_CHECK;

#endif
