/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/journal_fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct disk disk = { .hold = PTHREAD_MUTEX_INITIALIZER };

/* How much of a write a full disk still has room for. */
#define LAST_ROOM 20

ssize_t __real_write(int fd, const void *from, size_t size);
ssize_t __wrap_write(int fd, const void *from, size_t size);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_ftruncate(int fd, off_t size);
int __wrap_ftruncate(int fd, off_t size);

static bool fails(atomic_int *times, int reason)
{
    if (atomic_load(times) <= 0) {
        return false;
    }
    atomic_fetch_sub(times, 1);
    errno = reason;
    return true;
}

/* A disk that becomes full in the middle of a line. */
ssize_t __wrap_write(int fd, const void *from, size_t size)
{
    static _Thread_local bool is_full;

    if (atomic_load(&disk.failing_writes) > 0) {
        is_full = !is_full;
        if (is_full) {
            return __real_write(fd, from, size < LAST_ROOM ? size : LAST_ROOM);
        }
        (void)fails(&disk.failing_writes, ENOSPC);
        return -1;
    }
    if (size > atomic_load(&disk.longest_write)) {
        atomic_store(&disk.longest_write, size);
    }
    atomic_fetch_add(&disk.writes, 1);
    return __real_write(fd, from, size);
}

int __wrap_fdatasync(int fd)
{
    struct stat properties;

    atomic_store(&disk.is_waiting, true);
    pthread_mutex_lock(&disk.hold);
    pthread_mutex_unlock(&disk.hold);
    atomic_store(&disk.is_waiting, false);
    if (fails(&disk.failing_fdatasyncs, EIO)) {
        return -1;
    }
    atomic_fetch_add(&disk.fdatasyncs, 1);
    if (fstat(fd, &properties) == 0) {
        atomic_store(&disk.synced, (long)properties.st_size);
    }
    return __real_fdatasync(fd);
}

int __wrap_fsync(int fd)
{
    return fails(&disk.failing_fsyncs, EIO) ? -1 : __real_fsync(fd);
}

int __wrap_ftruncate(int fd, off_t size)
{
    return fails(&disk.failing_truncates, EIO) ? -1 : __real_ftruncate(fd, size);
}

void open_journal(struct fixture *fixture)
{
    struct error error = ERROR_NONE;

    fixture->warning = (struct error)ERROR_NONE;
    operation_table_init(&fixture->table);
    fixture->journal = journal_open(fixture->folder, "west", KEEP_NS, &fixture->table,
                                    &fixture->next_id, &fixture->warning, &error);
    if (fixture->journal == NULL) {
        fail_msg("%s", error.text);
    }
}

void close_journal(struct fixture *fixture)
{
    journal_close(fixture->journal);
    fixture->journal = NULL;
    operation_table_clear(&fixture->table);
}

void open_again(struct fixture *fixture)
{
    close_journal(fixture);
    open_journal(fixture);
}

int journal_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL) {
        return -1;
    }
    snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/hvagentx-journal.XXXXXX");
    if (mkdtemp(fixture->folder) == NULL) {
        return -1;
    }
    snprintf(fixture->path, sizeof(fixture->path), "%s/operations-west.journal",
             fixture->folder);
    snprintf(fixture->corrupt, sizeof(fixture->corrupt), "%s.corrupt", fixture->path);
    snprintf(fixture->new_path, sizeof(fixture->new_path), "%s.new", fixture->path);
    pthread_mutex_init(&fixture->told.lock, NULL);
    pthread_cond_init(&fixture->told.changed, NULL);
    fixture->told.path = fixture->path;
    atomic_store(&disk.failing_writes, 0);
    atomic_store(&disk.longest_write, 0);
    atomic_store(&disk.failing_fsyncs, 0);
    atomic_store(&disk.failing_fdatasyncs, 0);
    atomic_store(&disk.failing_truncates, 0);
    *state = fixture;
    open_journal(fixture);
    return 0;
}

int journal_teardown(void **state)
{
    struct fixture *fixture = *state;

    if (fixture->journal != NULL) {
        close_journal(fixture);
    }
    unlink(fixture->path);
    unlink(fixture->corrupt);
    pthread_mutex_destroy(&fixture->told.lock);
    pthread_cond_destroy(&fixture->told.changed);
    /* Nothing else is left: the journal cleans up behind itself. */
    if (rmdir(fixture->folder) != 0) {
        return -1;
    }
    free(fixture);
    return 0;
}

const struct uuid journal_uuid = { { 0x66, 0x95, [15] = 0x3e } };

struct operation *operation_of(uint32_t id, enum operation_state state)
{
    struct operation *operation = operation_new("ops", "web-1");

    assert_non_null(operation);
    operation->class = OPERATION_CLASS_POWER;
    operation->uuid = journal_uuid;
    operation->id = id;
    operation->action = OPERATION_SHUTDOWN;
    operation->timeout_s = 300;
    operation->origin = OPERATION_BY_ROW;
    operation->vm_index = 3;
    operation->state = state;
    operation->accepted_ns = clock_boot_ns() - CLOCK_NS_PER_S;
    if (state != OPERATION_QUEUED) {
        operation->started_ns = operation->accepted_ns + 1;
    }
    if (operation_state_is_final(state)) {
        operation->finished_ns = operation->accepted_ns + 2;
        operation->forget_ns = operation->finished_ns + KEEP_NS;
    }
    return operation;
}

void write_operation(struct fixture *fixture, uint32_t id, enum operation_state state)
{
    struct operation *operation = operation_of(id, state);

    journal_write(fixture->journal, operation, NULL, NULL);
    operation_free(operation);
}

long size_of(const char *path)
{
    struct stat properties;

    return stat(path, &properties) == 0 ? (long)properties.st_size : -1;
}

static void on_done(void *argument, const struct error *error)
{
    struct told *told = argument;

    pthread_mutex_lock(&told->lock);
    if (error == NULL) {
        told->good++;
    } else {
        told->bad++;
        snprintf(told->words, sizeof(told->words), "%s", error->text);
    }
    told->size = size_of(told->path);
    pthread_cond_signal(&told->changed);
    pthread_mutex_unlock(&told->lock);
}

void write_and_tell(struct fixture *fixture, uint32_t id, enum operation_state state)
{
    struct operation *operation = operation_of(id, state);

    journal_write(fixture->journal, operation, on_done, &fixture->told);
    operation_free(operation);
}

void wait_told(struct fixture *fixture, unsigned times)
{
    struct told *told = &fixture->told;

    pthread_mutex_lock(&told->lock);
    while (told->good + told->bad < times) {
        pthread_cond_wait(&told->changed, &told->lock);
    }
    pthread_mutex_unlock(&told->lock);
}

void write_and_wait(struct fixture *fixture, uint32_t id, enum operation_state state)
{
    unsigned before;

    pthread_mutex_lock(&fixture->told.lock);
    before = fixture->told.good + fixture->told.bad;
    pthread_mutex_unlock(&fixture->told.lock);
    write_and_tell(fixture, id, state);
    wait_told(fixture, before + 1);
}

const struct operation *find(const struct fixture *fixture, uint32_t id)
{
    return operation_table_find(&fixture->table, OPERATION_CLASS_POWER, &journal_uuid,
                                id);
}

char *read_file(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "r");
    char *text;

    assert_non_null(file);
    *ret_size = (size_t)size_of(path);
    text = malloc(*ret_size + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, *ret_size, file), *ret_size);
    text[*ret_size] = '\0';
    fclose(file);
    return text;
}

void put_file(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

FILE *begin_other_boot(const struct fixture *fixture, int64_t offset_ns,
                       uint32_t next_id)
{
    struct journal_run run = { { { 1 } }, offset_ns, next_id };
    char line[JOURNAL_LINE_SIZE];
    FILE *file = fopen(fixture->path, "w");

    assert_non_null(file);
    fputs(JOURNAL_MAGIC, file);
    (void)journal_line_format_run(&run, line);
    fputs(line, file);
    return file;
}

void put_operation(FILE *file, const struct operation *operation)
{
    char line[JOURNAL_LINE_SIZE];

    (void)journal_line_format(operation, line);
    fputs(line, file);
}
