/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_config_control.c - which roles a configuration makes, what each may do, and
 * how operations are kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/clock.h"
#include "model/text.h"
#include "tests/unit/config_fixture.h"

#define DAY_NS (86400 * CLOCK_NS_PER_S)

#define UUID_ONE "2b1e4c5d-0000-4000-8000-000000000001"
#define UUID_TWO "2B1E4C5D000040008000000000000002"

/* Two lines that each configuration of control needs. */
#define CONNECTIONS                                                                    \
    "connection a sim:/a.xml\n"                                                        \
    "connection b sim:/b.xml context east\n"

#define ALL_CLASSES                                                                    \
    (OPERATION_CLASS_BIT(OPERATION_CLASS_POWER)                                        \
     | OPERATION_CLASS_BIT(OPERATION_CLASS_CONFIG)                                     \
     | OPERATION_CLASS_BIT(OPERATION_CLASS_PROVISION)                                  \
     | OPERATION_CLASS_BIT(OPERATION_CLASS_DESTROY)                                    \
     | OPERATION_CLASS_BIT(OPERATION_CLASS_DEBUG))

static const struct control *control_of(const struct config *config, size_t connection,
                                        size_t role)
{
    assert_true(connection < config->connection_count);
    assert_true(role < config->connections[connection].role_count);
    return &config->connections[connection].roles[role].control;
}

/* Whether a role of the first connection may power a domain. */
static bool may_power(const struct config *config, size_t role, const char *uuid_text,
                      const char *name)
{
    struct uuid uuid;

    assert_true(uuid_parse(uuid_text, &uuid));
    return control_permits(control_of(config, 0, role), OPERATION_CLASS_POWER, &uuid,
                           name);
}

/* --- what a line means ---------------------------------------------------------- */

static void test_nothing_is_permitted_by_default(void **state)
{
    struct config *config = conf_good(CONNECTIONS);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const struct config_connection *connection = &config->connections[i];

        assert_int_equal(connection->role_count, 1);
        assert_string_equal(connection->roles[0].context, connection->context);
        assert_int_equal(connection->roles[0].control.classes, 0);
    }
    assert_string_equal(config->connections[0].context, "a");
    assert_string_equal(config->connections[1].context, "east");
    assert_false(may_power(config, 0, UUID_ONE, "web"));
    config_free(config);
}

static void test_classes_of_the_own_context(void **state)
{
    struct config *config =
        conf_good(CONNECTIONS "control a power\n"
                              "CONTROL b Power config PROVISION destroy debug # all\n");

    (void)state;
    assert_int_equal(config->connections[0].role_count, 1);
    assert_int_equal(control_of(config, 0, 0)->classes,
                     OPERATION_CLASS_BIT(OPERATION_CLASS_POWER));
    assert_int_equal(config->connections[1].role_count, 1);
    assert_int_equal(control_of(config, 1, 0)->classes, ALL_CLASSES);
    assert_true(may_power(config, 0, UUID_ONE, "web"));
    config_free(config);
}

static void test_roles_have_contexts_of_their_own(void **state)
{
    struct config *config = conf_good(
        CONNECTIONS "control a context tenant-a power\n"
                    "control a context \"tenant b\" config power\n"
                    "control b debug context east-2\n" /* the order does not matter */
                    "control a destroy\n");

    (void)state;
    assert_int_equal(config->connections[0].role_count, 3);
    assert_string_equal(config->connections[0].context, "a");
    assert_string_equal(config->connections[0].roles[0].context, "a");
    assert_int_equal(control_of(config, 0, 0)->classes,
                     OPERATION_CLASS_BIT(OPERATION_CLASS_DESTROY));
    assert_string_equal(config->connections[0].roles[1].context, "tenant-a");
    assert_int_equal(control_of(config, 0, 1)->classes,
                     OPERATION_CLASS_BIT(OPERATION_CLASS_POWER));
    assert_string_equal(config->connections[0].roles[2].context, "tenant b");
    assert_int_equal(control_of(config, 0, 2)->classes,
                     OPERATION_CLASS_BIT(OPERATION_CLASS_POWER)
                         | OPERATION_CLASS_BIT(OPERATION_CLASS_CONFIG));
    assert_int_equal(config->connections[1].role_count, 2);
    assert_int_equal(control_of(config, 1, 0)->classes, 0);
    assert_string_equal(config->connections[1].roles[1].context, "east-2");
    config_free(config);
}

static void test_a_line_may_stand_before_its_connection(void **state)
{
    struct config *config = conf_good("control a context tenant power\n"
                                      "control a debug\n" CONNECTIONS);

    (void)state;
    assert_int_equal(config->connections[0].role_count, 2);
    assert_int_equal(control_of(config, 0, 0)->classes,
                     OPERATION_CLASS_BIT(OPERATION_CLASS_DEBUG));
    assert_string_equal(config->connections[0].roles[1].context, "tenant");
    config_free(config);
}

/* A file may have been read for long: nothing of it stays. */
static void test_reading_again_starts_anew(void **state)
{
    struct config *config = conf_good(CONNECTIONS "control a context r power\n");

    (void)state;
    config_free(config);
    config = conf_good(CONNECTIONS);
    assert_int_equal(config->connections[0].role_count, 1);
    config_free(config);
    (void)conf_bad_line(CONNECTIONS "control a context r power\nmaxAge\n", 4);
    config = conf_good(CONNECTIONS "control a context r config\n");
    assert_int_equal(config->connections[0].role_count, 2);
    config_free(config);
}

static void test_which_domains(void **state)
{
    struct config *config = conf_good(
        CONNECTIONS "control a power allow " UUID_ONE " web-* deny web-9\n"
                    "control a context r1 power deny " UUID_TWO " db*\n"
                    "control a context r2 power allow web-1 deny web-2 allow web-2 x\n"
                    "control a context r3 power ALLOW \"my web *\" 'other one'\n");

    (void)state;
    assert_true(may_power(config, 0, UUID_ONE, "any"));
    assert_true(may_power(config, 0, UUID_TWO, "web-1"));
    assert_false(may_power(config, 0, UUID_TWO, "web-9"));
    assert_false(may_power(config, 0, UUID_ONE, "web-9"));
    assert_false(may_power(config, 0, UUID_TWO, "any"));

    assert_true(may_power(config, 1, UUID_ONE, "any"));
    assert_false(may_power(config, 1, UUID_TWO, "any"));
    assert_false(may_power(config, 1, UUID_ONE, "db"));

    assert_true(may_power(config, 2, UUID_ONE, "web-1"));
    assert_false(may_power(config, 2, UUID_ONE, "web-2"));
    assert_true(may_power(config, 2, UUID_ONE, "x"));

    assert_true(may_power(config, 3, UUID_ONE, "my web 1"));
    assert_true(may_power(config, 3, UUID_ONE, "other one"));
    assert_false(may_power(config, 3, UUID_ONE, "my"));
    config_free(config);
}

/* A domain may be named as our words are. */
static void test_words_in_quotes_are_patterns(void **state)
{
    struct config *config =
        conf_good(CONNECTIONS "control a power allow \"deny\" 'allow' context power\n");

    (void)state;
    assert_int_equal(control_of(config, 0, 0)->allow_count, 4);
    assert_int_equal(control_of(config, 0, 0)->deny_count, 0);
    assert_true(may_power(config, 0, UUID_ONE, "deny"));
    assert_true(may_power(config, 0, UUID_ONE, "allow"));
    assert_true(may_power(config, 0, UUID_ONE, "context"));
    assert_false(may_power(config, 0, UUID_ONE, "web"));
    config_free(config);
}

/* --- what is refused ------------------------------------------------------------ */

/* The line with its error, and words that the error has to have. */
struct bad {
    const char *line;
    const char *first;
    const char *second;
};

static void check_refused(const char *before, const struct bad *bad, size_t count)
{
    unsigned number = 1;

    for (const char *at = before; *at != '\0'; at++) {
        number += *at == '\n';
    }
    for (size_t i = 0; i < count; i++) {
        char file[1000];
        const char *words;

        snprintf(file, sizeof(file), "%s%s\nmaxAge 2s\n", before, bad[i].line);
        words = conf_bad_line(file, number);
        if (strstr(words, bad[i].first) == NULL
            || strstr(words, bad[i].second) == NULL) {
            fail_msg("%s: %s", bad[i].line, words);
        }
    }
}

static void test_lines_that_are_not_understood(void **state)
{
    static const struct bad bad[] = {
        { "control", "control", "" },
        { "control \"\" power", "write: control CONNECTION", "CLASS" },
        { "control a", "no class", "power, config, provision, destroy, debug" },
        { "control a context r", "no class", "write those to permit" },
        { "control a allow web", "no class", "write those to permit" },
        { "control a powr", "'powr' is no class", "power, config, provision" },
        { "control a power web-*", "'web-*' is no class", "behind 'allow'" },
        { "control a power all", "'all' is no class", "" },
        { "control a power config Power", "class power", "twice" },
        { "control a power allow", "no pattern behind 'allow'", "leave 'allow' out" },
        { "control a power deny", "no pattern behind 'deny'", "leave 'deny' out" },
        { "control a power allow deny web", "no pattern behind 'allow'", "" },
        { "control a power deny web allow", "no pattern behind 'allow'", "" },
        { "control a power deny \"\"", "a word is empty", "255" },
        { "control a context", "context of a role", "1 to 255 octets" },
        { "control a context \"\" power", "context of a role", "default context" },
        { "control a context r context s power", "two contexts", "a line for each" },
    };

    (void)state;
    check_refused(CONNECTIONS, bad, sizeof(bad) / sizeof(bad[0]));
}

static void test_contexts_are_somebodys_own(void **state)
{
    static const struct bad bad[] = {
        /* of another connection, its role, itself */
        { "control a context east power", "'east'", "connection 'b'" },
        { "control a context tenant power", "'tenant'", "connection 'b'" },
        { "control a context a power", "the connection's own",
          "leave 'context a' out" },
        { "control b context east power", "the connection's own", "" },
        /* two lines for one */
        { "control b context tenant config", "two lines", "write one line" },
        { "control b config", "own context", "write one line" },
    };

    (void)state;
    check_refused(CONNECTIONS "control b context tenant power\ncontrol b power\n", bad,
                  sizeof(bad) / sizeof(bad[0]));
}

/* The context of a connection that comes later counts as well. */
static void test_contexts_of_later_connections(void **state)
{
    const char *words = conf_bad_line("connection a sim:/a.xml\n"
                                      "control a context b power\n"
                                      "connection b sim:/b.xml\n",
                                      2);

    (void)state;
    assert_non_null(strstr(words, "connection 'b'"));
}

static void test_a_connection_that_is_not_there(void **state)
{
    struct config *config = NULL;
    const char *words = conf_bad_line(CONNECTIONS "control c power\n", 3);

    (void)state;
    assert_non_null(strstr(words, "control c:"));
    assert_non_null(strstr(words, "connection c URI"));
    /* Names are told apart by case. */
    (void)conf_bad_line(CONNECTIONS "control A power\n", 3);
    /* That the connection has an error says enough. */
    (void)conf_bad_line("connection a sim:/a.xml\n"
                        "connection c nocolon\n"
                        "control c power\n",
                        2);
    /* Without any connection there is at least one complaint. */
    conf_write("control c power\n");
    assert_int_equal(config_read(conf_path, conf_complain, &config, NULL),
                     STATUS_INVALID);
    assert_true(conf_line_count > 0);
}

/* As a pattern of names it would fit nothing, and deny nothing. */
static void test_what_is_almost_a_uuid(void **state)
{
    static const struct bad bad[] = {
        { "control a power deny 2b1e4c5d-0000-4000-8000-00000000001",
          "not quite a UUID", "2b1e4c5d-0000-4000-8000-00000000001" },
        { "control a power allow 2b1e4c5d-0000-4000-8000-0000000000011",
          "not quite a UUID", "32 digits" },
        { "control a power allow 2b1e4c5d00-00-4000-8000-000000000001",
          "not quite a UUID", "" },
        { "control a power allow 2b1e4c5d0000400080000000000001", "not quite a UUID",
          "in []" },
    };
    struct config *config;

    (void)state;
    check_refused(CONNECTIONS, bad, sizeof(bad) / sizeof(bad[0]));
    config = conf_good(CONNECTIONS
                       "control a power allow [2]b1e4c5d-0000-4000-8000-00000000001 "
                       "cafe 2b1e* 2b1e4c5d-0000-4000-8000-0000000000x1\n");
    assert_int_equal(control_of(config, 0, 0)->allow_count, 4);
    assert_true(may_power(config, 0, UUID_TWO, "2b1e4c5d-0000-4000-8000-00000000001"));
    config_free(config);
}

static void test_words_that_are_too_long(void **state)
{
    char word[TEXT_MAX + 2];
    char file[1000];
    struct config *config;

    (void)state;
    memset(word, 'x', sizeof(word));
    word[TEXT_MAX + 1] = '\0';
    snprintf(file, sizeof(file), CONNECTIONS "control a power deny %s\n", word);
    assert_non_null(strstr(conf_bad_line(file, 3), "more than 255"));
    snprintf(file, sizeof(file), CONNECTIONS "control a context %s power\n", word);
    assert_non_null(strstr(conf_bad_line(file, 3), "1 to 255 octets"));
    snprintf(file, sizeof(file), CONNECTIONS "control %s power\n", word);
    (void)conf_bad_line(file, 3);
    word[TEXT_MAX] = '\0';
    snprintf(file, sizeof(file), CONNECTIONS "control a context %s power deny %s\n",
             word, word);
    config = conf_good(file);
    assert_string_equal(config->connections[0].roles[1].context, word);
    config_free(config);
    word[CONFIG_NAME_SIZE - 1] = '\0';
    snprintf(file, sizeof(file), "connection %s sim:x\ncontrol %s power\n", word, word);
    config = conf_good(file);
    assert_int_not_equal(control_of(config, 0, 0)->classes, 0);
    config_free(config);
}

/* A URI in the wrong place may have a password in it. */
static void test_secrets_are_not_told(void **state)
{
    static const char *const lines[] = {
        "control qemu+ssh://root:geheim@node/system power",
        "control a qemu+ssh://root:geheim@node/system",
        "control root:geheim@node power",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char file[300];

        snprintf(file, sizeof(file), CONNECTIONS "%s\n", lines[i]);
        assert_null(strstr(conf_bad_line(file, 3), "geheim"));
    }
}

static void test_there_is_a_most_of_roles(void **state)
{
    static char file[CONFIG_ROLES_MAX * 40 + 200] = CONNECTIONS;
    struct config *config;
    size_t length = strlen(file);

    (void)state;
    /* One context is the connection's own. */
    for (int i = 1; i < CONFIG_ROLES_MAX; i++) {
        length += (size_t)snprintf(file + length, sizeof(file) - length,
                                   "control a context r%d power\n", i);
    }
    config = conf_good(file);
    assert_int_equal(config->connections[0].role_count, CONFIG_ROLES_MAX);
    config_free(config);
    snprintf(file + length, sizeof(file) - length, "control a context more power\n");
    (void)conf_bad_line(file, CONFIG_ROLES_MAX + 2);
}

/* A line of them is longer than what the reader begins with. */
static void test_there_is_a_most_of_patterns(void **state)
{
    static char file[CONTROL_PATTERNS_MAX * UUID_TEXT_SIZE + 400];
    struct config *config;
    size_t length =
        (size_t)snprintf(file, sizeof(file), CONNECTIONS "control a power allow");

    (void)state;
    for (unsigned i = 0; i < CONTROL_PATTERNS_MAX; i++) {
        length += (size_t)snprintf(file + length, sizeof(file) - length,
                                   " 2b1e4c5d-0000-4000-8000-%012u", i);
    }
    config = conf_good(file);
    assert_int_equal(control_of(config, 0, 0)->allow_count, CONTROL_PATTERNS_MAX);
    assert_true(may_power(config, 0, "2b1e4c5d-0000-4000-8000-000000000999", "x"));
    config_free(config);
    snprintf(file + length, sizeof(file) - length, " more\n");
    assert_non_null(strstr(conf_bad_line(file, 3), "more than 1000 patterns"));
}

/* However many they are, errors are told, and nothing is taken. */
static void test_many_errors(void **state)
{
    static char file[6000] = CONNECTIONS;
    struct config *config = NULL;
    size_t length = strlen(file);

    (void)state;
    for (int i = 0; i < 60; i++) {
        length += (size_t)snprintf(file + length, sizeof(file) - length,
                                   "control a powr\n"
                                   "control c%d power\n",
                                   i);
    }
    conf_write(file);
    assert_int_equal(config_read(conf_path, conf_complain, &config, NULL),
                     STATUS_INVALID);
    assert_null(config);
    assert_in_range(conf_line_count, 50, 120);
}

/* --- how operations are kept ---------------------------------------------------- */

static void test_times_of_operations(void **state)
{
    static const struct {
        const char *line;
        size_t offset;
        int64_t ns;
    } good[] = {
        { "operationKeep 1m", offsetof(struct config, operation_keep_ns),
          60 * CLOCK_NS_PER_S },
        { "operationKeep 7d", offsetof(struct config, operation_keep_ns), 7 * DAY_NS },
        { "operationTimeout 1s", offsetof(struct config, operation_timeout_ns),
          CLOCK_NS_PER_S },
        { "operationTimeout 7d", offsetof(struct config, operation_timeout_ns),
          7 * DAY_NS },
        { "repeatWindow 0s", offsetof(struct config, repeat_window_ns), 0 },
        { "repeatWindow 10m", offsetof(struct config, repeat_window_ns),
          600 * CLOCK_NS_PER_S },
    };
    static const struct bad bad[] = {
        { "operationKeep 59s", "1m to 7d", "59s" },
        { "operationKeep 8d", "1m to 7d", "8d" },
        { "operationTimeout 999ms", "1s to 7d", "999ms" },
        { "operationTimeout 169h", "1s to 7d", "169h" },
        { "repeatWindow 601s", "0s to 10m", "601s" },
        { "repeatWindow 15", "'15'", "no duration" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        char file[200];
        struct config *config;
        int64_t got_ns;

        snprintf(file, sizeof(file), CONNECTIONS "%s\n", good[i].line);
        config = conf_good(file);
        memcpy(&got_ns, (const char *)config + good[i].offset, sizeof(got_ns));
        assert_int_equal(got_ns, good[i].ns);
        config_free(config);
    }
    check_refused(CONNECTIONS, bad, sizeof(bad) / sizeof(bad[0]));
}

static void test_how_many_run_at_once(void **state)
{
    static const struct bad bad[] = {
        { "operationLimit 0", "1 to 64", "'0'" },
        { "operationLimit 65", "1 to 64", "'65'" },
        { "operationLimit 4294967297", "1 to 64", "'4294967297'" },
        { "operationLimit -1", "1 to 64", "'-1'" },
        { "operationLimit eight", "1 to 64", "'eight'" },
        { "operationLimit 8x", "1 to 64", "'8x'" },
        { "operationLimit 1 2", "operationLimit", "'2'" },
        { "operationLimit", "operationLimit", "" },
    };
    struct config *config = conf_good(CONNECTIONS "operationLimit 1\n");

    (void)state;
    assert_int_equal(config->operation_limit, 1);
    config_free(config);
    config = conf_good(CONNECTIONS "operationLimit 64\n");
    assert_int_equal(config->operation_limit, 64);
    config_free(config);
    check_refused(CONNECTIONS, bad, sizeof(bad) / sizeof(bad[0]));
}

static void test_the_folder_of_core_dumps(void **state)
{
    static const struct bad relative = { "dumpDir dumps", "absolute path", "dumpDir" };
    char line[400];
    char file[600];
    struct config *config;

    (void)state;
    snprintf(file, sizeof(file), CONNECTIONS "dumpDir %s\n", conf_folder);
    config = conf_good(file);
    assert_string_equal(config->dump_dir, conf_folder);
    config_free(config);
    check_refused(CONNECTIONS, &relative, 1);
    snprintf(line, sizeof(line), "dumpDir %s/missing", conf_folder);
    check_refused(CONNECTIONS,
                  &(struct bad) { line, "No such file", "make that folder" }, 1);
    snprintf(line, sizeof(line), "dumpDir %s", conf_path);
    check_refused(CONNECTIONS,
                  &(struct bad) { line, "Not a directory", "leave dumpDir" }, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_permitted_by_default),
        cmocka_unit_test(test_classes_of_the_own_context),
        cmocka_unit_test(test_roles_have_contexts_of_their_own),
        cmocka_unit_test(test_a_line_may_stand_before_its_connection),
        cmocka_unit_test(test_reading_again_starts_anew),
        cmocka_unit_test(test_which_domains),
        cmocka_unit_test(test_words_in_quotes_are_patterns),
        cmocka_unit_test(test_lines_that_are_not_understood),
        cmocka_unit_test(test_contexts_are_somebodys_own),
        cmocka_unit_test(test_contexts_of_later_connections),
        cmocka_unit_test(test_a_connection_that_is_not_there),
        cmocka_unit_test(test_what_is_almost_a_uuid),
        cmocka_unit_test(test_words_that_are_too_long),
        cmocka_unit_test(test_secrets_are_not_told),
        cmocka_unit_test(test_there_is_a_most_of_roles),
        cmocka_unit_test(test_there_is_a_most_of_patterns),
        cmocka_unit_test(test_many_errors),
        cmocka_unit_test(test_times_of_operations),
        cmocka_unit_test(test_how_many_run_at_once),
        cmocka_unit_test(test_the_folder_of_core_dumps),
    };

    return cmocka_run_group_tests_name("config_control", tests, conf_prepare,
                                       conf_clean_up);
}
