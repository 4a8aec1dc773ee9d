/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_index_parts.c - indices of disks and interfaces: numbered for each
 * domain on their own, and as lasting as those of domains.
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
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "model/index_store.h"
#include "tests/unit/index_fixture.h"

#define NAMES_MAX 32

/* In place of libc's: nothing here crashes the kernel, and disks are slow. */
int fsync(int fd)
{
    (void)fd;
    return 0;
}

/* The indices of the names in a list like "vda vdb", as a list like "1 2". */
static const char *indices_of(struct index_store *store, const char *key,
                              enum index_part kind, const char *list, int64_t now_ns)
{
    static char text[NAMES_MAX * 12];
    uint32_t indices[NAMES_MAX];
    const char *names[NAMES_MAX];
    char copy[512];
    char *rest = NULL;
    size_t count = 0;

    snprintf(copy, sizeof(copy), "%s", list);
    for (char *name = strtok_r(copy, " ", &rest); name != NULL;
         name = strtok_r(NULL, " ", &rest)) {
        assert_true(count < NAMES_MAX);
        names[count++] = name;
    }
    assert_int_equal(
        index_store_assign_parts(store, key, kind, names, count, now_ns, indices),
        STATUS_OK);
    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(text);

        snprintf(text + used, sizeof(text) - used, "%s%" PRIu32, i > 0 ? " " : "",
                 indices[i]);
    }
    return text;
}

static void check_disks(struct index_store *store, const char *key, const char *list,
                        int64_t now_ns, const char *expected)
{
    assert_string_equal(indices_of(store, key, INDEX_DISK, list, now_ns), expected);
}

static void check_interfaces(struct index_store *store, const char *key,
                             const char *list, int64_t now_ns, const char *expected)
{
    assert_string_equal(indices_of(store, key, INDEX_INTERFACE, list, now_ns),
                        expected);
}

/* A store in memory with the keys "a" and "b". */
static struct index_store *open_with_keys(void)
{
    struct index_store *store = open_at(NULL);

    assign(store, "a", 0);
    assign(store, "b", 0);
    return store;
}

/* The map itself */

static void test_parts_are_numbered_in_the_order_given(void **state)
{
    struct index_store *store = open_with_keys();

    (void)state;
    check_disks(store, "a", "vdc vda vdb", 0, "1 2 3");
    check_disks(store, "a", "vda vdb vdc", 1, "2 3 1"); /* and stay */
    check_disks(store, "a", "vdb vdd vda vdc vde", 2, "3 4 2 1 5");
    index_store_close(store);
}

static void test_keys_and_kinds_are_numbered_apart(void **state)
{
    struct index_store *store = open_with_keys();

    (void)state;
    check_disks(store, "a", "x y", 0, "1 2");
    check_disks(store, "b", "y x z", 0, "1 2 3");
    check_interfaces(store, "a", "z y x", 0, "1 2 3");
    check_interfaces(store, "b", "x", 0, "1");
    /* To name no interface releases no disk. */
    check_interfaces(store, "a", "", 1, "");
    check_interfaces(store, "a", "w", GRACE_NS + 1, "1");
    check_disks(store, "a", "new x y", GRACE_NS + 1, "3 1 2");
    index_store_close(store);
}

static void test_a_part_that_comes_back_has_its_index(void **state)
{
    struct index_store *store = open_with_keys();

    (void)state;
    check_disks(store, "a", "vda vdb vdc", 0, "1 2 3");
    check_disks(store, "a", "vda vdc", 10, "1 3");
    check_disks(store, "a", "vda vdc vdd", 11, "1 3 4");
    check_disks(store, "a", "vdb vda vdc vdd", GRACE_NS + 9, "2 1 3 4");
    /* In use again: its old grace time means nothing any more. */
    check_disks(store, "a", "vdb vda vdc vdd vde", 3 * GRACE_NS, "2 1 3 4 5");
    /* Late, but nobody else needed it. */
    check_disks(store, "a", "vda", 4 * GRACE_NS, "1");
    check_disks(store, "a", "vda vde", 9 * GRACE_NS, "1 5");
    index_store_close(store);
}

static void test_after_the_grace_another_part_gets_the_smallest_index(void **state)
{
    struct index_store *store = open_with_keys();

    (void)state;
    check_disks(store, "a", "vda vdb vdc", 0, "1 2 3");
    check_disks(store, "a", "vdc", 10, "3");
    /* Releasing again does not prolong it. */
    check_disks(store, "a", "vdc", 20, "3");
    check_disks(store, "a", "vdc vdx", GRACE_NS + 9, "3 4");
    check_disks(store, "a", "vdc vdx vdy vdz vdw", GRACE_NS + 10, "3 4 1 2 5");
    /* The one that was given away is a new one. */
    check_disks(store, "a", "vdc vda vdx vdy vdz vdw", GRACE_NS + 11, "3 6 4 1 2 5");
    assert_int_equal(store->part_count, 6);
    index_store_release(store, "a", 2 * GRACE_NS);
    assign(store, "c", 3 * GRACE_NS);
    assert_int_equal(store->part_count, 0); /* what is forgotten takes no room */
    index_store_close(store);
}

static void test_what_comes_back_late_goes_first(void **state)
{
    struct index_store *store = open_with_keys();

    (void)state;
    check_disks(store, "a", "vda vdb", 0, "1 2");
    check_disks(store, "a", "vdb", 10, "2");
    /* At the same moment as one that could have had its index. */
    check_disks(store, "a", "new vda vdb", 9 * GRACE_NS, "3 1 2");
    index_store_close(store);
}

static void test_equal_names_have_an_index_each(void **state)
{
    struct index_store *store = open_with_keys();

    (void)state;
    check_disks(store, "a", "x y x x", 0, "1 2 3 4");
    check_disks(store, "a", "y x x x", 1, "2 1 3 4");
    check_disks(store, "a", "x y", 2, "1 2"); /* the others are released */
    check_disks(store, "a", "x x z y x x", GRACE_NS + 1, "1 3 5 2 4 6");
    check_disks(store, "a", "x", GRACE_NS + 2, "1");
    check_disks(store, "a", "n x m o", 2 * GRACE_NS + 2, "2 1 3 4");
    index_store_close(store);
}

static void test_names_that_would_break_the_file_get_none(void **state)
{
    struct index_store *store = open_with_keys();
    char longest[INDEX_KEY_MAX + 2];
    char too_long[INDEX_KEY_MAX + 2];
    const char *names[] = { "",         "good",   "a\nb", "\x7f",  "\033[m",
                            "\xc2\x85", too_long, "also", longest, "" };
    static const uint32_t expected[] = { 0, 1, 0, 0, 0, 0, 0, 2, 3, 0 };
    enum { COUNT = sizeof(names) / sizeof(names[0]) };
    uint32_t indices[COUNT];

    (void)state;
    memset(longest, 'k', sizeof(longest));
    memset(too_long, 'k', sizeof(too_long));
    longest[INDEX_KEY_MAX] = '\0';
    too_long[INDEX_KEY_MAX + 1] = '\0';
    for (int round = 0; round < 2; round++) {
        memset(indices, 0xa5, sizeof(indices));
        assert_int_equal(index_store_assign_parts(store, "a", INDEX_DISK, names, COUNT,
                                                  round, indices),
                         STATUS_OK);
        assert_memory_equal(indices, expected, sizeof(expected));
    }
    index_store_close(store);
}

static void test_parts_of_nobody_are_not_numbered(void **state)
{
    static const char *const names[] = { "vda", "vdb" };
    struct index_store *store = open_with_keys();
    uint32_t indices[] = { 7, 8 };

    (void)state;
    assert_int_equal(
        index_store_assign_parts(store, "nobody", INDEX_DISK, names, 2, 0, indices),
        STATUS_NOT_FOUND);
    assert_int_equal(indices[0], 0);
    assert_int_equal(indices[1], 0);
    index_store_release(store, "b", 0);
    indices[0] = 9;
    assert_int_equal(
        index_store_assign_parts(store, "b", INDEX_DISK, names, 2, 0, indices),
        STATUS_NOT_FOUND);
    assert_int_equal(indices[0], 0);
    index_store_close(store);
}

static void test_parts_stay_with_their_key(void **state)
{
    struct index_store *store = open_with_keys();

    (void)state;
    check_disks(store, "a", "vda vdb", 0, "1 2");
    check_interfaces(store, "a", "mac", 0, "1");
    check_disks(store, "a", "vdb", 1, "2");
    index_store_release(store, "a", 2);
    assign(store, "a", GRACE_NS / 2);
    check_interfaces(store, "a", "other mac", GRACE_NS / 2, "2 1");
    check_disks(store, "a", "vdc vdb vda", GRACE_NS / 2, "3 2 1");
    index_store_close(store);
}

static void test_parts_go_with_their_key(void **state)
{
    struct index_store *store = open_with_keys();

    (void)state;
    check_disks(store, "a", "vda vdb", 0, "1 2");
    index_store_release(store, "a", 0);
    assign(store, "c", GRACE_NS); /* has its index now */
    check_disks(store, "c", "new", GRACE_NS, "1");
    assign(store, "a", GRACE_NS);
    check_disks(store, "a", "vdb", GRACE_NS, "1");
    index_store_close(store);
}

static void test_no_part_gets_what_another_gives_back_at_that_moment(void **state)
{
    struct index_store *store = NULL;

    (void)state;
    assert_int_equal(index_store_open(NULL, 0, &store, NULL), STATUS_OK);
    assign(store, "a", 5);
    check_disks(store, "a", "vda vdb", 5, "1 2");
    /* However short the grace: managers could not tell them apart. */
    check_disks(store, "a", "vdb vdc", 6, "2 3");
    check_disks(store, "a", "vdb vdc vdd", 7, "2 3 1");
    index_store_close(store);
}

static void test_a_grace_without_end_has_none(void **state)
{
    struct index_store *store = NULL;

    (void)state;
    assert_int_equal(index_store_open(NULL, INT64_MAX, &store, NULL), STATUS_OK);
    assign(store, "a", 7);
    check_disks(store, "a", "vda", 7, "1");
    check_disks(store, "a", "vdb", 8, "2");
    check_disks(store, "a", "vdb vdc", INT64_MAX - 1, "2 3");
    check_disks(store, "a", "vda", INT64_MAX - 1, "1");
    index_store_close(store);
}

/*
 * Random lists of names, at random moments; a plain array tells what should
 * have happened.
 */
struct model_part {
    uint32_t index; /* 0: not known */
    bool used;
    int64_t released_ns;
};

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return *seed >> 16 & 0x7fff;
}

static void model_assign(struct model_part *parts, size_t room, const size_t *numbers,
                         size_t count, int64_t now_ns)
{
    bool named[64] = { false };
    bool is_any_new = false;

    for (size_t i = 0; i < count; i++) {
        named[numbers[i]] = true;
        is_any_new = is_any_new || parts[numbers[i]].index == 0;
    }
    for (size_t i = 0; i < room; i++) {
        bool was_used = parts[i].used;

        parts[i].used = named[i];
        if (was_used && !named[i]) {
            parts[i].released_ns = now_ns;
        } else if (!named[i] && is_any_new
                   && now_ns >= parts[i].released_ns + GRACE_NS) {
            parts[i].index = 0;
        }
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t index = parts[numbers[i]].index;

        for (uint32_t wanted = 1; index == 0; wanted++) {
            bool is_taken = false;

            for (size_t j = 0; j < room; j++) {
                is_taken = is_taken || parts[j].index == wanted;
            }
            index = is_taken ? 0 : wanted;
        }
        parts[numbers[i]].index = index;
    }
}

static void test_months_of_plugging_and_unplugging(void **state)
{
    enum { KEYS = 3, PARTS = 40, ROUNDS = 20000, SAVE_EVERY = 500 };
    const struct scratch *scratch = *state;
    static struct model_part model[KEYS][INDEX_PART_COUNT][PARTS];
    struct index_store *store = open_at(scratch->path);
    uint32_t seed = 1;
    int64_t now_ns = 0;

    memset(model, 0, sizeof(model));
    for (int round = 0; round < ROUNDS; round++) {
        static const char *const keys[KEYS] = { "one", "two", "three" };
        uint32_t key = next_random(&seed) % KEYS;
        enum index_part kind = next_random(&seed) % INDEX_PART_COUNT;
        struct model_part *parts = model[key][kind];
        char texts[PARTS][8];
        const char *names[PARTS];
        size_t numbers[PARTS];
        uint32_t indices[PARTS];
        size_t count = 0;

        /* Neighbours of what is there, mostly; rarely something else. */
        for (size_t i = 0; i < PARTS; i++) {
            bool is_named = parts[i].used != (next_random(&seed) % 16 == 0);

            if (is_named) {
                size_t at = next_random(&seed) % (count + 1);

                numbers[count] = numbers[at];
                numbers[at] = i;
                count++;
            }
        }
        for (size_t i = 0; i < count; i++) {
            snprintf(texts[i], sizeof(texts[i]), "p%zu", numbers[i]);
            names[i] = texts[i];
        }
        now_ns += (int64_t)next_random(&seed) * (GRACE_NS / 100000);
        assign(store, keys[key], now_ns);
        assert_int_equal(index_store_assign_parts(store, keys[key], kind, names, count,
                                                  now_ns, indices),
                         STATUS_OK);
        model_assign(parts, PARTS, numbers, count, now_ns);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(indices[i], parts[numbers[i]].index);
        }
        if (round % SAVE_EVERY == SAVE_EVERY - 1) {
            save(store);
            index_store_close(store);
            store = open_at(scratch->path);
        }
    }
    index_store_close(store);
}

/* CPU time of this thread. */
static int64_t cpu_ns(void)
{
    struct timespec now;

    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now), 0);
    return now.tv_sec * CLOCK_NS_PER_S + now.tv_nsec;
}

/* What a life of so many disks of one key costs: they come, stay, and are read. */
static int64_t cost_of(const struct scratch *scratch, size_t count)
{
    const char **names = calloc(count, sizeof(*names));
    char(*texts)[24] = calloc(count, sizeof(*texts));
    uint32_t *indices = calloc(count, sizeof(*indices));
    struct index_store *store;
    int64_t started_ns;

    assert_non_null(names);
    assert_non_null(texts);
    assert_non_null(indices);
    unlink(scratch->path);
    for (size_t i = 0; i < count; i++) {
        snprintf(texts[i], sizeof(texts[i]), "d%zu", i);
        names[i] = texts[i];
    }
    started_ns = cpu_ns();
    store = open_at(scratch->path);
    assign(store, "a", 0);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(index_store_assign_parts(store, "a", INDEX_DISK, names, count,
                                                  round, indices),
                         STATUS_OK);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(indices[i], i + 1);
        }
        save(store);
        index_store_close(store);
        store = open_at(scratch->path);
    }
    index_store_close(store);
    started_ns = cpu_ns() - started_ns;
    free(names);
    free(texts);
    free(indices);
    return started_ns;
}

static void test_ten_thousand_parts_of_one_key_are_no_burden(void **state)
{
    const struct scratch *scratch = *state;
    int64_t few_ns = INT64_MAX;
    int64_t many_ns = INT64_MAX;

    for (int round = 0; round < 3; round++) {
        int64_t cost_ns = cost_of(scratch, 1000);

        few_ns = cost_ns < few_ns ? cost_ns : few_ns;
        cost_ns = cost_of(scratch, 10000);
        many_ns = cost_ns < many_ns ? cost_ns : many_ns;
    }
    /* In proportion, and far from the hundredfold of a square. */
    assert_true(many_ns < 40 * few_ns);
}

/* The file */

static void test_a_restart_keeps_the_parts(void **state)
{
    const struct scratch *scratch = *state;
    struct index_store *store = open_at(scratch->path);

    assign(store, "a", 0);
    assign(store, "b", 0);
    check_disks(store, "a", "vdb vda vdc", 0, "1 2 3");
    check_disks(store, "a", "vdb vdc", 3, "1 3");
    check_interfaces(store, "a", "x y", 3, "1 2");
    check_disks(store, "b", "sdb sdb sda", 3, "1 2 3");
    index_store_release(store, "b", 4);
    save(store);
    index_store_close(store);

    store = open_at(scratch->path);
    check_interfaces(store, "a", "y x", 5, "2 1");
    check_disks(store, "a", "vdc vdb", 5, "3 1");
    /* The grace time goes on from where it was. */
    check_disks(store, "a", "vdd vdc vdb", 3 + GRACE_NS - 1, "4 3 1");
    check_disks(store, "a", "vdd vde vdc vdb", 3 + GRACE_NS, "4 2 3 1");
    assign(store, "b", GRACE_NS);
    check_disks(store, "b", "sda sdb sdb sdb", GRACE_NS, "3 1 2 4");
    index_store_close(store);
}

static void test_a_change_of_parts_is_written_and_nothing_else(void **state)
{
    static const char *const disks[] = { "vda", "vda vdb", "vda", "vda vdb" };
    const struct scratch *scratch = *state;
    struct index_store *store = open_at(scratch->path);

    assign(store, "a", 0);
    save(store);
    for (size_t i = 0; i < sizeof(disks) / sizeof(disks[0]); i++) {
        unlink(scratch->path); /* shows whether it is written again */
        indices_of(store, "a", INDEX_DISK, disks[i], (int64_t)i);
        save(store);
        assert_true(exists(scratch->path));
        unlink(scratch->path);
        indices_of(store, "a", INDEX_DISK, disks[i], (int64_t)i);
        save(store);
        assert_false(exists(scratch->path));
    }
    index_store_close(store);
}

static void test_parts_in_the_file_are_what_is_documented(void **state)
{
    const struct scratch *scratch = *state;
    struct index_store *store = open_at(scratch->path);
    char expected[512];
    char body[400];
    char *content;
    size_t size;

    assign(store, "first", 0);
    assign(store, "second", 0);
    check_interfaces(store, "first", "m", 0, "1");
    check_disks(store, "first", "vdb vda", 0, "1 2");
    check_disks(store, "first", "vda", 99, "2");
    save(store);
    index_store_close(store);
    content = read_file(scratch->path, &size);
    snprintf(body, sizeof(body),
             "hvagentx-index 1\nboot %s changed never\n"
             "1 used first\n"
             "disk 2 used vda\n"
             "disk 1 released 99 vdb\n"
             "interface 1 used m\n"
             "2 used second\n",
             boot_id());
    snprintf(expected, sizeof(expected), "%send 2 %08" PRIx32 "\n", body, crc_of(body));
    assert_string_equal(content, expected);
    free(content);
}

static void test_a_file_of_an_agent_without_parts_is_read(void **state)
{
    const struct scratch *scratch = *state;
    struct index_store *store;

    write_sealed(scratch->path, HEAD "1 used a\n4 used disk 1 used b\n", 2);
    store = open_at(scratch->path);
    assert_int_equal(assign(store, "a", 0), 1);
    assert_int_equal(assign(store, "disk 1 used b", 0), 4);
    check_disks(store, "a", "vda", 0, "1");
    index_store_close(store);
}

static void test_parts_may_be_in_any_order_in_the_file(void **state)
{
    const struct scratch *scratch = *state;
    struct index_store *store;

    write_sealed(scratch->path,
                 HEAD "1 used a\n"
                      "interface 2 used y\n"
                      "disk 3 used  with blanks\n"
                      "disk 2000000 used c\n"
                      "interface 1 used x\n"
                      "disk 1 used d\n"
                      "disk 2 used d\n",
                 1);
    store = open_at(scratch->path);
    check_interfaces(store, "a", "x y", 0, "1 2");
    check_disks(store, "a", "c d d new", 0, "2000000 1 2 4");
    index_store_close(store);
}

static void test_a_reboot_starts_the_grace_of_parts_anew(void **state)
{
    const struct scratch *scratch = *state;
    struct index_store *store;
    int64_t before_ns = clock_boot_ns();
    int64_t after_ns;

    write_sealed(scratch->path,
                 HEAD "1 used a\n"
                      "disk 1 released 900000000000000000 x\n"
                      "disk 2 released 0 y\n",
                 1);
    store = open_at(scratch->path);
    after_ns = clock_boot_ns();
    check_disks(store, "a", "z", before_ns + GRACE_NS - 1, "3");
    check_disks(store, "a", "z w v", after_ns + GRACE_NS, "3 1 2");
    index_store_close(store);
}

static void test_files_whose_parts_make_no_sense_are_refused(void **state)
{
    static const struct {
        const char *words;
        const char *body;
        unsigned count;
    } files[] = {
        { "line 3: a part without a key", HEAD "disk 1 used vda\n", 0 },
        { "line 3: a part without a key", HEAD "interface 1 used m\n1 used a\n", 1 },
        { "line 4:", HEAD "1 used a\ndisk 0 used vda\n", 1 },
        { "line 4:", HEAD "1 used a\ndisk 2000001 used vda\n", 1 },
        { "line 4:", HEAD "1 used a\ndisk 4294967297 used vda\n", 1 },
        { "line 4:", HEAD "1 used a\ndisk -1 used vda\n", 1 },
        { "line 4:", HEAD "1 used a\ndisk used vda\n", 1 },
        { "line 4:", HEAD "1 used a\ndisk 1 lost vda\n", 1 },
        { "line 4:", HEAD "1 used a\ndisk 1 used\n", 1 },
        { "line 4:", HEAD "1 used a\ndisk 1 used \n", 1 },
        { "line 4:", HEAD "1 used a\ndisk 1 used v\ta\n", 1 },
        { "line 4:", HEAD "1 used a\ndisk 1 released vda\n", 1 },
        { "line 4:", HEAD "1 used a\ndisk 1 released -1 vda\n", 1 },
        { "line 4:", HEAD "1 used a\ndisk 1 released 9223372036854775808 vda\n", 1 },
        { "line 4:", HEAD "1 used a\ndisk\n", 1 },
        { "line 4:", HEAD "1 used a\ndisk1 used vda\n", 1 },
        { "line 4:", HEAD "1 used a\ndisks 1 used vda\n", 1 },
        { "line 4:", HEAD "1 used a\nDisk 1 used vda\n", 1 },
        { "line 4:", HEAD "1 used a\nfloppy 1 used fda\n", 1 },
        { "line 5:", HEAD "1 used a\ndisk 1 used vda\ndisk", 1 },
        { "twice in the parts", HEAD "1 used a\ndisk 1 used vda\ndisk 1 used vdb\n",
          1 },
        { "twice in the parts",
          HEAD
          "1 used a\ndisk 9 used b\ndisk 2 used c\ndisk 9 released 5 a\n2 used b\n",
          2 },
        { "twice in the parts",
          HEAD "1 used a\ninterface 3 used x\ndisk 3 used c\ninterface 3 used y\n", 1 },
        { "line 5: the number of keys", HEAD "1 used a\ndisk 1 used vda\n", 2 },
    };
    const struct scratch *scratch = *state;

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        write_sealed(scratch->path, files[i].body, files[i].count);
        check_is_refused(scratch, files[i].words);
    }
}

static void save_sample(const struct scratch *scratch)
{
    struct index_store *store = open_at(scratch->path);

    assign(store, "0f5a9c3e-1b2d-4e6f-8091-a2b3c4d5e6f7", 0);
    check_disks(store, "0f5a9c3e-1b2d-4e6f-8091-a2b3c4d5e6f7", "vda", 0, "1");
    check_disks(store, "0f5a9c3e-1b2d-4e6f-8091-a2b3c4d5e6f7", "vdb", 1234, "2");
    check_interfaces(store, "0f5a9c3e-1b2d-4e6f-8091-a2b3c4d5e6f7", "52:54:00:12:34:56",
                     0, "1");
    save(store);
    index_store_close(store);
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

static void test_after_a_refused_file_parts_start_anew(void **state)
{
    const struct scratch *scratch = *state;
    struct index_store *store = NULL;

    write_sealed(scratch->path, HEAD "1 used a\ndisk 5 used vda\ndisk 5 used vdb\n", 1);
    assert_int_equal(index_store_open(scratch->path, GRACE_NS, &store, NULL),
                     STATUS_INVALID);
    assign(store, "a", 0);
    check_disks(store, "a", "vdb vda", 0, "1 2");
    save(store);
    index_store_close(store);
    store = open_at(scratch->path);
    check_disks(store, "a", "vda vdb", 0, "2 1");
    index_store_close(store);
}

/*
 * What the child has on disk for certain, in memory that it shares with its
 * parent: parts 1 to `saved` of both kinds are in use at their own number.
 */
struct progress {
    volatile uint32_t saved;
};

#define KILL_PARTS_MAX 20000

/* Names of numbers, the greatest first: who lost its index gets another one. */
static const char *const *names_down_from(uint32_t count)
{
    static char texts[KILL_PARTS_MAX][8];
    static const char *names[KILL_PARTS_MAX];

    for (uint32_t i = KILL_PARTS_MAX; names[0] == NULL && i-- > 0;) {
        snprintf(texts[i], sizeof(texts[i]), "%d", KILL_PARTS_MAX - (int)i);
        names[i] = texts[i];
    }
    return &names[KILL_PARTS_MAX - count];
}

/* Whether parts 1 to `count` of both kinds have their own number. */
static bool all_have_their_number(struct index_store *store, uint32_t count)
{
    static uint32_t indices[KILL_PARTS_MAX];
    bool all = true;

    for (enum index_part kind = 0; kind < INDEX_PART_COUNT; kind++) {
        all = index_store_assign_parts(store, "a", kind, names_down_from(count), count,
                                       0, indices)
                  == STATUS_OK
              && all;
        for (uint32_t i = 0; i < count; i++) {
            all = all && indices[i] == count - i;
        }
    }
    return all;
}

static void save_until_killed(const struct scratch *scratch, struct progress *progress)
{
    struct index_store *store = NULL;
    uint32_t index;

    if (index_store_open(scratch->path, GRACE_NS, &store, NULL) != STATUS_OK
        || index_store_assign(store, "a", 0, &index, NULL) != STATUS_OK) {
        _exit(1);
    }
    for (uint32_t count = progress->saved + 1; count <= KILL_PARTS_MAX; count++) {
        if (!all_have_their_number(store, count)
            || index_store_save(store, NULL) != STATUS_OK) {
            _exit(1);
        }
        progress->saved = count;
    }
    _exit(2);
}

static void test_killed_while_saving_no_part_loses_its_index(void **state)
{
    enum { ROUNDS = 200 };
    const struct scratch *scratch = *state;
    struct progress *progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE,
                                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    uint32_t seed = (uint32_t)getpid();

    assert_ptr_not_equal(progress, MAP_FAILED);
    names_down_from(0);
    for (int round = 0; round < ROUNDS; round++) {
        struct index_store *store;
        int status;
        pid_t child = fork();

        assert_true(child >= 0);
        if (child == 0) {
            save_until_killed(scratch, progress);
        }
        usleep(500 + (next_random(&seed) & 0xfff));
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status)); /* else it met an error before */

        store = open_at(scratch->path);
        assign(store, "a", 0);
        assert_true(all_have_their_number(store, progress->saved));
        index_store_close(store);
    }
    assert_true(progress->saved > 0);
    munmap(progress, sizeof(*progress));
}

#define TEST(function)                                                                 \
    cmocka_unit_test_setup_teardown(function, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_parts_are_numbered_in_the_order_given),
        TEST(test_keys_and_kinds_are_numbered_apart),
        TEST(test_a_part_that_comes_back_has_its_index),
        TEST(test_after_the_grace_another_part_gets_the_smallest_index),
        TEST(test_what_comes_back_late_goes_first),
        TEST(test_equal_names_have_an_index_each),
        TEST(test_names_that_would_break_the_file_get_none),
        TEST(test_parts_of_nobody_are_not_numbered),
        TEST(test_parts_stay_with_their_key),
        TEST(test_parts_go_with_their_key),
        TEST(test_no_part_gets_what_another_gives_back_at_that_moment),
        TEST(test_a_grace_without_end_has_none),
        TEST(test_months_of_plugging_and_unplugging),
        TEST(test_ten_thousand_parts_of_one_key_are_no_burden),
        TEST(test_a_restart_keeps_the_parts),
        TEST(test_a_change_of_parts_is_written_and_nothing_else),
        TEST(test_parts_in_the_file_are_what_is_documented),
        TEST(test_a_file_of_an_agent_without_parts_is_read),
        TEST(test_parts_may_be_in_any_order_in_the_file),
        TEST(test_a_reboot_starts_the_grace_of_parts_anew),
        TEST(test_files_whose_parts_make_no_sense_are_refused),
        TEST(test_every_truncated_file_is_refused),
        TEST(test_every_flipped_bit_is_noticed),
        TEST(test_after_a_refused_file_parts_start_anew),
        TEST(test_killed_while_saving_no_part_loses_its_index),
    };

    return cmocka_run_group_tests_name("index_parts", tests, NULL, NULL);
}
