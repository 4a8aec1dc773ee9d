/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "agent/log.h"
#include "agent/plan.h"
#include "agent/transaction.h"
#include "agent/varbind.h"
#include "model/clock.h"

/* So many refused SETs are told one by one in so much time. */
#define TOLD_MAX 20
#define TOLD_PERIOD_NS (60 * CLOCK_NS_PER_S)

struct transaction {
    struct transaction *next;
    const void *session;
    long number;
    uint64_t connection; /* its id: a reload may have closed it meanwhile */
    bool is_committed;
    struct plan *plan;
};

struct transactions {
    struct agent *agent;
    size_t count;
    struct transaction *first;
    /* Lines about refused SETs: */
    int64_t told_since_ns; /* of the first one that counts */
    unsigned told;         /* since then */
    unsigned untold;       /* since then, beyond TOLD_MAX */
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
    plan_free(transaction->plan,
              agent_find_connection(transactions->agent, transaction->connection));
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

/* The object that a varbind is about; NULL: nothing is published there. */
static const struct mib_object *find_object(const struct agent *agent,
                                            const netsnmp_variable_list *varbind)
{
    struct mib_oid name;

    return varbind != NULL && varbind_get_name(varbind, &name)
               ? mib_tree_find(agent->tree, &name)
               : NULL;
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

/* Says why a SET was refused: for the first ones of a minute. */
static void tell_refusal(struct transactions *transactions,
                         const struct agent_view *view,
                         const netsnmp_variable_list *varbind, long index,
                         enum mib_error error, const struct error *why)
{
    int64_t now_ns = clock_boot_ns();
    const struct mib_object *object;
    char name[VARBIND_NAME_SIZE];

    if (now_ns - transactions->told_since_ns > TOLD_PERIOD_NS) {
        if (transactions->untold > 0) {
            log_warning("%u more SETs were refused", transactions->untold);
        }
        transactions->told_since_ns = now_ns;
        transactions->told = 0;
        transactions->untold = 0;
    }
    if (transactions->told == TOLD_MAX) {
        transactions->untold++;
        return;
    }
    transactions->told++;
    while (varbind != NULL && --index > 0) {
        varbind = varbind->next_variable;
    }
    object = find_object(transactions->agent, varbind);
    varbind_format_name(varbind, object == NULL ? 0 : object->prefix.length, name);
    log_warning("connection %s: SET refused by role %s: %s%s: %s%s%s",
                view->connection->name, log_role(view->context),
                object == NULL ? "" : object->column->name, name, mib_error_name(error),
                why->text[0] == '\0' ? "" : ": ", why->text);
}

/* Checks the varbinds one by one, and then all of them together. */
static enum mib_error check_all(struct transactions *transactions, struct plan *plan,
                                const struct agent_view *view,
                                const netsnmp_variable_list *varbinds, long *ret_index,
                                struct error *why)
{
    const struct mib_context context =
        agent_context(transactions->agent, view, clock_boot_ns());

    *ret_index = 0;
    for (; varbinds != NULL; varbinds = varbinds->next_variable) {
        struct mib_change change = { 0 };
        enum mib_error error = MIB_RESOURCE_UNAVAILABLE;

        if (++*ret_index <= TRANSACTION_VARBINDS_MAX) {
            error = transaction_check(transactions->agent, &context, varbinds, &change);
        }
        if (error == MIB_NO_ERROR) {
            error = plan_add(plan, view->connection, &change, *ret_index, why);
        }
        if (error != MIB_NO_ERROR) {
            return error;
        }
    }
    return plan_settle(plan, view->connection, ret_index, why);
}

/* A transaction that is kept from now on; NULL: too many, or no memory. */
static struct transaction *begin(struct transactions *transactions, const void *session,
                                 long number, const struct agent_view *view)
{
    struct transaction *transaction = calloc(1, sizeof(*transaction));

    if (transaction == NULL || transactions->count == TRANSACTION_MAX) {
        free(transaction);
        return NULL;
    }
    transaction->plan = plan_new(view->context);
    if (transaction->plan == NULL) {
        free(transaction);
        return NULL;
    }
    transaction->session = session;
    transaction->number = number;
    transaction->connection = view->connection->id;
    transaction->next = transactions->first;
    transactions->first = transaction;
    transactions->count++;
    return transaction;
}

enum mib_error transaction_test(struct transactions *transactions, const void *session,
                                long number, const struct agent_view *view,
                                const netsnmp_variable_list *varbinds, long *ret_index)
{
    struct error why = ERROR_NONE;
    struct transaction *transaction;
    enum mib_error error = MIB_RESOURCE_UNAVAILABLE;

    /* A master that uses a number again has given up the one before. */
    transaction_undo(transactions, session, number);
    *ret_index = 1;
    transaction = begin(transactions, session, number, view);
    if (transaction == NULL) {
        error_set(&why, STATUS_BUSY, "too many SETs at once, or out of memory");
    } else {
        error =
            check_all(transactions, transaction->plan, view, varbinds, ret_index, &why);
    }
    if (error != MIB_NO_ERROR) {
        transactions->agent->status.operations_refused++;
        tell_refusal(transactions, view, varbinds, *ret_index, error, &why);
    }
    if (error != MIB_NO_ERROR && transaction != NULL) {
        drop(transactions, &transactions->first);
    }
    return error;
}

enum mib_error transaction_commit(struct transactions *transactions,
                                  const void *session, long number, long *ret_index)
{
    struct transaction **at = find(transactions, session, number);
    struct transaction *transaction = *at;
    struct connection *connection;
    enum mib_error error = MIB_COMMIT_FAILED;

    *ret_index = 1;
    if (transaction == NULL) {
        return error;
    }
    if (transaction->is_committed) {
        return MIB_NO_ERROR;
    }
    connection = agent_find_connection(transactions->agent, transaction->connection);
    if (connection != NULL) {
        error = plan_commit(transaction->plan, connection, ret_index);
    }
    if (error != MIB_NO_ERROR) {
        drop(transactions, at);
        return error;
    }
    transaction->is_committed = true;
    return MIB_NO_ERROR;
}

static void undo(struct transactions *transactions, struct transaction **at)
{
    struct transaction *transaction = *at;
    struct connection *connection =
        agent_find_connection(transactions->agent, transaction->connection);

    if (transaction->is_committed && connection != NULL) {
        plan_undo(transaction->plan, connection);
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
    struct transaction *transaction = *at;
    struct connection *connection;

    if (transaction == NULL) {
        return;
    }
    connection = agent_find_connection(transactions->agent, transaction->connection);
    if (transaction->is_committed && connection != NULL) {
        plan_complete(transaction->plan, connection);
        agent_check_by(transactions->agent, clock_boot_ns() + CLOCK_NS_PER_S);
    }
    drop(transactions, at);
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
