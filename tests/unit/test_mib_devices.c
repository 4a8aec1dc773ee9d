/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_mib_devices.c - what vmCpuTable, vmCpuAffinityTable, vmStorageTable and
 * vmNetworkTable say of what is known, and of what is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/snapshot_parts.h"
#include "tests/unit/mib_fixture.h"

#define GIB (INT64_C(1) << 30)
#define TIB (GIB * 1024)
#define TEXT_SIZE 2000

/* Appends a value as a manager would print it. */
static void append_value(char *text, const struct mib_value *value)
{
    size_t used = strlen(text);

    if (value->type == MIB_INTEGER) {
        snprintf(text + used, TEXT_SIZE - used, "%" PRId32, value->integer);
    } else if (value->type == MIB_COUNTER64) {
        snprintf(text + used, TEXT_SIZE - used, "%" PRIu64, value->counter64);
    } else {
        const unsigned char *bytes = value->string.bytes;

        assert_int_equal(value->type, MIB_STRING);
        for (size_t i = 0; i < value->string.length; i++) {
            used += (size_t)snprintf(text + used, TEXT_SIZE - used,
                                     isgraph(bytes[i]) ? "%c" : "<%02x>", bytes[i]);
        }
    }
}

static void append_instance(char *text, const uint32_t *ids, size_t length)
{
    size_t used = strlen(text);

    used += (size_t)snprintf(text + used, TEXT_SIZE - used, "%s", used > 0 ? " " : "");
    for (size_t i = 0; i < length; i++) {
        used += (size_t)snprintf(text + used, TEXT_SIZE - used, "%s%" PRIu32,
                                 i > 0 ? "." : "", ids[i]);
    }
    snprintf(text + used, TEXT_SIZE - used, "=");
}

/* What a walk of a column meets: "1.1=VALUE 1.4=VALUE". */
static void walk(const struct mib_fixture *fixture, const struct mib_object *object,
                 char *text)
{
    struct mib_hint hint = { 0, 0 };
    struct mib_oid name = object->prefix;
    struct mib_oid end = object->prefix;
    struct mib_value value;
    unsigned sections = 0;

    text[0] = '\0';
    end.ids[end.length - 1]++;
    while (mib_next(fixture->tree, &fixture->context, &name, false, &end, &hint, &name,
                    &value, &sections)
           == MIB_FOUND) {
        assert_int_equal(value.type, object->column->type);
        append_instance(text, name.ids + object->prefix.length,
                        name.length - object->prefix.length);
        append_value(text, &value);
    }
}

/* What asking for the column in each row of its table tells, of those that do. */
static void ask(const struct mib_fixture *fixture, const struct mib_object *object,
                char *text)
{
    size_t count = object->group->count(&fixture->context);

    text[0] = '\0';
    for (size_t row = 0; row < count; row++) {
        struct mib_hint hint = { 0, 0 };
        struct mib_oid name = object->prefix;
        struct mib_value value;
        struct mib_index index;
        enum mib_result result;
        unsigned sections = 0;

        object->group->index(&fixture->context, row, &index);
        memcpy(name.ids + name.length, index.ids, index.length * sizeof(index.ids[0]));
        name.length += index.length;
        result =
            mib_get(fixture->tree, &fixture->context, &name, &hint, &value, &sections);
        if (result == MIB_FOUND) {
            append_instance(text, index.ids, index.length);
            append_value(text, &value);
        } else {
            assert_int_equal(result, MIB_NO_INSTANCE);
        }
    }
}

/* The instances of a column and their values; those that are absent are not there. */
static void check(const struct mib_fixture *fixture, const char *name,
                  const char *expected)
{
    const struct mib_object *object = mib_fixture_find(fixture, name);
    char text[TEXT_SIZE];

    walk(fixture, object, text);
    if (strcmp(text, expected) != 0) {
        fail_msg("%s: %s, not %s", name, text, expected);
    }
    ask(fixture, object, text);
    assert_string_equal(text, expected);
}

struct expectation {
    const char *name;
    const char *values;
};

static void check_all(const struct mib_fixture *fixture,
                      const struct expectation *expectations, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check(fixture, expectations[i].name, expectations[i].values);
    }
}
#define CHECK_ALL(fixture, expectations)                                               \
    check_all(fixture, expectations, sizeof(expectations) / sizeof(expectations[0]))

static void make_stale(struct mib_fixture *fixture)
{
    fixture->context.now_ns = FIXTURE_SAMPLED_NS + FIXTURE_STALE_LIMIT_NS + 1;
}

static void go_down(struct mib_fixture *fixture)
{
    fixture->connections[0].state = CONNECTION_DOWN;
}

static void become_young(struct mib_fixture *fixture)
{
    fixture->context.now_ns = FIXTURE_NOW_NS;
    fixture->connections[0].state = CONNECTION_UP;
}

/* The two ways in which data stops being current. */
static void (*const agings[])(struct mib_fixture *fixture) = { make_stale, go_down };
#define AGING_COUNT (sizeof(agings) / sizeof(agings[0]))

/* --- vmCpuTable ------------------------------------------------------------- */

static void test_vcpus_tell_their_time_in_microseconds(void **state)
{
    struct mib_fixture *fixture = *state;

    check(fixture, "vmCpuCoreTime", "1.1=2500 1.2=2501");
    fixture->vcpus[0].cpu_time_ns = 999;
    fixture->vcpus[1].cpu_time_ns = UINT64_MAX;
    check(fixture, "vmCpuCoreTime", "1.1=0 1.2=18446744073709551");
}

static void test_vcpus_of_all_domains_are_listed(void **state)
{
    struct mib_fixture *fixture = *state;

    mib_fixture_set_rows(fixture, 4);
    fixture->configs[1].vcpus = 3; /* the third is described, not counted */
    fixture->statistics[2].vcpu_count = 1;
    fixture->configs[2].vcpus = 1;
    mib_fixture_count_parts(fixture);
    check(fixture, "vmCpuCoreTime",
          "1.1=2500 1.2=2501 4.1=2500 4.2=2501 5.1=2500"
          " 8.1=2500 8.2=2501");
}

static void test_vcpus_without_a_counter_are_silent(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->vcpus[0].online = false;
    check(fixture, "vmCpuCoreTime", "1.2=2501");
    fixture->vcpus[0].online = true;
    fixture->rows[0].statistics = NULL;
    mib_fixture_count_parts(fixture);
    check(fixture, "vmCpuCoreTime", "");
    assert_int_equal(
        mib_fixture_find(fixture, "vmCpuCoreTime")->group->count(&fixture->context), 2);
}

static void test_old_times_of_vcpus_are_not_told(void **state)
{
    for (size_t i = 0; i < AGING_COUNT; i++) {
        struct mib_fixture *fixture = *state;

        check(fixture, "vmCpuCoreTime", "1.1=2500 1.2=2501");
        agings[i](fixture);
        check(fixture, "vmCpuCoreTime", "");
        become_young(fixture);
    }
}

/* --- vmCpuAffinityTable ----------------------------------------------------- */

static void test_a_pinned_vcpu_tells_where_it_may_run(void **state)
{
    struct mib_fixture *fixture = *state;

    check(fixture, "vmCpuAffinity",
          "1.2.196608=1 1.2.196609=2 1.2.196610=1 1.2.196611=2");
    fixture->node.is_local = false;
    check(fixture, "vmCpuAffinity", "1.2.1=1 1.2.2=2 1.2.3=1 1.2.4=2");
}

static void test_all_vcpus_tell_where_they_may_run(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->context.affinity = MIB_AFFINITY_ALL;
    fixture->node.is_local = false;
    check(fixture, "vmCpuAffinity",
          "1.1.1=1 1.1.2=1 1.1.3=1 1.1.4=1 1.2.1=1 1.2.2=2 1.2.3=1 1.2.4=2");
    fixture->node.cpu_count = 1;
    mib_fixture_count_parts(fixture);
    check(fixture, "vmCpuAffinity", "1.1.1=1 1.2.1=1");
}

static void test_affinity_may_be_switched_off(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->context.affinity = MIB_AFFINITY_NONE;
    check(fixture, "vmCpuAffinity", "");
}

static void test_affinity_that_is_not_known_is_unknown(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->context.affinity = MIB_AFFINITY_ALL;
    fixture->node.cpu_count = 2;
    fixture->node.is_local = false;
    fixture->configs[0].affinity_known = false;
    mib_fixture_count_parts(fixture);
    check(fixture, "vmCpuAffinity", "1.1.1=0 1.1.2=0 1.2.1=0 1.2.2=0");
    fixture->rows[0].config = NULL; /* its vcpus have been counted all the same */
    mib_fixture_count_parts(fixture);
    check(fixture, "vmCpuAffinity", "1.1.1=0 1.1.2=0 1.2.1=0 1.2.2=0");
    fixture->context.affinity = MIB_AFFINITY_PINNED;
    check(fixture, "vmCpuAffinity", "");
}

static void test_without_the_cpus_of_the_node_there_is_no_affinity(void **state)
{
    static const enum mib_affinity affinities[] = { MIB_AFFINITY_PINNED,
                                                    MIB_AFFINITY_ALL };
    struct mib_fixture *fixture = *state;

    for (size_t i = 0; i < 2; i++) {
        fixture->context.affinity = affinities[i];
        fixture->snapshot.node = &fixture->node;
        fixture->node.cpu_count = 0;
        mib_fixture_count_parts(fixture);
        check(fixture, "vmCpuAffinity", "");
        fixture->snapshot.node = NULL;
        mib_fixture_count_parts(fixture);
        check(fixture, "vmCpuAffinity", "");
    }
}

static void test_only_pins_that_bind_have_rows(void **state)
{
    static const uint64_t cpus[] = { 0x3, 0x2, 0x1 };
    static const struct domain_pin pins[] = { { 0, 1, &cpus[0] },
                                              { 1, 1, &cpus[1] },
                                              { 2, 1, &cpus[0] },
                                              { 3, 1, &cpus[2] },
                                              { 9, 1, &cpus[2] } };
    struct mib_fixture *fixture = *state;

    mib_fixture_set_rows(fixture, 3);
    fixture->node.cpu_count = 2;
    fixture->node.is_local = false;
    for (size_t i = 0; i < 3; i++) {
        fixture->configs[i].vcpus = 4;
        fixture->configs[i].pin_count = i == 1 ? 0 : 5;
        fixture->configs[i].pins = pins;
    }
    mib_fixture_count_parts(fixture);
    check(fixture, "vmCpuAffinity",
          "1.2.1=2 1.2.2=1 1.4.1=1 1.4.2=2 5.2.1=2 5.2.2=1 5.4.1=1 5.4.2=2");
    fixture->context.affinity = MIB_AFFINITY_ALL;
    fixture->snapshot.domain_count = 1;
    mib_fixture_count_parts(fixture);
    check(fixture, "vmCpuAffinity",
          "1.1.1=1 1.1.2=1 1.2.1=2 1.2.2=1 1.3.1=1 1.3.2=1 1.4.1=1 1.4.2=2");
}

static void test_affinity_stays_when_nobody_answers(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->node.is_local = false;
    make_stale(fixture);
    go_down(fixture);
    check(fixture, "vmCpuAffinity", "1.2.1=1 1.2.2=2 1.2.3=1 1.2.4=2");
}

/* --- vmStorageTable --------------------------------------------------------- */

/* Without volumes: the disks of domain 1, vda with index 1 and sda with index 4. */
static void hide_volumes(struct mib_fixture *fixture)
{
    fixture->snapshot.unattached = NULL;
}

static const struct host_storage_entry host_entries[] = { { "/images", 31 },
                                                          { "/pool", 32 } };
static const struct host_storage host = { .count = 2, .entries = host_entries };

static void test_disks_tell_what_is_known(void **state)
{
    static const struct expectation expected[] = {
        { "vmStorageParent", "1.1=31 1.4=0" },
        { "vmStorageSourceType", "1.1=5 1.4=4" },
        { "vmStorageSourceTypeString", "1.1=qcow2 1.4=raw" },
        { "vmStorageResourceID", "1.1=/images/a.qcow2 1.4=" },
        { "vmStorageAccess", "1.1=2 1.4=3" },
        { "vmStorageMediaType", "1.1=3 1.4=4" },
        { "vmStorageMediaTypeString", "1.1=virtio 1.4=sata" },
        { "vmStorageSizeUnit", "1.1=1024 1.4=1024" },
        { "vmStorageDefinedSize", "1.1=1048576 1.4=1048576" },
        { "vmStorageAllocatedSize", "1.1=524288 1.4=1048576" },
        { "vmStorageReadIOs", "1.1=11 1.4=11" },
        { "vmStorageWriteIOs", "1.1=12 1.4=12" },
        { "vmStorageReadOctets", "1.1=13 1.4=13" },
        { "vmStorageWriteOctets", "1.1=14 1.4=14" },
        { "vmStorageReadLatency", "1.1=15 1.4=15" },
        { "vmStorageWriteLatency", "1.1=16 1.4=16" },
    };
    struct mib_fixture *fixture = *state;

    hide_volumes(fixture);
    fixture->context.host_storage = &host;
    CHECK_ALL(fixture, expected);
}

static void test_each_word_of_the_model_is_the_rfcs(void **state)
{
    static const int32_t sources[] = {
        [DISK_SOURCE_UNKNOWN] = 1, [DISK_SOURCE_OTHER] = 2,  [DISK_SOURCE_BLOCK] = 3,
        [DISK_SOURCE_RAW] = 4,     [DISK_SOURCE_SPARSE] = 5, [DISK_SOURCE_NETWORK] = 6,
    };
    static const int32_t media[] = {
        [DISK_MEDIA_UNKNOWN] = 2, [DISK_MEDIA_OTHER] = 1,  [DISK_MEDIA_HARD_DISK] = 3,
        [DISK_MEDIA_OPTICAL] = 4, [DISK_MEDIA_FLOPPY] = 5,
    };
    static const int32_t access[] = {
        [DOMAIN_FLAG_UNKNOWN] = 1, [DOMAIN_FLAG_YES] = 3, [DOMAIN_FLAG_NO] = 2
    };
    struct mib_fixture *fixture = *state;
    char expected[40];

    hide_volumes(fixture);
    for (int i = 0; i < DISK_SOURCE_COUNT; i++) {
        fixture->disks[0].source_type = (enum disk_source)i;
        snprintf(expected, sizeof(expected), "1.1=%d 1.4=4", (int)sources[i]);
        check(fixture, "vmStorageSourceType", expected);
    }
    for (int i = 0; i < DISK_MEDIA_COUNT; i++) {
        fixture->disks[0].media = (enum disk_media)i;
        snprintf(expected, sizeof(expected), "1.1=%d 1.4=4", (int)media[i]);
        check(fixture, "vmStorageMediaType", expected);
    }
    for (int i = 0; i < DOMAIN_FLAG_COUNT; i++) {
        fixture->disks[0].read_only = (enum domain_flag)i;
        snprintf(expected, sizeof(expected), "1.1=%d 1.4=3", (int)access[i]);
        check(fixture, "vmStorageAccess", expected);
    }
}

/* Counters are absent, sizes -1, names and kinds as they were described. */
static const struct expectation without_statistics[] = {
    { "vmStorageParent", "1.1=31 1.4=0" },
    { "vmStorageSourceType", "1.1=5 1.4=4" },
    { "vmStorageSourceTypeString", "1.1=qcow2 1.4=raw" },
    { "vmStorageResourceID", "1.1=/images/a.qcow2 1.4=" },
    { "vmStorageAccess", "1.1=2 1.4=3" },
    { "vmStorageMediaType", "1.1=3 1.4=4" },
    { "vmStorageMediaTypeString", "1.1=virtio 1.4=sata" },
    { "vmStorageSizeUnit", "1.1=1024 1.4=1024" },
    { "vmStorageReadIOs", "" },
    { "vmStorageWriteIOs", "" },
    { "vmStorageReadOctets", "" },
    { "vmStorageWriteOctets", "" },
    { "vmStorageReadLatency", "" },
    { "vmStorageWriteLatency", "" },
};

static void test_disks_nobody_measured_have_no_sizes(void **state)
{
    struct mib_fixture *fixture = *state;

    hide_volumes(fixture);
    fixture->context.host_storage = &host;
    fixture->devices[0].disk_count = 0;
    CHECK_ALL(fixture, without_statistics);
    check(fixture, "vmStorageDefinedSize", "1.1=-1 1.4=-1");
    check(fixture, "vmStorageAllocatedSize", "1.1=-1 1.4=-1");
    fixture->rows[0].devices = NULL;
    fixture->rows[0].sampled_ns[SECTION_DEVICES] = CLOCK_NEVER;
    CHECK_ALL(fixture, without_statistics);
    check(fixture, "vmStorageDefinedSize", "1.1=-1 1.4=-1");
    check(fixture, "vmStorageAllocatedSize", "1.1=-1 1.4=-1");
}

static void test_one_disk_may_be_measured_and_another_not(void **state)
{
    struct mib_fixture *fixture = *state;

    hide_volumes(fixture);
    fixture->devices[0].disk_count = 1; /* that of sda */
    check(fixture, "vmStorageDefinedSize", "1.1=-1 1.4=1048576");
    check(fixture, "vmStorageReadIOs", "1.4=11");
}

static void test_when_nobody_answers_only_what_the_disk_is_stays(void **state)
{
    for (size_t i = 0; i < AGING_COUNT; i++) {
        struct mib_fixture *fixture = *state;

        hide_volumes(fixture);
        fixture->context.host_storage = &host;
        agings[i](fixture);
        CHECK_ALL(fixture, without_statistics);
        check(fixture, "vmStorageDefinedSize", "1.1=1048576 1.4=1048576");
        /* Of sda it is the same: what it is, not what it takes just now. */
        check(fixture, "vmStorageAllocatedSize", "1.1=-1 1.4=1048576");
        become_young(fixture);
    }
}

static void test_counters_that_a_disk_has_not_are_absent(void **state)
{
    static const struct {
        unsigned bit;
        const char *names[2];
    } counters[] = {
        { DISK_HAS_REQUESTS, { "vmStorageReadIOs", "vmStorageWriteIOs" } },
        { DISK_HAS_OCTETS, { "vmStorageReadOctets", "vmStorageWriteOctets" } },
        { DISK_HAS_TIMES, { "vmStorageReadLatency", "vmStorageWriteLatency" } },
    };
    struct mib_fixture *fixture = *state;

    hide_volumes(fixture);
    for (size_t bit = 0; bit < 3; bit++) {
        fixture->disk_statistics[0].has = 0;
        fixture->disk_statistics[1].has = counters[bit].bit;
        for (size_t i = 0; i < 3; i++) {
            for (size_t j = 0; j < 2; j++) {
                char expected[40] = "";

                if (i == bit) {
                    snprintf(expected, sizeof(expected), "1.1=%zu", 11 + 2 * i + j);
                }
                check(fixture, counters[i].names[j], expected);
            }
        }
    }
}

static void test_blocks_and_raw_files_take_what_they_are(void **state)
{
    static const struct {
        enum disk_source type;
        const char *allocated;
    } cases[] = {
        { DISK_SOURCE_UNKNOWN, "1.1=524288 1.4=1048576" },
        { DISK_SOURCE_OTHER, "1.1=524288 1.4=1048576" },
        { DISK_SOURCE_BLOCK, "1.1=1048576 1.4=1048576" },
        { DISK_SOURCE_RAW, "1.1=1048576 1.4=1048576" },
        { DISK_SOURCE_SPARSE, "1.1=524288 1.4=1048576" },
        { DISK_SOURCE_NETWORK, "1.1=524288 1.4=1048576" },
    };
    struct mib_fixture *fixture = *state;

    hide_volumes(fixture);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture->disks[0].source_type = cases[i].type;
        check(fixture, "vmStorageAllocatedSize", cases[i].allocated);
    }
    /* An empty drive has neither size. */
    fixture->disk_statistics[0].capacity_bytes = DOMAIN_NO_LIMIT;
    check(fixture, "vmStorageDefinedSize", "1.1=1048576 1.4=-1");
    check(fixture, "vmStorageAllocatedSize", "1.1=524288 1.4=-1");
}

static void test_sizes_are_told_in_their_unit(void **state)
{
    static const struct {
        int64_t bytes;
        uint32_t unit;
        const char *shown;
    } cases[] = {
        { 0, 1024, "1.1=0" },
        { 1023, 1024, "1.1=0" },
        { 1024, 1024, "1.1=1" },
        { 3 * TIB, 32768, "1.1=100663296" },
        { 3 * TIB + 32767, 32768, "1.1=100663296" },
        { 16 * 3 * TIB, 32768, "1.1=1610612736" },
        { 60 * TIB, 524288, "1.1=125829120" },
        { 60 * TIB, 1024, "1.1=2147483647" }, /* as much as can be told */
        { INT64_MAX, 1u << 30, "1.1=2147483647" },
        { DOMAIN_NO_LIMIT, 32768, "1.1=-1" },
        { INT64_MIN, 1024, "1.1=-1" },
    };
    struct mib_fixture *fixture = *state;

    hide_volumes(fixture);
    fixture->parts.disk_count = 1;
    mib_fixture_count_parts(fixture);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char unit[40];

        fixture->disk_rows[0].size_unit = cases[i].unit;
        fixture->disk_statistics[1].capacity_bytes = cases[i].bytes;
        fixture->disk_statistics[1].allocation_bytes = cases[i].bytes;
        snprintf(unit, sizeof(unit), "1.1=%" PRIu32, cases[i].unit);
        check(fixture, "vmStorageSizeUnit", unit);
        check(fixture, "vmStorageDefinedSize", cases[i].shown);
        check(fixture, "vmStorageAllocatedSize", cases[i].shown);
    }
}

static void test_what_is_not_described_is_absent_or_unknown(void **state)
{
    static const struct expectation expected[] = {
        { "vmStorageParent", "1.1=0" },
        { "vmStorageSourceType", "1.1=1" },
        { "vmStorageSourceTypeString", "" },
        { "vmStorageResourceID", "" },
        { "vmStorageAccess", "1.1=1" },
        { "vmStorageMediaType", "1.1=2" },
        { "vmStorageMediaTypeString", "" },
        { "vmStorageSizeUnit", "1.1=1024" },
        { "vmStorageDefinedSize", "1.1=1048576" },
    };
    struct mib_fixture *fixture = *state;

    hide_volumes(fixture);
    fixture->context.host_storage = &host;
    fixture->disks[0] = (struct domain_disk) { .target = "vda" };
    fixture->parts.disk_count = 1;
    mib_fixture_count_parts(fixture);
    CHECK_ALL(fixture, expected);
}

static void test_an_empty_drive_has_an_empty_name(void **state)
{
    struct mib_fixture *fixture = *state;
    struct mib_value value;

    assert_int_equal(mib_fixture_get_part(fixture, "vmStorageResourceID", 1, 4, &value),
                     MIB_FOUND);
    assert_int_equal(value.string.length, 0);
}

static void test_the_file_system_of_a_disk_is_the_hosts(void **state)
{
    struct mib_fixture *fixture = *state;

    hide_volumes(fixture);
    check(fixture, "vmStorageParent", "1.1=0 1.4=0"); /* nobody told of the host's */
    fixture->context.host_storage = &host;
    check(fixture, "vmStorageParent", "1.1=31 1.4=0");
    fixture->disks[1].mount_point = "/pool";
    check(fixture, "vmStorageParent", "1.1=31 1.4=32");
    fixture->disks[1].mount_point = "/elsewhere";
    check(fixture, "vmStorageParent", "1.1=31 1.4=0");
}

static void test_rows_follow_their_indices_not_the_description(void **state)
{
    struct mib_fixture *fixture = *state;

    hide_volumes(fixture);
    fixture->disk_rows[0].position = 1;
    fixture->disk_rows[1].position = 0;
    check(fixture, "vmStorageSourceTypeString", "1.1=raw 1.4=qcow2");
    fixture->disk_statistics[0].read_requests = 99; /* of sda */
    check(fixture, "vmStorageReadIOs", "1.1=99 1.4=11");

    fixture->snapshot.unattached = &fixture->unattached;
    fixture->volume_rows[0].position = 1;
    fixture->volume_rows[1].position = 0;
    check(fixture, "vmStorageResourceID",
          "0.2=/pool/b 0.3=/pool/a 1.1= 1.4=/images/a.qcow2");
}

/* Behind the volumes, which have 0 in place of the domain, come the disks. */
static void test_volumes_without_a_domain_come_first(void **state)
{
    static const struct expectation expected[] = {
        { "vmStorageParent", "0.2=0 0.3=32 1.1=31 1.4=0" },
        { "vmStorageSourceType", "0.2=5 0.3=4 1.1=5 1.4=4" },
        { "vmStorageSourceTypeString", "0.2=qcow2 1.1=qcow2 1.4=raw" },
        { "vmStorageResourceID", "0.2=/pool/a 0.3=/pool/b 1.1=/images/a.qcow2 1.4=" },
        { "vmStorageAccess", "0.2=1 0.3=1 1.1=2 1.4=3" },
        { "vmStorageMediaType", "0.2=2 0.3=2 1.1=3 1.4=4" },
        { "vmStorageMediaTypeString", "1.1=virtio 1.4=sata" },
        { "vmStorageSizeUnit", "0.2=1024 0.3=2048 1.1=1024 1.4=1024" },
        { "vmStorageDefinedSize", "0.2=65536 0.3=32768 1.1=1048576 1.4=1048576" },
        { "vmStorageAllocatedSize", "0.2=1024 0.3=32768 1.1=524288 1.4=1048576" },
        { "vmStorageReadIOs", "1.1=11 1.4=11" },
        { "vmStorageWriteIOs", "1.1=12 1.4=12" },
        { "vmStorageReadOctets", "1.1=13 1.4=13" },
        { "vmStorageWriteOctets", "1.1=14 1.4=14" },
        { "vmStorageReadLatency", "1.1=15 1.4=15" },
        { "vmStorageWriteLatency", "1.1=16 1.4=16" },
    };
    struct mib_fixture *fixture = *state;

    fixture->context.host_storage = &host;
    fixture->volumes[1].format = NULL;
    fixture->volumes[1].source_type = DISK_SOURCE_RAW;
    fixture->volumes[1].mount_point = "/pool";
    fixture->volume_rows[1].size_unit = 2048;
    CHECK_ALL(fixture, expected);
}

static void test_volumes_may_be_hidden_or_not_known(void **state)
{
    struct mib_fixture *fixture = *state;

    mib_fixture_set_rows(fixture, 2);
    check(fixture, "vmStorageSizeUnit",
          "0.2=1024 0.3=1024 1.1=1024 1.4=1024 4.1=1024 4.4=1024");
    fixture->context.sections = SECTION_ALL & ~SECTION_BIT(SECTION_STORAGE);
    check(fixture, "vmStorageSizeUnit", "1.1=1024 1.4=1024 4.1=1024 4.4=1024");
    fixture->context.sections = SECTION_ALL;
    fixture->snapshot.unattached = NULL;
    fixture->snapshot.storage = NULL;
    check(fixture, "vmStorageSizeUnit", "1.1=1024 1.4=1024 4.1=1024 4.4=1024");
    mib_fixture_set_rows(fixture, 0);
    check(fixture, "vmStorageSizeUnit", "");
}

static void test_sizes_of_volumes_that_are_not_known_are_so(void **state)
{
    struct mib_fixture *fixture = *state;

    mib_fixture_set_rows(fixture, 0);
    fixture->volumes[0].capacity_bytes = DOMAIN_NO_LIMIT;
    fixture->volumes[1].allocation_bytes = DOMAIN_NO_LIMIT;
    check(fixture, "vmStorageDefinedSize", "0.2=-1 0.3=65536");
    check(fixture, "vmStorageAllocatedSize", "0.2=1024 0.3=-1");
}

static void test_when_nobody_answers_only_what_the_volume_is_stays(void **state)
{
    for (size_t i = 0; i < AGING_COUNT; i++) {
        struct mib_fixture *fixture = *state;

        fixture->snapshot.domain_count = 0;
        mib_fixture_count_parts(fixture);
        fixture->volumes[1].source_type = DISK_SOURCE_BLOCK;
        check(fixture, "vmStorageAllocatedSize", "0.2=1024 0.3=65536");
        agings[i](fixture);
        check(fixture, "vmStorageResourceID", "0.2=/pool/a 0.3=/pool/b");
        check(fixture, "vmStorageDefinedSize", "0.2=65536 0.3=65536");
        check(fixture, "vmStorageAllocatedSize", "0.2=-1 0.3=65536");
        become_young(fixture);
    }
}

/* --- vmNetworkTable --------------------------------------------------------- */

static void test_interfaces_tell_what_is_known(void **state)
{
    static const struct expectation expected[] = {
        { "vmNetworkIfIndex", "1.1=7 1.3=8 4.1=7 4.3=8" },
        { "vmNetworkParent", "1.1=3 1.3=3 4.1=3 4.3=3" },
        { "vmNetworkModel", "1.1=virtio 1.3=virtio 4.1=virtio 4.3=virtio" },
        { "vmNetworkPhysAddress", "1.1=RT<00><00><00><00> 1.3=RT<00><00><00><01>"
                                  " 4.1=RT<00><00><00><00> 4.3=RT<00><00><00><01>" },
    };
    struct mib_fixture *fixture = *state;

    mib_fixture_set_rows(fixture, 2);
    CHECK_ALL(fixture, expected);
}

static void test_interfaces_that_the_host_has_not_have_no_ifindex(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->interface_statistics[0].if_index = 0;
    fixture->interface_statistics[1].parent_if_index = UINT32_C(1) << 31;
    check(fixture, "vmNetworkIfIndex", "1.1=0 1.3=8");
    check(fixture, "vmNetworkParent", "1.1=3 1.3=0");
    fixture->interface_statistics[1].parent_if_index = INT32_MAX;
    check(fixture, "vmNetworkParent", "1.1=3 1.3=2147483647");
    fixture->interface_statistics[1].mac[0] = 0xff; /* another one's */
    check(fixture, "vmNetworkIfIndex", "1.1=0 1.3=0");
    check(fixture, "vmNetworkParent", "1.1=3 1.3=0");
    fixture->rows[0].devices = NULL;
    check(fixture, "vmNetworkIfIndex", "1.1=0 1.3=0");
    check(fixture, "vmNetworkParent", "1.1=0 1.3=0");
}

static void test_when_nobody_answers_only_what_the_interface_is_stays(void **state)
{
    static const struct expectation expected[] = {
        { "vmNetworkIfIndex", "1.1=0 1.3=0" },
        { "vmNetworkParent", "1.1=0 1.3=0" },
        { "vmNetworkModel", "1.3=virtio" },
        { "vmNetworkPhysAddress", "1.1=RT<00><00><00><00> 1.3=RT<00><00><00><01>" },
    };

    for (size_t i = 0; i < AGING_COUNT; i++) {
        struct mib_fixture *fixture = *state;

        fixture->interfaces[0].model = NULL;
        agings[i](fixture);
        CHECK_ALL(fixture, expected);
        become_young(fixture);
    }
}

/* --- all of them ------------------------------------------------------------ */

static const char *const tables[] = { "vmCpuCoreTime", "vmCpuAffinity",
                                      "vmStorageSizeUnit", "vmNetworkIfIndex" };

static void test_of_a_domain_without_a_description_only_vcpus_are_known(void **state)
{
    struct mib_fixture *fixture = *state;

    hide_volumes(fixture);
    fixture->rows[0].config = NULL;
    mib_fixture_count_parts(fixture);
    check(fixture, "vmCpuCoreTime", "1.1=2500 1.2=2501");
    for (size_t i = 1; i < 4; i++) {
        check(fixture, tables[i], "");
    }
}

static void test_of_a_node_never_asked_nothing_is_told(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->context.snapshot = &fixture->never_asked;
    for (size_t i = 0; i < 4; i++) {
        check(fixture, tables[i], "");
    }
}

static void test_data_of_any_age_is_told_where_there_is_no_limit(void **state)
{
    struct mib_fixture *fixture = *state;

    make_stale(fixture);
    fixture->context.stale_limit_ns = INT64_MAX;
    check(fixture, "vmCpuCoreTime", "1.1=2500 1.2=2501");
    check(fixture, "vmNetworkIfIndex", "1.1=7 1.3=8");
}

/* CPU time of this thread. */
static int64_t cpu_ns(void)
{
    struct timespec now;

    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now), 0);
    return now.tv_sec * CLOCK_NS_PER_S + now.tv_nsec;
}

/* Picoseconds for each value of a walk of the table that has this column. */
static int64_t cost_of_walk(const struct mib_fixture *fixture, const char *column,
                            size_t expected)
{
    struct mib_hint hint = { 0, 0 };
    struct mib_oid name = mib_fixture_find(fixture, column)->prefix;
    struct mib_oid end;
    struct mib_value value;
    unsigned sections = 0;
    size_t count = 0;
    int64_t started_ns = cpu_ns();

    name.length--; /* the entry: all of its columns */
    end = name;
    end.ids[end.length - 1]++;
    while (mib_next(fixture->tree, &fixture->context, &name, false, &end, &hint, &name,
                    &value, &sections)
           == MIB_FOUND) {
        count++;
    }
    assert_int_equal(count, expected);
    return (cpu_ns() - started_ns) * 1000 / (int64_t)count;
}

/*
 * Finding the domain of a device takes a few steps more than a row of vmTable,
 * but not one for each domain: that would be the hundredfold.
 */
static void test_a_walk_of_many_devices_is_no_burden(void **state)
{
    enum { DOMAINS = 10000, COLUMNS = 16, ROUNDS = 5 };
    struct mib_fixture *fixture = *state;
    struct snapshot_domain *rows = calloc(DOMAINS, sizeof(*rows));
    int64_t domains = INT64_MAX;
    int64_t disks = INT64_MAX;

    assert_non_null(rows);
    hide_volumes(fixture);
    for (uint32_t i = 0; i < DOMAINS; i++) {
        rows[i] = fixture->rows[0];
        rows[i].index = 2 * i + 1;
        if (i < DOMAINS / 4) {
            rows[i].parts = NULL;
        }
    }
    fixture->snapshot.domains = rows;
    fixture->snapshot.domain_count = DOMAINS;
    snapshot_count_parts(&fixture->snapshot);
    for (int round = 0; round < ROUNDS; round++) {
        int64_t cost = cost_of_walk(fixture, "vmName", (size_t)DOMAINS * COLUMNS);

        domains = cost < domains ? cost : domains;
        cost = cost_of_walk(fixture, "vmStorageParent",
                            (size_t)DOMAINS * 3 / 4 * FIXTURE_DISKS * COLUMNS);
        disks = cost < disks ? cost : disks;
    }
    free(rows);
    assert_true(disks < 20 * domains);
}

#define TEST(function)                                                                 \
    cmocka_unit_test_setup_teardown(function, mib_fixture_setup, mib_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_vcpus_tell_their_time_in_microseconds),
        TEST(test_vcpus_of_all_domains_are_listed),
        TEST(test_vcpus_without_a_counter_are_silent),
        TEST(test_old_times_of_vcpus_are_not_told),
        TEST(test_a_pinned_vcpu_tells_where_it_may_run),
        TEST(test_all_vcpus_tell_where_they_may_run),
        TEST(test_affinity_may_be_switched_off),
        TEST(test_affinity_that_is_not_known_is_unknown),
        TEST(test_without_the_cpus_of_the_node_there_is_no_affinity),
        TEST(test_only_pins_that_bind_have_rows),
        TEST(test_affinity_stays_when_nobody_answers),
        TEST(test_disks_tell_what_is_known),
        TEST(test_each_word_of_the_model_is_the_rfcs),
        TEST(test_disks_nobody_measured_have_no_sizes),
        TEST(test_one_disk_may_be_measured_and_another_not),
        TEST(test_when_nobody_answers_only_what_the_disk_is_stays),
        TEST(test_counters_that_a_disk_has_not_are_absent),
        TEST(test_blocks_and_raw_files_take_what_they_are),
        TEST(test_sizes_are_told_in_their_unit),
        TEST(test_what_is_not_described_is_absent_or_unknown),
        TEST(test_an_empty_drive_has_an_empty_name),
        TEST(test_the_file_system_of_a_disk_is_the_hosts),
        TEST(test_rows_follow_their_indices_not_the_description),
        TEST(test_volumes_without_a_domain_come_first),
        TEST(test_volumes_may_be_hidden_or_not_known),
        TEST(test_sizes_of_volumes_that_are_not_known_are_so),
        TEST(test_when_nobody_answers_only_what_the_volume_is_stays),
        TEST(test_interfaces_tell_what_is_known),
        TEST(test_interfaces_that_the_host_has_not_have_no_ifindex),
        TEST(test_when_nobody_answers_only_what_the_interface_is_stays),
        TEST(test_of_a_domain_without_a_description_only_vcpus_are_known),
        TEST(test_of_a_node_never_asked_nothing_is_told),
        TEST(test_data_of_any_age_is_told_where_there_is_no_limit),
        TEST(test_a_walk_of_many_devices_is_no_burden),
    };

    return cmocka_run_group_tests_name("mib_devices", tests, NULL, NULL);
}
