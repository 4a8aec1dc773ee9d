/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index_save.c - writing the file of an index store (index_store.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/clock.h"
#include "model/index_store.h"
#include "model/state_file.h"

static void write_line(FILE *file, uint32_t *crc, const char *line)
{
    *crc = state_file_crc(*crc, line);
    fputs(line, file); /* ferror() tells at the end */
}

static void format_entry(char *line, size_t size, uint32_t index, bool used,
                         int64_t released_ns, const char *text)
{
    if (used) {
        snprintf(line, size, "%" PRIu32 " used %s\n", index, text);
    } else {
        snprintf(line, size, "%" PRIu32 " released %" PRId64 " %s\n", index,
                 released_ns, text);
    }
}

static void write_lines(const struct index_store *store, const struct uuid *boot,
                        FILE *file)
{
    char boot_text[UUID_TEXT_SIZE];
    char line[INDEX_LINE_SIZE];
    uint32_t crc = 0;

    write_line(file, &crc, INDEX_FILE_MAGIC);
    uuid_format(boot, boot_text);
    if (store->changed_ns == CLOCK_NEVER) {
        snprintf(line, sizeof(line), "boot %s changed never\n", boot_text);
    } else {
        snprintf(line, sizeof(line), "boot %s changed %" PRId64 "\n", boot_text,
                 store->changed_ns);
    }
    write_line(file, &crc, line);
    for (size_t i = 0; i < store->slot_count; i++) {
        const struct index_key *key = store->slots[i];

        if (key == NULL) {
            continue;
        }
        format_entry(line, sizeof(line), key->index, key->used, key->released_ns,
                     key->text);
        write_line(file, &crc, line);
        for (size_t j = 0; j < key->part_count; j++) {
            const struct index_part_entry *part = &key->parts[j];
            int length =
                snprintf(line, sizeof(line), "%s ", index_part_name(part->kind));

            format_entry(line + length, sizeof(line) - (size_t)length, part->index,
                         part->used, part->released_ns, part->name);
            write_line(file, &crc, line);
        }
    }
    fprintf(file, "end %zu %08" PRIx32 "\n", store->key_count, crc);
}

/* The new file, whole and on disk.  False with errno set. */
static bool write_new_file(const struct index_store *store)
{
    struct uuid boot = state_file_boot_id();
    int fd = open(store->new_path,
                  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    int saved_errno;
    bool written;

    if (file == NULL) {
        saved_errno = errno;
        if (fd >= 0) {
            close(fd);
        }
        errno = saved_errno;
        return false;
    }
    errno = EIO; /* a stream's error is remembered without its reason */
    write_lines(store, &boot, file);
    written = fflush(file) == 0 && !ferror(file) && fsync(fd) == 0;
    saved_errno = errno;
    if (fclose(file) != 0 && written) {
        saved_errno = errno;
        written = false;
    }
    errno = saved_errno;
    return written;
}

enum status index_store_save(struct index_store *store, struct error *error)
{
    if (!store->dirty || store->path == NULL) {
        return STATUS_OK;
    }
    if (!write_new_file(store)) {
        enum status status = error_set(error, STATUS_IO, "%s cannot be written: %s",
                                       store->new_path, strerror(errno));

        unlink(store->new_path);
        return status;
    }
    if (rename(store->new_path, store->path) < 0) {
        enum status status =
            error_set(error, STATUS_IO, "%s cannot be renamed to %s: %s",
                      store->new_path, store->path, strerror(errno));

        unlink(store->new_path);
        return status;
    }
    if (!state_file_sync_folder(store->path)) {
        return error_set(error, STATUS_IO,
                         "the folder of %s cannot be synchronised: %s", store->path,
                         strerror(errno));
    }
    store->dirty = false;
    return STATUS_OK;
}
