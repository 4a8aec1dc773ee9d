/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_node.h"

#include <stdlib.h>
#include <string.h>

#include "backends/domain_xml.h"
#include "backends/sim_xml.h"
#include "backends/xml_input.h"
#include "backends/xml_node.h"
#include "model/clock.h"

/* A node that is being read. */
struct loading {
    struct sim_node *node;
    struct xml_input *input;
    size_t domain_room;
    size_t file_room;
    bool has_clock;
    struct error *error;
};

static enum status no_memory(const struct loading *loading)
{
    return error_set(loading->error, STATUS_NO_MEMORY, "%s: out of memory",
                     loading->node->files[0].path);
}

static void *grow(void *list, size_t *room, size_t count, size_t size)
{
    size_t more = *room < 16 ? 16 : *room * 2;
    void *longer;

    if (count < *room) {
        return list;
    }
    longer = reallocarray(list, more, size);
    if (longer != NULL) {
        *room = more;
    }
    return longer;
}

/* Opens a file and notes its path and stamp; the path lives with the node. */
static enum status open_file(struct loading *loading, char *path, int *ret_fd)
{
    struct sim_node *node = loading->node;
    struct sim_node_file *files =
        grow(node->files, &loading->file_room, node->file_count, sizeof(*files));
    enum status status;

    if (files == NULL) {
        free(path);
        return error_set(loading->error, STATUS_NO_MEMORY, "out of memory");
    }
    node->files = files;
    status =
        sim_file_open(path, ret_fd, &files[node->file_count].stamp, loading->error);
    if (status != STATUS_OK) {
        free(path);
        return status;
    }
    files[node->file_count++].path = path;
    return STATUS_OK;
}

/* A path in a node file is relative to the folder of the node file. */
static char *resolve_path(const char *node_path, const char *path)
{
    const char *slash = strrchr(node_path, '/');
    size_t folder = slash != NULL ? (size_t)(slash - node_path) + 1 : 0;
    size_t size = strlen(path) + 1;
    char *resolved;

    folder = path[0] == '/' ? 0 : folder;
    resolved = malloc(folder + size);
    if (resolved != NULL) {
        memcpy(resolved, node_path, folder);
        memcpy(resolved + folder, path, size);
    }
    return resolved;
}

static enum status add_domain(struct loading *loading, const char *source,
                              const xmlNode *element)
{
    struct sim_node *node = loading->node;
    struct sim_domain *domains;
    enum status status;

    if (node->domain_count >= SIM_NODE_DOMAINS_MAX) {
        return xml_node_error(source, element, loading->error, "more than %d domains",
                              SIM_NODE_DOMAINS_MAX);
    }
    domains = grow(node->domains, &loading->domain_room, node->domain_count,
                   sizeof(*domains));
    if (domains == NULL) {
        return no_memory(loading);
    }
    node->domains = domains;
    status =
        sim_domain_read(source, element, &domains[node->domain_count], loading->error);
    if (status == STATUS_OK) {
        node->domain_count++;
    }
    return status;
}

static enum status read_domain_file(struct loading *loading, const char *path)
{
    struct xml_input *input = NULL;
    xmlNode *root = NULL;
    enum status status;
    const char *source;
    char *resolved = resolve_path(loading->node->files[0].path, path);
    int fd = -1;

    if (resolved == NULL) {
        return no_memory(loading);
    }
    status = open_file(loading, resolved, &fd);
    if (status != STATUS_OK) {
        return status;
    }
    source = loading->node->files[loading->node->file_count - 1].path;
    status = xml_input_open_fd(source, fd, DOMAIN_XML_SIZE_MAX, &input, loading->error);
    if (status != STATUS_OK) {
        goto out;
    }
    status = xml_input_read_root(input, "domain", loading->error);
    if (status != STATUS_OK) {
        goto out;
    }
    status = xml_input_expand(input, DOMAIN_XML_SIZE_MAX, &root, loading->error);
    if (status != STATUS_OK) {
        goto out;
    }
    status = add_domain(loading, source, root);
    if (status != STATUS_OK) {
        goto out;
    }
    status = xml_input_finish(input, loading->error);
out:
    xml_input_close(input);
    return status;
}

static enum status read_domain(struct loading *loading, xmlNode *child)
{
    const char *source = loading->node->files[0].path;
    char *path = xml_node_attribute(child, "file");
    enum status status;

    if (path != NULL) {
        status = read_domain_file(loading, path);
        if (status != STATUS_OK && status != STATUS_NO_MEMORY) {
            error_prefix(loading->error, "%s:%ld", source, xmlGetLineNo(child));
        }
        xmlFree(path);
        return status;
    }
    status =
        xml_input_expand(loading->input, DOMAIN_XML_SIZE_MAX, &child, loading->error);
    if (status != STATUS_OK) {
        return status;
    }
    return add_domain(loading, source, child);
}

static enum status read_clock(struct loading *loading, const xmlNode *child)
{
    static const char *const attributes[] = { "uptime", "frozen", NULL };
    const struct sim_xml xml = {
        .source = loading->node->files[0].path,
        .element = child,
        .error = loading->error,
    };
    struct sim_node *node = loading->node;
    enum status status = sim_xml_check_attributes(&xml, attributes);

    node->uptime_ns = CLOCK_NEVER;
    if (status == STATUS_OK) {
        status = sim_xml_read_seconds(&xml, "uptime", &node->uptime_ns);
    }
    if (status == STATUS_OK) {
        status = sim_xml_read_flag(&xml, "frozen", &node->is_frozen);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (loading->has_clock) {
        return xml_node_error(xml.source, child, xml.error, "a second sim:clock");
    }
    loading->has_clock = true;
    if (node->is_frozen != (node->uptime_ns != CLOCK_NEVER)) {
        return xml_node_error(
            xml.source, child, xml.error,
            "sim:clock: uptime and frozen=\"yes\" go together; a clock "
            "that runs is the one of this machine");
    }
    return STATUS_OK;
}

static enum status read_child(struct loading *loading, xmlNode *child)
{
    const char *source = loading->node->files[0].path;

    if (xml_node_is(child, NULL, "domain")) {
        return read_domain(loading, child);
    }
    if (xml_node_is(child, SIM_XML_SPACE, "clock")) {
        return read_clock(loading, child);
    }
    if (xml_node_is(child, SIM_XML_SPACE, "fault")) {
        return sim_fault_read(source, child, false, &loading->node->faults,
                              loading->error);
    }
    if (xml_node_is(child, SIM_XML_SPACE, (const char *)child->name)) {
        return xml_node_error(source, child, loading->error,
                              "sim:%.64s is not known in a node; there are sim:clock "
                              "and sim:fault",
                              (const char *)child->name);
    }
    return STATUS_OK; /* the test driver's, or anybody else's */
}

static enum status read_node_file(struct loading *loading, char *path)
{
    enum status status;
    xmlNode *child = NULL;
    int fd = -1;

    status = open_file(loading, path, &fd);
    if (status != STATUS_OK) {
        return status;
    }
    status =
        xml_input_open_fd(path, fd, SIM_NODE_SIZE_MAX, &loading->input, loading->error);
    if (status != STATUS_OK) {
        return status;
    }
    status = xml_input_read_root(loading->input, "node", loading->error);
    while (status == STATUS_OK) {
        status = xml_input_next_child(loading->input, &child, loading->error);
        if (status != STATUS_OK || child == NULL) {
            break;
        }
        status = read_child(loading, child);
    }
    return status;
}

static int compare_uuids(const void *a, const void *b)
{
    const struct sim_domain *const *first = a;
    const struct sim_domain *const *second = b;

    return uuid_compare(&(*first)->uuid, &(*second)->uuid);
}

static int compare_names(const void *a, const void *b)
{
    const struct sim_domain *const *first = a;
    const struct sim_domain *const *second = b;

    return strcmp((*first)->name, (*second)->name);
}

/* Sorts by_uuid, and refuses two that compare as equal. */
static enum status sort_domains(struct loading *loading, const char *what,
                                int (*compare)(const void *, const void *))
{
    struct sim_domain **sorted = loading->node->by_uuid;

    qsort(sorted, loading->node->domain_count, sizeof(*sorted), compare);
    for (size_t i = 1; i < loading->node->domain_count; i++) {
        const struct sim_domain *first = sorted[i - 1];
        const struct sim_domain *second = sorted[i];

        if (compare(&sorted[i - 1], &sorted[i]) != 0) {
            continue;
        }
        if (first > second) { /* in the order of the file */
            first = sorted[i];
            second = sorted[i - 1];
        }
        if (first->line == second->line && first->source != second->source
            && strcmp(first->source, second->source) == 0) {
            return error_set(loading->error, STATUS_INVALID,
                             "%s: <domain file=\"%s\"> is there twice",
                             loading->node->files[0].path, first->source);
        }
        return error_set(loading->error, STATUS_INVALID,
                         "%s:%ld: domain \"%.64s\" has the %s of domain \"%.64s\" at "
                         "%s:%ld",
                         second->source, second->line, second->name, what, first->name,
                         first->source, first->line);
    }
    return STATUS_OK;
}

static enum status index_domains(struct loading *loading)
{
    struct sim_node *node = loading->node;
    enum status status;

    if (node->domain_count == 0) {
        return STATUS_OK;
    }
    node->by_uuid = calloc(node->domain_count, sizeof(*node->by_uuid));
    if (node->by_uuid == NULL) {
        return no_memory(loading);
    }
    for (size_t i = 0; i < node->domain_count; i++) {
        node->by_uuid[i] = &node->domains[i];
    }
    status = sort_domains(loading, "name", compare_names);
    if (status != STATUS_OK) {
        return status;
    }
    return sort_domains(loading, "UUID", compare_uuids);
}

enum status sim_node_load(const char *path, struct sim_node **ret_node,
                          struct error *error)
{
    struct loading loading = { .node = calloc(1, sizeof(*loading.node)),
                               .error = error };
    char *copy = strdup(path);
    enum status status;

    if (loading.node == NULL || copy == NULL) {
        free(loading.node);
        free(copy);
        return error_set(error, STATUS_NO_MEMORY, "%s: out of memory", path);
    }
    atomic_init(&loading.node->references, 1);
    status = read_node_file(&loading, copy);
    xml_input_close(loading.input);
    if (status == STATUS_OK) {
        status = index_domains(&loading);
    }
    if (status != STATUS_OK) {
        sim_node_unref(loading.node);
        return status;
    }
    *ret_node = loading.node;
    return STATUS_OK;
}

struct sim_node *sim_node_ref(struct sim_node *node)
{
    atomic_fetch_add_explicit(&node->references, 1, memory_order_relaxed);
    return node;
}

void sim_node_unref(struct sim_node *node)
{
    if (node == NULL
        || atomic_fetch_sub_explicit(&node->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (size_t i = 0; i < node->domain_count; i++) {
        sim_domain_clear(&node->domains[i]);
    }
    for (size_t i = 0; i < node->file_count; i++) {
        free(node->files[i].path);
    }
    sim_faults_clear(&node->faults);
    free(node->domains);
    free(node->by_uuid);
    free(node->files);
    free(node);
}

bool sim_node_is_changed(const struct sim_node *node)
{
    for (size_t i = 0; i < node->file_count; i++) {
        if (sim_file_is_changed(node->files[i].path, &node->files[i].stamp)) {
            return true;
        }
    }
    return false;
}

const struct sim_domain *sim_node_find(const struct sim_node *node,
                                       const struct uuid *uuid)
{
    size_t first = 0;
    size_t end = node->domain_count;

    while (first < end) {
        size_t middle = first + (end - first) / 2;
        int order = uuid_compare(uuid, &node->by_uuid[middle]->uuid);

        if (order == 0) {
            return node->by_uuid[middle];
        }
        if (order < 0) {
            end = middle;
        } else {
            first = middle + 1;
        }
    }
    return NULL;
}
