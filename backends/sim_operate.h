/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_operate.h - operations on the domains of a simulated node.
 *
 * Included by sim*.c only.  Any thread.
 */
#ifndef HVX_BACKENDS_SIM_OPERATE_H
#define HVX_BACKENDS_SIM_OPERATE_H

#include "backends/backend.h"

/* All there are but goals. */
#define SIM_OPERATE_ACTIONS                                                            \
    (OPERATION_BIT(OPERATION_START) | OPERATION_BIT(OPERATION_START_PAUSED)            \
     | OPERATION_BIT(OPERATION_SHUTDOWN) | OPERATION_BIT(OPERATION_REBOOT)             \
     | OPERATION_BIT(OPERATION_RESET) | OPERATION_BIT(OPERATION_POWER_OFF)             \
     | OPERATION_BIT(OPERATION_PAUSE) | OPERATION_BIT(OPERATION_RESUME)                \
     | OPERATION_BIT(OPERATION_SAVE) | OPERATION_BIT(OPERATION_RESTORE)                \
     | OPERATION_BIT(OPERATION_PM_SUSPEND) | OPERATION_BIT(OPERATION_PM_WAKEUP)        \
     | OPERATION_BIT(OPERATION_SET_AUTOSTART) | OPERATION_BIT(OPERATION_SET_VCPUS)     \
     | OPERATION_BIT(OPERATION_SET_MEMORY) | OPERATION_BIT(OPERATION_SET_CPU_WEIGHT)   \
     | OPERATION_BIT(OPERATION_SET_CPU_CAP) | OPERATION_BIT(OPERATION_CORE_DUMP)       \
     | OPERATION_BIT(OPERATION_NMI))

/* As backends/backend.h has it. */
backend_operate_fn sim_operate;

#endif
