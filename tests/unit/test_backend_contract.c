/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_backend_contract.c - what backends/backend.h asks of every backend.
 *
 *     test_backend_contract MODULE URI BAD_URI [OPERATE_URI]
 *
 * or the same in HVX_CONTRACT_MODULE, HVX_CONTRACT_URI, HVX_CONTRACT_BAD_URI
 * and HVX_CONTRACT_OPERATE_URI.  MODULE is a path for dlopen(3).  URI opens a
 * node whose domains stay the same during the test; at least one of them would
 * be good.  BAD_URI must not open.  OPERATE_URI opens a node whose domains may
 * be started and stopped, see contract_operate.h: with it operations are tested,
 * and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backend.h"
#include "model/clock.h"
#include "tests/unit/contract_fixture.h"
#include "tests/unit/contract_operate.h"

#define ROUNDS 10

static const char *module_path;
static const char *good_uri;
static const char *bad_uri;

static void test_functions_fit_the_capabilities(void **state)
{
    const char *scheme_end = strchr(good_uri, ':');

    (void)state;
    assert_non_null(ops->name);
    assert_true(ops->name[0] != '\0');
    assert_int_equal(strspn(ops->name, "abcdefghijklmnopqrstuvwxyz0123456789"),
                     strlen(ops->name));
    assert_non_null(scheme_end);
    assert_memory_equal(ops->name, good_uri, (size_t)(scheme_end - good_uri));
    assert_non_null(ops->software);
    assert_true(ops->software[0] != '\0');
    assert_true((unsigned)ops->hypervisor < HYPERVISOR_COUNT);
    assert_non_null(ops->open);
    assert_non_null(ops->close);
    assert_non_null(ops->collect);
    assert_true(can(BACKEND_CAN_DOMAINS));
    assert_int_equal(can(BACKEND_CAN_EVENTS), ops->events != NULL);
}

static void test_a_bad_uri_is_refused_with_words(void **state)
{
    struct error error = ERROR_NONE;
    struct backend *backend = NULL;
    enum status status = ops->open(bad_uri, &backend, &error);

    (void)state;
    assert_words(status, &error);
    assert_null(backend);

    /* Words are for those who want them. */
    assert_int_equal(ops->open(bad_uri, &backend, NULL), status);
    assert_null(backend);
}

static void test_the_node_tells_its_software(void **state)
{
    struct backend *backend = open_backend(good_uri);
    struct collected nodes = collect(backend, SECTION_NODE);
    const struct node *node;

    (void)state;
    assert_int_equal(nodes.content.count, 1);
    node = nodes.content.records[0];
    assert_true((unsigned)node->hypervisor < HYPERVISOR_COUNT);
    assert_non_null(node->software);
    assert_clean(node->software);
    if (node->version != NULL) {
        assert_clean(node->version);
    }
    if (node->started_ns != CLOCK_NEVER) {
        assert_true(node->started_ns <= clock_boot_ns());
    }
    drop(&nodes);
    ops->close(backend);
}

static void test_domains_are_in_order(void **state)
{
    struct backend *backend = open_backend(good_uri);
    struct collected domains = collect(backend, SECTION_DOMAINS);

    (void)state;
    for (size_t i = 0; i < domains.content.count; i++) {
        const struct domain *domain = domains.content.records[i];

        assert_true(domain->name[0] != '\0');
        assert_clean(domain->name);
        assert_true((unsigned)domain->state < DOMAIN_STATE_COUNT);
        assert_true((unsigned)domain->autostart < DOMAIN_FLAG_COUNT);
        assert_true((unsigned)domain->persistent < DOMAIN_FLAG_COUNT);
        if (domain->started_ns != CLOCK_NEVER) {
            assert_true(domain->started_ns <= clock_boot_ns());
        }
    }
    drop(&domains);
    ops->close(backend);
}

static void assert_clean_if_known(const char *text)
{
    if (text != NULL) {
        assert_clean(text);
    }
}

static void check_disks(const struct domain_config *config)
{
    for (size_t i = 0; i < config->disk_count; i++) {
        const struct domain_disk *disk = &config->disks[i];

        assert_true(disk->target[0] != '\0');
        assert_clean(disk->target);
        for (size_t before = 0; before < i; before++) {
            assert_string_not_equal(config->disks[before].target, disk->target);
        }
        assert_clean_if_known(disk->format);
        assert_clean_if_known(disk->source);
        assert_clean_if_known(disk->bus);
        assert_true((unsigned)disk->source_type < DISK_SOURCE_COUNT);
        assert_true((unsigned)disk->media < DISK_MEDIA_COUNT);
        assert_true((unsigned)disk->read_only < DOMAIN_FLAG_COUNT);
        if (disk->mount_point != NULL) {
            assert_int_equal(disk->mount_point[0], '/');
        }
    }
}

static void check_interfaces(const struct domain_config *config)
{
    for (size_t i = 0; i < config->interface_count; i++) {
        for (size_t before = 0; before < i; before++) {
            assert_memory_not_equal(config->interfaces[before].mac,
                                    config->interfaces[i].mac, DOMAIN_MAC_SIZE);
        }
        assert_clean_if_known(config->interfaces[i].model);
    }
}

static void check_pins(const struct domain_config *config)
{
    assert_true(config->pin_count == 0 || config->affinity_known);
    assert_true(config->pin_count == 0 || can(BACKEND_CAN_AFFINITY));
    for (size_t i = 0; i < config->pin_count; i++) {
        const struct domain_pin *pin = &config->pins[i];

        assert_true(i == 0 || config->pins[i - 1].vcpu < pin->vcpu);
        assert_true(pin->word_count <= DOMAIN_CPUS_MAX / 64);
        if (config->vcpus_max != DOMAIN_NO_LIMIT) {
            assert_true(pin->vcpu < config->vcpus_max);
        }
    }
}

static void test_configurations_are_in_order(void **state)
{
    struct backend *backend = open_backend(good_uri);
    struct collected configs;

    (void)state;
    if (!serves(SECTION_CONFIGS)) {
        ops->close(backend);
        skip();
    }
    configs = collect(backend, SECTION_CONFIGS);
    for (size_t i = 0; i < configs.content.count; i++) {
        const struct domain_config *config = configs.content.records[i];

        if (config->os_type != NULL) {
            assert_clean(config->os_type);
        }
        assert_true(config->vcpus > 0 || config->vcpus == DOMAIN_NO_LIMIT);
        assert_true(config->vcpus_min >= DOMAIN_NO_LIMIT);
        assert_true(config->vcpus_max >= config->vcpus
                    || config->vcpus_max == DOMAIN_NO_LIMIT);
        assert_true(config->memory_min_bytes >= DOMAIN_NO_LIMIT);
        assert_true(config->memory_bytes > 0
                    || config->memory_bytes == DOMAIN_NO_LIMIT);
        assert_true(config->memory_max_bytes > 0
                    || config->memory_max_bytes == DOMAIN_NO_LIMIT);
        check_disks(config);
        check_interfaces(config);
        check_pins(config);
    }
    drop(&configs);
    ops->close(backend);
}

static bool is_size(int64_t bytes)
{
    return bytes >= 0 || bytes == DOMAIN_NO_LIMIT;
}

/* What is allocated is a part of what there is, where both are known. */
static void check_sizes(int64_t capacity_bytes, int64_t allocation_bytes)
{
    assert_true(is_size(capacity_bytes));
    assert_true(is_size(allocation_bytes));
    assert_true(capacity_bytes == DOMAIN_NO_LIMIT
                || allocation_bytes <= capacity_bytes);
}

static const void *record_with(const struct collected *collected,
                               const struct uuid *uuid)
{
    for (size_t i = 0; i < collected->content.count; i++) {
        if (uuid_compare(uuid_at(collected, i), uuid) == 0) {
            return collected->content.records[i];
        }
    }
    return NULL;
}

static bool config_has_disk(const struct domain_config *config, const char *target)
{
    for (size_t i = 0; i < config->disk_count; i++) {
        if (strcmp(config->disks[i].target, target) == 0) {
            return true;
        }
    }
    return false;
}

static bool config_has_mac(const struct domain_config *config, const uint8_t *mac)
{
    for (size_t i = 0; i < config->interface_count; i++) {
        if (memcmp(config->interfaces[i].mac, mac, DOMAIN_MAC_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static void check_devices(const struct domain_devices *devices,
                          const struct domain_config *config)
{
    assert_non_null(config);
    for (size_t i = 0; i < devices->disk_count; i++) {
        const struct disk_statistics *disk = &devices->disks[i];

        assert_true(config_has_disk(config, disk->target));
        assert_true(i == 0 || strcmp(devices->disks[i - 1].target, disk->target) < 0);
        assert_int_equal(
            disk->has & ~(DISK_HAS_REQUESTS | DISK_HAS_OCTETS | DISK_HAS_TIMES), 0);
        check_sizes(disk->capacity_bytes, disk->allocation_bytes);
    }
    for (size_t i = 0; i < devices->interface_count; i++) {
        const uint8_t *mac = devices->interfaces[i].mac;

        assert_true(config_has_mac(config, mac));
        assert_true(
            i == 0 || memcmp(devices->interfaces[i - 1].mac, mac, DOMAIN_MAC_SIZE) < 0);
    }
}

static void test_devices_are_those_of_the_configuration(void **state)
{
    struct backend *backend = open_backend(good_uri);
    struct collected configs;
    struct collected devices;

    (void)state;
    if (!serves(SECTION_CONFIGS) || !serves(SECTION_DEVICES)) {
        ops->close(backend);
        skip();
    }
    configs = collect(backend, SECTION_CONFIGS);
    devices = collect(backend, SECTION_DEVICES);
    for (size_t i = 0; i < devices.content.count; i++) {
        check_devices(devices.content.records[i],
                      record_with(&configs, uuid_at(&devices, i)));
    }
    drop(&configs);
    drop(&devices);
    ops->close(backend);
}

static void test_volumes_are_in_order(void **state)
{
    struct backend *backend = open_backend(good_uri);
    struct collected collected;
    const struct storage *storage;

    (void)state;
    if (!serves(SECTION_STORAGE)) {
        ops->close(backend);
        skip();
    }
    collected = collect(backend, SECTION_STORAGE);
    assert_int_equal(collected.content.count, 1);
    storage = collected.content.records[0];
    for (size_t i = 0; i < storage->volume_count; i++) {
        const struct volume *volume = &storage->volumes[i];

        assert_true(volume->key[0] != '\0' && volume->name[0] != '\0');
        assert_clean(volume->key);
        assert_clean(volume->name);
        assert_clean(volume->pool);
        assert_clean_if_known(volume->format);
        assert_true((unsigned)volume->source_type < DISK_SOURCE_COUNT);
        check_sizes(volume->capacity_bytes, volume->allocation_bytes);
        for (size_t before = 0; before < i; before++) {
            assert_string_not_equal(storage->volumes[before].key, volume->key);
        }
    }
    drop(&collected);
    ops->close(backend);
}

static void test_sections_agree_on_the_domains(void **state)
{
    struct backend *backend = open_backend(good_uri);
    struct collected domains = collect(backend, SECTION_DOMAINS);

    (void)state;
    for (enum section section = SECTION_CONFIGS; section < SECTION_COUNT; section++) {
        struct collected other;

        if (!serves(section) || !section_is_of_domains(section)) {
            continue;
        }
        other = collect(backend, section);
        assert_int_equal(other.content.count + builder_failures(other.builder),
                         domains.content.count);
        for (size_t i = 0; i < other.content.count; i++) {
            assert_true(has_uuid(&domains, uuid_at(&other, i)));
        }
        drop(&other);
    }
    drop(&domains);
    ops->close(backend);
}

static void test_what_it_cannot_do_it_says(void **state)
{
    struct backend *backend = open_backend(good_uri);

    (void)state;
    for (enum section section = SECTION_NODE; section < SECTION_COUNT; section++) {
        struct collected collected;

        if (serves(section)) {
            continue;
        }
        collected = collect_some(backend, section, NULL, 0);
        assert_int_equal(collected.status, STATUS_UNSUPPORTED);
        drop(&collected);
    }
    ops->close(backend);
}

static void test_some_domains_are_asked_alone(void **state)
{
    static const struct uuid unknown = { { 0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4, 5, 6, 7,
                                           8, 9, 10, 11, 12 } };
    struct backend *backend = open_backend(good_uri);
    struct collected domains = collect(backend, SECTION_DOMAINS);
    size_t count = domains.content.count;

    (void)state;
    for (enum section section = SECTION_DOMAINS; section < SECTION_COUNT; section++) {
        struct collected collected;
        struct uuid asked[3] = { unknown };
        size_t known = 0;

        if (!serves(section) || !section_is_of_domains(section)) {
            continue;
        }
        if (count > 0) {
            asked[1 + known++] = *uuid_at(&domains, count - 1);
        }
        if (count > 1) {
            asked[1 + known++] = *uuid_at(&domains, 0);
        }
        collected = collect_some(backend, section, asked, 1 + known);
        assert_int_equal(collected.status, STATUS_OK);
        assert_int_equal(collected.content.count, known);
        for (size_t i = 0; i < known; i++) {
            assert_true(has_uuid(&collected, &asked[1 + i]));
        }
        drop(&collected);

        /* One that is gone is left out, which is no error. */
        collected = collect_some(backend, section, &unknown, 1);
        assert_int_equal(collected.status, STATUS_OK);
        assert_int_equal(collected.content.count, 0);
        assert_int_equal(builder_failures(collected.builder), 0);
        drop(&collected);
    }
    drop(&domains);
    ops->close(backend);
}

static void test_it_stops_when_nobody_waits(void **state)
{
    struct backend *backend = open_backend(good_uri);
    struct collected domains = collect(backend, SECTION_DOMAINS);

    (void)state;
    for (enum section section = SECTION_NODE; section < SECTION_COUNT; section++) {
        const struct backend_request request = {
            .section = section,
            .deadline_ns = clock_boot_ns() + SOON_NS,
        };
        struct error error = ERROR_NONE;
        struct builder *builder;
        enum status status;

        if (!serves(section)
            || (section_is_of_domains(section) && domains.content.count == 0)) {
            continue;
        }
        builder = builder_new(section);
        builder_close(builder);
        status = ops->collect(backend, &request, builder, &error);
        assert_int_equal(status, STATUS_TIMEOUT);
        assert_words(status, &error);
        assert_true(clock_boot_ns() < request.deadline_ns);
        builder_unref(builder);
    }

    /* The connection is none the worse for it. */
    drop(&domains);
    domains = collect(backend, SECTION_DOMAINS);
    drop(&domains);
    ops->close(backend);
}

static void assert_no_step_back(const struct collected *before,
                                const struct collected *after)
{
    assert_int_equal(before->content.count, after->content.count);
    for (size_t i = 0; i < before->content.count; i++) {
        const struct domain_statistics *old = before->content.records[i];
        const struct domain_statistics *new = after->content.records[i];

        assert_int_equal(uuid_compare(&old->uuid, &new->uuid), 0);
        assert_int_equal(
            new->has & ~(DOMAIN_HAS_CPU_TIME | DOMAIN_HAS_MEMORY | DOMAIN_HAS_VCPUS),
            0);
        if ((old->has & new->has &DOMAIN_HAS_CPU_TIME) != 0) {
            assert_true(new->cpu_time_ns >= old->cpu_time_ns);
        }
        for (size_t vcpu = 0; vcpu < old->vcpu_count && vcpu < new->vcpu_count;
             vcpu++) {
            assert_true(!old->vcpu[vcpu].online || !new->vcpu[vcpu].online
                        || new->vcpu[vcpu].cpu_time_ns >= old->vcpu[vcpu].cpu_time_ns);
        }
    }
}

static void assert_disks_not_back(const struct collected *before,
                                  const struct collected *after)
{
    assert_int_equal(before->content.count, after->content.count);
    for (size_t i = 0; i < before->content.count; i++) {
        const struct domain_devices *devices = before->content.records[i];

        for (size_t at = 0; at < devices->disk_count; at++) {
            const struct disk_statistics *old = &devices->disks[at];
            const struct disk_statistics *new =
                domain_devices_disk(after->content.records[i], old->target);

            if (new == NULL || old->has != new->has) {
                continue;
            }
            assert_true(new->read_requests >= old->read_requests);
            assert_true(new->write_requests >= old->write_requests);
            assert_true(new->read_bytes >= old->read_bytes);
            assert_true(new->write_bytes >= old->write_bytes);
            assert_true(new->read_time_ns >= old->read_time_ns);
            assert_true(new->write_time_ns >= old->write_time_ns);
        }
    }
}

static void test_disks_survive_the_connection(void **state)
{
    struct backend *backend = open_backend(good_uri);
    struct collected first;
    struct collected second;
    struct collected third;

    (void)state;
    if (!serves(SECTION_DEVICES)) {
        ops->close(backend);
        skip();
    }
    first = collect(backend, SECTION_DEVICES);
    second = collect(backend, SECTION_DEVICES);
    assert_disks_not_back(&first, &second);
    ops->close(backend);

    backend = open_backend(good_uri);
    third = collect(backend, SECTION_DEVICES);
    assert_disks_not_back(&second, &third);
    drop(&first);
    drop(&second);
    drop(&third);
    ops->close(backend);
}

static void test_counters_survive_the_connection(void **state)
{
    struct backend *backend = open_backend(good_uri);
    struct collected first;
    struct collected second;
    struct collected third;

    (void)state;
    if (!serves(SECTION_STATISTICS)) {
        ops->close(backend);
        skip();
    }
    first = collect(backend, SECTION_STATISTICS);
    second = collect(backend, SECTION_STATISTICS);
    assert_no_step_back(&first, &second);
    ops->close(backend);

    backend = open_backend(good_uri);
    third = collect(backend, SECTION_STATISTICS);
    assert_no_step_back(&second, &third);
    drop(&first);
    drop(&second);
    drop(&third);
    ops->close(backend);
}

static void test_it_can_be_opened_again(void **state)
{
    struct backend *first = open_backend(good_uri);
    struct backend *second = open_backend(good_uri);
    struct collected before = collect(first, SECTION_DOMAINS);
    struct collected after;

    (void)state;
    assert_ptr_not_equal(first, second);
    ops->close(first);
    after = collect(second, SECTION_DOMAINS);
    assert_int_equal(before.content.count, after.content.count);
    for (size_t i = 0; i < before.content.count; i++) {
        const struct domain *old = before.content.records[i];
        const struct domain *new = after.content.records[i];

        assert_int_equal(uuid_compare(&old->uuid, &new->uuid), 0);
        assert_string_equal(old->name, new->name);
    }
    drop(&before);
    drop(&after);
    ops->close(second);
}

/* cmocka's assertions are for the main thread: threads only count. */
struct worker {
    pthread_t thread;
    struct backend *backend;
    enum section section;
    size_t wanted;
    size_t failures;
};

static void *work(void *argument)
{
    struct worker *worker = argument;

    for (int i = 0; i < ROUNDS; i++) {
        struct collected collected =
            collect_some(worker->backend, worker->section, NULL, 0);

        if (collected.status != STATUS_OK
            || collected.content.count != worker->wanted) {
            worker->failures++;
        }
        drop(&collected);
    }
    return NULL;
}

static void test_sections_are_collected_at_once(void **state)
{
    struct backend *backend = open_backend(good_uri);
    struct worker workers[SECTION_COUNT];

    (void)state;
    for (enum section section = SECTION_NODE; section < SECTION_COUNT; section++) {
        struct worker *worker = &workers[section];
        struct collected alone;

        *worker = (struct worker) { .backend = backend, .section = section };
        if (!serves(section)) {
            worker->section = SECTION_DOMAINS;
        }
        alone = collect(backend, worker->section);
        worker->wanted = alone.content.count;
        drop(&alone);
    }
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]),
                         0);
    }
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].failures, 0);
    }
    ops->close(backend);
}

/* Loads the module for all tests: what is wrong here is wrong everywhere. */
static int load_module(void **state)
{
    const struct backend_module *module;
    void *handle = dlopen(module_path, RTLD_NOW | RTLD_LOCAL);

    if (handle == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return -1;
    }
    *state = handle;
    module = dlsym(handle, BACKEND_MODULE_SYMBOL);
    if (module == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return -1;
    }
    if (module->abi != BACKEND_ABI || module->ops == NULL) {
        fprintf(stderr, "%s: ABI %u, not %u\n", module_path, module->abi,
                (unsigned)BACKEND_ABI);
        return -1;
    }
    ops = module->ops;
    return 0;
}

/* Stays loaded: leaks are told with names of functions then. */
static int keep_module(void **state)
{
    return *state != NULL ? 0 : -1;
}

static const char *setting(int argc, char **argv, int at, const char *variable)
{
    const char *value = argc > at ? argv[at] : getenv(variable);

    if (value == NULL || value[0] == '\0') {
        fprintf(stderr,
                "usage: %s MODULE URI BAD_URI [OPERATE_URI]\n"
                "or the same in HVX_CONTRACT_MODULE, HVX_CONTRACT_URI, "
                "HVX_CONTRACT_BAD_URI; %s is missing\n",
                argv[0], variable);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions_fit_the_capabilities),
        cmocka_unit_test(test_a_bad_uri_is_refused_with_words),
        cmocka_unit_test(test_the_node_tells_its_software),
        cmocka_unit_test(test_domains_are_in_order),
        cmocka_unit_test(test_configurations_are_in_order),
        cmocka_unit_test(test_devices_are_those_of_the_configuration),
        cmocka_unit_test(test_volumes_are_in_order),
        cmocka_unit_test(test_sections_agree_on_the_domains),
        cmocka_unit_test(test_what_it_cannot_do_it_says),
        cmocka_unit_test(test_some_domains_are_asked_alone),
        cmocka_unit_test(test_it_stops_when_nobody_waits),
        cmocka_unit_test(test_counters_survive_the_connection),
        cmocka_unit_test(test_disks_survive_the_connection),
        cmocka_unit_test(test_it_can_be_opened_again),
        cmocka_unit_test(test_sections_are_collected_at_once),
        cmocka_unit_test(test_actions_fit_the_capabilities),
    };
    const struct CMUnitTest operations[] = {
        cmocka_unit_test(test_an_operation_is_seen),
        cmocka_unit_test(test_a_value_is_seen),
        cmocka_unit_test(test_an_unsupported_action_is_refused),
        cmocka_unit_test(test_a_wrong_state_is_refused),
        cmocka_unit_test(test_a_wrong_value_is_refused),
        cmocka_unit_test(test_a_domain_may_be_gone),
        cmocka_unit_test(test_a_failure_is_told),
        cmocka_unit_test(test_what_hangs_ends_at_its_deadline),
        cmocka_unit_test(test_two_domains_are_operated_on_at_once),
    };

    module_path = setting(argc, argv, 1, "HVX_CONTRACT_MODULE");
    good_uri = setting(argc, argv, 2, "HVX_CONTRACT_URI");
    bad_uri = setting(argc, argv, 3, "HVX_CONTRACT_BAD_URI");
    operate_uri = argc > 4 ? argv[4] : getenv("HVX_CONTRACT_OPERATE_URI");
    if (operate_uri != NULL) {
        return cmocka_run_group_tests_name("operations", operations, load_module,
                                           keep_module);
    }
    return cmocka_run_group_tests_name("backend contract", tests, load_module,
                                       keep_module);
}
