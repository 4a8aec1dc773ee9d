/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_plan.c - what the varbinds of one SET want together: accepted as a
 * whole or not at all.  Nothing begins here: operationLimit is 0.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/plan.h"
#include "model/clock.h"

/* Domains by the state they are in, and their positions. */
enum { OFF, ON, PAUSED, SAVED, DOMAINS };

static enum status operate(struct backend *backend,
                           const struct backend_operation *operation,
                           struct error *error)
{
    (void)backend;
    (void)operation;
    return error_set(error, STATUS_FAILED, "nothing begins in this test");
}

struct fixture {
    struct backend_ops ops;
    struct config config;
    struct agent_status counters;
    struct domain records[DOMAINS];
    struct snapshot_domain domains[DOMAINS];
    struct snapshot snapshot;
    struct connection connection;
    struct plan *plan;
    struct error why;
    long index; /* of the next varbind */
    long blamed;
};

static struct uuid uuid_of(size_t domain)
{
    return (struct uuid) { { 0xab, [15] = (uint8_t)(domain + 1) } };
}

static void add_domains(struct fixture *fixture)
{
    static const enum domain_state states[DOMAINS] = {
        [OFF] = DOMAIN_STATE_SHUTDOWN,
        [ON] = DOMAIN_STATE_RUNNING,
        [PAUSED] = DOMAIN_STATE_PAUSED,
        [SAVED] = DOMAIN_STATE_SUSPENDED,
    };
    static const char *const names[DOMAINS] = { "off", "on", "paused", "saved" };

    for (size_t i = 0; i < DOMAINS; i++) {
        fixture->records[i].uuid = uuid_of(i);
        fixture->records[i].name = names[i];
        fixture->records[i].state = states[i];
        fixture->domains[i].index = (uint32_t)(10 + i);
        fixture->domains[i].domain = &fixture->records[i];
        fixture->domains[i].sampled_ns[SECTION_DOMAINS] = clock_boot_ns();
    }
    fixture->snapshot.domain_count = DOMAINS;
    fixture->snapshot.domains = fixture->domains;
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct connection *connection;
    struct operations_settings settings;
    struct error error = ERROR_NONE;

    if (fixture == NULL) {
        return -1;
    }
    connection = &fixture->connection;
    fixture->ops.operate = operate;
    fixture->ops.actions = ~UINT64_C(0);
    fixture->config.stale_limit_ns = 60 * CLOCK_NS_PER_S;
    fixture->config.operation_keep_ns = 600 * CLOCK_NS_PER_S;
    fixture->config.operation_timeout_ns = 300 * CLOCK_NS_PER_S;
    fixture->config.repeat_window_ns = 15 * CLOCK_NS_PER_S;
    add_domains(fixture);
    connection->ops = &fixture->ops;
    connection->config = &fixture->config;
    connection->snapshot = &fixture->snapshot;
    connection->operated_ns = CLOCK_NEVER;
    connection->status.name = "west";
    connection->status.state = CONNECTION_UP;
    settings = (struct operations_settings) {
        .status = &connection->status,
        .config = &fixture->config,
        .counters = &fixture->counters,
    };
    connection->operations = operations_new(&settings, &error);
    *state = fixture;
    return connection->operations == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    plan_free(fixture->plan, &fixture->connection);
    operations_free(fixture->connection.operations);
    free(fixture);
    return 0;
}

static const struct operation_table *table(struct fixture *fixture)
{
    return operations_table(fixture->connection.operations);
}

/* Begins another SET. */
static void new_set(struct fixture *fixture)
{
    plan_free(fixture->plan, &fixture->connection);
    fixture->plan = plan_new("ops");
    fixture->index = 1;
    fixture->why = (struct error)ERROR_NONE;
    assert_non_null(fixture->plan);
}

static enum mib_error add(struct fixture *fixture, const struct mib_change *change)
{
    return plan_add(fixture->plan, &fixture->connection, change, fixture->index++,
                    &fixture->why);
}

static enum mib_error want(struct fixture *fixture, size_t domain,
                           enum operation_action action, uint32_t value)
{
    const struct mib_change change = {
        .kind = MIB_CHANGE_OPERATION,
        .class = operation_class_of(action),
        .uuid = uuid_of(domain),
        .domain = &fixture->domains[domain],
        .action = action,
        .value = value,
    };

    return add(fixture, &change);
}

static enum mib_error lock(struct fixture *fixture, size_t domain, uint32_t value)
{
    const struct mib_change change = {
        .kind = MIB_CHANGE_LOCK,
        .class = OPERATION_CLASS_POWER,
        .uuid = uuid_of(domain),
        .domain = &fixture->domains[domain],
        .value = value,
    };

    return add(fixture, &change);
}

static enum mib_error column(struct fixture *fixture, size_t domain, uint32_t id,
                             enum mib_operation_column which, uint32_t number)
{
    const struct mib_change change = {
        .kind = MIB_CHANGE_ROW,
        .class = OPERATION_CLASS_POWER,
        .uuid = uuid_of(domain),
        .domain = &fixture->domains[domain],
        .id = id,
        .column = which,
        .number = number,
        .text = "tag",
        .text_length = 3,
    };

    return add(fixture, &change);
}

static enum mib_error settle(struct fixture *fixture)
{
    fixture->blamed = 0;
    return plan_settle(fixture->plan, &fixture->connection, &fixture->blamed,
                       &fixture->why);
}

static enum mib_error commit(struct fixture *fixture)
{
    return plan_commit(fixture->plan, &fixture->connection, &fixture->blamed);
}

/* Tests, commits and completes the SET. */
static void do_all(struct fixture *fixture)
{
    assert_int_equal(settle(fixture), MIB_NO_ERROR);
    assert_int_equal(commit(fixture), MIB_NO_ERROR);
    plan_complete(fixture->plan, &fixture->connection);
}

/* A SET of one column that is good and done. */
static void do_one(struct fixture *fixture, size_t domain, enum operation_action action)
{
    new_set(fixture);
    assert_int_equal(want(fixture, domain, action, 0), MIB_NO_ERROR);
    do_all(fixture);
}

static void do_row(struct fixture *fixture, size_t domain, uint32_t id,
                   enum operation_action action)
{
    new_set(fixture);
    assert_int_equal(column(fixture, domain, id, MIB_OPERATION_ACTION, action),
                     MIB_NO_ERROR);
    assert_int_equal(
        column(fixture, domain, id, MIB_OPERATION_ROW_STATUS, MIB_ROW_CREATE_AND_GO),
        MIB_NO_ERROR);
    do_all(fixture);
}

static void assert_settles(struct fixture *fixture, enum mib_error error, long blamed)
{
    assert_int_equal(settle(fixture), error);
    if (error != MIB_NO_ERROR) {
        assert_int_equal(fixture->blamed, blamed);
        assert_string_not_equal(fixture->why.text, "");
    }
}

static void test_an_operation_is_a_row_once_it_is_complete(void **state)
{
    struct fixture *fixture = *state;
    const struct operation *row;

    do_one(fixture, ON, OPERATION_PAUSE);
    assert_int_equal(table(fixture)->row_count, 1);
    row = table(fixture)->rows[0];
    assert_true(row->id > OPERATION_MANAGER_ID_MAX);
    assert_int_equal(row->action, OPERATION_PAUSE);
    assert_int_equal(row->origin, OPERATION_BY_COLUMN);
    assert_int_equal(row->timeout_s, 300);
    assert_string_equal(row->role, "ops");
    assert_string_equal(row->name, "on");
    assert_int_equal(row->vm_index, 10 + ON);
    assert_int_equal(row->state, OPERATION_QUEUED);
    assert_int_equal(fixture->counters.operations_accepted, 1);
}

static void test_an_undo_leaves_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct uuid uuid = uuid_of(ON);
    int32_t before = operation_table_lock(table(fixture), OPERATION_CLASS_POWER, &uuid);

    new_set(fixture);
    assert_int_equal(want(fixture, ON, OPERATION_PAUSE, 0), MIB_NO_ERROR);
    assert_int_equal(want(fixture, OFF, OPERATION_START, 0), MIB_NO_ERROR);
    assert_int_equal(lock(fixture, ON, (uint32_t)before), MIB_NO_ERROR);
    assert_int_equal(settle(fixture), MIB_NO_ERROR);
    assert_int_equal(commit(fixture), MIB_NO_ERROR);
    assert_int_not_equal(
        operation_table_lock(table(fixture), OPERATION_CLASS_POWER, &uuid), before);
    plan_undo(fixture->plan, &fixture->connection);
    assert_int_equal(table(fixture)->count, 0);
    assert_int_equal(table(fixture)->queued, 0);
    assert_int_equal(operation_table_lock(table(fixture), OPERATION_CLASS_POWER, &uuid),
                     before);
    assert_int_equal(fixture->counters.operations_accepted, 0);
    /* Nor is it taken for what is done already. */
    do_one(fixture, ON, OPERATION_PAUSE);
    assert_int_equal(table(fixture)->row_count, 1);
}

static void test_contradictions_are_refused(void **state)
{
    struct fixture *fixture = *state;

    new_set(fixture);
    assert_int_equal(want(fixture, ON, OPERATION_PAUSE, 0), MIB_NO_ERROR);
    assert_int_equal(want(fixture, ON, OPERATION_PAUSE, 0), MIB_INCONSISTENT_VALUE);
    new_set(fixture);
    assert_int_equal(want(fixture, ON, OPERATION_MAKE_SHUTDOWN, 0), MIB_NO_ERROR);
    assert_int_equal(want(fixture, ON, OPERATION_PAUSE, 0), MIB_INCONSISTENT_VALUE);
    new_set(fixture);
    assert_int_equal(want(fixture, ON, OPERATION_SET_VCPUS, 2), MIB_NO_ERROR);
    assert_int_equal(want(fixture, ON, OPERATION_SET_MEMORY, 2), MIB_NO_ERROR);
    assert_int_equal(want(fixture, ON, OPERATION_PAUSE, 0), MIB_NO_ERROR);
    assert_int_equal(want(fixture, OFF, OPERATION_START, 0), MIB_NO_ERROR);
    assert_int_equal(want(fixture, ON, OPERATION_SET_VCPUS, 4), MIB_INCONSISTENT_VALUE);
}

static void test_the_last_of_three_refuses_all(void **state)
{
    struct fixture *fixture = *state;

    new_set(fixture);
    assert_int_equal(want(fixture, ON, OPERATION_PAUSE, 0), MIB_NO_ERROR);
    assert_int_equal(want(fixture, OFF, OPERATION_START, 0), MIB_NO_ERROR);
    assert_int_equal(want(fixture, SAVED, OPERATION_PAUSE, 0), MIB_NO_ERROR);
    assert_settles(fixture, MIB_INCONSISTENT_VALUE, 3);
    assert_non_null(strstr(fixture->why.text, "saved"));
    assert_int_equal(table(fixture)->count, 0);
}

static void test_what_comes_before_counts(void **state)
{
    struct fixture *fixture = *state;

    /* In the same SET ... */
    new_set(fixture);
    assert_int_equal(column(fixture, ON, 1, MIB_OPERATION_ACTION, OPERATION_PAUSE),
                     MIB_NO_ERROR);
    assert_int_equal(
        column(fixture, ON, 1, MIB_OPERATION_ROW_STATUS, MIB_ROW_CREATE_AND_GO),
        MIB_NO_ERROR);
    assert_int_equal(
        column(fixture, ON, 2, MIB_OPERATION_ROW_STATUS, MIB_ROW_CREATE_AND_GO),
        MIB_NO_ERROR);
    assert_int_equal(column(fixture, ON, 2, MIB_OPERATION_ACTION, OPERATION_RESUME),
                     MIB_NO_ERROR);
    do_all(fixture);
    /* ... and in the queue: it runs by then. */
    new_set(fixture);
    assert_int_equal(want(fixture, ON, OPERATION_RESUME, 0), MIB_NO_ERROR);
    assert_settles(fixture, MIB_INCONSISTENT_VALUE, 1);
    do_one(fixture, ON, OPERATION_SAVE);
    do_one(fixture, ON, OPERATION_RESTORE);
}

static void test_a_state_that_is_not_known_is_left_to_the_hypervisor(void **state)
{
    struct fixture *fixture = *state;

    fixture->domains[SAVED].sampled_ns[SECTION_DOMAINS] -= 61 * CLOCK_NS_PER_S;
    do_one(fixture, SAVED, OPERATION_PAUSE);
    fixture->records[PAUSED].state = DOMAIN_STATE_UNKNOWN;
    do_one(fixture, PAUSED, OPERATION_SHUTDOWN);
}

/* The newest operation on a domain has ended, after the domain was read. */
static void end_last(struct fixture *fixture, size_t domain, enum operation_state how)
{
    struct uuid uuid = uuid_of(domain);
    struct operation *last =
        operation_table_last(table(fixture), OPERATION_CLASS_POWER, &uuid);

    assert_non_null(last);
    last->state = how;
    last->started_ns = clock_boot_ns();
    last->finished_ns = clock_boot_ns();
}

static void test_what_an_operation_left_is_known(void **state)
{
    struct fixture *fixture = *state;

    do_row(fixture, ON, 1, OPERATION_PAUSE);
    end_last(fixture, ON, OPERATION_SUCCEEDED);
    new_set(fixture);
    assert_int_equal(want(fixture, ON, OPERATION_PAUSE, 0), MIB_NO_ERROR);
    assert_settles(fixture, MIB_INCONSISTENT_VALUE, 1);
    do_row(fixture, ON, 2, OPERATION_RESUME);
    /* Nobody knows what a failed one has left. */
    end_last(fixture, ON, OPERATION_FAILED);
    do_row(fixture, ON, 3, OPERATION_RESUME);
    end_last(fixture, ON, OPERATION_SUCCEEDED);
    /* Read since then, the hypervisor is right. */
    fixture->records[ON].state = DOMAIN_STATE_CRASHED;
    fixture->domains[ON].sampled_ns[SECTION_DOMAINS] = clock_boot_ns() + 1;
    do_row(fixture, ON, 4, OPERATION_START);
}

static void test_a_repeated_action_is_the_same_operation(void **state)
{
    struct fixture *fixture = *state;
    struct uuid uuid = uuid_of(ON);
    int32_t value;

    do_one(fixture, ON, OPERATION_REBOOT);
    do_one(fixture, ON, OPERATION_REBOOT);
    assert_int_equal(table(fixture)->row_count, 1);
    /* The lock says that it is meant. */
    value = operation_table_lock(table(fixture), OPERATION_CLASS_POWER, &uuid);
    new_set(fixture);
    assert_int_equal(want(fixture, ON, OPERATION_REBOOT, 0), MIB_NO_ERROR);
    assert_int_equal(lock(fixture, ON, (uint32_t)value), MIB_NO_ERROR);
    do_all(fixture);
    assert_int_equal(table(fixture)->row_count, 2);
    /* Another operation in between, and so does that. */
    do_one(fixture, ON, OPERATION_PAUSE);
    do_one(fixture, ON, OPERATION_RESUME);
    do_one(fixture, ON, OPERATION_PAUSE);
    assert_int_equal(table(fixture)->row_count, 5);
    /* And the time. */
    fixture->config.repeat_window_ns = 0;
    do_one(fixture, OFF, OPERATION_START);
    new_set(fixture);
    assert_int_equal(want(fixture, OFF, OPERATION_START, 0), MIB_NO_ERROR);
    assert_settles(fixture, MIB_INCONSISTENT_VALUE, 1);
}

static void test_goals_and_settings_join_what_is_under_way(void **state)
{
    struct fixture *fixture = *state;

    do_one(fixture, ON, OPERATION_MAKE_SHUTDOWN);
    do_one(fixture, ON, OPERATION_MAKE_SHUTDOWN);
    assert_int_equal(table(fixture)->row_count, 1);
    do_one(fixture, ON, OPERATION_MAKE_RUNNING);
    do_one(fixture, ON, OPERATION_MAKE_SHUTDOWN);
    assert_int_equal(table(fixture)->row_count, 3);
    for (uint32_t vcpus = 2; vcpus < 4; vcpus++) {
        for (size_t i = 0; i < 2; i++) {
            new_set(fixture);
            assert_int_equal(want(fixture, OFF, OPERATION_SET_VCPUS, vcpus),
                             MIB_NO_ERROR);
            do_all(fixture);
        }
        assert_int_equal(table(fixture)->row_count, 2 + vcpus);
    }
}

static void test_a_lock_opens_once(void **state)
{
    struct fixture *fixture = *state;
    struct uuid uuid = uuid_of(ON);
    uint32_t value =
        (uint32_t)operation_table_lock(table(fixture), OPERATION_CLASS_POWER, &uuid);

    new_set(fixture);
    assert_int_equal(lock(fixture, ON, value + 1), MIB_INCONSISTENT_VALUE);
    new_set(fixture);
    assert_int_equal(lock(fixture, ON, value), MIB_NO_ERROR);
    assert_int_equal(lock(fixture, ON, value), MIB_INCONSISTENT_VALUE);
    new_set(fixture);
    assert_int_equal(lock(fixture, ON, value), MIB_NO_ERROR);
    do_all(fixture);
    new_set(fixture);
    assert_int_equal(lock(fixture, ON, value), MIB_INCONSISTENT_VALUE);
}

static void test_a_lock_that_moved_meanwhile_stops_the_commit(void **state)
{
    struct fixture *fixture = *state;
    struct uuid uuid = uuid_of(ON);
    uint32_t value =
        (uint32_t)operation_table_lock(table(fixture), OPERATION_CLASS_POWER, &uuid);

    new_set(fixture);
    assert_int_equal(want(fixture, ON, OPERATION_PAUSE, 0), MIB_NO_ERROR);
    assert_int_equal(lock(fixture, ON, value), MIB_NO_ERROR);
    assert_int_equal(settle(fixture), MIB_NO_ERROR);
    assert_true(operations_advance_lock(fixture->connection.operations,
                                        OPERATION_CLASS_POWER, &uuid));
    assert_int_equal(commit(fixture), MIB_COMMIT_FAILED);
    assert_int_equal(fixture->blamed, 2);
    assert_int_equal(table(fixture)->count, 0);
}

static void test_a_row_has_what_its_columns_say(void **state)
{
    struct fixture *fixture = *state;
    const struct operation *row;

    new_set(fixture);
    assert_int_equal(column(fixture, ON, 7, MIB_OPERATION_DRY_RUN, 1), MIB_NO_ERROR);
    assert_int_equal(column(fixture, ON, 7, MIB_OPERATION_TAG, 0), MIB_NO_ERROR);
    assert_int_equal(
        column(fixture, ON, 7, MIB_OPERATION_ROW_STATUS, MIB_ROW_CREATE_AND_GO),
        MIB_NO_ERROR);
    assert_int_equal(column(fixture, ON, 7, MIB_OPERATION_DEADLINE, 12), MIB_NO_ERROR);
    assert_int_equal(
        column(fixture, ON, 7, MIB_OPERATION_EXPECTED_STATE, DOMAIN_STATE_RUNNING),
        MIB_NO_ERROR);
    assert_int_equal(column(fixture, ON, 7, MIB_OPERATION_ACTION, OPERATION_SAVE),
                     MIB_NO_ERROR);
    do_all(fixture);
    row = table(fixture)->rows[0];
    assert_int_equal(row->id, 7);
    assert_int_equal(row->origin, OPERATION_BY_ROW);
    assert_true(row->dry_run);
    assert_string_equal(row->tag, "tag");
    assert_int_equal(row->timeout_s, 12);
    assert_int_equal(row->expected, DOMAIN_STATE_RUNNING);
    assert_int_equal(row->action, OPERATION_SAVE);
}

static void test_a_name_is_used_once(void **state)
{
    struct fixture *fixture = *state;

    do_row(fixture, ON, 7, OPERATION_PAUSE);
    new_set(fixture);
    assert_int_equal(column(fixture, ON, 7, MIB_OPERATION_ACTION, OPERATION_RESUME),
                     MIB_NO_ERROR);
    assert_int_equal(
        column(fixture, ON, 7, MIB_OPERATION_ROW_STATUS, MIB_ROW_CREATE_AND_GO),
        MIB_NO_ERROR);
    assert_settles(fixture, MIB_INCONSISTENT_VALUE, 2);
    /* Another domain has names of its own. */
    do_row(fixture, OFF, 7, OPERATION_START);
    assert_int_equal(table(fixture)->row_count, 2);
}

static void test_rows_that_mean_nothing(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        enum mib_operation_column first, second;
        uint32_t first_number, second_number;
        enum mib_error error;
        long blamed;
    } cases[] = {
        /* No action. */
        { MIB_OPERATION_ROW_STATUS, MIB_OPERATION_TAG, MIB_ROW_CREATE_AND_GO, 0,
          MIB_INCONSISTENT_VALUE, 1 },
        /* No createAndGo. */
        { MIB_OPERATION_ACTION, MIB_OPERATION_TAG, OPERATION_PAUSE, 0, MIB_NO_CREATION,
          1 },
        { MIB_OPERATION_STATE, MIB_OPERATION_TAG, OPERATION_CANCELLED, 0,
          MIB_NO_CREATION, 1 },
        /* An action of another class, and one that takes no value. */
        { MIB_OPERATION_ROW_STATUS, MIB_OPERATION_ACTION, MIB_ROW_CREATE_AND_GO,
          OPERATION_NMI, MIB_INCONSISTENT_VALUE, 2 },
        { MIB_OPERATION_STATE, MIB_OPERATION_ROW_STATUS, OPERATION_CANCELLED,
          MIB_ROW_CREATE_AND_GO, MIB_INCONSISTENT_VALUE, 1 },
        { MIB_OPERATION_ROW_STATUS, MIB_OPERATION_TAG, MIB_ROW_DESTROY, 0,
          MIB_INCONSISTENT_VALUE, 2 },
        { MIB_OPERATION_TAG, MIB_OPERATION_ROW_STATUS, 0, MIB_ROW_ACTIVE,
          MIB_INCONSISTENT_VALUE, 2 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        new_set(fixture);
        assert_int_equal(column(fixture, ON, 7, cases[i].first, cases[i].first_number),
                         MIB_NO_ERROR);
        assert_int_equal(
            column(fixture, ON, 7, cases[i].second, cases[i].second_number),
            MIB_NO_ERROR);
        assert_settles(fixture, cases[i].error, cases[i].blamed);
    }
    new_set(fixture);
    assert_int_equal(column(fixture, ON, 7, MIB_OPERATION_TAG, 0), MIB_NO_ERROR);
    assert_int_equal(column(fixture, ON, 7, MIB_OPERATION_TAG, 0),
                     MIB_INCONSISTENT_VALUE);
    new_set(fixture);
    assert_int_equal(column(fixture, ON, 7, MIB_OPERATION_VALUE, 5), MIB_NO_ERROR);
    assert_int_equal(column(fixture, ON, 7, MIB_OPERATION_ACTION, OPERATION_PAUSE),
                     MIB_NO_ERROR);
    assert_int_equal(
        column(fixture, ON, 7, MIB_OPERATION_ROW_STATUS, MIB_ROW_CREATE_AND_GO),
        MIB_NO_ERROR);
    assert_settles(fixture, MIB_INCONSISTENT_VALUE, 1);
}

static void test_a_precondition_is_checked_at_once_where_it_can_be(void **state)
{
    struct fixture *fixture = *state;

    new_set(fixture);
    assert_int_equal(
        column(fixture, ON, 7, MIB_OPERATION_ROW_STATUS, MIB_ROW_CREATE_AND_GO),
        MIB_NO_ERROR);
    assert_int_equal(column(fixture, ON, 7, MIB_OPERATION_ACTION, OPERATION_POWER_OFF),
                     MIB_NO_ERROR);
    assert_int_equal(
        column(fixture, ON, 7, MIB_OPERATION_EXPECTED_STATE, DOMAIN_STATE_CRASHED),
        MIB_NO_ERROR);
    assert_settles(fixture, MIB_INCONSISTENT_VALUE, 3);
}

/* A SET of one column of a row. */
static void assert_sets(struct fixture *fixture, uint32_t id,
                        enum mib_operation_column which, uint32_t number,
                        enum mib_error error)
{
    new_set(fixture);
    assert_int_equal(column(fixture, ON, id, which, number), MIB_NO_ERROR);
    assert_settles(fixture, error, 1);
    if (error == MIB_NO_ERROR) {
        assert_int_equal(commit(fixture), MIB_NO_ERROR);
        plan_complete(fixture->plan, &fixture->connection);
    }
}

static void test_cancel_and_remove(void **state)
{
    struct fixture *fixture = *state;
    struct uuid uuid = uuid_of(ON);

    do_row(fixture, ON, 7, OPERATION_PAUSE);
    assert_sets(fixture, 7, MIB_OPERATION_ROW_STATUS, MIB_ROW_ACTIVE, MIB_NO_ERROR);
    assert_sets(fixture, 7, MIB_OPERATION_ROW_STATUS, MIB_ROW_DESTROY,
                MIB_INCONSISTENT_VALUE);
    assert_sets(fixture, 7, MIB_OPERATION_TAG, 0, MIB_INCONSISTENT_VALUE);
    assert_sets(fixture, 7, MIB_OPERATION_STATE, OPERATION_CANCELLED, MIB_NO_ERROR);
    assert_int_equal(table(fixture)->rows[0]->state, OPERATION_CANCELLED);
    assert_int_equal(table(fixture)->queued, 0);
    assert_sets(fixture, 7, MIB_OPERATION_STATE, OPERATION_CANCELLED, MIB_NO_ERROR);
    assert_sets(fixture, 7, MIB_OPERATION_ROW_STATUS, MIB_ROW_DESTROY, MIB_NO_ERROR);
    assert_int_equal(table(fixture)->row_count, 0);
    assert_sets(fixture, 7, MIB_OPERATION_ROW_STATUS, MIB_ROW_DESTROY, MIB_NO_ERROR);
    assert_sets(fixture, 7, MIB_OPERATION_ROW_STATUS, MIB_ROW_ACTIVE,
                MIB_INCONSISTENT_VALUE);
    /* Its name is not free yet. */
    assert_non_null(
        operation_table_find(table(fixture), OPERATION_CLASS_POWER, &uuid, 7));
    new_set(fixture);
    assert_int_equal(column(fixture, ON, 7, MIB_OPERATION_ACTION, OPERATION_PAUSE),
                     MIB_NO_ERROR);
    assert_int_equal(
        column(fixture, ON, 7, MIB_OPERATION_ROW_STATUS, MIB_ROW_CREATE_AND_GO),
        MIB_NO_ERROR);
    assert_settles(fixture, MIB_INCONSISTENT_VALUE, 2);
}

/* It may still be undone. */
static void test_what_is_not_complete_is_not_joined(void **state)
{
    struct fixture *fixture = *state;
    static const enum operation_action actions[] = { OPERATION_REBOOT,
                                                     OPERATION_MAKE_SHUTDOWN,
                                                     OPERATION_SET_AUTOSTART };

    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        struct plan *other;

        new_set(fixture);
        assert_int_equal(want(fixture, ON, actions[i], 1), MIB_NO_ERROR);
        assert_int_equal(settle(fixture), MIB_NO_ERROR);
        assert_int_equal(commit(fixture), MIB_NO_ERROR);
        other = fixture->plan;
        fixture->plan = NULL;
        new_set(fixture);
        assert_int_equal(want(fixture, ON, actions[i], 1), MIB_NO_ERROR);
        assert_settles(fixture, MIB_RESOURCE_UNAVAILABLE, 1);
        plan_undo(other, &fixture->connection);
        plan_free(other, &fixture->connection);
        new_set(fixture);
        assert_int_equal(want(fixture, ON, actions[i], 1), MIB_NO_ERROR);
        do_all(fixture);
        assert_int_equal(table(fixture)->row_count, i + 1);
    }
}

/* Else nothing would be left that carries out what the same SET asks for. */
static void test_what_is_cancelled_is_not_joined(void **state)
{
    struct fixture *fixture = *state;
    uint32_t id;

    do_one(fixture, ON, OPERATION_REBOOT);
    id = table(fixture)->rows[0]->id;
    for (size_t i = 0; i < 2; i++) {
        new_set(fixture);
        assert_int_equal(want(fixture, ON, OPERATION_REBOOT, 0), MIB_NO_ERROR);
        assert_int_equal(
            column(fixture, ON, id, MIB_OPERATION_STATE, OPERATION_CANCELLED),
            MIB_NO_ERROR);
        do_all(fixture);
        assert_int_equal(table(fixture)->row_count, 2);
        assert_int_equal(table(fixture)->queued, 1);
    }
    assert_int_equal(table(fixture)->rows[0]->state, OPERATION_CANCELLED);
    assert_int_equal(table(fixture)->rows[1]->action, OPERATION_REBOOT);
}

static void test_a_cancellation_that_is_undone_lets_it_go_on(void **state)
{
    struct fixture *fixture = *state;
    struct plan *other;

    do_row(fixture, ON, 7, OPERATION_PAUSE);
    new_set(fixture);
    assert_int_equal(column(fixture, ON, 7, MIB_OPERATION_STATE, OPERATION_CANCELLED),
                     MIB_NO_ERROR);
    assert_int_equal(settle(fixture), MIB_NO_ERROR);
    assert_int_equal(commit(fixture), MIB_NO_ERROR);
    assert_true(table(fixture)->rows[0]->is_held);
    other = fixture->plan;
    fixture->plan = NULL;
    assert_sets(fixture, 7, MIB_OPERATION_STATE, OPERATION_CANCELLED,
                MIB_RESOURCE_UNAVAILABLE);
    plan_undo(other, &fixture->connection);
    plan_free(other, &fixture->connection);
    assert_false(table(fixture)->rows[0]->is_held);
    assert_int_equal(table(fixture)->rows[0]->state, OPERATION_QUEUED);
    assert_sets(fixture, 7, MIB_OPERATION_STATE, OPERATION_CANCELLED, MIB_NO_ERROR);
}

static void test_what_the_hypervisor_or_the_configuration_lacks(void **state)
{
    struct fixture *fixture = *state;

    fixture->ops.actions &=
        ~(OPERATION_BIT(OPERATION_PM_SUSPEND) | OPERATION_BIT(OPERATION_SET_CPU_CAP)
          | OPERATION_BIT(OPERATION_RESTORE));
    new_set(fixture);
    assert_int_equal(want(fixture, ON, OPERATION_PM_SUSPEND, 0), MIB_WRONG_VALUE);
    assert_int_equal(want(fixture, ON, OPERATION_SET_CPU_CAP, 0), MIB_NOT_WRITABLE);
    assert_int_equal(want(fixture, ON, OPERATION_CORE_DUMP, 0), MIB_NOT_WRITABLE);
    assert_int_equal(want(fixture, SAVED, OPERATION_MAKE_RUNNING, 0), MIB_NO_ERROR);
    assert_settles(fixture, MIB_INCONSISTENT_VALUE, 4);
    fixture->ops.operate = NULL;
    new_set(fixture);
    assert_int_not_equal(want(fixture, ON, OPERATION_PAUSE, 0), MIB_NO_ERROR);
}

static void test_a_connection_that_is_not_up(void **state)
{
    struct fixture *fixture = *state;

    fixture->connection.status.state = CONNECTION_UNRESPONSIVE;
    new_set(fixture);
    assert_int_equal(want(fixture, ON, OPERATION_PAUSE, 0), MIB_NO_ERROR);
    assert_settles(fixture, MIB_RESOURCE_UNAVAILABLE, 1);
}

static void test_a_full_table_refuses_and_forgets_nothing(void **state)
{
    struct fixture *fixture = *state;

    do_row(fixture, ON, 1, OPERATION_POWER_OFF);
    /* As many as there is room for are reserved elsewhere. */
    assert_true(
        operations_reserve(fixture->connection.operations, OPERATION_TABLE_MAX - 2));
    new_set(fixture);
    assert_int_equal(want(fixture, OFF, OPERATION_START, 0), MIB_NO_ERROR);
    assert_int_equal(want(fixture, SAVED, OPERATION_RESTORE, 0), MIB_NO_ERROR);
    assert_settles(fixture, MIB_RESOURCE_UNAVAILABLE, 1);
    do_one(fixture, OFF, OPERATION_START);
    new_set(fixture);
    assert_int_equal(want(fixture, SAVED, OPERATION_RESTORE, 0), MIB_NO_ERROR);
    assert_settles(fixture, MIB_RESOURCE_UNAVAILABLE, 1);
    operations_return(fixture->connection.operations, OPERATION_TABLE_MAX - 2);
    do_one(fixture, SAVED, OPERATION_RESTORE);
    assert_int_equal(table(fixture)->row_count, 3);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_an_operation_is_a_row_once_it_is_complete),
        WITH_FIXTURE(test_an_undo_leaves_nothing),
        WITH_FIXTURE(test_contradictions_are_refused),
        WITH_FIXTURE(test_the_last_of_three_refuses_all),
        WITH_FIXTURE(test_what_comes_before_counts),
        WITH_FIXTURE(test_a_state_that_is_not_known_is_left_to_the_hypervisor),
        WITH_FIXTURE(test_what_an_operation_left_is_known),
        WITH_FIXTURE(test_a_repeated_action_is_the_same_operation),
        WITH_FIXTURE(test_goals_and_settings_join_what_is_under_way),
        WITH_FIXTURE(test_a_lock_opens_once),
        WITH_FIXTURE(test_a_lock_that_moved_meanwhile_stops_the_commit),
        WITH_FIXTURE(test_a_row_has_what_its_columns_say),
        WITH_FIXTURE(test_a_name_is_used_once),
        WITH_FIXTURE(test_rows_that_mean_nothing),
        WITH_FIXTURE(test_a_precondition_is_checked_at_once_where_it_can_be),
        WITH_FIXTURE(test_cancel_and_remove),
        WITH_FIXTURE(test_what_is_not_complete_is_not_joined),
        WITH_FIXTURE(test_what_is_cancelled_is_not_joined),
        WITH_FIXTURE(test_a_cancellation_that_is_undone_lets_it_go_on),
        WITH_FIXTURE(test_what_the_hypervisor_or_the_configuration_lacks),
        WITH_FIXTURE(test_a_connection_that_is_not_up),
        WITH_FIXTURE(test_a_full_table_refuses_and_forgets_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
