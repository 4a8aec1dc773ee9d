/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tests/unit/forecast_fixture.h"

void world_init(struct world *world, int64_t now_ns)
{
    memset(world, 0, sizeof(*world));
    forecast_init(&world->forecast);
    world->duration_ns = DURATION;
    world->max_age_ns = MAX_AGE;
    world->now_ns = now_ns;
    world->sampled_ns = CLOCK_NEVER;
    world->started_ns = CLOCK_NEVER;
    world->last_start_ns = CLOCK_NEVER;
    world->shortest_ns = INT64_MAX;
}

int64_t world_due(const struct world *world)
{
    return forecast_due(&world->forecast, world->now_ns, world->sampled_ns,
                        world->duration_ns, world->max_age_ns);
}

static void begin(struct world *world, bool ahead)
{
    if (world->last_start_ns != CLOCK_NEVER
        && world->now_ns - world->last_start_ns < world->shortest_ns) {
        world->shortest_ns = world->now_ns - world->last_start_ns;
    }
    world->last_start_ns = world->now_ns;
    world->started_ns = world->now_ns;
    world->ahead = ahead;
    world->collections++;
    world->collections_ahead += ahead;
}

static void end(struct world *world)
{
    if (!world->failing) {
        world->sampled_ns = world->started_ns;
    }
    forecast_collected(&world->forecast, world->started_ns, world->ahead);
    world->started_ns = CLOCK_NEVER;
}

void world_run_to(struct world *world, int64_t until_ns)
{
    for (;;) {
        int64_t next_ns = world->started_ns == CLOCK_NEVER
                              ? world_due(world)
                              : world->started_ns + world->duration_ns;

        if (next_ns == CLOCK_NEVER || next_ns > until_ns) {
            break;
        }
        assert_true(next_ns >= world->now_ns);
        world->now_ns = next_ns;
        if (world->started_ns == CLOCK_NEVER) {
            begin(world, true);
        } else {
            end(world);
        }
    }
    world->now_ns = until_ns;
}

bool world_request(struct world *world, int64_t at_ns)
{
    bool fresh;

    world_run_to(world, at_ns);
    world->polls += forecast_request(&world->forecast, at_ns);
    fresh = world->sampled_ns != CLOCK_NEVER
            && at_ns - world->sampled_ns <= world->max_age_ns;
    world->fresh += fresh;
    if (!fresh && world->started_ns == CLOCK_NEVER) {
        begin(world, false);
    }
    return fresh;
}

int64_t dice(uint32_t *seed, int64_t sides)
{
    *seed = *seed * UINT32_C(1664525) + UINT32_C(1013904223);
    return (int64_t)(*seed >> 8) % sides;
}

static void ask(struct world *world, struct manager *manager)
{
    int64_t at_ns = manager->first_ns + manager->count * manager->interval_ns;

    if (!world_request(world, at_ns)) {
        manager->stale++;
        manager->last_stale = manager->count;
    }
    manager->count++;
}

void world_run_managers(struct world *world, struct manager *managers, int count,
                        int64_t until_ns)
{
    for (;;) {
        struct manager *next = NULL;
        int64_t next_ns = until_ns;

        for (int i = 0; i < count; i++) {
            int64_t at_ns =
                managers[i].first_ns + managers[i].count * managers[i].interval_ns;

            if (at_ns < next_ns) {
                next_ns = at_ns;
                next = &managers[i];
            }
        }
        if (next == NULL) {
            return;
        }
        ask(world, next);
    }
}
