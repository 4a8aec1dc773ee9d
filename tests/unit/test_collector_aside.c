/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_collector_aside.c - what becomes of a domain that hangs, and of the
 * others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tests/unit/collector_fixture.h"

/* For a domain that hangs; nobody else needs as long. */
#define DOMAIN_NS CLOCK_NS_PER_S

/* The next event must tell of this domain. */
static const struct collector_event *
expect_domain(struct fixture *fixture, enum section section, unsigned number)
{
    const struct collector_event *event = next_event(fixture);
    const struct uuid uuid = fake_uuid(number);

    if (event->kind != COLLECTOR_DOMAIN || event->section != section
        || uuid_compare(&event->uuid, &uuid) != 0) {
        fail_msg("not domain %u but event %d: %s", number, (int)event->kind,
                 event->error.text);
    }
    return event;
}

/* A collector whose link is up and whose domains have statistics. */
static void start_with_domains(struct fixture *fixture, unsigned count)
{
    fixture->domain_timeout_ns = DOMAIN_NS;
    fake_set_domains(fixture->fake, count);
    start(fixture, LONG_NS);
    collect(fixture, SECTION_DOMAINS);
    collect(fixture, SECTION_STATISTICS);
}

static const struct snapshot_domain *row(const struct fixture *fixture, unsigned number)
{
    return &fixture->snapshot->domains[number];
}

static int64_t sampled_ns(const struct fixture *fixture, unsigned number)
{
    return row(fixture, number)->sampled_ns[SECTION_STATISTICS];
}

static void test_a_domain_that_hangs_holds_up_nobody(void **state)
{
    struct fixture *fixture = *state;
    const struct collector_event *event;
    int64_t before_ns;

    start_with_domains(fixture, 4);
    before_ns = sampled_ns(fixture, 1);
    fake_hang_domain(fixture->fake, FAKE_STATISTICS, 1);
    collector_request(fixture->collector, SECTION_BIT(SECTION_STATISTICS));
    event = expect_domain(fixture, SECTION_STATISTICS, 1);
    assert_true(event->abandoned);
    assert_false(event->good);
    assert_int_equal(event->error.status, STATUS_TIMEOUT);
    event = expect_collected(fixture, SECTION_STATISTICS);
    assert_true(event->good);
    assert_false(event->abandoned);
    for (unsigned number = 0; number < 4; number++) {
        assert_int_equal(sampled_ns(fixture, number) > before_ns, number != 1);
        assert_int_equal(snapshot_failure(row(fixture, number), NULL) != NULL,
                         number == 1);
    }
    assert_int_equal(snapshot_failure(row(fixture, 1), NULL)->status, STATUS_TIMEOUT);
    assert_int_equal(fixture->snapshot->unreadable_count, 1);
    /* Nobody was asked twice for it. */
    assert_int_equal(fake_asked(fixture->fake, FAKE_STATISTICS, 0), 2);
    assert_int_equal(fake_asked(fixture->fake, FAKE_STATISTICS, 3), 2);

    /* From now on nobody waits for it, and it is not asked a second time. */
    for (int turn = 0; turn < 5; turn++) {
        int64_t begun_ns = clock_boot_ns();

        collect(fixture, SECTION_STATISTICS);
        assert_true(fixture->event->duration_ns < DOMAIN_NS);
        assert_true(sampled_ns(fixture, 0) >= begun_ns);
        assert_int_equal(sampled_ns(fixture, 1), before_ns);
        assert_non_null(snapshot_failure(row(fixture, 1), NULL));
    }
    assert_int_equal(fake_asked(fixture->fake, FAKE_STATISTICS, 1), 2);
    assert_int_equal(fake_running(fixture->fake, FAKE_STATISTICS), 1);
}

static void test_a_domain_that_answers_again_is_one_of_all_again(void **state)
{
    struct fixture *fixture = *state;
    const struct collector_event *event;
    int64_t before_ns;

    start_with_domains(fixture, 3);
    fake_hang_domain(fixture->fake, FAKE_STATISTICS, 0);
    collector_request(fixture->collector, SECTION_BIT(SECTION_STATISTICS));
    expect_domain(fixture, SECTION_STATISTICS, 0);
    expect_collected(fixture, SECTION_STATISTICS);
    before_ns = sampled_ns(fixture, 0);

    /* It is asked at once, by nobody's request. */
    fake_release_domain(fixture->fake, FAKE_STATISTICS, 0);
    event = expect_domain(fixture, SECTION_STATISTICS, 0);
    assert_true(event->good);
    assert_false(event->abandoned);
    assert_true(sampled_ns(fixture, 0) > before_ns);
    assert_null(snapshot_failure(row(fixture, 0), NULL));
    assert_int_equal(fixture->snapshot->unreadable_count, 0);
    assert_int_equal(fake_asked(fixture->fake, FAKE_STATISTICS, 0), 3);

    collect(fixture, SECTION_STATISTICS);
    assert_int_equal(fake_asked(fixture->fake, FAKE_STATISTICS, 0), 4);
    assert_int_equal(fake_running(fixture->fake, FAKE_STATISTICS), 0);
}

static void test_a_domain_that_hangs_again_is_asked_by_one_call_at_a_time(void **state)
{
    struct fixture *fixture = *state;

    start_with_domains(fixture, 3);
    fake_hang_domain(fixture->fake, FAKE_STATISTICS, 2);
    collector_request(fixture->collector, SECTION_BIT(SECTION_STATISTICS));
    expect_domain(fixture, SECTION_STATISTICS, 2);
    expect_collected(fixture, SECTION_STATISTICS);
    /* The call that it held up returns, and the next one hangs too. */
    fake_release_domain(fixture->fake, FAKE_STATISTICS, 2);
    assert_true(expect_domain(fixture, SECTION_STATISTICS, 2)->good);
    fake_hang_domain(fixture->fake, FAKE_STATISTICS, 2);
    collector_request(fixture->collector, SECTION_BIT(SECTION_STATISTICS));
    assert_true(expect_domain(fixture, SECTION_STATISTICS, 2)->abandoned);
    expect_collected(fixture, SECTION_STATISTICS);
    for (int turn = 0; turn < 5; turn++) {
        collect(fixture, SECTION_STATISTICS);
    }
    assert_int_equal(fake_running(fixture->fake, FAKE_STATISTICS), 1);
    assert_int_equal(fake_asked(fixture->fake, FAKE_STATISTICS, 2), 4);
}

static void test_several_domains_hang_at_once(void **state)
{
    struct fixture *fixture = *state;
    int64_t begun_ns;

    start_with_domains(fixture, 6);
    begun_ns = clock_boot_ns();
    for (unsigned number = 1; number < 6; number += 2) {
        fake_hang_domain(fixture->fake, FAKE_STATISTICS, number);
    }
    collector_request(fixture->collector, SECTION_BIT(SECTION_STATISTICS));
    for (unsigned number = 1; number < 6; number += 2) {
        expect_domain(fixture, SECTION_STATISTICS, number);
    }
    assert_true(expect_collected(fixture, SECTION_STATISTICS)->good);
    for (unsigned number = 0; number < 6; number++) {
        assert_int_equal(sampled_ns(fixture, number) >= begun_ns, number % 2 == 0);
        /* Whoever has answered is not asked again for the others' sake. */
        assert_int_equal(fake_asked(fixture->fake, FAKE_STATISTICS, number), 2);
    }
    assert_int_equal(fixture->snapshot->unreadable_count, 3);
    assert_int_equal(fixture->snapshot->sampled_ns[SECTION_STATISTICS] >= begun_ns,
                     true);
}

static void test_a_domain_that_hangs_in_the_list_is_not_gone(void **state)
{
    struct fixture *fixture = *state;

    start_with_domains(fixture, 4);
    fake_hang_domain(fixture->fake, FAKE_DOMAINS, 1);
    for (int turn = 0; turn < 2; turn++) {
        collector_request(fixture->collector, SECTION_BIT(SECTION_DOMAINS));
        if (turn == 0) {
            expect_domain(fixture, SECTION_DOMAINS, 1);
        }
        assert_true(expect_collected(fixture, SECTION_DOMAINS)->good);
        assert_int_equal(fixture->snapshot->domain_count, 4);
    }
    /* Others that are gone are. */
    fake_set_domains(fixture->fake, 2);
    collect(fixture, SECTION_DOMAINS);
    assert_int_equal(fixture->snapshot->domain_count, 2);
    assert_string_equal(row(fixture, 1)->domain->name, "B");
    /* Statistics of it are told meanwhile. */
    collect(fixture, SECTION_STATISTICS);
    assert_int_equal(fake_asked(fixture->fake, FAKE_STATISTICS, 1), 2);
}

static void test_more_domains_hang_than_calls_may(void **state)
{
    struct fixture *fixture = *state;
    const struct collector_event *event;

    fixture->domain_timeout_ns = 50 * CLOCK_NS_PER_MS;
    fake_set_domains(fixture->fake, FAKE_DOMAINS_MAX);
    start(fixture, SHORT_NS);
    collector_request(fixture->collector, SECTION_BIT(SECTION_DOMAINS));
    do { /* On a busy machine healthy ones are slow, too. */
        event = next_event(fixture);
    } while (event->kind != COLLECTOR_COLLECTED);
    for (unsigned number = 0; number < FAKE_DOMAINS_MAX; number++) {
        fake_hang_domain(fixture->fake, FAKE_STATISTICS, number);
    }
    collector_request(fixture->collector, SECTION_BIT(SECTION_STATISTICS));
    for (unsigned number = 0; number < 32; number++) {
        expect_domain(fixture, SECTION_STATISTICS, number);
    }
    assert_true(expect_collected(fixture, SECTION_STATISTICS)->abandoned);
    expect_state(fixture, CONNECTION_UNRESPONSIVE);
    assert_int_equal(fake_running(fixture->fake, FAKE_STATISTICS), 33);
    /* No more than that, however often one asks. */
    collector_request(fixture->collector, SECTION_BIT(SECTION_STATISTICS));
    collect(fixture, SECTION_NODE);
    assert_int_equal(fake_running(fixture->fake, FAKE_STATISTICS), 33);

    for (unsigned number = 0; number < FAKE_DOMAINS_MAX; number++) {
        fake_release_domain(fixture->fake, FAKE_STATISTICS, number);
    }
    do {
        event = next_event(fixture);
    } while (fixture->snapshot->unreadable_count > 0
             || row(fixture, FAKE_DOMAINS_MAX - 1)->statistics == NULL);
}

static void test_a_domain_whose_answer_fails_when_asked_alone(void **state)
{
    struct fixture *fixture = *state;
    const struct collector_event *event;

    start_with_domains(fixture, 3);
    fake_hang_domain(fixture->fake, FAKE_STATISTICS, 1);
    collector_request(fixture->collector, SECTION_BIT(SECTION_STATISTICS));
    expect_domain(fixture, SECTION_STATISTICS, 1);
    expect_collected(fixture, SECTION_STATISTICS);
    fake_set_failing(fixture->fake, 1);
    fake_release_domain(fixture->fake, FAKE_STATISTICS, 1);
    event = expect_domain(fixture, SECTION_STATISTICS, 1);
    assert_true(event->good); /* no data, but it does not hang */
    assert_int_equal(snapshot_failure(row(fixture, 1), NULL)->status, STATUS_FAILED);
    fake_set_failing(fixture->fake, -1);
    collect(fixture, SECTION_STATISTICS);
    assert_null(snapshot_failure(row(fixture, 1), NULL));
}

static void test_a_lost_link_takes_what_is_set_aside_with_it(void **state)
{
    struct fixture *fixture = *state;

    start_with_domains(fixture, 3);
    fake_hang_domain(fixture->fake, FAKE_STATISTICS, 1);
    collector_request(fixture->collector, SECTION_BIT(SECTION_STATISTICS));
    expect_domain(fixture, SECTION_STATISTICS, 1);
    expect_collected(fixture, SECTION_STATISTICS);
    fake_set_status(fixture->fake, FAKE_NODE, STATUS_UNAVAILABLE, "lost");
    collector_request(fixture->collector, SECTION_BIT(SECTION_NODE));
    expect_collected(fixture, SECTION_NODE);
    expect_state(fixture, CONNECTION_DOWN);
    expect_state(fixture, CONNECTION_UP);
    /* The new link asks all, and what the old one's call brings is nothing. */
    collector_request(fixture->collector, SECTION_BIT(SECTION_STATISTICS));
    expect_domain(fixture, SECTION_STATISTICS, 1);
    expect_collected(fixture, SECTION_STATISTICS);
    assert_int_equal(fake_running(fixture->fake, FAKE_STATISTICS), 2);
    fake_release_domain(fixture->fake, FAKE_STATISTICS, 1);
    assert_true(expect_domain(fixture, SECTION_STATISTICS, 1)->good);
    collect(fixture, SECTION_STATISTICS);
    assert_null(snapshot_failure(row(fixture, 1), NULL));
}

static void test_the_hypervisor_is_back_before_the_domain(void **state)
{
    struct fixture *fixture = *state;

    fixture->domain_timeout_ns = DOMAIN_NS;
    start(fixture, 2 * DOMAIN_NS);
    collect(fixture, SECTION_DOMAINS);
    fake_hang_domain(fixture->fake, FAKE_STATISTICS, 1);
    collector_request(fixture->collector, SECTION_BIT(SECTION_STATISTICS));
    expect_domain(fixture, SECTION_STATISTICS, 1);
    expect_collected(fixture, SECTION_STATISTICS);
    fake_hold(fixture->fake, FAKE_NODE, 0);
    collector_request(fixture->collector, SECTION_BIT(SECTION_NODE));
    assert_true(expect_collected(fixture, SECTION_NODE)->abandoned);
    expect_state(fixture, CONNECTION_UNRESPONSIVE);
    /* The domain goes on hanging: that is its own affair. */
    fake_release(fixture->fake, FAKE_NODE);
    expect_state(fixture, CONNECTION_UP);
    assert_int_equal(fake_running(fixture->fake, FAKE_STATISTICS), 1);
}

static void test_calls_that_never_return_are_bounded(void **state)
{
    struct fixture *fixture = *state;
    const struct collector_event *event;
    const unsigned most = 64;

    fixture->domain_timeout_ns = 50 * CLOCK_NS_PER_MS;
    fake_set_domains(fixture->fake, FAKE_DOMAINS_MAX);
    start(fixture, SHORT_NS);
    for (unsigned number = 0; number < FAKE_DOMAINS_MAX; number++) {
        fake_hang_domain(fixture->fake, FAKE_STATISTICS, number);
    }
    fake_set_status(fixture->fake, FAKE_NODE, STATUS_UNAVAILABLE, "lost");
    /* A link is lost, its calls never return; nor do those of the next one. */
    for (int link = 0; link < 2; link++) {
        collector_request(fixture->collector, SECTION_BIT(SECTION_STATISTICS));
        do {
            event = next_event(fixture);
        } while (event->kind != COLLECTOR_STATE);
        assert_int_equal(event->state, CONNECTION_UNRESPONSIVE);
        collector_request(fixture->collector, SECTION_BIT(SECTION_NODE));
        while (link == 0
               && (event->kind != COLLECTOR_STATE || event->state != CONNECTION_UP)) {
            event = next_event(fixture);
        }
    }
    assert_int_equal(fake_running(fixture->fake, FAKE_STATISTICS), most);
    assert_int_equal(fake_begun(fixture->fake, FAKE_NODE), 1);
    /* When one has returned, another one may be made. */
    fake_release_domain(fixture->fake, FAKE_STATISTICS, 0);
    assert_true(fake_wait_begun(fixture->fake, FAKE_NODE, 2));
    assert_int_equal(fake_most_running(fixture->fake, FAKE_STATISTICS), most);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_a_domain_that_hangs_holds_up_nobody),
        WITH_FIXTURE(test_a_domain_that_answers_again_is_one_of_all_again),
        WITH_FIXTURE(test_a_domain_that_hangs_again_is_asked_by_one_call_at_a_time),
        WITH_FIXTURE(test_several_domains_hang_at_once),
        WITH_FIXTURE(test_a_domain_that_hangs_in_the_list_is_not_gone),
        WITH_FIXTURE(test_more_domains_hang_than_calls_may),
        WITH_FIXTURE(test_a_domain_whose_answer_fails_when_asked_alone),
        WITH_FIXTURE(test_a_lost_link_takes_what_is_set_aside_with_it),
        WITH_FIXTURE(test_the_hypervisor_is_back_before_the_domain),
        WITH_FIXTURE(test_calls_that_never_return_are_bounded),
    };

    return cmocka_run_group_tests_name("collector_aside", tests, NULL, NULL);
}
