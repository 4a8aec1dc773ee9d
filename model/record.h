/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record.h - immutable, reference-counted blocks of plain data.
 *
 * A record is one block of memory: its structure, and behind it the arrays
 * and strings it points to.  It is filled by the thread that made it and
 * never changed once a second thread can see it; after that any thread may
 * hold and drop references.  A structure that is a record has `struct record`
 * as its first member.
 */
#ifndef HVX_MODEL_RECORD_H
#define HVX_MODEL_RECORD_H

#include <stdatomic.h>
#include <stddef.h>

struct record {
    atomic_uint references;
};

/*
 * Lays out a record: run once with block == NULL to measure, then again on
 * the block that record_new() returned for the size measured.
 */
struct record_layout {
    char *block; /* NULL while measuring */
    size_t used;
};

/* A zeroed block with one reference; NULL without memory. */
void *record_new(size_t size);

/* One reference more.  Returns the record; NULL gives NULL. */
void *record_ref(const void *record);

/* One reference less; the last one frees the block.  NULL is allowed. */
void record_unref(const void *record);

/*
 * The same for a record that holds references to others: before the block is
 * freed, `destroy` drops them.
 */
void record_unref_with(const void *record, void (*destroy)(void *record));

/*
 * Reserves `size` octets, aligned for any type, and returns where they are;
 * NULL while measuring.
 */
void *record_reserve(struct record_layout *layout, size_t size);

/*
 * Reserves and copies a string from outside, cleaned by text_clean() to at
 * most TEXT_MAX octets.  NULL stays NULL; NULL too while measuring.
 */
const char *record_string(struct record_layout *layout, const char *text);

/*
 * Backends are modules of their own: what they deliver need not be one of an
 * enumeration's `count` values.  What is none becomes 0, which stands for
 * "unknown" or "other" in each enumeration of records.
 */
unsigned record_enumerator(unsigned value, unsigned count);

#endif
