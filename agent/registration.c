/* SPDX-License-Identifier: BSD-2-Clause */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agentx.h"
#include "agent/log.h"
#include "agent/raw_handler.h"
#include "agent/registration.h"

/* RFC 2741 section 6.1: PDU types and header flags. */
#define AGENTX_REGISTER 3
#define AGENTX_UNREGISTER 4
#define AGENTX_ADD_AGENT_CAPS 16
#define AGENTX_NON_DEFAULT_CONTEXT 0x08

/* RFC 2741 section 6.2.3: the default of r.priority. */
#define AGENTX_PRIORITY 127

/* RFC 2741 section 7.1.4 */
#define AGENTX_DUPLICATE_REGISTRATION 263

/* What is answered later than that, or never, is not looked at. */
#define ANSWER_TIMEOUT_S 60

/* One root in one context. */
struct root {
    struct context *context;
    const struct mib_module *module;
    netsnmp_handler_registration *handler;
};

/* One context; kept until the end, since answers of the master refer to it. */
struct context {
    struct context *next;
    bool is_served; /* false: it is gone */
    char *name;
    struct raw_handler raw;
    struct root roots[MIB_MODULE_COUNT];
};

/* A row of sysORTable; answers of the master refer to it. */
struct statement {
    const struct mib_capabilities *capabilities;
};

struct registrations {
    struct agent *agent;
    struct responder *responder;
    struct context *first;
    struct statement statements[MIB_MODULE_COUNT];
};

/*
 * net-snmp finds the session to register with through a pointer that the
 * session itself knows; without it, it registers with nobody.
 */
static void show_session(netsnmp_session *session, bool shown)
{
    netsnmp_session **link = session->myvoid;

    if (link != NULL) {
        *link = shown ? session : NULL;
    }
}

/* The master's answer to a Register or Unregister PDU. */
static int on_answer(int operation, netsnmp_session *session, int request_id,
                     netsnmp_pdu *pdu, void *magic)
{
    const struct root *root = magic;

    (void)session;
    (void)request_id;
    if (operation != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE
        || pdu->errstat == SNMP_ERR_NOERROR || !root->context->is_served) {
        return 1;
    }
    log_error("the AgentX master refuses %s in context \"%s\" (error %ld)%s",
              root->module->name, root->context->name, pdu->errstat,
              pdu->errstat == AGENTX_DUPLICATE_REGISTRATION
                  ? ": another subagent serves it there; stop that one, or give the "
                    "connection, or its role, another context"
                  : "");
    return 1;
}

/* The master's answer to an AddAgentCaps PDU. */
static int on_capabilities_answer(int operation, netsnmp_session *session,
                                  int request_id, netsnmp_pdu *pdu, void *magic)
{
    const struct statement *statement = magic;

    (void)session;
    (void)request_id;
    if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE
        && pdu->errstat != SNMP_ERR_NOERROR) {
        log_warning("the AgentX master does not take %s into sysORTable (error %ld); "
                    "nothing else is missing",
                    statement->capabilities->name, pdu->errstat);
    }
    return 1;
}

static void tell_master(netsnmp_session *session, struct root *root, int command)
{
    netsnmp_pdu *pdu = snmp_pdu_create(command);
    const char *context = root->context->name;

    if (pdu == NULL) {
        log_error("out of memory while %s is registered", root->module->name);
        return;
    }
    pdu->priority = AGENTX_PRIORITY;
    pdu->time = 0; /* r.timeout: the session's */
    if (context[0] != '\0') {
        pdu->flags |= AGENTX_NON_DEFAULT_CONTEXT;
        pdu->community = (u_char *)strdup(context);
        pdu->community_len = pdu->community == NULL ? 0 : strlen(context);
    }
    snmp_add_null_var(pdu, root->handler->rootoid, root->handler->rootoid_len);
    agentx_request(session, pdu, ANSWER_TIMEOUT_S, on_answer, root);
}

/* In the default context, the only one whose sysORTable managers read. */
static void announce(netsnmp_session *session, struct statement *statement)
{
    const struct mib_capabilities *capabilities = statement->capabilities;
    netsnmp_pdu *pdu = snmp_pdu_create(AGENTX_ADD_AGENT_CAPS);
    oid ids[MIB_OID_MAX];

    for (size_t i = 0; i < capabilities->length; i++) {
        ids[i] = capabilities->ids[i];
    }
    if (pdu == NULL
        || snmp_pdu_add_variable(pdu, ids, capabilities->length, ASN_OCTET_STR,
                                 capabilities->description,
                                 strlen(capabilities->description))
               == NULL) {
        log_error("out of memory while %s is announced", capabilities->name);
        snmp_free_pdu(pdu);
        return;
    }
    agentx_request(session, pdu, ANSWER_TIMEOUT_S, on_capabilities_answer, statement);
}

static void root_oid(const struct mib_module *module, oid ids[static MIB_OID_MAX])
{
    for (size_t i = 0; i < module->root_length; i++) {
        ids[i] = module->root[i];
    }
}

static netsnmp_handler_registration *make_handler(struct context *context,
                                                  const struct mib_module *module)
{
    netsnmp_handler_registration *handler;
    oid ids[MIB_OID_MAX];

    root_oid(module, ids);
    handler = netsnmp_create_handler_registration(
        module->name, raw_handler_handle, ids, module->root_length, HANDLER_CAN_RWRITE);
    if (handler == NULL) {
        return NULL;
    }
    handler->my_reg_void = &context->raw;
    if (context->name[0] != '\0') {
        handler->contextName = strdup(context->name);
    }
    /* On failure net-snmp frees it. */
    return netsnmp_register_handler(handler) == MIB_REGISTERED_OK ? handler : NULL;
}

/*
 * With names of our own: netsnmp_unregister_handler() passes on those of the
 * registration, and reads them when it has freed them.
 */
static void drop_handler(struct root *root)
{
    const char *context = root->context->name;
    oid ids[MIB_OID_MAX];

    root_oid(root->module, ids);
    unregister_mib_context(ids, root->module->root_length, root->handler->priority,
                           root->handler->range_subid, root->handler->range_ubound,
                           context[0] == '\0' ? NULL : context);
    root->handler = NULL;
}

static void unregister(struct context *context, netsnmp_session *session)
{
    context->is_served = false;
    for (size_t m = 0; m < MIB_MODULE_COUNT; m++) {
        struct root *root = &context->roots[m];

        if (root->handler == NULL) {
            continue;
        }
        if (session != NULL) {
            tell_master(session, root, AGENTX_UNREGISTER);
        }
        drop_handler(root);
    }
}

static void tell_all_roots(struct context *context, netsnmp_session *session)
{
    for (size_t m = 0; m < MIB_MODULE_COUNT && session != NULL; m++) {
        tell_master(session, &context->roots[m], AGENTX_REGISTER);
    }
}

static bool add_context(struct registrations *registrations, const char *name)
{
    netsnmp_session *session = responder_session(registrations->responder);
    struct context *context = calloc(1, sizeof(*context));

    if (context == NULL) {
        return false;
    }
    context->name = strdup(name);
    if (context->name == NULL) {
        free(context);
        return false;
    }
    context->next = registrations->first;
    registrations->first = context;
    context->is_served = true;
    context->raw = (struct raw_handler) { registrations->agent,
                                          registrations->responder, context->name };
    for (size_t m = 0; m < MIB_MODULE_COUNT; m++) {
        struct root *root = &context->roots[m];

        root->context = context;
        root->module = mib_modules[m];
        root->handler = make_handler(context, mib_modules[m]);
        if (root->handler == NULL) {
            unregister(context, NULL);
            return false;
        }
    }
    tell_all_roots(context, session);
    return true;
}

struct registrations *registrations_new(struct agent *agent,
                                        struct responder *responder)
{
    struct registrations *registrations = calloc(1, sizeof(*registrations));

    if (registrations != NULL) {
        registrations->agent = agent;
        registrations->responder = responder;
        for (size_t m = 0; m < MIB_MODULE_COUNT; m++) {
            registrations->statements[m].capabilities = &mib_modules[m]->capabilities;
        }
    }
    return registrations;
}

void registrations_free(struct registrations *registrations)
{
    if (registrations == NULL) {
        return;
    }
    while (registrations->first != NULL) {
        struct context *context = registrations->first;

        registrations->first = context->next;
        free(context->name);
        free(context);
    }
    free(registrations);
}

static bool is_served(const struct registrations *registrations, const char *name)
{
    for (const struct context *at = registrations->first; at != NULL; at = at->next) {
        if (at->is_served && strcmp(at->name, name) == 0) {
            return true;
        }
    }
    return false;
}

bool registrations_update(struct registrations *registrations)
{
    struct agent *agent = registrations->agent;
    netsnmp_session *session = responder_session(registrations->responder);
    bool good = true;

    for (struct context *at = registrations->first; at != NULL; at = at->next) {
        if (at->is_served
            && agent_find_view(agent, at->name, strlen(at->name)) == NULL) {
            unregister(at, session);
        }
    }
    for (size_t i = 0; i < agent->view_count; i++) {
        if (!is_served(registrations, agent->views[i].context)
            && !add_context(registrations, agent->views[i].context)) {
            good = false;
        }
    }
    return good;
}

void registrations_attach(struct registrations *registrations, netsnmp_session *session)
{
    show_session(session, false);
    for (struct context *at = registrations->first; at != NULL; at = at->next) {
        if (at->is_served) {
            tell_all_roots(at, session);
        }
    }
    for (size_t m = 0; m < MIB_MODULE_COUNT; m++) {
        announce(session, &registrations->statements[m]);
    }
}

void registrations_release(netsnmp_session *session)
{
    if (session != NULL) {
        show_session(session, true);
    }
}
