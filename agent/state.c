/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/state.h"

static enum status explain_io(const char *folder, struct error *error)
{
    int reason = errno;

    return error_set(
        error, reason == EACCES ? STATUS_DENIED : STATUS_IO,
        "state folder %s: %s; make it, writable for user %u, or name another "
        "one with stateDir",
        folder, strerror(reason), (unsigned)geteuid());
}

enum status state_lock(const char *folder, int *ret_fd, struct error *error)
{
    char path[PATH_MAX];
    char text[32] = "";
    ssize_t length;
    int fd;

    if (mkdir(folder, 0750) != 0 && errno != EEXIST) {
        return explain_io(folder, error);
    }
    snprintf(path, sizeof(path), "%s/lock", folder);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) {
        return explain_io(folder, error);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        length = read(fd, text, sizeof(text) - 1);
        text[length > 0 ? strspn(text, "0123456789") : 0] = '\0';
        close(fd);
        return error_set(error, STATUS_BUSY,
                         "another hvagentx (process %s) uses the state folder %s: stop "
                         "it, or give this one another stateDir",
                         text[0] == '\0' ? "unknown" : text, folder);
    }
    length = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    /* The number is for the message above; without it the lock still holds. */
    if (ftruncate(fd, 0) != 0 || write(fd, text, (size_t)length) != length) {
        log_warning("%s: cannot be written: %s", path, strerror(errno));
    }
    *ret_fd = fd;
    return STATUS_OK;
}

/*
 * Whether the system has a lock of flock() on the file.  The number of the
 * device is not compared: some file systems show another one there.
 */
static enum state_use find_lock(ino_t wanted)
{
    FILE *locks = fopen("/proc/locks", "re");
    enum state_use use = STATE_FREE;
    char line[256];

    if (locks == NULL) {
        return STATE_USE_UNKNOWN;
    }
    while (fgets(line, sizeof(line), locks) != NULL) {
        uintmax_t inode;

        /* "1: FLOCK ADVISORY WRITE PID MAJOR:MINOR:INODE 0 EOF" */
        if (sscanf(line, "%*d: FLOCK %*s WRITE %*d %*x:%*x:%ju", &inode) == 1
            && inode == (uintmax_t)wanted) {
            use = STATE_IN_USE;
        }
    }
    fclose(locks);
    return use;
}

enum state_use state_find_user(const char *folder, long *ret_pid)
{
    char path[PATH_MAX];
    struct stat properties;
    FILE *file;

    *ret_pid = 0;
    if (snprintf(path, sizeof(path), "%s/lock", folder) >= (int)sizeof(path)
        || stat(path, &properties) != 0) {
        return errno == ENOENT ? STATE_FREE : STATE_USE_UNKNOWN;
    }
    file = fopen(path, "re");
    if (file != NULL) {
        if (fscanf(file, "%9ld", ret_pid) != 1) {
            *ret_pid = 0;
        }
        fclose(file);
    }
    return find_lock(properties.st_ino);
}

struct index_store *state_open_indices(const char *folder, const char *name,
                                       int64_t grace_ns, struct error *error)
{
    struct index_store *store = NULL;
    char path[PATH_MAX];
    enum status status;

    if (folder != NULL
        && snprintf(path, sizeof(path), "%s/%s.index", folder, name)
               >= (int)sizeof(path)) {
        error_set(error, STATUS_INVALID, "stateDir is too long");
        return NULL;
    }
    status = index_store_open(folder == NULL ? NULL : path, grace_ns, &store, error);
    if (status != STATUS_OK && store != NULL) {
        log_error("%s", error->text);
        *error = (struct error)ERROR_NONE;
    }
    return store;
}
