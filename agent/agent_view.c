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

struct agent_view *agent_views_new(size_t connection_count)
{
    struct agent_view *views = calloc(connection_count + 1, sizeof(*views));

    if (views == NULL) {
        return NULL;
    }
    /* All in the default context, then each in its own. */
    views[0].listed = calloc(2 * connection_count, sizeof(*views[0].listed));
    views[0].snapshots = calloc(2 * connection_count, sizeof(*views[0].snapshots));
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

static void fill_view(struct agent_view *view, const char *context,
                      struct connection *connection, struct connection *const *listed,
                      size_t count)
{
    view->context = context;
    view->connection = connection;
    view->hint = (struct mib_hint) { 0, 0 };
    view->listed_count = count;
    for (size_t i = 0; i < count; i++) {
        view->listed[i] = &listed[i]->status;
        view->snapshots[i] = listed[i]->snapshot;
    }
}

void agent_views_fill(struct agent *agent)
{
    size_t count = agent->connection_count;
    struct agent_view *views = agent->views;

    agent->view_count = count == 0 ? 0 : count + 1;
    if (count == 0) {
        return;
    }
    fill_view(&views[0], "", default_connection(agent), agent->connections, count);
    for (size_t i = 0; i < count; i++) {
        struct connection *connection = agent->connections[i];
        struct agent_view *view = &views[i + 1];

        view->listed = views[0].listed + count + i;
        view->snapshots = views[0].snapshots + count + i;
        fill_view(view, connection->context, connection, &agent->connections[i], 1);
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
    };
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
