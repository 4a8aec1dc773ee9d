/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_overlay.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "backends/sim_life.h"
#include "backends/sim_load.h"

/* Node files remembered at once; more than these push out the oldest. */
#define OVERLAYS_MAX 64

/* A domain that some operation was begun on. */
struct entry {
    struct uuid uuid;
    struct sim_present present;
};

struct sim_overlay {
    atomic_uint references;
    atomic_bool is_outdated;
    pthread_mutex_t lock;   /* protects all below */
    struct entry **entries; /* sorted by uuid */
    size_t count;
    size_t room;
};

static struct sim_overlay *new_overlay(void)
{
    struct sim_overlay *overlay = calloc(1, sizeof(*overlay));

    if (overlay != NULL) {
        atomic_init(&overlay->references, 1);
        atomic_init(&overlay->is_outdated, false);
        pthread_mutex_init(&overlay->lock, NULL);
    }
    return overlay;
}

struct sim_overlay *sim_overlay_ref(struct sim_overlay *overlay)
{
    atomic_fetch_add_explicit(&overlay->references, 1, memory_order_relaxed);
    return overlay;
}

void sim_overlay_unref(struct sim_overlay *overlay)
{
    if (overlay == NULL
        || atomic_fetch_sub_explicit(&overlay->references, 1, memory_order_acq_rel)
               != 1) {
        return;
    }
    for (size_t i = 0; i < overlay->count; i++) {
        sim_present_clear(&overlay->entries[i]->present);
        free(overlay->entries[i]);
    }
    free(overlay->entries);
    pthread_mutex_destroy(&overlay->lock);
    free(overlay);
}

/* Do both have the same files, in the same versions? */
static bool is_same_version(const struct sim_node_file *files, size_t count,
                            const struct sim_node *node)
{
    if (count != node->file_count) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(files[i].path, node->files[i].path) != 0
            || !sim_stamp_is_equal(&files[i].stamp, &node->files[i].stamp)) {
            return false;
        }
    }
    return true;
}

/* An overlay, and what it is for. */
struct shelf {
    struct sim_node_file *files; /* own copies; NULL: free */
    size_t file_count;
    uint64_t serial; /* the lowest is the oldest */
    struct sim_overlay *overlay;
};

/* Makes room: for a later version of the same files, or for others. */
static void clear_shelf(struct shelf *shelf, bool is_outdated)
{
    for (size_t i = 0; i < shelf->file_count; i++) {
        free(shelf->files[i].path);
    }
    free(shelf->files);
    if (shelf->overlay != NULL && is_outdated) {
        atomic_store(&shelf->overlay->is_outdated, true);
    }
    sim_overlay_unref(shelf->overlay);
    *shelf = (struct shelf) { .files = NULL };
}

static bool fill_shelf(struct shelf *shelf, const struct sim_node *node)
{
    shelf->files = calloc(node->file_count, sizeof(*shelf->files));
    shelf->overlay = new_overlay();
    if (shelf->files == NULL || shelf->overlay == NULL) {
        return false;
    }
    for (; shelf->file_count < node->file_count; shelf->file_count++) {
        struct sim_node_file *file = &shelf->files[shelf->file_count];

        file->stamp = node->files[shelf->file_count].stamp;
        file->path = strdup(node->files[shelf->file_count].path);
        if (file->path == NULL) {
            return false;
        }
    }
    return true;
}

struct sim_overlay *sim_overlay_get(const char *path, const struct sim_node *node)
{
    /*
     * Outlives connections, as sim_fault_origin_ns() does, and for the same
     * reason: what was started stays started while the connection is opened
     * anew.
     */
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct shelf shelves[OVERLAYS_MAX];
    static uint64_t serial;
    struct sim_overlay *overlay = NULL;
    struct shelf *shelf = &shelves[0];
    bool is_known = false;

    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < OVERLAYS_MAX; i++) {
        if (shelves[i].files != NULL && strcmp(shelves[i].files[0].path, path) == 0) {
            shelf = &shelves[i];
            is_known = true;
            break;
        }
        if (shelves[i].serial < shelf->serial) {
            shelf = &shelves[i];
        }
    }
    if (!is_same_version(shelf->files, shelf->file_count, node)) {
        clear_shelf(shelf, is_known);
        shelf->serial = ++serial;
        if (!fill_shelf(shelf, node)) {
            clear_shelf(shelf, false);
        }
    }
    if (shelf->overlay != NULL) {
        overlay = sim_overlay_ref(shelf->overlay);
    }
    pthread_mutex_unlock(&lock);
    return overlay;
}

/* Where the domain is, or would be. */
static size_t find(const struct sim_overlay *overlay, const struct uuid *uuid,
                   bool *ret_found)
{
    size_t first = 0;
    size_t end = overlay->count;

    *ret_found = false;
    while (first < end && !*ret_found) {
        size_t middle = first + (end - first) / 2;
        int order = uuid_compare(uuid, &overlay->entries[middle]->uuid);

        if (order <= 0) {
            end = middle;
        } else {
            first = middle + 1;
        }
        if (order == 0) {
            first = middle;
            *ret_found = true;
        }
    }
    return first;
}

void sim_overlay_look(struct sim_overlay *overlay, const struct sim_domain *domain,
                      struct sim_present *ret_present)
{
    bool found;
    size_t at;

    pthread_mutex_lock(&overlay->lock);
    at = find(overlay, &domain->uuid, &found);
    if (found) {
        sim_present_copy(ret_present, &overlay->entries[at]->present);
    } else {
        sim_present_init(ret_present, domain);
    }
    pthread_mutex_unlock(&overlay->lock);
}

bool sim_overlay_is_gone(struct sim_overlay *overlay, const struct uuid *uuid)
{
    bool is_gone;
    size_t at;

    pthread_mutex_lock(&overlay->lock);
    at = find(overlay, uuid, &is_gone);
    is_gone = is_gone && overlay->entries[at]->present.is_gone;
    pthread_mutex_unlock(&overlay->lock);
    return is_gone;
}

static struct entry *add_entry(struct sim_overlay *overlay, size_t at,
                               const struct sim_domain *domain)
{
    struct entry **entries = sim_load_grow(overlay->entries, &overlay->room,
                                           overlay->count, sizeof(struct entry *));
    struct entry *entry = malloc(sizeof(*entry));

    if (entries != NULL) {
        overlay->entries = entries;
    }
    if (entries == NULL || entry == NULL) {
        free(entry);
        return NULL;
    }
    entry->uuid = domain->uuid;
    sim_present_init(&entry->present, domain);
    memmove(&entries[at + 1], &entries[at],
            (overlay->count - at) * sizeof(struct entry *));
    entries[at] = entry;
    overlay->count++;
    return entry;
}

struct sim_present *sim_overlay_lock(struct sim_overlay *overlay,
                                     const struct sim_domain *domain)
{
    struct entry *entry;
    bool found;
    size_t at;

    pthread_mutex_lock(&overlay->lock);
    at = find(overlay, &domain->uuid, &found);
    entry = found ? overlay->entries[at] : add_entry(overlay, at, domain);
    return entry != NULL ? &entry->present : NULL;
}

void sim_overlay_unlock(struct sim_overlay *overlay)
{
    pthread_mutex_unlock(&overlay->lock);
}

bool sim_overlay_is_outdated(const struct sim_overlay *overlay)
{
    return atomic_load(&overlay->is_outdated);
}
