/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan.h - what the varbinds of one SET change, taken together: checked as a
 * whole, done as a whole, or not at all.
 *
 * A plan is about one connection, which each function is given: a reload may
 * have closed it meanwhile, and then there is nothing to do.  Nothing starts
 * before plan_complete().  SNMP thread only.
 */
#ifndef HVX_AGENT_PLAN_H
#define HVX_AGENT_PLAN_H

#include "agent/connection.h"
#include "mib/mib.h"

struct plan;

/* Of a SET that came in this context (copied).  NULL without memory. */
struct plan *plan_new(const char *role);

/*
 * Adds what the varbind at `index` changes.  In the order of the varbinds.
 * MIB_INCONSISTENT_VALUE: it contradicts an earlier one, or what there is;
 * MIB_NO_CREATION, MIB_WRONG_VALUE, MIB_NOT_WRITABLE: as the table in
 * docs/control.md says; MIB_RESOURCE_UNAVAILABLE: no memory.  *why has words.
 */
enum mib_error plan_add(struct plan *plan, const struct connection *connection,
                        const struct mib_change *change, long index,
                        struct error *why) MUST_CHECK;

/*
 * All varbinds are there: checks them together, and reserves the room that they
 * need.  On failure *ret_index tells the varbind that is to blame.
 */
enum mib_error plan_settle(struct plan *plan, struct connection *connection,
                           long *ret_index, struct error *why) MUST_CHECK;

/*
 * Does all that can be undone.  MIB_COMMIT_FAILED: something has changed since it
 * was settled, for the varbind at *ret_index; nothing is done then.
 */
enum mib_error plan_commit(struct plan *plan, struct connection *connection,
                           long *ret_index) MUST_CHECK;

/* Puts everything back after plan_commit(). */
void plan_undo(struct plan *plan, struct connection *connection);

/* Does the rest after plan_commit(), which cannot fail: operations begin. */
void plan_complete(struct plan *plan, struct connection *connection);

/*
 * Frees it, and returns room that it still has reserved.  connection NULL: it is
 * gone.  plan NULL is allowed.
 */
void plan_free(struct plan *plan, struct connection *connection);

#endif
