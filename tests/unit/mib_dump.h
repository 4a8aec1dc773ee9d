/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mib_dump.h - a MIB module as a sorted list of lines, one for each fact that
 * a manager depends on: what libsmi has understood of it, without the words.
 *
 * A line begins with the name it is about:
 *
 *     vmCurMem: syntax SNMPv2-SMI::Integer32 ranges -1..-1 1..2147483647
 *     vmCurMem: access 3
 *
 * Left out are what is only for people to read (descriptions, references,
 * organisation, contact) and which names are imported: each name in a line
 * has its module in front of it.
 */
#ifndef HVX_TESTS_UNIT_MIB_DUMP_H
#define HVX_TESTS_UNIT_MIB_DUMP_H

#include <stdbool.h>
#include <stddef.h>

struct mib_dump {
    size_t count;
    char **lines; /* ascending; none twice */
};

/*
 * Loads a file by an instance of libsmi of its own, so that it meets no other
 * text of the same module.  Imports are found in `path`, folders separated by
 * colons.  Fails the test that calls it when the module has another name, when
 * the text or an import of it has an error, and without memory.
 */
void mib_dump_load(struct mib_dump *ret_dump, const char *file, const char *path,
                   const char *module);

void mib_dump_free(struct mib_dump *dump);

/* Whether there is exactly this line. */
bool mib_dump_has(const struct mib_dump *dump, const char *line);

#endif
