/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_domain.h - one domain of a simulated node, as its file describes it.
 *
 * Included by sim*.c only.  Never changed once sim_domain_finish() is done.
 */
#ifndef HVX_BACKENDS_SIM_DOMAIN_H
#define HVX_BACKENDS_SIM_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

#include <libxml/tree.h>

#include "backends/domain_xml.h"
#include "backends/host.h"
#include "backends/sim_disk.h"
#include "backends/sim_duration.h"
#include "backends/sim_fault.h"
#include "backends/sim_network.h"
#include "backends/sim_storage.h"
#include "model/domain.h"
#include "model/status.h"

/* Namespace of what libvirt's test driver adds to the domain XML. */
#define SIM_DOMAIN_TEST_SPACE "http://libvirt.org/schemas/domain/test/1.0"

/* Longest name of a network interface of Linux, with its NUL. */
#define SIM_DOMAIN_INTERFACE_SIZE 16

/* Names of interfaces of the host; empty: none. */
struct sim_interface {
    char target[SIM_DOMAIN_INTERFACE_SIZE]; /* its own end */
    char parent[SIM_DOMAIN_INTERFACE_SIZE]; /* the bridge it is attached to */
};

struct sim_domain {
    char *name;
    struct uuid uuid;   /* of the file, or derived from the name */
    const char *source; /* where it is written; belongs to the node */
    long line;
    enum domain_state state;
    bool is_asleep; /* by its own power management */
    bool is_persistent;
    bool is_autostart;
    unsigned load_percent;
    struct domain_xml *xml; /* until sim_domain_finish() */
    struct domain_config *config;
    struct sim_disk *disks;           /* as those of config */
    struct sim_interface *interfaces; /* the same */
    struct sim_faults faults;
    struct sim_durations durations;
};

/*
 * Reads a <domain> with what libvirt's test driver and we have in it.
 * `source` must live as long as the domain.  On failure *domain is as after
 * sim_domain_clear().
 * Errors: STATUS_INVALID, STATUS_NO_MEMORY.
 */
enum status sim_domain_read(const char *source, const xmlNode *node,
                            struct sim_domain *domain, struct error *error) MUST_CHECK;

/* What else is on the node, and where it lies. */
struct sim_domain_place {
    const struct sim_volumes *volumes;
    const struct sim_networks *networks;
    struct host_mounts *mounts;
};

/*
 * Finds the volumes, networks and mount points that the domain speaks of, and
 * makes domain->config.
 * Errors: STATUS_NO_MEMORY.
 */
enum status sim_domain_finish(struct sim_domain *domain,
                              const struct sim_domain_place *place,
                              struct error *error) MUST_CHECK;

/* Frees what it holds, not itself. */
void sim_domain_clear(struct sim_domain *domain);

#endif
