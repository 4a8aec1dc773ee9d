/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * snapshot_parts.h - how the rows of devices are made.  Included by
 * snapshot*.c alone; snapshot.h is for all others.
 */
#ifndef HVX_MODEL_SNAPSHOT_PARTS_H
#define HVX_MODEL_SNAPSHOT_PARTS_H

#include "model/snapshot.h"

/* Units of sizes: none is smaller. */
#define SNAPSHOT_UNIT_MIN 1024u

/*
 * The unit, a power of two, for a size that is now so many bytes: it may
 * grow to the sixteenfold without leaving the 31 bits of an Integer32.
 */
uint32_t snapshot_unit(uint64_t bytes);

/*
 * The parts of a domain that has this row, with its configuration and
 * devices as in the row; what row->parts tells is kept.  The domain's key is
 * in use in `indices`.  NULL without memory.
 */
struct snapshot_parts *snapshot_parts_new(const struct snapshot_domain *row,
                                          struct index_store *indices, int64_t now_ns,
                                          struct error *error);

/* Whether devices, just come, tell sizes whose unit row->parts has not chosen. */
bool snapshot_parts_want_units(const struct snapshot_domain *row);

/* Fills in `first` of all rows, and part_count. */
void snapshot_count_parts(struct snapshot *snapshot);

/*
 * Fills in new->unattached after a section was merged: each volume that is no
 * source of a disk, with its index; indices of volumes that are gone are
 * given back.  There is no list before domains and their disks are known, nor
 * without memory until the next time.
 */
void snapshot_update_volumes(struct snapshot *new, const struct snapshot *old,
                             enum section section, struct index_store *volumes,
                             int64_t now_ns, struct error *error);

/*
 * The unit of a row whose index is known: as in an older list (may be NULL)
 * that had the row, else chosen by the larger size; DOMAIN_NO_LIMIT: unknown.
 */
void snapshot_disk_choose_unit(struct snapshot_disk *disk,
                               const struct snapshot_parts *old, int64_t capacity_bytes,
                               int64_t allocation_bytes);

/* Sorts the rows and copies them to a record; NULL without memory. */
struct snapshot_parts *snapshot_parts_pack(struct snapshot_disk *disks,
                                           size_t disk_count,
                                           struct snapshot_interface *interfaces,
                                           size_t interface_count);

#endif
