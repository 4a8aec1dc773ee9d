/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hvx_domains.c - hvxDomainTable: what vmTable has no column for.
 */
#include "mib/domain_rows.h"
#include "mib/hvagentx_mib.h"
#include "mib/stale.h"

#define DOMAINS SECTION_BIT(SECTION_DOMAINS)
#define STATISTICS SECTION_BIT(SECTION_STATISTICS)

static bool get_start_time(const struct mib_context *context, size_t row,
                           struct mib_value *value)
{
    const struct snapshot_domain *domain = mib_domain_at(context, row);

    return domain->domain->state != DOMAIN_STATE_SHUTDOWN
           && !mib_is_stale(context, domain->sampled_ns[SECTION_DOMAINS])
           && mib_set_moment(context, value, domain->domain->started_ns);
}

/* A moment of hvxAgentUpTime; 0 for what was before, CLOCK_NEVER included. */
static bool get_discontinuity(const struct mib_context *context, size_t row,
                              struct mib_value *value)
{
    const int64_t domain_ns = mib_domain_at(context, row)->discontinuity_ns;
    const int64_t link_ns = context->connection->discontinuity_ns;
    const int64_t last_ns = domain_ns > link_ns ? domain_ns : link_ns;
    const int64_t started_ns = context->agent->started_ns;

    return mib_set_ticks(value, last_ns < started_ns ? 0 : last_ns - started_ns);
}

/* When the older of its state and its counters was read, if it has counters. */
static int64_t sampled_ns(const struct snapshot_domain *domain)
{
    const int64_t state_ns = domain->sampled_ns[SECTION_DOMAINS];
    const int64_t counters_ns = domain->sampled_ns[SECTION_STATISTICS];

    return domain->statistics == NULL || state_ns < counters_ns ? state_ns
                                                                : counters_ns;
}

static bool get_sample_time(const struct mib_context *context, size_t row,
                            struct mib_value *value)
{
    return mib_set_moment(context, value, sampled_ns(mib_domain_at(context, row)));
}

static bool get_age(const struct mib_context *context, size_t row,
                    struct mib_value *value)
{
    const int64_t moment_ns = sampled_ns(mib_domain_at(context, row));
    int64_t age_ns = 0;

    if (moment_ns == CLOCK_NEVER) {
        return false;
    }
    if (moment_ns < context->now_ns) {
        age_ns = context->now_ns - moment_ns;
    }
    return mib_set_gauge(value, (uint64_t)(age_ns / CLOCK_NS_PER_MS));
}

static bool get_status(const struct mib_context *context, size_t row,
                       struct mib_value *value)
{
    enum { OK = 1, LATE = 2, FAILED = 3 };
    const struct domain_failure *failure =
        snapshot_failure(mib_domain_at(context, row), NULL);

    if (failure == NULL) {
        value->integer = OK;
    } else {
        value->integer = failure->status == STATUS_TIMEOUT ? LATE : FAILED;
    }
    return true;
}

static bool get_error(const struct mib_context *context, size_t row,
                      struct mib_value *value)
{
    const struct domain_failure *failure =
        snapshot_failure(mib_domain_at(context, row), NULL);

    return mib_set_text(value, failure == NULL ? "" : failure->text);
}

static const struct mib_column columns[] = {
    { 4, "hvxDomainStartTime", MIB_STRING, MIB_READ_ONLY, DOMAINS, get_start_time },
    { 5, "hvxDomainDiscontinuityTime", MIB_TIMETICKS, MIB_READ_ONLY,
      DOMAINS | STATISTICS, get_discontinuity },
    { 6, "hvxDomainSampleTime", MIB_STRING, MIB_READ_ONLY, DOMAINS | STATISTICS,
      get_sample_time },
    { 7, "hvxDomainDataAge", MIB_GAUGE32, MIB_READ_ONLY, DOMAINS | STATISTICS,
      get_age },
    { 8, "hvxDomainCollectionStatus", MIB_INTEGER, MIB_READ_ONLY, DOMAINS | STATISTICS,
      get_status },
    { 9, "hvxDomainCollectionError", MIB_STRING, MIB_READ_ONLY, DOMAINS | STATISTICS,
      get_error },
};

const struct mib_group hvx_domains = {
    .name = "hvxDomainTable",
    .prefix_length = HVX_OBJECTS_LENGTH + 3,
    .prefix = { HVX_OBJECTS, 4, 1, 1 },
    .sections = DOMAINS,
    .count = mib_domain_count,
    .index = mib_domain_index,
    .column_count = sizeof(columns) / sizeof(columns[0]),
    .columns = columns,
};
