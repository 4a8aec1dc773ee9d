/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_storage.h - which row of the host's hrStorageTable (RFC 2790) is the
 * file system at a mount point.
 *
 * Plain data: the rows that the host's snmpd has told, sorted by path.  Who
 * made a table neither changes nor frees it while somebody may search it, so
 * it is read without a lock.
 */
#ifndef HVX_MODEL_HOST_STORAGE_H
#define HVX_MODEL_HOST_STORAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct host_storage_entry {
    const char *path; /* the mount point, as hrStorageDescr shows it */
    uint32_t index;   /* hrStorageIndex, 1 to 2^31-1 */
};

struct host_storage {
    size_t count;
    const struct host_storage_entry *entries; /* host_storage_sort() has seen them */
    /* Becomes true when somebody searches; NULL: nobody wants to know. */
    atomic_bool *asked;
};

/*
 * Brings entries into the order that host_storage_find() needs: by path, and
 * rows of the same path by index.
 */
void host_storage_sort(struct host_storage_entry *entries, size_t count);

/*
 * hrStorageIndex of the file system at a mount point, the lowest if several
 * rows have it; 0 where there is none.  Both arguments may be NULL.
 */
uint32_t host_storage_find(const struct host_storage *storage, const char *mount_point);

#endif
