/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"

/* Half an octet at a time. */
uint32_t state_file_crc(uint32_t crc, const char *text)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };

    crc = ~crc;
    for (const char *at = text; *at != '\0'; at++) {
        crc ^= (unsigned char)*at;
        crc = crc >> 4 ^ table[crc & 0xf];
        crc = crc >> 4 ^ table[crc & 0xf];
    }
    return ~crc;
}

struct uuid state_file_boot_id(void)
{
    struct uuid boot = { { 0 } };
    FILE *file = fopen(BOOT_ID_PATH, "re");

    if (file != NULL) {
        char line[UUID_TEXT_SIZE + 1] = "";

        if (fgets(line, sizeof(line), file) != NULL) {
            line[strcspn(line, "\n")] = '\0';
            (void)uuid_parse(line, &boot);
        }
        fclose(file);
    }
    return boot;
}

bool state_file_sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    char *folder = slash == NULL ? strdup(".") : strndup(path, length);
    bool synced = false;
    int saved_errno;
    int fd = -1;

    if (folder != NULL) {
        fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    synced = fd >= 0 && fsync(fd) == 0;
    saved_errno = errno;
    if (fd >= 0) {
        close(fd);
    }
    free(folder);
    errno = saved_errno;
    return synced;
}
