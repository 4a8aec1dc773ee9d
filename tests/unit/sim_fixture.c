/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/sim_fixture.h"

extern const struct backend_module hvagentx_backend;

static char folder[64];

const struct backend_ops *sim(void)
{
    return hvagentx_backend.ops;
}

const char *path_of(const char *name)
{
    static _Thread_local char path[PATH_SIZE];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

void write_octets(const char *name, const char *text, size_t size)
{
    static time_t second = 1000000000;
    const struct timespec times[2] = { { .tv_sec = second }, { .tv_sec = second } };
    char path[PATH_SIZE];
    FILE *file = fopen(path_of("new"), "we");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fflush(file), 0);
    assert_int_equal(futimens(fileno(file), times), 0);
    second++;
    assert_int_equal(fclose(file), 0);
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(rename(path_of("new"), path), 0);
}

void write_file(const char *name, const char *text)
{
    write_octets(name, text, strlen(text));
}

enum status open_file(const char *name, struct backend **ret_backend,
                      struct error *error)
{
    char uri[PATH_SIZE + 8];

    *ret_backend = NULL;
    snprintf(uri, sizeof(uri), "sim:%s", name[0] == '/' ? name : path_of(name));
    return sim()->open(uri, ret_backend, error);
}

struct backend *must_open(const char *name)
{
    struct backend *backend;
    struct error error = ERROR_NONE;

    if (open_file(name, &backend, &error) != STATUS_OK) {
        fail_msg("%s: %s", name, error.text);
    }
    return backend;
}

struct backend *open_source(const char *path)
{
    const char *top = getenv("HVX_SOURCE");
    char relative[PATH_SIZE];
    char full[PATH_MAX];

    snprintf(relative, sizeof(relative), "%s/%s", top != NULL ? top : ".", path);
    if (realpath(relative, full) == NULL) {
        fail_msg("%s is not there; HVX_SOURCE names the top of the source tree",
                 relative);
    }
    return must_open(full);
}

struct collected collect(struct backend *backend, enum section section)
{
    const struct backend_request request = {
        .section = section,
        .deadline_ns = clock_boot_ns() + SOON_NS,
    };
    struct collected collected = { .builder = builder_new(section) };

    collected.status =
        sim()->collect(backend, &request, collected.builder, &collected.error);
    builder_close(collected.builder);
    collected.content = builder_content(collected.builder);
    return collected;
}

struct collected must_collect(struct backend *backend, enum section section)
{
    struct collected collected = collect(backend, section);

    if (collected.status != STATUS_OK) {
        fail_msg("%s: %s", section_name(section), collected.error.text);
    }
    return collected;
}

void drop(struct collected *collected)
{
    builder_unref(collected->builder);
}

size_t count_of(struct backend *backend, enum section section)
{
    struct collected collected = must_collect(backend, section);
    size_t count = collected.content.count;

    drop(&collected);
    return count;
}

enum status status_of(struct backend *backend, enum section section)
{
    struct collected collected = collect(backend, section);
    enum status status = collected.status;

    drop(&collected);
    return status;
}

const void *record_of(struct backend *backend, const struct collected *collected,
                      const char *name)
{
    struct collected domains = must_collect(backend, SECTION_DOMAINS);
    const void *found = NULL;
    struct uuid uuid = { { 0 } };

    for (size_t i = 0; i < domains.content.count; i++) {
        const struct domain *domain = domains.content.records[i];

        if (strcmp(domain->name, name) == 0) {
            uuid = domain->uuid;
        }
    }
    drop(&domains);
    for (size_t i = 0; i < collected->content.count; i++) {
        const void *record = collected->content.records[i];

        if (uuid_compare(section_uuid(builder_section(collected->builder), record),
                         &uuid)
            == 0) {
            found = record;
        }
    }
    if (found == NULL) {
        fail_msg("no domain %s", name);
    }
    return found;
}

bool has_domain(struct backend *backend, const char *name)
{
    struct collected domains = must_collect(backend, SECTION_DOMAINS);
    bool found = false;

    for (size_t i = 0; i < domains.content.count; i++) {
        const struct domain *domain = domains.content.records[i];

        found = found || strcmp(domain->name, name) == 0;
    }
    drop(&domains);
    return found;
}

struct domain_statistics statistics_of(struct backend *backend, const char *name)
{
    struct collected all = must_collect(backend, SECTION_STATISTICS);
    const struct domain_statistics *found = record_of(backend, &all, name);
    struct domain_statistics statistics = { .uuid = found->uuid };

    statistics.has = found->has;
    statistics.cpu_time_ns = found->cpu_time_ns;
    statistics.memory_bytes = found->memory_bytes;
    statistics.vcpus = found->vcpus;
    drop(&all);
    return statistics;
}

void refuse(const char *name, const char *words)
{
    struct backend *backend;
    struct error error = ERROR_NONE;
    enum status status = open_file(name, &backend, &error);

    assert_null(backend);
    if (status != STATUS_UNAVAILABLE || strstr(error.text, words) == NULL) {
        fail_msg("%s: \"%s\" instead of \"%s\"", status_name(status), error.text,
                 words);
    }
}

int make_folder(void **state)
{
    const char *temporary = getenv("TMPDIR");

    (void)state;
    snprintf(folder, sizeof(folder), "%.40s/test_sim.XXXXXX",
             temporary != NULL && strlen(temporary) <= 40 ? temporary : "/tmp");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

int remove_folder(void **state)
{
    DIR *entries = opendir(folder);
    const struct dirent *entry;

    (void)state;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        unlinkat(dirfd(entries), entry->d_name, 0);
    }
    if (entries != NULL) {
        closedir(entries);
    }
    return rmdir(folder);
}
