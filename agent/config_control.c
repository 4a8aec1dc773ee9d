/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_control.c - the directive `control`: what a role may do.
 *
 * A line may stand before that of its connection.  So it is kept, with the place
 * where it stands, until all is read.
 */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config_parts.h"
#include "model/text.h"

/* Longest pattern, and any other word, in octets, with the terminating NUL. */
#define WORD_SIZE (TEXT_MAX + 2)

/* What the reader is made to say, to learn where it is. */
#define PLACE_MARK "Warning: control"

struct control_line {
    char *place; /* "FILE: line N: " */
    char connection[2 * CONFIG_NAME_SIZE];
    char *context; /* NULL: the connection's own */
    struct control control;
};

/* Which words of a line are read. */
enum part {
    PART_CLASSES,
    PART_ALLOW,
    PART_DENY,
};

static void clear_line(struct control_line *line)
{
    free(line->place);
    free(line->context);
    control_clear(&line->control);
}

static enum status read_context(struct control_line *parsed, char **line,
                                struct error *error)
{
    char word[WORD_SIZE] = "";
    enum status status;

    if (parsed->context != NULL) {
        return error_set(error, STATUS_INVALID,
                         "control %s: two contexts: write a line for each",
                         parsed->connection);
    }
    (void)config_next_word(line, word, sizeof(word));
    status = config_check_context(word, "the context of a role", error);
    if (status != STATUS_OK) {
        error_prefix(error, "control %s", parsed->connection);
        return status;
    }
    parsed->context = strdup(word);
    return parsed->context == NULL ? error_set(error, STATUS_NO_MEMORY, "out of memory")
                                   : STATUS_OK;
}

static enum status read_class(struct control_line *parsed, const char *word,
                              struct error *error)
{
    enum operation_class class = operation_class_find(word);

    if (class == 0) {
        return error_set(
            error, STATUS_INVALID,
            "control %s: '%.*s' is no class of operations; write power, config, "
            "provision, destroy or debug, and patterns behind 'allow' or 'deny'",
            parsed->connection, config_public_length(word), word);
    }
    if ((parsed->control.classes & OPERATION_CLASS_BIT(class)) != 0) {
        return error_set(error, STATUS_INVALID,
                         "control %s: class %s stands there twice: leave one of them",
                         parsed->connection, operation_class_name(class));
    }
    parsed->control.classes |= OPERATION_CLASS_BIT(class);
    return STATUS_OK;
}

/*
 * Whether somebody meant a UUID and mistyped it: as a pattern of names it would
 * fit no domain, and `deny` would deny nothing.
 */
static bool is_almost_uuid(const char *word)
{
    size_t length = strlen(word);
    struct uuid uuid;

    return length >= 30 && length <= 40
           && strspn(word, "0123456789abcdefABCDEF-") == length
           && !uuid_parse(word, &uuid);
}

static enum status read_pattern(struct control_line *parsed, bool allow,
                                const char *word, struct error *error)
{
    enum status status;

    if (is_almost_uuid(word)) {
        return error_set(error, STATUS_INVALID,
                         "control %s: '%s' is not quite a UUID: write all of its 32 "
                         "digits; if it is a name, put its first character in []",
                         parsed->connection, word);
    }
    status = control_add(&parsed->control, allow, word, error);
    if (status != STATUS_OK) {
        error_prefix(error, "control %s: %s", parsed->connection,
                     allow ? "allow" : "deny");
    }
    return status;
}

static enum status no_pattern(const struct control_line *parsed, enum part part,
                              struct error *error)
{
    const char *word = part == PART_ALLOW ? "allow" : "deny";

    return error_set(error, STATUS_INVALID,
                     "control %s: no pattern behind '%s': write UUIDs or patterns of "
                     "names there, or leave '%s' out",
                     parsed->connection, word, word);
}

/* The words behind the connection. */
static enum status read_words(struct control_line *parsed, char *line,
                              struct error *error)
{
    enum part part = PART_CLASSES;
    size_t patterns = 0; /* of this part */
    enum status status = STATUS_OK;

    while (status == STATUS_OK && line != NULL && line[0] != '\0') {
        /* In quotes it is itself. */
        bool bare = line[0] != '"' && line[0] != '\'';
        bool turns_allow;
        char word[WORD_SIZE];

        if (!config_next_word(&line, word, sizeof(word))) {
            return error_set(error, STATUS_INVALID,
                             "control %s: a word is empty, or has more than %d octets",
                             parsed->connection, TEXT_MAX);
        }
        turns_allow = bare && strcasecmp(word, "allow") == 0;
        if (turns_allow || (bare && strcasecmp(word, "deny") == 0)) {
            if (part != PART_CLASSES && patterns == 0) {
                return no_pattern(parsed, part, error);
            }
            part = turns_allow ? PART_ALLOW : PART_DENY;
            patterns = 0;
        } else if (part != PART_CLASSES) {
            status = read_pattern(parsed, part == PART_ALLOW, word, error);
            patterns++;
        } else if (strcasecmp(word, "context") == 0) {
            status = read_context(parsed, &line, error);
        } else {
            status = read_class(parsed, word, error);
        }
    }
    if (status == STATUS_OK && part != PART_CLASSES && patterns == 0) {
        return no_pattern(parsed, part, error);
    }
    return status;
}

/* "FILE: line N: " of the line that the reader is at; NULL without memory. */
static char *find_place(struct log_capture *capture)
{
    char *said;
    char *end;

    netsnmp_config_warn("control");
    said = log_capture_take(capture);
    end = said == NULL ? NULL : strstr(said, PLACE_MARK);
    if (end == NULL) {
        /* So many errors were told already that it does not matter. */
        free(said);
        return strdup("");
    }
    *end = '\0';
    return said;
}

static enum status keep_line(struct config_staging *staging,
                             struct control_line *parsed)
{
    struct control_line *grown;

    parsed->place = find_place(staging->capture);
    grown = parsed->place == NULL
                ? NULL
                : reallocarray(staging->controls, staging->control_count + 1,
                               sizeof(*grown));
    if (grown == NULL) {
        return STATUS_NO_MEMORY;
    }
    staging->controls = grown;
    grown[staging->control_count++] = *parsed;
    return STATUS_OK;
}

enum status config_control_read(struct config_staging *staging, char *line,
                                struct error *error)
{
    struct control_line parsed = { 0 };
    enum status status;

    if (!config_next_word(&line, parsed.connection, sizeof(parsed.connection))) {
        return error_set(error, STATUS_INVALID,
                         "write: control " CONFIG_CONTROL_SYNTAX
                         "; CONNECTION is the name of a connection");
    }
    parsed.connection[config_public_length(parsed.connection)] = '\0';
    status = read_words(&parsed, line, error);
    if (status == STATUS_OK && parsed.control.classes == 0) {
        status = error_set(error, STATUS_INVALID,
                           "control %s: no class of operations; write those to permit: "
                           "power, config, provision, destroy, debug",
                           parsed.connection);
    }
    if (status == STATUS_OK && keep_line(staging, &parsed) != STATUS_OK) {
        status = error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    if (status != STATUS_OK) {
        clear_line(&parsed);
    }
    return status;
}

/* Whether another role may have that context; it is given to `to`. */
static enum status check_context(const struct config *config,
                                 const struct config_connection *to,
                                 const char *context, struct error *error)
{
    for (size_t i = 0; i < config->connection_count; i++) {
        const struct config_connection *other = &config->connections[i];

        for (size_t r = 0; r < other->role_count; r++) {
            if (strcmp(other->roles[r].context, context) != 0) {
                continue;
            }
            if (other != to) {
                return error_set(error, STATUS_INVALID,
                                 "control %s: context '%s' is one of connection '%s': "
                                 "give the role a context of its own",
                                 to->name, context, other->name);
            }
            if (r == 0) {
                return error_set(error, STATUS_INVALID,
                                 "control %s: context '%s' is the connection's own: "
                                 "leave 'context %s' out, or name another one",
                                 to->name, context, context);
            }
            return error_set(error, STATUS_INVALID,
                             "control %s: there are two lines for context '%s': write "
                             "one line with all that it permits",
                             to->name, context);
        }
    }
    return STATUS_OK;
}

static enum status add_role(struct config_connection *to, struct control_line *line,
                            struct error *error)
{
    struct config_role *grown;

    if (to->role_count == CONFIG_ROLES_MAX) {
        return error_set(error, STATUS_INVALID,
                         "control %s: more than %d contexts of one connection",
                         to->name, CONFIG_ROLES_MAX);
    }
    grown = reallocarray(to->roles, to->role_count + 1, sizeof(*grown));
    if (grown == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    to->roles = grown;
    grown[to->role_count++] = (struct config_role) { line->context, line->control };
    line->context = NULL;
    line->control = (struct control) { 0 };
    return STATUS_OK;
}

static enum status settle_line(const struct config_staging *staging,
                               struct control_line *line, struct error *error)
{
    const struct config *config = staging->config;
    struct config_connection *to = NULL;
    enum status status;

    for (size_t i = 0; i < config->connection_count; i++) {
        if (strcmp(config->connections[i].name, line->connection) == 0) {
            to = &config->connections[i];
        }
    }
    if (to == NULL) {
        /* It may be the one with an error, which has been told. */
        return staging->connection_refused
                   ? STATUS_OK
                   : error_set(error, STATUS_INVALID,
                               "control %s: there is no connection of that name: "
                               "correct it, or write 'connection %s URI', too",
                               line->connection, line->connection);
    }
    if (line->context != NULL) {
        status = check_context(config, to, line->context, error);
        return status == STATUS_OK ? add_role(to, line, error) : status;
    }
    if (to->roles[0].control.classes != 0) {
        return error_set(error, STATUS_INVALID,
                         "control %s: there are two lines for the connection's own "
                         "context: write one line with all that it permits",
                         to->name);
    }
    to->roles[0].control = line->control;
    line->control = (struct control) { 0 };
    return STATUS_OK;
}

void config_control_settle(struct config_staging *staging,
                           void (*tell)(const char *line, void *argument),
                           void *argument)
{
    for (size_t i = 0; i < staging->control_count; i++) {
        struct control_line *line = &staging->controls[i];
        struct error error = ERROR_NONE;
        char text[PATH_MAX + ERROR_TEXT_SIZE];

        if (settle_line(staging, line, &error) != STATUS_OK) {
            snprintf(text, sizeof(text), "%sError: %s", line->place, error.text);
            tell(text, argument);
        }
        clear_line(line);
    }
    free(staging->controls);
    staging->controls = NULL;
    staging->control_count = 0;
}
