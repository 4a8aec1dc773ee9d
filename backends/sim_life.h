/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_life.h - numbers that a simulated domain shows in the course of time.
 *
 * Included by sim*.c only.  Pure functions of the domain's UUID and of time,
 * in whole numbers: every agent, on every machine, after every restart, gets
 * the same, and a counter never goes backwards.
 */
#ifndef HVX_BACKENDS_SIM_LIFE_H
#define HVX_BACKENDS_SIM_LIFE_H

#include <stdint.h>

#include "model/uuid.h"

/* A hash of a text, well mixed; another one for each seed. */
uint64_t sim_life_hash(const char *text, uint64_t seed);

/* The UUID of a domain whose description has none: always the same for the
 * same name (RFC 9562, version 8). */
struct uuid sim_life_uuid(const char *name);

/* A number from `first` to `last`, another one for each use and thing: always
 * the same for the same domain. */
int64_t sim_life_pick(const struct uuid *uuid, const char *thing, uint64_t use,
                      int64_t first, int64_t last);

/*
 * The MAC address of an interface whose description has none, from the prefix
 * that virtual machines use.  `at` numbers those of a domain.
 */
void sim_life_mac(const struct uuid *uuid, uint32_t at, uint8_t mac[static 6]);

/* A wave about what is usual, of a slow and a fast triangle. */
struct sim_life_wave {
    int64_t swing_percent; /* how far from it, at most 100 */
    int64_t slow_period_ms;
    int64_t slow_phase_ms;
    int64_t fast_period_ms;
    int64_t fast_phase_ms;
};

/*
 * How long, in microseconds, something would have been at work if it worked
 * as usual all the time: `age_ms`, with the wave.  Never goes backwards.
 */
int64_t sim_life_worked_us(int64_t age_ms, const struct sim_life_wave *wave);

/* How long after the node the domain started: some seconds to a minute. */
int64_t sim_life_start_ns(const struct uuid *uuid);

/* How old a domain was when it was paused, or crashed. */
int64_t sim_life_stop_age_ns(const struct uuid *uuid);

/* The load of a domain whose description tells none, 3 to 60 percent. */
unsigned sim_life_load_percent(const struct uuid *uuid);

/*
 * CPU time of all vcpus of a domain that is `age_ns` old.  Its load waves
 * about `load_percent` (of all its vcpus, 0 to 100) and stays between 0 and
 * 100.  Advances in steps of a millisecond of age; UINT64_MAX at most.
 */
uint64_t sim_life_cpu_time_ns(const struct uuid *uuid, int64_t age_ns, uint32_t vcpus,
                              unsigned load_percent);

/*
 * The same of one of them: of all together it is exactly
 * sim_life_cpu_time_ns(), unless that is UINT64_MAX, and none exceeds its age.
 */
uint64_t sim_life_vcpu_time_ns(const struct uuid *uuid, int64_t age_ns, uint32_t vcpus,
                               unsigned load_percent, uint32_t vcpu);

#endif
