/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_operate.h - operations on the domains of a simulated node.
 *
 * Included by sim*.c only.
 */
#ifndef HVX_BACKENDS_SIM_OPERATE_H
#define HVX_BACKENDS_SIM_OPERATE_H

#include "backends/backend.h"

#endif
