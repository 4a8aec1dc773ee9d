/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_node.h"

#include <stdlib.h>
#include <string.h>

#include "backends/domain_xml.h"
#include "backends/host.h"
#include "backends/sim_hardware.h"
#include "backends/sim_load.h"
#include "backends/sim_log.h"
#include "backends/sim_pool.h"
#include "backends/sim_xml.h"
#include "backends/xml_input.h"
#include "backends/xml_node.h"
#include "model/clock.h"

static enum status no_memory(const struct sim_loading *loading)
{
    return error_set(loading->error, STATUS_NO_MEMORY, "%s: out of memory",
                     loading->node->files[0].path);
}

static enum status add_domain(struct sim_loading *loading, const struct sim_xml *xml)
{
    struct sim_node *node = loading->node;
    struct sim_domain *domains;
    enum status status;

    if (node->domain_count >= SIM_NODE_DOMAINS_MAX) {
        return xml_node_error(xml->source, xml->element, xml->error,
                              "more than %d domains", SIM_NODE_DOMAINS_MAX);
    }
    domains = sim_load_grow(node->domains, &loading->domain_room, node->domain_count,
                            sizeof(*domains));
    if (domains == NULL) {
        return no_memory(loading);
    }
    node->domains = domains;
    status = sim_domain_read(xml->source, xml->element, &domains[node->domain_count],
                             xml->error);
    if (status == STATUS_OK) {
        node->domain_count++;
    }
    return status;
}

static enum status add_network(struct sim_loading *loading, const struct sim_xml *xml)
{
    return sim_network_read(&loading->networks, xml);
}

static enum status add_device(struct sim_loading *loading, const struct sim_xml *xml)
{
    return sim_hardware_check_device(xml, &loading->devices);
}

static enum status add_interface(struct sim_loading *loading, const struct sim_xml *xml)
{
    return sim_hardware_check_interface(xml, &loading->interfaces);
}

static enum status add_cpu(struct sim_loading *loading, const struct sim_xml *xml)
{
    if (loading->has_cpu) {
        return STATUS_OK; /* the test driver reads the first */
    }
    loading->has_cpu = true;
    return sim_hardware_read_cpu(xml, &loading->node->cpu_count);
}

static enum status add_memory(struct sim_loading *loading, const struct sim_xml *xml)
{
    (void)loading;
    return sim_hardware_check_memory(xml);
}

/* Elements of libvirt's test driver that are read as a whole. */
static const struct kind {
    const char *name;
    enum status (*add)(struct sim_loading *loading, const struct sim_xml *xml);
} kinds[] = {
    { "domain", add_domain }, { "network", add_network },
    { "device", add_device }, { "interface", add_interface },
    { "cpu", add_cpu },       { "memory", add_memory },
};

static enum status read_whole(struct sim_loading *loading, xmlNode *child,
                              const struct kind *kind)
{
    struct sim_element element;
    enum status status =
        sim_load_begin(loading, loading->input, child, DOMAIN_XML_SIZE_MAX, &element);

    if (status == STATUS_OK) {
        status = sim_load_expand(&element, DOMAIN_XML_SIZE_MAX);
    }
    if (status == STATUS_OK) {
        status = kind->add(loading, &element.xml);
    }
    return sim_load_end(loading, &element, status);
}

static enum status read_clock(struct sim_loading *loading, const xmlNode *child)
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

static enum status read_child(struct sim_loading *loading, xmlNode *child)
{
    const char *source = loading->node->files[0].path;
    const struct sim_xml xml = { .source = source,
                                 .element = child,
                                 .error = loading->error };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (xml_node_is(child, NULL, kinds[i].name)) {
            return read_whole(loading, child, &kinds[i]);
        }
    }
    if (xml_node_is(child, NULL, "pool")) {
        return sim_pool_read(loading, child);
    }
    if (xml_node_is(child, SIM_XML_SPACE, "clock")) {
        return read_clock(loading, child);
    }
    if (xml_node_is(child, SIM_XML_SPACE, "fault")) {
        return sim_fault_read(source, child, false, &loading->node->faults,
                              loading->error);
    }
    if (xml_node_is(child, SIM_XML_SPACE, "operation")) {
        return sim_duration_read(&xml, &loading->node->durations);
    }
    if (xml_node_is(child, SIM_XML_SPACE, "record")) {
        return sim_log_read(&xml, loading);
    }
    if (xml_node_is(child, SIM_XML_SPACE, (const char *)child->name)) {
        return xml_node_error(source, child, loading->error,
                              "sim:%.64s is not known in a node; there are sim:clock, "
                              "sim:fault, sim:operation and sim:record",
                              (const char *)child->name);
    }
    return STATUS_OK; /* the test driver's, or anybody else's */
}

static enum status read_node_file(struct sim_loading *loading, char *path)
{
    enum status status;
    xmlNode *child = NULL;

    status = sim_load_open(loading, path, SIM_NODE_SIZE_MAX, "node", &loading->input);
    while (status == STATUS_OK) {
        status = xml_input_next_child(loading->input, &child, loading->error);
        if (status != STATUS_OK || child == NULL) {
            break;
        }
        status = read_child(loading, child);
    }
    xml_input_close(loading->input);
    loading->input = NULL;
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
static enum status sort_domains(struct sim_loading *loading, const char *what,
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

static enum status index_domains(struct sim_loading *loading)
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

static enum status check_names(struct sim_loading *loading)
{
    enum status status = index_domains(loading);

    if (status == STATUS_OK) {
        status = sim_network_check(&loading->networks, loading->error);
    }
    if (status == STATUS_OK) {
        status = sim_storage_check(&loading->volumes, loading->error);
    }
    if (status == STATUS_OK) {
        status = sim_names_check(&loading->devices, "device", loading->error);
    }
    if (status == STATUS_OK) {
        status = sim_names_check(&loading->interfaces, "interface", loading->error);
    }
    return status;
}

/* Now that all is read: who refers to what. */
static enum status finish_node(struct sim_loading *loading)
{
    struct sim_node *node = loading->node;
    struct host_mounts *mounts = host_mounts_new();
    const struct sim_domain_place place = {
        .volumes = &loading->volumes,
        .networks = &loading->networks,
        .mounts = mounts,
    };
    enum status status = STATUS_OK;

    if (mounts == NULL) {
        return no_memory(loading);
    }
    for (size_t i = 0; i < node->domain_count && status == STATUS_OK; i++) {
        status = sim_domain_finish(&node->domains[i], &place, loading->error);
    }
    if (status == STATUS_OK) {
        node->storage = sim_storage_record(&loading->volumes, mounts);
        status = node->storage != NULL ? STATUS_OK : no_memory(loading);
    }
    host_mounts_free(mounts);
    return status;
}

enum status sim_node_load(const char *path, struct sim_node **ret_node,
                          struct error *error)
{
    struct sim_loading loading = { .node = calloc(1, sizeof(*loading.node)),
                                   .error = error };
    char *copy = strdup(path);
    enum status status;

    if (loading.node == NULL || copy == NULL) {
        free(loading.node);
        free(copy);
        return error_set(error, STATUS_NO_MEMORY, "%s: out of memory", path);
    }
    atomic_init(&loading.node->references, 1);
    loading.node->cpu_count = SIM_HARDWARE_CPUS;
    status = read_node_file(&loading, copy);
    if (status == STATUS_OK) {
        status = check_names(&loading);
    }
    if (status == STATUS_OK) {
        status = finish_node(&loading);
    }
    sim_network_clear(&loading.networks);
    sim_storage_clear(&loading.volumes);
    sim_names_clear(&loading.devices);
    sim_names_clear(&loading.interfaces);
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
    sim_durations_clear(&node->durations);
    free(node->record);
    record_unref(node->storage);
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
