/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/operation.h"
