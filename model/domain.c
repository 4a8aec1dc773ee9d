/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/domain.h"

static struct domain *lay_out_domain(struct record_layout *layout,
                                     const struct domain *from)
{
    struct domain *domain = record_reserve(layout, sizeof(*domain));
    const char *name = record_string(layout, from->name != NULL ? from->name : "");

    if (domain != NULL) {
        domain->uuid = from->uuid;
        domain->name = name;
        domain->state = from->state;
        domain->autostart = from->autostart;
        domain->persistent = from->persistent;
        domain->started_ns = from->started_ns;
    }
    return domain;
}

struct domain *domain_new(const struct domain *from)
{
    struct record_layout layout = { .block = NULL, .used = 0 };

    lay_out_domain(&layout, from);
    layout.block = record_new(layout.used);
    layout.used = 0;
    return layout.block == NULL ? NULL : lay_out_domain(&layout, from);
}

static struct domain_config *lay_out_config(struct record_layout *layout,
                                            const struct domain_config *from)
{
    struct domain_config *config = record_reserve(layout, sizeof(*config));
    const char *os_type = record_string(layout, from->os_type);

    if (config != NULL) {
        config->uuid = from->uuid;
        config->os_type = os_type;
        config->vcpus = from->vcpus;
        config->vcpus_min = from->vcpus_min;
        config->vcpus_max = from->vcpus_max;
        config->memory_min_bytes = from->memory_min_bytes;
        config->memory_max_bytes = from->memory_max_bytes;
        config->memory_bytes = from->memory_bytes;
    }
    return config;
}

struct domain_config *domain_config_new(const struct domain_config *from)
{
    struct record_layout layout = { .block = NULL, .used = 0 };

    lay_out_config(&layout, from);
    layout.block = record_new(layout.used);
    layout.used = 0;
    return layout.block == NULL ? NULL : lay_out_config(&layout, from);
}

struct domain_statistics *domain_statistics_new(const struct domain_statistics *from)
{
    struct domain_statistics *statistics = record_new(sizeof(*statistics));

    if (statistics != NULL) {
        statistics->uuid = from->uuid;
        statistics->has = from->has;
        statistics->cpu_time_ns = from->cpu_time_ns;
        statistics->memory_bytes = from->memory_bytes;
        statistics->vcpus = from->vcpus;
    }
    return statistics;
}

struct state_traits {
    const char *name;
    enum domain_admin_state admin;
    bool active;
};

/*
 * Nobody asks for a crash: a crashed domain was meant to run, and its memory
 * is there until somebody looks at it and shuts it down or reboots it, which
 * is no new start.  A suspended domain keeps its age for the same reason.
 */
static const struct state_traits states[] = {
    [DOMAIN_STATE_UNKNOWN] = { "unknown", DOMAIN_ADMIN_STATE_UNKNOWN, false },
    [DOMAIN_STATE_OTHER] = { "other", DOMAIN_ADMIN_STATE_UNKNOWN, true },
    [DOMAIN_STATE_PREPARING] = { "preparing", DOMAIN_ADMIN_STATE_RUNNING, true },
    [DOMAIN_STATE_RUNNING] = { "running", DOMAIN_ADMIN_STATE_RUNNING, true },
    [DOMAIN_STATE_SUSPENDING] = { "suspending", DOMAIN_ADMIN_STATE_SUSPENDED, true },
    [DOMAIN_STATE_SUSPENDED] = { "suspended", DOMAIN_ADMIN_STATE_SUSPENDED, true },
    [DOMAIN_STATE_RESUMING] = { "resuming", DOMAIN_ADMIN_STATE_RUNNING, true },
    [DOMAIN_STATE_PAUSED] = { "paused", DOMAIN_ADMIN_STATE_PAUSED, true },
    [DOMAIN_STATE_MIGRATING] = { "migrating", DOMAIN_ADMIN_STATE_RUNNING, true },
    [DOMAIN_STATE_SHUTTING_DOWN] = { "shutting down", DOMAIN_ADMIN_STATE_SHUTDOWN,
                                     true },
    [DOMAIN_STATE_SHUTDOWN] = { "shutdown", DOMAIN_ADMIN_STATE_SHUTDOWN, false },
    [DOMAIN_STATE_CRASHED] = { "crashed", DOMAIN_ADMIN_STATE_RUNNING, true },
};
_Static_assert(sizeof(states) / sizeof(states[0]) == DOMAIN_STATE_COUNT,
               "traits for each state");

/* Backends are modules of their own: what they deliver need not be an enumerator. */
static const struct state_traits *traits_of(enum domain_state state)
{
    size_t known = (size_t)state < DOMAIN_STATE_COUNT ? state : DOMAIN_STATE_UNKNOWN;

    return &states[known];
}

const char *domain_state_name(enum domain_state state)
{
    return traits_of(state)->name;
}

enum domain_admin_state domain_state_admin(enum domain_state state)
{
    return traits_of(state)->admin;
}

bool domain_state_is_active(enum domain_state state)
{
    return traits_of(state)->active;
}
