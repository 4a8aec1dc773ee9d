/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/journal_line.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/clock.h"
#include "model/state_file.h"
#include "model/text.h"

/* Words of a line about an operation, without the checksum. */
#define OPERATION_WORDS 23
#define RUN_WORDS 4

/* Room for the longest text and its NUL. */
#define TEXT_SIZE (TEXT_MAX + 1)

/* A line being written. */
struct writer {
    char *line;
    size_t used;
};

static void put(struct writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put(struct writer *writer, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    /* The longest words of all kinds together fit. */
    writer->used +=
        (size_t)vsnprintf(writer->line + writer->used, JOURNAL_LINE_SIZE - writer->used,
                          format, arguments);
    va_end(arguments);
}

static void put_moment(struct writer *writer, int64_t moment_ns)
{
    if (moment_ns == CLOCK_NEVER) {
        put(writer, " never");
    } else {
        put(writer, " %" PRId64, moment_ns);
    }
}

static void put_text(struct writer *writer, const char *text)
{
    put(writer, " =");
    for (size_t i = 0; text != NULL && text[i] != '\0' && i < TEXT_MAX; i++) {
        unsigned char octet = (unsigned char)text[i];

        if (octet > ' ' && octet < 0x7f && octet != '%') {
            put(writer, "%c", octet);
        } else {
            put(writer, "%%%02x", octet);
        }
    }
}

static size_t finish(struct writer *writer)
{
    put(writer, " %08" PRIx32 "\n", state_file_crc(0, writer->line));
    return writer->used;
}

size_t journal_line_format(const struct operation *operation,
                           char line[static JOURNAL_LINE_SIZE])
{
    struct writer writer = { line, 0 };
    char uuid[UUID_TEXT_SIZE];

    put(&writer, "operation %u %s %" PRIu32 " %u %" PRIu32 " %u %" PRIu32,
        (unsigned)operation->class, uuid_format(&operation->uuid, uuid), operation->id,
        (unsigned)operation->action, operation->value, (unsigned)operation->expected,
        operation->timeout_s);
    put(&writer, " %u %u %" PRIu32 " %u %u %u", operation->dry_run ? 1u : 0u,
        (unsigned)operation->origin, operation->vm_index, (unsigned)operation->state,
        (unsigned)operation->error, operation->is_removed ? 1u : 0u);
    put(&writer, " %d", operation->progress);
    put_moment(&writer, operation->accepted_ns);
    put_moment(&writer, operation->started_ns);
    put_moment(&writer, operation->finished_ns);
    put_moment(&writer, operation->forget_ns);
    put_text(&writer, operation->tag);
    put_text(&writer, operation->role);
    put_text(&writer, operation->name);
    put_text(&writer, operation->error_text);
    return finish(&writer);
}

size_t journal_line_format_run(const struct journal_run *run,
                               char line[static JOURNAL_LINE_SIZE])
{
    struct writer writer = { line, 0 };
    char uuid[UUID_TEXT_SIZE];

    put(&writer, "run %s %" PRId64 " %" PRIu32, uuid_format(&run->boot, uuid),
        run->date_offset_ns, run->next_id);
    return finish(&writer);
}

/*
 * Checks and cuts off the checksum, and splits the rest into exactly so many
 * words.
 */
static bool split(char *line, char **words, size_t count)
{
    char *last = strrchr(line, ' ');
    char expected[16];

    if (last == NULL) {
        return false;
    }
    *last = '\0';
    snprintf(expected, sizeof(expected), "%08" PRIx32, state_file_crc(0, line));
    if (strcmp(last + 1, expected) != 0) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        words[i] = line;
        line = line == NULL ? NULL : strchr(line, ' ');
        if (line != NULL) {
            *line++ = '\0';
        }
        if (words[i] == NULL) {
            return false;
        }
    }
    return line == NULL;
}

static bool read_number(const char *word, int64_t least, int64_t most, int64_t *number)
{
    char *end;

    errno = 0;
    *number = strtoll(word, &end, 10);
    return errno == 0 && end != word && *end == '\0' && *number >= least
           && *number <= most;
}

static bool read_u32(const char *word, uint32_t least, uint32_t most, uint32_t *number)
{
    int64_t wide;

    if (!read_number(word, least, most, &wide)) {
        return false;
    }
    *number = (uint32_t)wide;
    return true;
}

static bool read_bool(const char *word, bool *truth)
{
    *truth = word[0] == '1';
    return (word[0] == '0' || word[0] == '1') && word[1] == '\0';
}

static bool read_moment(const char *word, int64_t *moment_ns)
{
    *moment_ns = CLOCK_NEVER;
    return strcmp(word, "never") == 0
           || read_number(word, INT64_MIN + 1, INT64_MAX, moment_ns);
}

static int digit(char hex)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = hex == '\0' ? NULL : strchr(digits, hex);

    return at == NULL ? -1 : (int)(at - digits);
}

/* Decodes a text into `text`, which has room for size octets with the NUL. */
static bool read_text(const char *word, char *text, size_t size)
{
    char raw[TEXT_SIZE];
    size_t used = 0;

    if (*word++ != '=') {
        return false;
    }
    while (*word != '\0' && used + 1 < sizeof(raw)) {
        int octet = (unsigned char)*word++;

        if (octet == '%') {
            int high = digit(word[0]);
            int low = high < 0 ? -1 : digit(word[1]);

            octet = 16 * high + low;
            if (low < 0 || octet == 0) {
                return false;
            }
            word += 2;
        }
        raw[used++] = (char)octet;
    }
    raw[used] = '\0';
    (void)text_clean(text, size, raw);
    return *word == '\0';
}

static bool read_enums(char **words, struct operation *operation)
{
    uint32_t class, action, expected, origin, state, error;

    if (!read_u32(words[1], 1, OPERATION_CLASS_COUNT - 1, &class)
        || !read_u32(words[4], 1, OPERATION_ACTION_COUNT - 1, &action)
        || !read_u32(words[6], 0, DOMAIN_STATE_COUNT - 1, &expected)
        || !read_u32(words[9], OPERATION_BY_ROW, OPERATION_BY_COLUMN, &origin)
        || !read_u32(words[11], 1, OPERATION_STATE_COUNT - 1, &state)
        || !read_u32(words[12], 0, STATUS_COUNT - 1, &error)) {
        return false;
    }
    operation->class = (enum operation_class) class;
    operation->action = (enum operation_action)action;
    operation->expected = (enum domain_state)expected;
    operation->origin = (enum operation_origin)origin;
    operation->state = (enum operation_state)state;
    operation->error = (enum status)error;
    return operation_class_of(operation->action) == operation->class;
}

static bool read_numbers(char **words, struct operation *operation)
{
    int64_t progress;

    if (!uuid_parse(words[2], &operation->uuid)
        || !read_u32(words[3], 1, UINT32_MAX, &operation->id)
        || !read_u32(words[5], 0, UINT32_MAX, &operation->value)
        || !read_u32(words[7], 1, OPERATION_TIMEOUT_MAX_S, &operation->timeout_s)
        || !read_bool(words[8], &operation->dry_run)
        || !read_u32(words[10], 0, UINT32_MAX, &operation->vm_index)
        || !read_bool(words[13], &operation->is_removed)
        || !read_number(words[14], OPERATION_PROGRESS_UNKNOWN, 100, &progress)) {
        return false;
    }
    operation->progress = (int)progress;
    return read_moment(words[15], &operation->accepted_ns)
           && read_moment(words[16], &operation->started_ns)
           && read_moment(words[17], &operation->finished_ns)
           && read_moment(words[18], &operation->forget_ns);
}

enum status journal_line_parse(char *line, struct operation **ret_operation)
{
    char *words[OPERATION_WORDS];
    char role[TEXT_SIZE];
    char name[TEXT_SIZE];
    char text[TEXT_SIZE];
    struct operation *operation;

    if (!split(line, words, OPERATION_WORDS) || strcmp(words[0], "operation") != 0
        || !read_text(words[20], role, sizeof(role))
        || !read_text(words[21], name, sizeof(name))
        || !read_text(words[22], text, sizeof(text))) {
        return STATUS_INVALID;
    }
    operation = operation_new(role, name);
    if (operation == NULL) {
        return STATUS_NO_MEMORY;
    }
    if (!read_enums(words, operation) || !read_numbers(words, operation)
        || !read_text(words[19], operation->tag, sizeof(operation->tag))) {
        operation_free(operation);
        return STATUS_INVALID;
    }
    if (text[0] != '\0') {
        operation->error_text = strdup(text);
        if (operation->error_text == NULL) {
            operation_free(operation);
            return STATUS_NO_MEMORY;
        }
    }
    *ret_operation = operation;
    return STATUS_OK;
}

bool journal_line_parse_run(char *line, struct journal_run *ret_run)
{
    char *words[RUN_WORDS];
    struct journal_run run;

    if (!split(line, words, RUN_WORDS) || strcmp(words[0], "run") != 0
        || !uuid_parse(words[1], &run.boot)
        || !read_number(words[2], INT64_MIN + 1, INT64_MAX, &run.date_offset_ns)
        || !read_u32(words[3], OPERATION_MANAGER_ID_MAX + 1, UINT32_MAX,
                     &run.next_id)) {
        return false;
    }
    *ret_run = run;
    return true;
}
