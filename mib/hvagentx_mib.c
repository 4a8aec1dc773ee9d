/* SPDX-License-Identifier: BSD-2-Clause */
#include "mib/hvagentx_mib.h"

static const struct mib_group *const groups[] = {
    &hvx_agent,  &hvx_connections, &hvx_domains,    &hvx_power,
    &hvx_config, &hvx_debug,       &hvx_operations, &hvx_operation_totals,
};

const struct mib_module hvagentx_mib = {
    .name = "HVAGENTX-MIB",
    .root_length = HVX_ROOT_LENGTH,
    .root = { HVX_ROOT_IDS },
    .group_count = sizeof(groups) / sizeof(groups[0]),
    .groups = groups,
    .capabilities = {
        .name = "hvxHvagentxMibCapabilities",
        .length = HVX_CAPABILITIES_LENGTH + 1,
        .ids = { HVX_CAPABILITIES, 6 },
        .description = "HVAGENTX-MIB as hvagentx implements it",
    },
};

const char *mib_software(const struct connection_status *connection,
                         const struct snapshot *snapshot)
{
    if (snapshot->node != NULL && snapshot->node->software != NULL) {
        return snapshot->node->software;
    }
    return connection->software;
}

const char *mib_version(const struct snapshot *snapshot)
{
    return snapshot->node == NULL ? NULL : snapshot->node->version;
}

/* The bits count from 0, the classes from 1. */
bool mib_set_classes(struct mib_value *value, unsigned classes)
{
    return mib_set_bits(value, (uint32_t)classes >> OPERATION_CLASS_POWER);
}
