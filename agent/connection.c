/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/connection_parts.h"
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
    status->since_ns = clock_boot_ns();
    status->collected_ns = CLOCK_NEVER;
    status->discontinuity_ns = CLOCK_NEVER;
    status->collection_time_ns = CLOCK_NEVER;
}

static void init_sections(struct connection *connection)
{
    for (size_t section = 0; section < SECTION_COUNT; section++) {
        connection->failed_ns[section] = CLOCK_NEVER;
        connection->planned_ns[section] = CLOCK_NEVER;
        forecast_init(&connection->forecasts[section]);
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

static bool start_parts(struct connection *connection,
                        const struct connection_settings *settings, struct error *error)
{
    const struct collector_settings collector = {
        .id = settings->id,
        .ops = settings->ops,
        .uri = settings->from->uri,
        .patience = patience(settings->config),
        .indices = settings->indices,
    };
    struct operations_settings operations = {
        .status = &connection->status,
        .folder = settings->state_folder,
        .config = settings->config,
        .counters = settings->counters,
    };

    connection->collector = collector_start(&collector, settings->queue, error);
    if (connection->collector == NULL) {
        return false;
    }
    operations.collector = connection->collector;
    connection->operations = operations_new(&operations, error);
    return connection->operations != NULL;
}

struct connection *connection_new(const struct connection_settings *settings,
                                  struct error *error)
{
    const struct config_connection *from = settings->from;
    struct connection *connection = calloc(1, sizeof(*connection));

    if (connection == NULL) {
        goto no_memory;
    }
    snprintf(connection->name, sizeof(connection->name), "%s", from->name);
    connection->ops = settings->ops;
    connection->config = settings->config;
    connection->unresponsive_ns = CLOCK_NEVER;
    connection->operated_ns = CLOCK_NEVER;
    connection->uri = strdup(from->uri);
    connection->context = strdup(from->context);
    connection->public_uri = hide_secrets(from->uri);
    connection->snapshot = snapshot_new_empty();
    if (connection->uri == NULL || connection->context == NULL
        || connection->public_uri == NULL || connection->snapshot == NULL) {
        goto no_memory;
    }
    connection->id = settings->id;
    init_status(connection, from, settings->index);
    init_sections(connection);
    if (!start_parts(connection, settings, error)) {
        connection_free(connection, 0);
        return NULL;
    }
    return connection;

no_memory:
    error_set(error, STATUS_NO_MEMORY, "out of memory");
    snapshot_indices_close(&settings->indices);
    connection_free(connection, 0);
    return NULL;
}

bool connection_free(struct connection *connection, int64_t patience_ns)
{
    bool alone;

    if (connection == NULL) {
        return true;
    }
    operations_free(connection->operations);
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

/*
 * How old a section may be.  Where its collection alone takes longer, it is
 * never younger, and asking at once again would not make it so.
 */
static int64_t allowed_age_ns(const struct connection *connection, size_t section,
                              int64_t max_age_ns)
{
    int64_t duration_ns = connection->duration_ns[section];

    return duration_ns < max_age_ns ? max_age_ns : 2 * duration_ns;
}

/*
 * Of these sections, those that are older than maxAge was at that moment, or
 * than `since_ns`.
 */
static unsigned old_sections(const struct connection *connection, unsigned sections,
                             int64_t arrived_ns, int64_t max_age_ns, int64_t since_ns)
{
    unsigned old = 0;

    for (unsigned section = 0; section < SECTION_COUNT; section++) {
        int64_t sampled_ns = connection->snapshot->sampled_ns[section];
        int64_t failed_ns = connection->failed_ns[section];
        int64_t oldest_ns =
            arrived_ns - allowed_age_ns(connection, section, max_age_ns);

        if ((sections & SECTION_BIT(section)) == 0
            || (sampled_ns != CLOCK_NEVER && sampled_ns >= oldest_ns
                && sampled_ns >= since_ns)
            /* A failure is an answer too: do not ask again at once. */
            || (failed_ns != CLOCK_NEVER && failed_ns >= oldest_ns)) {
            continue;
        }
        old |= SECTION_BIT(section);
    }
    return old;
}

/* Learns when managers poll; what a new poll finds fresh is planned anew. */
static void note_request(struct connection *connection, unsigned sections, unsigned old)
{
    int64_t now_ns = clock_boot_ns();

    for (size_t section = 0; section < SECTION_COUNT; section++) {
        if ((sections & SECTION_BIT(section)) != 0
            && forecast_request(&connection->forecasts[section], now_ns)) {
            connection_plan(connection, SECTION_BIT(section) & ~old);
        }
    }
}

static unsigned await(struct connection *connection, unsigned sections,
                      int64_t arrived_ns, int64_t max_age_ns, int64_t since_ns)
{
    unsigned old;

    sections &= supported(connection);
    if (sections == 0 || connection->status.state == CONNECTION_DOWN) {
        return 0;
    }
    old = old_sections(connection, sections, arrived_ns, max_age_ns, since_ns);
    note_request(connection, sections, old);
    if (old == 0) {
        return 0;
    }
    /* What is late is asked for again, in case that its end was not told. */
    if ((old & (~connection->requested | connection->late)) != 0) {
        collector_request(connection->collector, old);
        connection->requested |= old;
    }
    return connection->silent ? 0 : old & ~connection->late;
}

unsigned connection_await(struct connection *connection, unsigned sections,
                          int64_t arrived_ns, int64_t max_age_ns)
{
    return await(connection, sections, arrived_ns, max_age_ns, connection->operated_ns);
}

unsigned connection_await_for_set(struct connection *connection, unsigned sections,
                                  int64_t arrived_ns, int64_t max_age_ns)
{
    return await(connection, sections, arrived_ns, max_age_ns, CLOCK_NEVER);
}

/* When states are to be compared although nobody asks; CLOCK_NEVER: not. */
static int64_t states_due_ns(const struct connection *connection)
{
    const bool *switches = connection->status.switches;
    int64_t sampled_ns = connection->snapshot->sampled_ns[SECTION_DOMAINS];
    int64_t failed_ns = connection->failed_ns[SECTION_DOMAINS];
    int64_t last_ns = sampled_ns > failed_ns ? sampled_ns : failed_ns;

    if (!switches[CONNECTION_SWITCH_PER_DOMAIN] && !switches[CONNECTION_SWITCH_BULK]) {
        return CLOCK_NEVER;
    }
    if ((connection->ops->capabilities & BACKEND_CAPABILITY_BIT(BACKEND_CAN_EVENTS))
        != 0) {
        return CLOCK_NEVER; /* the hypervisor tells of changes itself */
    }
    /* 0: at once. */
    return last_ns == CLOCK_NEVER ? 0 : last_ns + connection->config->state_interval_ns;
}

/* When a section is to be collected ahead of the next poll; CLOCK_NEVER: not. */
static int64_t ahead_due_ns(const struct connection *connection, size_t section,
                            int64_t now_ns)
{
    int64_t duration_ns = connection->duration_ns[section];

    if (duration_ns <= connection->config->wait_limit_ns / 2) {
        return CLOCK_NEVER; /* those who ask can wait for it */
    }
    return forecast_due(&connection->forecasts[section], now_ns,
                        connection->snapshot->sampled_ns[section], duration_ns,
                        connection->config->max_age_ns);
}

void connection_plan(struct connection *connection, unsigned sections)
{
    int64_t now_ns = clock_boot_ns();

    for (size_t section = 0; section < SECTION_COUNT; section++) {
        int64_t at_ns;
        int64_t states_ns;

        if ((sections & SECTION_BIT(section)) == 0) {
            continue;
        }
        at_ns = ahead_due_ns(connection, section, now_ns);
        states_ns =
            section == SECTION_DOMAINS ? states_due_ns(connection) : CLOCK_NEVER;
        connection->ahead |= SECTION_BIT(section);
        if (at_ns == CLOCK_NEVER || (states_ns != CLOCK_NEVER && states_ns < at_ns)) {
            connection->ahead &= ~SECTION_BIT(section);
            at_ns = states_ns;
        }
        if (at_ns != connection->planned_ns[section]) {
            connection->planned_ns[section] = at_ns;
            collector_schedule(connection->collector, (enum section)section, at_ns);
        }
    }
}

void connection_mark_late(struct connection *connection, unsigned sections)
{
    sections &= connection->requested;
    connection->silent = connection->silent || (connection->late == 0 && sections != 0);
    connection->late |= sections;
}

void connection_configure(struct connection *connection, const struct config *config)
{
    const struct collector_patience new_patience = patience(config);

    connection->config = config;
    collector_set_patience(connection->collector, &new_patience);
    operations_configure(connection->operations, config);
    connection_plan(connection, SECTION_ALL);
}

bool connection_set_switch(struct connection *connection, enum connection_switch which,
                           bool on)
{
    bool was_on = connection->status.switches[which];

    connection->status.switches[which] = on;
    connection_plan(connection, SECTION_BIT(SECTION_DOMAINS));
    return was_on;
}
