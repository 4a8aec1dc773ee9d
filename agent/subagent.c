/* SPDX-License-Identifier: BSD-2-Clause */
#include <config.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <net-snmp/agent/agent_callbacks.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent/host_walk.h"
#include "agent/log.h"
#include "agent/master.h"
#include "agent/registration.h"
#include "agent/responder.h"
#include "agent/subagent.h"

#define APPLICATION "hvagentx"

/* How often a lost master is tried, in seconds. */
#define RECONNECT_S 2

struct subagent {
    struct agent *agent;
    struct responder *responder;
    struct registrations *registrations;
    struct host_walk *host_walk;
    bool connected;
    bool absence_told; /* that there is no master */
    int ping_s;        /* agentXPingInterval */
    bool ended;
    bool reload_wanted;
};

void subagent_prepare(void)
{
    /* A late answer to a master that is gone must not end the agent. */
    signal(SIGPIPE, SIG_IGN);
    /* No MIB files: the agent speaks numbers. */
    setenv("MIBS", "", 1);
    netsnmp_enable_subagent();
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID,
                           NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID,
                           NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, 1);
    /* It would repeat itself at each try; changes are logged here instead. */
    netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID,
                           NETSNMP_DS_AGENT_NO_CONNECTION_WARNINGS, 1);
    init_agent(APPLICATION);
}

static void set_ping_interval(int seconds)
{
    netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL,
                       seconds);
}

/*
 * net-snmp has one interval for pings and for reconnecting.  It is read when
 * a session was opened, for its pings, and when one was lost, for trying
 * again: the two values take turns.
 */
static void on_registered(unsigned alarm, void *argument)
{
    (void)alarm;
    (void)argument;
    set_ping_interval(RECONNECT_S);
}

/*
 * Leaves one of net-snmp's alarms that open a session: it makes one more for
 * each session that is lost while it is being opened, and all of them would
 * open one more.  Without a session no other alarm is of use.
 */
static void on_lost(unsigned alarm, void *argument)
{
    const struct subagent *subagent = argument;
    SNMPAlarmCallback *reopen = NULL;
    const struct snmp_alarm *next;

    (void)alarm;
    if (subagent->connected) {
        return;
    }
    while ((next = sa_find_next()) != NULL) {
        if (next->thecallback != on_lost && next->thecallback != on_registered) {
            reopen = next->thecallback;
        }
        snmp_alarm_unregister(next->clientreg);
    }
    if (reopen != NULL) {
        snmp_alarm_register(RECONNECT_S, SA_REPEAT, reopen, NULL);
    }
}

static int on_session_start(int major, int minor, void *server_argument,
                            void *client_argument)
{
    struct subagent *subagent = client_argument;
    const struct timeval soon = { .tv_usec = 1 };

    (void)major;
    (void)minor;
    responder_attach(subagent->responder, server_argument);
    registrations_attach(subagent->registrations, server_argument);
    host_walk_start(subagent->host_walk);
    subagent->agent->status.master_sessions++;
    subagent->connected = true;
    subagent->absence_told = false;
    set_ping_interval(subagent->ping_s);
    snmp_alarm_register_hr(soon, 0, on_registered, NULL);
    log_notice("connected to the AgentX master at %s", master_address());
    return SNMP_ERR_NOERROR;
}

static int on_session_stop(int major, int minor, void *server_argument,
                           void *client_argument)
{
    struct subagent *subagent = client_argument;
    const struct timeval soon = { .tv_usec = 1 };

    (void)major;
    (void)minor;
    responder_detach(subagent->responder, server_argument);
    host_walk_stop(subagent->host_walk);
    if (subagent->connected && !subagent->ended) {
        log_warning("lost the AgentX master; reconnecting");
    }
    subagent->connected = false;
    /* When net-snmp has done all it does at such a moment. */
    snmp_alarm_register_hr(soon, 0, on_lost, subagent);
    return SNMP_ERR_NOERROR;
}

static void on_queue(int fd, void *argument)
{
    struct subagent *subagent = argument;

    (void)fd;
    agent_drain(subagent->agent);
    responder_check(subagent->responder);
}

static void on_signal(int fd, void *argument)
{
    struct subagent *subagent = argument;
    struct signalfd_siginfo info;

    while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGHUP) {
            subagent->reload_wanted = true;
        } else {
            subagent->ended = true;
        }
    }
}

struct subagent *subagent_start(struct agent *agent, struct error *error)
{
    struct subagent *subagent = calloc(1, sizeof(*subagent));

    if (subagent == NULL) {
        error_set(error, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    subagent->agent = agent;
    subagent->responder = responder_new(agent);
    subagent->registrations = registrations_new(agent, subagent->responder);
    subagent->host_walk = host_walk_new();
    if (subagent->responder == NULL || subagent->registrations == NULL
        || subagent->host_walk == NULL) {
        error_set(error, STATUS_NO_MEMORY, "out of memory");
        goto failed;
    }
    host_walk_configure(subagent->host_walk, agent->config->host_agent);
    subagent->ping_s = netsnmp_ds_get_int(NETSNMP_DS_APPLICATION_ID,
                                          NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL);
    set_ping_interval(RECONNECT_S);
    snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START,
                           on_session_start, subagent);
    snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_STOP,
                           on_session_stop, subagent);
    if (register_readfd(queue_fd(agent->queue), on_queue, subagent) != FD_REGISTERED_OK
        || !registrations_update(subagent->registrations)) {
        error_set(error, STATUS_FAILED, "cannot register with net-snmp");
        goto failed;
    }
    /* The configuration is read already. */
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
    init_snmp(APPLICATION);
    return subagent;

failed:
    host_walk_free(subagent->host_walk);
    registrations_free(subagent->registrations);
    responder_free(subagent->responder);
    free(subagent);
    return NULL;
}

/* Says once why there is no master, and what to do. */
static void tell_absence(struct subagent *subagent)
{
    struct error error = ERROR_NONE;

    if (subagent->connected || subagent->absence_told) {
        return;
    }
    subagent->absence_told = true;
    master_explain_absence(&error);
    log_warning("%s; trying again", error.text);
}

static void reload(struct subagent *subagent,
                   void (*reload_agent)(struct agent *agent, void *argument),
                   void *argument)
{
    subagent->reload_wanted = false;
    set_ping_interval(subagent->ping_s);
    reload_agent(subagent->agent, argument);
    host_walk_configure(subagent->host_walk, subagent->agent->config->host_agent);
    subagent->agent->host_storage = host_walk_table(subagent->host_walk);
    subagent->ping_s = netsnmp_ds_get_int(NETSNMP_DS_APPLICATION_ID,
                                          NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL);
    set_ping_interval(RECONNECT_S);
    if (!registrations_update(subagent->registrations)) {
        log_error("not all contexts could be registered: out of memory");
    }
    responder_check(subagent->responder);
}

void subagent_run(struct subagent *subagent, int signals,
                  void (*reload_agent)(struct agent *agent, void *argument),
                  void *argument)
{
    if (register_readfd(signals, on_signal, subagent) != FD_REGISTERED_OK) {
        log_error("cannot watch for signals");
        return;
    }
    tell_absence(subagent);
    while (!subagent->ended) {
        agent_check_and_process(1);
        if (subagent->reload_wanted) {
            reload(subagent, reload_agent, argument);
        }
        host_walk_check(subagent->host_walk);
        subagent->agent->host_storage = host_walk_table(subagent->host_walk);
    }
    unregister_readfd(signals);
}

void subagent_stop(struct subagent *subagent)
{
    if (subagent == NULL) {
        return;
    }
    subagent->ended = true;
    unregister_readfd(queue_fd(subagent->agent->queue));
    /* Before the shutdown, which frees the arguments of callbacks. */
    snmp_unregister_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START,
                             on_session_start, subagent, 1);
    snmp_unregister_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_STOP,
                             on_session_stop, subagent, 1);
    subagent->agent->host_storage = NULL;
    host_walk_free(subagent->host_walk);
    registrations_release(responder_session(subagent->responder));
    snmp_shutdown(APPLICATION);
    registrations_free(subagent->registrations);
    responder_free(subagent->responder);
    free(subagent);
}
