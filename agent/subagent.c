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
#include "agent/knock.h"
#include "agent/log.h"
#include "agent/master.h"
#include "agent/ping.h"
#include "agent/registration.h"
#include "agent/responder.h"
#include "agent/subagent.h"

#define APPLICATION "hvagentx"

/* How often a lost master is tried, in seconds. */
#define RECONNECT_S 1

/*
 * A master that was restarted is back within that many tries, and nobody has to
 * be told why it is not there.
 */
#define QUIET_TRIES 10

/* How long net-snmp waits for the answer to an Open PDU, and to a Close PDU. */
#define OPEN_PATIENCE_S 5
#define CLOSE_PATIENCE_US 1000000L

struct subagent {
    struct agent *agent;
    struct responder *responder;
    struct registrations *registrations;
    struct host_walk *host_walk;
    struct knock *knock;
    struct ping ping;
    SNMPAlarmCallback *open; /* net-snmp's way to open a session */
    unsigned retry_alarm;    /* 0: connected */
    unsigned check_alarm;    /* for agent_check(); 0: none */
    int64_t check_ns;        /* when it comes */
    bool connected;
    unsigned tries;   /* since there is no master */
    struct error why; /* there is none, as it was told last */
    int ping_s;       /* agentXPingInterval */
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

static int ping_interval(void)
{
    return netsnmp_ds_get_int(NETSNMP_DS_APPLICATION_ID,
                              NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL);
}

/* net-snmp's interval for both: pings, and tries to open a session; 0: none. */
static void set_ping_interval(int seconds)
{
    netsnmp_ds_set_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_PING_INTERVAL,
                       seconds);
}

static void set_socket(const char *address)
{
    netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET,
                          address);
}

/* Says why there is no master, and what to do, when that is new. */
static void tell_absence(struct subagent *subagent, const struct error *error)
{
    subagent->tries++;
    if (subagent->tries < QUIET_TRIES || strcmp(subagent->why.text, error->text) == 0) {
        return;
    }
    subagent->why = *error;
    log_warning("%s; trying again", error->text);
}

static void try_master(struct subagent *subagent)
{
    struct error error = ERROR_NONE;

    if (!subagent->connected && !knock_try(subagent->knock, &error)) {
        tell_absence(subagent, &error);
    }
}

static void on_retry(unsigned alarm, void *argument)
{
    (void)alarm;
    try_master(argument);
}

static void retry_later(struct subagent *subagent)
{
    if (subagent->retry_alarm == 0) {
        subagent->retry_alarm =
            snmp_alarm_register(RECONNECT_S, SA_REPEAT, on_retry, subagent);
    }
}

/* The master answers: opening a session takes no time. */
static void open_session(struct subagent *subagent)
{
    struct error error = ERROR_NONE;

    subagent->open(0, NULL);
    if (!subagent->connected) {
        master_explain_refusal(&error);
        tell_absence(subagent, &error);
        /* Not at once again: the time may be over while that was waited for. */
        snmp_alarm_reset(subagent->retry_alarm);
    }
}

static int on_session_start(int major, int minor, void *server_argument,
                            void *client_argument)
{
    struct subagent *subagent = client_argument;
    netsnmp_session *session = server_argument;

    (void)major;
    (void)minor;
    session->retries = 0;
    session->timeout = CLOSE_PATIENCE_US;
    responder_attach(subagent->responder, session);
    registrations_attach(subagent->registrations, session);
    host_walk_start(subagent->host_walk);
    subagent->agent->status.master_sessions++;
    ping_start(&subagent->ping, session, subagent->ping_s);
    snmp_alarm_unregister(subagent->retry_alarm);
    subagent->retry_alarm = 0;
    subagent->connected = true;
    subagent->tries = 0;
    subagent->why = (struct error)ERROR_NONE;
    log_notice("connected to the AgentX master at %s", master_address());
    return SNMP_ERR_NOERROR;
}

static int on_session_stop(int major, int minor, void *server_argument,
                           void *client_argument)
{
    struct subagent *subagent = client_argument;

    (void)major;
    (void)minor;
    responder_detach(subagent->responder, server_argument);
    host_walk_stop(subagent->host_walk);
    ping_stop(&subagent->ping);
    if (subagent->connected && !subagent->ended) {
        log_warning("lost the AgentX master; reconnecting");
    }
    subagent->connected = false;
    retry_later(subagent);
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

/*
 * Lets net-snmp begin with an address where nobody is.  It would try the real
 * one at once, in a call that may never end; so it makes an alarm to try later,
 * and that is where its way to open a session is found.  From then on it makes
 * no alarms: tries and pings are ours.
 */
static bool begin(struct subagent *subagent)
{
    char *address = strdup(master_address());
    const struct snmp_alarm *alarm;

    if (address == NULL) {
        return false;
    }
    set_socket("unix:/dev/null/nobody");
    set_ping_interval(RECONNECT_S);
    /* The configuration is read already. */
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
    init_snmp(APPLICATION);
    while ((alarm = sa_find_next()) != NULL) {
        subagent->open = alarm->thecallback;
        snmp_alarm_unregister(alarm->clientreg);
    }
    set_ping_interval(0);
    set_socket(address);
    /*
     * After init_snmp(), which sets them.  No second Open PDU is sent: it would
     * open a second session.
     */
    netsnmp_ds_set_int(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_TIMEOUT, OPEN_PATIENCE_S);
    netsnmp_ds_set_int(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_RETRIES, 0);
    free(address);
    return subagent->open != NULL;
}

static void free_parts(struct subagent *subagent)
{
    knock_free(subagent->knock);
    registrations_free(subagent->registrations);
    responder_free(subagent->responder);
    free(subagent);
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
    subagent->knock = knock_new();
    if (subagent->responder == NULL || subagent->registrations == NULL
        || subagent->host_walk == NULL || subagent->knock == NULL) {
        error_set(error, STATUS_NO_MEMORY, "out of memory");
        goto failed;
    }
    host_walk_configure(subagent->host_walk, agent->config->host_agent);
    subagent->ping_s = ping_interval();
    /* The first failure is told. */
    subagent->tries = QUIET_TRIES;
    snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_START,
                           on_session_start, subagent);
    snmp_register_callback(SNMP_CALLBACK_APPLICATION, SNMPD_CALLBACK_INDEX_STOP,
                           on_session_stop, subagent);
    if (register_readfd(queue_fd(agent->queue), on_queue, subagent) != FD_REGISTERED_OK
        || !registrations_update(subagent->registrations) || !begin(subagent)) {
        error_set(error, STATUS_FAILED, "cannot register with net-snmp");
        goto failed;
    }
    retry_later(subagent);
    try_master(subagent);
    return subagent;

failed:
    host_walk_free(subagent->host_walk);
    free_parts(subagent);
    return NULL;
}

static void on_check(unsigned alarm, void *argument)
{
    struct subagent *subagent = argument;

    (void)alarm;
    subagent->check_alarm = 0;
}

/* Looks after operations, and wakes up when that is to be done again. */
static void check(struct subagent *subagent)
{
    struct agent *agent = subagent->agent;
    struct timeval delay;
    int64_t delay_ns;

    agent_check(agent);
    if (subagent->check_alarm != 0
        && (agent->check_ns == CLOCK_NEVER || agent->check_ns != subagent->check_ns)) {
        snmp_alarm_unregister(subagent->check_alarm);
        subagent->check_alarm = 0;
    }
    if (subagent->check_alarm != 0 || agent->check_ns == CLOCK_NEVER) {
        return;
    }
    delay_ns = agent->check_ns - clock_boot_ns();
    if (delay_ns < CLOCK_NS_PER_MS) {
        delay_ns = CLOCK_NS_PER_MS;
    }
    delay.tv_sec = (time_t)(delay_ns / CLOCK_NS_PER_S);
    delay.tv_usec = (suseconds_t)(delay_ns % CLOCK_NS_PER_S / CLOCK_NS_PER_US);
    subagent->check_ns = agent->check_ns;
    subagent->check_alarm = snmp_alarm_register_hr(delay, 0, on_check, subagent);
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
    subagent->ping_s = ping_interval();
    set_ping_interval(0);
    if (subagent->connected) {
        ping_start(&subagent->ping, responder_session(subagent->responder),
                   subagent->ping_s);
    }
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
    while (!subagent->ended) {
        if (knock_take_answer(subagent->knock) && !subagent->connected) {
            open_session(subagent);
        }
        agent_check_and_process(1);
        if (subagent->reload_wanted) {
            reload(subagent, reload_agent, argument);
        }
        check(subagent);
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
    ping_stop(&subagent->ping);
    subagent->agent->host_storage = NULL;
    host_walk_free(subagent->host_walk);
    registrations_release(responder_session(subagent->responder));
    snmp_shutdown(APPLICATION);
    free_parts(subagent);
}
