/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_directives.c - our directives, each but `control` with its parser.
 */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/config.h"
#include "agent/config_parts.h"
#include "agent/host_agent.h"
#include "model/clock.h"
#include "model/text.h"

/*
 * Where the directive handlers put what they parse: net-snmp calls them
 * without an argument of ours.  Set during config_read() only.
 */
static struct config_staging *staging;

/* A directive whose argument is a duration within limits. */
struct duration_directive {
    const char *token;
    size_t offset; /* of an int64_t in struct config */
    int64_t least_ns;
    int64_t most_ns;
    const char *range; /* the limits in words */
};

static const struct duration_directive durations[] = {
    { "maxAge", offsetof(struct config, max_age_ns), 100 * CLOCK_NS_PER_MS,
      3600 * CLOCK_NS_PER_S, "100ms to 1h" },
    { "waitLimit", offsetof(struct config, wait_limit_ns), 10 * CLOCK_NS_PER_MS,
      999 * CLOCK_NS_PER_MS,
      "10ms to 999ms: after a second the AgentX master loses patience" },
    { "staleLimit", offsetof(struct config, stale_limit_ns), CLOCK_NS_PER_S,
      86400 * CLOCK_NS_PER_S, "1s to 1d" },
    { "callTimeout", offsetof(struct config, call_timeout_ns), CLOCK_NS_PER_S,
      600 * CLOCK_NS_PER_S, "1s to 10m" },
    { "stateInterval", offsetof(struct config, state_interval_ns), CLOCK_NS_PER_S,
      3600 * CLOCK_NS_PER_S, "1s to 1h" },
    { "indexGrace", offsetof(struct config, index_grace_ns), 0,
      365 * 86400 * CLOCK_NS_PER_S, "0s to 365d" },
    { "operationKeep", offsetof(struct config, operation_keep_ns), 60 * CLOCK_NS_PER_S,
      7 * 86400 * CLOCK_NS_PER_S, "1m to 7d" },
    { "operationTimeout", offsetof(struct config, operation_timeout_ns), CLOCK_NS_PER_S,
      7 * 86400 * CLOCK_NS_PER_S, "1s to 7d" },
    { "repeatWindow", offsetof(struct config, repeat_window_ns), 0,
      600 * CLOCK_NS_PER_S, "0s to 10m" },
};

void config_stage(struct config_staging *next)
{
    staging = next;
}

int config_public_length(const char *word)
{
    return (int)strcspn(word, ":@?");
}

/* Has the reader complain about the line it is at. */
static void complain_of_line(const struct error *error)
{
    netsnmp_config_error("%s", error->text);
}

bool config_next_word(char **line, char *word, size_t size)
{
    if (*line == NULL || **line == '\0') {
        return false;
    }
    *line = copy_nword(*line, word, (int)size);
    return word[0] != '\0' && strlen(word) < size - 1;
}

/* The one word of a line; anything but a comment behind it is an error. */
static bool only_word(const char *token, char *line, char *word, size_t size)
{
    if (!config_next_word(&line, word, size)) {
        netsnmp_config_error("%s needs a value of less than %zu octets", token, size);
        return false;
    }
    if (line != NULL && line[0] != '\0') {
        netsnmp_config_error("%s: '%s' is too much; it takes one value", token, line);
        return false;
    }
    return true;
}

static bool read_connection(char *line)
{
    char name[2 * CONFIG_NAME_SIZE];
    char uri[1024];
    char word[TEXT_MAX + 2];
    char context[TEXT_MAX + 2];
    bool has_context = false;
    bool is_default = false;
    struct error error = ERROR_NONE;

    if (!config_next_word(&line, name, sizeof(name))
        || !config_next_word(&line, uri, sizeof(uri))) {
        netsnmp_config_error("write: connection NAME URI [context CONTEXT] [default]");
        return false;
    }
    while (line != NULL && *line != '\0') {
        if (!config_next_word(&line, word, sizeof(word))) {
            netsnmp_config_error("a word of connection '%s' is too long", name);
            return false;
        }
        if (strcasecmp(word, "default") == 0) {
            is_default = true;
        } else if (strcasecmp(word, "context") == 0
                   && config_next_word(&line, context, sizeof(context))) {
            has_context = true;
        } else {
            netsnmp_config_error("'%.*s' is not understood; write: connection NAME "
                                 "URI [context CONTEXT] [default]",
                                 config_public_length(word), word);
            return false;
        }
    }
    if (config_add_connection(staging->config, name, uri, has_context ? context : NULL,
                              is_default, &error)
        != STATUS_OK) {
        complain_of_line(&error);
        return false;
    }
    return true;
}

static void parse_connection(const char *token, char *line)
{
    (void)token;
    if (staging != NULL && !read_connection(line)) {
        staging->connection_refused = true;
    }
}

static void parse_control(const char *token, char *line)
{
    struct error error = ERROR_NONE;

    (void)token;
    if (staging != NULL && config_control_read(staging, line, &error) != STATUS_OK) {
        complain_of_line(&error);
    }
}

static bool parse_number_and_unit(const char *text, int64_t *ret_ns)
{
    static const struct {
        const char *name;
        int64_t ns;
    } units[] = {
        { "ms", CLOCK_NS_PER_MS },       { "s", CLOCK_NS_PER_S },
        { "m", 60 * CLOCK_NS_PER_S },    { "h", 3600 * CLOCK_NS_PER_S },
        { "d", 86400 * CLOCK_NS_PER_S },
    };
    char *end;
    long number;

    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    errno = 0;
    number = strtol(text, &end, 10);
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(end, units[i].name) == 0) {
            return errno == 0 && !__builtin_mul_overflow(number, units[i].ns, ret_ns);
        }
    }
    return false;
}

static void parse_duration(const char *token, char *line)
{
    const struct duration_directive *directive = NULL;
    int64_t duration_ns = 0;
    char word[64] = "";

    if (staging == NULL) {
        return;
    }
    for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
        if (strcasecmp(durations[i].token, token) == 0) {
            directive = &durations[i];
        }
    }
    if (directive == NULL) {
        return;
    }
    if (!config_next_word(&line, word, sizeof(word))
        || (line != NULL && line[0] != '\0')
        || !parse_number_and_unit(word, &duration_ns)) {
        netsnmp_config_error(
            "'%s%s%s' is no duration: write a number and ms, s, m, h or "
            "d without a space, for example %s 5s",
            word, line == NULL ? "" : " ", line == NULL ? "" : line, directive->token);
    } else if (duration_ns < directive->least_ns || duration_ns > directive->most_ns) {
        netsnmp_config_error("%s %s is out of range (%s)", directive->token, word,
                             directive->range);
    } else {
        memcpy((char *)staging->config + directive->offset, &duration_ns,
               sizeof(duration_ns));
    }
}

/* Which of the words, told apart without case, the line has; -1: none. */
static int parse_choice(const char *token, char *line, const char *const *words,
                        int count)
{
    char word[64];
    char list[128] = "";

    if (!only_word(token, line, word, sizeof(word))) {
        return -1;
    }
    for (int i = 0; i < count; i++) {
        size_t length = strlen(list);

        if (strcasecmp(words[i], word) == 0) {
            return i;
        }
        snprintf(list + length, sizeof(list) - length, "%s%s", i == 0 ? "" : " or ",
                 words[i]);
    }
    netsnmp_config_error("%s: '%s' is not understood; write %s", token, word, list);
    return -1;
}

static void parse_cpu_affinity(const char *token, char *line)
{
    static const char *const words[] = {
        [MIB_AFFINITY_PINNED] = "pinned",
        [MIB_AFFINITY_ALL] = "all",
        [MIB_AFFINITY_NONE] = "none",
    };
    int choice;

    if (staging == NULL) {
        return;
    }
    choice = parse_choice(token, line, words, sizeof(words) / sizeof(words[0]));
    if (choice >= 0) {
        staging->config->cpu_affinity = (enum mib_affinity)choice;
    }
}

static void parse_unattached_storage(const char *token, char *line)
{
    static const char *const words[] = { "no", "yes" };
    int choice;

    if (staging == NULL) {
        return;
    }
    choice = parse_choice(token, line, words, sizeof(words) / sizeof(words[0]));
    if (choice >= 0) {
        staging->config->unattached_storage = choice == 1;
    }
}

static void parse_operation_limit(const char *token, char *line)
{
    char word[64];

    if (staging == NULL || !only_word(token, line, word, sizeof(word))) {
        return;
    }
    if (strspn(word, "0123456789") != strlen(word) || strlen(word) > 2 || atoi(word) < 1
        || atoi(word) > CONFIG_OPERATION_LIMIT_MAX) {
        netsnmp_config_error("%s: '%s' is not understood; write a number, 1 to %d",
                             token, word, CONFIG_OPERATION_LIMIT_MAX);
        return;
    }
    staging->config->operation_limit = (uint32_t)atoi(word);
}

static void parse_host_agent(const char *token, char *line)
{
    struct error error = ERROR_NONE;

    (void)token;
    if (staging == NULL) {
        return;
    }
    if (staging->config->host_agent != NULL) {
        netsnmp_config_error("there are two lines hostAgent: leave one of them");
    } else if (host_agent_parse(line, &staging->config->host_agent, &error)
               != STATUS_OK) {
        complain_of_line(&error);
    }
}

static bool parse_path(char **path, const char *token, char *line)
{
    char word[PATH_MAX];
    char *copy;

    if (!only_word(token, line, word, sizeof(word))) {
        return false;
    }
    if (word[0] != '/') {
        netsnmp_config_error("%s needs an absolute path", token);
        return false;
    }
    copy = strdup(word);
    if (copy == NULL) {
        netsnmp_config_error("out of memory");
        return false;
    }
    free(*path);
    *path = copy;
    return true;
}

static void parse_state_dir(const char *token, char *line)
{
    if (staging != NULL) {
        (void)parse_path(&staging->config->state_dir, token, line);
    }
}

static void parse_module_dir(const char *token, char *line)
{
    if (staging != NULL) {
        (void)parse_path(&staging->config->module_dir, token, line);
    }
}

/*
 * What this process may do there decides nothing: who checks a configuration may
 * be another user, and some hypervisors write the dumps themselves.
 */
static void parse_dump_dir(const char *token, char *line)
{
    struct stat properties;
    int reason;

    if (staging == NULL || !parse_path(&staging->config->dump_dir, token, line)) {
        return;
    }
    if (stat(staging->config->dump_dir, &properties) == 0) {
        reason = S_ISDIR(properties.st_mode) ? 0 : ENOTDIR;
    } else {
        reason = errno == EACCES ? 0 : errno;
    }
    if (reason != 0) {
        netsnmp_config_error("%s %s cannot be used: %s; make that folder, or leave "
                             "%s out: then nobody can take core dumps",
                             token, staging->config->dump_dir, strerror(reason), token);
    }
}

void config_init(void)
{
    register_config_handler(CONFIG_APPLICATION, "connection", parse_connection, NULL,
                            "NAME URI [context CONTEXT] [default]");
    for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
        register_config_handler(CONFIG_APPLICATION, durations[i].token, parse_duration,
                                NULL, "DURATION");
    }
    register_config_handler(CONFIG_APPLICATION, "cpuAffinity", parse_cpu_affinity, NULL,
                            "pinned | all | none");
    register_config_handler(CONFIG_APPLICATION, "unattachedStorage",
                            parse_unattached_storage, NULL, "yes | no");
    register_config_handler(CONFIG_APPLICATION, "hostAgent", parse_host_agent, NULL,
                            "OPTIONS ADDRESS");
    register_config_handler(CONFIG_APPLICATION, "control", parse_control, NULL,
                            CONFIG_CONTROL_SYNTAX);
    register_config_handler(CONFIG_APPLICATION, "operationLimit", parse_operation_limit,
                            NULL, "NUMBER");
    register_config_handler(CONFIG_APPLICATION, "dumpDir", parse_dump_dir, NULL,
                            "PATH");
    register_config_handler(CONFIG_APPLICATION, "stateDir", parse_state_dir, NULL,
                            "PATH");
    register_config_handler(CONFIG_APPLICATION, "moduleDir", parse_module_dir, NULL,
                            "PATH");
}
