/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ping.h - makes sure that the master still answers.
 *
 * net-snmp's own pings wait for the answer, and nothing else is done meanwhile.
 * These do not: a master that owes an answer for too long, or does not know the
 * session any more, is hung up on.
 *
 * SNMP thread only.
 */
#ifndef HVX_AGENT_PING_H
#define HVX_AGENT_PING_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

struct ping {
    netsnmp_session *session; /* NULL: none is pinged */
    unsigned alarm;           /* 0: none */
};

/* Pings a session every `interval_s`; 0: never.  The ping outlives the session. */
void ping_start(struct ping *ping, netsnmp_session *session, int interval_s);

/* Before the session is freed.  May find nothing to stop. */
void ping_stop(struct ping *ping);

#endif
