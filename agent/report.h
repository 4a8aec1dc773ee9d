/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.h - the lines that hvagentx --diagnose prints.
 *
 * Each finding is one line, its verdict in columns 1 to 4 and its text from
 * column 7 on, so that grep finds it:
 *   ok    AREA: what is good
 *   note  AREA: what is worth knowing
 *   warn  AREA: what works, and should be mended
 *   FAIL  AREA: what does not work
 * After warn and FAIL follows one line "      mend: what to do".  Control
 * characters are left out of all that is printed.
 */
#ifndef HVX_AGENT_REPORT_H
#define HVX_AGENT_REPORT_H

#include <stdio.h>

#include "model/status.h"

struct report {
    FILE *stream;     /* flushed after each finding */
    unsigned to_mend; /* findings warn and FAIL so far */
};

enum report_verdict {
    REPORT_OK,
    REPORT_NOTE,
    REPORT_WARNING,
    REPORT_FAILURE,
};
#define REPORT_VERDICT_COUNT (REPORT_FAILURE + 1)

/* A finding that needs no mending: REPORT_OK or REPORT_NOTE. */
void report_good(struct report *report, enum report_verdict verdict, const char *area,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A finding and what to do about it: REPORT_WARNING or REPORT_FAILURE. */
void report_bad(struct report *report, enum report_verdict verdict, const char *area,
                const char *mend, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/*
 * REPORT_FAILURE of a text, "what; what to do".  mend is used where the text
 * does not say what to do.
 */
void report_failure(struct report *report, const char *area, const char *text,
                    const char *mend);

#endif
