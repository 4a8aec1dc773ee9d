/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/storage.h"

static const char *never_null(const char *text)
{
    return text != NULL ? text : "";
}

static struct storage *lay_out(struct record_layout *layout, const struct storage *from)
{
    struct storage *storage = record_reserve(layout, sizeof(*storage));
    struct volume *volumes =
        record_reserve(layout, from->volume_count * sizeof(*volumes));

    for (size_t i = 0; i < from->volume_count; i++) {
        struct volume volume = from->volumes[i];

        volume.key = record_string(layout, never_null(volume.key));
        volume.name = record_string(layout, never_null(volume.name));
        volume.pool = record_string(layout, never_null(volume.pool));
        volume.format = record_string(layout, volume.format);
        volume.mount_point = record_string(layout, volume.mount_point);
        volume.source_type = record_enumerator(volume.source_type, DISK_SOURCE_COUNT);
        if (volumes != NULL) {
            volumes[i] = volume;
        }
    }
    if (storage != NULL) {
        storage->volume_count = from->volume_count;
        storage->volumes = volumes;
    }
    return storage;
}

struct storage *storage_new(const struct storage *from)
{
    struct record_layout layout = { .block = NULL, .used = 0 };

    if (from->volume_count > STORAGE_VOLUMES_MAX) {
        return NULL;
    }
    lay_out(&layout, from);
    layout.block = record_new(layout.used);
    layout.used = 0;
    return layout.block == NULL ? NULL : lay_out(&layout, from);
}
