/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim.c - the backend of simulated nodes, "sim:FILE"; see hvagentx-sim(5).
 *
 * What is on the node and what goes wrong there is in its file, which is read
 * again whenever it changed; numbers are a function of time (sim_life.h).  So
 * a connection has hardly any state of its own: the node as last read, and
 * who waits in a simulated failure.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backend.h"
#include "backends/host.h"
#include "backends/sim_fault.h"
#include "backends/sim_node.h"
#include "backends/sim_records.h"
#include "model/clock.h"

#define SCHEME "sim:"

/* How soon a call that hangs notices that the file was mended. */
#define WATCH_NS (100 * CLOCK_NS_PER_MS)

struct backend {
    char *path;
    pthread_mutex_t lock; /* protects all below */
    pthread_cond_t wake;  /* is_closing or calls changed */
    bool is_closing;
    unsigned calls;        /* under way */
    struct sim_node *node; /* as last read */
    int64_t origin_ns;     /* sim_fault_origin_ns() of it */
};

/* One call, and the version of the node that it works with. */
struct call {
    struct backend *backend;
    unsigned bit; /* SECTION_BIT() or SIM_FAULT_ON_OPEN */
    struct sim_node *node;
    int64_t origin_ns;
    struct sim_moment moment;
    struct builder *builder;
    struct error *error;
};

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
    struct sim_node *node;
    enum status status;

    if (backend->node != NULL && !sim_node_is_changed(backend->node)) {
        return STATUS_OK;
    }
    status = sim_node_load(backend->path, &node, error);
    if (status != STATUS_OK) {
        return unavailable(error, status);
    }
    sim_node_unref(backend->node);
    backend->node = node;
    backend->origin_ns = sim_fault_origin_ns(backend->path, &node->files[0].stamp);
    return STATUS_OK;
}

/* Gives the call the node as it is now. */
static enum status take_node(struct call *call)
{
    struct backend *backend = call->backend;
    enum status status;

    sim_node_unref(call->node);
    call->node = NULL;
    pthread_mutex_lock(&backend->lock);
    status = renew_node(backend, call->error);
    if (status == STATUS_OK) {
        call->node = sim_node_ref(backend->node);
        call->origin_ns = backend->origin_ns;
    }
    pthread_mutex_unlock(&backend->lock);
    return status;
}

static void take_time(struct call *call)
{
    call->moment.host_now_ns = clock_boot_ns();
    call->moment.node_now_ns =
        call->node->is_frozen ? call->node->uptime_ns : call->moment.host_now_ns;
}

/*
 * Sleeps until the moment given on CLOCK_BOOTTIME, but at most until the
 * connection is closed or, if `watch`, a file of the node changed.
 */
static enum wake sleep_until(struct call *call, int64_t until_ns, bool watch)
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

static enum status suffer_fault(struct call *call, const struct sim_fault *fault,
                                const char *source, bool *ret_changed)
{
    int64_t until_ns = INT64_MAX;
    enum wake wake = WAKE_TIME;

    switch (fault->kind) {
    case SIM_FAULT_HANG:
        if (fault->until_ns != INT64_MAX) {
            until_ns = call->origin_ns + fault->until_ns;
        }
        wake = sleep_until(call, until_ns, true);
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
        break; /* is_vanished() */
    }
    *ret_changed = wake == WAKE_CHANGED;
    if (wake == WAKE_CLOSING) {
        return error_set(call->error, STATUS_UNAVAILABLE, "the connection was closed");
    }
    return STATUS_OK;
}

/* All that strikes this call now, one after the other, as they are written. */
static enum status suffer_faults(struct call *call, const struct sim_faults *faults,
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

/* Gets the node, and over what the node as a whole suffers from. */
static enum status begin_call(struct call *call)
{
    enum status status;
    bool changed;

    do {
        status = take_node(call);
        if (status != STATUS_OK) {
            return status;
        }
        status = suffer_faults(call, &call->node->faults, call->node->files[0].path,
                               &changed);
    } while (status == STATUS_OK && changed);
    take_time(call);
    return status;
}

static bool is_vanished(const struct call *call, const struct sim_domain *domain)
{
    int64_t elapsed_ns = clock_boot_ns() - call->origin_ns;

    for (size_t i = 0; i < domain->faults.count; i++) {
        const struct sim_fault *fault = &domain->faults.list[i];

        if (fault->kind == SIM_FAULT_VANISH
            && sim_fault_is_active(fault, call->bit, elapsed_ns)) {
            return true;
        }
    }
    return false;
}

static enum status abandoned(struct call *call)
{
    return error_set(call->error, STATUS_TIMEOUT, "nobody waits any longer");
}

static enum status deliver_domain(struct call *call, const struct sim_domain *domain)
{
    struct error failure = ERROR_NONE;
    struct error *error = call->error;
    enum status status;
    bool changed;

    if (domain->faults.count != 0) {
        if (is_vanished(call, domain)) {
            return STATUS_OK;
        }
        builder_ask(call->builder, &domain->uuid);
        call->error = &failure;
        status = suffer_faults(call, &domain->faults, domain->source, &changed);
        call->error = error;
        if (status == STATUS_FAILED) {
            return builder_add_failure(call->builder, &domain->uuid, &failure)
                       ? STATUS_OK
                       : abandoned(call);
        }
        if (status != STATUS_OK) {
            return error_set(error, status, "%s", failure.text);
        }
        take_time(call);
    }
    return sim_records_add(call->builder, domain, &call->moment) ? STATUS_OK
                                                                 : abandoned(call);
}

/* The domain at that position of those that are asked for; NULL: none is. */
static const struct sim_domain *wanted_domain(const struct call *call,
                                              const struct backend_request *request,
                                              size_t position)
{
    const struct sim_domain *domain;

    if (request->uuid_count != 0) {
        return sim_node_find(call->node, &request->uuids[position]);
    }
    domain = &call->node->domains[position];
    return uuid_set_has(&request->except, &domain->uuid) ? NULL : domain;
}

static enum status deliver_domains(struct call *call,
                                   const struct backend_request *request)
{
    size_t count =
        request->uuid_count != 0 ? request->uuid_count : call->node->domain_count;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const struct sim_domain *domain = wanted_domain(call, request, i);

        if (domain != NULL) {
            status = deliver_domain(call, domain);
        }
    }
    return status;
}

static void enter(struct backend *backend)
{
    pthread_mutex_lock(&backend->lock);
    backend->calls++;
    pthread_mutex_unlock(&backend->lock);
}

static void leave(struct call *call)
{
    host_interfaces_free(call->moment.interfaces);
    sim_node_unref(call->node);
    pthread_mutex_lock(&call->backend->lock);
    call->backend->calls--;
    pthread_cond_broadcast(&call->backend->wake);
    pthread_mutex_unlock(&call->backend->lock);
}

static enum status sim_collect(struct backend *backend,
                               const struct backend_request *request,
                               struct builder *builder, struct error *error)
{
    struct call call = {
        .backend = backend,
        .bit = SECTION_BIT(request->section),
        .builder = builder,
        .error = error,
    };
    enum status status;

    enter(backend);
    status = begin_call(&call);
    if (status == STATUS_OK && !section_is_of_domains(request->section)) {
        status = sim_records_add_node(builder, call.node, &call.moment)
                     ? STATUS_OK
                     : abandoned(&call);
    } else if (status == STATUS_OK) {
        if (request->section == SECTION_DEVICES) {
            call.moment.interfaces = host_interfaces_read();
        }
        status = deliver_domains(&call, request);
    }
    leave(&call);
    return status;
}

static void sim_close(struct backend *backend)
{
    if (backend == NULL) {
        return;
    }
    pthread_mutex_lock(&backend->lock);
    backend->is_closing = true;
    pthread_cond_broadcast(&backend->wake);
    while (backend->calls != 0) {
        pthread_cond_wait(&backend->wake, &backend->lock);
    }
    pthread_mutex_unlock(&backend->lock);
    sim_node_unref(backend->node);
    pthread_cond_destroy(&backend->wake);
    pthread_mutex_destroy(&backend->lock);
    free(backend->path);
    free(backend);
}

static struct backend *new_backend(const char *path)
{
    struct backend *backend = calloc(1, sizeof(*backend));
    pthread_condattr_t attributes;

    if (backend == NULL) {
        return NULL;
    }
    backend->path = strdup(path);
    if (backend->path == NULL) {
        free(backend);
        return NULL;
    }
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&backend->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&backend->lock, NULL);
    return backend;
}

static enum status sim_open(const char *uri, struct backend **ret_backend,
                            struct error *error)
{
    struct call call = { .bit = SIM_FAULT_ON_OPEN, .error = error };
    const char *path = uri + strlen(SCHEME);
    enum status status;

    if (strncmp(uri, SCHEME, strlen(SCHEME)) != 0 || path[0] == '\0'
        || strncmp(path, "//", 2) == 0) {
        return error_set(
            error, STATUS_INVALID,
            "\"%s\" should be sim:FILE, as in sim:/etc/hvagentx/node.xml or "
            "sim:node.xml: a path, without // and a host",
            uri);
    }
    call.backend = new_backend(path);
    if (call.backend == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "%s: out of memory", uri);
    }
    enter(call.backend);
    status = begin_call(&call);
    leave(&call);
    if (status != STATUS_OK) {
        sim_close(call.backend);
        return status;
    }
    *ret_backend = call.backend;
    return STATUS_OK;
}

static const struct backend_ops sim_ops = {
    .name = "sim",
    .software = "hvagentx simulated node",
    .hypervisor = HYPERVISOR_SIM,
    .capabilities = BACKEND_CAPABILITY_BIT(BACKEND_CAN_DOMAINS)
                    | BACKEND_CAPABILITY_BIT(BACKEND_CAN_CONFIGURATION)
                    | BACKEND_CAPABILITY_BIT(BACKEND_CAN_STATISTICS)
                    | BACKEND_CAPABILITY_BIT(BACKEND_CAN_DEVICES)
                    | BACKEND_CAPABILITY_BIT(BACKEND_CAN_STORAGE)
                    | BACKEND_CAPABILITY_BIT(BACKEND_CAN_AFFINITY),
    .open = sim_open,
    .close = sim_close,
    .collect = sim_collect,
};

extern const struct backend_module hvagentx_backend;
__attribute__((visibility("default"))) const struct backend_module hvagentx_backend = {
    .abi = BACKEND_ABI,
    .ops = &sim_ops,
};
