/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_operate.h"
