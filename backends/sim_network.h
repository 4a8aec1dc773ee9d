/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_network.h - the virtual networks of a simulated node, and which bridge
 * of the host each has.
 *
 * Included by sim*.c only.  Belongs to the thread that loads.
 */
#ifndef HVX_BACKENDS_SIM_NETWORK_H
#define HVX_BACKENDS_SIM_NETWORK_H

#include <stddef.h>

#include "backends/sim_names.h"
#include "backends/sim_xml.h"
#include "model/status.h"

struct sim_network {
    char *name;
    char *bridge; /* or device of the host; NULL: none */
};

/* Zeroes are none. */
struct sim_networks {
    struct sim_network *list;
    size_t count;
    size_t room;
    struct sim_names names;
    struct sim_names uuids;
};

/*
 * Reads a <network>: <name>, <uuid>, <bridge name=>, else <forward dev=> or
 * its first <interface dev=>.
 * Errors: STATUS_INVALID, STATUS_NO_MEMORY.
 */
enum status sim_network_read(struct sim_networks *networks,
                             const struct sim_xml *xml) MUST_CHECK;

/*
 * Sorts them for sim_network_bridge(); refuses two of one name or UUID.
 * Errors: STATUS_INVALID.
 */
enum status sim_network_check(struct sim_networks *networks,
                              struct error *error) MUST_CHECK;

/* NULL where there is no such network, or it has none. */
const char *sim_network_bridge(const struct sim_networks *networks, const char *name);

void sim_network_clear(struct sim_networks *networks);

#endif
