/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connection.h - the agent and its connections as they show themselves to
 * managers: hvxAgent and hvxConnectionTable.
 *
 * Plain data, owned and changed by the SNMP thread alone.
 */
#ifndef HVX_MODEL_CONNECTION_H
#define HVX_MODEL_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "model/node.h"
#include "model/status.h"

enum connection_state {
    CONNECTION_CONNECTING,   /* being opened for the first time */
    CONNECTION_UP,           /* answers */
    CONNECTION_UNRESPONSIVE, /* a call is late beyond its limit */
    CONNECTION_DOWN,         /* refused, or lost; tried again */
};
#define CONNECTION_STATE_COUNT (CONNECTION_DOWN + 1)

/* Name of a state for logs and tests, e.g. "up".  Never NULL. */
const char *connection_state_name(enum connection_state state);

/* What managers switch on and off; off at the beginning, forgotten at the end. */
enum connection_switch {
    CONNECTION_SWITCH_PER_DOMAIN, /* notifications about one domain each */
    CONNECTION_SWITCH_BULK,       /* notifications about sets of domains */
};
#define CONNECTION_SWITCH_COUNT (CONNECTION_SWITCH_BULK + 1)

/* One row of hvxConnectionTable, apart from what its snapshot tells. */
struct connection_status {
    uint32_t index;             /* hvxConnectionIndex */
    const char *name;           /* of the configuration */
    const char *uri;            /* without user names and secrets */
    const char *context;        /* SNMP context that serves it */
    bool is_default;            /* also answers in the default context */
    const char *backend;        /* its URI's scheme */
    const char *software;       /* while the node itself has not told */
    enum hypervisor hypervisor; /* the same for vmHvObjectID */
    uint32_t capabilities;      /* bits numbered as hvxConnectionCapabilities */
    enum connection_state state;
    int64_t since_ns;                 /* in that state, on CLOCK_BOOTTIME */
    char last_error[ERROR_TEXT_SIZE]; /* empty: none yet */
    /*
     * When counters came back that had been absent, because the connection was
     * down or silent, or when a reload started it, on CLOCK_BOOTTIME;
     * CLOCK_NEVER: not yet.
     */
    int64_t discontinuity_ns;
    int64_t collected_ns;       /* when the last good collection ended, on
                               CLOCK_BOOTTIME; CLOCK_NEVER: none yet */
    int64_t collection_time_ns; /* how long the last one took, good or not;
                                   CLOCK_NEVER: none yet */
    uint32_t collections;       /* finished, good or not */
    uint32_t failures;          /* of these, those that failed */
    uint32_t abandoned;         /* calls given up because they were late */
    unsigned control_classes;   /* OPERATION_CLASS_BIT()s that some role may use */
    uint32_t operations;        /* accepted */
    uint32_t reconnects;        /* opened again after it was up before */
    bool switches[CONNECTION_SWITCH_COUNT];
};

/* The scalars of hvxAgent. */
struct agent_status {
    const char *version;
    int64_t started_ns;       /* CLOCK_BOOTTIME */
    uint32_t requests;        /* AgentX Get, GetNext and GetBulk received */
    uint32_t delegated;       /* of these, answered after waiting */
    uint32_t late;            /* of these, when waitLimit ran out */
    uint32_t collections;     /* finished over all connections, removed
                                           ones too */
    unsigned control_classes; /* OPERATION_CLASS_BIT()s that some role
                                           of some connection may use */
    uint32_t operations_accepted;
    uint32_t operations_refused; /* SETs that asked for some */
    uint32_t operations_failed;
    uint32_t master_sessions;           /* opened with the AgentX master */
    int64_t configured_ns;              /* when the configuration in force was
                                           taken, on CLOCK_BOOTTIME */
    char config_error[ERROR_TEXT_SIZE]; /* why the last one was refused; empty:
                                           it was taken */
    /* What its process uses, at most a second ago; -1: not known. */
    int64_t memory_bytes; /* resident */
    int64_t cpu_time_ns;  /* user and system, of all its threads */
};

#endif
