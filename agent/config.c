/* SPDX-License-Identifier: BSD-2-Clause */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/config.h"
#include "agent/host_agent.h"
#include "agent/log.h"
#include "agent/module.h"
#include "model/clock.h"
#include "model/text.h"

#define APPLICATION "hvagentx"

/*
 * Where the directive handlers put what they parse: net-snmp calls them
 * without an argument of ours.  Set during config_read() only.
 */
static struct config *staging;

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
};

struct config *config_new(void)
{
    struct config *config = calloc(1, sizeof(*config));

    if (config == NULL) {
        return NULL;
    }
    config->max_age_ns = 5 * CLOCK_NS_PER_S;
    config->wait_limit_ns = 400 * CLOCK_NS_PER_MS;
    config->stale_limit_ns = 60 * CLOCK_NS_PER_S;
    config->call_timeout_ns = 10 * CLOCK_NS_PER_S;
    config->state_interval_ns = 10 * CLOCK_NS_PER_S;
    config->index_grace_ns = 7 * 86400 * CLOCK_NS_PER_S;
    config->state_dir = strdup(STATE_DIR);
    config->module_dir = strdup(MODULE_DIR);
    if (config->state_dir == NULL || config->module_dir == NULL) {
        config_free(config);
        return NULL;
    }
    return config;
}

void config_free(struct config *config)
{
    if (config == NULL) {
        return;
    }
    for (size_t i = 0; i < config->connection_count; i++) {
        free(config->connections[i].uri);
        free(config->connections[i].context);
    }
    free(config->connections);
    host_agent_free(config->host_agent);
    free(config->state_dir);
    free(config->module_dir);
    free(config);
}

/*
 * How much of a word may be repeated in an error, which managers can read as
 * hvxAgentConfigError: where a URI stands in the wrong place, not its secrets.
 */
static int public_length(const char *word)
{
    return (int)strcspn(word, ":@?");
}

static enum status check_name(const char *name, struct error *error)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

    if (length == 0 || length >= CONFIG_NAME_SIZE || name[length] != '\0'
        || name[0] == '.') {
        return error_set(
            error, STATUS_INVALID,
            "'%.*s' is no name of a connection: use 1 to %d letters, digits, "
            "'_', '-' and '.', not beginning with '.'",
            public_length(name), name, CONFIG_NAME_SIZE - 1);
    }
    return STATUS_OK;
}

/* Whether the newcomer can live beside those that are there. */
static enum status check_conflicts(const struct config *config, const char *name,
                                   const char *context, bool is_default,
                                   struct error *error)
{
    for (size_t i = 0; i < config->connection_count; i++) {
        const struct config_connection *other = &config->connections[i];

        if (strcmp(other->name, name) == 0) {
            return error_set(
                error, STATUS_INVALID,
                "there are two connections named '%s': give each a name of "
                "its own",
                name);
        }
        if (strcmp(other->context, context) == 0) {
            return error_set(
                error, STATUS_INVALID,
                "connections '%s' and '%s' have the same context '%s': give "
                "each a context of its own",
                other->name, name, context);
        }
        if (is_default && other->is_default) {
            return error_set(
                error, STATUS_INVALID,
                "connections '%s' and '%s' are both marked 'default': mark "
                "one of them",
                other->name, name);
        }
    }
    return STATUS_OK;
}

enum status config_add_connection(struct config *config, const char *name,
                                  const char *uri, const char *context, bool is_default,
                                  struct error *error)
{
    struct config_connection *grown;
    struct config_connection *connection;
    char scheme[MODULE_SCHEME_SIZE];
    enum status status = check_name(name, error);

    if (context == NULL) {
        context = name;
    }
    if (status == STATUS_OK) {
        status = module_scheme(uri, scheme, error);
    }
    if (status == STATUS_OK && (context[0] == '\0' || strlen(context) > TEXT_MAX)) {
        status =
            error_set(error, STATUS_INVALID,
                      "the context of connection '%s' needs 1 to %d octets; the "
                      "default context \"\" belongs to the first connection, or to "
                      "the one marked 'default'",
                      name, TEXT_MAX);
    }
    if (status == STATUS_OK) {
        status = check_conflicts(config, name, context, is_default, error);
    }
    if (status == STATUS_OK && config->connection_count == CONFIG_CONNECTIONS_MAX) {
        status = error_set(error, STATUS_INVALID, "more than %d connections",
                           CONFIG_CONNECTIONS_MAX);
    }
    if (status != STATUS_OK) {
        return status;
    }
    grown = realloc(config->connections,
                    (config->connection_count + 1) * sizeof(*config->connections));
    if (grown == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    config->connections = grown;
    connection = &grown[config->connection_count];
    memset(connection, 0, sizeof(*connection));
    snprintf(connection->name, sizeof(connection->name), "%s", name);
    connection->is_default = is_default;
    connection->uri = strdup(uri);
    connection->context = strdup(context);
    if (connection->uri == NULL || connection->context == NULL) {
        free(connection->uri);
        free(connection->context);
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    config->connection_count++;
    return STATUS_OK;
}

/* Has the reader complain about the line it is at. */
static void complain_of_line(const struct error *error)
{
    netsnmp_config_error("%s", error->text);
}

/*
 * Copies the next word of the line to `word` and moves on; false: there is
 * none, or it is too long.
 */
static bool next_word(char **line, char *word, size_t size)
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
    if (!next_word(&line, word, size)) {
        netsnmp_config_error("%s needs a value of less than %zu octets", token, size);
        return false;
    }
    if (line != NULL && line[0] != '\0') {
        netsnmp_config_error("%s: '%s' is too much; it takes one value", token, line);
        return false;
    }
    return true;
}

static void parse_connection(const char *token, char *line)
{
    char name[2 * CONFIG_NAME_SIZE];
    char uri[1024];
    char word[TEXT_MAX + 2];
    char context[TEXT_MAX + 2];
    bool has_context = false;
    bool is_default = false;
    struct error error = ERROR_NONE;

    (void)token;
    if (staging == NULL) {
        return;
    }
    if (!next_word(&line, name, sizeof(name)) || !next_word(&line, uri, sizeof(uri))) {
        netsnmp_config_error("write: connection NAME URI [context CONTEXT] [default]");
        return;
    }
    while (line != NULL && *line != '\0') {
        if (!next_word(&line, word, sizeof(word))) {
            netsnmp_config_error("a word of connection '%s' is too long", name);
            return;
        }
        if (strcasecmp(word, "default") == 0) {
            is_default = true;
        } else if (strcasecmp(word, "context") == 0
                   && next_word(&line, context, sizeof(context))) {
            has_context = true;
        } else {
            netsnmp_config_error("'%.*s' is not understood; write: connection NAME "
                                 "URI [context CONTEXT] [default]",
                                 public_length(word), word);
            return;
        }
    }
    if (config_add_connection(staging, name, uri, has_context ? context : NULL,
                              is_default, &error)
        != STATUS_OK) {
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
    if (!next_word(&line, word, sizeof(word)) || (line != NULL && line[0] != '\0')
        || !parse_number_and_unit(word, &duration_ns)) {
        netsnmp_config_error(
            "'%s%s%s' is no duration: write a number and ms, s, m, h or "
            "d without a space, for example %s 5s",
            word, line == NULL ? "" : " ", line == NULL ? "" : line, directive->token);
    } else if (duration_ns < directive->least_ns || duration_ns > directive->most_ns) {
        netsnmp_config_error("%s %s is out of range (%s)", directive->token, word,
                             directive->range);
    } else {
        memcpy((char *)staging + directive->offset, &duration_ns, sizeof(duration_ns));
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
        staging->cpu_affinity = (enum mib_affinity)choice;
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
        staging->unattached_storage = choice == 1;
    }
}

static void parse_host_agent(const char *token, char *line)
{
    struct error error = ERROR_NONE;

    (void)token;
    if (staging == NULL) {
        return;
    }
    if (staging->host_agent != NULL) {
        netsnmp_config_error("there are two lines hostAgent: leave one of them");
    } else if (host_agent_parse(line, &staging->host_agent, &error) != STATUS_OK) {
        complain_of_line(&error);
    }
}

static void parse_path(char **path, const char *token, char *line)
{
    char word[PATH_MAX];
    char *copy;

    if (!only_word(token, line, word, sizeof(word))) {
        return;
    }
    if (word[0] != '/') {
        netsnmp_config_error("%s needs an absolute path", token);
        return;
    }
    copy = strdup(word);
    if (copy != NULL) {
        free(*path);
        *path = copy;
    }
}

static void parse_state_dir(const char *token, char *line)
{
    if (staging != NULL) {
        parse_path(&staging->state_dir, token, line);
    }
}

static void parse_module_dir(const char *token, char *line)
{
    if (staging != NULL) {
        parse_path(&staging->module_dir, token, line);
    }
}

void config_init(void)
{
    register_config_handler(APPLICATION, "connection", parse_connection, NULL,
                            "NAME URI [context CONTEXT] [default]");
    for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
        register_config_handler(APPLICATION, durations[i].token, parse_duration, NULL,
                                "DURATION");
    }
    register_config_handler(APPLICATION, "cpuAffinity", parse_cpu_affinity, NULL,
                            "pinned | all | none");
    register_config_handler(APPLICATION, "unattachedStorage", parse_unattached_storage,
                            NULL, "yes | no");
    register_config_handler(APPLICATION, "hostAgent", parse_host_agent, NULL,
                            "OPTIONS ADDRESS");
    register_config_handler(APPLICATION, "stateDir", parse_state_dir, NULL, "PATH");
    register_config_handler(APPLICATION, "moduleDir", parse_module_dir, NULL, "PATH");
}

/* net-snmp's settings that its own directives change while they are read. */
struct agentx_settings {
    char *socket;
    int timeout;
    int retries;
    int ping_interval;
};

static void save_agentx(struct agentx_settings *settings)
{
    const char *socket =
        netsnmp_ds_get_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET);

    settings->socket = socket == NULL ? NULL : strdup(socket);
    settings->timeout =
        netsnmp_ds_get_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_TIMEOUT);
    settings->retries =
        netsnmp_ds_get_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_RETRIES);
    settings->ping_interval = netsnmp_ds_get_int(NETSNMP_DS_APPLICATION_ID,
                                                 NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL);
}

static void restore_agentx(const struct agentx_settings *settings)
{
    netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET,
                          settings->socket);
    netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_TIMEOUT,
                       settings->timeout);
    netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_RETRIES,
                       settings->retries);
    netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL,
                       settings->ping_interval);
}

/* Where the reader's complaints go. */
struct complaints {
    const char *file; /* NULL: hvagentx.conf in the search path */
    unsigned count;
    void (*complain)(const char *line);
    struct error *error; /* gets the first one; may be NULL */
};

static enum status tell(struct complaints *complaints, enum status status,
                        const char *line)
{
    if (complaints->count++ == 0) {
        error_set(complaints->error, status, "%s", line);
    }
    complaints->complain(line);
    return status;
}

/*
 * Whether a complaint, "PATH: line N: ...", is about a file of ours.  In the
 * search path net-snmp reads snmp.conf as well, which is not written for us.
 */
static bool is_ours(const struct complaints *complaints, const char *line)
{
    static const char *const names[] = { APPLICATION ".conf",
                                         APPLICATION ".local.conf" };
    const char *end = strstr(line, ": line ");

    if (complaints->file != NULL || end == NULL) {
        return true;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t length = strlen(names[i]);

        if ((size_t)(end - line) >= length
            && strncmp(end - length, names[i], length) == 0) {
            return true;
        }
    }
    return false;
}

/* The reader's "Unknown token: foo." becomes a sentence that helps. */
static void pass_complaint(const char *line, void *argument)
{
    struct complaints *complaints = argument;
    static const char unknown[] = "Warning: Unknown token: ";
    const char *at = strstr(line, unknown);
    char text[1024];

    if (!is_ours(complaints, line)) {
        return;
    }
    if (at == NULL) {
        (void)tell(complaints, STATUS_INVALID, line);
        return;
    }
    snprintf(
        text, sizeof(text),
        "%.*sError: unknown directive '%.*s'; hvagentx.conf(5) lists those there are",
        (int)(at - line), line, (int)strcspn(at + strlen(unknown), "."),
        at + strlen(unknown));
    (void)tell(complaints, STATUS_INVALID, text);
}

static void read_files(const char *file)
{
    /* Set once net-snmp has started: it must not read by itself again. */
    int kept_off =
        netsnmp_ds_get_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS);

    if (file != NULL) {
        (void)read_config_with_type(file, APPLICATION);
        return;
    }
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 0);
    (void)read_config_files(NORMAL_CONFIG);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS,
                           kept_off);
}

/* The rest of what must be true of a configuration as a whole. */
static enum status complete(struct config *config, struct complaints *complaints)
{
    const char *file = complaints->file;
    char text[PATH_MAX + 128];
    bool marked = false;

    if (config->connection_count == 0 && file != NULL) {
        snprintf(text, sizeof(text),
                 "%s: no connection is configured: write 'connection NAME URI' into it",
                 file);
        return tell(complaints, STATUS_INVALID, text);
    }
    if (config->connection_count == 0) {
        const char *path = getenv("SNMPCONFPATH");

        snprintf(
            text, sizeof(text),
            "no connection is configured: write 'connection NAME URI' into " APPLICATION
            ".conf in one of %s, or name another file with -c",
            path == NULL ? get_configuration_directory() : path);
        return tell(complaints, STATUS_INVALID, text);
    }
    for (size_t i = 0; i < config->connection_count; i++) {
        marked = marked || config->connections[i].is_default;
    }
    if (!marked) {
        config->connections[0].is_default = true;
    }
    /* What is too old to be told is too old to answer from. */
    if (config->max_age_ns > config->stale_limit_ns) {
        config->max_age_ns = config->stale_limit_ns;
    }
    return STATUS_OK;
}

/* net-snmp's reader passes over a file that it cannot read. */
static enum status check_readable(struct complaints *complaints)
{
    char text[PATH_MAX + 128];
    FILE *stream = fopen(complaints->file, "r");
    int reason = errno;

    if (stream != NULL) {
        struct stat properties;

        reason = fstat(fileno(stream), &properties) != 0 ? errno
                 : S_ISDIR(properties.st_mode)           ? EISDIR
                                                         : 0;
        fclose(stream);
    }
    if (reason == 0) {
        return STATUS_OK;
    }
    snprintf(text, sizeof(text), "%s: cannot be read: %s", complaints->file,
             strerror(reason));
    return tell(complaints, STATUS_IO, text);
}

enum status config_read(const char *file, void (*complain)(const char *line),
                        struct config **ret_config, struct error *error)
{
    struct config *config = config_new();
    struct complaints complaints = { .file = file,
                                     .complain = complain,
                                     .error = error };
    struct agentx_settings before = { 0 };
    struct log_capture *capture = NULL;
    enum status status = STATUS_OK;

    if (config != NULL && file != NULL) {
        status = check_readable(&complaints);
    }
    if (status != STATUS_OK) {
        config_free(config);
        return status;
    }
    capture = config == NULL ? NULL : log_capture_begin();
    if (capture == NULL) {
        config_free(config);
        return tell(&complaints, STATUS_NO_MEMORY, "out of memory");
    }
    save_agentx(&before);
    staging = config;
    read_files(file);
    staging = NULL;
    log_capture_end(capture, pass_complaint, &complaints);
    status = complaints.count > 0 ? STATUS_INVALID : complete(config, &complaints);
    if (status == STATUS_OK) {
        *ret_config = config;
    } else {
        restore_agentx(&before);
        config_free(config);
    }
    free(before.socket);
    return status;
}
