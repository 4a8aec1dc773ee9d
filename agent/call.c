/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <stdlib.h>

#include "agent/call.h"
#include "model/clock.h"

struct link *link_new(const struct backend_ops *ops, struct backend *backend)
{
    struct link *link = calloc(1, sizeof(*link));

    if (link != NULL) {
        atomic_init(&link->references, 1);
        link->ops = ops;
        link->backend = backend;
    }
    return link;
}

struct link *link_ref(struct link *link)
{
    atomic_fetch_add(&link->references, 1);
    return link;
}

bool link_drop(struct link *link)
{
    return link != NULL && atomic_fetch_sub(&link->references, 1) == 1;
}

void link_close(struct link *link)
{
    link->ops->close(link->backend);
    free(link);
}

void link_unref(struct link *link)
{
    if (link_drop(link)) {
        link_close(link);
    }
}

static struct call *new_call(const struct backend_ops *ops, enum call_kind kind,
                             int64_t timeout_ns)
{
    struct call *call = calloc(1, sizeof(*call));

    if (call != NULL) {
        call->ops = ops;
        call->kind = kind;
        call->started_ns = clock_boot_ns();
        call->begun_ns = call->started_ns;
        call->timeout_ns = timeout_ns;
    }
    return call;
}

/* Gives it what each call needs that collects; frees it where that fails. */
static struct call *prepare(struct call *call, struct link *link, enum section section)
{
    call->section = section;
    call->builder = builder_new(section);
    if (call->builder == NULL) {
        call_free(call);
        return NULL;
    }
    call->link = link_ref(link);
    return call;
}

struct call *call_new_open(const struct backend_ops *ops, const char *uri,
                           int64_t timeout_ns)
{
    struct call *call = new_call(ops, CALL_OPEN, timeout_ns);

    if (call != NULL) {
        call->uri = uri;
    }
    return call;
}

struct call *call_new_section(struct link *link, enum section section,
                              struct uuid *except, size_t except_count,
                              int64_t timeout_ns)
{
    struct call *call = new_call(link->ops, CALL_SECTION, timeout_ns);

    if (call == NULL) {
        free(except);
        return NULL;
    }
    call->except = except;
    call->except_count = except_count;
    return prepare(call, link, section);
}

struct call *call_new_alone(struct link *link, enum section section,
                            const struct uuid *uuid, int64_t timeout_ns)
{
    struct call *call = new_call(link->ops, CALL_ALONE, timeout_ns);

    if (call == NULL) {
        return NULL;
    }
    call->uuid = *uuid;
    call->wanted = malloc(sizeof(*call->wanted));
    if (call->wanted == NULL) {
        call_free(call);
        return NULL;
    }
    *call->wanted = *uuid;
    return prepare(call, link, section);
}

struct call *call_new_operation(const struct backend_ops *ops, struct job *job)
{
    struct call *call = new_call(ops, CALL_OPERATION, 0);

    if (call == NULL) {
        job_unref(job);
        return NULL;
    }
    call->job = job;
    return call;
}

void call_free(struct call *call)
{
    if (call->opened != NULL) {
        call->ops->close(call->opened);
    }
    link_unref(call->link);
    builder_unref(call->builder);
    job_unref(call->job);
    free(call->wanted);
    free(call->except);
    free(call);
}

void call_run(struct call *call)
{
    if (call->job != NULL) {
        call->status = job_run(call->job, call->ops, call->link->backend, &call->error);
    } else if (call->link == NULL) {
        call->status = call->ops->open(call->uri, &call->opened, &call->error);
    } else {
        const struct backend_request request = {
            .section = call->section,
            .uuids = call->wanted,
            .uuid_count = call->wanted != NULL ? 1 : 0,
            .except = { call->except, call->except_count },
            .deadline_ns = call->started_ns + call->timeout_ns,
        };

        call->status = call->ops->collect(call->link->backend, &request, call->builder,
                                          &call->error);
    }
    if (call->status != STATUS_OK && call->error.text[0] == '\0') {
        error_set(&call->error, call->status, "the backend gave no reason (%s)",
                  status_name(call->status));
    }
}

void call_cut_short(struct call *call)
{
    if (call->builder != NULL) {
        builder_close(call->builder);
    }
    if (call->job != NULL) {
        job_give_up(call->job);
    }
}

int call_start_thread(void *(*run)(void *argument), void *argument)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int failed;

    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    failed = pthread_create(&thread, &attributes, run, argument);
    pthread_attr_destroy(&attributes);
    return failed;
}
