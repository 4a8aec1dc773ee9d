/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/snapshot_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void open_indices(struct fixture *fixture)
{
    struct error error = ERROR_NONE;

    if (index_store_open(fixture->path, fixture->grace_ns, &fixture->indices.domains,
                         &error)
            != STATUS_OK
        || index_store_open(fixture->volumes_path, fixture->grace_ns,
                            &fixture->indices.volumes, &error)
               != STATUS_OK) {
        fail_msg("%s", error.text);
    }
}

int snapshot_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    const char *parent = getenv("TMPDIR");

    if (fixture == NULL) {
        return -1;
    }
    snprintf(fixture->folder, sizeof(fixture->folder), "%s/hvagentx-snapshot.XXXXXX",
             parent != NULL ? parent : "/tmp");
    if (mkdtemp(fixture->folder) == NULL) {
        free(fixture);
        return -1;
    }
    snprintf(fixture->path, sizeof(fixture->path), "%s/domains", fixture->folder);
    snprintf(fixture->volumes_path, sizeof(fixture->volumes_path), "%s/volumes",
             fixture->folder);
    fixture->grace_ns = GRACE_NS;
    open_indices(fixture);
    fixture->snapshot = snapshot_new_empty();
    *state = fixture;
    return 0;
}

int snapshot_teardown(void **state)
{
    struct fixture *fixture = *state;
    DIR *folder = opendir(fixture->folder);
    const struct dirent *entry;
    char path[600];

    builder_unref(fixture->builder);
    snapshot_unref(fixture->snapshot);
    snapshot_indices_close(&fixture->indices);
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        snprintf(path, sizeof(path), "%s/%s", fixture->folder, entry->d_name);
        if (unlink(path) < 0) {
            rmdir(path);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    rmdir(fixture->folder);
    free(fixture);
    return 0;
}

void restart(struct fixture *fixture)
{
    snapshot_unref(fixture->snapshot);
    snapshot_indices_close(&fixture->indices);
    fixture->snapshot = snapshot_new_empty();
    open_indices(fixture);
}

struct uuid uuid_of(unsigned number)
{
    struct uuid uuid = { { 0 } };

    uuid.bytes[14] = (uint8_t)(number >> 8);
    uuid.bytes[15] = (uint8_t)number;
    return uuid;
}

void begin(struct fixture *fixture, enum section section)
{
    builder_unref(fixture->builder);
    fixture->builder = builder_new(section);
    assert_non_null(fixture->builder);
}

void deliver_in_state(struct fixture *fixture, unsigned number, const char *name,
                      enum domain_state state)
{
    const struct domain from = {
        .uuid = uuid_of(number),
        .name = name,
        .state = state,
        .started_ns = CLOCK_NEVER,
    };

    assert_true(builder_add_domain(fixture->builder, domain_new(&from)));
}

void deliver(struct fixture *fixture, unsigned number, const char *name)
{
    deliver_in_state(fixture, number, name, DOMAIN_STATE_RUNNING);
}

struct snapshot *merge_with(struct fixture *fixture, int64_t started_ns, bool complete,
                            struct error *error)
{
    const struct snapshot_update update = { fixture->builder, started_ns, complete,
                                            fixture->except };
    struct snapshot *old = fixture->snapshot;

    fixture->snapshot = snapshot_merge(old, &update, &fixture->indices, error);
    assert_non_null(fixture->snapshot);
    fixture->except.count = 0;
    return old;
}

void merge(struct fixture *fixture, int64_t started_ns, bool complete)
{
    struct error error = ERROR_NONE;

    snapshot_unref(merge_with(fixture, started_ns, complete, &error));
    if (error.status != STATUS_OK) {
        fail_msg("%s", error.text);
    }
}

void list(struct fixture *fixture, int64_t started_ns, const char *numbers)
{
    begin(fixture, SECTION_DOMAINS);
    for (const char *number = numbers; *number != '\0'; number++) {
        const char name[] = { *number, '\0' };

        deliver(fixture, (unsigned)(*number - '0'), name);
    }
    merge(fixture, started_ns, true);
}

const struct snapshot_domain *row_of(const struct fixture *fixture, uint32_t index)
{
    size_t position = snapshot_find_domain(fixture->snapshot, index, 0);

    assert_true(position < fixture->snapshot->domain_count);
    assert_int_equal(fixture->snapshot->domains[position].index, index);
    return &fixture->snapshot->domains[position];
}
