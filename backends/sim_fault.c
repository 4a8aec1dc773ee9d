/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_fault.h"

#include <pthread.h>
#include <stdlib.h>

#include "backends/sim_life.h"
#include "backends/sim_xml.h"
#include "backends/xml_node.h"
#include "model/clock.h"

#define DELAY_MAX_MS UINT64_C(86400000)

/* Node files remembered at once; more than these push out the oldest. */
#define ORIGINS_MAX 64

static const char *const attributes[] = { "kind", "on", "from", "for", "delay", NULL };

static const char *const kinds[] = {
    [SIM_FAULT_HANG] = "hang",     [SIM_FAULT_SLOW] = "slow",
    [SIM_FAULT_FAIL] = "fail",     [SIM_FAULT_DOWN] = "down",
    [SIM_FAULT_VANISH] = "vanish", [SIM_FAULT_KIND_COUNT] = NULL,
};

static const char *const calls[] = {
    [SECTION_NODE] = "node",       [SECTION_DOMAINS] = "domains",
    [SECTION_CONFIGS] = "configs", [SECTION_STATISTICS] = "statistics",
    [SECTION_DEVICES] = "devices", [SECTION_STORAGE] = "storage",
    [SECTION_COUNT] = "open",      [SECTION_COUNT + 1] = "operate",
    [SECTION_COUNT + 2] = "all",   [SECTION_COUNT + 3] = NULL,
};
#define CALL_ALL (SECTION_COUNT + 2)

/* Rules that hold between the attributes. */
static const char *find_contradiction(const struct sim_fault *fault, bool of_domain)
{
    if (of_domain && fault->kind == SIM_FAULT_DOWN) {
        return "a domain cannot be \"down\"; \"fail\" or \"vanish\" may be meant";
    }
    if (!of_domain && fault->kind == SIM_FAULT_VANISH) {
        return "a node cannot \"vanish\"; \"down\" may be meant";
    }
    if (fault->kind == SIM_FAULT_SLOW && fault->delay_ns == 0) {
        return "\"slow\" needs a delay";
    }
    if (fault->kind != SIM_FAULT_SLOW && fault->delay_ns != 0) {
        return "only \"slow\" has a delay";
    }
    if (fault->kind == SIM_FAULT_VANISH && fault->calls != SIM_FAULT_ON_ALL) {
        return "what vanishes does so for all calls: leave out \"on\"";
    }
    if (of_domain
        && (fault->calls == SIM_FAULT_ON_OPEN
            || fault->calls == SECTION_BIT(SECTION_NODE)
            || fault->calls == SECTION_BIT(SECTION_STORAGE))) {
        return "no domain is touched by that call";
    }
    return NULL;
}

static enum status read_fault(const struct sim_xml *xml, bool of_domain,
                              struct sim_fault *fault)
{
    enum status status = sim_xml_check_attributes(xml, attributes);
    const char *contradiction;
    int64_t delay_ms = 0;
    int64_t for_ns = CLOCK_NEVER;
    int kind = -1;
    int call = CALL_ALL;

    if (status == STATUS_OK) {
        status = sim_xml_read_word(xml, "kind", kinds, &kind);
    }
    if (status == STATUS_OK) {
        status = sim_xml_read_word(xml, "on", calls, &call);
    }
    if (status == STATUS_OK) {
        status = sim_xml_read_seconds(xml, "from", &fault->from_ns);
    }
    if (status == STATUS_OK) {
        status = sim_xml_read_seconds(xml, "for", &for_ns);
    }
    if (status == STATUS_OK) {
        status = sim_xml_read_number(xml, "delay", DELAY_MAX_MS, &delay_ms);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (kind < 0) {
        return xml_node_error(xml->source, xml->element, xml->error,
                              "sim:fault has no kind");
    }
    fault->kind = (enum sim_fault_kind)kind;
    fault->calls = call == CALL_ALL ? SIM_FAULT_ON_ALL : SECTION_BIT(call);
    fault->until_ns = for_ns == CLOCK_NEVER ? INT64_MAX : fault->from_ns + for_ns;
    fault->delay_ns = delay_ms * CLOCK_NS_PER_MS;
    fault->line = xmlGetLineNo(xml->element);
    contradiction = find_contradiction(fault, of_domain);
    if (contradiction != NULL) {
        return xml_node_error(xml->source, xml->element, xml->error, "sim:fault: %s",
                              contradiction);
    }
    return STATUS_OK;
}

enum status sim_fault_read(const char *source, const xmlNode *element, bool of_domain,
                           struct sim_faults *faults, struct error *error)
{
    const struct sim_xml xml = { .source = source, .element = element, .error = error };
    struct sim_fault fault = { .from_ns = 0 };
    struct sim_fault *list;
    enum status status;

    if (faults->count >= SIM_FAULTS_MAX) {
        return xml_node_error(source, element, error, "more than %d sim:fault",
                              SIM_FAULTS_MAX);
    }
    status = read_fault(&xml, of_domain, &fault);
    if (status != STATUS_OK) {
        return status;
    }
    list = reallocarray(faults->list, faults->count + 1, sizeof(*list));
    if (list == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "%s: out of memory", source);
    }
    list[faults->count++] = fault;
    faults->list = list;
    return STATUS_OK;
}

void sim_faults_clear(struct sim_faults *faults)
{
    free(faults->list);
    faults->list = NULL;
    faults->count = 0;
}

bool sim_fault_is_active(const struct sim_fault *fault, unsigned call,
                         int64_t elapsed_ns)
{
    return (fault->calls & call) != 0 && elapsed_ns >= fault->from_ns
           && elapsed_ns < fault->until_ns;
}

int64_t sim_fault_origin_ns(const char *path, const struct sim_stamp *stamp)
{
    /*
     * The one thing here that outlives a connection, and must: the agent
     * opens a new one after each failure, and the simulated failure has to go
     * on meanwhile.
     */
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct {
        uint64_t path_hash; /* 0: free */
        struct sim_stamp stamp;
        int64_t origin_ns;
    } origins[ORIGINS_MAX];
    uint64_t hash = sim_life_hash(path, 0) | 1;
    int64_t origin_ns;
    size_t at = 0;

    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < ORIGINS_MAX; i++) {
        if (origins[i].path_hash == hash) {
            at = i;
            break;
        }
        if (origins[i].origin_ns < origins[at].origin_ns) {
            at = i;
        }
    }
    if (origins[at].path_hash != hash
        || !sim_stamp_is_equal(&origins[at].stamp, stamp)) {
        origins[at].path_hash = hash;
        origins[at].stamp = *stamp;
        origins[at].origin_ns = clock_boot_ns();
    }
    origin_ns = origins[at].origin_ns;
    pthread_mutex_unlock(&lock);
    return origin_ns;
}
