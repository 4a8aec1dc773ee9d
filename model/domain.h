/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain.h - what is known of a domain: the narrow waist between backends
 * and MIBs.
 *
 * Three records, because they change and cost differently:
 *   struct domain             who it is and in which state   SECTION_DOMAINS
 *   struct domain_config      its description, from its XML  SECTION_CONFIGS
 *   struct domain_statistics  its cheap counters             SECTION_STATISTICS
 *
 * Canonical units: time in nanoseconds, sizes in bytes.  What is unknown is
 * marked so and never 0: strings are NULL, enumerators *_UNKNOWN, numbers
 * have a bit in `has` or a documented value for it.
 */
#ifndef HVX_MODEL_DOMAIN_H
#define HVX_MODEL_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "model/record.h"
#include "model/uuid.h"

/* The operational states of RFC 7666, VirtualMachineOperState. */
enum domain_state {
    DOMAIN_STATE_UNKNOWN,
    DOMAIN_STATE_OTHER, /* the hypervisor told one that RFC 7666 has not */
    DOMAIN_STATE_PREPARING,
    DOMAIN_STATE_RUNNING,
    DOMAIN_STATE_SUSPENDING,
    DOMAIN_STATE_SUSPENDED,
    DOMAIN_STATE_RESUMING,
    DOMAIN_STATE_PAUSED,
    DOMAIN_STATE_MIGRATING,
    DOMAIN_STATE_SHUTTING_DOWN,
    DOMAIN_STATE_SHUTDOWN,
    DOMAIN_STATE_CRASHED,
};
#define DOMAIN_STATE_COUNT (DOMAIN_STATE_CRASHED + 1)

/* The administrative states of RFC 7666, VirtualMachineAdminState. */
enum domain_admin_state {
    DOMAIN_ADMIN_STATE_UNKNOWN,
    DOMAIN_ADMIN_STATE_RUNNING,
    DOMAIN_ADMIN_STATE_SUSPENDED,
    DOMAIN_ADMIN_STATE_PAUSED,
    DOMAIN_ADMIN_STATE_SHUTDOWN,
};
#define DOMAIN_ADMIN_STATE_COUNT (DOMAIN_ADMIN_STATE_SHUTDOWN + 1)

/* Yes, no, or nobody could tell. */
enum domain_flag {
    DOMAIN_FLAG_UNKNOWN,
    DOMAIN_FLAG_YES,
    DOMAIN_FLAG_NO,
};
#define DOMAIN_FLAG_COUNT (DOMAIN_FLAG_NO + 1)

/* A record: identity and state, cheap to read for all domains at once. */
struct domain {
    struct record record;
    struct uuid uuid; /* nil where the hypervisor has none */
    const char *name; /* never NULL */
    enum domain_state state;
    enum domain_flag autostart;
    enum domain_flag persistent;
    /*
     * When it last went from shutdown to running, on CLOCK_BOOTTIME of the
     * agent's host; reboot and resume do not change it.  CLOCK_NEVER where
     * that is unknown.  Meaningless while the domain is shut down.
     */
    int64_t started_ns;
};

/* Numbers without a limit, and sizes that are unknown (RFC 7666: -1). */
#define DOMAIN_NO_LIMIT INT64_C(-1)

/* A record: the description of a domain, renewed when it changes. */
struct domain_config {
    struct record record;
    struct uuid uuid;
    const char *os_type;      /* vmOSType; NULL where unknown */
    int64_t vcpus;            /* now assigned; DOMAIN_NO_LIMIT: unknown */
    int64_t vcpus_min;        /* DOMAIN_NO_LIMIT: no hard boundary */
    int64_t vcpus_max;        /* DOMAIN_NO_LIMIT: no limit */
    int64_t memory_min_bytes; /* DOMAIN_NO_LIMIT: no hard boundary */
    int64_t memory_max_bytes; /* DOMAIN_NO_LIMIT: no limit */
    /*
     * Memory the description gives the domain now (libvirt: currentMemory);
     * DOMAIN_NO_LIMIT: unknown.  domain_statistics knows better while the
     * domain runs.
     */
    int64_t memory_bytes;
};

/* Bits of domain_statistics.has. */
#define DOMAIN_HAS_CPU_TIME 0x1u
#define DOMAIN_HAS_MEMORY 0x2u
#define DOMAIN_HAS_VCPUS 0x4u

/* A record: counters that cost one call for all domains. */
struct domain_statistics {
    struct record record;
    struct uuid uuid;
    unsigned has;
    uint64_t cpu_time_ns;  /* of all vcpus, since the domain started */
    uint64_t memory_bytes; /* allocated now */
    uint32_t vcpus;        /* online now */
};

/*
 * Copies as records of their own, strings cleaned (text.h); the record
 * headers of *from are not looked at.  NULL without memory.
 */
struct domain *domain_new(const struct domain *from);
struct domain_config *domain_config_new(const struct domain_config *from);
struct domain_statistics *domain_statistics_new(const struct domain_statistics *from);

/* Name of a state for logs and tests, e.g. "running".  Never NULL. */
const char *domain_state_name(enum domain_state state);

/*
 * The administrative state that an observed state stands for: what somebody
 * wanted who left the domain like that.  DOMAIN_ADMIN_STATE_UNKNOWN for
 * unknown and other: RFC 7666 has no such value, the last known one stays.
 */
enum domain_admin_state domain_state_admin(enum domain_state state);

/* Whether the domain has memory and a life at present: it may have an age. */
bool domain_state_is_active(enum domain_state state);

#endif
