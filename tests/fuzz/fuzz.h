/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz.h - what the fuzz targets share.
 *
 * A target is one function that libFuzzer (run) or replay.c calls with octets
 * as hostile as can be.  It gives them to one reader, and holds what comes back
 * against what the reader's header promises; a promise that is not kept ends
 * the process.  The present folder is empty, and the target's own.
 */
#ifndef HVX_TESTS_FUZZ_H
#define HVX_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "model/status.h"

/* The target.  Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size);

/* Ends the process, with the promise, if it is not kept. */
#define FUZZ_PROMISE(kept)                                                             \
    do {                                                                               \
        if (!(kept)) {                                                                 \
            fuzz_broken(__FILE__, __LINE__, #kept);                                    \
        }                                                                              \
    } while (0)

_Noreturn void fuzz_broken(const char *file, int line, const char *promise);

/* An error has the status, and a text of one clean line that names `source`. */
void fuzz_check_error(const struct error *error, enum status status,
                      const char *source);

/* NULL, or text without control characters, of at most `size_max` octets. */
void fuzz_check_clean(const char *text, size_t size_max);

#endif
