/* SPDX-License-Identifier: BSD-2-Clause */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agentx.h"
#include "agent/responder.h"
#include "agent/transaction.h"
#include "agent/varbind.h"

/* Requests that wait at once; more are answered from what is at hand. */
#define WAITING_MAX 10000

/* Varbinds in the answer to one GetBulk; a master asks for the rest. */
#define BULK_VARBINDS_MAX 2000

/* A request that waits for data. */
struct waiting {
    struct waiting *next;
    netsnmp_session *session;
    netsnmp_pdu *pdu; /* a copy of the request */
    int64_t arrived_ns;
};

struct responder {
    struct agent *agent;
    netsnmp_session *session; /* the one attached; NULL: none */
    netsnmp_callback pass_on; /* who had its PDUs before */
    struct waiting *waiting;  /* in the order of arrival */
    struct waiting **waiting_end;
    size_t waiting_count;
    unsigned alarm; /* when the first of them loses patience; 0: none */
    struct transactions *transactions;
};

/* An answer being composed. */
struct answer {
    struct responder *responder;
    struct agent_view *view;
    struct mib_context context;
    netsnmp_variable_list *first;
    netsnmp_variable_list **end;
    unsigned sections; /* what it depends on */
};

static bool answer_get(struct answer *answer, const netsnmp_variable_list *varbind)
{
    struct mib_oid name;
    struct mib_value value;

    if (!varbind_get_name(varbind, &name)) {
        return false;
    }
    switch (mib_get(answer->responder->agent->tree, &answer->context, &name,
                    &answer->view->hint, &value, &answer->sections)) {
    case MIB_FOUND:
        return varbind_append(&answer->end, &name, &value, ASN_NULL);
    case MIB_NO_OBJECT:
        return varbind_append(&answer->end, &name, NULL, SNMP_NOSUCHOBJECT);
    case MIB_NO_INSTANCE:
    case MIB_END:
        break;
    }
    return varbind_append(&answer->end, &name, NULL, SNMP_NOSUCHINSTANCE);
}

/* Appends what follows; *start becomes its name.  *ret_found: there was one. */
static bool answer_next(struct answer *answer, struct mib_oid *start, bool include,
                        const struct mib_oid *end, bool *ret_found)
{
    struct mib_oid name;
    struct mib_value value;

    *ret_found =
        mib_next(answer->responder->agent->tree, &answer->context, start, include, end,
                 &answer->view->hint, &name, &value, &answer->sections)
        == MIB_FOUND;
    if (!*ret_found) {
        return varbind_append(&answer->end, start, NULL, SNMP_ENDOFMIBVIEW);
    }
    memcpy(start->ids, name.ids, name.length * sizeof(name.ids[0]));
    start->length = name.length;
    return varbind_append(&answer->end, start, &value, ASN_NULL);
}

static bool answer_getnext(struct answer *answer, const netsnmp_variable_list *varbind)
{
    struct mib_oid start;
    struct mib_oid end;
    bool found;

    return varbind_get_name(varbind, &start) && varbind_get_end(varbind, &end)
           && answer_next(answer, &start, varbind_is_inclusive(varbind), &end, &found);
}

/* RFC 2741 section 7.2.3.3: row by row over the varbinds that repeat. */
static bool answer_repeaters(struct answer *answer, const netsnmp_variable_list *first,
                             long repetitions)
{
    struct repeater {
        struct mib_oid start;
        struct mib_oid end;
        bool include;
        bool found;
    } * repeaters;
    size_t count = 0;
    size_t room = BULK_VARBINDS_MAX;
    bool good = true;
    bool any = true;

    for (const netsnmp_variable_list *at = first; at != NULL; at = at->next_variable) {
        count++;
    }
    if (count == 0) {
        return true;
    }
    repeaters = calloc(count, sizeof(*repeaters));
    if (repeaters == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++, first = first->next_variable) {
        good = good && varbind_get_name(first, &repeaters[i].start)
               && varbind_get_end(first, &repeaters[i].end);
        repeaters[i].include = varbind_is_inclusive(first);
    }
    for (long r = 0; good && any && r < repetitions && room >= count; r++) {
        any = false;
        room -= count;
        for (size_t i = 0; good && i < count; i++) {
            good = answer_next(answer, &repeaters[i].start, repeaters[i].include,
                               &repeaters[i].end, &repeaters[i].found);
            repeaters[i].include = false;
            any = any || repeaters[i].found;
        }
    }
    free(repeaters);
    return good;
}

static bool answer_getbulk(struct answer *answer, const netsnmp_pdu *pdu)
{
    const netsnmp_variable_list *varbind = pdu->variables;

    for (long i = 0; i < pdu->non_repeaters && varbind != NULL; i++) {
        if (!answer_getnext(answer, varbind)) {
            return false;
        }
        varbind = varbind->next_variable;
    }
    return answer_repeaters(answer, varbind, pdu->max_repetitions);
}

static bool answer_varbinds(struct answer *answer, const netsnmp_pdu *pdu)
{
    if (pdu->command == AGENTX_GETBULK) {
        return answer_getbulk(answer, pdu);
    }
    for (const netsnmp_variable_list *varbind = pdu->variables; varbind != NULL;
         varbind = varbind->next_variable) {
        if (!(pdu->command == AGENTX_GET ? answer_get(answer, varbind)
                                         : answer_getnext(answer, varbind))) {
            return false;
        }
    }
    return true;
}

/*
 * What is to be read before a SET is checked: states of domains, where it would
 * change something of them.
 */
static unsigned sections_of_set(const struct agent *agent,
                                const netsnmp_variable_list *varbinds)
{
    unsigned sections = 0;

    for (; varbinds != NULL; varbinds = varbinds->next_variable) {
        const struct mib_object *object = NULL;
        struct mib_oid name;

        if (varbind_get_name(varbinds, &name)) {
            object = mib_tree_find(agent->tree, &name);
        }
        if (object == NULL) {
            continue;
        }
        if (object->column->access == MIB_READ_CREATE) {
            sections |= SECTION_BIT(SECTION_DOMAINS);
        } else if (object->column->access == MIB_READ_WRITE) {
            sections |= object->group->sections;
        }
    }
    return sections;
}

/* A TestSet; false: the states that it depends on have to be waited for. */
static bool respond_test(struct responder *responder, netsnmp_session *session,
                         const netsnmp_pdu *pdu, int64_t arrived_ns, bool may_wait)
{
    struct agent *agent = responder->agent;
    const struct agent_view *view =
        agent_find_view(agent, pdu->community, pdu->community_len);
    enum mib_error error;
    unsigned awaited;
    long index = 0;

    if (view == NULL) {
        agentx_respond(session, pdu, NULL, AGENTX_UNSUPPORTED_CONTEXT, 1);
        return true;
    }
    awaited = connection_await_for_set(view->connection,
                                       sections_of_set(agent, pdu->variables),
                                       arrived_ns, agent->config->max_age_ns);
    if (awaited != 0 && may_wait) {
        return false;
    }
    if (awaited != 0) {
        connection_mark_late(view->connection, awaited);
        agent->status.late++;
    }
    error = transaction_test(responder->transactions, session, pdu->transid, view,
                             pdu->variables, &index);
    agentx_respond(session, pdu, NULL, (long)error, error == MIB_NO_ERROR ? 0 : index);
    return true;
}

/* Answers a Get, GetNext or GetBulk; false: as respond(). */
static bool respond_get(struct responder *responder, netsnmp_session *session,
                        const netsnmp_pdu *pdu, int64_t arrived_ns, bool may_wait)
{
    struct agent *agent = responder->agent;
    struct answer answer = { .responder = responder };
    unsigned awaited;

    answer.view = agent_find_view(agent, pdu->community, pdu->community_len);
    if (answer.view == NULL) {
        agentx_respond(session, pdu, NULL, AGENTX_UNSUPPORTED_CONTEXT, 1);
        return true;
    }
    answer.context = agent_context(agent, answer.view, clock_boot_ns());
    answer.end = &answer.first;
    if (!answer_varbinds(&answer, pdu)) {
        snmp_free_varbind(answer.first);
        agentx_respond(session, pdu, NULL, SNMP_ERR_GENERR, 1);
        return true;
    }
    awaited = connection_await(answer.view->connection, answer.sections, arrived_ns,
                               agent->config->max_age_ns);
    if (awaited != 0 && may_wait) {
        snmp_free_varbind(answer.first);
        return false;
    }
    if (awaited != 0) {
        connection_mark_late(answer.view->connection, awaited);
        agent->status.late++;
    }
    agentx_respond(session, pdu, answer.first, SNMP_ERR_NOERROR, 0);
    return true;
}

/*
 * Answers a request unless its data has to be waited for and waiting is
 * allowed: then nothing is sent, and false returned.
 */
static bool respond(struct responder *responder, netsnmp_session *session,
                    const netsnmp_pdu *pdu, int64_t arrived_ns, bool may_wait)
{
    return pdu->command == AGENTX_TESTSET
               ? respond_test(responder, session, pdu, arrived_ns, may_wait)
               : respond_get(responder, session, pdu, arrived_ns, may_wait);
}

static void free_waiting(struct waiting *waiting)
{
    snmp_free_pdu(waiting->pdu);
    free(waiting);
}

static void on_alarm(unsigned alarm, void *argument)
{
    struct responder *responder = argument;

    (void)alarm;
    responder->alarm = 0;
    responder_check(responder);
}

/* Wakes up when the patience of the first one ends: all have the same. */
static void set_alarm(struct responder *responder)
{
    struct timeval delay;
    int64_t delay_ns;

    if (responder->alarm != 0) {
        snmp_alarm_unregister(responder->alarm);
        responder->alarm = 0;
    }
    if (responder->waiting == NULL) {
        return;
    }
    delay_ns = responder->waiting->arrived_ns + responder->agent->config->wait_limit_ns
               - clock_boot_ns();
    if (delay_ns < CLOCK_NS_PER_MS) {
        delay_ns = CLOCK_NS_PER_MS;
    }
    delay.tv_sec = (time_t)(delay_ns / CLOCK_NS_PER_S);
    delay.tv_usec = (suseconds_t)(delay_ns % CLOCK_NS_PER_S / CLOCK_NS_PER_US);
    responder->alarm = snmp_alarm_register_hr(delay, 0, on_alarm, responder);
}

static bool keep_waiting(struct responder *responder, netsnmp_session *session,
                         netsnmp_pdu *pdu, int64_t arrived_ns)
{
    struct waiting *waiting = calloc(1, sizeof(*waiting));

    if (waiting == NULL) {
        return false;
    }
    waiting->pdu = snmp_clone_pdu(pdu);
    if (waiting->pdu == NULL) {
        free(waiting);
        return false;
    }
    waiting->session = session;
    waiting->arrived_ns = arrived_ns;
    *responder->waiting_end = waiting;
    responder->waiting_end = &waiting->next;
    responder->waiting_count++;
    responder->agent->status.delegated++;
    if (responder->alarm == 0) {
        set_alarm(responder);
    }
    return true;
}

void responder_check(struct responder *responder)
{
    struct waiting **at = &responder->waiting;
    int64_t wait_limit_ns = responder->agent->config->wait_limit_ns;

    while (*at != NULL) {
        struct waiting *waiting = *at;
        bool may_wait = clock_boot_ns() < waiting->arrived_ns + wait_limit_ns;

        if (respond(responder, waiting->session, waiting->pdu, waiting->arrived_ns,
                    may_wait)) {
            *at = waiting->next;
            responder->waiting_count--;
            free_waiting(waiting);
        } else {
            at = &waiting->next;
        }
    }
    responder->waiting_end = at;
    set_alarm(responder);
}

/* A request: answered now, or when the data has come. */
static void handle_request(struct responder *responder, netsnmp_session *session,
                           netsnmp_pdu *pdu)
{
    int64_t now_ns = clock_boot_ns();

    if (!respond(responder, session, pdu, now_ns,
                 responder->waiting_count < WAITING_MAX)
        && !keep_waiting(responder, session, pdu, now_ns)) {
        (void)respond(responder, session, pdu, now_ns, false);
    }
}

/* The master does not wait any longer for the answer to this TestSet. */
static void forget_test(struct responder *responder, const netsnmp_session *session,
                        long number)
{
    struct waiting **at = &responder->waiting;

    while (*at != NULL) {
        struct waiting *waiting = *at;

        if (waiting->session == session && waiting->pdu->command == AGENTX_TESTSET
            && waiting->pdu->transid == number) {
            *at = waiting->next;
            responder->waiting_count--;
            free_waiting(waiting);
        } else {
            at = &waiting->next;
        }
    }
    responder->waiting_end = at;
}

static void handle_commit(struct responder *responder, netsnmp_session *session,
                          const netsnmp_pdu *pdu)
{
    long index = 0;
    enum mib_error error =
        transaction_commit(responder->transactions, session, pdu->transid, &index);

    agentx_respond(session, pdu, NULL, (long)error, error == MIB_NO_ERROR ? 0 : index);
}

static int on_agentx(int operation, netsnmp_session *session, int request_id,
                     netsnmp_pdu *pdu, void *magic)
{
    struct responder *responder = magic;

    if (operation != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE) {
        return responder->pass_on(operation, session, request_id, pdu, NULL);
    }
    switch (pdu->command) {
    case AGENTX_GET:
    case AGENTX_GETNEXT:
    case AGENTX_GETBULK:
        responder->agent->status.requests++;
        handle_request(responder, session, pdu);
        return 1;
    case AGENTX_TESTSET:
        forget_test(responder, session, pdu->transid);
        handle_request(responder, session, pdu);
        return 1;
    case AGENTX_COMMITSET:
        handle_commit(responder, session, pdu);
        return 1;
    case AGENTX_UNDOSET:
        forget_test(responder, session, pdu->transid);
        transaction_undo(responder->transactions, session, pdu->transid);
        agentx_respond(session, pdu, NULL, SNMP_ERR_NOERROR, 0);
        return 1;
    case AGENTX_CLEANUPSET:
        forget_test(responder, session, pdu->transid);
        transaction_complete(responder->transactions, session, pdu->transid);
        return 1;
    case AGENTX_CLOSE:
        /* net-snmp would pass over it. */
        agentx_hang_up(session);
        return 1;
    default:
        return responder->pass_on(operation, session, request_id, pdu, NULL);
    }
}

struct responder *responder_new(struct agent *agent)
{
    struct responder *responder = calloc(1, sizeof(*responder));

    if (responder == NULL) {
        return NULL;
    }
    responder->agent = agent;
    responder->waiting_end = &responder->waiting;
    responder->transactions = transactions_new(agent);
    if (responder->transactions == NULL) {
        free(responder);
        return NULL;
    }
    return responder;
}

void responder_free(struct responder *responder)
{
    if (responder != NULL) {
        responder_detach(responder, responder->session);
        transactions_free(responder->transactions);
        free(responder);
    }
}

void responder_attach(struct responder *responder, netsnmp_session *session)
{
    responder->session = session;
    responder->pass_on = session->callback;
    session->callback = on_agentx;
    session->callback_magic = responder;
}

netsnmp_session *responder_session(const struct responder *responder)
{
    return responder->session;
}

void responder_detach(struct responder *responder, netsnmp_session *session)
{
    struct waiting **at = &responder->waiting;

    while (*at != NULL) {
        struct waiting *waiting = *at;

        if (waiting->session == session) {
            *at = waiting->next;
            responder->waiting_count--;
            free_waiting(waiting);
        } else {
            at = &waiting->next;
        }
    }
    responder->waiting_end = at;
    set_alarm(responder);
    transactions_end(responder->transactions, session);
    if (responder->session == session) {
        responder->session = NULL;
    }
}
