/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * knock.h - whether the AgentX master answers, found out without waiting.
 *
 * net-snmp connects, and opens a session, in calls that end when the master
 * has answered.  One that is stopped, or hangs, would hold the agent: for
 * seconds at each try, and for ever when the queue of its socket is full.  So
 * it is asked first, on a connection of its own, for something that every
 * master answers (a Ping of no session), and a session is opened when it has.
 *
 * SNMP thread only.
 */
#ifndef HVX_AGENT_KNOCK_H
#define HVX_AGENT_KNOCK_H

#include <stdbool.h>

#include "model/status.h"

struct knock;

/* NULL: out of memory. */
struct knock *knock_new(void);

/* NULL is allowed. */
void knock_free(struct knock *knock);

/*
 * Asks, unless a question is still open; one that is too old is given up.
 * Returns false if the master is not there, or has not answered the question
 * before this one, or hung up on it; *error tells why, and what to do.  A master that is not at
 * a Unix socket counts as one that answers: there nothing is found out.
 */
bool knock_try(struct knock *knock, struct error *error);

/*
 * Whether the master has answered; true once for each answer.  Not to be asked in
 * a function that net-snmp calls for a descriptor: what is opened then may get the
 * number of a descriptor that net-snmp still believes to be readable.
 */
bool knock_take_answer(struct knock *knock);

#endif
