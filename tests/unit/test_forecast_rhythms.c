/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_forecast_rhythms.c - one or several managers, punctual or not: each one
 * is met, and what nobody can foresee costs little.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

#include "tests/unit/forecast_fixture.h"

static unsigned count_fresh_with_jitter(uint32_t seed, int64_t jitter_ms, bool drifting)
{
    struct world world;
    int64_t at_ns = START;

    world_init(&world, START);
    for (int i = 0; i < 100; i++) {
        int64_t off_ns = (dice(&seed, 2 * jitter_ms + 1) - jitter_ms) * MS;

        world_request(&world, at_ns + off_ns);
        at_ns += 60 * S + (drifting ? off_ns : 0);
    }
    assert_in_range(world.collections, 100, 101 + 2 * (100 - world.fresh));
    return world.fresh;
}

/* Among the hundred are the two from which it learns. */
static void test_jitter_is_evened_out(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 50; seed++) {
        assert_in_range(count_fresh_with_jitter(seed, 1000, false), 95, 98);
        assert_in_range(count_fresh_with_jitter(seed, 1500, false), 80, 98);
        assert_in_range(count_fresh_with_jitter(seed, 1000, true), 95, 98);
    }
}

/* A manager that sleeps a minute between polls that take longer and longer. */
static void test_drift_is_followed(void **state)
{
    struct world world;
    int64_t at_ns = START;

    (void)state;
    world_init(&world, START);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(world_request(&world, at_ns), i >= 2);
        at_ns += 60 * S + i * 20 * MS;
    }
}

/* Each of two managers is met from its fourth poll on, whatever lies between. */
static void test_two_managers_are_both_met(void **state)
{
    (void)state;
    for (int64_t phase = 1; phase < 60; phase++) {
        struct manager managers[] = { { START, 60 * S, 0, 0, 0 },
                                      { START + phase * S, 60 * S, 0, 0, 0 } };
        struct world world;

        world_init(&world, START);
        world_run_managers(&world, managers, 2, START + 3600 * S);
        for (int i = 0; i < 2; i++) {
            assert_int_equal(managers[i].count, 60);
            assert_in_range(managers[i].last_stale, 0, 2);
        }
        /* No more than one for each poll, but for the first few. */
        assert_in_range(world.collections, 60, 120 + 4);
    }
}

static void test_a_rare_manager_is_met_beside_frequent_ones(void **state)
{
    (void)state;
    for (int64_t phase = 0; phase < 60; phase++) {
        struct manager managers[] = { { START, 60 * S, 0, 0, 0 },
                                      { START + 33 * S, 60 * S, 0, 0, 0 },
                                      { START + phase * S, 300 * S, 0, 0, 0 } };
        struct world world;

        world_init(&world, START);
        world_run_managers(&world, managers, 3, START + 2 * 3600 * S);
        assert_int_equal(managers[2].count, 24);
        assert_in_range(managers[0].last_stale, 0, 3);
        assert_in_range(managers[1].last_stale, 0, 3);
        assert_in_range(managers[2].last_stale, 0, 2);
        assert_in_range(world.collections, 120, 240 + 24 + 8);
    }
}

/* What nobody can foresee stays without harm: two collections for each poll. */
static void test_irregular_polls_cost_at_most_two_collections_each(void **state)
{
    uint32_t seed = 7;
    struct world world;
    int64_t at_ns = START;

    (void)state;
    world_init(&world, START);
    for (int i = 0; i < 2000; i++) {
        unsigned before = world.collections_ahead;

        at_ns += S + dice(&seed, 600 * 1000) * MS;
        world_request(&world, at_ns);
        assert_in_range(world.collections_ahead - before, 0, 2);
    }
}

/* Somebody looks at it by hand between a manager's polls. */
static void test_single_requests_disturb_no_rhythm(void **state)
{
    uint32_t seed = 1;
    struct world world;

    (void)state;
    world_init(&world, START);
    for (int i = 0; i < 500; i++) {
        assert_int_equal(world_request(&world, START + i * 60 * S), i >= 2);
        if (i > 4 && i % 7 == 0) {
            world_request(&world,
                          START + i * 60 * S + (2000 + dice(&seed, 56000)) * MS);
        }
    }
}

/* One of two managers stops: two polls of its are waited for in vain. */
static void test_a_rhythm_ends_when_two_of_its_polls_do_not_come(void **state)
{
    struct manager managers[] = { { START, 60 * S, 0, 0, 0 },
                                  { START + 20 * S, 60 * S, 0, 0, 0 } };
    struct world world;
    unsigned before;

    (void)state;
    world_init(&world, START);
    world_run_managers(&world, managers, 2, START + 600 * S);
    before = world.collections;
    world_run_managers(&world, managers, 1, START + 1200 * S);
    assert_int_equal(world.collections - before, 10 + 2);
}

static void test_polls_close_together_share_a_collection(void **state)
{
    struct manager managers[] = { { START, 60 * S, 0, 0, 0 },
                                  { START + 2 * S, 60 * S, 0, 0, 0 } };
    struct world world;
    unsigned before;

    (void)state;
    world_init(&world, START);
    world_run_managers(&world, managers, 2, START + 600 * S);
    before = world.collections;
    world_run_managers(&world, managers, 2, START + 1200 * S);
    assert_int_equal(world.collections - before, 10);
}

/* Two that poll often are not taken for one that polls twice as often. */
static void test_frequent_managers_are_told_apart(void **state)
{
    struct manager managers[] = { { START, 10 * S, 0, 0, 0 },
                                  { START + 4 * S, 10 * S, 0, 0, 0 } };
    struct world world;

    (void)state;
    world_init(&world, START);
    world.max_age_ns = 2 * S;
    world_run_managers(&world, managers, 2, START + 600 * S);
    for (int i = 0; i < 2; i++) {
        assert_in_range(managers[i].last_stale, 0, 2);
    }
}

/* Within three polls, or three of the old intervals. */
static void test_a_new_interval_is_learnt(void **state)
{
    static const int64_t intervals_s[] = { 10, 30, 57, 63, 70, 120, 300 };

    (void)state;
    for (size_t i = 0; i < sizeof(intervals_s) / sizeof(intervals_s[0]); i++) {
        struct manager before = { START, 60 * S, 0, 0, 0 };
        struct manager after = { START + 3600 * S, intervals_s[i] * S, 0, 0, 0 };
        struct world world;

        world_init(&world, START);
        world_run_managers(&world, &before, 1, START + 3600 * S);
        world_run_managers(&world, &after, 1,
                           START + 3600 * S + 40 * intervals_s[i] * S);
        assert_in_range(after.last_stale, 0, 3 + 180 / intervals_s[i]);
    }
}

static void test_more_rhythms_than_are_kept_do_no_harm(void **state)
{
    struct forecast forecast;

    (void)state;
    forecast_init(&forecast);
    for (int64_t poll = 0; poll < 3; poll++) {
        for (int64_t manager = 0; manager < 12; manager++) {
            int64_t phase = manager * 61 + manager * manager * 5;

            assert_true(forecast_request(&forecast, START + (poll * 2000 + phase) * S));
        }
    }
    assert_int_equal(forecast.rhythm_count, FORECAST_RHYTHMS);
    assert_int_equal(forecast.poll_count, FORECAST_POLLS);
}

/* Polls of so many that there is no rhythm any more. */
static void test_any_number_of_managers_is_borne(void **state)
{
    struct manager managers[20];
    struct world world;

    (void)state;
    for (int i = 0; i < 20; i++) {
        managers[i] =
            (struct manager) { START + i * 7300 * MS, (150 + i) * S, 0, 0, 0 };
    }
    world_init(&world, START);
    world_run_managers(&world, managers, 20, START + 4 * 3600 * S);
    assert_true(world.shortest_ns >= MAX_AGE - DURATION);
    assert_in_range(world.collections, 1, 4 * 3600 * 10 / 41);
}

/* One poll comes 20 s late, or never: that disturbs no other. */
static void test_one_poll_off_its_time_disturbs_no_other(void **state)
{
    (void)state;
    for (int never = 0; never <= 1; never++) {
        struct world world;

        world_init(&world, START);
        for (int i = 0; i < 30; i++) {
            if (i == 10 && never) {
                continue;
            }
            assert_int_equal(
                world_request(&world, START + (i * 60 + (i == 10) * 20) * S),
                i >= 2 && i != 10);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jitter_is_evened_out),
        cmocka_unit_test(test_drift_is_followed),
        cmocka_unit_test(test_two_managers_are_both_met),
        cmocka_unit_test(test_a_rare_manager_is_met_beside_frequent_ones),
        cmocka_unit_test(test_irregular_polls_cost_at_most_two_collections_each),
        cmocka_unit_test(test_single_requests_disturb_no_rhythm),
        cmocka_unit_test(test_a_rhythm_ends_when_two_of_its_polls_do_not_come),
        cmocka_unit_test(test_polls_close_together_share_a_collection),
        cmocka_unit_test(test_frequent_managers_are_told_apart),
        cmocka_unit_test(test_a_new_interval_is_learnt),
        cmocka_unit_test(test_more_rhythms_than_are_kept_do_no_harm),
        cmocka_unit_test(test_any_number_of_managers_is_borne),
        cmocka_unit_test(test_one_poll_off_its_time_disturbs_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
