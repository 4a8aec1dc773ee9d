/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include "backends/sim_records.h"

#include <stdlib.h>
#include <string.h>

#include "backends/sim_disk.h"
#include "backends/sim_life.h"
#include "model/clock.h"

/* When something began, as the host's clock has it, from the node's clock. */
static int64_t host_time_ns(const struct sim_moment *moment, int64_t node_time_ns)
{
    return moment->host_now_ns - (moment->node_now_ns - node_time_ns);
}

/* When the domain started, on the node's clock: never in the future. */
static int64_t start_ns(const struct sim_moment *moment,
                        const struct sim_domain *domain)
{
    int64_t start = sim_life_start_ns(&domain->uuid);

    return start < moment->node_now_ns ? start : moment->node_now_ns;
}

static bool is_off(const struct sim_domain *domain)
{
    return domain->state == DOMAIN_STATE_SHUTDOWN
           || domain->state == DOMAIN_STATE_SUSPENDED;
}

/* How long it has been at work; of one that is not, how long it was. */
static int64_t age_ns(const struct sim_moment *moment, const struct sim_domain *domain)
{
    return sim_domain_is_executing(domain)
               ? moment->node_now_ns - start_ns(moment, domain)
               : sim_life_stop_age_ns(&domain->uuid);
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

static bool add_domain(struct builder *builder, const struct sim_domain *from,
                       const struct sim_moment *moment)
{
    const struct domain domain = {
        .uuid = from->uuid,
        .name = from->name,
        .state = from->state,
        .autostart = from->is_autostart ? DOMAIN_FLAG_YES : DOMAIN_FLAG_NO,
        .persistent = from->is_persistent ? DOMAIN_FLAG_YES : DOMAIN_FLAG_NO,
        .started_ns =
            is_off(from) ? CLOCK_NEVER : host_time_ns(moment, start_ns(moment, from)),
    };

    return builder_add_domain(builder, domain_new(&domain));
}

static bool add_config(struct builder *builder, const struct sim_domain *from,
                       const struct sim_moment *moment)
{
    (void)moment;
    return builder_add_config(builder, record_ref(from->config));
}

/* An array, also for no elements; NULL without memory. */
static void *array_of(size_t count, size_t size)
{
    return calloc(count != 0 ? count : 1, size);
}

static bool add_statistics(struct builder *builder, const struct sim_domain *from,
                           const struct sim_moment *moment)
{
    struct domain_statistics statistics = { .uuid = from->uuid };
    int64_t age = age_ns(moment, from);
    uint32_t count = is_off(from) ? 0 : (uint32_t)from->config->vcpus;
    struct vcpu_statistics *vcpu = array_of(count, sizeof(*vcpu));
    bool wanted;

    if (vcpu == NULL) {
        return false;
    }
    if (!is_off(from)) {
        statistics.has = DOMAIN_HAS_CPU_TIME | DOMAIN_HAS_VCPUS;
        statistics.vcpus = count;
        statistics.cpu_time_ns =
            sim_life_cpu_time_ns(&from->uuid, age, count, from->load_percent);
        if (from->config->memory_bytes != DOMAIN_NO_LIMIT) {
            statistics.has |= DOMAIN_HAS_MEMORY;
            statistics.memory_bytes = (uint64_t)from->config->memory_bytes;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        vcpu[i].online = true;
        vcpu[i].cpu_time_ns =
            sim_life_vcpu_time_ns(&from->uuid, age, count, from->load_percent, i);
    }
    statistics.vcpu_count = count;
    statistics.vcpu = vcpu;
    wanted = builder_add_statistics(builder, domain_statistics_new(&statistics));
    free(vcpu);
    return wanted;
}

static void fill_disks(const struct sim_domain *from, const struct sim_moment *moment,
                       struct disk_statistics *disks)
{
    int64_t age = age_ns(moment, from);

    for (size_t i = 0; i < from->config->disk_count; i++) {
        const struct domain_disk *disk = &from->config->disks[i];

        disks[i].target = disk->target;
        if (!is_off(from)) {
            sim_disk_count(&from->uuid, disk, age, from->load_percent, &disks[i]);
        }
        sim_disk_measure(&from->uuid, disk, &from->disks[i], age, &disks[i]);
    }
}

static void fill_interfaces(const struct sim_domain *from,
                            const struct sim_moment *moment,
                            struct interface_statistics *interfaces)
{
    for (size_t i = 0; i < from->config->interface_count; i++) {
        const struct sim_interface *names = &from->interfaces[i];

        memcpy(interfaces[i].mac, from->config->interfaces[i].mac, DOMAIN_MAC_SIZE);
        if (!is_off(from)) { /* else its own end is not there */
            interfaces[i].if_index =
                host_interfaces_find(moment->interfaces, names->target);
        }
        interfaces[i].parent_if_index =
            host_interfaces_find(moment->interfaces, names->parent);
    }
}

static bool add_devices(struct builder *builder, const struct sim_domain *from,
                        const struct sim_moment *moment)
{
    size_t disk_count = from->config->disk_count;
    size_t interface_count = from->config->interface_count;
    struct disk_statistics *disks = array_of(disk_count, sizeof(*disks));
    struct interface_statistics *interfaces =
        array_of(interface_count, sizeof(*interfaces));
    bool wanted = false;

    if (disks != NULL && interfaces != NULL) {
        const struct domain_devices devices = {
            .uuid = from->uuid,
            .disk_count = disk_count,
            .disks = disks,
            .interface_count = interface_count,
            .interfaces = interfaces,
        };

        fill_disks(from, moment, disks);
        fill_interfaces(from, moment, interfaces);
        wanted = builder_add_devices(builder, domain_devices_new(&devices));
    }
    free(disks);
    free(interfaces);
    return wanted;
}

bool sim_records_add(struct builder *builder, const struct sim_domain *domain,
                     const struct sim_moment *moment)
{
    static bool (*const add[])(struct builder *, const struct sim_domain *,
                               const struct sim_moment *) = {
        [SECTION_DOMAINS] = add_domain,
        [SECTION_CONFIGS] = add_config,
        [SECTION_STATISTICS] = add_statistics,
        [SECTION_DEVICES] = add_devices,
    };

    return add[builder_section(builder)](builder, domain, moment);
}
