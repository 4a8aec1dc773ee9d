/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_index.c - indices that stay the same over restarts, crashes and broken
 * files, and that nobody gets while somebody may still mean another domain.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/index_fixture.h"

/*
 * In place of libc's: what it was called for, in which order.  Nothing here
 * crashes the kernel, and a slow disk need not be waited for.
 */
static struct {
    const char *new_path; /* NULL: nobody looks */
    int calls;
    bool new_file_first;
    bool folder_last;
} syncs;

int fsync(int fd)
{
    struct stat status;

    if (syncs.new_path == NULL || fstat(fd, &status) < 0) {
        return 0;
    }
    syncs.calls++;
    if (S_ISREG(status.st_mode)) {
        struct stat new_status;

        syncs.new_file_first =
            syncs.calls == 1 && stat(syncs.new_path, &new_status) == 0
            && new_status.st_ino == status.st_ino && status.st_size > 0;
    } else if (S_ISDIR(status.st_mode)) {
        syncs.folder_last = syncs.calls == 2 && access(syncs.new_path, F_OK) < 0;
    }
    return 0;
}

/* The map itself */

static void test_indices_are_small_and_stay(void **state)
{
    struct index_store *store = open_at(NULL);

    (void)state;
    assert_int_equal(index_store_count(store), 0);
    assert_int_equal(assign(store, "a", 0), 1);
    assert_int_equal(assign(store, "b", 0), 2);
    assert_int_equal(assign(store, "c", 0), 3);
    assert_int_equal(assign(store, "b", 0), 2);
    assert_int_equal(index_store_count(store), 3);
    save(store); /* in memory: nothing to write, nothing to fail */
    index_store_close(store);
    index_store_close(NULL);
}

static void test_new_is_told_from_known(void **state)
{
    struct index_store *store = open_at(NULL);

    (void)state;
    assert_true(is_new(store, "a", 0));
    assert_false(is_new(store, "a", 0));
    index_store_release(store, "a", 10);
    assert_true(is_new(store, "a", 20)); /* released and now back */
    assert_false(is_new(store, "a", 30));
    index_store_close(store);
}

static void test_an_index_is_kept_during_the_grace_time(void **state)
{
    struct index_store *store = open_at(NULL);
    int64_t released_ns = 5 * CLOCK_NS_PER_S;

    (void)state;
    assign(store, "a", 0);
    assign(store, "b", 0);
    index_store_release(store, "a", released_ns);
    assert_int_equal(index_store_count(store), 1);
    assert_int_equal(assign(store, "c", released_ns + 1), 3);
    assert_int_equal(assign(store, "d", released_ns + GRACE_NS - 1), 4);
    assert_int_equal(assign(store, "e", released_ns + GRACE_NS), 1);
    assert_int_equal(assign(store, "a", released_ns + GRACE_NS), 5);
    index_store_close(store);
}

static void test_a_key_that_comes_back_has_its_index(void **state)
{
    struct index_store *store = open_at(NULL);

    (void)state;
    assign(store, "a", 0);
    assign(store, "b", 0);
    index_store_release(store, "a", 0);
    assert_int_equal(assign(store, "a", GRACE_NS / 2), 1);
    /* In use again: its old grace time means nothing any more. */
    assert_int_equal(assign(store, "c", 2 * GRACE_NS), 3);
    /* Late, but nobody else needed it. */
    index_store_release(store, "b", 2 * GRACE_NS);
    assert_int_equal(assign(store, "b", 9 * GRACE_NS), 2);
    index_store_close(store);
}

static void test_releasing_again_does_not_prolong_the_grace(void **state)
{
    struct index_store *store = open_at(NULL);

    (void)state;
    assign(store, "a", 0);
    index_store_release(store, "a", 0);
    index_store_release(store, "a", GRACE_NS - 1);
    index_store_release(store, "nobody", 0);
    assert_int_equal(assign(store, "b", GRACE_NS), 1);
    index_store_close(store);
}

static void test_the_smallest_free_index_is_taken(void **state)
{
    struct index_store *store = open_at(NULL);
    char key[32];

    (void)state;
    for (int i = 1; i <= 100; i++) {
        snprintf(key, sizeof(key), "key-%d", i);
        assign(store, key, 0);
    }
    index_store_release(store, "key-70", 0);
    index_store_release(store, "key-30", 1);
    index_store_release(store, "key-50", 2);
    assert_int_equal(assign(store, "x", GRACE_NS), 70); /* the others are kept */
    assert_int_equal(assign(store, "y", GRACE_NS + 2), 30);
    assert_int_equal(assign(store, "z", GRACE_NS + 2), 50);
    assert_int_equal(assign(store, "w", GRACE_NS + 2), 101);
    index_store_close(store);
}

static void test_without_grace_an_index_is_free_at_once(void **state)
{
    struct index_store *store = NULL;

    (void)state;
    assert_int_equal(index_store_open(NULL, 0, &store, NULL), STATUS_OK);
    assign(store, "a", 7);
    index_store_release(store, "a", 7);
    assert_int_equal(assign(store, "b", 7), 1);
    index_store_close(store);
}

static void test_a_grace_without_end_has_none(void **state)
{
    struct index_store *store = NULL;

    (void)state;
    assert_int_equal(index_store_open(NULL, INT64_MAX, &store, NULL), STATUS_OK);
    assign(store, "a", 7);
    index_store_release(store, "a", 7);
    assert_int_equal(assign(store, "b", INT64_MAX - 1), 2);
    index_store_close(store);
}

static void test_keys_that_would_break_the_file_are_refused(void **state)
{
    struct index_store *store = open_at(NULL);
    char longest[INDEX_KEY_MAX + 2];
    uint32_t index = 77;
    static const char *const keys[] = {
        "", "a\nb", "a\tb", "\x7f", "\033[m", "\xc2\x85"
    };

    (void)state;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        assert_int_equal(index_store_assign(store, keys[i], 0, &index, NULL),
                         STATUS_INVALID);
    }
    memset(longest, 'k', sizeof(longest));
    longest[INDEX_KEY_MAX + 1] = '\0';
    assert_int_equal(index_store_assign(store, longest, 0, &index, NULL),
                     STATUS_INVALID);
    assert_int_equal(index, 77);
    longest[INDEX_KEY_MAX] = '\0';
    assert_int_equal(assign(store, longest, 0), 1);
    assert_int_equal(assign(store, " with blanks, \xc3\xbc and \xff ", 0), 2);
    index_store_close(store);
}

struct visits {
    struct index_store *store;
    uint32_t last;
    unsigned count;
};

static void visit(const char *key, uint32_t index, void *argument)
{
    struct visits *visits = argument;
    char expected[32];

    assert_true(index > visits->last);
    snprintf(expected, sizeof(expected), "key-%" PRIu32, index);
    assert_string_equal(key, expected);
    visits->last = index;
    visits->count++;
    if (visits->store != NULL) {
        index_store_release(visits->store, key, 1);
    }
}

static void test_visits_what_is_in_use_in_order(void **state)
{
    struct index_store *store = open_at(NULL);
    struct visits visits = { NULL, 0, 0 };
    char key[32];

    (void)state;
    for (int i = 1; i <= 1000; i++) {
        snprintf(key, sizeof(key), "key-%d", i);
        assign(store, key, 0);
    }
    index_store_release(store, "key-1", 0);
    index_store_release(store, "key-500", 0);
    index_store_visit(store, visit, &visits);
    assert_int_equal(visits.count, 998);

    visits = (struct visits) { store, 0, 0 };
    index_store_visit(store, visit, &visits); /* releases each of them */
    assert_int_equal(visits.count, 998);
    assert_int_equal(index_store_count(store), 0);
    index_store_close(store);
}

/*
 * Random keys come, go and expire for a long time; a plain array tells what
 * should have happened.
 */
static void test_months_of_coming_and_going(void **state)
{
    enum { KEYS = 300, ROUNDS = 20000 };
    struct index_store *store = open_at(NULL);
    uint32_t given[KEYS] = { 0 };
    unsigned random = 1;

    (void)state;
    for (int64_t round = 0; round < ROUNDS; round++) {
        int64_t now_ns = round * CLOCK_NS_PER_S;
        unsigned number;
        char key[32];

        random = random * 1103515245u + 12345u;
        number = random >> 16 & 0x7fff;
        snprintf(key, sizeof(key), "key-%u", number % KEYS);
        if (given[number % KEYS] != 0) {
            assert_int_equal(assign(store, key, now_ns), given[number % KEYS]);
            index_store_release(store, key, now_ns);
            given[number % KEYS] = 0;
            continue;
        }
        given[number % KEYS] = assign(store, key, now_ns);
        for (unsigned other = 0; other < KEYS; other++) {
            assert_true(other == number % KEYS || given[other] != given[number % KEYS]);
        }
        assert_true(given[number % KEYS] <= KEYS); /* dense */
    }
    index_store_close(store);
}

static void test_a_hundred_thousand_keys_are_no_burden(void **state)
{
    enum { KEYS = 100000 };
    const struct scratch *scratch = *state;
    struct index_store *store = open_at(scratch->path);
    int64_t started_ns = clock_boot_ns();
    char key[32];

    for (uint32_t i = 1; i <= KEYS; i++) {
        snprintf(key, sizeof(key), "key-%" PRIu32, i);
        assert_int_equal(assign(store, key, 0), i);
    }
    save(store);
    index_store_close(store);
    store = open_at(scratch->path);
    assert_int_equal(index_store_count(store), KEYS);
    for (uint32_t i = KEYS; i >= 1; i--) {
        snprintf(key, sizeof(key), "key-%" PRIu32, i);
        assert_int_equal(assign(store, key, 0), i);
    }
    index_store_close(store);
    /* A second at most, and far more patience for valgrind and slow disks. */
    assert_true(clock_boot_ns() - started_ns < 60 * CLOCK_NS_PER_S);
}

static void test_a_full_store_says_so(void **state)
{
    struct index_store *store = open_at(NULL);
    uint32_t index = 0;
    char key[32];

    (void)state;
    for (uint32_t i = 1; i <= INDEX_KEYS_MAX; i++) {
        snprintf(key, sizeof(key), "%" PRIx32, i);
        if (index_store_assign(store, key, 0, &index, NULL) != STATUS_OK
            || index != i) {
            fail_msg("key %" PRIu32 " got index %" PRIu32, i, index);
        }
    }
    assert_int_equal(index_store_assign(store, "one more", 0, &index, NULL),
                     STATUS_BUSY);
    assert_int_equal(assign(store, "1", 0), 1); /* known ones are as before */
    index_store_release(store, "7", 0);
    assert_int_equal(assign(store, "one more", GRACE_NS), 7);
    index_store_close(store);
}

/* The file */

static void test_a_restart_keeps_everything(void **state)
{
    const struct scratch *scratch = *state;
    struct index_store *store = open_at(scratch->path);
    struct stat status;

    assert_int_equal(index_store_changed_ns(store), CLOCK_NEVER);
    assign(store, "a", 0);
    assign(store, "b with blanks", 0);
    assign(store, "c", 0);
    index_store_release(store, "b with blanks", 3);
    index_store_set_changed_ns(store, 4711);
    save(store);
    assert_false(exists(scratch->new_path));
    index_store_close(store);
    assert_int_equal(stat(scratch->path, &status), 0);
    assert_int_equal(status.st_mode & 07137, 0); /* nothing for others */

    store = open_at(scratch->path);
    assert_int_equal(index_store_changed_ns(store), 4711);
    assert_int_equal(index_store_count(store), 2);
    assert_false(is_new(store, "a", 3));
    assert_int_equal(assign(store, "c", 3), 3);
    /* The grace time goes on from where it was. */
    assert_int_equal(assign(store, "d", 3 + GRACE_NS - 1), 4);
    assert_int_equal(assign(store, "e", 3 + GRACE_NS), 2);
    index_store_close(store);
}

static void test_the_file_is_what_is_documented(void **state)
{
    const struct scratch *scratch = *state;
    struct index_store *store = open_at(scratch->path);
    char expected[512];
    char body[400];
    char *content;
    size_t size;

    assign(store, "first", 0);
    assign(store, "second one", 0);
    index_store_release(store, "second one", 99);
    index_store_set_changed_ns(store, 5);
    save(store);
    index_store_close(store);
    content = read_file(scratch->path, &size);
    snprintf(body, sizeof(body),
             "hvagentx-index 1\nboot %s changed 5\n1 used first\n"
             "2 released 99 second one\n",
             boot_id());
    snprintf(expected, sizeof(expected), "%send 2 %08" PRIx32 "\n", body, crc_of(body));
    assert_string_equal(content, expected);
    free(content);
}

static void test_a_power_cut_leaves_the_old_or_the_new_file(void **state)
{
    const struct scratch *scratch = *state;
    struct index_store *store = open_at(scratch->path);

    assign(store, "a", 0);
    memset(&syncs, 0, sizeof(syncs));
    syncs.new_path = scratch->new_path;
    save(store);
    syncs.new_path = NULL;
    index_store_close(store);
    assert_int_equal(syncs.calls, 2);
    assert_true(syncs.new_file_first); /* whole on disk before it is renamed */
    assert_true(syncs.folder_last);    /* and then the rename */
}

static void test_no_file_is_an_empty_store_and_the_first_save_makes_one(void **state)
{
    const struct scratch *scratch = *state;
    struct index_store *store = open_at(scratch->path);

    assert_false(exists(scratch->path));
    save(store);
    assert_true(exists(scratch->path));
    index_store_close(store);
    index_store_close(open_at(scratch->path));
}

static void test_what_did_not_change_is_not_written(void **state)
{
    const struct scratch *scratch = *state;
    struct index_store *store = open_at(scratch->path);

    assign(store, "a", 0);
    index_store_set_changed_ns(store, 1);
    save(store);
    unlink(scratch->path); /* shows whether it is written again */
    assign(store, "a", 5);
    index_store_set_changed_ns(store, 1);
    index_store_release(store, "nobody", 5);
    save(store);
    assert_false(exists(scratch->path));
    index_store_set_changed_ns(store, 2);
    save(store);
    assert_true(exists(scratch->path));
    index_store_close(store);
}

static void test_a_reboot_starts_the_grace_anew(void **state)
{
    const struct scratch *scratch = *state;
    struct index_store *store;
    int64_t before_ns = clock_boot_ns();
    int64_t after_ns;

    write_sealed(scratch->path,
                 "hvagentx-index 1\n"
                 "boot 01234567-89ab-cdef-0123-456789abcdef changed 12345\n"
                 "1 used a\n"
                 "2 released 900000000000000000 b\n"
                 "3 released 0 c\n",
                 3);
    store = open_at(scratch->path);
    after_ns = clock_boot_ns();
    assert_int_equal(index_store_changed_ns(store), CLOCK_NEVER);
    assert_false(is_new(store, "a", after_ns));
    assert_int_equal(assign(store, "d", before_ns + GRACE_NS - 1), 4);
    assert_int_equal(assign(store, "e", after_ns + GRACE_NS), 2);
    assert_int_equal(assign(store, "f", after_ns + GRACE_NS), 3);
    index_store_close(store);
}

static void test_after_a_reboot_the_grace_starts_once(void **state)
{
    const struct scratch *scratch = *state;
    struct index_store *store;
    char *first;
    char *second;
    size_t size;

    write_sealed(scratch->path,
                 "hvagentx-index 1\n"
                 "boot 01234567-89ab-cdef-0123-456789abcdef changed never\n"
                 "1 released 5 a\n",
                 1);
    store = open_at(scratch->path);
    save(store);
    index_store_close(store);
    first = read_file(scratch->path, &size);
    assert_non_null(strstr(first, boot_id()));
    store = open_at(scratch->path); /* the agent restarts, not the machine */
    save(store);
    index_store_close(store);
    second = read_file(scratch->path, &size);
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static void save_sample(const struct scratch *scratch)
{
    struct index_store *store = open_at(scratch->path);

    assign(store, "0f5a9c3e-1b2d-4e6f-8091-a2b3c4d5e6f7", 0);
    assign(store, "disk one", 0);
    index_store_release(store, "disk one", 1234);
    index_store_set_changed_ns(store, 99);
    save(store);
    index_store_close(store);
}

static void test_after_a_broken_file_the_agent_goes_on(void **state)
{
    const struct scratch *scratch = *state;
    struct index_store *store = NULL;

    write_file(scratch->path, "rubbish\n", 8);
    assert_int_equal(index_store_open(scratch->path, GRACE_NS, &store, NULL),
                     STATUS_INVALID);
    assert_int_equal(assign(store, "fresh", 0), 1);
    save(store);
    index_store_close(store);
    store = open_at(scratch->path);
    assert_int_equal(assign(store, "fresh", 0), 1);
    index_store_close(store);
}

static void test_a_broken_file_that_stays_is_told_and_replaced(void **state)
{
    const struct scratch *scratch = *state;
    struct error error = ERROR_NONE;
    struct index_store *store = NULL;

    write_file(scratch->path, "rubbish\n", 8);
    assert_int_equal(mkdir(scratch->corrupt_path, 0700), 0); /* in the way */
    assert_int_equal(index_store_open(scratch->path, GRACE_NS, &store, &error),
                     STATUS_INVALID);
    assert_non_null(strstr(error.text, "could not be renamed"));
    save(store);
    index_store_close(store);
    index_store_close(open_at(scratch->path));
}

static void test_every_truncated_file_is_refused(void **state)
{
    const struct scratch *scratch = *state;
    char *content;
    size_t size;

    save_sample(scratch);
    content = read_file(scratch->path, &size);
    for (size_t length = 0; length < size; length++) {
        write_file(scratch->path, content, length);
        check_is_refused(scratch, "line ");
    }
    free(content);
}

static void test_every_flipped_bit_is_noticed(void **state)
{
    const struct scratch *scratch = *state;
    char *content;
    size_t size;

    save_sample(scratch);
    content = read_file(scratch->path, &size);
    for (size_t bit = 0; bit < size * 8; bit++) {
        content[bit / 8] = (char)(content[bit / 8] ^ (char)(1 << bit % 8));
        write_file(scratch->path, content, size);
        check_is_refused(scratch, "line ");
        content[bit / 8] = (char)(content[bit / 8] ^ (char)(1 << bit % 8));
    }
    free(content);
}

struct bad_file {
    const char *line;
    const char *body;
    unsigned count;
};

static void test_files_that_make_no_sense_are_refused(void **state)
{
    static const struct bad_file files[] = {
        { "line 1:", "", 0 },
        { "line 1:",
          "\x7f"
          "ELF\n",
          0 },
        { "line 1:", "hvagentx-index 2\nboot 0 changed never\n", 0 },
        { "line 2:", "hvagentx-index 1\n", 0 },
        { "line 2:", "hvagentx-index 1\nboot never changed never\n", 0 },
        { "line 2:", "hvagentx-index 1\nboot 01234567-89ab-cdef-0123-456789abcdef\n",
          0 },
        { "line 2:",
          "hvagentx-index 1\nboot 01234567-89ab-cdef-0123-456789abcdef changed -5\n",
          0 },
        { "line 2:",
          "hvagentx-index 1\nboot 01234567-89ab-cdef-0123-456789abcdef changed 5 \n",
          0 },
        { "line 2:", "hvagentx-index 1\n1 used a\n", 1 },
        { "line 3:", HEAD "0 used a\n", 1 },
        { "line 3:", HEAD "-1 used a\n", 1 },
        { "line 3:", HEAD "2000001 used a\n", 1 },
        { "line 3:", HEAD "4294967297 used a\n", 1 },
        { "line 3:", HEAD "99999999999999999999999999 used a\n", 1 },
        { "line 3:", HEAD "x used a\n", 1 },
        { "line 3:", HEAD "1 lost a\n", 1 },
        { "line 3:", HEAD "1 used\n", 1 },
        { "line 3:", HEAD "1 used \n", 1 },
        { "line 3:", HEAD "1 used a\tb\n", 1 },
        { "line 3:", HEAD "1 used a\r\n", 1 },
        { "line 3:", HEAD "1 released a\n", 1 },
        { "line 3:", HEAD "1 released -1 a\n", 1 },
        { "line 3:", HEAD "1 released 9223372036854775808 a\n", 1 },
        { "line 3:", HEAD "1 released 1\n", 1 },
        { "line 3:", HEAD "\n", 0 },
        { "line 4: the index occurs twice", HEAD "1 used a\n1 used b\n", 2 },
        { "line 5: the index occurs twice", HEAD "2 used a\n1 used b\n2 released 1 c\n",
          3 },
        { "line 4: the key occurs twice", HEAD "1 used a\n2 used a\n", 2 },
        { "line 4: the key occurs twice", HEAD "1 used a\n2 released 7 a\n", 2 },
        { "line 4:", HEAD "1 used a\n", 2 }, /* not as many as it says */
    };
    const struct scratch *scratch = *state;

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        write_sealed(scratch->path, files[i].body, files[i].count);
        check_is_refused(scratch, files[i].line);
    }
}

static void test_a_second_file_behind_the_first_is_refused(void **state)
{
    const struct scratch *scratch = *state;
    char *content;
    size_t size;

    save_sample(scratch);
    content = read_file(scratch->path, &size);
    memmove(content + size, content, size);
    write_file(scratch->path, content, 2 * size);
    check_is_refused(scratch, "line 6:");
    free(content);
}

static void test_lines_and_files_without_end_are_refused(void **state)
{
    const struct scratch *scratch = *state;
    struct error error = ERROR_NONE;
    struct index_store *store = NULL;
    char body[1000] = HEAD "1 used ";

    memset(body + strlen(body), 'k', INDEX_KEY_MAX + 1);
    strcat(body, "\n");
    write_sealed(scratch->path, body, 1);
    check_is_refused(scratch, "line 3:");
    memset(body + strlen(body) - 1, 'k', 400);
    write_file(scratch->path, body, sizeof(body));
    check_is_refused(scratch, "line 3:");

    /* Sparse, 4 TiB: refused by its size, not read. */
    write_file(scratch->path, HEAD, strlen(HEAD));
    if (truncate(scratch->path, (off_t)1 << 42) < 0) {
        assert_int_equal(truncate(scratch->path, (off_t)1 << 33), 0);
    }
    assert_int_equal(index_store_open(scratch->path, GRACE_NS, &store, &error),
                     STATUS_INVALID);
    assert_non_null(strstr(error.text, "larger"));
    assert_true(exists(scratch->corrupt_path));
    index_store_close(store);
}

static void test_what_is_no_file_is_left_alone(void **state)
{
    const struct scratch *scratch = *state;
    struct error error = ERROR_NONE;
    struct index_store *store = (struct index_store *)&error;

    assert_int_equal(mkdir(scratch->path, 0700), 0);
    assert_int_equal(index_store_open(scratch->path, GRACE_NS, &store, &error),
                     STATUS_IO);
    assert_null(store);
    assert_non_null(strstr(error.text, scratch->path));
    assert_int_equal(rmdir(scratch->path), 0);

    /* A FIFO nobody writes to: refused, not waited for. */
    assert_int_equal(mkfifo(scratch->path, 0600), 0);
    assert_int_equal(index_store_open(scratch->path, GRACE_NS, &store, &error),
                     STATUS_IO);
    assert_null(store);
}

static void test_a_folder_that_is_not_there_is_told_when_saving(void **state)
{
    const struct scratch *scratch = *state;
    struct error error = ERROR_NONE;
    struct index_store *store;
    char path[600];

    snprintf(path, sizeof(path), "%s/later", scratch->folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/later/domains", scratch->folder);
    store = open_at(path);
    assign(store, "a", 0);
    snprintf(path, sizeof(path), "%s/later", scratch->folder);
    assert_int_equal(rmdir(path), 0);

    assert_int_equal(index_store_save(store, &error), STATUS_IO);
    assert_int_equal(error.status, STATUS_IO);
    assert_non_null(strstr(error.text, path));
    assert_non_null(strstr(error.text, "No such file or directory"));

    /* The change is not forgotten. */
    assert_int_equal(mkdir(path, 0700), 0);
    save(store);
    index_store_close(store);
    snprintf(path, sizeof(path), "%s/later/domains", scratch->folder);
    store = open_at(path);
    assert_false(is_new(store, "a", 0));
    index_store_close(store);
    unlink(path);
}

static void test_a_save_that_fails_leaves_the_old_file(void **state)
{
    const struct scratch *scratch = *state;
    struct error error = ERROR_NONE;
    struct index_store *store = open_at(scratch->path);

    assign(store, "a", 0);
    save(store);
    assign(store, "b", 0);
    assert_int_equal(mkdir(scratch->new_path, 0700), 0); /* in the way */
    assert_int_equal(index_store_save(store, &error), STATUS_IO);
    assert_non_null(strstr(error.text, scratch->new_path));
    index_store_close(store);
    assert_int_equal(rmdir(scratch->new_path), 0);
    store = open_at(scratch->path);
    assert_false(is_new(store, "a", 0));
    assert_true(is_new(store, "b", 0));
    index_store_close(store);
}

/* A limit on the size of files: the full disk that needs no privilege. */
static void test_a_full_disk_is_told_and_leaves_the_old_file(void **state)
{
    const struct scratch *scratch = *state;
    struct error error = ERROR_NONE;
    struct index_store *store = open_at(scratch->path);
    struct rlimit before;
    struct rlimit tight;
    enum status status;
    char key[32];

    assign(store, "key-0", 0);
    save(store);
    for (int i = 1; i < 10000; i++) {
        snprintf(key, sizeof(key), "key-%d", i);
        assign(store, key, 0);
    }
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    tight = before;
    tight.rlim_cur = 10000;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    status = index_store_save(store, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_DFL);

    assert_int_equal(status, STATUS_IO);
    assert_non_null(strstr(error.text, scratch->new_path));
    assert_non_null(strstr(error.text, "File too large"));
    assert_false(exists(scratch->new_path)); /* no rubbish on a full disk */
    index_store_close(open_at(scratch->path));
    save(store); /* there is room again */
    index_store_close(store);
    store = open_at(scratch->path);
    assert_int_equal(index_store_count(store), 10000);
    index_store_close(store);
}

static void test_a_link_in_the_way_of_the_new_file_is_not_followed(void **state)
{
    const struct scratch *scratch = *state;
    struct index_store *store = open_at(scratch->path);
    char victim[600];
    char *content;
    size_t size;

    snprintf(victim, sizeof(victim), "%s/victim", scratch->folder);
    write_file(victim, "precious", 8);
    assert_int_equal(symlink(victim, scratch->new_path), 0);
    assert_int_equal(index_store_save(store, NULL), STATUS_IO);
    content = read_file(victim, &size);
    assert_string_equal(content, "precious");
    free(content);
    save(store); /* the link has been cleared away */
    index_store_close(store);
}

static void test_a_left_over_new_file_does_not_matter(void **state)
{
    const struct scratch *scratch = *state;
    struct index_store *store;

    save_sample(scratch);
    write_file(scratch->new_path, "half of a fi", 12);
    store = open_at(scratch->path);
    assert_int_equal(index_store_count(store), 1);
    assert_int_equal(assign(store, "disk one", 1235), 2);
    save(store);
    assert_false(exists(scratch->new_path));
    index_store_close(store);
    index_store_close(open_at(scratch->path));
}

static void test_an_older_corrupt_file_is_replaced(void **state)
{
    const struct scratch *scratch = *state;

    write_file(scratch->corrupt_path, "older", 5);
    write_file(scratch->path, "newer\n", 6);
    check_is_refused(scratch, "line 1:");
}

/*
 * What the child has on disk for certain, in memory that it shares with its
 * parent: keys 1 to `saved` are in use at their own number.
 */
struct progress {
    volatile uint32_t saved;
};

static void save_until_killed(const struct scratch *scratch, struct progress *progress)
{
    struct index_store *store = NULL;
    uint32_t count = progress->saved;

    if (index_store_open(scratch->path, GRACE_NS, &store, NULL) != STATUS_OK) {
        _exit(1);
    }
    for (;;) {
        uint32_t index = 0;
        char key[32];

        snprintf(key, sizeof(key), "key-%" PRIu32, ++count);
        if (index_store_assign(store, key, 0, &index, NULL) != STATUS_OK
            || index != count || index_store_save(store, NULL) != STATUS_OK) {
            _exit(1);
        }
        progress->saved = count;
    }
}

static void test_killed_while_saving_no_key_loses_its_index(void **state)
{
    enum { ROUNDS = 50 };
    const struct scratch *scratch = *state;
    struct progress *progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE,
                                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    unsigned random = (unsigned)getpid();

    assert_ptr_not_equal(progress, MAP_FAILED);
    for (int round = 0; round < ROUNDS; round++) {
        struct index_store *store;
        uint32_t count;
        int status;
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0) {
            save_until_killed(scratch, progress);
        }
        random = random * 1103515245u + 12345u;
        usleep(500 + (random >> 16 & 0x3fff));
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status)); /* else it met an error before */

        store = open_at(scratch->path);
        count = (uint32_t)index_store_count(store);
        /* At most the one that was being saved is there in addition. */
        assert_in_range(count, progress->saved, progress->saved + 1);
        for (uint32_t i = 1; i <= count; i++) {
            char key[32];

            snprintf(key, sizeof(key), "key-%" PRIu32, i);
            assert_int_equal(assign(store, key, 0), i);
        }
        assert_int_equal(index_store_count(store), count); /* none of them was new */
        index_store_close(store);
        progress->saved = count;
    }
    assert_true(progress->saved > 0);
    munmap(progress, sizeof(*progress));
}

#define TEST(function)                                                                 \
    cmocka_unit_test_setup_teardown(function, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_indices_are_small_and_stay),
        TEST(test_new_is_told_from_known),
        TEST(test_an_index_is_kept_during_the_grace_time),
        TEST(test_a_key_that_comes_back_has_its_index),
        TEST(test_releasing_again_does_not_prolong_the_grace),
        TEST(test_the_smallest_free_index_is_taken),
        TEST(test_without_grace_an_index_is_free_at_once),
        TEST(test_a_grace_without_end_has_none),
        TEST(test_keys_that_would_break_the_file_are_refused),
        TEST(test_visits_what_is_in_use_in_order),
        TEST(test_months_of_coming_and_going),
        TEST(test_a_hundred_thousand_keys_are_no_burden),
        TEST(test_a_full_store_says_so),
        TEST(test_a_restart_keeps_everything),
        TEST(test_the_file_is_what_is_documented),
        TEST(test_a_power_cut_leaves_the_old_or_the_new_file),
        TEST(test_no_file_is_an_empty_store_and_the_first_save_makes_one),
        TEST(test_what_did_not_change_is_not_written),
        TEST(test_a_reboot_starts_the_grace_anew),
        TEST(test_after_a_reboot_the_grace_starts_once),
        TEST(test_after_a_broken_file_the_agent_goes_on),
        TEST(test_a_broken_file_that_stays_is_told_and_replaced),
        TEST(test_every_truncated_file_is_refused),
        TEST(test_every_flipped_bit_is_noticed),
        TEST(test_files_that_make_no_sense_are_refused),
        TEST(test_a_second_file_behind_the_first_is_refused),
        TEST(test_lines_and_files_without_end_are_refused),
        TEST(test_what_is_no_file_is_left_alone),
        TEST(test_a_folder_that_is_not_there_is_told_when_saving),
        TEST(test_a_save_that_fails_leaves_the_old_file),
        TEST(test_a_full_disk_is_told_and_leaves_the_old_file),
        TEST(test_a_link_in_the_way_of_the_new_file_is_not_followed),
        TEST(test_a_left_over_new_file_does_not_matter),
        TEST(test_an_older_corrupt_file_is_replaced),
        TEST(test_killed_while_saving_no_key_loses_its_index),
    };

    return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
