/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * operations.h - the operations of one connection: accepted, queued, carried
 * out in their order for one domain and in parallel for different ones,
 * finished, forgotten.
 *
 * SNMP thread only; nothing here blocks.
 */
#ifndef HVX_AGENT_OPERATIONS_H
#define HVX_AGENT_OPERATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/collector.h"
#include "agent/config.h"
#include "model/connection.h"
#include "model/operation_table.h"

struct operations;

struct operations_settings {
    struct connection_status
        *status;                   /* its name; counts accepted ones; outlives them */
    const char *folder;            /* of the journal; NULL: nothing is kept */
    struct collector *collector;   /* who carries them out; outlives them */
    const struct config *config;   /* as connection_configure() has it */
    struct agent_status *counters; /* accepted and failed ones are counted here */
};

/* Reads the journal.  NULL with words. */
struct operations *operations_new(const struct operations_settings *settings,
                                  struct error *error);

/* Other limits are in force from now on. */
void operations_configure(struct operations *operations, const struct config *config);

/*
 * Writes down that queued ones are cancelled and running ones interrupted, logs
 * them, and frees.  To be called before the collector ends.  NULL is allowed.
 */
void operations_free(struct operations *operations);

/* What hvxOperationTable shows, with the progress of this moment. */
const struct operation_table *operations_table(struct operations *operations);

/* Whether there is room for so many more; keeps it until it is used or returned. */
bool operations_reserve(struct operations *operations, size_t count) MUST_CHECK;
void operations_return(struct operations *operations, size_t count);

/* An id above OPERATION_MANAGER_ID_MAX that was never given out before. */
uint32_t operations_new_id(struct operations *operations);

/*
 * Accepts one for which room is reserved, which it uses: it has its serial from
 * now on, is a row, and waits for operations_begin(), which gives it its time.
 * Takes it over; false: its name is taken, or no memory, and it is the caller's,
 * and the room is still reserved.
 */
bool operations_accept(struct operations *operations,
                       struct operation *operation) MUST_CHECK;

/* As if it had never been accepted, if it has not begun; its room is free again. */
void operations_withdraw(struct operations *operations, enum operation_class class,
                         const struct uuid *uuid, uint32_t id);

/*
 * The SET is complete: writes the operation down, logs it, and starts it as soon
 * as its domain and the limit permit, once it is on the disk that it starts.
 */
void operations_begin(struct operations *operations, enum operation_class class,
                      const struct uuid *uuid, uint32_t id);

/*
 * Keeps one that is queued from starting, and lets it go again.  False: it is
 * not queued any longer.
 */
bool operations_hold(struct operations *operations, enum operation_class class,
                     const struct uuid *uuid, uint32_t id) MUST_CHECK;
void operations_release(struct operations *operations, enum operation_class class,
                        const struct uuid *uuid, uint32_t id);

/* Moves the lock of a domain in a class on, or back, as in operation_table.h. */
bool operations_advance_lock(struct operations *operations, enum operation_class class,
                             const struct uuid *uuid) MUST_CHECK;
void operations_return_lock(struct operations *operations, enum operation_class class,
                            const struct uuid *uuid);

/* Cancels one that is queued; does nothing to any other. */
void operations_cancel(struct operations *operations, enum operation_class class,
                       const struct uuid *uuid, uint32_t id);

/* Takes the row of a final one away; its id stays used until it is forgotten. */
void operations_remove(struct operations *operations, enum operation_class class,
                       const struct uuid *uuid, uint32_t id);

/*
 * COLLECTOR_OPERATED: how one ended.  Also of one that has expired, whose
 * result it then has.
 */
void operations_finish(struct operations *operations, uint64_t serial,
                       const struct error *error);

/* The connection is down: queued ones fail, with its words. */
void operations_fail_queued(struct operations *operations, const struct error *error);

/*
 * Looks after deadlines and what is to be forgotten, and starts what may start.
 * Returns when that is to be done again; CLOCK_NEVER: when something happens.
 */
int64_t operations_check(struct operations *operations, int64_t now_ns);

#endif
