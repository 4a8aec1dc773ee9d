/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config.c - a configuration as data: its defaults, and its connections.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config.h"
#include "agent/config_parts.h"
#include "agent/host_agent.h"
#include "agent/module.h"
#include "model/clock.h"
#include "model/text.h"

struct config *config_new(void)
{
    struct config *config = calloc(1, sizeof(*config));

    if (config == NULL) {
        return NULL;
    }
    config->max_age_ns = 5 * CLOCK_NS_PER_S;
    config->wait_limit_ns = 400 * CLOCK_NS_PER_MS;
    config->stale_limit_ns = 60 * CLOCK_NS_PER_S;
    config->call_timeout_ns = 10 * CLOCK_NS_PER_S;
    config->state_interval_ns = 10 * CLOCK_NS_PER_S;
    config->index_grace_ns = 7 * 86400 * CLOCK_NS_PER_S;
    config->operation_keep_ns = 600 * CLOCK_NS_PER_S;
    config->operation_timeout_ns = 300 * CLOCK_NS_PER_S;
    config->repeat_window_ns = 15 * CLOCK_NS_PER_S;
    config->operation_limit = 8;
    config->state_dir = strdup(STATE_DIR);
    config->module_dir = strdup(MODULE_DIR);
    if (config->state_dir == NULL || config->module_dir == NULL) {
        config_free(config);
        return NULL;
    }
    return config;
}

void config_connection_clear(struct config_connection *connection)
{
    for (size_t i = 0; i < connection->role_count; i++) {
        free(connection->roles[i].context);
        control_clear(&connection->roles[i].control);
    }
    free(connection->roles);
    free(connection->uri);
    memset(connection, 0, sizeof(*connection));
}

void config_free(struct config *config)
{
    if (config == NULL) {
        return;
    }
    for (size_t i = 0; i < config->connection_count; i++) {
        config_connection_clear(&config->connections[i]);
    }
    free(config->connections);
    host_agent_free(config->host_agent);
    free(config->state_dir);
    free(config->module_dir);
    free(config->dump_dir);
    free(config);
}

static enum status check_name(const char *name, struct error *error)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

    if (length == 0 || length >= CONFIG_NAME_SIZE || name[length] != '\0'
        || name[0] == '.') {
        return error_set(
            error, STATUS_INVALID,
            "'%.*s' is no name of a connection: use 1 to %d letters, digits, "
            "'_', '-' and '.', not beginning with '.'",
            config_public_length(name), name, CONFIG_NAME_SIZE - 1);
    }
    return STATUS_OK;
}

/* Whether the newcomer can live beside those that are there. */
static enum status check_conflicts(const struct config *config, const char *name,
                                   const char *context, bool is_default,
                                   struct error *error)
{
    for (size_t i = 0; i < config->connection_count; i++) {
        const struct config_connection *other = &config->connections[i];

        if (strcmp(other->name, name) == 0) {
            return error_set(
                error, STATUS_INVALID,
                "there are two connections named '%s': give each a name of "
                "its own",
                name);
        }
        if (strcmp(other->context, context) == 0) {
            return error_set(
                error, STATUS_INVALID,
                "connections '%s' and '%s' have the same context '%s': give "
                "each a context of its own",
                other->name, name, context);
        }
        if (is_default && other->is_default) {
            return error_set(
                error, STATUS_INVALID,
                "connections '%s' and '%s' are both marked 'default': mark "
                "one of them",
                other->name, name);
        }
    }
    return STATUS_OK;
}

enum status config_check_context(const char *context, const char *whose,
                                 struct error *error)
{
    if (context[0] == '\0' || strlen(context) > TEXT_MAX) {
        return error_set(error, STATUS_INVALID,
                         "%s needs 1 to %d octets; the default context \"\" belongs to "
                         "the first connection, or to the one marked 'default'",
                         whose, TEXT_MAX);
    }
    return STATUS_OK;
}

/* A connection with its own context, where nothing is permitted. */
static bool init_connection(struct config_connection *connection, const char *name,
                            const char *uri, const char *context, bool is_default)
{
    memset(connection, 0, sizeof(*connection));
    snprintf(connection->name, sizeof(connection->name), "%s", name);
    connection->is_default = is_default;
    connection->uri = strdup(uri);
    connection->roles = calloc(1, sizeof(*connection->roles));
    if (connection->uri == NULL || connection->roles == NULL) {
        return false;
    }
    connection->role_count = 1;
    connection->roles[0].context = strdup(context);
    connection->context = connection->roles[0].context;
    return connection->context != NULL;
}

enum status config_add_connection(struct config *config, const char *name,
                                  const char *uri, const char *context, bool is_default,
                                  struct error *error)
{
    struct config_connection *grown;
    struct config_connection *connection;
    char scheme[MODULE_SCHEME_SIZE];
    char whose[CONFIG_NAME_SIZE + 32];
    enum status status = check_name(name, error);

    if (context == NULL) {
        context = name;
    }
    if (status == STATUS_OK) {
        status = module_scheme(uri, scheme, error);
    }
    if (status == STATUS_OK) {
        snprintf(whose, sizeof(whose), "the context of connection '%s'", name);
        status = config_check_context(context, whose, error);
    }
    if (status == STATUS_OK) {
        status = check_conflicts(config, name, context, is_default, error);
    }
    if (status == STATUS_OK && config->connection_count == CONFIG_CONNECTIONS_MAX) {
        status = error_set(error, STATUS_INVALID, "more than %d connections",
                           CONFIG_CONNECTIONS_MAX);
    }
    if (status != STATUS_OK) {
        return status;
    }
    grown = realloc(config->connections,
                    (config->connection_count + 1) * sizeof(*config->connections));
    if (grown == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    config->connections = grown;
    connection = &grown[config->connection_count];
    if (!init_connection(connection, name, uri, context, is_default)) {
        config_connection_clear(connection);
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    config->connection_count++;
    return STATUS_OK;
}
