/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.h - the program hvagentx, from its command line to its exit status.
 */
#ifndef HVX_AGENT_RUN_H
#define HVX_AGENT_RUN_H

/* Exit status: 0, 1 when it could not be done, 2 for a wrong command line. */
int run(int argc, char *const *argv);

#endif
