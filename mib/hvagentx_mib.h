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
/* hvxHypervisors: { hvxRegistrations 1 } */
#define HVX_HYPERVISORS HVX_ROOT_IDS, 4, 1
#define HVX_HYPERVISORS_LENGTH (HVX_ROOT_LENGTH + 2)
/* hvxCapabilities: { hvxRegistrations 2 } */
#define HVX_CAPABILITIES HVX_ROOT_IDS, 4, 2
#define HVX_CAPABILITIES_LENGTH (HVX_ROOT_LENGTH + 2)

extern const struct mib_module hvagentx_mib;

extern const struct mib_group hvx_agent;       /* hvxAgent */
extern const struct mib_group hvx_connections; /* hvxConnectionTable */
extern const struct mib_group hvx_domains;     /* hvxDomainTable */

/* vmHvSoftware: what the node told, else what its backend stands for. */
const char *mib_software(const struct connection_status *connection,
                         const struct snapshot *snapshot);

/* vmHvVersion; NULL while unknown. */
const char *mib_version(const struct snapshot *snapshot);

#endif
