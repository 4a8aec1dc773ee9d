/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_call.h"

#include "backends/host.h"
#include "backends/sim_fault.h"
#include "model/clock.h"

/* How soon a call that hangs notices that the file was mended. */
#define WATCH_NS (100 * CLOCK_NS_PER_MS)

enum wake {
    WAKE_TIME,
    WAKE_CHANGED,
    WAKE_CLOSING,
};

/* Whoever opens it again gets it when it is mended: it is not there now. */
static enum status unavailable(struct error *error, enum status status)
{
    if (status != STATUS_INVALID && status != STATUS_NOT_FOUND && status != STATUS_IO) {
        return status;
    }
    if (error != NULL) {
        error->status = STATUS_UNAVAILABLE;
    }
    return STATUS_UNAVAILABLE;
}

/* Reads the node if it is another one now.  With the lock held. */
static enum status renew_node(struct backend *backend, struct error *error)
{
    struct sim_overlay *overlay;
    struct sim_node *node;
    enum status status;

    if (backend->node != NULL && !sim_overlay_is_outdated(backend->overlay)
        && !sim_node_is_changed(backend->node)) {
        return STATUS_OK;
    }
    status = sim_node_load(backend->path, &node, error);
    if (status != STATUS_OK) {
        return unavailable(error, status);
    }
    overlay = sim_overlay_get(backend->path, node);
    if (overlay == NULL) {
        sim_node_unref(node);
        return error_set(error, STATUS_NO_MEMORY, "%s: out of memory", backend->path);
    }
    sim_node_unref(backend->node);
    sim_overlay_unref(backend->overlay);
    backend->node = node;
    backend->overlay = overlay;
    backend->origin_ns = sim_fault_origin_ns(backend->path, &node->files[0].stamp);
    return STATUS_OK;
}

/* Gives the call the node as it is now. */
static enum status take_node(struct sim_call *call)
{
    struct backend *backend = call->backend;
    enum status status;

    sim_node_unref(call->node);
    sim_overlay_unref(call->overlay);
    call->node = NULL;
    call->overlay = NULL;
    pthread_mutex_lock(&backend->lock);
    status = renew_node(backend, call->error);
    if (status == STATUS_OK) {
        call->node = sim_node_ref(backend->node);
        call->overlay = sim_overlay_ref(backend->overlay);
        call->origin_ns = backend->origin_ns;
    }
    pthread_mutex_unlock(&backend->lock);
    return status;
}

int64_t sim_call_node_now_ns(const struct sim_call *call)
{
    return call->node->is_frozen ? call->node->uptime_ns : clock_boot_ns();
}

void sim_call_take_time(struct sim_call *call)
{
    call->moment.host_now_ns = clock_boot_ns();
    call->moment.node_now_ns =
        call->node->is_frozen ? call->node->uptime_ns : call->moment.host_now_ns;
}

/*
 * Sleeps until the moment given on CLOCK_BOOTTIME, but at most until the
 * connection is closed or, if `watch`, a file of the node changed.
 */
static enum wake sleep_until(const struct sim_call *call, int64_t until_ns, bool watch)
{
    struct backend *backend = call->backend;
    enum wake wake = WAKE_TIME;
    int64_t left_ns;

    pthread_mutex_lock(&backend->lock);
    while ((left_ns = until_ns - clock_boot_ns()) > 0) {
        struct timespec until;
        int64_t step_ns = left_ns < WATCH_NS ? left_ns : WATCH_NS;

        if (backend->is_closing) {
            wake = WAKE_CLOSING;
            break;
        }
        /* Short steps: this clock stands still while the machine sleeps. */
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += (time_t)((until.tv_nsec + step_ns) / CLOCK_NS_PER_S);
        until.tv_nsec = (long)((until.tv_nsec + step_ns) % CLOCK_NS_PER_S);
        pthread_cond_timedwait(&backend->wake, &backend->lock, &until);
        if (watch) {
            pthread_mutex_unlock(&backend->lock);
            if (sim_node_is_changed(call->node)) {
                return WAKE_CHANGED;
            }
            pthread_mutex_lock(&backend->lock);
        }
    }
    pthread_mutex_unlock(&backend->lock);
    return wake;
}

static enum status closed(const struct sim_call *call)
{
    return error_set(call->error, STATUS_UNAVAILABLE, "the connection was closed");
}

enum status sim_call_sleep(const struct sim_call *call, int64_t until_ns)
{
    return sleep_until(call, until_ns, false) == WAKE_CLOSING ? closed(call)
                                                              : STATUS_OK;
}

/* Until its window ends; what has a deadline, until that is over. */
static enum status hang(const struct sim_call *call, const struct sim_fault *fault,
                        const char *source, enum wake *ret_wake)
{
    int64_t until_ns = INT64_MAX;

    if (fault->until_ns != INT64_MAX) {
        until_ns = call->origin_ns + fault->until_ns;
    }
    if (until_ns <= call->deadline_ns) {
        *ret_wake = sleep_until(call, until_ns, true);
        return STATUS_OK;
    }
    *ret_wake = sleep_until(call, call->deadline_ns, true);
    return *ret_wake != WAKE_TIME
               ? STATUS_OK
               : error_set(call->error, STATUS_TIMEOUT,
                           "%s:%ld: no answer, by a simulated failure (sim:fault)",
                           source, fault->line);
}

static enum status suffer_fault(struct sim_call *call, const struct sim_fault *fault,
                                const char *source, bool *ret_changed)
{
    enum status status = STATUS_OK;
    enum wake wake = WAKE_TIME;

    switch (fault->kind) {
    case SIM_FAULT_HANG:
        status = hang(call, fault, source, &wake);
        break;
    case SIM_FAULT_SLOW:
        wake = sleep_until(call, clock_boot_ns() + fault->delay_ns, false);
        break;
    case SIM_FAULT_FAIL:
        return error_set(call->error, STATUS_FAILED,
                         "%s:%ld: simulated failure (sim:fault)", source, fault->line);
    case SIM_FAULT_DOWN:
        return error_set(call->error, STATUS_UNAVAILABLE,
                         "%s:%ld: simulated node is down (sim:fault)", source,
                         fault->line);
    case SIM_FAULT_VANISH:
        break; /* sim_call_is_vanished() */
    }
    *ret_changed = wake == WAKE_CHANGED;
    return wake == WAKE_CLOSING ? closed(call) : status;
}

enum status sim_call_suffer(struct sim_call *call, const struct sim_faults *faults,
                            const char *source, bool *ret_changed)
{
    enum status status = STATUS_OK;

    *ret_changed = false;
    for (size_t i = 0; i < faults->count && status == STATUS_OK && !*ret_changed; i++) {
        const struct sim_fault *fault = &faults->list[i];

        if (sim_fault_is_active(fault, call->bit, clock_boot_ns() - call->origin_ns)) {
            status = suffer_fault(call, fault, source, ret_changed);
        }
    }
    return status;
}

enum status sim_call_begin(struct sim_call *call)
{
    enum status status;
    bool changed;

    do {
        status = take_node(call);
        if (status != STATUS_OK) {
            return status;
        }
        status = sim_call_suffer(call, &call->node->faults, call->node->files[0].path,
                                 &changed);
    } while (status == STATUS_OK && changed);
    sim_call_take_time(call);
    return status;
}

bool sim_call_is_vanished(const struct sim_call *call, const struct sim_domain *domain)
{
    int64_t elapsed_ns = clock_boot_ns() - call->origin_ns;

    for (size_t i = 0; i < domain->faults.count; i++) {
        const struct sim_fault *fault = &domain->faults.list[i];

        if (fault->kind == SIM_FAULT_VANISH
            && sim_fault_is_active(fault, call->bit, elapsed_ns)) {
            return true;
        }
    }
    return sim_overlay_is_gone(call->overlay, &domain->uuid);
}

void sim_call_enter(const struct sim_call *call)
{
    struct backend *backend = call->backend;

    pthread_mutex_lock(&backend->lock);
    backend->calls++;
    pthread_mutex_unlock(&backend->lock);
}

void sim_call_leave(struct sim_call *call)
{
    struct backend *backend = call->backend;

    host_interfaces_free(call->moment.interfaces);
    sim_node_unref(call->node);
    sim_overlay_unref(call->overlay);
    pthread_mutex_lock(&backend->lock);
    backend->calls--;
    pthread_cond_broadcast(&backend->wake);
    pthread_mutex_unlock(&backend->lock);
}
