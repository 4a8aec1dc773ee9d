/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/index_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int scratch_setup(void **state)
{
    struct scratch *scratch = calloc(1, sizeof(*scratch));
    const char *parent = getenv("TMPDIR");

    if (scratch == NULL) {
        return -1;
    }
    snprintf(scratch->folder, sizeof(scratch->folder), "%s/hvagentx-index.XXXXXX",
             parent != NULL ? parent : "/tmp");
    if (mkdtemp(scratch->folder) == NULL) {
        free(scratch);
        return -1;
    }
    snprintf(scratch->path, sizeof(scratch->path), "%s/domains", scratch->folder);
    snprintf(scratch->new_path, sizeof(scratch->new_path), "%s.new", scratch->path);
    snprintf(scratch->corrupt_path, sizeof(scratch->corrupt_path), "%s.corrupt",
             scratch->path);
    *state = scratch;
    return 0;
}

int scratch_teardown(void **state)
{
    struct scratch *scratch = *state;
    DIR *folder = opendir(scratch->folder);
    const struct dirent *entry;
    char path[600];

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        snprintf(path, sizeof(path), "%s/%s", scratch->folder, entry->d_name);
        if (unlink(path) < 0) {
            rmdir(path);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    rmdir(scratch->folder);
    free(scratch);
    return 0;
}

struct index_store *open_at(const char *path)
{
    struct error error = ERROR_NONE;
    struct index_store *store = NULL;

    if (index_store_open(path, GRACE_NS, &store, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    assert_non_null(store);
    return store;
}

void save(struct index_store *store)
{
    struct error error = ERROR_NONE;

    if (index_store_save(store, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
}

uint32_t assign(struct index_store *store, const char *key, int64_t now_ns)
{
    uint32_t index = 0;

    assert_int_equal(index_store_assign(store, key, now_ns, &index, NULL), STATUS_OK);
    assert_true(index >= 1);
    return index;
}

bool is_new(struct index_store *store, const char *key, int64_t now_ns)
{
    uint32_t index;
    bool new_key = false;

    assert_int_equal(index_store_assign(store, key, now_ns, &index, &new_key),
                     STATUS_OK);
    return new_key;
}

bool exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

char *read_file(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "r");
    char *content = calloc(1, 1 << 16);

    assert_non_null(file);
    assert_non_null(content);
    *ret_size = fread(content, 1, (1 << 16) - 1, file);
    fclose(file);
    return content;
}

void write_file(const char *path, const void *content, size_t size)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

uint32_t crc_of(const char *text)
{
    uint32_t crc = UINT32_MAX;

    for (; *text != '\0'; text++) {
        crc ^= (unsigned char)*text;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? UINT32_C(0xedb88320) : 0);
        }
    }
    return ~crc;
}

void write_sealed(const char *path, const char *body, unsigned count)
{
    char content[4096];

    snprintf(content, sizeof(content), "%send %u %08" PRIx32 "\n", body, count,
             crc_of(body));
    write_file(path, content, strlen(content));
}

const char *boot_id(void)
{
    static char text[64];
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "r");

    assert_non_null(file);
    assert_non_null(fgets(text, sizeof(text), file));
    fclose(file);
    text[strcspn(text, "\n")] = '\0';
    return text;
}

void check_is_refused(const struct scratch *scratch, const char *line)
{
    struct error error = ERROR_NONE;
    struct index_store *store = NULL;
    size_t before_size;
    size_t after_size;
    char *before = read_file(scratch->path, &before_size);
    char *after;
    enum status status = index_store_open(scratch->path, GRACE_NS, &store, &error);

    if (status != STATUS_INVALID) {
        fail_msg("status %s for: %s", status_name(status), before);
    }
    assert_non_null(store);
    assert_int_equal(error.status, STATUS_INVALID);
    assert_non_null(strstr(error.text, scratch->path));
    assert_non_null(strstr(error.text, scratch->corrupt_path));
    if (strstr(error.text, line) == NULL) {
        fail_msg("\"%s\" is not in: %s", line, error.text);
    }
    assert_false(exists(scratch->path));
    after = read_file(scratch->corrupt_path, &after_size);
    assert_int_equal(before_size, after_size);
    assert_memory_equal(before, after, after_size);

    assert_int_equal(index_store_count(store), 0);
    assert_int_equal(index_store_changed_ns(store), CLOCK_NEVER);
    index_store_close(store);
    free(before);
    free(after);
}
