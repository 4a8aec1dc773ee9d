/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * forecast.h - when a slow section is to be collected ahead of the next poll.
 *
 * An answer waits for a collection no longer than waitLimit.  What takes
 * longer to collect is fresh only if its collection begins before it is asked
 * for.  A forecast learns from the past requests for one section of one
 * connection when the next ones will come, and says when to begin.
 *
 * It does no more than that: it reads no clock, starts nothing, allocates
 * nothing and needs no end.  The caller
 *
 *   - tells each request that needs the section, also one that is answered
 *     from what is at hand: forecast_request();
 *   - asks when to begin, whenever something has changed and no collection of
 *     the section is under way, and begins at that moment: forecast_due();
 *   - tells each collection that has ended, well or not: forecast_collected().
 *
 * Only for sections that take too long to be waited for: others are fresh
 * without it, and cost nothing where nobody asks.
 *
 * Moments are nanoseconds on CLOCK_BOOTTIME and do not go backwards.  Moments
 * and durations are from 0 to FORECAST_LIMIT_NS.  No locks: one thread at a
 * time for each forecast.
 *
 * Polls and rhythms
 *
 *   A manager's poll is a burst of requests; a walk makes thousands.  A request
 *   begins a poll if none was made for FORECAST_GAP_NS before it.
 *
 *   Several managers poll in turn, each in a rhythm of its own.  At least three
 *   polls at even distances (up to FORECAST_TOLERANCE_NS, and up to a quarter
 *   of the distance) are a rhythm; the one that explains the most polls best is
 *   found first, and others among the rest.  So each manager is met, and a
 *   request by hand in between disturbs nothing.  Interval and phase are
 *   averages, the newest polls counting most: jitter of a second is evened out,
 *   drift is followed.  A poll may be missing.  A rhythm ends when two of its
 *   polls did not come and another one did.
 *
 *   While there is no rhythm, the next poll is expected after as long a time as
 *   between the last two: two polls are enough to be ready for the third.
 *
 * Costs
 *
 *   At most one collection ahead for each poll expected, and at most two that
 *   nobody needs in a row: then none until there is a request again.  Under
 *   requests without end, starts are at least max_age - duration apart: what is
 *   new is complete when what is old expires.
 */
#ifndef HVX_AGENT_FORECAST_H
#define HVX_AGENT_FORECAST_H

#include <stdbool.h>
#include <stdint.h>

#include "model/clock.h"

/* 73 years. */
#define FORECAST_LIMIT_NS (INT64_C(1) << 61)

#define FORECAST_GAP_NS CLOCK_NS_PER_S
#define FORECAST_TOLERANCE_NS (5 * CLOCK_NS_PER_S)
/* What comes more rarely is not expected. */
#define FORECAST_INTERVAL_MAX_NS (24 * 3600 * CLOCK_NS_PER_S)
/* Collections ahead that were not used, one after another: no more of them. */
#define FORECAST_UNUSED_MAX 2
/* Three polls of a manager that comes every 5 minutes beside two that come
 * every minute fit in. */
#define FORECAST_POLLS 36
#define FORECAST_RHYTHMS 8

struct forecast_rhythm {
    int64_t next_ns; /* the first poll expected when it was learnt */
    int64_t interval_ns;
};

/* Of one section of one connection.  Its members are its own. */
struct forecast {
    int64_t requested_ns;             /* the newest request; CLOCK_NEVER: none */
    int64_t polls_ns[FORECAST_POLLS]; /* their beginnings, oldest first */
    unsigned poll_count;
    struct forecast_rhythm rhythms[FORECAST_RHYTHMS];
    unsigned rhythm_count;
    unsigned unused;  /* collections ahead that ended, since the newest request */
    int64_t ahead_ns; /* the start of the newest of these */
};

/* Nothing was asked yet. */
void forecast_init(struct forecast *forecast);

/*
 * A manager's request at this moment needed the section.  True if it began a
 * poll.  Cheap within a poll; its beginning costs up to about
 * 100 microseconds.
 */
bool forecast_request(struct forecast *forecast, int64_t now_ns);

/*
 * A collection of the section ended that began at `started_ns`: because
 * forecast_due() said so (ahead), or because of a request (not ahead: that is
 * no forecast's merit nor fault).  A collection ahead is unused as long as no
 * request has come since it began, no matter whether it succeeded.
 */
void forecast_collected(struct forecast *forecast, int64_t started_ns, bool ahead);

/*
 * When to begin a collection ahead; `now_ns` for at once, nothing earlier.
 * CLOCK_NEVER for not at all, as long as nothing new is told.
 *
 * sampled_ns: when the collection of the data at hand began; CLOCK_NEVER if
 * there are none.  duration_ns: how long a collection takes.  max_age_ns: how
 * old data may be, counted from the beginning of their collection.
 *
 * It is for the first poll expected after `now_ns` at which the data at hand
 * will be older than max_age, and for which there was no collection ahead yet.
 * It begins (max_age + duration) / 2 before that poll: this may then come
 * (max_age - duration) / 2 too early or too late and finds data that are
 * complete and no older than max_age.  It does not begin as long as the data
 * at hand will not have expired when it ends.  Where a collection takes longer
 * than max_age, no start makes the data fresh; it is then to be complete at
 * the moment of the poll.
 */
int64_t forecast_due(const struct forecast *forecast, int64_t now_ns,
                     int64_t sampled_ns, int64_t duration_ns, int64_t max_age_ns);

#endif
