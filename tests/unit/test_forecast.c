/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_forecast.c - managers poll a slow section: what they find is fresh, and
 * what it costs is bounded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

#include "tests/unit/forecast_fixture.h"

static void test_nothing_is_collected_before_anybody_polls(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, START);
    assert_true(world_due(&world) == CLOCK_NEVER);
    world_request(&world, START);
    world_run_to(&world, START + 3600 * S);
    assert_int_equal(world.collections_ahead, 0);
}

static void test_requests_in_a_row_are_one_poll(void **state)
{
    struct forecast forecast;

    (void)state;
    forecast_init(&forecast);
    assert_true(forecast_request(&forecast, 0));
    for (int64_t i = 1; i <= 1000; i++) {
        assert_false(forecast_request(&forecast, i * (FORECAST_GAP_NS - 1)));
    }
    assert_true(
        forecast_request(&forecast, 1000 * (FORECAST_GAP_NS - 1) + FORECAST_GAP_NS));
}

static void test_polls_once_a_minute_are_fresh_from_the_third_on(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, START);
    for (int i = 0; i < 10; i++) {
        unsigned before = world.collections;

        assert_int_equal(world_request(&world, START + i * 60 * S), i >= 2);
        assert_in_range(world.collections - before, 0, 1);
    }
    world_run_to(&world, START + 10 * 60 * S - 1);
    assert_int_equal(world.polls, 10);
    assert_int_equal(world.collections, 11); /* one is for the next */
}

/* The data are as young as they can be while they are complete so early. */
static void test_a_poll_may_be_early_or_late(void **state)
{
    const int64_t slack = (MAX_AGE - DURATION) / 2;

    (void)state;
    for (int sign = -1; sign <= 1; sign++) {
        struct world world;
        int64_t fourth = START + 3 * 60 * S;

        world_init(&world, START);
        for (int i = 0; i < 3; i++) {
            world_request(&world, START + i * 60 * S);
        }
        assert_true(world_request(&world, fourth + sign * slack));
        assert_true(world.sampled_ns == fourth - (MAX_AGE + DURATION) / 2);
    }
}

static void test_walks_of_forty_seconds_are_one_poll_a_minute(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, START);
    for (int i = 0; i < 10; i++) {
        unsigned before;

        world_run_to(&world, START + i * 60 * S - 1);
        before = world.collections_ahead;
        for (int64_t at = 0; at <= 40 * S; at += 100 * MS) {
            bool fresh = world_request(&world, START + i * 60 * S + at);

            if (at == 0) {
                assert_int_equal(fresh, i >= 2);
            }
        }
        /* What a walk needs on its way it asks for itself. */
        assert_int_equal(world.collections_ahead, before);
    }
    assert_int_equal(world.polls, 10);
    assert_int_equal(world.collections_ahead, 8);
}

static void test_who_stops_polling_costs_two_collections(void **state)
{
    struct world world;
    unsigned before;

    (void)state;
    world_init(&world, START);
    for (int i = 0; i < 10; i++) {
        world_request(&world, START + i * 60 * S);
    }
    world_run_to(&world, START + 9 * 60 * S + 20 * S);
    before = world.collections;
    world_run_to(&world, START + 24 * 3600 * S);
    assert_int_equal(world.collections, before + FORECAST_UNUSED_MAX);
    assert_true(world_due(&world) == CLOCK_NEVER);
    /* Back again: as soon as two polls tell the interval. */
    assert_false(world_request(&world, START + 24 * 3600 * S + 7 * S));
    assert_false(world_request(&world, START + 24 * 3600 * S + 67 * S));
    assert_true(world_request(&world, START + 24 * 3600 * S + 127 * S));
}

static void test_a_request_during_a_collection_uses_it(void **state)
{
    struct forecast forecast;
    int64_t at_ns = START;

    (void)state;
    forecast_init(&forecast);
    for (int i = 0; i < 20; i++) {
        forecast_request(&forecast, at_ns);
        forecast_collected(&forecast, at_ns - 100 * MS, true);
        assert_true(
            forecast_due(&forecast, at_ns, at_ns, DURATION, MAX_AGE)
            == (i == 0 ? CLOCK_NEVER : at_ns + 60 * S - (MAX_AGE + DURATION) / 2));
        at_ns += 60 * S;
    }
}

static void test_only_collections_ahead_can_be_unused(void **state)
{
    struct forecast forecast;

    (void)state;
    forecast_init(&forecast);
    forecast_request(&forecast, START);
    forecast_request(&forecast, START + 60 * S);
    for (int i = 1; i < 10; i++) {
        forecast_collected(&forecast, START + 60 * S + i, false);
    }
    assert_true(
        forecast_due(&forecast, START + 61 * S, START + 60 * S, DURATION, MAX_AGE)
        == START + 120 * S - (MAX_AGE + DURATION) / 2);
}

static void test_a_failed_collection_is_not_repeated_for_the_same_poll(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, START);
    world_request(&world, START);
    world_request(&world, START + 60 * S);
    world_run_to(&world, START + 100 * S);
    world.failing = true;
    world_run_to(&world, START + 120 * S - 1);
    assert_int_equal(world.collections_ahead, 1);
}

/* Fresh without an end, for at most two collections in maxAge. */
static void test_dense_polls_are_fresh_and_starts_keep_their_distance(void **state)
{
    (void)state;
    for (int64_t interval = 1; interval <= 10; interval++) {
        struct world world;

        world_init(&world, START);
        for (int i = 0; i < 600; i++) {
            assert_true(world_request(&world, START + i * interval * S) || i < 8);
        }
        assert_true(world.shortest_ns >= MAX_AGE - DURATION);
        assert_in_range(world.collections, 1, 600 * interval * 10 / 41 + 1);
        if (interval >= 5) {
            assert_in_range(world.collections, 1, 600 + 2);
        }
    }
}

/* As long as the data are fresh, nothing is collected for any poll. */
static void test_what_max_age_covers_needs_nothing(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, START);
    world.max_age_ns = 3600 * S;
    for (int64_t at = 0; at < 3500; at += 60) {
        world_request(&world, START + at * S);
    }
    assert_int_equal(world.collections, 1);
    assert_int_equal(world.fresh, world.polls - 1);
}

static void test_more_than_a_day_between_polls_is_not_foreseen(void **state)
{
    (void)state;
    for (int beyond = 0; beyond <= 1; beyond++) {
        struct world world;

        world_init(&world, START);
        for (int i = 0; i < 5; i++) {
            world_request(&world, START + i * (FORECAST_INTERVAL_MAX_NS + beyond));
        }
        assert_int_equal(world.collections_ahead, beyond ? 0 : 3);
    }
}

static void test_no_duration_is_half_of_max_age_ahead(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, START);
    world.duration_ns = 0;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(world_request(&world, START + i * 60 * S), i >= 2);
        if (i >= 2) {
            assert_true(world.sampled_ns == START + i * 60 * S - MAX_AGE / 2);
        }
    }
}

/* Nothing makes it fresh, but it is as new as it can be, once for each poll. */
static void test_what_takes_longer_than_max_age_is_complete_in_time(void **state)
{
    struct world world;

    (void)state;
    world_init(&world, START);
    for (int i = 0; i < 10; i++) {
        unsigned before;

        world_run_to(&world, START + i * 60 * S - 40 * S);
        before = world.collections_ahead;
        world.duration_ns = 20 * S;
        world_run_to(&world, START + i * 60 * S - 20 * S);
        world.duration_ns = (20 - i) * S; /* sooner than it was thought */
        world_request(&world, START + i * 60 * S);
        assert_int_equal(world.collections_ahead - before, i >= 2);
        if (i >= 2) {
            assert_true(world.sampled_ns == START + i * 60 * S - 20 * S);
        }
    }
}

static void test_the_longest_times_do_no_harm(void **state)
{
    struct forecast forecast;
    int64_t at_ns = FORECAST_LIMIT_NS - 600 * S;

    (void)state;
    forecast_init(&forecast);
    assert_true(forecast_request(&forecast, 0));
    for (int i = 0; i <= 10; i++) {
        assert_true(forecast_request(&forecast, at_ns + i * 60 * S));
    }
    at_ns = FORECAST_LIMIT_NS;
    assert_true(forecast_due(&forecast, at_ns, at_ns, DURATION, MAX_AGE)
                == at_ns + 60 * S - (MAX_AGE + DURATION) / 2);
    assert_true(forecast_due(&forecast, at_ns, at_ns, FORECAST_LIMIT_NS, MAX_AGE)
                == at_ns);
    assert_true(forecast_due(&forecast, at_ns, CLOCK_NEVER, FORECAST_LIMIT_NS, 0)
                == at_ns);
    assert_true(forecast_due(&forecast, at_ns, at_ns, 0, FORECAST_LIMIT_NS) > at_ns);
    assert_true(forecast_due(&forecast, at_ns, 0, FORECAST_LIMIT_NS, FORECAST_LIMIT_NS)
                == at_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_collected_before_anybody_polls),
        cmocka_unit_test(test_requests_in_a_row_are_one_poll),
        cmocka_unit_test(test_polls_once_a_minute_are_fresh_from_the_third_on),
        cmocka_unit_test(test_a_poll_may_be_early_or_late),
        cmocka_unit_test(test_walks_of_forty_seconds_are_one_poll_a_minute),
        cmocka_unit_test(test_who_stops_polling_costs_two_collections),
        cmocka_unit_test(test_a_request_during_a_collection_uses_it),
        cmocka_unit_test(test_only_collections_ahead_can_be_unused),
        cmocka_unit_test(test_a_failed_collection_is_not_repeated_for_the_same_poll),
        cmocka_unit_test(test_dense_polls_are_fresh_and_starts_keep_their_distance),
        cmocka_unit_test(test_what_max_age_covers_needs_nothing),
        cmocka_unit_test(test_more_than_a_day_between_polls_is_not_foreseen),
        cmocka_unit_test(test_no_duration_is_half_of_max_age_ahead),
        cmocka_unit_test(test_what_takes_longer_than_max_age_is_complete_in_time),
        cmocka_unit_test(test_the_longest_times_do_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
