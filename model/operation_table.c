/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/operation_table.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "model/clock.h"

/* A lock that has moved on, from where its hash puts it. */
struct operation_lock {
    enum operation_class class;
    struct uuid uuid;
    uint32_t moved;
};

/* No operation has this serial: it marks those that are to be freed. */
#define FORGOTTEN 0

/* TestAndIncr goes from here to 0. */
#define LOCK_MAX UINT32_C(2147483647)

/* The name of a row. */
struct name {
    enum operation_class class;
    const struct uuid *uuid;
    uint32_t id;
};

static int compare(const struct operation *operation, const struct name *name)
{
    int order;

    if (operation->class != name->class) {
        return operation->class < name->class ? -1 : 1;
    }
    order = uuid_compare(&operation->uuid, name->uuid);
    if (order != 0 || operation->id == name->id) {
        return order;
    }
    return operation->id < name->id ? -1 : 1;
}

/* Position of the first one at or behind a name. */
static size_t lower_bound(struct operation *const *operations, size_t count,
                          const struct name *name)
{
    size_t low = 0;
    size_t high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(operations[middle], name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct name name_of(const struct operation *operation)
{
    return (struct name) { operation->class, &operation->uuid, operation->id };
}

void operation_table_init(struct operation_table *table)
{
    *table = (struct operation_table) { 0 };
    if (getrandom(&table->lock_seed, sizeof(table->lock_seed), GRND_NONBLOCK) < 0) {
        /* At the start of the machine: hardly anybody can guess this either. */
        table->lock_seed = (uint64_t)clock_date_ns() ^ (uint64_t)clock_boot_ns();
    }
}

void operation_table_clear(struct operation_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        operation_free(table->operations[i]);
    }
    free(table->operations);
    free(table->rows);
    free(table->locks);
    *table = (struct operation_table) { 0 };
}

static bool make_room(struct operation_table *table)
{
    size_t room = table->room == 0 ? 64 : 2 * table->room;
    struct operation **grown;

    if (table->count < table->room) {
        return true;
    }
    grown = reallocarray(table->operations, room, sizeof(*grown));
    if (grown == NULL) {
        return false;
    }
    table->operations = grown;
    grown = reallocarray(table->rows, room, sizeof(*grown));
    if (grown == NULL) {
        return false;
    }
    table->rows = grown;
    table->room = room;
    return true;
}

static void insert(struct operation **operations, size_t *count, size_t position,
                   struct operation *operation)
{
    memmove(&operations[position + 1], &operations[position],
            (*count - position) * sizeof(struct operation *));
    operations[position] = operation;
    (*count)++;
}

/* Takes one out of an array that may have it. */
static void erase(struct operation **operations, size_t *count,
                  const struct operation *operation)
{
    struct name name = name_of(operation);
    size_t position = lower_bound(operations, *count, &name);

    if (position < *count && operations[position] == operation) {
        (*count)--;
        memmove(&operations[position], &operations[position + 1],
                (*count - position) * sizeof(struct operation *));
    }
}

bool operation_table_add(struct operation_table *table, struct operation *operation)
{
    struct name name = name_of(operation);
    size_t position = lower_bound(table->operations, table->count, &name);

    if ((position < table->count && compare(table->operations[position], &name) == 0)
        || table->count == OPERATION_TABLE_MAX || !make_room(table)) {
        return false;
    }
    insert(table->operations, &table->count, position, operation);
    if (!operation->is_removed) {
        insert(table->rows, &table->row_count,
               lower_bound(table->rows, table->row_count, &name), operation);
    }
    return true;
}

void operation_table_take(struct operation_table *table, struct operation *operation)
{
    erase(table->rows, &table->row_count, operation);
    erase(table->operations, &table->count, operation);
}

void operation_table_hide(struct operation_table *table, struct operation *operation)
{
    operation->is_removed = true;
    erase(table->rows, &table->row_count, operation);
}

/* Leaves those out of an array that are marked; `release`: frees them. */
static size_t compact(struct operation **operations, size_t count, bool release)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        if (operations[i]->serial != FORGOTTEN) {
            operations[kept++] = operations[i];
        } else if (release) {
            operation_free(operations[i]);
        }
    }
    return kept;
}

int64_t operation_table_forget(struct operation_table *table, int64_t now_ns,
                               size_t most)
{
    int64_t due_ns = CLOCK_NEVER;
    size_t left = most;

    for (size_t i = 0; i < table->count; i++) {
        struct operation *operation = table->operations[i];
        int64_t forget_ns = operation->forget_ns;

        if (forget_ns == CLOCK_NEVER || !operation_state_is_final(operation->state)) {
            continue;
        }
        if (forget_ns <= now_ns && left > 0) {
            left--;
            operation->serial = FORGOTTEN;
        } else if (due_ns == CLOCK_NEVER || forget_ns < due_ns) {
            due_ns = forget_ns;
        }
    }
    if (left < most) {
        table->row_count = compact(table->rows, table->row_count, false);
        table->count = compact(table->operations, table->count, true);
    }
    return due_ns;
}

struct operation *operation_table_find(const struct operation_table *table,
                                       enum operation_class class,
                                       const struct uuid *uuid, uint32_t id)
{
    const struct name name = { class, uuid, id };
    size_t position = lower_bound(table->operations, table->count, &name);

    if (position < table->count && compare(table->operations[position], &name) == 0) {
        return table->operations[position];
    }
    return NULL;
}

size_t operation_table_row(const struct operation_table *table,
                           enum operation_class class, const struct uuid *uuid,
                           uint32_t id)
{
    const struct name name = { class, uuid, id };

    return lower_bound(table->rows, table->row_count, &name);
}

/* The newest of a domain and class that fits; action OPERATION_NONE: any. */
static struct operation *newest(const struct operation_table *table,
                                enum operation_class class, const struct uuid *uuid,
                                bool pending, enum operation_action action)
{
    const struct name first = { class, uuid, 0 };
    struct operation *found = NULL;

    for (size_t i = lower_bound(table->operations, table->count, &first);
         i < table->count; i++) {
        struct operation *operation = table->operations[i];

        if (operation->class != class || uuid_compare(&operation->uuid, uuid) != 0) {
            break;
        }
        if ((!pending
             || (!operation_state_is_final(operation->state) && !operation->dry_run))
            && (action == OPERATION_NONE || operation->action == action)
            && (found == NULL || operation->serial > found->serial)) {
            found = operation;
        }
    }
    return found;
}

struct operation *operation_table_last(const struct operation_table *table,
                                       enum operation_class class,
                                       const struct uuid *uuid)
{
    return newest(table, class, uuid, false, OPERATION_NONE);
}

struct operation *operation_table_pending(const struct operation_table *table,
                                          enum operation_class class,
                                          const struct uuid *uuid,
                                          enum operation_action action)
{
    return newest(table, class, uuid, true, action);
}

/* FNV-1a over what the lock belongs to, and the seed. */
static uint32_t first_lock(const struct operation_table *table,
                           enum operation_class class, const struct uuid *uuid)
{
    uint64_t hash = UINT64_C(14695981039346656037) ^ table->lock_seed;

    for (size_t i = 0; i < sizeof(uuid->bytes); i++) {
        hash = (hash ^ uuid->bytes[i]) * UINT64_C(1099511628211);
    }
    hash = (hash ^ (uint64_t) class) * UINT64_C(1099511628211);
    return (uint32_t)(hash >> 32) & LOCK_MAX;
}

static struct operation_lock *find_lock(const struct operation_table *table,
                                        enum operation_class class,
                                        const struct uuid *uuid)
{
    for (size_t i = 0; i < table->lock_count; i++) {
        if (table->locks[i].class == class
            && uuid_compare(&table->locks[i].uuid, uuid) == 0) {
            return &table->locks[i];
        }
    }
    return NULL;
}

int32_t operation_table_lock(const struct operation_table *table,
                             enum operation_class class, const struct uuid *uuid)
{
    const struct operation_lock *lock = find_lock(table, class, uuid);
    uint32_t value = first_lock(table, class, uuid) + (lock == NULL ? 0 : lock->moved);

    return (int32_t)(value & LOCK_MAX);
}

bool operation_table_advance_lock(struct operation_table *table,
                                  enum operation_class class, const struct uuid *uuid)
{
    struct operation_lock *lock = find_lock(table, class, uuid);

    if (lock == NULL) {
        struct operation_lock *grown =
            reallocarray(table->locks, table->lock_count + 1, sizeof(*grown));

        if (grown == NULL) {
            return false;
        }
        table->locks = grown;
        lock = &table->locks[table->lock_count++];
        *lock = (struct operation_lock) { class, *uuid, 0 };
    }
    lock->moved++;
    return true;
}

void operation_table_return_lock(struct operation_table *table,
                                 enum operation_class class, const struct uuid *uuid)
{
    struct operation_lock *lock = find_lock(table, class, uuid);

    if (lock != NULL) {
        lock->moved--;
    }
}
