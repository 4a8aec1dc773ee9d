/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/collector_parts.h"
#include "model/clock.h"

/* It ends without a thread.  With the lock. */
static void end_at_once(struct collector *collector, struct call *call)
{
    call->status = call->error.status;
    call->finished = true;
    call->finished_ns = clock_boot_ns();
    call->next = collector->calls;
    collector->calls = call;
}

void collector_operate(struct collector *collector, struct job *job,
                       const struct error *refused)
{
    struct call *call = call_new_operation(collector->ops, job);

    if (call == NULL) {
        return;
    }
    pthread_mutex_lock(&collector->lock);
    if (collector->stopped) {
        pthread_mutex_unlock(&collector->lock);
        call_free(call);
        return;
    }
    if (refused != NULL) {
        call->error = *refused;
        end_at_once(collector, call);
    } else {
        call->next = collector->waiting;
        collector->waiting = call;
    }
    pthread_cond_signal(&collector->changed);
    pthread_mutex_unlock(&collector->lock);
}

void collector_start_operations(struct collector *collector)
{
    while (collector->waiting != NULL) {
        struct call *call = collector->waiting;

        collector->waiting = call->next;
        if (collector->link == NULL) {
            error_set(&call->error, STATUS_UNAVAILABLE,
                      "there is no connection to the hypervisor");
            end_at_once(collector, call);
        } else {
            call->link = link_ref(collector->link);
            collector_start_call(collector, call);
        }
    }
}

void collector_finish_operation(struct collector *collector, struct call *call)
{
    const struct collector_event event = {
        .kind = COLLECTOR_OPERATED,
        .serial = call->job->serial,
        .error = call->error,
    };

    collector_tell(collector, &event);
    if (!collector_is_current(collector, call)) {
        return;
    }
    if (call->status == STATUS_OK) {
        collector->reopen_delay_ns = COLLECTOR_REOPEN_FIRST_NS;
    }
    if (call->status == STATUS_UNAVAILABLE) {
        collector_lose_link(collector, &call->error);
    }
}
