/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/snapshot.h"

#include <stdlib.h>

struct snapshot *snapshot_new_empty(void)
{
    struct snapshot *snapshot = record_new(sizeof(*snapshot));

    if (snapshot == NULL) {
        return NULL;
    }
    snapshot->domains_changed_ns = CLOCK_NEVER;
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        snapshot->sampled_ns[i] = CLOCK_NEVER;
    }
    return snapshot;
}

struct snapshot *snapshot_ref(const struct snapshot *snapshot)
{
    return record_ref(snapshot);
}

static void drop_parts(void *record)
{
    const struct snapshot *snapshot = record;

    record_unref(snapshot->node);
    record_unref(snapshot->storage);
    record_unref(snapshot->unattached);
    for (size_t i = 0; i < snapshot->domain_count; i++) {
        record_unref(snapshot->domains[i].domain);
        record_unref(snapshot->domains[i].config);
        record_unref(snapshot->domains[i].statistics);
        record_unref(snapshot->domains[i].devices);
        record_unref(snapshot->domains[i].parts);
        for (size_t section = 0; section < SECTION_COUNT; section++) {
            record_unref(snapshot->domains[i].failures[section]);
        }
    }
    free(snapshot->domains);
}

void snapshot_unref(const struct snapshot *snapshot)
{
    record_unref_with(snapshot, drop_parts);
}

const struct domain_failure *snapshot_failure(const struct snapshot_domain *domain,
                                              enum section *ret_section)
{
    const struct domain_failure *worst = NULL;

    for (size_t section = 0; section < SECTION_COUNT; section++) {
        const struct domain_failure *failure = domain->failures[section];

        if (failure != NULL
            && (worst == NULL
                || (failure->status == STATUS_TIMEOUT
                    && worst->status != STATUS_TIMEOUT))) {
            worst = failure;
            if (ret_section != NULL) {
                *ret_section = (enum section)section;
            }
        }
    }
    return worst;
}

void snapshot_indices_close(const struct snapshot_indices *indices)
{
    index_store_close(indices->domains);
    index_store_close(indices->volumes);
}

static bool is_position_of(const struct snapshot *snapshot, size_t position,
                           uint32_t index)
{
    return position <= snapshot->domain_count
           && (position == 0 || snapshot->domains[position - 1].index < index)
           && (position == snapshot->domain_count
               || snapshot->domains[position].index >= index);
}

size_t snapshot_find_domain(const struct snapshot *snapshot, uint32_t index,
                            size_t hint)
{
    size_t first = 0;
    size_t last = snapshot->domain_count;

    /* A walk asks for the same row again, or for the one behind it. */
    if (is_position_of(snapshot, hint, index)) {
        return hint;
    }
    if (hint < last && is_position_of(snapshot, hint + 1, index)) {
        return hint + 1;
    }
    while (first < last) {
        size_t middle = first + (last - first) / 2;

        if (snapshot->domains[middle].index < index) {
            first = middle + 1;
        } else {
            last = middle;
        }
    }
    return first;
}

const struct snapshot_domain *snapshot_find_part(const struct snapshot *snapshot,
                                                 enum snapshot_part part,
                                                 size_t position, size_t *ret_number)
{
    size_t first = 0;
    size_t last = snapshot->domain_count;

    /* The last domain that begins at or before the position. */
    while (last - first > 1) {
        size_t middle = first + (last - first) / 2;

        if (snapshot->domains[middle].first[part] <= position) {
            first = middle;
        } else {
            last = middle;
        }
    }
    *ret_number = position - snapshot->domains[first].first[part];
    return &snapshot->domains[first];
}
