/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_effect.h"

#define KIB INT64_C(1024)

static enum status wrong_state(const struct sim_domain *domain,
                               const struct sim_present *present,
                               enum operation_action action, struct error *error)
{
    return error_set(error, STATUS_WRONG_STATE, "%s: not while \"%s\" is %s",
                     operation_action_name(action), domain->name,
                     present->is_asleep ? "asleep" : domain_state_name(present->state));
}

/* What libvirt refuses of a domain that it would forget. */
static enum status check_transient(const struct sim_domain *domain,
                                   const struct backend_operation *operation,
                                   struct error *error)
{
    bool is_lasting =
        operation->action == OPERATION_SAVE
        || (operation->action == OPERATION_SET_AUTOSTART && operation->value == 1);

    return domain->is_persistent || !is_lasting
               ? STATUS_OK
               : error_set(error, STATUS_UNSUPPORTED,
                           "%s: \"%s\" is transient: nothing of it is left when it "
                           "ends",
                           operation_action_name(operation->action), domain->name);
}

/* The highest value that the description permits; `value` itself: any. */
static int64_t highest(const struct domain_config *config,
                       const struct backend_operation *operation)
{
    int64_t most = DOMAIN_NO_LIMIT;

    if (operation->action == OPERATION_SET_VCPUS) {
        most = config->vcpus_max;
    } else if (operation->action == OPERATION_SET_MEMORY
               && config->memory_max_bytes != DOMAIN_NO_LIMIT) {
        most = config->memory_max_bytes / KIB;
    }
    return most != DOMAIN_NO_LIMIT ? most : operation->value;
}

static enum status check_value(const struct sim_domain *domain,
                               const struct sim_present *present,
                               const struct backend_operation *operation,
                               struct error *error)
{
    int64_t most;

    if (operation_class_of(operation->action) != OPERATION_CLASS_CONFIG) {
        return STATUS_OK;
    }
    most = highest(present->config, operation);
    if (operation->value > most) {
        return error_set(error, STATUS_INVALID,
                         "%s %lu: \"%s\" can have 1 to %lld, as it is described",
                         operation_action_name(operation->action),
                         (unsigned long)operation->value, domain->name,
                         (long long)most);
    }
    return operation_value_is_valid(operation->action, operation->value)
               ? STATUS_OK
               : error_set(error, STATUS_INVALID, "%s %lu: there is no such value",
                           operation_action_name(operation->action),
                           (unsigned long)operation->value);
}

enum status sim_effect_check(const struct sim_domain *domain,
                             const struct sim_present *present,
                             const struct backend_operation *operation,
                             enum operation_action *ret_action, struct error *error)
{
    enum operation_action action = OPERATION_NONE;
    enum status status;

    switch (operation_next(operation->action, present->state, &action)) {
    case OPERATION_STEP_DONE:
        *ret_action = OPERATION_NONE;
        return STATUS_OK;
    case OPERATION_STEP_DO:
        break;
    case OPERATION_STEP_WAIT:
    case OPERATION_STEP_REFUSED:
        return wrong_state(domain, present, operation->action, error);
    }
    if (action == OPERATION_PM_WAKEUP && !present->is_asleep) {
        return wrong_state(domain, present, action, error);
    }
    status = check_transient(domain, operation, error);
    if (status == STATUS_OK) {
        status = check_value(domain, present, operation, error);
    }
    if (status == STATUS_OK) {
        *ret_action = action;
    }
    return status;
}

enum domain_state sim_effect_transit(enum operation_action action,
                                     enum domain_state state)
{
    static const enum domain_state transits[OPERATION_ACTION_COUNT] = {
        [OPERATION_START] = DOMAIN_STATE_PREPARING,
        [OPERATION_START_PAUSED] = DOMAIN_STATE_PREPARING,
        [OPERATION_SHUTDOWN] = DOMAIN_STATE_SHUTTING_DOWN,
        [OPERATION_SAVE] = DOMAIN_STATE_SUSPENDING,
        [OPERATION_RESTORE] = DOMAIN_STATE_RESUMING,
    };

    return transits[action] != DOMAIN_STATE_UNKNOWN ? transits[action] : state;
}

bool sim_effect_is_of_guest(enum operation_action action)
{
    return action == OPERATION_SHUTDOWN || action == OPERATION_REBOOT
           || action == OPERATION_PM_SUSPEND;
}

enum status sim_effect_config(const struct sim_present *present,
                              const struct backend_operation *operation,
                              const struct domain_config **ret_config)
{
    struct domain_config *config;

    *ret_config = NULL;
    if (operation_class_of(operation->action) != OPERATION_CLASS_CONFIG
        || operation->action == OPERATION_SET_AUTOSTART) {
        return STATUS_OK;
    }
    /* A copy, which nobody else reads yet. */
    config = domain_config_new(present->config);
    if (config == NULL) {
        return STATUS_NO_MEMORY;
    }
    if (operation->action == OPERATION_SET_VCPUS) {
        config->vcpus = operation->value;
    } else if (operation->action == OPERATION_SET_MEMORY) {
        config->memory_bytes = operation->value * KIB;
    } else if (operation->action == OPERATION_SET_CPU_WEIGHT) {
        config->cpu_weight = operation->value;
    } else {
        config->cpu_cap_known = true;
        config->cpu_cap = operation->value;
    }
    *ret_config = config;
    return STATUS_OK;
}

enum status sim_effect_apply(const struct sim_domain *domain,
                             struct sim_present *present,
                             const struct backend_operation *operation,
                             enum domain_state state,
                             const struct domain_config *config, int64_t now_ns)
{
    enum operation_action action = operation->action;
    enum domain_state outcome = operation_outcome(action, state);

    if (config != NULL
        && sim_present_set_config(present, domain, config, now_ns) != STATUS_OK) {
        return STATUS_NO_MEMORY;
    }
    if (action == OPERATION_SET_AUTOSTART) {
        present->is_autostart = operation->value == 1;
    }
    if (action == OPERATION_START || action == OPERATION_START_PAUSED) {
        sim_present_begin_life(present, now_ns);
    }
    if (operation_class_of(action) == OPERATION_CLASS_POWER) {
        present->is_asleep = action == OPERATION_PM_SUSPEND;
        present->is_gone = !domain->is_persistent && outcome == DOMAIN_STATE_SHUTDOWN;
    }
    if (outcome != present->state) {
        sim_present_set_state(present, outcome, now_ns);
    }
    return STATUS_OK;
}
