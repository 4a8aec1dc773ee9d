/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/sim_load.h"
#include "backends/sim_storage.h"
#include "backends/xml_node.h"
#include "backends/xml_size.h"

/* Types of libvirt's pools whose volumes are no files. */
static const struct {
    const char *type;
    enum disk_source source_type;
} pool_types[] = {
    { "disk", DISK_SOURCE_BLOCK },         { "iscsi", DISK_SOURCE_BLOCK },
    { "iscsi-direct", DISK_SOURCE_BLOCK }, { "logical", DISK_SOURCE_BLOCK },
    { "mpath", DISK_SOURCE_BLOCK },        { "scsi", DISK_SOURCE_BLOCK },
    { "zfs", DISK_SOURCE_BLOCK },          { "gluster", DISK_SOURCE_NETWORK },
    { "rbd", DISK_SOURCE_NETWORK },        { "sheepdog", DISK_SOURCE_NETWORK },
};

/* A pool that is being read. */
struct pool {
    struct sim_loading *loading;
    struct sim_xml xml;
    struct xml_input *input;
    char *name;
    char *path;            /* <target><path> */
    char *source;          /* <source><name> */
    enum disk_source type; /* DISK_SOURCE_OTHER: files */
    size_t first_volume;   /* of those of the node */
};

static enum status no_memory(const struct sim_xml *xml)
{
    return error_set(xml->error, STATUS_NO_MEMORY, "%s: out of memory", xml->source);
}

/* The text of a child, for free(); NULL where there is none or nothing in it. */
static enum status read_text(const struct sim_xml *xml, const xmlNode *parent,
                             const char *name, char **ret_text)
{
    const xmlNode *child = parent != NULL ? xml_node_child(parent, NULL, name) : NULL;
    enum status status = STATUS_OK;
    char *text;

    free(*ret_text);
    *ret_text = NULL;
    if (child == NULL) {
        return STATUS_OK;
    }
    text = xml_node_text(child);
    if (text == NULL) {
        return no_memory(xml);
    }
    if (text[0] != '\0') {
        *ret_text = strdup(text);
        status = *ret_text != NULL ? STATUS_OK : no_memory(xml);
    }
    xmlFree(text);
    return status;
}

static enum disk_source type_of_pool(const xmlNode *element)
{
    char *type = xml_node_attribute(element, "type");
    enum disk_source found = DISK_SOURCE_OTHER;

    for (size_t i = 0; type != NULL && i < sizeof(pool_types) / sizeof(pool_types[0]);
         i++) {
        if (strcmp(pool_types[i].type, type) == 0) {
            found = pool_types[i].source_type;
        }
    }
    xmlFree(type);
    return found;
}

/* <volume type=> says it, else the type of the pool. */
static enum disk_source type_of_volume(const struct pool *pool, const xmlNode *element,
                                       const char *format)
{
    char *type = xml_node_attribute(element, "type");
    enum disk_source found = pool->type;

    if (type != NULL) {
        found = strcmp(type, "block") == 0     ? DISK_SOURCE_BLOCK
                : strcmp(type, "network") == 0 ? DISK_SOURCE_NETWORK
                                               : DISK_SOURCE_OTHER;
    }
    if (found == DISK_SOURCE_OTHER && (type == NULL || strcmp(type, "file") == 0)) {
        found = sim_storage_file_type(format);
    }
    xmlFree(type);
    return found;
}

static enum status read_format(const struct pool *pool, const struct sim_xml *xml,
                               const xmlNode *target, struct sim_volume *volume)
{
    const xmlNode *format =
        target != NULL ? xml_node_child(target, NULL, "format") : NULL;
    char *text = format != NULL ? xml_node_attribute(format, "type") : NULL;
    enum status status = STATUS_OK;

    /* A file without a format is raw; a logical volume has none. */
    if (text != NULL || pool->type == DISK_SOURCE_OTHER) {
        volume->format = strdup(text != NULL ? text : "raw");
        status = volume->format != NULL ? STATUS_OK : no_memory(xml);
    }
    xmlFree(text);
    volume->source_type = type_of_volume(pool, xml->element, volume->format);
    return status;
}

/* libvirt's test driver wants a capacity, and takes it for the allocation, too. */
static enum status read_sizes(const struct sim_xml *xml, struct sim_volume *volume)
{
    const xmlNode *capacity = xml_node_child(xml->element, NULL, "capacity");
    const xmlNode *allocation = xml_node_child(xml->element, NULL, "allocation");
    enum status status;

    if (capacity == NULL) {
        return xml_node_error(xml->source, xml->element, xml->error,
                              "this <volume> has no <capacity>");
    }
    status =
        xml_size_read(xml->source, capacity, 1, &volume->capacity_bytes, xml->error);
    volume->allocation_bytes = volume->capacity_bytes;
    if (status == STATUS_OK && allocation != NULL) {
        status = xml_size_read(xml->source, allocation, 1, &volume->allocation_bytes,
                               xml->error);
    }
    if (volume->allocation_bytes > volume->capacity_bytes) {
        volume->allocation_bytes = volume->capacity_bytes;
    }
    return status;
}

/* What names it; the pool may be named behind its volumes. */
static enum status read_names(const struct sim_xml *xml, const xmlNode *target,
                              struct sim_volume *volume)
{
    char *name = NULL;
    enum status status = sim_load_name(xml, &name);

    if (status == STATUS_OK) {
        volume->name = strdup(name);
        status = volume->name != NULL ? STATUS_OK : no_memory(xml);
    }
    xmlFree(name);
    if (status == STATUS_OK) {
        status = read_text(xml, xml->element, "key", &volume->key);
    }
    if (status == STATUS_OK) {
        status = read_text(xml, target, "path", &volume->path);
    }
    return status;
}

static enum status add_volume(struct pool *pool, const struct sim_xml *xml)
{
    const xmlNode *target = xml_node_child(xml->element, NULL, "target");
    struct sim_volumes *volumes = &pool->loading->volumes;
    struct sim_volume volume = { .source = xml->source,
                                 .line = xmlGetLineNo(xml->element) };
    struct sim_volume *list;
    enum status status;

    if (volumes->count >= STORAGE_VOLUMES_MAX) {
        return xml_node_error(xml->source, xml->element, xml->error,
                              "more than %d volumes", STORAGE_VOLUMES_MAX);
    }
    list = sim_load_grow(volumes->list, &volumes->room, volumes->count, sizeof(*list));
    if (list == NULL) {
        return no_memory(xml);
    }
    volumes->list = list;
    status = read_names(xml, target, &volume);
    if (status == STATUS_OK) {
        status = read_sizes(xml, &volume);
    }
    if (status == STATUS_OK) {
        status = read_format(pool, xml, target, &volume);
    }
    if (status != STATUS_OK) {
        sim_volume_clear(&volume);
        return status;
    }
    list[volumes->count++] = volume;
    return STATUS_OK;
}

static enum status read_volume(struct pool *pool, xmlNode *child)
{
    struct sim_element element;
    enum status status = sim_load_begin(pool->loading, pool->input, child,
                                        SIM_LOAD_ELEMENT_MAX, &element);

    if (status == STATUS_OK) {
        status = sim_load_expand(&element, SIM_LOAD_ELEMENT_MAX);
    }
    if (status == STATUS_OK) {
        status = add_volume(pool, &element.xml);
    }
    return sim_load_end(pool->loading, &element, status);
}

static enum status read_uuid(struct pool *pool, const struct sim_xml *xml)
{
    char formatted[UUID_TEXT_SIZE];
    enum status status;
    struct uuid uuid;
    char *text = xml_node_text(xml->element);

    if (text == NULL) {
        return no_memory(xml);
    }
    if (uuid_parse(text, &uuid)) {
        status = sim_names_add(&pool->loading->volumes.pool_uuids, xml,
                               uuid_format(&uuid, formatted));
    } else {
        status = xml_node_error(xml->source, xml->element, xml->error,
                                "<uuid> \"%.64s\" is no UUID", text);
    }
    xmlFree(text);
    return status;
}

/* The element itself, as if it were the only child of its parent. */
static enum status read_own_text(const struct sim_xml *xml, char **text)
{
    char *content = xml_node_text(xml->element);

    free(*text);
    *text = content != NULL ? strdup(content) : NULL;
    xmlFree(content);
    return *text != NULL ? STATUS_OK : no_memory(xml);
}

static enum status read_pool_child(struct pool *pool, xmlNode *child)
{
    struct sim_xml xml = pool->xml;
    xmlNode *node = NULL;
    enum status status;

    if (xml_node_is(child, NULL, "volume")) {
        return read_volume(pool, child);
    }
    status = xml_input_expand(pool->input, SIM_LOAD_ELEMENT_MAX, &node, xml.error);
    if (status != STATUS_OK) {
        return status;
    }
    xml.element = node;
    if (xml_node_is(node, NULL, "name")) {
        return read_own_text(&xml, &pool->name);
    }
    if (xml_node_is(node, NULL, "uuid")) {
        return read_uuid(pool, &xml);
    }
    if (xml_node_is(node, NULL, "source")) {
        return read_text(&xml, node, "name", &pool->source);
    }
    if (xml_node_is(node, NULL, "target")) {
        return read_text(&xml, node, "path", &pool->path);
    }
    return STATUS_OK;
}

/* FOLDER/NAME, where the folder of a pool on the network is its source. */
static char *path_in_pool(const struct pool *pool, const char *name)
{
    const char *folder = pool->path != NULL     ? pool->path
                         : pool->source != NULL ? pool->source
                                                : pool->name;
    char *path;

    return asprintf(&path, "%s/%s", folder, name) >= 0 ? path : NULL;
}

/* What could not be said of a volume before its pool was read. */
static bool complete_volume(const struct pool *pool, struct sim_volume *volume)
{
    volume->pool = strdup(pool->name);
    if (volume->path == NULL) {
        volume->path = path_in_pool(pool, volume->name);
    }
    if (volume->key == NULL && volume->path != NULL) {
        volume->key = strdup(volume->path);
    }
    return volume->pool != NULL && volume->path != NULL && volume->key != NULL;
}

static enum status complete_pool(struct pool *pool)
{
    struct sim_volumes *volumes = &pool->loading->volumes;

    if (pool->name == NULL || pool->name[0] == '\0') {
        return xml_node_error(pool->xml.source, pool->xml.element, pool->xml.error,
                              "this <pool> has no <name>");
    }
    for (size_t i = pool->first_volume; i < volumes->count; i++) {
        if (!complete_volume(pool, &volumes->list[i])) {
            return no_memory(&pool->xml);
        }
    }
    return sim_names_add(&volumes->pools, &pool->xml, pool->name);
}

static enum status read_children(struct pool *pool)
{
    xmlNode *child = NULL;
    enum status status;

    do {
        status = xml_input_next_child(pool->input, &child, pool->xml.error);
        if (status == STATUS_OK && child != NULL) {
            status = read_pool_child(pool, child);
        }
    } while (status == STATUS_OK && child != NULL);
    return status;
}

enum status sim_pool_read(struct sim_loading *loading, xmlNode *child)
{
    struct pool pool = { .loading = loading, .first_volume = loading->volumes.count };
    struct sim_element element;
    enum status status =
        sim_load_begin(loading, loading->input, child, SIM_NODE_SIZE_MAX, &element);

    pool.xml = element.xml;
    pool.input = element.input;
    if (status == STATUS_OK) {
        pool.type = type_of_pool(element.xml.element);
        if (!element.is_file) {
            xml_input_enter(pool.input);
        }
        status = read_children(&pool);
    }
    if (status == STATUS_OK) {
        status = complete_pool(&pool);
    }
    free(pool.name);
    free(pool.path);
    free(pool.source);
    return sim_load_end(loading, &element, status);
}
