/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_storage.h - the storage pools of a simulated node and their volumes.
 *
 * Included by sim*.c only.  Belongs to the thread that loads.
 */
#ifndef HVX_BACKENDS_SIM_STORAGE_H
#define HVX_BACKENDS_SIM_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/host.h"
#include "backends/sim_names.h"
#include "model/status.h"
#include "model/storage.h"

struct sim_volume {
    char *pool;
    char *name;
    char *path;
    char *key;
    char *format; /* NULL: of a pool whose volumes have none */
    enum disk_source source_type;
    int64_t capacity_bytes;
    int64_t allocation_bytes; /* at most the capacity */
    const char *source;       /* where it is written */
    long line;
};

/* Zeroes are none. */
struct sim_volumes {
    struct sim_volume *list; /* in the order of the file */
    size_t count;
    size_t room;
    const struct sim_volume **by_path;
    const struct sim_volume **by_name; /* and before it, by pool */
    struct sim_names pools;
    struct sim_names pool_uuids;
};

/*
 * Makes what follows possible; refuses two pools of one name or UUID, two
 * volumes of one name in a pool, and two of one path or key on the node.
 * Errors: STATUS_INVALID, STATUS_NO_MEMORY.
 */
enum status sim_storage_check(struct sim_volumes *volumes,
                              struct error *error) MUST_CHECK;

/* NULL where there is none.  Only after sim_storage_check(). */
const struct sim_volume *sim_storage_find_path(const struct sim_volumes *volumes,
                                               const char *path);
const struct sim_volume *sim_storage_find_name(const struct sim_volumes *volumes,
                                               const char *pool, const char *name);

/*
 * The record of all volumes, with the mount points of those whose file there
 * is on the host.  NULL without memory.
 */
struct storage *sim_storage_record(const struct sim_volumes *volumes,
                                   struct host_mounts *mounts);

/* What RFC 7666 calls a file of this format; NULL is raw, and so is an ISO. */
enum disk_source sim_storage_file_type(const char *format);

void sim_volume_clear(struct sim_volume *volume);
void sim_storage_clear(struct sim_volumes *volumes);

#endif
