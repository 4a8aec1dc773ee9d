/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/connection.h"
#include "agent/log.h"
#include "model/clock.h"
#include "model/text.h"

/*
 * The URI for managers: "user:secret@" of an authority, which follows "//",
 * and a query are left out.  Where an '@' stands behind what ends the
 * authority, a secret may have been written unescaped: then only the scheme
 * is told.
 */
static char *hide_secrets(const char *uri)
{
    char *text = strdup(uri);
    char *authority;
    char *at;

    if (text == NULL) {
        return NULL;
    }
    authority = strstr(text, "://");
    if (authority != NULL) {
        size_t length;

        authority += strlen("://");
        length = strcspn(authority, "/?#");
        if (memchr(authority + length, '@', strcspn(authority, "/") - length) != NULL) {
            authority[0] = '\0';
            length = 0;
        }
        at = memrchr(authority, '@', length);
        if (at != NULL) {
            memmove(authority, at + 1, strlen(at + 1) + 1);
        }
    }
    text[strcspn(text, "?#")] = '\0';
    text[text_prefix(text, TEXT_MAX)] = '\0';
    return text;
}

static void init_status(struct connection *connection,
                        const struct config_connection *from, uint32_t index)
{
    struct connection_status *status = &connection->status;

    status->index = index;
    status->name = connection->name;
    status->uri = connection->public_uri;
    status->context = connection->context;
    status->is_default = from->is_default;
    status->backend = connection->ops->name;
    status->software = connection->ops->software;
    status->hypervisor = connection->ops->hypervisor;
    status->capabilities = connection->ops->capabilities;
    status->state = CONNECTION_CONNECTING;
    status->since = time(NULL);
    status->collected_ns = CLOCK_NEVER;
    status->discontinuity_ns = CLOCK_NEVER;
    status->collection_time_ns = CLOCK_NEVER;
}

static void forget_failures(struct connection *connection)
{
    for (int section = 0; section < SECTION_COUNT; section++) {
        connection->failed_ns[section] = CLOCK_NEVER;
    }
}

static struct collector_patience patience(const struct config *config)
{
    return (struct collector_patience) {
        .call_timeout_ns = config->call_timeout_ns,
        /* Longer, and its answer comes too late for those who wait. */
        .domain_timeout_ns = config->wait_limit_ns,
    };
}

struct connection *connection_new(uint64_t id, const struct config *config,
                                  const struct config_connection *from, uint32_t index,
                                  const struct backend_ops *ops,
                                  const struct snapshot_indices *indices,
                                  struct queue *queue, struct error *error)
{
    struct connection *connection = calloc(1, sizeof(*connection));
    struct collector_settings settings = {
        .id = id,
        .ops = ops,
        .uri = from->uri,
        .patience = patience(config),
        .indices = *indices,
    };

    if (connection == NULL) {
        goto no_memory;
    }
    snprintf(connection->name, sizeof(connection->name), "%s", from->name);
    connection->ops = ops;
    connection->config = config;
    connection->unresponsive_ns = CLOCK_NEVER;
    connection->uri = strdup(from->uri);
    connection->context = strdup(from->context);
    connection->public_uri = hide_secrets(from->uri);
    connection->snapshot = snapshot_new_empty();
    if (connection->uri == NULL || connection->context == NULL
        || connection->public_uri == NULL || connection->snapshot == NULL) {
        goto no_memory;
    }
    connection->id = id;
    init_status(connection, from, index);
    forget_failures(connection);
    connection->collector = collector_start(&settings, queue, error);
    if (connection->collector == NULL) {
        connection_free(connection, 0);
        return NULL;
    }
    return connection;

no_memory:
    error_set(error, STATUS_NO_MEMORY, "out of memory");
    snapshot_indices_close(indices);
    connection_free(connection, 0);
    return NULL;
}

bool connection_free(struct connection *connection, int64_t patience_ns)
{
    bool alone;

    if (connection == NULL) {
        return true;
    }
    alone = collector_stop(connection->collector, patience_ns);
    snapshot_unref(connection->snapshot);
    free(connection->uri);
    free(connection->public_uri);
    free(connection->context);
    free(connection);
    return alone;
}

/* The sections that its backend can collect at all. */
static unsigned supported(const struct connection *connection)
{
    static const enum backend_capability needed[] = {
        [SECTION_NODE] = BACKEND_CAN_DOMAINS,
        [SECTION_DOMAINS] = BACKEND_CAN_DOMAINS,
        [SECTION_CONFIGS] = BACKEND_CAN_CONFIGURATION,
        [SECTION_STATISTICS] = BACKEND_CAN_STATISTICS,
        [SECTION_DEVICES] = BACKEND_CAN_DEVICES,
        [SECTION_STORAGE] = BACKEND_CAN_STORAGE,
    };
    _Static_assert(sizeof(needed) / sizeof(needed[0]) == SECTION_COUNT,
                   "a capability for each section");
    unsigned sections = 0;

    for (unsigned section = 0; section < SECTION_COUNT; section++) {
        if ((connection->ops->capabilities & BACKEND_CAPABILITY_BIT(needed[section]))
            != 0) {
            sections |= SECTION_BIT(section);
        }
    }
    return sections;
}

/* Of these sections, those that are older than maxAge was at that moment. */
static unsigned old_sections(const struct connection *connection, unsigned sections,
                             int64_t arrived_ns, int64_t max_age_ns)
{
    unsigned old = 0;

    for (unsigned section = 0; section < SECTION_COUNT; section++) {
        int64_t sampled_ns = connection->snapshot->sampled_ns[section];
        int64_t failed_ns = connection->failed_ns[section];

        if ((sections & SECTION_BIT(section)) == 0
            || (sampled_ns != CLOCK_NEVER && sampled_ns >= arrived_ns - max_age_ns)
            /* A failure is an answer too: do not ask again at once. */
            || (failed_ns != CLOCK_NEVER && failed_ns >= arrived_ns - max_age_ns)) {
            continue;
        }
        old |= SECTION_BIT(section);
    }
    return old;
}

unsigned connection_await(struct connection *connection, unsigned sections,
                          int64_t arrived_ns, int64_t max_age_ns)
{
    unsigned old;

    if (sections == 0 || connection->status.state == CONNECTION_DOWN) {
        return 0;
    }
    old = old_sections(connection, sections, arrived_ns, max_age_ns);
    if (old == 0) {
        return 0;
    }
    old &= supported(connection);
    /* What is late is asked for again, in case that its end was not told. */
    if ((old & (~connection->requested | connection->late)) != 0) {
        collector_request(connection->collector, old);
        connection->requested |= old;
    }
    return connection->silent ? 0 : old & ~connection->late;
}

void connection_mark_late(struct connection *connection, unsigned sections)
{
    sections &= connection->requested;
    connection->silent = connection->silent || (connection->late == 0 && sections != 0);
    connection->late |= sections;
}

/*
 * While somebody wants notifications, states are compared also when nobody
 * asks, where the hypervisor does not tell of each change itself.
 */
static void plan_states(struct connection *connection)
{
    const bool *switches = connection->status.switches;
    int64_t sampled_ns = connection->snapshot->sampled_ns[SECTION_DOMAINS];
    int64_t failed_ns = connection->failed_ns[SECTION_DOMAINS];
    int64_t last_ns = sampled_ns > failed_ns ? sampled_ns : failed_ns;
    int64_t at_ns = CLOCK_NEVER;

    if ((connection->ops->capabilities & BACKEND_CAPABILITY_BIT(BACKEND_CAN_EVENTS))
        != 0) {
        return;
    }
    if (switches[CONNECTION_SWITCH_PER_DOMAIN] || switches[CONNECTION_SWITCH_BULK]) {
        at_ns = last_ns == CLOCK_NEVER
                    ? clock_boot_ns()
                    : last_ns + connection->config->state_interval_ns;
    }
    collector_schedule(connection->collector, SECTION_DOMAINS, at_ns);
}

void connection_configure(struct connection *connection, const struct config *config)
{
    const struct collector_patience new_patience = patience(config);

    connection->config = config;
    collector_set_patience(connection->collector, &new_patience);
    plan_states(connection);
}

bool connection_set_switch(struct connection *connection, enum connection_switch which,
                           bool on)
{
    bool was_on = connection->status.switches[which];

    connection->status.switches[which] = on;
    plan_states(connection);
    return was_on;
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
        status->since = time(NULL);
    }
    if (event->state == CONNECTION_UP) {
        plan_states(connection);
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

static void handle_collected(struct connection *connection,
                             struct collector_event *event)
{
    struct connection_status *status = &connection->status;
    unsigned bit = SECTION_BIT(event->section);
    bool new_words = strcmp(event->error.text, status->last_error) != 0;
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
    if (event->section == SECTION_DOMAINS) {
        plan_states(connection);
    }
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
    }
}
