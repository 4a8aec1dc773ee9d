/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * agentx.h - AgentX requests of the master, by number, how they are answered,
 * and how it is asked (RFC 2741).  SNMP thread only.
 */
#ifndef HVX_AGENT_AGENTX_H
#define HVX_AGENT_AGENTX_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

/* Section 6.1: PDU types. */
#define AGENTX_CLOSE 2
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

/*
 * Sends a request to the master, once, and does not wait for the answer.  pdu:
 * taken over.  on_answer(): as net-snmp has it; told of the answer, of
 * `patience_s` seconds without one, or of the end of the session.
 */
void agentx_request(netsnmp_session *session, netsnmp_pdu *pdu, int patience_s,
                    netsnmp_callback on_answer, void *magic);

/*
 * Ends the connection.  The next one who reads from it, in the loop, finds the
 * session lost, as if the master had ended.
 */
void agentx_hang_up(netsnmp_session *session);

#endif
