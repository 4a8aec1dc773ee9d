/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_line.h - an operation as one line of text, and back.
 *
 * Included by journal*.c and their tests alone.  Pure functions.
 *
 *     hvagentx-journal 1
 *     run 5e0c1f4e-... 123456789 2147483648 89abcdef
 *     operation power 6695eb01-... 4711 shutdown ... =tag =role =name =text 01234567
 *
 * Each line but the first ends with the CRC-32 of what stands before it.  The words of
 * managers and hypervisors begin with '=', and what is not plain ASCII in them is
 * a '%' and two hexadecimal digits.
 */
#ifndef HVX_AGENT_JOURNAL_LINE_H
#define HVX_AGENT_JOURNAL_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/operation.h"

/* First line of the file. */
#define JOURNAL_MAGIC "hvagentx-journal 1\n"

/* Longest line with its newline and a NUL. */
#define JOURNAL_LINE_SIZE 4096

/* What is true of the lines behind it, until the next one of its kind. */
struct journal_run {
    struct uuid boot;       /* moments are on CLOCK_BOOTTIME of this boot */
    int64_t date_offset_ns; /* the date less that clock */
    uint32_t next_id;       /* first id of the agent's own that is not used */
};

/* Each writes a line with its newline and returns its length. */
size_t journal_line_format(const struct operation *operation,
                           char line[static JOURNAL_LINE_SIZE]);
size_t journal_line_format_run(const struct journal_run *run,
                               char line[static JOURNAL_LINE_SIZE]);

/*
 * Reads a line without its newline, which is changed.  STATUS_INVALID, false: it is
 * no line of this kind, or damaged.  Errors: STATUS_NO_MEMORY, too.
 */
enum status journal_line_parse(char *line, struct operation **ret_operation) MUST_CHECK;
bool journal_line_parse_run(char *line, struct journal_run *ret_run);

#endif
