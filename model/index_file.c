/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index_file.c - the file of an index store.
 *
 *     hvagentx-index 1
 *     boot 5e0c1f4e-... changed 123456789      or: changed never
 *     1 used KEY
 *     2 released 123456789 KEY
 *     end 2 9ae0daaf                           keys; CRC-32 of all before
 *
 * Moments are nanoseconds on CLOCK_BOOTTIME of the boot named.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/clock.h"
#include "model/index.h"
#include "model/index_store.h"
#include "model/uuid.h"

#define MAGIC "hvagentx-index 1\n"
#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"

/* Longest line, with its newline and a NUL: two numbers, a word, and a key. */
#define LINE_SIZE (INDEX_KEY_MAX + 64)
#define FILE_SIZE_MAX ((off_t)INDEX_KEYS_MAX * LINE_SIZE)

/* CRC-32 as in IEEE 802.3, half an octet at a time. */
static uint32_t crc_of(uint32_t crc, const char *text)
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

/* Nil where the kernel does not tell: then each start counts as a reboot. */
static struct uuid read_boot_id(void)
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

/* Loading */

struct loader {
    struct index_store *store;
    FILE *file;
    bool same_boot;
    int64_t now_ns;
    uint32_t crc; /* of all lines before the present one */
    size_t line_number;
    const char *reason; /* why the file cannot be understood */
    char line[LINE_SIZE];
};

static enum status refuse(struct loader *loader, const char *reason)
{
    loader->reason = reason;
    return STATUS_INVALID;
}

/* The next line, with its newline. */
static enum status read_line(struct loader *loader)
{
    size_t length;

    loader->line_number++;
    errno = 0;
    if (fgets(loader->line, sizeof(loader->line), loader->file) == NULL) {
        if (ferror(loader->file)) {
            return STATUS_IO;
        }
        return refuse(loader, "the file ends too early");
    }
    length = strlen(loader->line);
    if (length == 0 || loader->line[length - 1] != '\n') {
        return refuse(loader, "the line is cut, too long, or no text");
    }
    return STATUS_OK;
}

static bool take_word(const char **text, const char *word)
{
    size_t length = strlen(word);

    if (strncmp(*text, word, length) != 0) {
        return false;
    }
    *text += length;
    return true;
}

/* Decimal digits and the character behind them. */
static bool take_number(const char **text, char behind, int64_t max,
                        int64_t *ret_number)
{
    const char *at = *text;
    int64_t number = 0;

    while (*at >= '0' && *at <= '9') {
        int digit = *at - '0';

        if (number > (max - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
        at++;
    }
    if (at == *text || *at != behind) {
        return false;
    }
    *text = at + 1;
    *ret_number = number;
    return true;
}

static enum status load_boot(struct loader *loader)
{
    struct uuid now = read_boot_id();
    struct uuid boot;
    char text[UUID_TEXT_SIZE] = "";
    const char *at = loader->line;
    int64_t changed_ns = CLOCK_NEVER;

    if (!take_word(&at, "boot ")) {
        return refuse(loader, "\"boot\" expected");
    }
    memcpy(text, at, strnlen(at, sizeof(text) - 1));
    if (!uuid_parse(text, &boot)) {
        return refuse(loader, "the boot id is no UUID");
    }
    at += strlen(text);
    if (!take_word(&at, " changed ")
        || !(take_word(&at, "never\n")
             || take_number(&at, '\n', INT64_MAX, &changed_ns))
        || *at != '\0') {
        return refuse(loader, "\"changed\" and a time expected");
    }
    loader->same_boot = !uuid_is_nil(&now) && uuid_compare(&boot, &now) == 0;
    if (loader->same_boot) {
        loader->store->changed_ns = changed_ns;
    } else {
        loader->store->dirty = true;
    }
    return STATUS_OK;
}

static enum status load_key(struct loader *loader)
{
    struct index_store *store = loader->store;
    const char *at = loader->line;
    int64_t released_ns = CLOCK_NEVER;
    int64_t index;
    char *end = strchr(loader->line, '\n');

    if (!take_number(&at, ' ', INDEX_KEYS_MAX, &index) || index < 1) {
        return refuse(loader, "the index is no number or out of range");
    }
    if (take_word(&at, "released ")) {
        if (!take_number(&at, ' ', INT64_MAX, &released_ns)) {
            return refuse(loader, "the time of release is no number or out of range");
        }
        released_ns = loader->same_boot ? released_ns : loader->now_ns;
    } else if (!take_word(&at, "used ")) {
        return refuse(loader, "\"used\" or \"released\" expected");
    }
    *end = '\0';
    if (!index_key_is_valid(at)) {
        return refuse(loader, "the key is empty, too long, or no text");
    }
    if ((size_t)index <= store->slot_count && store->slots[index - 1] != NULL) {
        return refuse(loader, "the index occurs twice");
    }
    if (index_store_find(store, at) != NULL) {
        return refuse(loader, "the key occurs twice");
    }
    /* No STATUS_BUSY: there are not more keys than indices. */
    return index_store_insert(store, at, (uint32_t)index, released_ns);
}

static enum status load_lines(struct loader *loader)
{
    enum status status = read_line(loader);
    char expected[LINE_SIZE];

    if (status == STATUS_OK && strcmp(loader->line, MAGIC) != 0) {
        status = refuse(loader, "no index file of this version");
    }
    if (status != STATUS_OK) {
        return status;
    }
    loader->crc = crc_of(0, loader->line);
    status = read_line(loader);
    while (status == STATUS_OK && strncmp(loader->line, "end ", 4) != 0) {
        uint32_t crc = crc_of(loader->crc, loader->line);

        status = loader->line_number == 2 ? load_boot(loader) : load_key(loader);
        loader->crc = crc;
        if (status == STATUS_OK) {
            status = read_line(loader);
        }
    }
    if (status != STATUS_OK) {
        return status;
    }
    snprintf(expected, sizeof(expected), "end %zu %08" PRIx32 "\n",
             loader->store->key_count, loader->crc);
    if (loader->line_number == 2 || strcmp(loader->line, expected) != 0) {
        return refuse(loader, "the number of keys or the checksum is wrong");
    }
    if (fgetc(loader->file) != EOF) {
        loader->line_number++;
        return refuse(loader, "there is something behind the end");
    }
    return STATUS_OK;
}

static enum status set_aside(struct loader *loader, struct error *error)
{
    const struct index_store *store = loader->store;

    index_store_clear(loader->store);
    loader->store->dirty = true;
    if (rename(store->path, store->corrupt_path) < 0) {
        return error_set(
            error, STATUS_INVALID,
            "index file %s, line %zu: %s; all indices start anew, and the"
            " file, which could not be renamed to %s (%s), will be replaced",
            store->path, loader->line_number, loader->reason, store->corrupt_path,
            strerror(errno));
    }
    return error_set(error, STATUS_INVALID,
                     "index file %s, line %zu: %s; all indices start anew, and the file"
                     " was renamed to %s",
                     store->path, loader->line_number, loader->reason,
                     store->corrupt_path);
}

enum status index_file_load(struct index_store *store, struct error *error)
{
    struct loader loader = { .store = store, .now_ns = clock_boot_ns() };
    enum status status = STATUS_OK;
    struct stat file_status;
    /* Not blocking: whatever else has that name is refused, not waited for. */
    int fd = open(store->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 && errno == ENOENT) {
        store->dirty = true;
        goto out;
    }
    if (fd < 0 || fstat(fd, &file_status) < 0) {
        status = error_set(error, STATUS_IO, "index file %s cannot be read: %s",
                           store->path, strerror(errno));
        goto out;
    }
    if (!S_ISREG(file_status.st_mode)) {
        status = error_set(error, STATUS_IO, "index file %s is no regular file",
                           store->path);
        goto out;
    }
    if (file_status.st_size > FILE_SIZE_MAX) {
        loader.line_number = 1;
        refuse(&loader, "the file is larger than any index file");
        status = set_aside(&loader, error);
        goto out;
    }
    loader.file = fdopen(fd, "r");
    if (loader.file == NULL) {
        status = STATUS_NO_MEMORY;
        goto out;
    }
    fd = -1;
    status = load_lines(&loader);
    if (status == STATUS_INVALID) {
        status = set_aside(&loader, error);
    } else if (status == STATUS_IO) {
        error_set(error, STATUS_IO, "index file %s cannot be read: %s", store->path,
                  strerror(errno));
    }
out:
    if (loader.file != NULL) {
        fclose(loader.file);
    }
    if (fd >= 0) {
        close(fd);
    }
    return status;
}

/* Saving */

static void write_line(FILE *file, uint32_t *crc, const char *line)
{
    *crc = crc_of(*crc, line);
    fputs(line, file); /* ferror() tells at the end */
}

static void write_lines(const struct index_store *store, const struct uuid *boot,
                        FILE *file)
{
    char boot_text[UUID_TEXT_SIZE];
    char line[LINE_SIZE];
    uint32_t crc = 0;

    write_line(file, &crc, MAGIC);
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
        if (key->used) {
            snprintf(line, sizeof(line), "%" PRIu32 " used %s\n", key->index,
                     key->text);
        } else {
            snprintf(line, sizeof(line), "%" PRIu32 " released %" PRId64 " %s\n",
                     key->index, key->released_ns, key->text);
        }
        write_line(file, &crc, line);
    }
    fprintf(file, "end %zu %08" PRIx32 "\n", store->key_count, crc);
}

/* The new file, whole and on disk.  False with errno set. */
static bool write_new_file(const struct index_store *store)
{
    struct uuid boot = read_boot_id();
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

/* Makes a rename in the file's folder last.  False with errno set. */
static bool sync_folder(const char *path)
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
    if (!sync_folder(store->path)) {
        return error_set(error, STATUS_IO,
                         "the folder of %s cannot be synchronised: %s", store->path,
                         strerror(errno));
    }
    store->dirty = false;
    return STATUS_OK;
}
