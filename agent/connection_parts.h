/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connection_parts.h - the inside of a connection: connection.c says what is
 * fresh and what is to be collected, connection_events.c takes in what the
 * collector tells.  Included by connection*.c alone.
 */
#ifndef HVX_AGENT_CONNECTION_PARTS_H
#define HVX_AGENT_CONNECTION_PARTS_H

#include "agent/connection.h"

/*
 * Says anew when these sections (SECTION_BIT()s) are to be collected although
 * nobody asks: ahead of the next poll where that takes too long to be waited
 * for, and states every stateInterval while notifications are switched on.
 */
void connection_plan(struct connection *connection, unsigned sections);

#endif
