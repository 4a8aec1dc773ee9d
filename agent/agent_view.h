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

/* Views with room for all that a configuration says; NULL without memory. */
struct agent_view *agent_views_new(const struct config *config);

/* NULL is allowed. */
void agent_views_free(struct agent_view *views);

/*
 * The contexts of the present connections, in order of their index: the default
 * one, then those of each, its own first.  Also what is permitted there, in each
 * view and, all together, in the status of the connections and the agent.  config:
 * the one the connections are of; the views refer to it, so it outlives them.
 * agent->views has room for it.
 */
void agent_views_fill(struct agent *agent, const struct config *config);

#endif
