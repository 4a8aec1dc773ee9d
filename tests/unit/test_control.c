/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_control.c - what a role may do to which domains.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "model/control.h"

#define WEB_UUID "6695eb01-f6a4-8304-79aa-97f2502e193f"

static void add(struct control *control, bool allow, const char *pattern)
{
    struct error error = ERROR_NONE;

    assert_int_equal(control_add(control, allow, pattern, &error), STATUS_OK);
}

static bool permits(const struct control *control, const char *uuid_text,
                    const char *name)
{
    struct uuid uuid = { { 0 } };

    assert_true(uuid_text[0] == '\0' || uuid_parse(uuid_text, &uuid));
    return control_permits(control, OPERATION_CLASS_POWER, &uuid, name);
}

static void test_nothing_is_permitted_by_default(void **state)
{
    struct control control = { 0 };

    (void)state;
    assert_false(permits(&control, WEB_UUID, "web"));
    assert_false(permits(NULL, WEB_UUID, "web"));
}

static void test_only_its_classes(void **state)
{
    struct control control = { .classes = OPERATION_CLASS_BIT(OPERATION_CLASS_DEBUG) };
    struct uuid uuid;

    (void)state;
    assert_true(uuid_parse(WEB_UUID, &uuid));
    assert_false(permits(&control, WEB_UUID, "web"));
    assert_true(control_permits(&control, OPERATION_CLASS_DEBUG, &uuid, "web"));
}

static void test_all_domains_but_those_denied(void **state)
{
    struct control control = { .classes = OPERATION_CLASS_BIT(OPERATION_CLASS_POWER) };

    (void)state;
    assert_true(permits(&control, WEB_UUID, "web"));
    add(&control, false, "db-*");
    add(&control, false, WEB_UUID);
    assert_false(permits(&control, WEB_UUID, "web"));
    assert_false(permits(&control, "", "db-1"));
    assert_true(permits(&control, "", "db"));
    control_clear(&control);
    assert_false(permits(&control, "", "db"));
}

static void test_only_those_allowed_and_not_denied(void **state)
{
    struct control control = { .classes = OPERATION_CLASS_BIT(OPERATION_CLASS_POWER) };

    (void)state;
    add(&control, true, "web-[0-9]");
    add(&control, true, WEB_UUID);
    assert_true(permits(&control, "", "web-1"));
    assert_false(permits(&control, "", "web-10"));
    assert_true(permits(&control, WEB_UUID, "renamed"));
    assert_false(permits(&control, "", "renamed"));
    add(&control, false, "web-7");
    assert_false(permits(&control, "", "web-7"));
    assert_true(permits(&control, "", "web-8"));
    control_clear(&control);
}

static void test_a_uuid_in_each_of_its_text_forms(void **state)
{
    static const char *const forms[] = {
        WEB_UUID,
        "6695EB01-F6A4-8304-79AA-97F2502E193F",
        "6695eb01f6a4830479aa97f2502e193f",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct control control = { .classes =
                                       OPERATION_CLASS_BIT(OPERATION_CLASS_POWER) };

        add(&control, true, forms[i]);
        assert_true(permits(&control, WEB_UUID, "web"));
        assert_false(permits(&control, "6695eb01-f6a4-8304-79aa-97f2502e1930", "web"));
        /* A domain that is only called so is another one. */
        assert_false(permits(&control, "", forms[i]));
        control_clear(&control);
    }
}

static void test_no_uuid_is_not_the_nil_uuid_of_a_pattern(void **state)
{
    struct control control = { .classes = OPERATION_CLASS_BIT(OPERATION_CLASS_POWER) };

    (void)state;
    add(&control, true, "00000000-0000-0000-0000-000000000000");
    assert_false(permits(&control, "", "Domain-0"));
    add(&control, true, "Domain-?");
    assert_true(permits(&control, "", "Domain-0"));
    control_clear(&control);
}

static void test_patterns_of_names(void **state)
{
    static const struct {
        const char *pattern, *name;
        bool fits;
    } cases[] = {
        { "*", "", true },
        { "*", ".hidden", true },
        { "*", "a/b", true },
        { "web", "web", true },
        { "web", "Web", false },
        { "web", "web1", false },
        { "web?", "web", false },
        { "web?", "web1", true },
        { "[!a]*", "b", true },
        { "[!a]*", "a", false },
        { "we\\*", "we*", true },
        { "we\\*", "web", false },
        { "\xc3\xbc*", "\xc3\xbc-1", true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct control control = { .classes =
                                       OPERATION_CLASS_BIT(OPERATION_CLASS_POWER) };

        add(&control, true, cases[i].pattern);
        assert_int_equal(permits(&control, WEB_UUID, cases[i].name), cases[i].fits);
        add(&control, false, cases[i].pattern);
        assert_false(permits(&control, WEB_UUID, cases[i].name));
        control_clear(&control);
    }
}

static void test_patterns_that_are_none(void **state)
{
    struct control control = { 0 };
    struct error error = ERROR_NONE;

    (void)state;
    assert_int_equal(control_add(&control, true, "", &error), STATUS_INVALID);
    assert_string_not_equal(error.text, "");
    for (size_t i = 0; i < CONTROL_PATTERNS_MAX; i++) {
        add(&control, false, "a");
    }
    assert_int_equal(control_add(&control, false, "a", &error), STATUS_INVALID);
    add(&control, true, "a");
    control_clear(&control);
}

static void test_whether_two_are_the_same(void **state)
{
    struct control a = { .classes = 2 };
    struct control b = { .classes = 2 };

    (void)state;
    assert_true(control_equals(&a, &b));
    add(&a, true, "web");
    assert_false(control_equals(&a, &b));
    add(&b, false, "web");
    assert_false(control_equals(&a, &b));
    add(&b, true, "web");
    add(&a, false, "web");
    assert_true(control_equals(&a, &b));
    add(&a, false, WEB_UUID);
    add(&b, false, "6695eb01-f6a4-8304-79aa-97f2502e1930");
    assert_false(control_equals(&a, &b));
    control_clear(&a);
    control_clear(&b);
    assert_true(control_equals(&a, &b));
    a.classes = 4;
    assert_false(control_equals(&a, &b));
}

static void test_the_same_patterns_differ_in_another_order(void **state)
{
    struct control a = { .classes = 2 };
    struct control b = { .classes = 2 };

    (void)state;
    add(&a, true, "web");
    add(&a, true, WEB_UUID);
    add(&b, true, WEB_UUID);
    add(&b, true, "web");
    assert_false(control_equals(&a, &b));
    control_clear(&b);
    b.classes = 2;
    add(&b, true, "web");
    add(&b, true, "6695EB01F6A4830479AA97F2502E193F");
    assert_true(control_equals(&a, &b));
    control_clear(&a);
    control_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_permitted_by_default),
        cmocka_unit_test(test_only_its_classes),
        cmocka_unit_test(test_all_domains_but_those_denied),
        cmocka_unit_test(test_only_those_allowed_and_not_denied),
        cmocka_unit_test(test_a_uuid_in_each_of_its_text_forms),
        cmocka_unit_test(test_no_uuid_is_not_the_nil_uuid_of_a_pattern),
        cmocka_unit_test(test_patterns_of_names),
        cmocka_unit_test(test_patterns_that_are_none),
        cmocka_unit_test(test_whether_two_are_the_same),
        cmocka_unit_test(test_the_same_patterns_differ_in_another_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
