/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_transaction.c - the phases of SETs: what is changed, put back and
 * forgotten, on two connections.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/log.h"
#include "agent/transaction.h"

#define CONNECTIONS 2

/* Transactions are named by session and number. */
static const char sessions[2];
#define SESSION (&sessions[0])
#define OTHER_SESSION (&sessions[1])
#define NUMBER 77L

/* TruthValue */
#define YES 1
#define NO 2

/* vmObjects.9.0 and vmObjects.10.0 */
static const oid per_vm[] = { 1, 3, 6, 1, 2, 1, 236, 1, 9, 0 };
static const oid bulk[] = { 1, 3, 6, 1, 2, 1, 236, 1, 10, 0 };
#define NAME_LENGTH 10

/* Of a hypervisor that nobody needs to ask. */
static const struct backend_ops ops = {
    .capabilities = BACKEND_CAPABILITY_BIT(BACKEND_CAN_EVENTS),
};

struct fixture {
    struct agent agent;
    struct config config;
    struct snapshot snapshot;
    struct connection connections[CONNECTIONS];
    struct connection *listed[CONNECTIONS];
    struct agent_view views[CONNECTIONS];
    struct transactions *transactions;
    netsnmp_variable_list *varbinds;
    long index;
};

/* Without any operation: nothing is carried out, and nothing kept. */
static struct operations *new_operations(struct fixture *fixture, size_t connection)
{
    const struct operations_settings settings = {
        .status = &fixture->connections[connection].status,
        .config = &fixture->config,
        .counters = &fixture->agent.status,
    };
    struct error error = ERROR_NONE;

    return operations_new(&settings, &error);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL) {
        return -1;
    }
    fixture->agent.config = &fixture->config;
    fixture->agent.tree = mib_tree_new();
    fixture->agent.connection_count = CONNECTIONS;
    fixture->agent.connections = fixture->listed;
    for (size_t i = 0; i < CONNECTIONS; i++) {
        fixture->connections[i].id = 10 + i;
        fixture->connections[i].ops = &ops;
        fixture->connections[i].config = &fixture->config;
        fixture->connections[i].planned_ns[SECTION_DOMAINS] = CLOCK_NEVER;
        fixture->connections[i].snapshot = &fixture->snapshot;
        /* On, which nobody could set: so that a SET changes something. */
        fixture->connections[i].status.switches[CONNECTION_SWITCH_PER_DOMAIN] = true;
        fixture->connections[i].status.switches[CONNECTION_SWITCH_BULK] = true;
        fixture->connections[i].status.name = "west";
        fixture->connections[i].operations = new_operations(fixture, i);
        fixture->listed[i] = &fixture->connections[i];
        fixture->views[i].context = "";
        fixture->views[i].connection = &fixture->connections[i];
    }
    fixture->transactions = transactions_new(&fixture->agent);
    *state = fixture;
    return fixture->agent.tree == NULL || fixture->transactions == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    snmp_free_varbind(fixture->varbinds);
    transactions_free(fixture->transactions);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        operations_free(fixture->connections[i].operations);
    }
    mib_tree_free(fixture->agent.tree);
    free(fixture);
    return 0;
}

static void add(struct fixture *fixture, const oid *name, u_char type,
                const void *value, size_t length)
{
    assert_non_null(snmp_varlist_add_variable(&fixture->varbinds, name, NAME_LENGTH,
                                              type, value, length));
}

static void add_truth(struct fixture *fixture, const oid *name, long truth)
{
    add(fixture, name, ASN_INTEGER, &truth, sizeof(truth));
}

/* The varbinds are those that were added since the last test. */
static enum mib_error test_set(struct fixture *fixture, const void *session,
                               long number, size_t view)
{
    enum mib_error error =
        transaction_test(fixture->transactions, session, number, &fixture->views[view],
                         fixture->varbinds, &fixture->index);

    snmp_free_varbind(fixture->varbinds);
    fixture->varbinds = NULL;
    return error;
}

static enum mib_error commit(struct fixture *fixture, const void *session, long number)
{
    return transaction_commit(fixture->transactions, session, number, &fixture->index);
}

/* Tests a transaction that switches the first switch of a view off. */
static void test_off(struct fixture *fixture, const void *session, long number,
                     size_t view)
{
    add_truth(fixture, per_vm, NO);
    assert_int_equal(test_set(fixture, session, number, view), MIB_NO_ERROR);
}

static bool is_on(const struct fixture *fixture, size_t connection,
                  enum connection_switch which)
{
    return fixture->connections[connection].status.switches[which];
}

static void check_first(const struct fixture *fixture, bool per_domain, bool in_bulk)
{
    assert_int_equal(is_on(fixture, 0, CONNECTION_SWITCH_PER_DOMAIN), per_domain);
    assert_int_equal(is_on(fixture, 0, CONNECTION_SWITCH_BULK), in_bulk);
}

static void test_only_a_commit_changes_something(void **state)
{
    struct fixture *fixture = *state;

    test_off(fixture, SESSION, NUMBER, 0);
    check_first(fixture, true, true);
    assert_int_equal(commit(fixture, SESSION, NUMBER), MIB_NO_ERROR);
    check_first(fixture, false, true);
    transaction_complete(fixture->transactions, SESSION, NUMBER);
    check_first(fixture, false, true);
    /* It is forgotten. */
    transaction_undo(fixture->transactions, SESSION, NUMBER);
    check_first(fixture, false, true);
}

static void test_a_view_changes_its_own_connection(void **state)
{
    struct fixture *fixture = *state;

    test_off(fixture, SESSION, NUMBER, 1);
    assert_int_equal(commit(fixture, SESSION, NUMBER), MIB_NO_ERROR);
    check_first(fixture, true, true);
    assert_false(is_on(fixture, 1, CONNECTION_SWITCH_PER_DOMAIN));
    assert_true(is_on(fixture, 1, CONNECTION_SWITCH_BULK));
}

static void test_an_undo_puts_all_back(void **state)
{
    struct fixture *fixture = *state;

    /* The same object twice: what it was before the first time comes back. */
    add_truth(fixture, per_vm, NO);
    add_truth(fixture, bulk, NO);
    add_truth(fixture, per_vm, NO);
    assert_int_equal(test_set(fixture, SESSION, NUMBER, 0), MIB_NO_ERROR);
    assert_int_equal(commit(fixture, SESSION, NUMBER), MIB_NO_ERROR);
    check_first(fixture, false, false);
    transaction_undo(fixture->transactions, SESSION, NUMBER);
    check_first(fixture, true, true);
    assert_int_equal(commit(fixture, SESSION, NUMBER), MIB_COMMIT_FAILED);
}

static void test_a_second_commit_changes_nothing(void **state)
{
    struct fixture *fixture = *state;

    test_off(fixture, SESSION, NUMBER, 0);
    assert_int_equal(commit(fixture, SESSION, NUMBER), MIB_NO_ERROR);
    assert_int_equal(commit(fixture, SESSION, NUMBER), MIB_NO_ERROR);
    check_first(fixture, false, true);
    transaction_undo(fixture->transactions, SESSION, NUMBER);
    check_first(fixture, true, true);
}

static void test_an_undo_before_the_commit_forgets(void **state)
{
    struct fixture *fixture = *state;

    test_off(fixture, SESSION, NUMBER, 0);
    transaction_undo(fixture->transactions, SESSION, NUMBER);
    assert_int_equal(commit(fixture, SESSION, NUMBER), MIB_COMMIT_FAILED);
    check_first(fixture, true, true);
}

static void test_the_first_error_is_told_and_nothing_kept(void **state)
{
    struct fixture *fixture = *state;

    add_truth(fixture, per_vm, NO);
    add_truth(fixture, bulk, YES);
    add_truth(fixture, per_vm, 3);
    assert_int_equal(test_set(fixture, SESSION, NUMBER, 0), MIB_INCONSISTENT_VALUE);
    assert_int_equal(fixture->index, 2);
    assert_int_equal(commit(fixture, SESSION, NUMBER), MIB_COMMIT_FAILED);
    check_first(fixture, true, true);
}

static void test_each_error(void **state)
{
    static const oid elsewhere[NAME_LENGTH] = { 1, 3, 6, 1, 2, 1, 236, 1, 9, 1 };
    static const oid read_only[NAME_LENGTH] = { 1, 3, 6, 1, 2, 1, 236, 1, 2, 0 };
    static const oid nothing[NAME_LENGTH] = { 1, 3, 6, 1, 2, 1, 236, 1, 99, 0 };
    static const oid outside[NAME_LENGTH] = { 1, 3, 6, 1, 2, 1, 1, 4, 0, 0 };
    struct fixture *fixture = *state;
    static const struct {
        const oid *name;
        long truth;
        enum mib_error error;
    } cases[] = {
        { per_vm, NO, MIB_NO_ERROR },          { per_vm, YES, MIB_INCONSISTENT_VALUE },
        { bulk, YES, MIB_INCONSISTENT_VALUE }, { per_vm, 0, MIB_WRONG_VALUE },
        { bulk, -1, MIB_WRONG_VALUE },         { elsewhere, NO, MIB_NO_CREATION },
        { elsewhere, YES, MIB_NO_CREATION },   { elsewhere, 3, MIB_WRONG_VALUE },
        { read_only, NO, MIB_NOT_WRITABLE },   { nothing, NO, MIB_NOT_WRITABLE },
        { outside, NO, MIB_NOT_WRITABLE },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        add_truth(fixture, cases[i].name, cases[i].truth);
        assert_int_equal(test_set(fixture, SESSION, NUMBER, 0), cases[i].error);
    }
    add(fixture, per_vm, ASN_OCTET_STR, "2", 1);
    assert_int_equal(test_set(fixture, SESSION, NUMBER, 0), MIB_WRONG_TYPE);
    add(fixture, elsewhere, ASN_NULL, NULL, 0);
    assert_int_equal(test_set(fixture, SESSION, NUMBER, 0), MIB_WRONG_TYPE);
    add(fixture, read_only, ASN_NULL, NULL, 0);
    assert_int_equal(test_set(fixture, SESSION, NUMBER, 0), MIB_NOT_WRITABLE);
}

static void test_transactions_do_not_mix(void **state)
{
    struct fixture *fixture = *state;

    test_off(fixture, SESSION, NUMBER, 0);
    test_off(fixture, OTHER_SESSION, NUMBER, 1);
    test_off(fixture, SESSION, NUMBER + 1, 1);
    assert_int_equal(commit(fixture, OTHER_SESSION, NUMBER + 1), MIB_COMMIT_FAILED);
    assert_int_equal(commit(fixture, OTHER_SESSION, NUMBER), MIB_NO_ERROR);
    check_first(fixture, true, true);
    assert_int_equal(commit(fixture, SESSION, NUMBER), MIB_NO_ERROR);
    check_first(fixture, false, true);
    transaction_undo(fixture->transactions, OTHER_SESSION, NUMBER);
    check_first(fixture, false, true);
    assert_true(is_on(fixture, 1, CONNECTION_SWITCH_PER_DOMAIN));
    transaction_undo(fixture->transactions, SESSION, NUMBER);
    check_first(fixture, true, true);
    assert_int_equal(commit(fixture, SESSION, NUMBER + 1), MIB_NO_ERROR);
}

static void test_a_number_used_again_is_another_transaction(void **state)
{
    struct fixture *fixture = *state;

    test_off(fixture, SESSION, NUMBER, 0);
    assert_int_equal(commit(fixture, SESSION, NUMBER), MIB_NO_ERROR);
    add_truth(fixture, bulk, NO);
    assert_int_equal(test_set(fixture, SESSION, NUMBER, 0), MIB_NO_ERROR);
    assert_int_equal(commit(fixture, SESSION, NUMBER), MIB_NO_ERROR);
    /* Nobody said that the first one was complete: it is undone. */
    check_first(fixture, true, false);
    transaction_undo(fixture->transactions, SESSION, NUMBER);
    check_first(fixture, true, true);
    transaction_undo(fixture->transactions, SESSION, NUMBER);
    check_first(fixture, true, true);
}

static void test_a_session_that_ends_undoes_what_is_not_complete(void **state)
{
    struct fixture *fixture = *state;

    test_off(fixture, SESSION, 1, 0);
    assert_int_equal(commit(fixture, SESSION, 1), MIB_NO_ERROR);
    transaction_complete(fixture->transactions, SESSION, 1);
    add_truth(fixture, bulk, NO);
    assert_int_equal(test_set(fixture, SESSION, 2, 0), MIB_NO_ERROR);
    assert_int_equal(commit(fixture, SESSION, 2), MIB_NO_ERROR);
    test_off(fixture, SESSION, 3, 1);
    test_off(fixture, OTHER_SESSION, 4, 1);
    check_first(fixture, false, false);

    transactions_end(fixture->transactions, SESSION);
    check_first(fixture, false, true);
    assert_int_equal(commit(fixture, SESSION, 2), MIB_COMMIT_FAILED);
    assert_int_equal(commit(fixture, SESSION, 3), MIB_COMMIT_FAILED);
    assert_int_equal(commit(fixture, OTHER_SESSION, 4), MIB_NO_ERROR);
}

static void test_a_connection_that_is_gone_fails_the_commit(void **state)
{
    struct fixture *fixture = *state;

    test_off(fixture, SESSION, 1, 1);
    test_off(fixture, SESSION, 2, 1);
    assert_int_equal(commit(fixture, SESSION, 2), MIB_NO_ERROR);
    fixture->agent.connection_count = 1;
    assert_int_equal(commit(fixture, SESSION, 1), MIB_COMMIT_FAILED);
    assert_int_equal(fixture->index, 1);
    /* What has been committed on it before finds nothing to put back. */
    transaction_undo(fixture->transactions, SESSION, 2);
    assert_int_equal(commit(fixture, SESSION, 2), MIB_COMMIT_FAILED);
}

static void test_what_was_never_tested_is_not_found(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(commit(fixture, SESSION, NUMBER), MIB_COMMIT_FAILED);
    assert_int_equal(fixture->index, 1);
    transaction_undo(fixture->transactions, SESSION, NUMBER);
    transaction_complete(fixture->transactions, SESSION, NUMBER);
    transactions_end(fixture->transactions, SESSION);
    check_first(fixture, true, true);
}

static void test_transactions_are_bounded(void **state)
{
    struct fixture *fixture = *state;

    for (long i = 0; i < TRANSACTION_MAX; i++) {
        test_off(fixture, SESSION, i, 0);
    }
    add_truth(fixture, per_vm, NO);
    assert_int_equal(test_set(fixture, SESSION, NUMBER, 0), MIB_RESOURCE_UNAVAILABLE);
    assert_int_equal(fixture->index, 1);
    /* One that takes the place of another one has room. */
    test_off(fixture, SESSION, 0, 1);
    transaction_complete(fixture->transactions, SESSION, 5);
    test_off(fixture, SESSION, NUMBER, 0);
    transactions_end(fixture->transactions, SESSION);
    for (long i = 0; i < TRANSACTION_MAX; i++) {
        test_off(fixture, SESSION, i, 0);
    }
}

static void test_varbinds_are_bounded(void **state)
{
    struct fixture *fixture = *state;

    for (int i = 0; i < TRANSACTION_VARBINDS_MAX; i++) {
        add_truth(fixture, i % 2 == 0 ? per_vm : bulk, NO);
    }
    assert_int_equal(test_set(fixture, SESSION, NUMBER, 0), MIB_NO_ERROR);
    assert_int_equal(commit(fixture, SESSION, NUMBER), MIB_NO_ERROR);
    check_first(fixture, false, false);
    transaction_undo(fixture->transactions, SESSION, NUMBER);
    check_first(fixture, true, true);

    for (int i = 0; i <= TRANSACTION_VARBINDS_MAX; i++) {
        add_truth(fixture, per_vm, NO);
    }
    assert_int_equal(test_set(fixture, SESSION, NUMBER, 0), MIB_RESOURCE_UNAVAILABLE);
    assert_int_equal(fixture->index, TRANSACTION_VARBINDS_MAX + 1);
}

static void test_no_varbinds_at_all(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(test_set(fixture, SESSION, NUMBER, 0), MIB_NO_ERROR);
    assert_int_equal(commit(fixture, SESSION, NUMBER), MIB_NO_ERROR);
    transaction_undo(fixture->transactions, SESSION, NUMBER);
    check_first(fixture, true, true);
}

static void count_line(const char *line, void *argument)
{
    unsigned *count = argument;

    assert_non_null(strstr(line, "vmPerVMNotificationsEnabled.0: inconsistentValue"));
    (*count)++;
}

static void test_refused_sets_do_not_flood_the_log(void **state)
{
    struct fixture *fixture = *state;
    struct log_capture *capture;
    unsigned lines = 0;

    assert_true(log_init());
    capture = log_capture_begin();
    assert_non_null(capture);
    for (long number = 1; number <= 30; number++) {
        add_truth(fixture, per_vm, YES);
        assert_int_equal(test_set(fixture, SESSION, number, 0), MIB_INCONSISTENT_VALUE);
    }
    log_capture_end(capture, count_line, &lines);
    assert_int_equal(lines, 20);
    assert_int_equal(fixture->agent.status.operations_refused, 30);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_only_a_commit_changes_something),
        WITH_FIXTURE(test_a_view_changes_its_own_connection),
        WITH_FIXTURE(test_an_undo_puts_all_back),
        WITH_FIXTURE(test_a_second_commit_changes_nothing),
        WITH_FIXTURE(test_an_undo_before_the_commit_forgets),
        WITH_FIXTURE(test_the_first_error_is_told_and_nothing_kept),
        WITH_FIXTURE(test_each_error),
        WITH_FIXTURE(test_transactions_do_not_mix),
        WITH_FIXTURE(test_a_number_used_again_is_another_transaction),
        WITH_FIXTURE(test_refused_sets_do_not_flood_the_log),
        WITH_FIXTURE(test_a_session_that_ends_undoes_what_is_not_complete),
        WITH_FIXTURE(test_a_connection_that_is_gone_fails_the_commit),
        WITH_FIXTURE(test_what_was_never_tested_is_not_found),
        WITH_FIXTURE(test_transactions_are_bounded),
        WITH_FIXTURE(test_varbinds_are_bounded),
        WITH_FIXTURE(test_no_varbinds_at_all),
    };

    return cmocka_run_group_tests_name("transaction", tests, NULL, NULL);
}
