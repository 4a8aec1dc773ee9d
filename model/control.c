/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/control.h"
