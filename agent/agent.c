/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/agent_view.h"
#include "agent/log.h"
#include "agent/module.h"
#include "agent/state.h"
#include "model/text.h"

/* How long a clean end waits for calls to the hypervisors. */
#define END_PATIENCE_NS (500 * CLOCK_NS_PER_MS)

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
    struct connection_settings settings = {
        .config = config,
        .from = wanted,
        .ops = ops,
        .queue = agent->queue,
        .state_folder = state_folder(agent),
        .counters = &agent->status,
    };
    struct connection *connection;
    uint32_t index;

    if (index_store_assign(agent->connection_indices, wanted->name, clock_boot_ns(),
                           &index, NULL)
        != STATUS_OK) {
        error_set(error, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    if (!open_indices(agent, config, wanted, &settings.indices, error)) {
        return NULL;
    }
    settings.id = ++agent->last_id;
    settings.index = index;
    connection = connection_new(&settings, error);
    if (connection != NULL && agent->views != NULL) {
        /* Rows of the same indices may have been there before the reload. */
        connection->status.discontinuity_ns = clock_boot_ns();
    }
    return connection;
}

static int compare_connections(const void *a, const void *b)
{
    const struct connection *const *first = a;
    const struct connection *const *second = b;

    return (*first)->status.index < (*second)->status.index ? -1 : 1;
}

/*
 * What becomes of the connections: prepared as far as it can fail, and then
 * either made the agent's or taken back.
 */
struct change {
    const struct config *config;
    size_t count;                    /* of its connections */
    const struct backend_ops **ops;  /* their backends */
    struct connection **connections; /* NULL: not started yet */
    char **contexts;                 /* of those that go on: the new one */
    struct agent_view *views;
};

static void change_end(struct change *change)
{
    for (size_t i = 0; change->contexts != NULL && i < change->count; i++) {
        free(change->contexts[i]);
    }
    free(change->contexts);
    free(change->connections);
    free(change->ops);
    agent_views_free(change->views);
}

/* Finds the backends, the memory, and the connections that go on. */
static enum status change_begin(struct change *change, const struct agent *agent,
                                const struct config *config, struct error *error)
{
    size_t count = config->connection_count;

    *change = (struct change) {
        .config = config,
        .count = count,
        .ops = calloc(count, sizeof(*change->ops)),
        .connections = calloc(count, sizeof(struct connection *)),
        .contexts = calloc(count, sizeof(*change->contexts)),
        .views = agent_views_new(config),
    };
    if (change->ops == NULL || change->connections == NULL || change->contexts == NULL
        || change->views == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        const struct config_connection *wanted = &config->connections[i];
        struct connection *connection = find_connection(agent, wanted);

        if (connection != NULL && is_unchanged(agent, config, connection, wanted)) {
            change->connections[i] = connection;
            change->contexts[i] = strdup(wanted->context);
            if (change->contexts[i] == NULL) {
                return error_set(error, STATUS_NO_MEMORY, "out of memory");
            }
        }
    }
    return load_modules(config, change->ops, error);
}

/* Starts connections of names that there are none of yet. */
static enum status start_added(struct agent *agent, struct change *change,
                               struct error *error)
{
    for (size_t i = 0; i < change->count; i++) {
        const struct config_connection *wanted = &change->config->connections[i];

        if (find_connection(agent, wanted) == NULL) {
            change->connections[i] =
                start_connection(agent, change->config, wanted, change->ops[i], error);
            if (change->connections[i] == NULL) {
                return error->status;
            }
        }
    }
    return STATUS_OK;
}

/* Whether those that have to be closed first would find their index files. */
static enum status try_indices(const struct agent *agent, const struct change *change,
                               struct error *error)
{
    for (size_t i = 0; i < change->count; i++) {
        struct snapshot_indices indices;

        if (change->connections[i] != NULL) {
            continue;
        }
        if (!open_indices(agent, change->config, &change->config->connections[i],
                          &indices, error)) {
            return error->status;
        }
        snapshot_indices_close(&indices);
    }
    return STATUS_OK;
}

static void close_connection(struct agent *agent, struct connection *connection)
{
    log_notice("connection %s: closed", connection->name);
    agent->left_behind = !connection_free(connection, 0) || agent->left_behind;
}

static void remove_connection(struct agent *agent, struct connection *connection)
{
    size_t kept = 0;

    for (size_t i = 0; i < agent->connection_count; i++) {
        if (agent->connections[i] != connection) {
            agent->connections[kept++] = agent->connections[i];
        }
    }
    agent->connection_count = kept;
    close_connection(agent, connection);
}

/*
 * Starts those that have a name as before, and are another one: the one before
 * is closed first, since both have the same index files.
 */
static enum status start_replaced(struct agent *agent, struct change *change,
                                  struct error *error)
{
    enum status status = try_indices(agent, change, error);

    for (size_t i = 0; i < change->count && status == STATUS_OK; i++) {
        const struct config_connection *wanted = &change->config->connections[i];

        if (change->connections[i] != NULL) {
            continue;
        }
        remove_connection(agent, find_connection(agent, wanted));
        change->connections[i] =
            start_connection(agent, change->config, wanted, change->ops[i], error);
        if (change->connections[i] == NULL) {
            status = error->status;
        }
    }
    return status;
}

static void release_unused(const char *name, uint32_t index, void *argument)
{
    const struct agent *agent = argument;

    (void)index;
    for (size_t i = 0; i < agent->connection_count; i++) {
        if (strcmp(agent->connections[i]->name, name) == 0) {
            return;
        }
    }
    index_store_release(agent->connection_indices, name, clock_boot_ns());
}

/*
 * Shows the connections there are now, which are of that configuration, and
 * releases the indices of all others.
 */
static void settle(struct agent *agent, const struct config *config)
{
    struct error error = ERROR_NONE;

    if (agent->connection_count > 0) {
        qsort(agent->connections, agent->connection_count, sizeof(*agent->connections),
              compare_connections);
    }
    agent_views_fill(agent, config);
    index_store_visit(agent->connection_indices, release_unused, agent);
    if (index_store_save(agent->connection_indices, &error) != STATUS_OK) {
        log_warning("%s; tried again when the connections change", error.text);
    }
}

static bool is_one_of(struct connection *const *connections, size_t count,
                      const struct connection *connection)
{
    for (size_t i = 0; i < count; i++) {
        if (connections[i] == connection) {
            return true;
        }
    }
    return false;
}

static void carry_out(struct agent *agent, struct change *change)
{
    for (size_t i = 0; i < agent->connection_count; i++) {
        if (!is_one_of(change->connections, change->count, agent->connections[i])) {
            close_connection(agent, agent->connections[i]);
        }
    }
    for (size_t i = 0; i < change->count; i++) {
        struct connection *connection = change->connections[i];

        if (change->contexts[i] != NULL) {
            free(connection->context);
            connection->context = change->contexts[i];
            connection->status.context = connection->context;
            change->contexts[i] = NULL;
        }
        connection->status.is_default = change->config->connections[i].is_default;
    }
    free(agent->connections);
    agent->connections = change->connections;
    agent->connection_count = change->count;
    change->connections = NULL;
    agent_views_free(agent->views);
    agent->views = change->views;
    change->views = NULL;
    settle(agent, change->config);
}

static struct connection *start_again(struct agent *agent,
                                      const struct config_connection *wanted)
{
    struct error error = ERROR_NONE;
    const struct backend_ops *ops;
    struct connection *connection = NULL;

    if (module_load(agent->config->module_dir, wanted->uri, &ops, &error)
        == STATUS_OK) {
        connection = start_connection(agent, agent->config, wanted, ops, &error);
    }
    if (connection == NULL) {
        log_error("connection %s: cannot be started again: %s; reload when that is "
                  "mended",
                  wanted->name, error.text);
    }
    return connection;
}

/* Puts back what there was before: those that were closed are started again. */
static void take_back(struct agent *agent, const struct change *change)
{
    const struct config *config = agent->config;

    for (size_t i = 0; change->connections != NULL && i < change->count; i++) {
        if (change->connections[i] != NULL
            && !is_one_of(agent->connections, agent->connection_count,
                          change->connections[i])) {
            close_connection(agent, change->connections[i]);
        }
    }
    if (config == change->config) {
        return; /* it is the first one: there was nothing before */
    }
    for (size_t i = 0; i < config->connection_count; i++) {
        const struct config_connection *wanted = &config->connections[i];
        struct connection *connection = find_connection(agent, wanted);

        if (connection == NULL) {
            connection = start_again(agent, wanted);
            if (connection != NULL) {
                agent->connections[agent->connection_count++] = connection;
            }
        }
    }
    settle(agent, config);
}

static enum status apply(struct agent *agent, const struct config *config,
                         struct error *error)
{
    struct change change;
    enum status status = change_begin(&change, agent, config, error);

    if (status == STATUS_OK) {
        status = start_added(agent, &change, error);
    }
    /* A manager must not see an index that is not kept yet. */
    if (status == STATUS_OK) {
        status = index_store_save(agent->connection_indices, error);
    }
    if (status == STATUS_OK) {
        status = start_replaced(agent, &change, error);
    }
    if (status == STATUS_OK) {
        carry_out(agent, &change);
    } else {
        take_back(agent, &change);
    }
    change_end(&change);
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
    agent->check_ns = CLOCK_NEVER;
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
    agent_views_free(agent->views);
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
