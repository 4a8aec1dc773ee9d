/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/snapshot_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNIT_MAX (1u << 30)
#define UNIT_HEADROOM 16

/* "52:54:00:12:34:56" and its NUL. */
#define MAC_TEXT_SIZE (DOMAIN_MAC_SIZE * 3)

uint32_t snapshot_unit(uint64_t bytes)
{
    uint32_t unit = SNAPSHOT_UNIT_MIN;

    while (unit < UNIT_MAX && bytes / unit > INT32_MAX / UNIT_HEADROOM) {
        unit *= 2;
    }
    return unit;
}

static const char *format_mac(const uint8_t *mac, char text[MAC_TEXT_SIZE])
{
    snprintf(text, MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
             mac[2], mac[3], mac[4], mac[5]);
    return text;
}

static int compare_disks(const void *a, const void *b)
{
    const struct snapshot_disk *left = a;
    const struct snapshot_disk *right = b;

    return (left->index > right->index) - (left->index < right->index);
}

static int compare_interfaces(const void *a, const void *b)
{
    const struct snapshot_interface *left = a;
    const struct snapshot_interface *right = b;

    return (left->index > right->index) - (left->index < right->index);
}

struct snapshot_parts *snapshot_parts_pack(struct snapshot_disk *disks,
                                           size_t disk_count,
                                           struct snapshot_interface *interfaces,
                                           size_t interface_count)
{
    struct record_layout layout = { .block = NULL, .used = 0 };
    struct snapshot_parts *parts = NULL;

    qsort(disks, disk_count, sizeof(*disks), compare_disks);
    qsort(interfaces, interface_count, sizeof(*interfaces), compare_interfaces);
    for (int pass = 0; pass < 2; pass++) {
        struct snapshot_disk *to_disks;
        struct snapshot_interface *to_interfaces;

        parts = record_reserve(&layout, sizeof(*parts));
        to_disks = record_reserve(&layout, disk_count * sizeof(*disks));
        to_interfaces = record_reserve(&layout, interface_count * sizeof(*interfaces));
        if (pass == 0) {
            layout.block = record_new(layout.used);
            layout.used = 0;
        } else if (parts != NULL) {
            memcpy(to_disks, disks, disk_count * sizeof(*disks));
            memcpy(to_interfaces, interfaces, interface_count * sizeof(*interfaces));
            parts->disk_count = disk_count;
            parts->disks = to_disks;
            parts->interface_count = interface_count;
            parts->interfaces = to_interfaces;
        }
    }
    return parts;
}

/* The row of that index in an older list; NULL: it had none. */
static const struct snapshot_disk *find_disk(const struct snapshot_parts *parts,
                                             uint32_t index)
{
    const struct snapshot_disk wanted = { .index = index };

    return parts == NULL || parts->disk_count == 0
               ? NULL
               : bsearch(&wanted, parts->disks, parts->disk_count, sizeof(wanted),
                         compare_disks);
}

void snapshot_disk_choose_unit(struct snapshot_disk *disk,
                               const struct snapshot_parts *old, int64_t capacity_bytes,
                               int64_t allocation_bytes)
{
    const struct snapshot_disk *before = find_disk(old, disk->index);
    int64_t bytes =
        capacity_bytes > allocation_bytes ? capacity_bytes : allocation_bytes;

    if (before != NULL && before->size_unit_fixed) {
        disk->size_unit = before->size_unit;
        disk->size_unit_fixed = true;
    } else {
        disk->size_unit = snapshot_unit(bytes > 0 ? (uint64_t)bytes : 0);
        disk->size_unit_fixed = bytes > 0;
    }
}

/* How many got an index; the others are left out. */
static size_t number_disks(const struct snapshot_domain *row, const uint32_t *indices,
                           struct snapshot_disk *disks)
{
    size_t count = 0;

    for (size_t i = 0; i < row->config->disk_count; i++) {
        const struct disk_statistics *statistics = NULL;
        struct snapshot_disk *disk = &disks[count];

        if (indices[i] == 0) {
            continue;
        }
        if (row->devices != NULL) {
            statistics =
                domain_devices_disk(row->devices, row->config->disks[i].target);
        }
        disk->index = indices[i];
        disk->position = (uint32_t)i;
        snapshot_disk_choose_unit(
            disk, row->parts,
            statistics != NULL ? statistics->capacity_bytes : DOMAIN_NO_LIMIT,
            statistics != NULL ? statistics->allocation_bytes : DOMAIN_NO_LIMIT);
        count++;
    }
    return count;
}

static size_t number_interfaces(const uint32_t *indices, size_t count,
                                struct snapshot_interface *interfaces)
{
    size_t numbered = 0;

    for (size_t i = 0; i < count; i++) {
        if (indices[i] != 0) {
            interfaces[numbered].index = indices[i];
            interfaces[numbered].position = (uint32_t)i;
            numbered++;
        }
    }
    return numbered;
}

static enum status assign_disks(const struct domain_config *config, const char *key,
                                struct index_store *store, int64_t now_ns,
                                const char **names, uint32_t *indices)
{
    for (size_t i = 0; i < config->disk_count; i++) {
        names[i] = config->disks[i].target;
    }
    return index_store_assign_parts(store, key, INDEX_DISK, names, config->disk_count,
                                    now_ns, indices);
}

static enum status assign_interfaces(const struct domain_config *config,
                                     const char *key, struct index_store *store,
                                     int64_t now_ns, const char **names,
                                     char (*macs)[MAC_TEXT_SIZE], uint32_t *indices)
{
    for (size_t i = 0; i < config->interface_count; i++) {
        names[i] = format_mac(config->interfaces[i].mac, macs[i]);
    }
    return index_store_assign_parts(store, key, INDEX_INTERFACE, names,
                                    config->interface_count, now_ns, indices);
}

struct snapshot_parts *snapshot_parts_new(const struct snapshot_domain *row,
                                          struct index_store *indices, int64_t now_ns,
                                          struct error *error)
{
    const struct domain_config *config = row->config;
    size_t disk_count = config->disk_count;
    size_t count = disk_count + config->interface_count;
    const char **names = calloc(count + 1, sizeof(*names));
    uint32_t *numbers = calloc(count + 1, sizeof(*numbers));
    char(*macs)[MAC_TEXT_SIZE] = calloc(config->interface_count + 1, sizeof(*macs));
    struct snapshot_disk *disks = calloc(disk_count + 1, sizeof(*disks));
    struct snapshot_interface *interfaces =
        calloc(config->interface_count + 1, sizeof(*interfaces));
    struct snapshot_parts *parts = NULL;
    char key[UUID_TEXT_SIZE];
    enum status status;

    uuid_format(&row->domain->uuid, key);
    if (names != NULL && numbers != NULL && macs != NULL && disks != NULL
        && interfaces != NULL) {
        status = assign_disks(config, key, indices, now_ns, names, numbers);
        if (status == STATUS_OK) {
            status = assign_interfaces(config, key, indices, now_ns, names, macs,
                                       numbers + disk_count);
        }
        if (status != STATUS_OK) {
            error_set(error, status,
                      "devices of domain %s are left out: no index can be given (%s)",
                      key, status_name(status));
        }
        disk_count = number_disks(row, numbers, disks);
        count = number_interfaces(numbers + config->disk_count, config->interface_count,
                                  interfaces);
        parts = snapshot_parts_pack(disks, disk_count, interfaces, count);
    }
    free(names);
    free(numbers);
    free(macs);
    free(disks);
    free(interfaces);
    return parts;
}

bool snapshot_parts_want_units(const struct snapshot_domain *row)
{
    for (size_t i = 0; row->parts != NULL && i < row->parts->disk_count; i++) {
        const struct snapshot_disk *disk = &row->parts->disks[i];
        const struct disk_statistics *statistics;

        if (disk->size_unit_fixed) {
            continue;
        }
        statistics = domain_devices_disk(row->devices,
                                         row->config->disks[disk->position].target);
        if (statistics != NULL
            && (statistics->capacity_bytes > 0 || statistics->allocation_bytes > 0)) {
            return true;
        }
    }
    return false;
}

/* Those that the description or the counters know of. */
static size_t count_vcpus(const struct snapshot_domain *row)
{
    size_t count = 0;

    if (row->config != NULL && row->config->vcpus > 0) {
        count = (size_t)row->config->vcpus;
    }
    if (row->statistics != NULL && row->statistics->vcpu_count > count) {
        count = row->statistics->vcpu_count;
    }
    return count;
}

/* A description may also bind vcpus that the domain does not have now. */
static size_t count_pins(const struct snapshot_domain *row, uint32_t cpu_count)
{
    size_t vcpu_count = count_vcpus(row);
    size_t count = 0;

    for (size_t i = 0; row->config != NULL && i < row->config->pin_count; i++) {
        const struct domain_pin *pin = &row->config->pins[i];

        if (pin->vcpu < vcpu_count && domain_pin_is_binding(pin, cpu_count)) {
            count++;
        }
    }
    return count;
}

void snapshot_count_parts(struct snapshot *snapshot)
{
    uint32_t cpu_count = snapshot->node == NULL ? 0 : snapshot->node->cpu_count;
    size_t *sums = snapshot->part_count;

    memset(sums, 0, sizeof(snapshot->part_count));
    for (size_t i = 0; i < snapshot->domain_count; i++) {
        struct snapshot_domain *row = &snapshot->domains[i];

        memcpy(row->first, sums, sizeof(row->first));
        sums[SNAPSHOT_VCPUS] += count_vcpus(row);
        sums[SNAPSHOT_PINS] += count_pins(row, cpu_count);
        if (row->parts != NULL) {
            sums[SNAPSHOT_DISKS] += row->parts->disk_count;
            sums[SNAPSHOT_INTERFACES] += row->parts->interface_count;
        }
    }
}
