/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_node.c - the file of a simulated node, and one more that it may refer
 * to as file="domain.xml": what follows a line of the input that is exactly
 * "%% domain.xml".
 *
 * No path from the input reaches the file system: the linker puts
 * __wrap_open() in the place of open(), and it knows these two names alone;
 * no mount point is looked for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/host.h"
#include "backends/sim_node.h"
#include "model/clock.h"
#include "model/domain.h"
#include "model/operation.h"
#include "model/text.h"
#include "tests/fuzz/fuzz.h"

#define NODE_PATH "node.xml"
#define DOMAIN_PATH "domain.xml"
#define SEPARATOR "\n%% " DOMAIN_PATH "\n"

int __wrap_open(const char *path, int flags, ...);
const char *__wrap_host_mount_point(struct host_mounts *mounts, const char *path);

/* The two files of the present input. */
static struct {
    const uint8_t *octets;
    size_t size;
} node_part, domain_part;

/* Written long ago, so that nobody waits for more to come. */
static int open_part(const uint8_t *octets, size_t size)
{
    const struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    FUZZ_PROMISE(fd >= 0);
    FUZZ_PROMISE(write(fd, octets, size) == (ssize_t)size);
    FUZZ_PROMISE(lseek(fd, 0, SEEK_SET) == 0);
    FUZZ_PROMISE(futimens(fd, times) == 0);
    return fd;
}

int __wrap_open(const char *path, int flags, ...)
{
    (void)flags;
    if (strcmp(path, NODE_PATH) == 0) {
        return open_part(node_part.octets, node_part.size);
    }
    if (strcmp(path, DOMAIN_PATH) == 0 && domain_part.octets != NULL) {
        return open_part(domain_part.octets, domain_part.size);
    }
    errno = ENOENT;
    return -1;
}

const char *__wrap_host_mount_point(struct host_mounts *mounts, const char *path)
{
    (void)mounts;
    (void)path;
    return NULL;
}

static void split(const uint8_t *octets, size_t size)
{
    const size_t length = sizeof(SEPARATOR) - 1;
    const uint8_t *at = memmem(octets, size, SEPARATOR, length);

    node_part.octets = octets;
    node_part.size = at != NULL ? (size_t)(at - octets) : size;
    domain_part.octets = at != NULL ? at + length : NULL;
    domain_part.size = at != NULL ? size - node_part.size - length : 0;
}

static void check_faults(const struct sim_faults *faults)
{
    FUZZ_PROMISE(faults->count <= SIM_FAULTS_MAX);
    for (size_t i = 0; i < faults->count; i++) {
        const struct sim_fault *fault = &faults->list[i];

        FUZZ_PROMISE((unsigned)fault->kind < SIM_FAULT_KIND_COUNT);
        FUZZ_PROMISE(fault->calls != 0 && (fault->calls & ~SIM_FAULT_ON_ALL) == 0);
        FUZZ_PROMISE(fault->from_ns >= 0 && fault->until_ns >= fault->from_ns);
        FUZZ_PROMISE((fault->delay_ns > 0) == (fault->kind == SIM_FAULT_SLOW));
        FUZZ_PROMISE(fault->line > 0);
    }
}

static void check_durations(const struct sim_durations *durations)
{
    for (int action = 0; action < OPERATION_ACTION_COUNT; action++) {
        FUZZ_PROMISE(durations->by_action_ns == NULL
                     || durations->by_action_ns[action] == CLOCK_NEVER
                     || durations->by_action_ns[action] >= 0);
        FUZZ_PROMISE(
            sim_duration_ns((enum operation_action)action, durations, durations) >= 0);
    }
}

static void check_domain(const struct sim_node *node, const struct sim_domain *domain)
{
    FUZZ_PROMISE(domain->name != NULL && domain->name[0] != '\0');
    FUZZ_PROMISE(domain->source != NULL && domain->line > 0);
    FUZZ_PROMISE((unsigned)domain->state < DOMAIN_STATE_COUNT);
    FUZZ_PROMISE(domain->load_percent <= 100);
    FUZZ_PROMISE(domain->is_persistent || !domain->is_autostart);
    FUZZ_PROMISE(domain->config != NULL);
    FUZZ_PROMISE(uuid_compare(&domain->config->uuid, &domain->uuid) == 0);
    FUZZ_PROMISE(domain->config->vcpus >= 1);
    FUZZ_PROMISE(domain->config->vcpus <= domain->config->vcpus_max);
    FUZZ_PROMISE(domain->xml == NULL);
    fuzz_check_clean(domain->config->os_type, TEXT_MAX);
    for (size_t i = 0; i < domain->config->disk_count; i++) {
        const struct sim_disk *sizes = &domain->disks[i];

        FUZZ_PROMISE(domain->config->disks[i].target[0] != '\0');
        FUZZ_PROMISE(sizes->capacity_bytes != 0);
        FUZZ_PROMISE(sizes->allocation_bytes <= sizes->capacity_bytes);
    }
    FUZZ_PROMISE(sim_node_find(node, &domain->uuid) == domain);
    check_faults(&domain->faults);
    check_durations(&domain->durations);
}

static void check_node(const struct sim_node *node)
{
    FUZZ_PROMISE(node->file_count >= 1);
    FUZZ_PROMISE(strcmp(node->files[0].path, NODE_PATH) == 0);
    for (size_t i = 1; i < node->file_count; i++) {
        FUZZ_PROMISE(strcmp(node->files[i].path, DOMAIN_PATH) == 0);
    }
    FUZZ_PROMISE(node->storage != NULL);
    FUZZ_PROMISE(node->cpu_count >= 1 && node->cpu_count <= DOMAIN_CPUS_MAX);
    FUZZ_PROMISE(!node->is_frozen || node->uptime_ns >= 0);
    check_faults(&node->faults);
    check_durations(&node->durations);
    FUZZ_PROMISE(node->record == NULL || node->record[0] != '\0');
    FUZZ_PROMISE(node->domain_count <= SIM_NODE_DOMAINS_MAX);
    for (size_t i = 0; i < node->domain_count; i++) {
        check_domain(node, &node->domains[i]);
        FUZZ_PROMISE(
            i == 0
            || uuid_compare(&node->by_uuid[i - 1]->uuid, &node->by_uuid[i]->uuid) < 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    struct sim_node *node = NULL;
    struct error error = ERROR_NONE;
    enum status status;

    split(octets, size);
    status = sim_node_load(NODE_PATH, &node, &error);
    if (status == STATUS_OK) {
        FUZZ_PROMISE(node != NULL);
        check_node(node);
        sim_node_unref(node);
    } else {
        FUZZ_PROMISE(status == STATUS_INVALID || status == STATUS_NOT_FOUND);
        FUZZ_PROMISE(node == NULL);
        fuzz_check_error(&error, status, ".xml:"); /* of either file */
    }
    return 0;
}
