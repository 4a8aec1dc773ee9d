/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * agentx.h - AgentX requests of the master, by number, and how they are
 * answered (RFC 2741).  SNMP thread only.
 */
#ifndef HVX_AGENT_AGENTX_H
#define HVX_AGENT_AGENTX_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

/* Section 6.1: PDU types. */
#define AGENTX_GET 5
#define AGENTX_GETNEXT 6
#define AGENTX_GETBULK 7
#define AGENTX_TESTSET 8
#define AGENTX_COMMITSET 9
#define AGENTX_UNDOSET 10
#define AGENTX_CLEANUPSET 11

/* Section 6.2.16, res.error: beside the error-status values of SNMP. */
#define AGENTX_UNSUPPORTED_CONTEXT 262

/*
 * Sends the response to a request.  varbinds: taken over; NULL: none.  error:
 * res.error, and index the varbind, from 1 on, that it is about; both 0: none.
 * Without memory, nothing is sent.
 */
void agentx_respond(netsnmp_session *session, const netsnmp_pdu *request,
                    netsnmp_variable_list *varbinds, long error, long index);

#endif
