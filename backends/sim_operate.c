/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_operate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backends/sim_call.h"
#include "backends/sim_duration.h"
#include "backends/sim_effect.h"
#include "backends/sim_log.h"
#include "model/clock.h"

/* Only its owner reads the memory of a guest. */
#define DUMP_MODE 0600

/* How often progress is told in the time that something takes. */
#define PROGRESS_STEPS 20

/* One operation on its way. */
struct work {
    struct sim_call call;
    struct backend_operation operation; /* with the action that it comes to */
    const struct sim_domain *domain;
    enum domain_state from; /* its state before */
};

/* Finds the domain, over all that stands in the way. */
static enum status begin(struct work *work)
{
    struct sim_call *call = &work->call;
    enum status status;
    bool changed;

    do {
        status = sim_call_begin(call);
        if (status != STATUS_OK) {
            return status;
        }
        work->domain = sim_node_find(call->node, &work->operation.uuid);
        if (work->domain == NULL || sim_call_is_vanished(call, work->domain)) {
            return error_set(call->error, STATUS_NOT_FOUND,
                             "%s: there is no domain \"%s\" any longer",
                             operation_action_name(work->operation.action),
                             work->operation.name);
        }
        status = sim_call_suffer(call, &work->domain->faults, work->domain->source,
                                 &changed);
    } while (status == STATUS_OK && changed);
    return status;
}

static enum status no_memory(const struct work *work)
{
    return error_set(work->call.error, STATUS_NO_MEMORY, "out of memory");
}

/* With the overlay locked. */
static enum status start(struct work *work, struct sim_present *present)
{
    enum operation_action action;
    enum status status;

    if (present == NULL) {
        return no_memory(work);
    }
    if (present->is_busy) {
        return error_set(work->call.error, STATUS_BUSY,
                         "another operation on \"%s\" is under way",
                         work->domain->name);
    }
    status = sim_effect_check(work->domain, present, &work->operation, &action,
                              work->call.error);
    if (status != STATUS_OK) {
        return status;
    }
    work->operation.action = action;
    work->from = present->state;
    if (action != OPERATION_NONE) {
        enum domain_state transit = sim_effect_transit(action, present->state);

        present->is_busy = true;
        if (transit != present->state) {
            sim_present_set_state(present, transit, sim_call_node_now_ns(&work->call));
        }
    }
    return STATUS_OK;
}

static bool tells_progress(enum operation_action action)
{
    return action == OPERATION_SAVE || action == OPERATION_RESTORE
           || action == OPERATION_CORE_DUMP;
}

static enum status sleep_with_progress(const struct work *work, int64_t duration_ns)
{
    int64_t begin_ns = clock_boot_ns();
    enum status status = STATUS_OK;

    for (int step = 0; step < PROGRESS_STEPS && status == STATUS_OK; step++) {
        atomic_store(work->operation.progress, step * 100 / PROGRESS_STEPS);
        status = sim_call_sleep(&work->call,
                                begin_ns + duration_ns / PROGRESS_STEPS * (step + 1));
    }
    if (status == STATUS_OK) {
        atomic_store(work->operation.progress, 100);
    }
    return status;
}

static enum status take_time(const struct work *work)
{
    enum operation_action action = work->operation.action;
    int64_t deadline_ns = work->operation.deadline_ns;
    int64_t duration_ns =
        sim_duration_ns(action, &work->domain->durations, &work->call.node->durations);
    int64_t end_ns = clock_boot_ns() + duration_ns;
    enum status status;

    if (tells_progress(action)) {
        return sleep_with_progress(work, duration_ns);
    }
    if (!sim_effect_is_of_guest(action) || end_ns <= deadline_ns) {
        return sim_call_sleep(&work->call, end_ns);
    }
    status = sim_call_sleep(&work->call, deadline_ns);
    return status != STATUS_OK
               ? status
               : error_set(work->call.error, STATUS_TIMEOUT,
                           "%s: the guest of \"%s\" did not do it in time",
                           operation_action_name(action), work->domain->name);
}

static enum status write_dump(const struct work *work)
{
    const char *path = work->operation.file;
    int fd =
        open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, DUMP_MODE);
    int length = -1;
    int reason;

    if (fd >= 0) {
        length =
            dprintf(fd, "The memory of a simulated domain: %s\n", work->domain->name);
    }
    reason = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (length >= 0) {
        return STATUS_OK;
    }
    if (fd >= 0) {
        unlink(path);
    }
    return error_set(work->call.error, reason == EACCES ? STATUS_DENIED : STATUS_IO,
                     "cannot write the memory of \"%s\" to %s: %s", work->domain->name,
                     path, strerror(reason));
}

/* With the overlay locked: all of it, or nothing. */
static enum status take_effect(const struct work *work, struct sim_present *present)
{
    const struct sim_call *call = &work->call;
    const struct domain_config *config;
    enum status status = sim_effect_config(present, &work->operation, &config);

    if (status != STATUS_OK) {
        return no_memory(work);
    }
    if (call->node->record != NULL) {
        status = sim_log_add(call->node->record, &work->operation, work->domain->name,
                             call->error);
    }
    if (status != STATUS_OK) {
        record_unref(config);
        return status;
    }
    status = sim_effect_apply(work->domain, present, &work->operation, work->from,
                              config, sim_call_node_now_ns(call));
    if (status != STATUS_OK) {
        record_unref(config);
        return no_memory(work);
    }
    return STATUS_OK;
}

/* Its time is over, and well so if `status` is STATUS_OK. */
static enum status finish(const struct work *work, enum status status)
{
    const struct sim_call *call = &work->call;
    struct sim_present *present = sim_overlay_lock(call->overlay, work->domain);

    if (status == STATUS_OK && sim_overlay_is_outdated(call->overlay)) {
        status = error_set(call->error, STATUS_FAILED,
                           "%s: the file of the node changed meanwhile, and what it "
                           "says is so",
                           operation_action_name(work->operation.action));
    }
    if (status == STATUS_OK) {
        status = take_effect(work, present);
    }
    if (status != STATUS_OK && present->state != work->from) {
        sim_present_set_state(present, work->from, sim_call_node_now_ns(call));
    }
    present->is_busy = false;
    sim_overlay_unlock(call->overlay);
    return status;
}

static enum status carry_out(struct work *work)
{
    bool is_dump = work->operation.action == OPERATION_CORE_DUMP;
    enum status status;

    if (is_dump && work->operation.file == NULL) {
        return error_set(work->call.error, STATUS_INVALID, "a core dump needs a file");
    }
    status = start(work, sim_overlay_lock(work->call.overlay, work->domain));
    sim_overlay_unlock(work->call.overlay);
    if (status != STATUS_OK || work->operation.action == OPERATION_NONE) {
        return status;
    }
    status = take_time(work);
    if (!is_dump || status != STATUS_OK) {
        return finish(work, status);
    }
    status = write_dump(work);
    if (status != STATUS_OK) {
        return finish(work, status);
    }
    status = finish(work, STATUS_OK);
    if (status != STATUS_OK) {
        unlink(work->operation.file);
    }
    return status;
}

enum status sim_operate(struct backend *backend,
                        const struct backend_operation *operation, struct error *error)
{
    struct work work = {
        .call = { .backend = backend,
                  .bit = SIM_FAULT_ON_OPERATE,
                  .deadline_ns = operation->deadline_ns,
                  .error = error },
        .operation = *operation,
    };
    enum status status;

    if ((unsigned)operation->action >= OPERATION_ACTION_COUNT
        || (SIM_OPERATE_ACTIONS & OPERATION_BIT(operation->action)) == 0) {
        return error_set(error, STATUS_UNSUPPORTED,
                         "a simulated node cannot carry out action %u",
                         (unsigned)operation->action);
    }
    sim_call_enter(&work.call);
    status = begin(&work);
    if (status == STATUS_OK) {
        status = carry_out(&work);
    }
    sim_call_leave(&work.call);
    return status;
}
