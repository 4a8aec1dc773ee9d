/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "agent/collector_parts.h"
#include "model/clock.h"

/* Calls under way at once, those included that nobody waits for any longer. */
#define CALLS_MAX (2 * ASIDE_MAX)

/* Whether a call for a whole section is under way, given up or not. */
static bool is_busy(const struct collector *collector, enum section section)
{
    for (const struct call *call = collector->calls; call != NULL; call = call->next) {
        if (call->kind == CALL_SECTION && call->section == section
            && collector_is_current(collector, call)) {
            return true;
        }
    }
    return false;
}

static int compare_uuids(const void *a, const void *b)
{
    return uuid_compare(a, b);
}

/*
 * Starts a call for all domains of a section but those that are set aside
 * and, where it is the rest of a collection, those that the call before it
 * has dealt with.  False without memory.  With the lock.
 */
static bool start_section(struct collector *collector, enum section section,
                          const struct call *before)
{
    struct builder_content done = { .count = 0 };
    struct uuid *except;
    struct call *call;
    size_t count;

    if (before != NULL) {
        done = builder_content(before->builder);
    }
    except =
        calloc(ASIDE_MAX + done.count + (before != NULL ? before->except_count : 0),
               sizeof(*except));
    if (except == NULL) {
        return false;
    }
    count = asides_list(&collector->asides, section, except);
    for (size_t i = 0; i < done.count; i++) {
        except[count++] = *section_uuid(section, done.records[i]);
    }
    for (size_t i = 0; before != NULL && i < before->except_count; i++) {
        except[count++] = before->except[i];
    }
    qsort(except, count, sizeof(*except), compare_uuids);
    call = call_new_section(collector->link, section, except, count,
                            collector->patience.call_timeout_ns);
    if (call == NULL) {
        return false;
    }
    call->begun_ns = before != NULL ? before->begun_ns : call->started_ns;
    collector->running |= SECTION_BIT(section);
    collector_start_call(collector, call);
    return true;
}

/* With the lock. */
static void start_alone(struct collector *collector, struct aside *aside)
{
    struct call *call = call_new_alone(collector->link, aside->section, &aside->uuid,
                                       collector->patience.call_timeout_ns);

    aside->is_asked = call != NULL;
    if (call != NULL) {
        collector_start_call(collector, call);
    }
}

/* Asks again those that are set aside and have returned.  With the lock. */
static void start_asides(struct collector *collector, enum section section)
{
    for (size_t i = 0; i < collector->asides.count; i++) {
        struct aside *aside = &collector->asides.list[i];

        if (aside->section == section && !aside->is_asked) {
            start_alone(collector, aside);
        }
    }
}

/* What is scheduled for now is wanted now, but for what is being done. */
static void take_scheduled(struct collector *collector, int64_t now_ns)
{
    for (size_t section = 0; section < SECTION_COUNT; section++) {
        int64_t due_ns = collector->scheduled_ns[section];

        if (due_ns != CLOCK_NEVER && now_ns >= due_ns) {
            collector->wanted |= SECTION_BIT(section) & ~collector->running;
            collector->scheduled_ns[section] = CLOCK_NEVER;
        }
    }
}

/* No call may be made any more, since so many have not returned. */
static void tell_fullness(struct collector *collector)
{
    struct error error = ERROR_NONE;

    error_set(
        &error, STATUS_TIMEOUT,
        "%u calls have not returned: restart the hypervisor's daemon, or hvagentx",
        collector->call_count);
    collector_set_state(collector, CONNECTION_UNRESPONSIVE, &error);
}

void collector_start_sections(struct collector *collector, int64_t now_ns)
{
    if (collector->link == NULL) {
        return;
    }
    take_scheduled(collector, now_ns);
    if (collector->wanted != 0 && collector->call_count >= CALLS_MAX) {
        tell_fullness(collector);
        return;
    }
    for (enum section section = 0; section < SECTION_COUNT; section++) {
        if ((collector->wanted & SECTION_BIT(section)) == 0
            || is_busy(collector, section)) {
            continue;
        }
        /* What is told of domains finds its rows in the list: that first. */
        if (section != SECTION_DOMAINS && section_is_of_domains(section)
            && (collector->running & SECTION_BIT(SECTION_DOMAINS)) != 0) {
            continue;
        }
        collector->wanted &= ~SECTION_BIT(section);
        start_asides(collector, section);
        /* Without memory the next request asks again. */
        (void)start_section(collector, section, NULL);
    }
}

int64_t collector_section_due_ns(const struct collector *collector)
{
    int64_t due_ns = CLOCK_NEVER;

    for (size_t section = 0; section < SECTION_COUNT && collector->link != NULL;
         section++) {
        int64_t scheduled_ns = collector->scheduled_ns[section];

        if (scheduled_ns != CLOCK_NEVER
            && (due_ns == CLOCK_NEVER || scheduled_ns < due_ns)) {
            due_ns = scheduled_ns;
        }
    }
    return due_ns;
}

int64_t collector_late_ns(struct collector *collector, const struct call *call,
                          bool *ret_domain)
{
    const struct collector_patience *patience = &collector->patience;
    struct builder_progress progress;

    *ret_domain = false;
    if (call->abandoned) {
        return CLOCK_NEVER;
    }
    if (call->kind == CALL_OPEN) {
        return call->started_ns + patience->call_timeout_ns;
    }
    if (call->kind == CALL_ALONE || call->kind == CALL_OPERATION
        || !collector_is_current(collector, call)) {
        return CLOCK_NEVER;
    }
    progress = builder_progress(call->builder);
    *ret_domain =
        progress.asks && collector->asides.count < ASIDE_MAX
        && collector->call_count < CALLS_MAX
        /* A backend that asks for it again in spite of `except` gets no more. */
        && asides_find(&collector->asides, call->section, &progress.uuid) == NULL;
    return progress.since_ns
           + (*ret_domain ? patience->domain_timeout_ns : patience->call_timeout_ns);
}

static struct collector_patience patience_of(struct collector *collector)
{
    struct collector_patience patience;

    pthread_mutex_lock(&collector->lock);
    patience = collector->patience;
    pthread_mutex_unlock(&collector->lock);
    return patience;
}

/* Merges what a call delivered; the event tells of it.  False without memory. */
static bool merge(struct collector *collector, const struct call *call, bool complete,
                  struct collector_event *event)
{
    const struct snapshot_update update = {
        .builder = call->builder,
        .started_ns = call->begun_ns,
        .complete = complete,
        .except = { call->except, call->except_count },
    };
    struct error error = ERROR_NONE;
    struct snapshot *merged =
        snapshot_merge(collector->snapshot, &update, &collector->indices, &error);

    if (error.status != STATUS_OK) {
        event->error = error;
    }
    if (merged == NULL) {
        return false;
    }
    snapshot_unref(collector->snapshot);
    collector->snapshot = merged;
    event->snapshot = snapshot_ref(merged);
    return true;
}

/* What became of a domain that is set aside; `good`: it answers again. */
static void publish_domain(struct collector *collector, const struct call *call,
                           const struct error *why, bool good)
{
    struct collector_event event = {
        .kind = COLLECTOR_DOMAIN,
        .section = call->section,
        .uuid = call->uuid,
        .abandoned = call->abandoned,
        .good = good,
        .error = *why,
    };

    (void)merge(collector, call, false, &event);
    collector_tell(collector, &event);
}

/* The end of a collection. */
static void publish_end(struct collector *collector, const struct call *call,
                        const struct error *why, bool complete, int64_t ended_ns)
{
    struct collector_event event = {
        .kind = COLLECTOR_COLLECTED,
        .section = call->section,
        .abandoned = call->abandoned,
        .started_ns = call->begun_ns,
        .duration_ns = ended_ns - call->begun_ns,
        .error = *why,
    };

    event.good = merge(collector, call, complete, &event) && complete;
    /* At once: what is asked for until now is answered by this event. */
    pthread_mutex_lock(&collector->lock);
    collector_tell(collector, &event);
    collector->running &= ~SECTION_BIT(call->section);
    pthread_mutex_unlock(&collector->lock);
}

void collector_set_aside(struct collector *collector, struct call *call)
{
    const int64_t patience_ns = patience_of(collector).domain_timeout_ns;
    const struct builder_progress progress = builder_progress(call->builder);
    struct error error = ERROR_NONE;
    bool started;

    if (!progress.asks || clock_boot_ns() < progress.since_ns + patience_ns) {
        return; /* it has just got on */
    }
    error_set(&error, STATUS_TIMEOUT, "no answer within %lld ms",
              (long long)(patience_ns / CLOCK_NS_PER_MS));
    call->abandoned = true;
    call->uuid = progress.uuid;
    (void)!builder_add_failure(call->builder, &call->uuid, &error);
    (void)error_prefix(&error, "%s", section_name(call->section));
    publish_domain(collector, call, &error, false);
    pthread_mutex_lock(&collector->lock);
    call->kind = CALL_ALONE;
    asides_add(&collector->asides, call->section, &call->uuid);
    started = start_section(collector, call->section, call);
    pthread_mutex_unlock(&collector->lock);
    if (!started) {
        error_set(&error, STATUS_NO_MEMORY, "out of memory");
        publish_end(collector, call, &error, false, clock_boot_ns());
    }
}

void collector_abandon(struct collector *collector, struct call *call)
{
    struct error error = ERROR_NONE;

    call->abandoned = true;
    error_set(&error, STATUS_TIMEOUT, "%s: no answer within %lld ms",
              call->kind == CALL_OPEN ? "open" : section_name(call->section),
              (long long)(patience_of(collector).call_timeout_ns / CLOCK_NS_PER_MS));
    if (collector_is_current(collector, call)) {
        publish_end(collector, call, &error, false, clock_boot_ns());
    }
    collector_set_state(collector, CONNECTION_UNRESPONSIVE, &error);
}

/* Whether the hypervisor itself has not answered some call yet. */
static bool is_unresponsive(struct collector *collector)
{
    bool found = false;

    pthread_mutex_lock(&collector->lock);
    for (const struct call *call = collector->calls; call != NULL; call = call->next) {
        found = found
                || (call->kind == CALL_SECTION && call->abandoned
                    && collector_is_current(collector, call));
    }
    pthread_mutex_unlock(&collector->lock);
    return found;
}

void collector_finish_section(struct collector *collector, struct call *call)
{
    if (!collector_is_current(collector, call)) {
        return;
    }
    if (!call->abandoned) {
        publish_end(collector, call, &call->error, call->status == STATUS_OK,
                    call->finished_ns);
    }
    if (call->status == STATUS_OK) {
        collector->reopen_delay_ns = COLLECTOR_REOPEN_FIRST_NS;
    }
    if (call->status == STATUS_UNAVAILABLE) {
        collector_lose_link(collector, &call->error);
    } else if (collector->state == CONNECTION_UNRESPONSIVE
               && !is_unresponsive(collector)) {
        collector_set_state(collector, CONNECTION_UP, NULL);
    }
}

void collector_finish_alone(struct collector *collector, struct call *call)
{
    struct aside *aside = asides_find(&collector->asides, call->section, &call->uuid);
    bool prompt = !call->abandoned
                  && call->finished_ns - call->started_ns
                         <= patience_of(collector).domain_timeout_ns;

    if (!collector_is_current(collector, call)) {
        return;
    }
    if (call->status == STATUS_UNAVAILABLE) {
        collector_lose_link(collector, &call->error);
        return;
    }
    if (call->status != STATUS_OK) {
        (void)!builder_add_failure(call->builder, &call->uuid, &call->error);
    }
    if (!call->abandoned) {
        publish_domain(collector, call, &call->error, prompt);
    }
    if (prompt) {
        asides_remove(&collector->asides, aside);
    } else if (call->abandoned) {
        /* It held up the others: what it says now is asked for anew. */
        pthread_mutex_lock(&collector->lock);
        start_alone(collector, aside);
        pthread_mutex_unlock(&collector->lock);
    } else {
        aside->is_asked = false;
    }
}
