/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_section.c - what a collection delivers, from whichever threads, and
 * what becomes of what is delivered too late.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "model/section.h"

static struct uuid uuid_of(unsigned number)
{
    struct uuid uuid = { { 0 } };

    uuid.bytes[12] = (uint8_t)(number >> 24);
    uuid.bytes[13] = (uint8_t)(number >> 16);
    uuid.bytes[14] = (uint8_t)(number >> 8);
    uuid.bytes[15] = (uint8_t)number;
    return uuid;
}

static struct domain *domain_of(unsigned number, const char *name)
{
    const struct domain from = { .uuid = uuid_of(number), .name = name };

    return domain_new(&from);
}

static void test_sections_have_names(void **state)
{
    (void)state;
    for (int i = 0; i < SECTION_COUNT; i++) {
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(section_name((enum section)i),
                                    section_name((enum section)j));
        }
    }
    assert_string_equal(section_name(SECTION_DOMAINS), "domains");
    assert_non_null(section_name((enum section)SECTION_COUNT));
    assert_int_equal(SECTION_ALL, 0x3f);
}

static void test_content_is_sorted_by_uuid(void **state)
{
    static const unsigned numbers[] = { 5, 300, 1, 70000, 2 };
    static const unsigned sorted[] = { 1, 2, 5, 300, 70000 };
    struct builder *builder = builder_new(SECTION_DOMAINS);
    struct builder_content content;

    (void)state;
    assert_int_equal(builder_section(builder), SECTION_DOMAINS);
    for (size_t i = 0; i < 5; i++) {
        assert_true(builder_add_domain(builder, domain_of(numbers[i], "d")));
    }
    builder_close(builder);
    content = builder_content(builder);
    assert_int_equal(content.count, 5);
    for (size_t i = 0; i < 5; i++) {
        const struct uuid expected = uuid_of(sorted[i]);

        assert_int_equal(
            uuid_compare(section_uuid(SECTION_DOMAINS, content.records[i]), &expected),
            0);
    }
    builder_unref(builder);
}

static void test_of_duplicates_the_first_delivered_stays(void **state)
{
    struct builder *builder = builder_new(SECTION_DOMAINS);
    struct builder_content content;

    (void)state;
    /* Enough of them that a sort which is not stable shows. */
    for (unsigned i = 0; i < 1000; i++) {
        assert_true(
            builder_add_domain(builder, domain_of(i % 7, i < 7 ? "first" : "later")));
    }
    builder_close(builder);
    content = builder_content(builder);
    assert_int_equal(content.count, 7);
    for (size_t i = 0; i < content.count; i++) {
        const struct domain *domain = content.records[i];

        assert_string_equal(domain->name, "first");
    }
    content = builder_content(builder); /* asking again changes nothing */
    assert_int_equal(content.count, 7);
    builder_unref(builder); /* LeakSanitizer: the duplicates were released */
}

static void test_one_domain_at_most_is_without_uuid(void **state)
{
    struct builder *builder = builder_new(SECTION_DOMAINS);
    const struct domain *domain;

    (void)state;
    assert_true(builder_add_domain(builder, domain_of(0, "Domain-0")));
    assert_true(builder_add_domain(builder, domain_of(0, "stray")));
    builder_close(builder);
    assert_int_equal(builder_content(builder).count, 1);
    domain = builder_content(builder).records[0];
    assert_string_equal(domain->name, "Domain-0");
    builder_unref(builder);
}

static void test_a_section_takes_its_own_records_only(void **state)
{
    struct builder *builder = builder_new(SECTION_STATISTICS);
    const struct domain_config config = { .uuid = uuid_of(1) };
    const struct domain_statistics statistics = { .uuid = uuid_of(1) };
    const struct node node = { .hypervisor = HYPERVISOR_SIM };

    (void)state;
    assert_false(builder_add_node(builder, node_new(&node)));
    assert_false(builder_add_domain(builder, domain_of(1, "d")));
    assert_false(builder_add_config(builder, domain_config_new(&config)));
    assert_true(builder_add_statistics(builder, domain_statistics_new(&statistics)));
    builder_close(builder);
    assert_int_equal(builder_content(builder).count, 1);
    builder_unref(builder);
}

static void test_configurations_are_taken(void **state)
{
    struct builder *builder = builder_new(SECTION_CONFIGS);
    const struct domain_config config = { .uuid = uuid_of(3), .vcpus = 2 };
    const struct domain_config *taken;

    (void)state;
    assert_true(builder_add_config(builder, domain_config_new(&config)));
    builder_close(builder);
    assert_int_equal(builder_content(builder).count, 1);
    taken = builder_content(builder).records[0];
    assert_int_equal(taken->vcpus, 2);
    builder_unref(builder);
}

static void test_there_is_one_node(void **state)
{
    struct builder *builder = builder_new(SECTION_NODE);
    const struct node first = { .software = "first" };
    const struct node second = { .software = "second" };
    const struct node *node;

    (void)state;
    assert_true(builder_add_node(builder, node_new(&first)));
    (void)!builder_add_node(builder, node_new(&second));
    builder_close(builder);
    assert_int_equal(builder_content(builder).count, 1);
    node = builder_content(builder).records[0];
    assert_string_equal(node->software, "first");
    builder_unref(builder);
}

static void test_no_memory_for_a_record_needs_no_check(void **state)
{
    struct builder *builder = builder_new(SECTION_DOMAINS);

    (void)state;
    assert_false(builder_add_domain(builder, NULL));
    builder_close(builder);
    assert_int_equal(builder_content(builder).count, 0);
    builder_unref(builder);
}

static void test_after_close_nothing_is_taken(void **state)
{
    struct builder *builder = builder_new(SECTION_DOMAINS);
    const struct error error = ERROR_NONE;
    const struct uuid uuid = uuid_of(9);

    (void)state;
    assert_true(builder_add_domain(builder, domain_of(1, "in time")));
    builder_close(builder);
    builder_close(builder);
    assert_false(builder_add_domain(builder, domain_of(2, "late")));
    assert_false(builder_add_failure(builder, &uuid, &error));
    assert_int_equal(builder_content(builder).count, 1);
    assert_int_equal(builder_failures(builder), 0);
    assert_null(builder_failure(builder, &uuid));
    builder_unref(builder);
}

static void test_failures_are_counted_and_named(void **state)
{
    struct builder *builder = builder_new(SECTION_STATISTICS);
    struct error error = ERROR_NONE;

    (void)state;
    error_set(&error, STATUS_TIMEOUT, "monitor does not answer");
    for (unsigned i = 200; i > 0; i--) {
        const struct uuid uuid = uuid_of(i * 2);

        assert_true(builder_add_failure(builder, &uuid, &error));
    }
    assert_int_equal(builder_failures(builder), 200);
    builder_close(builder);
    for (unsigned i = 1; i <= 400; i++) {
        const struct uuid uuid = uuid_of(i);

        assert_int_equal(builder_failure(builder, &uuid) != NULL, i % 2 == 0);
    }
    builder_unref(builder);
}

static void test_more_domains_than_the_limit_are_refused(void **state)
{
    struct builder *builder = builder_new(SECTION_STATISTICS);
    struct domain_statistics *same;
    const struct domain_statistics from = { .uuid = uuid_of(1) };

    (void)state;
    same = domain_statistics_new(&from);
    for (size_t i = 0; i < SECTION_DOMAINS_MAX; i++) {
        if (!builder_add_statistics(builder, record_ref(same))) {
            fail_msg("refused after %zu", i);
        }
    }
    assert_false(builder_add_statistics(builder, record_ref(same)));
    builder_unref(builder);
    assert_int_equal(atomic_load(&same->record.references), 1);
    record_unref(same);
}

/* Threads that deliver while another one stops waiting. */

#define THREADS 4

struct delivery {
    struct builder *builder;
    unsigned first;
    unsigned accepted;
};

static atomic_uint deliveries;

static void *deliver(void *argument)
{
    struct delivery *delivery = argument;
    const struct error error = ERROR_NONE;

    for (unsigned i = 0; i < 100000; i++) {
        const struct uuid uuid = uuid_of(delivery->first + i);

        if (!builder_add_domain(delivery->builder,
                                domain_of(delivery->first + i, "busy"))) {
            break;
        }
        delivery->accepted++;
        atomic_fetch_add(&deliveries, 1);
        if (i % 16 == 0 && !builder_add_failure(delivery->builder, &uuid, &error)) {
            break;
        }
    }
    builder_unref(delivery->builder);
    return NULL;
}

static void test_threads_deliver_while_another_closes(void **state)
{
    struct builder *builder = builder_new(SECTION_DOMAINS);
    struct delivery work[THREADS];
    pthread_t threads[THREADS];
    struct builder_content content;
    size_t accepted = 0;

    (void)state;
    atomic_store(&deliveries, 0);
    for (unsigned i = 0; i < THREADS; i++) {
        work[i] = (struct delivery) { builder_ref(builder), i * 1000000, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, deliver, &work[i]), 0);
    }
    while (atomic_load(&deliveries) < 500) {
        (void)builder_failures(builder);
    }
    builder_close(builder);
    content = builder_content(builder); /* while late ones are still refused */
    for (size_t i = 1; i < content.count; i++) {
        assert_true(uuid_compare(section_uuid(SECTION_DOMAINS, content.records[i - 1]),
                                 section_uuid(SECTION_DOMAINS, content.records[i]))
                    < 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        accepted += work[i].accepted;
    }
    /* Exactly what was accepted is there: nothing lost, nothing added later. */
    assert_true(content.count >= 500);
    assert_int_equal(content.count, accepted);
    assert_int_equal(builder_content(builder).count, accepted);
    builder_unref(builder);
}

static void test_whoever_waited_may_leave_first(void **state)
{
    struct builder *builder = builder_new(SECTION_DOMAINS);
    struct delivery work = { builder_ref(builder), 0, 0 };
    pthread_t thread;

    (void)state;
    atomic_store(&deliveries, 0);
    assert_int_equal(pthread_create(&thread, NULL, deliver, &work), 0);
    while (atomic_load(&deliveries) < 10) {
        (void)builder_failures(builder);
    }
    builder_close(builder);
    builder_unref(builder);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(work.accepted >= 10);
}

static void test_nothing_can_be_dropped(void **state)
{
    (void)state;
    builder_unref(NULL);
    assert_null(builder_ref(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sections_have_names),
        cmocka_unit_test(test_content_is_sorted_by_uuid),
        cmocka_unit_test(test_of_duplicates_the_first_delivered_stays),
        cmocka_unit_test(test_one_domain_at_most_is_without_uuid),
        cmocka_unit_test(test_a_section_takes_its_own_records_only),
        cmocka_unit_test(test_configurations_are_taken),
        cmocka_unit_test(test_there_is_one_node),
        cmocka_unit_test(test_no_memory_for_a_record_needs_no_check),
        cmocka_unit_test(test_after_close_nothing_is_taken),
        cmocka_unit_test(test_failures_are_counted_and_named),
        cmocka_unit_test(test_more_domains_than_the_limit_are_refused),
        cmocka_unit_test(test_threads_deliver_while_another_closes),
        cmocka_unit_test(test_whoever_waited_may_leave_first),
        cmocka_unit_test(test_nothing_can_be_dropped),
    };

    return cmocka_run_group_tests_name("section", tests, NULL, NULL);
}
