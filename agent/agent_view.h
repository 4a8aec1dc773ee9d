/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * agent_view.h - the views of an agent, made anew when its connections change.
 *
 * Included by agent.c and agent_view.c; agent.h is for all others.  SNMP thread
 * only.
 */
#ifndef HVX_AGENT_AGENT_VIEW_H
#define HVX_AGENT_AGENT_VIEW_H

#include <stddef.h>

#include "agent/agent.h"

/* Views with room for so many connections, 1 or more; NULL without memory. */
struct agent_view *agent_views_new(size_t connection_count);

/* NULL is allowed. */
void agent_views_free(struct agent_view *views);

/*
 * The contexts of the present connections, in order of their index: the default
 * one, then each its own.  agent->views has room for all of them.
 */
void agent_views_fill(struct agent *agent);

#endif
