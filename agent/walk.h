/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk.h - hvagentx --walk: what would be published, without any snmpd.
 */
#ifndef HVX_AGENT_WALK_H
#define HVX_AGENT_WALK_H

#include <stdbool.h>
#include <stdio.h>

#include "agent/config.h"
#include "model/status.h"

/*
 * Connects to the hypervisor at `uri`, collects everything once and prints
 * each object as MODULE::name.instance = TYPE: value.  The rest of the
 * configuration, which is taken over, applies; its connections do not.
 * *ret_alone is set when the hypervisor was asked: as agent_free() has it.
 */
enum status walk_print(struct config *config, const char *uri, FILE *stream,
                       bool *ret_alone, struct error *error) MUST_CHECK;

#endif
