/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * operation_table.h - the operations of one connection, in the order of
 * hvxOperationTable, and the locks of their classes.
 *
 * Owned and changed by the SNMP thread alone.
 */
#ifndef HVX_MODEL_OPERATION_TABLE_H
#define HVX_MODEL_OPERATION_TABLE_H

#include <stddef.h>

#include "model/operation.h"

/* Most operations that a table remembers; young ones are never evicted. */
#define OPERATION_TABLE_MAX 20000

struct operation_lock;

struct operation_table {
    /* Ascending by class, uuid, id; those that are removed stand among them. */
    size_t count;
    struct operation **operations;
    size_t room;
    /* Rows, which are all but those that are removed, in the same order. */
    size_t row_count;
    struct operation **rows;
    uint32_t queued;  /* of these, with that state: the owner counts */
    uint32_t running; /* the same */
    uint64_t lock_seed;
    size_t lock_count;
    struct operation_lock *locks;
};

/* An empty one.  Locks begin with numbers that nobody can guess. */
void operation_table_init(struct operation_table *table);

/* Frees all operations and what the table holds, not the table. */
void operation_table_clear(struct operation_table *table);

/*
 * Adds an operation, which is the table's from then on.  False: there is one of
 * this class, uuid and id, the table is full, or there is no memory; the
 * operation stays the caller's.
 */
bool operation_table_add(struct operation_table *table,
                         struct operation *operation) MUST_CHECK;

/* Takes one out, which is the caller's then. */
void operation_table_take(struct operation_table *table, struct operation *operation);

/* It is no row any longer; it stays to be found. */
void operation_table_hide(struct operation_table *table, struct operation *operation);

/*
 * Frees the final ones whose forget_ns is not after now_ns, at most `most` of
 * them.  Returns when the next one is due, CLOCK_NEVER: none is.
 */
int64_t operation_table_forget(struct operation_table *table, int64_t now_ns,
                               size_t most);

/* The one of that name, removed ones included; NULL: none. */
struct operation *operation_table_find(const struct operation_table *table,
                                       enum operation_class class,
                                       const struct uuid *uuid, uint32_t id);

/*
 * Position in `rows` of the first row at or behind a name; row_count where
 * there is none.
 */
size_t operation_table_row(const struct operation_table *table,
                           enum operation_class class, const struct uuid *uuid,
                           uint32_t id);

/*
 * The one of a domain and class that was accepted last, removed ones included;
 * NULL: none is remembered.
 */
struct operation *operation_table_last(const struct operation_table *table,
                                       enum operation_class class,
                                       const struct uuid *uuid);

/*
 * The same among those that are not final and are to change something (no dry
 * runs), and, unless it is OPERATION_NONE, of that action.
 */
struct operation *operation_table_pending(const struct operation_table *table,
                                          enum operation_class class,
                                          const struct uuid *uuid,
                                          enum operation_action action);

/* The lock of a domain in a class (TestAndIncr, RFC 2579): 0 to 2147483647. */
int32_t operation_table_lock(const struct operation_table *table,
                             enum operation_class class, const struct uuid *uuid);

/* Moves the lock on, or back.  False without memory: it is as before. */
bool operation_table_advance_lock(struct operation_table *table,
                                  enum operation_class class,
                                  const struct uuid *uuid) MUST_CHECK;
void operation_table_return_lock(struct operation_table *table,
                                 enum operation_class class, const struct uuid *uuid);

#endif
