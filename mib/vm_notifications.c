/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_notifications.c - the switches of VM-MIB's notifications:
 * vmPerVMNotificationsEnabled, vmBulkNotificationsEnabled.
 *
 * They belong to the connection, so all contexts that show it agree.
 */
#include "mib/vm_mib.h"

static bool get_per_vm(const struct mib_context *context, size_t row,
                       struct mib_value *value)
{
    (void)row;
    return mib_set_truth(value,
                         context->connection->switches[CONNECTION_SWITCH_PER_DOMAIN]);
}

static bool get_bulk(const struct mib_context *context, size_t row,
                     struct mib_value *value)
{
    (void)row;
    return mib_set_truth(value, context->connection->switches[CONNECTION_SWITCH_BULK]);
}

/* What is not sent cannot be switched on. */
static enum mib_error check_switch(const struct mib_value *value,
                                   enum connection_switch which,
                                   struct mib_change *ret_change)
{
    if (mib_is_true(value)) {
        return MIB_INCONSISTENT_VALUE;
    }
    *ret_change = (struct mib_change) { .which = which, .on = false };
    return MIB_NO_ERROR;
}

static enum mib_error check_per_vm(const struct mib_context *context, size_t row,
                                   const struct mib_value *value,
                                   struct mib_change *ret_change)
{
    (void)context;
    (void)row;
    return check_switch(value, CONNECTION_SWITCH_PER_DOMAIN, ret_change);
}

static enum mib_error check_bulk(const struct mib_context *context, size_t row,
                                 const struct mib_value *value,
                                 struct mib_change *ret_change)
{
    (void)context;
    (void)row;
    return check_switch(value, CONNECTION_SWITCH_BULK, ret_change);
}

static const struct mib_column columns[] = {
    { 9, "vmPerVMNotificationsEnabled", MIB_INTEGER, MIB_READ_WRITE, 0, get_per_vm,
      mib_accept_truth, check_per_vm },
    { 10, "vmBulkNotificationsEnabled", MIB_INTEGER, MIB_READ_WRITE, 0, get_bulk,
      mib_accept_truth, check_bulk },
};

const struct mib_group vm_notifications = {
    .name = "vmObjects",
    .prefix_length = VM_OBJECTS_LENGTH,
    .prefix = { VM_OBJECTS },
    .column_count = sizeof(columns) / sizeof(columns[0]),
    .columns = columns,
};
