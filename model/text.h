/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text.h - strings from outside made fit for SnmpAdminString (RFC 3411).
 *
 * Names, titles and paths come from guests, users and files: they are
 * hostile until they have passed here.
 */
#ifndef HVX_MODEL_TEXT_H
#define HVX_MODEL_TEXT_H

#include <stddef.h>

/* Longest SnmpAdminString in octets, without a terminating NUL. */
#define TEXT_MAX 255

/*
 * Copies at most `size - 1` octets of text to `to` as valid UTF-8 and
 * terminates it: control characters (C0, DEL, C1) are left out, an octet that
 * is no UTF-8 becomes '?', and the end is cut at a character.  `size` is at
 * least 1; text may be NULL, which gives an empty string.
 * Returns the length in octets without the NUL.
 */
size_t text_clean(char *to, size_t size, const char *text);

/*
 * Length in octets, at most `limit`, of the longest prefix of text that ends
 * at a character of UTF-8.
 */
size_t text_prefix(const char *text, size_t limit);

#endif
