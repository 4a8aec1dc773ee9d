/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/agentx.h"

#include <sys/socket.h>

/* RFC 2741 section 6.1: PDU type and header flag. */
#define AGENTX_RESPONSE 18
#define AGENTX_NETWORK_BYTE_ORDER 0x10

void agentx_respond(netsnmp_session *session, const netsnmp_pdu *request,
                    netsnmp_variable_list *varbinds, long error, long index)
{
    netsnmp_pdu *response = snmp_pdu_create(AGENTX_RESPONSE);

    if (response == NULL) {
        snmp_free_varbind(varbinds);
        return;
    }
    response->version = session->version;
    response->flags = request->flags & AGENTX_NETWORK_BYTE_ORDER;
    response->sessid = request->sessid;
    response->transid = request->transid;
    response->reqid = request->reqid;
    response->errstat = error;
    response->errindex = index;
    response->variables = varbinds;
    if (snmp_send(session, response) == 0) {
        snmp_free_pdu(response);
    }
}

void agentx_request(netsnmp_session *session, netsnmp_pdu *pdu, int patience_s,
                    netsnmp_callback on_answer, void *magic)
{
    const long timeout_us = session->timeout;

    pdu->version = session->version;
    pdu->sessid = session->sessid;
    session->timeout = patience_s * 1000000L;
    if (snmp_async_send(session, pdu, on_answer, magic) == 0) {
        snmp_free_pdu(pdu);
    }
    session->timeout = timeout_us;
}

void agentx_hang_up(netsnmp_session *session)
{
    const netsnmp_transport *transport =
        snmp_sess_transport(snmp_sess_pointer(session));

    if (transport != NULL && transport->sock >= 0) {
        shutdown(transport->sock, SHUT_RDWR);
    }
}
