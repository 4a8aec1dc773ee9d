/* SPDX-License-Identifier: BSD-2-Clause */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/master.h"

const char *master_address(void)
{
    const char *address =
        netsnmp_ds_get_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET);

    return address == NULL || address[0] == '\0' ? master_default_address() : address;
}

const char *master_default_address(void)
{
    return NETSNMP_AGENTX_SOCKET;
}

const char *master_unix_path(const char *address)
{
    static const char prefix[] = "unix:";

    if (strncasecmp(address, prefix, strlen(prefix)) == 0) {
        return address + strlen(prefix);
    }
    return address[0] == '/' ? address : NULL;
}

int master_connect(void)
{
    const char *path = master_unix_path(master_address());
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int reason;
    int fd;

    if (path == NULL || strlen(path) >= sizeof(address.sun_path)) {
        errno = path == NULL ? EAFNOSUPPORT : ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        reason = errno;
        close(fd);
        errno = reason;
        return -1;
    }
    return fd;
}

/* 0, or errno of master_connect(). */
static int try_connect(void)
{
    int fd = master_connect();

    if (fd < 0) {
        return errno;
    }
    close(fd);
    return 0;
}

static void explain_permission(const char *path, struct error *error)
{
    struct group entry;
    struct group *group = NULL;
    struct stat properties;
    char room[1024];

    if (stat(path, &properties) == 0) {
        getgrgid_r(properties.st_gid, &entry, room, sizeof(room), &group);
    }
    error_set(error, STATUS_DENIED,
              "no permission on the AgentX master's socket %s%s%s%s; put user %u into "
              "a group, "
              "'agentXPerms 0660 0755 SNMPD-USER GROUP' into snmpd.conf, restart "
              "snmpd, and let "
              "the socket's folder be entered (chmod 755)",
              path, group == NULL ? "" : " (group ",
              group == NULL ? "" : group->gr_name, group == NULL ? "" : ")",
              (unsigned)geteuid());
}

static void explain(const char *reason, struct error *error)
{
    error_set(error, STATUS_UNAVAILABLE,
              "no AgentX master at %s: %s; is snmpd running, with 'master agentx' and "
              "this agentXSocket in snmpd.conf?",
              master_address(), reason);
}

void master_explain_refusal(struct error *error)
{
    explain("it opens no session", error);
}

void master_explain_absence(struct error *error)
{
    const char *address = master_address();
    const char *path = master_unix_path(address);
    int reason;

    if (path == NULL) {
        error_set(error, STATUS_UNAVAILABLE,
                  "no AgentX master at %s: is snmpd running, with 'master agentx' and "
                  "this agentXSocket in snmpd.conf?",
                  address);
        return;
    }
    reason = try_connect();
    if (reason == EACCES) {
        explain_permission(path, error);
        return;
    }
    if (reason == EAGAIN) {
        master_explain_silence(error);
        return;
    }
    if (reason == 0) {
        master_explain_refusal(error);
        return;
    }
    explain(strerror(reason), error);
}

void master_explain_silence(struct error *error)
{
    error_set(error, STATUS_TIMEOUT,
              "no AgentX master at %s: it does not answer; is snmpd stopped, or does "
              "it hang?",
              master_address());
}
