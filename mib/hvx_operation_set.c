/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hvx_operation_set.c - what the columns of hvxOperationTable can be set to, and
 * which rows there may be.
 */
#include <string.h>

#include "mib/hvagentx_mib.h"
#include "mib/states.h"
#include "model/text.h"

/* Sub-identifiers of an instance: class, UUID, id. */
#define INSTANCE_LENGTH (1 + sizeof(((struct uuid *)NULL)->bytes) + 1)

static enum mib_error accept_if(bool is_valid)
{
    return is_valid ? MIB_NO_ERROR : MIB_WRONG_VALUE;
}

/* Rows are made whole and at once: neither createAndWait nor notInService. */
enum mib_error hvx_accept_row_status(const struct mib_value *value)
{
    return accept_if(value->integer == MIB_ROW_ACTIVE
                     || value->integer == MIB_ROW_CREATE_AND_GO
                     || value->integer == MIB_ROW_DESTROY);
}

enum mib_error hvx_accept_action(const struct mib_value *value)
{
    return accept_if(value->integer > OPERATION_NONE
                     && value->integer < OPERATION_ACTION_COUNT);
}

/* Which ones there may be depends on the action, another varbind. */
enum mib_error hvx_accept_value(const struct mib_value *value)
{
    (void)value;
    return MIB_NO_ERROR;
}

enum mib_error hvx_accept_expected(const struct mib_value *value)
{
    enum domain_state state;

    return accept_if(mib_find_oper_state(value->integer, &state));
}

enum mib_error hvx_accept_deadline(const struct mib_value *value)
{
    return accept_if(value->number >= 1 && value->number <= OPERATION_TIMEOUT_MAX_S);
}

/* It goes into the log: what would be changed there is refused. */
enum mib_error hvx_accept_tag(const struct mib_value *value)
{
    const size_t length = value->string.length;
    char tag[OPERATION_TAG_SIZE];
    char clean[OPERATION_TAG_SIZE];

    if (length >= sizeof(tag)) {
        return MIB_WRONG_LENGTH;
    }
    if (length == 0) {
        return MIB_NO_ERROR;
    }
    memcpy(tag, value->string.bytes, length);
    tag[length] = '\0';
    return accept_if(text_clean(clean, sizeof(clean), tag) == length
                     && memcmp(clean, tag, length) == 0);
}

/* Whatever else it becomes, nobody sets. */
enum mib_error hvx_accept_state(const struct mib_value *value)
{
    return accept_if(value->integer == OPERATION_CANCELLED);
}

/* False: no row of that name can be. */
static bool parse_instance(const uint32_t *ids, size_t length,
                           struct mib_change *change)
{
    if (length != INSTANCE_LENGTH || ids[0] < OPERATION_CLASS_POWER
        || ids[0] >= OPERATION_CLASS_COUNT || ids[length - 1] == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof(change->uuid.bytes); i++) {
        if (ids[1 + i] > UINT8_MAX) {
            return false;
        }
        change->uuid.bytes[i] = (uint8_t)ids[1 + i];
    }
    change->class = (enum operation_class)ids[0];
    change->id = ids[length - 1];
    return !uuid_is_nil(&change->uuid);
}

static const struct snapshot_domain *find_domain(const struct snapshot *snapshot,
                                                 const struct uuid *uuid)
{
    for (size_t i = 0; i < snapshot->domain_count; i++) {
        if (uuid_compare(&snapshot->domains[i].domain->uuid, uuid) == 0) {
            return &snapshot->domains[i];
        }
    }
    return NULL;
}

static void take_value(const struct mib_value *value, struct mib_change *change)
{
    enum domain_state expected = DOMAIN_STATE_UNKNOWN;

    switch (change->column) {
    case MIB_OPERATION_TAG:
        change->text = value->string.bytes;
        change->text_length = value->string.length;
        break;
    case MIB_OPERATION_VALUE:
    case MIB_OPERATION_DEADLINE:
        change->number = value->number;
        break;
    case MIB_OPERATION_EXPECTED_STATE:
        if (mib_find_oper_state(value->integer, &expected)) {
            change->number = (uint32_t)expected;
        }
        break;
    case MIB_OPERATION_ROW_STATUS:
    case MIB_OPERATION_ACTION:
    case MIB_OPERATION_DRY_RUN:
    case MIB_OPERATION_STATE:
        change->number = (uint32_t)value->integer;
        break;
    }
}

/* Whether there is such a row, or can be, and its class is permitted. */
static enum mib_error check_row(const struct mib_context *context,
                                const struct mib_change *change)
{
    const struct operation *operation = operation_table_find(
        context->operations, change->class, &change->uuid, change->id);
    const bool is_destroyed =
        change->column == MIB_OPERATION_ROW_STATUS && change->number == MIB_ROW_DESTROY;
    const char *name = NULL;

    if (change->domain != NULL) {
        name = change->domain->domain->name;
    } else if (operation != NULL) {
        name = operation->name;
    }
    if (name != NULL
        && !control_permits(context->control, change->class, &change->uuid, name)) {
        return MIB_NOT_WRITABLE;
    }
    /* A row that is gone is as good as destroyed (RFC 2579, RowStatus). */
    if (operation != NULL || is_destroyed) {
        return MIB_NO_ERROR;
    }
    return name == NULL || change->id > OPERATION_MANAGER_ID_MAX ? MIB_NO_CREATION
                                                                 : MIB_NO_ERROR;
}

enum mib_error hvx_create_operation(const struct mib_context *context, uint32_t column,
                                    const uint32_t *ids, size_t length,
                                    const struct mib_value *value,
                                    struct mib_change *ret_change)
{
    struct mib_change change = {
        .kind = MIB_CHANGE_ROW,
        .column = (enum mib_operation_column)column,
    };
    enum mib_error error;

    if (!parse_instance(ids, length, &change)) {
        return MIB_NO_CREATION;
    }
    if (context->operations == NULL || context->control == NULL
        || (context->control->classes & OPERATION_CLASS_BIT(change.class)) == 0) {
        return MIB_NOT_WRITABLE;
    }
    change.domain = find_domain(context->snapshot, &change.uuid);
    take_value(value, &change);
    error = check_row(context, &change);
    if (error == MIB_NO_ERROR) {
        *ret_change = change;
    }
    return error;
}
