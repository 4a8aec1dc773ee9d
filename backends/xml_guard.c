/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/xml_guard.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "backends/xml_input.h"

#define TEXT_OF(words) #words
#define NUMBER_TEXT(macro) TEXT_OF(macro)

static const char namespace_word[] = "xmlns";
#define NAMESPACE_WORD_LENGTH (sizeof(namespace_word) - 1)

static bool is_blank(char octet)
{
    return octet == ' ' || octet == '\t' || octet == '\r' || octet == '\n';
}

static void skip_to(struct xml_guard *guard, char closing, size_t count)
{
    guard->state = XML_GUARD_SKIP;
    guard->closing = closing;
    guard->closing_min = count;
    guard->closing_count = 0;
}

static const char *begin(struct xml_guard *guard, char octet)
{
    if (octet != '<' && octet != '\xef' && !is_blank(octet)) {
        return "does not begin with \"<\": this is no XML text in UTF-8";
    }
    guard->state = octet == '<' ? XML_GUARD_MARKUP : XML_GUARD_TEXT;
    return NULL;
}

static const char *begin_markup(struct xml_guard *guard, char octet)
{
    guard->tag_octets = 0;
    if (octet == '!') {
        guard->state = XML_GUARD_DECLARATION;
        return NULL;
    }
    if (octet == '?') {
        skip_to(guard, '?', 1);
        return NULL;
    }
    guard->skip_octets = 0;
    if (octet == '/') {
        guard->state = XML_GUARD_END_TAG;
        return NULL;
    }
    if (guard->depth >= XML_INPUT_DEPTH_MAX) {
        return "more than " NUMBER_TEXT(
            XML_INPUT_DEPTH_MAX) " elements one in the other";
    }
    if (guard->depth <= 1) {
        guard->namespaces = 0;
    }
    guard->state = XML_GUARD_TAG;
    guard->attributes = 0;
    guard->word_octets = SIZE_MAX; /* the name of the element */
    guard->last = octet;
    return NULL;
}

static const char *begin_declaration(struct xml_guard *guard, char octet)
{
    if (octet == '-' || octet == '[') {
        guard->state = XML_GUARD_LITERAL;
        guard->literal = octet == '-' ? "-" : "CDATA[";
        return NULL;
    }
    if (octet == 'D') {
        return "has a DOCTYPE; documents with one are refused";
    }
    return "\"<!\" begins neither a comment nor a CDATA section";
}

static const char *go_on_in_literal(struct xml_guard *guard, char octet)
{
    if (octet != *guard->literal) {
        return "\"<!\" begins neither a comment nor a CDATA section";
    }
    guard->literal++;
    if (*guard->literal == '\0') {
        skip_to(guard, octet == '-' ? '-' : ']', 2);
    }
    return NULL;
}

static const char *go_on_in_skip(struct xml_guard *guard, char octet)
{
    if (++guard->skip_octets > XML_INPUT_SKIP_MAX) {
        return "more than " NUMBER_TEXT(
            XML_INPUT_SKIP_MAX) " octets of comments and the like between two tags";
    }
    if (octet == guard->closing) {
        guard->closing_count++;
    } else if (octet == '>' && guard->closing_count >= guard->closing_min) {
        guard->state = XML_GUARD_TEXT;
    } else {
        guard->closing_count = 0;
    }
    return NULL;
}

/* The words of a tag: names of attributes, and what stands around them. */
static const char *note_word(struct xml_guard *guard, char octet)
{
    if (is_blank(octet)) {
        guard->word_octets = 0;
        return NULL;
    }
    if (guard->word_octets >= NAMESPACE_WORD_LENGTH) {
        return NULL;
    }
    if (octet != namespace_word[guard->word_octets]) {
        guard->word_octets = SIZE_MAX;
        return NULL;
    }
    guard->word_octets++;
    if (guard->word_octets == NAMESPACE_WORD_LENGTH
        && ++guard->namespaces > XML_INPUT_NAMESPACES_MAX) {
        return "more than " NUMBER_TEXT(
            XML_INPUT_NAMESPACES_MAX) " declarations of namespaces in one element";
    }
    return NULL;
}

static const char *go_on_in_tag(struct xml_guard *guard, char octet)
{
    const char *reason = NULL;

    if (octet == '>') {
        guard->state = XML_GUARD_TEXT;
        guard->depth += guard->last != '/';
    } else if (octet == '"' || octet == '\'') {
        guard->state = XML_GUARD_VALUE;
        guard->quote = octet;
        if (++guard->attributes > XML_INPUT_ATTRIBUTES_MAX) {
            reason = "more than " NUMBER_TEXT(
                XML_INPUT_ATTRIBUTES_MAX) " attributes in one element";
        }
    } else {
        reason = note_word(guard, octet);
    }
    guard->last = octet;
    return reason;
}

static const char *go_on_in_value(struct xml_guard *guard, char octet)
{
    if (octet == '<') {
        return "\"<\" in the value of an attribute: is a quote missing?";
    }
    if (octet == guard->quote) {
        guard->state = XML_GUARD_TAG;
        guard->word_octets = SIZE_MAX;
    }
    return NULL;
}

static void go_on_in_end_tag(struct xml_guard *guard, char octet)
{
    if (octet == '>') {
        guard->state = XML_GUARD_TEXT;
        guard->depth -= guard->depth > 0;
    }
}

static const char *check_octet(struct xml_guard *guard, char octet)
{
    if (octet == '\0') {
        return "holds a NUL octet: this is no XML text in UTF-8";
    }
    if (guard->state >= XML_GUARD_TAG && ++guard->tag_octets > XML_INPUT_TAG_MAX) {
        return "a tag of more than " NUMBER_TEXT(XML_INPUT_TAG_MAX) " octets";
    }
    switch (guard->state) {
    case XML_GUARD_BEGIN:
        return begin(guard, octet);
    case XML_GUARD_TEXT:
        guard->state = octet == '<' ? XML_GUARD_MARKUP : XML_GUARD_TEXT;
        return NULL;
    case XML_GUARD_MARKUP:
        return begin_markup(guard, octet);
    case XML_GUARD_DECLARATION:
        return begin_declaration(guard, octet);
    case XML_GUARD_LITERAL:
        return go_on_in_literal(guard, octet);
    case XML_GUARD_SKIP:
        return go_on_in_skip(guard, octet);
    case XML_GUARD_TAG:
        return go_on_in_tag(guard, octet);
    case XML_GUARD_VALUE:
        return go_on_in_value(guard, octet);
    case XML_GUARD_END_TAG:
        go_on_in_end_tag(guard, octet);
        return NULL;
    }
    return NULL;
}

void xml_guard_init(struct xml_guard *guard)
{
    memset(guard, 0, sizeof(*guard));
    guard->state = XML_GUARD_BEGIN;
    guard->line = 1;
}

const char *xml_guard_check(struct xml_guard *guard, const char *octets, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const char *reason = check_octet(guard, octets[i]);

        if (reason != NULL) {
            return reason;
        }
        guard->line += octets[i] == '\n';
    }
    return NULL;
}
