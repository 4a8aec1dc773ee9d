/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mknode_write.h - a planned node in the format of libvirt's test driver.
 *
 * Included by backends/mknode*.c only.
 */
#ifndef HVX_TOOLS_MKNODE_WRITE_H
#define HVX_TOOLS_MKNODE_WRITE_H

#include <stdio.h>

#include "backends/mknode_plan.h"

/* Writes all of it; whether that worked, ferror() of the file tells. */
void mknode_write(FILE *file, const struct mknode_options *options);

#endif
