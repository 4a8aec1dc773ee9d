/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/record.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/text.h"

/*
 * Holders see a record as const; the count of references is the one thing in
 * it that they may change.
 */
static struct record *writable(const void *record)
{
    return (struct record *)(uintptr_t)record;
}

void *record_new(size_t size)
{
    struct record *record = size <= PTRDIFF_MAX ? calloc(1, size) : NULL;

    if (record != NULL) {
        atomic_init(&record->references, 1);
    }
    return record;
}

void *record_ref(const void *record)
{
    if (record != NULL) {
        atomic_fetch_add_explicit(&writable(record)->references, 1,
                                  memory_order_relaxed);
    }
    return writable(record);
}

void record_unref(const void *record)
{
    record_unref_with(record, NULL);
}

void record_unref_with(const void *record, void (*destroy)(void *record))
{
    /* Acquire and release: all that other holders did comes before free(). */
    if (record != NULL
        && atomic_fetch_sub_explicit(&writable(record)->references, 1,
                                     memory_order_acq_rel)
               == 1) {
        if (destroy != NULL) {
            destroy(writable(record));
        }
        free(writable(record));
    }
}

/* Like record_reserve(), for what needs no alignment. */
static char *reserve_octets(struct record_layout *layout, size_t size)
{
    size_t start = layout->used;

    /* A size that cannot be is kept for record_new() to refuse. */
    layout->used = size > SIZE_MAX - start ? SIZE_MAX : start + size;
    return layout->block == NULL ? NULL : layout->block + start;
}

void *record_reserve(struct record_layout *layout, size_t size)
{
    size_t alignment = _Alignof(max_align_t);
    size_t excess = layout->used % alignment;

    if (excess != 0) {
        reserve_octets(layout, alignment - excess);
    }
    return reserve_octets(layout, size);
}

const char *record_string(struct record_layout *layout, const char *text)
{
    char clean[TEXT_MAX + 1];
    size_t length;
    char *to;

    if (text == NULL) {
        return NULL;
    }
    length = text_clean(clean, sizeof(clean), text);
    to = reserve_octets(layout, length + 1);
    if (to != NULL) {
        memcpy(to, clean, length + 1);
    }
    return to;
}

unsigned record_enumerator(unsigned value, unsigned count)
{
    return value < count ? value : 0;
}
