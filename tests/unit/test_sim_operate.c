/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sim_operate.c - what operations do to simulated domains, and what is
 * seen of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tests/unit/sim_fixture.h"
#include "tests/unit/sim_operation.h"

#define AT_ONCE "<sim:operation duration='0'/>"
#define OFF "<test:runstate>5</test:runstate>"
#define PAUSED "<test:runstate>3</test:runstate>"
#define SAVED OFF "<test:hasmanagedsave/>"

static void test_power_actions_lead_from_state_to_state(void **state)
{
    static const struct {
        enum operation_action action;
        enum domain_state state;
    } steps[] = {
        { OPERATION_START, DOMAIN_STATE_RUNNING },
        { OPERATION_PAUSE, DOMAIN_STATE_PAUSED },
        { OPERATION_RESUME, DOMAIN_STATE_RUNNING },
        { OPERATION_REBOOT, DOMAIN_STATE_RUNNING },
        { OPERATION_RESET, DOMAIN_STATE_RUNNING },
        { OPERATION_NMI, DOMAIN_STATE_RUNNING },
        { OPERATION_PM_SUSPEND, DOMAIN_STATE_PAUSED },
        { OPERATION_PM_WAKEUP, DOMAIN_STATE_RUNNING },
        { OPERATION_PM_SUSPEND, DOMAIN_STATE_PAUSED },
        { OPERATION_RESUME, DOMAIN_STATE_RUNNING },
        { OPERATION_SAVE, DOMAIN_STATE_SUSPENDED },
        { OPERATION_RESTORE, DOMAIN_STATE_RUNNING },
        { OPERATION_SHUTDOWN, DOMAIN_STATE_SHUTDOWN },
        { OPERATION_START_PAUSED, DOMAIN_STATE_PAUSED },
        { OPERATION_POWER_OFF, DOMAIN_STATE_SHUTDOWN },
    };
    struct backend *backend;

    (void)state;
    write_file("power.xml", NODE(AT_ONCE DOMAIN("a", OFF) DOMAIN("b", OFF)));
    backend = must_open("power.xml");
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        must_operate(backend, "a", steps[i].action, 0);
        assert_int_equal(state_of(backend, "a"), steps[i].state);
        assert_int_equal(state_of(backend, "b"), DOMAIN_STATE_SHUTDOWN);
    }
    sim()->close(backend);
}

static void test_not_every_state_permits_every_action(void **state)
{
    struct backend *backend;

    (void)state;
    write_file("wrong.xml", NODE(AT_ONCE DOMAIN("off", OFF) DOMAIN("on", "")
                                     DOMAIN("held", PAUSED) DOMAIN("saved", SAVED)));
    backend = must_open("wrong.xml");
    refuse_operation(backend, "off", OPERATION_SHUTDOWN, 0, STATUS_WRONG_STATE,
                     "shutdown: not while \"off\" is shutdown");
    refuse_operation(backend, "on", OPERATION_START, 0, STATUS_WRONG_STATE,
                     "not while \"on\" is running");
    refuse_operation(backend, "held", OPERATION_PAUSE, 0, STATUS_WRONG_STATE, "paused");
    refuse_operation(backend, "held", OPERATION_PM_WAKEUP, 0, STATUS_WRONG_STATE,
                     "paused");
    refuse_operation(backend, "saved", OPERATION_START, 0, STATUS_WRONG_STATE,
                     "suspended");
    refuse_operation(backend, "on", OPERATION_MAKE_RUNNING, 0, STATUS_UNSUPPORTED,
                     "cannot");
    refuse_operation(backend, "on", OPERATION_NONE, 0, STATUS_UNSUPPORTED, "cannot");
    assert_int_equal(state_of(backend, "off"), DOMAIN_STATE_SHUTDOWN);
    assert_int_equal(state_of(backend, "on"), DOMAIN_STATE_RUNNING);
    assert_int_equal(state_of(backend, "held"), DOMAIN_STATE_PAUSED);
    sim()->close(backend);
}

/* What the file says is asleep can be woken up. */
static void test_a_domain_may_be_asleep_in_the_file(void **state)
{
    struct backend *backend;

    (void)state;
    write_file("asleep.xml",
               NODE(AT_ONCE DOMAIN("a", "<test:runstate>7</test:runstate>")));
    backend = must_open("asleep.xml");
    refuse_operation(backend, "a", OPERATION_REBOOT, 0, STATUS_WRONG_STATE, "asleep");
    must_operate(backend, "a", OPERATION_PM_WAKEUP, 0);
    assert_int_equal(state_of(backend, "a"), DOMAIN_STATE_RUNNING);
    sim()->close(backend);
}

static void test_a_change_is_on_its_way_for_a_while(void **state)
{
    static const struct {
        enum operation_action action;
        enum domain_state transit;
        enum domain_state after;
        bool tells_progress;
    } steps[] = {
        { OPERATION_START, DOMAIN_STATE_PREPARING, DOMAIN_STATE_RUNNING, false },
        { OPERATION_SAVE, DOMAIN_STATE_SUSPENDING, DOMAIN_STATE_SUSPENDED, true },
        { OPERATION_RESTORE, DOMAIN_STATE_RESUMING, DOMAIN_STATE_RUNNING, true },
        { OPERATION_SHUTDOWN, DOMAIN_STATE_SHUTTING_DOWN, DOMAIN_STATE_SHUTDOWN,
          false },
    };
    struct backend *backend;

    (void)state;
    write_file("transit.xml", NODE("<sim:operation duration='0.5'/>" DOMAIN("a", OFF)));
    backend = must_open("transit.xml");
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct running *running = begin_operation(backend, "a", steps[i].action, 0);

        wait_for_state(backend, "a", steps[i].transit);
        assert_int_equal(end_operation(running, steps[i].tells_progress
                                                    ? 100
                                                    : OPERATION_PROGRESS_UNKNOWN),
                         STATUS_OK);
        assert_int_equal(state_of(backend, "a"), steps[i].after);
    }
    sim()->close(backend);
}

static int64_t time_of(struct backend *backend, const char *name,
                       enum operation_action action)
{
    int64_t start_ns = clock_boot_ns();

    must_operate(backend, name, action, 0);
    return clock_boot_ns() - start_ns;
}

/* What is said of a domain counts before what is said of the node. */
static void test_durations_are_those_of_the_file(void **state)
{
    struct backend *backend;

    (void)state;
    write_file("times.xml",
               NODE("<sim:operation action='pause' duration='0.12'/>"
                    "<sim:operation action='all' duration='0.06'/>" DOMAIN("a", "")
                        DOMAIN("b", METADATA("<sim:operation action='resume' "
                                             "duration='0.18'/>"))));
    backend = must_open("times.xml");
    assert_true(time_of(backend, "a", OPERATION_PAUSE) >= 120 * CLOCK_NS_PER_MS);
    assert_in_range(time_of(backend, "a", OPERATION_RESUME), 60 * CLOCK_NS_PER_MS,
                    SOON_NS);
    assert_true(time_of(backend, "b", OPERATION_PAUSE) >= 120 * CLOCK_NS_PER_MS);
    assert_true(time_of(backend, "b", OPERATION_RESUME) >= 180 * CLOCK_NS_PER_MS);
    sim()->close(backend);
}

static void test_durations_that_are_none_are_refused(void **state)
{
    static const struct {
        const char *inside;
        const char *words;
    } cases[] = {
        { "<sim:operation action='start'/>", "sim:operation has no duration" },
        { "<sim:operation action='start' duration='2s'/>", "number of seconds" },
        { "<sim:operation action='makeRunning' duration='2'/>", "no such word" },
        { "<sim:operation action='none' duration='2'/>", "no such word" },
        { "<sim:operation on='start' duration='2'/>", "no attribute \"on\"" },
        { "<sim:operation duration='2'/><sim:operation action='all' duration='3'/>",
          "a second sim:operation action=\"all\"" },
        { "<sim:record/>", "sim:record has no file" },
        { "<sim:record file=''/>", "sim:record has no file" },
        { "<sim:record file='a'/><sim:record file='b'/>", "a second sim:record" },
        { "<sim:record file='a' mode='1'/>", "no attribute \"mode\"" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[TEXT_SIZE];

        snprintf(text, sizeof(text), NODE("%s"), cases[i].inside);
        write_file("bad.xml", text);
        refuse("bad.xml", cases[i].words);
    }
    write_file("bad.xml", NODE(DOMAIN("a", METADATA("<sim:record file='a'/>"))));
    refuse("bad.xml", "sim:record is not known in sim:domain");
}

static void test_a_transient_domain_that_ends_is_gone(void **state)
{
    struct backend *backend;

    (void)state;
    write_file("transient.xml",
               NODE(AT_ONCE DOMAIN("a", "<test:transient/>") DOMAIN("b", "")));
    backend = must_open("transient.xml");
    refuse_operation(backend, "a", OPERATION_SAVE, 0, STATUS_UNSUPPORTED, "transient");
    refuse_operation(backend, "a", OPERATION_SET_AUTOSTART, 1, STATUS_UNSUPPORTED,
                     "transient");
    must_operate(backend, "a", OPERATION_SET_AUTOSTART, 2);
    must_operate(backend, "a", OPERATION_PAUSE, 0);
    must_operate(backend, "a", OPERATION_RESUME, 0);
    assert_true(has_domain(backend, "a"));
    must_operate(backend, "b", OPERATION_SHUTDOWN, 0);
    assert_true(has_domain(backend, "b"));

    operate_and_vanish(backend, "a", OPERATION_SHUTDOWN);
    for (enum section section = SECTION_DOMAINS; section < SECTION_COUNT; section++) {
        if (section_is_of_domains(section)) {
            assert_int_equal(count_of(backend, section), 1);
        }
    }
    sim()->close(backend);
}

static void test_configuration_is_as_it_was_set(void **state)
{
    struct backend *backend;
    struct domain_config config;

    (void)state;
    write_file("config.xml",
               NODE(AT_ONCE DOMAIN("a", "<vcpu current='2'>4</vcpu>" OFF)));
    backend = must_open("config.xml");
    config = config_of(backend, "a");
    assert_int_equal(config.cpu_weight, 0);
    assert_true(config.cpu_cap_known && config.cpu_cap == 0);

    must_operate(backend, "a", OPERATION_SET_VCPUS, 4);
    must_operate(backend, "a", OPERATION_SET_MEMORY, 1);
    must_operate(backend, "a", OPERATION_SET_CPU_WEIGHT, 262144);
    must_operate(backend, "a", OPERATION_SET_CPU_CAP, 150);
    config = config_of(backend, "a");
    assert_int_equal(config.vcpus, 4);
    assert_int_equal(config.vcpus_max, 4);
    assert_int_equal(config.memory_bytes, 1024);
    assert_int_equal(config.memory_max_bytes, 64 * 1024 * 1024);
    assert_int_equal(config.cpu_weight, 262144);
    assert_int_equal(config.cpu_cap, 150);

    /* What it has when it is started. */
    must_operate(backend, "a", OPERATION_START, 0);
    assert_int_equal(statistics_of(backend, "a").vcpus, 4);
    assert_int_equal(statistics_of(backend, "a").memory_bytes, 1024);
    must_operate(backend, "a", OPERATION_SET_MEMORY, 64 * 1024);
    assert_int_equal(statistics_of(backend, "a").memory_bytes, 64 * 1024 * 1024);

    assert_int_equal(autostart_of(backend, "a"), DOMAIN_FLAG_NO);
    must_operate(backend, "a", OPERATION_SET_AUTOSTART, 1);
    assert_int_equal(autostart_of(backend, "a"), DOMAIN_FLAG_YES);
    must_operate(backend, "a", OPERATION_SET_AUTOSTART, 2);
    assert_int_equal(autostart_of(backend, "a"), DOMAIN_FLAG_NO);
    sim()->close(backend);
}

static void test_values_out_of_bounds_are_refused(void **state)
{
    struct backend *backend;

    (void)state;
    write_file(
        "bounds.xml",
        NODE(AT_ONCE DOMAIN("a", "<vcpu>4</vcpu>") "<domain><name>b</name></domain>"));
    backend = must_open("bounds.xml");
    refuse_operation(backend, "a", OPERATION_SET_VCPUS, 0, STATUS_INVALID, "setVcpus");
    refuse_operation(backend, "a", OPERATION_SET_VCPUS, 5, STATUS_INVALID,
                     "\"a\" can have 1 to 4");
    refuse_operation(backend, "a", OPERATION_SET_MEMORY, 64 * 1024 + 1, STATUS_INVALID,
                     "\"a\" can have 1 to 65536");
    refuse_operation(backend, "a", OPERATION_SET_CPU_WEIGHT, 0, STATUS_INVALID,
                     "no such value");
    refuse_operation(backend, "a", OPERATION_SET_AUTOSTART, 3, STATUS_INVALID,
                     "no such value");
    assert_int_equal(config_of(backend, "a").vcpus, 4);

    /* Nothing is said of this one's memory. */
    must_operate(backend, "b", OPERATION_SET_MEMORY, UINT32_MAX);
    assert_true(config_of(backend, "b").memory_bytes == UINT32_MAX * INT64_C(1024));
    sim()->close(backend);
}

static void test_changes_outlive_the_connection(void **state)
{
    struct backend *first;
    struct backend *second;

    (void)state;
    write_file("outlive.xml", NODE(AT_ONCE DOMAIN("a", OFF)));
    first = must_open("outlive.xml");
    second = must_open("outlive.xml");
    must_operate(first, "a", OPERATION_START, 0);
    assert_int_equal(state_of(second, "a"), DOMAIN_STATE_RUNNING);
    sim()->close(first);
    sim()->close(second);
    first = must_open("outlive.xml");
    assert_int_equal(state_of(first, "a"), DOMAIN_STATE_RUNNING);
    sim()->close(first);
}

/* Any of its files: what they say is so. */
static void test_changes_end_with_the_file(void **state)
{
    const char *const node = NODE(AT_ONCE DOMAIN("a", "") "<domain file='b.xml'/>");
    struct backend *first;
    struct backend *second;

    (void)state;
    write_file("b.xml", DOMAIN("b", ""));
    write_file("anew.xml", node);
    first = must_open("anew.xml");
    second = must_open("anew.xml");
    must_operate(first, "a", OPERATION_PAUSE, 0);
    must_operate(first, "a", OPERATION_SET_VCPUS, 1);
    assert_int_equal(state_of(second, "a"), DOMAIN_STATE_PAUSED);
    write_file("anew.xml", node);
    assert_int_equal(state_of(first, "a"), DOMAIN_STATE_RUNNING);
    assert_int_equal(state_of(second, "a"), DOMAIN_STATE_RUNNING);

    must_operate(second, "a", OPERATION_PAUSE, 0);
    assert_int_equal(state_of(first, "a"), DOMAIN_STATE_PAUSED);
    write_file("b.xml", DOMAIN("b", ""));
    assert_int_equal(state_of(second, "a"), DOMAIN_STATE_RUNNING);
    assert_int_equal(state_of(first, "a"), DOMAIN_STATE_RUNNING);
    sim()->close(first);
    sim()->close(second);
}

static void test_more_node_files_than_are_remembered(void **state)
{
    struct backend *backend;

    (void)state;
    write_file("first.xml", NODE(AT_ONCE DOMAIN("a", "")));
    backend = must_open("first.xml");
    for (int i = 0; i < 100; i++) {
        char name[32];

        snprintf(name, sizeof(name), "many-%d.xml", i);
        write_file(name, NODE(""));
        sim()->close(must_open(name));
    }
    must_operate(backend, "a", OPERATION_PAUSE, 0);
    assert_int_equal(state_of(backend, "a"), DOMAIN_STATE_PAUSED);
    sim()->close(backend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_actions_lead_from_state_to_state),
        cmocka_unit_test(test_not_every_state_permits_every_action),
        cmocka_unit_test(test_a_domain_may_be_asleep_in_the_file),
        cmocka_unit_test(test_a_change_is_on_its_way_for_a_while),
        cmocka_unit_test(test_durations_are_those_of_the_file),
        cmocka_unit_test(test_durations_that_are_none_are_refused),
        cmocka_unit_test(test_a_transient_domain_that_ends_is_gone),
        cmocka_unit_test(test_configuration_is_as_it_was_set),
        cmocka_unit_test(test_values_out_of_bounds_are_refused),
        cmocka_unit_test(test_changes_outlive_the_connection),
        cmocka_unit_test(test_changes_end_with_the_file),
        cmocka_unit_test(test_more_node_files_than_are_remembered),
    };

    return cmocka_run_group_tests_name("sim_operate", tests, make_folder,
                                       remove_folder);
}
