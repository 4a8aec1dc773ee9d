/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/text.h"

/* Room for a prefix and a whole text, before they are cut to fit. */
#define DRAFT_SIZE (2 * ERROR_TEXT_SIZE)

const char *status_name(enum status status)
{
    static const char *const names[] = {
        [STATUS_OK] = "ok",
        [STATUS_INVALID] = "invalid",
        [STATUS_NOT_FOUND] = "not found",
        [STATUS_DENIED] = "denied",
        [STATUS_UNSUPPORTED] = "unsupported",
        [STATUS_UNAVAILABLE] = "unavailable",
        [STATUS_TIMEOUT] = "timeout",
        [STATUS_WRONG_STATE] = "wrong state",
        [STATUS_BUSY] = "busy",
        [STATUS_NO_MEMORY] = "no memory",
        [STATUS_IO] = "input/output",
        [STATUS_FAILED] = "failed",
    };
    _Static_assert(sizeof(names) / sizeof(names[0]) == STATUS_COUNT,
                   "a name for each status");

    return (size_t)status < STATUS_COUNT ? names[status] : "invalid status";
}

/*
 * Hypervisors' own messages come with newlines in and behind them, and may
 * quote what a guest said: what goes into a log is one clean line.
 */
static void put_text(struct error *error, char *draft)
{
    size_t length = strlen(draft);

    while (length > 0 && strchr(" \t\r\n", draft[length - 1]) != NULL) {
        draft[--length] = '\0';
    }
    for (char *at = draft; *at != '\0'; at++) {
        if (*at == '\t' || *at == '\r' || *at == '\n') {
            *at = ' ';
        }
    }
    text_clean(error->text, sizeof(error->text), draft);
}

enum status error_set(struct error *error, enum status status, const char *format, ...)
{
    char draft[DRAFT_SIZE];
    va_list arguments;

    if (error == NULL) {
        return status;
    }
    va_start(arguments, format);
    if (vsnprintf(draft, sizeof(draft), format, arguments) < 0) {
        draft[0] = '\0';
    }
    va_end(arguments);
    put_text(error, draft);
    error->status = status;
    return status;
}

enum status error_prefix(struct error *error, const char *format, ...)
{
    char draft[DRAFT_SIZE];
    va_list arguments;
    size_t used;

    if (error == NULL) {
        return STATUS_FAILED;
    }
    va_start(arguments, format);
    if (vsnprintf(draft, sizeof(draft), format, arguments) < 0) {
        draft[0] = '\0';
    }
    va_end(arguments);
    used = strlen(draft);
    snprintf(draft + used, sizeof(draft) - used, ": %s", error->text);
    put_text(error, draft);
    return error->status;
}
