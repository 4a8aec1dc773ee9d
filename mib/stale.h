/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stale.h - what is too old to be told.  Included by mib/ alone.
 *
 * While a connection is down, or where data is older than staleLimit, names,
 * UUIDs and configuration stay, states read unknown, counters are absent.
 */
#ifndef HVX_MIB_STALE_H
#define HVX_MIB_STALE_H

#include "mib/mib.h"

/* Whether data sampled at that moment must not be told as current. */
static inline bool mib_is_stale(const struct mib_context *context, int64_t sampled_ns)
{
    return sampled_ns == CLOCK_NEVER || context->connection->state == CONNECTION_DOWN
           || context->now_ns - sampled_ns > context->stale_limit_ns;
}

#endif
