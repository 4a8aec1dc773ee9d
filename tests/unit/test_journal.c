/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_journal.c - operations in a file: what survives the end of the agent and of
 * the node, and damage.
 */
#include "tests/unit/journal_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* A loss of power may leave room that was never written to. */
static void test_an_end_of_nothing_is_left_out(void **state)
{
    struct fixture *fixture = *state;
    size_t size;
    char *text = three_operations(fixture, &size);

    for (size_t cut = 1; text[size - cut - 1] != '\n'; cut++) {
        memset(text + size - cut, 0, cut);
        put_file(fixture->path, text, size);
        open_journal(fixture);
        assert_string_equal(fixture->warning.text, "");
        assert_int_equal(fixture->table.count, 2);
        close_journal(fixture);
    }
    assert_int_equal(size_of(fixture->corrupt), -1);
    free(text);
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

static void test_damage_of_any_kind_is_told(void **state)
{
    struct fixture *fixture = *state;
    size_t size;
    char *text = three_operations(fixture, &size);
    char *second = strchr(strchr(strchr(text, '\n') + 1, '\n') + 1, '\n') + 1;
    char *at = second + 30;
    char right = *at;

    for (unsigned octet = 0; octet < 256; octet++) {
        *at = (char)octet;
        put_file(fixture->path, text, size);
        open_journal(fixture);
        assert_int_equal(fixture->warning.text[0] == '\0', *at == right);
        assert_int_equal(fixture->table.count, *at == right ? 3 : 1);
        close_journal(fixture);
    }
    free(text);
}

/* What is damaged may have had any of the agent's own ids. */
static void test_damage_makes_no_id_be_given_out_twice(void **state)
{
    struct fixture *fixture = *state;
    size_t size;
    char *text;

    write_operation(fixture, OWN_ID + 1000, OPERATION_SUCCEEDED);
    text = three_operations(fixture, &size);
    strchr(text, '\n')[3] ^= 1; /* in the line of the run */
    put_file(fixture->path, text, size);
    open_journal(fixture);
    assert_non_null(strstr(fixture->warning.text, "line 2"));
    assert_true(fixture->next_id > OWN_ID + 1000);
    close_journal(fixture);
    /* And where it is cut off: it was on the disk before there was a file. */
    put_file(fixture->path, text, strlen(JOURNAL_MAGIC) + 20);
    open_journal(fixture);
    assert_non_null(strstr(fixture->warning.text, "line 2"));
    assert_true(fixture->next_id > OWN_ID + 1000);
    free(text);
}

static void test_a_damaged_file_that_cannot_be_kept_is_told(void **state)
{
    struct fixture *fixture = *state;

    close_journal(fixture);
    put_file(fixture->path, "hello\n", 6);
    assert_int_equal(mkdir(fixture->corrupt, 0700), 0);
    open_journal(fixture);
    assert_non_null(strstr(fixture->warning.text, "line 1"));
    assert_non_null(strstr(fixture->warning.text, "could not be renamed"));
    assert_int_equal(rmdir(fixture->corrupt), 0);
    write_and_wait(fixture, 1, OPERATION_RUNNING);
    open_again(fixture);
    assert_string_equal(fixture->warning.text, "");
    assert_non_null(find(fixture, 1));
}

static void assert_not_opened(struct fixture *fixture, enum status status)
{
    struct operation_table table;
    struct error warning = ERROR_NONE;
    struct error error = ERROR_NONE;
    uint32_t next_id;

    operation_table_init(&table);
    assert_null(journal_open(fixture->folder, "west", KEEP_NS, &table, &next_id,
                             &warning, &error));
    assert_int_equal(error.status, status);
    assert_non_null(strstr(error.text, fixture->path));
    operation_table_clear(&table);
}

static void test_what_is_no_file_is_refused(void **state)
{
    struct fixture *fixture = *state;

    close_journal(fixture);
    unlink(fixture->path);
    assert_int_equal(mkfifo(fixture->path, 0600), 0);
    assert_not_opened(fixture, STATUS_IO);
    unlink(fixture->path);
    assert_int_equal(mkdir(fixture->path, 0700), 0);
    assert_not_opened(fixture, STATUS_IO);
    assert_int_equal(rmdir(fixture->path), 0);
    assert_int_equal(symlink("/dev/null", fixture->path), 0);
    assert_not_opened(fixture, STATUS_IO);
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

static int64_t date_offset_ns(void)
{
    return clock_date_ns() - clock_boot_ns();
}

static void test_moments_of_another_boot_keep_their_dates(void **state)
{
    struct fixture *fixture = *state;
    struct operation *operation = operation_of(1, OPERATION_SUCCEEDED);
    int64_t accepted_ns = operation->accepted_ns;
    int64_t before_ns = clock_boot_ns();
    FILE *file;

    close_journal(fixture);
    /* The clock of the other boot showed the same an hour before, as dates go. */
    file = begin_other_boot(fixture, date_offset_ns() - 3600 * CLOCK_NS_PER_S, OWN_ID);
    put_operation(file, operation);
    operation_free(operation);
    fclose(file);
    open_journal(fixture);
    assert_in_range((uint64_t)(accepted_ns - 3600 * CLOCK_NS_PER_S
                               - find(fixture, 1)->accepted_ns + CLOCK_NS_PER_S),
                    0, 2 * (uint64_t)CLOCK_NS_PER_S);
    assert_int_equal(find(fixture, 1)->finished_ns - find(fixture, 1)->accepted_ns, 2);
    assert_true(find(fixture, 1)->forget_ns >= before_ns + KEEP_NS);
}

static void test_a_date_that_went_back_puts_nothing_into_the_future(void **state)
{
    struct fixture *fixture = *state;
    struct operation *operation = operation_of(1, OPERATION_SUCCEEDED);
    struct operation *later = operation_of(2, OPERATION_RUNNING);
    int64_t before_ns = clock_boot_ns();
    FILE *file;

    close_journal(fixture);
    /* A clock without a battery: it is 1970 again. */
    file = begin_other_boot(
        fixture, date_offset_ns() + INT64_C(50) * 365 * 86400 * CLOCK_NS_PER_S, OWN_ID);
    put_operation(file, operation);
    later->accepted_ns = operation->accepted_ns + 77;
    later->started_ns = operation->accepted_ns + 78;
    put_operation(file, later);
    fclose(file);
    operation_free(operation);
    operation_free(later);
    open_journal(fixture);
    assert_true(find(fixture, 2)->started_ns <= clock_boot_ns());
    assert_true(find(fixture, 2)->started_ns >= before_ns - CLOCK_NS_PER_S);
    assert_int_equal(find(fixture, 2)->accepted_ns - find(fixture, 1)->accepted_ns, 77);
    assert_true(find(fixture, 2)->finished_ns >= find(fixture, 2)->started_ns);
}

/* The newest lines may have been lost with the power, but not their ids. */
static void test_another_boot_gives_out_no_id_of_lines_that_were_lost(void **state)
{
    struct fixture *fixture = *state;
    uint32_t next_id = OWN_ID + 7;

    close_journal(fixture);
    fclose(begin_other_boot(fixture, date_offset_ns(), next_id));
    open_journal(fixture);
    assert_true(fixture->next_id >= next_id + OPERATION_TABLE_MAX);
    next_id = fixture->next_id;
    /* The same boot: none is lost. */
    open_again(fixture);
    assert_int_equal(fixture->next_id, next_id);
    close_journal(fixture);
    /* Behind the last id comes the first. */
    fclose(begin_other_boot(fixture, date_offset_ns(), UINT32_MAX));
    open_journal(fixture);
    assert_in_range(fixture->next_id, OWN_ID, OWN_ID + 100000);
}

static void test_of_too_many_the_oldest_are_left_out(void **state)
{
    struct fixture *fixture = *state;
    struct operation *operation = operation_of(1, OPERATION_RUNNING);
    FILE *file;

    close_journal(fixture);
    file = begin_other_boot(fixture, date_offset_ns(), OWN_ID);
    put_operation(file, operation);
    operation->state = OPERATION_SUCCEEDED;
    for (uint32_t i = 0; i < OPERATION_TABLE_MAX + 4; i++) {
        /* Ids and lines in another order than their ends. */
        operation->id = 100000 - i;
        operation->finished_ns = operation->accepted_ns + (i ^ 1);
        operation->forget_ns = operation->finished_ns + KEEP_NS;
        put_operation(file, operation);
    }
    fclose(file);
    operation_free(operation);
    open_journal(fixture);
    assert_string_equal(fixture->warning.text, "");
    assert_int_equal(fixture->table.count, OPERATION_TABLE_MAX);
    assert_int_equal(find(fixture, 1)->state, OPERATION_INTERRUPTED);
    for (uint32_t i = 0; i < 10; i++) {
        /* 5 are too many: those that ended at 0 to 4. */
        assert_int_equal(find(fixture, 100000 - i) == NULL, (i ^ 1) < 5);
    }
    open_again(fixture);
    assert_int_equal(fixture->table.count, OPERATION_TABLE_MAX);
}

static void test_a_shorter_time_to_keep_holds_for_what_is_there(void **state)
{
    struct fixture *fixture = *state;
    struct operation *operation = operation_of(1, OPERATION_SUCCEEDED);

    operation->forget_ns = INT64_MAX;
    journal_write(fixture->journal, operation, NULL, NULL);
    operation_free(operation);
    open_again(fixture);
    assert_true(find(fixture, 1)->forget_ns <= clock_boot_ns() + KEEP_NS);
}

static void test_what_is_removed_stays_removed(void **state)
{
    struct fixture *fixture = *state;
    struct operation *operation = operation_of(1, OPERATION_SUCCEEDED);

    operation->is_removed = true;
    write_operation(fixture, 1, OPERATION_SUCCEEDED);
    journal_write(fixture->journal, operation, NULL, NULL);
    operation_free(operation);
    open_again(fixture);
    assert_int_equal(fixture->table.row_count, 0);
    assert_true(find(fixture, 1)->is_removed);
}

static void test_nobody_else_may_read_it(void **state)
{
    struct fixture *fixture = *state;
    mode_t mask = umask(0);
    struct stat properties;

    open_again(fixture);
    umask(mask);
    assert_int_equal(stat(fixture->path, &properties), 0);
    assert_int_equal(properties.st_mode & 07777, 0600);
}

/* A journal_done_fn. */
static void count(void *argument, const struct error *error)
{
    assert_null(error);
    (*(unsigned *)argument)++;
}

static void test_without_a_folder_nothing_is_kept(void **state)
{
    struct operation_table table;
    struct error warning = ERROR_NONE;
    struct error error = ERROR_NONE;
    struct operation *operation = operation_of(1, OPERATION_RUNNING);
    struct journal *journal;
    unsigned told = 0;
    uint32_t next_id;

    (void)state;
    operation_table_init(&table);
    journal = journal_open(NULL, "west", KEEP_NS, &table, &next_id, &warning, &error);
    assert_non_null(journal);
    assert_true(next_id > OPERATION_MANAGER_ID_MAX);
    journal_write(journal, operation, count, &told);
    assert_int_equal(told, 1);
    journal_write(journal, operation, NULL, NULL);
    journal_set_keep(journal, 2 * KEEP_NS);
    assert_int_equal(told, 1);
    operation_free(operation);
    journal_close(journal);
    journal_close(NULL);
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

#define WITH_FIXTURE(test)                                                             \
    cmocka_unit_test_setup_teardown(test, journal_setup, journal_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_nothing_is_remembered_at_first),
        WITH_FIXTURE(test_the_last_line_about_an_operation_counts),
        WITH_FIXTURE(test_what_had_not_ended_is_cancelled_or_interrupted),
        WITH_FIXTURE(test_what_is_past_its_time_is_forgotten),
        WITH_FIXTURE(test_no_id_is_given_out_twice),
        WITH_FIXTURE(test_an_end_that_was_cut_off_is_left_out),
        WITH_FIXTURE(test_an_end_of_nothing_is_left_out),
        WITH_FIXTURE(test_a_hole_is_an_end_or_damage),
        WITH_FIXTURE(test_damage_before_the_end_is_told),
        WITH_FIXTURE(test_damage_of_any_kind_is_told),
        WITH_FIXTURE(test_damage_makes_no_id_be_given_out_twice),
        WITH_FIXTURE(test_a_damaged_file_that_cannot_be_kept_is_told),
        WITH_FIXTURE(test_what_is_no_file_is_refused),
        WITH_FIXTURE(test_something_else_is_set_aside),
        WITH_FIXTURE(test_moments_of_another_boot_keep_their_dates),
        WITH_FIXTURE(test_a_date_that_went_back_puts_nothing_into_the_future),
        WITH_FIXTURE(test_another_boot_gives_out_no_id_of_lines_that_were_lost),
        WITH_FIXTURE(test_of_too_many_the_oldest_are_left_out),
        WITH_FIXTURE(test_a_shorter_time_to_keep_holds_for_what_is_there),
        WITH_FIXTURE(test_what_is_removed_stays_removed),
        WITH_FIXTURE(test_nobody_else_may_read_it),
        cmocka_unit_test(test_without_a_folder_nothing_is_kept),
        cmocka_unit_test(test_a_folder_that_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
