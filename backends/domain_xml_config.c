/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/domain_xml.h"

#include <stdlib.h>
#include <string.h>

/* Arrays that the record is copied from. */
struct parts {
    struct domain_pin *pins;
    struct domain_disk *disks;
    struct domain_interface *interfaces;
    size_t interface_count;
};

static void free_parts(struct parts *parts)
{
    free(parts->pins);
    free(parts->disks);
    free(parts->interfaces);
}

static const char *format_of(const struct domain_xml_disk *disk)
{
    bool is_known_kind =
        disk->source_type == DISK_SOURCE_BLOCK || disk->source_type == DISK_SOURCE_RAW;

    return disk->format == NULL && is_known_kind ? "raw" : disk->format;
}

static struct domain_disk disk_of(const struct domain_xml_disk *disk)
{
    return (struct domain_disk) {
        .target = disk->target,
        .format = format_of(disk),
        .source = disk->source,
        .bus = disk->bus,
        .mount_point = disk->mount_point,
        .source_type = disk->source_type,
        .media = disk->media,
        .read_only = disk->read_only ? DOMAIN_FLAG_YES : DOMAIN_FLAG_NO,
    };
}

static bool has_mac(const struct parts *parts, const uint8_t *mac)
{
    for (size_t i = 0; i < parts->interface_count; i++) {
        if (memcmp(parts->interfaces[i].mac, mac, DOMAIN_MAC_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static void add_interface(struct parts *parts, const struct domain_xml_interface *from)
{
    struct domain_interface *interface = &parts->interfaces[parts->interface_count];

    if (from->has_mac && !has_mac(parts, from->mac)) {
        memcpy(interface->mac, from->mac, DOMAIN_MAC_SIZE);
        interface->model = from->model;
        parts->interface_count++;
    }
}

/* An array, never NULL for want of elements. */
static void *array_of(size_t count, size_t size)
{
    return calloc(count != 0 ? count : 1, size);
}

static bool fill_parts(struct parts *parts, const struct domain_xml *domain)
{
    parts->pins = array_of(domain->pin_count, sizeof(*parts->pins));
    parts->disks = array_of(domain->disk_count, sizeof(*parts->disks));
    parts->interfaces = array_of(domain->interface_count, sizeof(*parts->interfaces));
    if (parts->pins == NULL || parts->disks == NULL || parts->interfaces == NULL) {
        return false;
    }
    for (size_t i = 0; i < domain->pin_count; i++) {
        parts->pins[i] = (struct domain_pin) {
            .vcpu = domain->pins[i].vcpu,
            .word_count = domain->pins[i].word_count,
            .cpus = domain->pins[i].cpus,
        };
    }
    for (size_t i = 0; i < domain->disk_count; i++) {
        parts->disks[i] = disk_of(&domain->disks[i]);
    }
    for (size_t i = 0; i < domain->interface_count; i++) {
        add_interface(parts, &domain->interfaces[i]);
    }
    return true;
}

struct domain_config *domain_xml_config(const struct domain_xml *domain,
                                        const struct uuid *uuid)
{
    struct domain_config *config = NULL;
    struct parts parts = { .interface_count = 0 };

    if (fill_parts(&parts, domain)) {
        const struct domain_config from = {
            .uuid = *uuid,
            .os_type = domain->os_type,
            .vcpus = domain->vcpus,
            .vcpus_min = DOMAIN_NO_LIMIT,
            .vcpus_max = domain->vcpus_max,
            .memory_min_bytes = DOMAIN_NO_LIMIT,
            .memory_max_bytes = domain->memory_max_bytes,
            .memory_bytes = domain->memory_bytes,
            .cpu_weight = domain->cpu_weight,
            .cpu_cap_known = true,
            .cpu_cap = domain->cpu_cap,
            .affinity_known = domain->affinity_known,
            .pin_count = domain->pin_count,
            .pins = parts.pins,
            .disk_count = domain->disk_count,
            .disks = parts.disks,
            .interface_count = parts.interface_count,
            .interfaces = parts.interfaces,
        };

        config = domain_config_new(&from);
    }
    free_parts(&parts);
    return config;
}
