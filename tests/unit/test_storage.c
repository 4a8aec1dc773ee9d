/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_storage.c - the record of a node's volumes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/storage.h"

static void test_volumes_are_copied_and_cleaned_in_their_order(void **state)
{
    char texts[5][16] = { "/pool/\nb", "b\t", "po\033ol", "qcow2\x7f", "/po\nol" };
    struct volume volumes[] = {
        {
            .key = texts[0],
            .name = texts[1],
            .pool = texts[2],
            .format = texts[3],
            .mount_point = texts[4],
            .source_type = DISK_SOURCE_SPARSE,
            .capacity_bytes = INT64_MAX,
            .allocation_bytes = 5,
        },
        { .key = "/pool/a",
          .capacity_bytes = DOMAIN_NO_LIMIT,
          .allocation_bytes = DOMAIN_NO_LIMIT },
    };
    const struct storage from = { .volume_count = 2, .volumes = volumes };
    struct storage *storage = storage_new(&from);

    (void)state;
    memset(texts, 'x', sizeof(texts));
    memset(volumes, 0xa5, sizeof(volumes));
    assert_non_null(storage);
    assert_int_equal(storage->volume_count, 2);
    assert_string_equal(storage->volumes[0].key, "/pool/b");
    assert_string_equal(storage->volumes[0].name, "b");
    assert_string_equal(storage->volumes[0].pool, "pool");
    assert_string_equal(storage->volumes[0].format, "qcow2");
    assert_string_equal(storage->volumes[0].mount_point, "/pool");
    assert_int_equal(storage->volumes[0].source_type, DISK_SOURCE_SPARSE);
    assert_true(storage->volumes[0].capacity_bytes == INT64_MAX);
    assert_int_equal(storage->volumes[0].allocation_bytes, 5);
    assert_string_equal(storage->volumes[1].key, "/pool/a");
    record_unref(storage);
}

static void test_what_is_unknown_of_a_volume_stays_so(void **state)
{
    static const struct volume volume = { .capacity_bytes = DOMAIN_NO_LIMIT,
                                          .allocation_bytes = DOMAIN_NO_LIMIT };
    struct storage *storage =
        storage_new(&(const struct storage) { .volume_count = 1, .volumes = &volume });

    (void)state;
    assert_non_null(storage);
    assert_string_equal(storage->volumes[0].key, "");
    assert_string_equal(storage->volumes[0].name, "");
    assert_string_equal(storage->volumes[0].pool, "");
    assert_null(storage->volumes[0].format);
    assert_null(storage->volumes[0].mount_point);
    assert_int_equal(storage->volumes[0].source_type, DISK_SOURCE_UNKNOWN);
    assert_int_equal(storage->volumes[0].capacity_bytes, DOMAIN_NO_LIMIT);
    assert_int_equal(storage->volumes[0].allocation_bytes, DOMAIN_NO_LIMIT);
    record_unref(storage);
}

static void test_a_node_without_volumes_has_none(void **state)
{
    struct storage *storage =
        storage_new(&(const struct storage) { .volume_count = 0 });

    (void)state;
    assert_non_null(storage);
    assert_int_equal(storage->volume_count, 0);
    record_unref(storage);
}

static void test_more_volumes_than_there_can_be_are_refused(void **state)
{
    static const struct volume volume;
    const struct storage from = { .volume_count = STORAGE_VOLUMES_MAX + 1,
                                  .volumes = &volume };

    (void)state;
    assert_null(storage_new(&from)); /* and not looked at */
}

static void test_a_hundred_thousand_volumes_are_no_burden(void **state)
{
    enum { VOLUMES = 100000 };
    struct volume *volumes = calloc(VOLUMES, sizeof(*volumes));
    char(*keys)[32] = calloc(VOLUMES, sizeof(*keys));
    struct storage *storage;

    (void)state;
    assert_non_null(volumes);
    assert_non_null(keys);
    for (int i = 0; i < VOLUMES; i++) {
        snprintf(keys[i], sizeof(keys[i]), "/pool/%d", i);
        volumes[i].key = keys[i];
        volumes[i].capacity_bytes = i;
    }
    storage = storage_new(
        &(const struct storage) { .volume_count = VOLUMES, .volumes = volumes });
    free(volumes);
    free(keys);
    assert_non_null(storage);
    assert_int_equal(storage->volume_count, VOLUMES);
    assert_string_equal(storage->volumes[VOLUMES - 1].key, "/pool/99999");
    assert_int_equal(storage->volumes[VOLUMES - 1].capacity_bytes, VOLUMES - 1);
    record_unref(storage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_volumes_are_copied_and_cleaned_in_their_order),
        cmocka_unit_test(test_what_is_unknown_of_a_volume_stays_so),
        cmocka_unit_test(test_a_node_without_volumes_has_none),
        cmocka_unit_test(test_more_volumes_than_there_can_be_are_refused),
        cmocka_unit_test(test_a_hundred_thousand_volumes_are_no_burden),
    };

    return cmocka_run_group_tests_name("storage", tests, NULL, NULL);
}
