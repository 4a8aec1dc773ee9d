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
    return mib_set_moment(context, value, context->agent->started_ns);
}

static bool get_up_time(const struct mib_context *context, size_t row,
                        struct mib_value *value)
{
    (void)row;
    return mib_set_ticks(value, context->now_ns - context->agent->started_ns);
}

static bool get_control_classes(const struct mib_context *context, size_t row,
                                struct mib_value *value)
{
    (void)row;
    return mib_set_classes(value, context->agent->control_classes);
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

static bool get_master_sessions(const struct mib_context *context, size_t row,
                                struct mib_value *value)
{
    (void)row;
    value->number = context->agent->master_sessions;
    return true;
}

static bool get_config_time(const struct mib_context *context, size_t row,
                            struct mib_value *value)
{
    (void)row;
    return mib_set_moment(context, value, context->agent->configured_ns);
}

static bool get_config_error(const struct mib_context *context, size_t row,
                             struct mib_value *value)
{
    (void)row;
    return mib_set_long_text(value, context->agent->config_error);
}

static bool get_accepted(const struct mib_context *context, size_t row,
                         struct mib_value *value)
{
    (void)row;
    value->number = context->agent->operations_accepted;
    return true;
}

static bool get_refused(const struct mib_context *context, size_t row,
                        struct mib_value *value)
{
    (void)row;
    value->number = context->agent->operations_refused;
    return true;
}

static bool get_failed(const struct mib_context *context, size_t row,
                       struct mib_value *value)
{
    (void)row;
    value->number = context->agent->operations_failed;
    return true;
}

static bool get_memory(const struct mib_context *context, size_t row,
                       struct mib_value *value)
{
    int64_t bytes = context->agent->memory_bytes;

    (void)row;
    return bytes >= 0 && mib_set_gauge(value, (uint64_t)bytes / 1024);
}

static bool get_cpu_time(const struct mib_context *context, size_t row,
                         struct mib_value *value)
{
    int64_t time_ns = context->agent->cpu_time_ns;

    (void)row;
    value->counter64 = (uint64_t)time_ns / CLOCK_NS_PER_US;
    return time_ns >= 0;
}

static const struct mib_column columns[] = {
    { 1, "hvxAgentVersion", MIB_STRING, MIB_READ_ONLY, 0, get_version },
    { 2, "hvxAgentStartTime", MIB_STRING, MIB_READ_ONLY, 0, get_start_time },
    { 3, "hvxAgentUpTime", MIB_TIMETICKS, MIB_READ_ONLY, 0, get_up_time },
    { 4, "hvxAgentControlClasses", MIB_STRING, MIB_READ_ONLY, 0, get_control_classes },
    { 5, "hvxAgentRequests", MIB_COUNTER32, MIB_READ_ONLY, 0, get_requests },
    { 6, "hvxAgentRequestsDelegated", MIB_COUNTER32, MIB_READ_ONLY, 0, get_delegated },
    { 7, "hvxAgentRequestsLate", MIB_COUNTER32, MIB_READ_ONLY, 0, get_late },
    { 8, "hvxAgentCollections", MIB_COUNTER32, MIB_READ_ONLY, 0, get_collections },
    { 12, "hvxAgentMasterSessions", MIB_COUNTER32, MIB_READ_ONLY, 0,
      get_master_sessions },
    { 13, "hvxAgentConfigTime", MIB_STRING, MIB_READ_ONLY, 0, get_config_time },
    { 14, "hvxAgentConfigError", MIB_STRING, MIB_READ_ONLY, 0, get_config_error },
    { 15, "hvxAgentOperationsAccepted", MIB_COUNTER32, MIB_READ_ONLY, 0, get_accepted },
    { 16, "hvxAgentOperationsRefused", MIB_COUNTER32, MIB_READ_ONLY, 0, get_refused },
    { 17, "hvxAgentOperationsFailed", MIB_COUNTER32, MIB_READ_ONLY, 0, get_failed },
    { 18, "hvxAgentMemory", MIB_GAUGE32, MIB_READ_ONLY, 0, get_memory },
    { 19, "hvxAgentCpuTime", MIB_COUNTER64, MIB_READ_ONLY, 0, get_cpu_time },
};

const struct mib_group hvx_agent = {
    .name = "hvxAgent",
    .prefix_length = HVX_OBJECTS_LENGTH + 1,
    .prefix = { HVX_OBJECTS, 1 },
    .column_count = sizeof(columns) / sizeof(columns[0]),
    .columns = columns,
};
