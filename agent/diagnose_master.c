/* SPDX-License-Identifier: BSD-2-Clause */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agentx_probe.h"
#include "agent/diagnose_parts.h"
#include "agent/master.h"
#include "model/clock.h"

#define SOCKET "AgentX socket"
#define SESSION "AgentX session"

/* With its defaults snmpd is silent for 6 s while a subagent does not answer. */
#define PATIENCE_NS (7 * CLOCK_NS_PER_S)

#define OWNER_SIZE 128

/* "user:group", names where there are some. */
static void name_owner(const struct stat *properties, char owner[static OWNER_SIZE])
{
    struct passwd user_entry;
    struct passwd *user = NULL;
    struct group group_entry;
    struct group *group = NULL;
    char user_room[1024];
    char group_room[4096];
    char numbers[2][16];

    snprintf(numbers[0], sizeof(numbers[0]), "%u", (unsigned)properties->st_uid);
    snprintf(numbers[1], sizeof(numbers[1]), "%u", (unsigned)properties->st_gid);
    getpwuid_r(properties->st_uid, &user_entry, user_room, sizeof(user_room), &user);
    getgrgid_r(properties->st_gid, &group_entry, group_room, sizeof(group_room),
               &group);
    snprintf(owner, OWNER_SIZE, "%s:%s", user == NULL ? numbers[0] : user->pw_name,
             group == NULL ? numbers[1] : group->gr_name);
}

/* Each folder on the way can be entered; false: told which one cannot. */
static bool look_at_folders(struct report *report, const char *path)
{
    char folder[PATH_MAX];
    char owner[OWNER_SIZE];
    char mend[PATH_MAX + 128];

    for (size_t end = 1; end < sizeof(folder) && path[end] != '\0'; end++) {
        struct stat properties;

        if (path[end] != '/') {
            continue;
        }
        snprintf(folder, sizeof(folder), "%.*s", (int)end, path);
        if (faccessat(AT_FDCWD, folder, X_OK, AT_EACCESS) == 0 || errno != EACCES
            || stat(folder, &properties) != 0) {
            continue;
        }
        name_owner(&properties, owner);
        snprintf(mend, sizeof(mend),
                 "chmod 755 %s, and 'agentXPerms 0660 0755 SNMPD-USER GROUP' into "
                 "snmpd.conf, for the next time that snmpd makes it",
                 folder);
        report_bad(report, REPORT_FAILURE, SOCKET, mend,
                   "%s: user %u may not enter the folder %s (mode %04o, %s)", path,
                   (unsigned)geteuid(), folder, (unsigned)properties.st_mode & 07777U,
                   owner);
        return false;
    }
    return true;
}

/* False: told what is wrong with the socket itself. */
static bool look_at_socket(struct report *report, const char *path)
{
    char owner[OWNER_SIZE];
    struct stat properties;
    struct error error = ERROR_NONE;

    if (stat(path, &properties) != 0
        || faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0) {
        master_explain_absence(&error);
        report_failure(report, SOCKET, error.text, "look at agentXSocket");
        return false;
    }
    name_owner(&properties, owner);
    if (!S_ISSOCK(properties.st_mode)) {
        report_bad(report, REPORT_FAILURE, SOCKET,
                   "name the socket of 'agentXSocket' in snmpd.conf, there and here",
                   "%s is no socket", path);
        return false;
    }
    report_good(report, REPORT_OK, SOCKET, "%s (mode %04o, %s) can be used", path,
                (unsigned)properties.st_mode & 07777U, owner);
    if ((properties.st_mode & S_IWOTH) != 0) {
        report_good(report, REPORT_NOTE, SOCKET,
                    "every user of this host can use it, and so publish any object; "
                    "'agentXPerms 0660 ...' in snmpd.conf restricts it");
    }
    return true;
}

static void open_session(struct diagnosis *diagnosis, const char *address)
{
    struct report *report = &diagnosis->report;
    struct error error = ERROR_NONE;
    int64_t answer_ns = 0;
    enum status status = agentx_probe(address, PATIENCE_NS, &answer_ns, &error);

    if (status == STATUS_OK) {
        diagnosis->session = true;
        report_good(report, REPORT_OK, SESSION, "the master at %s answers (%.1f ms)",
                    address, (double)answer_ns / (double)CLOCK_NS_PER_MS);
    } else if (status == STATUS_UNAVAILABLE) {
        master_explain_absence(&error);
        report_failure(report, SESSION, error.text, "look at agentXSocket");
    } else if (status == STATUS_TIMEOUT) {
        report_bad(report, REPORT_FAILURE, SESSION,
                   "see what has this socket open (ss -xlp, ss -tlp) and whether snmpd "
                   "is stopped or overloaded; restart snmpd",
                   "no answer from %s within %d s: %s", address,
                   (int)(PATIENCE_NS / CLOCK_NS_PER_S), error.text);
    } else {
        report_bad(report, REPORT_FAILURE, SESSION,
                   "see what has this socket open (ss -xlp, ss -tlp); snmpd needs "
                   "'master agentx' and this agentXSocket in snmpd.conf",
                   "no session with %s: %s", address, error.text);
    }
}

/* agentXTimeout of hvagentx.conf: our own patience with the master. */
static void compare_patience(struct diagnosis *diagnosis)
{
    int timeout_us =
        netsnmp_ds_get_int(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_AGENTX_TIMEOUT);
    int64_t wait_limit_ns = diagnosis->config->wait_limit_ns;

    if (timeout_us >= 0 && (int64_t)timeout_us * 1000 <= wait_limit_ns) {
        report_bad(&diagnosis->report, REPORT_WARNING, SESSION,
                   "agentXTimeout 1 or more, in seconds, or no such line",
                   "agentXTimeout of hvagentx.conf (%d ms) is not above waitLimit "
                   "(%" PRId64 " ms)",
                   timeout_us / 1000, wait_limit_ns / CLOCK_NS_PER_MS);
    }
}

void diagnose_master(struct diagnosis *diagnosis)
{
    const char *address = master_address();
    const char *path = master_unix_path(address);

    if (path == NULL
        || (look_at_folders(&diagnosis->report, path)
            && look_at_socket(&diagnosis->report, path))) {
        open_session(diagnosis, address);
    }
    compare_patience(diagnosis);
}
