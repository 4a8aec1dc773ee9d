/* SPDX-License-Identifier: BSD-2-Clause */
#include <limits.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "backends/host.h"

struct interface {
    char name[IF_NAMESIZE];
    uint32_t index;
};

struct host_interfaces {
    size_t count;
    struct interface interfaces[]; /* by name */
};

static int compare_interfaces(const void *a, const void *b)
{
    const struct interface *first = a;
    const struct interface *second = b;

    return strcmp(first->name, second->name);
}

struct host_interfaces *host_interfaces_read(void)
{
    struct if_nameindex *list = if_nameindex();
    struct host_interfaces *interfaces;
    size_t count = 0;

    if (list == NULL) {
        return NULL;
    }
    while (count < HOST_INTERFACES_MAX && list[count].if_index != 0) {
        count++;
    }
    interfaces = calloc(1, sizeof(*interfaces) + count * sizeof(struct interface));
    if (interfaces != NULL) {
        interfaces->count = count;
        for (size_t i = 0; i < count; i++) {
            struct interface *interface = &interfaces->interfaces[i];

            strncpy(interface->name, list[i].if_name, sizeof(interface->name) - 1);
            interface->index = list[i].if_index;
        }
        qsort(interfaces->interfaces, count, sizeof(struct interface),
              compare_interfaces);
    }
    if_freenameindex(list);
    return interfaces;
}

void host_interfaces_free(struct host_interfaces *interfaces)
{
    free(interfaces);
}

uint32_t host_interfaces_find(const struct host_interfaces *interfaces,
                              const char *name)
{
    struct interface wanted = { .index = 0 };
    const struct interface *found;

    if (interfaces == NULL || name == NULL || strlen(name) >= sizeof(wanted.name)) {
        return 0;
    }
    memcpy(wanted.name, name, strlen(name));
    found = bsearch(&wanted, interfaces->interfaces, interfaces->count,
                    sizeof(struct interface), compare_interfaces);
    return found == NULL ? 0 : found->index;
}

/* A folder, and the file system that it is in. */
struct folder {
    char *path; /* without symlinks */
    dev_t device;
    char *mount_point;
};

struct host_mounts {
    size_t count;
    struct folder folders[HOST_MOUNTS_FOLDERS_MAX]; /* by path */
    char path[PATH_MAX];                            /* the last result */
};

struct host_mounts *host_mounts_new(void)
{
    return calloc(1, sizeof(struct host_mounts));
}

static void forget_folders(struct host_mounts *mounts)
{
    for (size_t i = 0; i < mounts->count; i++) {
        free(mounts->folders[i].path);
        free(mounts->folders[i].mount_point);
    }
    mounts->count = 0;
}

void host_mounts_free(struct host_mounts *mounts)
{
    if (mounts != NULL) {
        forget_folders(mounts);
        free(mounts);
    }
}

/* Cuts the last part off an absolute path; false: it is "/" already. */
static bool go_up(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash == NULL || path[1] == '\0') {
        return false;
    }
    slash[slash == path ? 1 : 0] = '\0';
    return true;
}

/*
 * Shortens the path of a folder, or of a file, to its mount point: up while
 * what is above it is on the same device.
 */
static bool climb(char *path, dev_t device)
{
    char above[PATH_MAX];
    struct stat properties;

    memcpy(above, path, strlen(path) + 1);
    while (go_up(above)) {
        if (stat(above, &properties) != 0) {
            return false;
        }
        if (properties.st_dev != device) {
            return true;
        }
        memcpy(path, above, strlen(above) + 1);
    }
    return true;
}

/* Where the folder is in the cache, or would be. */
static size_t folder_position(const struct host_mounts *mounts, const char *path)
{
    size_t low = 0;
    size_t high = mounts->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(mounts->folders[middle].path, path) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Looks a folder up and remembers it; NULL where nothing can be known. */
static const struct folder *add_folder(struct host_mounts *mounts, const char *path)
{
    char top[PATH_MAX];
    struct stat properties;
    struct folder folder;
    size_t position;

    memcpy(top, path, strlen(path) + 1);
    if (stat(path, &properties) != 0 || !climb(top, properties.st_dev)) {
        return NULL;
    }
    if (mounts->count == HOST_MOUNTS_FOLDERS_MAX) {
        forget_folders(mounts);
    }
    folder = (struct folder) { .path = strdup(path),
                               .device = properties.st_dev,
                               .mount_point = strdup(top) };
    if (folder.path == NULL || folder.mount_point == NULL) {
        free(folder.path);
        free(folder.mount_point);
        return NULL;
    }
    position = folder_position(mounts, path);
    memmove(&mounts->folders[position + 1], &mounts->folders[position],
            (mounts->count - position) * sizeof(folder));
    mounts->folders[position] = folder;
    mounts->count++;
    return &mounts->folders[position];
}

static const struct folder *find_folder(struct host_mounts *mounts, const char *path)
{
    size_t position = folder_position(mounts, path);

    if (position < mounts->count && strcmp(mounts->folders[position].path, path) == 0) {
        return &mounts->folders[position];
    }
    return add_folder(mounts, path);
}

const char *host_mount_point(struct host_mounts *mounts, const char *path)
{
    const struct folder *folder;
    char above[PATH_MAX];
    struct stat properties;

    if (path == NULL || path[0] != '/' || realpath(path, mounts->path) == NULL
        || stat(mounts->path, &properties) != 0) {
        return NULL;
    }
    memcpy(above, mounts->path, strlen(mounts->path) + 1);
    if (!S_ISDIR(properties.st_mode)) {
        (void)go_up(above);
    }
    folder = find_folder(mounts, above);
    if (folder == NULL) {
        return NULL;
    }
    /* A file can be a mount point by itself. */
    return folder->device == properties.st_dev ? folder->mount_point : mounts->path;
}
