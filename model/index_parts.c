/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index_parts.c - the parts of a key of an index store.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/clock.h"
#include "model/index_store.h"

/* A name asked for, and where it was in the list. */
struct request {
    const char *name;
    size_t position;
};

const char *index_part_name(enum index_part kind)
{
    static const char *const names[] = {
        [INDEX_DISK] = "disk",
        [INDEX_INTERFACE] = "interface",
    };
    _Static_assert(sizeof(names) / sizeof(names[0]) == INDEX_PART_COUNT,
                   "a name for each kind of part");

    return names[kind];
}

static int compare_parts(const void *a, const void *b)
{
    const struct index_part_entry *left = a;
    const struct index_part_entry *right = b;
    int order = (left->kind > right->kind) - (left->kind < right->kind);

    if (order == 0) {
        order = strcmp(left->name, right->name);
    }
    return order != 0 ? order
                      : (left->index > right->index) - (left->index < right->index);
}

static int compare_requests(const void *a, const void *b)
{
    const struct request *left = a;
    const struct request *right = b;
    int order = strcmp(left->name, right->name);

    return order != 0 ? order
                      : (left->position > right->position)
                            - (left->position < right->position);
}

static void sort_parts(struct index_key *key)
{
    if (key->part_count > 0) {
        qsort(key->parts, key->part_count, sizeof(*key->parts), compare_parts);
    }
}

/* Position of the first part of that kind, or behind. */
static size_t first_part(const struct index_key *key, enum index_part kind)
{
    size_t at = 0;

    while (at < key->part_count && key->parts[at].kind < kind) {
        at++;
    }
    return at;
}

/* A set of indices, 1 to `size`; NULL without memory. */
static uint8_t *new_index_set(size_t size)
{
    return calloc(size / 8 + 1, 1);
}

static bool is_in_set(const uint8_t *set, size_t index)
{
    return (set[index / 8] & (1u << (index % 8))) != 0;
}

static void put_into_set(uint8_t *set, size_t index)
{
    set[index / 8] |= (uint8_t)(1u << (index % 8));
}

/*
 * Gives the parts that are there to those who ask for them, and releases the
 * others of this kind.  Returns how many requests have no part yet.
 */
static size_t join(struct index_store *store, struct index_key *key,
                   enum index_part kind, const struct request *requests, size_t count,
                   int64_t now_ns, uint32_t *ret_indices)
{
    size_t missing = 0;
    size_t next = 0;

    for (size_t at = first_part(key, kind);
         at < key->part_count && key->parts[at].kind == kind; at++) {
        struct index_part_entry *part = &key->parts[at];
        int order = 1;

        while (next < count && (order = strcmp(requests[next].name, part->name)) < 0) {
            missing++;
            next++;
        }
        if (next < count && order == 0) {
            ret_indices[requests[next].position] = part->index;
            store->dirty = store->dirty || !part->used;
            part->used = true;
            next++;
        } else if (part->used) {
            part->used = false;
            part->released_ns = now_ns < 0 ? 0 : now_ns;
            store->dirty = true;
        }
    }
    return missing + count - next;
}

/*
 * Forgets the parts of this kind whose grace time is over.  What was released
 * just now stays, however short the grace: an index does not pass from one
 * part to another at one moment.
 */
static void expire_parts(struct index_store *store, struct index_key *key,
                         enum index_part kind, int64_t now_ns)
{
    size_t kept = 0;

    for (size_t i = 0; i < key->part_count; i++) {
        struct index_part_entry *part = &key->parts[i];

        if (part->kind == kind && !part->used && now_ns > part->released_ns
            && now_ns >= index_store_expiry(store, part->released_ns)) {
            free(part->name);
            store->part_count--;
            continue;
        }
        key->parts[kept++] = *part;
    }
    key->part_count = kept;
}

enum status index_key_add_part(struct index_store *store, struct index_key *key,
                               const struct index_part_entry *part)
{
    struct index_part_entry *parts;
    size_t count = key->part_count;
    char *name;

    if (store->part_count >= INDEX_PARTS_MAX) {
        return STATUS_BUSY;
    }
    /* Room for 4, 8, 16 ... */
    if (count == 0 || (count >= 4 && (count & (count - 1)) == 0)) {
        parts = reallocarray(key->parts, count == 0 ? 4 : count * 2, sizeof(*parts));
        if (parts == NULL) {
            return STATUS_NO_MEMORY;
        }
        key->parts = parts;
    }
    name = strdup(part->name);
    if (name == NULL) {
        return STATUS_NO_MEMORY;
    }
    key->parts[count] = *part;
    key->parts[count].name = name;
    key->part_count++;
    store->part_count++;
    return STATUS_OK;
}

enum status index_key_sort_parts(struct index_key *key)
{
    uint32_t highest = 0;
    uint8_t *seen;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < key->part_count; i++) {
        highest = key->parts[i].index > highest ? key->parts[i].index : highest;
    }
    sort_parts(key);
    for (enum index_part kind = 0; status == STATUS_OK && kind < INDEX_PART_COUNT;
         kind++) {
        seen = new_index_set(highest);
        if (seen == NULL) {
            return STATUS_NO_MEMORY;
        }
        for (size_t at = first_part(key, kind);
             at < key->part_count && key->parts[at].kind == kind; at++) {
            if (is_in_set(seen, key->parts[at].index)) {
                status = STATUS_INVALID;
            }
            put_into_set(seen, key->parts[at].index);
        }
        free(seen);
    }
    return status;
}

void index_key_clear_parts(struct index_store *store, struct index_key *key)
{
    for (size_t i = 0; i < key->part_count; i++) {
        free(key->parts[i].name);
    }
    store->part_count -= key->part_count;
    free(key->parts);
    key->parts = NULL;
    key->part_count = 0;
}

/* Makes parts of the names that have none, in the order in which they came. */
static enum status add_parts(struct index_store *store, struct index_key *key,
                             enum index_part kind, const char *const *names,
                             size_t count, uint32_t *ret_indices)
{
    size_t indices = key->part_count + count; /* no index needs to be greater */
    uint8_t *taken = new_index_set(indices);
    enum status status = STATUS_OK;
    uint32_t index = 1;

    if (taken == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < key->part_count; i++) {
        if (key->parts[i].kind == kind && key->parts[i].index <= indices) {
            put_into_set(taken, key->parts[i].index);
        }
    }
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        if (ret_indices[i] != 0 || !index_key_is_valid(names[i])) {
            continue;
        }
        while (is_in_set(taken, index)) {
            index++;
        }
        status = index_key_add_part(store, key,
                                    &(struct index_part_entry) {
                                        .name = (char *)(uintptr_t)names[i],
                                        .released_ns = CLOCK_NEVER,
                                        .index = index,
                                        .kind = kind,
                                        .used = true,
                                    });
        if (status == STATUS_OK) {
            ret_indices[i] = index++;
            store->dirty = true;
        }
    }
    free(taken);
    sort_parts(key);
    return status;
}

enum status index_store_assign_parts(struct index_store *store, const char *key,
                                     enum index_part kind, const char *const *names,
                                     size_t count, int64_t now_ns,
                                     uint32_t *ret_indices)
{
    struct index_key *owner = index_store_find(store, key);
    struct request *requests;
    size_t missing;

    for (size_t i = 0; i < count; i++) {
        ret_indices[i] = 0;
    }
    if (owner == NULL || !owner->used) {
        return STATUS_NOT_FOUND;
    }
    requests = calloc(count + 1, sizeof(*requests));
    if (requests == NULL) {
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        requests[i] = (struct request) { .name = names[i], .position = i };
    }
    qsort(requests, count, sizeof(*requests), compare_requests);
    missing = join(store, owner, kind, requests, count, now_ns, ret_indices);
    free(requests);
    if (missing == 0) {
        return STATUS_OK;
    }
    expire_parts(store, owner, kind, now_ns);
    return add_parts(store, owner, kind, names, count, ret_indices);
}
