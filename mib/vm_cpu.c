/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_cpu.c - vmCpuTable and vmCpuAffinityTable: one row for each vcpu, and
 * one for each pair of a vcpu and a CPU (RFC 7666 section 6).
 *
 * Rows are found by arithmetic, since all vcpus times all CPUs may be
 * millions.
 */
#include "mib/stale.h"
#include "mib/vm_mib.h"

#define ROWS (SECTION_BIT(SECTION_DOMAINS) | SECTION_BIT(SECTION_CONFIGS))
#define STATISTICS SECTION_BIT(SECTION_STATISTICS)

/*
 * hrDeviceIndex of CPU n in net-snmp's HOST-RESOURCES-MIB: the number of its
 * hrDeviceProcessor, 3, in the upper 16 bits.
 */
#define PROCESSOR_INDEX 196608u

static size_t count_vcpus(const struct mib_context *context)
{
    return context->snapshot->part_count[SNAPSHOT_VCPUS];
}

static void index_vcpu(const struct mib_context *context, size_t row,
                       struct mib_index *ret_index)
{
    size_t number;
    const struct snapshot_domain *domain =
        snapshot_find_part(context->snapshot, SNAPSHOT_VCPUS, row, &number);

    ret_index->length = 2;
    ret_index->ids[0] = domain->index;
    ret_index->ids[1] = (uint32_t)number + 1;
}

static bool get_core_time(const struct mib_context *context, size_t row,
                          struct mib_value *value)
{
    size_t number;
    const struct snapshot_domain *domain =
        snapshot_find_part(context->snapshot, SNAPSHOT_VCPUS, row, &number);
    const struct domain_statistics *statistics = domain->statistics;

    if (statistics == NULL || number >= statistics->vcpu_count
        || !statistics->vcpu[number].online
        || mib_is_stale(context, domain->sampled_ns[SECTION_STATISTICS])) {
        return false;
    }
    value->counter64 = statistics->vcpu[number].cpu_time_ns / (uint64_t)CLOCK_NS_PER_US;
    return true;
}

static const struct mib_column cpu_columns[] = {
    { 2, "vmCpuCoreTime", MIB_COUNTER64, MIB_READ_ONLY, STATISTICS, get_core_time },
};

const struct mib_group vm_cpu_table = {
    .name = "vmCpuTable",
    .prefix_length = VM_OBJECTS_LENGTH + 2,
    .prefix = { VM_OBJECTS, 5, 1 },
    .sections = ROWS | STATISTICS,
    .count = count_vcpus,
    .index = index_vcpu,
    .column_count = sizeof(cpu_columns) / sizeof(cpu_columns[0]),
    .columns = cpu_columns,
};

static uint32_t count_cpus(const struct mib_context *context)
{
    const struct node *node = context->snapshot->node;

    return node == NULL ? 0 : node->cpu_count;
}

static size_t count_pairs(const struct mib_context *context)
{
    static const enum snapshot_part parts[] = {
        [MIB_AFFINITY_PINNED] = SNAPSHOT_PINS,
        [MIB_AFFINITY_ALL] = SNAPSHOT_VCPUS,
    };

    if (context->affinity == MIB_AFFINITY_NONE) {
        return 0;
    }
    return context->snapshot->part_count[parts[context->affinity]]
           * count_cpus(context);
}

/* The pin of a vcpu; NULL: it has none. */
static const struct domain_pin *find_pin(const struct domain_config *config,
                                         size_t vcpu)
{
    size_t low = 0;
    size_t high = config == NULL ? 0 : config->pin_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (config->pins[middle].vcpu < vcpu) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return config != NULL && low < config->pin_count && config->pins[low].vcpu == vcpu
               ? &config->pins[low]
               : NULL;
}

/* The binding pin at a position among those of a domain. */
static const struct domain_pin *binding_pin(const struct domain_config *config,
                                            size_t number, uint32_t cpu_count)
{
    const struct domain_pin *pin = config->pins;

    while (!domain_pin_is_binding(pin, cpu_count) || number-- > 0) {
        pin++;
    }
    return pin;
}

/* One row of vmCpuAffinityTable. */
struct pair {
    const struct snapshot_domain *domain;
    const struct domain_pin *pin; /* NULL: the vcpu is not bound */
    size_t vcpu;                  /* from 0 */
    uint32_t cpu;                 /* from 0 */
};

static struct pair pair_at(const struct mib_context *context, size_t row)
{
    uint32_t cpu_count = count_cpus(context);
    struct pair pair = { .cpu = (uint32_t)(row % cpu_count) };
    size_t number;

    if (context->affinity == MIB_AFFINITY_ALL) {
        pair.domain = snapshot_find_part(context->snapshot, SNAPSHOT_VCPUS,
                                         row / cpu_count, &pair.vcpu);
        pair.pin = find_pin(pair.domain->config, pair.vcpu);
    } else {
        pair.domain = snapshot_find_part(context->snapshot, SNAPSHOT_PINS,
                                         row / cpu_count, &number);
        pair.pin = binding_pin(pair.domain->config, number, cpu_count);
        pair.vcpu = pair.pin->vcpu;
    }
    return pair;
}

static void index_pair(const struct mib_context *context, size_t row,
                       struct mib_index *ret_index)
{
    struct pair pair = pair_at(context, row);

    ret_index->length = 3;
    ret_index->ids[0] = pair.domain->index;
    ret_index->ids[1] = (uint32_t)pair.vcpu + 1;
    ret_index->ids[2] =
        pair.cpu + (context->snapshot->node->is_local ? PROCESSOR_INDEX : 1);
}

static bool get_affinity(const struct mib_context *context, size_t row,
                         struct mib_value *value)
{
    struct pair pair = pair_at(context, row);

    enum { UNKNOWN = 0, ENABLE = 1, DISABLE = 2 };

    if (pair.domain->config == NULL || !pair.domain->config->affinity_known) {
        value->integer = UNKNOWN;
    } else if (pair.pin == NULL || domain_pin_has(pair.pin, pair.cpu)) {
        value->integer = ENABLE;
    } else {
        value->integer = DISABLE;
    }
    return true;
}

static const struct mib_column affinity_columns[] = {
    { 3, "vmCpuAffinity", MIB_INTEGER, MIB_READ_ONLY, 0, get_affinity },
};

const struct mib_group vm_cpu_affinity_table = {
    .name = "vmCpuAffinityTable",
    .prefix_length = VM_OBJECTS_LENGTH + 2,
    .prefix = { VM_OBJECTS, 6, 1 },
    .sections = ROWS | SECTION_BIT(SECTION_NODE) | STATISTICS,
    .count = count_pairs,
    .index = index_pair,
    .column_count = sizeof(affinity_columns) / sizeof(affinity_columns[0]),
    .columns = affinity_columns,
};
