/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_domain.h"

#include <stdlib.h>
#include <string.h>

#include "backends/domain_xml.h"
#include "backends/sim_life.h"
#include "backends/sim_xml.h"
#include "backends/xml_node.h"

/* By the numbers of libvirt's virDomainState. */
static const enum domain_state run_states[] = {
    [0] = DOMAIN_STATE_OTHER, /* no state */
    [1] = DOMAIN_STATE_RUNNING,
    [2] = DOMAIN_STATE_RUNNING, /* blocked: waits for something to do */
    [3] = DOMAIN_STATE_PAUSED,
    [4] = DOMAIN_STATE_SHUTTING_DOWN,
    [5] = DOMAIN_STATE_SHUTDOWN,
    [6] = DOMAIN_STATE_CRASHED,
    /* Asleep by its own power management: resident, and not scheduled. */
    [7] = DOMAIN_STATE_PAUSED,
};
#define RUN_STATE_COUNT (sizeof(run_states) / sizeof(run_states[0]))
#define RUN_STATE_ASLEEP 7

static enum status read_run_state(const struct sim_xml *xml, struct sim_domain *domain)
{
    const xmlNode *child =
        xml_node_child(xml->element, SIM_DOMAIN_TEST_SPACE, "runstate");
    enum status status = STATUS_OK;
    uint64_t number;
    char *text;

    domain->state = DOMAIN_STATE_RUNNING;
    if (child == NULL) {
        return STATUS_OK;
    }
    text = xml_node_text(child);
    if (text == NULL) {
        return error_set(xml->error, STATUS_NO_MEMORY, "%s: out of memory",
                         xml->source);
    }
    if (xml_node_number(text, RUN_STATE_COUNT - 1, &number)) {
        domain->state = run_states[number];
        domain->is_asleep = number == RUN_STATE_ASLEEP;
    } else {
        status = xml_node_error(xml->source, child, xml->error,
                                "<test:runstate> \"%.64s\" is no number from 0 to %d",
                                text, (int)RUN_STATE_COUNT - 1);
    }
    xmlFree(text);
    return status;
}

/* What the test driver refuses is refused here, in the same way. */
static enum status read_test_driver(const struct sim_xml *xml,
                                    struct sim_domain *domain)
{
    const xmlNode *managed_save;
    enum status status = read_run_state(xml, domain);

    if (status != STATUS_OK) {
        return status;
    }
    domain->is_persistent =
        xml_node_child(xml->element, SIM_DOMAIN_TEST_SPACE, "transient") == NULL;
    if (!domain->is_persistent && domain->state == DOMAIN_STATE_SHUTDOWN) {
        return xml_node_error(xml->source, xml->element, xml->error,
                              "a transient domain cannot be shut off (runstate 5)");
    }
    managed_save =
        xml_node_child(xml->element, SIM_DOMAIN_TEST_SPACE, "hasmanagedsave");
    if (managed_save == NULL) {
        return STATUS_OK;
    }
    if (domain->state != DOMAIN_STATE_SHUTDOWN) {
        return xml_node_error(xml->source, managed_save, xml->error,
                              "<test:hasmanagedsave> needs <test:runstate>5");
    }
    domain->state = DOMAIN_STATE_SUSPENDED;
    return STATUS_OK;
}

static enum status read_sim_domain(const struct sim_xml *xml, struct sim_domain *domain)
{
    static const char *const attributes[] = { "autostart", "load", NULL };
    enum status status = sim_xml_check_attributes(xml, attributes);
    int64_t load_percent = domain->load_percent;

    if (status == STATUS_OK) {
        status = sim_xml_read_flag(xml, "autostart", &domain->is_autostart);
    }
    if (status == STATUS_OK) {
        status = sim_xml_read_number(xml, "load", 100, &load_percent);
    }
    if (status != STATUS_OK) {
        return status;
    }
    domain->load_percent = (unsigned)load_percent;
    if (domain->is_autostart && !domain->is_persistent) {
        return xml_node_error(xml->source, xml->element, xml->error,
                              "a transient domain cannot start by itself");
    }
    return STATUS_OK;
}

static enum status read_disk_sizes(const struct sim_xml *xml, struct sim_disk *disk)
{
    enum status status = sim_xml_read_size(xml, "capacity", &disk->capacity_bytes);

    if (status == STATUS_OK) {
        status = sim_xml_read_size(xml, "allocation", &disk->allocation_bytes);
    }
    if (status == STATUS_OK && disk->capacity_bytes == 0) {
        return xml_node_error(xml->source, xml->element, xml->error,
                              "sim:disk: a disk without capacity is none");
    }
    if (status == STATUS_OK && disk->allocation_bytes > disk->capacity_bytes) {
        return xml_node_error(xml->source, xml->element, xml->error,
                              "sim:disk: allocation needs a capacity, and is not more "
                              "than that");
    }
    return status;
}

/* <sim:disk>: sizes of a disk that the domain has. */
static enum status read_sim_disk(const struct sim_xml *xml, struct sim_domain *domain)
{
    static const char *const attributes[] = { "target", "capacity", "allocation",
                                              NULL };
    enum status status = sim_xml_check_attributes(xml, attributes);
    const struct domain_xml_disk *disks = domain->xml->disks;
    char *target = xml_node_attribute(xml->element, "target");
    size_t at = 0;

    while (at < domain->xml->disk_count
           && (target == NULL || strcmp(disks[at].target, target) != 0)) {
        at++;
    }
    if (status != STATUS_OK) {
        goto out;
    }
    if (at == domain->xml->disk_count) {
        status =
            xml_node_error(xml->source, xml->element, xml->error,
                           "sim:disk target=\"%.64s\": the domain has no such disk",
                           target != NULL ? target : "");
    } else if (disks[at].source != NULL && disks[at].source[0] == '\0') {
        status = xml_node_error(xml->source, xml->element, xml->error,
                                "sim:disk target=\"%s\": there is no medium in it that "
                                "could have a size",
                                target);
    } else if (domain->disks[at].capacity_bytes != DOMAIN_NO_LIMIT) {
        status = xml_node_error(xml->source, xml->element, xml->error,
                                "a second sim:disk target=\"%s\"", target);
    } else {
        status = read_disk_sizes(xml, &domain->disks[at]);
    }
out:
    xmlFree(target);
    return status;
}

/*
 * Ours among the children of <metadata>, and of <sim:domain> therein: libvirt
 * keeps one element of each namespace in the metadata, so faults go into it.
 */
static enum status read_ours(const char *source, const xmlNode *parent,
                             struct sim_domain *domain, struct error *error)
{
    bool is_nested = xml_node_is(parent, SIM_XML_SPACE, "domain");
    enum status status = STATUS_OK;

    for (const xmlNode *at = parent->children; at != NULL && status == STATUS_OK;
         at = at->next) {
        const struct sim_xml xml = { .source = source, .element = at, .error = error };

        if (xml_node_is(at, SIM_XML_SPACE, "fault")) {
            status = sim_fault_read(source, at, true, &domain->faults, error);
        } else if (xml_node_is(at, SIM_XML_SPACE, "operation") && is_nested) {
            status = sim_duration_read(&xml, &domain->durations);
        } else if (xml_node_is(at, SIM_XML_SPACE, "disk") && is_nested) {
            status = read_sim_disk(&xml, domain);
        } else if (xml_node_is(at, SIM_XML_SPACE, "domain") && !is_nested) {
            status = read_sim_domain(&xml, domain);
            if (status == STATUS_OK) {
                status = read_ours(source, at, domain, error);
            }
        } else if (xml_node_is(at, SIM_XML_SPACE, (const char *)at->name)) {
            status = xml_node_error(source, at, error, "sim:%.64s is not known %s",
                                    (const char *)at->name,
                                    is_nested ? "in sim:domain; there are sim:disk, "
                                                "sim:fault and sim:operation"
                                              : "in a domain; there are sim:domain and "
                                                "sim:fault");
        }
    }
    return status;
}

/* Ours outside of <metadata> would be lost by libvirt, and by us: say so. */
static enum status check_place(const char *source, const xmlNode *node,
                               struct error *error)
{
    for (const xmlNode *at = node->children; at != NULL; at = at->next) {
        if (xml_node_is(at, SIM_XML_SPACE, (const char *)at->name)) {
            return xml_node_error(source, at, error,
                                  "sim:%.64s of a domain belongs into its <metadata>",
                                  (const char *)at->name);
        }
    }
    return STATUS_OK;
}

static enum status read_parts(const char *source, const xmlNode *node,
                              struct sim_domain *domain, struct error *error)
{
    const struct sim_xml xml = { .source = source, .element = node, .error = error };
    const xmlNode *metadata = xml_node_child(node, NULL, "metadata");
    enum status status = read_test_driver(&xml, domain);

    if (status == STATUS_OK) {
        status = check_place(source, node, error);
    }
    if (status == STATUS_OK && metadata != NULL) {
        status = read_ours(source, metadata, domain, error);
    }
    return status;
}

/* Room for what belongs to each disk and interface. */
static bool reserve(struct sim_domain *domain)
{
    const struct domain_xml *xml = domain->xml;

    domain->disks = calloc(xml->disk_count + 1, sizeof(*domain->disks));
    domain->interfaces = calloc(xml->interface_count + 1, sizeof(*domain->interfaces));
    for (size_t i = 0; domain->disks != NULL && i < xml->disk_count; i++) {
        domain->disks[i].capacity_bytes = DOMAIN_NO_LIMIT;
        domain->disks[i].allocation_bytes = DOMAIN_NO_LIMIT;
    }
    return domain->disks != NULL && domain->interfaces != NULL;
}

enum status sim_domain_read(const char *source, const xmlNode *node,
                            struct sim_domain *domain, struct error *error)
{
    enum status status;

    memset(domain, 0, sizeof(*domain));
    status = domain_xml_from_node(source, node, &domain->xml, error);
    if (status != STATUS_OK) {
        return status;
    }
    domain->source = source;
    domain->line = xmlGetLineNo(node);
    domain->uuid =
        domain->xml->has_uuid ? domain->xml->uuid : sim_life_uuid(domain->xml->name);
    domain->load_percent = sim_life_load_percent(&domain->uuid);
    domain->name = domain->xml->name;
    domain->xml->name = NULL;
    if (reserve(domain)) {
        status = read_parts(source, node, domain, error);
    } else {
        status = error_set(error, STATUS_NO_MEMORY, "%s: out of memory", source);
    }
    if (status != STATUS_OK) {
        sim_domain_clear(domain);
    }
    return status;
}

void sim_domain_clear(struct sim_domain *domain)
{
    free(domain->name);
    free(domain->disks);
    free(domain->interfaces);
    domain_xml_free(domain->xml);
    record_unref(domain->config);
    sim_faults_clear(&domain->faults);
    sim_durations_clear(&domain->durations);
    memset(domain, 0, sizeof(*domain));
}
