/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * registration.h - one raw handler for each MIB root in each context.
 *
 * Requests of the master are answered by responder.h before net-snmp's own
 * dispatch; what still comes to the handlers are SETs, and requests that
 * arrive while net-snmp itself waits for the master.  SNMP thread only.
 */
#ifndef HVX_AGENT_REGISTRATION_H
#define HVX_AGENT_REGISTRATION_H

#include <stdbool.h>

#include "agent/agent.h"
#include "agent/responder.h"

struct registrations;

/* NULL without memory. */
struct registrations *registrations_new(struct agent *agent,
                                        struct responder *responder);

/* After snmp_shutdown(), which has dropped the handlers.  NULL is allowed. */
void registrations_free(struct registrations *registrations);

/*
 * Registers the contexts that the agent's views have and net-snmp has not,
 * and unregisters those that are gone.  False: not all could be registered.
 */
bool registrations_update(struct registrations *registrations) MUST_CHECK;

#endif
