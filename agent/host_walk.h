/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_walk.h - reads hrStorageTable (RFC 2790) of the agent's host from the
 * host's own snmpd.
 *
 * net-snmp numbers its rows in the order in which snmpd met the file systems,
 * which nobody outside can know: so snmpd is asked, as `hostAgent` says.  It
 * may be the AgentX master that we answer to, and it answers nobody while it
 * waits for us: so nothing here ever waits for it.
 *
 * The table is read when a session to the master begins, and again when
 * somebody searches a table older than a minute, who still gets the old one.
 * A table that cannot be read again is dropped.  Nothing is done while nobody
 * asks.  The log has one line for each change.
 *
 * SNMP thread only; none of this is called from a callback of net-snmp but
 * host_walk_start() and host_walk_stop().
 */
#ifndef HVX_AGENT_HOST_WALK_H
#define HVX_AGENT_HOST_WALK_H

#include "agent/host_agent.h"
#include "model/host_storage.h"

/* Most rows of hrStorageTable that are read; the rest is ignored. */
#define HOST_WALK_ROWS_MAX 4096

struct host_walk;

/* One that asks nobody yet; NULL without memory. */
struct host_walk *host_walk_new(void);
void host_walk_free(struct host_walk *walk);

/*
 * Asks this agent from now on, which stays the caller's and outlives its use;
 * NULL: nobody, and there is no table.  Begins anew, also with the same one.
 */
void host_walk_configure(struct host_walk *walk, const struct host_agent *agent);

/* A session to the master has begun: the table will be read. */
void host_walk_start(struct host_walk *walk);

/* It has ended: until the next one nobody is asked, and the table is empty. */
void host_walk_stop(struct host_walk *walk);

/*
 * Does what is due.  Called after each round of net-snmp's loop: a finished
 * session is closed here, and the table changed.
 */
void host_walk_check(struct host_walk *walk);

/* The newest table, valid until the next host_walk_*(); NULL: nobody is asked. */
const struct host_storage *host_walk_table(const struct host_walk *walk);

/* Whether questions are on their way. */
bool host_walk_is_busy(const struct host_walk *walk);

#endif
