/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_pool.h - storage pools and volumes in libvirt's XML.
 *
 * Included by sim*.c only.  Belongs to the thread that loads.
 */
#ifndef HVX_BACKENDS_SIM_POOL_H
#define HVX_BACKENDS_SIM_POOL_H

#include <libxml/tree.h>

#include "model/status.h"

struct sim_loading;

/*
 * Reads a <pool> where `child` is in the node file, one volume at a time, and
 * adds the volumes to those of the node.
 * Errors: STATUS_INVALID, STATUS_NOT_FOUND, STATUS_DENIED, STATUS_IO,
 * STATUS_NO_MEMORY.
 */
enum status sim_pool_read(struct sim_loading *loading, xmlNode *child) MUST_CHECK;

#endif
