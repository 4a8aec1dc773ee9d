/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/xml_size.h"

#include <stdbool.h>
#include <string.h>

#include "backends/xml_node.h"

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

uint64_t xml_size_unit(const char *unit)
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

enum status xml_size_read(const char *source, const xmlNode *element,
                          uint64_t unit_bytes, int64_t *ret_bytes, struct error *error)
{
    const char *name = (const char *)element->name;
    enum status status = STATUS_OK;
    uint64_t scale = unit_bytes;
    uint64_t number = 0;
    char *text = xml_node_text(element);
    char *unit = xml_node_attribute(element, "unit");

    if (text == NULL) {
        status = error_set(error, STATUS_NO_MEMORY, "%s: out of memory", source);
        goto out;
    }
    if (unit != NULL && unit[0] != '\0') {
        scale = xml_size_unit(unit);
    }
    if (scale == 0) {
        status = xml_node_error(source, element, error,
                                "<%.64s unit=\"%.64s\">: no such unit; one "
                                "of " XML_SIZE_UNITS,
                                name, unit != NULL ? unit : "");
        goto out;
    }
    if (!xml_node_number(text, (uint64_t)XML_SIZE_MAX / scale, &number)) {
        status =
            xml_node_error(source, element, error,
                           "<%.64s> \"%.64s\" is no number, or too large", name, text);
        goto out;
    }
    *ret_bytes = (int64_t)(number * scale);
out:
    xmlFree(text);
    xmlFree(unit);
    return status;
}
