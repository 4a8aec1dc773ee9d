/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_file.h - the files a simulated node is read from, and whether they
 * changed since.
 *
 * Included by sim*.c only.  Any thread.
 */
#ifndef HVX_BACKENDS_SIM_FILE_H
#define HVX_BACKENDS_SIM_FILE_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "model/status.h"

/* One version of a file. */
struct sim_stamp {
    dev_t device;
    ino_t inode;
    off_t size_bytes;
    struct timespec modified;
};

/*
 * Opens a regular file for reading and takes its stamp.  A file that was
 * written just now is given a moment, since the next write might leave the
 * same stamp, or more of it might be under way.  Never waits for the other
 * end of a pipe.
 * Errors: STATUS_NOT_FOUND, STATUS_DENIED, STATUS_IO, STATUS_INVALID (no
 * regular file).
 */
enum status sim_file_open(const char *path, int *ret_fd, struct sim_stamp *ret_stamp,
                          struct error *error) MUST_CHECK;

/* Is there another version of the file than this one, or none? */
bool sim_file_is_changed(const char *path, const struct sim_stamp *stamp);

/* Do both stamps stand for the same version, as far as can be told? */
bool sim_stamp_is_equal(const struct sim_stamp *a, const struct sim_stamp *b);

#endif
