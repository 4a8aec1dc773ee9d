/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_hardware.h - what a simulated node is made of: <cpu>, <memory>, and the
 * devices and interfaces of the host.
 *
 * Included by sim*.c only.  Belongs to the thread that loads.
 */
#ifndef HVX_BACKENDS_SIM_HARDWARE_H
#define HVX_BACKENDS_SIM_HARDWARE_H

#include <stdint.h>

#include "backends/sim_names.h"
#include "backends/sim_xml.h"
#include "model/status.h"

/* CPUs of a node whose file tells none, as libvirt's test driver has them. */
#define SIM_HARDWARE_CPUS 16

/*
 * Reads <cpu>: nodes x sockets x cores x threads, of which <active> are used.
 * Errors: STATUS_INVALID, STATUS_NO_MEMORY.
 */
enum status sim_hardware_read_cpu(const struct sim_xml *xml,
                                  uint32_t *ret_cpu_count) MUST_CHECK;

/* Checks <memory>, in KiB.  Errors: STATUS_INVALID, STATUS_NO_MEMORY. */
enum status sim_hardware_check_memory(const struct sim_xml *xml) MUST_CHECK;

/*
 * Check a <device>, a <interface> of the node; nothing else is read of them.
 * Errors: STATUS_INVALID, STATUS_NO_MEMORY.
 */
enum status sim_hardware_check_device(const struct sim_xml *xml,
                                      struct sim_names *devices) MUST_CHECK;
enum status sim_hardware_check_interface(const struct sim_xml *xml,
                                         struct sim_names *interfaces) MUST_CHECK;

#endif
