/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/config.h"
