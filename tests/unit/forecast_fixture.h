/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forecast_fixture.h - managers, a slow section and its forecast, on a clock
 * that runs as fast as the test.
 */
#ifndef HVX_TESTS_UNIT_FORECAST_FIXTURE_H
#define HVX_TESTS_UNIT_FORECAST_FIXTURE_H

#include <stdbool.h>

#include "agent/forecast.h"

#define MS CLOCK_NS_PER_MS
#define S CLOCK_NS_PER_S
#define MAX_AGE (5 * S)
#define DURATION (900 * MS)
/* Far beyond what 32 bits hold, in ns as in ms. */
#define START (INT64_C(5000000) * S)

/* What the SNMP thread would have: data, and a collection under way. */
struct world {
    struct forecast forecast;
    int64_t duration_ns;
    int64_t max_age_ns;
    int64_t now_ns;
    int64_t sampled_ns;
    int64_t started_ns; /* CLOCK_NEVER: no collection is under way */
    bool ahead;
    bool failing; /* collections end without data */
    unsigned collections;
    unsigned collections_ahead;
    int64_t last_start_ns;
    int64_t shortest_ns; /* between two starts */
    unsigned polls;
    unsigned fresh;
};

/* Nothing was asked or collected yet.  Collections take DURATION. */
void world_init(struct world *world, int64_t now_ns);

/* What the forecast says now. */
int64_t world_due(const struct world *world);

/* Lets the time pass up to that moment. */
void world_run_to(struct world *world, int64_t until_ns);

/* A request at that moment, answered from what there is.  Was that fresh? */
bool world_request(struct world *world, int64_t at_ns);

/* What the requests of one of several managers found. */
struct manager {
    int64_t first_ns;
    int64_t interval_ns;
    int count;
    int stale;
    int last_stale;
};

/* Lets the managers go on with their polls up to that moment, excluded. */
void world_run_managers(struct world *world, struct manager *managers, int count,
                        int64_t until_ns);

/* The same numbers in every run: from 0 to sides - 1. */
int64_t dice(uint32_t *seed, int64_t sides);

#endif
