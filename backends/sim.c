/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim.c - the backend of simulated nodes, "sim:FILE"; see hvagentx-sim(5).
 *
 * What is on the node and what goes wrong there is in its file, which is read
 * again whenever it changed; numbers are a function of time (sim_life.h), and
 * what operations changed is in the overlay of its file (sim_overlay.h).  So a
 * connection has hardly any state of its own: the node as last read, and who
 * waits in a simulated failure (sim_call.h).
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backend.h"
#include "backends/host.h"
#include "backends/sim_call.h"
#include "backends/sim_fault.h"
#include "backends/sim_node.h"
#include "backends/sim_operate.h"
#include "backends/sim_overlay.h"
#include "backends/sim_records.h"

#define SCHEME "sim:"

static enum status abandoned(const struct sim_call *call)
{
    return error_set(call->error, STATUS_TIMEOUT, "nobody waits any longer");
}

/* The domain as the file has it, or as operations left it. */
static enum status add_record(const struct sim_call *call,
                              const struct sim_domain *domain)
{
    struct sim_present present;
    bool wanted = true;

    sim_overlay_look(call->overlay, domain, &present);
    if (!present.is_gone) {
        wanted = sim_records_add(call->builder, domain, &present, &call->moment);
    }
    sim_present_clear(&present);
    return wanted ? STATUS_OK : abandoned(call);
}

static enum status deliver_domain(struct sim_call *call,
                                  const struct sim_domain *domain)
{
    struct error failure = ERROR_NONE;
    struct error *error = call->error;
    enum status status;
    bool changed;

    if (domain->faults.count != 0) {
        if (sim_call_is_vanished(call, domain)) {
            return STATUS_OK;
        }
        builder_ask(call->builder, &domain->uuid);
        call->error = &failure;
        status = sim_call_suffer(call, &domain->faults, domain->source, &changed);
        call->error = error;
        if (status == STATUS_FAILED) {
            return builder_add_failure(call->builder, &domain->uuid, &failure)
                       ? STATUS_OK
                       : abandoned(call);
        }
        if (status != STATUS_OK) {
            return error_set(error, status, "%s", failure.text);
        }
        sim_call_take_time(call);
    }
    return add_record(call, domain);
}

/* The domain at that position of those that are asked for; NULL: none is. */
static const struct sim_domain *wanted_domain(const struct sim_call *call,
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

static enum status deliver_domains(struct sim_call *call,
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

static enum status sim_collect(struct backend *backend,
                               const struct backend_request *request,
                               struct builder *builder, struct error *error)
{
    struct sim_call call = {
        .backend = backend,
        .bit = SECTION_BIT(request->section),
        .deadline_ns = INT64_MAX,
        .builder = builder,
        .error = error,
    };
    enum status status;

    sim_call_enter(&call);
    status = sim_call_begin(&call);
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
    sim_call_leave(&call);
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
    sim_overlay_unref(backend->overlay);
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
    struct sim_call call = {
        .bit = SIM_FAULT_ON_OPEN,
        .deadline_ns = INT64_MAX,
        .error = error,
    };
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
    sim_call_enter(&call);
    status = sim_call_begin(&call);
    sim_call_leave(&call);
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
                    | BACKEND_CAPABILITY_BIT(BACKEND_CAN_POWER)
                    | BACKEND_CAPABILITY_BIT(BACKEND_CAN_CONFIG)
                    | BACKEND_CAPABILITY_BIT(BACKEND_CAN_DEBUG)
                    | BACKEND_CAPABILITY_BIT(BACKEND_CAN_STORAGE)
                    | BACKEND_CAPABILITY_BIT(BACKEND_CAN_AFFINITY),
    .actions = SIM_OPERATE_ACTIONS,
    .open = sim_open,
    .close = sim_close,
    .collect = sim_collect,
    .operate = sim_operate,
};

extern const struct backend_module hvagentx_backend;
__attribute__((visibility("default"))) const struct backend_module hvagentx_backend = {
    .abi = BACKEND_ABI,
    .ops = &sim_ops,
};
