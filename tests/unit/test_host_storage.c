/* SPDX-License-Identifier: BSD-2-Clause */
/* test_host_storage.c - the row of hrStorageTable for a mount point. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "model/host_storage.h"

static void test_each_path_is_found(void **state)
{
    struct host_storage_entry entries[] = {
        { "/var/lib", 40 },
        { "/", 31 },
        { "/var", 36 },
        { "/home", 2147483647 },
    };
    struct host_storage storage = { .count = 4, .entries = entries };

    (void)state;
    host_storage_sort(entries, storage.count);
    assert_int_equal(host_storage_find(&storage, "/"), 31);
    assert_int_equal(host_storage_find(&storage, "/home"), 2147483647);
    assert_int_equal(host_storage_find(&storage, "/var"), 36);
    assert_int_equal(host_storage_find(&storage, "/var/lib"), 40);
}

static void test_nothing_else_is_found(void **state)
{
    static const char *const absent[] = { "",      " ",     "/hom", "/home/",
                                          "/homf", "/var0", "/zzz", "/var/lib/x" };
    struct host_storage_entry entries[] = { { "/home", 1 }, { "/var", 2 } };
    struct host_storage storage = { .count = 2, .entries = entries };

    (void)state;
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        assert_int_equal(host_storage_find(&storage, absent[i]), 0);
    }
    assert_int_equal(host_storage_find(&storage, NULL), 0);
    assert_int_equal(host_storage_find(NULL, "/home"), 0);
    storage = (struct host_storage) { .count = 0 };
    host_storage_sort(NULL, 0);
    assert_int_equal(host_storage_find(&storage, "/"), 0);
}

static void test_the_lowest_of_several_rows(void **state)
{
    struct host_storage_entry entries[] = {
        { "/mnt", 9 }, { "/a", 7 }, { "/mnt", 3 }, { "/z", 8 }, { "/mnt", 5 },
    };
    struct host_storage storage = { .count = 5, .entries = entries };

    (void)state;
    host_storage_sort(entries, storage.count);
    assert_int_equal(host_storage_find(&storage, "/mnt"), 3);
    assert_int_equal(host_storage_find(&storage, "/z"), 8);
}

static void test_a_question_is_noted(void **state)
{
    atomic_bool asked = false;
    struct host_storage storage = { .count = 0, .asked = &asked };

    (void)state;
    assert_int_equal(host_storage_find(&storage, NULL), 0);
    assert_false(atomic_load(&asked));
    assert_int_equal(host_storage_find(&storage, "/"), 0);
    assert_true(atomic_load(&asked));
}

static void test_many_rows(void **state)
{
    enum { COUNT = 4096 };
    static struct host_storage_entry entries[COUNT];
    static char paths[COUNT][16];
    struct host_storage storage = { .count = COUNT, .entries = entries };

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        snprintf(paths[i], sizeof(paths[i]), "/m%zu", i);
        entries[i] = (struct host_storage_entry) { paths[i], (uint32_t)i + 1 };
    }
    host_storage_sort(entries, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(host_storage_find(&storage, paths[i]), i + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_path_is_found),
        cmocka_unit_test(test_nothing_else_is_found),
        cmocka_unit_test(test_the_lowest_of_several_rows),
        cmocka_unit_test(test_a_question_is_noted),
        cmocka_unit_test(test_many_rows),
    };

    return cmocka_run_group_tests_name("host_storage", tests, NULL, NULL);
}
