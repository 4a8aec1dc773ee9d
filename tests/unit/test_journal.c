/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_journal.c - operations on disk: what survives the end of the agent, of
 * the node, and of the disk's patience.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/journal.h"
#include "agent/journal_line.h"
#include "model/clock.h"

#define KEEP_NS (600 * CLOCK_NS_PER_S)
#define OWN_ID (OPERATION_MANAGER_ID_MAX + 1)

/* What write() and fdatasync() do when they are called the next time. */
static atomic_int failing_writes;
static atomic_int failing_syncs;

ssize_t __real_write(int fd, const void *from, size_t size);
ssize_t __wrap_write(int fd, const void *from, size_t size);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

/* A disk that becomes full in the middle of a line. */
ssize_t __wrap_write(int fd, const void *from, size_t size)
{
    if (atomic_load(&failing_writes) > 0 && size > 1) {
        if (size > 20) {
            return __real_write(fd, from, 20);
        }
        atomic_fetch_sub(&failing_writes, 1);
        errno = ENOSPC;
        return -1;
    }
    if (atomic_load(&failing_writes) > 0) {
        atomic_fetch_sub(&failing_writes, 1);
        errno = ENOSPC;
        return -1;
    }
    return __real_write(fd, from, size);
}

int __wrap_fdatasync(int fd)
{
    if (atomic_load(&failing_syncs) > 0) {
        atomic_fetch_sub(&failing_syncs, 1);
        errno = EIO;
        return -1;
    }
    return __real_fdatasync(fd);
}

/* What a journal_done_fn was told. */
struct told {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned good;
    unsigned bad;
    char words[ERROR_TEXT_SIZE];
    const char *path;
    long size; /* of the file at that moment */
};

struct fixture {
    char folder[64];
    char path[96];
    char corrupt[112];
    struct journal *journal;
    struct operation_table table;
    uint32_t next_id;
    struct error warning;
    struct told told;
};

static void open_journal(struct fixture *fixture)
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

static void close_journal(struct fixture *fixture)
{
    journal_close(fixture->journal);
    fixture->journal = NULL;
    operation_table_clear(&fixture->table);
}

static void open_again(struct fixture *fixture)
{
    close_journal(fixture);
    open_journal(fixture);
}

static int setup(void **state)
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
    pthread_mutex_init(&fixture->told.lock, NULL);
    pthread_cond_init(&fixture->told.changed, NULL);
    fixture->told.path = fixture->path;
    atomic_store(&failing_writes, 0);
    atomic_store(&failing_syncs, 0);
    *state = fixture;
    open_journal(fixture);
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    close_journal(fixture);
    unlink(fixture->path);
    unlink(fixture->corrupt);
    rmdir(fixture->folder);
    free(fixture);
    return 0;
}

static const struct uuid uuid = { { 0x66, 0x95, [15] = 0x3e } };

/* An operation of a manager's, or with OWN_ID and above of the agent's. */
static struct operation *operation_of(uint32_t id, enum operation_state state)
{
    struct operation *operation = operation_new("ops", "web-1");

    assert_non_null(operation);
    operation->class = OPERATION_CLASS_POWER;
    operation->uuid = uuid;
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

static void write_operation(struct fixture *fixture, uint32_t id,
                            enum operation_state state)
{
    struct operation *operation = operation_of(id, state);

    journal_write(fixture->journal, operation, NULL, NULL);
    operation_free(operation);
}

static long size_of(const char *path)
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

/* Writes, and waits until somebody said what became of it. */
static void write_and_wait(struct fixture *fixture, uint32_t id,
                           enum operation_state state)
{
    struct operation *operation = operation_of(id, state);
    struct told *told = &fixture->told;
    unsigned before = told->good + told->bad;

    journal_write(fixture->journal, operation, on_done, told);
    operation_free(operation);
    pthread_mutex_lock(&told->lock);
    while (told->good + told->bad == before) {
        pthread_cond_wait(&told->changed, &told->lock);
    }
    pthread_mutex_unlock(&told->lock);
}

static const struct operation *find(const struct fixture *fixture, uint32_t id)
{
    return operation_table_find(&fixture->table, OPERATION_CLASS_POWER, &uuid, id);
}

static void test_nothing_is_remembered_at_first(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture->table.count, 0);
    assert_int_equal(fixture->next_id, OWN_ID);
    assert_string_equal(fixture->warning.text, "");
    open_again(fixture);
    assert_int_equal(fixture->table.count, 0);
    assert_int_equal(fixture->next_id, OWN_ID);
}

static void test_the_last_line_about_an_operation_counts(void **state)
{
    struct fixture *fixture = *state;

    write_operation(fixture, 1, OPERATION_QUEUED);
    write_operation(fixture, 2, OPERATION_QUEUED);
    write_operation(fixture, 1, OPERATION_RUNNING);
    write_operation(fixture, 1, OPERATION_SUCCEEDED);
    open_again(fixture);
    assert_int_equal(fixture->table.count, 2);
    assert_int_equal(find(fixture, 1)->state, OPERATION_SUCCEEDED);
    assert_string_equal(find(fixture, 1)->name, "web-1");
}

static void test_what_had_not_ended_is_cancelled_or_interrupted(void **state)
{
    struct fixture *fixture = *state;
    int64_t before_ns = clock_boot_ns();

    write_operation(fixture, 1, OPERATION_QUEUED);
    write_operation(fixture, 2, OPERATION_RUNNING);
    open_again(fixture);
    assert_int_equal(find(fixture, 1)->state, OPERATION_CANCELLED);
    assert_int_equal(find(fixture, 2)->state, OPERATION_INTERRUPTED);
    assert_non_null(strstr(find(fixture, 2)->error_text, "look at the domain"));
    assert_true(find(fixture, 1)->finished_ns >= before_ns);
    assert_true(find(fixture, 2)->forget_ns >= before_ns + KEEP_NS);
    /* And it stays so. */
    open_again(fixture);
    assert_int_equal(find(fixture, 1)->state, OPERATION_CANCELLED);
    assert_int_equal(find(fixture, 2)->state, OPERATION_INTERRUPTED);
}

static void test_what_is_past_its_time_is_forgotten(void **state)
{
    struct fixture *fixture = *state;
    struct operation *operation = operation_of(1, OPERATION_FAILED);

    operation->forget_ns = clock_boot_ns() - 1;
    journal_write(fixture->journal, operation, NULL, NULL);
    operation_free(operation);
    write_operation(fixture, 2, OPERATION_FAILED);
    open_again(fixture);
    assert_int_equal(fixture->table.count, 1);
    assert_non_null(find(fixture, 2));
}

static void test_no_id_is_given_out_twice(void **state)
{
    struct fixture *fixture = *state;
    struct operation *operation = operation_of(OWN_ID + 41, OPERATION_FAILED);

    operation->forget_ns = clock_boot_ns() - 1;
    journal_write(fixture->journal, operation, NULL, NULL);
    operation_free(operation);
    for (size_t i = 0; i < 3; i++) {
        open_again(fixture);
        assert_int_equal(fixture->table.count, 0);
        assert_int_equal(fixture->next_id, OWN_ID + 42);
    }
}

/* The whole file. */
static char *read_file(const char *path, size_t *ret_size)
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

static void put_file(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* Three operations on disk, and the agent gone: the file. */
static char *three_operations(struct fixture *fixture, size_t *ret_size)
{
    for (uint32_t id = 1; id <= 3; id++) {
        write_operation(fixture, id, OPERATION_SUCCEEDED);
    }
    close_journal(fixture);
    return read_file(fixture->path, ret_size);
}

static void test_an_end_that_was_cut_off_is_left_out(void **state)
{
    struct fixture *fixture = *state;
    size_t size;
    char *text = three_operations(fixture, &size);
    size_t last = size - 1;

    while (text[last - 1] != '\n') {
        last--;
    }
    for (size_t cut = last; cut < size; cut++) {
        put_file(fixture->path, text, cut);
        open_journal(fixture);
        assert_string_equal(fixture->warning.text, "");
        assert_int_equal(fixture->table.count, 2);
        assert_null(find(fixture, 3));
        close_journal(fixture);
    }
    assert_int_equal(size_of(fixture->corrupt), -1);
    put_file(fixture->path, text, size);
    open_journal(fixture);
    assert_int_equal(fixture->table.count, 3);
    free(text);
}

static void test_damage_before_the_end_is_told(void **state)
{
    struct fixture *fixture = *state;
    size_t size;
    char *text = three_operations(fixture, &size);
    char *second = strchr(strchr(strchr(text, '\n') + 1, '\n') + 1, '\n') + 1;
    char *end = strchr(second, '\n');

    for (char *at = second; at < end; at++) {
        *at ^= 1;
        put_file(fixture->path, text, size);
        open_journal(fixture);
        assert_non_null(strstr(fixture->warning.text, "line 4"));
        assert_int_equal(fixture->table.count, 1);
        assert_non_null(find(fixture, 1));
        close_journal(fixture);
        assert_int_equal(size_of(fixture->corrupt), (long)size);
        *at ^= 1;
    }
    free(text);
    open_journal(fixture);
    assert_string_equal(fixture->warning.text, "");
}

/* Some file systems leave NULs where they did not come to write. */
static void test_a_hole_is_an_end_or_damage(void **state)
{
    struct fixture *fixture = *state;
    size_t size;
    char *text = three_operations(fixture, &size);
    size_t second =
        (size_t)(strchr(strchr(strchr(text, '\n') + 1, '\n') + 1, '\n') + 1 - text);
    size_t third = (size_t)(strchr(text + second, '\n') + 1 - text);
    static const size_t before[] = { 0, 10 };

    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
        char *holed = malloc(size);

        assert_non_null(holed);
        memcpy(holed, text, size);
        memset(holed + second + before[i], 0, third - second - before[i]);
        put_file(fixture->path, holed, third);
        open_journal(fixture);
        assert_string_equal(fixture->warning.text, "");
        assert_int_equal(fixture->table.count, 1);
        close_journal(fixture);
        put_file(fixture->path, holed, size);
        open_journal(fixture);
        assert_non_null(strstr(fixture->warning.text, "line 4"));
        assert_int_equal(fixture->table.count, 1);
        close_journal(fixture);
        assert_int_equal(size_of(fixture->corrupt), (long)size);
        free(holed);
        unlink(fixture->corrupt);
    }
    free(text);
    open_journal(fixture);
}

static void test_something_else_is_set_aside(void **state)
{
    struct fixture *fixture = *state;
    static const char *const texts[] = { "hello\n", "\n", "hvagentx-journal 2\n",
                                         "hvagentx-journal 1\nrun\nrun\n" };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        close_journal(fixture);
        put_file(fixture->path, texts[i], strlen(texts[i]));
        open_journal(fixture);
        assert_string_not_equal(fixture->warning.text, "");
        assert_int_equal(fixture->table.count, 0);
        assert_int_equal(size_of(fixture->corrupt), (long)strlen(texts[i]));
    }
    close_journal(fixture);
    put_file(fixture->path, "", 0);
    open_journal(fixture);
    assert_string_equal(fixture->warning.text, "");
}

static void test_moments_of_another_boot_keep_their_dates(void **state)
{
    struct fixture *fixture = *state;
    struct operation *operation = operation_of(1, OPERATION_SUCCEEDED);
    int64_t offset_ns = clock_date_ns() - clock_boot_ns();
    /* The other boot was an hour longer up at the same date. */
    struct journal_run run = { .boot = { { 1 } },
                               .date_offset_ns = offset_ns - 3600 * CLOCK_NS_PER_S,
                               .next_id = OWN_ID + 7 };
    char line[JOURNAL_LINE_SIZE];
    int64_t accepted_ns = operation->accepted_ns;
    int64_t before_ns = clock_boot_ns();
    FILE *file;

    close_journal(fixture);
    file = fopen(fixture->path, "w");
    assert_non_null(file);
    fputs(JOURNAL_MAGIC, file);
    (void)journal_line_format_run(&run, line);
    fputs(line, file);
    (void)journal_line_format(operation, line);
    fputs(line, file);
    fclose(file);
    operation_free(operation);
    open_journal(fixture);
    assert_int_equal(fixture->next_id, OWN_ID + 7);
    /* The clock reading of the other boot was an hour before, as dates go. */
    assert_in_range((uint64_t)(accepted_ns - 3600 * CLOCK_NS_PER_S
                               - find(fixture, 1)->accepted_ns + CLOCK_NS_PER_S),
                    0, 2 * (uint64_t)CLOCK_NS_PER_S);
    assert_true(find(fixture, 1)->forget_ns >= before_ns + KEEP_NS);
}

static void test_done_says_that_it_is_in_the_file(void **state)
{
    struct fixture *fixture = *state;
    long before = size_of(fixture->path);

    write_and_wait(fixture, 1, OPERATION_RUNNING);
    assert_int_equal(fixture->told.good, 1);
    assert_int_equal(fixture->told.bad, 0);
    assert_true(fixture->told.size > before);
    /* As if the agent were killed now. */
    open_again(fixture);
    assert_int_equal(find(fixture, 1)->state, OPERATION_INTERRUPTED);
    assert_int_equal(fixture->told.good, 1);
}

static void test_each_one_is_told_once(void **state)
{
    struct fixture *fixture = *state;

    for (uint32_t id = 1; id <= 500; id++) {
        struct operation *operation = operation_of(id, OPERATION_RUNNING);

        journal_write(fixture->journal, operation, on_done, &fixture->told);
        operation_free(operation);
    }
    close_journal(fixture);
    assert_int_equal(fixture->told.good, 500);
    open_journal(fixture);
    assert_int_equal(fixture->table.count, 500);
}

static void test_a_full_disk_is_told_and_leaves_no_half_line(void **state)
{
    struct fixture *fixture = *state;

    write_and_wait(fixture, 1, OPERATION_RUNNING);
    atomic_store(&failing_writes, 1);
    write_and_wait(fixture, 2, OPERATION_RUNNING);
    assert_int_equal(fixture->told.bad, 1);
    assert_non_null(strstr(fixture->told.words, fixture->path));
    assert_non_null(strstr(fixture->told.words, strerror(ENOSPC)));
    write_and_wait(fixture, 3, OPERATION_RUNNING);
    assert_int_equal(fixture->told.good, 2);
    open_again(fixture);
    assert_string_equal(fixture->warning.text, "");
    assert_non_null(find(fixture, 1));
    assert_null(find(fixture, 2));
    assert_non_null(find(fixture, 3));
}

static void test_what_nobody_waits_for_is_tried_again(void **state)
{
    struct fixture *fixture = *state;

    atomic_store(&failing_writes, 1);
    write_operation(fixture, 1, OPERATION_SUCCEEDED);
    while (atomic_load(&failing_writes) > 0) {
        usleep(1000);
    }
    write_and_wait(fixture, 2, OPERATION_RUNNING);
    open_again(fixture);
    assert_int_equal(find(fixture, 1)->state, OPERATION_SUCCEEDED);
    assert_non_null(find(fixture, 2));
}

static void test_a_disk_that_cannot_sync_is_told(void **state)
{
    struct fixture *fixture = *state;

    atomic_store(&failing_syncs, 1);
    write_and_wait(fixture, 1, OPERATION_RUNNING);
    assert_int_equal(fixture->told.bad, 1);
    write_and_wait(fixture, 2, OPERATION_RUNNING);
    assert_int_equal(fixture->told.good, 1);
}

static void test_a_file_that_has_grown_is_written_anew(void **state)
{
    struct fixture *fixture = *state;
    struct operation *forgotten = operation_of(7, OPERATION_FAILED);

    forgotten->forget_ns = clock_boot_ns();
    /* More than a MiB of lines about few operations. */
    for (uint32_t i = 0; i < 12000; i++) {
        write_operation(fixture, i % 5 + 1, OPERATION_SUCCEEDED);
        journal_write(fixture->journal, forgotten, NULL, NULL);
    }
    operation_free(forgotten);
    write_operation(fixture, OWN_ID + 9, OPERATION_SUCCEEDED);
    /* It is written anew behind the lines that made it grow, before the next. */
    write_and_wait(fixture, 6, OPERATION_RUNNING);
    write_and_wait(fixture, 6, OPERATION_RUNNING);
    assert_true(size_of(fixture->path) < 2 * 1024 * 1024);
    open_again(fixture);
    assert_int_equal(fixture->table.count, 7);
    assert_null(find(fixture, 7));
    assert_int_equal(fixture->next_id, OWN_ID + 10);
    assert_true(size_of(fixture->path) < 10000);
}

static void test_without_a_folder_nothing_is_kept(void **state)
{
    struct operation_table table;
    struct error warning = ERROR_NONE;
    struct error error = ERROR_NONE;
    struct told told = { .path = "/nowhere",
                         .lock = PTHREAD_MUTEX_INITIALIZER,
                         .changed = PTHREAD_COND_INITIALIZER };
    struct operation *operation = operation_of(1, OPERATION_RUNNING);
    struct journal *journal;
    uint32_t next_id;

    (void)state;
    operation_table_init(&table);
    journal = journal_open(NULL, "west", KEEP_NS, &table, &next_id, &warning, &error);
    assert_non_null(journal);
    assert_true(next_id > OPERATION_MANAGER_ID_MAX);
    journal_write(journal, operation, on_done, &told);
    assert_int_equal(told.good, 1);
    operation_free(operation);
    journal_close(journal);
    operation_table_clear(&table);
}

static void test_a_folder_that_is_not_there(void **state)
{
    struct operation_table table;
    struct error warning = ERROR_NONE;
    struct error error = ERROR_NONE;
    uint32_t next_id;

    (void)state;
    operation_table_init(&table);
    assert_null(journal_open("/nowhere/at/all", "west", KEEP_NS, &table, &next_id,
                             &warning, &error));
    assert_int_equal(error.status, STATUS_IO);
    assert_non_null(strstr(error.text, "/nowhere/at/all/operations-west.journal"));
    operation_table_clear(&table);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_nothing_is_remembered_at_first),
        WITH_FIXTURE(test_the_last_line_about_an_operation_counts),
        WITH_FIXTURE(test_what_had_not_ended_is_cancelled_or_interrupted),
        WITH_FIXTURE(test_what_is_past_its_time_is_forgotten),
        WITH_FIXTURE(test_no_id_is_given_out_twice),
        WITH_FIXTURE(test_an_end_that_was_cut_off_is_left_out),
        WITH_FIXTURE(test_damage_before_the_end_is_told),
        WITH_FIXTURE(test_a_hole_is_an_end_or_damage),
        WITH_FIXTURE(test_something_else_is_set_aside),
        WITH_FIXTURE(test_moments_of_another_boot_keep_their_dates),
        WITH_FIXTURE(test_done_says_that_it_is_in_the_file),
        WITH_FIXTURE(test_each_one_is_told_once),
        WITH_FIXTURE(test_a_full_disk_is_told_and_leaves_no_half_line),
        WITH_FIXTURE(test_what_nobody_waits_for_is_tried_again),
        WITH_FIXTURE(test_a_disk_that_cannot_sync_is_told),
        WITH_FIXTURE(test_a_file_that_has_grown_is_written_anew),
        cmocka_unit_test(test_without_a_folder_nothing_is_kept),
        cmocka_unit_test(test_a_folder_that_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
