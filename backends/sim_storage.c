/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_storage.h"

#include <stdlib.h>
#include <string.h>

void sim_volume_clear(struct sim_volume *volume)
{
    free(volume->pool);
    free(volume->name);
    free(volume->path);
    free(volume->key);
    free(volume->format);
    memset(volume, 0, sizeof(*volume));
}

/* Of two alike, the one that is written first comes first. */
static int settle(int order, const struct sim_volume *first,
                  const struct sim_volume *second)
{
    return order != 0 ? order : (first > second) - (first < second);
}

static int compare_paths(const void *a, const void *b)
{
    const struct sim_volume *const *first = a;
    const struct sim_volume *const *second = b;

    return settle(strcmp((*first)->path, (*second)->path), *first, *second);
}

static int compare_keys(const void *a, const void *b)
{
    const struct sim_volume *const *first = a;
    const struct sim_volume *const *second = b;

    return settle(strcmp((*first)->key, (*second)->key), *first, *second);
}

static int compare_names(const void *a, const void *b)
{
    const struct sim_volume *const *first = a;
    const struct sim_volume *const *second = b;
    int order = strcmp((*first)->pool, (*second)->pool);

    if (order == 0) {
        order = strcmp((*first)->name, (*second)->name);
    }
    return settle(order, *first, *second);
}

static const struct sim_volume **sorted(const struct sim_volumes *volumes,
                                        int (*compare)(const void *, const void *))
{
    const struct sim_volume **list = calloc(volumes->count, sizeof(*list));

    if (list != NULL) {
        for (size_t i = 0; i < volumes->count; i++) {
            list[i] = &volumes->list[i];
        }
        qsort(list, volumes->count, sizeof(*list), compare);
    }
    return list;
}

static enum status refuse(const struct sim_volume *first,
                          const struct sim_volume *second, const char *what,
                          struct error *error)
{
    return error_set(error, STATUS_INVALID,
                     "%s:%ld: volume \"%.64s\" has the %s of volume \"%.64s\" of pool "
                     "\"%.64s\" at %s:%ld",
                     second->source, second->line, second->name, what, first->name,
                     first->pool, first->source, first->line);
}

/* Sorts all of them in each way, and looks at neighbours. */
static enum status sort_volumes(struct sim_volumes *volumes, struct error *error)
{
    const struct sim_volume **by_key = sorted(volumes, compare_keys);
    enum status status = STATUS_OK;

    volumes->by_path = sorted(volumes, compare_paths);
    volumes->by_name = sorted(volumes, compare_names);
    if (by_key == NULL || volumes->by_path == NULL || volumes->by_name == NULL) {
        status = error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    for (size_t i = 1; i < volumes->count && status == STATUS_OK; i++) {
        const struct sim_volume **names = volumes->by_name + i;
        const struct sim_volume **paths = volumes->by_path + i;

        if (strcmp(names[-1]->pool, names[0]->pool) == 0
            && strcmp(names[-1]->name, names[0]->name) == 0) {
            status = refuse(names[-1], names[0], "name", error);
        } else if (strcmp(paths[-1]->path, paths[0]->path) == 0) {
            status = refuse(paths[-1], paths[0], "path", error);
        } else if (strcmp(by_key[i - 1]->key, by_key[i]->key) == 0) {
            status = refuse(by_key[i - 1], by_key[i], "key", error);
        }
    }
    free(by_key);
    return status;
}

enum status sim_storage_check(struct sim_volumes *volumes, struct error *error)
{
    enum status status = sim_names_check(&volumes->pools, "pool", error);

    if (status == STATUS_OK) {
        status = sim_names_check(&volumes->pool_uuids, "pool with the UUID", error);
    }
    return status != STATUS_OK || volumes->count == 0 ? status
                                                      : sort_volumes(volumes, error);
}

/* `pool` is NULL where the list is sorted by path. */
static int compare_with(const struct sim_volume *volume, const char *pool,
                        const char *text)
{
    int order;

    if (pool == NULL) {
        return strcmp(text, volume->path);
    }
    order = strcmp(pool, volume->pool);
    return order != 0 ? order : strcmp(text, volume->name);
}

static const struct sim_volume *find(const struct sim_volume *const *list, size_t count,
                                     const char *pool, const char *text)
{
    size_t first = 0;
    size_t end = count;

    while (first < end) {
        size_t middle = first + (end - first) / 2;
        int order = compare_with(list[middle], pool, text);

        if (order == 0) {
            return list[middle];
        }
        if (order < 0) {
            end = middle;
        } else {
            first = middle + 1;
        }
    }
    return NULL;
}

const struct sim_volume *sim_storage_find_path(const struct sim_volumes *volumes,
                                               const char *path)
{
    return find(volumes->by_path, volumes->count, NULL, path);
}

const struct sim_volume *sim_storage_find_name(const struct sim_volumes *volumes,
                                               const char *pool, const char *name)
{
    return find(volumes->by_name, volumes->count, pool, name);
}

enum disk_source sim_storage_file_type(const char *format)
{
    bool is_raw =
        format == NULL || strcmp(format, "raw") == 0 || strcmp(format, "iso") == 0;

    return is_raw ? DISK_SOURCE_RAW : DISK_SOURCE_SPARSE;
}

/* host_mount_point() lends each only until the next: they are copied. */
static bool fill(struct volume *to, char **mount_point, const struct sim_volume *from,
                 struct host_mounts *mounts)
{
    const char *found = host_mount_point(mounts, from->path);

    if (found != NULL) {
        *mount_point = strdup(found);
        if (*mount_point == NULL) {
            return false;
        }
    }
    *to = (struct volume) {
        .key = from->key,
        .name = from->name,
        .pool = from->pool,
        .format = from->format,
        .mount_point = *mount_point,
        .source_type = from->source_type,
        .capacity_bytes = from->capacity_bytes,
        .allocation_bytes = from->allocation_bytes,
    };
    return true;
}

struct storage *sim_storage_record(const struct sim_volumes *volumes,
                                   struct host_mounts *mounts)
{
    size_t count = volumes->count;
    struct volume *list = calloc(count + 1, sizeof(*list));
    char **mount_points = calloc(count + 1, sizeof(*mount_points));
    const struct storage from = { .volume_count = count, .volumes = list };
    struct storage *storage = NULL;
    size_t filled = 0;

    if (list != NULL && mount_points != NULL) {
        while (filled < count
               && fill(&list[filled], &mount_points[filled], &volumes->list[filled],
                       mounts)) {
            filled++;
        }
        storage = filled == count ? storage_new(&from) : NULL;
    }
    for (size_t i = 0; i < filled; i++) {
        free(mount_points[i]);
    }
    free(mount_points);
    free(list);
    return storage;
}

void sim_storage_clear(struct sim_volumes *volumes)
{
    for (size_t i = 0; i < volumes->count; i++) {
        sim_volume_clear(&volumes->list[i]);
    }
    free(volumes->list);
    free(volumes->by_path);
    free(volumes->by_name);
    sim_names_clear(&volumes->pools);
    sim_names_clear(&volumes->pool_uuids);
}
