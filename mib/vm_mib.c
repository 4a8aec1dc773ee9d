/* SPDX-License-Identifier: BSD-2-Clause */
#include "mib/hvagentx_mib.h"
#include "mib/vm_mib.h"

static const struct mib_group *const groups[] = {
    &vm_hypervisor,         &vm_number,        &vm_table,         &vm_cpu_table,
    &vm_cpu_affinity_table, &vm_storage_table, &vm_network_table, &vm_notifications,
};

const struct mib_module vm_mib = {
    .name = "VM-MIB",
    .root_length = VM_MIB_LENGTH,
    .root = { VM_MIB },
    .group_count = sizeof(groups) / sizeof(groups[0]),
    .groups = groups,
    .capabilities = {
        .name = "hvxVmMibCapabilities",
        .length = HVX_CAPABILITIES_LENGTH + 1,
        .ids = { HVX_CAPABILITIES, 5 },
        .description = "VM-MIB (RFC 7666) as hvagentx implements it",
    },
};
