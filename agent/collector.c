/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "agent/collector_parts.h"
#include "model/clock.h"

void collector_event_free(struct queue_item *item)
{
    struct collector_event *event = (struct collector_event *)item;

    if (event != NULL) {
        snapshot_unref(event->snapshot);
        free(event);
    }
}

static void free_events(struct queue_item *events)
{
    while (events != NULL) {
        struct queue_item *next = events->next;

        collector_event_free(events);
        events = next;
    }
}

/* Without memory the SNMP thread hears of it with the next event. */
void collector_tell(struct collector *collector, const struct collector_event *event)
{
    struct collector_event *copy = malloc(sizeof(*copy));

    if (copy == NULL) {
        snapshot_unref(event->snapshot);
        return;
    }
    *copy = *event;
    copy->id = collector->id;
    queue_push(collector->queue, &copy->item);
}

void collector_set_state(struct collector *collector, enum connection_state state,
                         const struct error *error)
{
    struct collector_event event = { .kind = COLLECTOR_STATE, .state = state };

    if (state == collector->state && state != CONNECTION_DOWN) {
        return;
    }
    collector->state = state;
    if (error != NULL) {
        event.error = *error;
    }
    collector_tell(collector, &event);
}

static void collector_free(struct collector *collector)
{
    queue_unref(collector->queue, collector_event_free);
    free_events(collector->taken_back);
    pthread_cond_destroy(&collector->changed);
    pthread_cond_destroy(&collector->left);
    pthread_mutex_destroy(&collector->lock);
    snapshot_indices_close(&collector->indices);
    snapshot_unref(collector->snapshot);
    free(collector->uri);
    free(collector);
}

void collector_unlock_and_unref(struct collector *collector)
{
    unsigned left = --collector->references;

    pthread_cond_signal(&collector->left);
    pthread_mutex_unlock(&collector->lock);
    if (left == 0) {
        collector_free(collector);
    }
}

static void *call_thread(void *argument)
{
    struct call *call = argument;
    struct collector *collector = call->collector;
    bool orphan;

    call_run(call);
    pthread_mutex_lock(&collector->lock);
    call->finished = true;
    call->finished_ns = clock_boot_ns();
    orphan = collector->stopped;
    if (orphan) {
        /* Closing the link may block: not under the lock. */
        pthread_mutex_unlock(&collector->lock);
        call_free(call);
        pthread_mutex_lock(&collector->lock);
    } else {
        pthread_cond_signal(&collector->changed);
    }
    collector_unlock_and_unref(collector);
    return NULL;
}

/* Jobs need no room among the calls: operations.c limits them. */
static unsigned room_of(const struct call *call)
{
    return call->job == NULL ? 1 : 0;
}

void collector_start_call(struct collector *collector, struct call *call)
{
    int failed;

    call->collector = collector;
    call->next = collector->calls;
    collector->calls = call;
    collector->call_count += room_of(call);
    collector->references++;
    failed = call_start_thread(call_thread, call);
    if (failed != 0) {
        collector->references--;
        call->finished = true;
        call->finished_ns = call->started_ns;
        call->status = error_set(&call->error, STATUS_FAILED,
                                 "cannot start a thread: %s", strerror(failed));
    }
}

bool collector_is_current(const struct collector *collector, const struct call *call)
{
    return call->link != NULL && call->link == collector->link;
}

/* Removes and returns a call that has returned; NULL: none. */
static struct call *take_finished(struct collector *collector)
{
    for (struct call **at = &collector->calls; *at != NULL; at = &(*at)->next) {
        struct call *call = *at;

        if (call->finished) {
            *at = call->next;
            collector->call_count -= room_of(call);
            return call;
        }
    }
    return NULL;
}

/* A call that is late; NULL: none.  The lock is held. */
static struct call *find_late(struct collector *collector, int64_t now_ns,
                              bool *ret_domain)
{
    for (struct call *call = collector->calls; call != NULL; call = call->next) {
        int64_t late_ns = collector_late_ns(collector, call, ret_domain);

        if (!call->finished && late_ns != CLOCK_NEVER && now_ns >= late_ns) {
            return call;
        }
    }
    return NULL;
}

/* CLOCK_NEVER is later than all else. */
static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns != CLOCK_NEVER && (b_ns == CLOCK_NEVER || a_ns < b_ns) ? a_ns : b_ns;
}

/*
 * When there is something to do without being told.  What a call is at may
 * change meanwhile, and nobody is told: it is looked at again and again.  The
 * lock is held.
 */
static int64_t due_ns(struct collector *collector, int64_t now_ns)
{
    const struct collector_patience *patience = &collector->patience;
    int64_t due =
        earlier(collector_open_due_ns(collector), collector_section_due_ns(collector));

    for (const struct call *call = collector->calls; call != NULL; call = call->next) {
        bool domain;
        int64_t late_ns = collector_late_ns(collector, call, &domain);

        if (late_ns != CLOCK_NEVER && call->kind == CALL_SECTION) {
            late_ns = earlier(late_ns, now_ns + patience->domain_timeout_ns);
            late_ns = earlier(late_ns, now_ns + patience->call_timeout_ns);
        }
        due = earlier(due, late_ns);
    }
    return due;
}

/* Waits until something changes or is due.  The lock is held. */
static void wait_for_work(struct collector *collector)
{
    int64_t now_ns = clock_boot_ns();
    int64_t due = due_ns(collector, now_ns);
    int64_t delay_ns;
    struct timespec until;

    if (due == CLOCK_NEVER) {
        pthread_cond_wait(&collector->changed, &collector->lock);
        return;
    }
    delay_ns = due - now_ns;
    if (delay_ns <= 0) {
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(delay_ns / CLOCK_NS_PER_S);
    until.tv_nsec += (long)(delay_ns % CLOCK_NS_PER_S);
    if (until.tv_nsec >= CLOCK_NS_PER_S) {
        until.tv_sec++;
        until.tv_nsec -= CLOCK_NS_PER_S;
    }
    pthread_cond_timedwait(&collector->changed, &collector->lock, &until);
}

static void finish(struct collector *collector, struct call *call)
{
    switch (call->kind) {
    case CALL_OPEN:
        collector_finish_open(collector, call);
        break;
    case CALL_SECTION:
        collector_finish_section(collector, call);
        break;
    case CALL_ALONE:
        collector_finish_alone(collector, call);
        break;
    case CALL_OPERATION:
        collector_finish_operation(collector, call);
        break;
    }
    collector_drop_link(collector, call->link);
    call->link = NULL;
    call_free(call);
}

/* One piece of work without the lock; false: there was none. */
static bool work_once(struct collector *collector)
{
    struct call *finished;
    struct call *late = NULL;
    struct queue_item *taken_back;
    bool domain = false;

    pthread_mutex_lock(&collector->lock);
    taken_back = collector->taken_back;
    collector->taken_back = NULL;
    finished = take_finished(collector);
    if (finished == NULL) {
        late = find_late(collector, clock_boot_ns(), &domain);
    }
    pthread_mutex_unlock(&collector->lock);
    free_events(taken_back);
    if (finished != NULL) {
        finish(collector, finished);
    } else if (late != NULL && domain) {
        collector_set_aside(collector, late);
    } else if (late != NULL) {
        collector_abandon(collector, late);
    }
    return finished != NULL || late != NULL;
}

/*
 * Leaves the calls under way to themselves: each frees itself when it
 * returns, and the last one closes the link.  What has not begun never does.
 */
static void orphan_calls(struct collector *collector)
{
    struct call *finished;

    pthread_mutex_lock(&collector->lock);
    while ((finished = take_finished(collector)) != NULL) {
        pthread_mutex_unlock(&collector->lock);
        collector_drop_link(collector, finished->link);
        finished->link = NULL;
        call_free(finished);
        pthread_mutex_lock(&collector->lock);
    }
    for (struct call *call = collector->calls; call != NULL; call = call->next) {
        call_cut_short(call);
    }
    while (collector->waiting != NULL) {
        struct call *call = collector->waiting;

        collector->waiting = call->next;
        call_free(call);
    }
    collector->calls = NULL;
    collector->stopped = true;
    pthread_cond_signal(&collector->left);
    pthread_mutex_unlock(&collector->lock);
    link_unref(collector->link);
    collector->link = NULL;
}

/* Starts what may start and waits; false: it is time to end. */
static bool wait_for_turn(struct collector *collector)
{
    bool go_on;
    bool returned;

    pthread_mutex_lock(&collector->lock);
    go_on = !collector->stopping;
    if (go_on) {
        collector_open_link(collector, clock_boot_ns());
        collector_start_operations(collector);
        collector_start_sections(collector, clock_boot_ns());
        returned = collector->taken_back != NULL;
        for (const struct call *call = collector->calls; call != NULL;
             call = call->next) {
            returned = returned || call->finished;
        }
        if (!returned) {
            wait_for_work(collector);
        }
    }
    pthread_mutex_unlock(&collector->lock);
    return go_on;
}

static void *coordinate(void *argument)
{
    struct collector *collector = argument;

    do {
        while (work_once(collector)) {
        }
    } while (wait_for_turn(collector));
    orphan_calls(collector);
    pthread_mutex_lock(&collector->lock);
    collector_unlock_and_unref(collector);
    return NULL;
}

struct collector *collector_start(const struct collector_settings *settings,
                                  struct queue *queue, struct error *error)
{
    struct collector *collector = calloc(1, sizeof(*collector));
    pthread_condattr_t attributes;
    int failed;

    if (collector == NULL) {
        snapshot_indices_close(&settings->indices);
        error_set(error, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    pthread_mutex_init(&collector->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&collector->changed, &attributes);
    pthread_cond_init(&collector->left, &attributes);
    pthread_condattr_destroy(&attributes);
    collector->id = settings->id;
    collector->ops = settings->ops;
    collector->patience = settings->patience;
    collector->indices = settings->indices;
    collector->queue = queue_ref(queue);
    collector->references = 2;
    for (size_t section = 0; section < SECTION_COUNT; section++) {
        collector->scheduled_ns[section] = CLOCK_NEVER;
    }
    collector->state = CONNECTION_CONNECTING;
    collector->reopen_delay_ns = COLLECTOR_REOPEN_FIRST_NS;
    collector->uri = strdup(settings->uri);
    collector->snapshot = snapshot_new_empty();
    if (collector->uri == NULL || collector->snapshot == NULL) {
        error_set(error, STATUS_NO_MEMORY, "out of memory");
        collector_free(collector);
        return NULL;
    }
    failed = call_start_thread(coordinate, collector);
    if (failed != 0) {
        error_set(error, STATUS_FAILED, "cannot start a thread: %s", strerror(failed));
        collector_free(collector);
        return NULL;
    }
    return collector;
}

void collector_request(struct collector *collector, unsigned sections)
{
    pthread_mutex_lock(&collector->lock);
    collector->wanted |= sections & ~collector->running;
    pthread_cond_signal(&collector->changed);
    pthread_mutex_unlock(&collector->lock);
}

void collector_schedule(struct collector *collector, enum section section,
                        int64_t at_ns)
{
    pthread_mutex_lock(&collector->lock);
    collector->scheduled_ns[section] = at_ns;
    pthread_cond_signal(&collector->changed);
    pthread_mutex_unlock(&collector->lock);
}

void collector_set_patience(struct collector *collector,
                            const struct collector_patience *patience)
{
    pthread_mutex_lock(&collector->lock);
    collector->patience = *patience;
    pthread_cond_signal(&collector->changed);
    pthread_mutex_unlock(&collector->lock);
}

void collector_take_back(struct collector *collector, struct collector_event *event)
{
    pthread_mutex_lock(&collector->lock);
    event->item.next = collector->taken_back;
    collector->taken_back = &event->item;
    pthread_cond_signal(&collector->changed);
    pthread_mutex_unlock(&collector->lock);
}

bool collector_stop(struct collector *collector, int64_t patience_ns)
{
    struct timespec until;
    bool alone;

    if (collector == NULL) {
        return true;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (long)(patience_ns % CLOCK_NS_PER_S);
    until.tv_sec += (time_t)(patience_ns / CLOCK_NS_PER_S)
                    + (time_t)(until.tv_nsec / CLOCK_NS_PER_S);
    until.tv_nsec %= CLOCK_NS_PER_S;
    pthread_mutex_lock(&collector->lock);
    collector->stopping = true;
    pthread_cond_signal(&collector->changed);
    /* At most the end of a merge: nobody else may write the index file. */
    while (!collector->stopped) {
        pthread_cond_wait(&collector->left, &collector->lock);
    }
    while (collector->references > 1
           && pthread_cond_timedwait(&collector->left, &collector->lock, &until) == 0) {
    }
    alone = collector->references == 1;
    collector_unlock_and_unref(collector);
    return alone;
}
