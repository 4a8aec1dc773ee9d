/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_node.h - a simulated node, as its file and the files therein describe
 * it.
 *
 * Included by sim*.c only.  A struct sim_node is immutable and
 * reference-counted: any thread reads one that it holds a reference on.
 */
#ifndef HVX_BACKENDS_SIM_NODE_H
#define HVX_BACKENDS_SIM_NODE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/sim_domain.h"
#include "backends/sim_duration.h"
#include "backends/sim_fault.h"
#include "backends/sim_file.h"
#include "model/status.h"
#include "model/storage.h"
#include "model/uuid.h"

/* Bounds of a node file. */
#define SIM_NODE_SIZE_MAX ((size_t)64 * 1024 * 1024) /* octets */
#define SIM_NODE_DOMAINS_MAX 100000

struct sim_node_file {
    char *path;
    struct sim_stamp stamp;
};

struct sim_node {
    atomic_uint references;
    bool is_frozen;    /* its clock stands at uptime_ns */
    int64_t uptime_ns; /* meaningless while the clock runs */
    uint32_t cpu_count;
    struct sim_faults faults;
    struct sim_durations durations;
    char *record; /* path of the file of operations carried out; NULL: none */
    struct storage *storage;    /* the volumes of all pools */
    struct sim_domain *domains; /* in the order of the file */
    size_t domain_count;
    struct sim_domain **by_uuid; /* the same, sorted */
    struct sim_node_file *files; /* the node file, then that of each file= */
    size_t file_count;
};

/*
 * Reads the node file and all files that it refers to.  Two domains with one
 * UUID, or with one name, are refused, as libvirt does; so are networks, pools,
 * volumes, devices and interfaces.
 * Errors, with file, line and reason: STATUS_INVALID, STATUS_NOT_FOUND,
 * STATUS_DENIED, STATUS_IO, STATUS_NO_MEMORY.
 */
enum status sim_node_load(const char *path, struct sim_node **ret_node,
                          struct error *error) MUST_CHECK;

struct sim_node *sim_node_ref(struct sim_node *node);
/* NULL is allowed. */
void sim_node_unref(struct sim_node *node);

/* Is one of its files another one now? */
bool sim_node_is_changed(const struct sim_node *node);

/* The domain with this UUID, or NULL. */
const struct sim_domain *sim_node_find(const struct sim_node *node,
                                       const struct uuid *uuid);

#endif
