/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sim_life.c - the numbers of a simulated node in the course of time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/sim_fixture.h"

static struct backend *open_golden(void)
{
    return open_source("tests/data/golden.xml");
}

static void test_a_frozen_clock_stands(void **state)
{
    const int64_t uptime_ns = 864000 * CLOCK_NS_PER_S;
    struct backend *backend = open_golden();
    struct collected first = must_collect(backend, SECTION_STATISTICS);
    struct collected second;
    struct domain_statistics busy = statistics_of(backend, "busy");

    (void)state;
    sim()->close(backend);
    backend = open_golden();
    second = must_collect(backend, SECTION_STATISTICS);
    assert_int_equal(first.content.count, second.content.count);
    for (size_t i = 0; i < first.content.count; i++) {
        const struct domain_statistics *old = first.content.records[i];
        const struct domain_statistics *new = second.content.records[i];

        assert_int_equal(old->has, new->has);
        assert_true(old->cpu_time_ns == new->cpu_time_ns);
        assert_true(old->memory_bytes == new->memory_bytes);
    }
    assert_int_equal(statistics_of(backend, "idle").cpu_time_ns, 0);
    assert_int_equal(statistics_of(backend, "idle").has,
                     DOMAIN_HAS_CPU_TIME | DOMAIN_HAS_MEMORY | DOMAIN_HAS_VCPUS);

    /* 64 vcpus, fully busy since some seconds after the node's start. */
    assert_int_equal(busy.vcpus, 64);
    assert_in_range(busy.cpu_time_ns / 64, uptime_ns - 60 * CLOCK_NS_PER_S,
                    uptime_ns - 5 * CLOCK_NS_PER_S);
    drop(&first);
    drop(&second);
    sim()->close(backend);
}

/* CPU time of the one domain of a node whose clock stands at that time. */
static uint64_t cpu_time_at(const char *load, int64_t uptime_ms)
{
    char text[TEXT_SIZE];
    struct backend *backend;
    struct domain_statistics statistics;

    snprintf(text, sizeof(text),
             NODE("<sim:clock uptime='%lld.%03d' frozen='yes'/>" DOMAIN(
                 "wave", "<vcpu>2</vcpu><metadata><sim:domain load='%s'/></metadata>")),
             (long long)(uptime_ms / 1000), (int)(uptime_ms % 1000), load);
    write_file("wave.xml", text);
    backend = must_open("wave.xml");
    statistics = statistics_of(backend, "wave");
    sim()->close(backend);
    return statistics.cpu_time_ns;
}

static void test_cpu_time_follows_the_load(void **state)
{
    static const char *const loads[] = { "1", "25", "58", "59", "80", "100" };

    (void)state;
    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
        const uint64_t load = strtoul(loads[i], NULL, 10);
        const int64_t day_ms = 86400000;
        uint64_t per_day;
        uint64_t before = cpu_time_at(loads[i], 0);

        /* Never back, and never more than two vcpus can. */
        assert_int_equal(before, 0);
        for (int64_t uptime_ms = 5000; uptime_ms < 3700000; uptime_ms += 77777) {
            uint64_t now = cpu_time_at(loads[i], uptime_ms);
            uint64_t later = cpu_time_at(loads[i], uptime_ms + 1);

            assert_true(now >= before);
            assert_true(later >= now);
            assert_true(later - now <= 2 * (uint64_t)CLOCK_NS_PER_MS);
            before = later;
        }
        /* In the long run, the load that was asked for, within 2 percent. */
        per_day =
            cpu_time_at(loads[i], 31 * day_ms) - cpu_time_at(loads[i], 30 * day_ms);
        assert_in_range(per_day / 2 / 864 / (uint64_t)CLOCK_NS_PER_MS, load * 980,
                        load * 1020);
    }
}

/* A domain of 5 vcpus whose clock stands at that time. */
static struct backend *open_at(const char *load, int64_t uptime_ms)
{
    static const char devices[] =
        "<devices><disk><driver type='qcow2'/><source file='/a'/>"
        "<target dev='vda'/></disk>"
        "<disk><source file='/b'/><target dev='vdb'/><readonly/></disk>"
        "<disk device='cdrom'><source file='/c'/><target dev='hda'/></disk>"
        "<disk device='cdrom'><target dev='hdb'/></disk></devices>";
    char text[TEXT_SIZE];

    snprintf(text, sizeof(text),
             NODE("<sim:clock uptime='%lld.%03d' frozen='yes'/>" DOMAIN(
                 "a", "<uuid>00000000-0000-4000-8000-0000000000aa</uuid>"
                      "<vcpu>5</vcpu><metadata><sim:domain load='%s'/></metadata>%s")),
             (long long)(uptime_ms / 1000), (int)(uptime_ms % 1000), load, devices);
    write_file("at.xml", text);
    return must_open("at.xml");
}

static void test_vcpus_are_all_of_a_domain(void **state)
{
    static const char *const loads[] = { "0", "3", "40", "58", "70", "100" };

    (void)state;
    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
        uint64_t before[5] = { 0 };
        bool differs = false;

        for (int64_t uptime_ms = 0; uptime_ms < 4000000; uptime_ms += 333333) {
            struct backend *backend = open_at(loads[i], uptime_ms);
            struct collected all = must_collect(backend, SECTION_STATISTICS);
            const struct domain_statistics *statistics = record_of(backend, &all, "a");
            uint64_t sum = 0;

            assert_int_equal(statistics->vcpu_count, 5);
            for (size_t vcpu = 0; vcpu < 5; vcpu++) {
                uint64_t now = statistics->vcpu[vcpu].cpu_time_ns;

                assert_true(statistics->vcpu[vcpu].online);
                assert_true(now >= before[vcpu]);
                assert_true(now <= (uint64_t)uptime_ms * 1000000);
                before[vcpu] = now;
                sum += now;
            }
            differs = differs || before[0] != before[1];
            assert_true(sum == statistics->cpu_time_ns);
            drop(&all);
            sim()->close(backend);
        }
        /* Room for that is where the load is neither none nor all there is. */
        assert_int_equal(differs, loads[i][1] != '\0' ? i < 4 : i > 0);
    }
}

static void assert_no_step_back(const struct disk_statistics *before,
                                const struct disk_statistics *now)
{
    assert_int_equal(now->has, DISK_HAS_REQUESTS | DISK_HAS_OCTETS | DISK_HAS_TIMES);
    assert_true(now->read_requests >= before->read_requests);
    assert_true(now->write_requests >= before->write_requests);
    assert_true(now->read_bytes >= before->read_bytes);
    assert_true(now->write_bytes >= before->write_bytes);
    assert_true(now->read_time_ns >= before->read_time_ns);
    assert_true(now->write_time_ns >= before->write_time_ns);
    assert_true(now->allocation_bytes >= before->allocation_bytes
                || before->target == NULL);
    assert_true(now->allocation_bytes <= now->capacity_bytes);
    assert_true(now->capacity_bytes == before->capacity_bytes
                || before->target == NULL);
    assert_true(now->read_bytes >= now->read_requests * 512);
    assert_int_equal(now->read_requests == 0, now->read_time_ns == 0);
}

static void test_disks_are_at_work(void **state)
{
    static const char *const targets[] = { "vda", "vdb", "hda", "hdb" };
    struct disk_statistics before[4] = { { .target = NULL } };
    int64_t uptimes_ms[40];

    (void)state;
    for (int i = 0; i < 40; i++) {
        uptimes_ms[i] = i < 20 ? i * 5000 : (i - 18) * INT64_C(86400000) * 30;
    }
    for (size_t i = 0; i < 40; i++) {
        struct backend *backend = open_at("30", uptimes_ms[i]);
        struct collected all = must_collect(backend, SECTION_DEVICES);
        const struct domain_devices *devices = record_of(backend, &all, "a");

        for (size_t disk = 0; disk < 4; disk++) {
            const struct disk_statistics *now =
                domain_devices_disk(devices, targets[disk]);

            assert_no_step_back(&before[disk], now);
            before[disk] = *now;
            before[disk].target = targets[disk];
        }
        drop(&all);
        sim()->close(backend);
    }
    assert_true(before[0].read_requests > 100000 && before[0].write_requests > 100000);
    assert_true(before[0].allocation_bytes < before[0].capacity_bytes);
    assert_true(before[1].read_requests > 100000);
    assert_int_equal(before[1].write_requests, 0);
    assert_int_equal(before[1].write_time_ns, 0);
    assert_true(before[2].read_requests > 20);
    assert_true(before[2].read_requests < before[0].read_requests / 100);
    assert_int_equal(before[2].write_requests, 0);
    assert_int_equal(before[3].read_requests, 0);
    assert_int_equal(before[3].capacity_bytes, DOMAIN_NO_LIMIT);
}

/* Sizes are there all the same. */
static void test_disks_at_rest_count_nothing(void **state)
{
    struct backend *backend;
    struct collected all;
    const struct domain_devices *devices;

    (void)state;
    write_file("rest.xml", NODE(DOMAIN("off", "<devices><disk><source file='/a'/>"
                                              "<target dev='vda'/></disk></devices>"
                                              "<test:runstate>5</test:runstate>")));
    backend = must_open("rest.xml");
    all = must_collect(backend, SECTION_DEVICES);
    devices = record_of(backend, &all, "off");
    assert_int_equal(devices->disk_count, 1);
    assert_int_equal(devices->disks[0].has, 0);
    assert_true(devices->disks[0].capacity_bytes > 0);
    drop(&all);
    all = must_collect(backend, SECTION_STATISTICS);
    assert_int_equal(
        ((const struct domain_statistics *)record_of(backend, &all, "off"))->vcpu_count,
        0);
    drop(&all);
    sim()->close(backend);
}

static void test_a_running_clock_runs(void **state)
{
    struct backend *backend;
    struct domain_statistics before;
    struct domain_statistics paused;
    int64_t deadline_ns = clock_boot_ns() + SOON_NS;
    struct collected nodes;
    const struct node *node;

    (void)state;
    if (clock_boot_ns() < 61 * CLOCK_NS_PER_S) {
        skip(); /* nothing on the node has started yet */
    }
    write_file("live.xml",
               NODE(DOMAIN("busy", "<metadata><sim:domain load='100'/>"
                                   "</metadata>")
                        DOMAIN("paused", "<test:runstate>3</test:runstate>")
                            DOMAIN("off", "<test:runstate>5</test:runstate>")));
    backend = must_open("live.xml");
    before = statistics_of(backend, "busy");
    paused = statistics_of(backend, "paused");
    while (statistics_of(backend, "busy").cpu_time_ns == before.cpu_time_ns) {
        assert_true(clock_boot_ns() < deadline_ns);
    }
    assert_true(statistics_of(backend, "busy").cpu_time_ns > before.cpu_time_ns);
    assert_true(paused.cpu_time_ns > 0);
    assert_true(statistics_of(backend, "paused").cpu_time_ns == paused.cpu_time_ns);
    assert_int_equal(statistics_of(backend, "off").has, 0);

    nodes = must_collect(backend, SECTION_NODE);
    node = nodes.content.records[0];
    assert_int_equal(node->hypervisor, HYPERVISOR_SIM);
    assert_int_equal(node->started_ns, 0);
    drop(&nodes);
    sim()->close(backend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_frozen_clock_stands),
        cmocka_unit_test(test_cpu_time_follows_the_load),
        cmocka_unit_test(test_vcpus_are_all_of_a_domain),
        cmocka_unit_test(test_disks_are_at_work),
        cmocka_unit_test(test_disks_at_rest_count_nothing),
        cmocka_unit_test(test_a_running_clock_runs),
    };

    return cmocka_run_group_tests_name("sim_life", tests, make_folder, remove_folder);
}
