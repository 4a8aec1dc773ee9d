/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_parts.h - what the parts of config.h share: the reader, the parsers of
 * the directives, and the configuration that they fill.
 *
 * Included by config*.c only; config.h is for all others.  SNMP thread only.
 */
#ifndef HVX_AGENT_CONFIG_PARTS_H
#define HVX_AGENT_CONFIG_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/config.h"
#include "agent/log.h"

/* What net-snmp knows us as: the name of our files without .conf. */
#define CONFIG_APPLICATION "hvagentx"

#define CONFIG_CONTROL_SYNTAX                                                          \
    "CONNECTION [context CONTEXT] CLASS... [allow PATTERN...] [deny PATTERN...]"

struct control_line; /* config_control.c */

/* What is filled while files are read. */
struct config_staging {
    struct config *config;
    struct log_capture *capture; /* holds back what the reader says */
    bool connection_refused;     /* there was a line, and it had an error */
    size_t control_count;
    struct control_line *controls; /* until all connections are known */
};

/* What the handlers of our directives fill from now on; NULL: nothing. */
void config_stage(struct config_staging *staging);

/*
 * Copies the next word of the line to `word` and moves on; false: there is
 * none, it is empty, or it is too long.
 */
bool config_next_word(char **line, char *word, size_t size);

/*
 * How much of a word may be repeated in an error, which managers can read as
 * hvxAgentConfigError: where a URI stands in the wrong place, not its secrets.
 */
int config_public_length(const char *word);

/*
 * What any context but the default one must be.  whose: the subject of the error,
 * "the context of ...".
 */
enum status config_check_context(const char *context, const char *whose,
                                 struct error *error) MUST_CHECK;

/*
 * Keeps a line `control`, which is at `line` behind that word, for
 * config_control_settle().  Errors say what to write; they are for the line that
 * the reader is at.
 */
enum status config_control_read(struct config_staging *staging, char *line,
                                struct error *error) MUST_CHECK;

/*
 * Gives the connections the roles that the lines kept say, in order of the lines,
 * and frees the lines.  Each error is given to `tell` as "FILE: line N: ...".
 */
void config_control_settle(struct config_staging *staging,
                           void (*tell)(const char *line, void *argument),
                           void *argument);

#endif
