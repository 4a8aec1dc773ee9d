/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_hypervisor.c - the scalars of VM-MIB: vmHypervisor, vmNumber,
 * vmTableLastChange.
 */
#include "mib/hvagentx_mib.h"
#include "mib/stale.h"
#include "mib/vm_mib.h"

static bool get_software(const struct mib_context *context, size_t row,
                         struct mib_value *value)
{
    (void)row;
    return mib_set_text(value, mib_software(context->connection, context->snapshot));
}

static bool get_version(const struct mib_context *context, size_t row,
                        struct mib_value *value)
{
    (void)row;
    return mib_set_text(value, mib_version(context->snapshot));
}

static bool get_object_id(const struct mib_context *context, size_t row,
                          struct mib_value *value)
{
    static const uint32_t ids[][HVX_HYPERVISORS_LENGTH + 1] = {
        [HYPERVISOR_OTHER] = { HVX_HYPERVISORS, 6 },
        [HYPERVISOR_SIM] = { HVX_HYPERVISORS, 1 },
        [HYPERVISOR_XEN] = { HVX_HYPERVISORS, 2 },
        [HYPERVISOR_QEMU] = { HVX_HYPERVISORS, 3 },
        [HYPERVISOR_LXC] = { HVX_HYPERVISORS, 4 },
    };
    _Static_assert(sizeof(ids) / sizeof(ids[0]) == HYPERVISOR_COUNT,
                   "an OID for each kind of hypervisor");
    const struct node *node = context->snapshot->node;

    (void)row;
    value->oid.ids =
        ids[node == NULL ? context->connection->hypervisor : node->hypervisor];
    value->oid.length = HVX_HYPERVISORS_LENGTH + 1;
    return true;
}

static bool get_up_time(const struct mib_context *context, size_t row,
                        struct mib_value *value)
{
    const struct node *node = context->snapshot->node;

    (void)row;
    if (node == NULL || node->started_ns == CLOCK_NEVER
        || mib_is_stale(context, context->snapshot->sampled_ns[SECTION_NODE])) {
        return false;
    }
    return mib_set_ticks(value, context->now_ns - node->started_ns);
}

static const struct mib_column hypervisor_columns[] = {
    { 1, "vmHvSoftware", MIB_STRING, MIB_READ_ONLY, SECTION_BIT(SECTION_NODE),
      get_software },
    { 2, "vmHvVersion", MIB_STRING, MIB_READ_ONLY, SECTION_BIT(SECTION_NODE),
      get_version },
    { 3, "vmHvObjectID", MIB_OID, MIB_READ_ONLY, SECTION_BIT(SECTION_NODE),
      get_object_id },
    { 4, "vmHvUpTime", MIB_TIMETICKS, MIB_READ_ONLY, SECTION_BIT(SECTION_NODE),
      get_up_time },
};

const struct mib_group vm_hypervisor = {
    .name = "vmHypervisor",
    .prefix_length = VM_OBJECTS_LENGTH + 1,
    .prefix = { VM_OBJECTS, 1 },
    .column_count = sizeof(hypervisor_columns) / sizeof(hypervisor_columns[0]),
    .columns = hypervisor_columns,
};

static bool get_number(const struct mib_context *context, size_t row,
                       struct mib_value *value)
{
    (void)row;
    if (context->snapshot->sampled_ns[SECTION_DOMAINS] == CLOCK_NEVER) {
        return false;
    }
    value->integer = (int32_t)context->snapshot->domain_count;
    return true;
}

/* The value of vmHvUpTime, not of sysUpTime, when a row came or went. */
static bool get_table_last_change(const struct mib_context *context, size_t row,
                                  struct mib_value *value)
{
    const struct snapshot *snapshot = context->snapshot;
    int64_t changed_ns = snapshot->domains_changed_ns;

    (void)row;
    if (snapshot->node == NULL || snapshot->node->started_ns == CLOCK_NEVER
        || snapshot->sampled_ns[SECTION_DOMAINS] == CLOCK_NEVER) {
        return false;
    }
    if (changed_ns == CLOCK_NEVER) {
        return mib_set_ticks(value, 0);
    }
    return mib_set_ticks(value, changed_ns - snapshot->node->started_ns);
}

static const struct mib_column number_columns[] = {
    { 2, "vmNumber", MIB_INTEGER, MIB_READ_ONLY, SECTION_BIT(SECTION_DOMAINS),
      get_number },
    { 3, "vmTableLastChange", MIB_TIMETICKS, MIB_READ_ONLY,
      SECTION_BIT(SECTION_DOMAINS) | SECTION_BIT(SECTION_NODE), get_table_last_change },
};

const struct mib_group vm_number = {
    .name = "vmObjects",
    .prefix_length = VM_OBJECTS_LENGTH,
    .prefix = { VM_OBJECTS },
    .column_count = sizeof(number_columns) / sizeof(number_columns[0]),
    .columns = number_columns,
};
