/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mknode_plan.h - what is on a node that hvagentx-mknode makes up.
 *
 * Included by backends/mknode*.c only.  Pure functions of the options and of
 * numbers: the same options give the same node, and each part can be asked for
 * on its own, in any order.
 */
#ifndef HVX_TOOLS_MKNODE_PLAN_H
#define HVX_TOOLS_MKNODE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "model/uuid.h"

#define MKNODE_DOMAINS_MAX 100000
#define MKNODE_VCPUS_MAX 4096
#define MKNODE_DISKS_MAX 1000
#define MKNODE_INTERFACES_MAX 1000

/* CPUs of the node: 2 sockets of 16 cores of 2 threads. */
#define MKNODE_CPUS 64

#define MKNODE_NAME_SIZE 32
#define MKNODE_TARGET_SIZE 8

struct mknode_options {
    uint32_t domains;
    uint32_t vcpus;      /* of each domain; 0: as its role has them */
    uint32_t disks;      /* of each domain, beside a CD drive */
    uint32_t interfaces; /* of each domain */
    uint64_t seed;
    uint32_t running_percent;
};

/* What domains of one kind have in common. */
struct mknode_role {
    const char *name;
    const char *title;
    const char *os; /* id of libosinfo */
    uint32_t vcpus;
    uint32_t memory_gib;
    unsigned load_percent;
};

enum mknode_state {
    MKNODE_RUNNING,
    MKNODE_PAUSED,
    MKNODE_SHUT_OFF,
    MKNODE_SAVED,
    MKNODE_CRASHED,
};

struct mknode_domain {
    const struct mknode_role *role;
    char name[MKNODE_NAME_SIZE]; /* "web-0001" */
    struct uuid uuid;
    enum mknode_state state;
    bool is_transient;
    bool is_autostart;
    bool has_balloon; /* has less memory than it may have */
    uint32_t vcpus_max;
    uint32_t vcpus;
    bool is_pinned;     /* all its vcpus, from first_cpu on */
    uint32_t first_cpu; /* of the node's */
    bool has_drive;     /* for CDs */
    bool has_cd;        /* in it */
};

enum mknode_disk_kind {
    MKNODE_DISK_IMAGE,   /* qcow2, of the pool "images" */
    MKNODE_DISK_LOGICAL, /* block device, of the pool "vg0" */
    MKNODE_DISK_RAW,     /* raw image, by its path */
    MKNODE_DISK_CLUSTER, /* of an RBD cluster */
};

struct mknode_disk {
    enum mknode_disk_kind kind;
    char target[MKNODE_TARGET_SIZE];
    uint32_t capacity_gib;
    uint32_t allocation_mib; /* of an image */
};

/* Domain number `at`, from 0. */
struct mknode_domain mknode_plan_domain(const struct mknode_options *options,
                                        uint32_t at);

/* Disk number `disk` of it, from 0. */
struct mknode_disk mknode_plan_disk(const struct mknode_options *options, uint32_t at,
                                    uint32_t disk);

/* A number from 0 to count - 1, another one for each use and thing. */
uint64_t mknode_plan_pick(const struct mknode_options *options, uint64_t thing,
                          uint64_t use, uint64_t count);

#endif
