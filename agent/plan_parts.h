/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan_parts.h - the inside of a plan: plan.c keeps its items and carries them
 * out, plan_rows.c understands rows of hvxOperationTable, plan_repeat.c finds what
 * is asked for again, plan_check.c checks operations against their domains.
 * Included by plan*.c alone.
 */
#ifndef HVX_AGENT_PLAN_PARTS_H
#define HVX_AGENT_PLAN_PARTS_H

#include "agent/plan.h"

enum item_kind {
    ITEM_SWITCH,
    ITEM_CREATE, /* an operation */
    ITEM_JOIN,   /* wants an operation that is there already: nothing to do */
    ITEM_LOCK,
    ITEM_ROW, /* columns of a row, until plan_settle() has understood them */
    ITEM_CANCEL,
    ITEM_REMOVE,
};

/* Columns of a row as they were set; index 0: it was not. */
struct row_draft {
    struct {
        long index;
        uint32_t number;
    } columns[MIB_OPERATION_STATE + 1];
    char tag[OPERATION_TAG_SIZE];
};

struct item {
    enum item_kind kind;
    long index; /* of the varbind that it came with */
    /* ITEM_SWITCH: what it is to be; once committed, what it was. */
    enum connection_switch which;
    bool on;
    /* All others: */
    enum operation_class class;
    struct uuid uuid;
    uint32_t id;    /* of the operation; of ITEM_LOCK: the value of the lock */
    bool has_state; /* the domain's state is known: */
    enum domain_state state;
    uint32_t vm_index;
    enum operation_action action; /* ITEM_CREATE, ITEM_JOIN */
    long expected_index;          /* of the varbind with the precondition; 0: none */
    struct operation *operation;  /* ITEM_CREATE, until it is accepted */
    struct row_draft *draft;      /* ITEM_ROW */
    char *name;                   /* ITEM_ROW: of the domain; NULL: it is not there */
};

struct plan {
    char *role;
    size_t reserved; /* room for operations that are not accepted yet */
    size_t count;
    size_t room;
    struct item *items; /* in the order of the varbinds */
};

/* A new item at the end, of the kind and with what it is about; NULL: no memory. */
struct item *plan_append(struct plan *plan, enum item_kind kind,
                         const struct connection *connection,
                         const struct mib_change *change, long index);

/* Makes the operation of an item that is ITEM_CREATE from then on. */
bool plan_make_operation(const struct plan *plan, const struct connection *connection,
                         struct item *item, const char *name,
                         enum operation_action action, uint32_t value);

/* --- plan_rows.c ------------------------------------------------------------- */

/* MIB_CHANGE_ROW: adds a column to the draft of its row. */
enum mib_error plan_add_column(struct plan *plan, const struct connection *connection,
                               const struct mib_change *change, long index,
                               struct error *why) MUST_CHECK;

/* Makes of an ITEM_ROW what its columns say together. */
enum mib_error plan_understand_row(struct plan *plan,
                                   const struct connection *connection,
                                   struct item *item, long *ret_index,
                                   struct error *why) MUST_CHECK;

/* --- plan_repeat.c ----------------------------------------------------------- */

/*
 * The operation that is there already and does what a column wants, an ITEM_CREATE:
 * a goal or a value that is being worked at, or an action that came a moment ago,
 * for which a manager that heard no answer asks again.  NULL: none.
 */
const struct operation *plan_find_repeated(const struct plan *plan,
                                           const struct connection *connection,
                                           const struct item *item);

/* --- plan_check.c ------------------------------------------------------------ */

/* Whether the backend, as it is configured, can do that at all. */
enum mib_error plan_check_ability(const struct connection *connection,
                                  enum operation_action action,
                                  struct error *why) MUST_CHECK;

/*
 * Whether the operation of the item at `position` is allowed from the state in
 * which those before it leave the domain.
 */
enum mib_error plan_check_transition(const struct plan *plan,
                                     const struct connection *connection,
                                     size_t position, long *ret_index,
                                     struct error *why) MUST_CHECK;

#endif
