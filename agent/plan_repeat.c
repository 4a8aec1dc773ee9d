/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan_repeat.c - which columns ask for what an operation does already.
 */
#include "agent/plan_parts.h"
#include "model/clock.h"

/* Whether the item's class and domain have their lock set in the same SET. */
static bool is_locked(const struct plan *plan, const struct item *item)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct item *other = &plan->items[i];

        if (other->kind == ITEM_LOCK && other->class == item->class
            && uuid_compare(&other->uuid, &item->uuid) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether the same SET cancels the operation. */
static bool is_cancelled(const struct plan *plan, const struct operation *operation)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct item *item = &plan->items[i];

        if ((item->kind == ITEM_CANCEL
             || (item->kind == ITEM_ROW
                 && item->draft->columns[MIB_OPERATION_STATE].index != 0))
            && item->class == operation->class && item->id == operation->id
            && uuid_compare(&item->uuid, &operation->uuid) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether it came a moment ago, or is coming: its SET is not complete yet. */
static bool is_recent(const struct operation *operation, int64_t window_ns)
{
    return operation->accepted_ns == CLOCK_NEVER
           || clock_boot_ns() - operation->accepted_ns < window_ns;
}

const struct operation *plan_find_repeated(const struct plan *plan,
                                           const struct connection *connection,
                                           const struct item *item)
{
    const struct operation_table *table = operations_table(connection->operations);
    const struct operation *last =
        operation_table_last(table, item->class, &item->uuid);
    int64_t window_ns = connection->config->repeat_window_ns;

    if (item->class == OPERATION_CLASS_CONFIG) {
        last = operation_table_pending(table, item->class, &item->uuid, item->action);
    }
    if (last == NULL || last->action != item->action || last->dry_run
        || last->value != item->operation->value || is_cancelled(plan, last)) {
        return NULL;
    }
    if (item->class == OPERATION_CLASS_CONFIG
        || operation_admin_state(item->action) != DOMAIN_ADMIN_STATE_UNKNOWN) {
        return operation_state_is_final(last->state) ? NULL : last;
    }
    return last->origin == OPERATION_BY_COLUMN && !is_locked(plan, item)
                   && last->state != OPERATION_CANCELLED && is_recent(last, window_ns)
               ? last
               : NULL;
}
