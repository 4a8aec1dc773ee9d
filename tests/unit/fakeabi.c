/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fakeabi.c - a module of another version, for test_module: it says so, and
 * has nothing else.
 */
#include "backends/backend.h"

extern const struct backend_module hvagentx_backend;

const struct backend_module hvagentx_backend = { .abi = BACKEND_ABI + 1 };
