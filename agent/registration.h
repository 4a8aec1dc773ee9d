/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * registration.h - the MIB roots in each context: known to net-snmp, and
 * registered with the master; and what the agent states in sysORTable to have
 * of them.
 *
 * The PDUs to the master are sent from here and their answers come later.
 * net-snmp's own way waits for each answer, and when the session is lost
 * meanwhile, 5.9.3 reads what it has freed and takes for registered what is
 * not.  SNMP thread only.
 */
#ifndef HVX_AGENT_REGISTRATION_H
#define HVX_AGENT_REGISTRATION_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
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
 * and unregisters those that are gone; with the master too while there is a
 * session.  False: not all could be registered.
 */
bool registrations_update(struct registrations *registrations) MUST_CHECK;

/*
 * A session to the master was opened: registers everything with it, announces
 * the AGENT-CAPABILITIES statements (RFC 2741 section 6.2.14), and keeps
 * net-snmp from doing so until registrations_release().  The master drops all
 * of it with the session.
 */
void registrations_attach(struct registrations *registrations,
                          netsnmp_session *session);

/* Lets net-snmp close the session in its own way. */
void registrations_release(netsnmp_session *session);

#endif
