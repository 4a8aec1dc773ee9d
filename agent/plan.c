/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/plan.h"
