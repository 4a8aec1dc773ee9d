/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_journal_disk.c - a journal and its disk: when it is said to be written, a disk
 * that is full or fails, and a file that grows.
 */
#include "tests/unit/journal_fixture.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_done_says_that_it_is_on_the_disk(void **state)
{
    struct fixture *fixture = *state;
    long before = size_of(fixture->path);

    write_and_wait(fixture, 1, OPERATION_RUNNING);
    assert_int_equal(fixture->told.good, 1);
    assert_int_equal(fixture->told.bad, 0);
    assert_true(fixture->told.size > before);
    assert_int_equal(atomic_load(&disk.synced), fixture->told.size);
    /* As if the agent were killed now. */
    open_again(fixture);
    assert_int_equal(find(fixture, 1)->state, OPERATION_INTERRUPTED);
    assert_int_equal(fixture->told.good, 1);
}

/* The journal's thread is in the middle of its work until release(). */
static void hold(struct fixture *fixture, uint32_t id)
{
    pthread_mutex_lock(&disk.hold);
    write_and_tell(fixture, id, OPERATION_RUNNING);
    while (!atomic_load(&disk.is_waiting)) {
        sched_yield();
    }
}

static void release(void)
{
    pthread_mutex_unlock(&disk.hold);
}

static void test_what_comes_together_is_synced_together(void **state)
{
    struct fixture *fixture = *state;
    unsigned writes;
    unsigned syncs;

    hold(fixture, 1);
    for (uint32_t id = 2; id <= 200; id++) {
        write_and_tell(fixture, id, OPERATION_RUNNING);
    }
    /* Nobody was told anything yet, and nobody waited for the disk. */
    assert_int_equal(fixture->told.good, 0);
    writes = atomic_load(&disk.writes);
    syncs = atomic_load(&disk.fdatasyncs);
    release();
    wait_told(fixture, 200);
    assert_int_equal(fixture->told.good, 200);
    assert_int_equal(atomic_load(&disk.writes) - writes, 1);
    assert_int_equal(atomic_load(&disk.fdatasyncs) - syncs, 2);
}

static void test_what_nobody_waits_for_is_not_synced(void **state)
{
    struct fixture *fixture = *state;
    unsigned syncs = atomic_load(&disk.fdatasyncs);
    unsigned writes = atomic_load(&disk.writes);

    write_operation(fixture, 1, OPERATION_QUEUED);
    while (atomic_load(&disk.writes) == writes) {
        sched_yield();
    }
    write_operation(fixture, 2, OPERATION_QUEUED);
    while (atomic_load(&disk.writes) == writes + 1) {
        sched_yield();
    }
    assert_int_equal(atomic_load(&disk.fdatasyncs), syncs);
    close_journal(fixture);
    assert_int_equal(atomic_load(&disk.fdatasyncs), syncs + 1);
    open_journal(fixture);
    assert_int_equal(fixture->table.count, 2);
}

/* A journal_done_fn: they come in the order of writing. */
static void note_order(void *argument, const struct error *error)
{
    static unsigned last;
    unsigned *number = argument;

    assert_null(error);
    assert_int_equal(*number, last + 1);
    last = *number;
    *number = 0;
}

static void test_all_are_told_in_order(void **state)
{
    struct fixture *fixture = *state;
    unsigned numbers[300];

    for (unsigned i = 0; i < 300; i++) {
        struct operation *operation = operation_of(i + 1, OPERATION_RUNNING);

        numbers[i] = i + 1;
        journal_write(fixture->journal, operation, note_order, &numbers[i]);
        operation_free(operation);
    }
    close_journal(fixture);
    for (unsigned i = 0; i < 300; i++) {
        assert_int_equal(numbers[i], 0);
    }
    open_journal(fixture);
}

static void test_each_one_is_told_once(void **state)
{
    struct fixture *fixture = *state;

    for (uint32_t id = 1; id <= 500; id++) {
        write_and_tell(fixture, id, OPERATION_RUNNING);
    }
    close_journal(fixture);
    assert_int_equal(fixture->told.good, 500);
    open_journal(fixture);
    assert_int_equal(fixture->table.count, 500);
}

static void test_a_full_disk_is_told_and_leaves_no_half_line(void **state)
{
    struct fixture *fixture = *state;
    long before;

    write_and_wait(fixture, 1, OPERATION_RUNNING);
    before = size_of(fixture->path);
    atomic_store(&disk.failing_writes, 1);
    write_and_wait(fixture, 2, OPERATION_RUNNING);
    assert_int_equal(fixture->told.bad, 1);
    assert_int_equal(fixture->told.size, before);
    assert_non_null(strstr(fixture->told.words, fixture->path));
    assert_non_null(strstr(fixture->told.words, strerror(ENOSPC)));
    assert_non_null(strstr(fixture->told.words, "make room"));
    write_and_wait(fixture, 3, OPERATION_RUNNING);
    assert_int_equal(fixture->told.good, 2);
    open_again(fixture);
    assert_string_equal(fixture->warning.text, "");
    assert_non_null(find(fixture, 1));
    assert_null(find(fixture, 2));
    assert_non_null(find(fixture, 3));
}

/* Nobody is told that it failed, and has it done after the next start. */
static void test_what_failed_is_not_in_the_file(void **state)
{
    struct fixture *fixture = *state;
    long before;

    hold(fixture, 1);
    before = size_of(fixture->path);
    write_operation(fixture, 2, OPERATION_QUEUED);
    write_and_tell(fixture, 3, OPERATION_RUNNING);
    write_operation(fixture, 4, OPERATION_SUCCEEDED);
    write_and_tell(fixture, 5, OPERATION_RUNNING);
    atomic_store(&disk.failing_writes, 1);
    release();
    wait_told(fixture, 3);
    assert_int_equal(fixture->told.good, 1);
    assert_int_equal(fixture->told.bad, 2);
    assert_int_equal(fixture->told.size, before);
    /* What nobody waited for comes with the next one. */
    write_and_wait(fixture, 6, OPERATION_RUNNING);
    assert_int_equal(fixture->told.good, 2);
    open_again(fixture);
    assert_string_equal(fixture->warning.text, "");
    assert_int_equal(fixture->table.count, 4);
    assert_null(find(fixture, 3));
    assert_null(find(fixture, 5));
    assert_int_equal(find(fixture, 2)->state, OPERATION_CANCELLED);
    assert_int_equal(find(fixture, 4)->state, OPERATION_SUCCEEDED);
}

static void test_half_a_line_that_stays_is_taken_back_later(void **state)
{
    struct fixture *fixture = *state;

    atomic_store(&disk.failing_writes, 1);
    atomic_store(&disk.failing_truncates, 2);
    write_and_wait(fixture, 1, OPERATION_RUNNING);
    /* While it is there, nothing may be written behind it. */
    write_and_wait(fixture, 2, OPERATION_RUNNING);
    assert_int_equal(fixture->told.bad, 2);
    write_and_wait(fixture, 3, OPERATION_RUNNING);
    assert_int_equal(fixture->told.good, 1);
    open_again(fixture);
    assert_string_equal(fixture->warning.text, "");
    assert_int_equal(fixture->table.count, 1);
    assert_non_null(find(fixture, 3));
}

/* However long the disk is full: as much as the table could remember. */
static void test_a_disk_that_stays_full_does_not_eat_the_memory(void **state)
{
    struct fixture *fixture = *state;
    struct operation *operation = operation_of(1, OPERATION_SUCCEEDED);
    size_t length;
    char line[JOURNAL_LINE_SIZE];

    operation->id = 100000;
    length = journal_line_format(operation, line);
    hold(fixture, 200000);
    atomic_store(&disk.failing_writes, 1);
    for (uint32_t i = 0; i < 6 * OPERATION_TABLE_MAX; i++) {
        operation->id = 100000 + i % OPERATION_TABLE_MAX;
        journal_write(fixture->journal, operation, NULL, NULL);
    }
    operation_free(operation);
    release();
    while (atomic_load(&disk.failing_writes) > 0) {
        sched_yield();
    }
    close_journal(fixture);
    assert_in_range(atomic_load(&disk.longest_write), 3 * OPERATION_TABLE_MAX * length,
                    4 * OPERATION_TABLE_MAX * length);
    open_journal(fixture);
    assert_int_equal(fixture->table.count, OPERATION_TABLE_MAX);
}

static void test_what_nobody_waits_for_is_tried_again(void **state)
{
    struct fixture *fixture = *state;

    atomic_store(&disk.failing_writes, 1);
    write_operation(fixture, 1, OPERATION_SUCCEEDED);
    while (atomic_load(&disk.failing_writes) > 0) {
        sched_yield();
    }
    /* At the latest when it is closed. */
    open_again(fixture);
    assert_int_equal(find(fixture, 1)->state, OPERATION_SUCCEEDED);
}

static ino_t inode_of(const char *path)
{
    struct stat properties;

    assert_int_equal(stat(path, &properties), 0);
    return properties.st_ino;
}

static void test_a_disk_that_cannot_sync_is_told(void **state)
{
    struct fixture *fixture = *state;
    ino_t before = inode_of(fixture->path);

    write_operation(fixture, 9, OPERATION_SUCCEEDED);
    atomic_store(&disk.failing_fdatasyncs, 1);
    write_and_wait(fixture, 1, OPERATION_RUNNING);
    assert_int_equal(fixture->told.bad, 1);
    assert_non_null(strstr(fixture->told.words, strerror(EIO)));
    write_and_wait(fixture, 2, OPERATION_RUNNING);
    assert_int_equal(fixture->told.good, 1);
    /* The kernel tells once; only a new file has what it gave up. */
    assert_true(inode_of(fixture->path) != before);
    open_again(fixture);
    assert_null(find(fixture, 1));
    assert_non_null(find(fixture, 2));
    assert_non_null(find(fixture, 9));
}

static void test_nothing_is_on_a_disk_that_could_not_sync(void **state)
{
    struct fixture *fixture = *state;

    atomic_store(&disk.failing_fdatasyncs, 1);
    atomic_store(&disk.failing_fsyncs, 5); /* of new files */
    write_and_wait(fixture, 1, OPERATION_RUNNING);
    write_and_wait(fixture, 2, OPERATION_RUNNING);
    assert_int_equal(fixture->told.good, 0);
    while (atomic_load(&disk.failing_fsyncs) > 0) {
        write_operation(fixture, 3, OPERATION_SUCCEEDED);
        sched_yield();
    }
    write_and_wait(fixture, 4, OPERATION_RUNNING);
    assert_int_equal(fixture->told.good, 1);
    open_again(fixture);
    assert_int_equal(fixture->table.count, 2);
    assert_non_null(find(fixture, 3));
    assert_non_null(find(fixture, 4));
}

/* More than a MiB of lines about few operations. */
static void grow(struct fixture *fixture)
{
    struct operation *forgotten = operation_of(7, OPERATION_FAILED);

    forgotten->forget_ns = clock_boot_ns();
    for (uint32_t i = 0; i < 6000; i++) {
        write_operation(fixture, i % 5 + 1, OPERATION_SUCCEEDED);
        journal_write(fixture->journal, forgotten, NULL, NULL);
    }
    operation_free(forgotten);
    /* The second one comes when the first one's batch is dealt with. */
    write_and_wait(fixture, 5, OPERATION_SUCCEEDED);
    write_and_wait(fixture, 6, OPERATION_RUNNING);
}

static void test_a_file_that_has_grown_is_written_anew(void **state)
{
    struct fixture *fixture = *state;

    write_operation(fixture, 8, OPERATION_QUEUED);
    write_operation(fixture, OWN_ID + 9, OPERATION_SUCCEEDED);
    grow(fixture);
    assert_true(size_of(fixture->path) < 1024 * 1024);
    /* What comes now is in the new file. */
    write_and_wait(fixture, 10, OPERATION_RUNNING);
    assert_int_equal(fixture->told.size, size_of(fixture->path));
    assert_int_equal(fixture->told.bad, 0);
    open_again(fixture);
    assert_string_equal(fixture->warning.text, "");
    assert_int_equal(fixture->table.count, 9);
    assert_null(find(fixture, 7));
    assert_int_equal(find(fixture, 1)->state, OPERATION_SUCCEEDED);
    assert_int_equal(find(fixture, 6)->state, OPERATION_INTERRUPTED);
    assert_int_equal(find(fixture, 8)->state, OPERATION_CANCELLED);
    assert_non_null(find(fixture, 10));
    assert_int_equal(fixture->next_id, OWN_ID + 10);
    assert_true(size_of(fixture->path) < 10000);
}

static void test_a_file_that_cannot_be_written_anew_grows_on(void **state)
{
    struct fixture *fixture = *state;

    /* Nothing can have that name. */
    assert_int_equal(mkdir(fixture->new_path, 0700), 0);
    grow(fixture);
    assert_true(size_of(fixture->path) > 1024 * 1024);
    assert_int_equal(fixture->told.bad, 0);
    assert_int_equal(rmdir(fixture->new_path), 0);
    open_again(fixture);
    assert_int_equal(fixture->table.count, 6);
    assert_int_equal(find(fixture, 6)->state, OPERATION_INTERRUPTED);
}

#define WITH_FIXTURE(test)                                                             \
    cmocka_unit_test_setup_teardown(test, journal_setup, journal_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_done_says_that_it_is_on_the_disk),
        WITH_FIXTURE(test_what_comes_together_is_synced_together),
        WITH_FIXTURE(test_what_nobody_waits_for_is_not_synced),
        WITH_FIXTURE(test_all_are_told_in_order),
        WITH_FIXTURE(test_each_one_is_told_once),
        WITH_FIXTURE(test_a_full_disk_is_told_and_leaves_no_half_line),
        WITH_FIXTURE(test_what_failed_is_not_in_the_file),
        WITH_FIXTURE(test_half_a_line_that_stays_is_taken_back_later),
        WITH_FIXTURE(test_a_disk_that_stays_full_does_not_eat_the_memory),
        WITH_FIXTURE(test_what_nobody_waits_for_is_tried_again),
        WITH_FIXTURE(test_a_disk_that_cannot_sync_is_told),
        WITH_FIXTURE(test_nothing_is_on_a_disk_that_could_not_sync),
        WITH_FIXTURE(test_a_file_that_has_grown_is_written_anew),
        WITH_FIXTURE(test_a_file_that_cannot_be_written_anew_grows_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
