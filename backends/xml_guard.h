/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xml_guard.h - looks at the octets of an XML text before libxml2 does.
 *
 * Included by xml_input.c and tests.  Pure: no memory, no I/O.  A guard
 * belongs to one thread.
 *
 * libxml2 compares each attribute of an element with all others of it, looks
 * for a namespace among all that are declared around it, and looks at a tag or
 * a comment again from its start with each piece that it gets.  So the time for
 * a text that is bounded in octets alone grows with their square.  It keeps all
 * comments that have no element between them.  And it applies a DTD before it
 * reports that there is one.
 *
 * The guard knows of XML just what tells tags, quotes, comments, CDATA sections
 * and processing instructions apart, and keeps all this from libxml2.  It is no
 * judge of well-formedness: where it is mistaken about a text, libxml2 refuses
 * that text before it comes to that place.
 *
 * It takes the text for UTF-8.  The parser behind it must do so, too: in
 * another encoding the same octets may be other tags.
 */
#ifndef HVX_BACKENDS_XML_GUARD_H
#define HVX_BACKENDS_XML_GUARD_H

#include <stddef.h>

enum xml_guard_state {
    XML_GUARD_BEGIN, /* before the first octet */
    XML_GUARD_TEXT,
    XML_GUARD_MARKUP,      /* behind "<" */
    XML_GUARD_DECLARATION, /* behind "<!" */
    XML_GUARD_LITERAL,     /* in what "<!-" and "<![" have to go on with */
    XML_GUARD_SKIP,        /* in a comment and the like, up to its end */
    XML_GUARD_TAG,
    XML_GUARD_VALUE, /* of an attribute, within its quotes */
    XML_GUARD_END_TAG,
};

/* Where a guard is in its text.  Private but for `line`. */
struct xml_guard {
    enum xml_guard_state state;
    int line;            /* of the octet it is at; from 1 */
    size_t depth;        /* elements that are open */
    size_t namespaces;   /* declared since the start of this child of the root */
    size_t tag_octets;   /* since "<" */
    size_t skip_octets;  /* in what was skipped since the last tag */
    size_t attributes;   /* of this element */
    size_t word_octets;  /* of "xmlns" that this word begins with */
    const char *literal; /* what is still to come */
    char last;           /* octet of the tag */
    char quote;          /* that ends the value */
    char closing;        /* octet whose repetition, and ">", end the skip */
    size_t closing_min;
    size_t closing_count;
};

/* At the start of a text. */
void xml_guard_init(struct xml_guard *guard);

/*
 * Looks at the next octets of the text.  NULL: they are good.  Else why they
 * are refused, in words for people; then the fault is in guard->line, and
 * nothing more may be asked.  The bounds are those of xml_input.h.
 */
const char *xml_guard_check(struct xml_guard *guard, const char *octets, size_t size);

#endif
