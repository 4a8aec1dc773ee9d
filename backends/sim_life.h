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

#endif
