/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * snapshot_volumes.c - the volumes that belong to no domain.
 */
#include <stdlib.h>
#include <string.h>

#include "model/snapshot_parts.h"

static int compare_texts(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;

    return strcmp(*left, *right);
}

/* The sources of all disks, sorted; NULL without memory. */
static const char **list_sources(const struct snapshot *snapshot, size_t *ret_count)
{
    size_t room = 1;
    size_t count = 0;
    const char **sources;

    for (size_t i = 0; i < snapshot->domain_count; i++) {
        const struct domain_config *config = snapshot->domains[i].config;

        room += config == NULL ? 0 : config->disk_count;
    }
    sources = calloc(room, sizeof(*sources));
    if (sources == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < snapshot->domain_count; i++) {
        const struct domain_config *config = snapshot->domains[i].config;

        for (size_t j = 0; config != NULL && j < config->disk_count; j++) {
            if (config->disks[j].source != NULL) {
                sources[count++] = config->disks[j].source;
            }
        }
    }
    qsort(sources, count, sizeof(*sources), compare_texts);
    *ret_count = count;
    return sources;
}

static bool has_text(const char *const *sorted, size_t count, const char *text)
{
    return count > 0
           && bsearch(&text, sorted, count, sizeof(*sorted), compare_texts) != NULL;
}

static int compare_rows(const void *a, const void *b)
{
    const struct snapshot_disk *left = a;
    const struct snapshot_disk *right = b;
    int order = (left->index > right->index) - (left->index < right->index);

    return order != 0 ? order
                      : (left->position > right->position)
                            - (left->position < right->position);
}

/*
 * A volume that two pools have is told twice: its first row stays.  Returns
 * how many rows are left.
 */
static size_t drop_repeated(struct snapshot_disk *rows, size_t count)
{
    size_t kept = 0;

    qsort(rows, count, sizeof(*rows), compare_rows);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || rows[kept - 1].index != rows[i].index) {
            rows[kept++] = rows[i];
        }
    }
    return kept;
}

static void find_unattached(struct snapshot *snapshot, const struct snapshot_parts *old,
                            struct index_store *volumes, int64_t now_ns,
                            struct error *error)
{
    const struct storage *storage = snapshot->storage;
    struct snapshot_disk *rows = calloc(storage->volume_count + 1, sizeof(*rows));
    size_t source_count = 0;
    const char **sources = list_sources(snapshot, &source_count);
    struct snapshot_interface none;
    size_t count = 0;

    for (size_t i = 0; rows != NULL && sources != NULL && i < storage->volume_count;
         i++) {
        const struct volume *volume = &storage->volumes[i];
        enum status status;

        if (has_text(sources, source_count, volume->key)) {
            continue;
        }
        status =
            index_store_assign(volumes, volume->key, now_ns, &rows[count].index, NULL);
        if (status != STATUS_OK) {
            error_set(error, status,
                      "volume %s is left out: no index can be given (%s)", volume->key,
                      status_name(status));
            continue;
        }
        rows[count].position = (uint32_t)i;
        snapshot_disk_choose_unit(&rows[count], old, volume->capacity_bytes,
                                  volume->allocation_bytes);
        count++;
    }
    if (rows != NULL && sources != NULL) {
        snapshot->unattached =
            snapshot_parts_pack(rows, drop_repeated(rows, count), &none, 0);
    }
    free(rows);
    free(sources);
}

struct releasing {
    const char **keys; /* sorted */
    size_t count;
    struct index_store *volumes;
    int64_t now_ns;
};

static void release_gone(const char *key, uint32_t index, void *argument)
{
    const struct releasing *releasing = argument;

    (void)index;
    if (!has_text(releasing->keys, releasing->count, key)) {
        index_store_release(releasing->volumes, key, releasing->now_ns);
    }
}

static void release_volumes(const struct snapshot *snapshot,
                            struct index_store *volumes, int64_t now_ns)
{
    const struct storage *storage = snapshot->storage;
    struct releasing releasing = {
        .keys = calloc(storage->volume_count + 1, sizeof(*releasing.keys)),
        .count = storage->volume_count,
        .volumes = volumes,
        .now_ns = now_ns,
    };

    if (releasing.keys == NULL) {
        return;
    }
    for (size_t i = 0; i < storage->volume_count; i++) {
        releasing.keys[i] = storage->volumes[i].key;
    }
    qsort(releasing.keys, releasing.count, sizeof(*releasing.keys), compare_texts);
    index_store_visit(volumes, release_gone, &releasing);
    free(releasing.keys);
}

/*
 * Whether it is known at all what domains use.  Before that each volume would
 * seem to belong to nobody, and take an index that it does not need.
 */
static bool disks_are_known(const struct snapshot *snapshot)
{
    if (snapshot->sampled_ns[SECTION_DOMAINS] == CLOCK_NEVER) {
        return false;
    }
    for (size_t i = 0; i < snapshot->domain_count; i++) {
        if (snapshot->domains[i].config != NULL) {
            return true;
        }
    }
    return snapshot->domain_count == 0;
}

void snapshot_update_volumes(struct snapshot *new, const struct snapshot *old,
                             enum section section, struct index_store *volumes,
                             int64_t now_ns, struct error *error)
{
    if (new->storage == NULL || (old->unattached == NULL && !disks_are_known(new))) {
        return;
    }
    if (section != SECTION_DOMAINS && section != SECTION_CONFIGS
        && section != SECTION_STORAGE) {
        new->unattached = record_ref(old->unattached);
        return;
    }
    find_unattached(new, old->unattached, volumes, now_ns, error);
    if (new->storage != old->storage) {
        release_volumes(new, volumes, now_ns);
    }
}
