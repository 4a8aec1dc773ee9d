/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan_check.c - whether operations are possible at all, and from the state
 * their domain is in, or will be by then.
 */
#include "agent/plan_parts.h"

/* What the backend can do of that class. */
static uint64_t actions_of(const struct connection *connection,
                           enum operation_class class)
{
    uint64_t actions = 0;

    for (unsigned action = 1; action < OPERATION_ACTION_COUNT; action++) {
        if (operation_class_of((enum operation_action)action) == class) {
            actions |= OPERATION_BIT(action);
        }
    }
    return actions & connection->ops->actions;
}

enum mib_error plan_check_ability(const struct connection *connection,
                                  enum operation_action action, struct error *why)
{
    enum operation_class class = operation_class_of(action);
    bool is_goal = operation_admin_state(action) != DOMAIN_ADMIN_STATE_UNKNOWN;
    uint64_t possible = actions_of(connection, class);

    if (action == OPERATION_CORE_DUMP && connection->config->dump_dir == NULL) {
        error_set(why, STATUS_DENIED,
                  "there is no folder for core dumps: configure dumpDir");
        return MIB_NOT_WRITABLE;
    }
    if (connection->ops->operate != NULL
        && (is_goal ? possible != 0 : (possible & OPERATION_BIT(action)) != 0)) {
        return MIB_NO_ERROR;
    }
    error_set(why, STATUS_UNSUPPORTED, "%s: this hypervisor cannot do it",
              operation_action_name(action));
    /* A column of settings has one action; one of actions has others, too. */
    return class == OPERATION_CLASS_CONFIG || possible == 0 ? MIB_NOT_WRITABLE
                                                            : MIB_WRONG_VALUE;
}

/*
 * The state in which the domain will be when the operation begins: behind those
 * that are queued or running, and behind those before it in the same SET.
 * *ret_certain: it is in that state now.
 */
static enum domain_state state_before(const struct plan *plan,
                                      const struct connection *connection,
                                      size_t position, bool *ret_certain)
{
    const struct item *item = &plan->items[position];
    const struct operation *pending =
        operation_table_pending(operations_table(connection->operations),
                                OPERATION_CLASS_POWER, &item->uuid, OPERATION_NONE);
    enum domain_state state = item->state;

    *ret_certain = pending == NULL;
    if (pending != NULL) {
        state = operation_outcome(pending->action, state);
    }
    for (size_t i = 0; i < position; i++) {
        const struct item *before = &plan->items[i];

        if (before->kind == ITEM_CREATE && !before->operation->dry_run
            && uuid_compare(&before->uuid, &item->uuid) == 0) {
            state = operation_outcome(before->action, state);
            *ret_certain = false;
        }
    }
    return state;
}

enum mib_error plan_check_transition(const struct plan *plan,
                                     const struct connection *connection,
                                     size_t position, long *ret_index,
                                     struct error *why)
{
    const struct item *item = &plan->items[position];
    const struct operation *operation = item->operation;
    enum operation_action step;
    enum domain_state state;
    bool certain;

    if (!item->has_state) {
        return MIB_NO_ERROR; /* it is read before the operation begins */
    }
    state = state_before(plan, connection, position, &certain);
    if (certain && operation->expected != DOMAIN_STATE_UNKNOWN
        && operation->expected != state) {
        *ret_index = item->expected_index;
        error_set(why, STATUS_WRONG_STATE, "%s is %s, not %s", operation->name,
                  domain_state_name(state), domain_state_name(operation->expected));
        return MIB_INCONSISTENT_VALUE;
    }
    switch (operation_next(operation->action, state, &step)) {
    case OPERATION_STEP_DONE:
    case OPERATION_STEP_WAIT:
        return MIB_NO_ERROR;
    case OPERATION_STEP_REFUSED:
        error_set(why, STATUS_WRONG_STATE, "%s is not possible while %s is %s",
                  operation_action_name(operation->action), operation->name,
                  domain_state_name(state));
        return MIB_INCONSISTENT_VALUE;
    case OPERATION_STEP_DO:
        break;
    }
    if ((connection->ops->actions & OPERATION_BIT(step)) == 0) {
        error_set(why, STATUS_UNSUPPORTED,
                  "%s needs %s from %s, which this hypervisor cannot do",
                  operation_action_name(operation->action), operation_action_name(step),
                  domain_state_name(state));
        return MIB_INCONSISTENT_VALUE;
    }
    return MIB_NO_ERROR;
}
