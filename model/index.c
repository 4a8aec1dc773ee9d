/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/clock.h"
#include "model/index_store.h"

#define SLOTS_MIN 64
#define TABLE_SIZE_MIN 128

bool index_key_is_valid(const char *key)
{
    size_t length = strnlen(key, INDEX_KEY_MAX + 1);

    for (size_t i = 0; i < length; i++) {
        unsigned char octet = (unsigned char)key[i];
        bool is_c1 = octet == 0xc2 && (unsigned char)key[i + 1] >= 0x80
                     && (unsigned char)key[i + 1] < 0xa0;

        if (octet < 0x20 || octet == 0x7f || is_c1) {
            return false;
        }
    }
    return length >= 1 && length <= INDEX_KEY_MAX;
}

/* FNV-1a, with its upper half folded in since places are taken from below. */
static uint64_t hash_key(const char *key)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (const char *at = key; *at != '\0'; at++) {
        hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
    }
    return hash ^ hash >> 32;
}

static size_t next_place(const struct index_store *store, size_t place)
{
    return (place + 1) & (store->table_size - 1);
}

static size_t home_place(const struct index_store *store, const struct index_key *key)
{
    return (size_t)key->hash & (store->table_size - 1);
}

struct index_key *index_store_find(const struct index_store *store, const char *key)
{
    uint64_t hash = hash_key(key);

    if (store->table_size == 0) {
        return NULL;
    }
    for (size_t place = (size_t)hash & (store->table_size - 1);
         store->table[place] != 0; place = next_place(store, place)) {
        struct index_key *found = store->slots[store->table[place] - 1];

        if (found->hash == hash && strcmp(found->text, key) == 0) {
            return found;
        }
    }
    return NULL;
}

static void put_into_table(struct index_store *store, const struct index_key *key)
{
    size_t place = home_place(store, key);

    while (store->table[place] != 0) {
        place = next_place(store, place);
    }
    store->table[place] = key->index;
}

/* At least half of the places stay empty, so that runs stay short. */
static bool make_room_in_table(struct index_store *store)
{
    size_t size = store->table_size == 0 ? TABLE_SIZE_MIN : store->table_size * 2;
    uint32_t *table;

    if ((store->key_count + 1) * 2 <= store->table_size) {
        return true;
    }
    table = calloc(size, sizeof(*table));
    if (table == NULL) {
        return false;
    }
    free(store->table);
    store->table = table;
    store->table_size = size;
    for (size_t i = 0; i < store->slot_count; i++) {
        if (store->slots[i] != NULL) {
            put_into_table(store, store->slots[i]);
        }
    }
    return true;
}

static bool make_room_in_slots(struct index_store *store, size_t count)
{
    size_t room = store->slot_room < SLOTS_MIN ? SLOTS_MIN : store->slot_room;
    struct index_key **slots;

    while (room < count) {
        room *= 2;
    }
    if (room == store->slot_room) {
        return true;
    }
    slots = realloc(store->slots, room * sizeof(struct index_key *));
    if (slots == NULL) {
        return false;
    }
    for (size_t i = store->slot_room; i < room; i++) {
        slots[i] = NULL;
    }
    store->slots = slots;
    store->slot_room = room;
    return true;
}

int64_t index_store_expiry(const struct index_store *store, int64_t released_ns)
{
    if (released_ns > INT64_MAX - store->grace_ns) {
        return INT64_MAX;
    }
    return released_ns + store->grace_ns;
}

static void note_expiry(struct index_store *store, int64_t released_ns)
{
    int64_t expiry_ns = index_store_expiry(store, released_ns);

    if (expiry_ns < store->next_expiry_ns) {
        store->next_expiry_ns = expiry_ns;
    }
}

enum status index_store_insert(struct index_store *store, const char *key,
                               uint32_t index, int64_t released_ns)
{
    size_t size = strlen(key) + 1;
    struct index_key *new_key;

    if (store->key_count >= INDEX_KEYS_MAX) {
        return STATUS_BUSY;
    }
    if (!make_room_in_table(store) || !make_room_in_slots(store, index)) {
        return STATUS_NO_MEMORY;
    }
    new_key = malloc(sizeof(*new_key) + size);
    if (new_key == NULL) {
        return STATUS_NO_MEMORY;
    }
    new_key->parts = NULL;
    new_key->part_count = 0;
    new_key->hash = hash_key(key);
    new_key->index = index;
    new_key->used = released_ns == CLOCK_NEVER;
    new_key->released_ns = released_ns;
    memcpy(new_key->text, key, size);

    store->slots[index - 1] = new_key;
    store->slot_count = index > store->slot_count ? index : store->slot_count;
    put_into_table(store, new_key);
    store->key_count++;
    if (new_key->used) {
        store->used_count++;
    } else {
        note_expiry(store, released_ns);
    }
    return STATUS_OK;
}

/*
 * Closes the gap by moving back what was pushed behind it; marks for deleted
 * places would fill the table over the months that an agent runs.
 */
static void take_from_table(struct index_store *store, const struct index_key *key)
{
    size_t mask = store->table_size - 1;
    size_t gap = home_place(store, key);

    while (store->table[gap] != key->index) {
        gap = next_place(store, gap);
    }
    for (size_t place = next_place(store, gap); store->table[place] != 0;
         place = next_place(store, place)) {
        size_t home = home_place(store, store->slots[store->table[place] - 1]);

        if (((place - home) & mask) >= ((place - gap) & mask)) {
            store->table[gap] = store->table[place];
            gap = place;
        }
    }
    store->table[gap] = 0;
}

/*
 * Forgets the keys whose grace time is over.  Looks at all keys, but only
 * when there is one, and only when a new key needs an index: a key that comes
 * back late still finds its own index where nobody else needed it.
 */
static void expire(struct index_store *store, int64_t now_ns)
{
    if (now_ns < store->next_expiry_ns) {
        return;
    }
    store->next_expiry_ns = INT64_MAX;
    for (size_t i = 0; i < store->slot_count; i++) {
        struct index_key *key = store->slots[i];

        if (key == NULL || key->used) {
            continue;
        }
        if (now_ns < index_store_expiry(store, key->released_ns)) {
            note_expiry(store, key->released_ns);
            continue;
        }
        take_from_table(store, key);
        store->slots[i] = NULL;
        store->key_count--;
        index_key_clear_parts(store, key);
        free(key);
        if (i < store->first_free) {
            store->first_free = i;
        }
    }
}

enum status index_store_assign(struct index_store *store, const char *key,
                               int64_t now_ns, uint32_t *ret_index, bool *ret_new)
{
    struct index_key *found;
    bool is_new = false;
    uint32_t index;

    if (!index_key_is_valid(key)) {
        return STATUS_INVALID;
    }
    found = index_store_find(store, key);
    if (found != NULL) {
        index = found->index;
        if (!found->used) {
            found->used = true;
            store->used_count++;
            is_new = true;
        }
    } else {
        enum status status;

        expire(store, now_ns);
        while (store->first_free < store->slot_count
               && store->slots[store->first_free] != NULL) {
            store->first_free++;
        }
        index = (uint32_t)store->first_free + 1;
        status = index_store_insert(store, key, index, CLOCK_NEVER);
        if (status != STATUS_OK) {
            return status;
        }
        is_new = true;
    }
    store->dirty = store->dirty || is_new;
    *ret_index = index;
    if (ret_new != NULL) {
        *ret_new = is_new;
    }
    return STATUS_OK;
}

void index_store_release(struct index_store *store, const char *key, int64_t now_ns)
{
    struct index_key *found = index_store_find(store, key);

    if (found == NULL || !found->used) {
        return;
    }
    found->used = false;
    found->released_ns = now_ns < 0 ? 0 : now_ns;
    store->used_count--;
    store->dirty = true;
    note_expiry(store, found->released_ns);
}

size_t index_store_count(const struct index_store *store)
{
    return store->used_count;
}

void index_store_visit(const struct index_store *store,
                       void (*visit)(const char *key, uint32_t index, void *argument),
                       void *argument)
{
    for (size_t i = 0; i < store->slot_count; i++) {
        const struct index_key *key = store->slots[i];

        if (key != NULL && key->used) {
            visit(key->text, key->index, argument);
        }
    }
}

int64_t index_store_changed_ns(const struct index_store *store)
{
    return store->changed_ns;
}

void index_store_set_changed_ns(struct index_store *store, int64_t changed_ns)
{
    changed_ns = changed_ns < 0 ? CLOCK_NEVER : changed_ns;
    store->dirty = store->dirty || changed_ns != store->changed_ns;
    store->changed_ns = changed_ns;
}

void index_store_clear(struct index_store *store)
{
    for (size_t i = 0; i < store->slot_count; i++) {
        if (store->slots[i] != NULL) {
            index_key_clear_parts(store, store->slots[i]);
            free(store->slots[i]);
        }
    }
    free(store->slots);
    free(store->table);
    store->slots = NULL;
    store->slot_count = 0;
    store->slot_room = 0;
    store->first_free = 0;
    store->table = NULL;
    store->table_size = 0;
    store->key_count = 0;
    store->used_count = 0;
    store->next_expiry_ns = INT64_MAX;
    store->changed_ns = CLOCK_NEVER;
}

/* path with a suffix; NULL without memory. */
static char *path_with(const char *path, const char *suffix)
{
    size_t size = strlen(path) + strlen(suffix) + 1;
    char *joined = malloc(size);

    if (joined != NULL) {
        snprintf(joined, size, "%s%s", path, suffix);
    }
    return joined;
}

enum status index_store_open(const char *path, int64_t grace_ns,
                             struct index_store **ret_store, struct error *error)
{
    struct index_store *store = calloc(1, sizeof(*store));
    enum status status = STATUS_NO_MEMORY;

    *ret_store = NULL;
    if (store == NULL) {
        goto out;
    }
    store->grace_ns = grace_ns < 0 ? 0 : grace_ns;
    index_store_clear(store);
    if (path != NULL) {
        store->path = path_with(path, "");
        store->new_path = path_with(path, ".new");
        store->corrupt_path = path_with(path, ".corrupt");
        if (store->path == NULL || store->new_path == NULL
            || store->corrupt_path == NULL) {
            goto out;
        }
        status = index_file_load(store, error);
    } else {
        status = STATUS_OK;
    }
    if (status == STATUS_OK || status == STATUS_INVALID) {
        *ret_store = store;
        store = NULL;
    }
out:
    if (status == STATUS_NO_MEMORY) {
        error_set(error, status, "index file %s: out of memory",
                  path != NULL ? path : "(none)");
    }
    index_store_close(store);
    return status;
}

void index_store_close(struct index_store *store)
{
    if (store == NULL) {
        return;
    }
    index_store_clear(store);
    free(store->path);
    free(store->new_path);
    free(store->corrupt_path);
    free(store);
}
