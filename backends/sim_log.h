/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_log.h - the file of operations that were carried out on a simulated
 * node, <sim:record>.
 *
 * Included by sim*.c only.
 */
#ifndef HVX_BACKENDS_SIM_LOG_H
#define HVX_BACKENDS_SIM_LOG_H

#include "backends/backend.h"
#include "backends/sim_load.h"
#include "backends/sim_xml.h"
#include "model/status.h"

/*
 * Reads <sim:record> into loading->node->record.
 * Errors: STATUS_INVALID, STATUS_NO_MEMORY.
 */
enum status sim_log_read(const struct sim_xml *xml,
                         struct sim_loading *loading) MUST_CHECK;

/*
 * Appends the line of an operation on the domain of that name, by one write;
 * any thread.
 * Errors: STATUS_IO: there is no such line.
 */
enum status sim_log_add(const char *path, const struct backend_operation *operation,
                        const char *name, struct error *error) MUST_CHECK;

#endif
