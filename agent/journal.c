/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/journal_line.h"
#include "agent/journal_parts.h"
#include "model/clock.h"

/*
 * Lines kept while the disk is full.  Of the operations that are remembered the
 * last lines are among these: each has a few at most.
 */
#define KEPT_MAX ((size_t)4 * OPERATION_TABLE_MAX)

/* A line that is to be written. */
struct entry {
    struct entry *next;
    journal_done_fn *done; /* NULL: nobody waits */
    void *argument;
    size_t length;
    char line[];
};

struct journal {
    struct journal_file file;
    _Atomic int64_t keep_ns;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* Under the lock: */
    bool closing;
    struct entry *first;
    struct entry **end;
};

static void journal_free(struct journal *journal)
{
    journal_file_close(&journal->file);
    pthread_cond_destroy(&journal->changed);
    pthread_mutex_destroy(&journal->lock);
    free(journal);
}

/* Tells those that wait; returns of the others what could not be written. */
static struct entry *finish_batch(struct entry *batch, const struct error *error)
{
    struct entry *kept = NULL;
    struct entry **end = &kept;
    size_t count = 0;

    while (batch != NULL) {
        struct entry *entry = batch;

        batch = entry->next;
        entry->next = NULL;
        if (entry->done != NULL) {
            entry->done(entry->argument, error);
        }
        if (entry->done != NULL || error == NULL) {
            free(entry);
        } else {
            *end = entry;
            end = &entry->next;
            count++;
        }
    }
    for (; count > KEPT_MAX; count--) {
        struct entry *oldest = kept;

        kept = oldest->next;
        free(oldest);
    }
    return kept;
}

/* All lines, in one go. */
static enum status write_all(struct journal *journal, const struct entry *batch,
                             struct error *error)
{
    bool is_awaited = false;
    size_t length = 0;
    enum status status;
    char *lines;
    char *at;

    for (const struct entry *entry = batch; entry != NULL; entry = entry->next) {
        length += entry->length;
        is_awaited = is_awaited || entry->done != NULL;
    }
    if (length == 0) {
        return STATUS_OK;
    }
    lines = malloc(length);
    if (lines == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    at = lines;
    for (const struct entry *entry = batch; entry != NULL; entry = entry->next) {
        at = mempcpy(at, entry->line, entry->length);
    }
    status = journal_file_append(&journal->file, lines, length, is_awaited, error);
    free(lines);
    return status;
}

static void append(struct entry **list, struct entry *more)
{
    while (*list != NULL) {
        list = &(*list)->next;
    }
    *list = more;
}

static void *run(void *argument)
{
    struct journal *journal = argument;
    struct entry *batch = NULL;
    bool closing = false;

    while (!closing) {
        struct error error = ERROR_NONE;
        enum status status;

        pthread_mutex_lock(&journal->lock);
        while (journal->first == NULL && !journal->closing) {
            pthread_cond_wait(&journal->changed, &journal->lock);
        }
        append(&batch, journal->first);
        journal->first = NULL;
        journal->end = &journal->first;
        closing = journal->closing;
        pthread_mutex_unlock(&journal->lock);
        /* Once more now, if it was in doubt; then because it has grown. */
        journal_file_compact(&journal->file, atomic_load(&journal->keep_ns));
        status = write_all(journal, batch, &error);
        batch = finish_batch(batch, status == STATUS_OK ? NULL : &error);
        journal_file_compact(&journal->file, atomic_load(&journal->keep_ns));
    }
    (void)fdatasync(journal->file.fd);
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
    int64_t forget_ns = clock_boot_ns() + keep_ns;

    for (size_t i = 0; i < table->count; i++) {
        struct operation *operation = table->operations[i];

        if (!operation_state_is_final(operation->state)) {
            bool is_queued = operation->state == OPERATION_QUEUED;

            operation->state = is_queued ? OPERATION_CANCELLED : OPERATION_INTERRUPTED;
            operation->finished_ns = forget_ns - keep_ns;
            operation->forget_ns = forget_ns;
            operation_set_error(operation, is_queued ? &cancelled : &interrupted);
        } else if (operation->forget_ns == CLOCK_NEVER
                   || operation->forget_ns > forget_ns) {
            operation->forget_ns = forget_ns;
        }
    }
}

/* Keeps a damaged file to be looked at; nothing depends on that. */
static void set_aside(const struct journal_file *file, size_t damaged,
                      struct error *warning)
{
    if (rename(file->path, file->corrupt_path) == 0) {
        error_set(warning, STATUS_INVALID,
                  "%s: line %zu is damaged; the file is kept as %s, and operations of "
                  "that line and behind it are forgotten",
                  file->path, damaged, file->corrupt_path);
    } else {
        error_set(warning, STATUS_INVALID,
                  "%s: line %zu is damaged; operations of that line and behind it are "
                  "forgotten, and the file, which could not be renamed to %s (%s), is "
                  "replaced",
                  file->path, damaged, file->corrupt_path, strerror(errno));
    }
}

static enum status load(struct journal *journal, struct operation_table *table,
                        uint32_t *ret_next_id, struct error *warning,
                        struct error *error)
{
    struct journal_file *file = &journal->file;
    int64_t keep_ns = atomic_load(&journal->keep_ns);
    size_t damaged;
    enum status status =
        journal_load(file->path, keep_ns, table, ret_next_id, &damaged, error);

    if (status != STATUS_OK) {
        return status;
    }
    if (damaged != 0) {
        set_aside(file, damaged, warning);
    }
    settle(table, keep_ns);
    return journal_file_replace(file, table, *ret_next_id, error);
}

/* Opens the file and starts the thread.  False, with words. */
static bool begin(struct journal *journal, const char *folder, const char *name,
                  struct operation_table *table, uint32_t *ret_next_id,
                  struct error *warning, struct error *error)
{
    int failed;

    if (!journal_file_init(&journal->file, folder, name)) {
        error_set(error, STATUS_NO_MEMORY, "out of memory");
        return false;
    }
    if (load(journal, table, ret_next_id, warning, error) != STATUS_OK) {
        return false;
    }
    failed = pthread_create(&journal->thread, NULL, run, journal);
    if (failed != 0) {
        error_set(error, STATUS_NO_MEMORY, "cannot start a thread: %s",
                  strerror(failed));
        return false;
    }
    return true;
}

struct journal *journal_open(const char *folder, const char *name, int64_t keep_ns,
                             struct operation_table *table, uint32_t *ret_next_id,
                             struct error *ret_warning, struct error *error)
{
    struct journal *journal = calloc(1, sizeof(*journal));

    if (journal == NULL) {
        error_set(error, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    journal->file.fd = -1;
    journal->end = &journal->first;
    atomic_store(&journal->keep_ns, keep_ns);
    pthread_mutex_init(&journal->lock, NULL);
    pthread_cond_init(&journal->changed, NULL);
    if (folder == NULL) {
        *ret_next_id = journal_random_id(OPERATION_MANAGER_ID_MAX + 1);
    } else if (!begin(journal, folder, name, table, ret_next_id, ret_warning, error)) {
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

    if (journal->file.path == NULL) {
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
    if (journal->file.path != NULL) {
        pthread_mutex_lock(&journal->lock);
        journal->closing = true;
        pthread_cond_signal(&journal->changed);
        pthread_mutex_unlock(&journal->lock);
        pthread_join(journal->thread, NULL);
    }
    journal_free(journal);
}
