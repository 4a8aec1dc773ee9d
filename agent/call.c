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

struct call *call_new(const struct backend_ops *ops, const char *uri, struct link *link,
                      enum section section, int64_t timeout_ns)
{
    struct call *call = calloc(1, sizeof(*call));

    if (call == NULL) {
        return NULL;
    }
    call->ops = ops;
    call->uri = uri;
    call->section = section;
    call->started_ns = clock_boot_ns();
    call->deadline_ns = call->started_ns + timeout_ns;
    if (link != NULL) {
        call->builder = builder_new(section);
        if (call->builder == NULL) {
            free(call);
            return NULL;
        }
        call->link = link_ref(link);
    }
    return call;
}

void call_free(struct call *call)
{
    if (call->opened != NULL) {
        call->ops->close(call->opened);
    }
    link_unref(call->link);
    builder_unref(call->builder);
    free(call);
}

void call_run(struct call *call)
{
    if (call->link == NULL) {
        call->status = call->ops->open(call->uri, &call->opened, &call->error);
    } else {
        const struct backend_request request = {
            .section = call->section,
            .deadline_ns = call->deadline_ns,
        };

        call->status = call->ops->collect(call->link->backend, &request, call->builder,
                                          &call->error);
    }
    if (call->status != STATUS_OK && call->error.text[0] == '\0') {
        error_set(&call->error, call->status, "the backend gave no reason (%s)",
                  status_name(call->status));
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
