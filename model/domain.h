/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain.h - what is known of a domain: the narrow waist between backends
 * and MIBs.
 *
 * Four records, because they change and cost differently:
 *   struct domain             who it is and in which state   SECTION_DOMAINS
 *   struct domain_config      its description, from its XML  SECTION_CONFIGS
 *   struct domain_statistics  its cheap counters             SECTION_STATISTICS
 *   struct domain_devices     what its monitor has to tell   SECTION_DEVICES
 *
 * Canonical units: time in nanoseconds, sizes in bytes.  What is unknown is
 * marked so and never 0: strings are NULL, enumerators *_UNKNOWN, numbers
 * have a bit in `has` or a documented value for it.
 */
#ifndef HVX_MODEL_DOMAIN_H
#define HVX_MODEL_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/record.h"
#include "model/status.h"
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

/* Longest hardware address, in octets. */
#define DOMAIN_MAC_SIZE 6

/* What holds a disk's data: VirtualMachineStorageSourceType of RFC 7666. */
enum disk_source {
    DISK_SOURCE_UNKNOWN,
    DISK_SOURCE_OTHER,
    DISK_SOURCE_BLOCK,   /* a block device of the host */
    DISK_SOURCE_RAW,     /* a file whose octets are the disk's */
    DISK_SOURCE_SPARSE,  /* a file of a format that grows: qcow2, vmdk ... */
    DISK_SOURCE_NETWORK, /* NBD, iSCSI, RBD ... */
};
#define DISK_SOURCE_COUNT (DISK_SOURCE_NETWORK + 1)

/* What the guest sees: IANAStorageMediaType. */
enum disk_media {
    DISK_MEDIA_UNKNOWN,
    DISK_MEDIA_OTHER,
    DISK_MEDIA_HARD_DISK,
    DISK_MEDIA_OPTICAL,
    DISK_MEDIA_FLOPPY,
};
#define DISK_MEDIA_COUNT (DISK_MEDIA_FLOPPY + 1)

/* A disk or drive of a domain's description. */
struct domain_disk {
    const char *target; /* identifies it within the domain: "vda"; never NULL */
    const char *format; /* of the file, or protocol: "qcow2"; NULL unknown */
    const char *source; /* file, device, volume; "": none; NULL unknown */
    const char *bus;    /* "virtio", "scsi"; NULL unknown */
    /*
     * Mount point, on the agent's host, of the file system that holds the
     * source; NULL where there is none, or it is unknown or remote.
     */
    const char *mount_point;
    enum disk_source source_type;
    enum disk_media media;
    enum domain_flag read_only;
};

/* A network interface of a domain's description. */
struct domain_interface {
    uint8_t mac[DOMAIN_MAC_SIZE]; /* identifies it within the domain */
    const char *model;            /* the card: "virtio"; NULL unknown */
};

/* A vcpu that is bound to some of the node's CPUs. */
struct domain_pin {
    uint32_t vcpu;        /* from 0 */
    uint32_t word_count;  /* bits behind the last word are 0 */
    const uint64_t *cpus; /* bit n % 64 of word n / 64: CPU n */
};

/* Most CPUs of a node that a pin can name. */
#define DOMAIN_CPUS_MAX 8192

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
    uint32_t cpu_weight; /* share of CPU time, on the hypervisor's scale; 0: unknown */
    bool cpu_cap_known;
    uint32_t cpu_cap; /* most CPU time, in percent of one CPU; 0: no cap */
    /* Whether it is known which vcpu may run where. */
    bool affinity_known;
    /* Those that are bound, ascending; the others may run everywhere. */
    size_t pin_count;
    const struct domain_pin *pins;
    /* In the order of the description, which is the guest's. */
    size_t disk_count;
    const struct domain_disk *disks;
    size_t interface_count;
    const struct domain_interface *interfaces;
};

/* One vcpu's counters. */
struct vcpu_statistics {
    bool online;          /* false: the domain has no such vcpu now */
    uint64_t cpu_time_ns; /* since the domain started */
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
    /* By number, from 0; none where the hypervisor does not tell. */
    size_t vcpu_count;
    const struct vcpu_statistics *vcpu;
};

/* Bits of disk_statistics.has. */
#define DISK_HAS_REQUESTS 0x1u /* read_requests, write_requests */
#define DISK_HAS_OCTETS 0x2u   /* read_bytes, write_bytes */
#define DISK_HAS_TIMES 0x4u    /* read_time_ns, write_time_ns */

/* Counters of a disk, since the domain started, and its sizes. */
struct disk_statistics {
    const char *target; /* as in domain_disk */
    unsigned has;
    uint64_t read_requests;
    uint64_t write_requests;
    uint64_t read_bytes;
    uint64_t write_bytes;
    uint64_t read_time_ns; /* sum over all requests */
    uint64_t write_time_ns;
    int64_t capacity_bytes;   /* what the guest sees; DOMAIN_NO_LIMIT: unknown */
    int64_t allocation_bytes; /* on the host; DOMAIN_NO_LIMIT: unknown */
};

/* Where an interface is on the agent's host. */
struct interface_statistics {
    uint8_t mac[DOMAIN_MAC_SIZE]; /* as in domain_interface */
    uint32_t if_index;            /* ifIndex of its end on the host; 0: none */
    uint32_t parent_if_index;     /* of the bridge or device it is attached to */
};

/* A record: disks and interfaces at work. */
struct domain_devices {
    struct record record;
    struct uuid uuid;
    size_t disk_count;
    const struct disk_statistics *disks; /* ascending by target, once each */
    size_t interface_count;
    const struct interface_statistics *interfaces; /* ascending by MAC, once each */
};

/* A record: why a domain could not be read. */
struct domain_failure {
    struct record record;
    struct uuid uuid;
    enum status status; /* STATUS_TIMEOUT: no answer yet; else: refused */
    const char *text;   /* for operators; never NULL */
};

/* Copies the words, cleaned (text.h).  NULL without memory. */
struct domain_failure *domain_failure_new(const struct uuid *uuid,
                                          const struct error *error);

/*
 * Copies as records of their own, with all that *from points to, strings
 * cleaned (text.h); the record headers of *from are not looked at.  Pins,
 * disks and interfaces of statistics may be in any order and are sorted;
 * of two alike one counts.  NULL without memory.
 */
struct domain *domain_new(const struct domain *from);
struct domain_config *domain_config_new(const struct domain_config *from);
struct domain_statistics *domain_statistics_new(const struct domain_statistics *from);
struct domain_devices *domain_devices_new(const struct domain_devices *from);

/* Whether the pin has that CPU. */
bool domain_pin_has(const struct domain_pin *pin, uint32_t cpu);

/* Whether the pin binds to a true subset of a node's CPUs, 0 to cpu_count - 1. */
bool domain_pin_is_binding(const struct domain_pin *pin, uint32_t cpu_count);

/* NULL where there are none of that disk, of that interface. */
const struct disk_statistics *domain_devices_disk(const struct domain_devices *devices,
                                                  const char *target);
const struct interface_statistics *
domain_devices_interface(const struct domain_devices *devices, const uint8_t *mac);

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
