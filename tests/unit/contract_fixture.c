/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "model/clock.h"
#include "model/text.h"
#include "tests/unit/contract_fixture.h"

const struct backend_ops *ops;

struct backend *open_backend(const char *uri)
{
    struct backend *backend = NULL;
    struct error error = ERROR_NONE;
    enum status status = ops->open(uri, &backend, &error);

    if (status != STATUS_OK) {
        fail_msg("%s: %s: %s", uri, status_name(status), error.text);
    }
    assert_non_null(backend);
    return backend;
}

struct collected collect_some(struct backend *backend, enum section section,
                              const struct uuid *uuids, size_t count)
{
    const struct backend_request request = {
        .section = section,
        .uuids = uuids,
        .uuid_count = count,
        .deadline_ns = clock_boot_ns() + SOON_NS,
    };
    struct collected collected = { .builder = builder_new(section) };

    collected.status =
        ops->collect(backend, &request, collected.builder, &collected.error);
    builder_close(collected.builder);
    collected.content = builder_content(collected.builder);
    return collected;
}

struct collected collect(struct backend *backend, enum section section)
{
    struct collected collected = collect_some(backend, section, NULL, 0);

    if (collected.status != STATUS_OK) {
        fail_msg("%s: %s: %s", section_name(section), status_name(collected.status),
                 collected.error.text);
    }
    return collected;
}

void drop(struct collected *collected)
{
    builder_unref(collected->builder);
}

/* Each record of domains has its UUID in another place. */
const struct uuid *uuid_at(const struct collected *collected, size_t at)
{
    return section_uuid(builder_section(collected->builder),
                        collected->content.records[at]);
}

bool has_uuid(const struct collected *collected, const struct uuid *uuid)
{
    for (size_t i = 0; i < collected->content.count; i++) {
        if (uuid_compare(uuid_at(collected, i), uuid) == 0) {
            return true;
        }
    }
    return false;
}

bool can(enum backend_capability capability)
{
    return (ops->capabilities & BACKEND_CAPABILITY_BIT(capability)) != 0;
}

bool serves(enum section section)
{
    switch (section) {
    case SECTION_NODE:
    case SECTION_DOMAINS:
        return can(BACKEND_CAN_DOMAINS);
    case SECTION_CONFIGS:
        return can(BACKEND_CAN_CONFIGURATION);
    case SECTION_STATISTICS:
        return can(BACKEND_CAN_STATISTICS);
    case SECTION_DEVICES:
        return can(BACKEND_CAN_DEVICES);
    case SECTION_STORAGE:
        return can(BACKEND_CAN_STORAGE);
    }
    return false;
}

void assert_clean(const char *text)
{
    char clean[TEXT_MAX + 1];

    text_clean(clean, sizeof(clean), text);
    assert_string_equal(clean, text);
}

void assert_words(enum status status, const struct error *error)
{
    assert_int_not_equal(status, STATUS_OK);
    assert_int_equal(error->status, status);
    assert_true(strlen(error->text) > 8);
    assert_null(strpbrk(error->text, "\r\n"));
}
