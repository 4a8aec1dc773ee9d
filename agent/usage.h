/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usage.h - what the agent's process uses of its machine.
 *
 * Any thread.  Asks the kernel alone, and never waits.
 */
#ifndef HVX_AGENT_USAGE_H
#define HVX_AGENT_USAGE_H

#include <stdint.h>

/* Resident memory, from /proc/self/statm; -1: not known. */
int64_t usage_memory_bytes(void);

/* CPU time, user and system, of all threads, from getrusage(); -1: not known. */
int64_t usage_cpu_time_ns(void);

#endif
