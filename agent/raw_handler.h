/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * raw_handler.h - net-snmp's way to the objects: one handler for each root
 * and context.
 *
 * Requests of the master are answered by responder.h before net-snmp's own
 * dispatch.  What still comes here arrives while net-snmp itself waits for the
 * master's answer to a ping.  A SET that comes so is refused: with what is
 * wrong with it, or else resourceUnavailable.  SNMP thread only.
 */
#ifndef HVX_AGENT_RAW_HANDLER_H
#define HVX_AGENT_RAW_HANDLER_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "agent/agent.h"
#include "agent/responder.h"

/* What a handler knows: in my_reg_void of its registration. */
struct raw_handler {
    struct agent *agent;
    struct responder *responder;
    const char *context;
};

/* A Netsnmp_Node_Handler. */
int raw_handler_handle(netsnmp_mib_handler *handler,
                       netsnmp_handler_registration *registration,
                       netsnmp_agent_request_info *info,
                       netsnmp_request_info *requests);

#endif
