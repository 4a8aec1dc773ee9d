/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/ping.h"

#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <stdbool.h>

#include "agent/agentx.h"
#include "agent/log.h"

/* RFC 2741 section 6.1: a PDU type. */
#define AGENTX_PING 13

/* As long as net-snmp's masters bear with a subagent. */
#define PATIENCE_S 6

static int on_answer(int operation, netsnmp_session *session, int request_id,
                     netsnmp_pdu *pdu, void *magic)
{
    const struct ping *ping = magic;
    bool late = operation == NETSNMP_CALLBACK_OP_TIMED_OUT;
    /* The master has closed the session without a word. */
    bool refused = operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE
                   && pdu->errstat != SNMP_ERR_NOERROR;

    (void)request_id;
    /* Also told of pings that were open when the session ended. */
    if ((late || refused) && ping->session == session) {
        agentx_hang_up(session);
    }
    return 1;
}

static void on_alarm(unsigned alarm, void *argument)
{
    struct ping *ping = argument;
    netsnmp_pdu *pdu = snmp_pdu_create(AGENTX_PING);

    (void)alarm;
    if (pdu == NULL) {
        log_error("out of memory while the AgentX master is pinged");
        return;
    }
    agentx_request(ping->session, pdu, PATIENCE_S, on_answer, ping);
}

void ping_start(struct ping *ping, netsnmp_session *session, int interval_s)
{
    ping_stop(ping);
    ping->session = session;
    if (interval_s > 0) {
        ping->alarm =
            snmp_alarm_register((unsigned)interval_s, SA_REPEAT, on_alarm, ping);
    }
}

void ping_stop(struct ping *ping)
{
    if (ping->alarm != 0) {
        snmp_alarm_unregister(ping->alarm);
        ping->alarm = 0;
    }
    ping->session = NULL;
}
