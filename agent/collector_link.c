/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <sys/random.h>

#include "agent/collector_parts.h"
#include "model/clock.h"

/* The longest delay before the link is tried again; the first is below. */
#define REOPEN_LONGEST_NS (30 * CLOCK_NS_PER_S)

struct closing {
    struct collector *collector;
    struct link *link;
};

static void *close_thread(void *argument)
{
    struct closing *closing = argument;
    struct collector *collector = closing->collector;

    link_close(closing->link);
    free(closing);
    pthread_mutex_lock(&collector->lock);
    collector_unlock_and_unref(collector);
    return NULL;
}

/* Closing may block: that gets a thread of its own. */
void collector_drop_link(struct collector *collector, struct link *link)
{
    struct closing *closing;

    if (!link_drop(link)) {
        return;
    }
    closing = malloc(sizeof(*closing));
    if (closing != NULL) {
        *closing = (struct closing) { collector, link };
        pthread_mutex_lock(&collector->lock);
        collector->references++;
        pthread_mutex_unlock(&collector->lock);
        if (call_start_thread(close_thread, closing) == 0) {
            return;
        }
        pthread_mutex_lock(&collector->lock);
        collector->references--;
        pthread_mutex_unlock(&collector->lock);
        free(closing);
    }
    link_close(link);
}

static bool is_opening(const struct collector *collector)
{
    for (const struct call *call = collector->calls; call != NULL; call = call->next) {
        if (call->kind == CALL_OPEN) {
            return true;
        }
    }
    return false;
}

int64_t collector_open_due_ns(const struct collector *collector)
{
    return collector->link != NULL || is_opening(collector) ? CLOCK_NEVER
                                                            : collector->reopen_ns;
}

void collector_open_link(struct collector *collector, int64_t now_ns)
{
    int64_t due_ns = collector_open_due_ns(collector);

    struct call *call;

    if (due_ns == CLOCK_NEVER || now_ns < due_ns) {
        return;
    }
    call = call_new_open(collector->ops, collector->uri,
                         collector->patience.call_timeout_ns);
    if (call != NULL) {
        collector_start_call(collector, call);
    } else {
        collector->reopen_ns = now_ns + collector->reopen_delay_ns;
    }
}

/* A fifth more or less, so that many agents do not return at once. */
static int64_t jitter(int64_t delay_ns)
{
    uint32_t dice = 0;

    if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) < 0) {
        dice = 0;
    }
    return delay_ns / 5 * (int64_t)(dice % 2001) / 1000 - delay_ns / 5;
}

void collector_lose_link(struct collector *collector, const struct error *error)
{
    int64_t delay_ns = collector->reopen_delay_ns;
    struct link *lost = collector->link;

    collector->link = NULL;
    collector->asides.count = 0;
    collector->reopen_ns = clock_boot_ns() + delay_ns + jitter(delay_ns);
    collector->reopen_delay_ns =
        delay_ns * 2 > REOPEN_LONGEST_NS ? REOPEN_LONGEST_NS : delay_ns * 2;
    pthread_mutex_lock(&collector->lock);
    collector->wanted = 0;
    collector->running = 0;
    for (size_t section = 0; section < SECTION_COUNT; section++) {
        collector->scheduled_ns[section] = CLOCK_NEVER;
    }
    /* They need not go on. */
    for (struct call *call = collector->calls; call != NULL; call = call->next) {
        if (lost != NULL && call->link == lost) {
            call_cut_short(call);
        }
    }
    pthread_mutex_unlock(&collector->lock);
    collector_drop_link(collector, lost);
    collector_set_state(collector, CONNECTION_DOWN, error);
}

void collector_finish_open(struct collector *collector, struct call *call)
{
    struct link *link = NULL;

    if (call->status == STATUS_OK) {
        link = link_new(collector->ops, call->opened);
        if (link == NULL) {
            error_set(&call->error, STATUS_NO_MEMORY, "out of memory");
        } else {
            call->opened = NULL;
        }
    }
    if (link == NULL) {
        collector_lose_link(collector, &call->error);
        return;
    }
    collector->link = link;
    collector_set_state(collector, CONNECTION_UP, NULL);
}
