/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storage.h - the storage of a node: the volumes of its pools.
 */
#ifndef HVX_MODEL_STORAGE_H
#define HVX_MODEL_STORAGE_H

#include <stddef.h>
#include <stdint.h>

#include "model/domain.h"
#include "model/record.h"

/* Most volumes of one node. */
#define STORAGE_VOLUMES_MAX 1000000

/* A volume: what a disk's source may be. */
struct volume {
    const char *key;    /* identifies it on the node: its path; never NULL */
    const char *name;   /* within its pool; never NULL */
    const char *pool;   /* name of its pool; never NULL */
    const char *format; /* "qcow2"; NULL unknown */
    /* Mount point of its file system, as in domain_disk. */
    const char *mount_point;
    enum disk_source source_type;
    int64_t capacity_bytes;   /* DOMAIN_NO_LIMIT: unknown */
    int64_t allocation_bytes; /* DOMAIN_NO_LIMIT: unknown */
};

/* A record: all volumes of all pools. */
struct storage {
    struct record record;
    size_t volume_count;
    const struct volume *volumes;
};

/* A copy as a record of its own, strings cleaned (text.h); NULL without memory. */
struct storage *storage_new(const struct storage *from);

#endif
