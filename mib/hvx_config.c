/* SPDX-License-Identifier: BSD-2-Clause */
#include "mib/mib.h"
