/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subagent.h - publishes an agent through an AgentX master: the session, the
 * registrations, the loop.
 *
 * All of net-snmp is used by the thread that calls these functions.
 */
#ifndef HVX_AGENT_SUBAGENT_H
#define HVX_AGENT_SUBAGENT_H

#include <stdbool.h>

#include "agent/agent.h"
#include "model/status.h"

struct subagent;

/*
 * Prepares net-snmp for a subagent: before config_init() and anything else of
 * net-snmp but the log.  Blocks SIGPIPE for the process.
 */
void subagent_prepare(void);

/*
 * Registers all objects in all contexts and begins to try the master: at once,
 * and every second.  Waits for nothing.  The agent stays the caller's and outlives
 * the subagent.  NULL with words.
 */
struct subagent *subagent_start(struct agent *agent, struct error *error);

/*
 * Serves requests until `signals` (a signalfd) tells SIGTERM or SIGINT; calls
 * `reload` at SIGHUP, which may change the agent's connections.
 */
void subagent_run(struct subagent *subagent, int signals,
                  void (*reload)(struct agent *agent, void *argument), void *argument);

/* Closes the session.  NULL is allowed. */
void subagent_stop(struct subagent *subagent);

#endif
