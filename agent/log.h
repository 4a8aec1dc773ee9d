/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.h - the log: net-snmp's, as -L directs it, so that all lines of the
 * process go one way.
 *
 * SNMP thread only: nothing of net-snmp is thread-safe.  Other threads send
 * an event (queue.h), and the SNMP thread logs changes of state, not repeats.
 */
#ifndef HVX_AGENT_LOG_H
#define HVX_AGENT_LOG_H

#include <stdbool.h>

#define LOG_FORMAT __attribute__((format(printf, 1, 2)))

/* Something the operator has to mend. */
void log_error(const char *format, ...) LOG_FORMAT;
/* Something that works less well than it should; it may mend itself. */
void log_warning(const char *format, ...) LOG_FORMAT;
/* A change of state worth knowing. */
void log_notice(const char *format, ...) LOG_FORMAT;

/* How the log names a role, which is an SNMP context: "default" for "". */
const char *log_role(const char *context);

/*
 * Prepares captures, after -L was read and before the first one.  False
 * without memory.
 */
bool log_init(void);

/* Messages taken from the log while it was held back. */
struct log_capture;

/*
 * Holds back all that is logged from now on, for the messages of net-snmp's
 * configuration reader, which has no other way to tell an error.  One capture
 * at a time.  NULL without memory or log_init(): nothing is held back.
 */
struct log_capture *log_capture_begin(void);

/*
 * Takes back the line that was held back last: it is the caller's, and is not
 * visited.  NULL: there is none, or some could not be held back.
 */
char *log_capture_take(struct log_capture *capture);

/*
 * Lets the log go its way again and calls `visit` for each line at warning
 * level or above that was held back (the first 50), without its trailing
 * newline.  Frees the capture; NULL is allowed.
 */
void log_capture_end(struct log_capture *capture,
                     void (*visit)(const char *line, void *argument), void *argument);

#endif
