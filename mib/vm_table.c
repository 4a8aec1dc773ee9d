/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_table.c - vmTable: one row for each domain (RFC 7666 section 6).
 */
#include "mib/domain_rows.h"
#include "mib/stale.h"
#include "mib/states.h"
#include "mib/vm_mib.h"

#define DOMAINS SECTION_BIT(SECTION_DOMAINS)
#define CONFIGS SECTION_BIT(SECTION_CONFIGS)
#define STATISTICS SECTION_BIT(SECTION_STATISTICS)

/* The row's counters, or NULL while there are none that may be told. */
static const struct domain_statistics *
current_statistics(const struct mib_context *context, size_t row)
{
    const struct snapshot_domain *domain = mib_domain_at(context, row);

    if (domain->statistics == NULL
        || mib_is_stale(context, domain->sampled_ns[SECTION_STATISTICS])) {
        return NULL;
    }
    return domain->statistics;
}

static bool get_name(const struct mib_context *context, size_t row,
                     struct mib_value *value)
{
    return mib_set_text(value, mib_domain_at(context, row)->domain->name);
}

static bool get_uuid(const struct mib_context *context, size_t row,
                     struct mib_value *value)
{
    const struct uuid *uuid = &mib_domain_at(context, row)->domain->uuid;

    value->string.bytes = uuid->bytes;
    value->string.length = uuid_is_nil(uuid) ? 0 : sizeof(uuid->bytes);
    return true;
}

static bool get_os_type(const struct mib_context *context, size_t row,
                        struct mib_value *value)
{
    const struct domain_config *config = mib_domain_at(context, row)->config;

    return config != NULL && mib_set_text(value, config->os_type);
}

static bool get_admin_state(const struct mib_context *context, size_t row,
                            struct mib_value *value)
{
    value->integer = mib_admin_state_number(mib_domain_at(context, row)->admin_state);
    return value->integer != 0;
}

static bool get_oper_state(const struct mib_context *context, size_t row,
                           struct mib_value *value)
{
    const struct snapshot_domain *domain = mib_domain_at(context, row);

    if (mib_is_stale(context, domain->sampled_ns[SECTION_DOMAINS])) {
        value->integer = mib_oper_state_number(DOMAIN_STATE_UNKNOWN);
    } else {
        value->integer = mib_oper_state_number(domain->domain->state);
    }
    return true;
}

static bool set_flag(struct mib_value *value, enum domain_flag flag)
{
    static const int32_t numbers[] = {
        [DOMAIN_FLAG_UNKNOWN] = 1,
        [DOMAIN_FLAG_YES] = 2,
        [DOMAIN_FLAG_NO] = 3,
    };
    _Static_assert(sizeof(numbers) / sizeof(numbers[0]) == DOMAIN_FLAG_COUNT,
                   "a number for each flag");

    value->integer = numbers[flag];
    return true;
}

static bool get_autostart(const struct mib_context *context, size_t row,
                          struct mib_value *value)
{
    return set_flag(value, mib_domain_at(context, row)->domain->autostart);
}

static bool get_persistent(const struct mib_context *context, size_t row,
                           struct mib_value *value)
{
    return set_flag(value, mib_domain_at(context, row)->domain->persistent);
}

/* Integer32 (-1|0..2147483647), where -1 is unknown or without limit. */
static bool set_limit(struct mib_value *value, int64_t number)
{
    value->integer = number > INT32_MAX ? INT32_MAX : (int32_t)number;
    return true;
}

static bool get_vcpus(const struct mib_context *context, size_t row,
                      struct mib_value *value)
{
    const struct domain_statistics *statistics = current_statistics(context, row);
    const struct domain_config *config = mib_domain_at(context, row)->config;

    if (statistics != NULL && (statistics->has & DOMAIN_HAS_VCPUS) != 0) {
        return set_limit(value, statistics->vcpus);
    }
    return config != NULL && config->vcpus >= 0 && set_limit(value, config->vcpus);
}

static bool get_vcpus_min(const struct mib_context *context, size_t row,
                          struct mib_value *value)
{
    const struct domain_config *config = mib_domain_at(context, row)->config;

    return set_limit(value, config == NULL ? DOMAIN_NO_LIMIT : config->vcpus_min);
}

static bool get_vcpus_max(const struct mib_context *context, size_t row,
                          struct mib_value *value)
{
    const struct domain_config *config = mib_domain_at(context, row)->config;

    return set_limit(value, config == NULL ? DOMAIN_NO_LIMIT : config->vcpus_max);
}

static bool get_memory_unit(const struct mib_context *context, size_t row,
                            struct mib_value *value)
{
    return set_limit(value, mib_domain_at(context, row)->memory_unit);
}

/* A size in units of vmMemUnit; DOMAIN_NO_LIMIT stays -1. */
static bool set_memory(struct mib_value *value, const struct snapshot_domain *domain,
                       int64_t bytes)
{
    return set_limit(value, bytes < 0 ? bytes : bytes / domain->memory_unit);
}

static bool get_memory(const struct mib_context *context, size_t row,
                       struct mib_value *value)
{
    const struct domain_statistics *statistics = current_statistics(context, row);
    const struct snapshot_domain *domain = mib_domain_at(context, row);

    if (statistics != NULL && (statistics->has & DOMAIN_HAS_MEMORY) != 0) {
        return set_limit(value,
                         (int64_t)(statistics->memory_bytes / domain->memory_unit));
    }
    return domain->config != NULL && domain->config->memory_bytes >= 0
           && set_memory(value, domain, domain->config->memory_bytes);
}

static bool get_memory_min(const struct mib_context *context, size_t row,
                           struct mib_value *value)
{
    const struct snapshot_domain *domain = mib_domain_at(context, row);

    return set_memory(value, domain,
                      domain->config == NULL ? DOMAIN_NO_LIMIT
                                             : domain->config->memory_min_bytes);
}

static bool get_memory_max(const struct mib_context *context, size_t row,
                           struct mib_value *value)
{
    const struct snapshot_domain *domain = mib_domain_at(context, row);

    return set_memory(value, domain,
                      domain->config == NULL ? DOMAIN_NO_LIMIT
                                             : domain->config->memory_max_bytes);
}

/*
 * Since it last went from shutdown to running.  A domain that is shut down
 * is up for no time, which is known; in other states without a known start
 * there is no value.
 */
static bool get_up_time(const struct mib_context *context, size_t row,
                        struct mib_value *value)
{
    const struct snapshot_domain *domain = mib_domain_at(context, row);

    if (mib_is_stale(context, domain->sampled_ns[SECTION_DOMAINS])) {
        return false;
    }
    if (domain->domain->state == DOMAIN_STATE_SHUTDOWN) {
        return mib_set_ticks(value, 0);
    }
    return domain->domain->started_ns != CLOCK_NEVER
           && mib_set_ticks(value, context->now_ns - domain->domain->started_ns);
}

static bool get_cpu_time(const struct mib_context *context, size_t row,
                         struct mib_value *value)
{
    const struct domain_statistics *statistics = current_statistics(context, row);

    if (statistics == NULL || (statistics->has & DOMAIN_HAS_CPU_TIME) == 0) {
        return false;
    }
    value->counter64 = statistics->cpu_time_ns / (uint64_t)CLOCK_NS_PER_US;
    return true;
}

static const struct mib_column columns[] = {
    { 2, "vmName", MIB_STRING, MIB_READ_ONLY, DOMAINS, get_name },
    { 3, "vmUUID", MIB_STRING, MIB_READ_ONLY, DOMAINS, get_uuid },
    { 4, "vmOSType", MIB_STRING, MIB_READ_ONLY, CONFIGS, get_os_type },
    { 5, "vmAdminState", MIB_INTEGER, MIB_READ_ONLY, DOMAINS, get_admin_state },
    { 6, "vmOperState", MIB_INTEGER, MIB_READ_ONLY, DOMAINS, get_oper_state },
    { 7, "vmAutoStart", MIB_INTEGER, MIB_READ_ONLY, DOMAINS, get_autostart },
    { 8, "vmPersistent", MIB_INTEGER, MIB_READ_ONLY, DOMAINS, get_persistent },
    { 9, "vmCurCpuNumber", MIB_INTEGER, MIB_READ_ONLY, CONFIGS | STATISTICS,
      get_vcpus },
    { 10, "vmMinCpuNumber", MIB_INTEGER, MIB_READ_ONLY, CONFIGS, get_vcpus_min },
    { 11, "vmMaxCpuNumber", MIB_INTEGER, MIB_READ_ONLY, CONFIGS, get_vcpus_max },
    { 12, "vmMemUnit", MIB_INTEGER, MIB_READ_ONLY, CONFIGS, get_memory_unit },
    { 13, "vmCurMem", MIB_INTEGER, MIB_READ_ONLY, CONFIGS | STATISTICS, get_memory },
    { 14, "vmMinMem", MIB_INTEGER, MIB_READ_ONLY, CONFIGS, get_memory_min },
    { 15, "vmMaxMem", MIB_INTEGER, MIB_READ_ONLY, CONFIGS, get_memory_max },
    { 16, "vmUpTime", MIB_TIMETICKS, MIB_READ_ONLY, DOMAINS, get_up_time },
    { 17, "vmCpuTime", MIB_COUNTER64, MIB_READ_ONLY, STATISTICS, get_cpu_time },
};

const struct mib_group vm_table = {
    .name = "vmTable",
    .prefix_length = VM_OBJECTS_LENGTH + 2,
    .prefix = { VM_OBJECTS, 4, 1 },
    .sections = DOMAINS,
    .count = mib_domain_count,
    .index = mib_domain_index,
    .column_count = sizeof(columns) / sizeof(columns[0]),
    .columns = columns,
};
