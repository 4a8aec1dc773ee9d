/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk.h - hvagentx --walk: what would be published, without any snmpd.
 */
#ifndef HVX_AGENT_WALK_H
#define HVX_AGENT_WALK_H

#include <stdio.h>

#include "agent/config.h"
#include "model/status.h"

/*
 * Connects to the hypervisor at `uri`, collects everything once and prints
 * each object as MODULE::name.instance = TYPE: value.  The rest of the
 * configuration, which is taken over, applies; its connections do not.
 */
enum status walk_print(struct config *config, const char *uri, FILE *stream,
                       struct error *error) MUST_CHECK;

#endif
