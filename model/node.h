/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * node.h - the node and its hypervisor, as a backend reports them.
 */
#ifndef HVX_MODEL_NODE_H
#define HVX_MODEL_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/record.h"

/* The kind of hypervisor, for vmHvObjectID. */
enum hypervisor {
    HYPERVISOR_OTHER,
    HYPERVISOR_SIM,
    HYPERVISOR_XEN,
    HYPERVISOR_QEMU,
    HYPERVISOR_LXC,
};
#define HYPERVISOR_COUNT (HYPERVISOR_LXC + 1)

/* A record (record.h).  Strings are NULL where unknown. */
struct node {
    struct record record;
    enum hypervisor hypervisor;
    const char *software; /* vmHvSoftware, without its version */
    const char *version;  /* vmHvVersion */
    /*
     * When the hypervisor was last initialised, on CLOCK_BOOTTIME of the
     * agent's host; CLOCK_NEVER where that is unknown, as it is for a remote
     * hypervisor.  Negative for a simulated node that is up for longer than
     * the host.
     */
    int64_t started_ns;
    uint32_t cpu_count; /* logical CPUs, numbered from 0; 0: unknown */
    bool is_local;      /* its CPUs are those of the agent's host */
};

/*
 * A copy of *from as a record of its own, strings cleaned; the record header
 * of *from is not looked at.  NULL without memory.
 */
struct node *node_new(const struct node *from);

#endif
