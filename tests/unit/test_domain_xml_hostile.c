/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_domain_xml_hostile.c - domain XML that is none, or that somebody
 * hostile wrote.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/domain_xml_fixture.h"

static void test_what_is_no_xml_is_refused(void **state)
{
    (void)state;
    refuse("", SOURCE, "");
    refuse("   \n  ", SOURCE, "");
    refuse("name: web", SOURCE ":1: ", "");
    refuse("<domain>\n<name>d</name>\n", SOURCE ":2: ", "too early");
    refuse("<domain>\n<name>d</nick>\n</domain>", SOURCE ":2: ", "name");
    refuse("<domain><name>d</name></domain>\n<domain/>", SOURCE ":2: ", "");
    refuse("<domain><name>d</name></domain>\ntext", SOURCE ":2: ", "");
    refuse("<domain a='1'\na='2'><name>d</name></domain>", SOURCE ":2: ", "a");
    refuse("<network><name>d</name></network>", SOURCE ":1: ", "not <domain>");
    refuse("<domain xmlns='urn:x'><name>d</name></domain>",
           SOURCE ":1: ", "not <domain>");
    refuse("<domain><name>&undeclared;</name></domain>", SOURCE ":1: ", "undeclared");
}

static void test_broken_utf8_is_refused(void **state)
{
    (void)state;
    refuse("<domain>\n<name>\xff</name></domain>", SOURCE ":2: ", "");
    refuse("<domain>\n<name>\xc0\xaf</name></domain>", SOURCE ":2: ", "");
    refuse("<domain>\n<name>\xed\xa0\x80</name></domain>", SOURCE ":2: ", "");
    refuse("<domain>\n<name>cut \xe2\x82</name></domain>", SOURCE ":2: ", "");
    refuse("<domain>\n<name>&#0;</name></domain>", SOURCE ":2: ", "");
    refuse("<domain>\n<name>\x01</name></domain>", SOURCE ":2: ", "");
}

static void test_a_nul_is_refused(void **state)
{
    static const char inside[] = "<domain>\n<name>a\0b</name></domain>";
    static const char first[] = "\0<domain><name>a</name></domain>";
    static const char behind[] = "<domain><name>a</name></domain>\n";

    (void)state;
    refuse_octets(inside, sizeof(inside) - 1, SOURCE, "NUL");
    refuse_octets(first, sizeof(first) - 1, SOURCE, "NUL");
    refuse_octets(behind, sizeof(behind), SOURCE, "NUL");
}

static void test_a_doctype_is_refused(void **state)
{
    (void)state;
    refuse("<!DOCTYPE domain>\n<domain><name>d</name></domain>", SOURCE ":", "DOCTYPE");
    refuse("<?xml version='1.0'?>\n<!DOCTYPE domain SYSTEM 'file:///etc/passwd'>\n"
           "<domain><name>d</name></domain>",
           SOURCE ":", "DOCTYPE");
    refuse("<!DOCTYPE domain PUBLIC '-//x' 'http://127.0.0.1:9/x.dtd'>\n"
           "<domain><name>d</name></domain>",
           SOURCE ":", "DOCTYPE");
    refuse("<!DOCTYPE domain [<!ENTITY % p SYSTEM 'file:///dev/zero'> %p;]>\n"
           "<domain><name>d</name></domain>",
           SOURCE ":", "DOCTYPE");
}

static void test_an_external_entity_is_refused(void **state)
{
    (void)state;
    refuse("<!DOCTYPE domain [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>\n"
           "<domain><name>&e;</name></domain>",
           SOURCE ":", "DOCTYPE");
}

static void test_an_entity_bomb_is_refused(void **state)
{
    (void)state;
    refuse("<?xml version='1.0'?>\n"
           "<!DOCTYPE domain [\n"
           "<!ENTITY a 'ha ha ha ha ha ha ha ha ha ha '>\n"
           "<!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>\n"
           "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'>\n"
           "<!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;'>\n"
           "<!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;'>\n"
           "<!ENTITY f '&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;'>\n"
           "<!ENTITY g '&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;'>\n"
           "<!ENTITY h '&g;&g;&g;&g;&g;&g;&g;&g;&g;&g;'>\n"
           "]>\n"
           "<domain><name a='&h;'>&h;</name></domain>",
           SOURCE ":", "DOCTYPE");
}

/* A domain with `count` times `piece`, and `end` as often behind. */
static char *repeat(const char *piece, const char *end, size_t count)
{
    size_t size = count * (strlen(piece) + strlen(end)) + 64;
    char *text = malloc(size);
    char *at = text;

    assert_non_null(text);
    at = stpcpy(at, "<domain>\n<name>d</name>");
    for (size_t i = 0; i < count; i++) {
        at = stpcpy(at, piece);
    }
    for (size_t i = 0; i < count; i++) {
        at = stpcpy(at, end);
    }
    strcpy(at, "</domain>");
    return text;
}

static void test_depth_is_bounded(void **state)
{
    char *text = repeat("<a>", "</a>", DOMAIN_XML_DEPTH_MAX - 1);

    (void)state;
    domain_xml_free(parse(text));
    free(text);
    text = repeat("<a>", "</a>", DOMAIN_XML_DEPTH_MAX);
    refuse(text, SOURCE ":2: ", "elements");
    free(text);
    text = repeat("<a>", "</a>", 100000);
    refuse(text, SOURCE ":2: ", "");
    free(text);
}

static void test_the_number_of_elements_is_bounded(void **state)
{
    char *text = repeat("<a/>", "", DOMAIN_XML_ELEMENTS_MAX - 2);

    (void)state;
    domain_xml_free(parse(text));
    free(text);
    text = repeat("<a/>", "", DOMAIN_XML_ELEMENTS_MAX - 1);
    refuse(text, SOURCE ":2: ", "elements");
    free(text);
}

static void test_size_is_bounded(void **state)
{
    char *text = repeat(" ", "", DOMAIN_XML_SIZE_MAX);

    (void)state;
    refuse(text, SOURCE ": ", "larger than 1048576 octets");
    free(text);

    /* Within: an attribute and a text of nearly a MiB. */
    text = repeat("x", "", DOMAIN_XML_SIZE_MAX - 64);
    domain_xml_free(parse(text));
    free(text);
}

static void test_line_numbers_go_beyond_16_bits(void **state)
{
    char *text = repeat("\n<a/>", "", 70000 / 2);

    (void)state;
    domain_xml_free(parse(text));
    free(text);
    text = repeat("\n\n<b></c>", "", 70000 / 2);
    refuse(text, SOURCE ":4: ", "b");
    free(text);
    text = repeat("\n", "<a></b>", 70000);
    refuse(text, SOURCE ":70002: ", "a");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_no_xml_is_refused),
        cmocka_unit_test(test_broken_utf8_is_refused),
        cmocka_unit_test(test_a_nul_is_refused),
        cmocka_unit_test(test_a_doctype_is_refused),
        cmocka_unit_test(test_an_external_entity_is_refused),
        cmocka_unit_test(test_an_entity_bomb_is_refused),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_the_number_of_elements_is_bounded),
        cmocka_unit_test(test_size_is_bounded),
        cmocka_unit_test(test_line_numbers_go_beyond_16_bits),
    };

    return cmocka_run_group_tests_name("domain_xml_hostile", tests, NULL, NULL);
}
