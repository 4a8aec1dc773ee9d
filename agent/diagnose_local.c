/* SPDX-License-Identifier: BSD-2-Clause */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "agent/diagnose_parts.h"
#include "agent/host_agent.h"
#include "agent/module.h"
#include "agent/state.h"

#define CONFIGURATION "configuration"
#define STATE "state folder"

/* The index files of many domains, twice: the new one is written beside. */
#define ROOM_WANTED ((uintmax_t)4 * 1024 * 1024)

/* Most files of the state folder that are looked at. */
#define STATE_FILES_MAX 10000

const char *diagnose_search_path(void)
{
    const char *path = getenv("SNMPCONFPATH");

    return path == NULL ? get_configuration_directory() : path;
}

static void tell_user(struct report *report)
{
    struct passwd entry;
    struct passwd *user = NULL;
    char room[1024];

    getpwuid_r(geteuid(), &entry, room, sizeof(room), &user);
    if (geteuid() == 0) {
        report_good(report, REPORT_NOTE, "user",
                    "root may do everything: run --diagnose as the user that runs the "
                    "agent, too, for example: runuser -u hvagentx -- hvagentx "
                    "--diagnose");
        return;
    }
    report_good(report, REPORT_OK, "user", "%u (%s)", (unsigned)geteuid(),
                user == NULL ? "without a name" : user->pw_name);
}

/* Whether the configuration has what others must not read. */
static bool has_secrets(const struct config *config)
{
    if (config->host_agent != NULL) {
        return true;
    }
    for (size_t i = 0; i < config->connection_count; i++) {
        if (strchr(config->connections[i].uri, '@') != NULL) {
            return true;
        }
    }
    return false;
}

/* False: there is no such file. */
static bool look_at_file(struct diagnosis *diagnosis, const char *path)
{
    struct report *report = &diagnosis->report;
    struct stat properties;
    char mend[PATH_MAX + 64];

    if (stat(path, &properties) != 0) {
        return false;
    }
    report_good(report, REPORT_OK, CONFIGURATION, "%s is good", path);
    if ((properties.st_mode & S_IWOTH) != 0) {
        snprintf(mend, sizeof(mend), "chmod o-w %s", path);
        report_bad(report, REPORT_WARNING, CONFIGURATION, mend,
                   "%s can be changed by everybody", path);
    }
    if ((properties.st_mode & S_IROTH) != 0 && has_secrets(diagnosis->config)) {
        snprintf(mend, sizeof(mend),
                 "chgrp hvagentx %s && chmod 640 %s: hvagentx reads it by its group",
                 path, path);
        report_bad(report, REPORT_WARNING, CONFIGURATION, mend,
                   "%s may hold secrets (hostAgent, or '@' in a URI), and everybody "
                   "can read it",
                   path);
    }
    return true;
}

void diagnose_files(struct diagnosis *diagnosis)
{
    static const char *const names[] = { "hvagentx.conf", "hvagentx.local.conf" };
    const char *path = diagnose_search_path();
    char file[PATH_MAX];

    tell_user(&diagnosis->report);
    if (diagnosis->file != NULL) {
        (void)look_at_file(diagnosis, diagnosis->file);
        return;
    }
    while (path[0] != '\0') {
        size_t length = strcspn(path, ":");

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && length > 0; i++) {
            if (snprintf(file, sizeof(file), "%.*s/%s", (int)length, path, names[i])
                < (int)sizeof(file)) {
                (void)look_at_file(diagnosis, file);
            }
        }
        path += length + (path[length] == ':');
    }
}

/* For what only its owner can mend. */
static void report_state(struct report *report, const char *path, int reason)
{
    char mend[PATH_MAX + 128];

    snprintf(mend, sizeof(mend),
             "chown -R USER %s for the user that runs the agent (here %u), or name "
             "another folder with stateDir",
             path, (unsigned)geteuid());
    report_bad(report, REPORT_FAILURE, STATE, mend, "%s: %s", path, strerror(reason));
}

/* A folder that is not there is made at the start, if its parent is. */
static void look_at_missing(struct report *report, const char *folder)
{
    char parent[PATH_MAX];
    char mend[PATH_MAX + 128];
    char *slash;

    snprintf(parent, sizeof(parent), "%s", folder);
    slash = strrchr(parent, '/');
    slash[slash == parent] = '\0';
    if (faccessat(AT_FDCWD, parent, W_OK | X_OK, AT_EACCESS) == 0) {
        report_good(report, REPORT_OK, STATE,
                    "%s is not there yet; hvagentx makes it when it starts", folder);
        return;
    }
    snprintf(mend, sizeof(mend),
             "make it, writable for user %u, or name another one with stateDir",
             (unsigned)geteuid());
    report_bad(report, REPORT_FAILURE, STATE, mend,
               "%s is not there, and cannot be made: %s: %s", folder, parent,
               strerror(errno));
}

/* Files left by another user, as after a start by hand; false: told. */
static bool look_at_state_files(struct report *report, const char *folder)
{
    DIR *stream = opendir(folder);
    const struct dirent *entry;
    char path[PATH_MAX];
    bool good = true;
    unsigned count = 0;

    while (stream != NULL && good && count++ < STATE_FILES_MAX
           && (entry = readdir(stream)) != NULL) {
        if (entry->d_name[0] == '.'
            || snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name)
                   >= (int)sizeof(path)) {
            continue;
        }
        if (faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) != 0
            && errno != ENOENT) {
            report_state(report, path, errno);
            good = false;
        }
    }
    if (stream != NULL) {
        closedir(stream);
    }
    return good;
}

static void tell_state_user(struct report *report, const char *folder)
{
    long pid;

    switch (state_find_user(folder, &pid)) {
    case STATE_IN_USE:
        report_good(report, REPORT_OK, STATE, "hvagentx is running (process %ld)", pid);
        break;
    case STATE_FREE:
        report_good(report, REPORT_NOTE, STATE, "no hvagentx runs on it now");
        break;
    case STATE_USE_UNKNOWN:
        report_good(report, REPORT_NOTE, STATE,
                    "whether a hvagentx runs on it cannot be told");
        break;
    }
}

void diagnose_state(struct diagnosis *diagnosis)
{
    struct report *report = &diagnosis->report;
    const char *folder = diagnosis->config->state_dir;
    struct stat properties;
    struct statvfs space;

    if (stat(folder, &properties) != 0 && errno == ENOENT) {
        look_at_missing(report, folder);
        return;
    }
    if (faccessat(AT_FDCWD, folder, R_OK | W_OK | X_OK, AT_EACCESS) != 0
        || statvfs(folder, &space) != 0) {
        report_state(report, folder, errno);
        return;
    }
    if (!S_ISDIR(properties.st_mode)) {
        report_state(report, folder, ENOTDIR);
        return;
    }
    if (look_at_state_files(report, folder)) {
        report_good(report, REPORT_OK, STATE, "%s is writable", folder);
    }
    if ((uintmax_t)space.f_bavail * space.f_frsize < ROOM_WANTED
        || (space.f_files > 0 && space.f_favail == 0)) {
        report_bad(report, REPORT_WARNING, STATE,
                   "make room there, or name another folder with stateDir",
                   "%s has %" PRIuMAX " KiB and %" PRIuMAX " files left", folder,
                   (uintmax_t)space.f_bavail * space.f_frsize / 1024,
                   (uintmax_t)space.f_favail);
    }
    tell_state_user(report, folder);
}

/* Whether one of the first connections has the same scheme: told already. */
static bool is_told(const struct config *config, size_t position, const char *scheme)
{
    char other[MODULE_SCHEME_SIZE];
    struct error error;

    for (size_t i = 0; i < position; i++) {
        if (module_scheme(config->connections[i].uri, other, &error) == STATUS_OK
            && strcmp(other, scheme) == 0) {
            return true;
        }
    }
    return false;
}

void diagnose_modules(struct diagnosis *diagnosis)
{
    struct config *config = diagnosis->config;
    size_t kept = 0;

    for (size_t i = 0; i < config->connection_count; i++) {
        struct config_connection connection = config->connections[i];
        const struct backend_ops *ops = NULL;
        struct error error = ERROR_NONE;
        char scheme[MODULE_SCHEME_SIZE];
        char area[CONFIG_NAME_SIZE + 32];

        snprintf(area, sizeof(area), "module of %s", connection.name);
        if (module_load(config->module_dir, connection.uri, &ops, &error)
            != STATUS_OK) {
            report_failure(&diagnosis->report, area, error.text,
                           "install the backends of this version, or set moduleDir");
            config_connection_clear(&connection);
            continue;
        }
        if (module_scheme(connection.uri, scheme, &error) == STATUS_OK
            && !is_told(config, kept, scheme)) {
            report_good(&diagnosis->report, REPORT_OK, area, "%s/%s.so, ABI %u",
                        config->module_dir, scheme, (unsigned)BACKEND_ABI);
        }
        config->connections[kept++] = connection;
    }
    config->connection_count = kept;
}
