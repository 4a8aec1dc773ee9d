/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/domain_xml_reading.h"

#include <stdlib.h>
#include <string.h>

#include "backends/xml_node.h"

enum status domain_xml_no_memory(const struct domain_xml_reading *reading)
{
    return error_set(reading->error, STATUS_NO_MEMORY, "%s: out of memory",
                     reading->source);
}

/* Takes over what libxml2 allocated; nothing in it is nothing. */
static enum status keep_text(const struct domain_xml_reading *reading, char *text,
                             char **ret_text)
{
    *ret_text = NULL;
    if (text == NULL) {
        return domain_xml_no_memory(reading);
    }
    if (text[0] != '\0') {
        *ret_text = strdup(text);
        if (*ret_text == NULL) {
            xmlFree(text);
            return domain_xml_no_memory(reading);
        }
    }
    xmlFree(text);
    return STATUS_OK;
}

enum status domain_xml_read_text(const struct domain_xml_reading *reading,
                                 const xmlNode *parent, const char *name,
                                 char **ret_text)
{
    const xmlNode *child = xml_node_child(parent, NULL, name);

    *ret_text = NULL;
    return child == NULL ? STATUS_OK
                         : keep_text(reading, xml_node_text(child), ret_text);
}

enum status domain_xml_read_attribute(const struct domain_xml_reading *reading,
                                      const xmlNode *element, const char *name,
                                      char **ret_text)
{
    *ret_text = NULL;
    if (element == NULL || xmlHasProp(element, (const xmlChar *)name) == NULL) {
        return STATUS_OK;
    }
    return keep_text(reading, xml_node_attribute(element, name), ret_text);
}

size_t domain_xml_read_word(const xmlNode *element, const char *name,
                            const char *const *words, size_t count, const char *missing)
{
    char *text = xml_node_attribute(element, name);
    const char *word = text != NULL ? text : missing;
    size_t at = 0;

    while (at < count && strcmp(words[at], word) != 0) {
        at++;
    }
    xmlFree(text);
    return at;
}
