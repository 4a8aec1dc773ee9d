/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_mib.h - VM-MIB (RFC 7666): one file of descriptors for each group of
 * its objects.  Included by mib/ alone.
 */
#ifndef HVX_MIB_VM_MIB_H
#define HVX_MIB_VM_MIB_H

#include "mib/mib.h"

/* { mib-2 236 } and { vmMIB 1 } */
#define VM_MIB 1, 3, 6, 1, 2, 1, 236
#define VM_MIB_LENGTH 7
#define VM_OBJECTS VM_MIB, 1
#define VM_OBJECTS_LENGTH (VM_MIB_LENGTH + 1)

extern const struct mib_module vm_mib;

extern const struct mib_group vm_hypervisor; /* vmHypervisor */
extern const struct mib_group vm_number;     /* vmNumber, vmTableLastChange */
extern const struct mib_group vm_table;      /* vmTable */
extern const struct mib_group vm_cpu_table;
extern const struct mib_group vm_cpu_affinity_table;
extern const struct mib_group vm_storage_table;
extern const struct mib_group vm_network_table;
/* vmPerVMNotificationsEnabled, vmBulkNotificationsEnabled */
extern const struct mib_group vm_notifications;

#endif
