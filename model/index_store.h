/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index_store.h - what index.c (the map), index_parts.c (parts of its keys),
 * index_load.c and index_save.c (its file) share.
 *
 * Included by these only; index.h is for all others.
 *
 * The file:
 *
 *     hvagentx-index 1
 *     boot 5e0c1f4e-... changed 123456789      or: changed never
 *     1 used KEY
 *     disk 1 used NAME                         a part of the key above
 *     interface 2 released 123456789 NAME
 *     2 released 123456789 KEY
 *     end 2 9ae0daaf                           keys; CRC-32 of all before
 *
 * Moments are nanoseconds on CLOCK_BOOTTIME of the boot named.
 */
#ifndef HVX_MODEL_INDEX_STORE_H
#define HVX_MODEL_INDEX_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/index.h"
#include "model/uuid.h"

/* First line of the file. */
#define INDEX_FILE_MAGIC "hvagentx-index 1\n"

/* Longest line, with its newline and a NUL: two numbers, two words, and a key. */
#define INDEX_LINE_SIZE (INDEX_KEY_MAX + 80)

struct index_part_entry {
    char *name;
    int64_t released_ns; /* while not used: when its grace time began */
    uint32_t index;
    enum index_part kind;
    bool used;
};

struct index_key {
    struct index_part_entry *parts; /* by kind, name, index */
    size_t part_count;
    uint64_t hash;
    int64_t released_ns; /* while not used: when its grace time began */
    uint32_t index;
    bool used;
    char text[];
};

struct index_store {
    char *path; /* NULL: in memory only */
    char *new_path;
    char *corrupt_path;
    int64_t grace_ns;
    int64_t changed_ns;
    bool dirty; /* differs from the file */

    /* Keys by index: slots[index - 1], NULL where the index is free. */
    struct index_key **slots;
    size_t slot_count; /* all slots from here on are free */
    size_t slot_room;
    size_t first_free; /* no slot before this one is free */

    /* Keys by hash: open addressing, linear probing; 0 is an empty place. */
    uint32_t *table;
    size_t table_size; /* a power of two, or 0 */

    size_t key_count; /* released ones included */
    size_t used_count;
    size_t part_count;      /* of all keys */
    int64_t next_expiry_ns; /* no grace time ends before; INT64_MAX: none */
};

/* Whether a key has 1 to INDEX_KEY_MAX octets without control characters. */
bool index_key_is_valid(const char *key);

/* NULL where the store has no such key. */
struct index_key *index_store_find(const struct index_store *store, const char *key);

/*
 * A key that the store does not have yet, at an index from 1 to INDEX_KEYS_MAX
 * that is free; used, or with CLOCK_NEVER < released_ns released.
 * Errors: STATUS_BUSY (INDEX_KEYS_MAX), STATUS_NO_MEMORY.
 */
enum status index_store_insert(struct index_store *store, const char *key,
                               uint32_t index, int64_t released_ns) MUST_CHECK;

/* Forgets all keys and the moment of change. */
void index_store_clear(struct index_store *store);

/*
 * A part read from the file, to be sorted in by index_key_sort_parts().
 * Errors: STATUS_BUSY (INDEX_PARTS_MAX), STATUS_NO_MEMORY.
 */
enum status index_key_add_part(struct index_store *store, struct index_key *key,
                               const struct index_part_entry *part) MUST_CHECK;

/* Errors: STATUS_INVALID (an index occurs twice in one kind), STATUS_NO_MEMORY. */
enum status index_key_sort_parts(struct index_key *key) MUST_CHECK;

void index_key_clear_parts(struct index_store *store, struct index_key *key);

/* "disk", "interface". */
const char *index_part_name(enum index_part kind);

/* When the grace time ends of what was released at that moment. */
int64_t index_store_expiry(const struct index_store *store, int64_t released_ns);

/*
 * Fills an empty store from its file; no file: it stays empty.
 * Errors: STATUS_INVALID when the file could not be understood and was set
 * aside (the store is empty), STATUS_IO, STATUS_NO_MEMORY.
 */
enum status index_file_load(struct index_store *store, struct error *error) MUST_CHECK;

#endif
