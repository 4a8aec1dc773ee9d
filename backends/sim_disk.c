/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_disk.h"

#include "backends/sim_life.h"
#include "model/clock.h"

#define KIB INT64_C(1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)

#define MS_PER_MINUTE INT64_C(60000)

/* What is read while an operating system starts is read in this time. */
#define BOOT_MS INT64_C(30000)

/* Images grow in steps of this. */
#define CLUSTER_BYTES (64 * KIB)

/* Parts of one, for fractions in whole numbers. */
#define ONE (INT64_C(1) << 20)

/* One for each number that is picked. */
enum use {
    USE_CAPACITY = 1,
    USE_FIRST,
    USE_LAST,
    USE_GROWTH,
    USE_BOOT,
    USE_READS,
    USE_WRITES,
    USE_READ_SIZE,
    USE_WRITE_SIZE,
    USE_READ_TIME,
    USE_WRITE_TIME,
    USE_WAVE,
    USE_DELAY_WAVE = USE_WAVE + 4,
};

/* How busy a disk is in one direction. */
struct traffic {
    int64_t boot;    /* requests */
    int64_t rate;    /* requests in 1000 s, in the long run */
    int64_t size;    /* octets of one */
    int64_t time_us; /* of one */
};

static struct sim_life_wave wave_of(const struct uuid *uuid, const char *target,
                                    unsigned use, int64_t swing_percent)
{
    return (struct sim_life_wave) {
        .swing_percent = swing_percent,
        .slow_period_ms =
            sim_life_pick(uuid, target, use, 20 * MS_PER_MINUTE, 60 * MS_PER_MINUTE),
        .slow_phase_ms = sim_life_pick(uuid, target, use + 1, 0, 60 * MS_PER_MINUTE),
        .fast_period_ms =
            sim_life_pick(uuid, target, use + 2, 2 * MS_PER_MINUTE, 5 * MS_PER_MINUTE),
        .fast_phase_ms = sim_life_pick(uuid, target, use + 3, 0, 5 * MS_PER_MINUTE),
    };
}

/* 512 octets, 1 KiB, and so on, by its number. */
static int64_t size_of(int64_t doublings)
{
    return INT64_C(512) << doublings;
}

static struct traffic reads_of(const struct uuid *uuid, const struct domain_disk *disk,
                               unsigned load_percent)
{
    bool is_hard_disk = disk->media == DISK_MEDIA_HARD_DISK;
    struct traffic reads = {
        .size = size_of(sim_life_pick(uuid, disk->target, USE_READ_SIZE, 3, 7)),
        .time_us = sim_life_pick(uuid, disk->target, USE_READ_TIME, 80, 4000),
    };

    if (is_hard_disk) {
        reads.boot = sim_life_pick(uuid, disk->target, USE_BOOT, 3000, 12000);
        reads.rate = sim_life_pick(uuid, disk->target, USE_READS, 2000, 80000)
                     * (load_percent + 2) / 40;
    } else {
        reads.boot = sim_life_pick(uuid, disk->target, USE_BOOT, 20, 200);
        reads.rate = sim_life_pick(uuid, disk->target, USE_READS, 1, 5);
        reads.time_us *= 10;
    }
    return reads;
}

static struct traffic writes_of(const struct uuid *uuid, const struct domain_disk *disk,
                                unsigned load_percent)
{
    struct traffic writes = {
        .size = size_of(sim_life_pick(uuid, disk->target, USE_WRITE_SIZE, 3, 6)),
        .time_us = sim_life_pick(uuid, disk->target, USE_WRITE_TIME, 100, 8000),
    };

    if (disk->media == DISK_MEDIA_HARD_DISK && disk->read_only != DOMAIN_FLAG_YES) {
        writes.rate = sim_life_pick(uuid, disk->target, USE_WRITES, 1000, 60000)
                      * (load_percent + 2) / 40;
    }
    return writes;
}

static uint64_t requests_of(const struct traffic *traffic, int64_t age_ms,
                            int64_t worked_ms)
{
    int64_t boot_ms = age_ms < BOOT_MS ? age_ms : BOOT_MS;

    return (uint64_t)(traffic->boot * boot_ms / BOOT_MS
                      + traffic->rate * worked_ms / 1000000);
}

static bool is_empty(const struct domain_disk *disk)
{
    return disk->source != NULL && disk->source[0] == '\0';
}

void sim_disk_count(const struct uuid *uuid, const struct domain_disk *disk,
                    int64_t age_ns, unsigned load_percent,
                    struct disk_statistics *statistics)
{
    const struct traffic reads = reads_of(uuid, disk, load_percent);
    const struct traffic writes = writes_of(uuid, disk, load_percent);
    const struct sim_life_wave wave = wave_of(uuid, disk->target, USE_WAVE, 70);
    const struct sim_life_wave delays = wave_of(uuid, disk->target, USE_DELAY_WAVE, 40);
    int64_t age_ms = age_ns / CLOCK_NS_PER_MS;
    int64_t worked_ms;
    int64_t waited_ms;

    statistics->has = DISK_HAS_REQUESTS | DISK_HAS_OCTETS | DISK_HAS_TIMES;
    if (is_empty(disk) || age_ms <= 0) {
        return;
    }
    worked_ms = sim_life_worked_us(age_ms, &wave) / 1000;
    waited_ms = sim_life_worked_us(age_ms, &delays) / 1000;
    statistics->read_requests = requests_of(&reads, age_ms, worked_ms);
    statistics->write_requests = requests_of(&writes, age_ms, worked_ms);
    statistics->read_bytes = statistics->read_requests * (uint64_t)reads.size;
    statistics->write_bytes = statistics->write_requests * (uint64_t)writes.size;
    /* How long one takes waves by itself: there is none before the first. */
    if (statistics->read_requests != 0) {
        statistics->read_time_ns =
            requests_of(&reads, age_ms, waited_ms) * (uint64_t)reads.time_us * 1000;
    }
    if (statistics->write_requests != 0) {
        statistics->write_time_ns =
            requests_of(&writes, age_ms, waited_ms) * (uint64_t)writes.time_us * 1000;
    }
}

static int64_t usual_capacity(const struct uuid *uuid, const struct domain_disk *disk)
{
    static const int64_t sizes_gib[] = { 8,   10,  12,  16,  20,  24,  32,  40,  50,
                                         60,  64,  80,  100, 120, 128, 160, 200, 240,
                                         256, 300, 320, 400, 480, 500, 512 };
    const int64_t count = sizeof(sizes_gib) / sizeof(sizes_gib[0]);

    switch (disk->media) {
    case DISK_MEDIA_FLOPPY:
        return 1440 * KIB;
    case DISK_MEDIA_OPTICAL:
        return sim_life_pick(uuid, disk->target, USE_CAPACITY, 700, 4096) * MIB;
    case DISK_MEDIA_UNKNOWN:
    case DISK_MEDIA_OTHER:
    case DISK_MEDIA_HARD_DISK:
        break;
    }
    return sizes_gib[sim_life_pick(uuid, disk->target, USE_CAPACITY, 0, count - 1)]
           * GIB;
}

/* From a part of the capacity to a greater part, faster at first. */
static int64_t grown(const struct uuid *uuid, const struct domain_disk *disk,
                     int64_t capacity_bytes, int64_t age_ns)
{
    const int64_t day_s = 86400;
    int64_t first = sim_life_pick(uuid, disk->target, USE_FIRST, ONE / 8, ONE / 2);
    int64_t last = sim_life_pick(uuid, disk->target, USE_LAST, ONE / 2, ONE * 15 / 16);
    int64_t half_s =
        sim_life_pick(uuid, disk->target, USE_GROWTH, 60 * day_s, 300 * day_s);
    int64_t age_s = age_ns > 0 ? age_ns / CLOCK_NS_PER_S : 0;
    int64_t part = first + (last - first) * age_s / (age_s + half_s);
    int64_t bytes = capacity_bytes / ONE * part + capacity_bytes % ONE * part / ONE;

    return bytes / CLUSTER_BYTES * CLUSTER_BYTES;
}

void sim_disk_measure(const struct uuid *uuid, const struct domain_disk *disk,
                      const struct sim_disk *written, int64_t age_ns,
                      struct disk_statistics *statistics)
{
    statistics->capacity_bytes = DOMAIN_NO_LIMIT;
    statistics->allocation_bytes = DOMAIN_NO_LIMIT;
    if (is_empty(disk)) {
        return;
    }
    statistics->capacity_bytes = written->capacity_bytes != DOMAIN_NO_LIMIT
                                     ? written->capacity_bytes
                                     : usual_capacity(uuid, disk);
    if (written->allocation_bytes != DOMAIN_NO_LIMIT) {
        statistics->allocation_bytes = written->allocation_bytes;
    } else if (disk->source_type == DISK_SOURCE_SPARSE) {
        statistics->allocation_bytes =
            grown(uuid, disk, statistics->capacity_bytes, age_ns);
    } else if (disk->source_type == DISK_SOURCE_BLOCK
               || disk->source_type == DISK_SOURCE_RAW) {
        statistics->allocation_bytes = statistics->capacity_bytes;
    }
}
