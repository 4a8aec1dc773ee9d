/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/domain_xml_reading.h"

#include <stdlib.h>
#include <string.h>

#include "backends/domain_xml_cpuset.h"
#include "backends/xml_node.h"

/* Reads an attribute with a set of CPUs into words of its own. */
static enum status read_cpuset(const struct domain_xml_reading *reading,
                               const xmlNode *element, uint64_t **ret_cpus,
                               size_t *ret_word_count)
{
    char *text = xml_node_attribute(element, "cpuset");
    enum status status = STATUS_OK;
    struct domain_xml_cpuset set;
    size_t count;

    if (text == NULL || !domain_xml_cpuset_parse(text, &set)) {
        status = xml_node_error(reading->source, element, reading->error,
                                "<%s cpuset=\"%.64s\"> is no set of CPUs from 0 to %d, "
                                "as \"0-3,^2,8\" is one",
                                (const char *)element->name, text != NULL ? text : "",
                                DOMAIN_CPUS_MAX - 1);
        goto out;
    }
    count = domain_xml_cpuset_word_count(&set);
    *ret_cpus = malloc(count * sizeof(**ret_cpus));
    if (*ret_cpus == NULL) {
        status = domain_xml_no_memory(reading);
        goto out;
    }
    memcpy(*ret_cpus, set.words, count * sizeof(**ret_cpus));
    *ret_word_count = count;
out:
    xmlFree(text);
    return status;
}

/* <vcpu placement=, cpuset=>; where libvirt places, it takes no cpuset. */
static enum status read_placement(const struct domain_xml_reading *reading,
                                  const xmlNode *element)
{
    static const char *const placements[] = { "static", "auto" };
    struct domain_xml *domain = reading->domain;

    domain->affinity_known =
        element == NULL
        || domain_xml_read_word(element, "placement", placements, 2, "static") != 1;
    if (element == NULL || !domain->affinity_known
        || xmlHasProp(element, (const xmlChar *)"cpuset") == NULL) {
        return STATUS_OK;
    }
    return read_cpuset(reading, element, &domain->default_cpus,
                       &domain->default_word_count);
}

static enum status read_counts(const struct domain_xml_reading *reading,
                               const xmlNode *element)
{
    enum status status = STATUS_OK;
    uint64_t maximum = 1;
    uint64_t current;
    char *text = NULL;
    char *attribute = NULL;

    if (element != NULL) {
        text = xml_node_text(element);
        attribute = xml_node_attribute(element, "current");
        if (text == NULL) {
            status = domain_xml_no_memory(reading);
            goto out;
        }
        if (!xml_node_number(text, DOMAIN_XML_VCPUS_MAX, &maximum) || maximum == 0) {
            status = xml_node_error(reading->source, element, reading->error,
                                    "<vcpu> \"%.64s\" is no number from 1 to %d", text,
                                    DOMAIN_XML_VCPUS_MAX);
            goto out;
        }
    }
    current = maximum;
    if (attribute != NULL
        && (!xml_node_number(attribute, maximum, &current) || current == 0)) {
        status = xml_node_error(reading->source, element, reading->error,
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

/*
 * The vcpu that a <vcpupin> is about; *ret_ignored where the domain cannot
 * have it, and libvirt looks no further.
 */
static enum status read_pinned_vcpu(const struct domain_xml_reading *reading,
                                    const xmlNode *element, uint64_t *ret_vcpu,
                                    bool *ret_ignored)
{
    char *text = xml_node_attribute(element, "vcpu");
    enum status status = STATUS_OK;

    if (text == NULL || !xml_node_number(text, UINT32_MAX, ret_vcpu)) {
        status = xml_node_error(reading->source, element, reading->error,
                                "<vcpupin vcpu=\"%.64s\"> is no number",
                                text != NULL ? text : "");
    } else {
        *ret_ignored = *ret_vcpu >= (uint64_t)reading->domain->vcpus_max;
    }
    xmlFree(text);
    return status;
}

/* Puts a <vcpupin> into the array that has room for each vcpu. */
static enum status read_pin(const struct domain_xml_reading *reading,
                            const xmlNode *element, struct domain_xml_pin *by_vcpu)
{
    bool ignored = false;
    uint64_t *cpus = NULL;
    size_t word_count = 0;
    enum status status;
    uint64_t vcpu = 0;

    status = read_pinned_vcpu(reading, element, &vcpu, &ignored);
    if (status != STATUS_OK || ignored) {
        return status;
    }
    if (by_vcpu[vcpu].cpus != NULL) {
        return xml_node_error(reading->source, element, reading->error,
                              "a second <vcpupin> for vcpu %d", (int)vcpu);
    }
    status = read_cpuset(reading, element, &cpus, &word_count);
    if (status == STATUS_OK) {
        by_vcpu[vcpu].cpus = cpus;
        by_vcpu[vcpu].word_count = (uint32_t)word_count;
    }
    return status;
}

/* Leaves out the vcpus without a pin; those with the default's get it. */
static void finish_pins(struct domain_xml *domain)
{
    size_t count = 0;

    for (uint32_t vcpu = 0; vcpu < (uint64_t)domain->vcpus_max; vcpu++) {
        struct domain_xml_pin pin = domain->pins[vcpu];

        if (pin.cpus == NULL) {
            pin.cpus = domain->default_cpus;
            pin.word_count = (uint32_t)domain->default_word_count;
        }
        pin.vcpu = vcpu;
        if (pin.cpus != NULL) {
            domain->pins[count++] = pin;
        }
    }
    domain->pin_count = count;
}

static enum status read_pins(const struct domain_xml_reading *reading)
{
    struct domain_xml *domain = reading->domain;
    const xmlNode *tune = xml_node_child(reading->node, NULL, "cputune");
    const xmlNode *first = tune != NULL ? xml_node_child(tune, NULL, "vcpupin") : NULL;
    enum status status = STATUS_OK;

    if (first == NULL && domain->default_cpus == NULL) {
        return STATUS_OK;
    }
    domain->pins = calloc((size_t)domain->vcpus_max, sizeof(*domain->pins));
    if (domain->pins == NULL) {
        return domain_xml_no_memory(reading);
    }
    domain->pin_count = (size_t)domain->vcpus_max;
    for (const xmlNode *at = first; at != NULL && status == STATUS_OK;
         at = xml_node_sibling(at, NULL, "vcpupin")) {
        status = read_pin(reading, at, domain->pins);
    }
    if (status == STATUS_OK) {
        finish_pins(domain);
    }
    return status;
}

enum status domain_xml_read_vcpus(const struct domain_xml_reading *reading)
{
    const xmlNode *element = xml_node_child(reading->node, NULL, "vcpu");
    enum status status = read_counts(reading, element);

    if (status == STATUS_OK) {
        status = read_placement(reading, element);
    }
    if (status == STATUS_OK) {
        status = read_pins(reading);
    }
    return status;
}

void domain_xml_clear_vcpus(struct domain_xml *domain)
{
    for (size_t i = 0; i < domain->pin_count; i++) {
        if (domain->pins[i].cpus != domain->default_cpus) {
            free(domain->pins[i].cpus);
        }
    }
    free(domain->pins);
    free(domain->default_cpus);
}
