/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/clock.h"

/* File systems stamp with the kernel's tick, 10 ms at the coarsest. */
#define SETTLE_NS (30 * CLOCK_NS_PER_MS)
/* Somebody who writes all the time is not waited for. */
#define SETTLE_TRIES 10

static struct sim_stamp stamp_of(const struct stat *status)
{
    return (struct sim_stamp) {
        .device = status->st_dev,
        .inode = status->st_ino,
        .size_bytes = status->st_size,
        .modified = status->st_mtim,
    };
}

/* Waits for the end of the time in which another write leaves the same stamp.
 * False where there was nothing to wait for. */
static bool let_settle(const struct timespec *modified)
{
    struct timespec now;
    int64_t age_ns;

    clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec - modified->tv_sec > 1 || now.tv_sec < modified->tv_sec) {
        return false; /* long ago, or in the future */
    }
    age_ns = (int64_t)(now.tv_sec - modified->tv_sec) * CLOCK_NS_PER_S + now.tv_nsec
             - modified->tv_nsec;
    if (age_ns < 0 || age_ns >= SETTLE_NS) {
        return false;
    }
    nanosleep(&(struct timespec) { .tv_nsec = (long)(SETTLE_NS - age_ns) }, NULL);
    return true;
}

enum status sim_file_open(const char *path, int *ret_fd, struct sim_stamp *ret_stamp,
                          struct error *error)
{
    struct stat status;
    int tries = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) {
        return error_set(error,
                         errno == ENOENT || errno == ENOTDIR ? STATUS_NOT_FOUND
                         : errno == EACCES                   ? STATUS_DENIED
                                                             : STATUS_IO,
                         "cannot open %s: %s", path, strerror(errno));
    }
    do {
        if (fstat(fd, &status) != 0) {
            error_set(error, STATUS_IO, "cannot read %s: %s", path, strerror(errno));
            close(fd);
            return STATUS_IO;
        }
    } while (tries++ < SETTLE_TRIES && let_settle(&status.st_mtim));
    if (!S_ISREG(status.st_mode)) {
        close(fd);
        return error_set(error, STATUS_INVALID, "%s is no regular file", path);
    }
    *ret_stamp = stamp_of(&status);
    *ret_fd = fd;
    return STATUS_OK;
}

bool sim_stamp_is_equal(const struct sim_stamp *a, const struct sim_stamp *b)
{
    return a->device == b->device && a->inode == b->inode
           && a->size_bytes == b->size_bytes && a->modified.tv_sec == b->modified.tv_sec
           && a->modified.tv_nsec == b->modified.tv_nsec;
}

bool sim_file_is_changed(const char *path, const struct sim_stamp *stamp)
{
    struct sim_stamp now;
    struct stat status;

    if (stat(path, &status) != 0) {
        return true;
    }
    now = stamp_of(&status);
    return !sim_stamp_is_equal(&now, stamp);
}
