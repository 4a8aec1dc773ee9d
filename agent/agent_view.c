/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * agent_view.c - what an agent shows: its contexts, and what is new in them.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/agent_view.h"
#include "agent/usage.h"

/* How often it is read what the process uses, if anybody asks. */
#define USAGE_NS CLOCK_NS_PER_S

/* What counts as a change of the date. */
#define DATE_CHANGE_NS (100 * CLOCK_NS_PER_MS)

void agent_views_free(struct agent_view *views)
{
    if (views != NULL) {
        free(views[0].listed);
        free(views[0].snapshots);
        free(views);
    }
}

struct agent_view *agent_views_new(const struct config *config)
{
    size_t count = config->connection_count;
    size_t contexts = 1;
    struct agent_view *views;

    for (size_t i = 0; i < count; i++) {
        contexts += config->connections[i].role_count;
    }
    views = calloc(contexts, sizeof(*views));
    if (views == NULL) {
        return NULL;
    }
    /* All in the default context, then each in those of its own. */
    views[0].listed = calloc(2 * count, sizeof(*views[0].listed));
    views[0].snapshots = calloc(2 * count, sizeof(*views[0].snapshots));
    if (views[0].listed == NULL || views[0].snapshots == NULL) {
        agent_views_free(views);
        return NULL;
    }
    return views;
}

/* The one so marked; the first one when that could not be started. */
static struct connection *default_connection(const struct agent *agent)
{
    for (size_t i = 0; i < agent->connection_count; i++) {
        if (agent->connections[i]->status.is_default) {
            return agent->connections[i];
        }
    }
    return agent->connections[0];
}

static const struct config_connection *
find_configuration(const struct config *config, const struct connection *connection)
{
    size_t i = 0;

    while (strcmp(config->connections[i].name, connection->name) != 0) {
        i++;
    }
    return &config->connections[i];
}

static void fill_view(struct agent_view *view, const struct config_role *role,
                      struct connection *connection, struct connection *const *listed,
                      size_t count)
{
    view->context = role->context;
    view->control = &role->control;
    view->connection = connection;
    view->hint = (struct mib_hint) { 0, 0 };
    view->listed_count = count;
    for (size_t i = 0; i < count; i++) {
        view->listed[i] = &listed[i]->status;
        view->snapshots[i] = listed[i]->snapshot;
    }
}

/* The contexts of one connection, of which all list the same. */
static void fill_roles(struct agent *agent, const struct config *config,
                       size_t position)
{
    struct connection *connection = agent->connections[position];
    const struct config_connection *from = find_configuration(config, connection);

    connection->status.control_classes = 0;
    for (size_t r = 0; r < from->role_count; r++) {
        struct agent_view *view = &agent->views[agent->view_count++];

        view->listed = agent->views[0].listed + agent->connection_count + position;
        view->snapshots =
            agent->views[0].snapshots + agent->connection_count + position;
        fill_view(view, &from->roles[r], connection, &agent->connections[position], 1);
        connection->status.control_classes |= from->roles[r].control.classes;
    }
    agent->status.control_classes |= connection->status.control_classes;
}

void agent_views_fill(struct agent *agent, const struct config *config)
{
    struct connection *connection;

    agent->view_count = 0;
    agent->status.control_classes = 0;
    if (agent->connection_count == 0) {
        return;
    }
    connection = default_connection(agent);
    fill_view(&agent->views[0], find_configuration(config, connection)->roles,
              connection, agent->connections, agent->connection_count);
    agent->views[0].context = "";
    agent->view_count = 1;
    for (size_t i = 0; i < agent->connection_count; i++) {
        fill_roles(agent, config, i);
    }
}

struct agent_view *agent_find_view(struct agent *agent, const void *context,
                                   size_t length)
{
    for (size_t i = 0; i < agent->view_count; i++) {
        struct agent_view *view = &agent->views[i];

        if (strlen(view->context) == length
            && (length == 0 || memcmp(view->context, context, length) == 0)) {
            return view;
        }
    }
    return NULL;
}

struct connection *agent_find_connection(const struct agent *agent, uint64_t id)
{
    for (size_t i = 0; i < agent->connection_count; i++) {
        if (agent->connections[i]->id == id) {
            return agent->connections[i];
        }
    }
    return NULL;
}

/*
 * The two clocks are not read at the same moment.  Only what is more than that
 * is a change of the date: else the same moment would get another date, a
 * tenth of a second apart, from one answer to the next.
 */
static void follow_date(struct agent *agent)
{
    int64_t offset_ns = clock_date_ns() - clock_boot_ns();
    int64_t change_ns = offset_ns - agent->date_offset_ns;

    if (change_ns <= -DATE_CHANGE_NS || change_ns >= DATE_CHANGE_NS) {
        agent->date_offset_ns = offset_ns;
    }
}

struct mib_context agent_context(struct agent *agent, const struct agent_view *view,
                                 int64_t now_ns)
{
    follow_date(agent);
    if (agent->usage_ns == CLOCK_NEVER || now_ns - agent->usage_ns >= USAGE_NS) {
        agent->usage_ns = now_ns;
        agent->status.memory_bytes = usage_memory_bytes();
        agent->status.cpu_time_ns = usage_cpu_time_ns();
    }
    return (struct mib_context) {
        .now_ns = now_ns,
        .date_ns = now_ns + agent->date_offset_ns,
        .stale_limit_ns = agent->config->stale_limit_ns,
        .agent = &agent->status,
        .connections = view->listed,
        .connection_snapshots = view->snapshots,
        .connection_count = view->listed_count,
        .connection = &view->connection->status,
        .snapshot = view->connection->snapshot,
        .sections = agent->config->unattached_storage
                        ? SECTION_ALL
                        : SECTION_ALL & ~SECTION_BIT(SECTION_STORAGE),
        .affinity = agent->config->cpu_affinity,
        .host_storage = agent->host_storage,
        .operations = operations_table(view->connection->operations),
        .control = view->control,
    };
}

void agent_check_by(struct agent *agent, int64_t at_ns)
{
    if (agent->check_ns == CLOCK_NEVER || at_ns < agent->check_ns) {
        agent->check_ns = at_ns;
    }
}

void agent_check(struct agent *agent)
{
    int64_t now_ns = clock_boot_ns();

    if (agent->check_ns == CLOCK_NEVER || now_ns < agent->check_ns) {
        return;
    }
    agent->check_ns = CLOCK_NEVER;
    for (size_t i = 0; i < agent->connection_count; i++) {
        int64_t due_ns = operations_check(agent->connections[i]->operations, now_ns);

        if (due_ns != CLOCK_NEVER) {
            agent_check_by(agent, due_ns);
        }
    }
}

/* Takes the event over. */
static void handle_event(struct agent *agent, struct collector_event *event)
{
    struct connection *connection = agent_find_connection(agent, event->id);

    if (connection == NULL) {
        collector_event_free(&event->item);
        return;
    }
    connection_handle(connection, event);
    if (event->kind == COLLECTOR_OPERATED || event->kind == COLLECTOR_STATE) {
        agent_check_by(agent, clock_boot_ns());
    }
    if (event->kind == COLLECTOR_COLLECTED) {
        agent->status.collections++;
    }
    collector_take_back(connection->collector, event);
}

void agent_drain(struct agent *agent)
{
    struct queue_item *item = queue_take(agent->queue);

    if (item == NULL) {
        return;
    }
    while (item != NULL) {
        struct queue_item *next = item->next;

        handle_event(agent, (struct collector_event *)item);
        item = next;
    }
    for (size_t v = 0; v < agent->view_count; v++) {
        struct agent_view *view = &agent->views[v];

        for (size_t i = 0; i < view->listed_count; i++) {
            view->snapshots[i] = view->listed_count == 1
                                     ? view->connection->snapshot
                                     : agent->connections[i]->snapshot;
        }
    }
}
