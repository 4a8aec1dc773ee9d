/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tests/unit/domain_xml_fixture.h"

struct domain_xml *parse(const char *text)
{
    struct domain_xml *domain = NULL;
    struct error error = ERROR_NONE;

    if (domain_xml_from_text(SOURCE, text, strlen(text), &domain, &error)
        != STATUS_OK) {
        fail_msg("%s in: %s", error.text, text);
    }
    assert_non_null(domain);
    return domain;
}

struct domain_xml *parse_inside(const char *inside)
{
    char text[TEXT_SIZE];

    snprintf(text, sizeof(text), "<domain><name>d</name>%s</domain>", inside);
    return parse(text);
}

void refuse_octets(const char *text, size_t size, const char *place, const char *words)
{
    struct domain_xml *domain = NULL;
    struct error error = ERROR_NONE;
    enum status status = domain_xml_from_text(SOURCE, text, size, &domain, &error);

    assert_int_equal(status, STATUS_INVALID);
    assert_int_equal(error.status, STATUS_INVALID);
    assert_null(domain);
    if (strncmp(error.text, place, strlen(place)) != 0
        || strstr(error.text, words) == NULL) {
        fail_msg("\"%s\" is not \"%s...%s\"", error.text, place, words);
    }
    assert_int_equal(domain_xml_from_text(SOURCE, text, size, &domain, NULL),
                     STATUS_INVALID);
}

void refuse(const char *text, const char *place, const char *words)
{
    refuse_octets(text, strlen(text), place, words);
}

void refuse_inside(const char *inside, const char *words)
{
    char text[TEXT_SIZE];

    snprintf(text, sizeof(text), "<domain>\n<name>d</name>\n%s</domain>", inside);
    refuse(text, SOURCE ":3: ", words);
}
