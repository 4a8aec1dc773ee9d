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

#include <string.h>

#include "model/clock.h"
#include "model/domain.h"
#include "model/node.h"

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
    record_unref(config);

    config = domain_config_new(&(const struct domain_config) { .vcpus = 1 });
    assert_non_null(config);
    assert_null(config->os_type); /* unknown stays unknown */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_domain_is_copied_and_cleaned),
        cmocka_unit_test(test_a_domain_without_a_name_has_an_empty_one),
        cmocka_unit_test(test_a_configuration_is_copied),
        cmocka_unit_test(test_statistics_are_copied),
        cmocka_unit_test(test_a_node_is_copied),
        cmocka_unit_test(test_every_state_has_its_own_name),
        cmocka_unit_test(test_states_stand_for_what_was_wanted),
        cmocka_unit_test(test_only_a_domain_that_exists_may_have_an_age),
        cmocka_unit_test(test_a_state_from_nowhere_is_unknown),
    };

    return cmocka_run_group_tests_name("domain", tests, NULL, NULL);
}
