/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/journal_line.h"
#include "agent/journal_parts.h"
#include "model/clock.h"
#include "model/state_file.h"

/* A file of a journal that is larger was written by something else. */
#define FILE_SIZE_MAX ((off_t)256 * 1024 * 1024)

struct loader {
    struct operation_table *table;
    int64_t now_ns;
    int64_t keep_ns;
    struct uuid boot; /* this one */
    int64_t date_offset_ns;
    struct journal_run run; /* of the lines at hand */
    bool has_run;
    uint32_t next_id;
    uint64_t serial;
};

static void shift(int64_t *moment_ns, int64_t shift_ns)
{
    if (*moment_ns != CLOCK_NEVER
        && __builtin_add_overflow(*moment_ns, shift_ns, moment_ns)) {
        *moment_ns = CLOCK_NEVER;
    }
}

/* Brings moments of another boot to this boot's clock, by their dates. */
static void convert(const struct loader *loader, struct operation *operation)
{
    int64_t shift_ns;

    if (!uuid_is_nil(&loader->boot)
        && uuid_compare(&loader->run.boot, &loader->boot) == 0) {
        return;
    }
    if (__builtin_sub_overflow(loader->run.date_offset_ns, loader->date_offset_ns,
                               &shift_ns)) {
        shift_ns = 0;
    }
    shift(&operation->accepted_ns, shift_ns);
    shift(&operation->started_ns, shift_ns);
    shift(&operation->finished_ns, shift_ns);
    if (operation->forget_ns != CLOCK_NEVER) {
        operation->forget_ns = loader->now_ns + loader->keep_ns;
    }
}

static bool remember(struct loader *loader, struct operation *operation)
{
    struct operation *before = operation_table_find(loader->table, operation->class,
                                                    &operation->uuid, operation->id);

    convert(loader, operation);
    operation->serial = ++loader->serial;
    if (operation->id > OPERATION_MANAGER_ID_MAX && operation->id >= loader->next_id) {
        loader->next_id = operation->id == UINT32_MAX ? OPERATION_MANAGER_ID_MAX + 1
                                                      : operation->id + 1;
    }
    if (before != NULL) {
        operation->serial = before->serial;
        operation_table_take(loader->table, before);
        operation_free(before);
    } else if (loader->table->count == OPERATION_TABLE_MAX) {
        (void)operation_table_forget(loader->table, loader->now_ns,
                                     OPERATION_TABLE_MAX);
    }
    if (!operation_table_add(loader->table, operation)) {
        operation_free(operation);
        return false;
    }
    return true;
}

/* One line without its newline; false: it is damaged. */
static bool load_line(struct loader *loader, char *line)
{
    struct operation *operation;

    if (strncmp(line, "run ", 4) == 0) {
        loader->has_run = journal_line_parse_run(line, &loader->run);
        if (loader->has_run && loader->run.next_id > loader->next_id) {
            loader->next_id = loader->run.next_id;
        }
        return loader->has_run;
    }
    operation = loader->has_run ? journal_line_parse(line) : NULL;
    return operation != NULL && remember(loader, operation);
}

/* Whether there is nothing behind the end of a text, as far as the file goes. */
static bool is_end(const char *text, const char *file_end)
{
    text += strlen(text);
    while (text < file_end && *text == '\0') {
        text++;
    }
    return text == file_end;
}

/* Loads all lines; returns the number of the first damaged one, 0: none. */
static size_t load_lines(struct loader *loader, char *text, size_t size)
{
    const char *file_end = text + size;
    size_t number = 1;
    char *line = text + strlen(JOURNAL_MAGIC);

    if (strncmp(text, JOURNAL_MAGIC, strlen(JOURNAL_MAGIC)) != 0) {
        return text[0] == '\0' && is_end(text, file_end) ? 0 : number;
    }
    while (*line != '\0') {
        char *end = strchr(line, '\n');

        number++;
        if (end == NULL) {
            /* Cut off by a loss of power: nobody was told of it. */
            return is_end(line, file_end) ? 0 : number;
        }
        *end = '\0';
        if (!load_line(loader, line)) {
            return end[1] == '\0' && is_end(end + 1, file_end) ? 0 : number;
        }
        line = end + 1;
    }
    return is_end(line, file_end) ? 0 : number + 1;
}

/* The whole file with a NUL behind it, and its size; NULL with errno set. */
static char *read_file(const char *path, size_t *ret_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat properties;
    char *text = NULL;
    size_t used = 0;
    ssize_t got = -1;
    int reason;

    if (fd < 0) {
        return NULL;
    }
    if (fstat(fd, &properties) == 0) {
        if (properties.st_size > FILE_SIZE_MAX) {
            errno = EFBIG;
        } else {
            text = malloc((size_t)properties.st_size + 1);
        }
    }
    while (text != NULL && used < (size_t)properties.st_size
           && (got = read(fd, text + used, (size_t)properties.st_size - used)) > 0) {
        used += (size_t)got;
    }
    reason = errno;
    close(fd);
    if (text != NULL && got < 0 && used < (size_t)properties.st_size) {
        free(text);
        text = NULL;
    }
    if (text != NULL) {
        text[used] = '\0';
    }
    *ret_size = used;
    errno = reason;
    return text;
}

enum status journal_load(const char *path, int64_t keep_ns,
                         struct operation_table *table, uint32_t *ret_next_id,
                         size_t *ret_damaged, struct error *error)
{
    struct loader loader = {
        .table = table,
        .now_ns = clock_boot_ns(),
        .keep_ns = keep_ns,
        .boot = state_file_boot_id(),
        .next_id = OPERATION_MANAGER_ID_MAX + 1,
    };
    size_t size;
    char *text = read_file(path, &size);

    *ret_damaged = 0;
    *ret_next_id = loader.next_id;
    loader.date_offset_ns = clock_date_ns() - loader.now_ns;
    if (text == NULL && errno == ENOENT) {
        return STATUS_OK;
    }
    if (text == NULL) {
        return error_set(error, errno == ENOMEM ? STATUS_NO_MEMORY : STATUS_IO,
                         "%s cannot be read: %s", path, strerror(errno));
    }
    *ret_damaged = load_lines(&loader, text, size);
    *ret_next_id = loader.next_id;
    free(text);
    return STATUS_OK;
}

static bool write_lines(FILE *file, const struct operation_table *table,
                        uint32_t next_id)
{
    const struct journal_run run = {
        .boot = state_file_boot_id(),
        .date_offset_ns = clock_date_ns() - clock_boot_ns(),
        .next_id = next_id,
    };
    char line[JOURNAL_LINE_SIZE];

    fputs(JOURNAL_MAGIC, file);
    (void)journal_line_format_run(&run, line);
    fputs(line, file);
    for (size_t i = 0; i < table->count; i++) {
        (void)journal_line_format(table->operations[i], line);
        fputs(line, file);
    }
    return fflush(file) == 0 && !ferror(file);
}

enum status journal_rewrite(const struct journal_paths *paths,
                            const struct operation_table *table, uint32_t next_id,
                            int64_t *ret_size, struct error *error)
{
    int fd = open(paths->new_path,
                  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    bool good = file != NULL;
    int reason = errno;

    if (file == NULL && fd >= 0) {
        close(fd);
    }
    if (good) {
        good = write_lines(file, table, next_id) && fsync(fd) == 0;
        reason = errno;
        *ret_size = ftell(file);
        good = fclose(file) == 0 && good;
    }
    if (good) {
        good = rename(paths->new_path, paths->path) == 0
               && state_file_sync_folder(paths->path);
        reason = errno;
    }
    if (!good) {
        unlink(paths->new_path);
        return error_set(error, STATUS_IO,
                         "%s cannot be written: %s; make room, or see to the rights "
                         "of the state folder",
                         paths->path, strerror(reason));
    }
    return STATUS_OK;
}
