/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "agent/plan_parts.h"
#include "model/clock.h"

struct plan *plan_new(const char *role)
{
    struct plan *plan = calloc(1, sizeof(*plan));

    if (plan == NULL) {
        return NULL;
    }
    plan->role = strdup(role);
    if (plan->role == NULL) {
        free(plan);
        return NULL;
    }
    return plan;
}

void plan_free(struct plan *plan, struct connection *connection)
{
    if (plan == NULL) {
        return;
    }
    if (connection != NULL) {
        operations_return(connection->operations, plan->reserved);
    }
    for (size_t i = 0; i < plan->count; i++) {
        operation_free(plan->items[i].operation);
        free(plan->items[i].draft);
        free(plan->items[i].name);
    }
    free(plan->items);
    free(plan->role);
    free(plan);
}

/*
 * The state that a domain is in, as far as is known: as it was read, or as the
 * operation left it that has ended since.  False: it is not known.
 */
static bool find_state(const struct connection *connection,
                       const struct snapshot_domain *domain,
                       enum domain_state *ret_state)
{
    int64_t sampled_ns = domain->sampled_ns[SECTION_DOMAINS];
    const struct operation *last =
        operation_table_last(operations_table(connection->operations),
                             OPERATION_CLASS_POWER, &domain->domain->uuid);

    *ret_state = domain->domain->state;
    if (connection->status.state != CONNECTION_UP || sampled_ns == CLOCK_NEVER
        || clock_boot_ns() - sampled_ns > connection->config->stale_limit_ns
        || *ret_state == DOMAIN_STATE_UNKNOWN
        || domain->failures[SECTION_DOMAINS] != NULL) {
        return false;
    }
    if (last == NULL || last->started_ns == CLOCK_NEVER
        || !operation_state_is_final(last->state) || last->finished_ns < sampled_ns) {
        return true;
    }
    *ret_state = operation_outcome(last->action, *ret_state);
    return last->state == OPERATION_SUCCEEDED && !last->dry_run;
}

struct item *plan_append(struct plan *plan, enum item_kind kind,
                         const struct connection *connection,
                         const struct mib_change *change, long index)
{
    struct item *item;

    if (plan->count == plan->room) {
        size_t room = plan->room == 0 ? 8 : 2 * plan->room;
        struct item *items = reallocarray(plan->items, room, sizeof(*items));

        if (items == NULL) {
            return NULL;
        }
        plan->items = items;
        plan->room = room;
    }
    item = &plan->items[plan->count++];
    *item = (struct item) { .kind = kind, .index = index, .class = change->class };
    if (change->domain != NULL) {
        item->uuid = change->domain->domain->uuid;
        item->vm_index = change->domain->index;
        item->has_state = find_state(connection, change->domain, &item->state);
    }
    return item;
}

bool plan_make_operation(const struct plan *plan, const struct connection *connection,
                         struct item *item, const char *name,
                         enum operation_action action, uint32_t value)
{
    struct operation *operation = operation_new(plan->role, name);

    if (operation == NULL) {
        return false;
    }
    item->kind = ITEM_CREATE;
    item->action = action;
    item->operation = operation;
    operation->class = item->class;
    operation->uuid = item->uuid;
    operation->id = item->id;
    operation->vm_index = item->vm_index;
    operation->action = action;
    operation->value = value;
    operation->expected = DOMAIN_STATE_UNKNOWN;
    operation->timeout_s =
        (uint32_t)(connection->config->operation_timeout_ns / CLOCK_NS_PER_S);
    operation->origin = OPERATION_BY_COLUMN;
    return true;
}

static enum mib_error no_memory(struct error *why)
{
    error_set(why, STATUS_NO_MEMORY, "out of memory");
    return MIB_RESOURCE_UNAVAILABLE;
}

/* The item of that kind for the domain and class; NULL: none yet. */
static const struct item *find_item(const struct plan *plan, enum item_kind kind,
                                    const struct mib_change *change)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct item *item = &plan->items[i];

        if (item->kind == kind && item->class == change->class
            && uuid_compare(&item->uuid, &change->domain->domain->uuid) == 0) {
            return item;
        }
    }
    return NULL;
}

/*
 * Two columns that each want the domain in another state, or one column twice:
 * whichever came first was meant first, but nobody can mean both.
 */
static bool contradicts(const struct plan *plan, const struct mib_change *change)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct item *item = &plan->items[i];

        if ((item->kind == ITEM_CREATE || item->kind == ITEM_JOIN)
            && item->class == change->class
            && uuid_compare(&item->uuid, &change->domain->domain->uuid) == 0
            && (change->class != OPERATION_CLASS_CONFIG
                || item->action == change->action)) {
            return true;
        }
    }
    return false;
}

static enum mib_error add_operation(struct plan *plan,
                                    const struct connection *connection,
                                    const struct mib_change *change, long index,
                                    struct error *why)
{
    const char *name = change->domain->domain->name;
    enum mib_error error = plan_check_ability(connection, change->action, why);
    struct item *item;

    if (error != MIB_NO_ERROR) {
        return error;
    }
    if (contradicts(plan, change)) {
        error_set(why, STATUS_INVALID,
                  "an earlier varbind of this SET wants something else of %s", name);
        return MIB_INCONSISTENT_VALUE;
    }
    item = plan_append(plan, ITEM_CREATE, connection, change, index);
    if (item == NULL
        || !plan_make_operation(plan, connection, item, name, change->action,
                                change->value)) {
        return no_memory(why);
    }
    return MIB_NO_ERROR;
}

static enum mib_error add_lock(struct plan *plan, const struct connection *connection,
                               const struct mib_change *change, long index,
                               struct error *why)
{
    const struct uuid *uuid = &change->domain->domain->uuid;
    const struct operation_table *table = operations_table(connection->operations);
    int32_t lock = operation_table_lock(table, change->class, uuid);
    struct item *item;

    if (find_item(plan, ITEM_LOCK, change) != NULL || change->value != (uint32_t)lock) {
        error_set(why, STATUS_BUSY,
                  "the lock is %ld: read it again, and see whether somebody else did "
                  "what you want",
                  (long)lock);
        return MIB_INCONSISTENT_VALUE;
    }
    item = plan_append(plan, ITEM_LOCK, connection, change, index);
    if (item == NULL) {
        return no_memory(why);
    }
    item->id = change->value;
    return MIB_NO_ERROR;
}

enum mib_error plan_add(struct plan *plan, const struct connection *connection,
                        const struct mib_change *change, long index, struct error *why)
{
    struct item *item;

    switch (change->kind) {
    case MIB_CHANGE_OPERATION:
        return add_operation(plan, connection, change, index, why);
    case MIB_CHANGE_LOCK:
        return add_lock(plan, connection, change, index, why);
    case MIB_CHANGE_ROW:
        return plan_add_column(plan, connection, change, index, why);
    case MIB_CHANGE_SWITCH:
        break;
    }
    item = plan_append(plan, ITEM_SWITCH, connection, change, index);
    if (item == NULL) {
        return no_memory(why);
    }
    item->which = change->which;
    item->on = change->on;
    return MIB_NO_ERROR;
}

/* Makes an item that is to create an operation final. */
static enum mib_error settle_operation(struct plan *plan, struct connection *connection,
                                       size_t position, long *ret_index,
                                       struct error *why)
{
    struct item *item = &plan->items[position];

    if (item->operation->origin == OPERATION_BY_COLUMN) {
        const struct operation *repeated = plan_find_repeated(plan, connection, item);

        /* It may still be undone, and then nothing would be done. */
        if (repeated != NULL && repeated->accepted_ns == CLOCK_NEVER) {
            error_set(why, STATUS_BUSY,
                      "another SET that asks for the same is not complete yet; set it "
                      "again");
            return MIB_RESOURCE_UNAVAILABLE;
        }
        if (repeated != NULL) {
            operation_free(item->operation);
            item->operation = NULL;
            item->kind = ITEM_JOIN;
            return MIB_NO_ERROR;
        }
        item->id = operations_new_id(connection->operations);
        item->operation->id = item->id;
    }
    plan->reserved++;
    return plan_check_transition(plan, connection, position, ret_index, why);
}

enum mib_error plan_settle(struct plan *plan, struct connection *connection,
                           long *ret_index, struct error *why)
{
    size_t wanted;

    for (size_t i = 0; i < plan->count; i++) {
        struct item *item = &plan->items[i];
        enum mib_error error = MIB_NO_ERROR;

        *ret_index = item->index;
        if (item->kind != ITEM_SWITCH && connection->status.state != CONNECTION_UP) {
            error_set(why, STATUS_UNAVAILABLE, "connection %s is %s", connection->name,
                      connection_state_name(connection->status.state));
            error = MIB_RESOURCE_UNAVAILABLE;
        }
        if (error == MIB_NO_ERROR && item->kind == ITEM_ROW) {
            error = plan_understand_row(plan, connection, item, ret_index, why);
        }
        if (error == MIB_NO_ERROR && item->kind == ITEM_CREATE) {
            error = settle_operation(plan, connection, i, ret_index, why);
        }
        if (error != MIB_NO_ERROR) {
            plan->reserved = 0;
            return error;
        }
    }
    wanted = plan->reserved;
    plan->reserved = 0;
    if (!operations_reserve(connection->operations, wanted)) {
        *ret_index = 1;
        error_set(why, STATUS_BUSY,
                  "no room for %zu more operations; wait until some "
                  "are forgotten (operationKeep)",
                  wanted);
        return MIB_RESOURCE_UNAVAILABLE;
    }
    plan->reserved = wanted;
    return MIB_NO_ERROR;
}

/* Does what an item can do before the SET is complete; false: it cannot. */
static bool commit_item(struct plan *plan, struct connection *connection,
                        struct item *item)
{
    struct operations *operations = connection->operations;

    switch (item->kind) {
    case ITEM_SWITCH:
        item->on = connection_set_switch(connection, item->which, item->on);
        return true;
    case ITEM_CREATE:
        if (!operations_accept(operations, item->operation)) {
            return false;
        }
        item->operation = NULL;
        plan->reserved--;
        return true;
    case ITEM_LOCK:
        return operation_table_lock(operations_table(operations), item->class,
                                    &item->uuid)
                   == (int32_t)item->id
               && operations_advance_lock(operations, item->class, &item->uuid);
    case ITEM_CANCEL:
        return operations_hold(operations, item->class, &item->uuid, item->id);
    case ITEM_REMOVE:
    case ITEM_JOIN:
    case ITEM_ROW:
        break;
    }
    return true;
}

static void undo_item(struct connection *connection, struct item *item)
{
    struct operations *operations = connection->operations;

    switch (item->kind) {
    case ITEM_SWITCH:
        item->on = connection_set_switch(connection, item->which, item->on);
        break;
    case ITEM_CREATE:
        operations_withdraw(operations, item->class, &item->uuid, item->id);
        break;
    case ITEM_LOCK:
        operations_return_lock(operations, item->class, &item->uuid);
        break;
    case ITEM_CANCEL:
        operations_release(operations, item->class, &item->uuid, item->id);
        break;
    case ITEM_REMOVE:
    case ITEM_JOIN:
    case ITEM_ROW:
        break;
    }
}

/* Undoes the first `count` items, the last one first. */
static void undo_items(struct plan *plan, struct connection *connection, size_t count)
{
    while (count > 0) {
        undo_item(connection, &plan->items[--count]);
    }
}

enum mib_error plan_commit(struct plan *plan, struct connection *connection,
                           long *ret_index)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (!commit_item(plan, connection, &plan->items[i])) {
            *ret_index = plan->items[i].index;
            undo_items(plan, connection, i);
            return MIB_COMMIT_FAILED;
        }
    }
    return MIB_NO_ERROR;
}

void plan_undo(struct plan *plan, struct connection *connection)
{
    undo_items(plan, connection, plan->count);
}

void plan_complete(struct plan *plan, struct connection *connection)
{
    struct operations *operations = connection->operations;

    for (size_t i = 0; i < plan->count; i++) {
        const struct item *item = &plan->items[i];

        if (item->kind == ITEM_CREATE) {
            operations_begin(operations, item->class, &item->uuid, item->id);
        } else if (item->kind == ITEM_CANCEL) {
            operations_cancel(operations, item->class, &item->uuid, item->id);
        } else if (item->kind == ITEM_REMOVE) {
            operations_remove(operations, item->class, &item->uuid, item->id);
        }
    }
}
