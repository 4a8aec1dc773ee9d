/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "agent/diagnose_parts.h"
#include "agent/master.h"
#include "agent/snmpd_conf.h"
#include "mib/mib.h"
#include "model/clock.h"

#define FILES "snmpd.conf"
#define ACCESS "snmpd access"

/* snmpd's own where agentXTimeout is not set. */
#define TIMEOUT_DEFAULT_S 1

#define OID_SIZE 200
#define MEND_SIZE 640

static void write_oid(char text[static OID_SIZE], const uint32_t *ids, size_t length)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < length && used < OID_SIZE - 12; i++) {
        used += (size_t)snprintf(text + used, OID_SIZE - used, ".%" PRIu32, ids[i]);
    }
}

/* The instance of a module's first readable scalar; false: it has none. */
static bool find_scalar(const struct mib_module *module, char text[static OID_SIZE])
{
    for (size_t i = 0; i < module->group_count; i++) {
        const struct mib_group *group = module->groups[i];
        size_t used;

        if (group->count != NULL || group->column_count == 0) {
            continue;
        }
        write_oid(text, group->prefix, group->prefix_length);
        used = strlen(text);
        snprintf(text + used, OID_SIZE - used, ".%" PRIu32 ".0", group->columns[0].id);
        return true;
    }
    return false;
}

/* Only a manager's own request proves that it may read. */
static void tell_command(struct report *report, const char *context)
{
    char oids[MIB_MODULE_COUNT][OID_SIZE] = { "" };

    for (size_t i = 0; i < MIB_MODULE_COUNT; i++) {
        (void)find_scalar(mib_modules[i], oids[i]);
    }
    report_good(report, REPORT_NOTE, ACCESS,
                "a manager's request proves it: snmpget -v3 -u USER -l authPriv -a "
                "SHA-256 -A PASSWORD -x AES -X PASSWORD%s%s localhost %s %s",
                context == NULL ? "" : " -n ", context == NULL ? "" : context, oids[0],
                oids[1]);
}

/* Whether two addresses are the same socket, as far as they are paths. */
static bool same_address(const char *one, const char *other)
{
    const char *first = master_unix_path(one);
    const char *second = master_unix_path(other);

    if (first != NULL && second != NULL) {
        return strcmp(first, second) == 0;
    }
    return strcasecmp(one, other) == 0;
}

/* snmpd takes several addresses, separated by commas. */
static bool listens_at(const struct snmpd_conf *conf, const char *address)
{
    const char *at = conf->socket;
    char one[sizeof(conf->socket)];

    if (at[0] == '\0') {
        return same_address(master_default_address(), address);
    }
    while (at[0] != '\0') {
        size_t length = strcspn(at, ",");

        snprintf(one, sizeof(one), "%.*s", (int)length, at);
        if (same_address(one, address)) {
            return true;
        }
        at += length + (at[length] == ',');
    }
    return false;
}

static void compare_timeouts(struct diagnosis *diagnosis, const struct snmpd_conf *conf)
{
    int timeout_s = conf->timeout_s < 0 ? TIMEOUT_DEFAULT_S : conf->timeout_s;
    int64_t wait_limit_ns = diagnosis->config->wait_limit_ns;

    if (timeout_s * CLOCK_NS_PER_S <= wait_limit_ns) {
        report_bad(&diagnosis->report, REPORT_FAILURE, FILES,
                   "agentXTimeout 1 or more, in whole seconds, in snmpd.conf",
                   "agentXTimeout %d s is not above waitLimit (%" PRId64
                   " ms): snmpd drops hvagentx while it waits for a hypervisor",
                   timeout_s, wait_limit_ns / CLOCK_NS_PER_MS);
        return;
    }
    report_good(&diagnosis->report, REPORT_OK, FILES,
                "snmpd waits %d s for an answer, hvagentx at most %" PRId64
                " ms for a hypervisor",
                timeout_s, wait_limit_ns / CLOCK_NS_PER_MS);
}

/* What the file says of AgentX; where a session was opened, snmpd knows better. */
static void compare_master(struct diagnosis *diagnosis, const struct snmpd_conf *conf)
{
    struct report *report = &diagnosis->report;
    const char *address = master_address();
    char mend[MEND_SIZE];

    if (diagnosis->session && (!conf->master || !listens_at(conf, address))) {
        report_good(report, REPORT_NOTE, FILES,
                    "the master at %s was set up elsewhere: %s has %s", address,
                    conf->first,
                    conf->master ? "another agentXSocket" : "no 'master agentx'");
        return;
    }
    if (!conf->master) {
        report_bad(report, REPORT_FAILURE, FILES,
                   "'master agentx' into snmpd.conf, and restart snmpd",
                   "%s has no 'master agentx': snmpd takes no subagents", conf->first);
    }
    if (!listens_at(conf, address)) {
        const char *theirs =
            conf->socket[0] == '\0' ? master_default_address() : conf->socket;

        snprintf(mend, sizeof(mend), "'agentXSocket %.256s' into hvagentx.conf",
                 theirs);
        report_bad(report, REPORT_FAILURE, FILES, mend,
                   "snmpd's agentXSocket is %s, hvagentx connects to %s", theirs,
                   address);
    }
    if (!diagnosis->session && !conf->has_perms && geteuid() != 0) {
        report_good(report, REPORT_NOTE, FILES,
                    "there is no agentXPerms: the socket is for snmpd's user alone");
    }
}

/* Whether a view lets somebody see each of our modules in a context. */
static void judge_views(struct report *report, const struct snmpd_conf *conf,
                        const char *context, const char *view)
{
    char oid[OID_SIZE];
    char mend[MEND_SIZE];

    for (size_t i = 0; i < MIB_MODULE_COUNT; i++) {
        const struct mib_module *module = mib_modules[i];
        enum snmpd_verdict verdict =
            snmpd_conf_reads(conf, context, module->root, module->root_length);

        write_oid(oid, module->root, module->root_length);
        if (verdict == SNMPD_YES) {
            report_good(report, REPORT_OK, ACCESS,
                        "a view of context \"%s\" includes %s (%s)", context, oid,
                        module->name);
        } else if (verdict == SNMPD_PERHAPS) {
            report_good(report, REPORT_NOTE, ACCESS,
                        "whether a view of context \"%s\" includes %s (%s) cannot be "
                        "told from snmpd.conf",
                        context, oid, module->name);
        } else {
            snprintf(mend, sizeof(mend),
                     "'view %s included %s' into snmpd.conf, and restart snmpd",
                     view[0] == '\0' ? "VIEW" : view, oid);
            report_bad(report, REPORT_FAILURE, ACCESS, mend,
                       "no view of context \"%s\" includes %s (%s): managers see "
                       "nothing of it",
                       context, oid, module->name);
        }
    }
}

static void judge_context(struct report *report, const struct snmpd_conf *conf,
                          const char *context)
{
    char view[SNMPD_NAME_SIZE];
    char mend[MEND_SIZE];

    if (snmpd_conf_enters(conf, context, view) != SNMPD_NO) {
        judge_views(report, conf, context, view);
        return;
    }
    if (context[0] == '\0') {
        snprintf(mend, sizeof(mend),
                 "a line rouser, or group and access, into snmpd.conf: see "
                 "snmpd.conf.example");
    } else {
        snprintf(mend, sizeof(mend),
                 "'access GROUP %.255s usm priv exact VIEW none none' into snmpd.conf, "
                 "or, for a community, 'com2sec -Cn %.255s ...'",
                 context, context);
    }
    report_bad(report, context[0] == '\0' ? REPORT_FAILURE : REPORT_WARNING, ACCESS,
               mend, "nobody may read context \"%s\"", context);
}

/*
 * The contexts that are the only way to a connection or to what a role may do: all
 * but the default connection's own.  NULL: there are no more.
 */
static const char *other_context(const struct config *config, size_t position)
{
    for (size_t i = 0; i < config->connection_count; i++) {
        const struct config_connection *connection = &config->connections[i];

        for (size_t r = connection->is_default ? 1 : 0; r < connection->role_count;
             r++) {
            if (position-- == 0) {
                return connection->roles[r].context;
            }
        }
    }
    return NULL;
}

static void judge_contexts(struct diagnosis *diagnosis, const struct snmpd_conf *conf)
{
    struct report *report = &diagnosis->report;
    const struct config *config = diagnosis->config;
    const char *context;

    judge_context(report, conf, "");
    for (size_t i = 0; (context = other_context(config, i)) != NULL; i++) {
        judge_context(report, conf, context);
    }
    if (other_context(config, 0) != NULL && snmpd_conf_opens_all(conf)) {
        report_good(report, REPORT_NOTE, ACCESS,
                    "a line rouser or rwuser without a context: its user enters all "
                    "contexts; end it with -V VIEW \"\" for the default one alone");
    }
}

static void judge(struct diagnosis *diagnosis, const struct snmpd_conf *conf)
{
    struct report *report = &diagnosis->report;

    if (conf->unreadable[0] != '\0') {
        report_good(report, REPORT_NOTE, FILES,
                    "%s cannot be read: %s; root can: run --diagnose as root, too",
                    conf->unreadable, strerror(conf->reason));
    }
    if (conf->file_count == 0) {
        report_good(report, REPORT_NOTE, FILES,
                    "none was read in %s: its views and contexts are not known",
                    diagnose_search_path());
        return;
    }
    report_good(report, REPORT_OK, FILES, "%s is read, %u files in all", conf->first,
                conf->file_count);
    if (conf->incomplete) {
        report_good(report, REPORT_NOTE, FILES,
                    "not all that it includes could be read or understood");
    }
    compare_master(diagnosis, conf);
    compare_timeouts(diagnosis, conf);
    judge_contexts(diagnosis, conf);
}

void diagnose_snmpd(struct diagnosis *diagnosis)
{
    struct snmpd_conf *conf = snmpd_conf_read(diagnose_search_path());

    if (conf != NULL) {
        judge(diagnosis, conf);
        snmpd_conf_free(conf);
    }
    tell_command(&diagnosis->report, NULL);
    if (other_context(diagnosis->config, 0) != NULL) {
        tell_command(&diagnosis->report, other_context(diagnosis->config, 0));
    }
}
