/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain_xml_cpuset.h - sets of CPUs as libvirt writes them: "0-3,^2,8".
 *
 * Included by domain_xml*.c and tests.  Pure; any thread.
 */
#ifndef HVX_BACKENDS_DOMAIN_XML_CPUSET_H
#define HVX_BACKENDS_DOMAIN_XML_CPUSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/domain.h"

#define DOMAIN_XML_CPUSET_WORDS (DOMAIN_CPUS_MAX / 64)

/* CPU n is bit n % 64 of word n / 64. */
struct domain_xml_cpuset {
    uint64_t words[DOMAIN_XML_CPUSET_WORDS];
};

/*
 * Reads numbers, ranges and, behind "^", single CPUs to leave out, separated
 * by commas, in this order, with blanks where one likes.  False, and *ret_set
 * undefined, for anything else, for a CPU of DOMAIN_CPUS_MAX or more, and for
 * a set without any CPU.
 */
bool domain_xml_cpuset_parse(const char *text, struct domain_xml_cpuset *ret_set);

/* Words up to the last one that is not 0. */
size_t domain_xml_cpuset_word_count(const struct domain_xml_cpuset *set);

#endif
