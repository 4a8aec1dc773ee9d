/* SPDX-License-Identifier: BSD-2-Clause */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "agent/registration.h"
#include "agent/varbind.h"

/* The handlers of one context. */
struct registered {
    struct registered *next;
    char *context;
    struct registrations *owner;
    netsnmp_handler_registration *handlers[MIB_MODULE_COUNT];
};

struct registrations {
    struct agent *agent;
    struct responder *responder;
    struct registered *first;
};

/* Looks a request up, and sets it if `answer`.  Returns the sections needed. */
static unsigned look_up(struct agent *agent, struct agent_view *view, int mode,
                        netsnmp_agent_request_info *info, netsnmp_request_info *request,
                        bool answer)
{
    struct mib_context context = agent_context(agent, view, clock_boot_ns());
    netsnmp_variable_list *varbind = request->requestvb;
    struct mib_oid name;
    struct mib_oid end;
    struct mib_oid found;
    struct mib_value value;
    enum mib_result result;
    unsigned sections = 0;

    if (!varbind_get_name(varbind, &name)
        || !varbind_copy_oid(request->range_end, request->range_end_len, &end)) {
        return 0;
    }
    if (mode == MODE_GET) {
        result = mib_get(agent->tree, &context, &name, &view->hint, &value, &sections);
        memcpy(&found, &name, sizeof(found));
    } else {
        result = mib_next(agent->tree, &context, &name, request->inclusive != 0, &end,
                          &view->hint, &found, &value, &sections);
    }
    if (!answer) {
        return sections;
    }
    if (result == MIB_FOUND) {
        if (!varbind_set(varbind, &found, &value)) {
            netsnmp_set_request_error(info, request, SNMP_ERR_RESOURCEUNAVAILABLE);
        }
    } else if (mode == MODE_GET) {
        netsnmp_set_request_error(info, request,
                                  result == MIB_NO_OBJECT ? SNMP_NOSUCHOBJECT
                                                          : SNMP_NOSUCHINSTANCE);
    }
    return sections;
}

/*
 * Waits for the data that the requests need, for at most waitLimit.  net-snmp
 * is in the middle of a call to the master here and cannot be left; this
 * happens only while a session is opened or pinged.
 */
static void wait_for_data(struct registrations *owner, struct agent_view *view,
                          int mode, netsnmp_agent_request_info *info,
                          netsnmp_request_info *requests)
{
    struct agent *agent = owner->agent;
    int64_t arrived_ns = clock_boot_ns();
    int64_t until_ns = arrived_ns + agent->config->wait_limit_ns;
    struct pollfd queue = { .fd = queue_fd(agent->queue), .events = POLLIN };

    for (;;) {
        unsigned sections = 0;
        unsigned awaited;
        int64_t left_ns = until_ns - clock_boot_ns();

        for (netsnmp_request_info *request = requests; request != NULL;
             request = request->next) {
            sections |= look_up(agent, view, mode, info, request, false);
        }
        awaited = connection_await(view->connection, sections, arrived_ns,
                                   agent->config->max_age_ns);
        if (awaited == 0) {
            break;
        }
        if (left_ns <= 0) {
            connection_mark_late(view->connection, awaited);
            agent->status.late++;
            break;
        }
        if (poll(&queue, 1, (int)(left_ns / CLOCK_NS_PER_MS) + 1) > 0) {
            agent_drain(agent);
            responder_check(owner->responder);
        }
    }
}

static int handle(netsnmp_mib_handler *handler,
                  netsnmp_handler_registration *registration,
                  netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
    struct registered *registered = registration->my_reg_void;
    struct agent *agent = registered->owner->agent;
    struct agent_view *view =
        agent_find_view(agent, registered->context, strlen(registered->context));

    (void)handler;
    if (view == NULL) {
        return SNMP_ERR_NOERROR;
    }
    switch (info->mode) {
    case MODE_GET:
    case MODE_GETNEXT:
        agent->status.requests++;
        wait_for_data(registered->owner, view, info->mode, info, requests);
        for (netsnmp_request_info *request = requests; request != NULL;
             request = request->next) {
            look_up(agent, view, info->mode, info, request, true);
        }
        break;
    case MODE_SET_RESERVE1:
        /* No object is writable (RFC 3416 section 4.2.5). */
        for (netsnmp_request_info *request = requests; request != NULL;
             request = request->next) {
            netsnmp_set_request_error(info, request, SNMP_ERR_NOTWRITABLE);
        }
        break;
    default:
        break;
    }
    return SNMP_ERR_NOERROR;
}

static netsnmp_handler_registration *register_root(struct registered *registered,
                                                   const struct mib_module *module)
{
    netsnmp_handler_registration *registration;
    oid root[MIB_OID_MAX];

    for (size_t i = 0; i < module->root_length; i++) {
        root[i] = module->root[i];
    }
    registration = netsnmp_create_handler_registration(
        module->name, handle, root, module->root_length, HANDLER_CAN_RWRITE);
    if (registration == NULL) {
        return NULL;
    }
    registration->my_reg_void = registered;
    if (registered->context[0] != '\0') {
        registration->contextName = strdup(registered->context);
    }
    /* On failure net-snmp frees it. */
    return netsnmp_register_handler(registration) == MIB_REGISTERED_OK ? registration
                                                                       : NULL;
}

static void unregister(struct registered *registered)
{
    for (size_t m = 0; m < MIB_MODULE_COUNT; m++) {
        if (registered->handlers[m] != NULL) {
            netsnmp_unregister_handler(registered->handlers[m]);
        }
    }
}

static void registered_free(struct registered *registered)
{
    free(registered->context);
    free(registered);
}

static struct registered *registered_new(struct registrations *owner,
                                         const char *context)
{
    struct registered *registered = calloc(1, sizeof(*registered));

    if (registered == NULL) {
        return NULL;
    }
    registered->owner = owner;
    registered->context = strdup(context);
    if (registered->context == NULL) {
        free(registered);
        return NULL;
    }
    for (size_t m = 0; m < MIB_MODULE_COUNT; m++) {
        registered->handlers[m] = register_root(registered, mib_modules[m]);
        if (registered->handlers[m] == NULL) {
            unregister(registered);
            registered_free(registered);
            return NULL;
        }
    }
    return registered;
}

struct registrations *registrations_new(struct agent *agent,
                                        struct responder *responder)
{
    struct registrations *registrations = calloc(1, sizeof(*registrations));

    if (registrations != NULL) {
        registrations->agent = agent;
        registrations->responder = responder;
    }
    return registrations;
}

void registrations_free(struct registrations *registrations)
{
    if (registrations == NULL) {
        return;
    }
    while (registrations->first != NULL) {
        struct registered *registered = registrations->first;

        registrations->first = registered->next;
        registered_free(registered);
    }
    free(registrations);
}

static bool is_registered(const struct registrations *registrations,
                          const char *context)
{
    for (const struct registered *at = registrations->first; at != NULL;
         at = at->next) {
        if (strcmp(at->context, context) == 0) {
            return true;
        }
    }
    return false;
}

bool registrations_update(struct registrations *registrations)
{
    struct agent *agent = registrations->agent;
    bool good = true;

    for (struct registered **at = &registrations->first; *at != NULL;) {
        struct registered *registered = *at;

        if (agent_find_view(agent, registered->context, strlen(registered->context))
            == NULL) {
            *at = registered->next;
            unregister(registered);
            registered_free(registered);
        } else {
            at = &registered->next;
        }
    }
    for (size_t i = 0; i < agent->view_count; i++) {
        struct registered *registered;

        if (is_registered(registrations, agent->views[i].context)) {
            continue;
        }
        registered = registered_new(registrations, agent->views[i].context);
        if (registered == NULL) {
            good = false;
        } else {
            registered->next = registrations->first;
            registrations->first = registered;
        }
    }
    return good;
}
