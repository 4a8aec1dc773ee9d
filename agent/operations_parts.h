/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * operations_parts.h - the inside of operations: operations.c has their table,
 * operations_run.c starts and ends them.  Included by operations*.c alone.
 */
#ifndef HVX_AGENT_OPERATIONS_PARTS_H
#define HVX_AGENT_OPERATIONS_PARTS_H

#include <stdatomic.h>

#include "agent/journal.h"
#include "agent/operations.h"

/* One that the hypervisor is at, or will be when it is on the disk. */
struct run {
    struct run *next;
    struct operation *operation;
    struct job *job;
};

struct operations {
    struct connection_status *status;
    struct collector *collector;
    const struct config *config;
    struct agent_status *counters;
    struct journal *journal;
    struct operation_table table;
    size_t reserved;
    uint32_t next_id;
    uint64_t last_serial;
    /* Those that are queued, in the order of acceptance. */
    size_t queue_count;
    size_t queue_room;
    struct operation **queue;
    struct run *running;
    atomic_bool ended; /* what is not with the collector yet must not begin */
};

/* Starts those whose turn it is. */
void operations_start_ready(struct operations *operations);

/* Takes one out of the queue, if it is there. */
void operations_unqueue(struct operations *operations,
                        const struct operation *operation);

/* Frees a run; its operation is not touched. */
void operations_drop_run(struct operations *operations, struct run *run);

/*
 * It is in a final state from now on, for the reason in *error; counted, written
 * down, logged.
 */
void operations_end(struct operations *operations, struct operation *operation,
                    enum operation_state state, const struct error *error);

/* One line about what became of an operation. */
void operations_log(const struct operations *operations,
                    const struct operation *operation, const char *what);

#endif
