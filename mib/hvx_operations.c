/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hvx_operations.c - hvxOperationTable: each operation is a row; and how many
 * there are.  What is set in it: hvx_operation_set.c.
 */
#include "mib/hvagentx_mib.h"
#include "mib/states.h"

static size_t count_rows(const struct mib_context *context)
{
    return context->operations == NULL ? 0 : context->operations->row_count;
}

static const struct operation *row_at(const struct mib_context *context, size_t row)
{
    return context->operations->rows[row];
}

/* Class, UUID without its length, which is fixed, and id. */
static void index_row(const struct mib_context *context, size_t row,
                      struct mib_index *ret_index)
{
    const struct operation *operation = row_at(context, row);
    uint32_t *next = ret_index->ids;

    *next++ = (uint32_t)operation->class;
    for (size_t i = 0; i < sizeof(operation->uuid.bytes); i++) {
        *next++ = operation->uuid.bytes[i];
    }
    *next++ = operation->id;
    ret_index->length = (size_t)(next - ret_index->ids);
}

static bool get_row_status(const struct mib_context *context, size_t row,
                           struct mib_value *value)
{
    (void)context;
    (void)row;
    value->integer = MIB_ROW_ACTIVE;
    return true;
}

static bool get_action(const struct mib_context *context, size_t row,
                       struct mib_value *value)
{
    value->integer = (int32_t)row_at(context, row)->action;
    return true;
}

static bool get_value(const struct mib_context *context, size_t row,
                      struct mib_value *value)
{
    value->number = row_at(context, row)->value;
    return true;
}

static bool get_expected(const struct mib_context *context, size_t row,
                         struct mib_value *value)
{
    value->integer = mib_oper_state_number(row_at(context, row)->expected);
    return true;
}

static bool get_deadline(const struct mib_context *context, size_t row,
                         struct mib_value *value)
{
    value->number = row_at(context, row)->timeout_s;
    return true;
}

static bool get_tag(const struct mib_context *context, size_t row,
                    struct mib_value *value)
{
    return mib_set_text(value, row_at(context, row)->tag);
}

static bool get_dry_run(const struct mib_context *context, size_t row,
                        struct mib_value *value)
{
    return mib_set_truth(value, row_at(context, row)->dry_run);
}

static bool get_state(const struct mib_context *context, size_t row,
                      struct mib_value *value)
{
    value->integer = (int32_t)row_at(context, row)->state;
    return true;
}

static bool get_progress(const struct mib_context *context, size_t row,
                         struct mib_value *value)
{
    const int progress = row_at(context, row)->progress;

    return progress != OPERATION_PROGRESS_UNKNOWN
           && mib_set_gauge(value, (uint64_t)progress);
}

static bool get_accept_time(const struct mib_context *context, size_t row,
                            struct mib_value *value)
{
    return mib_set_moment(context, value, row_at(context, row)->accepted_ns);
}

static bool get_start_time(const struct mib_context *context, size_t row,
                           struct mib_value *value)
{
    return mib_set_moment(context, value, row_at(context, row)->started_ns);
}

static bool get_finish_time(const struct mib_context *context, size_t row,
                            struct mib_value *value)
{
    return mib_set_moment(context, value, row_at(context, row)->finished_ns);
}

static bool get_error_code(const struct mib_context *context, size_t row,
                           struct mib_value *value)
{
    static const int32_t numbers[] = {
        [STATUS_OK] = 1,         [STATUS_INVALID] = 2,     [STATUS_NOT_FOUND] = 3,
        [STATUS_DENIED] = 4,     [STATUS_UNSUPPORTED] = 5, [STATUS_UNAVAILABLE] = 6,
        [STATUS_TIMEOUT] = 7,    [STATUS_WRONG_STATE] = 8, [STATUS_BUSY] = 9,
        [STATUS_NO_MEMORY] = 10, [STATUS_IO] = 11,         [STATUS_FAILED] = 12,
    };
    _Static_assert(sizeof(numbers) / sizeof(numbers[0]) == STATUS_COUNT,
                   "a number for each status");

    value->integer = numbers[row_at(context, row)->error];
    return true;
}

static bool get_error_text(const struct mib_context *context, size_t row,
                           struct mib_value *value)
{
    const char *text = row_at(context, row)->error_text;

    return mib_set_long_text(value, text == NULL ? "" : text);
}

static bool get_role(const struct mib_context *context, size_t row,
                     struct mib_value *value)
{
    return mib_set_long_text(value, row_at(context, row)->role);
}

static bool get_origin(const struct mib_context *context, size_t row,
                       struct mib_value *value)
{
    value->integer = (int32_t)row_at(context, row)->origin;
    return true;
}

static bool get_vm_index(const struct mib_context *context, size_t row,
                         struct mib_value *value)
{
    value->integer = (int32_t)row_at(context, row)->vm_index;
    return value->integer > 0;
}

static bool get_domain_name(const struct mib_context *context, size_t row,
                            struct mib_value *value)
{
    return mib_set_long_text(value, row_at(context, row)->name);
}

static const struct mib_column columns[] = {
    { MIB_OPERATION_ROW_STATUS, "hvxOperationRowStatus", MIB_INTEGER, MIB_READ_CREATE,
      0, get_row_status, hvx_accept_row_status, NULL, hvx_create_operation },
    { MIB_OPERATION_ACTION, "hvxOperationAction", MIB_INTEGER, MIB_READ_CREATE, 0,
      get_action, hvx_accept_action, NULL, hvx_create_operation },
    { MIB_OPERATION_VALUE, "hvxOperationValue", MIB_GAUGE32, MIB_READ_CREATE, 0,
      get_value, hvx_accept_value, NULL, hvx_create_operation },
    { MIB_OPERATION_EXPECTED_STATE, "hvxOperationExpectedState", MIB_INTEGER,
      MIB_READ_CREATE, 0, get_expected, hvx_accept_expected, NULL,
      hvx_create_operation },
    { MIB_OPERATION_DEADLINE, "hvxOperationDeadline", MIB_GAUGE32, MIB_READ_CREATE, 0,
      get_deadline, hvx_accept_deadline, NULL, hvx_create_operation },
    { MIB_OPERATION_TAG, "hvxOperationTag", MIB_STRING, MIB_READ_CREATE, 0, get_tag,
      hvx_accept_tag, NULL, hvx_create_operation },
    { MIB_OPERATION_DRY_RUN, "hvxOperationDryRun", MIB_INTEGER, MIB_READ_CREATE, 0,
      get_dry_run, mib_accept_truth, NULL, hvx_create_operation },
    { MIB_OPERATION_STATE, "hvxOperationState", MIB_INTEGER, MIB_READ_CREATE, 0,
      get_state, hvx_accept_state, NULL, hvx_create_operation },
    { 15, "hvxOperationProgress", MIB_GAUGE32, MIB_READ_ONLY, 0, get_progress },
    { 16, "hvxOperationAcceptTime", MIB_STRING, MIB_READ_ONLY, 0, get_accept_time },
    { 17, "hvxOperationStartTime", MIB_STRING, MIB_READ_ONLY, 0, get_start_time },
    { 18, "hvxOperationFinishTime", MIB_STRING, MIB_READ_ONLY, 0, get_finish_time },
    { 19, "hvxOperationErrorCode", MIB_INTEGER, MIB_READ_ONLY, 0, get_error_code },
    { 20, "hvxOperationErrorText", MIB_STRING, MIB_READ_ONLY, 0, get_error_text },
    { 21, "hvxOperationRole", MIB_STRING, MIB_READ_ONLY, 0, get_role },
    { 22, "hvxOperationOrigin", MIB_INTEGER, MIB_READ_ONLY, 0, get_origin },
    { 23, "hvxOperationVmIndex", MIB_INTEGER, MIB_READ_ONLY, 0, get_vm_index },
    { 24, "hvxOperationDomainName", MIB_STRING, MIB_READ_ONLY, 0, get_domain_name },
};

const struct mib_group hvx_operations = {
    .name = "hvxOperationTable",
    .prefix_length = HVX_CONTROL_LENGTH + 3,
    .prefix = { HVX_CONTROL, 6, 1, 1 },
    .count = count_rows,
    .index = index_row,
    .column_count = sizeof(columns) / sizeof(columns[0]),
    .columns = columns,
};

static bool get_queued(const struct mib_context *context, size_t row,
                       struct mib_value *value)
{
    (void)row;
    return context->operations != NULL
           && mib_set_gauge(value, context->operations->queued);
}

static bool get_running(const struct mib_context *context, size_t row,
                        struct mib_value *value)
{
    (void)row;
    return context->operations != NULL
           && mib_set_gauge(value, context->operations->running);
}

static bool get_size(const struct mib_context *context, size_t row,
                     struct mib_value *value)
{
    (void)row;
    return context->operations != NULL && mib_set_gauge(value, OPERATION_TABLE_MAX);
}

static const struct mib_column totals[] = {
    { 2, "hvxOperationsQueued", MIB_GAUGE32, MIB_READ_ONLY, 0, get_queued },
    { 3, "hvxOperationsRunning", MIB_GAUGE32, MIB_READ_ONLY, 0, get_running },
    { 4, "hvxOperationsSize", MIB_GAUGE32, MIB_READ_ONLY, 0, get_size },
};

const struct mib_group hvx_operation_totals = {
    .name = "hvxOperations",
    .prefix_length = HVX_CONTROL_LENGTH + 1,
    .prefix = { HVX_CONTROL, 6 },
    .column_count = sizeof(totals) / sizeof(totals[0]),
    .columns = totals,
};
