/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_snapshot.c - what managers see after each collection: which rows there
 * are, under which index, with which data of which age.
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
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/snapshot_fixture.h"

static void deliver_statistics(struct fixture *fixture, unsigned number,
                               uint64_t cpu_time_ns, int64_t memory_bytes)
{
    const struct domain_statistics from = {
        .uuid = uuid_of(number),
        .has = DOMAIN_HAS_CPU_TIME | (memory_bytes > 0 ? DOMAIN_HAS_MEMORY : 0),
        .cpu_time_ns = cpu_time_ns,
        .memory_bytes = (uint64_t)memory_bytes,
    };

    assert_true(builder_add_statistics(fixture->builder, domain_statistics_new(&from)));
}

static void deliver_config(struct fixture *fixture, unsigned number, int64_t max_bytes)
{
    const struct domain_config from = {
        .uuid = uuid_of(number),
        .os_type = "hvm",
        .vcpus = 1,
        .vcpus_min = DOMAIN_NO_LIMIT,
        .vcpus_max = DOMAIN_NO_LIMIT,
        .memory_min_bytes = DOMAIN_NO_LIMIT,
        .memory_max_bytes = max_bytes,
        .memory_bytes = DOMAIN_NO_LIMIT,
    };

    assert_true(builder_add_config(fixture->builder, domain_config_new(&from)));
}

static void deliver_failure(struct fixture *fixture, unsigned number)
{
    const struct error error = { STATUS_TIMEOUT, "no answer" };
    const struct uuid uuid = uuid_of(number);

    assert_true(builder_add_failure(fixture->builder, &uuid, &error));
}

/* The rows as "index=name ...", as a manager would list them. */
static void check_rows(const struct fixture *fixture, const char *expected)
{
    char rows[1000] = "";
    uint32_t last = 0;

    for (size_t i = 0; i < fixture->snapshot->domain_count; i++) {
        const struct snapshot_domain *row = &fixture->snapshot->domains[i];
        size_t used = strlen(rows);

        assert_true(row->index > last);
        last = row->index;
        snprintf(rows + used, sizeof(rows) - used, "%s%" PRIu32 "=%s", i > 0 ? " " : "",
                 row->index, row->domain->name);
    }
    assert_string_equal(rows, expected);
}

static void test_before_the_first_collection_nothing_is_known(void **state)
{
    const struct fixture *fixture = *state;
    const struct snapshot *snapshot = fixture->snapshot;

    assert_non_null(snapshot);
    assert_int_equal(snapshot->domain_count, 0);
    assert_null(snapshot->node);
    assert_int_equal(snapshot->domains_changed_ns, CLOCK_NEVER);
    for (int i = 0; i < SECTION_COUNT; i++) {
        assert_int_equal(snapshot->sampled_ns[i], CLOCK_NEVER);
    }
    assert_int_equal(snapshot_find_domain(snapshot, 1, 0), 0);
    assert_int_equal(snapshot_find_domain(snapshot, 1, 99), 0);
}

static void test_a_fresh_node_is_numbered_by_name(void **state)
{
    struct fixture *fixture = *state;

    begin(fixture, SECTION_DOMAINS);
    deliver(fixture, 1, "web");
    deliver(fixture, 2, "db");
    deliver(fixture, 9, "mail");
    deliver(fixture, 3, "mail");
    merge(fixture, 10, true);
    check_rows(fixture, "1=db 2=mail 3=mail 4=web");
    assert_int_equal(row_of(fixture, 2)->domain->uuid.bytes[15], 3);
    assert_int_equal(row_of(fixture, 3)->domain->uuid.bytes[15], 9);
    assert_int_equal(fixture->snapshot->domains_changed_ns, 10);
}

static void test_a_new_row_knows_only_what_was_delivered(void **state)
{
    struct fixture *fixture = *state;
    const struct snapshot_domain *row;

    list(fixture, 10, "1");
    row = row_of(fixture, 1);
    assert_null(row->config);
    assert_null(row->statistics);
    assert_true(row->memory_unit >= 1);
    assert_int_equal(row->admin_state, DOMAIN_ADMIN_STATE_RUNNING);
    assert_int_equal(row->sampled_ns[SECTION_DOMAINS], 10);
    assert_int_equal(row->sampled_ns[SECTION_CONFIGS], CLOCK_NEVER);
    assert_int_equal(row->sampled_ns[SECTION_STATISTICS], CLOCK_NEVER);
    assert_int_equal(fixture->snapshot->sampled_ns[SECTION_DOMAINS], 10);
    assert_int_equal(fixture->snapshot->sampled_ns[SECTION_STATISTICS], CLOCK_NEVER);
}

static void test_the_node_is_kept_until_told_anew(void **state)
{
    struct fixture *fixture = *state;
    const struct node xen = { .software = "Xen", .hypervisor = HYPERVISOR_XEN };
    const struct node *node;

    begin(fixture, SECTION_NODE);
    assert_true(builder_add_node(fixture->builder, node_new(&xen)));
    merge(fixture, 10, true);
    node = fixture->snapshot->node;
    assert_non_null(node);
    assert_string_equal(node->software, "Xen");
    assert_int_equal(fixture->snapshot->sampled_ns[SECTION_NODE], 10);

    list(fixture, 20, "1");
    assert_ptr_equal(fixture->snapshot->node, node);
    begin(fixture, SECTION_NODE); /* a collection that failed */
    merge(fixture, 30, false);
    assert_ptr_equal(fixture->snapshot->node, node);
    assert_int_equal(fixture->snapshot->sampled_ns[SECTION_NODE], 10);
    check_rows(fixture, "1=1");
}

static void test_what_did_not_change_is_shared(void **state)
{
    struct fixture *fixture = *state;
    struct snapshot *old;
    const struct snapshot_domain *before;
    const struct snapshot_domain *after;

    list(fixture, 10, "12");
    begin(fixture, SECTION_CONFIGS);
    deliver_config(fixture, 1, GIB);
    deliver_config(fixture, 2, GIB);
    merge(fixture, 20, true);
    begin(fixture, SECTION_STATISTICS);
    deliver_statistics(fixture, 1, 100, GIB);
    deliver_statistics(fixture, 2, 200, GIB);
    merge(fixture, 30, true);

    begin(fixture, SECTION_STATISTICS);
    deliver_statistics(fixture, 2, 250, GIB);
    old = merge_with(fixture, 40, false, NULL);
    before = old->domains;
    after = fixture->snapshot->domains;
    for (size_t i = 0; i < 2; i++) {
        assert_ptr_equal(after[i].domain, before[i].domain);
        assert_ptr_equal(after[i].config, before[i].config);
        assert_int_equal(after[i].index, before[i].index);
    }
    assert_ptr_equal(after[0].statistics, before[0].statistics);
    assert_int_equal(after[0].sampled_ns[SECTION_STATISTICS], 30);
    assert_int_equal(after[1].sampled_ns[SECTION_STATISTICS], 40);
    /* Whoever still reads the old snapshot reads the old values. */
    assert_int_equal(before[1].statistics->cpu_time_ns, 200);
    assert_int_equal(after[1].statistics->cpu_time_ns, 250);
    snapshot_unref(old);
    assert_int_equal(fixture->snapshot->domains[0].statistics->cpu_time_ns, 100);
}

static void test_a_reader_keeps_what_it_holds(void **state)
{
    struct fixture *fixture = *state;
    struct snapshot *held;

    list(fixture, 10, "12");
    held = snapshot_ref(fixture->snapshot);
    assert_ptr_equal(held, fixture->snapshot);
    list(fixture, 20, "");
    check_rows(fixture, "");
    assert_int_equal(held->domain_count, 2);
    assert_string_equal(held->domains[1].domain->name, "2");
    snapshot_unref(held);
    snapshot_unref(NULL);
}

static void test_data_finds_its_domain_whatever_the_order(void **state)
{
    struct fixture *fixture = *state;

    begin(fixture, SECTION_DOMAINS);
    deliver(fixture, 30, "a"); /* order of names, UUIDs and delivery all differ */
    deliver(fixture, 10, "c");
    deliver(fixture, 20, "b");
    merge(fixture, 10, true);
    begin(fixture, SECTION_STATISTICS);
    deliver_statistics(fixture, 20, 20, 0);
    deliver_statistics(fixture, 15, 15, 0); /* not in the list yet */
    deliver_statistics(fixture, 30, 30, 0);
    deliver_statistics(fixture, 10, 10, 0);
    merge(fixture, 20, true);
    check_rows(fixture, "1=a 2=b 3=c");
    assert_int_equal(row_of(fixture, 1)->statistics->cpu_time_ns, 30);
    assert_int_equal(row_of(fixture, 2)->statistics->cpu_time_ns, 20);
    assert_int_equal(row_of(fixture, 3)->statistics->cpu_time_ns, 10);
}

static void test_a_domain_that_is_gone_has_no_row(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "123");
    list(fixture, 20, "13");
    check_rows(fixture, "1=1 3=3");
    assert_int_equal(fixture->snapshot->domains_changed_ns, 20);
    list(fixture, 30, "13");
    assert_int_equal(fixture->snapshot->domains_changed_ns, 20);
}

static void test_a_list_cut_by_the_deadline_takes_nobody_away(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "123");
    begin(fixture, SECTION_DOMAINS);
    deliver_in_state(fixture, 2, "2", DOMAIN_STATE_PAUSED);
    deliver(fixture, 4, "4");
    merge(fixture, 20, false);
    check_rows(fixture, "1=1 2=2 3=3 4=4");
    assert_int_equal(row_of(fixture, 2)->domain->state, DOMAIN_STATE_PAUSED);
    assert_int_equal(row_of(fixture, 2)->sampled_ns[SECTION_DOMAINS], 20);
    assert_int_equal(row_of(fixture, 1)->sampled_ns[SECTION_DOMAINS], 10);
    assert_int_equal(fixture->snapshot->domains_changed_ns, 20);
    assert_int_equal(fixture->snapshot->sampled_ns[SECTION_DOMAINS], 10);
}

static void test_a_collection_that_delivers_nothing_makes_nothing_younger(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "12");
    begin(fixture, SECTION_DOMAINS);
    merge(fixture, 20, false);
    check_rows(fixture, "1=1 2=2");
    assert_int_equal(fixture->snapshot->sampled_ns[SECTION_DOMAINS], 10);

    begin(fixture, SECTION_STATISTICS); /* complete: nobody has any */
    merge(fixture, 30, true);
    assert_int_equal(fixture->snapshot->sampled_ns[SECTION_STATISTICS], 30);
    assert_int_equal(row_of(fixture, 1)->sampled_ns[SECTION_STATISTICS], CLOCK_NEVER);
}

static void test_a_domain_that_cannot_be_read_stays_as_it_was(void **state)
{
    struct fixture *fixture = *state;
    const struct domain *before;

    list(fixture, 10, "12");
    before = row_of(fixture, 2)->domain;
    begin(fixture, SECTION_DOMAINS);
    deliver(fixture, 1, "1");
    deliver_failure(fixture, 2);
    merge(fixture, 20, true);
    check_rows(fixture, "1=1 2=2");
    assert_ptr_equal(row_of(fixture, 2)->domain, before);
    assert_int_equal(row_of(fixture, 2)->sampled_ns[SECTION_DOMAINS], 10);
    assert_int_equal(fixture->snapshot->domains_changed_ns, 10);
}

static void test_a_failure_is_told_until_it_is_over(void **state)
{
    struct fixture *fixture = *state;
    enum section section = SECTION_NODE;

    list(fixture, 10, "12");
    assert_null(snapshot_failure(row_of(fixture, 2), NULL));
    assert_int_equal(fixture->snapshot->unreadable_count, 0);
    begin(fixture, SECTION_STATISTICS);
    deliver_statistics(fixture, 1, 100, 0);
    deliver_failure(fixture, 2);
    merge(fixture, 20, true);
    assert_null(snapshot_failure(row_of(fixture, 1), NULL));
    assert_string_equal(snapshot_failure(row_of(fixture, 2), &section)->text,
                        "statistics: no answer");
    assert_int_equal(section, SECTION_STATISTICS);
    assert_int_equal(fixture->snapshot->unreadable_count, 1);

    /* Another section knows nothing of it. */
    list(fixture, 30, "12");
    assert_int_equal(fixture->snapshot->unreadable_count, 1);
    begin(fixture, SECTION_STATISTICS);
    deliver_statistics(fixture, 2, 100, 0);
    merge(fixture, 40, false);
    assert_null(snapshot_failure(row_of(fixture, 2), NULL));
    assert_int_equal(fixture->snapshot->unreadable_count, 0);
}

static void test_a_failure_is_over_when_there_is_nothing_to_tell(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "12");
    begin(fixture, SECTION_STATISTICS);
    deliver_failure(fixture, 2);
    merge(fixture, 20, false);
    begin(fixture, SECTION_STATISTICS); /* cut off before it came to 2 */
    merge(fixture, 30, false);
    assert_non_null(snapshot_failure(row_of(fixture, 2), NULL));
    begin(fixture, SECTION_STATISTICS); /* 2 is asked apart */
    fixture->except = (struct uuid_set) { &row_of(fixture, 2)->domain->uuid, 1 };
    merge(fixture, 40, true);
    assert_non_null(snapshot_failure(row_of(fixture, 2), NULL));
    begin(fixture, SECTION_STATISTICS); /* shut down, for instance */
    merge(fixture, 50, true);
    assert_null(snapshot_failure(row_of(fixture, 2), NULL));
}

static void test_no_answer_goes_before_a_refusal(void **state)
{
    struct fixture *fixture = *state;
    const struct error refused = { STATUS_DENIED, "refused" };
    const struct uuid uuid = uuid_of(1);
    enum section section = SECTION_NODE;

    list(fixture, 10, "1");
    begin(fixture, SECTION_CONFIGS);
    assert_true(builder_add_failure(fixture->builder, &uuid, &refused));
    merge(fixture, 20, true);
    assert_int_equal(snapshot_failure(row_of(fixture, 1), NULL)->status, STATUS_DENIED);
    begin(fixture, SECTION_DEVICES);
    deliver_failure(fixture, 1);
    merge(fixture, 20, true);
    assert_string_equal(snapshot_failure(row_of(fixture, 1), &section)->text,
                        "devices: no answer");
    assert_int_equal(section, SECTION_DEVICES);
    assert_int_equal(fixture->snapshot->unreadable_count, 1);
}

static void test_a_domain_that_was_not_asked_is_not_gone(void **state)
{
    struct fixture *fixture = *state;
    struct uuid apart[2];

    list(fixture, 10, "1234");
    apart[0] = uuid_of(2);
    apart[1] = uuid_of(3);
    begin(fixture, SECTION_DOMAINS);
    deliver(fixture, 1, "1");
    fixture->except = (struct uuid_set) { apart, 2 };
    merge(fixture, 20, true);
    check_rows(fixture, "1=1 2=2 3=3");
    assert_int_equal(fixture->snapshot->sampled_ns[SECTION_DOMAINS], 20);
    /* Nor does its index go. */
    restart(fixture);
    list(fixture, 30, "23");
    check_rows(fixture, "2=2 3=3");
}

static void test_counters_that_go_back_are_noted(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "12");
    for (int64_t at = 20; at <= 40; at += 10) {
        begin(fixture, SECTION_STATISTICS);
        deliver_statistics(fixture, 1, (uint64_t)at, 0);
        deliver_statistics(fixture, 2, at == 30 ? 19 : (uint64_t)at, 0);
        merge(fixture, at, true);
        assert_int_equal(row_of(fixture, 1)->discontinuity_ns, CLOCK_NEVER);
        assert_int_equal(row_of(fixture, 2)->discontinuity_ns,
                         at == 20 ? CLOCK_NEVER : 30);
    }
}

static void deliver_start(struct fixture *fixture, enum domain_state state,
                          int64_t started_ns)
{
    const struct domain from = {
        .uuid = uuid_of(1),
        .name = "1",
        .state = state,
        .started_ns = started_ns,
    };

    assert_true(builder_add_domain(fixture->builder, domain_new(&from)));
}

static void test_a_start_may_begin_counters_anew(void **state)
{
    static const struct {
        enum domain_state state;
        int64_t started_s; /* -1: not known */
        int64_t discontinuity_s;
    } lists[] = {
        { DOMAIN_STATE_RUNNING, -1, -1 },   { DOMAIN_STATE_RUNNING, 5, 5 },
        { DOMAIN_STATE_RUNNING, 6, 5 }, /* the same one, told by its age */
        { DOMAIN_STATE_RUNNING, 33, 33 },   { DOMAIN_STATE_RUNNING, 5, 33 },
        { DOMAIN_STATE_SHUTDOWN, 55, 33 }, /* meaningless */
        { DOMAIN_STATE_PREPARING, -1, 70 }, { DOMAIN_STATE_RUNNING, 68, 70 },
        { DOMAIN_STATE_RUNNING, 1000, 90 }, /* after the collection began */
        { DOMAIN_STATE_SUSPENDED, 5, 90 },  { DOMAIN_STATE_RUNNING, 5, 110 },
        { DOMAIN_STATE_PAUSED, 5, 110 },    { DOMAIN_STATE_CRASHED, 5, 110 },
        { DOMAIN_STATE_RUNNING, 5, 140 },
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        int64_t told_s = lists[i].started_s;
        int64_t wanted_s = lists[i].discontinuity_s;

        begin(fixture, SECTION_DOMAINS);
        deliver_start(fixture, lists[i].state,
                      told_s < 0 ? CLOCK_NEVER : told_s * CLOCK_NS_PER_S);
        merge(fixture, (int64_t)(i + 1) * 10 * CLOCK_NS_PER_S, true);
        assert_int_equal(row_of(fixture, 1)->discontinuity_ns,
                         wanted_s < 0 ? CLOCK_NEVER : wanted_s * CLOCK_NS_PER_S);
    }
}

/* It may be back after an absence, with other counters. */
static void test_a_domain_that_appears_may_begin_counters_anew(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "12");
    list(fixture, 20, "1");
    list(fixture, 30, "12");
    assert_int_equal(row_of(fixture, 1)->discontinuity_ns, CLOCK_NEVER);
    assert_int_equal(row_of(fixture, 2)->discontinuity_ns, 30);
    list(fixture, 40, "12");
    assert_int_equal(row_of(fixture, 2)->discontinuity_ns, 30);
}

/* What a collection found that began before the start was seen, is of before. */
static void test_the_last_discontinuity_does_not_go_back(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "1");
    begin(fixture, SECTION_STATISTICS);
    deliver_statistics(fixture, 1, 100, 0);
    merge(fixture, 10, true);
    begin(fixture, SECTION_DOMAINS);
    deliver_start(fixture, DOMAIN_STATE_SHUTDOWN, CLOCK_NEVER);
    merge(fixture, 20, true);
    list(fixture, 40, "1");
    begin(fixture, SECTION_STATISTICS);
    deliver_statistics(fixture, 1, 1, 0);
    merge(fixture, 30, true);
    assert_int_equal(row_of(fixture, 1)->discontinuity_ns, 40);
}

static void test_of_two_domains_with_one_uuid_the_first_is_shown(void **state)
{
    struct fixture *fixture = *state;

    begin(fixture, SECTION_DOMAINS);
    deliver(fixture, 1, "original");
    deliver(fixture, 1, "clone");
    deliver(fixture, 0, "Domain-0");
    deliver(fixture, 0, "nameless");
    merge(fixture, 10, true);
    check_rows(fixture, "1=Domain-0 2=original");
}

static void test_a_renamed_domain_keeps_its_index(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "12");
    begin(fixture, SECTION_DOMAINS);
    deliver(fixture, 1, "zebra");
    deliver(fixture, 2, "2");
    merge(fixture, 20, true);
    check_rows(fixture, "1=zebra 2=2");
    assert_int_equal(fixture->snapshot->domains_changed_ns, 10);
}

static void test_an_index_is_used_again_after_the_grace_time_only(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "12");
    begin(fixture, SECTION_STATISTICS);
    deliver_statistics(fixture, 1, 111, GIB);
    merge(fixture, 15, true);
    list(fixture, 20, "2");
    list(fixture, 19 + GRACE_NS, "23");
    check_rows(fixture, "2=2 3=3");
    list(fixture, 20 + GRACE_NS, "234");
    check_rows(fixture, "1=4 2=2 3=3");
    /* Nothing of the domain that had this index before is left in the row. */
    assert_null(row_of(fixture, 1)->statistics);
    assert_int_equal(row_of(fixture, 1)->sampled_ns[SECTION_STATISTICS], CLOCK_NEVER);
}

static void test_a_domain_that_comes_back_starts_without_history(void **state)
{
    struct fixture *fixture = *state;

    begin(fixture, SECTION_DOMAINS);
    deliver_in_state(fixture, 1, "1", DOMAIN_STATE_SHUTDOWN);
    merge(fixture, 10, true);
    begin(fixture, SECTION_STATISTICS);
    deliver_statistics(fixture, 1, 111, GIB);
    merge(fixture, 11, true);
    list(fixture, 20, "");
    assert_int_equal(fixture->snapshot->domains_changed_ns, 20);
    list(fixture, 30, "1");
    check_rows(fixture, "1=1"); /* within the grace time: its own index */
    assert_null(row_of(fixture, 1)->statistics);
    assert_int_equal(fixture->snapshot->domains_changed_ns, 30);
}

static void test_an_index_does_not_change_hands_in_one_snapshot(void **state)
{
    struct fixture *fixture = *state;

    index_store_close(fixture->indices.domains);
    assert_int_equal(index_store_open(NULL, 0, &fixture->indices.domains, NULL),
                     STATUS_OK);
    list(fixture, 10, "1");
    list(fixture, 20, "2"); /* no grace at all, and 1 went while 2 came */
    check_rows(fixture, "2=2");
    list(fixture, 30, "23");
    check_rows(fixture, "1=3 2=2");
}

static void test_a_restart_with_the_same_domains_changes_nothing(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "31");
    list(fixture, 20, "312");
    check_rows(fixture, "1=1 2=3 3=2");
    restart(fixture);
    list(fixture, 500, "123");
    check_rows(fixture, "1=1 2=3 3=2");
    assert_int_equal(fixture->snapshot->domains_changed_ns, 20);
}

static void test_a_restart_sees_who_went_meanwhile(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "123");
    restart(fixture);
    list(fixture, 500, "13");
    check_rows(fixture, "1=1 3=3");
    assert_int_equal(fixture->snapshot->domains_changed_ns, 500);
    /* Its grace began when that was seen. */
    list(fixture, 499 + GRACE_NS, "134");
    check_rows(fixture, "1=1 3=3 4=4");
    list(fixture, 500 + GRACE_NS, "1345");
    check_rows(fixture, "1=1 2=5 3=3 4=4");
}

static void test_a_restart_sees_who_came_meanwhile(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "23");
    restart(fixture);
    list(fixture, 500, "123");
    check_rows(fixture, "1=2 2=3 3=1");
    assert_int_equal(fixture->snapshot->domains_changed_ns, 500);
}

static void test_after_a_restart_a_partial_list_takes_no_index_away(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "123");
    restart(fixture);
    begin(fixture, SECTION_DOMAINS);
    deliver(fixture, 3, "3");
    merge(fixture, 500, false);
    check_rows(fixture, "3=3");
    assert_int_equal(fixture->snapshot->domains_changed_ns, 10);
    list(fixture, 510, "13"); /* the first whole one: now 2 is gone for certain */
    check_rows(fixture, "1=1 3=3");
    assert_int_equal(fixture->snapshot->domains_changed_ns, 510);
}

static void test_after_a_restart_a_failed_domain_keeps_its_index(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "12");
    restart(fixture);
    begin(fixture, SECTION_DOMAINS);
    deliver(fixture, 2, "2");
    deliver_failure(fixture, 1);
    merge(fixture, 500, true);
    check_rows(fixture, "2=2");
    assert_int_equal(fixture->snapshot->domains_changed_ns, 10);
    list(fixture, 500 + 2 * GRACE_NS, "123");
    check_rows(fixture, "1=1 2=2 3=3");
}

static void test_the_indices_are_on_disk_when_the_snapshot_is_there(void **state)
{
    struct fixture *fixture = *state;
    struct index_store *other = NULL;
    uint32_t index = 0;
    bool is_new = true;

    list(fixture, 10, "21");
    assert_int_equal(index_store_open(fixture->path, GRACE_NS, &other, NULL),
                     STATUS_OK);
    assert_int_equal(index_store_assign(other, "00000000-0000-0000-0000-000000000002",
                                        10, &index, &is_new),
                     STATUS_OK);
    assert_int_equal(index, 2);
    assert_false(is_new);
    assert_int_equal(index_store_changed_ns(other), 10);
    index_store_close(other);
}

static void test_without_a_disk_there_is_a_snapshot_all_the_same(void **state)
{
    struct fixture *fixture = *state;
    struct error error = ERROR_NONE;
    char in_the_way[400];

    snprintf(in_the_way, sizeof(in_the_way), "%s.new", fixture->path);
    assert_int_equal(mkdir(in_the_way, 0700), 0);
    begin(fixture, SECTION_DOMAINS);
    deliver(fixture, 1, "1");
    snapshot_unref(merge_with(fixture, 10, true, &error));
    check_rows(fixture, "1=1");
    assert_int_equal(error.status, STATUS_IO);
    assert_non_null(strstr(error.text, fixture->path));
    assert_int_equal(fixture->snapshot->domains_changed_ns, 10);

    /* The next list brings it to disk, though nothing changed since. */
    assert_int_equal(rmdir(in_the_way), 0);
    list(fixture, 20, "1");
    restart(fixture);
    list(fixture, 30, "1");
    assert_int_equal(fixture->snapshot->domains_changed_ns, 10);
}

static void test_a_foreign_key_in_the_file_is_given_back(void **state)
{
    struct fixture *fixture = *state;
    uint32_t index;

    assert_int_equal(
        index_store_assign(fixture->indices.domains, "not a uuid", 0, &index, NULL),
        STATUS_OK);
    list(fixture, 10, "1");
    check_rows(fixture, "2=1");
    assert_int_equal(index_store_count(fixture->indices.domains), 1);
}

static void test_the_wanted_state_outlives_an_unknown_one(void **state)
{
    static const struct {
        enum domain_state state;
        enum domain_admin_state expected;
    } steps[] = {
        { DOMAIN_STATE_UNKNOWN, DOMAIN_ADMIN_STATE_UNKNOWN },
        { DOMAIN_STATE_PAUSED, DOMAIN_ADMIN_STATE_PAUSED },
        { DOMAIN_STATE_UNKNOWN, DOMAIN_ADMIN_STATE_PAUSED },
        { DOMAIN_STATE_OTHER, DOMAIN_ADMIN_STATE_PAUSED },
        { DOMAIN_STATE_SHUTDOWN, DOMAIN_ADMIN_STATE_SHUTDOWN },
    };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        begin(fixture, SECTION_DOMAINS);
        deliver_in_state(fixture, 1, "1", steps[i].state);
        merge(fixture, 10 + (int64_t)i, true);
        assert_int_equal(row_of(fixture, 1)->admin_state, steps[i].expected);
        assert_int_equal(row_of(fixture, 1)->domain->state, steps[i].state);
    }
}

static void test_a_late_collection_does_not_turn_back_time(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "12");
    begin(fixture, SECTION_STATISTICS);
    deliver_statistics(fixture, 1, 200, 0);
    merge(fixture, 50, false);
    begin(fixture, SECTION_STATISTICS); /* began before, and was late */
    deliver_statistics(fixture, 1, 100, 0);
    deliver_statistics(fixture, 2, 77, 0);
    merge(fixture, 40, true);
    assert_int_equal(row_of(fixture, 1)->statistics->cpu_time_ns, 200);
    assert_int_equal(row_of(fixture, 1)->sampled_ns[SECTION_STATISTICS], 50);
    assert_int_equal(row_of(fixture, 2)->statistics->cpu_time_ns, 77);
    assert_int_equal(row_of(fixture, 2)->sampled_ns[SECTION_STATISTICS], 40);
    assert_int_equal(fixture->snapshot->sampled_ns[SECTION_STATISTICS], 40);

    begin(fixture, SECTION_DOMAINS);
    deliver(fixture, 3, "3");
    merge(fixture, 70, false);
    list(fixture, 60, "12"); /* began before 3 was there */
    check_rows(fixture, "1=1 2=2 3=3");
    list(fixture, 80, "12");
    check_rows(fixture, "1=1 2=2");
}

static uint32_t unit_for(struct fixture *fixture, unsigned number, int64_t started_ns,
                         int64_t max_bytes)
{
    begin(fixture, SECTION_CONFIGS);
    deliver_config(fixture, number, max_bytes);
    merge(fixture, started_ns, false);
    return row_of(fixture, number)->memory_unit;
}

static void test_the_memory_unit_leaves_room_in_31_bits(void **state)
{
    static const int64_t sizes[] = { 1,         GIB,        128 * GIB,       129 * GIB,
                                     512 * GIB, 4096 * GIB, INT64_C(1) << 56 };
    struct fixture *fixture = *state;

    list(fixture, 10, "1234567");
    for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint32_t unit = unit_for(fixture, i + 1, 20 + i, sizes[i]);

        assert_true(unit >= 1024 && (unit & (unit - 1)) == 0);
        assert_true(sizes[i] / unit <= INT32_MAX);
        /* No coarser than needed, with room to grow where a unit has room. */
        assert_true(unit == 1024 || sizes[i] / (unit / 2) > INT32_MAX / 16);
        assert_true(unit == UINT32_C(1) << 30 || sizes[i] / unit <= INT32_MAX / 16);
    }
    assert_int_equal(row_of(fixture, 2)->memory_unit, 1024);
    assert_int_equal(row_of(fixture, 7)->memory_unit, UINT32_C(1) << 30);
}

static void test_the_memory_unit_stays_for_the_life_of_the_row(void **state)
{
    struct fixture *fixture = *state;

    list(fixture, 10, "12");
    assert_int_equal(unit_for(fixture, 1, 20, DOMAIN_NO_LIMIT), 1024);
    assert_int_equal(unit_for(fixture, 1, 30, 512 * GIB), 8192);
    assert_int_equal(unit_for(fixture, 1, 40, GIB), 8192);
    assert_int_equal(unit_for(fixture, 1, 50, DOMAIN_NO_LIMIT), 8192);
    assert_int_equal(unit_for(fixture, 1, 60, 4096 * GIB), 8192);
    list(fixture, 70, "12");
    assert_int_equal(row_of(fixture, 1)->memory_unit, 8192);

    /* Statistics know a size too, and a small one settles it as well. */
    begin(fixture, SECTION_STATISTICS);
    deliver_statistics(fixture, 2, 1, GIB);
    merge(fixture, 80, true);
    assert_int_equal(unit_for(fixture, 2, 90, DOMAIN_NO_LIMIT), 1024);
    assert_int_equal(unit_for(fixture, 2, 100, 512 * GIB), 1024);

    /* A new life, a new unit. */
    list(fixture, 110, "2");
    list(fixture, 120, "12");
    assert_int_equal(unit_for(fixture, 1, 130, GIB), 1024);
}

static void test_rows_are_found_whatever_the_hint(void **state)
{
    struct fixture *fixture = *state;
    const struct snapshot *snapshot;

    list(fixture, 10, "12345678");
    list(fixture, 20, "2358");
    check_rows(fixture, "2=2 3=3 5=5 8=8");
    snapshot = fixture->snapshot;
    for (uint32_t index = 0; index <= 10; index++) {
        size_t expected = 0;

        while (expected < snapshot->domain_count
               && snapshot->domains[expected].index < index) {
            expected++;
        }
        for (size_t hint = 0; hint <= 6; hint++) {
            assert_int_equal(snapshot_find_domain(snapshot, index, hint), expected);
        }
        assert_int_equal(snapshot_find_domain(snapshot, index, SIZE_MAX), expected);
    }
    assert_int_equal(snapshot_find_domain(snapshot, UINT32_MAX, 0), 4);
}

static void test_ten_thousand_domains_are_no_burden(void **state)
{
    enum { DOMAINS = 10000, ROUNDS = 10 };
    struct fixture *fixture = *state;
    int64_t started_ns = clock_boot_ns();
    char name[32];

    for (int round = 0; round < ROUNDS; round++) {
        begin(fixture, SECTION_DOMAINS);
        for (unsigned i = DOMAINS; i >= 1; i--) {
            snprintf(name, sizeof(name), "vm-%05u", i);
            deliver(fixture, i, name);
        }
        merge(fixture, 10 + round, true);
        begin(fixture, SECTION_STATISTICS);
        for (unsigned i = 1; i <= DOMAINS; i++) {
            deliver_statistics(fixture, i, i, GIB);
        }
        merge(fixture, 10 + round, true);
    }
    assert_int_equal(fixture->snapshot->domain_count, DOMAINS);
    assert_int_equal(fixture->snapshot->domains_changed_ns, 10);
    for (uint32_t i = 1; i <= DOMAINS; i++) {
        const struct snapshot_domain *row = &fixture->snapshot->domains[i - 1];

        snprintf(name, sizeof(name), "vm-%05" PRIu32, i);
        assert_int_equal(row->index, i);
        assert_string_equal(row->domain->name, name);
        assert_int_equal(row->statistics->cpu_time_ns, i);
    }
    /* A fraction of a second, and far more patience for valgrind. */
    assert_true(clock_boot_ns() - started_ns < 60 * CLOCK_NS_PER_S);
}

#define TEST(function)                                                                 \
    cmocka_unit_test_setup_teardown(function, snapshot_setup, snapshot_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_before_the_first_collection_nothing_is_known),
        TEST(test_a_fresh_node_is_numbered_by_name),
        TEST(test_a_new_row_knows_only_what_was_delivered),
        TEST(test_the_node_is_kept_until_told_anew),
        TEST(test_what_did_not_change_is_shared),
        TEST(test_a_reader_keeps_what_it_holds),
        TEST(test_data_finds_its_domain_whatever_the_order),
        TEST(test_a_domain_that_is_gone_has_no_row),
        TEST(test_a_list_cut_by_the_deadline_takes_nobody_away),
        TEST(test_a_collection_that_delivers_nothing_makes_nothing_younger),
        TEST(test_a_domain_that_cannot_be_read_stays_as_it_was),
        TEST(test_a_failure_is_told_until_it_is_over),
        TEST(test_a_failure_is_over_when_there_is_nothing_to_tell),
        TEST(test_no_answer_goes_before_a_refusal),
        TEST(test_a_domain_that_was_not_asked_is_not_gone),
        TEST(test_counters_that_go_back_are_noted),
        TEST(test_a_start_may_begin_counters_anew),
        TEST(test_a_domain_that_appears_may_begin_counters_anew),
        TEST(test_the_last_discontinuity_does_not_go_back),
        TEST(test_of_two_domains_with_one_uuid_the_first_is_shown),
        TEST(test_a_renamed_domain_keeps_its_index),
        TEST(test_an_index_is_used_again_after_the_grace_time_only),
        TEST(test_a_domain_that_comes_back_starts_without_history),
        TEST(test_an_index_does_not_change_hands_in_one_snapshot),
        TEST(test_a_restart_with_the_same_domains_changes_nothing),
        TEST(test_a_restart_sees_who_went_meanwhile),
        TEST(test_a_restart_sees_who_came_meanwhile),
        TEST(test_after_a_restart_a_partial_list_takes_no_index_away),
        TEST(test_after_a_restart_a_failed_domain_keeps_its_index),
        TEST(test_the_indices_are_on_disk_when_the_snapshot_is_there),
        TEST(test_without_a_disk_there_is_a_snapshot_all_the_same),
        TEST(test_a_foreign_key_in_the_file_is_given_back),
        TEST(test_the_wanted_state_outlives_an_unknown_one),
        TEST(test_a_late_collection_does_not_turn_back_time),
        TEST(test_the_memory_unit_leaves_room_in_31_bits),
        TEST(test_the_memory_unit_stays_for_the_life_of_the_row),
        TEST(test_rows_are_found_whatever_the_hint),
        TEST(test_ten_thousand_domains_are_no_burden),
    };

    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
