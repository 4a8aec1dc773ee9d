/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/config.h"
#include "agent/daemon.h"
#include "agent/diagnose.h"
#include "agent/log.h"
#include "agent/options.h"
#include "agent/run.h"
#include "agent/subagent.h"
#include "agent/walk.h"

#define EXIT_USAGE 2

static void complain_in_log(const char *line)
{
    log_error("%s", line);
}

/* For errors at the start: also on the terminal where that is not the log. */
static void complain(const char *line)
{
    complain_in_log(line);
    if (!snmp_stderrlog_status()) {
        fprintf(stderr, "hvagentx: %s\n", line);
    }
}

static int fail(const char *text)
{
    complain(text);
    return EXIT_FAILURE;
}

static void set_log(const struct options *options)
{
    if ((options->walk_uri != NULL || options->diagnose) && !options->log_given) {
        /* Their output, and a line of error, are all that they say. */
        netsnmp_register_loghandler(NETSNMP_LOGHANDLER_NONE, LOG_DEBUG);
    } else if (!options->log_given
               && (options->foreground || options->check_config
                   || options->walk_uri != NULL)) {
        netsnmp_register_loghandler(NETSNMP_LOGHANDLER_STDERR, LOG_NOTICE);
    } else if (!options->log_given) {
        snmp_enable_syslog_ident("hvagentx", LOG_DAEMON);
    }
}

/* Signals arrive at a descriptor; threads made later inherit that they are blocked. */
static int block_signals(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGHUP);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    if (pthread_sigmask(SIG_BLOCK, &signals, NULL) != 0) {
        return -1;
    }
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void set_socket(const struct options *options)
{
    netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET,
                          options->socket);
}

/* What the command line says goes before what the file says. */
static enum status load_config(const struct options *options,
                               void (*complain_with)(const char *line),
                               struct config **ret_config, struct error *error)
{
    enum status status = config_read(options->config, complain_with, ret_config, error);

    if (status == STATUS_OK && options->socket != NULL) {
        set_socket(options);
    }
    return status;
}

static void reload(struct agent *agent, void *argument)
{
    const struct options *options = argument;
    struct config *config;
    struct error error = ERROR_NONE;

    if (load_config(options, complain_in_log, &config, &error) != STATUS_OK) {
        log_error("not reloaded: the configuration has errors; the old one stays");
        agent_refuse(agent, &error);
        return;
    }
    if (agent_reload(agent, config, &error) != STATUS_OK) {
        log_error("not reloaded: %s; the old configuration stays", error.text);
        agent_refuse(agent, &error);
        return;
    }
    log_notice("reloaded %s",
               options->config == NULL ? "hvagentx.conf" : options->config);
}

/*
 * Ends the process without what exit() runs where threads may still be in
 * libraries that it would take down.
 */
static void end(bool alone, int status)
{
    if (!alone) {
        fflush(NULL);
        _exit(status);
    }
}

static int serve(struct options *options, struct config *config)
{
    struct error error = ERROR_NONE;
    struct subagent *subagent;
    struct agent *agent;
    int ready_fd = -1;
    int signals;

    if (!options->foreground && daemon_begin(&ready_fd, &error) != STATUS_OK) {
        config_free(config);
        return fail(error.text);
    }
    signals = block_signals();
    if (signals < 0) {
        config_free(config);
        return fail("cannot block signals");
    }
    agent = agent_new(config, true, &error);
    if (agent == NULL) {
        close(signals);
        return fail(error.text);
    }
    log_notice("hvagentx " PACKAGE_VERSION " started");
    subagent = subagent_start(agent, &error);
    if (subagent == NULL) {
        fail(error.text);
        close(signals);
        end(agent_free(agent), EXIT_FAILURE);
        return EXIT_FAILURE;
    }
    daemon_ready(ready_fd);
    subagent_run(subagent, signals, reload, options);
    /* Ending net-snmp ends its log. */
    log_notice("hvagentx stopped");
    subagent_stop(subagent);
    close(signals);
    end(agent_free(agent), EXIT_SUCCESS);
    return EXIT_SUCCESS;
}

static int walk(const struct options *options)
{
    struct error error = ERROR_NONE;
    struct config *config = NULL;
    enum status status;
    bool alone = true;

    if (options->config == NULL) {
        config = config_new();
    } else if (load_config(options, complain, &config, NULL) != STATUS_OK) {
        return EXIT_FAILURE;
    }
    if (config == NULL) {
        return fail("out of memory");
    }
    status = walk_print(config, options->walk_uri, stdout, &alone, &error);
    if (status != STATUS_OK) {
        fail(error.text);
    }
    end(alone, status == STATUS_OK ? EXIT_SUCCESS : EXIT_FAILURE);
    return status == STATUS_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run_diagnosis(const struct options *options)
{
    struct config *config = NULL;
    bool alone;
    int status;

    if (load_config(options, diagnose_complain, &config, NULL) != STATUS_OK
        && options->socket != NULL) {
        set_socket(options);
    }
    status = diagnose(options->config, config, &alone) ? EXIT_SUCCESS : EXIT_FAILURE;
    end(alone, status);
    return status;
}

int run(int argc, char *const *argv)
{
    struct options options;
    struct config *config = NULL;

    if (!options_parse(argc, argv, &options)) {
        return EXIT_USAGE;
    }
    if (options.help) {
        options_print_help();
        return EXIT_SUCCESS;
    }
    if (options.version) {
        puts("hvagentx " PACKAGE_VERSION);
        return EXIT_SUCCESS;
    }
    set_log(&options);
    if (!log_init()) {
        return fail("out of memory");
    }
    subagent_prepare();
    config_init();
    if (options.walk_uri != NULL) {
        return walk(&options);
    }
    if (options.diagnose) {
        return run_diagnosis(&options);
    }
    if (load_config(&options, complain, &config, NULL) != STATUS_OK) {
        return EXIT_FAILURE;
    }
    if (options.check_config) {
        config_free(config);
        puts("configuration is good");
        return EXIT_SUCCESS;
    }
    return serve(&options, config);
}
