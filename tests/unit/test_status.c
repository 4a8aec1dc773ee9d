/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_status.c - what an operator reads when something failed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "model/status.h"

static void test_every_status_has_its_own_name(void **state)
{
    (void)state;
    for (int i = 0; i < STATUS_COUNT; i++) {
        const char *name = status_name((enum status)i);

        assert_non_null(name);
        assert_true(strlen(name) > 0);
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(name, status_name((enum status)j));
        }
    }
    assert_string_equal(status_name(STATUS_UNAVAILABLE), "unavailable");
}

/* Managers read them as hvxOperationErrorCode, one higher. */
static void test_the_numbers_that_managers_know(void **state)
{
    static const char *const names[] = {
        "ok",          "invalid",     "not found",    "denied",
        "unsupported", "unavailable", "timeout",      "wrong state",
        "busy",        "no memory",   "input/output", "failed",
    };

    (void)state;
    assert_int_equal(sizeof(names) / sizeof(names[0]), STATUS_COUNT);
    for (int i = 0; i < STATUS_COUNT; i++) {
        assert_string_equal(status_name((enum status)i), names[i]);
    }
    assert_int_equal(STATUS_WRONG_STATE, 7);
}

static void test_a_status_from_nowhere_has_a_name_too(void **state)
{
    (void)state;
    assert_non_null(status_name((enum status)STATUS_COUNT));
    assert_non_null(status_name((enum status)9999));
}

static void test_set_fills_and_returns(void **state)
{
    struct error error = ERROR_NONE;

    (void)state;
    assert_int_equal(error_set(&error, STATUS_DENIED, "%s: line %d", "f.conf", 7),
                     STATUS_DENIED);
    assert_int_equal(error.status, STATUS_DENIED);
    assert_string_equal(error.text, "f.conf: line 7");
}

static void test_without_an_error_object_the_status_is_kept(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, STATUS_IO, "%s", "lost"), STATUS_IO);
    assert_int_equal(error_prefix(NULL, "%s", "lost"), STATUS_FAILED);
}

static void test_long_text_is_cut_at_a_character(void **state)
{
    struct error error = ERROR_NONE;
    char text[2 * ERROR_TEXT_SIZE];

    (void)state;
    /* Characters of three octets: 511 is one more than a multiple of three. */
    memset(text, 0, sizeof(text));
    for (size_t i = 0; i + 3 < sizeof(text); i += 3) {
        memcpy(text + i, "\xe2\x82\xac", 3);
    }
    error_set(&error, STATUS_FAILED, "%s", text);
    assert_int_equal(strlen(error.text), 510);
    assert_memory_equal(error.text, text, 510);

    error_set(&error, STATUS_FAILED, "%0600d", 1);
    assert_int_equal(strlen(error.text), ERROR_TEXT_SIZE - 1);
}

static void test_the_text_is_one_clean_line(void **state)
{
    struct error error = ERROR_NONE;

    (void)state;
    error_set(&error, STATUS_FAILED, "guest said:\n\t\033[31mhello\r\n\n");
    assert_string_equal(error.text, "guest said:  [31mhello");
    error_set(&error, STATUS_FAILED, "octet \xff");
    assert_string_equal(error.text, "octet ?");
    error_set(&error, STATUS_FAILED, "%s", "\n");
    assert_string_equal(error.text, "");
}

static void test_prefix_goes_in_front(void **state)
{
    struct error error = ERROR_NONE;

    (void)state;
    error_set(&error, STATUS_TIMEOUT, "no answer for %d ms", 400);
    assert_int_equal(error_prefix(&error, "connection %s", "main"), STATUS_TIMEOUT);
    assert_string_equal(error.text, "connection main: no answer for 400 ms");
    assert_int_equal(error.status, STATUS_TIMEOUT);
}

static void test_prefix_cuts_the_end_not_itself(void **state)
{
    struct error error = ERROR_NONE;

    (void)state;
    error_set(&error, STATUS_IO, "%0511d", 0);
    error_prefix(&error, "where");
    assert_int_equal(strlen(error.text), ERROR_TEXT_SIZE - 1);
    assert_memory_equal(error.text, "where: 000", 10);

    error_prefix(&error, "%02000d", 0);
    assert_int_equal(strlen(error.text), ERROR_TEXT_SIZE - 1);
}

static void test_an_error_may_be_made_of_itself(void **state)
{
    struct error error = ERROR_NONE;

    (void)state;
    error_set(&error, STATUS_IO, "disk full");
    error_set(&error, STATUS_FAILED, "not saved (%s)", error.text);
    assert_string_equal(error.text, "not saved (disk full)");
    error_prefix(&error, "%s", error.text);
    assert_string_equal(error.text, "not saved (disk full): not saved (disk full)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_status_has_its_own_name),
        cmocka_unit_test(test_the_numbers_that_managers_know),
        cmocka_unit_test(test_a_status_from_nowhere_has_a_name_too),
        cmocka_unit_test(test_set_fills_and_returns),
        cmocka_unit_test(test_without_an_error_object_the_status_is_kept),
        cmocka_unit_test(test_long_text_is_cut_at_a_character),
        cmocka_unit_test(test_the_text_is_one_clean_line),
        cmocka_unit_test(test_prefix_goes_in_front),
        cmocka_unit_test(test_prefix_cuts_the_end_not_itself),
        cmocka_unit_test(test_an_error_may_be_made_of_itself),
    };

    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
