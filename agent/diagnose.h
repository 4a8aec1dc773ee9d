/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diagnose.h - hvagentx --diagnose: looks at all that has to be right for
 * managers to see the domains, and tells what to mend.
 *
 * It writes nothing, takes no lock, and works beside a running agent; at the
 * master it opens one session, which registers nothing, and closes it.
 */
#ifndef HVX_AGENT_DIAGNOSE_H
#define HVX_AGENT_DIAGNOSE_H

#include <stdbool.h>
#include <stdio.h>

#include "agent/config.h"

/* As a complaint of config_read(): prints it to stdout as a finding. */
void diagnose_complain(const char *line);

/*
 * Prints the findings (report.h) and their sum to stdout.  file: -c, or NULL.
 * config: taken over; NULL: it has errors, which were told, and what depends
 * on it is left out.  Takes at most 20 s and twice callTimeout.
 * True: there is nothing to mend.  *ret_alone: as agent_free() has it.
 */
bool diagnose(const char *file, struct config *config, bool *ret_alone);

#endif
