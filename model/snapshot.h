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

/* One disk, or one volume: its row in vmStorageTable. */
struct snapshot_disk {
    uint32_t index;    /* vmStorageIndex */
    uint32_t position; /* in domain_config.disks, in storage.volumes */
    /* Unit of its sizes in bytes; fixed for the row's life. */
    uint32_t size_unit;
    bool size_unit_fixed; /* false until a size of it was known */
};

/* One interface: its row in vmNetworkTable. */
struct snapshot_interface {
    uint32_t index;    /* vmNetworkIndex */
    uint32_t position; /* in domain_config.interfaces */
};

/* A record: rows of devices in ascending order of their indices. */
struct snapshot_parts {
    struct record record;
    size_t disk_count;
    const struct snapshot_disk *disks;
    size_t interface_count;
    const struct snapshot_interface *interfaces;
};

/* Of what a domain has several, each with a row of its own in some table. */
enum snapshot_part {
    SNAPSHOT_VCPUS,      /* numbered from 0, online or not */
    SNAPSHOT_PINS,       /* of these, those bound to some of the CPUs */
    SNAPSHOT_DISKS,      /* in order of their indices */
    SNAPSHOT_INTERFACES, /* in order of their indices */
};
#define SNAPSHOT_PART_COUNT (SNAPSHOT_INTERFACES + 1)

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
    const struct domain_devices *devices;       /* NULL: not known yet */
    /* Why each section could not be read when it was last asked; NULL: it was. */
    const struct domain_failure *failures[SECTION_COUNT];
    /*
     * The last moment at which its counters may have begun anew or come back:
     * it was started or woken up, its CPU time was seen to go back, or the
     * domain appeared in a later list than the first one.  Never earlier than before, while
     * the row is there; never later than the newest collection of it.
     * CLOCK_NEVER: none is known.
     */
    int64_t discontinuity_ns;
    const struct snapshot_parts *parts; /* of config; NULL: no config */
    /* Of each part those of all domains before this one. */
    size_t first[SNAPSHOT_PART_COUNT];
};

struct snapshot {
    struct record record;
    /*
     * When the newest collection of each section began that was completed, on
     * CLOCK_BOOTTIME; CLOCK_NEVER: none was.  A domain that could not be read
     * does not spoil it, and has its own times.
     */
    int64_t sampled_ns[SECTION_COUNT];
    /*
     * When a domain last came or went, on CLOCK_BOOTTIME; CLOCK_NEVER: not
     * since the machine was booted, as far as the index file tells.
     */
    int64_t domains_changed_ns;
    const struct node *node;       /* NULL: not known yet */
    const struct storage *storage; /* NULL: not known yet */
    size_t domain_count;
    struct snapshot_domain *domains;        /* sorted by index */
    size_t unreadable_count;                /* of these, those with a failure */
    size_t part_count[SNAPSHOT_PART_COUNT]; /* of all domains */
    /*
     * Volumes of `storage` that no disk of any domain uses; NULL while no
     * descriptions are known.
     */
    const struct snapshot_parts *unattached;
};

/* A snapshot of a node that was never asked; NULL without memory. */
struct snapshot *snapshot_new_empty(void);

struct snapshot *snapshot_ref(const struct snapshot *snapshot);
void snapshot_unref(const struct snapshot *snapshot);

/* The indices that one node's snapshots are numbered with. */
struct snapshot_indices {
    struct index_store *domains; /* by UUID; disks and interfaces as parts */
    struct index_store *volumes; /* by key */
};

/* Closes both; NULL is allowed for each. */
void snapshot_indices_close(const struct snapshot_indices *indices);

/* What snapshot_merge() is told of the collection. */
struct snapshot_update {
    struct builder *builder; /* closed by snapshot_merge() */
    int64_t started_ns;      /* when the collection began */
    /*
     * The backend returned STATUS_OK and was asked for all domains but these:
     * any other domain that SECTION_DOMAINS did not deliver is gone.
     */
    bool complete;
    struct uuid_set except;
};

/*
 * A new snapshot: `old` with what the builder holds.  Domains that are new
 * get their index from `indices`, those that are gone give it back; the
 * change is on disk before it is returned.  When the index file could not be
 * written, the snapshot is made all the same, and *error says why.
 * What is told of domains that `old` does not have is ignored: they are asked
 * again when the next list has them.
 *
 * NULL without memory; then *error says so and nothing changed.  Called by
 * one thread at a time for the same indices.
 */
struct snapshot *snapshot_merge(const struct snapshot *old,
                                const struct snapshot_update *update,
                                const struct snapshot_indices *indices,
                                struct error *error);

/*
 * Why data of a domain could not be read when it was last asked: of the first
 * section that failed, and *ret_section says which; one that gives no answer
 * goes before one that refuses.  NULL: all that was asked was read.
 * ret_section may be NULL.
 */
const struct domain_failure *snapshot_failure(const struct snapshot_domain *domain,
                                              enum section *ret_section);

/*
 * Position of the first domain whose index is `index` or greater;
 * domain_count where there is none.  `hint` is any position, tried first.
 */
size_t snapshot_find_domain(const struct snapshot *snapshot, uint32_t index,
                            size_t hint);

/*
 * The domain that has the part at this position among the parts of all
 * domains, in order of vmIndex; *ret_number is its position within the
 * domain.  position < part_count[part].
 */
const struct snapshot_domain *snapshot_find_part(const struct snapshot *snapshot,
                                                 enum snapshot_part part,
                                                 size_t position, size_t *ret_number);

#endif
