/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_fault.h - what goes wrong on a simulated node, and when.
 *
 * Included by sim*.c only.  Any thread.
 */
#ifndef HVX_BACKENDS_SIM_FAULT_H
#define HVX_BACKENDS_SIM_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libxml/tree.h>

#include "backends/sim_file.h"
#include "model/section.h"
#include "model/status.h"

/* Most faults of the node, and of each domain. */
#define SIM_FAULTS_MAX 256

enum sim_fault_kind {
    SIM_FAULT_HANG,
    SIM_FAULT_SLOW,
    SIM_FAULT_FAIL,
    SIM_FAULT_DOWN,   /* of the node only */
    SIM_FAULT_VANISH, /* of a domain only */
};
#define SIM_FAULT_KIND_COUNT (SIM_FAULT_VANISH + 1)

/* The calls that a fault strikes: SECTION_BIT() of each section, and these. */
#define SIM_FAULT_ON_OPEN SECTION_BIT(SECTION_COUNT)
#define SIM_FAULT_ON_OPERATE SECTION_BIT(SECTION_COUNT + 1)
#define SIM_FAULT_ON_ALL (SECTION_ALL | SIM_FAULT_ON_OPEN | SIM_FAULT_ON_OPERATE)

struct sim_fault {
    enum sim_fault_kind kind;
    unsigned calls;
    int64_t from_ns;  /* since the origin, sim_fault_origin_ns() */
    int64_t until_ns; /* INT64_MAX: for ever */
    int64_t delay_ns; /* of SIM_FAULT_SLOW */
    long line;        /* where it is written */
};

struct sim_faults {
    struct sim_fault *list; /* in the order of the file */
    size_t count;
};

/*
 * Reads one <sim:fault> and adds it to the list.
 * Errors: STATUS_INVALID, STATUS_NO_MEMORY.
 */
enum status sim_fault_read(const char *source, const xmlNode *element, bool of_domain,
                           struct sim_faults *faults, struct error *error) MUST_CHECK;

void sim_faults_clear(struct sim_faults *faults);

/* Does it strike this call (one bit) so long after the origin? */
bool sim_fault_is_active(const struct sim_fault *fault, unsigned call,
                         int64_t elapsed_ns);

/*
 * When this process first saw this version of the node file, on
 * CLOCK_BOOTTIME.  Outlives connections: a node that is down for a minute
 * stays down however often it is opened in that minute.
 */
int64_t sim_fault_origin_ns(const char *path, const struct sim_stamp *stamp);

#endif
