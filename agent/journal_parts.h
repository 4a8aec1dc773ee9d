/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_parts.h - the inside of a journal: journal.c has its thread,
 * journal_load.c reads the file, journal_keep.c says what of it still counts,
 * journal_file.c writes it.  Included by journal*.c alone.
 *
 * A struct journal_file belongs to journal_open(), then to the thread.
 */
#ifndef HVX_AGENT_JOURNAL_PARTS_H
#define HVX_AGENT_JOURNAL_PARTS_H

#include "agent/journal.h"

/*
 * Adds what the file tells to the table, which is empty: the last line about each
 * operation, with moments on this boot's clock, none of them to come.  What was
 * written in another boot and is final is to be forgotten keep_ns from now.  What
 * should be forgotten by now is left out, and of more than OPERATION_TABLE_MAX
 * those that ended first.  No file: nothing.
 * *ret_next_id: as journal_open().  *ret_damaged: the number of the first line
 * that is damaged, but for an end that was cut off; 0: none is.
 * Errors: STATUS_IO, STATUS_DENIED, STATUS_NO_MEMORY; the table may have some.
 */
enum status journal_load(const char *path, int64_t keep_ns,
                         struct operation_table *table, uint32_t *ret_next_id,
                         size_t *ret_damaged, struct error *error) MUST_CHECK;

/* An operation of the file. */
struct journal_found {
    struct operation *operation; /* its serial: the order of lines, from 1 on */
    bool is_older;               /* of another boot; its moments are of this one */
};

/*
 * Frees those that do not count, as journal_load() says, and leaves the others in
 * front.  Returns how many these are.
 */
size_t journal_keep(struct journal_found *found, size_t count, int64_t now_ns);

/* Moves the moments of what an operation did, where they are known. */
void journal_shift(struct operation *operation, int64_t shift_ns);

/* The id that is `gap` behind one of the agent's own; the first follows the last. */
uint32_t journal_id_after(uint32_t id, uint32_t gap);

/* Whatever the file told, ids that were hardly ever given out begin here. */
uint32_t journal_random_id(uint32_t next_id);

struct journal_file {
    char *path; /* NULL: nothing is kept */
    char *new_path;
    char *corrupt_path;
    int fd;               /* -1: not open */
    int64_t size;         /* up to the end of the last whole line */
    int64_t rewrite_size; /* at which it is written anew */
    bool is_torn;         /* there may be half a line behind that end */
    bool is_named;        /* its name is on the disk, too */
    bool is_doubtful;     /* the kernel has given up lines, and tells that once */
};

/* False without memory; journal_file_close() is right in any case. */
bool journal_file_init(struct journal_file *file, const char *folder,
                       const char *name) MUST_CHECK;
void journal_file_close(struct journal_file *file);

/* The status for an errno of a file. */
enum status journal_file_status(int reason);

/*
 * Writes the file anew with what the table has, and returns when it is on the
 * disk.  Errors: as journal_load(); the old file stays.
 */
enum status journal_file_replace(struct journal_file *file,
                                 const struct operation_table *table, uint32_t next_id,
                                 struct error *error) MUST_CHECK;

/*
 * Appends whole lines, and with `sync` returns when they, and all before them,
 * are on the disk.  All or nothing.  Errors: as journal_load().
 */
enum status journal_file_append(struct journal_file *file, const char *lines,
                                size_t length, bool sync,
                                struct error *error) MUST_CHECK;

/*
 * Writes the file anew from its own lines, without what is forgotten, if it has
 * grown enough, or could not be synchronised.  Where that fails it grows on, or
 * nothing more is said to be on the disk.
 */
void journal_file_compact(struct journal_file *file, int64_t keep_ns);

#endif
