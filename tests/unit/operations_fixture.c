/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <net-snmp/net-snmp-config.h>

#include <net-snmp/library/snmp_logging.h>

#include <stdlib.h>
#include <string.h>

#include "agent/journal.h"
#include "model/clock.h"
#include "tests/unit/operations_fixture.h"

#define LOGGED_MAX 65536

struct journal {
    int opened;
};

/* Of the running test: the stand-ins have no other way to it. */
static struct fixture *current;
static struct operation **to_remember;
static size_t to_remember_count;
static struct error refusal;
static char log_text[LOGGED_MAX];

/* Lines that somebody waits for, in their order. */
static struct {
    journal_done_fn *done;
    void *argument;
} waiting[ROWS_MAX];
static size_t waiting_count;

/* --- stand-ins -------------------------------------------------------------- */

struct journal *journal_open(const char *folder, const char *name, int64_t keep_ns,
                             struct operation_table *table, uint32_t *ret_next_id,
                             struct error *ret_warning, struct error *error)
{
    static struct journal journal;

    (void)folder;
    (void)ret_warning;
    assert_string_equal(name, "west");
    if (refusal.status != STATUS_OK) {
        *error = refusal;
        return NULL;
    }
    for (size_t i = 0; i < to_remember_count; i++) {
        assert_true(operation_table_add(table, to_remember[i]));
    }
    to_remember_count = 0;
    current->journal_keep_ns = keep_ns;
    journal.opened++;
    assert_int_equal(journal.opened, 1);
    *ret_next_id = OPERATION_MANAGER_ID_MAX + 1;
    return &journal;
}

void journal_write(struct journal *journal, const struct operation *operation,
                   journal_done_fn *done, void *argument)
{
    assert_int_equal(journal->opened, 1);
    assert_true(operation->id < ROWS_MAX);
    current->written[operation->id] = operation->state;
    current->written_removed[operation->id] = operation->is_removed;
    if (done == NULL) {
        return;
    }
    assert_int_equal(operation->state, OPERATION_RUNNING);
    if (!current->write_later) {
        done(argument, NULL);
        return;
    }
    assert_true(waiting_count < ROWS_MAX);
    waiting[waiting_count].done = done;
    waiting[waiting_count++].argument = argument;
}

void write_down(const struct error *error)
{
    for (size_t i = 0; i < waiting_count; i++) {
        waiting[i].done(waiting[i].argument, error);
    }
    waiting_count = 0;
}

void journal_set_keep(struct journal *journal, int64_t keep_ns)
{
    assert_int_equal(journal->opened, 1);
    current->journal_keep_ns = keep_ns;
}

void journal_close(struct journal *journal)
{
    write_down(NULL);
    journal->opened--;
}

void collector_operate(struct collector *collector, struct job *job,
                       const struct error *refused)
{
    (void)collector;
    assert_true(current->job_count < ROWS_MAX);
    current->refusals[current->job_count] =
        refused == NULL ? (struct error)ERROR_NONE : *refused;
    current->jobs[current->job_count++] = job;
}

/* A handler of net-snmp's log. */
static int keep_line(netsnmp_log_handler *handler, int priority, const char *line)
{
    size_t length = strlen(log_text);

    (void)handler;
    (void)priority;
    if (strlen(line) < sizeof(log_text) - length) {
        memcpy(log_text + length, line, strlen(line) + 1);
    }
    return 1;
}

/* Once: net-snmp keeps it as long as the process lives. */
static bool keep_log(void)
{
    static netsnmp_log_handler *handler;

    log_text[0] = '\0';
    if (handler == NULL) {
        handler = netsnmp_register_loghandler(NETSNMP_LOGHANDLER_CALLBACK, LOG_DEBUG);
        if (handler == NULL) {
            return false;
        }
        handler->handler = keep_line;
    }
    return true;
}

/* --- the fixture ------------------------------------------------------------ */

static struct operations *open_operations(struct fixture *fixture, struct error *error)
{
    const struct operations_settings settings = {
        .status = &fixture->status,
        .config = &fixture->config,
        .counters = &fixture->counters,
    };

    return operations_new(&settings, error);
}

int operations_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct error error = ERROR_NONE;

    if (fixture == NULL || !keep_log()) {
        free(fixture);
        return -1;
    }
    current = fixture;
    waiting_count = 0;
    refuse_journal(NULL);
    fixture->config.operation_limit = LIMIT;
    fixture->config.operation_keep_ns = 600 * CLOCK_NS_PER_S;
    fixture->status.name = "west";
    fixture->operations = open_operations(fixture, &error);
    *state = fixture;
    return fixture->operations == NULL ? -1 : 0;
}

int operations_teardown(void **state)
{
    struct fixture *fixture = *state;

    operations_free(fixture->operations);
    for (size_t i = 0; i < fixture->job_count; i++) {
        job_unref(fixture->jobs[i]);
    }
    free(fixture);
    current = NULL;
    return 0;
}

void restart(struct fixture *fixture, struct operation **remembered, size_t count)
{
    struct error error = ERROR_NONE;

    operations_free(fixture->operations);
    to_remember = remembered;
    to_remember_count = count;
    fixture->operations = open_operations(fixture, &error);
    assert_non_null(fixture->operations);
}

void refuse_journal(const struct error *error)
{
    refusal = error == NULL ? (struct error)ERROR_NONE : *error;
}

const char *logged(void)
{
    return log_text;
}

struct uuid uuid_of(uint8_t domain)
{
    return (struct uuid) { { 0xab, [15] = domain } };
}

const struct operation *find_row(struct fixture *fixture, uint8_t domain, uint32_t id)
{
    struct uuid uuid = uuid_of(domain);

    return operation_table_find(operations_table(fixture->operations),
                                OPERATION_CLASS_POWER, &uuid, id);
}

enum operation_state state_of(struct fixture *fixture, uint8_t domain, uint32_t id)
{
    const struct operation *row = find_row(fixture, domain, id);

    assert_non_null(row);
    return row->state;
}

struct operation *make_pause(uint8_t domain, uint32_t id, uint32_t timeout_s)
{
    struct operation *operation = operation_new("ops", "web");

    assert_non_null(operation);
    operation->class = OPERATION_CLASS_POWER;
    operation->uuid = uuid_of(domain);
    operation->id = id;
    operation->action = OPERATION_PAUSE;
    operation->timeout_s = timeout_s;
    return operation;
}

void accept_operation(struct fixture *fixture, struct operation *operation)
{
    assert_true(operations_reserve(fixture->operations, 1));
    assert_true(operations_accept(fixture->operations, operation));
}

void accept_pause(struct fixture *fixture, uint8_t domain, uint32_t id,
                  uint32_t timeout_s)
{
    accept_operation(fixture, make_pause(domain, id, timeout_s));
}

void begin(struct fixture *fixture, uint8_t domain, uint32_t id)
{
    struct uuid uuid = uuid_of(domain);

    operations_begin(fixture->operations, OPERATION_CLASS_POWER, &uuid, id);
}

void add(struct fixture *fixture, uint8_t domain, uint32_t id)
{
    accept_pause(fixture, domain, id, 300);
    begin(fixture, domain, id);
}

void finish(struct fixture *fixture, size_t job, enum status status)
{
    struct error error = ERROR_NONE;

    assert_true(job < fixture->job_count);
    if (status != STATUS_OK) {
        error_set(&error, status, "the words of the hypervisor");
    }
    operations_finish(fixture->operations, fixture->jobs[job]->serial, &error);
}

int64_t check_after(struct fixture *fixture, int64_t seconds)
{
    return operations_check(fixture->operations,
                            clock_boot_ns() + seconds * CLOCK_NS_PER_S);
}

void expect_counts(struct fixture *fixture, uint32_t queued, uint32_t running)
{
    const struct operation_table *table = operations_table(fixture->operations);

    assert_int_equal(table->queued, queued);
    assert_int_equal(table->running, running);
}
