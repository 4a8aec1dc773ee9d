/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * agent.h - the agent: its connections and the contexts they are shown in.
 *
 * Knows no AgentX: subagent.h publishes it through a master, walk.h prints
 * it.  SNMP thread only.
 */
#ifndef HVX_AGENT_AGENT_H
#define HVX_AGENT_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/config.h"
#include "agent/connection.h"
#include "agent/queue.h"
#include "mib/mib.h"
#include "model/index.h"

/* What one SNMP context shows. */
struct agent_view {
    const char *context;           /* "" or one of its connection's */
    const struct control *control; /* of the configuration in force */
    struct connection *connection;
    struct mib_hint hint;
    /* The connections it may list: all in the default context, else its own. */
    size_t listed_count;
    const struct connection_status **listed;
    const struct snapshot **snapshots;
};

struct agent {
    struct config *config;
    struct agent_status status;
    int64_t date_offset_ns; /* clock_date_ns() less clock_boot_ns(), as shown */
    int64_t usage_ns;       /* when it was read what the process uses */
    struct mib_tree *tree;
    struct queue *queue;
    uint64_t last_id; /* of a connection */
    bool left_behind; /* calls of connections that are closed may go on */
    int lock_fd;      /* of the state folder; -1: none is used */
    struct index_store *connection_indices;
    size_t connection_count;
    struct connection **connections; /* in order of their index */
    /* Not the agent's own: who asks the host's snmpd sets it; NULL: nobody does. */
    const struct host_storage *host_storage;
    /* When agent_check() is to be called, on CLOCK_BOOTTIME; CLOCK_NEVER: not. */
    int64_t check_ns;
    size_t view_count;
    struct agent_view *views; /* the default context first */
};

/*
 * Starts the connections of a configuration, which is taken over, also on
 * failure.  keep_state: use the state folder, and lock it; else indices are
 * kept in memory only and nothing is written.  NULL with words.
 */
struct agent *agent_new(struct config *config, bool keep_state, struct error *error);

/*
 * Ends everything; calls that hang are left behind.  NULL is allowed.  False:
 * some are, and the process must end with _exit().
 */
bool agent_free(struct agent *agent);

/*
 * Changes to another configuration, which is taken over in every case:
 * connections that are the same in both go on undisturbed.  When it cannot be
 * done, all stays as it was, and *error says why: nothing is closed before all
 * that is new has been started.  Where a name has another URI, the index files
 * are the same, and the old one has to go first; it is started again if
 * something fails after that.
 */
enum status agent_reload(struct agent *agent, struct config *config,
                         struct error *error) MUST_CHECK;

/* A configuration was refused: *error is shown until another one is taken. */
void agent_refuse(struct agent *agent, const struct error *error);

/* The view of a context; NULL: nobody serves it. */
struct agent_view *agent_find_view(struct agent *agent, const void *context,
                                   size_t length);

/* The connection of an id; NULL: it is gone. */
struct connection *agent_find_connection(const struct agent *agent, uint64_t id);

/*
 * What the lookup functions of mib.h need, valid until the next agent_drain().
 * Brings the date up to now, and what the process uses up to the last second.
 */
struct mib_context agent_context(struct agent *agent, const struct agent_view *view,
                                 int64_t now_ns);

/* agent_check() is to be called at that moment, or earlier. */
void agent_check_by(struct agent *agent, int64_t at_ns);

/* Looks after the operations of all connections, where check_ns has come. */
void agent_check(struct agent *agent);

/* Takes in what the collectors have told since the last time. */
void agent_drain(struct agent *agent);

#endif
