/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/raw_handler.h"

#include <poll.h>
#include <string.h>

#include "agent/transaction.h"
#include "agent/varbind.h"

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
 * Waits for data without which rows would be missing: that was never collected
 * or is older than staleLimit.  net-snmp is in the middle of a call to the
 * master here and cannot be left, so what is merely older than maxAge is asked
 * for and not waited for.
 */
static void wait_for_data(const struct raw_handler *raw, struct agent_view *view,
                          int mode, netsnmp_agent_request_info *info,
                          netsnmp_request_info *requests)
{
    struct agent *agent = raw->agent;
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
        connection_await(view->connection, sections, arrived_ns,
                         agent->config->max_age_ns);
        awaited = connection_await(view->connection, sections, arrived_ns,
                                   agent->config->stale_limit_ns);
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
            responder_check(raw->responder);
        }
    }
}

/*
 * The rest of the transaction may come to the responder, which would not know
 * it, or to here.  So none is begun: what could be set is refused for now.
 */
static void refuse_set(struct agent *agent, const struct agent_view *view,
                       netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
    for (netsnmp_request_info *request = requests; request != NULL && view != NULL;
         request = request->next) {
        const struct mib_context context = agent_context(agent, view, clock_boot_ns());
        struct mib_change change;
        enum mib_error error =
            transaction_check(agent, &context, request->requestvb, &change);

        if (error != MIB_NO_ERROR) {
            netsnmp_set_request_error(info, request, (int)error);
            return;
        }
    }
    netsnmp_set_request_error(info, requests, SNMP_ERR_RESOURCEUNAVAILABLE);
}

int raw_handler_handle(netsnmp_mib_handler *handler,
                       netsnmp_handler_registration *registration,
                       netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
    const struct raw_handler *raw = registration->my_reg_void;
    struct agent *agent = raw->agent;
    struct agent_view *view =
        agent_find_view(agent, raw->context, strlen(raw->context));

    (void)handler;
    if (info->mode == MODE_SET_RESERVE1) {
        refuse_set(agent, view, info, requests);
    } else if (view != NULL && (info->mode == MODE_GET || info->mode == MODE_GETNEXT)) {
        agent->status.requests++;
        wait_for_data(raw, view, info->mode, info, requests);
        for (netsnmp_request_info *request = requests; request != NULL;
             request = request->next) {
            look_up(agent, view, info->mode, info, request, true);
        }
    }
    return SNMP_ERR_NOERROR;
}
