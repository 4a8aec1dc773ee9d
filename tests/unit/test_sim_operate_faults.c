/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sim_operate_faults.c - operations on simulated domains that fail, or
 * hang, or come at the same time; and what proves that each is done once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/uuid.h"
#include "tests/unit/sim_fixture.h"
#include "tests/unit/sim_operation.h"

#define AT_ONCE "<sim:operation duration='0'/>"
#define SLOWLY "<sim:operation duration='86400'/>"
#define RECORD "<sim:record file='operations.log'/>"
#define OFF "<test:runstate>5</test:runstate>"

/* The file of the record, and how many lines it has; its file is removed. */
static size_t take_record(char text[static TEXT_SIZE])
{
    FILE *file = fopen(path_of("operations.log"), "re");
    size_t lines = 0;
    size_t size = 0;

    if (file != NULL) {
        size = fread(text, 1, TEXT_SIZE - 1, file);
        fclose(file);
        assert_int_equal(unlink(path_of("operations.log")), 0);
    }
    text[size] = '\0';
    for (size_t i = 0; i < size; i++) {
        lines += text[i] == '\n';
    }
    return lines;
}

static size_t count_record(void)
{
    char text[TEXT_SIZE];

    return take_record(text);
}

static void test_what_was_done_is_recorded_once(void **state)
{
    char uuid[UUID_TEXT_SIZE];
    char wanted[TEXT_SIZE];
    char text[TEXT_SIZE];
    struct uuid raw;
    struct backend *backend;

    (void)state;
    write_file("record.xml", NODE(AT_ONCE RECORD DOMAIN("web &amp; mail", "")
                                      DOMAIN("b", "<test:transient/>")));
    backend = must_open("record.xml");
    must_operate(backend, "web & mail", OPERATION_SHUTDOWN, 0);
    refuse_operation(backend, "web & mail", OPERATION_SHUTDOWN, 0, STATUS_WRONG_STATE,
                     "");
    refuse_operation(backend, "b", OPERATION_SAVE, 0, STATUS_UNSUPPORTED, "");
    refuse_operation(backend, "b", OPERATION_SET_VCPUS, 9, STATUS_INVALID, "");
    must_operate(backend, "web & mail", OPERATION_SET_CPU_CAP, 0);
    operate_and_vanish(backend, "b", OPERATION_POWER_OFF);
    raw = uuid_of(backend, "web & mail");
    sim()->close(backend);

    assert_int_equal(take_record(text), 3);
    snprintf(wanted, sizeof(wanted), "\t%s\tweb & mail\tshutdown\t-\n",
             uuid_format(&raw, uuid));
    assert_non_null(strstr(text, wanted));
    snprintf(wanted, sizeof(wanted), "Z\t%s\tweb & mail\tsetCpuCap\t0\n", uuid);
    assert_non_null(strstr(text, wanted));
    assert_non_null(strstr(text, "\tb\tpowerOff\t-\n"));
    assert_int_equal(strspn(text, "0123456789-:TZ"), strlen("2000-01-01T00:00:00Z"));
}

/* Without a line nothing is done. */
static void test_what_cannot_be_recorded_is_not_done(void **state)
{
    struct backend *backend;

    (void)state;
    write_file(
        "norecord.xml",
        NODE(AT_ONCE "<sim:record file='none/operations.log'/>" DOMAIN("a", "")));
    backend = must_open("norecord.xml");
    refuse_operation(backend, "a", OPERATION_PAUSE, 0, STATUS_IO,
                     "none/operations.log");
    refuse_operation(backend, "a", OPERATION_SHUTDOWN, 0, STATUS_IO, "sim:record");
    assert_int_equal(state_of(backend, "a"), DOMAIN_STATE_RUNNING);
    sim()->close(backend);
}

static void test_an_operation_may_fail(void **state)
{
    struct backend *backend;

    (void)state;
    write_file("fail.xml",
               NODE(AT_ONCE RECORD
                    "<sim:fault kind='fail' on='operate' for='0'/>\n" DOMAIN(
                        "a", METADATA("<sim:fault kind='fail' on='operate'/>"))
                        DOMAIN("b", METADATA("<sim:fault kind='fail' on='configs'/>"))
                            DOMAIN("c", METADATA("<sim:fault kind='slow' delay='100' "
                                                 "on='operate'/>"))));
    backend = must_open("fail.xml");
    refuse_operation(backend, "a", OPERATION_PAUSE, 0, STATUS_FAILED,
                     "fail.xml:3: simulated failure");
    assert_int_equal(state_of(backend, "a"), DOMAIN_STATE_RUNNING);
    must_operate(backend, "b", OPERATION_PAUSE, 0);
    assert_int_equal(count_record(), 1);

    /* Late, whatever the deadline is: it was told already. */
    assert_int_equal(operate_until(backend, "c", OPERATION_PAUSE,
                                   clock_boot_ns() + CLOCK_NS_PER_MS, NULL),
                     STATUS_OK);
    assert_int_equal(state_of(backend, "c"), DOMAIN_STATE_PAUSED);
    assert_int_equal(count_record(), 1);

    /* What strikes all calls strikes this one. */
    write_file("fail.xml",
               NODE(AT_ONCE DOMAIN("a", METADATA("<sim:fault kind='fail'/>"))));
    assert_int_equal(count_of(backend, SECTION_DOMAINS), 0);
    sim()->close(backend);
}

static struct backend_operation operation_on(const struct uuid *uuid,
                                             enum operation_action action,
                                             int64_t deadline_ns, atomic_int *progress)
{
    return (struct backend_operation) {
        .action = action,
        .uuid = *uuid,
        .name = "a",
        .deadline_ns = deadline_ns,
        .progress = progress,
    };
}

/* For faults that strike the list of domains, too. */
static enum status operate_on(struct backend *backend, const struct uuid *uuid,
                              struct error *error)
{
    atomic_int progress = OPERATION_PROGRESS_UNKNOWN;
    const struct backend_operation operation = operation_on(
        uuid, OPERATION_PAUSE, clock_boot_ns() + 50 * CLOCK_NS_PER_MS, &progress);

    return sim()->operate(backend, &operation, error);
}

static void test_each_fault_has_its_status(void **state)
{
    static const struct {
        const char *node_fault;
        const char *domain_fault;
        enum status status;
    } cases[] = {
        { "", "", STATUS_OK },
        { "<sim:fault kind='fail'/>", "", STATUS_FAILED },
        { "", "<sim:fault kind='fail'/>", STATUS_FAILED },
        { "<sim:fault kind='down' on='operate'/>", "", STATUS_UNAVAILABLE },
        { "", "<sim:fault kind='vanish'/>", STATUS_NOT_FOUND },
        { "<sim:fault kind='hang' on='operate'/>", "", STATUS_TIMEOUT },
        { "", "<sim:fault kind='hang'/>", STATUS_TIMEOUT },
        { "", "<sim:fault kind='hang' on='operate' for='0.02'/>", STATUS_OK },
        { "<sim:fault kind='hang' on='configs'/>",
          "<sim:fault kind='hang' on='domains'/>", STATUS_OK },
    };
    struct backend *backend;
    struct uuid uuid;

    (void)state;
    write_file("each.xml", NODE(AT_ONCE DOMAIN("a", "")));
    backend = must_open("each.xml");
    uuid = uuid_of(backend, "a");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = ERROR_NONE;
        char text[TEXT_SIZE];

        snprintf(text, sizeof(text), NODE(AT_ONCE "%s" DOMAIN("a", METADATA("%s"))),
                 cases[i].node_fault, cases[i].domain_fault);
        write_file("each.xml", text);
        assert_int_equal(operate_on(backend, &uuid, &error), cases[i].status);
        assert_int_equal(error.status, cases[i].status);
        assert_true(cases[i].status == STATUS_OK || strlen(error.text) > 8);
    }
    uuid.bytes[0] ^= 1;
    assert_int_equal(operate_on(backend, &uuid, NULL), STATUS_NOT_FOUND);
    sim()->close(backend);
}

/* The file is mended, and the operation that hung goes on with it. */
static void test_what_hangs_goes_on_when_it_is_mended(void **state)
{
    struct backend *backend;
    struct running *running;

    (void)state;
    write_file("hang.xml",
               NODE(AT_ONCE RECORD DOMAIN(
                   "a", METADATA("<sim:fault kind='hang' on='operate'/>"))));
    backend = must_open("hang.xml");
    running = begin_operation(backend, "a", OPERATION_PAUSE, 0);
    assert_int_equal(state_of(backend, "a"), DOMAIN_STATE_RUNNING);
    write_file("hang.xml", NODE(AT_ONCE RECORD DOMAIN("a", "")));
    assert_int_equal(end_operation(running, OPERATION_PROGRESS_UNKNOWN), STATUS_OK);
    assert_int_equal(state_of(backend, "a"), DOMAIN_STATE_PAUSED);
    assert_int_equal(count_record(), 1);
    sim()->close(backend);
}

/* A guest that does not do it is waited for until the deadline, and no longer. */
static void test_a_guest_may_take_too_long(void **state)
{
    static const enum operation_action actions[] = { OPERATION_SHUTDOWN,
                                                     OPERATION_REBOOT,
                                                     OPERATION_PM_SUSPEND };
    struct backend *backend;

    (void)state;
    write_file("guest.xml", NODE(SLOWLY RECORD DOMAIN("a", "")));
    backend = must_open("guest.xml");
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        struct error error = ERROR_NONE;

        assert_int_equal(operate_until(backend, "a", actions[i],
                                       clock_boot_ns() + 30 * CLOCK_NS_PER_MS, &error),
                         STATUS_TIMEOUT);
        assert_non_null(strstr(error.text, "the guest of \"a\""));
        assert_int_equal(state_of(backend, "a"), DOMAIN_STATE_RUNNING);
    }
    assert_int_equal(count_record(), 0);
    sim()->close(backend);
}

static void test_what_needs_no_guest_is_done_late(void **state)
{
    struct backend *backend;

    (void)state;
    write_file("late.xml",
               NODE("<sim:operation duration='0.06'/>" RECORD DOMAIN("a", OFF)));
    backend = must_open("late.xml");
    assert_int_equal(operate_until(backend, "a", OPERATION_START,
                                   clock_boot_ns() + CLOCK_NS_PER_MS, NULL),
                     STATUS_OK);
    assert_int_equal(state_of(backend, "a"), DOMAIN_STATE_RUNNING);
    assert_int_equal(count_record(), 1);
    sim()->close(backend);
}

static void test_the_file_may_change_under_an_operation(void **state)
{
    const char *const node =
        NODE("<sim:operation duration='0.6'/>" RECORD DOMAIN("a", ""));
    struct backend *backend;
    struct running *running;

    (void)state;
    write_file("under.xml", node);
    backend = must_open("under.xml");
    running = begin_operation(backend, "a", OPERATION_SHUTDOWN, 0);
    wait_for_state(backend, "a", DOMAIN_STATE_SHUTTING_DOWN);
    write_file("under.xml", node);
    assert_int_equal(state_of(backend, "a"), DOMAIN_STATE_RUNNING);
    assert_int_equal(end_operation(running, OPERATION_PROGRESS_UNKNOWN), STATUS_FAILED);
    assert_int_equal(state_of(backend, "a"), DOMAIN_STATE_RUNNING);
    assert_int_equal(count_record(), 0);
    must_operate(backend, "a", OPERATION_PAUSE, 0);
    assert_int_equal(count_record(), 1);
    sim()->close(backend);
}

static void test_the_connection_may_be_closed_meanwhile(void **state)
{
    struct backend *backend;
    struct backend *other;
    struct running *running;

    (void)state;
    write_file("closed.xml", NODE(SLOWLY RECORD DOMAIN("a", "")));
    backend = must_open("closed.xml");
    other = must_open("closed.xml");
    running = begin_operation(backend, "a", OPERATION_SAVE, 0);
    wait_for_state(other, "a", DOMAIN_STATE_SUSPENDING);
    sim()->close(backend);
    assert_int_equal(end_operation(running, 0), STATUS_UNAVAILABLE);
    assert_int_equal(state_of(other, "a"), DOMAIN_STATE_RUNNING);
    assert_int_equal(count_record(), 0);
    sim()->close(other);
}

static void test_domains_are_operated_on_at_once(void **state)
{
    enum { COUNT = 8 };
    static const char *const names[COUNT] = { "a", "b", "c", "d", "e", "f", "g", "h" };
    struct running *running[COUNT];
    struct backend *backend;
    int64_t start_ns;

    (void)state;
    write_file("atonce.xml",
               NODE("<sim:operation duration='0.3'/>" RECORD DOMAIN("a", "")
                        DOMAIN("b", "") DOMAIN("c", "") DOMAIN("d", "") DOMAIN("e", "")
                            DOMAIN("f", "") DOMAIN("g", "") DOMAIN("h", "")));
    backend = must_open("atonce.xml");
    start_ns = clock_boot_ns();
    for (size_t i = 0; i < COUNT; i++) {
        running[i] = begin_operation(backend, names[i], OPERATION_PAUSE, 0);
    }
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(end_operation(running[i], OPERATION_PROGRESS_UNKNOWN),
                         STATUS_OK);
        assert_int_equal(state_of(backend, names[i]), DOMAIN_STATE_PAUSED);
    }
    /* One after the other they take longer. */
    assert_true(clock_boot_ns() - start_ns < 300 * COUNT * CLOCK_NS_PER_MS);
    assert_int_equal(count_record(), COUNT);
    sim()->close(backend);
}

/* Two agents on one domain: the second one is refused. */
static void test_a_domain_is_busy_with_one_operation(void **state)
{
    struct backend *first;
    struct backend *second;
    struct running *running;

    (void)state;
    write_file("busy.xml",
               NODE("<sim:operation action='shutdown' duration='0.6'/>" RECORD DOMAIN(
                   "a", "")));
    first = must_open("busy.xml");
    second = must_open("busy.xml");
    running = begin_operation(first, "a", OPERATION_SHUTDOWN, 0);
    wait_for_state(second, "a", DOMAIN_STATE_SHUTTING_DOWN);
    refuse_operation(second, "a", OPERATION_POWER_OFF, 0, STATUS_BUSY, "under way");
    assert_int_equal(end_operation(running, OPERATION_PROGRESS_UNKNOWN), STATUS_OK);
    assert_int_equal(state_of(second, "a"), DOMAIN_STATE_SHUTDOWN);
    assert_int_equal(count_record(), 1);
    sim()->close(first);
    sim()->close(second);
}

static void test_a_core_dump_is_for_its_owner(void **state)
{
    char path[PATH_SIZE];
    struct backend *backend;
    struct stat status;
    struct error error = ERROR_NONE;

    (void)state;
    snprintf(path, sizeof(path), "%s", path_of("a.core"));
    write_file("dump.xml", NODE(AT_ONCE RECORD DOMAIN("a", "") DOMAIN("b", OFF)));
    backend = must_open("dump.xml");
    assert_int_equal(operate_file(backend, "a", path, NULL), STATUS_OK);
    assert_int_equal(stat(path, &status), 0);
    assert_true(S_ISREG(status.st_mode));
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_true(status.st_size > 0);
    assert_int_equal(state_of(backend, "a"), DOMAIN_STATE_RUNNING);

    /* What is there is left as it is. */
    assert_int_equal(operate_file(backend, "a", path, &error), STATUS_IO);
    assert_non_null(strstr(error.text, path));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(operate_file(backend, "b", path, NULL), STATUS_WRONG_STATE);
    assert_int_equal(operate_file(backend, "a", NULL, NULL), STATUS_INVALID);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(count_record(), 1);
    sim()->close(backend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_done_is_recorded_once),
        cmocka_unit_test(test_what_cannot_be_recorded_is_not_done),
        cmocka_unit_test(test_an_operation_may_fail),
        cmocka_unit_test(test_each_fault_has_its_status),
        cmocka_unit_test(test_what_hangs_goes_on_when_it_is_mended),
        cmocka_unit_test(test_a_guest_may_take_too_long),
        cmocka_unit_test(test_what_needs_no_guest_is_done_late),
        cmocka_unit_test(test_the_file_may_change_under_an_operation),
        cmocka_unit_test(test_the_connection_may_be_closed_meanwhile),
        cmocka_unit_test(test_domains_are_operated_on_at_once),
        cmocka_unit_test(test_a_domain_is_busy_with_one_operation),
        cmocka_unit_test(test_a_core_dump_is_for_its_owner),
    };

    return cmocka_run_group_tests_name("sim_operate_faults", tests, make_folder,
                                       remove_folder);
}
