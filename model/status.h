/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * status.h - how every function of this project says that it failed.
 *
 * A function that can fail returns enum status and, where words help, fills
 * a struct error that its caller supplies.  Functions below agent/ never log
 * and never exit: they return, and agent/ decides what an operator is told.
 *
 * Included by everybody.  No locks: an error belongs to the thread that
 * supplied it.
 */
#ifndef HVX_MODEL_STATUS_H
#define HVX_MODEL_STATUS_H

#include <stddef.h>

enum status {
    STATUS_OK,
    STATUS_INVALID,     /* the input is wrong: syntax, range, size */
    STATUS_NOT_FOUND,   /* no such thing; for a domain: it is gone */
    STATUS_DENIED,      /* permission, by the system or by configuration */
    STATUS_UNSUPPORTED, /* this backend or hypervisor cannot do it */
    STATUS_UNAVAILABLE, /* the hypervisor cannot be reached */
    STATUS_TIMEOUT,     /* it did not answer by the deadline */
    STATUS_WRONG_STATE, /* not from the state that the domain is in */
    STATUS_BUSY,        /* taken by somebody else, or full */
    STATUS_NO_MEMORY,
    STATUS_IO,     /* reading or writing a file failed */
    STATUS_FAILED, /* anything else */
};
#define STATUS_COUNT (STATUS_FAILED + 1)

/* Longest error text, including the terminating NUL. */
#define ERROR_TEXT_SIZE 512

/*
 * What went wrong, in words for the operator: what failed, where, and what
 * to do about it.  One line, no trailing newline.
 */
struct error {
    enum status status;
    char text[ERROR_TEXT_SIZE];
};

#define ERROR_NONE                                                                     \
    {                                                                                  \
        .status = STATUS_OK, .text = ""                                                \
    }

#define MUST_CHECK __attribute__((warn_unused_result))

/*
 * Name of a status for logs and tests, e.g. "unavailable".  Never NULL.
 */
const char *status_name(enum status status);

/*
 * Fills *error (which may be NULL) and returns the status given, so that
 * `return error_set(error, STATUS_INVALID, ...)` reads as what it is.  A text
 * that is too long is cut at a character of UTF-8.
 */
enum status error_set(struct error *error, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Puts "context: " in front of the text that *error holds.  Returns the
 * status of *error; without an error object it returns STATUS_FAILED.
 */
enum status error_prefix(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
