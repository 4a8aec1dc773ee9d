/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_present.h - how it is with a simulated domain at present: as its file
 * has it, and what operations made of it.
 *
 * Included by sim*.c only.  Belongs to whoever has it; the overlay's own are
 * changed under its lock.  Moments are on the node's clock.
 */
#ifndef HVX_BACKENDS_SIM_PRESENT_H
#define HVX_BACKENDS_SIM_PRESENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/sim_domain.h"
#include "model/domain.h"
#include "model/record.h"
#include "model/status.h"

/* A record: what was counted before the number of vcpus changed. */
struct sim_counted {
    struct record record;
    int64_t age_ns; /* of the domain, then */
    uint64_t cpu_time_ns;
    size_t vcpu_count; /* all that it had so far; ascending */
    uint64_t *vcpu_time_ns;
};

struct sim_present {
    enum domain_state state;
    bool is_asleep; /* by its own power management */
    bool is_gone;   /* it was transient, and ended */
    bool is_autostart;
    bool is_busy;         /* an operation is under way */
    int64_t started_ns;   /* may be after now: not later than now then */
    int64_t executing_ns; /* since when; CLOCK_NEVER: it does not execute */
    int64_t age_ns;       /* how long it did before, in this life */
    int64_t past_ns;      /* the same of all lives before; disks have that age */
    const struct domain_config *config; /* a reference */
    const struct sim_counted *counted;  /* a reference; NULL: nothing */
};

/* As the file has it.  sim_present_clear() has to follow. */
void sim_present_init(struct sim_present *present, const struct sim_domain *domain);
void sim_present_copy(struct sim_present *to, const struct sim_present *from);
/* Drops its references. */
void sim_present_clear(struct sim_present *present);

/* Does it have memory, and so counters? */
bool sim_present_has_counters(const struct sim_present *present);

/* How long it executed in this life, and in all of them. */
int64_t sim_present_age_ns(const struct sim_present *present, int64_t now_ns);
int64_t sim_present_disk_age_ns(const struct sim_present *present, int64_t now_ns);

/* CPU time of all vcpus in this life, also of those it no longer has. */
uint64_t sim_present_cpu_time_ns(const struct sim_present *present,
                                 const struct sim_domain *domain, int64_t now_ns);
/* The same of one that it has. */
uint64_t sim_present_vcpu_time_ns(const struct sim_present *present,
                                  const struct sim_domain *domain, uint32_t vcpu,
                                  int64_t now_ns);

/* It is in another state from now on, or begins a new life. */
void sim_present_set_state(struct sim_present *present, enum domain_state state,
                           int64_t now_ns);
void sim_present_begin_life(struct sim_present *present, int64_t now_ns);

/*
 * It has this description from now on; takes over the reference.
 * Errors: STATUS_NO_MEMORY; the reference stays the caller's.
 */
enum status sim_present_set_config(struct sim_present *present,
                                   const struct sim_domain *domain,
                                   const struct domain_config *config,
                                   int64_t now_ns) MUST_CHECK;

#endif
