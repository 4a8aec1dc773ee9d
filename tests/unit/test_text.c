/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_text.c - names that guests and users chose, made fit to publish.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "model/text.h"

struct sample {
    const char *from;
    const char *to;
};

static void check_samples(const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char text[TEXT_MAX + 1];

        assert_int_equal(text_clean(text, sizeof(text), samples[i].from),
                         strlen(samples[i].to));
        assert_string_equal(text, samples[i].to);
    }
}

#define CHECK_SAMPLES(samples)                                                         \
    check_samples(samples, sizeof(samples) / sizeof((samples)[0]))

static void test_good_text_stays_as_it_is(void **state)
{
    static const struct sample samples[] = {
        { "", "" },
        { "web-01.example.org", "web-01.example.org" },
        { " two  blanks ", " two  blanks " },
        { "B\xc3\xbc"
          "cher \xe2\x82\xac \xf0\x9f\x90\xa7", /* 2, 3 and 4 octets */
          "B\xc3\xbc"
          "cher \xe2\x82\xac \xf0\x9f\x90\xa7" },
        { "\xc2\xa0|\xdf\xbf", "\xc2\xa0|\xdf\xbf" }, /* first behind C1, last of 2 */
        { "\xe0\xa0\x80|\xef\xbf\xbf", "\xe0\xa0\x80|\xef\xbf\xbf" },
        { "\xed\x9f\xbf|\xee\x80\x80", "\xed\x9f\xbf|\xee\x80\x80" },
        { "\xf0\x90\x80\x80|\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80|\xf4\x8f\xbf\xbf" },
    };

    (void)state;
    CHECK_SAMPLES(samples);
}

static void test_control_characters_are_left_out(void **state)
{
    static const struct sample samples[] = {
        { "a\tb\nc\rd", "abcd" },
        { "\x01\x1f\x7f", "" },
        { "\033[2Jgone", "[2Jgone" },
        { "a\xc2\x80"
          "b\xc2\x9f"
          "c",
          "abc" }, /* C1 as characters */
        { "\xc2\x9b"
          "31m",
          "31m" }, /* the CSI of C1 */
    };

    (void)state;
    CHECK_SAMPLES(samples);
}

static void test_broken_utf8_becomes_question_marks(void **state)
{
    static const struct sample samples[] = {
        { "\x80", "?" }, /* continues nothing */
        { "a\x9b"
          "b",
          "a?b" }, /* C1 as an octet of Latin-1 */
        { "B\xfc"
          "cher",
          "B?cher" },    /* Latin-1 */
        { "\xc3", "?" }, /* cut */
        { "\xe2\x82", "??" },
        { "\xf0\x9f\x90", "???" },
        { "\xc3"
          "a",
          "?a" }, /* what follows is kept */
        { "\xe2\x82"
          "a\xe2\x82\xac",
          "??a\xe2\x82\xac" },
        { "\xc0\xaf", "??" }, /* overlong '/' */
        { "\xc1\xbf", "??" },
        { "\xe0\x80\xaf", "???" },
        { "\xe0\x9f\xbf", "???" },
        { "\xf0\x80\x80\xaf", "????" },
        { "\xf0\x8f\xbf\xbf", "????" },
        { "\xc0\x80", "??" },      /* a hidden NUL */
        { "\xed\xa0\x80", "???" }, /* surrogates */
        { "\xed\xbf\xbf", "???" },
        { "\xf4\x90\x80\x80", "????" }, /* beyond U+10FFFF */
        { "\xf5\x80\x80\x80", "????" },
        { "\xfe\xff", "??" },
    };

    (void)state;
    CHECK_SAMPLES(samples);
}

static void test_no_text_is_empty_text(void **state)
{
    char text[8] = "before";

    (void)state;
    assert_int_equal(text_clean(text, sizeof(text), NULL), 0);
    assert_string_equal(text, "");
}

static void test_the_end_is_cut_at_a_character(void **state)
{
    static const char euros[] = "\xe2\x82\xac\xe2\x82\xac";
    char text[16];

    (void)state;
    for (size_t size = 1; size <= sizeof(euros); size++) {
        size_t expected = (size - 1) / 3 * 3;

        memset(text, 'x', sizeof(text));
        assert_int_equal(text_clean(text, size, euros), expected);
        assert_int_equal(strlen(text), expected);
        assert_memory_equal(text, euros, expected);
        assert_int_equal(text[size], 'x'); /* nothing behind the end */
    }
    /* What comes behind the character that does not fit is not pulled forward. */
    assert_int_equal(text_clean(text, 4,
                                "ab\xe2\x82\xac"
                                "c"),
                     2);
    assert_string_equal(text, "ab");
}

static void test_long_text_is_cut_to_what_snmp_allows(void **state)
{
    char from[1000];
    char text[TEXT_MAX + 1];

    (void)state;
    memset(from, 'n', sizeof(from) - 1);
    from[sizeof(from) - 1] = '\0';
    assert_int_equal(text_clean(text, sizeof(text), from), 255);
}

static void test_every_pair_of_octets_gives_clean_text(void **state)
{
    (void)state;
    for (unsigned first = 1; first < 256; first++) {
        for (unsigned second = 1; second < 256; second++) {
            const char from[] = { (char)first, (char)second, 'z', '\0' };
            char once[8];
            char twice[8];
            size_t length = text_clean(once, sizeof(once), from);

            /* Clean text stays as it is, and what follows is never eaten. */
            assert_int_equal(text_clean(twice, sizeof(twice), once), length);
            assert_string_equal(once, twice);
            assert_true(length >= 1 && once[length - 1] == 'z');
        }
    }
}

static void test_prefix_ends_at_a_character(void **state)
{
    static const char text[] = "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x90\xa7";
    static const size_t expected[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10, 10 };

    (void)state;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_int_equal(text_prefix(text, i), expected[i]);
    }
}

static void test_prefix_counts_broken_octets_one_by_one(void **state)
{
    (void)state;
    assert_int_equal(text_prefix("\xff\xfe\xfd", 2), 2);
    assert_int_equal(text_prefix("\xe2\x82", 9), 2);
    assert_int_equal(text_prefix("", 9), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_text_stays_as_it_is),
        cmocka_unit_test(test_control_characters_are_left_out),
        cmocka_unit_test(test_broken_utf8_becomes_question_marks),
        cmocka_unit_test(test_no_text_is_empty_text),
        cmocka_unit_test(test_the_end_is_cut_at_a_character),
        cmocka_unit_test(test_long_text_is_cut_to_what_snmp_allows),
        cmocka_unit_test(test_every_pair_of_octets_gives_clean_text),
        cmocka_unit_test(test_prefix_ends_at_a_character),
        cmocka_unit_test(test_prefix_counts_broken_octets_one_by_one),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
