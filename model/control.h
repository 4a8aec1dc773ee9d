/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.h - what a role may do to which domains, as the configuration says.
 *
 * Plain data; whoever reads it at the same time as others does so without a
 * lock, once it is made.
 */
#ifndef HVX_MODEL_CONTROL_H
#define HVX_MODEL_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "model/operation.h"
#include "model/status.h"
#include "model/uuid.h"

/* Most patterns of each kind in one rule. */
#define CONTROL_PATTERNS_MAX 1000

/* A domain by its UUID, or domains by a pattern of their names. */
struct control_pattern {
    bool is_uuid;
    struct uuid uuid;
    char *name; /* fnmatch(3) without flags; NULL: is_uuid */
};

/*
 * Permits some classes for some domains: those that a pattern of `allow` fits,
 * or all where there is none, without those that one of `deny` fits.
 */
struct control {
    unsigned classes; /* OPERATION_CLASS_BIT()s; 0: nothing is permitted */
    size_t allow_count;
    struct control_pattern *allow;
    size_t deny_count;
    struct control_pattern *deny;
};

/*
 * Adds a pattern: a UUID in its usual text form, or else a pattern of names.
 * STATUS_INVALID: it is empty, or there are too many.
 */
enum status control_add(struct control *control, bool allow, const char *pattern,
                        struct error *error) MUST_CHECK;

/* Frees the patterns, and permits nothing then. */
void control_clear(struct control *control);

/* Whether both say the same, in the same order. */
bool control_equals(const struct control *a, const struct control *b);

/*
 * Whether that class of operations is permitted for a domain.  A domain without
 * a UUID is found by its name alone.  NULL permits nothing.
 */
bool control_permits(const struct control *control, enum operation_class class,
                     const struct uuid *uuid, const char *name);

#endif
