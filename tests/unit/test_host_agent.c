/* SPDX-License-Identifier: BSD-2-Clause */
/* test_host_agent.c - what the options of hostAgent mean. */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "agent/host_agent.h"

#define AUTH "-v 3 -u a -l authNoPriv -a SHA-256 -A 12345678 "

static struct host_agent *parse_good(const char *options)
{
    struct host_agent *agent = NULL;
    struct error error = ERROR_NONE;

    if (host_agent_parse(options, &agent, &error) != STATUS_OK) {
        fail_msg("refused: %s: %s", options, error.text);
    }
    assert_non_null(agent);
    return agent;
}

static void check_bad(const char *options, const char *words)
{
    struct host_agent *agent = NULL;
    struct error error = ERROR_NONE;

    if (host_agent_parse(options, &agent, &error) != STATUS_INVALID) {
        fail_msg("taken: %s", options);
    }
    assert_null(agent);
    if (strstr(error.text, words) == NULL) {
        fail_msg("%s: not '%s' but: %s", options, words, error.text);
    }
}

static void test_a_community(void **state)
{
    struct host_agent *agent = parse_good("-v 2c -c public localhost");

    (void)state;
    assert_false(agent->is_v3);
    assert_string_equal(agent->community, "public");
    assert_string_equal(agent->address, "udp:127.0.0.1:161");
    assert_int_equal(agent->timeout_us, -1);
    assert_int_equal(agent->retries, -1);
    host_agent_free(agent);
    host_agent_free(NULL);
}

static void test_forms_of_words(void **state)
{
    struct host_agent *agent =
        parse_good("  -v2C localhost -t60 -r 0 -c \"a \\\"b#\" # comment");

    (void)state;
    assert_string_equal(agent->community, "a \"b#");
    assert_int_equal(agent->timeout_us, 60000000);
    assert_int_equal(agent->retries, 0);
    host_agent_free(agent);
}

static void test_addresses(void **state)
{
    static const struct {
        const char *given;
        const char *taken;
    } good[] = {
        { "LocalHost", "udp:127.0.0.1:161" },
        { "localhost:1161", "udp:127.0.0.1:1161" },
        { "udp:localhost:65535", "udp:127.0.0.1:65535" },
        { "UDP:192.0.2.7", "udp:192.0.2.7:161" },
        { "192.0.2.7:1", "udp:192.0.2.7:1" },
        { "udp6:[::1]", "udp6:[::1]:161" },
        { "udp6:[2001:db8::7]:1161", "udp6:[2001:db8::7]:1161" },
    };
    static const char *const bad[] = {
        "host.example",   "localhost:",     "localhost:0", "localhost:65536",
        "localhost:1x",   "udp:",           ":161",        "::1",
        "udp6:::1",       "udp6:[::1",      "udp6:[::1]x", "udp6:[]",
        "tcp:127.0.0.1",  "unix:/run/snmp", "127.0.0.256", "127.1",
        "udp6:127.0.0.1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        char line[100];
        struct host_agent *agent;

        snprintf(line, sizeof(line), "-v 2c -c x %s", good[i].given);
        agent = parse_good(line);
        assert_string_equal(agent->address, good[i].taken);
        host_agent_free(agent);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char line[100];

        snprintf(line, sizeof(line), "-v 2c -c x %s", bad[i]);
        check_bad(line, "localhost, ");
    }
}

static void test_users(void **state)
{
    struct host_agent *agent = parse_good("-v 3 -u joe localhost");

    (void)state;
    assert_true(agent->is_v3);
    assert_string_equal(agent->user, "joe");
    assert_int_equal(agent->level, SNMP_SEC_LEVEL_NOAUTH);
    assert_null(agent->context);
    host_agent_free(agent);

    agent = parse_good(AUTH "-n kvm localhost");
    assert_int_equal(agent->level, SNMP_SEC_LEVEL_AUTHNOPRIV);
    assert_string_equal(agent->context, "kvm");
    assert_int_equal(agent->auth_key_length, 32);
    assert_int_equal(agent->priv_key_length, 0);
    host_agent_free(agent);

    agent = parse_good("-X 87654321 -x AES -A 12345678 -a SHA -l authpriv -u a -v 3 "
                       "localhost");
    assert_int_equal(agent->level, SNMP_SEC_LEVEL_AUTHPRIV);
    assert_int_equal(agent->auth_key_length, 20);
    assert_int_equal(agent->priv_key_length, 20);
    assert_memory_not_equal(agent->auth_key, agent->priv_key, 20);
    host_agent_free(agent);
}

static void test_what_is_missing_is_told(void **state)
{
    (void)state;
    check_bad("", "no address");
    check_bad("# nothing", "no address");
    check_bad("localhost", "-v 2c or -v 3");
    check_bad("-v 1 -c public localhost", "-v 2c or -v 3");
    check_bad("-v 2c localhost", "needs -c");
    check_bad("-v 2c -c localhost", "no address");
    check_bad("-v 2c localhost -c", "-c needs a value");
    check_bad("-v 2c -c \"\" localhost", "-c needs a value");
    check_bad("-v 3 localhost", "needs -u");
    check_bad("-v 3 -u a -l authNoPriv localhost", "-a PROTOCOL");
    check_bad("-v 3 -u a -l authNoPriv -A 12345678 localhost", "-a PROTOCOL");
    check_bad("-v 3 -u a -l authPriv -a SHA -A 12345678 localhost", "-x PROTOCOL");
    check_bad("-v 3 -u a -l authNoPriv -a SHA -A 1234567 localhost", "8 octets");
    check_bad("-v 3 -u a -l authPriv -a SHA -A 12345678 -x AES -X 1234567 localhost",
              "8 octets");
}

static void test_what_does_not_fit_is_told(void **state)
{
    (void)state;
    check_bad("-v 2c -c x localhost more", "one address");
    check_bad("-v 2c -c x -c y localhost", "-c twice");
    check_bad("-v 2c -c x -u y localhost", "need -v 3");
    check_bad("-v 3 -u x -c y localhost", "no -c");
    check_bad("-v 2c -c x -O n localhost", "no option -O");
    check_bad("-v 2c -c x --\001 localhost", "no option --");
    check_bad("-v 2c -c x -\001 localhost", "no option -?");
    check_bad("-v 2c -c x -t 0 localhost", "-t takes 1 to 60");
    check_bad("-v 2c -c x -t 61 localhost", "-t takes 1 to 60");
    check_bad("-v 2c -c x -r 11 localhost", "-r takes 0 to 10");
    check_bad("-v 2c -c x -r -1 localhost", "-r takes 0 to 10");
    check_bad("-v 2c -c x -r 99999999999999999999 localhost", "-r takes 0 to 10");
    check_bad("-v 3 -u x -l most localhost", "-l takes");
    check_bad("-v 3 -u x -a SHA -A 12345678 localhost", "would not be used");
    check_bad(AUTH "-x AES -X 12345678 localhost", "would not be used");
    check_bad("-v 3 -u x -l authNoPriv -a ROT -A 12345678 localhost", "-a: ");
}

static void test_long_words_are_refused(void **state)
{
    char line[400] = "-v 2c -c ";
    size_t length = strlen(line);

    (void)state;
    memset(line + length, 'x', 300);
    snprintf(line + length + 300, sizeof(line) - length - 300, " localhost");
    check_bad(line, "needs a value");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_community),
        cmocka_unit_test(test_forms_of_words),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_what_is_missing_is_told),
        cmocka_unit_test(test_what_does_not_fit_is_told),
        cmocka_unit_test(test_long_words_are_refused),
    };

    return cmocka_run_group_tests_name("host_agent", tests, NULL, NULL);
}
