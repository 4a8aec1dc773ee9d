/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/log.h"
#include "agent/module.h"
#include "agent/state.h"
#include "agent/usage.h"
#include "model/text.h"

/* How long a clean end waits for calls to the hypervisors. */
#define END_PATIENCE_NS (500 * CLOCK_NS_PER_MS)

/* How often it is read what the process uses, if anybody asks. */
#define USAGE_NS CLOCK_NS_PER_S

/* What counts as a change of the date. */
#define DATE_CHANGE_NS (100 * CLOCK_NS_PER_MS)

static const char *state_folder(const struct agent *agent)
{
    return agent->lock_fd < 0 ? NULL : agent->config->state_dir;
}

static struct connection *find_connection(const struct agent *agent,
                                          const struct config_connection *wanted)
{
    for (size_t i = 0; i < agent->connection_count; i++) {
        if (strcmp(agent->connections[i]->name, wanted->name) == 0) {
            return agent->connections[i];
        }
    }
    return NULL;
}

/* Whether a running connection can go on under another configuration. */
static bool is_unchanged(const struct agent *agent, const struct config *config,
                         const struct connection *connection,
                         const struct config_connection *wanted)
{
    return strcmp(connection->uri, wanted->uri) == 0
           && config->index_grace_ns == agent->config->index_grace_ns
           && strcmp(config->module_dir, agent->config->module_dir) == 0;
}

static enum status load_modules(const struct config *config,
                                const struct backend_ops **ops, struct error *error)
{
    for (size_t i = 0; i < config->connection_count; i++) {
        enum status status =
            module_load(config->module_dir, config->connections[i].uri, &ops[i], error);

        if (status != STATUS_OK) {
            error_prefix(error, "connection %s", config->connections[i].name);
            return status;
        }
    }
    return STATUS_OK;
}

static bool open_indices(const struct agent *agent, const struct config *config,
                         const struct config_connection *wanted,
                         struct snapshot_indices *indices, struct error *error)
{
    const char *folder = state_folder(agent);
    char name[CONFIG_NAME_SIZE + sizeof("domains-")];

    snprintf(name, sizeof(name), "domains-%s", wanted->name);
    indices->domains = state_open_indices(folder, name, config->index_grace_ns, error);
    snprintf(name, sizeof(name), "volumes-%s", wanted->name);
    indices->volumes =
        indices->domains == NULL
            ? NULL
            : state_open_indices(folder, name, config->index_grace_ns, error);
    if (indices->volumes == NULL) {
        snapshot_indices_close(indices);
        return false;
    }
    return true;
}

static struct connection *start_connection(struct agent *agent,
                                           const struct config *config,
                                           const struct config_connection *wanted,
                                           const struct backend_ops *ops,
                                           struct error *error)
{
    struct snapshot_indices indices;
    uint32_t index;

    if (index_store_assign(agent->connection_indices, wanted->name, clock_boot_ns(),
                           &index, NULL)
        != STATUS_OK) {
        error_set(error, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    if (!open_indices(agent, config, wanted, &indices, error)) {
        return NULL;
    }
    return connection_new(++agent->last_id, config, wanted, index, ops, &indices,
                          agent->queue, error);
}

static void free_views(struct agent *agent)
{
    for (size_t i = 0; i < agent->view_count; i++) {
        free(agent->views[i].listed);
        free(agent->views[i].snapshots);
    }
    free(agent->views);
    agent->views = NULL;
    agent->view_count = 0;
}

static bool init_view(struct agent_view *view, const char *context,
                      struct connection *connection, struct connection *const *listed,
                      size_t count)
{
    view->context = context;
    view->connection = connection;
    view->listed_count = count;
    view->listed = calloc(count, sizeof(*view->listed));
    view->snapshots = calloc(count, sizeof(*view->snapshots));
    if (view->listed == NULL || view->snapshots == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        view->listed[i] = &listed[i]->status;
        view->snapshots[i] = listed[i]->snapshot;
    }
    return true;
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

/* The contexts of the present connections: the default one, then each its own. */
static bool build_views(struct agent *agent)
{
    free_views(agent);
    if (agent->connection_count == 0) {
        return true;
    }
    agent->views = calloc(agent->connection_count + 1, sizeof(*agent->views));
    if (agent->views == NULL) {
        return false;
    }
    agent->view_count = 1;
    if (!init_view(&agent->views[0], "", default_connection(agent), agent->connections,
                   agent->connection_count)) {
        goto failed;
    }
    for (size_t i = 0; i < agent->connection_count; i++) {
        if (!init_view(&agent->views[agent->view_count++],
                       agent->connections[i]->context, agent->connections[i],
                       &agent->connections[i], 1)) {
            goto failed;
        }
    }
    return true;

failed:
    free_views(agent);
    return false;
}

static int compare_connections(const void *a, const void *b)
{
    const struct connection *const *first = a;
    const struct connection *const *second = b;

    return (*first)->status.index < (*second)->status.index ? -1 : 1;
}

/* A connection that stays may have another context or mark. */
static bool update_connection(struct connection *connection,
                              const struct config_connection *wanted)
{
    char *context = strdup(wanted->context);

    if (context == NULL) {
        return false;
    }
    free(connection->context);
    connection->context = context;
    connection->status.context = context;
    connection->status.is_default = wanted->is_default;
    return true;
}

/*
 * Frees the connections that the new configuration has no longer, or has
 * otherwise; the others stay in agent->connections.
 */
static void drop_connections(struct agent *agent, const struct config *config)
{
    size_t kept = 0;

    for (size_t i = 0; i < agent->connection_count; i++) {
        struct connection *connection = agent->connections[i];
        const struct config_connection *wanted = NULL;

        for (size_t j = 0; j < config->connection_count; j++) {
            if (strcmp(config->connections[j].name, connection->name) == 0) {
                wanted = &config->connections[j];
            }
        }
        if (wanted != NULL && is_unchanged(agent, config, connection, wanted)) {
            agent->connections[kept++] = connection;
            continue;
        }
        if (wanted == NULL) {
            index_store_release(agent->connection_indices, connection->name,
                                clock_boot_ns());
        }
        log_notice("connection %s: closed", connection->name);
        agent->left_behind = !connection_free(connection, 0) || agent->left_behind;
    }
    agent->connection_count = kept;
}

/* Starts those that are not there yet, and adapts those that stay. */
static enum status start_connections(struct agent *agent, const struct config *config,
                                     const struct backend_ops *const *ops,
                                     struct error *error)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < config->connection_count && status == STATUS_OK; i++) {
        const struct config_connection *wanted = &config->connections[i];
        struct connection *connection = find_connection(agent, wanted);

        if (connection == NULL) {
            connection = start_connection(agent, config, wanted, ops[i], error);
            if (connection == NULL) {
                status = error->status;
            } else {
                agent->connections[agent->connection_count++] = connection;
            }
        } else if (!update_connection(connection, wanted)) {
            status = error_set(error, STATUS_NO_MEMORY, "out of memory");
        }
    }
    return status;
}

/* What can be refused is refused before anything changes. */
static enum status apply(struct agent *agent, const struct config *config,
                         struct error *error)
{
    const struct backend_ops **ops = calloc(config->connection_count, sizeof(*ops));
    struct connection **grown = NULL;
    enum status status = STATUS_NO_MEMORY;

    if (ops == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    status = load_modules(config, ops, error);
    if (status != STATUS_OK) {
        goto out;
    }
    grown =
        realloc(agent->connections, (agent->connection_count + config->connection_count)
                                        * sizeof(struct connection *));
    if (grown == NULL) {
        status = error_set(error, STATUS_NO_MEMORY, "out of memory");
        goto out;
    }
    agent->connections = grown;
    drop_connections(agent, config);
    status = start_connections(agent, config, ops, error);
    qsort(agent->connections, agent->connection_count, sizeof(*agent->connections),
          compare_connections);
    if (!build_views(agent)) {
        status = error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    if (status == STATUS_OK) {
        status = index_store_save(agent->connection_indices, error);
    }

out:
    free(ops);
    return status;
}

struct agent *agent_new(struct config *config, bool keep_state, struct error *error)
{
    struct agent *agent = calloc(1, sizeof(*agent));

    if (agent == NULL) {
        error_set(error, STATUS_NO_MEMORY, "out of memory");
        config_free(config);
        return NULL;
    }
    agent->config = config;
    agent->lock_fd = -1;
    agent->status.version = PACKAGE_VERSION;
    agent->status.started_ns = clock_boot_ns();
    agent->status.configured_ns = agent->status.started_ns;
    agent->usage_ns = CLOCK_NEVER;
    agent->tree = mib_tree_new();
    agent->queue = queue_new();
    if (agent->tree == NULL || agent->queue == NULL) {
        error_set(error, STATUS_NO_MEMORY, "out of memory");
        goto failed;
    }
    if (keep_state
        && state_lock(config->state_dir, &agent->lock_fd, error) != STATUS_OK) {
        goto failed;
    }
    agent->connection_indices = state_open_indices(state_folder(agent), "connections",
                                                   config->index_grace_ns, error);
    if (agent->connection_indices == NULL || apply(agent, config, error) != STATUS_OK) {
        goto failed;
    }
    return agent;

failed:
    agent_free(agent);
    return NULL;
}

bool agent_free(struct agent *agent)
{
    int64_t patience_ns = END_PATIENCE_NS;
    bool alone;

    if (agent == NULL) {
        return true;
    }
    alone = !agent->left_behind;
    free_views(agent);
    for (size_t i = 0; i < agent->connection_count; i++) {
        int64_t begun_ns = clock_boot_ns();

        alone = connection_free(agent->connections[i], patience_ns) && alone;
        patience_ns -= clock_boot_ns() - begun_ns;
        patience_ns = patience_ns < 0 ? 0 : patience_ns;
    }
    free(agent->connections);
    queue_unref(agent->queue, collector_event_free);
    mib_tree_free(agent->tree);
    index_store_close(agent->connection_indices);
    if (agent->lock_fd >= 0) {
        close(agent->lock_fd);
    }
    config_free(agent->config);
    free(agent);
    return alone;
}

enum status agent_reload(struct agent *agent, struct config *config,
                         struct error *error)
{
    struct config *refused;
    enum status status;

    if (strcmp(config->state_dir, agent->config->state_dir) != 0) {
        config_free(config);
        return error_set(error, STATUS_UNSUPPORTED,
                         "stateDir cannot change while hvagentx runs: restart it");
    }
    status = apply(agent, config, error);
    if (status != STATUS_OK) {
        refused = config;
    } else {
        refused = agent->config;
        agent->config = config;
        agent->status.configured_ns = clock_boot_ns();
        agent->status.config_error[0] = '\0';
    }
    for (size_t i = 0; i < agent->connection_count; i++) {
        connection_configure(agent->connections[i], agent->config);
    }
    config_free(refused);
    return status;
}

void agent_refuse(struct agent *agent, const struct error *error)
{
    text_clean(agent->status.config_error, sizeof(agent->status.config_error),
               error->text);
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
