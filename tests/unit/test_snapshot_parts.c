/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_snapshot_parts.c - what managers see of vcpus, disks, interfaces and
 * volumes after each collection: which rows, under which index, in which unit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/snapshot_parts.h"
#include "tests/unit/snapshot_fixture.h"

#define TIB (GIB * 1024)
#define WORDS_MAX 16
#define UNKNOWN DOMAIN_NO_LIMIT

/* The words of a text like "vda vdb". */
struct words {
    size_t count;
    const char *at[WORDS_MAX];
    char text[400];
};

static void split(struct words *words, const char *text)
{
    char *rest = NULL;

    assert_true(strlen(text) < sizeof(words->text));
    strcpy(words->text, text);
    words->count = 0;
    for (char *word = strtok_r(words->text, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        assert_true(words->count < WORDS_MAX);
        words->at[words->count++] = word;
    }
}

/*
 * A description with these disks, the source of vda being "/img/vda"; and with
 * these interfaces, named by the last octet of their address.
 */
static struct domain_config *new_config(unsigned number, const char *disks,
                                        const char *interfaces)
{
    struct domain_disk disk_list[WORDS_MAX];
    struct domain_interface interface_list[WORDS_MAX];
    char sources[WORDS_MAX][40];
    struct words targets;
    struct words macs;
    struct domain_config *config;

    split(&targets, disks);
    split(&macs, interfaces);
    for (size_t i = 0; i < targets.count; i++) {
        snprintf(sources[i], sizeof(sources[i]), "/img/%s", targets.at[i]);
        disk_list[i] =
            (struct domain_disk) { .target = targets.at[i], .source = sources[i] };
    }
    for (size_t i = 0; i < macs.count; i++) {
        interface_list[i] = (struct domain_interface) {
            .mac = { 0x52, 0x54, 0, 0, 0, (uint8_t)atoi(macs.at[i]) },
        };
    }
    config = domain_config_new(&(const struct domain_config) {
        .uuid = uuid_of(number),
        .vcpus = UNKNOWN,
        .vcpus_min = UNKNOWN,
        .vcpus_max = UNKNOWN,
        .memory_min_bytes = UNKNOWN,
        .memory_max_bytes = UNKNOWN,
        .memory_bytes = UNKNOWN,
        .disk_count = targets.count,
        .disks = disk_list,
        .interface_count = macs.count,
        .interfaces = interface_list,
    });
    assert_non_null(config);
    return config;
}

static void describe(struct fixture *fixture, int64_t started_ns, unsigned number,
                     const char *disks, const char *interfaces)
{
    begin(fixture, SECTION_CONFIGS);
    assert_true(
        builder_add_config(fixture->builder, new_config(number, disks, interfaces)));
    merge(fixture, started_ns, true);
}

struct size {
    const char *target;
    int64_t capacity_bytes;
    int64_t allocation_bytes;
};

static void measure(struct fixture *fixture, int64_t started_ns, unsigned number,
                    const struct size *sizes, size_t count)
{
    struct disk_statistics disks[WORDS_MAX];
    const struct domain_devices from = {
        .uuid = uuid_of(number),
        .disk_count = count,
        .disks = disks,
    };

    assert_true(count <= WORDS_MAX);
    for (size_t i = 0; i < count; i++) {
        disks[i] = (struct disk_statistics) {
            .target = sizes[i].target,
            .capacity_bytes = sizes[i].capacity_bytes,
            .allocation_bytes = sizes[i].allocation_bytes,
        };
    }
    begin(fixture, SECTION_DEVICES);
    assert_true(builder_add_devices(fixture->builder, domain_devices_new(&from)));
    merge(fixture, started_ns, true);
}

static void measure_one(struct fixture *fixture, int64_t started_ns, const char *target,
                        int64_t capacity_bytes, int64_t allocation_bytes)
{
    const struct size size = { target, capacity_bytes, allocation_bytes };

    measure(fixture, started_ns, 1, &size, 1);
}

/* The rows as "index=target ...", as a manager would list them. */
static void check_disks(const struct fixture *fixture, uint32_t index,
                        const char *expected)
{
    const struct snapshot_domain *row = row_of(fixture, index);
    char rows[400] = "";
    uint32_t last = 0;

    assert_non_null(row->parts);
    for (size_t i = 0; i < row->parts->disk_count; i++) {
        const struct snapshot_disk *disk = &row->parts->disks[i];
        size_t used = strlen(rows);

        assert_true(disk->index > last);
        last = disk->index;
        snprintf(rows + used, sizeof(rows) - used, "%s%" PRIu32 "=%s", i > 0 ? " " : "",
                 disk->index, row->config->disks[disk->position].target);
    }
    assert_string_equal(rows, expected);
}

static void check_interfaces(const struct fixture *fixture, uint32_t index,
                             const char *expected)
{
    const struct snapshot_domain *row = row_of(fixture, index);
    char rows[400] = "";
    uint32_t last = 0;

    assert_non_null(row->parts);
    for (size_t i = 0; i < row->parts->interface_count; i++) {
        const struct snapshot_interface *interface = &row->parts->interfaces[i];
        size_t used = strlen(rows);

        assert_true(interface->index > last);
        last = interface->index;
        snprintf(rows + used, sizeof(rows) - used, "%s%" PRIu32 "=%u", i > 0 ? " " : "",
                 interface->index,
                 (unsigned)row->config->interfaces[interface->position].mac[5]);
    }
    assert_string_equal(rows, expected);
}

/* The disk of that index of domain 1. */
static const struct snapshot_disk *disk_of(const struct fixture *fixture,
                                           uint32_t index)
{
    const struct snapshot_parts *parts = row_of(fixture, 1)->parts;

    assert_non_null(parts);
    for (size_t i = 0; i < parts->disk_count; i++) {
        if (parts->disks[i].index == index) {
            return &parts->disks[i];
        }
    }
    fail_msg("there is no disk %" PRIu32, index);
    return NULL;
}

/* --- rows of disks and interfaces ------------------------------------------- */

static void test_rows_are_in_order_of_their_indices(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "1");
    assert_null(row_of(fixture, 1)->parts);
    describe(fixture, 20, 1, "vdc vda vdb", "9 8");
    check_disks(fixture, 1, "1=vdc 2=vda 3=vdb");
    check_interfaces(fixture, 1, "1=9 2=8");
    describe(fixture, 30, 1, "vdb vdd vda vdc", "7 8 9");
    check_disks(fixture, 1, "1=vdc 2=vda 3=vdb 4=vdd");
    check_interfaces(fixture, 1, "1=9 2=8 3=7");
}

static void test_domains_are_numbered_apart(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "12");
    describe(fixture, 20, 2, "vdb vda", "5");
    describe(fixture, 30, 1, "vda", "5 6");
    check_disks(fixture, 1, "1=vda");
    check_disks(fixture, 2, "1=vdb 2=vda");
    check_interfaces(fixture, 1, "1=5 2=6");
    check_interfaces(fixture, 2, "1=5");
}

static void test_what_is_unplugged_may_come_back(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "1");
    describe(fixture, 20, 1, "vda vdb", "1 2");
    describe(fixture, 30, 1, "vdb", "2");
    check_disks(fixture, 1, "2=vdb");
    check_interfaces(fixture, 1, "2=2");
    describe(fixture, 40, 1, "vdb vdc", "2 3");
    check_disks(fixture, 1, "2=vdb 3=vdc");
    check_interfaces(fixture, 1, "2=2 3=3");
    describe(fixture, 50, 1, "vdb vdc vda", "2 3 1");
    check_disks(fixture, 1, "1=vda 2=vdb 3=vdc");
    check_interfaces(fixture, 1, "1=1 2=2 3=3");
    describe(fixture, 60, 1, "", "");
    check_disks(fixture, 1, "");
    check_interfaces(fixture, 1, "");
    describe(fixture, 60 + GRACE_NS, 1, "vdz", "9");
    check_disks(fixture, 1, "1=vdz");
    check_interfaces(fixture, 1, "1=9");
}

static void test_indices_last_over_restarts_and_absences(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "12");
    describe(fixture, 20, 2, "vdb vda", "4 3");
    restart(fixture);
    list(fixture, 30, "12");
    describe(fixture, 40, 2, "vda vdb", "3 4");
    check_disks(fixture, 2, "1=vdb 2=vda");
    check_interfaces(fixture, 2, "1=4 2=3");
    list(fixture, 50, "1"); /* the domain is gone, and comes back */
    list(fixture, 60, "12");
    assert_null(row_of(fixture, 2)->parts);
    describe(fixture, 70, 2, "vda vdb", "3 4");
    check_disks(fixture, 2, "1=vdb 2=vda");
    check_interfaces(fixture, 2, "1=4 2=3");
}

static void test_what_has_no_name_is_left_out(void **state)
{
    struct fixture *fixture = *state;
    const struct domain_disk disks[] = {
        { .target = "vda" }, { .target = "" }, { .target = "\n" }, { .target = "vdb" }
    };
    const struct domain_config from = { .uuid = uuid_of(1),
                                        .disk_count = 4,
                                        .disks = disks };

    list(fixture, 10, "1");
    begin(fixture, SECTION_CONFIGS);
    assert_true(builder_add_config(fixture->builder, domain_config_new(&from)));
    merge(fixture, 20, true);
    check_disks(fixture, 1, "1=vda 2=vdb");
    assert_int_equal(fixture->snapshot->part_count[SNAPSHOT_DISKS], 2);
}

static void test_devices_without_an_index_are_left_out_and_told(void **state)
{
    struct fixture *fixture = *state;
    struct error error = ERROR_NONE;
    struct snapshot_domain row;
    struct snapshot_parts *parts;

    list(fixture, 10, "1");
    describe(fixture, 20, 1, "vda", "1");
    row = *row_of(fixture, 1);
    /* In this store the domain has no key. */
    parts = snapshot_parts_new(&row, fixture->indices.volumes, 30, &error);
    assert_non_null(parts);
    assert_int_equal(parts->disk_count, 0);
    assert_int_equal(parts->interface_count, 0);
    assert_int_equal(error.status, STATUS_NOT_FOUND);
    assert_non_null(strstr(error.text, "left out"));
    record_unref(parts);
}

static void test_equal_targets_have_a_row_each(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "1");
    describe(fixture, 20, 1, "vda vdb vda", "1 1");
    check_disks(fixture, 1, "1=vda 2=vdb 3=vda");
    check_interfaces(fixture, 1, "1=1 2=1");
}

static void test_rows_are_made_anew_only_for_another_description(void **state)
{
    struct fixture *fixture = *state;
    struct domain_config *config = new_config(1, "vda vdb", "1");
    const struct snapshot_parts *parts;
    struct snapshot *old;

    list(fixture, 10, "1");
    begin(fixture, SECTION_CONFIGS);
    assert_true(builder_add_config(fixture->builder, record_ref(config)));
    merge(fixture, 20, true);
    parts = row_of(fixture, 1)->parts;
    assert_non_null(parts);
    begin(fixture, SECTION_CONFIGS);
    assert_true(builder_add_config(fixture->builder, config));
    merge(fixture, 30, true);
    assert_ptr_equal(row_of(fixture, 1)->parts, parts);
    assert_int_equal(row_of(fixture, 1)->sampled_ns[SECTION_CONFIGS], 30);
    list(fixture, 40, "1");
    assert_ptr_equal(row_of(fixture, 1)->parts, parts);
    measure_one(fixture, 50, "nobody", GIB, GIB);
    assert_ptr_equal(row_of(fixture, 1)->parts, parts);

    /* Who still reads the old snapshot sees what it was. */
    begin(fixture, SECTION_CONFIGS);
    assert_true(builder_add_config(fixture->builder, new_config(1, "vdb", "")));
    old = merge_with(fixture, 60, true, NULL);
    assert_ptr_not_equal(row_of(fixture, 1)->parts, parts);
    assert_ptr_equal(old->domains[0].parts, parts);
    assert_int_equal(parts->disk_count, 2);
    assert_string_equal(old->domains[0].config->disks[parts->disks[0].position].target,
                        "vda");
    snapshot_unref(old);
    check_disks(fixture, 1, "2=vdb");
}

static void test_a_late_description_changes_nothing(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "1");
    describe(fixture, 30, 1, "vda vdb", "1");
    describe(fixture, 20, 1, "vdc", "2 3");
    check_disks(fixture, 1, "1=vda 2=vdb");
    check_interfaces(fixture, 1, "1=1");
    describe(fixture, 40, 1, "vda vdd", ""); /* and took no index */
    check_disks(fixture, 1, "1=vda 3=vdd");
}

static void test_late_counters_change_nothing(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "1");
    describe(fixture, 20, 1, "vda", "");
    measure_one(fixture, 40, "vda", UNKNOWN, UNKNOWN);
    measure_one(fixture, 30, "vda", 60 * TIB, UNKNOWN);
    assert_int_equal(row_of(fixture, 1)->devices->disks[0].capacity_bytes, UNKNOWN);
    assert_false(disk_of(fixture, 1)->size_unit_fixed);
}

static void test_devices_of_nobody_are_ignored(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "1");
    describe(fixture, 20, 7, "vda vdb", "1");
    assert_int_equal(fixture->snapshot->domain_count, 1);
    assert_null(row_of(fixture, 1)->parts);
    assert_int_equal(fixture->snapshot->part_count[SNAPSHOT_DISKS], 0);
    list(fixture, 30, "17");
    assert_null(row_of(fixture, 2)->config);
    assert_null(row_of(fixture, 2)->parts);
}

/* --- units of sizes --------------------------------------------------------- */

static void test_sizes_fit_and_may_grow_sixteenfold(void **state)
{
    static const struct {
        int64_t bytes;
        uint32_t unit;
    } cases[] = {
        { 1, 1024 },          { GIB, 1024 },           { 128 * GIB - 1, 1024 },
        { 128 * GIB, 2048 },  { 256 * GIB - 1, 2048 }, { 3 * TIB, 32768 },
        { 60 * TIB, 524288 }, { INT64_MAX, 1u << 30 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture *fixture = *state;
        int64_t bytes = cases[i].bytes;

        restart(fixture);
        list(fixture, 10, "1");
        describe(fixture, 20, 1, "vda", "");
        measure_one(fixture, 30, "vda", bytes, UNKNOWN);
        assert_true(disk_of(fixture, 1)->size_unit_fixed);
        assert_int_equal(disk_of(fixture, 1)->size_unit, cases[i].unit);
        if (bytes > INT64_MAX / 16) {
            continue;
        }
        assert_true(bytes / cases[i].unit <= INT32_MAX / 16);
        measure_one(fixture, 40, "vda", 16 * bytes, 17 * bytes);
        assert_int_equal(disk_of(fixture, 1)->size_unit, cases[i].unit);
        measure_one(fixture, 50, "vda", 1, UNKNOWN);
        assert_int_equal(disk_of(fixture, 1)->size_unit, cases[i].unit);
    }
}

static void test_the_larger_size_decides(void **state)
{
    struct fixture *fixture = *state;
    static const struct size sizes[] = {
        { "vda", GIB, 3 * TIB },
        { "vdb", 3 * TIB, GIB },
        { "vdc", UNKNOWN, 60 * TIB },
    };

    list(fixture, 10, "1");
    describe(fixture, 20, 1, "vda vdb vdc", "");
    measure(fixture, 30, 1, sizes, 3);
    assert_int_equal(disk_of(fixture, 1)->size_unit, 32768);
    assert_int_equal(disk_of(fixture, 2)->size_unit, 32768);
    assert_int_equal(disk_of(fixture, 3)->size_unit, 524288);
}

static void test_a_size_that_was_unknown_gets_its_unit_once(void **state)
{
    struct fixture *fixture = *state;
    static const struct size unknown[] = { { "vda", UNKNOWN, UNKNOWN },
                                           { "vdb", 0, 0 } };
    static const struct size one[] = { { "vda", UNKNOWN, UNKNOWN },
                                       { "vdb", UNKNOWN, 3 * TIB } };
    static const struct size both[] = { { "vda", 60 * TIB, UNKNOWN },
                                        { "vdb", GIB, GIB } };
    static const struct size other[] = { { "vda", GIB, UNKNOWN },
                                         { "vdb", 60 * TIB, GIB } };
    const struct snapshot_parts *parts;

    list(fixture, 10, "1");
    describe(fixture, 20, 1, "vda vdb", "");
    for (uint32_t index = 1; index <= 2; index++) {
        assert_false(disk_of(fixture, index)->size_unit_fixed);
        assert_int_equal(disk_of(fixture, index)->size_unit, 1024);
    }
    measure(fixture, 30, 1, unknown, 2);
    assert_false(disk_of(fixture, 1)->size_unit_fixed);
    assert_false(disk_of(fixture, 2)->size_unit_fixed); /* an empty drive */
    measure(fixture, 40, 1, one, 2);
    assert_false(disk_of(fixture, 1)->size_unit_fixed);
    assert_true(disk_of(fixture, 2)->size_unit_fixed);
    assert_int_equal(disk_of(fixture, 2)->size_unit, 32768);
    measure(fixture, 50, 1, both, 2);
    assert_int_equal(disk_of(fixture, 1)->size_unit, 524288);
    assert_int_equal(disk_of(fixture, 2)->size_unit, 32768);
    parts = row_of(fixture, 1)->parts;
    measure(fixture, 60, 1, other, 2);
    assert_ptr_equal(row_of(fixture, 1)->parts, parts); /* nothing to choose */
    measure(fixture, 70, 1, unknown, 2);
    assert_ptr_equal(row_of(fixture, 1)->parts, parts);
}

static void test_counters_may_come_before_the_description(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "1");
    measure_one(fixture, 20, "vda", 3 * TIB, UNKNOWN);
    assert_null(row_of(fixture, 1)->parts);
    describe(fixture, 30, 1, "vdb vda", "");
    assert_false(disk_of(fixture, 1)->size_unit_fixed);
    assert_int_equal(disk_of(fixture, 2)->size_unit, 32768);
}

static void test_an_empty_drive_has_no_unit_until_it_is_filled(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "1");
    measure_one(fixture, 20, "vda", 0, 0);
    describe(fixture, 30, 1, "vda", "");
    assert_false(disk_of(fixture, 1)->size_unit_fixed);
    measure_one(fixture, 40, "vda", 60 * TIB, 0);
    assert_int_equal(disk_of(fixture, 1)->size_unit, 524288);
}

static void test_units_go_with_the_target(void **state)
{
    struct fixture *fixture = *state;
    static const struct size before[] = { { "vda", GIB, GIB },
                                          { "vdb", 60 * TIB, GIB } };
    static const struct size after[] = { { "vda", 60 * TIB, GIB },
                                         { "vdb", GIB, GIB },
                                         { "vdc", 3 * TIB, GIB } };

    list(fixture, 10, "1");
    describe(fixture, 20, 1, "vda vdb", "");
    measure(fixture, 30, 1, before, 2);
    describe(fixture, 40, 1, "vdc vdb vda", "");
    measure(fixture, 50, 1, after, 3);
    check_disks(fixture, 1, "1=vda 2=vdb 3=vdc");
    assert_int_equal(disk_of(fixture, 1)->size_unit, 1024);
    assert_int_equal(disk_of(fixture, 2)->size_unit, 524288);
    assert_int_equal(disk_of(fixture, 3)->size_unit, 32768);

    /* Pulled out and plugged in again: the row's life began anew. */
    describe(fixture, 60, 1, "vdb", "");
    describe(fixture, 70, 1, "vdb vda", "");
    assert_int_equal(disk_of(fixture, 1)->size_unit, 524288);
    assert_int_equal(disk_of(fixture, 2)->size_unit, 524288);
}

static void test_another_disk_has_a_unit_of_its_own(void **state)
{
    struct fixture *fixture = *state;
    static const struct size sizes[] = { { "vda", GIB, GIB },
                                         { "vdb", 60 * TIB, GIB } };

    fixture->grace_ns = 0; /* indices may be given away at once */
    restart(fixture);
    list(fixture, 10, "1");
    describe(fixture, 20, 1, "vda", "");
    measure(fixture, 30, 1, sizes, 2);
    describe(fixture, 40, 1, "vdb", "");
    check_disks(fixture, 1, "2=vdb");
    assert_int_equal(disk_of(fixture, 2)->size_unit, 524288);
    describe(fixture, 50, 1, "vdb vdc", "");
    check_disks(fixture, 1, "1=vdc 2=vdb");
    assert_false(disk_of(fixture, 1)->size_unit_fixed);
}

static void deliver_memory(struct fixture *fixture, int64_t started_ns, int64_t bytes)
{
    const struct domain_statistics from = {
        .uuid = uuid_of(1),
        .has = DOMAIN_HAS_MEMORY,
        .memory_bytes = (uint64_t)bytes,
    };

    begin(fixture, SECTION_STATISTICS);
    assert_true(builder_add_statistics(fixture->builder, domain_statistics_new(&from)));
    merge(fixture, started_ns, true);
}

static void test_memory_fits_and_may_grow_sixteenfold(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "1");
    assert_false(row_of(fixture, 1)->memory_unit_fixed);
    describe(fixture, 20, 1, "", ""); /* tells no size */
    assert_false(row_of(fixture, 1)->memory_unit_fixed);
    deliver_memory(fixture, 30, 3 * TIB);
    assert_true(row_of(fixture, 1)->memory_unit_fixed);
    assert_int_equal(row_of(fixture, 1)->memory_unit, 32768);
    assert_true(16 * 3 * TIB / 32768 <= INT32_MAX);
    deliver_memory(fixture, 40, 16 * 3 * TIB);
    assert_int_equal(row_of(fixture, 1)->memory_unit, 32768);
    deliver_memory(fixture, 50, GIB);
    assert_int_equal(row_of(fixture, 1)->memory_unit, 32768);
}

/* --- how many there are, and whose ------------------------------------------ */

/* Each part is found, as the one it is, of the domain it belongs to. */
static void check_parts(const struct fixture *fixture, enum snapshot_part part,
                        const size_t *counts, size_t domain_count)
{
    const struct snapshot *snapshot = fixture->snapshot;
    size_t position = 0;

    assert_int_equal(snapshot->domain_count, domain_count);
    for (size_t i = 0; i < domain_count; i++) {
        assert_int_equal(snapshot->domains[i].first[part], position);
        for (size_t number = 0; number < counts[i]; number++) {
            size_t found = 4711;

            assert_ptr_equal(snapshot_find_part(snapshot, part, position, &found),
                             &snapshot->domains[i]);
            assert_int_equal(found, number);
            position++;
        }
    }
    assert_int_equal(snapshot->part_count[part], position);
}

static void test_parts_are_found_over_domains_with_none_one_and_many(void **state)
{
    struct fixture *fixture = *state;
    static const size_t disks[] = { 0, 0, 1, 3, 0, 0, 2, 0, 0 };
    static const size_t interfaces[] = { 2, 0, 0, 0, 1, 0, 0, 0, 3 };
    static const size_t none[9] = { 0 };

    list(fixture, 10, "123456789");
    check_parts(fixture, SNAPSHOT_DISKS, none, 9);
    describe(fixture, 20, 1, "", "1 2");
    describe(fixture, 21, 3, "vda", "");
    describe(fixture, 22, 4, "vda vdb vdc", "");
    describe(fixture, 23, 5, "", "1");
    describe(fixture, 24, 7, "vda vdb", "");
    describe(fixture, 25, 9, "", "1 2 3");
    check_parts(fixture, SNAPSHOT_DISKS, disks, 9);
    check_parts(fixture, SNAPSHOT_INTERFACES, interfaces, 9);
    check_parts(fixture, SNAPSHOT_VCPUS, none, 9);
    check_parts(fixture, SNAPSHOT_PINS, none, 9);
    list(fixture, 30, "134789");
    check_parts(fixture, SNAPSHOT_DISKS, (const size_t[]) { 0, 1, 3, 2, 0, 0 }, 6);
    check_parts(fixture, SNAPSHOT_INTERFACES, (const size_t[]) { 2, 0, 0, 0, 0, 3 }, 6);
}

static void deliver_vcpus(struct fixture *fixture, unsigned number, int64_t vcpus,
                          size_t pin_count, const struct domain_pin *pins)
{
    const struct domain_config from = {
        .uuid = uuid_of(number),
        .vcpus = vcpus,
        .affinity_known = true,
        .pin_count = pin_count,
        .pins = pins,
    };

    assert_true(builder_add_config(fixture->builder, domain_config_new(&from)));
}

static void deliver_vcpu_counters(struct fixture *fixture, unsigned number,
                                  size_t count)
{
    static const struct vcpu_statistics vcpus[8];
    const struct domain_statistics from = { .uuid = uuid_of(number),
                                            .vcpu_count = count,
                                            .vcpu = vcpus };

    assert_true(builder_add_statistics(fixture->builder, domain_statistics_new(&from)));
}

static void test_vcpus_are_those_described_or_counted(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "123456");
    begin(fixture, SECTION_CONFIGS);
    deliver_vcpus(fixture, 1, 2, 0, NULL);
    deliver_vcpus(fixture, 2, 4, 0, NULL);
    deliver_vcpus(fixture, 3, UNKNOWN, 0, NULL);
    deliver_vcpus(fixture, 4, UNKNOWN, 0, NULL);
    deliver_vcpus(fixture, 5, 1, 0, NULL);
    merge(fixture, 20, true);
    check_parts(fixture, SNAPSHOT_VCPUS, (const size_t[]) { 2, 4, 0, 0, 1, 0 }, 6);
    begin(fixture, SECTION_STATISTICS);
    deliver_vcpu_counters(fixture, 1, 3);
    deliver_vcpu_counters(fixture, 2, 1);
    deliver_vcpu_counters(fixture, 3, 2);
    deliver_vcpu_counters(fixture, 6, 5);
    merge(fixture, 30, true);
    check_parts(fixture, SNAPSHOT_VCPUS, (const size_t[]) { 3, 4, 2, 0, 1, 5 }, 6);
}

static void tell_cpus(struct fixture *fixture, int64_t started_ns, uint32_t cpu_count)
{
    const struct node from = { .cpu_count = cpu_count };

    begin(fixture, SECTION_NODE);
    assert_true(builder_add_node(fixture->builder, node_new(&from)));
    merge(fixture, started_ns, true);
}

static void test_which_pins_count_depends_on_the_cpus_of_the_node(void **state)
{
    struct fixture *fixture = *state;
    static const uint64_t cpus[] = { 0x1, 0xf, 0x2 };
    static const struct domain_pin pins[] = { { 0, 1, &cpus[0] },
                                              { 1, 1, &cpus[1] },
                                              { 2, 1, &cpus[2] } };

    list(fixture, 10, "123");
    begin(fixture, SECTION_CONFIGS);
    deliver_vcpus(fixture, 1, 3, 3, pins);
    deliver_vcpus(fixture, 3, 3, 2, &pins[1]);
    merge(fixture, 20, true);
    check_parts(fixture, SNAPSHOT_PINS, (const size_t[]) { 0, 0, 0 }, 3);
    tell_cpus(fixture, 30, 4);
    check_parts(fixture, SNAPSHOT_PINS, (const size_t[]) { 2, 0, 1 }, 3);
    tell_cpus(fixture, 40, 8);
    check_parts(fixture, SNAPSHOT_PINS, (const size_t[]) { 3, 0, 2 }, 3);
    tell_cpus(fixture, 50, 1);
    check_parts(fixture, SNAPSHOT_PINS, (const size_t[]) { 1, 0, 1 }, 3);
}

static void test_pins_of_vcpus_that_the_domain_has_not_do_not_count(void **state)
{
    struct fixture *fixture = *state;
    static const uint64_t cpus[] = { 0x1 };
    static const struct domain_pin pins[] = { { 1, 1, cpus },
                                              { 2, 1, cpus },
                                              { 4711, 1, cpus } };

    list(fixture, 10, "12");
    tell_cpus(fixture, 20, 4);
    begin(fixture, SECTION_CONFIGS);
    deliver_vcpus(fixture, 1, 2, 3, pins);
    deliver_vcpus(fixture, 2, UNKNOWN, 3, pins);
    merge(fixture, 30, true);
    check_parts(fixture, SNAPSHOT_PINS, (const size_t[]) { 1, 0 }, 2);
    begin(fixture, SECTION_STATISTICS);
    deliver_vcpu_counters(fixture, 1, 3);
    deliver_vcpu_counters(fixture, 2, 2);
    merge(fixture, 40, true);
    check_parts(fixture, SNAPSHOT_PINS, (const size_t[]) { 2, 1 }, 2);
}

/* --- volumes without a domain ----------------------------------------------- */

static void deliver_volumes(struct fixture *fixture, const char *keys)
{
    struct volume volumes[WORDS_MAX];
    struct words words;
    struct storage from = { .volumes = volumes };

    split(&words, keys);
    for (size_t i = 0; i < words.count; i++) {
        volumes[i] = (struct volume) {
            .key = words.at[i],
            .capacity_bytes = 3 * TIB,
            .allocation_bytes = UNKNOWN,
        };
    }
    from.volume_count = words.count;
    assert_true(builder_add_storage(fixture->builder, storage_new(&from)));
}

static void scan(struct fixture *fixture, int64_t started_ns, const char *keys)
{
    begin(fixture, SECTION_STORAGE);
    deliver_volumes(fixture, keys);
    merge(fixture, started_ns, true);
}

/* The rows as "index=key ...". */
static void check_volumes(const struct fixture *fixture, const char *expected)
{
    const struct snapshot *snapshot = fixture->snapshot;
    const struct snapshot_parts *unattached = snapshot->unattached;
    char rows[400] = "";
    uint32_t last = 0;

    assert_non_null(unattached);
    assert_int_equal(unattached->interface_count, 0);
    for (size_t i = 0; i < unattached->disk_count; i++) {
        const struct snapshot_disk *row = &unattached->disks[i];
        size_t used = strlen(rows);

        assert_true(row->index > last);
        last = row->index;
        snprintf(rows + used, sizeof(rows) - used, "%s%" PRIu32 "=%s", i > 0 ? " " : "",
                 row->index, snapshot->storage->volumes[row->position].key);
    }
    assert_string_equal(rows, expected);
}

static void test_volumes_without_a_domain_are_listed(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "12");
    describe(fixture, 20, 1, "d x", "");
    describe(fixture, 21, 2, "b", "");
    assert_null(fixture->snapshot->unattached);
    scan(fixture, 30, "/img/c /img/b /img/a /img/d");
    check_volumes(fixture, "1=/img/c 2=/img/a");
    assert_int_equal(fixture->snapshot->sampled_ns[SECTION_STORAGE], 30);
    assert_int_equal(fixture->snapshot->part_count[SNAPSHOT_DISKS], 3);
}

static void test_a_volume_that_is_detached_appears(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "12");
    describe(fixture, 20, 1, "a b", "");
    describe(fixture, 21, 2, "b", "");
    scan(fixture, 30, "/img/a /img/b /img/c");
    check_volumes(fixture, "1=/img/c");
    describe(fixture, 40, 1, "a", ""); /* the other one still has b */
    check_volumes(fixture, "1=/img/c");
    list(fixture, 50, "1"); /* and is gone */
    check_volumes(fixture, "1=/img/c 2=/img/b");
    describe(fixture, 60, 1, "c", "");
    check_volumes(fixture, "2=/img/b 3=/img/a");
    describe(fixture, 70, 1, "", ""); /* as it was before */
    check_volumes(fixture, "1=/img/c 2=/img/b 3=/img/a");
}

static void test_indices_of_volumes_are_kept_and_given_back(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "1");
    describe(fixture, 20, 1, "", "");
    scan(fixture, 30, "/a /b /c");
    check_volumes(fixture, "1=/a 2=/b 3=/c");
    scan(fixture, 40, "/c /b");
    check_volumes(fixture, "2=/b 3=/c");
    scan(fixture, 50, "/d /c /b");
    check_volumes(fixture, "2=/b 3=/c 4=/d");
    scan(fixture, 60, "/d /c /b /a"); /* within its grace time */
    check_volumes(fixture, "1=/a 2=/b 3=/c 4=/d");
    scan(fixture, 70, "/b");
    scan(fixture, 70 + GRACE_NS, "/e /f /b");
    check_volumes(fixture, "1=/e 2=/b 3=/f");
}

static void test_indices_of_volumes_last_over_restarts(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "1");
    describe(fixture, 20, 1, "", "");
    scan(fixture, 30, "/a /b /c");
    restart(fixture);
    list(fixture, 40, "1");
    describe(fixture, 50, 1, "", "");
    scan(fixture, 60, "/d /c /a"); /* /b went while no agent ran */
    check_volumes(fixture, "1=/a 3=/c 4=/d");
    scan(fixture, 60 + GRACE_NS, "/e /c /a");
    check_volumes(fixture, "1=/a 2=/e 3=/c");
}

static void test_volumes_are_not_told_before_it_is_known_who_has_them(void **state)
{
    struct fixture *fixture = *state;

    scan(fixture, 10, "/img/a /img/b /img/c");
    assert_null(fixture->snapshot->unattached);
    list(fixture, 20, "12");
    assert_null(fixture->snapshot->unattached);
    describe(fixture, 30, 1, "a b", "");
    check_volumes(fixture, "1=/img/c"); /* and no other one took an index */
}

static void test_once_known_volumes_stay_when_all_domains_are_new(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "1");
    describe(fixture, 20, 1, "a", "");
    scan(fixture, 30, "/img/a /img/b");
    check_volumes(fixture, "1=/img/b");
    list(fixture, 40, "2");
    check_volumes(fixture, "1=/img/b 2=/img/a");
}

static void test_on_a_node_without_domains_no_volume_has_one(void **state)
{
    struct fixture *fixture = *state;

    scan(fixture, 10, "/a /b");
    list(fixture, 20, "");
    check_volumes(fixture, "1=/a 2=/b");
    scan(fixture, 30, "");
    check_volumes(fixture, "");
}

static void test_a_volume_told_twice_has_one_row(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "");
    scan(fixture, 20, "/b /a /b /b /a");
    check_volumes(fixture, "1=/b 2=/a");
    assert_int_equal(fixture->snapshot->unattached->disks[0].position, 0);
    assert_int_equal(fixture->snapshot->unattached->disks[1].position, 1);
}

static void test_a_volume_without_a_key_is_left_out_and_told(void **state)
{
    struct fixture *fixture = *state;
    static const struct volume volumes[] = { { .key = "" }, { .key = "/a" } };
    const struct storage from = { .volume_count = 2, .volumes = volumes };
    struct error error = ERROR_NONE;

    list(fixture, 10, "");
    begin(fixture, SECTION_STORAGE);
    assert_true(builder_add_storage(fixture->builder, storage_new(&from)));
    snapshot_unref(merge_with(fixture, 20, true, &error));
    check_volumes(fixture, "1=/a");
    assert_int_equal(error.status, STATUS_INVALID);
    assert_non_null(strstr(error.text, "left out"));
}

static void test_units_of_volumes_are_fixed_for_the_life_of_the_row(void **state)
{
    struct fixture *fixture = *state;
    struct volume volumes[] = {
        { .key = "/a", .capacity_bytes = 3 * TIB, .allocation_bytes = GIB },
        { .key = "/b", .capacity_bytes = UNKNOWN, .allocation_bytes = UNKNOWN },
    };
    const struct storage from = { .volume_count = 2, .volumes = volumes };

    list(fixture, 10, "");
    for (int64_t round = 0; round < 3; round++) {
        const struct snapshot_disk *rows;

        begin(fixture, SECTION_STORAGE);
        assert_true(builder_add_storage(fixture->builder, storage_new(&from)));
        merge(fixture, 20 + round, true);
        rows = fixture->snapshot->unattached->disks;
        assert_int_equal(rows[0].size_unit, 32768);
        assert_true(rows[0].size_unit_fixed);
        assert_int_equal(rows[1].size_unit, round == 0 ? 1024 : 524288);
        assert_int_equal(rows[1].size_unit_fixed, round > 0);
        volumes[0].capacity_bytes = round == 0 ? 48 * TIB : GIB;
        volumes[1].allocation_bytes = round == 0 ? 60 * TIB : GIB;
    }
}

static void test_other_collections_leave_the_volumes_alone(void **state)
{
    struct fixture *fixture = *state;
    const struct snapshot_parts *unattached;
    const struct storage *storage;

    list(fixture, 10, "1");
    describe(fixture, 20, 1, "a", "");
    scan(fixture, 30, "/img/a /img/b");
    unattached = fixture->snapshot->unattached;
    storage = fixture->snapshot->storage;
    measure_one(fixture, 40, "a", GIB, GIB);
    deliver_memory(fixture, 50, GIB);
    tell_cpus(fixture, 60, 4);
    assert_ptr_equal(fixture->snapshot->unattached, unattached);
    assert_ptr_equal(fixture->snapshot->storage, storage);

    begin(fixture, SECTION_STORAGE); /* a collection that failed */
    merge(fixture, 70, false);
    assert_ptr_equal(fixture->snapshot->storage, storage);
    assert_int_equal(fixture->snapshot->sampled_ns[SECTION_STORAGE], 30);
    check_volumes(fixture, "1=/img/b");
}

static void test_late_volumes_change_nothing(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "");
    scan(fixture, 40, "/a /b");
    scan(fixture, 30, "/c");
    check_volumes(fixture, "1=/a 2=/b");
    assert_int_equal(fixture->snapshot->sampled_ns[SECTION_STORAGE], 40);
    scan(fixture, 50, "/a /b /d");
    check_volumes(fixture, "1=/a 2=/b 3=/d");
}

#define TEST(function)                                                                 \
    cmocka_unit_test_setup_teardown(function, snapshot_setup, snapshot_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_rows_are_in_order_of_their_indices),
        TEST(test_domains_are_numbered_apart),
        TEST(test_what_is_unplugged_may_come_back),
        TEST(test_indices_last_over_restarts_and_absences),
        TEST(test_what_has_no_name_is_left_out),
        TEST(test_devices_without_an_index_are_left_out_and_told),
        TEST(test_equal_targets_have_a_row_each),
        TEST(test_rows_are_made_anew_only_for_another_description),
        TEST(test_a_late_description_changes_nothing),
        TEST(test_late_counters_change_nothing),
        TEST(test_devices_of_nobody_are_ignored),
        TEST(test_sizes_fit_and_may_grow_sixteenfold),
        TEST(test_the_larger_size_decides),
        TEST(test_a_size_that_was_unknown_gets_its_unit_once),
        TEST(test_counters_may_come_before_the_description),
        TEST(test_an_empty_drive_has_no_unit_until_it_is_filled),
        TEST(test_units_go_with_the_target),
        TEST(test_another_disk_has_a_unit_of_its_own),
        TEST(test_memory_fits_and_may_grow_sixteenfold),
        TEST(test_parts_are_found_over_domains_with_none_one_and_many),
        TEST(test_vcpus_are_those_described_or_counted),
        TEST(test_which_pins_count_depends_on_the_cpus_of_the_node),
        TEST(test_pins_of_vcpus_that_the_domain_has_not_do_not_count),
        TEST(test_volumes_without_a_domain_are_listed),
        TEST(test_a_volume_that_is_detached_appears),
        TEST(test_indices_of_volumes_are_kept_and_given_back),
        TEST(test_indices_of_volumes_last_over_restarts),
        TEST(test_volumes_are_not_told_before_it_is_known_who_has_them),
        TEST(test_once_known_volumes_stay_when_all_domains_are_new),
        TEST(test_on_a_node_without_domains_no_volume_has_one),
        TEST(test_a_volume_told_twice_has_one_row),
        TEST(test_a_volume_without_a_key_is_left_out_and_told),
        TEST(test_units_of_volumes_are_fixed_for_the_life_of_the_row),
        TEST(test_other_collections_leave_the_volumes_alone),
        TEST(test_late_volumes_change_nothing),
    };

    return cmocka_run_group_tests_name("snapshot_parts", tests, NULL, NULL);
}
