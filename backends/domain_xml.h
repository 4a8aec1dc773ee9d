/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain_xml.h - the one parser of libvirt's domain XML, for all backends.
 *
 * Included by backends/ and tests.  Pure: reads the memory it is given and
 * nothing else.  Any thread.
 *
 * It takes what libvirt writes and what people write for libvirt, and means
 * by it what libvirt means: defaults, units, rounding.  It is no validator:
 * what nobody here reads may be there, or be wrong.
 */
#ifndef HVX_BACKENDS_DOMAIN_XML_H
#define HVX_BACKENDS_DOMAIN_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libxml/tree.h>

#include "model/domain.h"
#include "model/status.h"
#include "model/uuid.h"

/* Bounds of one domain's XML. */
#define DOMAIN_XML_SIZE_MAX ((size_t)1024 * 1024) /* octets */
#define DOMAIN_XML_DEPTH_MAX 64                   /* elements in elements */
#define DOMAIN_XML_ELEMENTS_MAX 65536
#define DOMAIN_XML_VCPUS_MAX 65535 /* as libvirt's own schema has it */

/* A domain's description.  Strings are NULL where the XML says nothing. */
struct domain_xml {
    char *name; /* never NULL nor empty; as written, not cleaned */
    struct uuid uuid;
    bool has_uuid;
    char *title;
    /*
     * The operating system: of libosinfo's id in the metadata what is to be
     * read by people ("http://debian.org/debian/12": "debian 12"), else the
     * text of <os><type> (hvm, exe, linux, xen ...).
     */
    char *os_type;
    int64_t vcpus;     /* <vcpu current=>; all of them where it is missing */
    int64_t vcpus_max; /* <vcpu>; 1 where it is missing */
    /*
     * <memory> and <currentMemory>, rounded up to KiB as libvirt does.
     * DOMAIN_NO_LIMIT where the first is missing or 0; all of it where the
     * second is missing, 0 or more than there is.
     */
    int64_t memory_max_bytes;
    int64_t memory_bytes;
};

/*
 * Reads a <domain> element out of a document that is already in memory.
 * `source` names the document in errors: "SOURCE:LINE: reason".
 * Errors: STATUS_INVALID, STATUS_NO_MEMORY.
 */
enum status domain_xml_from_node(const char *source, const xmlNode *node,
                                 struct domain_xml **ret_domain,
                                 struct error *error) MUST_CHECK;

/*
 * Reads a document whose root is <domain> from `size` octets of text (no NUL
 * needed).  Hostile text is refused: see xml_input.h and the bounds above.
 * Errors: STATUS_INVALID, STATUS_NO_MEMORY.
 */
enum status domain_xml_from_text(const char *source, const char *text, size_t size,
                                 struct domain_xml **ret_domain,
                                 struct error *error) MUST_CHECK;

/* NULL is allowed. */
void domain_xml_free(struct domain_xml *domain);

/*
 * The record of this description, with the UUID given: a backend may know it
 * from elsewhere.  NULL without memory.
 */
struct domain_config *domain_xml_config(const struct domain_xml *domain,
                                        const struct uuid *uuid);

#endif
