/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * state.h - the state folder: one agent uses it at a time.
 */
#ifndef HVX_AGENT_STATE_H
#define HVX_AGENT_STATE_H

#include "model/index.h"
#include "model/status.h"

/*
 * Makes the folder if its parent is there, and locks it for this process.
 * Closing *ret_fd unlocks it.  Errors: STATUS_BUSY names the process that has
 * it, STATUS_IO and STATUS_DENIED say what to do.
 */
enum status state_lock(const char *folder, int *ret_fd, struct error *error) MUST_CHECK;

/* Whether a state folder is in use, as far as the system tells. */
enum state_use {
    STATE_FREE,
    STATE_IN_USE,
    STATE_USE_UNKNOWN, /* the lock cannot be seen */
};

/*
 * Whether an agent has the folder locked; *ret_pid: which process, as it wrote
 * it down, 0 where that cannot be read.  Takes no lock and writes nothing, so
 * that an agent which starts meanwhile is not disturbed.
 */
enum state_use state_find_user(const char *folder, long *ret_pid);

/*
 * Opens the index store FOLDER/NAME.index; folder NULL: in memory.  A file
 * that is damaged is set aside, logged, and begun anew.  NULL with words.
 */
struct index_store *state_open_indices(const char *folder, const char *name,
                                       int64_t grace_ns, struct error *error);

#endif
