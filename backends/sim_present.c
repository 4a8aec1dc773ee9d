/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_present.h"

#include "backends/sim_life.h"
#include "model/clock.h"

/* In which states its vcpus run. */
static bool is_executing(enum domain_state state)
{
    return state == DOMAIN_STATE_RUNNING || state == DOMAIN_STATE_OTHER
           || state == DOMAIN_STATE_SHUTTING_DOWN;
}

void sim_present_init(struct sim_present *present, const struct sim_domain *domain)
{
    *present = (struct sim_present) {
        .state = domain->state,
        .is_asleep = domain->is_asleep,
        .is_autostart = domain->is_autostart,
        .started_ns = sim_life_start_ns(&domain->uuid),
        .executing_ns = CLOCK_NEVER,
        .config = record_ref(domain->config),
    };
    if (is_executing(domain->state)) {
        present->executing_ns = present->started_ns;
    } else {
        present->age_ns = sim_life_stop_age_ns(&domain->uuid);
    }
}

void sim_present_copy(struct sim_present *to, const struct sim_present *from)
{
    *to = *from;
    record_ref(from->config);
    record_ref(from->counted);
}

void sim_present_clear(struct sim_present *present)
{
    record_unref(present->config);
    record_unref(present->counted);
    present->config = NULL;
    present->counted = NULL;
}

bool sim_present_has_counters(const struct sim_present *present)
{
    return present->state != DOMAIN_STATE_SHUTDOWN
           && present->state != DOMAIN_STATE_SUSPENDED
           && present->state != DOMAIN_STATE_PREPARING
           && present->state != DOMAIN_STATE_RESUMING;
}

int64_t sim_present_age_ns(const struct sim_present *present, int64_t now_ns)
{
    if (present->executing_ns == CLOCK_NEVER || now_ns < present->executing_ns) {
        return present->age_ns;
    }
    return present->age_ns + (now_ns - present->executing_ns);
}

int64_t sim_present_disk_age_ns(const struct sim_present *present, int64_t now_ns)
{
    return present->past_ns + sim_present_age_ns(present, now_ns);
}

/* `base`, and what came since then; stays at the highest number there is. */
static uint64_t add(uint64_t base, uint64_t before, uint64_t now)
{
    uint64_t sum;

    return __builtin_add_overflow(base, now - before, &sum) ? UINT64_MAX : sum;
}

uint64_t sim_present_cpu_time_ns(const struct sim_present *present,
                                 const struct sim_domain *domain, int64_t now_ns)
{
    const struct sim_counted *counted = present->counted;
    uint32_t vcpus = (uint32_t)present->config->vcpus;
    uint64_t now =
        sim_life_cpu_time_ns(&domain->uuid, sim_present_age_ns(present, now_ns), vcpus,
                             domain->load_percent);

    if (counted == NULL) {
        return now;
    }
    return add(counted->cpu_time_ns,
               sim_life_cpu_time_ns(&domain->uuid, counted->age_ns, vcpus,
                                    domain->load_percent),
               now);
}

/* What was counted of a vcpu that may be new. */
static uint64_t counted_of(const struct sim_counted *counted, size_t vcpu)
{
    return counted != NULL && vcpu < counted->vcpu_count ? counted->vcpu_time_ns[vcpu]
                                                         : 0;
}

uint64_t sim_present_vcpu_time_ns(const struct sim_present *present,
                                  const struct sim_domain *domain, uint32_t vcpu,
                                  int64_t now_ns)
{
    const struct sim_counted *counted = present->counted;
    uint32_t vcpus = (uint32_t)present->config->vcpus;
    uint64_t now =
        sim_life_vcpu_time_ns(&domain->uuid, sim_present_age_ns(present, now_ns), vcpus,
                              domain->load_percent, vcpu);

    if (counted == NULL) {
        return now;
    }
    return add(counted_of(counted, vcpu),
               sim_life_vcpu_time_ns(&domain->uuid, counted->age_ns, vcpus,
                                     domain->load_percent, vcpu),
               now);
}

void sim_present_set_state(struct sim_present *present, enum domain_state state,
                           int64_t now_ns)
{
    present->age_ns = sim_present_age_ns(present, now_ns);
    if (!is_executing(state)) {
        present->executing_ns = CLOCK_NEVER;
    } else if (present->executing_ns == CLOCK_NEVER || now_ns > present->executing_ns) {
        present->executing_ns = now_ns;
    }
    present->state = state;
}

void sim_present_begin_life(struct sim_present *present, int64_t now_ns)
{
    present->past_ns = sim_present_disk_age_ns(present, now_ns);
    present->age_ns = 0;
    if (present->executing_ns != CLOCK_NEVER) {
        present->executing_ns = now_ns;
    }
    present->started_ns = now_ns;
    record_unref(present->counted);
    present->counted = NULL;
}

/* Room for all vcpus it had so far; NULL without memory. */
static struct sim_counted *new_counted(const struct sim_present *present)
{
    struct record_layout layout = { .block = NULL, .used = 0 };
    size_t count = (size_t)present->config->vcpus;
    struct sim_counted *counted;

    if (present->counted != NULL && present->counted->vcpu_count > count) {
        count = present->counted->vcpu_count;
    }
    record_reserve(&layout, sizeof(*counted));
    record_reserve(&layout, count * sizeof(*counted->vcpu_time_ns));
    layout.block = record_new(layout.used);
    if (layout.block == NULL) {
        return NULL;
    }
    layout.used = 0;
    counted = record_reserve(&layout, sizeof(*counted));
    counted->vcpu_time_ns =
        record_reserve(&layout, count * sizeof(*counted->vcpu_time_ns));
    counted->vcpu_count = count;
    return counted;
}

enum status sim_present_set_config(struct sim_present *present,
                                   const struct sim_domain *domain,
                                   const struct domain_config *config, int64_t now_ns)
{
    struct sim_counted *counted = new_counted(present);

    if (counted == NULL) {
        return STATUS_NO_MEMORY;
    }
    counted->age_ns = sim_present_age_ns(present, now_ns);
    counted->cpu_time_ns = sim_present_cpu_time_ns(present, domain, now_ns);
    for (uint32_t i = 0; i < counted->vcpu_count; i++) {
        counted->vcpu_time_ns[i] =
            i < present->config->vcpus
                ? sim_present_vcpu_time_ns(present, domain, i, now_ns)
                : counted_of(present->counted, i);
    }
    record_unref(present->counted);
    present->counted = counted;
    record_unref(present->config);
    present->config = config;
    return STATUS_OK;
}
