/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_duration.h - how long operations on simulated domains take.
 *
 * Included by sim*.c only.  Any thread.
 */
#ifndef HVX_BACKENDS_SIM_DURATION_H
#define HVX_BACKENDS_SIM_DURATION_H

#include <stdint.h>

#include "backends/sim_xml.h"
#include "model/operation.h"
#include "model/status.h"

/* What the file says, of the node or of a domain. */
struct sim_durations {
    /*
     * By action, of OPERATION_NONE for all that have none of their own;
     * CLOCK_NEVER where nothing is said.  NULL: nothing is said at all.
     */
    int64_t *by_action_ns;
};

/*
 * Reads one <sim:operation>.
 * Errors: STATUS_INVALID, STATUS_NO_MEMORY.
 */
enum status sim_duration_read(const struct sim_xml *xml,
                              struct sim_durations *durations) MUST_CHECK;

void sim_durations_clear(struct sim_durations *durations);

/* How long the action takes: as the domain, the node, or nobody has it. */
int64_t sim_duration_ns(enum operation_action action,
                        const struct sim_durations *of_domain,
                        const struct sim_durations *of_node);

#endif
