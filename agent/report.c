/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <string.h>

#include "agent/report.h"
#include "model/text.h"

#define LINE_SIZE 2048

static void print(struct report *report, enum report_verdict verdict, const char *area,
                  const char *text)
{
    static const char *const words[] = {
        [REPORT_OK] = "ok",
        [REPORT_NOTE] = "note",
        [REPORT_WARNING] = "warn",
        [REPORT_FAILURE] = "FAIL",
    };
    _Static_assert(sizeof(words) / sizeof(words[0]) == REPORT_VERDICT_COUNT,
                   "a word for each verdict");
    char clean[LINE_SIZE];

    text_clean(clean, sizeof(clean), text);
    fprintf(report->stream, "%-4s  %s: %s\n", words[verdict], area, clean);
    fflush(report->stream);
}

static void print_mend(struct report *report, const char *mend)
{
    char clean[LINE_SIZE];

    text_clean(clean, sizeof(clean), mend);
    fprintf(report->stream, "      mend: %s\n", clean);
    fflush(report->stream);
    report->to_mend++;
}

void report_good(struct report *report, enum report_verdict verdict, const char *area,
                 const char *format, ...)
{
    char text[LINE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    print(report, verdict, area, text);
}

void report_bad(struct report *report, enum report_verdict verdict, const char *area,
                const char *mend, const char *format, ...)
{
    char text[LINE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    print(report, verdict, area, text);
    print_mend(report, mend);
}

void report_failure(struct report *report, const char *area, const char *text,
                    const char *mend)
{
    static const char separator[] = "; ";
    const char *end = strstr(text, separator);
    int length = end == NULL ? (int)strlen(text) : (int)(end - text);

    report_bad(report, REPORT_FAILURE, area,
               end == NULL ? mend : end + strlen(separator), "%.*s", length, text);
}
