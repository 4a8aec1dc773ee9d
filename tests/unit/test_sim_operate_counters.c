/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sim_operate_counters.c - what simulated domains count when they are
 * started, stopped and changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/sim_fixture.h"
#include "tests/unit/sim_operation.h"

#define AT_ONCE "<sim:operation duration='0'/>"
#define OFF "<test:runstate>5</test:runstate>"
#define BUSY                                                                           \
    "<metadata><sim:domain load='100'/></metadata>"                                    \
    "<devices><disk><driver type='qcow2'/><source file='/nowhere/a'/>"                 \
    "<target dev='vda'/></disk></devices>"

/* Far below what a domain of the file has: it was started with the machine. */
#define YOUNG_NS (60 * CLOCK_NS_PER_S)

static uint64_t cpu_time_of(struct backend *backend, const char *name)
{
    struct domain_statistics statistics = statistics_of(backend, name);

    assert_true((statistics.has & DOMAIN_HAS_CPU_TIME) != 0);
    return statistics.cpu_time_ns;
}

static struct disk_statistics disk_of(struct backend *backend, const char *name)
{
    struct collected devices = must_collect(backend, SECTION_DEVICES);
    const struct domain_devices *found = record_of(backend, &devices, name);
    struct disk_statistics disk = found->disks[0];

    drop(&devices);
    disk.target = NULL;
    return disk;
}

/* Waits until its CPU time is more than that, and returns it. */
static uint64_t wait_for_more(struct backend *backend, const char *name, uint64_t than)
{
    int64_t deadline_ns = clock_boot_ns() + SOON_NS;
    uint64_t now;

    while ((now = cpu_time_of(backend, name)) <= than) {
        assert_true(clock_boot_ns() < deadline_ns);
    }
    return now;
}

static void assert_no_counters(struct backend *backend, const char *name)
{
    assert_int_equal(statistics_of(backend, name).has, 0);
    assert_int_equal(disk_of(backend, name).has, 0);
}

static void test_a_started_domain_counts_from_the_beginning(void **state)
{
    struct backend *backend;
    int64_t before_ns;
    int64_t started_ns;
    uint64_t counted;

    (void)state;
    write_file("start.xml", NODE(AT_ONCE DOMAIN("a", OFF BUSY)));
    backend = must_open("start.xml");
    assert_no_counters(backend, "a");
    assert_true(started_ns_of(backend, "a") == CLOCK_NEVER);

    before_ns = clock_boot_ns();
    must_operate(backend, "a", OPERATION_START, 0);
    started_ns = started_ns_of(backend, "a");
    assert_true(started_ns >= before_ns && started_ns <= clock_boot_ns());
    counted = wait_for_more(backend, "a", 0);
    assert_true(counted <= (uint64_t)(clock_boot_ns() - before_ns));
    wait_for_more(backend, "a", counted);
    assert_int_equal(disk_of(backend, "a").has,
                     DISK_HAS_REQUESTS | DISK_HAS_OCTETS | DISK_HAS_TIMES);

    /* A new life is another start, and counts anew. */
    must_operate(backend, "a", OPERATION_POWER_OFF, 0);
    assert_no_counters(backend, "a");
    before_ns = clock_boot_ns();
    must_operate(backend, "a", OPERATION_START, 0);
    assert_true(started_ns_of(backend, "a") >= before_ns);
    assert_true(cpu_time_of(backend, "a") <= (uint64_t)(clock_boot_ns() - before_ns));
    sim()->close(backend);
}

/* Of the same life: pause, reboot, and memory on disk. */
static void test_counters_go_on_in_the_same_life(void **state)
{
    static const enum operation_action steps[] = {
        OPERATION_PAUSE,     OPERATION_RESUME, OPERATION_REBOOT,
        OPERATION_RESET,     OPERATION_SAVE,   OPERATION_PM_SUSPEND,
        OPERATION_PM_WAKEUP, OPERATION_NMI,    OPERATION_RESTORE,
    };
    struct backend *backend;
    uint64_t counted;
    int64_t started_ns;

    (void)state;
    write_file("life.xml", NODE(AT_ONCE DOMAIN("a", BUSY)));
    backend = must_open("life.xml");
    counted = cpu_time_of(backend, "a");
    started_ns = started_ns_of(backend, "a");
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct domain_statistics statistics;
        enum status status = operate(backend, "a", steps[i], 0, NULL);

        if (status == STATUS_WRONG_STATE) {
            continue; /* suspended, until it is restored */
        }
        assert_int_equal(status, STATUS_OK);
        statistics = statistics_of(backend, "a");
        if (state_of(backend, "a") == DOMAIN_STATE_SUSPENDED) {
            assert_no_counters(backend, "a");
            continue;
        }
        assert_true(statistics.cpu_time_ns >= counted);
        counted = statistics.cpu_time_ns;
        assert_true(llabs(started_ns_of(backend, "a") - started_ns)
                    < CLOCK_NS_PER_MS * 100);
    }
    wait_for_more(backend, "a", counted);
    sim()->close(backend);
}

static void test_a_paused_domain_counts_nothing(void **state)
{
    struct backend *backend;
    struct disk_statistics disk;
    uint64_t counted;

    (void)state;
    write_file("paused.xml", NODE(AT_ONCE DOMAIN("a", BUSY) DOMAIN("b", BUSY)));
    backend = must_open("paused.xml");
    must_operate(backend, "a", OPERATION_PAUSE, 0);
    counted = cpu_time_of(backend, "a");
    disk = disk_of(backend, "a");
    wait_for_more(backend, "b", cpu_time_of(backend, "b") + 20 * CLOCK_NS_PER_MS);
    assert_true(cpu_time_of(backend, "a") == counted);
    assert_true(disk_of(backend, "a").read_requests == disk.read_requests);
    must_operate(backend, "a", OPERATION_RESUME, 0);

    /* The time it was paused is not made up for. */
    assert_true(cpu_time_of(backend, "a") < counted + SOON_NS);
    wait_for_more(backend, "a", counted);
    sim()->close(backend);
}

/* What was written to a disk stays there when the domain ends. */
static void test_images_do_not_shrink(void **state)
{
    struct backend *backend;
    struct disk_statistics before;
    struct disk_statistics after;

    (void)state;
    write_file("images.xml", NODE(AT_ONCE DOMAIN("a", BUSY) DOMAIN("b", OFF BUSY)));
    backend = must_open("images.xml");
    before = disk_of(backend, "a");
    must_operate(backend, "a", OPERATION_POWER_OFF, 0);
    after = disk_of(backend, "a");
    assert_true(after.allocation_bytes >= before.allocation_bytes);
    must_operate(backend, "a", OPERATION_START, 0);
    assert_true(disk_of(backend, "a").allocation_bytes >= after.allocation_bytes);
    assert_true(disk_of(backend, "a").capacity_bytes == before.capacity_bytes);

    before = disk_of(backend, "b");
    must_operate(backend, "b", OPERATION_START, 0);
    assert_true(disk_of(backend, "b").allocation_bytes >= before.allocation_bytes);
    sim()->close(backend);
}

struct times {
    uint64_t domain;
    size_t count;
    uint64_t vcpu[8];
    uint64_t sum;
};

static struct times times_of(struct backend *backend, const char *name)
{
    struct collected all = must_collect(backend, SECTION_STATISTICS);
    const struct domain_statistics *found = record_of(backend, &all, name);
    struct times times = { .domain = found->cpu_time_ns, .count = found->vcpu_count };

    assert_in_range(times.count, 1, 8);
    for (size_t i = 0; i < times.count; i++) {
        assert_true(found->vcpu[i].online);
        times.vcpu[i] = found->vcpu[i].cpu_time_ns;
        times.sum += times.vcpu[i];
    }
    drop(&all);
    return times;
}

/* A domain that loses vcpus loses no time, and one that comes back goes on. */
static void test_counters_survive_another_number_of_vcpus(void **state)
{
    static const uint32_t steps[] = { 3, 8, 1, 2, 7 };
    uint64_t highest[8] = { 0 };
    struct backend *backend;
    struct times before;

    (void)state;
    write_file("vcpus.xml", NODE(AT_ONCE DOMAIN("a", "<vcpu current='5'>8</vcpu>")));
    backend = must_open("vcpus.xml");
    before = times_of(backend, "a");
    assert_int_equal(before.count, 5);
    assert_true(before.sum == before.domain);
    for (size_t step = 0; step < sizeof(steps) / sizeof(steps[0]); step++) {
        struct times after;

        must_operate(backend, "a", OPERATION_SET_VCPUS, steps[step]);
        after = times_of(backend, "a");
        assert_int_equal(after.count, steps[step]);
        assert_true(after.domain >= before.domain);
        assert_true(after.sum <= after.domain);
        for (size_t i = 0; i < after.count; i++) {
            assert_true(after.vcpu[i] >= highest[i]);
            highest[i] = after.vcpu[i];
        }
        before = after;
    }
    wait_for_more(backend, "a", before.domain);

    /* All it ever had: together they have the time of the domain again. */
    must_operate(backend, "a", OPERATION_SET_VCPUS, 8);
    before = times_of(backend, "a");
    assert_true(before.sum == before.domain);

    /* And a new life knows nothing of it. */
    must_operate(backend, "a", OPERATION_POWER_OFF, 0);
    must_operate(backend, "a", OPERATION_START, 0);
    before = times_of(backend, "a");
    assert_true(before.sum == before.domain);
    assert_true(before.domain < 8 * (uint64_t)YOUNG_NS);
    sim()->close(backend);
}

/* Nothing counts backwards while all this goes on. */
static void test_counters_never_go_back(void **state)
{
    static const enum operation_action steps[] = { OPERATION_PAUSE, OPERATION_RESUME,
                                                   OPERATION_SET_VCPUS };
    struct backend *backend;
    uint64_t counted = 0;

    (void)state;
    write_file("back.xml", NODE("<sim:operation duration='0.01'/>" DOMAIN(
                               "a", "<vcpu>8</vcpu>" BUSY)));
    backend = must_open("back.xml");
    for (uint32_t round = 0; round < 12; round++) {
        struct running *running =
            begin_operation(backend, "a", steps[round % 3], round % 7 + 1);

        for (int i = 0; i < 50; i++) {
            uint64_t now = cpu_time_of(backend, "a");

            assert_true(now >= counted);
            counted = now;
        }
        assert_int_equal(end_operation(running, OPERATION_PROGRESS_UNKNOWN), STATUS_OK);
    }
    sim()->close(backend);
}

/* A clock that stands still moves for no operation. */
static void test_a_frozen_clock_counts_nothing(void **state)
{
    struct backend *backend;

    (void)state;
    write_file("frozen.xml",
               NODE("<sim:clock frozen='yes' uptime='1000'/>" AT_ONCE DOMAIN(
                   "a", OFF BUSY) DOMAIN("b", BUSY)));
    backend = must_open("frozen.xml");
    must_operate(backend, "a", OPERATION_START, 0);
    assert_int_equal(cpu_time_of(backend, "a"), 0);
    must_operate(backend, "b", OPERATION_PAUSE, 0);
    must_operate(backend, "b", OPERATION_RESUME, 0);
    assert_true(cpu_time_of(backend, "b") > 0);
    sim()->close(backend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_started_domain_counts_from_the_beginning),
        cmocka_unit_test(test_counters_go_on_in_the_same_life),
        cmocka_unit_test(test_a_paused_domain_counts_nothing),
        cmocka_unit_test(test_images_do_not_shrink),
        cmocka_unit_test(test_counters_survive_another_number_of_vcpus),
        cmocka_unit_test(test_counters_never_go_back),
        cmocka_unit_test(test_a_frozen_clock_counts_nothing),
    };

    return cmocka_run_group_tests_name("sim_operate_counters", tests, make_folder,
                                       remove_folder);
}
