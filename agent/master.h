/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * master.h - where the AgentX master is, and why it cannot be reached.
 *
 * SNMP thread only.
 */
#ifndef HVX_AGENT_MASTER_H
#define HVX_AGENT_MASTER_H

#include "model/status.h"

/* Its address in net-snmp's notation, as agentXSocket or -x have it. */
const char *master_address(void);

/* Where a master listens that is not told another agentXSocket. */
const char *master_default_address(void);

/* The path in an address of a Unix socket, part of it; NULL: another kind. */
const char *master_unix_path(const char *address);

/*
 * Connects to the master's Unix socket: a descriptor that never blocks, the
 * caller's to close; or -1 and errno.  EAGAIN: its queue is full.  Does not wait.
 */
int master_connect(void);

/*
 * Tries to reach the master's socket as net-snmp would, to tell the operator
 * in *error what is wrong and what to do.  Does not wait for an answer.
 */
void master_explain_absence(struct error *error);

/* Tells the operator in *error that somebody is there, and speaks no AgentX. */
void master_explain_refusal(struct error *error);

/* Tells the operator in *error that the master is there and does not answer. */
void master_explain_silence(struct error *error);

#endif
