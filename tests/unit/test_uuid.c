/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_uuid.c - the text form of UUIDs, as hypervisors and files have it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "model/uuid.h"

static const char canonical[] = "0f5a9c3e-1b2d-4e6f-8091-a2b3c4d5e6f7";
static const struct uuid octets = { { 0x0f, 0x5a, 0x9c, 0x3e, 0x1b, 0x2d, 0x4e, 0x6f,
                                      0x80, 0x91, 0xa2, 0xb3, 0xc4, 0xd5, 0xe6,
                                      0xf7 } };

static void test_reads_every_allowed_form(void **state)
{
    static const char *const forms[] = {
        canonical,
        "0F5A9C3E-1B2D-4E6F-8091-A2B3C4D5E6F7",
        "0f5a9c3e1b2d4e6f8091a2b3c4d5e6f7",
        "0F5a9C3e1B2d4E6f8091A2b3C4d5E6f7",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct uuid uuid = { { 0 } };

        assert_true(uuid_parse(forms[i], &uuid));
        assert_memory_equal(uuid.bytes, octets.bytes, sizeof(octets.bytes));
    }
}

static void test_refuses_all_else_and_touches_nothing(void **state)
{
    static const char *const forms[] = {
        "",
        "-",
        "0f5a9c3e-1b2d-4e6f-8091-a2b3c4d5e6f",   /* a digit short */
        "0f5a9c3e-1b2d-4e6f-8091-a2b3c4d5e6f70", /* a digit long */
        "0f5a9c3e1b2d4e6f8091a2b3c4d5e6f",       /* the same without hyphens */
        "0f5a9c3e1b2d4e6f8091a2b3c4d5e6f70",
        "0f5a9c3e-1b2d-4e6f8091a2b3c4d5e6f7",   /* two hyphens */
        "0f5a9c3e1-b2d-4e6f-8091-a2b3c4d5e6f7", /* a hyphen elsewhere */
        "0f5a9c3e-1b2d-4e6f-8091-a2b3c4d5e6-7", /* one too many */
        "0f5a9c3e 1b2d 4e6f 8091 a2b3c4d5e6f7",
        "0f5a9c3g-1b2d-4e6f-8091-a2b3c4d5e6f7", /* no digit */
        " 0f5a9c3e1b2d4e6f8091a2b3c4d5e6f",
        "0f5a9c3e-1b2d-4e6f-8091-a2b3c4d5e6f7\n",
        "{0f5a9c3e-1b2d-4e6f-8091-a2b3c4d5e6f7}",
        "0x5a9c3e-1b2d-4e6f-8091-a2b3c4d5e6f7",
        "+f5a9c3e1b2d4e6f8091a2b3c4d5e6f7",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct uuid uuid = octets;

        if (uuid_parse(forms[i], &uuid)) {
            fail_msg("accepted \"%s\"", forms[i]);
        }
        assert_int_equal(uuid_compare(&uuid, &octets), 0);
    }
}

static void test_writes_the_canonical_form(void **state)
{
    char text[UUID_TEXT_SIZE];

    (void)state;
    assert_ptr_equal(uuid_format(&octets, text), text);
    assert_string_equal(text, canonical);
}

static void test_what_is_written_can_be_read(void **state)
{
    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        char text[UUID_TEXT_SIZE];
        struct uuid uuid;
        struct uuid again;

        memset(uuid.bytes, (int)value, sizeof(uuid.bytes));
        uuid.bytes[value % sizeof(uuid.bytes)] = (uint8_t)~value;
        assert_true(uuid_parse(uuid_format(&uuid, text), &again));
        assert_int_equal(uuid_compare(&uuid, &again), 0);
    }
}

static void test_order_is_that_of_the_octets(void **state)
{
    struct uuid greater = octets;

    (void)state;
    greater.bytes[15]++;
    assert_true(uuid_compare(&octets, &greater) < 0);
    assert_true(uuid_compare(&greater, &octets) > 0);
    greater.bytes[0] = 0x80; /* not negative */
    greater.bytes[15] = 0;
    assert_true(uuid_compare(&octets, &greater) < 0);
}

static void test_nil_is_all_zero_only(void **state)
{
    struct uuid uuid = { { 0 } };

    (void)state;
    assert_true(uuid_is_nil(&uuid));
    uuid.bytes[15] = 1;
    assert_false(uuid_is_nil(&uuid));
    assert_true(uuid_parse("00000000-0000-0000-0000-000000000000", &uuid));
    assert_true(uuid_is_nil(&uuid));
}

static void test_a_set_has_its_elements(void **state)
{
    struct uuid uuids[5];
    const struct uuid_set none = { NULL, 0 };
    struct uuid_set set = { uuids, 5 };

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        uuids[i] = (struct uuid) { .bytes = { [15] = (uint8_t)(i * 2) } };
    }
    for (size_t i = 0; i < 10; i++) {
        const struct uuid uuid = { .bytes = { [15] = (uint8_t)i } };

        assert_int_equal(uuid_set_has(&set, &uuid), i % 2 == 0);
        assert_false(uuid_set_has(&none, &uuid));
    }
    set.count = 4;
    assert_false(uuid_set_has(&set, &uuids[4]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_every_allowed_form),
        cmocka_unit_test(test_refuses_all_else_and_touches_nothing),
        cmocka_unit_test(test_writes_the_canonical_form),
        cmocka_unit_test(test_what_is_written_can_be_read),
        cmocka_unit_test(test_order_is_that_of_the_octets),
        cmocka_unit_test(test_nil_is_all_zero_only),
        cmocka_unit_test(test_a_set_has_its_elements),
    };

    return cmocka_run_group_tests_name("uuid", tests, NULL, NULL);
}
