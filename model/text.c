/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/text.h"

#include <stdbool.h>
#include <string.h>

static bool is_between(unsigned char octet, unsigned char first, unsigned char last)
{
    return octet >= first && octet <= last;
}

/*
 * Length of the character of UTF-8 (RFC 3629) at `at`; 0 where there is none:
 * stray and missing octets, overlong forms, surrogates, beyond U+10FFFF.
 * Never looks behind a NUL, since a NUL continues nothing.
 */
static size_t character_length(const unsigned char *at)
{
    unsigned char first = 0x80; /* range of the second octet */
    unsigned char last = 0xbf;
    size_t length;

    if (at[0] < 0x80) {
        return 1;
    }
    if (is_between(at[0], 0xc2, 0xdf)) {
        length = 2;
    } else if (is_between(at[0], 0xe0, 0xef)) {
        length = 3;
        first = at[0] == 0xe0 ? 0xa0 : 0x80;
        last = at[0] == 0xed ? 0x9f : 0xbf;
    } else if (is_between(at[0], 0xf0, 0xf4)) {
        length = 4;
        first = at[0] == 0xf0 ? 0x90 : 0x80;
        last = at[0] == 0xf4 ? 0x8f : 0xbf;
    } else {
        return 0;
    }
    if (!is_between(at[1], first, last)) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if (!is_between(at[i], 0x80, 0xbf)) {
            return 0;
        }
    }
    return length;
}

/* C0, DEL, and C1 (U+0080 to U+009F). */
static bool is_control(const unsigned char *at)
{
    return at[0] < 0x20 || at[0] == 0x7f || (at[0] == 0xc2 && at[1] < 0xa0);
}

size_t text_clean(char *to, size_t size, const char *text)
{
    const unsigned char *at = (const unsigned char *)(text != NULL ? text : "");
    size_t used = 0;

    while (*at != '\0') {
        size_t length = character_length(at);
        bool valid = length != 0;

        length = valid ? length : 1;
        if (!valid || !is_control(at)) {
            if (length > size - 1 - used) {
                break;
            }
            memcpy(to + used, valid ? (const char *)at : "?", length);
            used += length;
        }
        at += length;
    }
    to[used] = '\0';
    return used;
}

size_t text_prefix(const char *text, size_t limit)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t used = 0;

    while (used < limit && at[used] != '\0') {
        size_t length = character_length(at + used);

        length = length != 0 ? length : 1;
        if (length > limit - used) {
            break;
        }
        used += length;
    }
    return used;
}
