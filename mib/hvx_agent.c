/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hvx_agent.c - hvxAgent: the agent observes itself.
 */
#include "mib/hvagentx_mib.h"

static bool get_version(const struct mib_context *context, size_t row,
                        struct mib_value *value)
{
    (void)row;
    return mib_set_text(value, context->agent->version);
}

static bool get_start_time(const struct mib_context *context, size_t row,
                           struct mib_value *value)
{
    (void)row;
    return mib_set_date(value, context->agent->started);
}

static bool get_up_time(const struct mib_context *context, size_t row,
                        struct mib_value *value)
{
    (void)row;
    return mib_set_ticks(value, context->now_ns - context->agent->started_ns);
}

static bool get_requests(const struct mib_context *context, size_t row,
                         struct mib_value *value)
{
    (void)row;
    value->number = context->agent->requests;
    return true;
}

static bool get_delegated(const struct mib_context *context, size_t row,
                          struct mib_value *value)
{
    (void)row;
    value->number = context->agent->delegated;
    return true;
}

static bool get_late(const struct mib_context *context, size_t row,
                     struct mib_value *value)
{
    (void)row;
    value->number = context->agent->late;
    return true;
}

static bool get_collections(const struct mib_context *context, size_t row,
                            struct mib_value *value)
{
    (void)row;
    value->number = context->agent->collections;
    return true;
}

static const struct mib_column columns[] = {
    { 1, "hvxAgentVersion", MIB_STRING, MIB_READ_ONLY, 0, get_version },
    { 2, "hvxAgentStartTime", MIB_STRING, MIB_READ_ONLY, 0, get_start_time },
    { 3, "hvxAgentUpTime", MIB_TIMETICKS, MIB_READ_ONLY, 0, get_up_time },
    { 5, "hvxAgentRequests", MIB_COUNTER32, MIB_READ_ONLY, 0, get_requests },
    { 6, "hvxAgentRequestsDelegated", MIB_COUNTER32, MIB_READ_ONLY, 0, get_delegated },
    { 7, "hvxAgentRequestsLate", MIB_COUNTER32, MIB_READ_ONLY, 0, get_late },
    { 8, "hvxAgentCollections", MIB_COUNTER32, MIB_READ_ONLY, 0, get_collections },
};

const struct mib_group hvx_agent = {
    .name = "hvxAgent",
    .prefix_length = HVX_OBJECTS_LENGTH + 1,
    .prefix = { HVX_OBJECTS, 1 },
    .column_count = sizeof(columns) / sizeof(columns[0]),
    .columns = columns,
};
