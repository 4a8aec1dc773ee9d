/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hvx_connections.c - hvxConnectionTable: the links to the hypervisors.
 *
 * Its rows need no collection: it answers when nothing else does.
 */
#include "mib/hvagentx_mib.h"

static size_t count_rows(const struct mib_context *context)
{
    return context->connection_count;
}

static const struct connection_status *row_at(const struct mib_context *context,
                                              size_t row)
{
    return context->connections[row];
}

static void index_row(const struct mib_context *context, size_t row,
                      struct mib_index *ret_index)
{
    ret_index->length = 1;
    ret_index->ids[0] = row_at(context, row)->index;
}

static bool get_name(const struct mib_context *context, size_t row,
                     struct mib_value *value)
{
    return mib_set_text(value, row_at(context, row)->name);
}

static bool get_uri(const struct mib_context *context, size_t row,
                    struct mib_value *value)
{
    return mib_set_text(value, row_at(context, row)->uri);
}

static bool get_context(const struct mib_context *context, size_t row,
                        struct mib_value *value)
{
    return mib_set_text(value, row_at(context, row)->context);
}

static bool get_default(const struct mib_context *context, size_t row,
                        struct mib_value *value)
{
    return mib_set_truth(value, row_at(context, row)->is_default);
}

static bool get_backend(const struct mib_context *context, size_t row,
                        struct mib_value *value)
{
    return mib_set_text(value, row_at(context, row)->backend);
}

static bool get_hypervisor(const struct mib_context *context, size_t row,
                           struct mib_value *value)
{
    return mib_set_text(
        value, mib_software(row_at(context, row), context->connection_snapshots[row]));
}

static bool get_version(const struct mib_context *context, size_t row,
                        struct mib_value *value)
{
    return mib_set_text(value, mib_version(context->connection_snapshots[row]));
}

static bool get_state(const struct mib_context *context, size_t row,
                      struct mib_value *value)
{
    static const int32_t numbers[] = {
        [CONNECTION_CONNECTING] = 1,
        [CONNECTION_UP] = 2,
        [CONNECTION_UNRESPONSIVE] = 3,
        [CONNECTION_DOWN] = 4,
    };
    _Static_assert(sizeof(numbers) / sizeof(numbers[0]) == CONNECTION_STATE_COUNT,
                   "a number for each connection state");

    value->integer = numbers[row_at(context, row)->state];
    return true;
}

static bool get_since(const struct mib_context *context, size_t row,
                      struct mib_value *value)
{
    return mib_set_moment(context, value, row_at(context, row)->since_ns);
}

static bool get_last_error(const struct mib_context *context, size_t row,
                           struct mib_value *value)
{
    return mib_set_long_text(value, row_at(context, row)->last_error);
}

static bool get_age(const struct mib_context *context, size_t row,
                    struct mib_value *value)
{
    int64_t collected_ns = row_at(context, row)->collected_ns;

    return collected_ns != CLOCK_NEVER && collected_ns <= context->now_ns
           && mib_set_gauge(
               value, (uint64_t)((context->now_ns - collected_ns) / CLOCK_NS_PER_MS));
}

static bool get_collection_time(const struct mib_context *context, size_t row,
                                struct mib_value *value)
{
    int64_t time_ns = row_at(context, row)->collection_time_ns;

    return time_ns != CLOCK_NEVER
           && mib_set_gauge(value, (uint64_t)(time_ns / CLOCK_NS_PER_US));
}

static bool get_collections(const struct mib_context *context, size_t row,
                            struct mib_value *value)
{
    value->number = row_at(context, row)->collections;
    return true;
}

static bool get_failures(const struct mib_context *context, size_t row,
                         struct mib_value *value)
{
    value->number = row_at(context, row)->failures;
    return true;
}

static bool get_abandoned(const struct mib_context *context, size_t row,
                          struct mib_value *value)
{
    value->number = row_at(context, row)->abandoned;
    return true;
}

static bool get_reconnects(const struct mib_context *context, size_t row,
                           struct mib_value *value)
{
    value->number = row_at(context, row)->reconnects;
    return true;
}

static bool get_domains(const struct mib_context *context, size_t row,
                        struct mib_value *value)
{
    const struct snapshot *snapshot = context->connection_snapshots[row];

    return snapshot->sampled_ns[SECTION_DOMAINS] != CLOCK_NEVER
           && mib_set_gauge(value, snapshot->domain_count);
}

static bool get_unreadable(const struct mib_context *context, size_t row,
                           struct mib_value *value)
{
    const struct snapshot *snapshot = context->connection_snapshots[row];

    return snapshot->sampled_ns[SECTION_DOMAINS] != CLOCK_NEVER
           && mib_set_gauge(value, snapshot->unreadable_count);
}

static bool get_capabilities(const struct mib_context *context, size_t row,
                             struct mib_value *value)
{
    return mib_set_bits(value, row_at(context, row)->capabilities);
}

static bool get_control_classes(const struct mib_context *context, size_t row,
                                struct mib_value *value)
{
    return mib_set_classes(value, row_at(context, row)->control_classes);
}

static bool get_operations(const struct mib_context *context, size_t row,
                           struct mib_value *value)
{
    value->number = row_at(context, row)->operations;
    return true;
}

static const struct mib_column columns[] = {
    { 2, "hvxConnectionName", MIB_STRING, MIB_READ_ONLY, 0, get_name },
    { 3, "hvxConnectionUri", MIB_STRING, MIB_READ_ONLY, 0, get_uri },
    { 4, "hvxConnectionContext", MIB_STRING, MIB_READ_ONLY, 0, get_context },
    { 5, "hvxConnectionDefault", MIB_INTEGER, MIB_READ_ONLY, 0, get_default },
    { 6, "hvxConnectionBackend", MIB_STRING, MIB_READ_ONLY, 0, get_backend },
    { 7, "hvxConnectionHypervisor", MIB_STRING, MIB_READ_ONLY, 0, get_hypervisor },
    { 8, "hvxConnectionVersion", MIB_STRING, MIB_READ_ONLY, 0, get_version },
    { 9, "hvxConnectionState", MIB_INTEGER, MIB_READ_ONLY, 0, get_state },
    { 10, "hvxConnectionSince", MIB_STRING, MIB_READ_ONLY, 0, get_since },
    { 11, "hvxConnectionLastError", MIB_STRING, MIB_READ_ONLY, 0, get_last_error },
    { 12, "hvxConnectionAge", MIB_GAUGE32, MIB_READ_ONLY, 0, get_age },
    { 13, "hvxConnectionCollectionTime", MIB_GAUGE32, MIB_READ_ONLY, 0,
      get_collection_time },
    { 14, "hvxConnectionCollections", MIB_COUNTER32, MIB_READ_ONLY, 0,
      get_collections },
    { 15, "hvxConnectionFailures", MIB_COUNTER32, MIB_READ_ONLY, 0, get_failures },
    { 16, "hvxConnectionAbandoned", MIB_COUNTER32, MIB_READ_ONLY, 0, get_abandoned },
    { 17, "hvxConnectionReconnects", MIB_COUNTER32, MIB_READ_ONLY, 0, get_reconnects },
    { 18, "hvxConnectionDomains", MIB_GAUGE32, MIB_READ_ONLY, 0, get_domains },
    { 19, "hvxConnectionCapabilities", MIB_STRING, MIB_READ_ONLY, 0, get_capabilities },
    { 21, "hvxConnectionControlClasses", MIB_STRING, MIB_READ_ONLY, 0,
      get_control_classes },
    { 22, "hvxConnectionUnreadable", MIB_GAUGE32, MIB_READ_ONLY, 0, get_unreadable },
    { 24, "hvxConnectionOperations", MIB_COUNTER32, MIB_READ_ONLY, 0, get_operations },
};

const struct mib_group hvx_connections = {
    .name = "hvxConnectionTable",
    .prefix_length = HVX_OBJECTS_LENGTH + 3,
    .prefix = { HVX_OBJECTS, 2, 1, 1 },
    .count = count_rows,
    .index = index_row,
    .column_count = sizeof(columns) / sizeof(columns[0]),
    .columns = columns,
};
