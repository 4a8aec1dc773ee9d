/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * backend.h - how a hypervisor is asked and told: the contract between
 * agent/ and the drivers in backends/.
 *
 * A backend is a loadable module, one shared object for each scheme of a
 * connection's URI: sim.so serves "sim:...".  It exports one symbol, a
 * struct backend_module named BACKEND_MODULE_SYMBOL.
 *
 * A backend returns a status and words; it never logs, never exits, never
 * changes signal dispositions, and never includes anything of agent/ or mib/.
 * Its functions may block as long as the hypervisor does: the agent calls
 * them on threads that it can do without for a while.  Whatever is late is
 * abandoned by the agent, not interrupted: the call goes on until it returns,
 * and what it returns is then dropped.
 */
#ifndef HVX_BACKENDS_BACKEND_H
#define HVX_BACKENDS_BACKEND_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "model/operation.h"
#include "model/section.h"
#include "model/status.h"
#include "model/uuid.h"

/* Grows whenever this file or a structure it passes changes. */
#define BACKEND_ABI 4

#define BACKEND_MODULE_SYMBOL "hvagentx_backend"

/*
 * What a backend can do.  The bits have the numbers of
 * hvxConnectionCapabilities in HVAGENTX-MIB.
 */
enum backend_capability {
    BACKEND_CAN_DOMAINS = 0,       /* SECTION_NODE, SECTION_DOMAINS */
    BACKEND_CAN_CONFIGURATION = 1, /* SECTION_CONFIGS */
    BACKEND_CAN_STATISTICS = 2,    /* SECTION_STATISTICS */
    BACKEND_CAN_DEVICES = 3,       /* SECTION_DEVICES */
    BACKEND_CAN_EVENTS = 4,        /* events is not NULL */
    BACKEND_CAN_POWER = 5,         /* some action of OPERATION_CLASS_POWER */
    BACKEND_CAN_CONFIG = 6,        /* the same of OPERATION_CLASS_CONFIG */
    BACKEND_CAN_DEBUG = 9,         /* the same of OPERATION_CLASS_DEBUG */
    BACKEND_CAN_STORAGE = 11,      /* SECTION_STORAGE */
    BACKEND_CAN_AFFINITY = 17,     /* pins in SECTION_CONFIGS */
};
#define BACKEND_CAPABILITY_BIT(capability) (UINT32_C(1) << (capability))

/* A backend's own state of one open connection to a hypervisor. */
struct backend;

/* What backend_collect_fn is asked for. */
struct backend_request {
    enum section section;
    /*
     * The domains to ask, or none (uuid_count 0): all there are.  A domain
     * that is not there (any longer) is left out, which is no error.
     */
    const struct uuid *uuids;
    size_t uuid_count;
    /*
     * Where all are asked: domains to leave out all the same.  They were read
     * a moment ago, or do not answer and are asked apart.
     */
    struct uuid_set except;
    /*
     * When the agent will stop waiting, on CLOCK_BOOTTIME: a backend whose
     * hypervisor takes a time limit passes on what remains.
     */
    int64_t deadline_ns;
};

/*
 * Opens a connection.  `uri` is the whole URI, scheme included; it is the
 * operator's configuration, not a manager's.  Blocks; one call at a time for
 * each connection.
 * Errors: STATUS_INVALID (the URI is wrong: says how it should be),
 * STATUS_UNAVAILABLE, STATUS_DENIED, STATUS_IO, STATUS_NO_MEMORY ...; the
 * agent tries again later, whatever it was.  *ret_backend is set on STATUS_OK
 * only.
 */
typedef enum status backend_open_fn(const char *uri, struct backend **ret_backend,
                                    struct error *error);

/*
 * Closes a connection and frees everything of it.  The agent calls it once no
 * other call is under way.
 */
typedef void backend_close_fn(struct backend *backend);

/*
 * Collects one section and hands each record to the builder as soon as it
 * has it.  Called from several threads at once, for different sections or
 * different domains, never twice at once for the same; but SECTION_DOMAINS of
 * one domain is read before each operation on it, whatever is under way.  A
 * domain that fails is given to builder_add_failure() and the others go on; a
 * domain that vanished meanwhile is left out.  One that has nothing to tell
 * now, such as the counters of a domain that is shut down, gets a record
 * without values: left out, its last ones would stay and grow old.  When an
 * add returns false it returns at once, with STATUS_TIMEOUT.
 *
 * Before it asks for something that one domain alone can hold up, such as its
 * monitor, it says so by builder_ask().  When that domain does not answer, the
 * agent sets it aside, asks for the others at once by another call, with
 * `except`, and for the domain by a call of its own.  Without builder_ask() a
 * call that hangs holds up its section.
 *
 * STATUS_OK: all that was asked for has been delivered; for SECTION_DOMAINS
 * and all domains this is the whole list, apart from `except`, and any other
 * domain is gone.
 * STATUS_UNAVAILABLE: the connection is lost: the agent closes it, keeps what
 * it knew, and opens it anew.  Other errors: this call failed; the connection
 * stays open and the next call may succeed.
 */
typedef enum status backend_collect_fn(struct backend *backend,
                                       const struct backend_request *request,
                                       struct builder *builder, struct error *error);

/* What backend_operate_fn is told to do. */
struct backend_operation {
    enum operation_action action; /* one of ops->actions; never a goal */
    struct uuid uuid;             /* of the domain */
    const char *name;             /* of the domain, when it was accepted */
    uint32_t value;               /* valid for the action, see model/operation.h */
    /*
     * Where OPERATION_CORE_DUMP puts the memory: a path that is not there yet,
     * in a folder of the configuration.  NULL for all else.
     */
    const char *file;
    /*
     * When the agent stops waiting, on CLOCK_BOOTTIME: whoever waits for a
     * guest ends then.  What is under way and may still succeed goes on.
     */
    int64_t deadline_ns;
    /* Percent that is done, to be set by a backend that knows it. */
    atomic_int *progress;
};

/*
 * Carries out one operation on one domain, and blocks until its effect is
 * there: a domain told to shut down is off.  Called from several threads at
 * once, beside backend_collect_fn, never twice at once for the same domain.
 *
 * The state was read a moment ago and allowed the action (operation_next());
 * it may have changed since.  STATUS_OK: done.  STATUS_WRONG_STATE: not from the
 * state the domain is in now.  STATUS_NOT_FOUND: there is no such domain.
 * STATUS_UNSUPPORTED: this hypervisor, or this domain, cannot do it.
 * STATUS_INVALID: not with this value; the words say which are good.
 * STATUS_TIMEOUT: not done at the deadline, and given up.  STATUS_UNAVAILABLE:
 * the connection is lost; what became of the operation is not known.  Others:
 * it failed for the reason in words, which managers are shown.
 */
typedef enum status backend_operate_fn(struct backend *backend,
                                       const struct backend_operation *operation,
                                       struct error *error);

/* Where backend_events_fn puts what the hypervisor tells. */
struct backend_event_sink;

/* Delivers events until the connection ends; runs on a thread of its own. */
typedef enum status backend_events_fn(struct backend *backend,
                                      struct backend_event_sink *sink,
                                      struct error *error);

struct backend_ops {
    const char *name;     /* the scheme of its URIs; also the module's file name */
    const char *software; /* vmHvSoftware while no connection ever told better */
    enum hypervisor hypervisor; /* the same for vmHvObjectID */
    uint32_t capabilities;      /* BACKEND_CAPABILITY_BIT() of each */
    uint64_t actions;           /* OPERATION_BIT()s of what operate can do; no goals */
    backend_open_fn *open;
    backend_close_fn *close;
    backend_collect_fn *collect;
    backend_operate_fn *operate; /* NULL: unsupported */
    backend_events_fn *events;   /* NULL: unsupported */
};

struct backend_module {
    uint32_t abi; /* BACKEND_ABI the module was compiled with; checked first */
    const struct backend_ops *ops;
};

#endif
