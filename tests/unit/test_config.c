/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_config.c - what a configuration means, and that one with an error is
 * refused whole, with words that lead to the line.
 */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/config.h"
#include "agent/host_agent.h"
#include "agent/log.h"
#include "model/clock.h"
#include "model/text.h"
#include "tests/unit/config_fixture.h"

#define DAY_NS (86400 * CLOCK_NS_PER_S)

/* A good line: each configuration needs a connection. */
#define CONNECTION "connection a sim:/a.xml\n"

/* --- config_add_connection() -------------------------------------------------- */

static enum status add(struct config *config, const char *name, const char *context,
                       bool is_default)
{
    struct error error = ERROR_NONE;
    enum status status =
        config_add_connection(config, name, "sim:/x", context, is_default, &error);

    assert_int_equal(error.status, status);
    assert_true((status == STATUS_OK) == (error.text[0] == '\0'));
    return status;
}

static void test_connections_are_added(void **state)
{
    struct config *config = config_new();

    (void)state;
    assert_non_null(config);
    assert_int_equal(config->connection_count, 0);
    assert_int_equal(add(config, "a", NULL, false), STATUS_OK);
    assert_int_equal(add(config, "b", "west side", true), STATUS_OK);
    assert_int_equal(config->connection_count, 2);
    assert_string_equal(config->connections[0].name, "a");
    assert_string_equal(config->connections[0].context, "a");
    assert_string_equal(config->connections[0].uri, "sim:/x");
    assert_false(config->connections[0].is_default);
    assert_string_equal(config->connections[1].context, "west side");
    assert_true(config->connections[1].is_default);
    config_free(config);
    config_free(NULL);
}

static void test_names_of_connections(void **state)
{
    static const char *const good[] = {
        "a", "A9_.-z", "-", "_", "12345678901234567890123456789012", /* 32 */
    };
    static const char *const bad[] = {
        "",    "123456789012345678901234567890123", /* 33 */
        "a b", "a/b",
        "..",  ".a",
        "a\n", "\xc3\xa9",
        "a:b",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct config *config = config_new();

        if (add(config, good[i], NULL, false) != STATUS_OK) {
            fail_msg("'%s' is refused", good[i]);
        }
        assert_string_equal(config->connections[0].name, good[i]);
        config_free(config);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct config *config = config_new();

        if (add(config, bad[i], "context", false) != STATUS_INVALID) {
            fail_msg("'%s' is taken", bad[i]);
        }
        assert_int_equal(config->connection_count, 0);
        config_free(config);
    }
}

static void test_what_two_connections_cannot_share(void **state)
{
    struct config *config = config_new();
    struct error error = ERROR_NONE;

    (void)state;
    assert_int_equal(add(config, "a", NULL, true), STATUS_OK);
    assert_int_equal(add(config, "b", "other", false), STATUS_OK);
    assert_int_equal(add(config, "a", "new", false), STATUS_INVALID);
    assert_int_equal(add(config, "c", "other", false), STATUS_INVALID);
    assert_int_equal(add(config, "c", "a", false), STATUS_INVALID);
    assert_int_equal(add(config, "other", NULL, false), STATUS_INVALID);
    assert_int_equal(add(config, "c", NULL, true), STATUS_INVALID);
    assert_int_equal(config->connection_count, 2);
    assert_int_equal(
        config_add_connection(config, "c", "sim:/x", "other", false, &error),
        STATUS_INVALID);
    /* The two are named, and what they have in common. */
    assert_non_null(strstr(error.text, "'b'"));
    assert_non_null(strstr(error.text, "'c'"));
    assert_non_null(strstr(error.text, "'other'"));
    assert_int_equal(add(config, "A", NULL, false), STATUS_OK);
    config_free(config);
}

static void test_contexts_have_limits(void **state)
{
    struct config *config = config_new();
    char context[TEXT_MAX + 2];

    (void)state;
    memset(context, 'x', sizeof(context));
    context[TEXT_MAX + 1] = '\0';
    assert_int_equal(add(config, "a", context, false), STATUS_INVALID);
    context[TEXT_MAX] = '\0';
    assert_int_equal(add(config, "a", context, false), STATUS_OK);
    assert_int_equal(add(config, "b", "", false), STATUS_INVALID);
    config_free(config);
}

static void test_uris_need_a_scheme(void **state)
{
    struct config *config = config_new();
    struct error error = ERROR_NONE;

    (void)state;
    assert_int_equal(
        config_add_connection(config, "a", "/etc/node.xml", NULL, false, &error),
        STATUS_INVALID);
    assert_non_null(strstr(error.text, "/etc/node.xml"));
    assert_int_equal(config->connection_count, 0);
    config_free(config);
}

static void test_there_is_a_most_of_connections(void **state)
{
    struct config *config = config_new();
    char name[CONFIG_NAME_SIZE];

    (void)state;
    for (int i = 0; i < CONFIG_CONNECTIONS_MAX; i++) {
        snprintf(name, sizeof(name), "c%d", i);
        assert_int_equal(add(config, name, NULL, false), STATUS_OK);
    }
    assert_int_equal(add(config, "more", NULL, false), STATUS_INVALID);
    assert_int_equal(config->connection_count, CONFIG_CONNECTIONS_MAX);
    config_free(config);
}

/* --- config_read() -------------------------------------------------------------- */

static void test_defaults(void **state)
{
    struct config *config = conf_good(CONNECTION);

    (void)state;
    assert_int_equal(config->max_age_ns, 5 * CLOCK_NS_PER_S);
    assert_int_equal(config->wait_limit_ns, 400 * CLOCK_NS_PER_MS);
    assert_int_equal(config->stale_limit_ns, 60 * CLOCK_NS_PER_S);
    assert_int_equal(config->call_timeout_ns, 10 * CLOCK_NS_PER_S);
    assert_int_equal(config->state_interval_ns, 10 * CLOCK_NS_PER_S);
    assert_int_equal(config->index_grace_ns, 7 * DAY_NS);
    assert_int_equal(config->cpu_affinity, MIB_AFFINITY_PINNED);
    assert_false(config->unattached_storage);
    assert_null(config->host_agent);
    assert_int_equal(config->operation_keep_ns, 600 * CLOCK_NS_PER_S);
    assert_int_equal(config->operation_timeout_ns, 300 * CLOCK_NS_PER_S);
    assert_int_equal(config->repeat_window_ns, 15 * CLOCK_NS_PER_S);
    assert_int_equal(config->operation_limit, 8);
    assert_null(config->dump_dir);
    assert_int_equal(config->state_dir[0], '/');
    assert_int_equal(config->module_dir[0], '/');
    assert_int_equal(config->connection_count, 1);
    assert_true(config->connections[0].is_default);
    config_free(config);
}

static void test_connections_of_a_file(void **state)
{
    struct config *config = conf_good(
        "# a comment\n"
        "\n"
        "connection west sim:/west.xml\n"
        "  connection east \"sim:/far east.xml\" context \"far east\" default\n"
        "CONNECTION south sim:/south.xml Context s # here too\n");

    (void)state;
    assert_int_equal(config->connection_count, 3);
    assert_string_equal(config->connections[0].name, "west");
    assert_string_equal(config->connections[0].uri, "sim:/west.xml");
    assert_string_equal(config->connections[0].context, "west");
    assert_false(config->connections[0].is_default);
    assert_string_equal(config->connections[1].name, "east");
    assert_string_equal(config->connections[1].uri, "sim:/far east.xml");
    assert_string_equal(config->connections[1].context, "far east");
    assert_true(config->connections[1].is_default);
    assert_string_equal(config->connections[2].context, "s");
    assert_false(config->connections[2].is_default);
    config_free(config);
}

struct duration {
    const char *directive;
    size_t offset;
    const char *text;
    int64_t ns;
};

static void test_durations(void **state)
{
    static const struct duration durations[] = {
        { "maxAge", offsetof(struct config, max_age_ns), "100ms",
          100 * CLOCK_NS_PER_MS },
        { "maxAge", offsetof(struct config, max_age_ns), "3s", 3 * CLOCK_NS_PER_S },
        { "maxage", offsetof(struct config, max_age_ns), "60m", 3600 * CLOCK_NS_PER_S },
        { "maxAge", offsetof(struct config, max_age_ns), "1h", 3600 * CLOCK_NS_PER_S },
        { "waitLimit", offsetof(struct config, wait_limit_ns), "10ms",
          10 * CLOCK_NS_PER_MS },
        { "waitLimit", offsetof(struct config, wait_limit_ns), "999ms",
          999 * CLOCK_NS_PER_MS },
        { "staleLimit", offsetof(struct config, stale_limit_ns), "1s", CLOCK_NS_PER_S },
        { "staleLimit", offsetof(struct config, stale_limit_ns), "1d", DAY_NS },
        { "callTimeout", offsetof(struct config, call_timeout_ns), "1s",
          CLOCK_NS_PER_S },
        { "callTimeout", offsetof(struct config, call_timeout_ns), "10m",
          600 * CLOCK_NS_PER_S },
        { "stateInterval", offsetof(struct config, state_interval_ns), "1s",
          CLOCK_NS_PER_S },
        { "stateInterval", offsetof(struct config, state_interval_ns), "1h",
          3600 * CLOCK_NS_PER_S },
        { "indexGrace", offsetof(struct config, index_grace_ns), "0s", 0 },
        { "indexGrace", offsetof(struct config, index_grace_ns), "365d", 365 * DAY_NS },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
        const struct duration *duration = &durations[i];
        struct config *config;
        char file[200];
        int64_t got_ns;

        /* maxAge is at most staleLimit. */
        snprintf(file, sizeof(file), CONNECTION "staleLimit 1d\n%s %s\n",
                 duration->directive, duration->text);
        config = conf_good(file);
        memcpy(&got_ns, (const char *)config + duration->offset, sizeof(got_ns));
        if (got_ns != duration->ns) {
            fail_msg("%s %s is %lld ns", duration->directive, duration->text,
                     (long long)got_ns);
        }
        config_free(config);
    }
}

static void test_durations_out_of_range_are_refused(void **state)
{
    static const char *const bad[] = {
        "maxAge 99ms",       "maxAge 3601s",      "waitLimit 9ms",
        "waitLimit 1000ms",  "waitLimit 1s",      "staleLimit 999ms",
        "staleLimit 86401s", "callTimeout 999ms", "callTimeout 601s",
        "stateInterval 0s",  "stateInterval 61m", "indexGrace 366d",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char file[200];
        const char *words;

        snprintf(file, sizeof(file), CONNECTION "%s\n", bad[i]);
        words = conf_bad_line(file, 2);
        /* What was written, and what may be. */
        if (strstr(words, bad[i]) == NULL || strstr(words, " to ") == NULL) {
            fail_msg("%s: %s", bad[i], words);
        }
    }
}

static void test_what_is_no_duration_is_refused(void **state)
{
    static const char *const bad[] = {
        "5",
        "s",
        "5 s",
        "-5s",
        "+5s",
        "5.5s",
        "5x",
        "5S",
        "0x5s",
        "5s6s",
        "\"\"",
        "99999999999999999999s",
        "9223372036854775807d",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char file[200];

        snprintf(file, sizeof(file), CONNECTION "maxAge %s\n", bad[i]);
        (void)conf_bad_line(file, 2);
    }
}

static void test_folders(void **state)
{
    struct config *config = conf_good(CONNECTION "stateDir /var/lib/elsewhere\n"
                                                 "moduleDir \"/opt/my modules\"\n");

    (void)state;
    assert_string_equal(config->state_dir, "/var/lib/elsewhere");
    assert_string_equal(config->module_dir, "/opt/my modules");
    config_free(config);
    (void)conf_bad_line(CONNECTION "stateDir relative/path\n", 2);
    (void)conf_bad_line(CONNECTION "\nmoduleDir .\n", 3);
    (void)conf_bad_line("stateDir \"\"\n" CONNECTION, 1);
}

static void test_rows_of_the_affinity_table(void **state)
{
    static const struct {
        const char *word;
        enum mib_affinity affinity;
    } choices[] = {
        { "pinned", MIB_AFFINITY_PINNED }, { "all", MIB_AFFINITY_ALL },
        { "none", MIB_AFFINITY_NONE },     { "ALL", MIB_AFFINITY_ALL },
        { "\"none\"", MIB_AFFINITY_NONE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
        struct config *config;
        char file[200];

        snprintf(file, sizeof(file), CONNECTION "cpuAffinity %s # so\n",
                 choices[i].word);
        config = conf_good(file);
        assert_int_equal(config->cpu_affinity, choices[i].affinity);
        config_free(config);
    }
}

static void test_unattached_storage(void **state)
{
    struct config *config = conf_good(CONNECTION "unattachedStorage yes\n");

    (void)state;
    assert_true(config->unattached_storage);
    config_free(config);
    config = conf_good(CONNECTION "unattachedStorage yes\nunattachedstorage No\n");
    assert_false(config->unattached_storage);
    config_free(config);
}

static void test_the_agent_of_the_host(void **state)
{
    struct config *config =
        conf_good(CONNECTION "hostAgent -v 2c -c \"far off\" localhost # so\n");

    (void)state;
    assert_non_null(config->host_agent);
    assert_string_equal(config->host_agent->community, "far off");
    assert_string_equal(config->host_agent->address, "udp:127.0.0.1:161");
    config_free(config);
    (void)conf_bad_line(CONNECTION "hostAgent -v 2c -c x localhost\n"
                                   "hostAgent -v 2c -c x localhost\n",
                        3);
}

static void test_secrets_are_not_told(void **state)
{
    static const char *const bad[] = {
        "hostAgent -v 2c -c s3cret1 s3cret2",
        "hostAgent -v 2c s3cret1 localhost",
        "hostAgent -v s3cret1 -c s3cret2 localhost",
        "hostAgent -v 3 -u s3cret1 -A s3cret2 localhost",
        "hostAgent -v 3 -u a -l s3cret1 localhost",
        "hostAgent -v 3 -u a -l authNoPriv -a s3cret1 -A s3cret2 localhost",
        "hostAgent -v 3 -u a -l authNoPriv -a MD5 -A s3cret1 localhost",
        "hostAgent -v 3 -u a -l authPriv -a SHA -A s3cret12 -x s3cret1 -X s localhost",
        "hostAgent -v 3 -u a -A s3cret1 s3cret2 localhost",
        "hostAgent -v 2c -c a -t s3cret1 localhost",
        "hostAgent -v 2c -c a -r s3cret1 localhost",
        "hostAgent -s3cret1 localhost",
        "hostAgent -v 2c -c s3cret1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char file[200];
        const char *words;

        snprintf(file, sizeof(file), CONNECTION "%s\n", bad[i]);
        words = conf_bad_line(file, 2);
        if (strstr(words, "s3cret") != NULL || strstr(words, "hostAgent") == NULL) {
            fail_msg("%s", words);
        }
    }
}

static void test_a_wrong_choice_is_told_the_right_ones(void **state)
{
    static const char *const bad[] = { "some", "al", "alll", "allnone" };
    const char *words;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char file[200];

        snprintf(file, sizeof(file), CONNECTION "cpuAffinity %s\n", bad[i]);
        words = conf_bad_line(file, 2);
        assert_non_null(strstr(words, bad[i]));
        assert_non_null(strstr(words, "pinned or all or none"));
    }
    words = conf_bad_line(CONNECTION "unattachedStorage maybe\n", 2);
    assert_non_null(strstr(words, "'maybe'"));
    assert_non_null(strstr(words, "no or yes"));
    (void)conf_bad_line(CONNECTION "unattachedStorage 1\n", 2);
}

static void test_lines_that_are_not_understood_are_refused(void **state)
{
    static const char *const bad[] = {
        "connection",
        "connection b",
        "connection b sim:/b.xml what",
        "connection b sim:/b.xml context",
        "connection b sim:/b.xml default context",
        "connection b /b.xml",
        "connection b/c sim:/b.xml",
        "connection a sim:/b.xml context b",
        "connection b sim:/b.xml context a",
        "connection b sim:/b.xml context \"\"",
        "connection 123456789012345678901234567890123 sim:/b.xml",
        "maxAge",
        "stateDir",
        "hostAgent",
        "hostAgent localhost",
        "cpuAffinity",
        "cpuAffinity all pinned",
        "unattachedStorage",
        "unattachedStorage yes yes",
        "nonsense",
        "nonsense 5s",
        "max_age 5s",
        "agentXPingIntervall 15",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char file[300];

        snprintf(file, sizeof(file), "# first\n" CONNECTION "%s\nmaxAge 2s\n", bad[i]);
        (void)conf_bad_line(file, 3);
    }
    assert_non_null(strstr(conf_bad_line(CONNECTION "nonsense 5s\n", 2), "'nonsense'"));
}

static void test_two_connections_marked_default_are_refused(void **state)
{
    const char *words = conf_bad_line("connection a sim:/a.xml default\n"
                                      "connection b sim:/b.xml\n"
                                      "connection c sim:/c.xml default\n",
                                      3);

    (void)state;
    assert_non_null(strstr(words, "'a'"));
    assert_non_null(strstr(words, "'c'"));
}

static void test_words_that_are_too_long_are_refused(void **state)
{
    char file[3000];
    size_t length = strlen("connection b sim:/");

    (void)state;
    memset(file, 'x', sizeof(file));
    memcpy(file, "connection b sim:/", length);
    file[length + 1500] = '\n';
    file[length + 1501] = '\0';
    (void)conf_bad_line(file, 1);

    length = strlen("connection b sim:/b.xml context ");
    memset(file, 'x', sizeof(file));
    memcpy(file, "connection b sim:/b.xml context ", length);
    file[length + TEXT_MAX + 1] = '\n';
    file[length + TEXT_MAX + 2] = '\0';
    (void)conf_bad_line(file, 1);
}

static void test_each_error_is_told(void **state)
{
    struct config *config = NULL;

    (void)state;
    conf_write("connection a sim:/a.xml\n"
               "maxAge 1y\n"
               "nonsense\n"
               "connection a sim:/b.xml\n");
    assert_int_equal(config_read(conf_path, conf_complain, &config, NULL),
                     STATUS_INVALID);
    assert_null(config);
    assert_int_equal(conf_line_count, 3);
    for (unsigned i = 0; i < 3; i++) {
        char place[400];

        snprintf(place, sizeof(place), "%s: line %u: ", conf_path, i + 2);
        assert_memory_equal(conf_lines[i], place, strlen(place));
    }
}

static void test_a_connection_is_needed(void **state)
{
    struct config *config = NULL;

    (void)state;
    conf_write("maxAge 2s\n");
    assert_int_equal(config_read(conf_path, conf_complain, &config, NULL),
                     STATUS_INVALID);
    assert_null(config);
    assert_int_equal(conf_line_count, 1);
    assert_non_null(strstr(conf_lines[0], "connection NAME URI"));
}

static void test_a_file_that_cannot_be_read(void **state)
{
    struct config *config = NULL;
    char missing[400];

    (void)state;
    snprintf(missing, sizeof(missing), "%s/missing.conf", conf_folder);
    conf_line_count = 0;
    assert_int_equal(config_read(missing, conf_complain, &config, NULL), STATUS_IO);
    assert_null(config);
    assert_int_equal(conf_line_count, 1);
    assert_non_null(strstr(conf_lines[0], missing));
    assert_non_null(strstr(conf_lines[0], "No such file"));
}

static void test_a_folder_is_no_file(void **state)
{
    struct config *config = NULL;

    (void)state;
    conf_line_count = 0;
    assert_int_not_equal(config_read(conf_folder, conf_complain, &config, NULL),
                         STATUS_OK);
    assert_null(config);
    assert_true(conf_line_count > 0);
}

/* A file of the search path is found without a name. */
static void test_the_search_path(void **state)
{
    struct config *config = NULL;

    (void)state;
    conf_write("connection found sim:/found.xml\n");
    assert_int_equal(config_read(NULL, conf_complain, &config, NULL), STATUS_OK);
    assert_int_equal(conf_line_count, 0);
    assert_int_equal(config->connection_count, 1);
    assert_string_equal(config->connections[0].name, "found");
    config_free(config);

    unlink(conf_path);
    config = NULL;
    assert_int_equal(config_read(NULL, conf_complain, &config, NULL), STATUS_INVALID);
    assert_null(config);
    assert_int_equal(conf_line_count, 1);
    /* Where it was searched. */
    assert_non_null(strstr(conf_lines[0], conf_folder));
}

static void test_reading_again_starts_anew(void **state)
{
    struct config *config = conf_good("connection a sim:/a.xml\nmaxAge 2s\n");

    (void)state;
    config_free(config);
    config = conf_good("connection b sim:/b.xml\n");
    assert_int_equal(config->connection_count, 1);
    assert_string_equal(config->connections[0].name, "b");
    assert_int_equal(config->max_age_ns, 5 * CLOCK_NS_PER_S);
    config_free(config);
}

/* --- what net-snmp takes itself ------------------------------------------------- */

struct agentx {
    const char *socket;
    int timeout;
    int retries;
    int ping_interval;
};

static struct agentx settings(void)
{
    return (struct agentx) {
        .socket =
            netsnmp_ds_get_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET),
        .timeout = netsnmp_ds_get_int(NETSNMP_DS_APPLICATION_ID,
                                      NETSNMP_DS_AGENT_AGENTX_TIMEOUT),
        .retries = netsnmp_ds_get_int(NETSNMP_DS_APPLICATION_ID,
                                      NETSNMP_DS_AGENT_AGENTX_RETRIES),
        .ping_interval = netsnmp_ds_get_int(NETSNMP_DS_APPLICATION_ID,
                                            NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL),
    };
}

static void check_settings(const char *socket, int timeout_s, int retries,
                           int ping_interval)
{
    const struct agentx got = settings();

    assert_non_null(got.socket);
    assert_string_equal(got.socket, socket);
    assert_int_equal(got.timeout, timeout_s * 1000000);
    assert_int_equal(got.retries, retries);
    assert_int_equal(got.ping_interval, ping_interval);
}

static void test_settings_of_the_session_are_net_snmps(void **state)
{
    static const char first[] = CONNECTION "agentXSocket unix:/run/first\n"
                                           "agentXTimeout 3\n"
                                           "agentXRetries 4\n"
                                           "agentXPingInterval 17\n";

    (void)state;
    config_free(conf_good(first));
    check_settings("unix:/run/first", 3, 4, 17);
    config_free(conf_good(CONNECTION "agentXSocket tcp:localhost:7050\n"
                                     "agentXTimeout 5\n"
                                     "agentXRetries 6\n"
                                     "agentXPingInterval 20\n"));
    check_settings("tcp:localhost:7050", 5, 6, 20);
}

static void test_with_an_error_the_session_keeps_its_settings(void **state)
{
    static const char good[] = CONNECTION "agentXSocket unix:/run/good\n"
                                          "agentXTimeout 3\n"
                                          "agentXRetries 4\n"
                                          "agentXPingInterval 17\n";

    (void)state;
    config_free(conf_good(good));
    (void)conf_bad_line(CONNECTION "agentXSocket unix:/run/bad\n"
                                   "agentXTimeout 9\n"
                                   "agentXRetries 9\n"
                                   "agentXPingInterval 9\n"
                                   "nonsense\n",
                        6);
    check_settings("unix:/run/good", 3, 4, 17);

    /* Also when the file is well but for what it lacks. */
    conf_write("agentXSocket unix:/run/bad\nagentXTimeout 9\n");
    assert_int_equal(
        config_read(conf_path, conf_complain, &(struct config *) { NULL }, NULL),
        STATUS_INVALID);
    check_settings("unix:/run/good", 3, 4, 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connections_are_added),
        cmocka_unit_test(test_names_of_connections),
        cmocka_unit_test(test_what_two_connections_cannot_share),
        cmocka_unit_test(test_contexts_have_limits),
        cmocka_unit_test(test_uris_need_a_scheme),
        cmocka_unit_test(test_there_is_a_most_of_connections),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_connections_of_a_file),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_durations_out_of_range_are_refused),
        cmocka_unit_test(test_what_is_no_duration_is_refused),
        cmocka_unit_test(test_folders),
        cmocka_unit_test(test_rows_of_the_affinity_table),
        cmocka_unit_test(test_unattached_storage),
        cmocka_unit_test(test_the_agent_of_the_host),
        cmocka_unit_test(test_secrets_are_not_told),
        cmocka_unit_test(test_a_wrong_choice_is_told_the_right_ones),
        cmocka_unit_test(test_lines_that_are_not_understood_are_refused),
        cmocka_unit_test(test_two_connections_marked_default_are_refused),
        cmocka_unit_test(test_words_that_are_too_long_are_refused),
        cmocka_unit_test(test_each_error_is_told),
        cmocka_unit_test(test_a_connection_is_needed),
        cmocka_unit_test(test_a_file_that_cannot_be_read),
        cmocka_unit_test(test_a_folder_is_no_file),
        cmocka_unit_test(test_the_search_path),
        cmocka_unit_test(test_reading_again_starts_anew),
        cmocka_unit_test(test_settings_of_the_session_are_net_snmps),
        cmocka_unit_test(test_with_an_error_the_session_keeps_its_settings),
    };

    return cmocka_run_group_tests_name("config", tests, conf_prepare, conf_clean_up);
}
