/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/domain_xml.h"

#include <stdlib.h>
#include <string.h>

#include "backends/xml_input.h"
#include "backends/xml_node.h"

#define OSINFO_SPACE "http://libosinfo.org/xmlns/libvirt/domain/1.0"

#define KIB INT64_C(1024)

/* What every reader of one element needs. */
struct reading {
    const char *source;
    const xmlNode *node;
    struct domain_xml *domain;
    struct error *error;
};

static enum status no_memory(const struct reading *reading)
{
    return error_set(reading->error, STATUS_NO_MEMORY, "%s: out of memory",
                     reading->source);
}

/*
 * The text of a child element, copied to memory of ours.  NULL where there is
 * no such child or nothing in it.
 */
static enum status read_text(const struct reading *reading, const xmlNode *parent,
                             const char *name, char **ret_text)
{
    const xmlNode *child = xml_node_child(parent, NULL, name);
    char *text;

    *ret_text = NULL;
    if (child == NULL) {
        return STATUS_OK;
    }
    text = xml_node_text(child);
    if (text == NULL) {
        return no_memory(reading);
    }
    if (text[0] != '\0') {
        *ret_text = strdup(text);
        if (*ret_text == NULL) {
            xmlFree(text);
            return no_memory(reading);
        }
    }
    xmlFree(text);
    return STATUS_OK;
}

static enum status read_uuid(const struct reading *reading)
{
    const xmlNode *child = xml_node_child(reading->node, NULL, "uuid");
    enum status status = STATUS_OK;
    char *text;

    if (child == NULL) {
        return STATUS_OK;
    }
    text = xml_node_text(child);
    if (text == NULL) {
        return no_memory(reading);
    }
    reading->domain->has_uuid = uuid_parse(text, &reading->domain->uuid);
    if (!reading->domain->has_uuid) {
        status = xml_node_error(reading->source, child, reading->error,
                                "<uuid> \"%.64s\" is no UUID", text);
    }
    xmlFree(text);
    return status;
}

static enum status read_identity(const struct reading *reading)
{
    enum status status;

    status = read_text(reading, reading->node, "name", &reading->domain->name);
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
    return read_text(reading, reading->node, "title", &reading->domain->title);
}

static enum status read_vcpus(const struct reading *reading)
{
    const xmlNode *child = xml_node_child(reading->node, NULL, "vcpu");
    enum status status = STATUS_OK;
    uint64_t maximum = 1;
    uint64_t current;
    char *text = NULL;
    char *attribute = NULL;

    if (child != NULL) {
        text = xml_node_text(child);
        attribute = xml_node_attribute(child, "current");
        if (text == NULL) {
            status = no_memory(reading);
            goto out;
        }
        if (!xml_node_number(text, DOMAIN_XML_VCPUS_MAX, &maximum) || maximum == 0) {
            status = xml_node_error(reading->source, child, reading->error,
                                    "<vcpu> \"%.64s\" is no number from 1 to %d", text,
                                    DOMAIN_XML_VCPUS_MAX);
            goto out;
        }
    }
    current = maximum;
    if (attribute != NULL
        && (!xml_node_number(attribute, maximum, &current) || current == 0)) {
        status = xml_node_error(reading->source, child, reading->error,
                                "<vcpu current=\"%.64s\"> is no number from 1 to %d",
                                attribute, (int)maximum);
        goto out;
    }
    reading->domain->vcpus = (int64_t)current;
    reading->domain->vcpus_max = (int64_t)maximum;
out:
    xmlFree(text);
    xmlFree(attribute);
    return status;
}

/* ASCII alone, whatever the locale. */
static char to_lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

static bool is_word(const char *text, const char *lower_case)
{
    while (*text != '\0' && to_lower(*text) == *lower_case) {
        text++;
        lower_case++;
    }
    return *text == *lower_case;
}

/*
 * libvirt's units (virScaleInteger): b, byte and bytes; a letter of kmgtpe
 * alone or with "ib" counts in 1024s, with "b" in 1000s; in any case.  Zero
 * for what is none.
 */
static uint64_t unit_bytes(const char *unit)
{
    static const char letters[] = "kmgtpe";
    const char *letter;
    uint64_t base;
    uint64_t scale = 1;

    if (is_word(unit, "b") || is_word(unit, "byte") || is_word(unit, "bytes")) {
        return 1;
    }
    if (unit[0] == '\0') {
        return 0;
    }
    if (unit[1] == '\0' || is_word(unit + 1, "ib")) {
        base = 1024;
    } else if (is_word(unit + 1, "b")) {
        base = 1000;
    } else {
        return 0;
    }
    letter = strchr(letters, to_lower(unit[0]));
    if (letter == NULL) {
        return 0;
    }
    for (const char *at = letters; at <= letter; at++) {
        scale *= base;
    }
    return scale;
}

/* Size in bytes, rounded up to KiB; 0 where there is no such element. */
static enum status read_size(const struct reading *reading, const char *name,
                             int64_t *ret_bytes)
{
    const xmlNode *child = xml_node_child(reading->node, NULL, name);
    enum status status = STATUS_OK;
    uint64_t scale = (uint64_t)KIB;
    uint64_t number = 0;
    char *text = NULL;
    char *unit = NULL;

    *ret_bytes = 0;
    if (child == NULL) {
        return STATUS_OK;
    }
    text = xml_node_text(child);
    unit = xml_node_attribute(child, "unit");
    if (text == NULL) {
        status = no_memory(reading);
        goto out;
    }
    if (unit != NULL && unit[0] != '\0') {
        scale = unit_bytes(unit);
    }
    if (scale == 0) {
        status = xml_node_error(reading->source, child, reading->error,
                                "<%s unit=\"%.64s\">: no such unit; one of b, KB, KiB, "
                                "MB, MiB, GB, GiB, TB, TiB, PB, PiB, EB, EiB",
                                name, unit != NULL ? unit : "");
        goto out;
    }
    if (!xml_node_number(text, (uint64_t)(INT64_MAX - KIB) / scale, &number)) {
        status =
            xml_node_error(reading->source, child, reading->error,
                           "<%s> \"%.64s\" is no number, or too large", name, text);
        goto out;
    }
    *ret_bytes = ((int64_t)(number * scale) + KIB - 1) / KIB * KIB;
out:
    xmlFree(text);
    xmlFree(unit);
    return status;
}

static enum status read_memory(const struct reading *reading)
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

static enum status read_os_type(const struct reading *reading)
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
            return reading->domain->os_type != NULL ? STATUS_OK : no_memory(reading);
        }
        xmlFree(id);
    }
    child = xml_node_child(reading->node, NULL, "os");
    if (child == NULL) {
        return STATUS_OK;
    }
    return read_text(reading, child, "type", &reading->domain->os_type);
}

/* Not by recursion: a depth from outside is no depth for our stack. */
static enum status check_bounds(const struct reading *reading)
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
    static enum status (*const readers[])(const struct reading *) = {
        check_bounds, read_identity, read_vcpus, read_memory, read_os_type,
    };
    struct reading reading = { .source = source, .node = node, .error = error };
    enum status status = STATUS_OK;

    if (!xml_node_is(node, NULL, "domain")) {
        return xml_node_error(source, node, error, "<%.64s> is no <domain>",
                              (const char *)node->name);
    }
    reading.domain = calloc(1, sizeof(*reading.domain));
    if (reading.domain == NULL) {
        return no_memory(&reading);
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
    free(domain);
}

struct domain_config *domain_xml_config(const struct domain_xml *domain,
                                        const struct uuid *uuid)
{
    const struct domain_config config = {
        .uuid = *uuid,
        .os_type = domain->os_type,
        .vcpus = domain->vcpus,
        .vcpus_min = DOMAIN_NO_LIMIT,
        .vcpus_max = domain->vcpus_max,
        .memory_min_bytes = DOMAIN_NO_LIMIT,
        .memory_max_bytes = domain->memory_max_bytes,
        .memory_bytes = domain->memory_bytes,
    };

    return domain_config_new(&config);
}
