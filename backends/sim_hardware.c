/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_hardware.h"

#include <string.h>

#include "backends/sim_load.h"
#include "backends/xml_node.h"
#include "backends/xml_size.h"
#include "model/domain.h"

#define KIB UINT64_C(1024)

/* Longest <model>, as libvirt's test driver has it. */
#define MODEL_MAX 31

static enum status no_memory(const struct sim_xml *xml)
{
    return error_set(xml->error, STATUS_NO_MEMORY, "%s: out of memory", xml->source);
}

/* A number from 1 to `max` in a child; *value stays where there is none. */
static enum status read_count(const struct sim_xml *xml, const char *name, uint64_t max,
                              uint64_t *value)
{
    const xmlNode *child = xml_node_child(xml->element, NULL, name);
    enum status status = STATUS_OK;
    uint64_t number = 0;
    char *text;

    if (child == NULL) {
        return STATUS_OK;
    }
    text = xml_node_text(child);
    if (text == NULL) {
        return no_memory(xml);
    }
    if (text[0] != '\0') {
        if (xml_node_number(text, max, &number) && number != 0) {
            *value = number;
        } else {
            status = xml_node_error(xml->source, child, xml->error,
                                    "<%s> \"%.64s\" is no number from 1 to %llu", name,
                                    text, (unsigned long long)max);
        }
    }
    xmlFree(text);
    return status;
}

static enum status check_model(const struct sim_xml *xml)
{
    const xmlNode *child = xml_node_child(xml->element, NULL, "model");
    enum status status = STATUS_OK;
    char *text;

    if (child == NULL) {
        return STATUS_OK;
    }
    text = xml_node_text(child);
    if (text == NULL) {
        return no_memory(xml);
    }
    if (strlen(text) > MODEL_MAX) {
        status = xml_node_error(xml->source, child, xml->error,
                                "<model> is longer than %d octets", MODEL_MAX);
    }
    xmlFree(text);
    return status;
}

enum status sim_hardware_read_cpu(const struct sim_xml *xml, uint32_t *ret_cpu_count)
{
    static const char *const names[] = { "nodes", "sockets", "cores", "threads" };
    uint64_t active = 0; /* all */
    uint64_t mhz = 0;
    uint64_t all = 1;
    enum status status = check_model(xml);

    for (size_t i = 0; i < 4 && status == STATUS_OK; i++) {
        uint64_t count = 2; /* the test driver's: 16 in all */

        status = read_count(xml, names[i], DOMAIN_CPUS_MAX, &count);
        all *= count;
    }
    if (status == STATUS_OK) {
        status = read_count(xml, "active", UINT32_MAX, &active);
    }
    if (status == STATUS_OK) {
        status = read_count(xml, "mhz", UINT32_MAX, &mhz);
    }
    if (status != STATUS_OK) {
        return status;
    }
    all = active != 0 && active < all ? active : all;
    if (all > DOMAIN_CPUS_MAX) {
        return xml_node_error(xml->source, xml->element, xml->error,
                              "<cpu> has more than %d CPUs", DOMAIN_CPUS_MAX);
    }
    *ret_cpu_count = (uint32_t)all;
    return STATUS_OK;
}

/* The test driver would take 1 GiB for 1 KiB, and say nothing. */
enum status sim_hardware_check_memory(const struct sim_xml *xml)
{
    char *unit = xml_node_attribute(xml->element, "unit");
    bool is_kib = unit == NULL || xml_size_unit(unit) == KIB;
    int64_t bytes;

    xmlFree(unit);
    if (!is_kib) {
        return xml_node_error(xml->source, xml->element, xml->error,
                              "<memory> of a node is in KiB");
    }
    return xml_size_read(xml->source, xml->element, KIB, &bytes, xml->error);
}

enum status sim_hardware_check_device(const struct sim_xml *xml,
                                      struct sim_names *devices)
{
    char *name = NULL;
    enum status status = sim_load_name(xml, &name);

    if (status == STATUS_OK
        && xml_node_child(xml->element, NULL, "capability") == NULL) {
        status = xml_node_error(xml->source, xml->element, xml->error,
                                "device \"%.64s\" has no <capability>", name);
    }
    if (status == STATUS_OK) {
        status = sim_names_add(devices, xml, name);
    }
    xmlFree(name);
    return status;
}

enum status sim_hardware_check_interface(const struct sim_xml *xml,
                                         struct sim_names *interfaces)
{
    char *name = xml_node_attribute(xml->element, "name");
    enum status status;

    if (name == NULL || name[0] == '\0') {
        status = xml_node_error(xml->source, xml->element, xml->error,
                                "this <interface> has no name=");
    } else {
        status = sim_names_add(interfaces, xml, name);
    }
    xmlFree(name);
    return status;
}
