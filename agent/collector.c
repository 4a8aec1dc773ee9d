/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "agent/call.h"
#include "agent/collector.h"
#include "model/clock.h"

/* Reconnecting: the first delay, doubled up to the longest. */
#define REOPEN_FIRST_NS CLOCK_NS_PER_S
#define REOPEN_LONGEST_NS (30 * CLOCK_NS_PER_S)

/* Calls under way at once, abandoned ones included. */
#define CALLS_MAX 8

struct collector {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* something for the coordinator to do */
    pthread_cond_t left;    /* a thread is about to leave the collector */
    /* Constant: */
    uint64_t id;
    const struct backend_ops *ops;
    char *uri;
    int64_t call_timeout_ns;
    struct queue *queue;
    /* Under the lock: */
    unsigned references; /* the owner's, the coordinator's, one for each call */
    bool stopping;
    bool stopped;    /* the coordinator merges and tells no more */
    unsigned wanted; /* sections asked for and not started yet */
    unsigned call_count;
    struct call *calls;
    struct queue_item *taken_back; /* events to be freed */
    /* The coordinator's own: */
    struct link *link;
    struct snapshot_indices indices;
    struct snapshot *snapshot;
    enum connection_state state;
    int64_t reopen_ns;
    int64_t reopen_delay_ns;
};

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
static void push_event(struct collector *collector, const struct collector_event *from)
{
    struct collector_event *event = malloc(sizeof(*event));

    if (event == NULL) {
        snapshot_unref(from->snapshot);
        return;
    }
    *event = *from;
    event->id = collector->id;
    queue_push(collector->queue, &event->item);
}

static void set_state(struct collector *collector, enum connection_state state,
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
    push_event(collector, &event);
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

/* Drops one reference; the lock is held and is released. */
static void unlock_and_unref(struct collector *collector)
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
    unlock_and_unref(collector);
    return NULL;
}

/*
 * Starts a call on a thread of its own; without memory nothing happens, and
 * the next request asks again.  The lock is held.
 */
static void start_call(struct collector *collector, struct link *link,
                       enum section section)
{
    struct call *call = call_new(collector->ops, collector->uri, link, section,
                                 collector->call_timeout_ns);
    int failed;

    if (call == NULL) {
        return;
    }
    call->collector = collector;
    call->next = collector->calls;
    collector->calls = call;
    collector->call_count++;
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

/* Whether a call for the section is under way on the present link. */
static bool section_is_busy(const struct collector *collector, enum section section)
{
    for (const struct call *call = collector->calls; call != NULL; call = call->next) {
        if (call->link != NULL && call->link == collector->link
            && call->section == section) {
            return true;
        }
    }
    return false;
}

/* The same, apart from calls that nobody waits for any longer. */
static bool list_is_awaited(const struct collector *collector)
{
    for (const struct call *call = collector->calls; call != NULL; call = call->next) {
        if (call->link != NULL && call->link == collector->link
            && call->section == SECTION_DOMAINS && !call->abandoned) {
            return true;
        }
    }
    return false;
}

static bool opening(const struct collector *collector)
{
    for (const struct call *call = collector->calls; call != NULL; call = call->next) {
        if (call->link == NULL) {
            return true;
        }
    }
    return false;
}

/* Starts what is wanted and may start now.  The lock is held. */
static void start_calls(struct collector *collector, int64_t now_ns)
{
    if (collector->link == NULL) {
        if (now_ns >= collector->reopen_ns && !opening(collector)) {
            start_call(collector, NULL, SECTION_NODE);
        }
        return;
    }
    for (enum section section = 0; section < SECTION_COUNT; section++) {
        if ((collector->wanted & SECTION_BIT(section)) == 0
            || section_is_busy(collector, section)
            || collector->call_count >= CALLS_MAX) {
            continue;
        }
        /* What is told of domains finds its rows in the list: that first. */
        if (section != SECTION_DOMAINS && section_is_of_domains(section)
            && list_is_awaited(collector)) {
            continue;
        }
        collector->wanted &= ~SECTION_BIT(section);
        start_call(collector, collector->link, section);
    }
}

/* Removes and returns a call that has returned; NULL: none. */
static struct call *take_finished(struct collector *collector)
{
    for (struct call **at = &collector->calls; *at != NULL; at = &(*at)->next) {
        struct call *call = *at;

        if (call->finished) {
            *at = call->next;
            collector->call_count--;
            return call;
        }
    }
    return NULL;
}

/* A call that is late and has just been marked as abandoned; NULL: none. */
static struct call *take_late(struct collector *collector, int64_t now_ns)
{
    for (struct call *call = collector->calls; call != NULL; call = call->next) {
        if (!call->abandoned && now_ns >= call->deadline_ns) {
            call->abandoned = true;
            return call;
        }
    }
    return NULL;
}

static bool any_abandoned(struct collector *collector)
{
    bool found = false;

    pthread_mutex_lock(&collector->lock);
    for (const struct call *call = collector->calls; call != NULL; call = call->next) {
        found = found || (call->abandoned && call->link == collector->link);
    }
    pthread_mutex_unlock(&collector->lock);
    return found;
}

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
    unlock_and_unref(collector);
    return NULL;
}

/* Closing may block: the last reference is dropped on a thread of its own. */
static void drop_link(struct collector *collector, struct link *link)
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

/* The link is lost, or was not to be had: try again after a growing delay. */
static void go_down(struct collector *collector, const struct error *error)
{
    uint32_t dice = 0;
    int64_t jitter_ns;

    drop_link(collector, collector->link);
    collector->link = NULL;
    if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) < 0) {
        dice = 0;
    }
    /* A fifth more or less, so that many agents do not return at once. */
    jitter_ns = collector->reopen_delay_ns / 5 * (int64_t)(dice % 2001) / 1000
                - collector->reopen_delay_ns / 5;
    collector->reopen_ns = clock_boot_ns() + collector->reopen_delay_ns + jitter_ns;
    collector->reopen_delay_ns *= 2;
    if (collector->reopen_delay_ns > REOPEN_LONGEST_NS) {
        collector->reopen_delay_ns = REOPEN_LONGEST_NS;
    }
    pthread_mutex_lock(&collector->lock);
    collector->wanted = 0;
    pthread_mutex_unlock(&collector->lock);
    set_state(collector, CONNECTION_DOWN, error);
}

static void finish_open(struct collector *collector, struct call *call)
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
        go_down(collector, &call->error);
        return;
    }
    collector->link = link;
    collector->reopen_delay_ns = REOPEN_FIRST_NS;
    set_state(collector, CONNECTION_UP, NULL);
}

/* Merges what the call delivered and tells the SNMP thread. */
static void publish(struct collector *collector, const struct call *call,
                    const struct error *why, bool complete, int64_t ended_ns)
{
    struct collector_event event = {
        .kind = COLLECTOR_COLLECTED,
        .section = call->section,
        .good = complete,
        .abandoned = call->abandoned,
        .duration_ns = ended_ns - call->started_ns,
        .error = *why,
    };
    const struct snapshot_update update = {
        .builder = call->builder,
        .started_ns = call->started_ns,
        .complete = complete,
    };
    struct error error = ERROR_NONE;
    struct snapshot *merged =
        snapshot_merge(collector->snapshot, &update, &collector->indices, &error);

    if (merged == NULL) {
        event.good = false;
    } else {
        snapshot_unref(collector->snapshot);
        collector->snapshot = merged;
        event.snapshot = snapshot_ref(merged);
    }
    if (error.status != STATUS_OK) {
        event.error = error;
    }
    push_event(collector, &event);
}

static void abandon(struct collector *collector, struct call *call)
{
    struct error error = ERROR_NONE;

    error_set(&error, STATUS_TIMEOUT, "%s: no answer within %lld ms",
              call->link == NULL ? "open" : section_name(call->section),
              (long long)(collector->call_timeout_ns / CLOCK_NS_PER_MS));
    if (call->link != NULL && call->link == collector->link) {
        publish(collector, call, &error, false, clock_boot_ns());
    }
    set_state(collector, CONNECTION_UNRESPONSIVE, &error);
}

static void finish_collect(struct collector *collector, struct call *call)
{
    bool current = call->link == collector->link;

    if (!current) {
        if (!call->abandoned) {
            builder_close(call->builder);
        }
        return;
    }
    if (!call->abandoned) {
        publish(collector, call, &call->error, call->status == STATUS_OK,
                call->finished_ns);
    }
    if (call->status == STATUS_UNAVAILABLE) {
        go_down(collector, &call->error);
    } else if (collector->state == CONNECTION_UNRESPONSIVE
               && !any_abandoned(collector)) {
        set_state(collector, CONNECTION_UP, NULL);
    }
}

/* Waits until something changes or is due.  The lock is held. */
static void wait_for_work(struct collector *collector)
{
    int64_t due_ns = INT64_MAX;
    int64_t delay_ns;
    struct timespec until;

    if (collector->link == NULL && !opening(collector)) {
        due_ns = collector->reopen_ns;
    }
    for (const struct call *call = collector->calls; call != NULL; call = call->next) {
        if (!call->abandoned && call->deadline_ns < due_ns) {
            due_ns = call->deadline_ns;
        }
    }
    if (due_ns == INT64_MAX) {
        pthread_cond_wait(&collector->changed, &collector->lock);
        return;
    }
    delay_ns = due_ns - clock_boot_ns();
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

/* One piece of work without the lock; false: there was none. */
static bool work_once(struct collector *collector)
{
    struct call *finished;
    struct call *late = NULL;
    struct queue_item *taken_back;

    pthread_mutex_lock(&collector->lock);
    taken_back = collector->taken_back;
    collector->taken_back = NULL;
    finished = take_finished(collector);
    if (finished == NULL) {
        late = take_late(collector, clock_boot_ns());
    }
    pthread_mutex_unlock(&collector->lock);
    free_events(taken_back);
    if (finished != NULL) {
        if (finished->link == NULL) {
            finish_open(collector, finished);
        } else {
            finish_collect(collector, finished);
        }
        drop_link(collector, finished->link);
        finished->link = NULL;
        call_free(finished);
    } else if (late != NULL) {
        abandon(collector, late);
    }
    return finished != NULL || late != NULL;
}

/*
 * Leaves the calls under way to themselves: each frees itself when it
 * returns, and the last one closes the link.
 */
static void orphan_calls(struct collector *collector)
{
    struct call *finished;

    pthread_mutex_lock(&collector->lock);
    while ((finished = take_finished(collector)) != NULL) {
        pthread_mutex_unlock(&collector->lock);
        drop_link(collector, finished->link);
        finished->link = NULL;
        call_free(finished);
        pthread_mutex_lock(&collector->lock);
    }
    for (struct call *call = collector->calls; call != NULL; call = call->next) {
        if (call->builder != NULL) {
            builder_close(call->builder);
        }
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
        start_calls(collector, clock_boot_ns());
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
    unlock_and_unref(collector);
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
    collector->call_timeout_ns = settings->call_timeout_ns;
    collector->indices = settings->indices;
    collector->queue = queue_ref(queue);
    collector->references = 2;
    collector->state = CONNECTION_CONNECTING;
    collector->reopen_delay_ns = REOPEN_FIRST_NS;
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
    collector->wanted |= sections;
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
    unlock_and_unref(collector);
    return alone;
}
