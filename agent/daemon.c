/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/daemon.h"

static void wait_for_child(pid_t child, int fd)
{
    char ready;
    int result;

    if (read(fd, &ready, 1) == 1) {
        _exit(EXIT_SUCCESS);
    }
    if (waitpid(child, &result, 0) == child && WIFEXITED(result)) {
        _exit(WEXITSTATUS(result));
    }
    _exit(EXIT_FAILURE);
}

enum status daemon_begin(int *ret_fd, struct error *error)
{
    int fds[2];
    pid_t child;

    if (pipe2(fds, O_CLOEXEC) != 0) {
        return error_set(error, STATUS_FAILED, "cannot go into the background: %s",
                         strerror(errno));
    }
    child = fork();
    if (child < 0) {
        return error_set(error, STATUS_FAILED, "cannot go into the background: %s",
                         strerror(errno));
    }
    if (child > 0) {
        close(fds[1]);
        wait_for_child(child, fds[0]);
    }
    close(fds[0]);
    setsid();
    *ret_fd = fds[1];
    return STATUS_OK;
}

void daemon_ready(int fd)
{
    ssize_t written;
    int null_fd;

    if (fd < 0) {
        return;
    }
    null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null_fd >= 0) {
        dup2(null_fd, STDIN_FILENO);
        dup2(null_fd, STDOUT_FILENO);
        dup2(null_fd, STDERR_FILENO);
        close(null_fd);
    }
    /* The parent may have been killed: nobody to tell. */
    written = write(fd, "", 1);
    (void)written;
    close(fd);
}
