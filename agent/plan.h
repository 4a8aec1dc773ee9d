/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan.h - what the varbinds of one SET want done to the domains of one
 * connection, taken together.  SNMP thread only.
 */
#ifndef HVX_AGENT_PLAN_H
#define HVX_AGENT_PLAN_H

#include "agent/connection.h"

#endif
