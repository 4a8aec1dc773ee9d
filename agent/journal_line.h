/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_line.h - an operation as one line of text, and back.
 *
 * Included by journal*.c and their tests alone.  Pure functions.
 */
#ifndef HVX_AGENT_JOURNAL_LINE_H
#define HVX_AGENT_JOURNAL_LINE_H

#include "model/operation.h"

#endif
