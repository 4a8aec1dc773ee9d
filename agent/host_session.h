/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_session.h - sessions of net-snmp to the host's own snmpd, opened
 * without waiting.
 *
 * snmp_open() with SNMPv3 asks for the other's engine ID and waits for the
 * answer.  The snmpd asked here may be the AgentX master, which waits for us
 * at times.  So asking for the engine ID is a step of its own.
 * SNMP thread only.
 */
#ifndef HVX_AGENT_HOST_SESSION_H
#define HVX_AGENT_HOST_SESSION_H

#include "agent/host_agent.h"

/*
 * Opens a session and sends a request that a SNMPv3 engine answers with a
 * Report; its securityEngineID is what host_session_open() needs.  NULL when
 * it cannot be sent; snmp_errno says why.
 */
netsnmp_session *host_session_probe(const struct host_agent *agent,
                                    netsnmp_callback callback, void *magic);

/*
 * Opens a session for requests; engine is copied, and ignored with 2c.  NULL:
 * it cannot be opened; snmp_errno says why.
 */
netsnmp_session *host_session_open(const struct host_agent *agent, const u_char *engine,
                                   size_t engine_length, netsnmp_callback callback,
                                   void *magic);

/*
 * Closes a session of either kind, with the keys that net-snmp keeps for it;
 * callbacks of requests that are on their way are not called.  Not from a
 * callback of the session itself.  NULL is allowed.
 */
void host_session_close(netsnmp_session *session);

#endif
