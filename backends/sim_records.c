/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "backends/sim_records.h"

#include <stdlib.h>
#include <string.h>

#include "backends/sim_disk.h"
#include "model/clock.h"

/* When something began, as the host's clock has it, from the node's clock. */
static int64_t host_time_ns(const struct sim_moment *moment, int64_t node_time_ns)
{
    return moment->host_now_ns - (moment->node_now_ns - node_time_ns);
}

/* A domain whose record is made. */
struct from {
    const struct sim_domain *domain;
    const struct sim_present *present;
    const struct sim_moment *moment;
};

/* When the domain started, as the host's clock has it: never in the future. */
static int64_t started_ns(const struct from *from)
{
    int64_t start_ns = from->present->started_ns;
    int64_t now_ns = from->moment->node_now_ns;

    return host_time_ns(from->moment, start_ns < now_ns ? start_ns : now_ns);
}

/* Has it a start: all but those that are off, or not on yet. */
static bool has_started(const struct from *from)
{
    return from->present->state == DOMAIN_STATE_RESUMING
           || sim_present_has_counters(from->present);
}

bool sim_records_add_node(struct builder *builder, const struct sim_node *node,
                          const struct sim_moment *moment)
{
    const struct node record = {
        .hypervisor = HYPERVISOR_SIM,
        .software = "hvagentx simulated node",
        .version = PACKAGE_VERSION,
        .started_ns = host_time_ns(moment, 0),
        .cpu_count = node->cpu_count,
        .is_local = true,
    };

    if (builder_section(builder) == SECTION_STORAGE) {
        return builder_add_storage(builder, record_ref(node->storage));
    }
    return builder_add_node(builder, node_new(&record));
}

static bool add_domain(struct builder *builder, const struct from *from)
{
    const struct sim_present *present = from->present;
    const struct domain domain = {
        .uuid = from->domain->uuid,
        .name = from->domain->name,
        .state = present->state,
        .autostart = present->is_autostart ? DOMAIN_FLAG_YES : DOMAIN_FLAG_NO,
        .persistent = from->domain->is_persistent ? DOMAIN_FLAG_YES : DOMAIN_FLAG_NO,
        .started_ns = has_started(from) ? started_ns(from) : CLOCK_NEVER,
    };

    return builder_add_domain(builder, domain_new(&domain));
}

static bool add_config(struct builder *builder, const struct from *from)
{
    return builder_add_config(builder, record_ref(from->present->config));
}

/* An array, also for no elements; NULL without memory. */
static void *array_of(size_t count, size_t size)
{
    return calloc(count != 0 ? count : 1, size);
}

static bool add_statistics(struct builder *builder, const struct from *from)
{
    const struct sim_present *present = from->present;
    int64_t now_ns = from->moment->node_now_ns;
    bool is_on = sim_present_has_counters(present);
    struct domain_statistics statistics = { .uuid = from->domain->uuid };
    uint32_t count = is_on ? (uint32_t)present->config->vcpus : 0;
    struct vcpu_statistics *vcpu = array_of(count, sizeof(*vcpu));
    bool wanted;

    if (vcpu == NULL) {
        return false;
    }
    if (is_on) {
        statistics.has = DOMAIN_HAS_CPU_TIME | DOMAIN_HAS_VCPUS;
        statistics.vcpus = count;
        statistics.cpu_time_ns = sim_present_cpu_time_ns(present, from->domain, now_ns);
        if (present->config->memory_bytes != DOMAIN_NO_LIMIT) {
            statistics.has |= DOMAIN_HAS_MEMORY;
            statistics.memory_bytes = (uint64_t)present->config->memory_bytes;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        vcpu[i].online = true;
        vcpu[i].cpu_time_ns =
            sim_present_vcpu_time_ns(present, from->domain, i, now_ns);
    }
    statistics.vcpu_count = count;
    statistics.vcpu = vcpu;
    wanted = builder_add_statistics(builder, domain_statistics_new(&statistics));
    free(vcpu);
    return wanted;
}

static void fill_disks(const struct from *from, struct disk_statistics *disks)
{
    const struct sim_domain *domain = from->domain;
    int64_t now_ns = from->moment->node_now_ns;

    for (size_t i = 0; i < domain->config->disk_count; i++) {
        const struct domain_disk *disk = &domain->config->disks[i];

        disks[i].target = disk->target;
        if (sim_present_has_counters(from->present)) {
            sim_disk_count(&domain->uuid, disk,
                           sim_present_age_ns(from->present, now_ns),
                           domain->load_percent, &disks[i]);
        }
        sim_disk_measure(&domain->uuid, disk, &domain->disks[i],
                         sim_present_disk_age_ns(from->present, now_ns), &disks[i]);
    }
}

static void fill_interfaces(const struct from *from,
                            struct interface_statistics *interfaces)
{
    const struct domain_config *config = from->domain->config;

    for (size_t i = 0; i < config->interface_count; i++) {
        const struct sim_interface *names = &from->domain->interfaces[i];

        memcpy(interfaces[i].mac, config->interfaces[i].mac, DOMAIN_MAC_SIZE);
        if (sim_present_has_counters(from->present)) { /* else it has no end there */
            interfaces[i].if_index =
                host_interfaces_find(from->moment->interfaces, names->target);
        }
        interfaces[i].parent_if_index =
            host_interfaces_find(from->moment->interfaces, names->parent);
    }
}

static bool add_devices(struct builder *builder, const struct from *from)
{
    size_t disk_count = from->domain->config->disk_count;
    size_t interface_count = from->domain->config->interface_count;
    struct disk_statistics *disks = array_of(disk_count, sizeof(*disks));
    struct interface_statistics *interfaces =
        array_of(interface_count, sizeof(*interfaces));
    bool wanted = false;

    if (disks != NULL && interfaces != NULL) {
        const struct domain_devices devices = {
            .uuid = from->domain->uuid,
            .disk_count = disk_count,
            .disks = disks,
            .interface_count = interface_count,
            .interfaces = interfaces,
        };

        fill_disks(from, disks);
        fill_interfaces(from, interfaces);
        wanted = builder_add_devices(builder, domain_devices_new(&devices));
    }
    free(disks);
    free(interfaces);
    return wanted;
}

bool sim_records_add(struct builder *builder, const struct sim_domain *domain,
                     const struct sim_present *present, const struct sim_moment *moment)
{
    static bool (*const add[])(struct builder *, const struct from *) = {
        [SECTION_DOMAINS] = add_domain,
        [SECTION_CONFIGS] = add_config,
        [SECTION_STATISTICS] = add_statistics,
        [SECTION_DEVICES] = add_devices,
    };
    const struct from from = {
        .domain = domain,
        .present = present,
        .moment = moment,
    };

    return add[builder_section(builder)](builder, &from);
}
