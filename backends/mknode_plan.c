/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mknode_plan.h"

#include <stdio.h>
#include <string.h>

static const struct mknode_role roles[] = {
    { "web", "Web server", "http://debian.org/debian/12", 4, 8, 35 },
    { "app", "Application server", "http://ubuntu.com/ubuntu/22.04", 8, 16, 45 },
    { "db", "Database", "http://redhat.com/rhel/9.2", 8, 32, 55 },
    { "cache", "Cache", "http://alpinelinux.org/alpinelinux/3.18", 2, 4, 15 },
    { "mail", "Mail and calendars", "http://freebsd.org/freebsd/13.2", 4, 16, 12 },
    { "ci", "Continuous integration", "http://fedoraproject.org/fedora/38", 16, 32,
      85 },
    { "desk", "Remote desktop", "http://microsoft.com/win/11", 4, 8, 20 },
    { "dc", "Directory", "http://microsoft.com/win/2k22", 2, 8, 8 },
    { "vpn", "Gateway", "http://openbsd.org/openbsd/7.3", 2, 2, 10 },
    { "mon", "Monitoring", "http://opensuse.org/opensuse/15.5", 2, 8, 30 },
};
#define ROLE_COUNT (sizeof(roles) / sizeof(roles[0]))

/* One for each number that is picked. */
enum use {
    USE_UUID_HIGH,
    USE_UUID_LOW,
    USE_STATE,
    USE_REST,
    USE_TRANSIENT,
    USE_AUTOSTART,
    USE_BALLOON,
    USE_HOTPLUG,
    USE_PIN,
    USE_FIRST_CPU,
    USE_DRIVE,
    USE_CD,
    USE_KIND,
    USE_CAPACITY,
    USE_ALLOCATION,
};

static uint64_t mix(uint64_t value)
{
    value += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

static uint64_t number(const struct mknode_options *options, uint64_t thing,
                       uint64_t use)
{
    return mix(mix(mix(options->seed) ^ thing) ^ use);
}

uint64_t mknode_plan_pick(const struct mknode_options *options, uint64_t thing,
                          uint64_t use, uint64_t count)
{
    return number(options, thing, use) % count;
}

/* Yes, in so many cases of 100. */
static bool is_lucky(const struct mknode_options *options, uint64_t thing, uint64_t use,
                     uint32_t percent)
{
    return mknode_plan_pick(options, thing, use, 100) < percent;
}

/* As random ones look: RFC 9562, version 4. */
static struct uuid uuid_of(const struct mknode_options *options, uint32_t at)
{
    uint64_t high = number(options, at, USE_UUID_HIGH);
    uint64_t low = number(options, at, USE_UUID_LOW);
    struct uuid uuid;

    for (unsigned i = 0; i < 8; i++) {
        uuid.bytes[i] = (uint8_t)(high >> (56 - 8 * i));
        uuid.bytes[8 + i] = (uint8_t)(low >> (56 - 8 * i));
    }
    uuid.bytes[6] = (uint8_t)((uuid.bytes[6] & 0x0f) | 0x40);
    uuid.bytes[8] = (uint8_t)((uuid.bytes[8] & 0x3f) | 0x80);
    return uuid;
}

/*
 * So many of 100 run, spread evenly: of any hundred in a row exactly those.
 * The others are shut off, and some of them paused, saved or crashed.
 */
static enum mknode_state state_of(const struct mknode_options *options, uint32_t at)
{
    static const enum mknode_state rest[] = {
        MKNODE_SHUT_OFF, MKNODE_SHUT_OFF, MKNODE_SHUT_OFF, MKNODE_SHUT_OFF,
        MKNODE_SHUT_OFF, MKNODE_SAVED,    MKNODE_PAUSED,   MKNODE_CRASHED,
    };
    uint64_t first = mknode_plan_pick(options, 0, USE_STATE, 100);

    /* 37 has no divisor in common with 100: each place comes once. */
    if ((first + (uint64_t)at * 37) % 100 < options->running_percent) {
        return MKNODE_RUNNING;
    }
    return rest[mknode_plan_pick(options, at, USE_REST,
                                 sizeof(rest) / sizeof(rest[0]))];
}

static void plan_vcpus(const struct mknode_options *options, uint32_t at,
                       struct mknode_domain *domain)
{
    uint32_t count = options->vcpus != 0 ? options->vcpus : domain->role->vcpus;

    domain->vcpus = count;
    domain->vcpus_max = count;
    if (options->vcpus == 0 && is_lucky(options, at, USE_HOTPLUG, 20)) {
        domain->vcpus_max = count * 2;
    }
    domain->is_pinned = count <= MKNODE_CPUS / 2 && is_lucky(options, at, USE_PIN, 15);
    if (domain->is_pinned) {
        domain->first_cpu = (uint32_t)mknode_plan_pick(
            options, at, USE_FIRST_CPU, MKNODE_CPUS - domain->vcpus_max + 1);
    }
}

struct mknode_domain mknode_plan_domain(const struct mknode_options *options,
                                        uint32_t at)
{
    struct mknode_domain domain = {
        .role = &roles[at % ROLE_COUNT],
        .uuid = uuid_of(options, at),
        .state = state_of(options, at),
        .has_balloon = is_lucky(options, at, USE_BALLOON, 25),
        .has_drive = is_lucky(options, at, USE_DRIVE, 30),
        .has_cd = is_lucky(options, at, USE_CD, 50),
    };

    snprintf(domain.name, sizeof(domain.name), "%s-%04u", domain.role->name,
             (unsigned)(at / ROLE_COUNT + 1));
    domain.is_transient =
        domain.state == MKNODE_RUNNING && is_lucky(options, at, USE_TRANSIENT, 3);
    domain.is_autostart =
        !domain.is_transient && is_lucky(options, at, USE_AUTOSTART, 60);
    plan_vcpus(options, at, &domain);
    return domain;
}

/* "vda" to "vdz", "vdaa" and on. */
static void name_target(char target[static MKNODE_TARGET_SIZE], uint32_t disk)
{
    char letters[4];
    size_t count = 0;

    for (uint32_t rest = disk + 1; rest != 0 && count < sizeof(letters);
         rest = (rest - 1) / 26) {
        letters[count++] = (char)('a' + (rest - 1) % 26);
    }
    memcpy(target, "vd", 2);
    for (size_t i = 0; i < count; i++) {
        target[2 + i] = letters[count - 1 - i];
    }
    target[2 + count] = '\0';
}

struct mknode_disk mknode_plan_disk(const struct mknode_options *options, uint32_t at,
                                    uint32_t disk)
{
    static const uint32_t sizes_gib[] = { 10, 20, 20, 40, 50, 64, 100, 200 };
    static const enum mknode_disk_kind kinds[] = {
        MKNODE_DISK_IMAGE,   MKNODE_DISK_LOGICAL, MKNODE_DISK_LOGICAL,
        MKNODE_DISK_CLUSTER, MKNODE_DISK_RAW,
    };
    uint64_t thing = ((uint64_t)(disk + 1) << 32) | at;
    struct mknode_disk plan = {
        /* The first is where the system is. */
        .kind = disk == 0 ? MKNODE_DISK_IMAGE
                          : kinds[mknode_plan_pick(options, thing, USE_KIND,
                                                   sizeof(kinds) / sizeof(kinds[0]))],
        .capacity_gib = sizes_gib[mknode_plan_pick(
            options, thing, USE_CAPACITY, sizeof(sizes_gib) / sizeof(sizes_gib[0]))],
    };

    name_target(plan.target, disk);
    plan.allocation_mib =
        512
        + (uint32_t)mknode_plan_pick(options, thing, USE_ALLOCATION,
                                     plan.capacity_gib * UINT64_C(1024) - 512);
    return plan;
}
