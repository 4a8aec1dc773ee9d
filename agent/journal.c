/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "agent/journal_line.h"
#include "agent/journal_parts.h"
#include "model/clock.h"

/* A file smaller than this is not worth being written anew. */
#define REWRITE_SIZE ((int64_t)1024 * 1024)

/* A line that is to be written. */
struct entry {
    struct entry *next;
    journal_done_fn *done; /* NULL: nobody waits */
    void *argument;
    size_t length;
    char line[];
};

struct journal {
    struct journal_paths paths; /* of NULLs: nothing is kept */
    _Atomic int64_t keep_ns;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Under the lock: */
    bool closing;
    struct entry *first;
    struct entry **end;
    /* The thread's own: */
    int fd;
    int64_t size;         /* up to the end of the last whole line */
    int64_t rewrite_size; /* at which it is written anew */
};

static void free_paths(struct journal_paths *paths)
{
    free(paths->path);
    free(paths->new_path);
    free(paths->corrupt_path);
}

static void journal_free(struct journal *journal)
{
    if (journal != NULL) {
        if (journal->fd >= 0) {
            close(journal->fd);
        }
        free_paths(&journal->paths);
        pthread_cond_destroy(&journal->changed);
        pthread_mutex_destroy(&journal->lock);
        free(journal);
    }
}

static bool set_paths(struct journal_paths *paths, const char *folder, const char *name)
{
    if (asprintf(&paths->path, "%s/operations-%s.journal", folder, name) < 0) {
        paths->path = NULL;
        return false;
    }
    if (asprintf(&paths->new_path, "%s.new", paths->path) < 0) {
        paths->new_path = NULL;
        return false;
    }
    if (asprintf(&paths->corrupt_path, "%s.corrupt", paths->path) < 0) {
        paths->corrupt_path = NULL;
        return false;
    }
    return true;
}

static enum status open_file(struct journal *journal, struct error *error)
{
    int fd = open(journal->paths.path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0) {
        return error_set(error, STATUS_IO, "%s cannot be opened: %s",
                         journal->paths.path, strerror(errno));
    }
    if (journal->fd >= 0) {
        close(journal->fd);
    }
    journal->fd = fd;
    journal->rewrite_size = 2 * journal->size;
    if (journal->rewrite_size < REWRITE_SIZE) {
        journal->rewrite_size = REWRITE_SIZE;
    }
    return STATUS_OK;
}

/* Leaves out what is forgotten; without memory for that the file grows on. */
static enum status rewrite(struct journal *journal, struct error *error)
{
    struct operation_table table;
    uint32_t next_id;
    size_t damaged;
    enum status status;

    operation_table_init(&table);
    status = journal_load(journal->paths.path, atomic_load(&journal->keep_ns), &table,
                          &next_id, &damaged, error);
    (void)operation_table_forget(&table, clock_boot_ns(), OPERATION_TABLE_MAX);
    if (status == STATUS_OK && damaged == 0) {
        status =
            journal_rewrite(&journal->paths, &table, next_id, &journal->size, error);
    }
    operation_table_clear(&table);
    return status == STATUS_OK ? open_file(journal, error) : status;
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

static bool write_entry(struct journal *journal, const struct entry *entry,
                        struct error *error)
{
    if (write_all(journal->fd, entry->line, entry->length)) {
        journal->size += (int64_t)entry->length;
        return true;
    }
    error_set(error, STATUS_IO, "%s cannot be written: %s; make room on the disk",
              journal->paths.path, strerror(errno));
    /* No half a line: what comes next begins where this began. */
    if (ftruncate(journal->fd, journal->size) != 0) {
        error_prefix(error, "the last line cannot be taken back");
    }
    return false;
}

/* Tells those that wait; keeps of the others what could not be written. */
static struct entry *finish_batch(struct entry *batch, const struct entry *written_to,
                                  const struct error *error)
{
    struct entry *kept = NULL;
    struct entry **end = &kept;
    bool written = true;

    while (batch != NULL) {
        struct entry *entry = batch;

        batch = entry->next;
        entry->next = NULL;
        written = written && entry != written_to;
        if (entry->done != NULL) {
            entry->done(entry->argument,
                        written && error->status == STATUS_OK ? NULL : error);
        }
        if (written || entry->done != NULL) {
            free(entry);
        } else {
            *end = entry;
            end = &entry->next;
        }
    }
    return kept;
}

/* Writes what there is, in one go; returns what is to be tried again. */
static struct entry *write_batch(struct journal *journal, struct entry *batch)
{
    struct error error = ERROR_NONE;
    const struct entry *entry = batch;
    bool awaited = false;

    while (entry != NULL && write_entry(journal, entry, &error)) {
        awaited = awaited || entry->done != NULL;
        entry = entry->next;
    }
    if (awaited && fdatasync(journal->fd) != 0 && error.status == STATUS_OK) {
        error_set(&error, STATUS_IO, "%s cannot be synchronised: %s",
                  journal->paths.path, strerror(errno));
    }
    return finish_batch(batch, entry, &error);
}

static void append(struct entry **list, struct entry *more)
{
    while (*list != NULL) {
        list = &(*list)->next;
    }
    *list = more;
}

static void *write_lines(void *argument)
{
    struct journal *journal = argument;
    struct entry *batch = NULL;
    bool closing = false;

    while (!closing) {
        struct error error = ERROR_NONE;

        pthread_mutex_lock(&journal->lock);
        while (journal->first == NULL && !journal->closing) {
            pthread_cond_wait(&journal->changed, &journal->lock);
        }
        append(&batch, journal->first);
        journal->first = NULL;
        journal->end = &journal->first;
        closing = journal->closing;
        pthread_mutex_unlock(&journal->lock);
        batch = write_batch(journal, batch);
        if (journal->size > journal->rewrite_size
            && rewrite(journal, &error) != STATUS_OK) {
            journal->rewrite_size *= 2; /* not at once again */
        }
    }
    (void)fdatasync(journal->fd);
    while (batch != NULL) {
        struct entry *entry = batch;

        batch = entry->next;
        free(entry);
    }
    return NULL;
}

/* What the end of the agent has made of those that had not ended. */
static void settle(struct operation_table *table, int64_t keep_ns)
{
    static const struct error cancelled = { STATUS_UNAVAILABLE,
                                            "the agent ended before it began" };
    static const struct error interrupted = {
        STATUS_UNAVAILABLE, "the agent ended while it ran: look at the domain"
    };
    int64_t now_ns = clock_boot_ns();

    for (size_t i = 0; i < table->count; i++) {
        struct operation *operation = table->operations[i];

        if (operation->state == OPERATION_QUEUED) {
            operation->state = OPERATION_CANCELLED;
            operation->finished_ns = now_ns;
            operation_set_error(operation, &cancelled);
        } else if (operation->state == OPERATION_RUNNING) {
            operation->state = OPERATION_INTERRUPTED;
            operation->finished_ns = now_ns;
            operation_set_error(operation, &interrupted);
        }
        if (operation->forget_ns == CLOCK_NEVER) {
            operation->forget_ns = now_ns + keep_ns;
        }
    }
    (void)operation_table_forget(table, now_ns, OPERATION_TABLE_MAX);
}

static enum status load(struct journal *journal, struct operation_table *table,
                        uint32_t *ret_next_id, struct error *warning,
                        struct error *error)
{
    const struct journal_paths *paths = &journal->paths;
    int64_t keep_ns = atomic_load(&journal->keep_ns);
    size_t damaged;
    enum status status =
        journal_load(paths->path, keep_ns, table, ret_next_id, &damaged, error);

    if (status != STATUS_OK) {
        return status;
    }
    if (damaged != 0 && rename(paths->path, paths->corrupt_path) == 0) {
        error_set(warning, STATUS_INVALID,
                  "%s: line %zu is damaged; the file is kept as %s, and operations of "
                  "that line and behind it are forgotten",
                  paths->path, damaged, paths->corrupt_path);
    }
    settle(table, keep_ns);
    status = journal_rewrite(paths, table, *ret_next_id, &journal->size, error);
    return status == STATUS_OK ? open_file(journal, error) : status;
}

struct journal *journal_open(const char *folder, const char *name, int64_t keep_ns,
                             struct operation_table *table, uint32_t *ret_next_id,
                             struct error *ret_warning, struct error *error)
{
    struct journal *journal = calloc(1, sizeof(*journal));
    int failed;

    if (journal == NULL) {
        error_set(error, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    journal->fd = -1;
    journal->end = &journal->first;
    atomic_store(&journal->keep_ns, keep_ns);
    pthread_mutex_init(&journal->lock, NULL);
    pthread_cond_init(&journal->changed, NULL);
    if (folder == NULL) {
        uint32_t dice = 0;

        if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) < 0) {
            dice = (uint32_t)clock_boot_ns();
        }
        *ret_next_id = OPERATION_MANAGER_ID_MAX + 1 + dice % (1u << 30);
        return journal;
    }
    if (!set_paths(&journal->paths, folder, name)) {
        error_set(error, STATUS_NO_MEMORY, "out of memory");
        journal_free(journal);
        return NULL;
    }
    if (load(journal, table, ret_next_id, ret_warning, error) != STATUS_OK) {
        journal_free(journal);
        return NULL;
    }
    failed = pthread_create(&journal->thread, NULL, write_lines, journal);
    if (failed != 0) {
        error_set(error, STATUS_FAILED, "cannot start a thread: %s", strerror(failed));
        journal_free(journal);
        return NULL;
    }
    return journal;
}

void journal_write(struct journal *journal, const struct operation *operation,
                   journal_done_fn *done, void *argument)
{
    static const struct error no_memory = { STATUS_NO_MEMORY, "out of memory" };
    char line[JOURNAL_LINE_SIZE];
    size_t length;
    struct entry *entry;

    if (journal->paths.path == NULL) {
        if (done != NULL) {
            done(argument, NULL);
        }
        return;
    }
    length = journal_line_format(operation, line);
    entry = malloc(sizeof(*entry) + length);
    if (entry == NULL) {
        if (done != NULL) {
            done(argument, &no_memory);
        }
        return;
    }
    *entry = (struct entry) { NULL, done, argument, length };
    memcpy(entry->line, line, length);
    pthread_mutex_lock(&journal->lock);
    *journal->end = entry;
    journal->end = &entry->next;
    pthread_cond_signal(&journal->changed);
    pthread_mutex_unlock(&journal->lock);
}

void journal_set_keep(struct journal *journal, int64_t keep_ns)
{
    atomic_store(&journal->keep_ns, keep_ns);
}

void journal_close(struct journal *journal)
{
    if (journal == NULL) {
        return;
    }
    if (journal->paths.path != NULL) {
        pthread_mutex_lock(&journal->lock);
        journal->closing = true;
        pthread_cond_signal(&journal->changed);
        pthread_mutex_unlock(&journal->lock);
        pthread_join(journal->thread, NULL);
    }
    journal_free(journal);
}
