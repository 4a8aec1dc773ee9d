/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index_load.c - reading the file of an index store (index_store.h).
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
#include "model/index_store.h"
#include "model/state_file.h"

#define FILE_SIZE_MAX ((off_t)(INDEX_KEYS_MAX + INDEX_PARTS_MAX) * INDEX_LINE_SIZE)

struct loader {
    struct index_store *store;
    FILE *file;
    bool same_boot;
    int64_t now_ns;
    uint32_t crc; /* of all lines before the present one */
    size_t line_number;
    const char *reason;    /* why the file cannot be understood */
    struct index_key *key; /* the last one read; NULL: none yet */
    char line[INDEX_LINE_SIZE];
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
    struct uuid now = state_file_boot_id();
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

/*
 * What lines of keys and of parts have in common: "INDEX used TEXT".  Cuts
 * the line at its end.
 */
static enum status load_entry(struct loader *loader, const char **at,
                              int64_t *ret_index, int64_t *ret_released_ns)
{
    char *end = strchr(loader->line, '\n');

    *ret_released_ns = CLOCK_NEVER;
    if (!take_number(at, ' ', INDEX_KEYS_MAX, ret_index) || *ret_index < 1) {
        return refuse(loader, "the index is no number or out of range");
    }
    if (take_word(at, "released ")) {
        if (!take_number(at, ' ', INT64_MAX, ret_released_ns)) {
            return refuse(loader, "the time of release is no number or out of range");
        }
        if (!loader->same_boot) {
            *ret_released_ns = loader->now_ns;
        }
    } else if (!take_word(at, "used ")) {
        return refuse(loader, "\"used\" or \"released\" expected");
    }
    *end = '\0';
    if (!index_key_is_valid(*at)) {
        return refuse(loader, "the key is empty, too long, or no text");
    }
    return STATUS_OK;
}

static enum status load_part(struct loader *loader, enum index_part kind,
                             const char *at)
{
    struct index_part_entry part = { .kind = kind };
    int64_t index;
    enum status status;

    if (loader->key == NULL) {
        return refuse(loader, "a part without a key in front of it");
    }
    status = load_entry(loader, &at, &index, &part.released_ns);
    if (status != STATUS_OK) {
        return status;
    }
    part.name = loader->line + (at - loader->line);
    part.index = (uint32_t)index;
    part.used = part.released_ns == CLOCK_NEVER;
    status = index_key_add_part(loader->store, loader->key, &part);
    return status == STATUS_BUSY ? refuse(loader, "too many parts") : status;
}

/* The parts of the last key are complete. */
static enum status finish_key(struct loader *loader)
{
    enum status status = STATUS_OK;

    if (loader->key != NULL) {
        status = index_key_sort_parts(loader->key);
    }
    return status == STATUS_INVALID
               ? refuse(loader, "an index occurs twice in the parts of the key before")
               : status;
}

static enum status load_key(struct loader *loader)
{
    struct index_store *store = loader->store;
    const char *at = loader->line;
    int64_t released_ns;
    int64_t index;
    enum status status = finish_key(loader);

    if (status == STATUS_OK) {
        status = load_entry(loader, &at, &index, &released_ns);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if ((size_t)index <= store->slot_count && store->slots[index - 1] != NULL) {
        return refuse(loader, "the index occurs twice");
    }
    if (index_store_find(store, at) != NULL) {
        return refuse(loader, "the key occurs twice");
    }
    /* No STATUS_BUSY: there are not more keys than indices. */
    status = index_store_insert(store, at, (uint32_t)index, released_ns);
    if (status == STATUS_OK) {
        loader->key = store->slots[index - 1];
    }
    return status;
}

static enum status load_line(struct loader *loader)
{
    if (loader->line_number == 2) {
        return load_boot(loader);
    }
    for (enum index_part kind = 0; kind < INDEX_PART_COUNT; kind++) {
        const char *at = loader->line;

        if (take_word(&at, index_part_name(kind)) && take_word(&at, " ")) {
            return load_part(loader, kind, at);
        }
    }
    return load_key(loader);
}

static enum status load_lines(struct loader *loader)
{
    enum status status = read_line(loader);
    char expected[INDEX_LINE_SIZE];

    if (status == STATUS_OK && strcmp(loader->line, INDEX_FILE_MAGIC) != 0) {
        status = refuse(loader, "no index file of this version");
    }
    if (status != STATUS_OK) {
        return status;
    }
    loader->crc = state_file_crc(0, loader->line);
    status = read_line(loader);
    while (status == STATUS_OK && strncmp(loader->line, "end ", 4) != 0) {
        uint32_t crc = state_file_crc(loader->crc, loader->line);

        status = load_line(loader);
        loader->crc = crc;
        if (status == STATUS_OK) {
            status = read_line(loader);
        }
    }
    if (status == STATUS_OK) {
        status = finish_key(loader);
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
