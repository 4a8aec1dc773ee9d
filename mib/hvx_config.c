/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hvx_config.c - hvxConfigTable: what a domain is given.
 */
#include "mib/domain_control.h"
#include "mib/domain_rows.h"
#include "mib/hvagentx_mib.h"

#define DOMAINS SECTION_BIT(SECTION_DOMAINS)
#define CONFIGS SECTION_BIT(SECTION_CONFIGS)

/* The value that is on its way; false: none is. */
static bool get_pending(const struct mib_context *context, size_t row,
                        enum operation_action action, uint32_t *ret_value)
{
    const struct operation *operation = mib_pending(context, row, action, action);

    if (operation == NULL) {
        return false;
    }
    *ret_value = operation->value;
    return true;
}

/* The value that is on its way, else the present one, which could be set. */
static bool get_number(const struct mib_context *context, size_t row,
                       enum operation_action action, uint64_t present,
                       struct mib_value *value)
{
    return get_pending(context, row, action, &value->number)
           || (mib_set_gauge(value, present)
               && operation_value_is_valid(action, value->number));
}

static bool get_autostart(const struct mib_context *context, size_t row,
                          struct mib_value *value)
{
    const enum domain_flag flag = mib_domain_at(context, row)->domain->autostart;
    uint32_t pending;

    if (get_pending(context, row, OPERATION_SET_AUTOSTART, &pending)) {
        value->integer = (int32_t)pending;
        return true;
    }
    return flag != DOMAIN_FLAG_UNKNOWN && mib_set_truth(value, flag == DOMAIN_FLAG_YES);
}

/* A number of which a negative one is unknown, as 0 is here. */
static uint64_t known(int64_t number)
{
    return number < 0 ? 0 : (uint64_t)number;
}

static bool get_vcpus(const struct mib_context *context, size_t row,
                      struct mib_value *value)
{
    const struct domain_config *config = mib_domain_at(context, row)->config;

    return get_number(context, row, OPERATION_SET_VCPUS,
                      config == NULL ? 0 : known(config->vcpus), value);
}

static bool get_memory(const struct mib_context *context, size_t row,
                       struct mib_value *value)
{
    const struct domain_config *config = mib_domain_at(context, row)->config;

    return get_number(context, row, OPERATION_SET_MEMORY,
                      config == NULL ? 0 : known(config->memory_bytes) / 1024, value);
}

static bool get_weight(const struct mib_context *context, size_t row,
                       struct mib_value *value)
{
    const struct domain_config *config = mib_domain_at(context, row)->config;

    return get_number(context, row, OPERATION_SET_CPU_WEIGHT,
                      config == NULL ? 0 : config->cpu_weight, value);
}

static bool get_cap(const struct mib_context *context, size_t row,
                    struct mib_value *value)
{
    const struct domain_config *config = mib_domain_at(context, row)->config;

    if (config == NULL || !config->cpu_cap_known) {
        return get_pending(context, row, OPERATION_SET_CPU_CAP, &value->number);
    }
    return get_number(context, row, OPERATION_SET_CPU_CAP, config->cpu_cap, value);
}

static bool get_lock(const struct mib_context *context, size_t row,
                     struct mib_value *value)
{
    return mib_get_lock(context, row, OPERATION_CLASS_CONFIG, value);
}

static bool get_operation_id(const struct mib_context *context, size_t row,
                             struct mib_value *value)
{
    return mib_get_operation_id(context, row, OPERATION_CLASS_CONFIG, value);
}

static enum mib_error accept_number(enum operation_action action,
                                    const struct mib_value *value)
{
    return operation_value_is_valid(action, value->number) ? MIB_NO_ERROR
                                                           : MIB_WRONG_VALUE;
}

static enum mib_error accept_vcpus(const struct mib_value *value)
{
    return accept_number(OPERATION_SET_VCPUS, value);
}

static enum mib_error accept_memory(const struct mib_value *value)
{
    return accept_number(OPERATION_SET_MEMORY, value);
}

static enum mib_error accept_weight(const struct mib_value *value)
{
    return accept_number(OPERATION_SET_CPU_WEIGHT, value);
}

static enum mib_error accept_cap(const struct mib_value *value)
{
    return accept_number(OPERATION_SET_CPU_CAP, value);
}

static enum mib_error check_autostart(const struct mib_context *context, size_t row,
                                      const struct mib_value *value,
                                      struct mib_change *ret_change)
{
    return mib_check_operation(context, row, OPERATION_SET_AUTOSTART,
                               (uint32_t)value->integer, ret_change);
}

static enum mib_error check_vcpus(const struct mib_context *context, size_t row,
                                  const struct mib_value *value,
                                  struct mib_change *ret_change)
{
    return mib_check_operation(context, row, OPERATION_SET_VCPUS, value->number,
                               ret_change);
}

static enum mib_error check_memory(const struct mib_context *context, size_t row,
                                   const struct mib_value *value,
                                   struct mib_change *ret_change)
{
    return mib_check_operation(context, row, OPERATION_SET_MEMORY, value->number,
                               ret_change);
}

static enum mib_error check_weight(const struct mib_context *context, size_t row,
                                   const struct mib_value *value,
                                   struct mib_change *ret_change)
{
    return mib_check_operation(context, row, OPERATION_SET_CPU_WEIGHT, value->number,
                               ret_change);
}

static enum mib_error check_cap(const struct mib_context *context, size_t row,
                                const struct mib_value *value,
                                struct mib_change *ret_change)
{
    return mib_check_operation(context, row, OPERATION_SET_CPU_CAP, value->number,
                               ret_change);
}

static enum mib_error check_lock(const struct mib_context *context, size_t row,
                                 const struct mib_value *value,
                                 struct mib_change *ret_change)
{
    return mib_check_lock(context, row, OPERATION_CLASS_CONFIG, value, ret_change);
}

static const struct mib_column columns[] = {
    { 1, "hvxConfigAutoStart", MIB_INTEGER, MIB_READ_WRITE, DOMAINS, get_autostart,
      mib_accept_truth, check_autostart },
    { 2, "hvxConfigVcpus", MIB_GAUGE32, MIB_READ_WRITE, CONFIGS, get_vcpus,
      accept_vcpus, check_vcpus },
    { 3, "hvxConfigMemory", MIB_GAUGE32, MIB_READ_WRITE, CONFIGS, get_memory,
      accept_memory, check_memory },
    { 4, "hvxConfigCpuWeight", MIB_GAUGE32, MIB_READ_WRITE, CONFIGS, get_weight,
      accept_weight, check_weight },
    { 5, "hvxConfigCpuCap", MIB_GAUGE32, MIB_READ_WRITE, CONFIGS, get_cap, accept_cap,
      check_cap },
    { 10, "hvxConfigLock", MIB_INTEGER, MIB_READ_WRITE, DOMAINS, get_lock,
      mib_accept_lock, check_lock },
    { 11, "hvxConfigOperationId", MIB_GAUGE32, MIB_READ_ONLY, DOMAINS,
      get_operation_id },
};

const struct mib_group hvx_config = {
    .name = "hvxConfigTable",
    .prefix_length = HVX_CONTROL_LENGTH + 3,
    .prefix = { HVX_CONTROL, 2, 1, 1 },
    .sections = DOMAINS,
    .count = mib_domain_count,
    .index = mib_domain_index,
    .column_count = sizeof(columns) / sizeof(columns[0]),
    .columns = columns,
};
