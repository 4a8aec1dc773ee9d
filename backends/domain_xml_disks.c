/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/domain_xml_reading.h"

#include <stdlib.h>
#include <string.h>

#include "backends/xml_node.h"
#include "model/text.h"

/* What libvirt calls each type, and what of it makes the source. */
static const char *const types[] = {
    [DOMAIN_XML_STORAGE_FILE] = "file",
    [DOMAIN_XML_STORAGE_BLOCK] = "block",
    [DOMAIN_XML_STORAGE_DIR] = "dir",
    [DOMAIN_XML_STORAGE_NETWORK] = "network",
    [DOMAIN_XML_STORAGE_VOLUME] = "volume",
    [DOMAIN_XML_STORAGE_NVME] = "nvme",
    [DOMAIN_XML_STORAGE_VHOST_USER] = "vhostuser",
};
_Static_assert(sizeof(types) / sizeof(types[0]) == DOMAIN_XML_STORAGE_OTHER,
               "a word for each type but other");

static const char *const source_attributes[] = {
    [DOMAIN_XML_STORAGE_FILE] = "file",       [DOMAIN_XML_STORAGE_BLOCK] = "dev",
    [DOMAIN_XML_STORAGE_DIR] = "dir",         [DOMAIN_XML_STORAGE_NETWORK] = "name",
    [DOMAIN_XML_STORAGE_VOLUME] = "volume",   [DOMAIN_XML_STORAGE_NVME] = NULL,
    [DOMAIN_XML_STORAGE_VHOST_USER] = "path", [DOMAIN_XML_STORAGE_OTHER] = NULL,
};
_Static_assert(sizeof(source_attributes) / sizeof(source_attributes[0])
                   == DOMAIN_XML_STORAGE_COUNT,
               "an attribute for each type");

static enum domain_xml_storage read_type(const xmlNode *element)
{
    return (enum domain_xml_storage)domain_xml_read_word(
        element, "type", types, DOMAIN_XML_STORAGE_OTHER, "file");
}

static enum disk_media read_media(const xmlNode *element)
{
    static const char *const devices[] = { "disk", "lun", "cdrom", "floppy" };
    static const enum disk_media media[] = { DISK_MEDIA_HARD_DISK, DISK_MEDIA_HARD_DISK,
                                             DISK_MEDIA_OPTICAL, DISK_MEDIA_FLOPPY,
                                             DISK_MEDIA_OTHER };

    return media[domain_xml_read_word(element, "device", devices, 4, "disk")];
}

/* The bus that libvirt reads in a target's name; NULL for a name of no pattern. */
static const char *bus_of_target(const char *target)
{
    static const struct {
        const char *prefix;
        const char *bus;
    } buses[] = {
        { "xvd", "xen" }, { "ubd", "uml" },   { "hd", "ide" },
        { "sd", "scsi" }, { "vd", "virtio" }, { "fd", "fdc" },
    };

    for (size_t i = 0; i < sizeof(buses) / sizeof(buses[0]); i++) {
        if (strncmp(target, buses[i].prefix, strlen(buses[i].prefix)) == 0) {
            return buses[i].bus;
        }
    }
    return NULL;
}

/* It names a row: what is cut or cleaned could be two of one name. */
static bool is_fit(const char *target)
{
    char clean[DOMAIN_XML_TARGET_MAX + 1];

    text_clean(clean, sizeof(clean), target);
    return strcmp(clean, target) == 0;
}

static enum status read_target(const struct domain_xml_reading *reading,
                               const xmlNode *element, struct domain_xml_disk *disk)
{
    const xmlNode *target = xml_node_child(element, NULL, "target");
    enum status status =
        domain_xml_read_attribute(reading, target, "dev", &disk->target);
    const char *bus;

    if (status != STATUS_OK) {
        return status;
    }
    if (disk->target == NULL) {
        return xml_node_error(reading->source, element, reading->error,
                              "this <disk> has no <target dev=>");
    }
    if (!is_fit(disk->target)) {
        return xml_node_error(reading->source, target, reading->error,
                              "<target dev=\"%.64s\"> is longer than %d octets, or has "
                              "control characters",
                              disk->target, DOMAIN_XML_TARGET_MAX);
    }
    for (const struct domain_xml_disk *at = reading->domain->disks; at < disk; at++) {
        if (strcmp(at->target, disk->target) == 0) {
            return xml_node_error(reading->source, target, reading->error,
                                  "a second <disk> with <target dev=\"%s\">",
                                  disk->target);
        }
    }
    status = domain_xml_read_attribute(reading, target, "bus", &disk->bus);
    bus = bus_of_target(disk->target);
    if (status == STATUS_OK && disk->bus == NULL && bus != NULL) {
        disk->bus = strdup(bus);
        status = disk->bus != NULL ? STATUS_OK : domain_xml_no_memory(reading);
    }
    return status;
}

static enum status read_volume(const struct domain_xml_reading *reading,
                               const xmlNode *element, const xmlNode *source,
                               struct domain_xml_disk *disk)
{
    enum status status =
        domain_xml_read_attribute(reading, source, "pool", &disk->pool);

    if (status == STATUS_OK) {
        status = domain_xml_read_attribute(reading, source, "volume", &disk->volume);
    }
    if (status == STATUS_OK && (disk->pool == NULL) != (disk->volume == NULL)) {
        return xml_node_error(reading->source, element, reading->error,
                              "a disk's source has both of pool= and volume=, or none");
    }
    return status;
}

/* The source of a disk or of what it is laid over; *ret_name stays NULL without. */
static enum status read_source_name(const struct domain_xml_reading *reading,
                                    const xmlNode *source, enum domain_xml_storage type,
                                    char **ret_name)
{
    const char *attribute = source_attributes[type];

    *ret_name = NULL;
    return attribute == NULL
               ? STATUS_OK
               : domain_xml_read_attribute(reading, source, attribute, ret_name);
}

static enum status read_source(const struct domain_xml_reading *reading,
                               const xmlNode *element, struct domain_xml_disk *disk)
{
    const xmlNode *source = xml_node_child(element, NULL, "source");
    const xmlNode *driver = xml_node_child(element, NULL, "driver");
    bool is_network = disk->type == DOMAIN_XML_STORAGE_NETWORK;
    enum status status;

    status = domain_xml_read_attribute(reading, is_network ? source : driver,
                                       is_network ? "protocol" : "type", &disk->format);
    if (status == STATUS_OK && disk->type == DOMAIN_XML_STORAGE_VOLUME) {
        status = read_volume(reading, element, source, disk);
    }
    if (status == STATUS_OK) {
        status = read_source_name(reading, source, disk->type, &disk->source);
    }
    if (status != STATUS_OK || disk->source != NULL) {
        return status;
    }
    if (source == NULL || source_attributes[disk->type] != NULL) {
        disk->source = strdup(""); /* a drive without a medium */
        return disk->source != NULL ? STATUS_OK : domain_xml_no_memory(reading);
    }
    return STATUS_OK;
}

static enum status read_backing(const struct domain_xml_reading *reading,
                                const xmlNode *element, struct domain_xml_disk *disk)
{
    const xmlNode *backing = xml_node_child(element, NULL, "backingStore");
    const xmlNode *source;

    if (backing == NULL) {
        return STATUS_OK;
    }
    source = xml_node_child(backing, NULL, "source");
    return read_source_name(reading, source, read_type(backing), &disk->backing_source);
}

/* What RFC 7666 calls it, as far as the disk alone tells. */
static enum disk_source source_type(const struct domain_xml_disk *disk)
{
    switch (disk->type) {
    case DOMAIN_XML_STORAGE_FILE:
        return disk->format == NULL || strcmp(disk->format, "raw") == 0
                   ? DISK_SOURCE_RAW
                   : DISK_SOURCE_SPARSE;
    case DOMAIN_XML_STORAGE_BLOCK:
        return DISK_SOURCE_BLOCK;
    case DOMAIN_XML_STORAGE_NETWORK:
        return DISK_SOURCE_NETWORK;
    case DOMAIN_XML_STORAGE_DIR:
    case DOMAIN_XML_STORAGE_VOLUME:
    case DOMAIN_XML_STORAGE_NVME:
    case DOMAIN_XML_STORAGE_VHOST_USER:
    case DOMAIN_XML_STORAGE_OTHER:
        break;
    }
    return DISK_SOURCE_OTHER;
}

static enum status read_disk(const struct domain_xml_reading *reading,
                             const xmlNode *element, struct domain_xml_disk *disk)
{
    enum status status = read_target(reading, element, disk);

    disk->type = read_type(element);
    disk->media = read_media(element);
    disk->read_only = disk->media == DISK_MEDIA_OPTICAL
                      || xml_node_child(element, NULL, "readonly") != NULL;
    if (status == STATUS_OK) {
        status = read_source(reading, element, disk);
    }
    if (status == STATUS_OK) {
        status = read_backing(reading, element, disk);
    }
    disk->source_type = source_type(disk);
    return status;
}

enum status domain_xml_read_disks(const struct domain_xml_reading *reading)
{
    struct domain_xml *domain = reading->domain;
    const xmlNode *devices = xml_node_child(reading->node, NULL, "devices");
    const xmlNode *first =
        devices != NULL ? xml_node_child(devices, NULL, "disk") : NULL;
    enum status status = STATUS_OK;
    size_t count = 0;

    for (const xmlNode *at = first; at != NULL;
         at = xml_node_sibling(at, NULL, "disk")) {
        if (++count > DOMAIN_XML_DISKS_MAX) {
            return xml_node_error(reading->source, at, reading->error,
                                  "more than %d disks in one <domain>",
                                  DOMAIN_XML_DISKS_MAX);
        }
    }
    if (count == 0) {
        return STATUS_OK;
    }
    domain->disks = calloc(count, sizeof(*domain->disks));
    if (domain->disks == NULL) {
        return domain_xml_no_memory(reading);
    }
    for (const xmlNode *at = first; at != NULL && status == STATUS_OK;
         at = xml_node_sibling(at, NULL, "disk")) {
        status = read_disk(reading, at, &domain->disks[domain->disk_count++]);
    }
    return status;
}

void domain_xml_clear_disks(struct domain_xml *domain)
{
    for (size_t i = 0; i < domain->disk_count; i++) {
        struct domain_xml_disk *disk = &domain->disks[i];

        free(disk->target);
        free(disk->bus);
        free(disk->format);
        free(disk->pool);
        free(disk->volume);
        free(disk->source);
        free(disk->backing_source);
        free(disk->mount_point);
    }
    free(domain->disks);
}
