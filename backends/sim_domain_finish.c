/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_domain.h"

#include <stdlib.h>
#include <string.h>

#include "backends/sim_life.h"

/* An own copy in place of a string; false without memory. */
static bool replace(char **text, const char *by)
{
    char *copy = strdup(by);

    if (copy == NULL) {
        return false;
    }
    free(*text);
    *text = copy;
    return true;
}

static const struct sim_volume *find_volume(const struct domain_xml_disk *disk,
                                            const struct sim_volumes *volumes)
{
    switch (disk->type) {
    case DOMAIN_XML_STORAGE_VOLUME:
        return disk->pool == NULL
                   ? NULL
                   : sim_storage_find_name(volumes, disk->pool, disk->volume);
    case DOMAIN_XML_STORAGE_FILE:
    case DOMAIN_XML_STORAGE_BLOCK:
    case DOMAIN_XML_STORAGE_NETWORK:
        return disk->source == NULL ? NULL
                                    : sim_storage_find_path(volumes, disk->source);
    case DOMAIN_XML_STORAGE_DIR:
    case DOMAIN_XML_STORAGE_NVME:
    case DOMAIN_XML_STORAGE_VHOST_USER:
    case DOMAIN_XML_STORAGE_OTHER:
        break;
    }
    return NULL;
}

/* What the disk itself does not say, its volume does. */
static bool apply_volume(struct domain_xml_disk *disk, struct sim_disk *sizes,
                         const struct sim_volume *volume)
{
    bool is_file;

    if (sizes->capacity_bytes == DOMAIN_NO_LIMIT && volume->capacity_bytes != 0) {
        sizes->capacity_bytes = volume->capacity_bytes;
        sizes->allocation_bytes = volume->allocation_bytes;
    }
    if (disk->format == NULL && volume->format != NULL
        && !replace(&disk->format, volume->format)) {
        return false;
    }
    if (disk->type == DOMAIN_XML_STORAGE_VOLUME) {
        disk->source_type = volume->source_type;
        if (!replace(&disk->source, volume->path)) {
            return false;
        }
    }
    is_file =
        disk->source_type == DISK_SOURCE_RAW || disk->source_type == DISK_SOURCE_SPARSE;
    if (is_file) {
        disk->source_type = sim_storage_file_type(disk->format);
    }
    return true;
}

static bool finish_disk(struct domain_xml_disk *disk, struct sim_disk *sizes,
                        const struct sim_domain_place *place)
{
    const struct sim_volume *volume = find_volume(disk, place->volumes);
    const char *mount_point;

    if (volume != NULL && !apply_volume(disk, sizes, volume)) {
        return false;
    }
    mount_point = host_mount_point(place->mounts, disk->source);
    return mount_point == NULL || replace(&disk->mount_point, mount_point);
}

static bool has_mac(const struct domain_xml *xml, const uint8_t *mac)
{
    for (size_t i = 0; i < xml->interface_count; i++) {
        if (xml->interfaces[i].has_mac
            && memcmp(xml->interfaces[i].mac, mac, DOMAIN_MAC_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

/* libvirt makes one up where there is none; here it is always the same. */
static void give_macs(struct domain_xml *xml, const struct uuid *uuid)
{
    for (size_t i = 0; i < xml->interface_count; i++) {
        struct domain_xml_interface *interface = &xml->interfaces[i];
        uint32_t at = (uint32_t)i;

        if (interface->has_mac) {
            continue;
        }
        do {
            sim_life_mac(uuid, at, interface->mac);
            at += DOMAIN_XML_INTERFACES_MAX;
        } while (has_mac(xml, interface->mac));
        interface->has_mac = true;
    }
}

/* A name that is too long for an interface is none. */
static void set_name(char *to, const char *name)
{
    if (name != NULL && strlen(name) < SIM_DOMAIN_INTERFACE_SIZE) {
        memcpy(to, name, strlen(name) + 1);
    }
}

/* In the order of the record, which has each MAC once. */
static void finish_interfaces(struct sim_domain *domain,
                              const struct sim_networks *networks)
{
    const struct domain_xml *xml = domain->xml;

    for (size_t i = 0, at = 0; i < domain->config->interface_count; i++, at++) {
        const struct domain_xml_interface *from;
        const char *parent;

        while (memcmp(xml->interfaces[at].mac, domain->config->interfaces[i].mac,
                      DOMAIN_MAC_SIZE)
               != 0) {
            at++;
        }
        from = &xml->interfaces[at];
        parent = from->parent;
        if (parent == NULL && from->network != NULL) {
            parent = sim_network_bridge(networks, from->network);
        }
        set_name(domain->interfaces[i].target, from->target);
        set_name(domain->interfaces[i].parent, parent);
    }
}

enum status sim_domain_finish(struct sim_domain *domain,
                              const struct sim_domain_place *place, struct error *error)
{
    struct domain_xml *xml = domain->xml;
    bool has_memory = true;

    for (size_t i = 0; i < xml->disk_count && has_memory; i++) {
        has_memory = finish_disk(&xml->disks[i], &domain->disks[i], place);
    }
    give_macs(xml, &domain->uuid);
    domain->config = has_memory ? domain_xml_config(xml, &domain->uuid) : NULL;
    if (domain->config == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "%s: out of memory", domain->source);
    }
    finish_interfaces(domain, place->networks);
    domain_xml_free(xml);
    domain->xml = NULL;
    return STATUS_OK;
}
