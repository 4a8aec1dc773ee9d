/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal.h - the operations of one connection on disk, so that none is
 * carried out twice whatever ends the agent or the node.
 *
 * FOLDER/operations-NAME.journal has one line for each change of an operation;
 * the last line about an operation counts.  A thread of its own writes and
 * syncs; nobody waits for the disk.  The file is written anew, without what is
 * forgotten, when it has grown.
 */
#ifndef HVX_AGENT_JOURNAL_H
#define HVX_AGENT_JOURNAL_H

#include "model/operation_table.h"
#include "model/status.h"

struct journal;

/*
 * Opens or makes the journal, and adds what it remembers to the table, which is
 * empty: queued ones as cancelled, running ones as interrupted, both finished
 * now; each is forgotten keep_ns after it was finished, as far as this boot
 * knows.  *ret_next_id: the first id above OPERATION_MANAGER_ID_MAX that no
 * operation ever had.
 *
 * A line that is damaged is left out, and so is all behind it; the file is kept
 * as NAME.corrupt then, ids begin at random, and *ret_warning says so (else its
 * text is empty).  A last line that is damaged is what a loss of power leaves, and
 * is left out without a word.  After another boot ids begin a good deal higher:
 * the newest may have been lost with the power.
 * folder NULL: nothing is kept, ids begin at random.
 * Errors: STATUS_IO, STATUS_DENIED, STATUS_NO_MEMORY; NULL then, with words, and
 * the table may have some operations.
 */
struct journal *journal_open(const char *folder, const char *name, int64_t keep_ns,
                             struct operation_table *table, uint32_t *ret_next_id,
                             struct error *ret_warning, struct error *error);

/*
 * Called once for a write, on the journal's thread (or, where nothing is kept,
 * by journal_write()): it is on the disk, or, with an error, it is not and
 * never will be.  Must not block, nor call the journal.
 */
typedef void journal_done_fn(void *argument, const struct error *error);

/*
 * Writes down how an operation is now.  done NULL: it need not be on the disk
 * soon, and what cannot be written is tried again with the next one.
 * SNMP thread; never blocks.  The operation is not used after it returned.
 */
void journal_write(struct journal *journal, const struct operation *operation,
                   journal_done_fn *done, void *argument);

/* Another time to keep what is written from now on.  SNMP thread. */
void journal_set_keep(struct journal *journal, int64_t keep_ns);

/*
 * Writes what is left, ends the thread and frees; waits for the disk.  Each
 * done has been called when it returns.  NULL is allowed.
 */
void journal_close(struct journal *journal);

#endif
