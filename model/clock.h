/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.h - the clock of ages, deadlines and grace times.
 *
 * CLOCK_BOOTTIME counts on while the machine sleeps and knows nothing of
 * changes to the date: a jump of the wall clock changes no age.
 */
#ifndef HVX_MODEL_CLOCK_H
#define HVX_MODEL_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_NS_PER_S INT64_C(1000000000)
#define CLOCK_NS_PER_MS INT64_C(1000000)
#define CLOCK_NS_PER_US INT64_C(1000)
/* One TimeTicks, a hundredth of a second (RFC 2578 section 7.1.8). */
#define CLOCK_NS_PER_TICK INT64_C(10000000)

/* No such moment: never sampled, not started, no deadline. */
#define CLOCK_NEVER INT64_MIN

/* Nanoseconds since the machine was booted.  Any thread. */
static inline int64_t clock_boot_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * CLOCK_NS_PER_S + now.tv_nsec;
}

/*
 * The date, in nanoseconds since 1970 (UTC).  It may jump at any time, both
 * ways: for showing dates, never for ages, deadlines or order.  Any thread.
 */
static inline int64_t clock_date_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * CLOCK_NS_PER_S + now.tv_nsec;
}

#endif
