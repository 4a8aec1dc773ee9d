/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan_rows.c - rows of hvxOperationTable in a SET: their columns come in any
 * order, and mean something together.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/plan_parts.h"

static struct item *find_row(const struct plan *plan, const struct mib_change *change)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct item *item = &plan->items[i];

        if (item->kind == ITEM_ROW
            && item->class == change->class && item->id == change->id
            && uuid_compare(&item->uuid, &change->uuid) == 0) {
            return item;
        }
    }
    return NULL;
}

static struct item *new_row(struct plan *plan, const struct connection *connection,
                            const struct mib_change *change, long index)
{
    struct row_draft *draft = calloc(1, sizeof(*draft));
    struct item *item =
        draft == NULL ? NULL : plan_append(plan, ITEM_ROW, connection, change, index);

    if (item == NULL) {
        free(draft);
        return NULL;
    }
    item->draft = draft;
    if (change->domain != NULL) {
        item->name = strdup(change->domain->domain->name);
    }
    item->uuid = change->uuid;
    item->id = change->id;
    return item;
}

enum mib_error plan_add_column(struct plan *plan, const struct connection *connection,
                               const struct mib_change *change, long index,
                               struct error *why)
{
    struct item *item = find_row(plan, change);
    struct row_draft *draft;

    if (item == NULL) {
        item = new_row(plan, connection, change, index);
    }
    if (item == NULL) {
        error_set(why, STATUS_NO_MEMORY, "out of memory");
        return MIB_RESOURCE_UNAVAILABLE;
    }
    draft = item->draft;
    if (draft->columns[change->column].index != 0) {
        error_set(why, STATUS_INVALID, "the column is set twice");
        return MIB_INCONSISTENT_VALUE;
    }
    draft->columns[change->column].index = index;
    draft->columns[change->column].number = change->number;
    if (change->column == MIB_OPERATION_TAG) {
        snprintf(draft->tag, sizeof(draft->tag), "%.*s", (int)change->text_length,
                 change->text);
    }
    return MIB_NO_ERROR;
}

/* What is wrong with a row, and which varbind is to blame. */
static enum mib_error refuse(enum mib_error error, long index, long *ret_index,
                             struct error *why, const char *text)
{
    *ret_index = index;
    error_set(why, STATUS_INVALID, "%s", text);
    return error;
}

/* The varbind of the first column that is set, apart from one; 0: none is. */
static long other_column(const struct row_draft *draft, enum mib_operation_column apart)
{
    long first = 0;

    for (size_t i = 0; i <= MIB_OPERATION_STATE; i++) {
        long index = draft->columns[i].index;

        if (i != apart && index != 0 && (first == 0 || index < first)) {
            first = index;
        }
    }
    return first;
}

/* The expected state, the deadline and the rest that is optional. */
static void fill_options(const struct row_draft *draft, struct item *item)
{
    struct operation *operation = item->operation;

    operation->origin = OPERATION_BY_ROW;
    if (draft->columns[MIB_OPERATION_EXPECTED_STATE].index != 0) {
        item->expected_index = draft->columns[MIB_OPERATION_EXPECTED_STATE].index;
        operation->expected =
            (enum domain_state)draft->columns[MIB_OPERATION_EXPECTED_STATE].number;
    }
    if (draft->columns[MIB_OPERATION_DEADLINE].index != 0) {
        operation->timeout_s = draft->columns[MIB_OPERATION_DEADLINE].number;
    }
    operation->dry_run = draft->columns[MIB_OPERATION_DRY_RUN].number == 1;
    memcpy(operation->tag, draft->tag, sizeof(operation->tag));
}

static enum mib_error understand_creation(struct plan *plan,
                                          const struct connection *connection,
                                          struct item *item, long *ret_index,
                                          struct error *why)
{
    const struct row_draft *draft = item->draft;
    enum operation_action action =
        (enum operation_action)draft->columns[MIB_OPERATION_ACTION].number;
    long action_index = draft->columns[MIB_OPERATION_ACTION].index;
    long value_index = draft->columns[MIB_OPERATION_VALUE].index;
    uint32_t value = draft->columns[MIB_OPERATION_VALUE].number;
    enum mib_error error;

    if (draft->columns[MIB_OPERATION_STATE].index != 0) {
        return refuse(MIB_INCONSISTENT_VALUE, draft->columns[MIB_OPERATION_STATE].index,
                      ret_index, why, "an operation cannot be created cancelled");
    }
    if (action_index == 0) {
        return refuse(MIB_INCONSISTENT_VALUE, *ret_index, ret_index, why,
                      "set hvxOperationAction in the same SET");
    }
    if (operation_class_of(action) != item->class) {
        return refuse(MIB_INCONSISTENT_VALUE, action_index, ret_index, why,
                      "the action belongs to another class than the row");
    }
    if (!operation_value_is_valid(action, value)) {
        return refuse(MIB_INCONSISTENT_VALUE,
                      value_index != 0 ? value_index : action_index, ret_index, why,
                      "hvxOperationValue does not fit the action");
    }
    *ret_index = action_index;
    error = plan_check_ability(connection, action, why);
    if (error != MIB_NO_ERROR) {
        return error == MIB_NOT_WRITABLE ? MIB_WRONG_VALUE : error;
    }
    item->index = draft->columns[MIB_OPERATION_ROW_STATUS].index;
    if (item->name == NULL
        || !plan_make_operation(plan, connection, item, item->name, action, value)) {
        error_set(why, STATUS_NO_MEMORY, "out of memory");
        return MIB_RESOURCE_UNAVAILABLE;
    }
    fill_options(draft, item);
    return MIB_NO_ERROR;
}

static enum mib_error understand_status(struct plan *plan,
                                        const struct connection *connection,
                                        struct item *item,
                                        const struct operation *there, long *ret_index,
                                        struct error *why)
{
    const struct row_draft *draft = item->draft;
    long other = other_column(draft, MIB_OPERATION_ROW_STATUS);
    bool is_row = there != NULL && !there->is_removed;

    *ret_index = draft->columns[MIB_OPERATION_ROW_STATUS].index;
    switch ((enum mib_row_status)draft->columns[MIB_OPERATION_ROW_STATUS].number) {
    case MIB_ROW_CREATE_AND_GO:
        if (there != NULL) {
            return refuse(MIB_INCONSISTENT_VALUE, *ret_index, ret_index, why,
                          "this id was used already; take another one for another "
                          "operation");
        }
        return understand_creation(plan, connection, item, ret_index, why);
    case MIB_ROW_DESTROY:
        if (other != 0) {
            return refuse(MIB_INCONSISTENT_VALUE, other, ret_index, why,
                          "a row that is destroyed can be given no values");
        }
        if (is_row && !operation_state_is_final(there->state)) {
            return refuse(MIB_INCONSISTENT_VALUE, *ret_index, ret_index, why,
                          "the operation has not ended yet; cancel it by "
                          "hvxOperationState");
        }
        item->kind = is_row ? ITEM_REMOVE : ITEM_JOIN;
        return MIB_NO_ERROR;
    case MIB_ROW_ACTIVE:
        break;
    }
    if (!is_row || other != 0) {
        return refuse(MIB_INCONSISTENT_VALUE, is_row ? other : *ret_index, ret_index,
                      why,
                      is_row ? "an operation cannot be changed"
                             : "there is no such row; createAndGo makes one");
    }
    item->kind = ITEM_JOIN;
    return MIB_NO_ERROR;
}

enum mib_error plan_understand_row(struct plan *plan,
                                   const struct connection *connection,
                                   struct item *item, long *ret_index,
                                   struct error *why)
{
    const struct row_draft *draft = item->draft;
    const struct operation_table *table = operations_table(connection->operations);
    const struct operation *there =
        operation_table_find(table, item->class, &item->uuid, item->id);
    long other = other_column(draft, MIB_OPERATION_STATE);

    if (draft->columns[MIB_OPERATION_ROW_STATUS].index != 0) {
        return understand_status(plan, connection, item, there, ret_index, why);
    }
    if (there == NULL || there->is_removed) {
        return refuse(MIB_NO_CREATION, item->index, ret_index, why,
                      "there is no such row; createAndGo in the same SET makes one");
    }
    if (other != 0) {
        return refuse(MIB_INCONSISTENT_VALUE, other, ret_index, why,
                      "an operation cannot be changed");
    }
    if (there->state != OPERATION_QUEUED && there->state != OPERATION_CANCELLED) {
        return refuse(MIB_INCONSISTENT_VALUE, item->index, ret_index, why,
                      "only an operation that has not begun can be cancelled");
    }
    if (there->is_held) {
        return refuse(MIB_RESOURCE_UNAVAILABLE, item->index, ret_index, why,
                      "another SET about the same operation is not complete yet; set "
                      "it again");
    }
    item->kind = there->state == OPERATION_QUEUED ? ITEM_CANCEL : ITEM_JOIN;
    return MIB_NO_ERROR;
}
