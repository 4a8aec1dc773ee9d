/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xml_input.h - XML read from front to back as if somebody hostile wrote it.
 *
 * Included by backends/ only.  One reader over libxml2's xmlTextReader for
 * texts and files: UTF-8, whatever the XML declaration says; no network, no
 * external entities, no substitution, no XInclude; a DOCTYPE and a NUL are
 * refused; what is read is bounded in octets, and in all that libxml2 needs
 * more than linear time for (xml_guard.h); what is in memory at once is one
 * child of the root, or of the element that was entered.  Every error names
 * the source, the line and the reason.
 *
 * A reader belongs to one thread; several readers may be at work at once.
 */
#ifndef HVX_BACKENDS_XML_INPUT_H
#define HVX_BACKENDS_XML_INPUT_H

#include <stddef.h>

#include <libxml/tree.h>

#include "model/status.h"

/* Longest name of a source that error texts repeat; longer ones are cut. */
#define XML_INPUT_SOURCE_SIZE 256

/*
 * Bounds of every text, far beyond what libvirt and people write.  They keep
 * the time for a text in proportion to its size, whatever is in it.  Plain
 * numbers: the words of a refusal repeat them.
 */
#define XML_INPUT_DEPTH_MAX 256       /* elements in elements */
#define XML_INPUT_ATTRIBUTES_MAX 256  /* of one element, xmlns= included */
#define XML_INPUT_NAMESPACES_MAX 1024 /* xmlns= in one child of the root, in all */
#define XML_INPUT_TAG_MAX 65536       /* octets in one tag, attributes included */
/* Octets of comments, CDATA sections and processing instructions between two tags. */
#define XML_INPUT_SKIP_MAX 262144

struct xml_input;

/*
 * Begins to read `size` octets of text, which stay the caller's and unchanged
 * until xml_input_close().  `source` names the text in errors: a path, or
 * where else it came from; it is copied.
 */
enum status xml_input_open_text(const char *source, const char *text, size_t size,
                                struct xml_input **ret_input,
                                struct error *error) MUST_CHECK;

/*
 * Begins to read a file of at most `size_max` octets; a larger one is refused,
 * now if that can be seen, else when it was read so far.  The descriptor is
 * taken over, also on failure.
 */
enum status xml_input_open_fd(const char *source, int fd, size_t size_max,
                              struct xml_input **ret_input,
                              struct error *error) MUST_CHECK;

/* NULL is allowed. */
void xml_input_close(struct xml_input *input);

/*
 * Goes to the root element, which must have this name and no namespace.  Its
 * attributes are there, its children not yet.
 * Errors: STATUS_INVALID, STATUS_IO, STATUS_NO_MEMORY.
 */
enum status xml_input_read_root(struct xml_input *input, const char *name,
                                struct error *error) MUST_CHECK;

/* The element where the reader is; valid until it goes on. */
xmlNode *xml_input_here(const struct xml_input *input);

/*
 * Goes into the element where the reader is, which was not expanded: from now
 * on xml_input_next_child() goes through its children, and at their end, where
 * *ret_child is NULL, is back among its siblings.
 */
void xml_input_enter(struct xml_input *input);

/*
 * Goes to the next element that is a child of the root, and frees the one
 * before.  *ret_child has its attributes; its content only after
 * xml_input_expand().  *ret_child is NULL at the end, where the rest of the
 * document was found to be in order.
 */
enum status xml_input_next_child(struct xml_input *input, xmlNode **ret_child,
                                 struct error *error) MUST_CHECK;

/*
 * Reads the content of the element where the reader is, the root or a child;
 * it is valid until the reader goes on.  Content of more than about
 * `size_max` octets is refused.
 */
enum status xml_input_expand(struct xml_input *input, size_t size_max,
                             xmlNode **ret_element, struct error *error) MUST_CHECK;

/* Reads the rest of the document: is it well-formed to its end? */
enum status xml_input_finish(struct xml_input *input, struct error *error) MUST_CHECK;

#endif
