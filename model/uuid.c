/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/uuid.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define HYPHENS 4

static bool is_hyphen_place(size_t position)
{
    return position == 8 || position == 13 || position == 18 || position == 23;
}

/* Not isxdigit(): that asks the locale. */
static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return -1;
}

bool uuid_parse(const char *text, struct uuid *ret_uuid)
{
    struct uuid uuid = { { 0 } };
    size_t length = strnlen(text, UUID_TEXT_SIZE);
    bool hyphens = length == UUID_TEXT_SIZE - 1;
    size_t digits = 0;

    if (!hyphens && length != UUID_TEXT_SIZE - 1 - HYPHENS) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        int value = digit_value(text[i]);

        if (hyphens && is_hyphen_place(i)) {
            if (text[i] != '-') {
                return false;
            }
            continue;
        }
        if (value < 0) {
            return false;
        }
        uuid.bytes[digits / 2] = (uint8_t)(uuid.bytes[digits / 2] << 4 | value);
        digits++;
    }
    *ret_uuid = uuid;
    return true;
}

char *uuid_format(const struct uuid *uuid, char text[static UUID_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    char *to = text;

    for (size_t i = 0; i < sizeof(uuid->bytes); i++) {
        if (is_hyphen_place((size_t)(to - text))) {
            *to++ = '-';
        }
        *to++ = digits[uuid->bytes[i] >> 4];
        *to++ = digits[uuid->bytes[i] & 0xf];
    }
    *to = '\0';
    return text;
}

int uuid_compare(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static int compare_elements(const void *a, const void *b)
{
    return uuid_compare(a, b);
}

bool uuid_set_has(const struct uuid_set *set, const struct uuid *uuid)
{
    return set->count > 0
           && bsearch(uuid, set->uuids, set->count, sizeof(*uuid), compare_elements)
                  != NULL;
}

bool uuid_is_nil(const struct uuid *uuid)
{
    static const struct uuid nil;

    return uuid_compare(uuid, &nil) == 0;
}
