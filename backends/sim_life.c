/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_life.h"

#include <stddef.h>

#include "model/clock.h"

#define MS_PER_MINUTE INT64_C(60000)

/* One seed for each use, so that the numbers are independent. */
enum seed {
    SEED_UUID_HIGH = 1,
    SEED_UUID_LOW,
    SEED_START,
    SEED_STOP,
    SEED_LOAD,
    SEED_SLOW_PERIOD,
    SEED_SLOW_PHASE,
    SEED_FAST_PERIOD,
    SEED_FAST_PHASE,
    SEED_MAC,
    SEED_SHARE,
    SEED_PICK, /* and on: sim_life_pick() */
};

/* Final mixing of splitmix64. */
static uint64_t mix(uint64_t value)
{
    value ^= value >> 30;
    value *= UINT64_C(0xbf58476d1ce4e5b9);
    value ^= value >> 27;
    value *= UINT64_C(0x94d049bb133111eb);
    value ^= value >> 31;
    return value;
}

/* FNV-1a. */
static uint64_t hash_octets(const uint8_t *octets, size_t count, uint64_t seed)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ mix(seed);

    for (size_t i = 0; i < count; i++) {
        hash ^= octets[i];
        hash *= UINT64_C(0x100000001b3);
    }
    return mix(hash);
}

uint64_t sim_life_hash(const char *text, uint64_t seed)
{
    const uint8_t *octets = (const uint8_t *)text;
    size_t count = 0;

    while (octets[count] != 0) {
        count++;
    }
    return hash_octets(octets, count, seed);
}

struct uuid sim_life_uuid(const char *name)
{
    uint64_t high = sim_life_hash(name, SEED_UUID_HIGH);
    uint64_t low = sim_life_hash(name, SEED_UUID_LOW);
    struct uuid uuid;

    for (unsigned i = 0; i < 8; i++) {
        uuid.bytes[i] = (uint8_t)(high >> (56 - 8 * i));
        uuid.bytes[8 + i] = (uint8_t)(low >> (56 - 8 * i));
    }
    uuid.bytes[6] = (uint8_t)((uuid.bytes[6] & 0x0f) | 0x80);
    uuid.bytes[8] = (uint8_t)((uuid.bytes[8] & 0x3f) | 0x80);
    return uuid;
}

/* A number from first to last, the same each time. */
static int64_t pick(const struct uuid *uuid, uint64_t seed, int64_t first, int64_t last)
{
    uint64_t hash = hash_octets(uuid->bytes, sizeof(uuid->bytes), seed);

    return first + (int64_t)(hash % (uint64_t)(last - first + 1));
}

int64_t sim_life_pick(const struct uuid *uuid, const char *thing, uint64_t use,
                      int64_t first, int64_t last)
{
    uint64_t seed = sim_life_hash(thing, SEED_PICK + use);
    uint64_t hash = hash_octets(uuid->bytes, sizeof(uuid->bytes), seed);

    return first + (int64_t)(hash % (uint64_t)(last - first + 1));
}

void sim_life_mac(const struct uuid *uuid, uint32_t at, uint8_t mac[static 6])
{
    uint64_t hash = hash_octets(uuid->bytes, sizeof(uuid->bytes), mix(at) + SEED_MAC);

    mac[0] = 0x52;
    mac[1] = 0x54;
    mac[2] = 0x00;
    mac[3] = (uint8_t)(hash >> 16);
    mac[4] = (uint8_t)(hash >> 8);
    mac[5] = (uint8_t)hash;
}

int64_t sim_life_start_ns(const struct uuid *uuid)
{
    return pick(uuid, SEED_START, 5000, 60000) * CLOCK_NS_PER_MS;
}

int64_t sim_life_stop_age_ns(const struct uuid *uuid)
{
    return pick(uuid, SEED_STOP, 5 * MS_PER_MINUTE, 600 * MS_PER_MINUTE)
           * CLOCK_NS_PER_MS;
}

unsigned sim_life_load_percent(const struct uuid *uuid)
{
    return (unsigned)pick(uuid, SEED_LOAD, 3, 60);
}

/*
 * Integral from 0 to x of a triangle that goes from -1 to 1 and back in each
 * period, in microseconds; x within the period, both in milliseconds.
 */
static int64_t triangle_area_us(int64_t x_ms, int64_t period_ms)
{
    if (2 * x_ms < period_ms) {
        return (2 * x_ms * x_ms - period_ms * x_ms) * 1000 / period_ms;
    }
    return (3 * x_ms - period_ms) * 1000 - 2 * x_ms * x_ms * 1000 / period_ms;
}

static int64_t wave_area_us(int64_t age_ms, int64_t period_ms, int64_t phase_ms)
{
    phase_ms %= period_ms;
    return triangle_area_us((age_ms + phase_ms) % period_ms, period_ms)
           - triangle_area_us(phase_ms, period_ms);
}

int64_t sim_life_worked_us(int64_t age_ms, const struct sim_life_wave *wave)
{
    int64_t slow_us = wave_area_us(age_ms, wave->slow_period_ms, wave->slow_phase_ms);
    int64_t fast_us = wave_area_us(age_ms, wave->fast_period_ms, wave->fast_phase_ms);

    return age_ms * 1000 + wave->swing_percent * (slow_us * 4 + fast_us * 3) / 700;
}

/* How far the load swings, in percent of it: it stays between 0 and 100. */
static int64_t swing_of(unsigned load_percent)
{
    return load_percent <= 58 /* 58 * 1.7 is 99 */
               ? 70
               : (int64_t)(100 - load_percent) * 100 / (int64_t)load_percent;
}

/* How long each vcpu would have been at work at its usual load. */
static int64_t busy_us(const struct uuid *uuid, int64_t age_ns, unsigned load_percent)
{
    const struct sim_life_wave wave = {
        .swing_percent = swing_of(load_percent),
        .slow_period_ms =
            pick(uuid, SEED_SLOW_PERIOD, 20 * MS_PER_MINUTE, 60 * MS_PER_MINUTE),
        .slow_phase_ms = pick(uuid, SEED_SLOW_PHASE, 0, 60 * MS_PER_MINUTE),
        .fast_period_ms =
            pick(uuid, SEED_FAST_PERIOD, 2 * MS_PER_MINUTE, 5 * MS_PER_MINUTE),
        .fast_phase_ms = pick(uuid, SEED_FAST_PHASE, 0, 5 * MS_PER_MINUTE),
    };

    return sim_life_worked_us(age_ns / CLOCK_NS_PER_MS, &wave);
}

uint64_t sim_life_cpu_time_ns(const struct uuid *uuid, int64_t age_ns, uint32_t vcpus,
                              unsigned load_percent)
{
    uint64_t cpu_time_ns;

    if (age_ns < CLOCK_NS_PER_MS || load_percent == 0) {
        return 0;
    }
    /* Of one vcpu at full load; percent of it in tens of nanoseconds. */
    if (__builtin_mul_overflow((uint64_t)busy_us(uuid, age_ns, load_percent),
                               (uint64_t)vcpus * load_percent * 10, &cpu_time_ns)) {
        return UINT64_MAX;
    }
    return cpu_time_ns;
}

/*
 * Each pair of vcpus has twice the usual load, unequally: what one has more,
 * at most half of it and never above 100 percent, the other one has less.
 */
uint64_t sim_life_vcpu_time_ns(const struct uuid *uuid, int64_t age_ns, uint32_t vcpus,
                               unsigned load_percent, uint32_t vcpu)
{
    int64_t usual = (int64_t)load_percent * 10;
    int64_t most = 100000 / (100 + (load_percent != 0 ? swing_of(load_percent) : 0));
    int64_t room = most - usual < usual / 2 ? most - usual : usual / 2;
    int64_t more;

    if (age_ns < CLOCK_NS_PER_MS || load_percent == 0) {
        return 0;
    }
    more =
        room > 0 ? pick(uuid, SEED_SHARE + ((uint64_t)(vcpu / 2) << 32), 0, room) : 0;
    if ((vcpu & 1) != 0) {
        more = -more;
    } else if (vcpu + 1 == vcpus) {
        more = 0; /* it has no other */
    }
    return (uint64_t)busy_us(uuid, age_ns, load_percent) * (uint64_t)(usual + more);
}
