/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_network.h"

#include <stdlib.h>
#include <string.h>

#include "backends/sim_load.h"
#include "backends/xml_node.h"
#include "model/uuid.h"

static enum status no_memory(const struct sim_xml *xml)
{
    return error_set(xml->error, STATUS_NO_MEMORY, "%s: out of memory", xml->source);
}

/* Which attribute names the bridge: the first that is there. */
static char *find_bridge(const struct sim_xml *xml)
{
    const xmlNode *child = xml_node_child(xml->element, NULL, "bridge");
    char *bridge = child != NULL ? xml_node_attribute(child, "name") : NULL;

    child = xml_node_child(xml->element, NULL, "forward");
    if (bridge == NULL && child != NULL) {
        bridge = xml_node_attribute(child, "dev");
        child = xml_node_child(child, NULL, "interface");
    }
    if (bridge == NULL && child != NULL) {
        bridge = xml_node_attribute(child, "dev");
    }
    return bridge;
}

static enum status read_uuid(struct sim_networks *networks, const struct sim_xml *xml)
{
    const xmlNode *child = xml_node_child(xml->element, NULL, "uuid");
    char formatted[UUID_TEXT_SIZE];
    enum status status;
    struct uuid uuid;
    char *text;

    if (child == NULL) {
        return STATUS_OK;
    }
    text = xml_node_text(child);
    if (text == NULL) {
        return no_memory(xml);
    }
    if (uuid_parse(text, &uuid)) {
        status = sim_names_add(&networks->uuids, xml, uuid_format(&uuid, formatted));
    } else {
        status = xml_node_error(xml->source, child, xml->error,
                                "<uuid> \"%.64s\" is no UUID", text);
    }
    xmlFree(text);
    return status;
}

static enum status add(struct sim_networks *networks, const struct sim_xml *xml,
                       const char *name)
{
    struct sim_network *list =
        sim_load_grow(networks->list, &networks->room, networks->count, sizeof(*list));
    char *bridge = find_bridge(xml);
    struct sim_network network = { .name = strdup(name) };

    if (bridge != NULL) {
        network.bridge = strdup(bridge);
    }
    if (list != NULL) {
        networks->list = list;
    }
    if (list == NULL || network.name == NULL
        || (bridge != NULL && network.bridge == NULL)) {
        free(network.name);
        free(network.bridge);
        xmlFree(bridge);
        return no_memory(xml);
    }
    xmlFree(bridge);
    list[networks->count++] = network;
    return STATUS_OK;
}

enum status sim_network_read(struct sim_networks *networks, const struct sim_xml *xml)
{
    char *name = NULL;
    enum status status = sim_load_name(xml, &name);

    if (status == STATUS_OK) {
        status = sim_names_add(&networks->names, xml, name);
    }
    if (status == STATUS_OK) {
        status = read_uuid(networks, xml);
    }
    if (status == STATUS_OK) {
        status = add(networks, xml, name);
    }
    xmlFree(name);
    return status;
}

static int compare(const void *a, const void *b)
{
    const struct sim_network *first = a;
    const struct sim_network *second = b;

    return strcmp(first->name, second->name);
}

enum status sim_network_check(struct sim_networks *networks, struct error *error)
{
    enum status status = sim_names_check(&networks->names, "network", error);

    if (status == STATUS_OK) {
        status = sim_names_check(&networks->uuids, "network with the UUID", error);
    }
    if (status == STATUS_OK && networks->count != 0) {
        qsort(networks->list, networks->count, sizeof(*networks->list), compare);
    }
    return status;
}

const char *sim_network_bridge(const struct sim_networks *networks, const char *name)
{
    size_t first = 0;
    size_t end = networks->count;

    while (first < end) {
        size_t middle = first + (end - first) / 2;
        int order = strcmp(name, networks->list[middle].name);

        if (order == 0) {
            return networks->list[middle].bridge;
        }
        if (order < 0) {
            end = middle;
        } else {
            first = middle + 1;
        }
    }
    return NULL;
}

void sim_network_clear(struct sim_networks *networks)
{
    for (size_t i = 0; i < networks->count; i++) {
        free(networks->list[i].name);
        free(networks->list[i].bridge);
    }
    free(networks->list);
    sim_names_clear(&networks->names);
    sim_names_clear(&networks->uuids);
}
