/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain_rows.h - the rows of vmTable, which tables that augment vmEntry
 * share.  Included by mib/ alone.
 */
#ifndef HVX_MIB_DOMAIN_ROWS_H
#define HVX_MIB_DOMAIN_ROWS_H

#include "mib/mib.h"

/* The row's domain. */
static inline const struct snapshot_domain *
mib_domain_at(const struct mib_context *context, size_t row)
{
    return &context->snapshot->domains[row];
}

/* mib_group.count */
static inline size_t mib_domain_count(const struct mib_context *context)
{
    return context->snapshot->domain_count;
}

/* mib_group.index: vmIndex */
static inline void mib_domain_index(const struct mib_context *context, size_t row,
                                    struct mib_index *ret_index)
{
    ret_index->length = 1;
    ret_index->ids[0] = mib_domain_at(context, row)->index;
}

#endif
