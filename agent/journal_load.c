/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/journal_line.h"
#include "agent/journal_parts.h"
#include "model/clock.h"
#include "model/state_file.h"

/* A file of a journal that is larger was written by something else. */
#define FILE_SIZE_MAX ((off_t)256 * 1024 * 1024)

/* Ids that a loss of power may have taken with lines that were not on the disk. */
#define LOST_IDS UINT32_C(65536)

struct loader {
    int64_t now_ns;
    int64_t keep_ns;
    struct uuid boot; /* this one */
    int64_t date_offset_ns;
    struct journal_run run; /* of the lines at hand */
    bool has_run;
    bool is_older; /* these lines are of another boot */
    uint32_t next_id;
    struct journal_found *found;
    size_t count;
    size_t room;
};

uint32_t journal_id_after(uint32_t id, uint32_t gap)
{
    const uint32_t first = OPERATION_MANAGER_ID_MAX + 1;

    return first + ((id - first + gap) & OPERATION_MANAGER_ID_MAX);
}

uint32_t journal_random_id(uint32_t next_id)
{
    uint32_t dice = 0;

    if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) < 0) {
        dice = (uint32_t)clock_boot_ns();
    }
    return journal_id_after(next_id, LOST_IDS + (dice >> 2));
}

/* Brings moments of another boot to this boot's clock, by their dates. */
static void convert(const struct loader *loader, struct operation *operation)
{
    int64_t shift_ns;

    if (__builtin_sub_overflow(loader->run.date_offset_ns, loader->date_offset_ns,
                               &shift_ns)) {
        shift_ns = 0;
    }
    journal_shift(operation, shift_ns);
    if (operation->forget_ns != CLOCK_NEVER) {
        operation->forget_ns = loader->now_ns + loader->keep_ns;
    }
}

/* The operation is the loader's, but for an error. */
static enum status remember(struct loader *loader, struct operation *operation)
{
    if (loader->count == loader->room) {
        size_t room = loader->room == 0 ? 256 : 2 * loader->room;
        struct journal_found *grown = reallocarray(loader->found, room, sizeof(*grown));

        if (grown == NULL) {
            return STATUS_NO_MEMORY;
        }
        loader->found = grown;
        loader->room = room;
    }
    if (loader->is_older) {
        convert(loader, operation);
    }
    if (operation->id > OPERATION_MANAGER_ID_MAX && operation->id >= loader->next_id) {
        loader->next_id = journal_id_after(operation->id, 1);
    }
    loader->found[loader->count++] =
        (struct journal_found) { operation, loader->is_older };
    operation->serial = loader->count;
    return STATUS_OK;
}

static bool load_run(struct loader *loader, char *line)
{
    if (!journal_line_parse_run(line, &loader->run)) {
        return false;
    }
    loader->has_run = true;
    loader->is_older = uuid_is_nil(&loader->boot)
                       || uuid_compare(&loader->run.boot, &loader->boot) != 0;
    if (loader->run.next_id > loader->next_id) {
        loader->next_id = loader->run.next_id;
    }
    return true;
}

/* One line without its newline.  STATUS_INVALID: it is damaged. */
static enum status load_line(struct loader *loader, char *line)
{
    struct operation *operation;
    enum status status;

    if (strncmp(line, "run ", 4) == 0) {
        return load_run(loader, line) ? STATUS_OK : STATUS_INVALID;
    }
    if (!loader->has_run) {
        return STATUS_INVALID;
    }
    status = journal_line_parse(line, &operation);
    if (status == STATUS_OK) {
        status = remember(loader, operation);
        if (status != STATUS_OK) {
            operation_free(operation);
        }
    }
    return status;
}

/*
 * Loads all lines; *ret_damaged: the number of the first damaged one, 0: none.
 * A last one that is damaged was cut off by a loss of power: nobody was told of it.
 * The first two were on the disk before the file had its name.
 */
static enum status load_lines(struct loader *loader, char *text, size_t size,
                              size_t *ret_damaged)
{
    const size_t magic_size = strlen(JOURNAL_MAGIC);
    enum status status = STATUS_OK;
    size_t number = 1;

    while (size > 0 && text[size - 1] == '\0') {
        size--; /* room that was never written to */
    }
    if (size == 0) {
        return STATUS_OK;
    }
    if (size < magic_size || memcmp(text, JOURNAL_MAGIC, magic_size) != 0) {
        *ret_damaged = 1;
        return STATUS_OK;
    }
    for (char *line = text + magic_size; status == STATUS_OK && line < text + size;) {
        char *end = memchr(line, '\n', (size_t)(text + size - line));
        bool is_last = end == NULL || end + 1 == text + size;

        size_t length = (size_t)((end == NULL ? text + size : end) - line);
        bool has_hole = memchr(line, '\0', length) != NULL;

        number++;
        status = STATUS_INVALID;
        if (end != NULL && !has_hole) {
            *end = '\0';
            status = load_line(loader, line);
        }
        if (status == STATUS_INVALID && (!is_last || has_hole)) {
            *ret_damaged = number;
        }
        line = is_last ? text + size : end + 1;
    }
    if (!loader->has_run && status != STATUS_NO_MEMORY) {
        *ret_damaged = 2;
    }
    return status == STATUS_INVALID ? STATUS_OK : status;
}

static bool read_all(int fd, char *text, size_t *size)
{
    size_t used = 0;

    while (used < *size) {
        ssize_t got = read(fd, text + used, *size - used);

        if (got < 0 && errno != EINTR) {
            return false;
        }
        if (got == 0) {
            break;
        }
        used += got > 0 ? (size_t)got : 0;
    }
    *size = used;
    return true;
}

/* The whole file; NULL with errno set. */
static char *read_file(const char *path, size_t *ret_size)
{
    /* Not blocking: whatever else has that name is refused, not waited for. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat properties;
    char *text = NULL;
    int reason;

    if (fd < 0) {
        return NULL;
    }
    if (fstat(fd, &properties) == 0) {
        if (!S_ISREG(properties.st_mode)) {
            errno = EINVAL;
        } else if (properties.st_size > FILE_SIZE_MAX) {
            errno = EFBIG;
        } else {
            *ret_size = (size_t)properties.st_size;
            text = malloc(*ret_size + 1);
        }
    }
    if (text != NULL && !read_all(fd, text, ret_size)) {
        reason = errno;
        free(text);
        text = NULL;
        errno = reason;
    }
    reason = errno;
    close(fd);
    errno = reason;
    return text;
}

static enum status hand_over(struct loader *loader, struct operation_table *table)
{
    loader->count = journal_keep(loader->found, loader->count, loader->now_ns);
    for (size_t i = 0; i < loader->count; i++) {
        if (!operation_table_add(table, loader->found[i].operation)) {
            return STATUS_NO_MEMORY;
        }
        loader->found[i].operation = NULL;
    }
    return STATUS_OK;
}

static void clear(struct loader *loader)
{
    for (size_t i = 0; i < loader->count; i++) {
        operation_free(loader->found[i].operation);
    }
    free(loader->found);
}

enum status journal_load(const char *path, int64_t keep_ns,
                         struct operation_table *table, uint32_t *ret_next_id,
                         size_t *ret_damaged, struct error *error)
{
    struct loader loader = {
        .now_ns = clock_boot_ns(),
        .keep_ns = keep_ns,
        .boot = state_file_boot_id(),
        .next_id = OPERATION_MANAGER_ID_MAX + 1,
    };
    enum status status = STATUS_OK;
    size_t damaged = 0;
    size_t size = 0;
    char *text = read_file(path, &size);

    loader.date_offset_ns = clock_date_ns() - loader.now_ns;
    if (text == NULL && errno == EFBIG) {
        damaged = 1;
    } else if (text == NULL && errno != ENOENT) {
        return error_set(error, journal_file_status(errno), "%s cannot be read: %s",
                         path, strerror(errno));
    }
    if (text != NULL) {
        status = load_lines(&loader, text, size, &damaged);
    }
    if (status == STATUS_OK) {
        status = hand_over(&loader, table);
    }
    clear(&loader);
    free(text);
    if (status != STATUS_OK) {
        return error_set(error, status, "%s cannot be read: out of memory", path);
    }
    *ret_damaged = damaged;
    *ret_next_id = loader.next_id;
    if (damaged != 0) {
        *ret_next_id = journal_random_id(loader.next_id);
    } else if (loader.is_older) {
        *ret_next_id = journal_id_after(loader.next_id, LOST_IDS);
    }
    return STATUS_OK;
}
