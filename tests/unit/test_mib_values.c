/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_mib_values.c - what each object says of what is known, and that it
 * says nothing, or the RFC's word for unknown, of what is not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <config.h>
#include <string.h>

#include "tests/unit/mib_fixture.h"

#define GIB (INT64_C(1) << 30)
#define HOUR_NS (3600 * CLOCK_NS_PER_S)

/* TimeTicks count to 2^32 hundredths of a second: 497 days. */
#define TICKS_WRAP_NS ((INT64_C(1) << 32) * CLOCK_NS_PER_TICK)

/* The first row, and the one connection that is shown. */
#define ROW 1
#define CONNECTION 1

static void check_absent(const struct mib_fixture *fixture, const char *name,
                         uint32_t instance)
{
    struct mib_value value;

    if (mib_fixture_get(fixture, name, instance, &value) != MIB_NO_INSTANCE) {
        fail_msg("%s.%u is there", name, (unsigned)instance);
    }
}

static struct mib_value value_of(const struct mib_fixture *fixture, const char *name,
                                 uint32_t instance, enum mib_type type)
{
    struct mib_value value = { .type = MIB_OID };

    if (mib_fixture_get(fixture, name, instance, &value) != MIB_FOUND) {
        fail_msg("there is no %s.%u", name, (unsigned)instance);
    }
    if (value.type != type) {
        fail_msg("%s is of type %#x", name, (unsigned)value.type);
    }
    return value;
}

static void check_integer(const struct mib_fixture *fixture, const char *name,
                          uint32_t instance, int32_t expected)
{
    const struct mib_value value = value_of(fixture, name, instance, MIB_INTEGER);

    if (value.integer != expected) {
        fail_msg("%s.%u is %d, not %d", name, (unsigned)instance, (int)value.integer,
                 (int)expected);
    }
}

static void check_number(const struct mib_fixture *fixture, const char *name,
                         uint32_t instance, enum mib_type type, uint32_t expected)
{
    const struct mib_value value = value_of(fixture, name, instance, type);

    if (value.number != expected) {
        fail_msg("%s.%u is %u, not %u", name, (unsigned)instance,
                 (unsigned)value.number, (unsigned)expected);
    }
}

static void check_octets(const struct mib_fixture *fixture, const char *name,
                         uint32_t instance, const void *expected, size_t length)
{
    /* Not value_of(): a string may lie in the value itself. */
    struct mib_value value = { .type = MIB_OID };

    assert_int_equal(mib_fixture_get(fixture, name, instance, &value), MIB_FOUND);
    assert_int_equal(value.type, MIB_STRING);
    if (value.string.length != length) {
        fail_msg("%s.%u has %zu octets, not %zu", name, (unsigned)instance,
                 value.string.length, length);
    }
    assert_memory_equal(value.string.bytes, expected, length);
}

static void check_text(const struct mib_fixture *fixture, const char *name,
                       uint32_t instance, const char *expected)
{
    check_octets(fixture, name, instance, expected, strlen(expected));
}

static void make_stale(struct mib_fixture *fixture)
{
    fixture->context.now_ns = FIXTURE_SAMPLED_NS + FIXTURE_STALE_LIMIT_NS + 1;
}

/* --- vmHypervisor ----------------------------------------------------------- */

static void test_the_hypervisor_tells_who_it_is(void **state)
{
    struct mib_fixture *fixture = *state;

    check_text(fixture, "vmHvSoftware", 0, "Xen");
    check_text(fixture, "vmHvVersion", 0, "4.17");
    check_number(fixture, "vmHvUpTime", 0, MIB_TIMETICKS, 720000);

    fixture->connections[0].state = CONNECTION_DOWN;
    check_text(fixture, "vmHvSoftware", 0, "Xen");
    check_text(fixture, "vmHvVersion", 0, "4.17");
    check_absent(fixture, "vmHvUpTime", 0);
}

static void test_before_the_hypervisor_has_told_its_backend_speaks_for_it(void **state)
{
    struct mib_fixture *fixture = *state;
    static const uint32_t sim[] = { HVX_ROOT_IDS, 4, 1, 1 };
    struct mib_value value;

    fixture->snapshot.node = NULL;
    check_text(fixture, "vmHvSoftware", 0, "fallback");
    check_absent(fixture, "vmHvVersion", 0);
    check_absent(fixture, "vmHvUpTime", 0);
    value = value_of(fixture, "vmHvObjectID", 0, MIB_OID);
    assert_int_equal(value.oid.length, sizeof(sim) / sizeof(sim[0]));
    assert_memory_equal(value.oid.ids, sim, sizeof(sim));

    fixture->snapshot.node = &fixture->node;
    fixture->node.software = NULL;
    fixture->node.version = NULL;
    check_text(fixture, "vmHvSoftware", 0, "fallback");
    check_absent(fixture, "vmHvVersion", 0);
}

static void test_each_kind_of_hypervisor_has_its_oid(void **state)
{
    struct mib_fixture *fixture = *state;
    /* hvxHypervisors of hvagentx.oids. */
    static const uint32_t numbers[] = {
        [HYPERVISOR_OTHER] = 6, [HYPERVISOR_SIM] = 1, [HYPERVISOR_XEN] = 2,
        [HYPERVISOR_QEMU] = 3,  [HYPERVISOR_LXC] = 4,
    };
    const uint32_t parent[] = { HVX_ROOT_IDS, 4, 1 };
    const size_t length = sizeof(parent) / sizeof(parent[0]);

    assert_int_equal(sizeof(numbers) / sizeof(numbers[0]), HYPERVISOR_COUNT);
    for (int kind = 0; kind < HYPERVISOR_COUNT; kind++) {
        struct mib_value value;

        fixture->node.hypervisor = (enum hypervisor)kind;
        value = value_of(fixture, "vmHvObjectID", 0, MIB_OID);
        assert_int_equal(value.oid.length, length + 1);
        assert_memory_equal(value.oid.ids, parent, sizeof(parent));
        assert_int_equal(value.oid.ids[length], numbers[kind]);
    }
}

static void test_the_hypervisors_uptime_may_be_unknown_or_old(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->context.now_ns = FIXTURE_SAMPLED_NS + FIXTURE_STALE_LIMIT_NS;
    assert_true(value_of(fixture, "vmHvUpTime", 0, MIB_TIMETICKS).number > 0);
    make_stale(fixture);
    check_absent(fixture, "vmHvUpTime", 0);

    fixture->context.now_ns = FIXTURE_NOW_NS;
    fixture->node.started_ns = CLOCK_NEVER;
    check_absent(fixture, "vmHvUpTime", 0);
    check_absent(fixture, "vmTableLastChange", 0);
}

static void test_uptime_begins_anew_after_497_days(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->node.started_ns = FIXTURE_NOW_NS;
    fixture->domains[0].started_ns = FIXTURE_NOW_NS;
    fixture->agent.started_ns = FIXTURE_NOW_NS;
    fixture->context.now_ns = FIXTURE_NOW_NS + TICKS_WRAP_NS - 1;
    for (int section = 0; section < SECTION_COUNT; section++) {
        fixture->snapshot.sampled_ns[section] = fixture->context.now_ns;
        fixture->rows[0].sampled_ns[section] = fixture->context.now_ns;
    }
    check_number(fixture, "vmHvUpTime", 0, MIB_TIMETICKS, UINT32_MAX);
    check_number(fixture, "vmUpTime", ROW, MIB_TIMETICKS, UINT32_MAX);
    check_number(fixture, "hvxAgentUpTime", 0, MIB_TIMETICKS, UINT32_MAX);
    fixture->context.now_ns += 7 * CLOCK_NS_PER_TICK;
    check_number(fixture, "vmHvUpTime", 0, MIB_TIMETICKS, 6);
    check_number(fixture, "vmUpTime", ROW, MIB_TIMETICKS, 6);
    check_number(fixture, "hvxAgentUpTime", 0, MIB_TIMETICKS, 6);
}

static void test_what_seems_to_start_later_is_up_for_no_time(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->node.started_ns = FIXTURE_NOW_NS + 1;
    fixture->domains[0].started_ns = FIXTURE_NOW_NS + HOUR_NS;
    check_number(fixture, "vmHvUpTime", 0, MIB_TIMETICKS, 0);
    check_number(fixture, "vmUpTime", ROW, MIB_TIMETICKS, 0);
}

/* --- vmNumber, vmTableLastChange -------------------------------------------- */

static void test_the_number_of_domains_is_known_with_the_list(void **state)
{
    struct mib_fixture *fixture = *state;

    mib_fixture_set_rows(fixture, 7);
    check_integer(fixture, "vmNumber", 0, 7);
    mib_fixture_set_rows(fixture, 0);
    check_integer(fixture, "vmNumber", 0, 0);
    fixture->context.snapshot = &fixture->never_asked;
    check_absent(fixture, "vmNumber", 0);
    check_absent(fixture, "vmTableLastChange", 0);
}

/* A moment of vmHvUpTime, not of sysUpTime, and it does not move with the time. */
static void test_the_last_change_counts_from_the_start_of_the_hypervisor(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->node.started_ns = FIXTURE_NOW_NS - HOUR_NS;
    fixture->snapshot.domains_changed_ns = FIXTURE_NOW_NS - 60 * CLOCK_NS_PER_S;
    check_number(fixture, "vmTableLastChange", 0, MIB_TIMETICKS, 354000);
    fixture->context.now_ns += 10 * CLOCK_NS_PER_S;
    check_number(fixture, "vmTableLastChange", 0, MIB_TIMETICKS, 354000);

    fixture->snapshot.domains_changed_ns = fixture->node.started_ns + TICKS_WRAP_NS;
    check_number(fixture, "vmTableLastChange", 0, MIB_TIMETICKS, 0);
    /* Before the hypervisor was initialised: 0, as the RFC has it. */
    fixture->snapshot.domains_changed_ns = fixture->node.started_ns - 1;
    check_number(fixture, "vmTableLastChange", 0, MIB_TIMETICKS, 0);
    fixture->snapshot.domains_changed_ns = CLOCK_NEVER;
    check_number(fixture, "vmTableLastChange", 0, MIB_TIMETICKS, 0);
    fixture->snapshot.node = NULL;
    check_absent(fixture, "vmTableLastChange", 0);
}

/* --- vmTable ---------------------------------------------------------------- */

static void test_a_domain_of_which_all_is_known(void **state)
{
    struct mib_fixture *fixture = *state;
    struct mib_value value;

    fixture->domains[0].name = "web 1";
    fixture->domains[0].autostart = DOMAIN_FLAG_NO;
    check_text(fixture, "vmName", ROW, "web 1");
    check_octets(fixture, "vmUUID", ROW, fixture->domains[0].uuid.bytes, 16);
    check_text(fixture, "vmOSType", ROW, "hvm");
    check_integer(fixture, "vmAdminState", ROW, 1);
    check_integer(fixture, "vmOperState", ROW, 4);
    check_integer(fixture, "vmAutoStart", ROW, 3);
    check_integer(fixture, "vmPersistent", ROW, 2);
    check_integer(fixture, "vmCurCpuNumber", ROW, 3);
    check_integer(fixture, "vmMinCpuNumber", ROW, 1);
    check_integer(fixture, "vmMaxCpuNumber", ROW, 4);
    check_integer(fixture, "vmMemUnit", ROW, 1024);
    check_integer(fixture, "vmCurMem", ROW, 768 * 1024);
    check_integer(fixture, "vmMinMem", ROW, 256 * 1024);
    check_integer(fixture, "vmMaxMem", ROW, 1024 * 1024);
    check_number(fixture, "vmUpTime", ROW, MIB_TIMETICKS, 10000);
    value = value_of(fixture, "vmCpuTime", ROW, MIB_COUNTER64);
    assert_int_equal(value.counter64, 5000000); /* microseconds */
}

static void test_a_domain_of_which_only_the_name_is_known(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->rows[0].config = NULL;
    fixture->rows[0].statistics = NULL;
    fixture->rows[0].admin_state = DOMAIN_ADMIN_STATE_UNKNOWN;
    fixture->domains[0] = (struct domain) { .name = "", .started_ns = CLOCK_NEVER };
    check_text(fixture, "vmName", ROW, "");
    check_text(fixture, "vmUUID", ROW, "");
    check_absent(fixture, "vmOSType", ROW);
    check_absent(fixture, "vmAdminState", ROW);
    check_integer(fixture, "vmOperState", ROW, 1);
    check_integer(fixture, "vmAutoStart", ROW, 1);
    check_integer(fixture, "vmPersistent", ROW, 1);
    check_absent(fixture, "vmCurCpuNumber", ROW);
    check_integer(fixture, "vmMinCpuNumber", ROW, -1);
    check_integer(fixture, "vmMaxCpuNumber", ROW, -1);
    check_absent(fixture, "vmCurMem", ROW);
    check_integer(fixture, "vmMinMem", ROW, -1);
    check_integer(fixture, "vmMaxMem", ROW, -1);
    check_absent(fixture, "vmUpTime", ROW);
    check_absent(fixture, "vmCpuTime", ROW);
}

static void test_limits_that_there_are_none_of_read_minus_one(void **state)
{
    struct mib_fixture *fixture = *state;
    struct domain_config *config = &fixture->configs[0];

    config->os_type = NULL;
    config->vcpus = DOMAIN_NO_LIMIT;
    config->vcpus_min = DOMAIN_NO_LIMIT;
    config->vcpus_max = DOMAIN_NO_LIMIT;
    config->memory_bytes = DOMAIN_NO_LIMIT;
    config->memory_min_bytes = DOMAIN_NO_LIMIT;
    config->memory_max_bytes = DOMAIN_NO_LIMIT;
    fixture->statistics[0].has = 0;
    check_absent(fixture, "vmOSType", ROW);
    check_absent(fixture, "vmCurCpuNumber", ROW);
    check_integer(fixture, "vmMinCpuNumber", ROW, -1);
    check_integer(fixture, "vmMaxCpuNumber", ROW, -1);
    check_absent(fixture, "vmCurMem", ROW);
    check_integer(fixture, "vmMinMem", ROW, -1);
    check_integer(fixture, "vmMaxMem", ROW, -1);
    check_absent(fixture, "vmCpuTime", ROW);
}

static void test_known_zeros_are_told(void **state)
{
    struct mib_fixture *fixture = *state;
    struct domain_config *config = &fixture->configs[0];

    config->vcpus = 0;
    config->vcpus_min = 0;
    config->memory_bytes = 0;
    config->memory_min_bytes = 0;
    fixture->rows[0].statistics = NULL;
    check_integer(fixture, "vmCurCpuNumber", ROW, 0);
    check_integer(fixture, "vmMinCpuNumber", ROW, 0);
    check_integer(fixture, "vmCurMem", ROW, 0);
    check_integer(fixture, "vmMinMem", ROW, 0);
    fixture->rows[0].statistics = &fixture->statistics[0];
    fixture->statistics[0].cpu_time_ns = 999;
    assert_int_equal(value_of(fixture, "vmCpuTime", ROW, MIB_COUNTER64).counter64, 0);
}

static void test_numbers_stop_at_the_largest_there_is(void **state)
{
    struct mib_fixture *fixture = *state;
    struct domain_config *config = &fixture->configs[0];

    config->vcpus_min = INT32_MAX;
    config->vcpus_max = INT64_C(1) << 31;
    config->memory_min_bytes = INT64_C(1024) * INT32_MAX + 1023;
    config->memory_max_bytes = INT64_MAX;
    fixture->statistics[0].memory_bytes = UINT64_MAX;
    fixture->statistics[0].vcpus = UINT32_MAX;
    fixture->statistics[0].cpu_time_ns = UINT64_MAX;
    check_integer(fixture, "vmMinCpuNumber", ROW, INT32_MAX);
    check_integer(fixture, "vmMaxCpuNumber", ROW, INT32_MAX);
    check_integer(fixture, "vmCurCpuNumber", ROW, INT32_MAX);
    check_integer(fixture, "vmMinMem", ROW, INT32_MAX);
    check_integer(fixture, "vmMaxMem", ROW, INT32_MAX);
    check_integer(fixture, "vmCurMem", ROW, INT32_MAX);
    assert_true(value_of(fixture, "vmCpuTime", ROW, MIB_COUNTER64).counter64
                == UINT64_MAX / 1000);

    fixture->rows[0].statistics = NULL;
    config->vcpus = INT64_MAX;
    config->memory_bytes = INT64_MAX;
    check_integer(fixture, "vmCurCpuNumber", ROW, INT32_MAX);
    check_integer(fixture, "vmCurMem", ROW, INT32_MAX);
}

static void test_memory_is_told_in_the_rows_unit(void **state)
{
    struct mib_fixture *fixture = *state;
    struct domain_config *config = &fixture->configs[0];

    fixture->rows[0].memory_unit = 1024 * 1024;
    config->memory_min_bytes = 3 * GIB + 1024 * 1024 - 1;
    config->memory_max_bytes = 4096 * GIB;
    fixture->statistics[0].memory_bytes = 5 * (uint64_t)GIB;
    check_integer(fixture, "vmMemUnit", ROW, 1024 * 1024);
    check_integer(fixture, "vmMinMem", ROW, 3072);
    check_integer(fixture, "vmMaxMem", ROW, 4096 * 1024);
    check_integer(fixture, "vmCurMem", ROW, 5120);
    fixture->statistics[0].has &= ~DOMAIN_HAS_MEMORY;
    config->memory_bytes = 6 * GIB;
    check_integer(fixture, "vmCurMem", ROW, 6144);
}

/* While statistics are missing or old, the description still tells these two. */
static void test_current_values_fall_back_on_the_description(void **state)
{
    struct mib_fixture *fixture = *state;

    check_integer(fixture, "vmCurCpuNumber", ROW, 3);
    fixture->statistics[0].has &= ~DOMAIN_HAS_VCPUS;
    check_integer(fixture, "vmCurCpuNumber", ROW, 2);
    check_integer(fixture, "vmCurMem", ROW, 768 * 1024);
    fixture->rows[0].sampled_ns[SECTION_STATISTICS] = CLOCK_NEVER;
    check_integer(fixture, "vmCurMem", ROW, 512 * 1024);
    check_absent(fixture, "vmCpuTime", ROW);
}

static void test_each_counter_has_a_bit_of_its_own(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->rows[0].config = NULL;
    fixture->statistics[0].has = DOMAIN_HAS_CPU_TIME;
    assert_true(value_of(fixture, "vmCpuTime", ROW, MIB_COUNTER64).counter64 > 0);
    check_absent(fixture, "vmCurMem", ROW);
    check_absent(fixture, "vmCurCpuNumber", ROW);
    fixture->statistics[0].has = DOMAIN_HAS_MEMORY;
    check_integer(fixture, "vmCurMem", ROW, 768 * 1024);
    check_absent(fixture, "vmCpuTime", ROW);
    check_absent(fixture, "vmCurCpuNumber", ROW);
    fixture->statistics[0].has = DOMAIN_HAS_VCPUS;
    check_integer(fixture, "vmCurCpuNumber", ROW, 3);
    check_absent(fixture, "vmCurMem", ROW);
    check_absent(fixture, "vmCpuTime", ROW);
}

static void check_told_as_old(const struct mib_fixture *fixture)
{
    check_text(fixture, "vmName", ROW, "domain");
    check_octets(fixture, "vmUUID", ROW, fixture->domains[0].uuid.bytes, 16);
    check_text(fixture, "vmOSType", ROW, "hvm");
    check_integer(fixture, "vmAutoStart", ROW, 2);
    check_integer(fixture, "vmPersistent", ROW, 2);
    check_integer(fixture, "vmAdminState", ROW, 1); /* the last one known */
    check_integer(fixture, "vmOperState", ROW, 1);
    check_integer(fixture, "vmCurCpuNumber", ROW, 2);
    check_integer(fixture, "vmCurMem", ROW, 512 * 1024);
    check_integer(fixture, "vmMaxMem", ROW, 1024 * 1024);
    check_absent(fixture, "vmUpTime", ROW);
    check_absent(fixture, "vmCpuTime", ROW);
}

static void test_old_data_tells_names_but_no_states_and_counters(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->context.now_ns = FIXTURE_SAMPLED_NS + FIXTURE_STALE_LIMIT_NS;
    check_integer(fixture, "vmOperState", ROW, 4);
    assert_true(value_of(fixture, "vmCpuTime", ROW, MIB_COUNTER64).counter64 > 0);
    make_stale(fixture);
    check_told_as_old(fixture);
    check_integer(fixture, "vmNumber", 0, 1);
}

static void test_a_connection_that_is_down_tells_no_states_and_counters(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->connections[0].state = CONNECTION_DOWN;
    check_told_as_old(fixture);
    check_integer(fixture, "vmNumber", 0, 1);

    /* Unresponsive is not down: what is young enough is told. */
    fixture->connections[0].state = CONNECTION_UNRESPONSIVE;
    check_integer(fixture, "vmOperState", ROW, 4);
    assert_true(value_of(fixture, "vmCpuTime", ROW, MIB_COUNTER64).counter64 > 0);
}

static void test_each_row_and_section_ages_on_its_own(void **state)
{
    struct mib_fixture *fixture = *state;
    const int64_t old_ns = FIXTURE_NOW_NS - FIXTURE_STALE_LIMIT_NS - 1;

    mib_fixture_set_rows(fixture, 2); /* with indices 1 and 4 */
    fixture->rows[0].sampled_ns[SECTION_STATISTICS] = old_ns;
    fixture->rows[1].sampled_ns[SECTION_DOMAINS] = old_ns;
    check_integer(fixture, "vmOperState", 1, 4);
    check_absent(fixture, "vmCpuTime", 1);
    check_integer(fixture, "vmOperState", 4, 1);
    check_absent(fixture, "vmUpTime", 4);
    assert_true(value_of(fixture, "vmCpuTime", 4, MIB_COUNTER64).counter64 > 0);
}

static void test_a_domain_that_is_shut_down_is_up_for_no_time(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->domains[0].state = DOMAIN_STATE_SHUTDOWN;
    check_number(fixture, "vmUpTime", ROW, MIB_TIMETICKS, 0);
    fixture->domains[0].started_ns = CLOCK_NEVER;
    check_number(fixture, "vmUpTime", ROW, MIB_TIMETICKS, 0);
    fixture->domains[0].state = DOMAIN_STATE_RUNNING;
    check_absent(fixture, "vmUpTime", ROW);
}

static void test_states_have_the_numbers_of_the_rfc(void **state)
{
    struct mib_fixture *fixture = *state;
    /* VirtualMachineOperState, VirtualMachineAdminState. */
    static const struct {
        enum domain_state state;
        int32_t number;
    } oper[] = {
        { DOMAIN_STATE_UNKNOWN, 1 },    { DOMAIN_STATE_OTHER, 2 },
        { DOMAIN_STATE_PREPARING, 3 },  { DOMAIN_STATE_RUNNING, 4 },
        { DOMAIN_STATE_SUSPENDING, 5 }, { DOMAIN_STATE_SUSPENDED, 6 },
        { DOMAIN_STATE_RESUMING, 7 },   { DOMAIN_STATE_PAUSED, 8 },
        { DOMAIN_STATE_MIGRATING, 9 },  { DOMAIN_STATE_SHUTTING_DOWN, 10 },
        { DOMAIN_STATE_SHUTDOWN, 11 },  { DOMAIN_STATE_CRASHED, 12 },
    };
    static const enum domain_admin_state admin[] = {
        DOMAIN_ADMIN_STATE_RUNNING,
        DOMAIN_ADMIN_STATE_SUSPENDED,
        DOMAIN_ADMIN_STATE_PAUSED,
        DOMAIN_ADMIN_STATE_SHUTDOWN,
    };

    assert_int_equal(sizeof(oper) / sizeof(oper[0]), DOMAIN_STATE_COUNT);
    for (size_t i = 0; i < DOMAIN_STATE_COUNT; i++) {
        fixture->domains[0].state = oper[i].state;
        check_integer(fixture, "vmOperState", ROW, oper[i].number);
    }
    for (size_t i = 0; i < sizeof(admin) / sizeof(admin[0]); i++) {
        fixture->rows[0].admin_state = admin[i];
        check_integer(fixture, "vmAdminState", ROW, (int32_t)i + 1);
    }
}

static void test_a_row_has_the_index_of_its_domain(void **state)
{
    struct mib_fixture *fixture = *state;

    mib_fixture_set_rows(fixture, 3);
    for (size_t i = 0; i < 3; i++) {
        static const char *const names[] = { "a", "b", "c" };

        fixture->domains[i].name = names[i];
        check_text(fixture, "vmName", fixture->rows[i].index, names[i]);
    }
    check_absent(fixture, "vmName", 0);
    check_absent(fixture, "vmName", 2);
    check_absent(fixture, "vmName", UINT32_MAX);
}

/* --- hvxAgent --------------------------------------------------------------- */

static void test_the_agent_tells_of_itself(void **state)
{
    struct mib_fixture *fixture = *state;

    check_text(fixture, "hvxAgentVersion", 0, "1.2.3");
    /* An hour and a minute before the date of now. */
    check_octets(fixture, "hvxAgentStartTime", 0,
                 "\x07\xe7\x0b\x0e\x15\x0d\x14\x07+\0\0", 11);
    check_octets(fixture, "hvxAgentConfigTime", 0,
                 "\x07\xe7\x0b\x0e\x16\x0c\x14\x07+\0\0", 11);
    check_number(fixture, "hvxAgentUpTime", 0, MIB_TIMETICKS, 360000);
    check_number(fixture, "hvxAgentRequests", 0, MIB_COUNTER32, 21);
    check_number(fixture, "hvxAgentRequestsDelegated", 0, MIB_COUNTER32, 22);
    check_number(fixture, "hvxAgentRequestsLate", 0, MIB_COUNTER32, 23);
    check_number(fixture, "hvxAgentCollections", 0, MIB_COUNTER32, 24);
    check_number(fixture, "hvxAgentMasterSessions", 0, MIB_COUNTER32, 25);
    check_octets(fixture, "hvxAgentControlClasses", 0, "\x88", 1);
    check_number(fixture, "hvxAgentOperationsAccepted", 0, MIB_COUNTER32, 28);
    check_number(fixture, "hvxAgentOperationsRefused", 0, MIB_COUNTER32, 29);
    check_number(fixture, "hvxAgentOperationsFailed", 0, MIB_COUNTER32, 30);
    check_text(fixture, "hvxAgentConfigError", 0, "");
    check_number(fixture, "hvxAgentMemory", 0, MIB_GAUGE32, 26);
    assert_int_equal(value_of(fixture, "hvxAgentCpuTime", 0, MIB_COUNTER64).counter64,
                     27);
}

static void test_what_the_agent_does_not_know_of_itself_is_absent(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->agent.memory_bytes = -1;
    fixture->agent.cpu_time_ns = -1;
    check_absent(fixture, "hvxAgentMemory", 0);
    check_absent(fixture, "hvxAgentCpuTime", 0);
    fixture->agent.memory_bytes = INT64_MAX;
    check_number(fixture, "hvxAgentMemory", 0, MIB_GAUGE32, UINT32_MAX);
}

static void test_why_a_configuration_was_refused(void **state)
{
    struct mib_fixture *fixture = *state;
    char *text = fixture->agent.config_error;

    strcpy(text, "hvagentx.conf: line 7: unknown");
    check_text(fixture, "hvxAgentConfigError", 0, "hvagentx.conf: line 7: unknown");
    memset(text, 'x', ERROR_TEXT_SIZE - 1);
    /* A character of two octets on the limit. */
    memcpy(text + 254, "\xc3\xa9", 2);
    check_octets(fixture, "hvxAgentConfigError", 0, text, 254);
}

static void check_moment(const struct mib_fixture *fixture, int64_t boot_ns,
                         const char expected[11])
{
    struct mib_value value;

    assert_true(mib_set_moment(&fixture->context, &value, boot_ns));
    assert_int_equal(value.string.length, 11);
    assert_memory_equal(value.string.bytes, expected, 11);
}

static void test_a_moment_has_the_date_it_has_by_the_date_of_now(void **state)
{
    struct mib_fixture *fixture = *state;
    const int64_t now_ns = FIXTURE_NOW_NS;
    struct mib_value value;

    check_moment(fixture, now_ns, "\x07\xe7\x0b\x0e\x16\x0d\x14\x07+\0\0");
    check_moment(fixture, now_ns - 50 * CLOCK_NS_PER_MS,
                 "\x07\xe7\x0b\x0e\x16\x0d\x14\x07+\0\0");
    check_moment(fixture, now_ns - 51 * CLOCK_NS_PER_MS,
                 "\x07\xe7\x0b\x0e\x16\x0d\x14\x06+\0\0");
    check_moment(fixture, now_ns - 800 * CLOCK_NS_PER_MS,
                 "\x07\xe7\x0b\x0e\x16\x0d\x13\x09+\0\0");
    check_moment(fixture, now_ns + 250 * CLOCK_NS_PER_MS,
                 "\x07\xe7\x0b\x0e\x16\x0d\x15\x00+\0\0");
    /* Before the machine was booted: a domain that came by migration. */
    check_moment(fixture, now_ns - 5 * 365 * 24 * HOUR_NS,
                 "\x07\xe2\x0b\x0f\x16\x0d\x14\x07+\0\0");
    assert_false(mib_set_moment(&fixture->context, &value, CLOCK_NEVER));
}

static void test_a_moment_moves_with_the_date(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->context.date_ns = 0;
    check_moment(fixture, FIXTURE_NOW_NS, "\x07\xb2\x01\x01\x00\x00\x00\x00+\0\0");
    check_moment(fixture, FIXTURE_NOW_NS - 1, "\x07\xb1\x0c\x1f\x17\x3b\x3b\x09+\0\0");
    check_moment(fixture, FIXTURE_NOW_NS - CLOCK_NS_PER_S,
                 "\x07\xb1\x0c\x1f\x17\x3b\x3b\x00+\0\0");
    check_moment(fixture, FIXTURE_NOW_NS - 100 * 365 * 24 * HOUR_NS,
                 "\x07\x4e\x01\x19\x00\x00\x00\x00+\0\0");
    /* 2036-02-29 */
    fixture->context.date_ns = 2087942399 * CLOCK_NS_PER_S;
    check_moment(fixture, FIXTURE_NOW_NS, "\x07\xf4\x02\x1d\x17\x3b\x3b\x00+\0\0");
}

/* --- hvxConnectionTable ----------------------------------------------------- */

static void test_a_connection_that_works(void **state)
{
    struct mib_fixture *fixture = *state;

    check_text(fixture, "hvxConnectionName", CONNECTION, "first");
    check_text(fixture, "hvxConnectionUri", CONNECTION, "sim:/node.xml");
    check_text(fixture, "hvxConnectionContext", CONNECTION, "first");
    check_integer(fixture, "hvxConnectionDefault", CONNECTION, 1);
    check_text(fixture, "hvxConnectionBackend", CONNECTION, "sim");
    check_text(fixture, "hvxConnectionHypervisor", CONNECTION, "Xen");
    check_text(fixture, "hvxConnectionVersion", CONNECTION, "4.17");
    check_integer(fixture, "hvxConnectionState", CONNECTION, 2);
    check_octets(fixture, "hvxConnectionSince", CONNECTION,
                 "\x07\xe7\x0b\x0e\x16\x0d\x14\x07+\0\0", 11);
    check_text(fixture, "hvxConnectionLastError", CONNECTION, "");
    check_number(fixture, "hvxConnectionAge", CONNECTION, MIB_GAUGE32, 1000);
    check_number(fixture, "hvxConnectionCollectionTime", CONNECTION, MIB_GAUGE32, 1000);
    check_number(fixture, "hvxConnectionCollections", CONNECTION, MIB_COUNTER32, 11);
    check_number(fixture, "hvxConnectionFailures", CONNECTION, MIB_COUNTER32, 12);
    check_number(fixture, "hvxConnectionAbandoned", CONNECTION, MIB_COUNTER32, 13);
    check_number(fixture, "hvxConnectionReconnects", CONNECTION, MIB_COUNTER32, 14);
    check_number(fixture, "hvxConnectionDomains", CONNECTION, MIB_GAUGE32, 1);
}

static void test_a_connection_that_never_answered(void **state)
{
    struct mib_fixture *fixture = *state;
    struct connection_status *connection = &fixture->connections[1];

    connection->collected_ns = CLOCK_NEVER;
    connection->collection_time_ns = CLOCK_NEVER;
    connection->state = CONNECTION_DOWN;
    strcpy(connection->last_error, "no such file");
    check_text(fixture, "hvxConnectionName", connection->index, "second");
    check_integer(fixture, "hvxConnectionDefault", connection->index, 2);
    check_text(fixture, "hvxConnectionHypervisor", connection->index, "fallback");
    check_absent(fixture, "hvxConnectionVersion", connection->index);
    check_integer(fixture, "hvxConnectionState", connection->index, 4);
    check_text(fixture, "hvxConnectionLastError", connection->index, "no such file");
    check_absent(fixture, "hvxConnectionAge", connection->index);
    check_absent(fixture, "hvxConnectionCollectionTime", connection->index);
    check_absent(fixture, "hvxConnectionDomains", connection->index);
}

static void test_connections_have_the_numbers_of_the_configuration(void **state)
{
    struct mib_fixture *fixture = *state;
    static const int32_t states[] = {
        [CONNECTION_CONNECTING] = 1,
        [CONNECTION_UP] = 2,
        [CONNECTION_UNRESPONSIVE] = 3,
        [CONNECTION_DOWN] = 4,
    };

    check_text(fixture, "hvxConnectionName", 3, "second");
    check_text(fixture, "hvxConnectionName", 5, "third");
    check_absent(fixture, "hvxConnectionName", 2);
    for (int i = 0; i < CONNECTION_STATE_COUNT; i++) {
        fixture->connections[0].state = (enum connection_state)i;
        check_integer(fixture, "hvxConnectionState", CONNECTION, states[i]);
    }
}

static void test_a_long_error_is_cut_at_a_character(void **state)
{
    struct mib_fixture *fixture = *state;
    char *text = fixture->connections[0].last_error;
    struct mib_value value;

    memset(text, 'x', 300);
    text[300] = '\0';
    value = value_of(fixture, "hvxConnectionLastError", CONNECTION, MIB_STRING);
    assert_int_equal(value.string.length, 255);
    memcpy(text + 253, "\xe2\x82\xac", 3); /* the euro sign, over the end */
    value = value_of(fixture, "hvxConnectionLastError", CONNECTION, MIB_STRING);
    assert_int_equal(value.string.length, 253);
}

static void test_ages_stop_at_the_largest_gauge(void **state)
{
    struct mib_fixture *fixture = *state;
    struct connection_status *connection = &fixture->connections[0];

    fixture->context.now_ns = INT64_C(1) << 62;
    connection->collected_ns = 0;
    connection->collection_time_ns = INT64_C(1) << 62;
    check_number(fixture, "hvxConnectionAge", CONNECTION, MIB_GAUGE32, UINT32_MAX);
    check_number(fixture, "hvxConnectionCollectionTime", CONNECTION, MIB_GAUGE32,
                 UINT32_MAX);
    connection->collected_ns = fixture->context.now_ns;
    connection->collection_time_ns = 0;
    check_number(fixture, "hvxConnectionAge", CONNECTION, MIB_GAUGE32, 0);
    check_number(fixture, "hvxConnectionCollectionTime", CONNECTION, MIB_GAUGE32, 0);
}

static void test_capabilities_are_bits_from_the_left(void **state)
{
    struct mib_fixture *fixture = *state;
    static const struct {
        uint32_t capabilities;
        size_t length;
        uint8_t octets[4];
    } cases[] = {
        { 0, 1, { 0 } },
        { 0x1, 1, { 0x80 } },
        { 0x17, 1, { 0xe8 } }, /* domains, configuration, statistics, events */
        { 0x80, 1, { 0x01 } },
        { 0x100, 2, { 0x00, 0x80 } },
        { 0x10001, 3, { 0x80, 0x00, 0x80 } },
        { 0x80000000, 4, { 0, 0, 0, 0x01 } },
        { 0xffffffff, 4, { 0xff, 0xff, 0xff, 0xff } },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fixture->connections[0].capabilities = cases[i].capabilities;
        check_octets(fixture, "hvxConnectionCapabilities", CONNECTION, cases[i].octets,
                     cases[i].length);
    }
}

static void test_domains_that_could_not_be_read_are_counted(void **state)
{
    struct mib_fixture *fixture = *state;
    const struct connection_status *connection = &fixture->connections[1];

    check_number(fixture, "hvxConnectionUnreadable", CONNECTION, MIB_GAUGE32, 0);
    fixture->snapshot.unreadable_count = 7;
    check_number(fixture, "hvxConnectionUnreadable", CONNECTION, MIB_GAUGE32, 7);
    /* Not known before there is a list. */
    check_absent(fixture, "hvxConnectionUnreadable", connection->index);
}

/* --- hvxDomainTable --------------------------------------------------------- */

static void set_sampled(struct mib_fixture *fixture, int64_t state_age_ns,
                        int64_t counters_age_ns)
{
    fixture->rows[0].sampled_ns[SECTION_DOMAINS] = FIXTURE_NOW_NS - state_age_ns;
    fixture->rows[0].sampled_ns[SECTION_STATISTICS] = FIXTURE_NOW_NS - counters_age_ns;
}

static void test_a_domain_tells_how_fresh_it_is(void **state)
{
    struct mib_fixture *fixture = *state;

    /* 100 s and 1 s before the date of now. */
    check_octets(fixture, "hvxDomainStartTime", ROW,
                 "\x07\xe7\x0b\x0e\x16\x0b\x28\x07+\0\0", 11);
    check_octets(fixture, "hvxDomainSampleTime", ROW,
                 "\x07\xe7\x0b\x0e\x16\x0d\x13\x07+\0\0", 11);
    check_number(fixture, "hvxDomainDiscontinuityTime", ROW, MIB_TIMETICKS, 0);
    check_number(fixture, "hvxDomainDataAge", ROW, MIB_GAUGE32, 1000);
    check_integer(fixture, "hvxDomainCollectionStatus", ROW, 1);
    check_text(fixture, "hvxDomainCollectionError", ROW, "");
}

static void test_a_domain_has_a_start_while_it_is_known_to_be_on(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->domains[0].state = DOMAIN_STATE_SHUTDOWN;
    check_absent(fixture, "hvxDomainStartTime", ROW);
    fixture->domains[0].state = DOMAIN_STATE_PAUSED;
    check_octets(fixture, "hvxDomainStartTime", ROW,
                 "\x07\xe7\x0b\x0e\x16\x0b\x28\x07+\0\0", 11);
    fixture->connections[0].state = CONNECTION_DOWN;
    check_absent(fixture, "hvxDomainStartTime", ROW);
    fixture->connections[0].state = CONNECTION_UP;
    make_stale(fixture);
    check_absent(fixture, "hvxDomainStartTime", ROW);
    fixture->context.now_ns = FIXTURE_NOW_NS;
    fixture->domains[0].started_ns = CLOCK_NEVER;
    check_absent(fixture, "hvxDomainStartTime", ROW);
}

static void test_a_domain_is_as_old_as_the_older_of_state_and_counters(void **state)
{
    struct mib_fixture *fixture = *state;

    set_sampled(fixture, 3 * CLOCK_NS_PER_S, 2 * CLOCK_NS_PER_S);
    check_number(fixture, "hvxDomainDataAge", ROW, MIB_GAUGE32, 3000);
    check_octets(fixture, "hvxDomainSampleTime", ROW,
                 "\x07\xe7\x0b\x0e\x16\x0d\x11\x07+\0\0", 11);
    set_sampled(fixture, 3 * CLOCK_NS_PER_S, 4 * CLOCK_NS_PER_S);
    check_number(fixture, "hvxDomainDataAge", ROW, MIB_GAUGE32, 4000);
    check_octets(fixture, "hvxDomainSampleTime", ROW,
                 "\x07\xe7\x0b\x0e\x16\x0d\x10\x07+\0\0", 11);
    /* A domain without counters is as old as its state. */
    fixture->rows[0].statistics = NULL;
    fixture->rows[0].sampled_ns[SECTION_STATISTICS] = CLOCK_NEVER;
    check_number(fixture, "hvxDomainDataAge", ROW, MIB_GAUGE32, 3000);
    check_octets(fixture, "hvxDomainSampleTime", ROW,
                 "\x07\xe7\x0b\x0e\x16\x0d\x11\x07+\0\0", 11);
    fixture->rows[0].sampled_ns[SECTION_DOMAINS] = CLOCK_NEVER;
    check_absent(fixture, "hvxDomainDataAge", ROW);
    check_absent(fixture, "hvxDomainSampleTime", ROW);
}

static void test_a_domains_age_is_told_however_old_it_is(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->connections[0].state = CONNECTION_DOWN;
    make_stale(fixture);
    check_number(fixture, "hvxDomainDataAge", ROW, MIB_GAUGE32, 60000);
    fixture->context.now_ns = INT64_C(1) << 62;
    check_number(fixture, "hvxDomainDataAge", ROW, MIB_GAUGE32, UINT32_MAX);
    /* A collection that began after the moment that is shown. */
    fixture->context.now_ns = FIXTURE_SAMPLED_NS - CLOCK_NS_PER_S;
    check_number(fixture, "hvxDomainDataAge", ROW, MIB_GAUGE32, 0);
}

/* Moments of hvxAgentUpTime, which do not move with the time. */
static void test_the_last_discontinuity_counts_from_the_agents_start(void **state)
{
    struct mib_fixture *fixture = *state;
    const int64_t started_ns = fixture->agent.started_ns;
    int64_t *of_domain = &fixture->rows[0].discontinuity_ns;
    int64_t *of_connection = &fixture->connections[0].discontinuity_ns;

    *of_domain = started_ns - 1;
    *of_connection = started_ns - HOUR_NS;
    check_number(fixture, "hvxDomainDiscontinuityTime", ROW, MIB_TIMETICKS, 0);
    *of_domain = started_ns + 5 * CLOCK_NS_PER_S;
    check_number(fixture, "hvxDomainDiscontinuityTime", ROW, MIB_TIMETICKS, 500);
    *of_connection = started_ns + 7 * CLOCK_NS_PER_S;
    check_number(fixture, "hvxDomainDiscontinuityTime", ROW, MIB_TIMETICKS, 700);
    *of_domain = started_ns + 9 * CLOCK_NS_PER_S;
    check_number(fixture, "hvxDomainDiscontinuityTime", ROW, MIB_TIMETICKS, 900);
    fixture->context.now_ns += HOUR_NS;
    fixture->context.date_ns = 0;
    check_number(fixture, "hvxDomainDiscontinuityTime", ROW, MIB_TIMETICKS, 900);
    make_stale(fixture);
    fixture->connections[0].state = CONNECTION_DOWN;
    check_number(fixture, "hvxDomainDiscontinuityTime", ROW, MIB_TIMETICKS, 900);
    *of_domain = started_ns + TICKS_WRAP_NS + 3 * CLOCK_NS_PER_TICK;
    check_number(fixture, "hvxDomainDiscontinuityTime", ROW, MIB_TIMETICKS, 3);
}

static void test_why_a_domain_could_not_be_read(void **state)
{
    struct mib_fixture *fixture = *state;
    const struct domain_failure late = { .status = STATUS_TIMEOUT,
                                         .text = "devices: no answer" };
    const struct domain_failure refused = { .status = STATUS_DENIED,
                                            .text = "configs: not permitted" };

    fixture->rows[0].failures[SECTION_CONFIGS] = &refused;
    check_integer(fixture, "hvxDomainCollectionStatus", ROW, 3);
    check_text(fixture, "hvxDomainCollectionError", ROW, "configs: not permitted");
    fixture->rows[0].failures[SECTION_DEVICES] = &late;
    check_integer(fixture, "hvxDomainCollectionStatus", ROW, 2);
    check_text(fixture, "hvxDomainCollectionError", ROW, "devices: no answer");
}

static void test_domains_have_the_rows_of_vm_table(void **state)
{
    struct mib_fixture *fixture = *state;

    mib_fixture_set_rows(fixture, 3);
    for (size_t i = 0; i < 3; i++) {
        fixture->rows[i].sampled_ns[SECTION_DOMAINS] = FIXTURE_NOW_NS - HOUR_NS;
        check_number(fixture, "hvxDomainDataAge", fixture->rows[i].index, MIB_GAUGE32,
                     3600000);
        fixture->rows[i].sampled_ns[SECTION_DOMAINS] = FIXTURE_SAMPLED_NS;
    }
    check_absent(fixture, "hvxDomainDataAge", 0);
    check_absent(fixture, "hvxDomainDataAge", 2);
}

#define WITH_FIXTURE(test)                                                             \
    cmocka_unit_test_setup_teardown(test, mib_fixture_setup, mib_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_the_hypervisor_tells_who_it_is),
        WITH_FIXTURE(test_before_the_hypervisor_has_told_its_backend_speaks_for_it),
        WITH_FIXTURE(test_each_kind_of_hypervisor_has_its_oid),
        WITH_FIXTURE(test_the_hypervisors_uptime_may_be_unknown_or_old),
        WITH_FIXTURE(test_uptime_begins_anew_after_497_days),
        WITH_FIXTURE(test_what_seems_to_start_later_is_up_for_no_time),
        WITH_FIXTURE(test_the_number_of_domains_is_known_with_the_list),
        WITH_FIXTURE(test_the_last_change_counts_from_the_start_of_the_hypervisor),
        WITH_FIXTURE(test_a_domain_of_which_all_is_known),
        WITH_FIXTURE(test_a_domain_of_which_only_the_name_is_known),
        WITH_FIXTURE(test_limits_that_there_are_none_of_read_minus_one),
        WITH_FIXTURE(test_known_zeros_are_told),
        WITH_FIXTURE(test_numbers_stop_at_the_largest_there_is),
        WITH_FIXTURE(test_memory_is_told_in_the_rows_unit),
        WITH_FIXTURE(test_current_values_fall_back_on_the_description),
        WITH_FIXTURE(test_each_counter_has_a_bit_of_its_own),
        WITH_FIXTURE(test_old_data_tells_names_but_no_states_and_counters),
        WITH_FIXTURE(test_a_connection_that_is_down_tells_no_states_and_counters),
        WITH_FIXTURE(test_each_row_and_section_ages_on_its_own),
        WITH_FIXTURE(test_a_domain_that_is_shut_down_is_up_for_no_time),
        WITH_FIXTURE(test_states_have_the_numbers_of_the_rfc),
        WITH_FIXTURE(test_a_row_has_the_index_of_its_domain),
        WITH_FIXTURE(test_the_agent_tells_of_itself),
        WITH_FIXTURE(test_what_the_agent_does_not_know_of_itself_is_absent),
        WITH_FIXTURE(test_why_a_configuration_was_refused),
        WITH_FIXTURE(test_a_moment_has_the_date_it_has_by_the_date_of_now),
        WITH_FIXTURE(test_a_moment_moves_with_the_date),
        WITH_FIXTURE(test_a_connection_that_works),
        WITH_FIXTURE(test_a_connection_that_never_answered),
        WITH_FIXTURE(test_connections_have_the_numbers_of_the_configuration),
        WITH_FIXTURE(test_a_long_error_is_cut_at_a_character),
        WITH_FIXTURE(test_ages_stop_at_the_largest_gauge),
        WITH_FIXTURE(test_capabilities_are_bits_from_the_left),
        WITH_FIXTURE(test_domains_that_could_not_be_read_are_counted),
        WITH_FIXTURE(test_a_domain_tells_how_fresh_it_is),
        WITH_FIXTURE(test_a_domain_has_a_start_while_it_is_known_to_be_on),
        WITH_FIXTURE(test_a_domain_is_as_old_as_the_older_of_state_and_counters),
        WITH_FIXTURE(test_a_domains_age_is_told_however_old_it_is),
        WITH_FIXTURE(test_the_last_discontinuity_counts_from_the_agents_start),
        WITH_FIXTURE(test_why_a_domain_could_not_be_read),
        WITH_FIXTURE(test_domains_have_the_rows_of_vm_table),
    };

    return cmocka_run_group_tests_name("mib_values", tests, NULL, NULL);
}
