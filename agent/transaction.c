/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "agent/transaction.h"
#include "agent/varbind.h"

/* One varbind of a transaction. */
struct step {
    uint64_t connection; /* its id: a reload may have closed it meanwhile */
    struct mib_change change;
};

struct transaction {
    struct transaction *next;
    const void *session;
    long number;
    bool is_committed; /* each step's change is now what undoes it */
    size_t count;
    struct step steps[];
};

struct transactions {
    struct agent *agent;
    size_t count;
    struct transaction *first;
};

struct transactions *transactions_new(struct agent *agent)
{
    struct transactions *transactions = calloc(1, sizeof(*transactions));

    if (transactions != NULL) {
        transactions->agent = agent;
    }
    return transactions;
}

/* The link to a transaction; to NULL where there is none. */
static struct transaction **find(struct transactions *transactions, const void *session,
                                 long number)
{
    struct transaction **at = &transactions->first;

    while (*at != NULL && ((*at)->session != session || (*at)->number != number)) {
        at = &(*at)->next;
    }
    return at;
}

static void drop(struct transactions *transactions, struct transaction **at)
{
    struct transaction *transaction = *at;

    *at = transaction->next;
    transactions->count--;
    free(transaction);
}

void transactions_free(struct transactions *transactions)
{
    if (transactions == NULL) {
        return;
    }
    while (transactions->first != NULL) {
        drop(transactions, &transactions->first);
    }
    free(transactions);
}

enum mib_error transaction_check(const struct agent *agent,
                                 const struct mib_context *context,
                                 const netsnmp_variable_list *varbind,
                                 struct mib_change *ret_change)
{
    const struct mib_object *object = NULL;
    struct mib_oid name;
    struct mib_value value;
    enum mib_error error;

    if (varbind_get_name(varbind, &name)) {
        object = mib_tree_find(agent->tree, &name);
    }
    if (object == NULL || object->column->access == MIB_READ_ONLY) {
        return MIB_NOT_WRITABLE;
    }
    error = varbind_get_value(varbind, object->column->type, &value);
    if (error != MIB_NO_ERROR) {
        return error;
    }
    return mib_check(object, context, &name, &value, ret_change);
}

static enum mib_error check_all(struct transactions *transactions,
                                struct transaction *transaction,
                                const struct agent_view *view,
                                const netsnmp_variable_list *varbinds, long *ret_index)
{
    const struct mib_context context =
        agent_context(transactions->agent, view, clock_boot_ns());
    long index = 0;

    for (; varbinds != NULL; varbinds = varbinds->next_variable) {
        struct step *step = &transaction->steps[transaction->count];
        enum mib_error error = MIB_RESOURCE_UNAVAILABLE;

        index++;
        if (transaction->count < TRANSACTION_VARBINDS_MAX) {
            error = transaction_check(transactions->agent, &context, varbinds,
                                      &step->change);
        }
        if (error != MIB_NO_ERROR) {
            *ret_index = index;
            return error;
        }
        step->connection = view->connection->id;
        transaction->count++;
    }
    return MIB_NO_ERROR;
}

enum mib_error transaction_test(struct transactions *transactions, const void *session,
                                long number, const struct agent_view *view,
                                const netsnmp_variable_list *varbinds, long *ret_index)
{
    struct transaction *transaction =
        calloc(1, sizeof(*transaction)
                      + TRANSACTION_VARBINDS_MAX * sizeof(transaction->steps[0]));
    enum mib_error error;

    if (transaction == NULL) {
        *ret_index = 1;
        return MIB_RESOURCE_UNAVAILABLE;
    }
    /* A master that uses a number again has done with it. */
    transaction_complete(transactions, session, number);
    error = check_all(transactions, transaction, view, varbinds, ret_index);
    if (error == MIB_NO_ERROR && transactions->count == TRANSACTION_MAX) {
        *ret_index = 1;
        error = MIB_RESOURCE_UNAVAILABLE;
    }
    if (error != MIB_NO_ERROR) {
        free(transaction);
        return error;
    }
    transaction->session = session;
    transaction->number = number;
    transaction->next = transactions->first;
    transactions->first = transaction;
    transactions->count++;
    return MIB_NO_ERROR;
}

/* Makes the change; it becomes the one that undoes it.  False: nothing to change. */
static bool exchange(const struct agent *agent, struct step *step)
{
    struct connection *connection = agent_find_connection(agent, step->connection);

    if (connection == NULL) {
        return false;
    }
    step->change.on =
        connection_set_switch(connection, step->change.which, step->change.on);
    return true;
}

/* Takes back the first `count` steps, the last one first. */
static void take_back(const struct agent *agent, struct transaction *transaction,
                      size_t count)
{
    while (count > 0) {
        (void)exchange(agent, &transaction->steps[--count]);
    }
}

enum mib_error transaction_commit(struct transactions *transactions,
                                  const void *session, long number, long *ret_index)
{
    struct transaction **at = find(transactions, session, number);
    struct transaction *transaction = *at;

    if (transaction == NULL) {
        *ret_index = 1;
        return MIB_COMMIT_FAILED;
    }
    if (transaction->is_committed) {
        return MIB_NO_ERROR;
    }
    for (size_t i = 0; i < transaction->count; i++) {
        if (!exchange(transactions->agent, &transaction->steps[i])) {
            take_back(transactions->agent, transaction, i);
            drop(transactions, at);
            *ret_index = (long)i + 1;
            return MIB_COMMIT_FAILED;
        }
    }
    transaction->is_committed = true;
    return MIB_NO_ERROR;
}

static void undo(struct transactions *transactions, struct transaction **at)
{
    if ((*at)->is_committed) {
        take_back(transactions->agent, *at, (*at)->count);
    }
    drop(transactions, at);
}

void transaction_undo(struct transactions *transactions, const void *session,
                      long number)
{
    struct transaction **at = find(transactions, session, number);

    if (*at != NULL) {
        undo(transactions, at);
    }
}

void transaction_complete(struct transactions *transactions, const void *session,
                          long number)
{
    struct transaction **at = find(transactions, session, number);

    if (*at != NULL) {
        drop(transactions, at);
    }
}

void transactions_end(struct transactions *transactions, const void *session)
{
    struct transaction **at = &transactions->first;

    while (*at != NULL) {
        if ((*at)->session == session) {
            undo(transactions, at);
        } else {
            at = &(*at)->next;
        }
    }
}
