/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connection_events.c - what the collector tells of a connection.
 */
#include <stdio.h>
#include <string.h>

#include "agent/connection_parts.h"
#include "agent/log.h"
#include "model/clock.h"

static void forget_failures(struct connection *connection)
{
    for (size_t section = 0; section < SECTION_COUNT; section++) {
        connection->failed_ns[section] = CLOCK_NEVER;
    }
}

/* The collector has forgotten them, too. */
static void forget_plans(struct connection *connection)
{
    for (size_t section = 0; section < SECTION_COUNT; section++) {
        connection->planned_ns[section] = CLOCK_NEVER;
    }
}

/*
 * Counters that were absent meanwhile go on from another value: when the
 * connection was down, or silent for longer than staleLimit.
 */
static void note_discontinuity(struct connection *connection,
                               enum connection_state state)
{
    int64_t now_ns = clock_boot_ns();
    int64_t silent_ns = connection->unresponsive_ns;

    if (state == CONNECTION_UNRESPONSIVE && silent_ns == CLOCK_NEVER) {
        connection->unresponsive_ns = now_ns;
    } else if (state != CONNECTION_UNRESPONSIVE) {
        connection->unresponsive_ns = CLOCK_NEVER;
    }
    if (state == CONNECTION_UP
        && (connection->status.state == CONNECTION_DOWN
            || (silent_ns != CLOCK_NEVER
                && now_ns - silent_ns > connection->config->stale_limit_ns))) {
        connection->status.discontinuity_ns = now_ns;
    }
}

static void handle_state(struct connection *connection,
                         const struct collector_event *event)
{
    struct connection_status *status = &connection->status;
    bool changed = event->state != status->state;
    bool new_words = strcmp(event->error.text, status->last_error) != 0;

    if (event->error.status != STATUS_OK) {
        snprintf(status->last_error, sizeof(status->last_error), "%s",
                 event->error.text);
    }
    if (event->state == CONNECTION_DOWN) {
        connection->lost = connection->was_up;
        connection->requested = 0;
        connection->late = 0;
        forget_plans(connection);
        operations_fail_queued(connection->operations, &event->error);
        connection->silent = false;
        /* A link that was up is lost by a collection, which counts. */
        status->failures += status->state != CONNECTION_UP;
    } else if (event->state == CONNECTION_UP) {
        status->reconnects += connection->lost;
        connection->lost = false;
        connection->was_up = true;
        connection->late = 0;
        connection->silent = false;
        forget_failures(connection);
    } else if (event->state == CONNECTION_UNRESPONSIVE
               && (status->state == CONNECTION_CONNECTING
                   || status->state == CONNECTION_DOWN)) {
        status->abandoned++;
    }
    note_discontinuity(connection, event->state);
    if (changed) {
        status->state = event->state;
        status->since_ns = clock_boot_ns();
    }
    if (event->state == CONNECTION_UP) {
        connection_plan(connection, SECTION_ALL);
    }
    if (event->state == CONNECTION_UP && changed) {
        log_notice("connection %s: up (%s)", connection->name, status->software);
    } else if (event->state == CONNECTION_DOWN && (changed || new_words)) {
        log_warning("connection %s: down: %s; trying again", connection->name,
                    event->error.text);
    } else if (event->state == CONNECTION_UNRESPONSIVE && changed) {
        log_warning("connection %s: unresponsive: %s", connection->name,
                    event->error.text);
    }
}

static void take_snapshot(struct connection *connection, struct collector_event *event)
{
    struct snapshot *old = connection->snapshot;

    if (event->snapshot != NULL) {
        connection->snapshot = event->snapshot;
        event->snapshot = old;
    }
}

static void note_duration(struct connection *connection, enum section section,
                          int64_t duration_ns)
{
    int64_t last_ns = connection->last_duration_ns[section];

    connection->duration_ns[section] =
        last_ns == 0 || duration_ns < last_ns ? duration_ns : last_ns;
    connection->last_duration_ns[section] = duration_ns;
}

/* What becomes of a collection for the next ones of its section. */
static void note_collection(struct connection *connection,
                            const struct collector_event *event, bool was_requested)
{
    enum section section = event->section;

    if (!event->abandoned) {
        note_duration(connection, section, event->duration_ns);
    }
    forecast_collected(&connection->forecasts[section], event->started_ns,
                       !was_requested
                           && (connection->ahead & SECTION_BIT(section)) != 0);
    connection->planned_ns[section] = CLOCK_NEVER;
    connection_plan(connection, SECTION_BIT(section));
}

static void handle_collected(struct connection *connection,
                             struct collector_event *event)
{
    struct connection_status *status = &connection->status;
    unsigned bit = SECTION_BIT(event->section);
    bool new_words = strcmp(event->error.text, status->last_error) != 0;
    bool was_requested = (connection->requested & bit) != 0;
    int64_t now_ns = clock_boot_ns();

    connection->requested &= ~bit;
    connection->late &= ~bit;
    status->collections++;
    status->collection_time_ns = event->duration_ns;
    connection->silent = connection->silent && event->abandoned;
    if (event->abandoned) {
        status->abandoned++;
    } else if (event->good) {
        status->collected_ns = now_ns;
        connection->failed_ns[event->section] = CLOCK_NEVER;
    } else {
        status->failures++;
    }
    if (!event->good) {
        connection->failed_ns[event->section] = now_ns;
    }
    take_snapshot(connection, event);
    note_collection(connection, event, was_requested);
    if (event->error.status != STATUS_OK) {
        snprintf(status->last_error, sizeof(status->last_error), "%s",
                 event->error.text);
        if (new_words && !event->abandoned) {
            log_warning("connection %s: %s: %s", connection->name,
                        section_name(event->section), event->error.text);
        }
    }
}

/* The name that a domain has at present; "" where it is not listed. */
static const char *domain_name(const struct snapshot *snapshot, const struct uuid *uuid)
{
    for (size_t i = 0; i < snapshot->domain_count; i++) {
        const struct domain *domain = snapshot->domains[i].domain;

        if (uuid_compare(&domain->uuid, uuid) == 0) {
            return domain->name;
        }
    }
    return "";
}

static void handle_domain(struct connection *connection, struct collector_event *event)
{
    char uuid[UUID_TEXT_SIZE];
    const char *name;

    connection->silent = false;
    connection->status.abandoned += event->abandoned;
    take_snapshot(connection, event);
    name = domain_name(connection->snapshot, &event->uuid);
    uuid_format(&event->uuid, uuid);
    if (event->abandoned) {
        log_warning("connection %s: domain %s (%s): %s; it is asked alone now",
                    connection->name, name, uuid, event->error.text);
    } else if (event->good) {
        log_notice("connection %s: domain %s (%s): %s: it answers again",
                   connection->name, name, uuid, section_name(event->section));
    }
}

void connection_handle(struct connection *connection, struct collector_event *event)
{
    switch (event->kind) {
    case COLLECTOR_STATE:
        handle_state(connection, event);
        break;
    case COLLECTOR_COLLECTED:
        handle_collected(connection, event);
        break;
    case COLLECTOR_DOMAIN:
        handle_domain(connection, event);
        break;
    case COLLECTOR_OPERATED:
        connection->operated_ns = clock_boot_ns();
        operations_finish(connection->operations, event->serial, &event->error);
        break;
    }
}
