/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/job.h"
