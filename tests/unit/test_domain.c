/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_domain.c - the records of a node and its domains, and what their
 * states stand for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/clock.h"
#include "model/domain.h"
#include "model/node.h"
#include "model/text.h"

static void test_a_domain_is_copied_and_cleaned(void **state)
{
    char name[] = "web\n01";
    const struct domain from = {
        .uuid = { { 1, 2, 3 } },
        .name = name,
        .state = DOMAIN_STATE_PAUSED,
        .autostart = DOMAIN_FLAG_YES,
        .persistent = DOMAIN_FLAG_NO,
        .started_ns = 42,
    };
    struct domain *domain = domain_new(&from);

    (void)state;
    memset(name, 'x', sizeof(name) - 1); /* the caller's is its own again */
    assert_non_null(domain);
    assert_int_equal(uuid_compare(&domain->uuid, &from.uuid), 0);
    assert_string_equal(domain->name, "web01");
    assert_int_equal(domain->state, DOMAIN_STATE_PAUSED);
    assert_int_equal(domain->autostart, DOMAIN_FLAG_YES);
    assert_int_equal(domain->persistent, DOMAIN_FLAG_NO);
    assert_int_equal(domain->started_ns, 42);
    record_unref(domain);
}

static void test_a_domain_without_a_name_has_an_empty_one(void **state)
{
    struct domain *domain = domain_new(&(const struct domain) { .name = NULL });

    (void)state;
    assert_non_null(domain);
    assert_string_equal(domain->name, "");
    record_unref(domain);
}

static void test_a_configuration_is_copied(void **state)
{
    const struct domain_config from = {
        .uuid = { { 9 } },
        .os_type = "hvm\033",
        .vcpus = 2,
        .vcpus_min = DOMAIN_NO_LIMIT,
        .vcpus_max = 4,
        .memory_min_bytes = DOMAIN_NO_LIMIT,
        .memory_max_bytes = INT64_C(8) << 30,
        .memory_bytes = INT64_C(4) << 30,
        .cpu_weight = 2048,
        .cpu_cap_known = true,
        .cpu_cap = 150,
    };
    struct domain_config *config = domain_config_new(&from);

    (void)state;
    assert_non_null(config);
    assert_int_equal(uuid_compare(&config->uuid, &from.uuid), 0);
    assert_string_equal(config->os_type, "hvm");
    assert_int_equal(config->vcpus, 2);
    assert_int_equal(config->vcpus_min, DOMAIN_NO_LIMIT);
    assert_int_equal(config->vcpus_max, 4);
    assert_int_equal(config->memory_min_bytes, DOMAIN_NO_LIMIT);
    assert_int_equal(config->memory_max_bytes, INT64_C(8) << 30);
    assert_int_equal(config->memory_bytes, INT64_C(4) << 30);
    assert_int_equal(config->cpu_weight, 2048);
    assert_true(config->cpu_cap_known);
    assert_int_equal(config->cpu_cap, 150);
    record_unref(config);

    config = domain_config_new(&(const struct domain_config) { .vcpus = 1 });
    assert_non_null(config);
    assert_null(config->os_type); /* unknown stays unknown */
    assert_int_equal(config->cpu_weight, 0);
    assert_false(config->cpu_cap_known);
    record_unref(config);
}

static void test_statistics_are_copied(void **state)
{
    const struct domain_statistics from = {
        .uuid = { { 7 } },
        .has = DOMAIN_HAS_CPU_TIME | DOMAIN_HAS_VCPUS,
        .cpu_time_ns = UINT64_MAX,
        .memory_bytes = 1,
        .vcpus = 3,
    };
    struct domain_statistics *statistics = domain_statistics_new(&from);

    (void)state;
    assert_non_null(statistics);
    assert_int_equal(uuid_compare(&statistics->uuid, &from.uuid), 0);
    assert_int_equal(statistics->has, DOMAIN_HAS_CPU_TIME | DOMAIN_HAS_VCPUS);
    assert_true(statistics->cpu_time_ns == UINT64_MAX);
    assert_int_equal(statistics->memory_bytes, 1);
    assert_int_equal(statistics->vcpus, 3);
    record_unref(statistics);
}

/* Everything a configuration may hold, at addresses that can be overwritten. */
struct sample {
    char texts[6][32];
    uint64_t cpus[2];
    struct domain_pin pins[3];
    struct domain_disk disks[2];
    struct domain_interface interfaces[2];
    struct domain_config config;
};

static void fill_sample(struct sample *sample)
{
    static const char *const texts[] = { "vd\na",    "qcow2\t",     "/images/a\033",
                                         "virtio\r", "/images\x7f", "e1000\xc2\x85" };

    memset(sample, 0, sizeof(*sample));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        strcpy(sample->texts[i], texts[i]);
    }
    sample->cpus[0] = 0x5;
    sample->cpus[1] = UINT64_MAX;
    sample->pins[0] = (struct domain_pin) { 0, 1, sample->cpus };
    sample->pins[1] = (struct domain_pin) { 2, 2, sample->cpus };
    sample->pins[2] = (struct domain_pin) { 1, 0, NULL };
    sample->disks[0] = (struct domain_disk) {
        .target = sample->texts[0],
        .format = sample->texts[1],
        .source = sample->texts[2],
        .bus = sample->texts[3],
        .mount_point = sample->texts[4],
        .source_type = DISK_SOURCE_SPARSE,
        .media = DISK_MEDIA_FLOPPY,
        .read_only = DOMAIN_FLAG_YES,
    };
    sample->disks[1] = (struct domain_disk) { .source = "" };
    sample->interfaces[0] =
        (struct domain_interface) { { 0x52, 0x54, 0, 1, 2, 3 }, sample->texts[5] };
    sample->interfaces[1] = (struct domain_interface) { { 0x52, 0x54 }, NULL };
    sample->config = (struct domain_config) {
        .affinity_known = true,
        .pin_count = 3,
        .pins = sample->pins,
        .disk_count = 2,
        .disks = sample->disks,
        .interface_count = 2,
        .interfaces = sample->interfaces,
    };
}

/* A copy of the sample whose original is overwritten and gone. */
static struct domain_config *copy_of_sample(void)
{
    struct sample *sample = malloc(sizeof(*sample));
    struct domain_config *config;

    assert_non_null(sample);
    fill_sample(sample);
    config = domain_config_new(&sample->config);
    memset(sample, 0xa5, sizeof(*sample));
    free(sample);
    assert_non_null(config);
    return config;
}

static void test_disks_are_copied_and_cleaned_in_their_order(void **state)
{
    struct domain_config *config = copy_of_sample();

    (void)state;
    assert_int_equal(config->disk_count, 2);
    assert_string_equal(config->disks[0].target, "vda");
    assert_string_equal(config->disks[0].format, "qcow2");
    assert_string_equal(config->disks[0].source, "/images/a");
    assert_string_equal(config->disks[0].bus, "virtio");
    assert_string_equal(config->disks[0].mount_point, "/images");
    assert_int_equal(config->disks[0].source_type, DISK_SOURCE_SPARSE);
    assert_int_equal(config->disks[0].media, DISK_MEDIA_FLOPPY);
    assert_int_equal(config->disks[0].read_only, DOMAIN_FLAG_YES);

    /* What is unknown stays so, apart from the target; and none is none. */
    assert_string_equal(config->disks[1].target, "");
    assert_null(config->disks[1].format);
    assert_string_equal(config->disks[1].source, "");
    assert_null(config->disks[1].bus);
    assert_null(config->disks[1].mount_point);
    assert_int_equal(config->disks[1].source_type, DISK_SOURCE_UNKNOWN);
    assert_int_equal(config->disks[1].media, DISK_MEDIA_UNKNOWN);
    assert_int_equal(config->disks[1].read_only, DOMAIN_FLAG_UNKNOWN);
    record_unref(config);
}

static void test_interfaces_are_copied_and_cleaned_in_their_order(void **state)
{
    static const uint8_t mac[DOMAIN_MAC_SIZE] = { 0x52, 0x54, 0, 1, 2, 3 };
    struct domain_config *config = copy_of_sample();

    (void)state;
    assert_int_equal(config->interface_count, 2);
    assert_memory_equal(config->interfaces[0].mac, mac, sizeof(mac));
    assert_string_equal(config->interfaces[0].model, "e1000");
    assert_int_equal(config->interfaces[1].mac[5], 0);
    assert_null(config->interfaces[1].model);
    record_unref(config);
}

static void test_pins_are_copied_and_sorted(void **state)
{
    struct domain_config *config = copy_of_sample();

    (void)state;
    assert_true(config->affinity_known);
    assert_int_equal(config->pin_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(config->pins[i].vcpu, i);
    }
    assert_int_equal(config->pins[0].word_count, 1);
    assert_int_equal(config->pins[0].cpus[0], 0x5);
    assert_int_equal(config->pins[1].word_count, 0);
    assert_int_equal(config->pins[2].word_count, 2);
    assert_int_equal(config->pins[2].cpus[0], 0x5);
    assert_true(config->pins[2].cpus[1] == UINT64_MAX);
    record_unref(config);
}

static void test_of_two_pins_of_a_vcpu_one_counts(void **state)
{
    static const uint64_t cpus[] = { 1, 2 };
    static const struct domain_pin pins[] = {
        { 7, 1, &cpus[0] }, { 3, 1, &cpus[1] }, { 7, 1, &cpus[1] },
        { 3, 1, &cpus[0] }, { 7, 1, &cpus[0] },
    };
    struct domain_config *config = domain_config_new(
        &(const struct domain_config) { .pin_count = 5, .pins = pins });

    (void)state;
    assert_non_null(config);
    assert_false(config->affinity_known);
    assert_int_equal(config->pin_count, 2);
    assert_int_equal(config->pins[0].vcpu, 3);
    assert_int_equal(config->pins[1].vcpu, 7);
    assert_in_range(config->pins[0].cpus[0], 1, 2);
    assert_in_range(config->pins[1].cpus[0], 1, 2);
    record_unref(config);
}

static void test_a_configuration_without_devices_has_none(void **state)
{
    struct domain_config *config =
        domain_config_new(&(const struct domain_config) { .vcpus = 1 });

    (void)state;
    assert_non_null(config);
    assert_int_equal(config->pin_count, 0);
    assert_int_equal(config->disk_count, 0);
    assert_int_equal(config->interface_count, 0);
    assert_false(config->affinity_known);
    record_unref(config);
}

static void test_ten_thousand_disks_are_no_burden(void **state)
{
    enum { DISKS = 10000 };
    struct domain_disk *disks = calloc(DISKS, sizeof(*disks));
    char(*targets)[TEXT_MAX + 100] = calloc(DISKS, sizeof(*targets));
    struct domain_config *config;

    (void)state;
    assert_non_null(disks);
    assert_non_null(targets);
    for (int i = 0; i < DISKS; i++) {
        memset(targets[i], 'x', sizeof(targets[i]) - 1);
        targets[i][snprintf(targets[i], 16, "%05d", i)] = '-';
        disks[i].target = targets[i];
        disks[i].source = targets[i];
    }
    config = domain_config_new(
        &(const struct domain_config) { .disk_count = DISKS, .disks = disks });
    free(disks);
    free(targets);
    assert_non_null(config);
    assert_int_equal(config->disk_count, DISKS);
    for (int i = 0; i < DISKS; i++) {
        char expected[16];

        snprintf(expected, sizeof(expected), "%05d-", i);
        assert_memory_equal(config->disks[i].target, expected, 6);
        assert_memory_equal(config->disks[i].source, expected, 6);
        assert_int_equal(strlen(config->disks[i].target), TEXT_MAX);
    }
    record_unref(config);
}

static void test_counters_of_vcpus_are_copied(void **state)
{
    struct vcpu_statistics vcpu[] = { { true, 1 }, { false, 2 }, { true, UINT64_MAX } };
    const struct domain_statistics from = { .vcpu_count = 3, .vcpu = vcpu };
    struct domain_statistics *statistics = domain_statistics_new(&from);

    (void)state;
    memset(vcpu, 0xa5, sizeof(vcpu));
    assert_non_null(statistics);
    assert_int_equal(statistics->vcpu_count, 3);
    assert_true(statistics->vcpu[0].online);
    assert_false(statistics->vcpu[1].online);
    assert_true(statistics->vcpu[2].online);
    assert_int_equal(statistics->vcpu[0].cpu_time_ns, 1);
    assert_int_equal(statistics->vcpu[1].cpu_time_ns, 2);
    assert_true(statistics->vcpu[2].cpu_time_ns == UINT64_MAX);
    record_unref(statistics);
}

static struct domain_devices *unsorted_devices(void)
{
    char target[] = "vd\nb";
    struct disk_statistics disks[] = {
        { .target = "vdc", .has = DISK_HAS_TIMES, .capacity_bytes = 3 },
        { .target = target,
          .has = DISK_HAS_REQUESTS | DISK_HAS_OCTETS,
          .read_requests = 1,
          .write_requests = 2,
          .read_bytes = 3,
          .write_bytes = 4,
          .read_time_ns = 5,
          .write_time_ns = 6,
          .capacity_bytes = 7,
          .allocation_bytes = DOMAIN_NO_LIMIT },
        { .target = NULL, .capacity_bytes = 9 },
        { .target = "vdc", .has = DISK_HAS_TIMES, .capacity_bytes = 3 },
    };
    struct interface_statistics interfaces[] = {
        { { 0xff, 0, 0, 0, 0, 1 }, 10, 1 },
        { { 0x7f, 0, 0, 0, 0, 9 }, 11, 2 },
        { { 0xff, 0, 0, 0, 0, 0 }, 12, 3 },
        { { 0xff, 0, 0, 0, 0, 1 }, 10, 1 },
    };
    struct domain_devices *devices = domain_devices_new(&(const struct domain_devices) {
        .uuid = { { 5 } },
        .disk_count = 4,
        .disks = disks,
        .interface_count = 4,
        .interfaces = interfaces,
    });

    memset(disks, 0xa5, sizeof(disks));
    memset(interfaces, 0xa5, sizeof(interfaces));
    memset(target, 'x', sizeof(target) - 1);
    assert_non_null(devices);
    return devices;
}

static void test_counters_of_disks_are_found_by_target(void **state)
{
    struct domain_devices *devices = unsorted_devices();
    const struct disk_statistics *disk;

    (void)state;
    assert_int_equal(devices->uuid.bytes[0], 5);
    assert_int_equal(devices->disk_count, 3);
    assert_string_equal(devices->disks[0].target, "");
    assert_string_equal(devices->disks[1].target, "vdb");
    assert_string_equal(devices->disks[2].target, "vdc");
    disk = domain_devices_disk(devices, "vdb");
    assert_non_null(disk);
    assert_int_equal(disk->has, DISK_HAS_REQUESTS | DISK_HAS_OCTETS);
    assert_int_equal(disk->read_requests, 1);
    assert_int_equal(disk->write_requests, 2);
    assert_int_equal(disk->read_bytes, 3);
    assert_int_equal(disk->write_bytes, 4);
    assert_int_equal(disk->read_time_ns, 5);
    assert_int_equal(disk->write_time_ns, 6);
    assert_int_equal(disk->capacity_bytes, 7);
    assert_int_equal(disk->allocation_bytes, DOMAIN_NO_LIMIT);
    assert_int_equal(domain_devices_disk(devices, "vdc")->capacity_bytes, 3);
    assert_int_equal(domain_devices_disk(devices, "")->capacity_bytes, 9);
    assert_null(domain_devices_disk(devices, "vda"));
    assert_null(domain_devices_disk(devices, "vdbb"));
    assert_null(domain_devices_disk(devices, "vdd"));
    record_unref(devices);
}

static void test_places_of_interfaces_are_found_by_address(void **state)
{
    static const uint8_t first[] = { 0x7f, 0, 0, 0, 0, 9 };
    static const uint8_t middle[] = { 0xff, 0, 0, 0, 0, 0 };
    static const uint8_t last[] = { 0xff, 0, 0, 0, 0, 1 };
    static const uint8_t nobody[] = { 0xff, 0, 0, 0, 1, 0 };
    struct domain_devices *devices = unsorted_devices();

    (void)state;
    assert_int_equal(devices->interface_count, 3);
    assert_memory_equal(devices->interfaces[0].mac, first, DOMAIN_MAC_SIZE);
    assert_memory_equal(devices->interfaces[1].mac, middle, DOMAIN_MAC_SIZE);
    assert_memory_equal(devices->interfaces[2].mac, last, DOMAIN_MAC_SIZE);
    assert_int_equal(domain_devices_interface(devices, first)->if_index, 11);
    assert_int_equal(domain_devices_interface(devices, middle)->if_index, 12);
    assert_int_equal(domain_devices_interface(devices, last)->if_index, 10);
    assert_int_equal(domain_devices_interface(devices, last)->parent_if_index, 1);
    assert_null(domain_devices_interface(devices, nobody));
    record_unref(devices);
}

static void test_where_there_are_no_devices_none_is_found(void **state)
{
    static const uint8_t mac[DOMAIN_MAC_SIZE] = { 0 };
    struct domain_devices *devices =
        domain_devices_new(&(const struct domain_devices) { .uuid = { { 1 } } });

    (void)state;
    assert_non_null(devices);
    assert_int_equal(devices->disk_count, 0);
    assert_int_equal(devices->interface_count, 0);
    assert_null(domain_devices_disk(devices, ""));
    assert_null(domain_devices_interface(devices, mac));
    record_unref(devices);
}

static void test_a_pin_has_the_cpus_whose_bits_are_set(void **state)
{
    static const uint64_t cpus[] = { UINT64_C(1) << 63 | 1, 1 };
    const struct domain_pin pin = { .word_count = 2, .cpus = cpus };
    const struct domain_pin none = { .word_count = 0 };

    (void)state;
    for (uint32_t cpu = 0; cpu < 300; cpu++) {
        assert_int_equal(domain_pin_has(&pin, cpu), cpu == 0 || cpu == 63 || cpu == 64);
        assert_false(domain_pin_has(&none, cpu));
    }
    assert_false(domain_pin_has(&pin, UINT32_MAX));
}

/* With all CPUs of the node, and with all but one. */
static void test_a_pin_binds_where_a_cpu_of_the_node_is_missing(void **state)
{
    static const uint32_t counts[] = { 1, 2, 63, 64, 65, 127, 128, 129, 192 };

    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        uint64_t cpus[4] = { 0 };
        struct domain_pin pin = { .cpus = cpus, .word_count = (counts[i] + 63) / 64 };
        const struct domain_pin longer = { .cpus = cpus, .word_count = 4 };

        for (uint32_t cpu = 0; cpu < counts[i]; cpu++) {
            cpus[cpu / 64] |= UINT64_C(1) << cpu % 64;
        }
        assert_false(domain_pin_is_binding(&pin, counts[i]));
        assert_false(domain_pin_is_binding(&longer, counts[i]));
        assert_true(domain_pin_is_binding(&longer, counts[i] + 1));
        for (uint32_t cpu = 0; cpu < counts[i]; cpu++) {
            cpus[cpu / 64] ^= UINT64_C(1) << cpu % 64;
            assert_true(domain_pin_is_binding(&pin, counts[i]));
            cpus[cpu / 64] ^= UINT64_C(1) << cpu % 64;
        }
        /* The last word is missing: its CPUs are. */
        pin.word_count--;
        assert_true(domain_pin_is_binding(&pin, counts[i]));
        pin.word_count = 0;
        pin.cpus = NULL;
        assert_true(domain_pin_is_binding(&pin, counts[i]));
    }
}

static void test_cpus_that_the_node_has_not_do_not_matter(void **state)
{
    static const uint64_t cpus[] = { 0xff, UINT64_MAX };
    const struct domain_pin pin = { .word_count = 2, .cpus = cpus };
    const struct domain_pin none = { .word_count = 0 };

    (void)state;
    assert_false(domain_pin_is_binding(&pin, 7));
    assert_false(domain_pin_is_binding(&pin, 8));
    assert_true(domain_pin_is_binding(&pin, 9));
    assert_true(domain_pin_is_binding(&pin, 128));
    /* A node whose CPUs are not known has none to be bound to. */
    assert_false(domain_pin_is_binding(&pin, 0));
    assert_false(domain_pin_is_binding(&none, 0));
}

static void test_a_node_is_copied(void **state)
{
    const struct node from = {
        .hypervisor = HYPERVISOR_XEN,
        .software = "Xen",
        .version = NULL,
        .started_ns = CLOCK_NEVER,
    };
    struct node *node = node_new(&from);

    (void)state;
    assert_non_null(node);
    assert_int_equal(node->hypervisor, HYPERVISOR_XEN);
    assert_string_equal(node->software, "Xen");
    assert_ptr_not_equal(node->software, from.software);
    assert_null(node->version);
    assert_int_equal(node->started_ns, CLOCK_NEVER);
    record_unref(node);
}

static void test_every_state_has_its_own_name(void **state)
{
    (void)state;
    for (int i = 0; i < DOMAIN_STATE_COUNT; i++) {
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(domain_state_name((enum domain_state)i),
                                    domain_state_name((enum domain_state)j));
        }
    }
    assert_string_equal(domain_state_name(DOMAIN_STATE_RUNNING), "running");
}

static void test_states_stand_for_what_was_wanted(void **state)
{
    static const enum domain_admin_state expected[] = {
        [DOMAIN_STATE_UNKNOWN] = DOMAIN_ADMIN_STATE_UNKNOWN,
        [DOMAIN_STATE_OTHER] = DOMAIN_ADMIN_STATE_UNKNOWN,
        [DOMAIN_STATE_PREPARING] = DOMAIN_ADMIN_STATE_RUNNING,
        [DOMAIN_STATE_RUNNING] = DOMAIN_ADMIN_STATE_RUNNING,
        [DOMAIN_STATE_SUSPENDING] = DOMAIN_ADMIN_STATE_SUSPENDED,
        [DOMAIN_STATE_SUSPENDED] = DOMAIN_ADMIN_STATE_SUSPENDED,
        [DOMAIN_STATE_RESUMING] = DOMAIN_ADMIN_STATE_RUNNING,
        [DOMAIN_STATE_PAUSED] = DOMAIN_ADMIN_STATE_PAUSED,
        [DOMAIN_STATE_MIGRATING] = DOMAIN_ADMIN_STATE_RUNNING,
        [DOMAIN_STATE_SHUTTING_DOWN] = DOMAIN_ADMIN_STATE_SHUTDOWN,
        [DOMAIN_STATE_SHUTDOWN] = DOMAIN_ADMIN_STATE_SHUTDOWN,
        [DOMAIN_STATE_CRASHED] = DOMAIN_ADMIN_STATE_RUNNING,
    };

    (void)state;
    _Static_assert(sizeof(expected) / sizeof(expected[0]) == DOMAIN_STATE_COUNT,
                   "an expectation for each state");
    for (int i = 0; i < DOMAIN_STATE_COUNT; i++) {
        assert_int_equal(domain_state_admin((enum domain_state)i), expected[i]);
    }
}

static void test_only_a_domain_that_exists_may_have_an_age(void **state)
{
    (void)state;
    for (int i = 0; i < DOMAIN_STATE_COUNT; i++) {
        bool inactive = i == DOMAIN_STATE_UNKNOWN || i == DOMAIN_STATE_SHUTDOWN;

        assert_int_equal(domain_state_is_active((enum domain_state)i), !inactive);
    }
}

static void test_a_state_from_nowhere_is_unknown(void **state)
{
    (void)state;
    assert_string_equal(domain_state_name((enum domain_state)4711), "unknown");
    assert_int_equal(domain_state_admin((enum domain_state)4711),
                     DOMAIN_ADMIN_STATE_UNKNOWN);
    assert_false(domain_state_is_active((enum domain_state)4711));
}

/* Getters take enumerators for positions in tables. */
static void test_what_is_no_enumerator_is_unknown(void **state)
{
    const struct domain from = {
        .name = "web",
        .state = (enum domain_state)DOMAIN_STATE_COUNT,
        .autostart = (enum domain_flag)DOMAIN_FLAG_COUNT,
        .persistent = (enum domain_flag)77,
    };
    const struct domain_disk disk = {
        .target = "vda",
        .source_type = (enum disk_source)DISK_SOURCE_COUNT,
        .media = (enum disk_media)77,
        .read_only = (enum domain_flag)DOMAIN_FLAG_COUNT,
    };
    const struct domain_config config_from = { .disk_count = 1, .disks = &disk };
    const struct node node_from = { .hypervisor = (enum hypervisor)HYPERVISOR_COUNT };
    struct domain *domain = domain_new(&from);
    struct domain_config *config = domain_config_new(&config_from);
    struct node *node = node_new(&node_from);

    (void)state;
    assert_non_null(domain);
    assert_int_equal(domain->state, DOMAIN_STATE_UNKNOWN);
    assert_int_equal(domain->autostart, DOMAIN_FLAG_UNKNOWN);
    assert_int_equal(domain->persistent, DOMAIN_FLAG_UNKNOWN);
    assert_non_null(config);
    assert_int_equal(config->disks[0].source_type, DISK_SOURCE_UNKNOWN);
    assert_int_equal(config->disks[0].media, DISK_MEDIA_UNKNOWN);
    assert_int_equal(config->disks[0].read_only, DOMAIN_FLAG_UNKNOWN);
    assert_non_null(node);
    assert_int_equal(node->hypervisor, HYPERVISOR_OTHER);
    record_unref(domain);
    record_unref(config);
    record_unref(node);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_domain_is_copied_and_cleaned),
        cmocka_unit_test(test_a_domain_without_a_name_has_an_empty_one),
        cmocka_unit_test(test_a_configuration_is_copied),
        cmocka_unit_test(test_statistics_are_copied),
        cmocka_unit_test(test_disks_are_copied_and_cleaned_in_their_order),
        cmocka_unit_test(test_interfaces_are_copied_and_cleaned_in_their_order),
        cmocka_unit_test(test_pins_are_copied_and_sorted),
        cmocka_unit_test(test_of_two_pins_of_a_vcpu_one_counts),
        cmocka_unit_test(test_a_configuration_without_devices_has_none),
        cmocka_unit_test(test_ten_thousand_disks_are_no_burden),
        cmocka_unit_test(test_counters_of_vcpus_are_copied),
        cmocka_unit_test(test_counters_of_disks_are_found_by_target),
        cmocka_unit_test(test_places_of_interfaces_are_found_by_address),
        cmocka_unit_test(test_where_there_are_no_devices_none_is_found),
        cmocka_unit_test(test_a_pin_has_the_cpus_whose_bits_are_set),
        cmocka_unit_test(test_a_pin_binds_where_a_cpu_of_the_node_is_missing),
        cmocka_unit_test(test_cpus_that_the_node_has_not_do_not_matter),
        cmocka_unit_test(test_a_node_is_copied),
        cmocka_unit_test(test_every_state_has_its_own_name),
        cmocka_unit_test(test_states_stand_for_what_was_wanted),
        cmocka_unit_test(test_only_a_domain_that_exists_may_have_an_age),
        cmocka_unit_test(test_a_state_from_nowhere_is_unknown),
        cmocka_unit_test(test_what_is_no_enumerator_is_unknown),
    };

    return cmocka_run_group_tests_name("domain", tests, NULL, NULL);
}
