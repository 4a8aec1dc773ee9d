/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/domain_xml_reading.h"

#include <string.h>

#include "backends/xml_node.h"

/* Of the kernel, in microseconds: what libvirt takes where none is said. */
#define PERIOD_US UINT64_C(100000)

/* More is no number of microseconds that anybody means. */
#define TIME_MAX_US (UINT64_C(1) << 44)

/*
 * The number in a child of <cputune>; a minus sign is permitted where
 * ret_is_negative is not NULL.  Untouched where there is no such child.
 */
static enum status read_number(const struct domain_xml_reading *reading,
                               const xmlNode *tune, const char *name, uint64_t max,
                               uint64_t *number, bool *ret_is_negative)
{
    const xmlNode *child = xml_node_child(tune, NULL, name);
    enum status status = STATUS_OK;
    bool is_negative;
    char *text;

    if (child == NULL) {
        return STATUS_OK;
    }
    text = xml_node_text(child);
    if (text == NULL) {
        return domain_xml_no_memory(reading);
    }
    is_negative = ret_is_negative != NULL && text[0] == '-';
    if (!xml_node_number(text + (is_negative ? 1 : 0), max, number)) {
        status = xml_node_error(reading->source, child, reading->error,
                                "<%s> \"%.64s\" is no number up to %llu", name, text,
                                (unsigned long long)max);
    } else if (ret_is_negative != NULL) {
        *ret_is_negative = is_negative;
    }
    xmlFree(text);
    return status;
}

/* Rounded up: a cap, however small, is not "no cap". */
static uint32_t cap_percent(uint64_t quota_us, uint64_t period_us)
{
    uint64_t percent = (quota_us * 100 + period_us - 1) / period_us;

    return percent < UINT32_MAX ? (uint32_t)percent : UINT32_MAX;
}

enum status domain_xml_read_tune(const struct domain_xml_reading *reading)
{
    const xmlNode *tune = xml_node_child(reading->node, NULL, "cputune");
    uint64_t weight = 0;
    uint64_t period_us = 0;
    uint64_t quota_us = 0;
    bool is_unlimited = false;
    enum status status;

    if (tune == NULL) {
        return STATUS_OK;
    }
    status = read_number(reading, tune, "shares", UINT32_MAX, &weight, NULL);
    if (status == STATUS_OK) {
        status = read_number(reading, tune, "period", TIME_MAX_US, &period_us, NULL);
    }
    if (status == STATUS_OK) {
        status =
            read_number(reading, tune, "quota", TIME_MAX_US, &quota_us, &is_unlimited);
    }
    if (status != STATUS_OK) {
        return status;
    }
    reading->domain->cpu_weight = (uint32_t)weight;
    if (!is_unlimited && quota_us != 0) {
        reading->domain->cpu_cap =
            cap_percent(quota_us, period_us != 0 ? period_us : PERIOD_US);
    }
    return STATUS_OK;
}
