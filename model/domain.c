/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/domain.h"

#include <stdlib.h>
#include <string.h>

static struct domain *lay_out_domain(struct record_layout *layout,
                                     const struct domain *from)
{
    struct domain *domain = record_reserve(layout, sizeof(*domain));
    const char *name = record_string(layout, from->name != NULL ? from->name : "");

    if (domain != NULL) {
        domain->uuid = from->uuid;
        domain->name = name;
        domain->state = record_enumerator(from->state, DOMAIN_STATE_COUNT);
        domain->autostart = record_enumerator(from->autostart, DOMAIN_FLAG_COUNT);
        domain->persistent = record_enumerator(from->persistent, DOMAIN_FLAG_COUNT);
        domain->started_ns = from->started_ns;
    }
    return domain;
}

struct domain *domain_new(const struct domain *from)
{
    struct record_layout layout = { .block = NULL, .used = 0 };

    lay_out_domain(&layout, from);
    layout.block = record_new(layout.used);
    layout.used = 0;
    return layout.block == NULL ? NULL : lay_out_domain(&layout, from);
}

static struct domain_failure *lay_out_failure(struct record_layout *layout,
                                              const struct uuid *uuid,
                                              const struct error *error)
{
    struct domain_failure *failure = record_reserve(layout, sizeof(*failure));
    const char *text = record_string(layout, error->text);

    if (failure != NULL) {
        failure->uuid = *uuid;
        failure->status = error->status;
        failure->text = text;
    }
    return failure;
}

struct domain_failure *domain_failure_new(const struct uuid *uuid,
                                          const struct error *error)
{
    struct record_layout layout = { .block = NULL, .used = 0 };

    lay_out_failure(&layout, uuid, error);
    layout.block = record_new(layout.used);
    layout.used = 0;
    return layout.block == NULL ? NULL : lay_out_failure(&layout, uuid, error);
}

/* An array laid out in the block, to be filled; NULL while measuring. */
static void *reserve_array(struct record_layout *layout, size_t count, size_t size)
{
    size_t octets = count > SIZE_MAX / size ? SIZE_MAX : count * size;

    return count == 0 ? NULL : record_reserve(layout, octets);
}

/* Sorts; returns how many are left when each is there once. */
static size_t sort_unique(void *array, size_t count, size_t size,
                          int (*compare)(const void *, const void *))
{
    char *elements = array;
    size_t kept = 0;

    if (count == 0) {
        return 0;
    }
    qsort(array, count, size, compare);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0
            || compare(elements + (kept - 1) * size, elements + i * size) != 0) {
            memmove(elements + kept * size, elements + i * size, size);
            kept++;
        }
    }
    return kept;
}

static int compare_pins(const void *a, const void *b)
{
    const struct domain_pin *left = a;
    const struct domain_pin *right = b;

    return (left->vcpu > right->vcpu) - (left->vcpu < right->vcpu);
}

/* The CPUs of a pin; several pins that share them in *from share them here. */
static const uint64_t *lay_out_cpus(struct record_layout *layout,
                                    const struct domain_pin *pins, size_t at,
                                    const struct domain_pin *from)
{
    size_t count = from[at].word_count;
    uint64_t *cpus;

    if (at > 0 && from[at - 1].cpus == from[at].cpus
        && from[at - 1].word_count == count) {
        return pins != NULL ? pins[at - 1].cpus : NULL;
    }
    cpus = reserve_array(layout, count, sizeof(*cpus));
    if (cpus != NULL) {
        memcpy(cpus, from[at].cpus, count * sizeof(*cpus));
    }
    return cpus;
}

static void lay_out_pins(struct record_layout *layout, struct domain_config *config,
                         const struct domain_config *from)
{
    struct domain_pin *pins = reserve_array(layout, from->pin_count, sizeof(*pins));

    for (size_t i = 0; i < from->pin_count; i++) {
        const uint64_t *cpus = lay_out_cpus(layout, pins, i, from->pins);

        if (pins != NULL) {
            pins[i] = from->pins[i];
            pins[i].cpus = cpus;
        }
    }
    if (config != NULL) {
        config->pins = pins;
        config->pin_count =
            sort_unique(pins, from->pin_count, sizeof(*pins), compare_pins);
    }
}

static void lay_out_disks(struct record_layout *layout, struct domain_config *config,
                          const struct domain_config *from)
{
    struct domain_disk *disks = reserve_array(layout, from->disk_count, sizeof(*disks));

    for (size_t i = 0; i < from->disk_count; i++) {
        const struct domain_disk *disk = &from->disks[i];
        struct domain_disk copy = *disk;

        copy.target = record_string(layout, disk->target != NULL ? disk->target : "");
        copy.format = record_string(layout, disk->format);
        copy.source = record_string(layout, disk->source);
        copy.bus = record_string(layout, disk->bus);
        copy.mount_point = record_string(layout, disk->mount_point);
        copy.source_type = record_enumerator(disk->source_type, DISK_SOURCE_COUNT);
        copy.media = record_enumerator(disk->media, DISK_MEDIA_COUNT);
        copy.read_only = record_enumerator(disk->read_only, DOMAIN_FLAG_COUNT);
        if (disks != NULL) {
            disks[i] = copy;
        }
    }
    if (config != NULL) {
        config->disks = disks;
        config->disk_count = from->disk_count;
    }
}

static void lay_out_interfaces(struct record_layout *layout,
                               struct domain_config *config,
                               const struct domain_config *from)
{
    struct domain_interface *interfaces =
        reserve_array(layout, from->interface_count, sizeof(*interfaces));

    for (size_t i = 0; i < from->interface_count; i++) {
        const char *model = record_string(layout, from->interfaces[i].model);

        if (interfaces != NULL) {
            interfaces[i] = from->interfaces[i];
            interfaces[i].model = model;
        }
    }
    if (config != NULL) {
        config->interfaces = interfaces;
        config->interface_count = from->interface_count;
    }
}

static struct domain_config *lay_out_config(struct record_layout *layout,
                                            const struct domain_config *from)
{
    struct domain_config *config = record_reserve(layout, sizeof(*config));
    const char *os_type;

    lay_out_pins(layout, config, from);
    lay_out_disks(layout, config, from);
    lay_out_interfaces(layout, config, from);
    os_type = record_string(layout, from->os_type);
    if (config != NULL) {
        config->uuid = from->uuid;
        config->os_type = os_type;
        config->vcpus = from->vcpus;
        config->vcpus_min = from->vcpus_min;
        config->vcpus_max = from->vcpus_max;
        config->memory_min_bytes = from->memory_min_bytes;
        config->memory_max_bytes = from->memory_max_bytes;
        config->memory_bytes = from->memory_bytes;
        config->cpu_weight = from->cpu_weight;
        config->cpu_cap_known = from->cpu_cap_known;
        config->cpu_cap = from->cpu_cap;
        config->affinity_known = from->affinity_known;
    }
    return config;
}

struct domain_config *domain_config_new(const struct domain_config *from)
{
    struct record_layout layout = { .block = NULL, .used = 0 };

    lay_out_config(&layout, from);
    layout.block = record_new(layout.used);
    layout.used = 0;
    return layout.block == NULL ? NULL : lay_out_config(&layout, from);
}

static struct domain_statistics *
lay_out_statistics(struct record_layout *layout, const struct domain_statistics *from)
{
    struct domain_statistics *statistics = record_reserve(layout, sizeof(*statistics));
    struct vcpu_statistics *vcpu =
        reserve_array(layout, from->vcpu_count, sizeof(*vcpu));

    if (statistics != NULL) {
        statistics->uuid = from->uuid;
        statistics->has = from->has;
        statistics->cpu_time_ns = from->cpu_time_ns;
        statistics->memory_bytes = from->memory_bytes;
        statistics->vcpus = from->vcpus;
        statistics->vcpu_count = from->vcpu_count;
        statistics->vcpu = vcpu;
    }
    if (vcpu != NULL) {
        memcpy(vcpu, from->vcpu, from->vcpu_count * sizeof(*vcpu));
    }
    return statistics;
}

struct domain_statistics *domain_statistics_new(const struct domain_statistics *from)
{
    struct record_layout layout = { .block = NULL, .used = 0 };

    lay_out_statistics(&layout, from);
    layout.block = record_new(layout.used);
    layout.used = 0;
    return layout.block == NULL ? NULL : lay_out_statistics(&layout, from);
}

static int compare_disks(const void *a, const void *b)
{
    const struct disk_statistics *left = a;
    const struct disk_statistics *right = b;

    return strcmp(left->target, right->target);
}

static int compare_interfaces(const void *a, const void *b)
{
    const struct interface_statistics *left = a;
    const struct interface_statistics *right = b;

    return memcmp(left->mac, right->mac, sizeof(left->mac));
}

static struct domain_devices *lay_out_devices(struct record_layout *layout,
                                              const struct domain_devices *from)
{
    struct domain_devices *devices = record_reserve(layout, sizeof(*devices));
    struct disk_statistics *disks =
        reserve_array(layout, from->disk_count, sizeof(*disks));
    struct interface_statistics *interfaces =
        reserve_array(layout, from->interface_count, sizeof(*interfaces));

    for (size_t i = 0; i < from->disk_count; i++) {
        const char *target = from->disks[i].target;

        target = record_string(layout, target != NULL ? target : "");
        if (disks != NULL) {
            disks[i] = from->disks[i];
            disks[i].target = target;
        }
    }
    if (devices == NULL) {
        return NULL;
    }
    if (interfaces != NULL) {
        memcpy(interfaces, from->interfaces,
               from->interface_count * sizeof(*interfaces));
    }
    devices->uuid = from->uuid;
    devices->disks = disks;
    devices->disk_count =
        sort_unique(disks, from->disk_count, sizeof(*disks), compare_disks);
    devices->interfaces = interfaces;
    devices->interface_count = sort_unique(interfaces, from->interface_count,
                                           sizeof(*interfaces), compare_interfaces);
    return devices;
}

struct domain_devices *domain_devices_new(const struct domain_devices *from)
{
    struct record_layout layout = { .block = NULL, .used = 0 };

    lay_out_devices(&layout, from);
    layout.block = record_new(layout.used);
    layout.used = 0;
    return layout.block == NULL ? NULL : lay_out_devices(&layout, from);
}

const struct disk_statistics *domain_devices_disk(const struct domain_devices *devices,
                                                  const char *target)
{
    const struct disk_statistics wanted = { .target = target };

    return devices->disk_count == 0
               ? NULL
               : bsearch(&wanted, devices->disks, devices->disk_count, sizeof(wanted),
                         compare_disks);
}

const struct interface_statistics *
domain_devices_interface(const struct domain_devices *devices, const uint8_t *mac)
{
    struct interface_statistics wanted = { .if_index = 0 };

    memcpy(wanted.mac, mac, sizeof(wanted.mac));
    return devices->interface_count == 0
               ? NULL
               : bsearch(&wanted, devices->interfaces, devices->interface_count,
                         sizeof(wanted), compare_interfaces);
}

bool domain_pin_has(const struct domain_pin *pin, uint32_t cpu)
{
    return cpu / 64 < pin->word_count && (pin->cpus[cpu / 64] >> (cpu % 64) & 1) != 0;
}

bool domain_pin_is_binding(const struct domain_pin *pin, uint32_t cpu_count)
{
    uint32_t whole = cpu_count / 64;
    uint32_t rest = cpu_count % 64;

    for (uint32_t i = 0; i < whole; i++) {
        if (i >= pin->word_count || pin->cpus[i] != UINT64_MAX) {
            return true;
        }
    }
    return rest != 0
           && (whole >= pin->word_count
               || (~pin->cpus[whole] & ((UINT64_C(1) << rest) - 1)) != 0);
}

struct state_traits {
    const char *name;
    enum domain_admin_state admin;
    bool active;
};

/*
 * Nobody asks for a crash: a crashed domain was meant to run, and its memory
 * is there until somebody looks at it and shuts it down or reboots it, which
 * is no new start.  A suspended domain keeps its age for the same reason.
 */
static const struct state_traits states[] = {
    [DOMAIN_STATE_UNKNOWN] = { "unknown", DOMAIN_ADMIN_STATE_UNKNOWN, false },
    [DOMAIN_STATE_OTHER] = { "other", DOMAIN_ADMIN_STATE_UNKNOWN, true },
    [DOMAIN_STATE_PREPARING] = { "preparing", DOMAIN_ADMIN_STATE_RUNNING, true },
    [DOMAIN_STATE_RUNNING] = { "running", DOMAIN_ADMIN_STATE_RUNNING, true },
    [DOMAIN_STATE_SUSPENDING] = { "suspending", DOMAIN_ADMIN_STATE_SUSPENDED, true },
    [DOMAIN_STATE_SUSPENDED] = { "suspended", DOMAIN_ADMIN_STATE_SUSPENDED, true },
    [DOMAIN_STATE_RESUMING] = { "resuming", DOMAIN_ADMIN_STATE_RUNNING, true },
    [DOMAIN_STATE_PAUSED] = { "paused", DOMAIN_ADMIN_STATE_PAUSED, true },
    [DOMAIN_STATE_MIGRATING] = { "migrating", DOMAIN_ADMIN_STATE_RUNNING, true },
    [DOMAIN_STATE_SHUTTING_DOWN] = { "shutting down", DOMAIN_ADMIN_STATE_SHUTDOWN,
                                     true },
    [DOMAIN_STATE_SHUTDOWN] = { "shutdown", DOMAIN_ADMIN_STATE_SHUTDOWN, false },
    [DOMAIN_STATE_CRASHED] = { "crashed", DOMAIN_ADMIN_STATE_RUNNING, true },
};
_Static_assert(sizeof(states) / sizeof(states[0]) == DOMAIN_STATE_COUNT,
               "traits for each state");

static const struct state_traits *traits_of(enum domain_state state)
{
    return &states[record_enumerator(state, DOMAIN_STATE_COUNT)];
}

const char *domain_state_name(enum domain_state state)
{
    return traits_of(state)->name;
}

enum domain_admin_state domain_state_admin(enum domain_state state)
{
    return traits_of(state)->admin;
}

bool domain_state_is_active(enum domain_state state)
{
    return traits_of(state)->active;
}
