/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_broken(const char *file, int line, const char *promise)
{
    fprintf(stderr, "%s:%d: a broken promise: %s\n", file, line, promise);
    abort();
}

void fuzz_check_clean(const char *text, size_t size_max)
{
    if (text == NULL) {
        return;
    }
    FUZZ_PROMISE(strnlen(text, size_max + 1) <= size_max);
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        FUZZ_PROMISE(*at >= 0x20 && *at != 0x7f);
    }
}

void fuzz_check_error(const struct error *error, enum status status, const char *source)
{
    FUZZ_PROMISE(error->status == status);
    fuzz_check_clean(error->text, ERROR_TEXT_SIZE - 1);
    FUZZ_PROMISE(strstr(error->text, source) != NULL);
    FUZZ_PROMISE(strlen(error->text) > strlen(source) + 2);
}
