/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value.c - what getters and checks share: values composed and judged in one
 * way each.
 */
#include <string.h>

#include "mib/mib.h"
#include "model/text.h"

/* TruthValue (RFC 2579) */
#define TRUTH_TRUE 1
#define TRUTH_FALSE 2

/* DateAndTime with a direction from UTC (RFC 2579). */
#define DATE_LENGTH 11

bool mib_set_text(struct mib_value *value, const char *text)
{
    if (text == NULL) {
        return false;
    }
    value->string.bytes = text;
    value->string.length = strlen(text);
    return true;
}

bool mib_set_long_text(struct mib_value *value, const char *text)
{
    value->string.bytes = text;
    value->string.length = text_prefix(text, TEXT_MAX);
    return true;
}

/* Bit 0 is the highest bit of the first octet (RFC 2578 section 8, RFC 3417). */
bool mib_set_bits(struct mib_value *value, uint32_t bits)
{
    size_t length = sizeof(bits);

    memset(value->scratch, 0, length);
    for (unsigned bit = 0; bit < 8 * length; bit++) {
        if ((bits & (UINT32_C(1) << bit)) != 0) {
            value->scratch[bit / 8] |= (uint8_t)(0x80u >> (bit % 8));
        }
    }
    while (length > 1 && value->scratch[length - 1] == 0) {
        length--;
    }
    value->string.bytes = value->scratch;
    value->string.length = length;
    return true;
}

static bool set_date(struct mib_value *value, time_t time, unsigned deciseconds)
{
    struct tm utc;
    unsigned year;

    if (gmtime_r(&time, &utc) == NULL) {
        return false;
    }
    year = (unsigned)utc.tm_year + 1900u;
    value->scratch[0] = (uint8_t)(year >> 8);
    value->scratch[1] = (uint8_t)(year & 0xffu);
    value->scratch[2] = (uint8_t)(utc.tm_mon + 1);
    value->scratch[3] = (uint8_t)utc.tm_mday;
    value->scratch[4] = (uint8_t)utc.tm_hour;
    value->scratch[5] = (uint8_t)utc.tm_min;
    value->scratch[6] = (uint8_t)utc.tm_sec;
    value->scratch[7] = (uint8_t)deciseconds;
    value->scratch[8] = '+';
    value->scratch[9] = 0;
    value->scratch[10] = 0;
    value->string.bytes = value->scratch;
    value->string.length = DATE_LENGTH;
    return true;
}

bool mib_set_moment(const struct mib_context *context, struct mib_value *value,
                    int64_t boot_ns)
{
    int64_t date_ns;
    int64_t second;

    if (boot_ns == CLOCK_NEVER) {
        return false;
    }
    date_ns = context->date_ns - (context->now_ns - boot_ns);
    /* Rounded down, before 1970 too. */
    second = date_ns / CLOCK_NS_PER_S - (date_ns % CLOCK_NS_PER_S < 0 ? 1 : 0);
    return set_date(
        value, (time_t)second,
        (unsigned)((date_ns - second * CLOCK_NS_PER_S) / (CLOCK_NS_PER_S / 10)));
}

bool mib_set_truth(struct mib_value *value, bool truth)
{
    value->integer = truth ? TRUTH_TRUE : TRUTH_FALSE;
    return true;
}

enum mib_error mib_accept_truth(const struct mib_value *value)
{
    return value->integer == TRUTH_TRUE || value->integer == TRUTH_FALSE
               ? MIB_NO_ERROR
               : MIB_WRONG_VALUE;
}

bool mib_is_true(const struct mib_value *value)
{
    return value->integer == TRUTH_TRUE;
}

bool mib_set_ticks(struct mib_value *value, int64_t duration_ns)
{
    if (duration_ns < 0) {
        duration_ns = 0;
    }
    value->number = (uint32_t)(duration_ns / CLOCK_NS_PER_TICK);
    return true;
}

bool mib_set_gauge(struct mib_value *value, uint64_t number)
{
    value->number = number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
    return true;
}
