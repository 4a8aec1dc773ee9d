/* SPDX-License-Identifier: BSD-2-Clause */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/host_session.h"

/* Most octets of an answer that are taken. */
#define MESSAGE_MAX 8192

/* What both kinds of sessions have. */
static void prepare(const struct host_agent *agent, netsnmp_session *session,
                    char *peer, netsnmp_callback callback, void *magic)
{
    snmp_sess_init(session);
    session->peername = peer;
    session->timeout = agent->timeout_us;
    session->retries = agent->retries;
    session->rcvMsgMaxSize = MESSAGE_MAX;
    session->callback = callback;
    session->callback_magic = magic;
    /* Else it would ask for the engine ID by itself, and wait. */
    session->flags |= SNMP_FLAGS_DONT_PROBE;
}

/*
 * Has net-snmp forget a user's keys, and the clock of the engine: it would
 * not take newer ones.
 */
static void forget(u_char *engine, size_t engine_length, const char *name)
{
    struct usmUser *user = usm_get_user(engine, engine_length, name);

    if (user != NULL) {
        usm_remove_user(user);
        usm_free_user(user);
    }
    if (engine_length > 0) {
        free_enginetime(engine, engine_length);
    }
}

static netsnmp_pdu *make_probe(void)
{
    netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GET);

    if (pdu == NULL) {
        return NULL;
    }
    pdu->version = SNMP_VERSION_3;
    pdu->securityModel = SNMP_SEC_MODEL_USM;
    pdu->securityLevel = SNMP_SEC_LEVEL_NOAUTH;
    /* Nobody: a user that net-snmp has for such requests. */
    pdu->securityName = strdup("");
    if (pdu->securityName == NULL) {
        snmp_free_pdu(pdu);
        return NULL;
    }
    return pdu;
}

netsnmp_session *host_session_probe(const struct host_agent *agent,
                                    netsnmp_callback callback, void *magic)
{
    char peer[sizeof(agent->address)];
    char nobody[] = "";
    netsnmp_session wanted;
    netsnmp_session *session;
    netsnmp_pdu *pdu;

    memcpy(peer, agent->address, sizeof(peer));
    prepare(agent, &wanted, peer, callback, magic);
    wanted.version = SNMP_VERSION_3;
    wanted.securityModel = SNMP_SEC_MODEL_USM;
    wanted.securityLevel = SNMP_SEC_LEVEL_NOAUTH;
    wanted.securityName = nobody;
    session = snmp_open(&wanted);
    if (session == NULL) {
        return NULL;
    }
    /* snmp_open() takes it away. */
    session->flags |= SNMP_FLAGS_DONT_PROBE;
    pdu = make_probe();
    if (pdu == NULL || snmp_send(session, pdu) == 0) {
        snmp_free_pdu(pdu);
        host_session_close(session);
        return NULL;
    }
    return session;
}

static void set_v3(const struct host_agent *agent, netsnmp_session *session,
                   u_char *engine, size_t engine_length)
{
    session->version = SNMP_VERSION_3;
    session->securityModel = SNMP_SEC_MODEL_USM;
    session->securityLevel = agent->level;
    session->securityName = agent->user;
    session->securityNameLen = strlen(agent->user);
    session->securityEngineID = engine;
    session->securityEngineIDLen = engine_length;
    if (agent->context != NULL) {
        session->contextName = agent->context;
        session->contextNameLen = strlen(agent->context);
    }
    if (agent->auth_key_length > 0) {
        session->securityAuthProto = (oid *)(uintptr_t)agent->auth;
        session->securityAuthProtoLen = agent->auth_length;
        memcpy(session->securityAuthKey, agent->auth_key, agent->auth_key_length);
        session->securityAuthKeyLen = agent->auth_key_length;
    }
    if (agent->priv_key_length > 0) {
        session->securityPrivProto = (oid *)(uintptr_t)agent->priv;
        session->securityPrivProtoLen = agent->priv_length;
        memcpy(session->securityPrivKey, agent->priv_key, agent->priv_key_length);
        session->securityPrivKeyLen = agent->priv_key_length;
    }
}

netsnmp_session *host_session_open(const struct host_agent *agent, const u_char *engine,
                                   size_t engine_length, netsnmp_callback callback,
                                   void *magic)
{
    u_char engine_copy[USM_MAX_ID_LENGTH];
    char peer[sizeof(agent->address)];
    netsnmp_session wanted;
    netsnmp_session *session;

    memcpy(peer, agent->address, sizeof(peer));
    prepare(agent, &wanted, peer, callback, magic);
    if (!agent->is_v3) {
        wanted.version = SNMP_VERSION_2c;
        wanted.community = (u_char *)agent->community;
        wanted.community_len = strlen(agent->community);
    } else {
        if (engine_length > sizeof(engine_copy)) {
            snmp_errno = SNMPERR_BAD_ENG_ID;
            return NULL;
        }
        memcpy(engine_copy, engine, engine_length);
        forget(engine_copy, engine_length, agent->user);
        set_v3(agent, &wanted, engine_copy, engine_length);
    }
    session = snmp_open(&wanted);
    explicit_bzero(&wanted, sizeof(wanted));
    return session;
}

void host_session_close(netsnmp_session *session)
{
    if (session == NULL) {
        return;
    }
    /* Nobody is net-snmp's own. */
    if (session->version == SNMP_VERSION_3 && session->securityName != NULL
        && session->securityName[0] != '\0') {
        forget(session->securityEngineID, session->securityEngineIDLen,
               session->securityName);
    }
    snmp_close(session);
}
