/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/operation_table.h"
