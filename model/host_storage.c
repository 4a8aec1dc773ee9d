/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "model/host_storage.h"

static int compare_entries(const void *a, const void *b)
{
    const struct host_storage_entry *first = a;
    const struct host_storage_entry *second = b;
    int order = strcmp(first->path, second->path);

    return order != 0 ? order
                      : (first->index > second->index) - (first->index < second->index);
}

void host_storage_sort(struct host_storage_entry *entries, size_t count)
{
    if (count > 1) {
        qsort(entries, count, sizeof(*entries), compare_entries);
    }
}

uint32_t host_storage_find(const struct host_storage *storage, const char *mount_point)
{
    size_t low = 0;
    size_t high;

    if (storage == NULL || mount_point == NULL) {
        return 0;
    }
    if (storage->asked != NULL) {
        atomic_store(storage->asked, true);
    }
    high = storage->count;
    /* The first entry that is not before the mount point. */
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(storage->entries[middle].path, mount_point) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == storage->count || strcmp(storage->entries[low].path, mount_point) != 0) {
        return 0;
    }
    return storage->entries[low].index;
}
