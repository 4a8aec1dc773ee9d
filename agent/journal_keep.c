/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "agent/journal_parts.h"
#include "model/clock.h"

static void shift(int64_t *moment_ns, int64_t shift_ns)
{
    if (*moment_ns != CLOCK_NEVER
        && __builtin_add_overflow(*moment_ns, shift_ns, moment_ns)) {
        *moment_ns = CLOCK_NEVER;
    }
}

void journal_shift(struct operation *operation, int64_t shift_ns)
{
    shift(&operation->accepted_ns, shift_ns);
    shift(&operation->started_ns, shift_ns);
    shift(&operation->finished_ns, shift_ns);
}

static int compare_names(const void *a, const void *b)
{
    const struct operation *first = ((const struct journal_found *)a)->operation;
    const struct operation *second = ((const struct journal_found *)b)->operation;
    int order = uuid_compare(&first->uuid, &second->uuid);

    if (first->class != second->class) {
        return first->class < second->class ? -1 : 1;
    }
    if (order != 0) {
        return order;
    }
    if (first->id != second->id) {
        return first->id < second->id ? -1 : 1;
    }
    return first->serial < second->serial ? -1 : 1;
}

/* Those that have ended first; then, in the order of lines, all others. */
static int compare_ends(const void *a, const void *b)
{
    const struct operation *first = ((const struct journal_found *)a)->operation;
    const struct operation *second = ((const struct journal_found *)b)->operation;
    bool first_ended = operation_state_is_final(first->state);
    bool second_ended = operation_state_is_final(second->state);

    if (first_ended != second_ended) {
        return first_ended ? -1 : 1;
    }
    if (first_ended && first->finished_ns != second->finished_ns) {
        return first->finished_ns < second->finished_ns ? -1 : 1;
    }
    return first->serial < second->serial ? -1 : 1;
}

static bool is_forgotten(const struct operation *operation, int64_t now_ns)
{
    return operation_state_is_final(operation->state)
           && operation->forget_ns != CLOCK_NEVER && operation->forget_ns <= now_ns;
}

static bool is_same(const struct operation *operation, const struct operation *other)
{
    return operation->class == other->class
           && uuid_compare(&operation->uuid, &other->uuid) == 0
           && operation->id == other->id;
}

/* Leaves the last line about each operation, without those to be forgotten. */
static size_t keep_last(struct journal_found *found, size_t count, int64_t now_ns)
{
    size_t kept = 0;

    qsort(found, count, sizeof(*found), compare_names);
    for (size_t i = 0; i < count; i++) {
        bool is_last =
            i + 1 == count || !is_same(found[i].operation, found[i + 1].operation);

        if (is_last && !is_forgotten(found[i].operation, now_ns)) {
            found[kept++] = found[i];
        } else {
            operation_free(found[i].operation);
        }
    }
    return kept;
}

/* Leaves out those that ended first, where there are too many. */
static size_t keep_newest(struct journal_found *found, size_t count)
{
    size_t excess = count > OPERATION_TABLE_MAX ? count - OPERATION_TABLE_MAX : 0;

    if (excess > 0) {
        qsort(found, count, sizeof(*found), compare_ends);
    }
    for (size_t i = 0; i < excess; i++) {
        operation_free(found[i].operation);
    }
    memmove(found, found + excess, (count - excess) * sizeof(*found));
    return count - excess;
}

static int64_t later(int64_t moment_ns, int64_t other_ns)
{
    return moment_ns > other_ns ? moment_ns : other_ns;
}

/* A date that went back since the other boot puts nothing into the future. */
static void keep_past(struct journal_found *found, size_t count, int64_t now_ns)
{
    int64_t latest_ns = now_ns;

    for (size_t i = 0; i < count; i++) {
        const struct operation *operation = found[i].operation;

        if (found[i].is_older) {
            latest_ns = later(latest_ns, operation->accepted_ns);
            latest_ns = later(latest_ns, operation->started_ns);
            latest_ns = later(latest_ns, operation->finished_ns);
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (found[i].is_older) {
            journal_shift(found[i].operation, now_ns - latest_ns);
        }
    }
}

size_t journal_keep(struct journal_found *found, size_t count, int64_t now_ns)
{
    if (count > 0) {
        count = keep_last(found, count, now_ns);
        count = keep_newest(found, count);
        keep_past(found, count, now_ns);
    }
    return count;
}
