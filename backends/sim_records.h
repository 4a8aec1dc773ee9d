/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_records.h - the records of a simulated node at one moment.
 *
 * Included by sim*.c only.  Any thread.
 */
#ifndef HVX_BACKENDS_SIM_RECORDS_H
#define HVX_BACKENDS_SIM_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "backends/host.h"
#include "backends/sim_node.h"
#include "backends/sim_present.h"
#include "model/section.h"

struct sim_moment {
    int64_t node_now_ns; /* the node's clock */
    int64_t host_now_ns; /* CLOCK_BOOTTIME, then */
    /* Of the host, for SECTION_DEVICES; NULL: they are not known. */
    struct host_interfaces *interfaces;
};

/* The record of a builder's section, of the node.  Returns as builder_add_*(). */
bool sim_records_add_node(struct builder *builder, const struct sim_node *node,
                          const struct sim_moment *moment) MUST_CHECK;

/* The same of a domain, as it is at present. */
bool sim_records_add(struct builder *builder, const struct sim_domain *domain,
                     const struct sim_present *present,
                     const struct sim_moment *moment) MUST_CHECK;

#endif
