/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * operation.h - what a manager wants done to a domain: one row of
 * hvxOperationTable, and what each action means from each state.
 *
 * Plain data and pure functions.  A struct operation belongs to the SNMP
 * thread.
 */
#ifndef HVX_MODEL_OPERATION_H
#define HVX_MODEL_OPERATION_H

#include <stdbool.h>
#include <stdint.h>

#include "model/domain.h"
#include "model/status.h"
#include "model/uuid.h"

/* Control classes; each is permitted on its own.  Numbers of hvxOperationClass. */
enum operation_class {
    OPERATION_CLASS_POWER = 1,
    OPERATION_CLASS_CONFIG = 2,
    OPERATION_CLASS_PROVISION = 3,
    OPERATION_CLASS_DESTROY = 4,
    OPERATION_CLASS_DEBUG = 5,
};
#define OPERATION_CLASS_COUNT (OPERATION_CLASS_DEBUG + 1)

/* Sets of classes. */
#define OPERATION_CLASS_BIT(class) (1u << (class))

/* What can be done.  Numbers of hvxOperationAction. */
enum operation_action {
    OPERATION_NONE = 0,
    /* OPERATION_CLASS_POWER */
    OPERATION_START = 1,
    OPERATION_START_PAUSED = 2,
    OPERATION_SHUTDOWN = 3, /* asks the guest, and waits until it is off */
    OPERATION_REBOOT = 4,   /* asks the guest */
    OPERATION_RESET = 5,    /* as the button of a computer */
    OPERATION_POWER_OFF = 6,
    OPERATION_PAUSE = 7,
    OPERATION_RESUME = 8,
    OPERATION_SAVE = 9, /* its memory to disk, and ends it */
    OPERATION_RESTORE = 10,
    OPERATION_PM_SUSPEND = 11, /* the guest's own power management */
    OPERATION_PM_WAKEUP = 12,
    /* Goals: whichever of the above leads there from the present state. */
    OPERATION_MAKE_RUNNING = 13,
    OPERATION_MAKE_SUSPENDED = 14,
    OPERATION_MAKE_PAUSED = 15,
    OPERATION_MAKE_SHUTDOWN = 16,
    /* OPERATION_CLASS_CONFIG; each has a value */
    OPERATION_SET_AUTOSTART = 17,  /* 1 true, 2 false */
    OPERATION_SET_VCPUS = 18,      /* 1 to 65535 */
    OPERATION_SET_MEMORY = 19,     /* KiB, 1 or more */
    OPERATION_SET_CPU_WEIGHT = 20, /* of the hypervisor's own scale, 1 to 262144 */
    OPERATION_SET_CPU_CAP = 21,    /* percent of one CPU; 0: none */
    /* OPERATION_CLASS_DEBUG */
    OPERATION_CORE_DUMP = 22,
    OPERATION_NMI = 23,
};
#define OPERATION_ACTION_COUNT (OPERATION_NMI + 1)

/* Sets of actions. */
#define OPERATION_BIT(action) (UINT64_C(1) << (action))

/* Name for logs, as in HVAGENTX-MIB: "power", "startPaused".  Never NULL. */
const char *operation_class_name(enum operation_class class);
const char *operation_action_name(enum operation_action action);

/* The class of that name, told apart without case; 0: none has it. */
enum operation_class operation_class_find(const char *name);

/* The class an action belongs to.  Not for OPERATION_NONE. */
enum operation_class operation_class_of(enum operation_action action);

/*
 * Whether the action has a value, and could have this one on any hypervisor.
 * 0 where there is none to give.
 */
bool operation_value_is_valid(enum operation_action action, uint32_t value);

/* The action of hvxPowerAdminState; OPERATION_NONE for an unknown state. */
enum operation_action operation_of_admin_state(enum domain_admin_state state);

/* The opposite: DOMAIN_ADMIN_STATE_UNKNOWN for an action that is no goal. */
enum domain_admin_state operation_admin_state(enum operation_action action);

/* What is next on the way of an action, from the domain's present state. */
enum operation_step {
    OPERATION_STEP_DONE,    /* nothing: it is as wanted */
    OPERATION_STEP_DO,      /* tell the hypervisor, *ret_action */
    OPERATION_STEP_WAIT,    /* it is on its way to another state */
    OPERATION_STEP_REFUSED, /* the action is not allowed from there */
};

/*
 * The step from a state.  *ret_action, set for OPERATION_STEP_DO, is never a
 * goal.  Goals wait while the state is in transit; an action of another kind
 * is refused then.  An unknown state refuses all but powerOff and config.
 */
enum operation_step operation_next(enum operation_action action,
                                   enum domain_state state,
                                   enum operation_action *ret_action);

/* The state a domain is left in by an action that succeeds from `state`. */
enum domain_state operation_outcome(enum operation_action action,
                                    enum domain_state state);

/* How it is with an operation.  Numbers of hvxOperationState. */
enum operation_state {
    OPERATION_QUEUED = 1,
    OPERATION_RUNNING = 2,
    OPERATION_SUCCEEDED = 3,
    OPERATION_FAILED = 4,
    OPERATION_CANCELLED = 5,   /* never begun */
    OPERATION_EXPIRED = 6,     /* its time is over; a late result may follow */
    OPERATION_INTERRUPTED = 7, /* the agent ended while it ran: outcome unknown */
};
#define OPERATION_STATE_COUNT (OPERATION_INTERRUPTED + 1)

/* Name for logs and the journal, as in HVAGENTX-MIB.  Never NULL. */
const char *operation_state_name(enum operation_state state);

/* Whether nothing more is awaited: neither queued nor running. */
bool operation_state_is_final(enum operation_state state);

/* Which objects it was asked by.  Numbers of hvxOperationOrigin. */
enum operation_origin {
    OPERATION_BY_ROW = 1,    /* a row of hvxOperationTable */
    OPERATION_BY_COLUMN = 2, /* hvxPowerTable and its like */
};

/* Ids that managers choose, 1 to this; the agent's own are above. */
#define OPERATION_MANAGER_ID_MAX UINT32_C(2147483647)

/* Longest tag in octets, with the terminating NUL. */
#define OPERATION_TAG_SIZE 65

/* Longest time to its deadline in seconds: a week. */
#define OPERATION_TIMEOUT_MAX_S 604800

/* Progress of what does not tell any. */
#define OPERATION_PROGRESS_UNKNOWN (-1)

struct operation {
    enum operation_class class;
    struct uuid uuid; /* of the domain; nil: it has none yet */
    uint32_t id;      /* unique with class and uuid */
    enum operation_action action;
    uint32_t value;
    enum domain_state expected; /* precondition; DOMAIN_STATE_UNKNOWN: none */
    uint32_t timeout_s;         /* from acceptance; 1 to OPERATION_TIMEOUT_MAX_S */
    bool dry_run;
    enum operation_origin origin;
    uint32_t vm_index;
    char tag[OPERATION_TAG_SIZE];
    /* Own copies, never NULL: */
    char *role; /* SNMP context it came in; "": the default one */
    char *name; /* of the domain when it was accepted */
    enum operation_state state;
    int progress; /* 0 to 100, or OPERATION_PROGRESS_UNKNOWN */
    /* On CLOCK_BOOTTIME, negative for an earlier boot; CLOCK_NEVER: not yet. */
    int64_t accepted_ns;
    int64_t started_ns;
    int64_t finished_ns;
    /* How it ended; STATUS_OK before that, and where all is well. */
    enum status error;
    char *error_text;  /* own copy; NULL: none */
    uint64_t serial;   /* order of acceptance, from 1 on */
    int64_t forget_ns; /* when a final one may go; CLOCK_NEVER: not final yet */
    bool is_held;      /* must not begin: its SET, or one that cancels it, is not
                          complete */
    bool is_removed;   /* no row any longer, but its id is not free yet */
};

/*
 * A new one, queued, with own copies of role and name; all else is 0,
 * OPERATION_PROGRESS_UNKNOWN, CLOCK_NEVER.  NULL without memory.
 */
struct operation *operation_new(const char *role, const char *name);
void operation_free(struct operation *operation);

/* The text is cleaned (text.h) and copied; without memory there is none. */
void operation_set_error(struct operation *operation, const struct error *error);

#endif
