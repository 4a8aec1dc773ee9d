/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * responder.h - answers the AgentX requests of the master directly on its
 * session: Get, GetNext and GetBulk at once or when the data has come, and
 * the phases of SETs by transaction.h.
 *
 * An answer whose data is too old waits for the collection, for at most
 * waitLimit, without holding up anything else: the request is kept and
 * answered later.  SNMP thread only.
 */
#ifndef HVX_AGENT_RESPONDER_H
#define HVX_AGENT_RESPONDER_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "agent/agent.h"

struct responder;

/* NULL without memory. */
struct responder *responder_new(struct agent *agent);
void responder_free(struct responder *responder);

/* A session to the master has been opened: its requests come here first. */
void responder_attach(struct responder *responder, netsnmp_session *session);

/* The session attached; NULL while there is none. */
netsnmp_session *responder_session(const struct responder *responder);

/* The session has ended: what waited for it is dropped, and open SETs undone. */
void responder_detach(struct responder *responder, netsnmp_session *session);

/* New data has come, or views changed: answers what waited for it. */
void responder_check(struct responder *responder);

#endif
