/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.h - what backends of local hypervisors tell of the agent's host: its
 * network interfaces by name, and the file system that holds a file.
 *
 * No state but what the caller holds.  A table or cache is used by one thread
 * at a time.
 */
#ifndef HVX_BACKENDS_HOST_H
#define HVX_BACKENDS_HOST_H

#include <stdint.h>

/* More interfaces than this are not read. */
#define HOST_INTERFACES_MAX 1000000

/* The interfaces of the host at one moment. */
struct host_interfaces;

/*
 * Reads all of them at once, if_nameindex(3); those of the network namespace
 * of the calling thread.  Takes milliseconds for 20,000.  NULL: it cannot be
 * read, or without memory.
 */
struct host_interfaces *host_interfaces_read(void);
void host_interfaces_free(struct host_interfaces *interfaces);

/*
 * ifIndex (IF-MIB) of the interface with this name; 0 where there is none.
 * Both arguments may be NULL.
 */
uint32_t host_interfaces_find(const struct host_interfaces *interfaces,
                              const char *name);

/* Folders that a cache remembers; when it is full, it begins anew. */
#define HOST_MOUNTS_FOLDERS_MAX 256

/* Mount points of folders, for many files in few folders. */
struct host_mounts;

/*
 * An empty cache; NULL without memory.  It does not notice what is mounted
 * later: make one for each collection.
 */
struct host_mounts *host_mounts_new(void);
void host_mounts_free(struct host_mounts *mounts);

/*
 * The mount point of the file system that holds a file, as hrStorageDescr
 * (HOST-RESOURCES-MIB) and df(1) show it.  The path is absolute; symlinks are
 * followed.  The result is valid until the next call with the same cache.
 * NULL where it cannot be known: there is no such file, no permission, the
 * path is relative.
 *
 * It is the topmost folder on the way up that has the same st_dev: of a bind
 * mount the folder above it, if that is of the same file system.  A block
 * device or other special file is of the file system that holds its node.
 *
 * Reads the file system, and waits for ever on one that does not answer, such
 * as NFS without its server: only in calls to the hypervisor, which may hang
 * (backend.h).
 */
const char *host_mount_point(struct host_mounts *mounts, const char *path);

#endif
