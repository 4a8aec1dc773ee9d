/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sim.c - the simulated node: its file in all its forms, and its domains.
 * What every backend has to do is in test_backend_contract.c.
 *
 * Reads tests/data/ of the source tree: HVX_SOURCE in the environment, else
 * the present folder.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/text.h"
#include "tests/unit/sim_fixture.h"

static struct backend *open_golden(void)
{
    return open_source("tests/data/golden.xml");
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
        NODE("<cpu><vendor>x</vendor></cpu><memory unit='KiB'>7</memory>\n"
             "<network><name>default</name><domain name='x'/></network>\n"
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
        cmocka_unit_test(test_sizes_are_bounded),
    };

    return cmocka_run_group_tests_name("sim", tests, make_folder, remove_folder);
}
