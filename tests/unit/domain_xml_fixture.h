/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain_xml_fixture.h - domain XML that must be right, or wrong with words.
 *
 * Included by the tests of the parser, behind cmocka.h.
 */
#ifndef HVX_TESTS_UNIT_DOMAIN_XML_FIXTURE_H
#define HVX_TESTS_UNIT_DOMAIN_XML_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "backends/domain_xml.h"

#define SOURCE "some/where.xml"
#define GIB (INT64_C(1024) * 1024 * 1024)

/* Big enough for every text that is written here by hand. */
#define TEXT_SIZE 4096

/* Parses what must be right. */
struct domain_xml *parse(const char *text);

/* Parses a <domain> named "d" with this inside. */
struct domain_xml *parse_inside(const char *inside);

/* What must be wrong: at this place, with these words. */
void refuse_octets(const char *text, size_t size, const char *place, const char *words);
void refuse(const char *text, const char *place, const char *words);

/* The same inside of a <domain>, in line 3. */
void refuse_inside(const char *inside, const char *words);

#endif
