/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index.h - small, dense, persistent indices for things that are identified
 * by a key: domains by UUID, connections by name, volumes by path; and for
 * the parts of such a thing: disks by target, interfaces by MAC address.
 *
 * vmIndex and its relatives must be small (vmAffectedVMs is a bitmap by
 * vmIndex) and should survive restarts.  An index store keeps the map
 * from key to index in a file.  A key that is released keeps its index for a
 * grace time, so that the same thing gets it back and no other thing is hit
 * by a command meant for it.
 *
 * A store belongs to one thread at a time.  Grace times are counted on
 * CLOCK_BOOTTIME; a reboot of the machine starts them anew, a jump of the
 * wall clock changes nothing.
 */
#ifndef HVX_MODEL_INDEX_H
#define HVX_MODEL_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/status.h"

/* Longest key in octets, without a terminating NUL. */
#define INDEX_KEY_MAX 255

/* Most keys in one store, released ones included. */
#define INDEX_KEYS_MAX 2000000

/* Most parts of all keys of one store, released ones included. */
#define INDEX_PARTS_MAX 8000000

/* What the thing behind a key consists of; each kind is numbered on its own. */
enum index_part {
    INDEX_DISK,
    INDEX_INTERFACE,
};
#define INDEX_PART_COUNT (INDEX_INTERFACE + 1)

struct index_store;

/*
 * Opens the store kept in the file `path`; no such file: an empty store,
 * created by the first index_store_save().  path NULL: a store in memory
 * only.
 *
 * A file that cannot be understood is renamed to path.corrupt (an older one
 * of that name is replaced), the store starts empty, and the status is
 * STATUS_INVALID with *ret_store set: tell the operator and go on.
 * STATUS_IO, STATUS_NO_MEMORY: *ret_store is NULL.
 *
 * grace_ns: how long a released key keeps its index.
 */
enum status index_store_open(const char *path, int64_t grace_ns,
                             struct index_store **ret_store,
                             struct error *error) MUST_CHECK;

/* NULL is allowed.  Saves nothing. */
void index_store_close(struct index_store *store);

/*
 * The index of a key, 1 or greater.  A new key gets the smallest index that
 * no key has and that no released key keeps at `now_ns` (clock_boot_ns()).
 * *ret_new (may be NULL) tells whether the key was not in use before: new, or
 * released and now back.  The key is 1 to INDEX_KEY_MAX octets without control
 * characters.
 * Errors: STATUS_INVALID (key), STATUS_BUSY (INDEX_KEYS_MAX), STATUS_NO_MEMORY.
 */
enum status index_store_assign(struct index_store *store, const char *key,
                               int64_t now_ns, uint32_t *ret_index,
                               bool *ret_new) MUST_CHECK;

/* The key is not in use any longer; its grace time begins.  Unknown keys are
 * ignored. */
void index_store_release(struct index_store *store, const char *key, int64_t now_ns);

/*
 * The indices of the parts of one kind that a key in use has now: 1 or
 * greater, each once.  ret_indices[i] is that of names[i].  A new part gets
 * the smallest index that no part of this kind and key has or keeps; a part
 * that is not named is released and keeps its index for the grace time, and
 * at least for this call.  Of equal names each gets its own index.  A name
 * that is no valid key gets no index: 0.  Parts stay with their key when it is
 * released.
 *
 * Errors: STATUS_NOT_FOUND (the key is not in use), STATUS_BUSY
 * (INDEX_PARTS_MAX), STATUS_NO_MEMORY; with the last two the new parts have 0.
 */
enum status index_store_assign_parts(struct index_store *store, const char *key,
                                     enum index_part kind, const char *const *names,
                                     size_t count, int64_t now_ns,
                                     uint32_t *ret_indices) MUST_CHECK;

/* Keys in use. */
size_t index_store_count(const struct index_store *store);

/*
 * Calls `visit` for each key in use, in order of the index.  It may release
 * the key that it was called for.
 */
void index_store_visit(const struct index_store *store,
                       void (*visit)(const char *key, uint32_t index, void *argument),
                       void *argument);

/*
 * A moment that the owner keeps in the store, on CLOCK_BOOTTIME: when a key
 * last came or went.  CLOCK_NEVER when it was never set, or when the machine
 * was booted since.
 */
int64_t index_store_changed_ns(const struct index_store *store);
void index_store_set_changed_ns(struct index_store *store, int64_t changed_ns);

/*
 * Writes the store to its file if anything changed since the last save: to a
 * new file beside it, synchronised, then renamed over the old one, so that a
 * crash at any moment leaves the old or the new file whole.
 * Errors: STATUS_IO with the file and the reason; the store keeps the change
 * and the next save tries again.
 */
enum status index_store_save(struct index_store *store, struct error *error) MUST_CHECK;

#endif
