/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_xml.h"

#include <string.h>

#include "backends/xml_node.h"
#include "backends/xml_size.h"
#include "model/clock.h"

#define FRACTION_DIGITS 9

enum status sim_xml_check_attributes(const struct sim_xml *xml,
                                     const char *const *names)
{
    const xmlAttr *attribute;

    for (attribute = xml->element->properties; attribute != NULL;
         attribute = attribute->next) {
        const char *const *name = names;

        while (*name != NULL && strcmp((const char *)attribute->name, *name) != 0) {
            name++;
        }
        if (*name == NULL || attribute->ns != NULL) {
            return xml_node_error(xml->source, xml->element, xml->error,
                                  "sim:%s has no attribute \"%.64s\"",
                                  (const char *)xml->element->name,
                                  (const char *)attribute->name);
        }
    }
    return STATUS_OK;
}

static enum status refuse(const struct sim_xml *xml, const char *name, const char *text,
                          const char *wanted)
{
    return xml_node_error(xml->source, xml->element, xml->error,
                          "sim:%s %s=\"%.64s\": %s", (const char *)xml->element->name,
                          name, text, wanted);
}

/* No floating point: what is written is what is meant. */
static bool parse_seconds(char *text, int64_t *ret_ns)
{
    char *point = strchr(text, '.');
    uint64_t seconds = 0;
    uint64_t fraction = 0;
    size_t digits = 0;
    bool valid = true;

    if (point != NULL) {
        *point = '\0';
        digits = strlen(point + 1);
        valid = digits <= FRACTION_DIGITS
                && xml_node_number(point + 1, (uint64_t)CLOCK_NS_PER_S, &fraction);
    }
    valid = valid && xml_node_number(text, SIM_XML_SECONDS_MAX, &seconds);
    if (point != NULL) {
        *point = '.';
    }
    if (!valid) {
        return false;
    }
    for (; point != NULL && digits < FRACTION_DIGITS; digits++) {
        fraction *= 10;
    }
    *ret_ns = (int64_t)(seconds * (uint64_t)CLOCK_NS_PER_S + fraction);
    return true;
}

enum status sim_xml_read_seconds(const struct sim_xml *xml, const char *name,
                                 int64_t *value_ns)
{
    char *text = xml_node_attribute(xml->element, name);
    enum status status = STATUS_OK;

    if (text != NULL && !parse_seconds(text, value_ns)) {
        status = refuse(xml, name, text, "not a number of seconds");
    }
    xmlFree(text);
    return status;
}

enum status sim_xml_read_number(const struct sim_xml *xml, const char *name,
                                uint64_t max, int64_t *value)
{
    char *text = xml_node_attribute(xml->element, name);
    enum status status = STATUS_OK;
    uint64_t number;

    if (text == NULL) {
        return STATUS_OK;
    }
    if (xml_node_number(text, max, &number)) {
        *value = (int64_t)number;
    } else {
        status = xml_node_error(xml->source, xml->element, xml->error,
                                "sim:%s %s=\"%.64s\": not a number from 0 to %llu",
                                (const char *)xml->element->name, name, text,
                                (unsigned long long)max);
    }
    xmlFree(text);
    return status;
}

/* Cuts the text in two in order to read it. */
static bool parse_size(char *text, int64_t *ret_bytes)
{
    size_t digits = strspn(text, "0123456789");
    size_t blanks = strspn(text + digits, " ");
    uint64_t scale = xml_size_unit(text + digits + blanks);
    char first = text[digits];
    uint64_t number;
    bool valid;

    text[digits] = '\0';
    valid =
        scale != 0 && xml_node_number(text, (uint64_t)XML_SIZE_MAX / scale, &number);
    text[digits] = first;
    if (valid) {
        *ret_bytes = (int64_t)(number * scale);
    }
    return valid;
}

enum status sim_xml_read_size(const struct sim_xml *xml, const char *name,
                              int64_t *value_bytes)
{
    char *text = xml_node_attribute(xml->element, name);
    enum status status = STATUS_OK;

    if (text != NULL && !parse_size(text, value_bytes)) {
        status = refuse(xml, name, text,
                        "not a number and a unit, as \"20 GiB\"; units "
                        "are " XML_SIZE_UNITS);
    }
    xmlFree(text);
    return status;
}

enum status sim_xml_read_word(const struct sim_xml *xml, const char *name,
                              const char *const *words, int *value)
{
    char *text = xml_node_attribute(xml->element, name);
    enum status status = STATUS_OK;
    int at = 0;

    if (text == NULL) {
        return STATUS_OK;
    }
    while (words[at] != NULL && strcmp(words[at], text) != 0) {
        at++;
    }
    if (words[at] != NULL) {
        *value = at;
    } else {
        status = refuse(xml, name, text, "no such word there; see hvagentx-sim(5)");
    }
    xmlFree(text);
    return status;
}

enum status sim_xml_read_flag(const struct sim_xml *xml, const char *name, bool *value)
{
    static const char *const words[] = { "no", "yes", NULL };
    int word = *value ? 1 : 0;
    enum status status = sim_xml_read_word(xml, name, words, &word);

    if (status == STATUS_OK) {
        *value = word == 1;
    }
    return status;
}
