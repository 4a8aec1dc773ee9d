/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_read.c - net-snmp's reader, and what it complains of.
 */
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
#include "agent/config_parts.h"
#include "agent/log.h"

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
    static const char *const names[] = { CONFIG_APPLICATION ".conf",
                                         CONFIG_APPLICATION ".local.conf" };
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

static void pass_control_complaint(const char *line, void *argument)
{
    (void)tell(argument, STATUS_INVALID, line);
}

static void read_files(const char *file)
{
    /* Set once net-snmp has started: it must not read by itself again. */
    int kept_off =
        netsnmp_ds_get_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS);

    if (file != NULL) {
        (void)read_config_with_type(file, CONFIG_APPLICATION);
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

        snprintf(text, sizeof(text),
                 "no connection is configured: write 'connection NAME URI' "
                 "into " CONFIG_APPLICATION
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
    struct config_staging staging = { .config = config };
    enum status status = STATUS_OK;

    if (config != NULL && file != NULL) {
        status = check_readable(&complaints);
    }
    if (status != STATUS_OK) {
        config_free(config);
        return status;
    }
    staging.capture = config == NULL ? NULL : log_capture_begin();
    if (staging.capture == NULL) {
        config_free(config);
        return tell(&complaints, STATUS_NO_MEMORY, "out of memory");
    }
    save_agentx(&before);
    config_stage(&staging);
    read_files(file);
    config_stage(NULL);
    log_capture_end(staging.capture, pass_complaint, &complaints);
    config_control_settle(&staging, pass_control_complaint, &complaints);
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
