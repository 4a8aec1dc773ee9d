/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * job.h - one operation on its way through a hypervisor: what the thread that
 * carries it out has to know, apart from the table that shows it.
 */
#ifndef HVX_AGENT_JOB_H
#define HVX_AGENT_JOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "backends/backend.h"
#include "model/operation.h"

/* Constant but for its atomic parts; reference-counted, on any thread. */
struct job {
    atomic_uint references;
    atomic_bool given_up;
    atomic_int progress; /* percent, or OPERATION_PROGRESS_UNKNOWN */
    uint64_t serial;     /* of the operation */
    enum operation_action action;
    struct uuid uuid;
    uint32_t value;
    enum domain_state expected;
    bool dry_run;
    int64_t deadline_ns;
    char *name;
    char *file; /* for a core dump; else NULL */
};

/* Of an accepted operation, with one reference; strings copied.  NULL without memory. */
struct job *job_new(const struct operation *operation, const char *file);
struct job *job_ref(struct job *job);
void job_unref(struct job *job); /* NULL is allowed */

/*
 * Its connection has ended: what the hypervisor has not been told yet, it is not
 * told any more.  Any thread.
 */
void job_give_up(struct job *job);

/*
 * Carries it out; blocks.  Reads the domain's state from the hypervisor, whatever
 * a snapshot says, and checks the precondition against it; takes the steps of
 * operation_next(); waits, until the deadline, while the state is in transit; of
 * a dry run it only checks.  The precondition is about the state from which it
 * begins, not about those it has waited for.  After the deadline the hypervisor is
 * told nothing, however late its state was read.  *error, ERROR_NONE before, has
 * words for a failure; with STATUS_OK its text may say that there was nothing to
 * do, or what would be done.
 *
 * STATUS_WRONG_STATE: precondition, or not from this state.  STATUS_NOT_FOUND: no
 * such domain any longer.  STATUS_UNSUPPORTED: this backend cannot.
 * STATUS_TIMEOUT: in transit until the deadline, or not begun before it.
 * STATUS_UNAVAILABLE: the connection is lost, or job_give_up().  Else what the backend says.
 */
enum status job_run(struct job *job, const struct backend_ops *ops,
                    struct backend *backend, struct error *error) MUST_CHECK;

#endif
