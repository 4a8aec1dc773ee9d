/* SPDX-License-Identifier: BSD-2-Clause */
#include "mib/domain_control.h"
#include "mib/domain_rows.h"

/* The name of the row's domain in the operations; NULL: it has none there. */
static const struct uuid *uuid_at(const struct mib_context *context, size_t row)
{
    const struct uuid *uuid = &mib_domain_at(context, row)->domain->uuid;

    return context->operations == NULL || uuid_is_nil(uuid) ? NULL : uuid;
}

static bool is_of(const struct operation *operation, enum operation_class class,
                  const struct uuid *uuid)
{
    return operation->class == class && uuid_compare(&operation->uuid, uuid) == 0;
}

const struct operation *mib_pending(const struct mib_context *context, size_t row,
                                    enum operation_action first,
                                    enum operation_action last)
{
    const struct operation_table *table = context->operations;
    const struct uuid *uuid = uuid_at(context, row);
    const enum operation_class class = operation_class_of(first);
    const struct operation *newest = NULL;

    if (uuid == NULL) {
        return NULL;
    }
    for (size_t i = operation_table_row(table, class, uuid, 0);
         i < table->row_count && is_of(table->rows[i], class, uuid); i++) {
        const struct operation *operation = table->rows[i];

        if (operation->action >= first && operation->action <= last
            && !operation->dry_run && !operation_state_is_final(operation->state)
            && (newest == NULL || operation->serial > newest->serial)) {
            newest = operation;
        }
    }
    return newest;
}

bool mib_get_pending_action(const struct mib_context *context, size_t row,
                            enum operation_action first, enum operation_action last,
                            struct mib_value *value)
{
    const struct operation *operation = mib_pending(context, row, first, last);

    value->integer = (int32_t)(operation == NULL ? OPERATION_NONE : operation->action);
    return uuid_at(context, row) != NULL;
}

bool mib_get_lock(const struct mib_context *context, size_t row,
                  enum operation_class class, struct mib_value *value)
{
    const struct uuid *uuid = uuid_at(context, row);

    if (uuid == NULL) {
        return false;
    }
    value->integer = operation_table_lock(context->operations, class, uuid);
    return true;
}

bool mib_get_operation_id(const struct mib_context *context, size_t row,
                          enum operation_class class, struct mib_value *value)
{
    const struct uuid *uuid = uuid_at(context, row);
    const struct operation *last =
        uuid == NULL ? NULL : operation_table_last(context->operations, class, uuid);

    if (last == NULL) {
        return false;
    }
    value->number = last->id;
    return true;
}

enum mib_error mib_accept_lock(const struct mib_value *value)
{
    return value->integer >= 0 ? MIB_NO_ERROR : MIB_WRONG_VALUE;
}

/* Whether the class is permitted; begins the change if it is. */
static enum mib_error begin_change(const struct mib_context *context, size_t row,
                                   enum operation_class class,
                                   struct mib_change *ret_change)
{
    const struct snapshot_domain *domain = mib_domain_at(context, row);
    const struct uuid *uuid = uuid_at(context, row);

    if (uuid == NULL
        || !control_permits(context->control, class, uuid, domain->domain->name)) {
        return MIB_NOT_WRITABLE;
    }
    *ret_change =
        (struct mib_change) { .class = class, .uuid = *uuid, .domain = domain };
    return MIB_NO_ERROR;
}

enum mib_error mib_check_operation(const struct mib_context *context, size_t row,
                                   enum operation_action action, uint32_t value,
                                   struct mib_change *ret_change)
{
    enum mib_error error =
        begin_change(context, row, operation_class_of(action), ret_change);

    if (error == MIB_NO_ERROR) {
        ret_change->kind = MIB_CHANGE_OPERATION;
        ret_change->action = action;
        ret_change->value = value;
    }
    return error;
}

enum mib_error mib_check_lock(const struct mib_context *context, size_t row,
                              enum operation_class class, const struct mib_value *value,
                              struct mib_change *ret_change)
{
    enum mib_error error = begin_change(context, row, class, ret_change);

    if (error == MIB_NO_ERROR) {
        ret_change->kind = MIB_CHANGE_LOCK;
        ret_change->value = (uint32_t)value->integer;
    }
    return error;
}
