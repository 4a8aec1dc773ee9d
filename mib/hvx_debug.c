/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hvx_debug.c - hvxDebugTable: what helps to find out why a guest fails.
 */
#include "mib/domain_control.h"
#include "mib/domain_rows.h"
#include "mib/hvagentx_mib.h"

#define DOMAINS SECTION_BIT(SECTION_DOMAINS)

static bool get_action(const struct mib_context *context, size_t row,
                       struct mib_value *value)
{
    return mib_get_pending_action(context, row, OPERATION_CORE_DUMP, OPERATION_NMI,
                                  value);
}

static bool get_lock(const struct mib_context *context, size_t row,
                     struct mib_value *value)
{
    return mib_get_lock(context, row, OPERATION_CLASS_DEBUG, value);
}

static bool get_operation_id(const struct mib_context *context, size_t row,
                             struct mib_value *value)
{
    return mib_get_operation_id(context, row, OPERATION_CLASS_DEBUG, value);
}

static enum mib_error accept_action(const struct mib_value *value)
{
    return value->integer == OPERATION_CORE_DUMP || value->integer == OPERATION_NMI
               ? MIB_NO_ERROR
               : MIB_WRONG_VALUE;
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
    return mib_check_lock(context, row, OPERATION_CLASS_DEBUG, value, ret_change);
}

static const struct mib_column columns[] = {
    { 1, "hvxDebugAction", MIB_INTEGER, MIB_READ_WRITE, DOMAINS, get_action,
      accept_action, check_action },
    { 2, "hvxDebugLock", MIB_INTEGER, MIB_READ_WRITE, DOMAINS, get_lock,
      mib_accept_lock, check_lock },
    { 3, "hvxDebugOperationId", MIB_GAUGE32, MIB_READ_ONLY, DOMAINS, get_operation_id },
};

const struct mib_group hvx_debug = {
    .name = "hvxDebugTable",
    .prefix_length = HVX_CONTROL_LENGTH + 3,
    .prefix = { HVX_CONTROL, 5, 1, 1 },
    .sections = DOMAINS,
    .count = mib_domain_count,
    .index = mib_domain_index,
    .column_count = sizeof(columns) / sizeof(columns[0]),
    .columns = columns,
};
