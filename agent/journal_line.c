/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/journal_line.h"
