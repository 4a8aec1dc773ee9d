/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/agentx.h"

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
