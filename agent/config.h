/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config.h - hvagentx.conf: read into a staging configuration, taken whole or
 * not at all.
 *
 * net-snmp's reader finds the file, and its own directives (agentXSocket and
 * relatives) mean what they always mean.  It only warns of unknown words and
 * applies lines one by one; so ours are collected first, every complaint of
 * the reader counts as an error, and with an error nothing is taken.
 *
 * SNMP thread only.
 */
#ifndef HVX_AGENT_CONFIG_H
#define HVX_AGENT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mib/mib.h"
#include "model/control.h"
#include "model/status.h"

/* Longest name of a connection in octets, with the terminating NUL. */
#define CONFIG_NAME_SIZE 33

/* Most connections of one agent. */
#define CONFIG_CONNECTIONS_MAX 1000

/* Most contexts that one connection is served in. */
#define CONFIG_ROLES_MAX 100

/* Most operations that operationLimit lets run at once on one connection. */
#define CONFIG_OPERATION_LIMIT_MAX 64

/* A context that a connection is served in, and what is permitted there. */
struct config_role {
    char *context;
    struct control control;
};

struct config_connection {
    char name[CONFIG_NAME_SIZE];
    char *uri;
    char *context;     /* its own; that of the first role */
    size_t role_count; /* 1 or more */
    struct config_role *roles;
    bool is_default; /* exactly one of them also answers in the context "" */
};

struct host_agent; /* host_agent.h */

struct config {
    int64_t max_age_ns;
    int64_t wait_limit_ns;
    int64_t stale_limit_ns;
    int64_t call_timeout_ns;
    int64_t state_interval_ns;
    int64_t index_grace_ns;
    int64_t operation_keep_ns;    /* how long a finished operation is remembered */
    int64_t operation_timeout_ns; /* until the deadline, where none is set */
    int64_t repeat_window_ns;     /* the same action again is the same operation */
    uint32_t operation_limit;     /* most that run at once on one connection */
    char *dump_dir;               /* for core dumps; NULL: none are made */
    enum mib_affinity cpu_affinity;
    bool unattached_storage;       /* rows for volumes that no domain uses */
    struct host_agent *host_agent; /* NULL: not configured */
    char *state_dir;
    char *module_dir;
    size_t connection_count;
    struct config_connection *connections;
};

/* The defaults, without a connection; NULL without memory. */
struct config *config_new(void);
void config_free(struct config *config);

/*
 * Adds a connection as the directive `connection` does; all strings copied.
 * context NULL: the name.  Nothing is permitted there.  Errors say what to do.
 */
enum status config_add_connection(struct config *config, const char *name,
                                  const char *uri, const char *context, bool is_default,
                                  struct error *error) MUST_CHECK;

/* Frees what a connection holds; it is then one without a role. */
void config_connection_clear(struct config_connection *connection);

/* Makes our directives known to net-snmp's reader.  Once, after init_agent(). */
void config_init(void);

/*
 * Reads `file`, or with NULL hvagentx.conf in net-snmp's search path.
 * STATUS_OK: *ret_config is the caller's.  Otherwise each error has been given
 * to `complain` as one line, "FILE: line N: what; what to do", and the first one
 * to *error (which may be NULL), net-snmp's settings of the AgentX session are
 * as before, and *ret_config is untouched.
 */
enum status config_read(const char *file, void (*complain)(const char *line),
                        struct config **ret_config, struct error *error) MUST_CHECK;

#endif
