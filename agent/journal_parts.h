/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_parts.h - the inside of a journal: journal.c has its thread,
 * journal_load.c reads the file and writes it anew.  Included by journal*.c alone.
 */
#ifndef HVX_AGENT_JOURNAL_PARTS_H
#define HVX_AGENT_JOURNAL_PARTS_H

#include "agent/journal.h"

struct journal_paths {
    char *path;
    char *new_path;
    char *corrupt_path;
};

/*
 * Adds what the file tells to the table, which is empty: the last line about each
 * operation, with moments on this boot's clock.  What was written in another
 * boot and is final is to be forgotten keep_ns from now.  No file: nothing.
 * *ret_next_id: as journal_open().  *ret_damaged: the number of the first line
 * that is damaged, but for an end that was cut off; 0: none is.
 * Errors: STATUS_IO, STATUS_NO_MEMORY.
 */
enum status journal_load(const char *path, int64_t keep_ns,
                         struct operation_table *table, uint32_t *ret_next_id,
                         size_t *ret_damaged, struct error *error) MUST_CHECK;

/*
 * Writes the file anew with what the table has, and returns when it is on the
 * disk; *ret_size: its size.  Errors: STATUS_IO; the old file stays.
 */
enum status journal_rewrite(const struct journal_paths *paths,
                            const struct operation_table *table, uint32_t next_id,
                            int64_t *ret_size, struct error *error) MUST_CHECK;

#endif
