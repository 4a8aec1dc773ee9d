/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/operation.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "model/clock.h"
#include "model/text.h"

#define POWER OPERATION_CLASS_POWER
#define CONFIG OPERATION_CLASS_CONFIG
#define DEBUG OPERATION_CLASS_DEBUG

#define STATE_BIT(state) (1u << DOMAIN_STATE_##state)

#define ANY_STATE ((1u << DOMAIN_STATE_COUNT) - 1)
#define TRANSIT                                                                        \
    (STATE_BIT(PREPARING) | STATE_BIT(SUSPENDING) | STATE_BIT(RESUMING)                \
     | STATE_BIT(MIGRATING) | STATE_BIT(SHUTTING_DOWN))

/* What an action leaves a domain in that it found in another state. */
#define SAME DOMAIN_STATE_COUNT

struct action {
    const char *name;
    enum operation_class class;
    unsigned from; /* STATE_BIT()s it is allowed from; of a goal none */
    int outcome;   /* enum domain_state, or SAME */
    enum domain_admin_state goal;
    uint32_t least; /* bounds of its value */
    uint32_t most;
};

static const struct action actions[] = {
    [OPERATION_NONE] = { .name = "none", .outcome = SAME },
    [OPERATION_START] = { "start", POWER, STATE_BIT(SHUTDOWN) | STATE_BIT(CRASHED),
                          DOMAIN_STATE_RUNNING, 0, 0, 0 },
    [OPERATION_START_PAUSED] = { "startPaused", POWER,
                                 STATE_BIT(SHUTDOWN) | STATE_BIT(CRASHED),
                                 DOMAIN_STATE_PAUSED, 0, 0, 0 },
    [OPERATION_SHUTDOWN] = { "shutdown", POWER, STATE_BIT(RUNNING),
                             DOMAIN_STATE_SHUTDOWN, 0, 0, 0 },
    [OPERATION_REBOOT] = { "reboot", POWER, STATE_BIT(RUNNING), DOMAIN_STATE_RUNNING, 0,
                           0, 0 },
    [OPERATION_RESET] = { "reset", POWER,
                          STATE_BIT(RUNNING) | STATE_BIT(PAUSED) | STATE_BIT(CRASHED),
                          DOMAIN_STATE_RUNNING, 0, 0, 0 },
    [OPERATION_POWER_OFF] = { "powerOff", POWER,
                              ANY_STATE & ~(STATE_BIT(SHUTDOWN) | STATE_BIT(SUSPENDED)),
                              DOMAIN_STATE_SHUTDOWN, 0, 0, 0 },
    [OPERATION_PAUSE] = { "pause", POWER, STATE_BIT(RUNNING), DOMAIN_STATE_PAUSED, 0, 0,
                          0 },
    [OPERATION_RESUME] = { "resume", POWER, STATE_BIT(PAUSED), DOMAIN_STATE_RUNNING, 0,
                           0, 0 },
    [OPERATION_SAVE] = { "save", POWER, STATE_BIT(RUNNING) | STATE_BIT(PAUSED),
                         DOMAIN_STATE_SUSPENDED, 0, 0, 0 },
    [OPERATION_RESTORE] = { "restore", POWER, STATE_BIT(SUSPENDED),
                            DOMAIN_STATE_RUNNING, 0, 0, 0 },
    [OPERATION_PM_SUSPEND] = { "pmSuspend", POWER, STATE_BIT(RUNNING),
                               DOMAIN_STATE_PAUSED, 0, 0, 0 },
    [OPERATION_PM_WAKEUP] = { "pmWakeup", POWER, STATE_BIT(PAUSED),
                              DOMAIN_STATE_RUNNING, 0, 0, 0 },
    [OPERATION_MAKE_RUNNING] = { "makeRunning", POWER, 0, DOMAIN_STATE_RUNNING,
                                 DOMAIN_ADMIN_STATE_RUNNING, 0, 0 },
    [OPERATION_MAKE_SUSPENDED] = { "makeSuspended", POWER, 0, DOMAIN_STATE_SUSPENDED,
                                   DOMAIN_ADMIN_STATE_SUSPENDED, 0, 0 },
    [OPERATION_MAKE_PAUSED] = { "makePaused", POWER, 0, DOMAIN_STATE_PAUSED,
                                DOMAIN_ADMIN_STATE_PAUSED, 0, 0 },
    [OPERATION_MAKE_SHUTDOWN] = { "makeShutdown", POWER, 0, DOMAIN_STATE_SHUTDOWN,
                                  DOMAIN_ADMIN_STATE_SHUTDOWN, 0, 0 },
    [OPERATION_SET_AUTOSTART] = { "setAutoStart", CONFIG, ANY_STATE, SAME, 0, 1, 2 },
    [OPERATION_SET_VCPUS] = { "setVcpus", CONFIG, ANY_STATE, SAME, 0, 1, 65535 },
    [OPERATION_SET_MEMORY] = { "setMemory", CONFIG, ANY_STATE, SAME, 0, 1, UINT32_MAX },
    [OPERATION_SET_CPU_WEIGHT] = { "setCpuWeight", CONFIG, ANY_STATE, SAME, 0, 1,
                                   262144 },
    [OPERATION_SET_CPU_CAP] = { "setCpuCap", CONFIG, ANY_STATE, SAME, 0, 0, 1000000 },
    [OPERATION_CORE_DUMP] = { "coreDump", DEBUG,
                              STATE_BIT(RUNNING) | STATE_BIT(PAUSED)
                                  | STATE_BIT(CRASHED),
                              SAME, 0, 0, 0 },
    [OPERATION_NMI] = { "nmi", DEBUG, STATE_BIT(RUNNING), SAME, 0, 0, 0 },
};
_Static_assert(sizeof(actions) / sizeof(actions[0]) == OPERATION_ACTION_COUNT,
               "a line for each action");

static const struct action *action_of(enum operation_action action)
{
    return &actions[(size_t)action < OPERATION_ACTION_COUNT ? action : OPERATION_NONE];
}

static const char *const class_names[] = {
    [0] = "none",
    [OPERATION_CLASS_POWER] = "power",
    [OPERATION_CLASS_CONFIG] = "config",
    [OPERATION_CLASS_PROVISION] = "provision",
    [OPERATION_CLASS_DESTROY] = "destroy",
    [OPERATION_CLASS_DEBUG] = "debug",
};
_Static_assert(sizeof(class_names) / sizeof(class_names[0]) == OPERATION_CLASS_COUNT,
               "a name for each class");

const char *operation_class_name(enum operation_class class)
{
    return class_names[(size_t) class < OPERATION_CLASS_COUNT ? class : 0];
}

enum operation_class operation_class_find(const char *name)
{
    for (unsigned class = 1; class < OPERATION_CLASS_COUNT; class ++) {
        if (strcasecmp(class_names[class], name) == 0) {
            return (enum operation_class) class;
        }
    }
    return 0;
}

const char *operation_action_name(enum operation_action action)
{
    return action_of(action)->name;
}

enum operation_class operation_class_of(enum operation_action action)
{
    return action_of(action)->class;
}

bool operation_value_is_valid(enum operation_action action, uint32_t value)
{
    return value >= action_of(action)->least && value <= action_of(action)->most;
}

enum operation_action operation_of_admin_state(enum domain_admin_state state)
{
    for (unsigned action = OPERATION_MAKE_RUNNING; action <= OPERATION_MAKE_SHUTDOWN;
         action++) {
        if (actions[action].goal == state) {
            return (enum operation_action)action;
        }
    }
    return OPERATION_NONE;
}

enum domain_admin_state operation_admin_state(enum operation_action action)
{
    return action_of(action)->goal;
}

/* The way to each goal; OPERATION_NONE: there is none from that state. */
static enum operation_action way(enum domain_admin_state goal, enum domain_state state)
{
    static const enum operation_action
        ways[DOMAIN_ADMIN_STATE_COUNT][DOMAIN_STATE_COUNT] = {
            [DOMAIN_ADMIN_STATE_RUNNING] = {
                [DOMAIN_STATE_SHUTDOWN] = OPERATION_START,
                [DOMAIN_STATE_CRASHED] = OPERATION_START,
                [DOMAIN_STATE_SUSPENDED] = OPERATION_RESTORE,
                [DOMAIN_STATE_PAUSED] = OPERATION_RESUME,
            },
            [DOMAIN_ADMIN_STATE_PAUSED] = {
                [DOMAIN_STATE_RUNNING] = OPERATION_PAUSE,
                [DOMAIN_STATE_SHUTDOWN] = OPERATION_START_PAUSED,
                [DOMAIN_STATE_CRASHED] = OPERATION_START_PAUSED,
            },
            [DOMAIN_ADMIN_STATE_SUSPENDED] = {
                [DOMAIN_STATE_RUNNING] = OPERATION_SAVE,
                [DOMAIN_STATE_PAUSED] = OPERATION_SAVE,
            },
            /* A paused guest hears nothing, and saved memory would be lost. */
            [DOMAIN_ADMIN_STATE_SHUTDOWN] = {
                [DOMAIN_STATE_RUNNING] = OPERATION_SHUTDOWN,
                [DOMAIN_STATE_CRASHED] = OPERATION_POWER_OFF,
            },
        };

    return ways[goal][state];
}

enum operation_step operation_next(enum operation_action action,
                                   enum domain_state state,
                                   enum operation_action *ret_action)
{
    const struct action *wanted = action_of(action);

    if (wanted->goal == DOMAIN_ADMIN_STATE_UNKNOWN) {
        *ret_action = action;
        return (wanted->from & (1u << state)) != 0 ? OPERATION_STEP_DO
                                                   : OPERATION_STEP_REFUSED;
    }
    if (wanted->outcome == (int)state) {
        return OPERATION_STEP_DONE;
    }
    if ((TRANSIT & (1u << state)) != 0) {
        return OPERATION_STEP_WAIT;
    }
    if (way(wanted->goal, state) == OPERATION_NONE) {
        return OPERATION_STEP_REFUSED;
    }
    *ret_action = way(wanted->goal, state);
    return OPERATION_STEP_DO;
}

enum domain_state operation_outcome(enum operation_action action,
                                    enum domain_state state)
{
    const struct action *wanted = action_of(action);

    if (wanted->outcome == SAME
        || (action == OPERATION_RESET && state == DOMAIN_STATE_PAUSED)) {
        return state;
    }
    return (enum domain_state)wanted->outcome;
}

const char *operation_state_name(enum operation_state state)
{
    static const char *const names[] = {
        [0] = "none",
        [OPERATION_QUEUED] = "queued",
        [OPERATION_RUNNING] = "running",
        [OPERATION_SUCCEEDED] = "succeeded",
        [OPERATION_FAILED] = "failed",
        [OPERATION_CANCELLED] = "cancelled",
        [OPERATION_EXPIRED] = "expired",
        [OPERATION_INTERRUPTED] = "interrupted",
    };
    _Static_assert(sizeof(names) / sizeof(names[0]) == OPERATION_STATE_COUNT,
                   "a name for each state");

    return names[(size_t)state < OPERATION_STATE_COUNT ? state : 0];
}

bool operation_state_is_final(enum operation_state state)
{
    return state != OPERATION_QUEUED && state != OPERATION_RUNNING;
}

struct operation *operation_new(const char *role, const char *name)
{
    struct operation *operation = calloc(1, sizeof(*operation));

    if (operation == NULL) {
        return NULL;
    }
    operation->role = strdup(role);
    operation->name = strdup(name);
    if (operation->role == NULL || operation->name == NULL) {
        operation_free(operation);
        return NULL;
    }
    operation->expected = DOMAIN_STATE_UNKNOWN;
    operation->state = OPERATION_QUEUED;
    operation->progress = OPERATION_PROGRESS_UNKNOWN;
    operation->accepted_ns = CLOCK_NEVER;
    operation->started_ns = CLOCK_NEVER;
    operation->finished_ns = CLOCK_NEVER;
    operation->forget_ns = CLOCK_NEVER;
    return operation;
}

void operation_free(struct operation *operation)
{
    if (operation != NULL) {
        free(operation->role);
        free(operation->name);
        free(operation->error_text);
        free(operation);
    }
}

void operation_set_error(struct operation *operation, const struct error *error)
{
    char text[TEXT_MAX + 1];

    operation->error = error->status;
    free(operation->error_text);
    operation->error_text = NULL;
    if (error->text[0] != '\0') {
        text_clean(text, sizeof(text), error->text);
        operation->error_text = strdup(text);
    }
}
