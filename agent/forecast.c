/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "agent/forecast.h"

/* So many may be missing in a row: below, at its end, it is over. */
#define MISSING_MAX 1
/* So many of its newest polls tell interval and phase of a rhythm. */
#define CHAIN_FITTED 8
/* A poll just at the distance; 0 is one at the edge of the tolerance. */
#define FIT_MAX 1000
/* A missing poll outweighs some good ones: else two managers were one. */
#define MISSING_COST (INT64_C(3) * FIT_MAX * FIT_MAX)

/* Polls that no rhythm explains yet, oldest first. */
struct pool {
    int64_t polls_ns[FORECAST_POLLS];
    unsigned count;
};

/* Polls at even distances: their places in a pool, newest first. */
struct chain {
    unsigned places[FORECAST_POLLS];
    unsigned length;
    unsigned intervals[FORECAST_POLLS]; /* how many from each one to the newest */
    /*
     * Of each poll that follows from the two newest the square of how well it
     * does, so that few good ones count more than many bad ones: those may be
     * polls of several managers.  Two alone have a distance, but fit nothing.
     */
    int64_t fit;
};

void forecast_init(struct forecast *forecast)
{
    memset(forecast, 0, sizeof(*forecast));
    forecast->requested_ns = CLOCK_NEVER;
    forecast->ahead_ns = CLOCK_NEVER;
}

static int64_t min_ns(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t max_ns(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t distance_ns(int64_t a, int64_t b)
{
    return a > b ? a - b : b - a;
}

/* How far off a poll of this interval may be. */
static int64_t tolerance_ns(int64_t interval_ns)
{
    return min_ns(FORECAST_TOLERANCE_NS, interval_ns / 4);
}

/* Of the polls before `end`, of which there is one, that nearest to a moment. */
static unsigned nearest_poll(const struct pool *pool, unsigned end, int64_t wanted_ns)
{
    unsigned place = end - 1;

    while (place > 0 && pool->polls_ns[place] > wanted_ns) {
        place--;
    }
    if (place + 1 < end
        && pool->polls_ns[place + 1] - wanted_ns < wanted_ns - pool->polls_ns[place]) {
        place++;
    }
    return place;
}

/*
 * All polls that go on backwards from these two at the same distance.  One may
 * be missing between two others, as it came late or never.
 */
static void follow_chain(const struct pool *pool, unsigned newest, unsigned previous,
                         struct chain *ret_chain)
{
    const int64_t *polls_ns = pool->polls_ns;
    unsigned place = previous;
    unsigned missing = 0;

    memset(ret_chain, 0, sizeof(*ret_chain));
    ret_chain->places[0] = newest;
    ret_chain->places[1] = previous;
    ret_chain->length = 2;
    ret_chain->intervals[1] = 1;
    while (place > 0 && missing <= MISSING_MAX) {
        unsigned passed = ret_chain->intervals[ret_chain->length - 1];
        int64_t interval_ns = (polls_ns[newest] - polls_ns[place]) / passed;
        int64_t allowed_ns = tolerance_ns(interval_ns);
        int64_t wanted_ns = polls_ns[place] - (missing + 1) * interval_ns;
        unsigned near = nearest_poll(pool, place, wanted_ns);
        int64_t off_ns = distance_ns(polls_ns[near], wanted_ns);
        int64_t fit;

        if (off_ns > allowed_ns) {
            missing++;
            continue;
        }
        fit = (allowed_ns - off_ns) * FIT_MAX / allowed_ns;
        ret_chain->places[ret_chain->length] = near;
        ret_chain->intervals[ret_chain->length] = passed + missing + 1;
        ret_chain->length++;
        ret_chain->fit += fit * fit - missing * MISSING_COST;
        place = near;
        missing = 0;
    }
}

/* The chain that fits best; its length is 0 if none has three polls. */
static void find_chain(const struct pool *pool, struct chain *ret_chain)
{
    memset(ret_chain, 0, sizeof(*ret_chain));
    for (unsigned newest = pool->count; newest-- > 0;) {
        for (unsigned previous = newest; previous-- > 0;) {
            struct chain chain;

            if (pool->polls_ns[newest] - pool->polls_ns[previous]
                > FORECAST_INTERVAL_MAX_NS) {
                break;
            }
            follow_chain(pool, newest, previous, &chain);
            if (chain.fit > ret_chain->fit) {
                *ret_chain = chain;
            }
        }
    }
}

static void remove_chain(struct pool *pool, const struct chain *chain)
{
    unsigned kept = 0;
    unsigned next = chain->length;

    for (unsigned place = 0; place < pool->count; place++) {
        if (next > 0 && chain->places[next - 1] == place) {
            next--;
        } else {
            pool->polls_ns[kept++] = pool->polls_ns[place];
        }
    }
    pool->count = kept;
}

static void add_rhythm(struct forecast *forecast, int64_t next_ns, int64_t interval_ns)
{
    struct forecast_rhythm *rhythm = &forecast->rhythms[forecast->rhythm_count++];

    rhythm->next_ns = next_ns;
    rhythm->interval_ns = interval_ns;
}

/*
 * The rhythm of a chain, if it may go on after the last poll there was.  The
 * interval is the mean; the phase goes half of the way from where a poll was
 * expected to where it came.
 */
static void add_chain(struct forecast *forecast, const struct pool *pool,
                      const struct chain *chain)
{
    int64_t last_ns = forecast->polls_ns[forecast->poll_count - 1];
    unsigned oldest =
        chain->length < CHAIN_FITTED ? chain->length - 1 : CHAIN_FITTED - 1;
    int64_t phase_ns = pool->polls_ns[chain->places[oldest]];
    int64_t newest_ns = pool->polls_ns[chain->places[0]];
    int64_t interval_ns = (newest_ns - phase_ns) / chain->intervals[oldest];

    if (newest_ns + (MISSING_MAX + 1) * interval_ns + tolerance_ns(interval_ns)
        < last_ns) {
        return;
    }
    for (unsigned i = oldest; i-- > 0;) {
        phase_ns += (chain->intervals[i + 1] - chain->intervals[i]) * interval_ns;
        phase_ns += (pool->polls_ns[chain->places[i]] - phase_ns) / 2;
    }
    add_rhythm(forecast, phase_ns + interval_ns, interval_ns);
}

/* Only the last interval is known. */
static void add_last_interval(struct forecast *forecast)
{
    const int64_t *last = &forecast->polls_ns[forecast->poll_count - 1];
    int64_t interval_ns;

    if (forecast->poll_count < 2) {
        return;
    }
    interval_ns = last[0] - last[-1];
    if (interval_ns <= FORECAST_INTERVAL_MAX_NS) {
        add_rhythm(forecast, last[0] + interval_ns, interval_ns);
    }
}

static void learn_rhythms(struct forecast *forecast)
{
    struct pool pool = { .count = forecast->poll_count };

    memcpy(pool.polls_ns, forecast->polls_ns, sizeof(pool.polls_ns));
    forecast->rhythm_count = 0;
    while (forecast->rhythm_count < FORECAST_RHYTHMS) {
        struct chain chain;

        find_chain(&pool, &chain);
        if (chain.length == 0) {
            break;
        }
        add_chain(forecast, &pool, &chain);
        remove_chain(&pool, &chain);
    }
    if (forecast->rhythm_count == 0) {
        add_last_interval(forecast);
    }
}

static void add_poll(struct forecast *forecast, int64_t now_ns)
{
    int64_t *polls_ns = forecast->polls_ns;

    if (forecast->poll_count == FORECAST_POLLS) {
        memmove(polls_ns, polls_ns + 1, (FORECAST_POLLS - 1) * sizeof(polls_ns[0]));
        forecast->poll_count--;
    }
    polls_ns[forecast->poll_count++] = now_ns;
}

bool forecast_request(struct forecast *forecast, int64_t now_ns)
{
    int64_t before_ns = forecast->requested_ns;

    forecast->requested_ns = now_ns;
    forecast->unused = 0;
    if (before_ns != CLOCK_NEVER && now_ns - before_ns < FORECAST_GAP_NS) {
        return false;
    }
    add_poll(forecast, now_ns);
    learn_rhythms(forecast);
    return true;
}

void forecast_collected(struct forecast *forecast, int64_t started_ns, bool ahead)
{
    if (ahead && forecast->requested_ns < started_ns) {
        forecast->unused++;
        forecast->ahead_ns = started_ns;
    }
}

/* The first poll expected after that moment; CLOCK_NEVER: none. */
static int64_t next_poll_ns(const struct forecast *forecast, int64_t after_ns)
{
    int64_t first_ns = CLOCK_NEVER;

    for (unsigned i = 0; i < forecast->rhythm_count; i++) {
        const struct forecast_rhythm *rhythm = &forecast->rhythms[i];
        int64_t poll_ns = rhythm->next_ns;

        if (poll_ns <= after_ns) {
            int64_t passed = (after_ns - poll_ns) / rhythm->interval_ns;

            poll_ns += (passed + 1) * rhythm->interval_ns;
        }
        if (first_ns == CLOCK_NEVER || poll_ns < first_ns) {
            first_ns = poll_ns;
        }
    }
    return first_ns;
}

int64_t forecast_due(const struct forecast *forecast, int64_t now_ns,
                     int64_t sampled_ns, int64_t duration_ns, int64_t max_age_ns)
{
    /* CLOCK_NEVER is before everything: no data cover anything. */
    int64_t covered_ns = max_ns(now_ns, sampled_ns + max_age_ns);
    int64_t spare_ns = max_age_ns - duration_ns;
    int64_t poll_ns;
    int64_t start_ns;

    if (forecast->unused >= FORECAST_UNUSED_MAX) {
        return CLOCK_NEVER;
    }
    if (forecast->unused > 0) {
        covered_ns = max_ns(covered_ns, next_poll_ns(forecast, forecast->ahead_ns));
    }
    poll_ns = next_poll_ns(forecast, covered_ns);
    if (poll_ns == CLOCK_NEVER) {
        return CLOCK_NEVER;
    }
    start_ns = poll_ns - duration_ns;
    if (spare_ns > 0) {
        start_ns -= spare_ns / 2;
        start_ns = max_ns(start_ns, sampled_ns + spare_ns);
    }
    return max_ns(start_ns, now_ns);
}
