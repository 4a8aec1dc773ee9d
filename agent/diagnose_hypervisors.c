/* SPDX-License-Identifier: BSD-2-Clause */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/diagnose_parts.h"
#include "model/clock.h"
#include "model/text.h"

/* What tells that the hypervisor lets itself be asked. */
#define SECTIONS (SECTION_BIT(SECTION_NODE) | SECTION_BIT(SECTION_DOMAINS))

/* Above twice callTimeout, for what is not the hypervisor's part. */
#define GRACE_NS CLOCK_NS_PER_S

/* The collections under way of a configuration's connections. */
struct asking {
    struct report *report;
    struct agent *agent;
    int64_t begun_ns;
    bool *told; /* by position in the agent */
};

static void tell(const struct asking *asking, const struct connection *connection)
{
    const struct connection_status *status = &connection->status;
    int64_t took_ms = (clock_boot_ns() - asking->begun_ns) / CLOCK_NS_PER_MS;
    char area[CONFIG_NAME_SIZE + 32];
    char mend[256 + TEXT_MAX];

    snprintf(area, sizeof(area), "hypervisor of %s", connection->name);
    if (status->state == CONNECTION_UP && status->last_error[0] == '\0'
        && connection->requested == 0) {
        report_good(asking->report, REPORT_OK, area, "%s answers: %zu domains, %lld ms",
                    status->uri, connection->snapshot->domain_count,
                    (long long)took_ms);
        return;
    }
    snprintf(mend, sizeof(mend),
             "see that the hypervisor runs, that the URI %s is right, and that user %u "
             "may use it",
             status->uri, (unsigned)geteuid());
    if (status->last_error[0] == '\0') {
        report_bad(asking->report, REPORT_FAILURE, area, mend,
                   "%s: no answer within %lld ms", status->uri, (long long)took_ms);
    } else {
        report_failure(asking->report, area, status->last_error, mend);
    }
}

/* Tells of those that have answered, or never will; how many are left. */
static size_t tell_answered(const struct asking *asking)
{
    size_t left = 0;

    for (size_t i = 0; i < asking->agent->connection_count; i++) {
        struct connection *connection = asking->agent->connections[i];

        if (asking->told[i]) {
            continue;
        }
        asking->told[i] =
            connection->status.state == CONNECTION_UNRESPONSIVE
            || connection_await(connection, SECTIONS, asking->begun_ns, 0) == 0;
        if (asking->told[i]) {
            tell(asking, connection);
        } else {
            left++;
        }
    }
    return left;
}

static void ask(const struct asking *asking)
{
    struct agent *agent = asking->agent;
    int64_t end_ns = asking->begun_ns + 2 * agent->config->call_timeout_ns + GRACE_NS;

    while (tell_answered(asking) > 0) {
        struct pollfd queue = { .fd = queue_fd(agent->queue), .events = POLLIN };
        int64_t left_ns = end_ns - clock_boot_ns();

        if (left_ns <= 0) {
            break;
        }
        if (poll(&queue, 1, (int)(left_ns / CLOCK_NS_PER_MS) + 1) > 0) {
            agent_drain(agent);
        }
    }
    for (size_t i = 0; i < agent->connection_count; i++) {
        if (!asking->told[i]) {
            tell(asking, agent->connections[i]);
        }
    }
}

bool diagnose_hypervisors(struct diagnosis *diagnosis)
{
    struct config *config = diagnosis->config;
    struct asking asking = {
        .report = &diagnosis->report,
        .begun_ns = clock_boot_ns(),
        .told = calloc(config->connection_count + 1, sizeof(*asking.told)),
    };
    struct error error = ERROR_NONE;
    bool alone = true;

    diagnosis->config = NULL;
    if (config->connection_count == 0 || asking.told == NULL) {
        /* Each has been told as one without a module. */
        config_free(config);
        free(asking.told);
        return true;
    }
    asking.agent = agent_new(config, false, &error);
    if (asking.agent == NULL) {
        report_failure(asking.report, "hypervisors", error.text, "see the reason");
    } else {
        ask(&asking);
        alone = agent_free(asking.agent);
    }
    free(asking.told);
    return alone;
}
