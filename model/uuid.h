/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uuid.h - the 128 bits that identify a domain (RFC 9562, RFC 6933).
 *
 * Plain data, copied by value.  Included by everybody.
 */
#ifndef HVX_MODEL_UUID_H
#define HVX_MODEL_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets in network order, as in the text form and in vmUUID. */
struct uuid {
    uint8_t bytes[16];
};

/* Size of the text form with its terminating NUL. */
#define UUID_TEXT_SIZE 37

/*
 * Reads the text form: 32 hexadecimal digits, with the four hyphens in their
 * places or with none, in either case.  Anything before or after them makes
 * it invalid.  On false *ret_uuid is untouched.
 */
bool uuid_parse(const char *text, struct uuid *ret_uuid);

/* Writes the lower-case text form with hyphens.  Returns text. */
char *uuid_format(const struct uuid *uuid, char text[static UUID_TEXT_SIZE]);

/* Order of the octets: negative, zero or positive as memcmp() has it. */
int uuid_compare(const struct uuid *a, const struct uuid *b);

/* UUIDs in ascending order; what it points to belongs to somebody else. */
struct uuid_set {
    const struct uuid *uuids;
    size_t count;
};

bool uuid_set_has(const struct uuid_set *set, const struct uuid *uuid);

/* The nil UUID: no UUID is known, or Xen's domain 0. */
bool uuid_is_nil(const struct uuid *uuid);

#endif
