/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hvx_power.c - hvxPowerTable: domains switched on and off.
 */
#include "mib/domain_control.h"
#include "mib/domain_rows.h"
#include "mib/hvagentx_mib.h"
#include "mib/states.h"

#define DOMAINS SECTION_BIT(SECTION_DOMAINS)

/* Where it is on its way to, else what vmAdminState tells. */
static bool get_admin_state(const struct mib_context *context, size_t row,
                            struct mib_value *value)
{
    const struct operation *goal =
        mib_pending(context, row, OPERATION_MAKE_RUNNING, OPERATION_MAKE_SHUTDOWN);

    value->integer =
        mib_admin_state_number(goal == NULL ? mib_domain_at(context, row)->admin_state
                                            : operation_admin_state(goal->action));
    return value->integer != 0;
}

static bool get_action(const struct mib_context *context, size_t row,
                       struct mib_value *value)
{
    return mib_get_pending_action(context, row, OPERATION_START, OPERATION_PM_WAKEUP,
                                  value);
}

static bool get_lock(const struct mib_context *context, size_t row,
                     struct mib_value *value)
{
    return mib_get_lock(context, row, OPERATION_CLASS_POWER, value);
}

static bool get_operation_id(const struct mib_context *context, size_t row,
                             struct mib_value *value)
{
    return mib_get_operation_id(context, row, OPERATION_CLASS_POWER, value);
}

static enum mib_error accept_admin_state(const struct mib_value *value)
{
    return mib_admin_state_of(value->integer) == DOMAIN_ADMIN_STATE_UNKNOWN
               ? MIB_WRONG_VALUE
               : MIB_NO_ERROR;
}

static enum mib_error accept_action(const struct mib_value *value)
{
    return value->integer < OPERATION_START || value->integer > OPERATION_PM_WAKEUP
               ? MIB_WRONG_VALUE
               : MIB_NO_ERROR;
}

static enum mib_error check_admin_state(const struct mib_context *context, size_t row,
                                        const struct mib_value *value,
                                        struct mib_change *ret_change)
{
    return mib_check_operation(
        context, row, operation_of_admin_state(mib_admin_state_of(value->integer)), 0,
        ret_change);
}

static enum mib_error check_action(const struct mib_context *context, size_t row,
                                   const struct mib_value *value,
                                   struct mib_change *ret_change)
{
    return mib_check_operation(context, row, (enum operation_action)value->integer, 0,
                               ret_change);
}

static enum mib_error check_lock(const struct mib_context *context, size_t row,
                                 const struct mib_value *value,
                                 struct mib_change *ret_change)
{
    return mib_check_lock(context, row, OPERATION_CLASS_POWER, value, ret_change);
}

static const struct mib_column columns[] = {
    { 1, "hvxPowerAdminState", MIB_INTEGER, MIB_READ_WRITE, DOMAINS, get_admin_state,
      accept_admin_state, check_admin_state },
    { 2, "hvxPowerAction", MIB_INTEGER, MIB_READ_WRITE, DOMAINS, get_action,
      accept_action, check_action },
    { 3, "hvxPowerLock", MIB_INTEGER, MIB_READ_WRITE, DOMAINS, get_lock,
      mib_accept_lock, check_lock },
    { 4, "hvxPowerOperationId", MIB_GAUGE32, MIB_READ_ONLY, DOMAINS, get_operation_id },
};

const struct mib_group hvx_power = {
    .name = "hvxPowerTable",
    .prefix_length = HVX_CONTROL_LENGTH + 3,
    .prefix = { HVX_CONTROL, 1, 1, 1 },
    .sections = DOMAINS,
    .count = mib_domain_count,
    .index = mib_domain_index,
    .column_count = sizeof(columns) / sizeof(columns[0]),
    .columns = columns,
};
