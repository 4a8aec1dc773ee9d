/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/domain_xml_cpuset.h"

#include <string.h>

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t\r\n");
}

/* Reads a CPU's number and the blanks about it; NULL where there is none. */
static const char *read_cpu(const char *at, uint32_t *ret_cpu)
{
    uint32_t cpu = 0;

    at = skip_blanks(at);
    if (*at < '0' || *at > '9') {
        return NULL;
    }
    for (; *at >= '0' && *at <= '9'; at++) {
        cpu = cpu * 10 + (uint32_t)(*at - '0');
        if (cpu >= DOMAIN_CPUS_MAX) {
            return NULL;
        }
    }
    *ret_cpu = cpu;
    return skip_blanks(at);
}

/* Reads what is between two commas. */
static const char *read_part(const char *at, struct domain_xml_cpuset *set)
{
    bool leaves_out = *at == '^';
    uint32_t first;
    uint32_t last;

    at = read_cpu(at + (leaves_out ? 1 : 0), &first);
    if (at == NULL) {
        return NULL;
    }
    if (leaves_out) {
        set->words[first / 64] &= ~(UINT64_C(1) << (first % 64));
        return at;
    }
    last = first;
    if (*at == '-') {
        at = read_cpu(at + 1, &last);
        if (at == NULL || last < first) {
            return NULL;
        }
    }
    for (uint32_t cpu = first; cpu <= last; cpu++) {
        set->words[cpu / 64] |= UINT64_C(1) << (cpu % 64);
    }
    return at;
}

bool domain_xml_cpuset_parse(const char *text, struct domain_xml_cpuset *ret_set)
{
    const char *at = skip_blanks(text);

    memset(ret_set, 0, sizeof(*ret_set));
    for (;;) {
        at = read_part(at, ret_set);
        if (at == NULL || (*at != ',' && *at != '\0')) {
            return false;
        }
        if (*at == ',') {
            at = skip_blanks(at + 1);
        }
        if (*at == '\0') { /* also behind a last comma, as libvirt has it */
            return domain_xml_cpuset_word_count(ret_set) != 0;
        }
    }
}

size_t domain_xml_cpuset_word_count(const struct domain_xml_cpuset *set)
{
    size_t count = DOMAIN_XML_CPUSET_WORDS;

    while (count > 0 && set->words[count - 1] == 0) {
        count--;
    }
    return count;
}
