/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_snmpd_conf.c - what is read out of somebody else's snmpd.conf, and that
 * no file, however bad, does harm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/snmpd_conf.h"

static const uint32_t vm_mib[] = { 1, 3, 6, 1, 2, 1, 236 };
static const uint32_t hvx_mib[] = { 1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 7666 };

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static int make_folder(void **state)
{
    static char folder[] = "/tmp/hvx-snmpd-XXXXXX";

    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    *state = mkdtemp(folder);
    return *state == NULL;
}

static int remove_folder(void **state)
{
    char command[100];

    snprintf(command, sizeof(command), "rm -rf '%s'", (const char *)*state);
    return system(command);
}

static void write_octets(const char *folder, const char *name, const char *octets,
                         size_t length)
{
    char path[300];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(octets, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void write_file(const char *folder, const char *name, const char *text)
{
    write_octets(folder, name, text, strlen(text));
}

static struct snmpd_conf *read_text(void **state, const char *text)
{
    struct snmpd_conf *conf;

    write_file(*state, "snmpd.conf", text);
    conf = snmpd_conf_read(*state);
    assert_non_null(conf);
    return conf;
}

/* Whether a context's VM-MIB is read under a configuration. */
static enum snmpd_verdict reads(void **state, const char *text, const char *context)
{
    struct snmpd_conf *conf = read_text(state, text);
    enum snmpd_verdict verdict =
        snmpd_conf_reads(conf, context, vm_mib, LENGTH(vm_mib));

    snmpd_conf_free(conf);
    return verdict;
}

static void test_agentx(void **state)
{
    struct snmpd_conf *conf =
        read_text(state, "# master off\nMASTER  agentx # yes\n"
                         "agentXSocket unix:/a,tcp:localhost:705\n"
                         "agentxtimeout 3\nagentXRetries 2\nagentXPerms 0660\n");

    assert_true(conf->master);
    assert_string_equal(conf->socket, "unix:/a,tcp:localhost:705");
    assert_int_equal(conf->timeout_s, 3);
    assert_int_equal(conf->retries, 2);
    assert_true(conf->has_perms);
    assert_false(conf->incomplete);
    assert_int_equal(conf->file_count, 1);
    snmpd_conf_free(conf);

    conf = read_text(state, "#master agentx\n");
    assert_false(conf->master);
    assert_string_equal(conf->socket, "");
    assert_int_equal(conf->timeout_s, -1);
    assert_int_equal(conf->retries, -1);
    snmpd_conf_free(conf);
}

static void test_sections(void **state)
{
    struct snmpd_conf *conf =
        read_text(state, "[snmp] master agentx\n[snmptrapd]\nagentXTimeout 5\n"
                         "[snmpd] agentXRetries 4\nagentXPerms 0666\n[snmpd]\n"
                         "agentXSocket /x\n[]\n[\n");

    assert_false(conf->master);
    assert_int_equal(conf->timeout_s, -1);
    assert_int_equal(conf->retries, 4);
    assert_false(conf->has_perms);
    assert_string_equal(conf->socket, "/x");
    snmpd_conf_free(conf);
}

static void test_views(void **state)
{
    static const char user[] = "rouser u priv -V v\n";
    static const struct {
        const char *view;
        enum snmpd_verdict verdict;
    } cases[] = {
        { "", SNMPD_NO },
        { "view v included .1\n", SNMPD_YES },
        { "view v included 1.3.6.1.2.1.236\n", SNMPD_YES },
        { "view v included .1.3.6.1.2.1.236.1.4\n", SNMPD_YES },
        { "view v included .1.3.6.1.2.1.1\n", SNMPD_NO },
        { "view v included .1.3.6.1.2.1.2360\n", SNMPD_NO },
        { "view other included .1\n", SNMPD_NO },
        { "view v excluded .1\n", SNMPD_NO },
        { "view v included .1\nview v excluded .1.3.6.1.2.1.236\n", SNMPD_NO },
        { "view v excluded .1.3.6.1.2.1\nview v included .1\n", SNMPD_NO },
        { "view v excluded .1.3\nview v included .1.3.6.1.2\n", SNMPD_YES },
        { "view v included mib-2\n", SNMPD_PERHAPS },
        { "view v included .1.3.6.1.2.1.1 f0\n", SNMPD_PERHAPS },
        { "view v included .1.99999999999999999999\n", SNMPD_PERHAPS },
        { "view v included\nview v\nview\n", SNMPD_NO },
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        char text[300];

        snprintf(text, sizeof(text), "%s%s", cases[i].view, user);
        if (reads(state, text, "") != cases[i].verdict) {
            fail_msg("%s", cases[i].view);
        }
    }
}

static void test_readers(void **state)
{
    static const char views[] =
        "view all included .1\nview sys included .1.3.6.1.2.1.1\n";
    static const struct {
        const char *lines;
        enum snmpd_verdict in_default;
        enum snmpd_verdict in_lab;
    } cases[] = {
        { "", SNMPD_NO, SNMPD_NO },
        { "rouser u\n", SNMPD_YES, SNMPD_YES },
        { "rwuser -s tsm u priv\n", SNMPD_YES, SNMPD_YES },
        { "rouser u priv .1.3.6.1.2.1.1\n", SNMPD_NO, SNMPD_NO },
        { "rouser u priv .1.3.6.1.2.1.236\n", SNMPD_YES, SNMPD_YES },
        { "rouser u priv -V all \"\"\n", SNMPD_YES, SNMPD_NO },
        { "rouser u priv -V all lab\n", SNMPD_NO, SNMPD_YES },
        { "rouser u priv -V all la*\n", SNMPD_NO, SNMPD_YES },
        { "rouser u priv -V all *\n", SNMPD_YES, SNMPD_YES },
        { "rouser\n", SNMPD_NO, SNMPD_NO },
        { "rocommunity public\n", SNMPD_YES, SNMPD_NO },
        { "rocommunity public default -V sys\n", SNMPD_NO, SNMPD_NO },
        { "rwcommunity6 public default -V all lab\n", SNMPD_NO, SNMPD_YES },
        { "authuser read u\n", SNMPD_PERHAPS, SNMPD_PERHAPS },
        /* Users of a group name the context themselves, communities do not. */
        { "group g usm u\naccess g \"\" any noauth exact all none none\n", SNMPD_YES,
          SNMPD_NO },
        { "group g usm u\naccess g \"\" usm noauth prefix all none none\n", SNMPD_YES,
          SNMPD_YES },
        { "group g usm u\naccess g \"\" v2c noauth prefix all none none\n", SNMPD_NO,
          SNMPD_NO },
        { "group g usm u\naccess g lab usm priv exact sys none none\n", SNMPD_NO,
          SNMPD_NO },
        { "com2sec s default public\ngroup g v2c s\n"
          "access g \"\" any noauth prefix all none none\n",
          SNMPD_YES, SNMPD_NO },
        { "com2secunix -Cn lab s default public\ngroup g v2c s\n"
          "access g \"\" any noauth prefix all none none\n",
          SNMPD_NO, SNMPD_YES },
        { "com2sec -Cn lab s default public\ngroup g v2c other\n"
          "access g \"\" any noauth prefix all none none\n",
          SNMPD_NO, SNMPD_NO },
        { "access g \"\" any noauth prefix all none none\n", SNMPD_NO, SNMPD_NO },
    };

    for (size_t i = 0; i < LENGTH(cases); i++) {
        char text[500];

        snprintf(text, sizeof(text), "%s%s", views, cases[i].lines);
        if (reads(state, text, "") != cases[i].in_default
            || reads(state, text, "lab") != cases[i].in_lab) {
            fail_msg("%s", cases[i].lines);
        }
    }
}

static void test_debian(void **state)
{
    struct snmpd_conf *conf = read_text(
        state, "master  agentx\nview   systemonly  included   .1.3.6.1.2.1.1\n"
               "view   systemonly  included   .1.3.6.1.2.1.25.1\n"
               "rocommunity  public default -V systemonly\n"
               "rouser authPrivUser authpriv -V systemonly\n");
    char view[SNMPD_NAME_SIZE];

    assert_int_equal(snmpd_conf_enters(conf, "", view), SNMPD_YES);
    assert_string_equal(view, "systemonly");
    assert_int_equal(snmpd_conf_reads(conf, "", vm_mib, LENGTH(vm_mib)), SNMPD_NO);
    assert_int_equal(snmpd_conf_reads(conf, "", hvx_mib, LENGTH(hvx_mib)), SNMPD_NO);
    assert_true(snmpd_conf_opens_all(conf));
    snmpd_conf_free(conf);

    conf = read_text(state, "rouser u priv -V v \"\"\n");
    assert_false(snmpd_conf_opens_all(conf));
    snmpd_conf_free(conf);
}

/* Nothing of them is kept anywhere. */
static void test_secrets_are_not_kept(void **state)
{
    static const char secret[] = "swordfish";
    struct snmpd_conf *conf =
        read_text(state, "rocommunity swordfish default -V v\n"
                         "com2sec -Cn lab name default swordfish\n"
                         "createUser swordfish SHA swordfish AES swordfish\n");

    assert_null(memmem(conf, sizeof(*conf), secret, strlen(secret)));
    assert_null(memmem(conf->accesses, conf->access_count * sizeof(*conf->accesses),
                       secret, strlen(secret)));
    assert_null(memmem(conf->communities,
                       conf->community_count * sizeof(*conf->communities), secret,
                       strlen(secret)));
    assert_int_equal(conf->community_count, 1);
    snmpd_conf_free(conf);
}

static void test_includes(void **state)
{
    const char *folder = *state;
    char text[300];
    char path[300];
    struct snmpd_conf *conf;

    snprintf(path, sizeof(path), "%s/more", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    write_file(folder, "more/a.conf", "master agentx\n");
    write_file(folder, "more/b.txt", "agentXTimeout 9\n");
    write_file(folder, "beside.conf", "agentXRetries 3\n");
    write_file(folder, "snmpd.local.conf", "agentXPerms 0660\n");
    snprintf(text, sizeof(text), "includeDir %s/more\nincludeFile beside.conf\n",
             folder);
    conf = read_text(state, text);
    assert_int_equal(conf->file_count, 4);
    assert_true(conf->master);
    assert_true(conf->has_perms);
    assert_int_equal(conf->retries, 3);
    assert_int_equal(conf->timeout_s, -1);
    assert_false(conf->incomplete);
    snmpd_conf_free(conf);
}

static void test_includes_that_are_not_there(void **state)
{
    static const char *const lines[] = {
        "includeFile /nonexistent/x.conf\n",
        "includeDir /nonexistent\n",
        "includeFile\n",
        "includeDir\n",
        "includeSearch other\n",
    };

    for (size_t i = 0; i < LENGTH(lines); i++) {
        char text[200];
        struct snmpd_conf *conf;

        snprintf(text, sizeof(text), "%smaster agentx\n", lines[i]);
        conf = read_text(state, text);
        assert_true(conf->incomplete);
        assert_true(conf->master);
        snmpd_conf_free(conf);
        /* What is missing may be what permits it. */
        assert_int_equal(reads(state, text, ""), SNMPD_PERHAPS);
    }
}

static void test_includes_without_end(void **state)
{
    struct snmpd_conf *conf = read_text(
        state, "includeFile snmpd.conf\nincludeFile snmpd.conf\nmaster agentx\n");

    assert_true(conf->incomplete);
    assert_true(conf->master);
    snmpd_conf_free(conf);
}

static void test_long_lines(void **state)
{
    static const size_t lengths[] = { 39,   40,   41,   255,  256,   1023,
                                      4090, 4095, 4096, 4097, 100000 };
    static const char *const words[] = {
        "view ",
        "view v included ",
        "access ",
        "access g ",
        "group g ",
        "com2sec -Cn ",
        "rouser ",
        "rouser u priv ",
        "rouser u priv -V ",
        "rocommunity ",
        "agentXSocket ",
        "agentXTimeout ",
        "master ",
        "includeFile ",
        "[",
        "",
    };

    for (size_t w = 0; w < LENGTH(words); w++) {
        for (size_t i = 0; i < LENGTH(lengths); i++) {
            char *text = malloc(lengths[i] + 100);
            size_t used;
            struct snmpd_conf *conf;

            assert_non_null(text);
            used = (size_t)sprintf(text, "%s", words[w]);
            memset(text + used, '7', lengths[i]);
            strcpy(text + used + lengths[i], " usm x y z\nagentXRetries 7\n");
            conf = read_text(state, text);
            /* The next line is read whatever was before it. */
            assert_int_equal(conf->retries, 7);
            if (lengths[i] >= 4096) {
                assert_true(conf->incomplete);
            }
            snmpd_conf_free(conf);
            free(text);
        }
    }
}

static void test_many_rules(void **state)
{
    char *text = malloc(20000 * 20);
    size_t used = 0;
    struct snmpd_conf *conf;

    assert_non_null(text);
    for (int i = 0; i < 20000; i++) {
        used += (size_t)sprintf(text + used, "rouser u%d\n", i);
    }
    conf = read_text(state, text);
    assert_true(conf->incomplete);
    assert_in_range(conf->access_count, 1, 10000);
    snmpd_conf_free(conf);
    free(text);
}

static void test_binary(void **state)
{
    static const char nul[] = "\0\0agentXTimeout 3\nview\0v\nmaster agentx\n\xff\xfe";
    unsigned seed = 4711;
    struct snmpd_conf *conf;

    write_octets(*state, "snmpd.conf", nul, sizeof(nul) - 1);
    conf = snmpd_conf_read(*state);
    assert_non_null(conf);
    assert_true(conf->master);
    assert_int_equal(conf->timeout_s, -1);
    snmpd_conf_free(conf);
    for (int round = 0; round < 200; round++) {
        char octets[2000];

        for (size_t i = 0; i < sizeof(octets); i++) {
            octets[i] = (char)rand_r(&seed);
        }
        write_octets(*state, "snmpd.conf", octets, sizeof(octets));
        conf = snmpd_conf_read(*state);
        assert_non_null(conf);
        snmpd_conf_free(conf);
    }
}

static void test_what_is_no_file(void **state)
{
    char path[300];
    struct snmpd_conf *conf = snmpd_conf_read(*state);

    assert_int_equal(conf->file_count, 0);
    assert_string_equal(conf->unreadable, "");
    snmpd_conf_free(conf);

    /* A pipe would have to be waited for. */
    snprintf(path, sizeof(path), "%s/snmpd.conf", (const char *)*state);
    assert_int_equal(mkfifo(path, 0600), 0);
    conf = snmpd_conf_read(*state);
    assert_int_equal(conf->file_count, 0);
    assert_string_equal(conf->unreadable, path);
    assert_true(conf->incomplete);
    snmpd_conf_free(conf);

    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    conf = snmpd_conf_read(*state);
    assert_int_equal(conf->file_count, 0);
    assert_string_equal(conf->unreadable, path);
    snmpd_conf_free(conf);
}

static void test_a_search_path(void **state)
{
    char path[400];
    struct snmpd_conf *conf;

    write_file(*state, "snmpd.conf", "master agentx\n");
    snprintf(path, sizeof(path), ":/nonexistent::%s:", (const char *)*state);
    conf = snmpd_conf_read(path);
    assert_int_equal(conf->file_count, 1);
    assert_true(conf->master);
    snmpd_conf_free(conf);
    conf = snmpd_conf_read("");
    assert_int_equal(conf->file_count, 0);
    snmpd_conf_free(conf);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_agentx),
        TEST(test_sections),
        TEST(test_views),
        TEST(test_readers),
        TEST(test_debian),
        TEST(test_secrets_are_not_kept),
        TEST(test_includes),
        TEST(test_includes_that_are_not_there),
        TEST(test_includes_without_end),
        TEST(test_long_lines),
        TEST(test_many_rules),
        TEST(test_binary),
        TEST(test_what_is_no_file),
        TEST(test_a_search_path),
    };

    return cmocka_run_group_tests_name("snmpd_conf", tests, NULL, NULL);
}
