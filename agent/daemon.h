/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * daemon.h - going into the background without hiding start-up errors.
 *
 * The process forks at once; the parent waits, so that errors of the start
 * still reach the terminal and its exit status tells whether it succeeded.
 */
#ifndef HVX_AGENT_DAEMON_H
#define HVX_AGENT_DAEMON_H

#include "model/status.h"

/*
 * Forks.  Returns in the child only; the parent exits with 0 once the child
 * has called daemon_ready(), or with the child's status if that ended before.
 * *ret_fd goes to daemon_ready().
 */
enum status daemon_begin(int *ret_fd, struct error *error) MUST_CHECK;

/* Detaches from the terminal and lets the parent end.  fd -1: does nothing. */
void daemon_ready(int fd);

#endif
