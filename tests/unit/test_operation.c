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

static void test_outcomes(void **state)
{
    (void)state;
    assert_int_equal(operation_outcome(OPERATION_PAUSE, DOMAIN_STATE_RUNNING),
                     DOMAIN_STATE_PAUSED);
    assert_int_equal(operation_outcome(OPERATION_REBOOT, DOMAIN_STATE_RUNNING),
                     DOMAIN_STATE_RUNNING);
    assert_int_equal(operation_outcome(OPERATION_RESET, DOMAIN_STATE_PAUSED),
                     DOMAIN_STATE_PAUSED);
    assert_int_equal(operation_outcome(OPERATION_RESET, DOMAIN_STATE_CRASHED),
                     DOMAIN_STATE_RUNNING);
    assert_int_equal(operation_outcome(OPERATION_SAVE, DOMAIN_STATE_PAUSED),
                     DOMAIN_STATE_SUSPENDED);
    assert_int_equal(operation_outcome(OPERATION_SET_VCPUS, DOMAIN_STATE_CRASHED),
                     DOMAIN_STATE_CRASHED);
    assert_int_equal(operation_outcome(OPERATION_CORE_DUMP, DOMAIN_STATE_PAUSED),
                     DOMAIN_STATE_PAUSED);
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

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(operation_action_name(OPERATION_START_PAUSED), "startPaused");
    assert_string_equal(operation_action_name((enum operation_action)9999), "none");
    assert_string_equal(operation_class_name(OPERATION_CLASS_DEBUG), "debug");
    assert_string_equal(operation_state_name(OPERATION_INTERRUPTED), "interrupted");
    assert_int_equal(operation_class_find("Power"), OPERATION_CLASS_POWER);
    assert_int_equal(operation_class_find("none"), 0);
    assert_int_equal(operation_class_find(""), 0);
    for (unsigned action = 1; action < OPERATION_ACTION_COUNT; action++) {
        for (unsigned other = 1; other < action; other++) {
            assert_string_not_equal(
                operation_action_name((enum operation_action)action),
                operation_action_name((enum operation_action)other));
        }
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

static void test_words_of_an_error_are_cleaned(void **state)
{
    struct operation *operation = operation_new("ops", "web");
    const struct error error = { STATUS_FAILED, "no\x1b[2J way" };
    const struct error none = { STATUS_OK, "" };

    (void)state;
    assert_non_null(operation);
    assert_int_equal(operation->state, OPERATION_QUEUED);
    assert_int_equal(operation->progress, OPERATION_PROGRESS_UNKNOWN);
    assert_int_equal(operation->forget_ns, CLOCK_NEVER);
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
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_admin_states_are_goals),
        cmocka_unit_test(test_values_and_their_bounds),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_final_states),
        cmocka_unit_test(test_words_of_an_error_are_cleaned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
