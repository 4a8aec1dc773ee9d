/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * state_file.h - what the files of the state folder have in common: checksums,
 * the boot that their moments belong to, and renames that last.
 *
 * Any thread.
 */
#ifndef HVX_MODEL_STATE_FILE_H
#define HVX_MODEL_STATE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/uuid.h"

/* CRC-32 as in IEEE 802.3 of a text behind what has the sum `crc`; 0: of none. */
uint32_t state_file_crc(uint32_t crc, const char *text);

/* Nil where the kernel does not tell: then each start counts as a reboot. */
struct uuid state_file_boot_id(void);

/* Makes a rename in the file's folder last.  False with errno set. */
bool state_file_sync_folder(const char *path);

#endif
