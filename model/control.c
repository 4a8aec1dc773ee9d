/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/control.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static void clear_patterns(struct control_pattern **patterns, size_t *count)
{
    for (size_t i = 0; i < *count; i++) {
        free((*patterns)[i].name);
    }
    free(*patterns);
    *patterns = NULL;
    *count = 0;
}

void control_clear(struct control *control)
{
    control->classes = 0;
    clear_patterns(&control->allow, &control->allow_count);
    clear_patterns(&control->deny, &control->deny_count);
}

enum status control_add(struct control *control, bool allow, const char *pattern,
                        struct error *error)
{
    struct control_pattern **patterns = allow ? &control->allow : &control->deny;
    size_t *count = allow ? &control->allow_count : &control->deny_count;
    struct control_pattern added = { 0 };
    struct control_pattern *grown;

    if (pattern[0] == '\0') {
        return error_set(error, STATUS_INVALID,
                         "an empty pattern fits no domain: write a UUID, or a pattern "
                         "of names such as \"web-*\"");
    }
    if (*count == CONTROL_PATTERNS_MAX) {
        return error_set(error, STATUS_INVALID,
                         "more than %d patterns: use fewer, with *",
                         CONTROL_PATTERNS_MAX);
    }
    grown = reallocarray(*patterns, *count + 1, sizeof(*grown));
    if (grown == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    *patterns = grown;
    added.is_uuid = uuid_parse(pattern, &added.uuid);
    if (!added.is_uuid) {
        added.name = strdup(pattern);
        if (added.name == NULL) {
            return error_set(error, STATUS_NO_MEMORY, "out of memory");
        }
    }
    grown[(*count)++] = added;
    return STATUS_OK;
}

static bool patterns_equal(const struct control_pattern *a, size_t a_count,
                           const struct control_pattern *b, size_t b_count)
{
    if (a_count != b_count) {
        return false;
    }
    for (size_t i = 0; i < a_count; i++) {
        if (a[i].is_uuid != b[i].is_uuid
            || (a[i].is_uuid ? uuid_compare(&a[i].uuid, &b[i].uuid) != 0
                             : strcmp(a[i].name, b[i].name) != 0)) {
            return false;
        }
    }
    return true;
}

bool control_equals(const struct control *a, const struct control *b)
{
    return a->classes == b->classes
           && patterns_equal(a->allow, a->allow_count, b->allow, b->allow_count)
           && patterns_equal(a->deny, a->deny_count, b->deny, b->deny_count);
}

static bool one_fits(const struct control_pattern *patterns, size_t count,
                     const struct uuid *uuid, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (patterns[i].is_uuid
                ? !uuid_is_nil(uuid) && uuid_compare(&patterns[i].uuid, uuid) == 0
                : fnmatch(patterns[i].name, name, 0) == 0) {
            return true;
        }
    }
    return false;
}

bool control_permits(const struct control *control, enum operation_class class,
                     const struct uuid *uuid, const char *name)
{
    return control != NULL && (control->classes & OPERATION_CLASS_BIT(class)) != 0
           && (control->allow_count == 0
               || one_fits(control->allow, control->allow_count, uuid, name))
           && !one_fits(control->deny, control->deny_count, uuid, name);
}
