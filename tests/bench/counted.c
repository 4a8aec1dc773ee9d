/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * counted.c - a backend that notes what is asked of the simulated node.
 *
 * A module for connections to counted:FILE, which are as those to sim:FILE.  It
 * loads sim.so from its own folder, hands every call on, and writes a line
 * for each call of collect, when it begins, to the file whose path
 * is in the environment variable HVX_COUNTED: the moment in ns of CLOCK_BOOTTIME, the
 * number of domains that were asked for (0: all), and the name of the section.
 * What it cannot write it refuses to collect: no call is overlooked.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/backend.h"
#include "model/clock.h"

#define SCHEME "counted:"
#define COUNTED_SCHEME "sim:"
#define COUNTED_MODULE "sim.so"

extern const struct backend_module hvagentx_backend;

static pthread_once_t loaded = PTHREAD_ONCE_INIT;
static const struct backend_ops *sim; /* NULL: there is none */

static void load(void)
{
    const struct backend_module *module;
    char path[PATH_MAX];
    Dl_info own;
    void *handle;
    char *slash;

    if (dladdr(&hvagentx_backend, &own) == 0
        || snprintf(path, sizeof(path), "%s", own.dli_fname) >= (int)sizeof(path)) {
        return;
    }
    slash = strrchr(path, '/');
    if (slash == NULL
        || strlen(COUNTED_MODULE) >= sizeof(path) - (size_t)(slash + 1 - path)) {
        return;
    }
    strcpy(slash + 1, COUNTED_MODULE);
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    module = handle == NULL ? NULL : dlsym(handle, BACKEND_MODULE_SYMBOL);
    if (module != NULL && module->abi == BACKEND_ABI) {
        sim = module->ops;
    }
}

static bool note(const struct backend_request *request)
{
    const char *path = getenv("HVX_COUNTED");
    char line[128];
    int length = snprintf(line, sizeof(line), "%" PRId64 " %zu %s\n", clock_boot_ns(),
                          request->uuid_count, section_name(request->section));
    int fd;
    bool noted;

    if (path == NULL) {
        return false;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    noted = write(fd, line, (size_t)length) == length;
    close(fd);
    return noted;
}

static enum status counted_open(const char *uri, struct backend **ret_backend,
                                struct error *error)
{
    char text[PATH_MAX];

    pthread_once(&loaded, load);
    if (sim == NULL) {
        return error_set(error, STATUS_UNAVAILABLE,
                         "there is no " COUNTED_MODULE
                         " of this version beside this module");
    }
    if (strncmp(uri, SCHEME, strlen(SCHEME)) != 0
        || snprintf(text, sizeof(text), COUNTED_SCHEME "%s", uri + strlen(SCHEME))
               >= (int)sizeof(text)) {
        return error_set(error, STATUS_INVALID, "\"%s\" should be " SCHEME "FILE", uri);
    }
    return sim->open(text, ret_backend, error);
}

static void counted_close(struct backend *backend)
{
    if (backend != NULL) {
        sim->close(backend);
    }
}

static enum status counted_collect(struct backend *backend,
                                   const struct backend_request *request,
                                   struct builder *builder, struct error *error)
{
    if (!note(request)) {
        return error_set(error, STATUS_IO,
                         "cannot write to the file that HVX_COUNTED names");
    }
    return sim->collect(backend, request, builder, error);
}

static const struct backend_ops counted_ops = {
    .name = "counted",
    .software = "hvagentx simulated node, counted",
    .hypervisor = HYPERVISOR_SIM,
    .capabilities = BACKEND_CAPABILITY_BIT(BACKEND_CAN_DOMAINS)
                    | BACKEND_CAPABILITY_BIT(BACKEND_CAN_CONFIGURATION)
                    | BACKEND_CAPABILITY_BIT(BACKEND_CAN_STATISTICS)
                    | BACKEND_CAPABILITY_BIT(BACKEND_CAN_DEVICES)
                    | BACKEND_CAPABILITY_BIT(BACKEND_CAN_STORAGE)
                    | BACKEND_CAPABILITY_BIT(BACKEND_CAN_AFFINITY),
    .open = counted_open,
    .close = counted_close,
    .collect = counted_collect,
};

__attribute__((visibility("default"))) const struct backend_module hvagentx_backend = {
    .abi = BACKEND_ABI,
    .ops = &counted_ops,
};
