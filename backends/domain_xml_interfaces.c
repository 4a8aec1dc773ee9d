/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/domain_xml_reading.h"

#include <stdlib.h>
#include <string.h>

#include "backends/xml_node.h"

static const char *const types[] = {
    [DOMAIN_XML_ATTACHMENT_BRIDGE] = "bridge",
    [DOMAIN_XML_ATTACHMENT_NETWORK] = "network",
    [DOMAIN_XML_ATTACHMENT_DIRECT] = "direct",
    [DOMAIN_XML_ATTACHMENT_ETHERNET] = "ethernet",
    [DOMAIN_XML_ATTACHMENT_USER] = "user",
    [DOMAIN_XML_ATTACHMENT_HOSTDEV] = "hostdev",
    [DOMAIN_XML_ATTACHMENT_INTERNAL] = "internal",
};
_Static_assert(sizeof(types) / sizeof(types[0]) == DOMAIN_XML_ATTACHMENT_OTHER,
               "a word for each type but other");

/* Value of a hexadecimal digit, -1 for none. */
static int digit(char letter)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = letter != '\0' ? strchr(digits, letter) : NULL;

    return at != NULL ? (int)((at - digits) % 16) : -1;
}

/* Six numbers of one or two digits with colons between them, of one station. */
static bool parse_mac(const char *text, uint8_t *mac)
{
    for (size_t i = 0; i < DOMAIN_MAC_SIZE; i++) {
        int value = digit(*text);

        if (value < 0) {
            return false;
        }
        text++;
        if (digit(*text) >= 0) {
            value = value * 16 + digit(*text);
            text++;
        }
        if (*text != (i + 1 < DOMAIN_MAC_SIZE ? ':' : '\0')) {
            return false;
        }
        text += *text != '\0';
        mac[i] = (uint8_t)value;
    }
    return (mac[0] & 1) == 0;
}

static enum status read_mac(const struct domain_xml_reading *reading,
                            const xmlNode *element,
                            struct domain_xml_interface *interface)
{
    const xmlNode *mac = xml_node_child(element, NULL, "mac");
    char *text;
    enum status status = domain_xml_read_attribute(reading, mac, "address", &text);

    if (status != STATUS_OK || text == NULL) {
        return status;
    }
    interface->has_mac = parse_mac(text, interface->mac);
    if (!interface->has_mac) {
        status =
            xml_node_error(reading->source, mac, reading->error,
                           "<mac address=\"%.64s\"> is no address of one station, as "
                           "52:54:00:12:34:56 is one",
                           text);
    }
    free(text);
    return status;
}

static enum status read_source(const struct domain_xml_reading *reading,
                               const xmlNode *element,
                               struct domain_xml_interface *interface)
{
    const xmlNode *source = xml_node_child(element, NULL, "source");
    enum status status =
        domain_xml_read_attribute(reading, source, "network", &interface->network);

    if (status == STATUS_OK) {
        /* Of a network's, libvirt writes it while the domain runs. */
        status =
            domain_xml_read_attribute(reading, source, "bridge", &interface->parent);
    }
    if (status == STATUS_OK && interface->parent == NULL) {
        status = domain_xml_read_attribute(reading, source, "dev", &interface->parent);
    }
    return status;
}

static enum status read_interface(const struct domain_xml_reading *reading,
                                  const xmlNode *element,
                                  struct domain_xml_interface *interface)
{
    enum status status = read_mac(reading, element, interface);

    interface->type = (enum domain_xml_attachment)domain_xml_read_word(
        element, "type", types, DOMAIN_XML_ATTACHMENT_OTHER, "user");
    if (status == STATUS_OK) {
        status = domain_xml_read_attribute(
            reading, xml_node_child(element, NULL, "model"), "type", &interface->model);
    }
    if (status == STATUS_OK) {
        status = read_source(reading, element, interface);
    }
    if (status == STATUS_OK) {
        status =
            domain_xml_read_attribute(reading, xml_node_child(element, NULL, "target"),
                                      "dev", &interface->target);
    }
    return status;
}

enum status domain_xml_read_interfaces(const struct domain_xml_reading *reading)
{
    struct domain_xml *domain = reading->domain;
    const xmlNode *devices = xml_node_child(reading->node, NULL, "devices");
    const xmlNode *first =
        devices != NULL ? xml_node_child(devices, NULL, "interface") : NULL;
    enum status status = STATUS_OK;
    size_t count = 0;

    for (const xmlNode *at = first; at != NULL;
         at = xml_node_sibling(at, NULL, "interface")) {
        if (++count > DOMAIN_XML_INTERFACES_MAX) {
            return xml_node_error(reading->source, at, reading->error,
                                  "more than %d interfaces in one <domain>",
                                  DOMAIN_XML_INTERFACES_MAX);
        }
    }
    if (count == 0) {
        return STATUS_OK;
    }
    domain->interfaces = calloc(count, sizeof(*domain->interfaces));
    if (domain->interfaces == NULL) {
        return domain_xml_no_memory(reading);
    }
    for (const xmlNode *at = first; at != NULL && status == STATUS_OK;
         at = xml_node_sibling(at, NULL, "interface")) {
        status =
            read_interface(reading, at, &domain->interfaces[domain->interface_count++]);
    }
    return status;
}

void domain_xml_clear_interfaces(struct domain_xml *domain)
{
    for (size_t i = 0; i < domain->interface_count; i++) {
        struct domain_xml_interface *interface = &domain->interfaces[i];

        free(interface->model);
        free(interface->network);
        free(interface->parent);
        free(interface->target);
    }
    free(domain->interfaces);
}
