/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xml_node.h - small questions to an element of libxml2's tree.
 *
 * Included by backends/ only.  The strings returned are the caller's and
 * freed with xmlFree(); surrounding white space is gone.  Namespaces are
 * given by their URI, NULL for none.
 */
#ifndef HVX_BACKENDS_XML_NODE_H
#define HVX_BACKENDS_XML_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include <libxml/tree.h>

#include "model/status.h"

/* Is this an element of that namespace and name? */
bool xml_node_is(const xmlNode *node, const char *space, const char *name);

/* The first child element of that namespace and name, or NULL. */
xmlNode *xml_node_child(const xmlNode *parent, const char *space, const char *name);

/* The next sibling element of that namespace and name, or NULL. */
xmlNode *xml_node_sibling(const xmlNode *node, const char *space, const char *name);

/* All text within; NULL without memory. */
char *xml_node_text(const xmlNode *element);

/* An attribute without a namespace; NULL where there is none, or no memory. */
char *xml_node_attribute(const xmlNode *element, const char *name);

/*
 * Fills *error with "SOURCE:LINE: " and the words, for a fault of this
 * element, and returns STATUS_INVALID.
 */
enum status xml_node_error(const char *source, const xmlNode *element,
                           struct error *error, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * Reads a decimal number of digits alone, at most `max`.  False, and
 * *ret_number untouched, for anything else.
 */
bool xml_node_number(const char *text, uint64_t max, uint64_t *ret_number);

#endif
