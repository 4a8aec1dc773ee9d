/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_disk.h - numbers that a simulated disk shows in the course of time.
 *
 * Included by sim*.c only.  Pure functions, as those of sim_life.h are.
 */
#ifndef HVX_BACKENDS_SIM_DISK_H
#define HVX_BACKENDS_SIM_DISK_H

#include <stdint.h>

#include "model/domain.h"
#include "model/uuid.h"

/* Sizes that the node file tells; DOMAIN_NO_LIMIT: it does not. */
struct sim_disk {
    int64_t capacity_bytes;
    int64_t allocation_bytes; /* at most the capacity */
};

/*
 * Requests, octets and times of a disk whose domain is `age_ns` old and has
 * this load.  None without a medium; nearly none of a CD or a floppy; no
 * writes where it cannot be written.
 */
void sim_disk_count(const struct uuid *uuid, const struct domain_disk *disk,
                    int64_t age_ns, unsigned load_percent,
                    struct disk_statistics *statistics);

/*
 * Capacity and allocation: as written; else of a capacity that depends on the
 * domain and the target, and all of it, or for an image that grows, what it
 * has grown to; nothing is known of a drive without a medium, and no
 * allocation of what is not on the host.
 */
void sim_disk_measure(const struct uuid *uuid, const struct domain_disk *disk,
                      const struct sim_disk *written, int64_t age_ns,
                      struct disk_statistics *statistics);

#endif
