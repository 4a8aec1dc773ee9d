/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_operation.c - what each action means from each state.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "model/clock.h"
#include "model/operation.h"

/* States in the order of the columns below. */
static const enum domain_state states[] = {
    DOMAIN_STATE_UNKNOWN,       DOMAIN_STATE_OTHER,      DOMAIN_STATE_PREPARING,
    DOMAIN_STATE_RUNNING,       DOMAIN_STATE_SUSPENDING, DOMAIN_STATE_SUSPENDED,
    DOMAIN_STATE_RESUMING,      DOMAIN_STATE_PAUSED,     DOMAIN_STATE_MIGRATING,
    DOMAIN_STATE_SHUTTING_DOWN, DOMAIN_STATE_SHUTDOWN,   DOMAIN_STATE_CRASHED,
};
#define STATES (sizeof(states) / sizeof(states[0]))

/*
 * What is next, by state: "x" do it, "." refused, "d" done, "w" wait, and of goals
 * s start, p startPaused, r resume, R restore, P pause, S save, D shutdown,
 * O powerOff.
 */
static const struct {
    enum operation_action action;
    const char *steps;
} table[] = {
    { OPERATION_START, "..........xx" },
    { OPERATION_START_PAUSED, "..........xx" },
    { OPERATION_SHUTDOWN, "...x........" },
    { OPERATION_REBOOT, "...x........" },
    { OPERATION_RESET, "...x...x...x" },
    { OPERATION_POWER_OFF, "xxxxx.xxxx.x" },
    { OPERATION_PAUSE, "...x........" },
    { OPERATION_RESUME, ".......x...." },
    { OPERATION_SAVE, "...x...x...." },
    { OPERATION_RESTORE, ".....x......" },
    { OPERATION_PM_SUSPEND, "...x........" },
    { OPERATION_PM_WAKEUP, ".......x...." },
    { OPERATION_MAKE_RUNNING, "..wdwRwrwwss" },
    { OPERATION_MAKE_SUSPENDED, "..wSwdwSww.." },
    { OPERATION_MAKE_PAUSED, "..wPw.wdwwpp" },
    { OPERATION_MAKE_SHUTDOWN, "..wDw.w.wwdO" },
    { OPERATION_SET_AUTOSTART, "xxxxxxxxxxxx" },
    { OPERATION_SET_VCPUS, "xxxxxxxxxxxx" },
    { OPERATION_SET_MEMORY, "xxxxxxxxxxxx" },
    { OPERATION_SET_CPU_WEIGHT, "xxxxxxxxxxxx" },
    { OPERATION_SET_CPU_CAP, "xxxxxxxxxxxx" },
    { OPERATION_CORE_DUMP, "...x...x...x" },
    { OPERATION_NMI, "...x........" },
};

static enum operation_action goal_step(char letter)
{
    static const struct {
        char letter;
        enum operation_action action;
    } letters[] = {
        { 's', OPERATION_START },    { 'p', OPERATION_START_PAUSED },
        { 'r', OPERATION_RESUME },   { 'R', OPERATION_RESTORE },
        { 'P', OPERATION_PAUSE },    { 'S', OPERATION_SAVE },
        { 'D', OPERATION_SHUTDOWN }, { 'O', OPERATION_POWER_OFF },
    };

    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        if (letters[i].letter == letter) {
            return letters[i].action;
        }
    }
    return OPERATION_NONE;
}

static void check_step(enum operation_action action, enum domain_state state,
                       char letter)
{
    enum operation_action next = OPERATION_NONE;
    enum operation_step step = operation_next(action, state, &next);

    switch (letter) {
    case '.':
        assert_int_equal(step, OPERATION_STEP_REFUSED);
        break;
    case 'd':
        assert_int_equal(step, OPERATION_STEP_DONE);
        break;
    case 'w':
        assert_int_equal(step, OPERATION_STEP_WAIT);
        break;
    default:
        assert_int_equal(step, OPERATION_STEP_DO);
        assert_int_equal(next, letter == 'x' ? action : goal_step(letter));
        break;
    }
}

static void test_each_action_from_each_state(void **state)
{
    (void)state;
    assert_int_equal(STATES, DOMAIN_STATE_COUNT);
    assert_int_equal(sizeof(table) / sizeof(table[0]), OPERATION_ACTION_COUNT - 1);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        assert_int_equal(strlen(table[i].steps), STATES);
        for (size_t j = 0; j < STATES; j++) {
            check_step(table[i].action, states[j], table[i].steps[j]);
        }
    }
}

static void test_a_goal_is_reached_where_its_step_ends(void **state)
{
    (void)state;
    for (unsigned goal = OPERATION_MAKE_RUNNING; goal <= OPERATION_MAKE_SHUTDOWN;
         goal++) {
        for (size_t i = 0; i < STATES; i++) {
            enum operation_action next;

            if (operation_next((enum operation_action)goal, states[i], &next)
                == OPERATION_STEP_DO) {
                enum domain_state end = operation_outcome(next, states[i]);

                assert_int_equal(
                    end, operation_outcome((enum operation_action)goal, states[i]));
                assert_int_equal(
                    operation_next((enum operation_action)goal, end, &next),
                    OPERATION_STEP_DONE);
            }
        }
    }
}

/* What a domain is left in, by action; DOMAIN_STATE_COUNT: as it was. */
static const int outcomes[OPERATION_ACTION_COUNT] = {
    [OPERATION_NONE] = DOMAIN_STATE_COUNT,
    [OPERATION_START] = DOMAIN_STATE_RUNNING,
    [OPERATION_START_PAUSED] = DOMAIN_STATE_PAUSED,
    [OPERATION_SHUTDOWN] = DOMAIN_STATE_SHUTDOWN,
    [OPERATION_REBOOT] = DOMAIN_STATE_RUNNING,
    [OPERATION_RESET] = DOMAIN_STATE_RUNNING,
    [OPERATION_POWER_OFF] = DOMAIN_STATE_SHUTDOWN,
    [OPERATION_PAUSE] = DOMAIN_STATE_PAUSED,
    [OPERATION_RESUME] = DOMAIN_STATE_RUNNING,
    [OPERATION_SAVE] = DOMAIN_STATE_SUSPENDED,
    [OPERATION_RESTORE] = DOMAIN_STATE_RUNNING,
    [OPERATION_PM_SUSPEND] = DOMAIN_STATE_PAUSED,
    [OPERATION_PM_WAKEUP] = DOMAIN_STATE_RUNNING,
    [OPERATION_MAKE_RUNNING] = DOMAIN_STATE_RUNNING,
    [OPERATION_MAKE_SUSPENDED] = DOMAIN_STATE_SUSPENDED,
    [OPERATION_MAKE_PAUSED] = DOMAIN_STATE_PAUSED,
    [OPERATION_MAKE_SHUTDOWN] = DOMAIN_STATE_SHUTDOWN,
    [OPERATION_SET_AUTOSTART] = DOMAIN_STATE_COUNT,
    [OPERATION_SET_VCPUS] = DOMAIN_STATE_COUNT,
    [OPERATION_SET_MEMORY] = DOMAIN_STATE_COUNT,
    [OPERATION_SET_CPU_WEIGHT] = DOMAIN_STATE_COUNT,
    [OPERATION_SET_CPU_CAP] = DOMAIN_STATE_COUNT,
    [OPERATION_CORE_DUMP] = DOMAIN_STATE_COUNT,
    [OPERATION_NMI] = DOMAIN_STATE_COUNT,
};

static void test_what_each_action_leaves(void **state)
{
    (void)state;
    for (unsigned action = 0; action < OPERATION_ACTION_COUNT; action++) {
        for (size_t i = 0; i < STATES; i++) {
            int end = outcomes[action] == DOMAIN_STATE_COUNT ? (int)states[i]
                                                             : outcomes[action];

            if (action == OPERATION_RESET && states[i] == DOMAIN_STATE_PAUSED) {
                end = DOMAIN_STATE_PAUSED;
            }
            assert_int_equal(
                operation_outcome((enum operation_action)action, states[i]), end);
        }
    }
}

static void test_admin_states_are_goals(void **state)
{
    (void)state;
    for (unsigned admin = 1; admin < DOMAIN_ADMIN_STATE_COUNT; admin++) {
        enum operation_action goal =
            operation_of_admin_state((enum domain_admin_state)admin);

        assert_int_not_equal(goal, OPERATION_NONE);
        assert_int_equal(operation_admin_state(goal), admin);
    }
    assert_int_equal(operation_of_admin_state(DOMAIN_ADMIN_STATE_UNKNOWN),
                     OPERATION_NONE);
    assert_int_equal(operation_admin_state(OPERATION_START),
                     DOMAIN_ADMIN_STATE_UNKNOWN);
}

static void test_values_and_their_bounds(void **state)
{
    static const struct {
        enum operation_action action;
        uint32_t least, most;
    } bounds[] = {
        { OPERATION_START, 0, 0 },
        { OPERATION_MAKE_RUNNING, 0, 0 },
        { OPERATION_SET_AUTOSTART, 1, 2 },
        { OPERATION_SET_VCPUS, 1, 65535 },
        { OPERATION_SET_MEMORY, 1, UINT32_MAX },
        { OPERATION_SET_CPU_WEIGHT, 1, 262144 },
        { OPERATION_SET_CPU_CAP, 0, 1000000 },
        { OPERATION_CORE_DUMP, 0, 0 },
        { OPERATION_NMI, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        assert_true(operation_value_is_valid(bounds[i].action, bounds[i].least));
        assert_true(operation_value_is_valid(bounds[i].action, bounds[i].most));
        if (bounds[i].least > 0) {
            assert_false(
                operation_value_is_valid(bounds[i].action, bounds[i].least - 1));
        }
        if (bounds[i].most < UINT32_MAX) {
            assert_false(
                operation_value_is_valid(bounds[i].action, bounds[i].most + 1));
        }
    }
}

/* Numbers, names and classes as HVAGENTX-MIB publishes them. */
static void test_the_numbers_that_managers_know(void **state)
{
    static const char *const names[] = {
        "none",         "start",        "startPaused",  "shutdown",    "reboot",
        "reset",        "powerOff",     "pause",        "resume",      "save",
        "restore",      "pmSuspend",    "pmWakeup",     "makeRunning", "makeSuspended",
        "makePaused",   "makeShutdown", "setAutoStart", "setVcpus",    "setMemory",
        "setCpuWeight", "setCpuCap",    "coreDump",     "nmi",
    };

    (void)state;
    assert_int_equal(sizeof(names) / sizeof(names[0]), OPERATION_ACTION_COUNT);
    for (unsigned i = 0; i < OPERATION_ACTION_COUNT; i++) {
        enum operation_action action = (enum operation_action)i;

        assert_string_equal(operation_action_name(action), names[i]);
        if (i > 0) {
            assert_int_equal(operation_class_of(action), i <= 16 ? OPERATION_CLASS_POWER
                                                         : i <= 21
                                                             ? OPERATION_CLASS_CONFIG
                                                             : OPERATION_CLASS_DEBUG);
        }
    }
}

static void test_names_of_classes_and_states(void **state)
{
    static const char *const classes[] = { "none",      "power",   "config",
                                           "provision", "destroy", "debug" };
    static const char *const names[] = {
        "none",   "queued",    "running", "succeeded",
        "failed", "cancelled", "expired", "interrupted"
    };

    (void)state;
    assert_int_equal(sizeof(classes) / sizeof(classes[0]), OPERATION_CLASS_COUNT);
    for (unsigned i = 0; i < OPERATION_CLASS_COUNT; i++) {
        assert_string_equal(operation_class_name((enum operation_class)i), classes[i]);
        assert_int_equal(operation_class_find(classes[i]), i);
    }
    assert_int_equal(operation_class_find("Power"), OPERATION_CLASS_POWER);
    assert_int_equal(operation_class_find("powe"), 0);
    assert_int_equal(operation_class_find(""), 0);
    assert_int_equal(sizeof(names) / sizeof(names[0]), OPERATION_STATE_COUNT);
    for (unsigned i = 0; i < OPERATION_STATE_COUNT; i++) {
        assert_string_equal(operation_state_name((enum operation_state)i), names[i]);
    }
}

/* Numbers may come from outside: a line of the journal, a varbind. */
static void test_numbers_that_mean_nothing(void **state)
{
    static const unsigned numbers[] = { 64, 9999, UINT32_MAX };

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        enum operation_action action = (enum operation_action)numbers[i];
        enum operation_action next = OPERATION_NONE;

        assert_string_equal(operation_action_name(action), "none");
        assert_string_equal(operation_class_name((enum operation_class)numbers[i]),
                            "none");
        assert_string_equal(operation_state_name((enum operation_state)numbers[i]),
                            "none");
        assert_int_equal(operation_next(action, DOMAIN_STATE_RUNNING, &next),
                         OPERATION_STEP_REFUSED);
        assert_int_equal(operation_outcome(action, DOMAIN_STATE_RUNNING),
                         DOMAIN_STATE_RUNNING);
    }
}

static void test_final_states(void **state)
{
    (void)state;
    for (unsigned one = 1; one < OPERATION_STATE_COUNT; one++) {
        assert_int_equal(operation_state_is_final((enum operation_state)one),
                         one != OPERATION_QUEUED && one != OPERATION_RUNNING);
    }
}

static void test_a_new_one_is_queued_and_nothing_else(void **state)
{
    char role[] = "ops";
    char name[] = "web";
    struct operation *operation = operation_new(role, name);

    (void)state;
    assert_non_null(operation);
    role[0] = name[0] = '!';
    assert_string_equal(operation->role, "ops");
    assert_string_equal(operation->name, "web");
    assert_int_equal(operation->state, OPERATION_QUEUED);
    assert_int_equal(operation->expected, DOMAIN_STATE_UNKNOWN);
    assert_int_equal(operation->progress, OPERATION_PROGRESS_UNKNOWN);
    assert_int_equal(operation->accepted_ns, CLOCK_NEVER);
    assert_int_equal(operation->started_ns, CLOCK_NEVER);
    assert_int_equal(operation->finished_ns, CLOCK_NEVER);
    assert_int_equal(operation->forget_ns, CLOCK_NEVER);
    assert_int_equal(operation->error, STATUS_OK);
    assert_null(operation->error_text);
    assert_false(operation->is_removed);
    operation_free(operation);
}

static void test_words_of_an_error_are_cleaned(void **state)
{
    struct operation *operation = operation_new("ops", "web");
    const struct error error = { STATUS_FAILED, "no\x1b[2J way" };
    const struct error none = { STATUS_OK, "" };

    (void)state;
    assert_non_null(operation);
    operation_set_error(operation, &error);
    assert_string_equal(operation->error_text, "no[2J way");
    assert_int_equal(operation->error, STATUS_FAILED);
    operation_set_error(operation, &none);
    assert_null(operation->error_text);
    operation_free(operation);
    operation_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_action_from_each_state),
        cmocka_unit_test(test_a_goal_is_reached_where_its_step_ends),
        cmocka_unit_test(test_what_each_action_leaves),
        cmocka_unit_test(test_admin_states_are_goals),
        cmocka_unit_test(test_values_and_their_bounds),
        cmocka_unit_test(test_the_numbers_that_managers_know),
        cmocka_unit_test(test_names_of_classes_and_states),
        cmocka_unit_test(test_numbers_that_mean_nothing),
        cmocka_unit_test(test_final_states),
        cmocka_unit_test(test_a_new_one_is_queued_and_nothing_else),
        cmocka_unit_test(test_words_of_an_error_are_cleaned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
