/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sim_faults.c - what goes wrong on a simulated node.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/sim_fixture.h"

static void test_a_call_may_fail(void **state)
{
    struct backend *backend;
    struct collected collected;

    (void)state;
    write_file("fail.xml", NODE("<sim:fault kind='fail' on='statistics'/>\n"
                                "<sim:fault kind='down' on='configs' from='0'/>\n"
                                "<sim:fault kind='fail' from='86400'/>\n"
                                "<sim:fault kind='fail' for='0'/>\n" DOMAIN("a", "")));
    backend = must_open("fail.xml");
    assert_int_equal(status_of(backend, SECTION_NODE), STATUS_OK);
    assert_int_equal(status_of(backend, SECTION_DOMAINS), STATUS_OK);
    collected = collect(backend, SECTION_STATISTICS);
    assert_int_equal(collected.status, STATUS_FAILED);
    assert_non_null(strstr(collected.error.text, "fail.xml:2: simulated failure"));
    drop(&collected);
    assert_int_equal(status_of(backend, SECTION_CONFIGS), STATUS_UNAVAILABLE);
    sim()->close(backend);

    write_file("fail.xml", NODE("<sim:fault kind='down'/>"));
    refuse("fail.xml", "simulated node is down");
}

/* Each call can be struck on its own. */
static void test_each_call_may_fail_alone(void **state)
{
    (void)state;
    for (enum section struck = SECTION_NODE; struck < SECTION_COUNT; struck++) {
        char text[TEXT_SIZE];
        struct backend *backend;

        snprintf(text, sizeof(text),
                 NODE("<sim:fault kind='fail' on='%s'/>" DOMAIN("a", "")),
                 section_name(struck));
        write_file("each.xml", text);
        backend = must_open("each.xml");
        for (enum section section = SECTION_NODE; section < SECTION_COUNT; section++) {
            assert_int_equal(status_of(backend, section),
                             section == struck ? STATUS_FAILED : STATUS_OK);
        }
        sim()->close(backend);
    }
}

/* A domain is touched by the calls that are about domains. */
static void test_each_call_may_fail_for_a_domain(void **state)
{
    (void)state;
    for (enum section struck = SECTION_NODE; struck < SECTION_COUNT; struck++) {
        char text[TEXT_SIZE];
        struct backend *backend;
        struct collected collected;

        snprintf(text, sizeof(text),
                 NODE(DOMAIN("a", METADATA("<sim:fault kind='fail' on='%s'/>"))
                          DOMAIN("b", "")),
                 section_name(struck));
        write_file("each.xml", text);
        if (!section_is_of_domains(struck)) {
            refuse("each.xml", "no domain is touched by that call");
            continue;
        }
        backend = must_open("each.xml");
        collected = must_collect(backend, struck);
        assert_int_equal(collected.content.count, 1);
        assert_int_equal(builder_failures(collected.builder), 1);
        drop(&collected);
        sim()->close(backend);
    }
}

static void test_a_domain_may_be_slow(void **state)
{
    struct backend *backend;
    int64_t start_ns;

    (void)state;
    write_file("slow.xml",
               NODE(DOMAIN("a", METADATA("<sim:fault kind='slow' delay='150' "
                                         "on='devices'/>")) DOMAIN("b", "")));
    backend = must_open("slow.xml");
    start_ns = clock_boot_ns();
    assert_int_equal(count_of(backend, SECTION_DEVICES), 2);
    assert_true(clock_boot_ns() >= start_ns + 150 * CLOCK_NS_PER_MS);
    sim()->close(backend);
}

static void test_a_node_comes_back(void **state)
{
    int64_t start_ns = clock_boot_ns();
    enum status status;

    (void)state;
    write_file("back.xml", NODE("<sim:fault kind='down' for='0.3'/>"));
    do {
        struct backend *backend;

        status = open_file("back.xml", &backend, NULL);
        if (status == STATUS_OK) {
            sim()->close(backend);
        } else {
            assert_int_equal(status, STATUS_UNAVAILABLE);
        }
        assert_true(clock_boot_ns() < start_ns + SOON_NS);
    } while (status != STATUS_OK);
    assert_true(clock_boot_ns() >= start_ns + 300 * CLOCK_NS_PER_MS);
}

static void test_a_call_may_be_slow(void **state)
{
    struct backend *backend;
    int64_t start_ns;

    (void)state;
    write_file(
        "slow.xml",
        NODE("<sim:fault kind='slow' delay='120' on='domains'/>"
             "<sim:fault kind='slow' delay='130' on='domains'/>" DOMAIN("a", "")));
    backend = must_open("slow.xml");
    start_ns = clock_boot_ns();
    assert_int_equal(count_of(backend, SECTION_DOMAINS), 1);
    assert_true(clock_boot_ns() >= start_ns + 250 * CLOCK_NS_PER_MS);
    sim()->close(backend);
}

/* A call on a thread of its own, since it hangs. */
struct hanging {
    pthread_t thread;
    struct backend *backend; /* NULL: the call is open */
    const char *name;
    enum section section;
    struct builder *builder; /* where the caller wants to look into it */
    enum status status;
};

static void *hang(void *argument)
{
    struct hanging *hanging = argument;

    if (hanging->backend == NULL) {
        hanging->status = open_file(hanging->name, &hanging->backend, NULL);
    } else {
        const struct backend_request request = { .section = hanging->section };
        struct error error;

        hanging->status =
            sim()->collect(hanging->backend, &request, hanging->builder, &error);
    }
    return NULL;
}

static void start(struct hanging *hanging)
{
    hanging->status = STATUS_BUSY;
    assert_int_equal(pthread_create(&hanging->thread, NULL, hang, hanging), 0);
}

/* Is the thread still in its call? */
static bool is_hanging(const struct hanging *hanging)
{
    void *result;

    return pthread_tryjoin_np(hanging->thread, &result) != 0;
}

static enum status finish(struct hanging *hanging)
{
    pthread_join(hanging->thread, NULL);
    if (hanging->builder != NULL) {
        builder_unref(hanging->builder);
    }
    return hanging->status;
}

static void test_a_call_that_hangs_disturbs_no_other(void **state)
{
    struct hanging hanging = { .section = SECTION_STATISTICS };

    (void)state;
    write_file("hang.xml",
               NODE("<sim:fault kind='hang' on='statistics'/>" DOMAIN("a", "")));
    hanging.backend = must_open("hang.xml");
    hanging.builder = builder_new(SECTION_STATISTICS);
    start(&hanging);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(count_of(hanging.backend, SECTION_DOMAINS), 1);
        assert_int_equal(count_of(hanging.backend, SECTION_CONFIGS), 1);
    }
    assert_true(is_hanging(&hanging));

    /* Mended, it goes on with what there is now. */
    write_file("hang.xml", NODE(DOMAIN("a", "") DOMAIN("b", "")));
    builder_ref(hanging.builder);
    assert_int_equal(finish(&hanging), STATUS_OK);
    builder_close(hanging.builder);
    assert_int_equal(builder_content(hanging.builder).count, 2);
    builder_unref(hanging.builder);
    sim()->close(hanging.backend);
}

static void test_a_hang_may_end_by_itself(void **state)
{
    struct backend *backend;
    int64_t start_ns = clock_boot_ns();

    (void)state;
    write_file("window.xml",
               NODE("<sim:fault kind='hang' for='0.4'/>" DOMAIN("a", "")));
    backend = must_open("window.xml");
    assert_true(clock_boot_ns() >= start_ns + 400 * CLOCK_NS_PER_MS);
    assert_int_equal(count_of(backend, SECTION_DOMAINS), 1);
    sim()->close(backend);
}

static void test_open_may_hang(void **state)
{
    struct hanging hanging = { .name = "open.xml" };

    (void)state;
    write_file("open.xml", NODE("<sim:fault kind='hang' on='open'/>"));
    start(&hanging);
    assert_true(is_hanging(&hanging));
    write_file("open.xml", NODE("<sim:fault kind='fail' on='open'/>"));
    assert_int_equal(finish(&hanging), STATUS_FAILED);
    assert_null(hanging.backend);

    write_file("open.xml", NODE("<sim:fault kind='hang' on='open'/>"));
    start(&hanging);
    assert_int_equal(unlink(path_of("open.xml")), 0);
    assert_int_equal(finish(&hanging), STATUS_UNAVAILABLE);
}

static void test_close_ends_a_hang(void **state)
{
    struct hanging hanging = { .section = SECTION_DOMAINS };

    (void)state;
    write_file("close.xml",
               NODE(DOMAIN("a", METADATA("<sim:fault kind='fail'/>"))
                        DOMAIN("b", METADATA("<sim:fault kind='hang'/>"))));
    hanging.backend = must_open("close.xml");
    hanging.builder = builder_new(SECTION_DOMAINS);
    start(&hanging);
    while (builder_failures(hanging.builder) == 0) {
        sched_yield(); /* until it is in its call */
    }
    assert_true(is_hanging(&hanging));
    sim()->close(hanging.backend);
    assert_int_equal(finish(&hanging), STATUS_UNAVAILABLE);
}

static void test_a_domain_may_fail(void **state)
{
    struct backend *backend;
    struct collected collected;

    (void)state;
    write_file("domains.xml",
               NODE(DOMAIN("a", METADATA("<sim:fault kind='fail' on='statistics'/>"))
                        DOMAIN("b", "<metadata><sim:fault kind='vanish' from='86400'/>"
                                    "</metadata>")
                            DOMAIN("c", METADATA("<sim:fault kind='vanish'/>"))));
    backend = must_open("domains.xml");
    assert_int_equal(count_of(backend, SECTION_DOMAINS), 2);
    assert_int_equal(count_of(backend, SECTION_CONFIGS), 2);
    collected = must_collect(backend, SECTION_STATISTICS);
    assert_int_equal(collected.content.count, 1);
    assert_int_equal(builder_failures(collected.builder), 1);
    drop(&collected);
    sim()->close(backend);
}

static void test_a_domain_may_vanish_for_a_while(void **state)
{
    struct backend *backend;
    int64_t deadline_ns = clock_boot_ns() + SOON_NS;

    (void)state;
    write_file("vanish.xml",
               NODE(DOMAIN("a", METADATA("<sim:fault kind='vanish' for='0.2'/>"))));
    backend = must_open("vanish.xml");
    while (count_of(backend, SECTION_DOMAINS) == 0) {
        assert_true(clock_boot_ns() < deadline_ns);
    }
    assert_int_equal(count_of(backend, SECTION_STATISTICS), 1);
    sim()->close(backend);
}

static void test_a_domain_that_hangs_holds_up_those_behind(void **state)
{
    struct hanging hanging = { .section = SECTION_STATISTICS };

    (void)state;
    write_file("held.xml",
               NODE(DOMAIN("a", "") DOMAIN(
                   "b", METADATA("<sim:fault kind='hang' on='statistics'/>"))
                        DOMAIN("c", "")));
    hanging.backend = must_open("held.xml");
    hanging.builder = builder_new(SECTION_STATISTICS);
    start(&hanging);
    assert_int_equal(count_of(hanging.backend, SECTION_DOMAINS), 3);
    assert_true(is_hanging(&hanging));

    /* Nobody waits: it finds out when it is let go, and delivers no more. */
    builder_close(hanging.builder);
    write_file("held.xml", NODE(DOMAIN("a", "")));
    assert_int_equal(finish(&hanging), STATUS_TIMEOUT);
    sim()->close(hanging.backend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_call_may_fail),
        cmocka_unit_test(test_each_call_may_fail_alone),
        cmocka_unit_test(test_each_call_may_fail_for_a_domain),
        cmocka_unit_test(test_a_domain_may_be_slow),
        cmocka_unit_test(test_a_node_comes_back),
        cmocka_unit_test(test_a_call_may_be_slow),
        cmocka_unit_test(test_a_call_that_hangs_disturbs_no_other),
        cmocka_unit_test(test_a_hang_may_end_by_itself),
        cmocka_unit_test(test_open_may_hang),
        cmocka_unit_test(test_close_ends_a_hang),
        cmocka_unit_test(test_a_domain_may_fail),
        cmocka_unit_test(test_a_domain_may_vanish_for_a_while),
        cmocka_unit_test(test_a_domain_that_hangs_holds_up_those_behind),
    };

    return cmocka_run_group_tests_name("sim_faults", tests, make_folder, remove_folder);
}
