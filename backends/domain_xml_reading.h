/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain_xml_reading.h - what the parts of the domain XML parser share.
 *
 * Included by domain_xml*.c only.
 */
#ifndef HVX_BACKENDS_DOMAIN_XML_READING_H
#define HVX_BACKENDS_DOMAIN_XML_READING_H

#include <libxml/tree.h>

#include "backends/domain_xml.h"
#include "model/status.h"

/* What every reader needs: the <domain> element, and what it becomes. */
struct domain_xml_reading {
    const char *source;
    const xmlNode *node;
    struct domain_xml *domain;
    struct error *error;
};

/* Each reads one part into reading->domain, which holds zeroes there. */
enum status domain_xml_read_vcpus(const struct domain_xml_reading *reading) MUST_CHECK;
enum status domain_xml_read_tune(const struct domain_xml_reading *reading) MUST_CHECK;
enum status domain_xml_read_disks(const struct domain_xml_reading *reading) MUST_CHECK;
enum status
domain_xml_read_interfaces(const struct domain_xml_reading *reading) MUST_CHECK;

/* Free what they made. */
void domain_xml_clear_vcpus(struct domain_xml *domain);
void domain_xml_clear_disks(struct domain_xml *domain);
void domain_xml_clear_interfaces(struct domain_xml *domain);

/* Fills the error and returns STATUS_NO_MEMORY. */
enum status domain_xml_no_memory(const struct domain_xml_reading *reading);

/*
 * The text of a child element, copied to memory that free() frees.  NULL
 * where there is no such child or nothing in it.
 */
enum status domain_xml_read_text(const struct domain_xml_reading *reading,
                                 const xmlNode *parent, const char *name,
                                 char **ret_text) MUST_CHECK;

/* The same of an attribute of an element; element may be NULL. */
enum status domain_xml_read_attribute(const struct domain_xml_reading *reading,
                                      const xmlNode *element, const char *name,
                                      char **ret_text) MUST_CHECK;

/*
 * The position of an attribute's word in `words`, which has `count`; of
 * `missing` where the attribute is not there; `count` for another word.
 */
size_t domain_xml_read_word(const xmlNode *element, const char *name,
                            const char *const *words, size_t count,
                            const char *missing);

#endif
