/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * module.h - loads backend modules.
 */
#ifndef HVX_AGENT_MODULE_H
#define HVX_AGENT_MODULE_H

#include <stddef.h>

#include "backends/backend.h"
#include "model/status.h"

/* Longest scheme of a URI, including the terminating NUL. */
#define MODULE_SCHEME_SIZE 16

/*
 * Copies the scheme of a URI: what stands before its first colon, lower-case
 * letters and digits.  A "+" ends it as well.
 * STATUS_INVALID with words when there is none.
 */
enum status module_scheme(const char *uri, char scheme[static MODULE_SCHEME_SIZE],
                          struct error *error) MUST_CHECK;

/*
 * Loads DIRECTORY/SCHEME.so for the URI's scheme and checks the ABI it was
 * built for.  The module stays loaded for the life of the process: a call
 * that was abandoned may still run in it.
 * Errors: STATUS_INVALID (no scheme), STATUS_NOT_FOUND (no such module: names
 * the ones there are), STATUS_UNSUPPORTED (ABI), STATUS_FAILED (the dynamic
 * linker's words).
 */
enum status module_load(const char *directory, const char *uri,
                        const struct backend_ops **ret_ops,
                        struct error *error) MUST_CHECK;

#endif
