/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * snapshot.h - all that is known of one node at one moment.
 *
 * A snapshot is immutable and reference-counted: whoever holds a reference
 * reads it without a lock, for as long as it likes.  Each finished
 * collection makes a new one that shares with the old one all records that
 * did not change.  All tables and notifications read the same snapshot.
 */
#ifndef HVX_MODEL_SNAPSHOT_H
#define HVX_MODEL_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

#include "model/clock.h"
#include "model/domain.h"
#include "model/index.h"
#include "model/node.h"
#include "model/section.h"

/* One domain: its row in vmTable. */
struct snapshot_domain {
    uint32_t index;                      /* vmIndex */
    enum domain_admin_state admin_state; /* the last one known */
    /* Unit of vmCurMem and its relatives in bytes; fixed for the row's life. */
    uint32_t memory_unit;
    bool memory_unit_fixed; /* false until a size of its memory was known */
    /* When the record of each section was sampled; CLOCK_NEVER: not yet. */
    int64_t sampled_ns[SECTION_COUNT];
    const struct domain *domain;                /* never NULL */
    const struct domain_config *config;         /* NULL: not known yet */
    const struct domain_statistics *statistics; /* NULL: not known yet */
};

struct snapshot {
    struct record record;
    /*
     * When the newest collection of each section began, on CLOCK_BOOTTIME;
     * CLOCK_NEVER: never collected.
     */
    int64_t sampled_ns[SECTION_COUNT];
    /*
     * When a domain last came or went, on CLOCK_BOOTTIME; CLOCK_NEVER: not
     * since the machine was booted, as far as the index file tells.
     */
    int64_t domains_changed_ns;
    const struct node *node; /* NULL: not known yet */
    size_t domain_count;
    struct snapshot_domain *domains; /* sorted by index */
};

/* A snapshot of a node that was never asked; NULL without memory. */
struct snapshot *snapshot_new_empty(void);

struct snapshot *snapshot_ref(const struct snapshot *snapshot);
void snapshot_unref(const struct snapshot *snapshot);

/* What snapshot_merge() is told of the collection. */
struct snapshot_update {
    struct builder *builder; /* closed by snapshot_merge() */
    int64_t started_ns;      /* when the collection began */
    /*
     * The backend returned STATUS_OK and was asked for all domains: a domain
     * that SECTION_DOMAINS did not deliver is gone.
     */
    bool complete;
};

/*
 * A new snapshot: `old` with what the builder holds.  Domains that are new
 * get their index from `indices`, those that are gone give it back; the
 * change is on disk before it is returned.  When the index file could not be
 * written, the snapshot is made all the same, and *error says why.
 * Statistics and configurations of domains that `old` does not have are
 * ignored: the next list has them.
 *
 * NULL without memory; then *error says so and nothing changed.  Called by
 * one thread at a time for the same indices.
 */
struct snapshot *snapshot_merge(const struct snapshot *old,
                                const struct snapshot_update *update,
                                struct index_store *indices, struct error *error);

/*
 * Position of the first domain whose index is `index` or greater;
 * domain_count where there is none.  `hint` is any position, tried first.
 */
size_t snapshot_find_domain(const struct snapshot *snapshot, uint32_t index,
                            size_t hint);

#endif
