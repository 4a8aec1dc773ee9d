/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/domain_xml.h"

#include <stdlib.h>
#include <string.h>

#include "backends/domain_xml_reading.h"
#include "backends/xml_input.h"
#include "backends/xml_node.h"
#include "backends/xml_size.h"

#define OSINFO_SPACE "http://libosinfo.org/xmlns/libvirt/domain/1.0"

#define KIB INT64_C(1024)

static enum status read_uuid(const struct domain_xml_reading *reading)
{
    const xmlNode *child = xml_node_child(reading->node, NULL, "uuid");
    enum status status = STATUS_OK;
    char *text;

    if (child == NULL) {
        return STATUS_OK;
    }
    text = xml_node_text(child);
    if (text == NULL) {
        return domain_xml_no_memory(reading);
    }
    reading->domain->has_uuid = uuid_parse(text, &reading->domain->uuid);
    if (!reading->domain->has_uuid) {
        status = xml_node_error(reading->source, child, reading->error,
                                "<uuid> \"%.64s\" is no UUID", text);
    }
    xmlFree(text);
    return status;
}

static enum status read_identity(const struct domain_xml_reading *reading)
{
    enum status status;

    status =
        domain_xml_read_text(reading, reading->node, "name", &reading->domain->name);
    if (status != STATUS_OK) {
        return status;
    }
    if (reading->domain->name == NULL) {
        return xml_node_error(reading->source, reading->node, reading->error,
                              "this <domain> has no <name>");
    }
    status = read_uuid(reading);
    if (status != STATUS_OK) {
        return status;
    }
    return domain_xml_read_text(reading, reading->node, "title",
                                &reading->domain->title);
}

/* Size in bytes, rounded up to KiB; 0 where there is no such element. */
static enum status read_size(const struct domain_xml_reading *reading, const char *name,
                             int64_t *ret_bytes)
{
    const xmlNode *child = xml_node_child(reading->node, NULL, name);
    enum status status;

    *ret_bytes = 0;
    if (child == NULL) {
        return STATUS_OK;
    }
    status =
        xml_size_read(reading->source, child, (uint64_t)KIB, ret_bytes, reading->error);
    *ret_bytes = (*ret_bytes + KIB - 1) / KIB * KIB;
    return status;
}

static enum status read_memory(const struct domain_xml_reading *reading)
{
    struct domain_xml *domain = reading->domain;
    enum status status;

    status = read_size(reading, "memory", &domain->memory_max_bytes);
    if (status != STATUS_OK) {
        return status;
    }
    status = read_size(reading, "currentMemory", &domain->memory_bytes);
    if (status != STATUS_OK) {
        return status;
    }
    if (domain->memory_max_bytes == 0) {
        domain->memory_max_bytes = DOMAIN_NO_LIMIT;
    }
    if (domain->memory_bytes == 0
        || (domain->memory_max_bytes != DOMAIN_NO_LIMIT
            && domain->memory_bytes > domain->memory_max_bytes)) {
        domain->memory_bytes = domain->memory_max_bytes;
    }
    return STATUS_OK;
}

/* "http://debian.org/debian/12" becomes "debian 12", in place. */
static char *readable_osinfo(char *id)
{
    char *start = strstr(id, "://");
    char *path = strchr(start != NULL ? start + 3 : id, '/');

    start = path != NULL && path[1] != '\0' ? path + 1 : id;
    for (path = start; start != id && *path != '\0'; path++) {
        if (*path == '/') {
            *path = ' ';
        }
    }
    return start;
}

static enum status read_os_type(const struct domain_xml_reading *reading)
{
    const xmlNode *child = xml_node_child(reading->node, NULL, "metadata");
    char *id;

    if (child != NULL) {
        child = xml_node_child(child, OSINFO_SPACE, "libosinfo");
    }
    if (child != NULL) {
        child = xml_node_child(child, OSINFO_SPACE, "os");
    }
    if (child != NULL) {
        id = xml_node_attribute(child, "id");
        if (id != NULL && id[0] != '\0') {
            reading->domain->os_type = strdup(readable_osinfo(id));
            xmlFree(id);
            return reading->domain->os_type != NULL ? STATUS_OK
                                                    : domain_xml_no_memory(reading);
        }
        xmlFree(id);
    }
    child = xml_node_child(reading->node, NULL, "os");
    if (child == NULL) {
        return STATUS_OK;
    }
    return domain_xml_read_text(reading, child, "type", &reading->domain->os_type);
}

/* <on_poweroff> and its relatives, with libvirt's defaults. */
static enum status read_actions(const struct domain_xml_reading *reading)
{
    static const struct {
        const char *element;
        enum domain_xml_action missing;
    } events[] = {
        [DOMAIN_XML_EVENT_POWEROFF] = { "on_poweroff", DOMAIN_XML_ACTION_DESTROY },
        [DOMAIN_XML_EVENT_REBOOT] = { "on_reboot", DOMAIN_XML_ACTION_RESTART },
        [DOMAIN_XML_EVENT_CRASH] = { "on_crash", DOMAIN_XML_ACTION_DESTROY },
    };
    static const char *const words[] = {
        [DOMAIN_XML_ACTION_DESTROY] = "destroy",
        [DOMAIN_XML_ACTION_RESTART] = "restart",
        [DOMAIN_XML_ACTION_PRESERVE] = "preserve",
        [DOMAIN_XML_ACTION_RENAME_RESTART] = "rename-restart",
        [DOMAIN_XML_ACTION_COREDUMP_DESTROY] = "coredump-destroy",
        [DOMAIN_XML_ACTION_COREDUMP_RESTART] = "coredump-restart",
    };

    _Static_assert(sizeof(events) / sizeof(events[0]) == DOMAIN_XML_EVENT_COUNT,
                   "an element for each event");
    _Static_assert(sizeof(words) / sizeof(words[0]) == DOMAIN_XML_ACTION_OTHER,
                   "a word for each action but other");
    for (size_t i = 0; i < DOMAIN_XML_EVENT_COUNT; i++) {
        size_t action = 0;
        char *text;
        enum status status =
            domain_xml_read_text(reading, reading->node, events[i].element, &text);

        if (status != STATUS_OK) {
            return status;
        }
        if (text == NULL) {
            action = events[i].missing;
        } else {
            while (action < DOMAIN_XML_ACTION_OTHER
                   && strcmp(words[action], text) != 0) {
                action++;
            }
        }
        reading->domain->actions[i] = (enum domain_xml_action)action;
        free(text);
    }
    return STATUS_OK;
}

/* Not by recursion: a depth from outside is no depth for our stack. */
static enum status check_bounds(const struct domain_xml_reading *reading)
{
    const xmlNode *at = reading->node;
    size_t elements = 0;
    size_t depth = 1;

    for (;;) {
        elements += at->type == XML_ELEMENT_NODE;
        if (elements > DOMAIN_XML_ELEMENTS_MAX) {
            return xml_node_error(reading->source, at, reading->error,
                                  "more than %d elements in one <domain>",
                                  DOMAIN_XML_ELEMENTS_MAX);
        }
        if (at->type == XML_ELEMENT_NODE && depth > DOMAIN_XML_DEPTH_MAX) {
            return xml_node_error(reading->source, at, reading->error,
                                  "more than %d elements one in the other",
                                  DOMAIN_XML_DEPTH_MAX);
        }
        if (at->type == XML_ELEMENT_NODE && at->children != NULL) {
            at = at->children;
            depth++;
            continue;
        }
        while (at != reading->node && at->next == NULL) {
            at = at->parent;
            depth--;
        }
        if (at == reading->node) {
            return STATUS_OK;
        }
        at = at->next;
    }
}

enum status domain_xml_from_node(const char *source, const xmlNode *node,
                                 struct domain_xml **ret_domain, struct error *error)
{
    static enum status (*const readers[])(const struct domain_xml_reading *) = {
        check_bounds,         read_identity,         domain_xml_read_vcpus,
        domain_xml_read_tune, read_memory,           read_os_type,
        read_actions,         domain_xml_read_disks, domain_xml_read_interfaces,
    };
    struct domain_xml_reading reading = { .source = source,
                                          .node = node,
                                          .error = error };
    enum status status = STATUS_OK;

    if (!xml_node_is(node, NULL, "domain")) {
        return xml_node_error(source, node, error, "<%.64s> is no <domain>",
                              (const char *)node->name);
    }
    reading.domain = calloc(1, sizeof(*reading.domain));
    if (reading.domain == NULL) {
        return domain_xml_no_memory(&reading);
    }
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        status = readers[i](&reading);
        if (status != STATUS_OK) {
            domain_xml_free(reading.domain);
            return status;
        }
    }
    *ret_domain = reading.domain;
    return STATUS_OK;
}

enum status domain_xml_from_text(const char *source, const char *text, size_t size,
                                 struct domain_xml **ret_domain, struct error *error)
{
    struct domain_xml *domain = NULL;
    struct xml_input *input = NULL;
    xmlNode *root = NULL;
    enum status status;

    if (size > DOMAIN_XML_SIZE_MAX) {
        return error_set(error, STATUS_INVALID, "%s: larger than %zu octets", source,
                         DOMAIN_XML_SIZE_MAX);
    }
    status = xml_input_open_text(source, text, size, &input, error);
    if (status != STATUS_OK) {
        goto out;
    }
    status = xml_input_read_root(input, "domain", error);
    if (status != STATUS_OK) {
        goto out;
    }
    status = xml_input_expand(input, size, &root, error);
    if (status != STATUS_OK) {
        goto out;
    }
    status = domain_xml_from_node(source, root, &domain, error);
    if (status != STATUS_OK) {
        goto out;
    }
    status = xml_input_finish(input, error);
    if (status != STATUS_OK) {
        goto out;
    }
    *ret_domain = domain;
    domain = NULL;
out:
    domain_xml_free(domain);
    xml_input_close(input);
    return status;
}

void domain_xml_free(struct domain_xml *domain)
{
    if (domain == NULL) {
        return;
    }
    free(domain->name);
    free(domain->title);
    free(domain->os_type);
    domain_xml_clear_vcpus(domain);
    domain_xml_clear_disks(domain);
    domain_xml_clear_interfaces(domain);
    free(domain);
}
