/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "mib/mib.h"
#include "mib/hvagentx_mib.h"
#include "mib/vm_mib.h"

const struct mib_module *const mib_modules[MIB_MODULE_COUNT] = {
    &vm_mib,
    &hvagentx_mib,
};

struct mib_tree {
    size_t count;
    struct mib_object objects[];
};

/* Negative or positive where the two differ within the shorter one, else 0. */
static int compare_ids(const uint32_t *a, size_t a_length, const uint32_t *b,
                       size_t b_length)
{
    size_t common = a_length < b_length ? a_length : b_length;

    for (size_t i = 0; i < common; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return 0;
}

int mib_oid_compare(const struct mib_oid *a, const struct mib_oid *b)
{
    int order = compare_ids(a->ids, a->length, b->ids, b->length);

    if (order != 0 || a->length == b->length) {
        return order;
    }
    return a->length < b->length ? -1 : 1;
}

const char *mib_error_name(enum mib_error error)
{
    switch (error) {
    case MIB_NO_ERROR:
        return "noError";
    case MIB_WRONG_TYPE:
        return "wrongType";
    case MIB_WRONG_LENGTH:
        return "wrongLength";
    case MIB_WRONG_ENCODING:
        return "wrongEncoding";
    case MIB_WRONG_VALUE:
        return "wrongValue";
    case MIB_NO_CREATION:
        return "noCreation";
    case MIB_INCONSISTENT_VALUE:
        return "inconsistentValue";
    case MIB_RESOURCE_UNAVAILABLE:
        return "resourceUnavailable";
    case MIB_COMMIT_FAILED:
        return "commitFailed";
    case MIB_NOT_WRITABLE:
        return "notWritable";
    }
    return "genErr";
}

struct mib_tree *mib_tree_new(void)
{
    size_t count = 0;
    struct mib_tree *tree;

    for (size_t m = 0; m < MIB_MODULE_COUNT; m++) {
        for (size_t g = 0; g < mib_modules[m]->group_count; g++) {
            count += mib_modules[m]->groups[g]->column_count;
        }
    }
    tree = calloc(1, sizeof(*tree) + count * sizeof(tree->objects[0]));
    if (tree == NULL) {
        return NULL;
    }
    for (size_t m = 0; m < MIB_MODULE_COUNT; m++) {
        for (size_t g = 0; g < mib_modules[m]->group_count; g++) {
            const struct mib_group *group = mib_modules[m]->groups[g];

            for (size_t c = 0; c < group->column_count; c++) {
                struct mib_object *object = &tree->objects[tree->count++];

                object->module = mib_modules[m];
                object->group = group;
                object->column = &group->columns[c];
                memcpy(object->prefix.ids, group->prefix,
                       group->prefix_length * sizeof(group->prefix[0]));
                object->prefix.ids[group->prefix_length] = group->columns[c].id;
                object->prefix.length = group->prefix_length + 1;
            }
        }
    }
    return tree;
}

void mib_tree_free(struct mib_tree *tree)
{
    free(tree);
}

size_t mib_tree_count(const struct mib_tree *tree)
{
    return tree->count;
}

const struct mib_object *mib_tree_object(const struct mib_tree *tree, size_t position)
{
    return &tree->objects[position];
}

static bool object_holds(const struct mib_object *object, const struct mib_oid *name)
{
    return name->length >= object->prefix.length
           && compare_ids(name->ids, object->prefix.length, object->prefix.ids,
                          object->prefix.length)
                  == 0;
}

/*
 * Position of the first object that lies at or behind `name`, or that holds
 * it: where a lookup that starts at `name` begins.
 */
static size_t first_object(const struct mib_tree *tree, const struct mib_oid *name,
                           size_t hint)
{
    size_t low = 0;
    size_t high = tree->count;

    if (hint < tree->count && object_holds(&tree->objects[hint], name)) {
        return hint;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct mib_oid *prefix = &tree->objects[middle].prefix;
        int order = compare_ids(prefix->ids, prefix->length, name->ids, name->length);

        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct mib_object *mib_tree_find(const struct mib_tree *tree,
                                       const struct mib_oid *name)
{
    size_t position = first_object(tree, name, tree->count);

    if (position < tree->count && object_holds(&tree->objects[position], name)) {
        return &tree->objects[position];
    }
    return NULL;
}

/* What the object's rows and values depend on. */
static unsigned object_sections(const struct mib_object *object,
                                const struct mib_context *context)
{
    return (object->group->sections | object->column->sections) & context->sections;
}

/* The instances of an object: the rows of its table, or the one of a scalar. */
static size_t object_count(const struct mib_object *object,
                           const struct mib_context *context)
{
    return object->group->count == NULL ? 1 : object->group->count(context);
}

static void object_index(const struct mib_object *object,
                         const struct mib_context *context, size_t row,
                         struct mib_index *index)
{
    if (object->group->count == NULL) {
        index->length = 1;
        index->ids[0] = 0;
    } else {
        object->group->index(context, row, index);
    }
}

/* Order of the row's instance and the instance wanted (RFC 2578 section 7.7). */
static int compare_row(const struct mib_object *object,
                       const struct mib_context *context, size_t row,
                       const uint32_t *ids, size_t length)
{
    struct mib_index index;
    int order;

    object_index(object, context, row, &index);
    order = compare_ids(index.ids, index.length, ids, length);
    if (order != 0 || index.length == length) {
        return order;
    }
    return index.length < length ? -1 : 1;
}

/*
 * Position of the first row whose instance is at or after (include) or after
 * (!include) the one wanted; the count where there is none.
 */
static size_t find_row(const struct mib_object *object,
                       const struct mib_context *context, const uint32_t *ids,
                       size_t length, bool include, size_t hint)
{
    size_t low = 0;
    size_t high = object_count(object, context);
    int wanted = include ? 0 : 1;

    /* A walk asks for the row behind the last one found. */
    for (size_t guess = hint; guess < high && guess <= hint + 1; guess++) {
        if (compare_row(object, context, guess, ids, length) < wanted) {
            low = guess + 1;
        } else {
            high = guess;
        }
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_row(object, context, middle, ids, length) < wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Whether the object has the instance named; *ret_row: where it is or would be. */
static bool find_instance(const struct mib_object *object,
                          const struct mib_context *context, const struct mib_oid *name,
                          size_t hint, size_t *ret_row)
{
    const uint32_t *instance = name->ids + object->prefix.length;
    size_t length = name->length - object->prefix.length;
    size_t row = find_row(object, context, instance, length, true, hint);

    *ret_row = row;
    return row < object_count(object, context)
           && compare_row(object, context, row, instance, length) == 0;
}

enum mib_result mib_get(const struct mib_tree *tree, const struct mib_context *context,
                        const struct mib_oid *name, struct mib_hint *hint,
                        struct mib_value *ret_value, unsigned *ret_sections)
{
    size_t position = first_object(tree, name, hint->object);
    const struct mib_object *object;
    bool found;

    if (position == tree->count || !object_holds(&tree->objects[position], name)) {
        return MIB_NO_OBJECT;
    }
    object = &tree->objects[position];
    *ret_sections |= object_sections(object, context);
    found = find_instance(object, context, name, hint->row, &hint->row);
    hint->object = position;
    if (!found) {
        return MIB_NO_INSTANCE;
    }
    ret_value->type = object->column->type;
    return object->column->get(context, hint->row, ret_value) ? MIB_FOUND
                                                              : MIB_NO_INSTANCE;
}

enum mib_error mib_check(const struct mib_object *object,
                         const struct mib_context *context, const struct mib_oid *name,
                         const struct mib_value *value, struct mib_change *ret_change)
{
    const struct mib_column *column = object->column;
    enum mib_error error = column->accept(value);
    size_t row;

    if (error != MIB_NO_ERROR) {
        return error;
    }
    if (column->access == MIB_READ_CREATE) {
        return column->create(context, column->id, name->ids + object->prefix.length,
                              name->length - object->prefix.length, value, ret_change);
    }
    if (!find_instance(object, context, name, 0, &row)) {
        return MIB_NO_CREATION;
    }
    return column->check(context, row, value, ret_change);
}

static void compose_name(const struct mib_object *object,
                         const struct mib_context *context, size_t row,
                         struct mib_oid *ret_name)
{
    struct mib_index index;

    object_index(object, context, row, &index);
    memcpy(ret_name->ids, object->prefix.ids,
           object->prefix.length * sizeof(ret_name->ids[0]));
    memcpy(ret_name->ids + object->prefix.length, index.ids,
           index.length * sizeof(ret_name->ids[0]));
    ret_name->length = object->prefix.length + index.length;
}

/* The first row of the object from `row` on that has a value. */
static bool next_value(const struct mib_object *object,
                       const struct mib_context *context, size_t *row,
                       struct mib_value *ret_value)
{
    size_t count = object_count(object, context);

    ret_value->type = object->column->type;
    while (*row < count && !object->column->get(context, *row, ret_value)) {
        (*row)++;
    }
    return *row < count;
}

enum mib_result mib_next(const struct mib_tree *tree, const struct mib_context *context,
                         const struct mib_oid *start, bool include,
                         const struct mib_oid *end, struct mib_hint *hint,
                         struct mib_oid *ret_name, struct mib_value *ret_value,
                         unsigned *ret_sections)
{
    for (size_t position = first_object(tree, start, hint->object);
         position < tree->count; position++) {
        const struct mib_object *object = &tree->objects[position];
        size_t row = 0;

        /* The whole object lies behind the range: do not depend on it. */
        if (end->length > 0 && mib_oid_compare(&object->prefix, end) >= 0) {
            return MIB_END;
        }
        *ret_sections |= object_sections(object, context);
        if (object_holds(object, start)) {
            row = find_row(object, context, start->ids + object->prefix.length,
                           start->length - object->prefix.length, include, hint->row);
        }
        if (!next_value(object, context, &row, ret_value)) {
            continue;
        }
        compose_name(object, context, row, ret_name);
        if (end->length > 0 && mib_oid_compare(ret_name, end) >= 0) {
            return MIB_END;
        }
        hint->object = position;
        hint->row = row;
        return MIB_FOUND;
    }
    return MIB_END;
}
