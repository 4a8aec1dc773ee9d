/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/xml_node.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define XML_NODE_BLANKS " \t\r\n"

bool xml_node_is(const xmlNode *node, const char *space, const char *name)
{
    if (node->type != XML_ELEMENT_NODE || strcmp((const char *)node->name, name) != 0) {
        return false;
    }
    if (node->ns == NULL || node->ns->href == NULL) {
        return space == NULL;
    }
    return space != NULL && strcmp((const char *)node->ns->href, space) == 0;
}

static xmlNode *node_find(xmlNode *node, const char *space, const char *name)
{
    while (node != NULL && !xml_node_is(node, space, name)) {
        node = node->next;
    }
    return node;
}

xmlNode *xml_node_child(const xmlNode *parent, const char *space, const char *name)
{
    return node_find(parent->children, space, name);
}

xmlNode *xml_node_sibling(const xmlNode *node, const char *space, const char *name)
{
    return node_find(node->next, space, name);
}

static char *node_trim(xmlChar *content)
{
    char *text = (char *)content;
    size_t start;
    size_t length;

    if (text == NULL) {
        return NULL;
    }
    start = strspn(text, XML_NODE_BLANKS);
    length = strlen(text + start);
    while (length > 0 && strchr(XML_NODE_BLANKS, text[start + length - 1]) != NULL) {
        length--;
    }
    memmove(text, text + start, length);
    text[length] = '\0';
    return text;
}

char *xml_node_text(const xmlNode *element)
{
    return node_trim(xmlNodeGetContent(element));
}

char *xml_node_attribute(const xmlNode *element, const char *name)
{
    return node_trim(xmlGetNoNsProp(element, (const xmlChar *)name));
}

enum status xml_node_error(const char *source, const xmlNode *element,
                           struct error *error, const char *format, ...)
{
    char words[ERROR_TEXT_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(words, sizeof(words), format, arguments);
    va_end(arguments);
    return error_set(error, STATUS_INVALID, "%s:%ld: %s", source, xmlGetLineNo(element),
                     words);
}

bool xml_node_number(const char *text, uint64_t max, uint64_t *ret_number)
{
    uint64_t number = 0;
    uint64_t digit;

    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        digit = (uint64_t)(*text - '0');
        if (digit > max || number > (max - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *ret_number = number;
    return true;
}
