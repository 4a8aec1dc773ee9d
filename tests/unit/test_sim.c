/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sim.c - the simulated node: its file in all its forms, its numbers,
 * its faults.  What every backend has to do is in test_backend_contract.c.
 *
 * Reads tests/data/ of the source tree: HVX_SOURCE in the environment, else
 * the present folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/backend.h"
#include "model/clock.h"
#include "model/text.h"

extern const struct backend_module hvagentx_backend;

/* For what has to be soon, on the slowest machine under the slowest tool. */
#define SOON_NS (30 * CLOCK_NS_PER_S)

#define PATH_SIZE 512
#define TEXT_SIZE 8192

#define NODE(inside)                                                                   \
    "<node xmlns:sim='urn:hvagentx:sim:1'"                                             \
    " xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>\n" inside "</node>\n"
#define DOMAIN(name, inside)                                                           \
    "<domain><name>" name "</name><memory unit='MiB'>64</memory>" inside "</domain>\n"
#define METADATA(inside) "<metadata><sim:domain>" inside "</sim:domain></metadata>"

static char folder[64];

/* What one call to collect brought. */
struct collected {
    enum status status;
    struct error error;
    struct builder *builder;
    struct builder_content content;
};

static const struct backend_ops *sim(void)
{
    return hvagentx_backend.ops;
}

static const char *path_of(const char *name)
{
    static char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

/*
 * As people do who know what they do: a new file, renamed over the old one.
 * Each is of another second long ago, so that nothing has to settle.
 */
static void write_octets(const char *name, const char *text, size_t size)
{
    static time_t second = 1000000000;
    const struct timespec times[2] = { { .tv_sec = second }, { .tv_sec = second } };
    char path[PATH_SIZE];
    FILE *file = fopen(path_of("new"), "we");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fflush(file), 0);
    assert_int_equal(futimens(fileno(file), times), 0);
    second++;
    assert_int_equal(fclose(file), 0);
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(rename(path_of("new"), path), 0);
}

static void write_file(const char *name, const char *text)
{
    write_octets(name, text, strlen(text));
}

static enum status open_file(const char *name, struct backend **ret_backend,
                             struct error *error)
{
    char uri[PATH_SIZE + 8];

    *ret_backend = NULL;
    snprintf(uri, sizeof(uri), "sim:%s", name[0] == '/' ? name : path_of(name));
    return sim()->open(uri, ret_backend, error);
}

static struct backend *must_open(const char *name)
{
    struct backend *backend;
    struct error error = ERROR_NONE;

    if (open_file(name, &backend, &error) != STATUS_OK) {
        fail_msg("%s: %s", name, error.text);
    }
    return backend;
}

static struct backend *open_golden(void)
{
    const char *top = getenv("HVX_SOURCE");
    char path[PATH_SIZE];
    char full[PATH_MAX];

    snprintf(path, sizeof(path), "%s/tests/data/golden.xml", top != NULL ? top : ".");
    if (realpath(path, full) == NULL) {
        fail_msg("%s is not there; HVX_SOURCE names the top of the source tree", path);
    }
    return must_open(full);
}

static struct collected collect(struct backend *backend, enum section section)
{
    const struct backend_request request = {
        .section = section,
        .deadline_ns = clock_boot_ns() + SOON_NS,
    };
    struct collected collected = { .builder = builder_new(section) };

    collected.status =
        sim()->collect(backend, &request, collected.builder, &collected.error);
    builder_close(collected.builder);
    collected.content = builder_content(collected.builder);
    return collected;
}

static struct collected must_collect(struct backend *backend, enum section section)
{
    struct collected collected = collect(backend, section);

    if (collected.status != STATUS_OK) {
        fail_msg("%s: %s", section_name(section), collected.error.text);
    }
    return collected;
}

static void drop(struct collected *collected)
{
    builder_unref(collected->builder);
}

static size_t count_of(struct backend *backend, enum section section)
{
    struct collected collected = must_collect(backend, section);
    size_t count = collected.content.count;

    drop(&collected);
    return count;
}

/* The status of one call, whatever it brought. */
static enum status status_of(struct backend *backend, enum section section)
{
    struct collected collected = collect(backend, section);
    enum status status = collected.status;

    drop(&collected);
    return status;
}

/* The record of the domain of that name; belongs to the builder. */
static const void *record_of(struct backend *backend, const struct collected *collected,
                             const char *name)
{
    struct collected domains = must_collect(backend, SECTION_DOMAINS);
    const void *found = NULL;
    struct uuid uuid = { { 0 } };

    for (size_t i = 0; i < domains.content.count; i++) {
        const struct domain *domain = domains.content.records[i];

        if (strcmp(domain->name, name) == 0) {
            uuid = domain->uuid;
        }
    }
    drop(&domains);
    for (size_t i = 0; i < collected->content.count; i++) {
        const void *record = collected->content.records[i];

        if (uuid_compare(section_uuid(builder_section(collected->builder), record),
                         &uuid)
            == 0) {
            found = record;
        }
    }
    if (found == NULL) {
        fail_msg("no domain %s", name);
    }
    return found;
}

static bool has_domain(struct backend *backend, const char *name)
{
    struct collected domains = must_collect(backend, SECTION_DOMAINS);
    bool found = false;

    for (size_t i = 0; i < domains.content.count; i++) {
        const struct domain *domain = domains.content.records[i];

        found = found || strcmp(domain->name, name) == 0;
    }
    drop(&domains);
    return found;
}

static struct domain_statistics statistics_of(struct backend *backend, const char *name)
{
    struct collected all = must_collect(backend, SECTION_STATISTICS);
    const struct domain_statistics *found = record_of(backend, &all, name);
    struct domain_statistics statistics = { .uuid = found->uuid };

    statistics.has = found->has;
    statistics.cpu_time_ns = found->cpu_time_ns;
    statistics.memory_bytes = found->memory_bytes;
    statistics.vcpus = found->vcpus;
    drop(&all);
    return statistics;
}

static void test_a_uri_is_a_path(void **state)
{
    static const char *const uris[] = {
        "sim:", "sim://", "sim://host/etc/node.xml", "sim:///etc/node.xml",
        "sim",  "xen:x",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        struct backend *backend = NULL;
        struct error error = ERROR_NONE;

        assert_int_equal(sim()->open(uris[i], &backend, &error), STATUS_INVALID);
        assert_non_null(strstr(error.text, "sim:FILE"));
        assert_null(backend);
    }
}

static void refuse(const char *name, const char *words)
{
    struct backend *backend;
    struct error error = ERROR_NONE;
    enum status status = open_file(name, &backend, &error);

    assert_null(backend);
    if (status != STATUS_UNAVAILABLE || strstr(error.text, words) == NULL) {
        fail_msg("%s: \"%s\" instead of \"%s\"", status_name(status), error.text,
                 words);
    }
}

static void test_a_file_must_be_there(void **state)
{
    (void)state;
    refuse("missing.xml", "missing.xml: No such file");
    refuse("/dev/null/x", "/dev/null/x: Not a directory");
    refuse(".", "no regular file");
    assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
    refuse("fifo", "no regular file"); /* and nobody waits for a writer */
}

static const struct {
    const char *text;
    const char *words;
} bad_files[] = {
    { "", "bad.xml:1: " },
    { "<node>", "bad.xml:1: " },
    { "<node>\n<domain></node>", "bad.xml:2: " },
    { "<domain/>", "bad.xml:1: the root element is not <node>" },
    { "<!DOCTYPE node><node/>", "DOCTYPE" },
    { "<node/>\n<node/>", "bad.xml:" },
    { NODE("<domain/>"), "bad.xml:2: this <domain> has no <name>" },
    { NODE(DOMAIN("a", "<vcpu>x</vcpu>")), "bad.xml:2: <vcpu>" },
    { NODE(DOMAIN("a", "") DOMAIN("b", "") DOMAIN("a", "")),
      "bad.xml:4: domain \"a\" has the name of domain \"a\" at" },
    { NODE(DOMAIN("a", "<uuid>00000000-0000-4000-8000-000000000001</uuid>")
               DOMAIN("b", "<uuid>00000000000040008000000000000001</uuid>")),
      "bad.xml:3: domain \"b\" has the UUID of domain \"a\" at" },
    { NODE(DOMAIN("a", "<test:runstate>8</test:runstate>")),
      "bad.xml:2: <test:runstate>" },
    { NODE(DOMAIN("a", "<test:runstate>x</test:runstate>")),
      "bad.xml:2: <test:runstate>" },
    { NODE(DOMAIN("a", "<test:transient/><test:runstate>5</test:runstate>")),
      "bad.xml:2: a transient domain" },
    { NODE(DOMAIN("a", "<test:hasmanagedsave/>")), "bad.xml:2: <test:hasmanagedsave>" },
    { NODE(DOMAIN("a", "<sim:domain load='1'/>")), "into its <metadata>" },
    { NODE(DOMAIN("a", "<metadata><sim:domain loads='1'/></metadata>")), "\"loads\"" },
    { NODE(DOMAIN("a", "<metadata><sim:domain load='101'/></metadata>")), "0 to 100" },
    { NODE(DOMAIN("a", "<metadata><sim:domain autostart='y'/></metadata>")), "\"y\"" },
    { NODE(DOMAIN("a", "<test:transient/>"
                       "<metadata><sim:domain autostart='yes'/></metadata>")),
      "transient" },
    { NODE(DOMAIN("a", "<metadata><sim:domains/></metadata>")),
      "sim:domains is not known" },
    { NODE(DOMAIN("a", METADATA("<sim:fault kind='down'/>"))),
      "\"vanish\" may be meant" },
    { NODE(DOMAIN("a", METADATA("<sim:fault kind='hang' on='node'/>"))), "no domain" },
    { NODE(DOMAIN("a", METADATA("<sim:fault kind='vanish' on='domains'/>"))),
      "all calls" },
    { NODE("<sim:clok/>"), "bad.xml:2: sim:clok is not known" },
    { NODE("<sim:clock frozen='yes'/>"), "go together" },
    { NODE("<sim:clock uptime='100'/>"), "go together" },
    { NODE("<sim:clock uptime='1h' frozen='yes'/>"),
      "\"1h\": not a number of seconds" },
    { NODE("<sim:clock/>\n<sim:clock/>"), "bad.xml:3: a second sim:clock" },
    { NODE("<sim:fault/>"), "no kind" },
    { NODE("<sim:fault kind='explode'/>"), "\"explode\"" },
    { NODE("<sim:fault kind='vanish'/>"), "\"down\" may be meant" },
    { NODE("<sim:fault kind='slow'/>"), "needs a delay" },
    { NODE("<sim:fault kind='fail' delay='5'/>"), "only \"slow\"" },
    { NODE("<sim:fault kind='fail' on='sections'/>"), "\"sections\"" },
    { NODE("<sim:fault kind='fail' from='-1'/>"), "\"-1\"" },
    { NODE("<sim:fault kind='fail' for='1.'/>"), "\"1.\"" },
    { NODE("<sim:fault kind='fail' until='7'/>"), "\"until\"" },
    { NODE("\n<domain file='nowhere.xml'/>"), "bad.xml:3: cannot open" },
    { NODE("\n<domain file='fifo'/>"), "no regular file" },
    { NODE("\n<domain file='bad.xml'/>"), "the root element is not <domain>" },
};

static void test_a_bad_file_is_told_with_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++) {
        write_file("bad.xml", bad_files[i].text);
        refuse("bad.xml", bad_files[i].words);
    }
}

static void test_a_bad_file_of_a_domain_is_told_with_both(void **state)
{
    (void)state;
    write_file("bad-domain.xml", "<domain>\n<name>a</name>\n<vcpu>0</vcpu></domain>");
    write_file("bad.xml", NODE("\n<domain file='bad-domain.xml'/>"));
    refuse("bad.xml", "bad.xml:3: ");
    refuse("bad.xml", "bad-domain.xml:3: <vcpu>");
}

static void test_a_file_may_be_mended(void **state)
{
    struct backend *backend;
    struct collected collected;

    (void)state;
    write_file("mend.xml", NODE(DOMAIN("a", "")));
    backend = must_open("mend.xml");
    assert_int_equal(count_of(backend, SECTION_DOMAINS), 1);

    write_file("mend.xml", NODE("<domain>"));
    collected = collect(backend, SECTION_NODE);
    assert_int_equal(collected.status, STATUS_UNAVAILABLE);
    assert_int_equal(collected.error.status, STATUS_UNAVAILABLE);
    assert_non_null(strstr(collected.error.text, "mend.xml:2: "));
    drop(&collected);
    sim()->close(backend);
    refuse("mend.xml", "mend.xml:2: ");

    write_file("mend.xml", NODE(DOMAIN("a", "") DOMAIN("b", "")));
    backend = must_open("mend.xml");
    assert_int_equal(count_of(backend, SECTION_DOMAINS), 2);

    assert_int_equal(unlink(path_of("mend.xml")), 0);
    assert_int_equal(status_of(backend, SECTION_DOMAINS), STATUS_UNAVAILABLE);
    sim()->close(backend);
}

static void test_changes_are_noticed(void **state)
{
    struct backend *backend;

    (void)state;
    write_file("domain.xml", DOMAIN("other", ""));
    write_file("change.xml", NODE("<domain file='domain.xml'/>"));
    backend = must_open("change.xml");
    assert_int_equal(count_of(backend, SECTION_DOMAINS), 1);
    write_file("change.xml", NODE(DOMAIN("a", "") "<domain file='domain.xml'/>"));
    assert_int_equal(count_of(backend, SECTION_DOMAINS), 2);
    write_file("domain.xml", DOMAIN("another", ""));
    assert_true(has_domain(backend, "another"));
    sim()->close(backend);
}

static void test_a_change_in_place_is_noticed(void **state)
{
    static const char *const texts[] = { NODE(DOMAIN("aaa", "")),
                                         NODE(DOMAIN("bbb", "")),
                                         NODE(DOMAIN("ccc", "")) };
    static const char *const names[] = { "aaa", "bbb", "ccc" };
    struct backend *backend = NULL;

    (void)state;
    /* At once, of one size, in the same inode: the time alone may tell. */
    for (size_t i = 0; i < 20; i++) {
        int fd = open(path_of("place.xml"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, texts[i % 3], strlen(texts[0])), strlen(texts[0]));
        close(fd);
        if (backend == NULL) {
            backend = must_open("place.xml");
        }
        assert_true(has_domain(backend, names[i % 3]));
    }
    sim()->close(backend);
}

static void test_what_is_the_test_drivers_is_tolerated(void **state)
{
    struct backend *backend;

    (void)state;
    write_file(
        "tolerant.xml",
        NODE("<cpu><mhz>x</mhz></cpu><memory>all</memory>\n"
             "<network><name>default</name><domain name='x'/></network>\n"
             "<pool><volume/></pool><device/><interface/>"
             "<auth><user password='p'>u</user></auth>\n"
             "<other:clock xmlns:other='urn:other' nonsense='yes'/>\n"
             "<!-- --><?pi?> text\n" DOMAIN(
                 "a", "<metadata><x:y xmlns:x='urn:z' load='1'/></metadata>"
                      "<test:domainsnapshot><name>s</name></test:domainsnapshot>")));
    backend = must_open("tolerant.xml");
    assert_int_equal(count_of(backend, SECTION_DOMAINS), 1);
    sim()->close(backend);

    write_file("tolerant.xml", "<node/>");
    backend = must_open("tolerant.xml");
    for (enum section section = SECTION_NODE; section < SECTION_COUNT; section++) {
        assert_int_equal(count_of(backend, section),
                         section_is_of_domains(section) ? 0 : 1);
    }
    sim()->close(backend);
}

static void test_states_are_those_of_the_test_driver(void **state)
{
    static const struct {
        const char *name;
        enum domain_state state;
        enum domain_flag persistent;
        enum domain_flag autostart;
    } cases[] = {
        { "state-0-none", DOMAIN_STATE_OTHER, DOMAIN_FLAG_YES, DOMAIN_FLAG_NO },
        { "state-1-running", DOMAIN_STATE_RUNNING, DOMAIN_FLAG_YES, DOMAIN_FLAG_NO },
        { "state-2-blocked", DOMAIN_STATE_RUNNING, DOMAIN_FLAG_YES, DOMAIN_FLAG_NO },
        { "state-3-paused", DOMAIN_STATE_PAUSED, DOMAIN_FLAG_YES, DOMAIN_FLAG_NO },
        { "state-4-shutting-down", DOMAIN_STATE_SHUTTING_DOWN, DOMAIN_FLAG_YES,
          DOMAIN_FLAG_NO },
        { "state-5-shut-off", DOMAIN_STATE_SHUTDOWN, DOMAIN_FLAG_YES, DOMAIN_FLAG_NO },
        { "state-6-crashed", DOMAIN_STATE_CRASHED, DOMAIN_FLAG_YES, DOMAIN_FLAG_NO },
        { "state-7-pmsuspended", DOMAIN_STATE_PAUSED, DOMAIN_FLAG_YES, DOMAIN_FLAG_NO },
        { "state-saved", DOMAIN_STATE_SUSPENDED, DOMAIN_FLAG_YES, DOMAIN_FLAG_NO },
        { "transient", DOMAIN_STATE_RUNNING, DOMAIN_FLAG_NO, DOMAIN_FLAG_NO },
        { "autostart", DOMAIN_STATE_RUNNING, DOMAIN_FLAG_YES, DOMAIN_FLAG_YES },
        { "in-another-file", DOMAIN_STATE_RUNNING, DOMAIN_FLAG_YES, DOMAIN_FLAG_NO },
    };
    struct backend *backend = open_golden();
    struct collected domains = must_collect(backend, SECTION_DOMAINS);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct domain *domain = record_of(backend, &domains, cases[i].name);
        bool is_off = domain->state == DOMAIN_STATE_SHUTDOWN
                      || domain->state == DOMAIN_STATE_SUSPENDED;

        assert_int_equal(domain->state, cases[i].state);
        assert_int_equal(domain->persistent, cases[i].persistent);
        assert_int_equal(domain->autostart, cases[i].autostart);
        assert_int_equal(domain->started_ns == CLOCK_NEVER, is_off);
    }
    drop(&domains);
    sim()->close(backend);
}

static void test_names_are_cut_at_a_character(void **state)
{
    struct backend *backend = open_golden();
    struct collected domains = must_collect(backend, SECTION_DOMAINS);
    size_t longest = 0;

    (void)state;
    for (size_t i = 0; i < domains.content.count; i++) {
        const struct domain *domain = domains.content.records[i];
        size_t length = strlen(domain->name);

        longest = length > longest ? length : longest;
    }
    assert_int_equal(longest, TEXT_MAX - 1);
    drop(&domains);
    sim()->close(backend);
}

static void test_a_missing_uuid_is_always_the_same(void **state)
{
    struct backend *backend = open_golden();
    struct collected domains = must_collect(backend, SECTION_DOMAINS);
    const struct domain *domain = record_of(backend, &domains, "no-uuid");
    char text[UUID_TEXT_SIZE];

    (void)state;
    /* For ever: vmIndex hangs on it. */
    assert_string_equal(uuid_format(&domain->uuid, text),
                        "2f974ece-0fd0-8741-a56e-a27878c2345c");
    drop(&domains);
    sim()->close(backend);
}

static void test_unchanged_configurations_are_shared(void **state)
{
    struct backend *backend = open_golden();
    struct collected first = must_collect(backend, SECTION_CONFIGS);
    struct collected second = must_collect(backend, SECTION_CONFIGS);
    const struct domain_config *config = record_of(backend, &first, "memory-3-TiB");

    (void)state;
    assert_true(config->memory_max_bytes == INT64_C(3) << 40);
    config = record_of(backend, &first, "vcpus-2-of-4");
    assert_int_equal(config->vcpus, 2);
    assert_int_equal(config->vcpus_max, 4);
    config = record_of(backend, &first, "os-windows");
    assert_string_equal(config->os_type, "win 2k22");
    for (size_t i = 0; i < first.content.count; i++) {
        assert_ptr_equal(first.content.records[i], second.content.records[i]);
    }
    drop(&first);
    sim()->close(backend);
    assert_true(config->vcpus > 0); /* outlives the connection */
    drop(&second);
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
        char uri[PATH_SIZE];

        snprintf(uri, sizeof(uri), "sim:%s/%s", folder, hanging->name);
        hanging->status = sim()->open(uri, &hanging->backend, NULL);
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

static void write_domains(const char *name, unsigned count)
{
    FILE *file = fopen(path_of(name), "we");

    assert_non_null(file);
    fputs("<node>\n", file);
    for (unsigned i = 0; i < count; i++) {
        fprintf(file, DOMAIN("d%06u", ""), i);
    }
    fputs("</node>\n", file);
    assert_int_equal(fclose(file), 0);
}

static void test_sizes_are_bounded(void **state)
{
    struct backend *backend;
    char *text;
    const size_t size = (size_t)1200 * 1024;
    const size_t huge = (size_t)65 * 1024 * 1024;

    (void)state;
    write_domains("many.xml", 100000);
    backend = must_open("many.xml");
    assert_int_equal(count_of(backend, SECTION_CONFIGS), 100000);
    sim()->close(backend);
    write_domains("many.xml", 100001);
    refuse("many.xml", "many.xml:100002: more than 100000 domains");

    /* One domain of more than a MiB. */
    text = malloc(huge + TEXT_SIZE);
    assert_non_null(text);
    memset(text, ' ', huge + TEXT_SIZE);
    memcpy(text, "<node><domain>", 14);
    memcpy(text + size, "<name>a</name></domain></node>", 30);
    write_octets("large.xml", text, size + 30);
    refuse("large.xml", "larger than 1048576 octets");

    /* The same outside of any domain is nobody's business. */
    memcpy(text, "<node>        ", 14);
    memcpy(text + size, "<domain><name>a</name></domain></node>", 38);
    write_octets("large.xml", text, size + 38);
    backend = must_open("large.xml");
    sim()->close(backend);

    /* But not without end. */
    for (size_t at = 1024; at + 1024 < huge; at += 1024) {
        memcpy(text + at, "<a/>", 4);
    }
    memset(text + size, ' ', 38);
    memcpy(text + huge, "</node>", 7);
    write_octets("large.xml", text, huge + 7);
    refuse("large.xml", "larger than 67108864 octets");
    free(text);

    text = malloc(size + TEXT_SIZE);
    assert_non_null(text);
    memset(text, ' ', size);
    memcpy(text, "<domain>", 8);
    memcpy(text + size, "<name>a</name></domain>", 23);
    write_octets("domain.xml", text, size + 23);
    write_file("large.xml", NODE("<domain file='domain.xml'/>"));
    refuse("large.xml", "larger than 1048576 octets");
    free(text);
}

static int make_folder(void **state)
{
    const char *temporary = getenv("TMPDIR");

    (void)state;
    snprintf(folder, sizeof(folder), "%.40s/test_sim.XXXXXX",
             temporary != NULL && strlen(temporary) <= 40 ? temporary : "/tmp");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
    DIR *entries = opendir(folder);
    const struct dirent *entry;

    (void)state;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        unlinkat(dirfd(entries), entry->d_name, 0);
    }
    if (entries != NULL) {
        closedir(entries);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_uri_is_a_path),
        cmocka_unit_test(test_a_file_must_be_there),
        cmocka_unit_test(test_a_bad_file_is_told_with_its_line),
        cmocka_unit_test(test_a_bad_file_of_a_domain_is_told_with_both),
        cmocka_unit_test(test_a_file_may_be_mended),
        cmocka_unit_test(test_changes_are_noticed),
        cmocka_unit_test(test_a_change_in_place_is_noticed),
        cmocka_unit_test(test_what_is_the_test_drivers_is_tolerated),
        cmocka_unit_test(test_states_are_those_of_the_test_driver),
        cmocka_unit_test(test_names_are_cut_at_a_character),
        cmocka_unit_test(test_a_missing_uuid_is_always_the_same),
        cmocka_unit_test(test_unchanged_configurations_are_shared),
        cmocka_unit_test(test_a_frozen_clock_stands),
        cmocka_unit_test(test_cpu_time_follows_the_load),
        cmocka_unit_test(test_a_running_clock_runs),
        cmocka_unit_test(test_a_call_may_fail),
        cmocka_unit_test(test_a_node_comes_back),
        cmocka_unit_test(test_a_call_may_be_slow),
        cmocka_unit_test(test_a_call_that_hangs_disturbs_no_other),
        cmocka_unit_test(test_a_hang_may_end_by_itself),
        cmocka_unit_test(test_open_may_hang),
        cmocka_unit_test(test_close_ends_a_hang),
        cmocka_unit_test(test_a_domain_may_fail),
        cmocka_unit_test(test_a_domain_may_vanish_for_a_while),
        cmocka_unit_test(test_a_domain_that_hangs_holds_up_those_behind),
        cmocka_unit_test(test_sizes_are_bounded),
    };

    return cmocka_run_group_tests_name("sim", tests, make_folder, remove_folder);
}
