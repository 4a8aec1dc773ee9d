/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hvagentx_mib.h - HVAGENTX-MIB: one file of descriptors for each group of
 * its objects.  Included by mib/ alone.
 */
#ifndef HVX_MIB_HVAGENTX_MIB_H
#define HVX_MIB_HVAGENTX_MIB_H

#include <config.h>
#include "mib/mib.h"

/* HVX_ROOT_IDS and HVX_ROOT_LENGTH come from the one line in configure.ac. */
#define HVX_OBJECTS HVX_ROOT_IDS, 1
#define HVX_OBJECTS_LENGTH (HVX_ROOT_LENGTH + 1)
#define HVX_CONTROL HVX_ROOT_IDS, 2
#define HVX_CONTROL_LENGTH (HVX_ROOT_LENGTH + 1)
/* hvxHypervisors: { hvxRegistrations 1 } */
#define HVX_HYPERVISORS HVX_ROOT_IDS, 4, 1
#define HVX_HYPERVISORS_LENGTH (HVX_ROOT_LENGTH + 2)
/* hvxCapabilities: { hvxRegistrations 2 } */
#define HVX_CAPABILITIES HVX_ROOT_IDS, 4, 2
#define HVX_CAPABILITIES_LENGTH (HVX_ROOT_LENGTH + 2)

extern const struct mib_module hvagentx_mib;

extern const struct mib_group hvx_agent;            /* hvxAgent */
extern const struct mib_group hvx_connections;      /* hvxConnectionTable */
extern const struct mib_group hvx_domains;          /* hvxDomainTable */
extern const struct mib_group hvx_power;            /* hvxPowerTable */
extern const struct mib_group hvx_config;           /* hvxConfigTable */
extern const struct mib_group hvx_debug;            /* hvxDebugTable */
extern const struct mib_group hvx_operations;       /* hvxOperationTable */
extern const struct mib_group hvx_operation_totals; /* hvxOperations */

/* vmHvSoftware: what the node told, else what its backend stands for. */
const char *mib_software(const struct connection_status *connection,
                         const struct snapshot *snapshot);

/* vmHvVersion; NULL while unknown. */
const char *mib_version(const struct snapshot *snapshot);

/* What the columns of hvxOperationTable accept: mib_accept_fns. */
enum mib_error hvx_accept_row_status(const struct mib_value *value);
enum mib_error hvx_accept_action(const struct mib_value *value);
enum mib_error hvx_accept_value(const struct mib_value *value);
enum mib_error hvx_accept_expected(const struct mib_value *value);
enum mib_error hvx_accept_deadline(const struct mib_value *value);
enum mib_error hvx_accept_tag(const struct mib_value *value);
enum mib_error hvx_accept_state(const struct mib_value *value);

/* The mib_create_fn of all of them. */
enum mib_error hvx_create_operation(const struct mib_context *context, uint32_t column,
                                    const uint32_t *ids, size_t length,
                                    const struct mib_value *value,
                                    struct mib_change *ret_change);

/* For getters: BITS of control classes, from a set of OPERATION_CLASS_BIT()s. */
bool mib_set_classes(struct mib_value *value, unsigned classes);

#endif
