/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/module.h"

#define SUFFIX ".so"

enum status module_scheme(const char *uri, char scheme[static MODULE_SCHEME_SIZE],
                          struct error *error)
{
    size_t length = strspn(uri, "abcdefghijklmnopqrstuvwxyz0123456789");

    if (length == 0 || length >= MODULE_SCHEME_SIZE
        || (uri[length] != ':' && uri[length] != '+')) {
        return error_set(
            error, STATUS_INVALID,
            "'%.*s' is no URI of a hypervisor: write SCHEME:REST, for example "
            "sim:/etc/hvagentx/node.xml",
            /* Without what may be a secret: managers can read this. */
            (int)strcspn(uri, ":@?"), uri);
    }
    memcpy(scheme, uri, length);
    scheme[length] = '\0';
    return STATUS_OK;
}

/* Writes "a, b, c": the modules in the directory. */
static void list_modules(const char *directory, char *text, size_t size)
{
    DIR *stream = opendir(directory);
    const struct dirent *entry;
    size_t used = 0;

    text[0] = '\0';
    if (stream == NULL) {
        return;
    }
    while ((entry = readdir(stream)) != NULL) {
        size_t length = strlen(entry->d_name);

        if (length > strlen(SUFFIX)
            && strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX) == 0
            && used + length + 2 < size) {
            used += (size_t)snprintf(text + used, size - used, "%s%.*s",
                                     used == 0 ? "" : ", ",
                                     (int)(length - strlen(SUFFIX)), entry->d_name);
        }
    }
    closedir(stream);
}

static enum status explain_missing(const char *directory, const char *scheme,
                                   const char *path, struct error *error)
{
    char modules[128];

    list_modules(directory, modules, sizeof(modules));
    return error_set(
        error, STATUS_NOT_FOUND,
        "no backend for '%s:': there is no %s (modules there: %s); install "
        "the package hvagentx-%s, or configure with --with-%s, or set "
        "moduleDir",
        scheme, path, modules[0] == '\0' ? "none" : modules, scheme, scheme);
}

enum status module_load(const char *directory, const char *uri,
                        const struct backend_ops **ret_ops, struct error *error)
{
    char scheme[MODULE_SCHEME_SIZE];
    char path[PATH_MAX];
    const struct backend_module *module;
    void *handle;
    enum status status = module_scheme(uri, scheme, error);

    if (status != STATUS_OK) {
        return status;
    }
    if (snprintf(path, sizeof(path), "%s/%s" SUFFIX, directory, scheme)
        >= (int)sizeof(path)) {
        return error_set(error, STATUS_INVALID, "moduleDir is too long");
    }
    if (access(path, F_OK) != 0) {
        return explain_missing(directory, scheme, path, error);
    }
    /* Libraries of a module may keep destructors for threads: never unloaded. */
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == NULL) {
        return error_set(error, STATUS_FAILED, "cannot load a backend: %s", dlerror());
    }
    module = dlsym(handle, BACKEND_MODULE_SYMBOL);
    if (module == NULL) {
        error_set(error, STATUS_UNSUPPORTED, "%s is no backend module: %s", path,
                  dlerror());
        dlclose(handle);
        return STATUS_UNSUPPORTED;
    }
    if (module->abi != BACKEND_ABI) {
        error_set(error, STATUS_UNSUPPORTED,
                  "%s was built for backend ABI %u, this hvagentx has %u; install both "
                  "from the same version",
                  path, (unsigned)module->abi, (unsigned)BACKEND_ABI);
        dlclose(handle);
        return STATUS_UNSUPPORTED;
    }
    *ret_ops = module->ops;
    return STATUS_OK;
}
