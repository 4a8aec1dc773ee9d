/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/journal_line.h"
#include "agent/journal_parts.h"
#include "model/clock.h"
#include "model/state_file.h"

/* A file smaller than this is not worth being written anew. */
#define REWRITE_SIZE ((int64_t)1024 * 1024)

bool journal_file_init(struct journal_file *file, const char *folder, const char *name)
{
    *file = (struct journal_file) { .fd = -1 };
    if (asprintf(&file->path, "%s/operations-%s.journal", folder, name) < 0) {
        file->path = NULL;
        return false;
    }
    if (asprintf(&file->new_path, "%s.new", file->path) < 0) {
        file->new_path = NULL;
        return false;
    }
    if (asprintf(&file->corrupt_path, "%s.corrupt", file->path) < 0) {
        file->corrupt_path = NULL;
        return false;
    }
    return true;
}

void journal_file_close(struct journal_file *file)
{
    if (file->fd >= 0) {
        close(file->fd);
    }
    free(file->path);
    free(file->new_path);
    free(file->corrupt_path);
}

enum status journal_file_status(int reason)
{
    switch (reason) {
    case ENOMEM:
        return STATUS_NO_MEMORY;
    case EACCES:
    case EPERM:
    case EROFS:
        return STATUS_DENIED;
    default:
        return STATUS_IO;
    }
}

static enum status refuse(const struct journal_file *file, int reason,
                          struct error *error)
{
    const char *what_to_do = "look at the disk of the state folder";

    if (reason == ENOSPC || reason == EDQUOT || reason == EFBIG) {
        what_to_do = "make room for it";
    } else if (journal_file_status(reason) == STATUS_DENIED) {
        what_to_do = "see to the rights of the state folder";
    }
    return error_set(error, journal_file_status(reason), "%s cannot be written: %s; %s",
                     file->path, strerror(reason), what_to_do);
}

static bool write_lines(FILE *stream, const struct operation_table *table,
                        uint32_t next_id)
{
    const struct journal_run run = {
        .boot = state_file_boot_id(),
        .date_offset_ns = clock_date_ns() - clock_boot_ns(),
        .next_id = next_id,
    };
    char line[JOURNAL_LINE_SIZE];

    errno = EIO; /* a stream's error is remembered without its reason */
    fputs(JOURNAL_MAGIC, stream);
    (void)journal_line_format_run(&run, line);
    fputs(line, stream);
    for (size_t i = 0; i < table->count; i++) {
        (void)journal_line_format(table->operations[i], line);
        fputs(line, stream);
    }
    return fflush(stream) == 0 && !ferror(stream);
}

/*
 * The new file, whole and on the disk, with *ret_size octets: a descriptor to go
 * on with; -1 with errno set.
 */
static int write_new(const struct journal_file *file,
                     const struct operation_table *table, uint32_t next_id,
                     int64_t *ret_size)
{
    FILE *stream = NULL;
    int kept = -1;
    int reason;
    int fd;

    unlink(file->new_path); /* what a loss of power may have left */
    fd = open(file->new_path,
              O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0) {
        stream = fdopen(fd, "a");
    }
    if (stream != NULL && write_lines(stream, table, next_id) && fsync(fd) == 0) {
        *ret_size = ftello(stream);
        kept = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    }
    reason = errno;
    if (stream != NULL) {
        fclose(stream);
    } else if (fd >= 0) {
        close(fd);
    }
    errno = reason;
    return kept;
}

/* A file whose name is lost with the power is lost. */
static bool sync_name(struct journal_file *file)
{
    if (!file->is_named) {
        file->is_named = state_file_sync_folder(file->path);
    }
    return file->is_named;
}

enum status journal_file_replace(struct journal_file *file,
                                 const struct operation_table *table, uint32_t next_id,
                                 struct error *error)
{
    int64_t size = 0;
    int fd = write_new(file, table, next_id, &size);

    if (fd < 0 || rename(file->new_path, file->path) != 0) {
        int reason = errno;

        if (fd >= 0) {
            close(fd);
        }
        unlink(file->new_path);
        return refuse(file, reason, error);
    }
    /* From here on it is the file, whatever comes. */
    if (file->fd >= 0) {
        close(file->fd);
    }
    file->fd = fd;
    file->size = size;
    file->rewrite_size = 2 * size > REWRITE_SIZE ? 2 * size : REWRITE_SIZE;
    file->is_torn = false;
    file->is_doubtful = false;
    file->is_named = false;
    return sync_name(file) ? STATUS_OK : refuse(file, errno, error);
}

static bool write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, text, length);

        if (written < 0 && errno != EINTR) {
            return false;
        }
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
    }
    return true;
}

/* Takes back what is behind the last whole line. */
static bool cut(struct journal_file *file)
{
    file->is_torn = ftruncate(file->fd, file->size) != 0;
    return !file->is_torn;
}

enum status journal_file_append(struct journal_file *file, const char *lines,
                                size_t length, bool sync, struct error *error)
{
    int reason;

    if (sync && file->is_doubtful) {
        return refuse(file, EIO, error);
    }
    if ((!file->is_torn || cut(file)) && write_all(file->fd, lines, length)) {
        if (!sync || (sync_name(file) && fdatasync(file->fd) == 0)) {
            file->size += (int64_t)length;
            return STATUS_OK;
        }
        file->is_doubtful = true;
    }
    reason = errno;
    (void)cut(file);
    return refuse(file, reason, error);
}

static enum status rewrite(struct journal_file *file, int64_t keep_ns)
{
    struct operation_table table;
    struct error error = ERROR_NONE;
    uint32_t next_id;
    size_t damaged;
    enum status status;

    operation_table_init(&table);
    status = journal_load(file->path, keep_ns, &table, &next_id, &damaged, &error);
    if (status == STATUS_OK && damaged == 0) {
        status = journal_file_replace(file, &table, next_id, &error);
    } else if (status == STATUS_OK) {
        status = STATUS_INVALID;
    }
    operation_table_clear(&table);
    return status;
}

void journal_file_compact(struct journal_file *file, int64_t keep_ns)
{
    bool is_large = file->size > file->rewrite_size;

    if ((is_large || file->is_doubtful) && rewrite(file, keep_ns) != STATUS_OK
        && is_large) {
        file->rewrite_size *= 2; /* not at once again */
    }
}
