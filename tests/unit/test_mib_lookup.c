/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_mib_lookup.c - which value answers which name: mib_get() and
 * mib_next() against a list of all instances that is made without them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/mib_fixture.h"

#define LEAVES_MAX 2000

/* One instance that has a value. */
struct leaf {
    struct mib_oid name;
    const struct mib_object *object;
    size_t row;
};

/* All instances of a context in ascending order. */
struct leaves {
    size_t count;
    struct leaf leaves[LEAVES_MAX];
};

/* An order of OIDs as RFC 2578 section 7.7 puts it, not as mib.c does. */
static int compare(const struct mib_oid *a, const struct mib_oid *b)
{
    size_t i = 0;

    while (i < a->length && i < b->length && a->ids[i] == b->ids[i]) {
        i++;
    }
    if (i == a->length || i == b->length) {
        return (a->length > b->length) - (a->length < b->length);
    }
    return a->ids[i] > b->ids[i] ? 1 : -1;
}

static bool is_below(const struct mib_oid *name, const struct mib_oid *prefix)
{
    return name->length >= prefix->length
           && memcmp(name->ids, prefix->ids, prefix->length * sizeof(name->ids[0]))
                  == 0;
}

static const char *show(const struct mib_oid *name, char text[static 1600])
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < name->length && used < 1500; i++) {
        used +=
            (size_t)snprintf(text + used, 1600 - used, ".%u", (unsigned)name->ids[i]);
    }
    return text;
}

/* Asks the descriptors for all they have. */
static struct leaves *list_leaves(const struct mib_fixture *fixture)
{
    struct leaves *list = calloc(1, sizeof(*list));

    assert_non_null(list);
    for (size_t i = 0; i < mib_tree_count(fixture->tree); i++) {
        const struct mib_object *object = mib_tree_object(fixture->tree, i);
        const struct mib_group *group = object->group;
        size_t rows = group->count == NULL ? 1 : group->count(&fixture->context);

        for (size_t row = 0; row < rows; row++) {
            struct leaf *leaf = &list->leaves[list->count];
            struct mib_index index = { .length = 1, .ids = { 0 } };
            struct mib_value value;

            if (group->count != NULL) {
                group->index(&fixture->context, row, &index);
            }
            if (!object->column->get(&fixture->context, row, &value)) {
                continue;
            }
            assert_true(list->count < LEAVES_MAX);
            leaf->name = object->prefix;
            memcpy(leaf->name.ids + leaf->name.length, index.ids,
                   index.length * sizeof(index.ids[0]));
            leaf->name.length += index.length;
            leaf->object = object;
            leaf->row = row;
            list->count++;
            if (list->count > 1) {
                assert_true(compare(&leaf[-1].name, &leaf->name) < 0);
            }
        }
    }
    return list;
}

/* Whether the value is the one that the leaf's getter gives. */
static void check_value(const struct mib_fixture *fixture, const struct leaf *leaf,
                        const struct mib_value *value)
{
    struct mib_value expected;

    assert_true(leaf->object->column->get(&fixture->context, leaf->row, &expected));
    assert_int_equal(value->type, leaf->object->column->type);
    switch (value->type) {
    case MIB_INTEGER:
        assert_int_equal(value->integer, expected.integer);
        break;
    case MIB_COUNTER32:
    case MIB_GAUGE32:
    case MIB_TIMETICKS:
        assert_int_equal(value->number, expected.number);
        break;
    case MIB_COUNTER64:
        assert_true(value->counter64 == expected.counter64);
        break;
    case MIB_STRING:
        assert_int_equal(value->string.length, expected.string.length);
        assert_memory_equal(value->string.bytes, expected.string.bytes,
                            value->string.length);
        break;
    case MIB_OID:
        assert_int_equal(value->oid.length, expected.oid.length);
        assert_memory_equal(value->oid.ids, expected.oid.ids,
                            value->oid.length * sizeof(value->oid.ids[0]));
        break;
    }
}

/* A few numbers in an order that nobody chose, the same in each run. */
static uint32_t dice(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (uint32_t)(*seed >> 16);
}

/* A hint as a walk may have left it, or any other. */
static struct mib_hint roll_hint(uint64_t *seed, size_t objects)
{
    struct mib_hint hint = { dice(seed) % (objects + 2), dice(seed) % 20 };

    switch (dice(seed) % 8) {
    case 0:
        hint.object = SIZE_MAX;
        break;
    case 1:
        hint.row = SIZE_MAX;
        break;
    case 2:
        hint.row = SIZE_MAX - 1;
        break;
    default:
        break;
    }
    return hint;
}

/* What mib_next() must answer, by looking at all leaves in turn. */
struct answer {
    const struct leaf *leaf; /* NULL: MIB_END */
    unsigned sections;
};

static struct answer expect_next(const struct mib_fixture *fixture,
                                 const struct leaves *list, const struct mib_oid *start,
                                 bool include, const struct mib_oid *end)
{
    struct answer answer = { NULL, 0 };
    const struct leaf *found = NULL;

    for (size_t i = 0; i < list->count && found == NULL; i++) {
        int order = compare(&list->leaves[i].name, start);

        if (order > 0 || (order == 0 && include)) {
            found = &list->leaves[i];
        }
    }
    for (size_t i = 0; i < mib_tree_count(fixture->tree); i++) {
        const struct mib_object *object = mib_tree_object(fixture->tree, i);

        if (compare(&object->prefix, start) < 0 && !is_below(start, &object->prefix)) {
            continue; /* before the range */
        }
        if ((end->length > 0 && compare(&object->prefix, end) >= 0)
            || (found != NULL
                && compare(&object->prefix, &found->object->prefix) > 0)) {
            break; /* behind it, or behind the answer */
        }
        answer.sections |= object->group->sections | object->column->sections;
    }
    if (found != NULL && (end->length == 0 || compare(&found->name, end) < 0)) {
        answer.leaf = found;
    }
    return answer;
}

/* Asks with the hint given, and compares with the list. */
static void ask_next(const struct mib_fixture *fixture, const struct leaves *list,
                     const struct mib_oid *start, bool include,
                     const struct mib_oid *end, struct mib_hint hint)
{
    const struct answer expected = expect_next(fixture, list, start, include, end);
    struct mib_oid name = { .length = 0 };
    struct mib_value value;
    unsigned sections = 0;
    char text[2][1600];
    enum mib_result result = mib_next(fixture->tree, &fixture->context, start, include,
                                      end, &hint, &name, &value, &sections);

    if (result != (expected.leaf == NULL ? MIB_END : MIB_FOUND)
        || (expected.leaf != NULL && compare(&name, &expected.leaf->name) != 0)) {
        fail_msg("next of %s (include %d) before %s: result %d, %s",
                 show(start, text[0]), include, show(end, text[1]), result,
                 expected.leaf == NULL ? "not the end" : "another name");
    }
    if (sections != expected.sections) {
        fail_msg("next of %s before %s depends on %#x, not %#x", show(start, text[0]),
                 show(end, text[1]), sections, expected.sections);
    }
    if (expected.leaf != NULL) {
        check_value(fixture, expected.leaf, &value);
    }
}

static void ask_get(const struct mib_fixture *fixture, const struct leaves *list,
                    const struct mib_oid *name, struct mib_hint hint)
{
    const struct leaf *leaf = NULL;
    const struct mib_object *object = NULL;
    enum mib_result expected = MIB_NO_OBJECT;
    unsigned expected_sections = 0;
    struct mib_value value;
    unsigned sections = 0;
    char text[1600];
    enum mib_result result;

    for (size_t i = 0; i < mib_tree_count(fixture->tree) && object == NULL; i++) {
        if (is_below(name, &mib_tree_object(fixture->tree, i)->prefix)) {
            object = mib_tree_object(fixture->tree, i);
            expected = MIB_NO_INSTANCE;
            expected_sections = object->group->sections | object->column->sections;
        }
    }
    for (size_t i = 0; i < list->count && leaf == NULL; i++) {
        if (compare(&list->leaves[i].name, name) == 0) {
            leaf = &list->leaves[i];
            expected = MIB_FOUND;
        }
    }
    result = mib_get(fixture->tree, &fixture->context, name, &hint, &value, &sections);
    if (result != expected || sections != expected_sections) {
        fail_msg("get %s: result %d, not %d; sections %#x, not %#x", show(name, text),
                 result, expected, sections, expected_sections);
    }
    if (leaf != NULL) {
        check_value(fixture, leaf, &value);
    }
    if (mib_tree_find(fixture->tree, name) != object) {
        fail_msg("%s is found in another object", show(name, text));
    }
}

/* The end of a range that begins at a name: none, near, far, or before it. */
static struct mib_oid roll_end(const struct leaves *list, const struct mib_oid *start,
                               uint64_t *seed)
{
    struct mib_oid end = { .length = 0 };
    const struct leaf *leaf =
        list->count == 0 ? NULL : &list->leaves[dice(seed) % list->count];

    switch (dice(seed) % 6) {
    case 0:
        return end;
    case 1: /* right at the start */
        return *start;
    case 2: /* the next name there is: excluded */
        for (size_t i = 0; i < list->count; i++) {
            if (compare(&list->leaves[i].name, start) > 0) {
                return list->leaves[i].name;
            }
        }
        return end;
    case 3: /* the end of a column */
        if (leaf != NULL) {
            end = leaf->object->prefix;
            end.ids[end.length - 1]++;
        }
        return end;
    case 4: /* the end of a module */
        if (leaf != NULL) {
            end.length = leaf->object->module->root_length;
            memcpy(end.ids, leaf->object->module->root,
                   end.length * sizeof(end.ids[0]));
            end.ids[end.length - 1]++;
        }
        return end;
    default: /* in the middle of a column, or before the start */
        return leaf == NULL ? end : leaf->name;
    }
}

/* One name asked in all ways; the hint changes nothing. */
static void ask(const struct mib_fixture *fixture, const struct leaves *list,
                const struct mib_oid *name, uint64_t *seed)
{
    const struct mib_oid unbounded = { .length = 0 };
    const struct mib_oid end = roll_end(list, name, seed);
    size_t objects = mib_tree_count(fixture->tree);
    struct mib_hint hint = { 0, 0 };

    for (int i = 0; i < 3; i++) {
        ask_get(fixture, list, name, hint);
        ask_next(fixture, list, name, false, &unbounded, hint);
        ask_next(fixture, list, name, true, &unbounded, hint);
        ask_next(fixture, list, name, false, &end, hint);
        ask_next(fixture, list, name, true, &end, hint);
        hint = roll_hint(seed, objects);
    }
}

/* The neighbours of a name in all directions. */
static void ask_around(const struct mib_fixture *fixture, const struct leaves *list,
                       const struct mib_oid *name, uint64_t *seed)
{
    for (size_t length = 0; length <= name->length; length++) {
        struct mib_oid near = *name;

        near.length = length;
        ask(fixture, list, &near, seed);
        if (length > 0) {
            near.ids[length - 1]++;
            ask(fixture, list, &near, seed);
            near.ids[length - 1] -= 2;
            ask(fixture, list, &near, seed);
            near.ids[length - 1] = UINT32_MAX;
            ask(fixture, list, &near, seed);
            near.ids[length - 1] = 0;
            ask(fixture, list, &near, seed);
        }
    }
    for (size_t length = name->length + 1; length <= MIB_OID_MAX; length++) {
        struct mib_oid longer = *name;

        /* To the longest name there is, with few in between. */
        if (length > name->length + 3 && length < MIB_OID_MAX - 1) {
            continue;
        }
        for (size_t i = name->length; i < length; i++) {
            longer.ids[i] = dice(seed) % 3 == 0 ? dice(seed) : dice(seed) % 3;
        }
        longer.length = length;
        ask(fixture, list, &longer, seed);
    }
}

/* Names around the objects of the tree, with rows or without. */
static void ask_everything(const struct mib_fixture *fixture, uint64_t seed)
{
    struct leaves *list = list_leaves(fixture);

    for (size_t i = 0; i < mib_tree_count(fixture->tree); i++) {
        ask_around(fixture, list, &mib_tree_object(fixture->tree, i)->prefix, &seed);
    }
    for (size_t i = 0; i < list->count; i += 1 + dice(&seed) % 5) {
        ask_around(fixture, list, &list->leaves[i].name, &seed);
    }
    free(list);
}

static void test_objects_ascend_and_none_is_left_out(void **state)
{
    const struct mib_fixture *fixture = *state;
    size_t count = 0;

    for (size_t m = 0; m < MIB_MODULE_COUNT; m++) {
        const struct mib_module *module = mib_modules[m];

        for (size_t g = 0; g < module->group_count; g++) {
            const struct mib_group *group = module->groups[g];

            assert_true(group->prefix_length > module->root_length);
            assert_memory_equal(group->prefix, module->root,
                                module->root_length * sizeof(module->root[0]));
            assert_true((group->count == NULL) == (group->index == NULL));
            for (size_t c = 0; c < group->column_count; c++, count++) {
                const struct mib_object *object = mib_tree_object(fixture->tree, count);

                assert_true(count < mib_tree_count(fixture->tree));
                assert_ptr_equal(object->module, module);
                assert_ptr_equal(object->group, group);
                assert_ptr_equal(object->column, &group->columns[c]);
                assert_int_equal(object->prefix.length, group->prefix_length + 1);
                assert_int_equal(object->prefix.ids[group->prefix_length],
                                 group->columns[c].id);
                if (count > 0) {
                    assert_true(compare(&object[-1].prefix, &object->prefix) < 0);
                    assert_false(is_below(&object->prefix, &object[-1].prefix));
                }
            }
        }
    }
    assert_true(count > 0);
    assert_int_equal(mib_tree_count(fixture->tree), count);
}

static void test_oids_are_ordered(void **state)
{
    /* In ascending order. */
    static const struct mib_oid oids[] = {
        { 0, { 0 } },          { 1, { 0 } },
        { 2, { 0, 0 } },       { 2, { 0, UINT32_MAX } },
        { 1, { 1 } },          { 3, { 1, 0, 9 } },
        { 2, { 1, 1 } },       { 1, { 2 } },
        { 1, { UINT32_MAX } }, { MIB_OID_MAX, { UINT32_MAX } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(oids) / sizeof(oids[0]); i++) {
        assert_int_equal(mib_oid_compare(&oids[i], &oids[i]), 0);
        for (size_t j = 0; j < i; j++) {
            assert_true(mib_oid_compare(&oids[j], &oids[i]) < 0);
            assert_true(mib_oid_compare(&oids[i], &oids[j]) > 0);
        }
    }
}

static void test_a_walk_visits_each_instance_once(void **state)
{
    struct mib_fixture *fixture = *state;
    const struct mib_oid unbounded = { .length = 0 };
    struct mib_oid name = { .length = 0 };
    struct mib_hint hint = { 0, 0 };
    struct leaves *list;
    size_t count = 0;
    struct mib_oid next;
    struct mib_value value;
    struct mib_value same;
    unsigned sections = 0;

    mib_fixture_set_rows(fixture, 12);
    list = list_leaves(fixture);
    while (mib_next(fixture->tree, &fixture->context, &name, false, &unbounded, &hint,
                    &next, &value, &sections)
           == MIB_FOUND) {
        assert_true(count < list->count);
        assert_int_equal(compare(&next, &list->leaves[count].name), 0);
        check_value(fixture, &list->leaves[count], &value);
        assert_int_equal(
            mib_get(fixture->tree, &fixture->context, &next, &hint, &same, &sections),
            MIB_FOUND);
        check_value(fixture, &list->leaves[count], &same);
        name = next;
        count++;
    }
    assert_int_equal(count, list->count);
    assert_true(count >= (12 * 15) + FIXTURE_CONNECTIONS * 15);
    assert_int_equal(sections, SECTION_ALL);
    free(list);
}

static void test_any_name_of_a_full_node(void **state)
{
    struct mib_fixture *fixture = *state;

    mib_fixture_set_rows(fixture, 9);
    ask_everything(fixture, 1);
}

static void test_any_name_of_an_empty_node(void **state)
{
    struct mib_fixture *fixture = *state;

    fixture->context.snapshot = &fixture->never_asked;
    fixture->context.connection = &fixture->connections[1];
    ask_everything(fixture, 2);
    fixture->context.connection_count = 0;
    ask_everything(fixture, 3);
}

static void test_any_name_where_columns_are_sparse(void **state)
{
    struct mib_fixture *fixture = *state;

    mib_fixture_set_rows(fixture, 10);
    for (size_t i = 0; i < 10; i++) {
        if (i % 3 != 1) {
            fixture->rows[i].statistics = NULL;
        }
        if (i % 4 != 2) {
            fixture->rows[i].config = NULL;
        }
        fixture->domains[i].started_ns = i < 5 ? CLOCK_NEVER : 1;
    }
    fixture->rows[9].index = INT32_MAX;
    mib_fixture_count_parts(fixture);
    ask_everything(fixture, 4);
    for (size_t i = 0; i < 10; i++) {
        fixture->rows[i].statistics = NULL;
    }
    mib_fixture_count_parts(fixture);
    ask_everything(fixture, 5);
}

static void test_random_names(void **state)
{
    struct mib_fixture *fixture = *state;
    struct leaves *list;
    uint64_t seed = 6;

    mib_fixture_set_rows(fixture, 5);
    list = list_leaves(fixture);
    for (int i = 0; i < 3000; i++) {
        struct mib_oid name = list->leaves[dice(&seed) % list->count].name;
        size_t at = dice(&seed) % name.length;

        name.ids[at] = dice(&seed) % 2 == 0 ? dice(&seed) % 20 : dice(&seed);
        if (dice(&seed) % 4 == 0) {
            name.length = dice(&seed) % (MIB_OID_MAX + 1);
            for (size_t j = 0; j < name.length; j++) {
                name.ids[j] = dice(&seed) % 4;
            }
        }
        ask(fixture, list, &name, &seed);
    }
    free(list);
}

/* An answer that does not look at the rows must still tell what could change. */
static void test_a_table_passed_over_empty_is_depended_on(void **state)
{
    struct mib_fixture *fixture = *state;
    const struct mib_oid unbounded = { .length = 0 };
    struct mib_oid start = mib_fixture_find(fixture, "vmName")->prefix;
    struct mib_hint hint = { 0, 0 };
    struct mib_oid name;
    struct mib_value value;
    unsigned sections = 0;

    fixture->context.snapshot = &fixture->never_asked;
    assert_int_equal(mib_next(fixture->tree, &fixture->context, &start, false,
                              &unbounded, &hint, &name, &value, &sections),
                     MIB_FOUND);
    assert_string_equal(mib_tree_find(fixture->tree, &name)->column->name,
                        "vmPerVMNotificationsEnabled");
    assert_int_equal(sections & SECTION_BIT(SECTION_DOMAINS),
                     SECTION_BIT(SECTION_DOMAINS));
    assert_int_equal(sections & SECTION_BIT(SECTION_STATISTICS),
                     SECTION_BIT(SECTION_STATISTICS));

    sections = 0x100;
    start = mib_fixture_find(fixture, "hvxAgentVersion")->prefix;
    assert_int_equal(mib_next(fixture->tree, &fixture->context, &start, false,
                              &unbounded, &hint, &name, &value, &sections),
                     MIB_FOUND);
    assert_int_equal(sections, 0x100);
}

/* What the agent itself knows is answered whatever becomes of the hypervisor. */
static void test_own_objects_need_no_collection(void **state)
{
    const struct mib_fixture *fixture = *state;

    for (size_t i = 0; i < mib_tree_count(fixture->tree); i++) {
        const struct mib_object *object = mib_tree_object(fixture->tree, i);

        if (strcmp(object->group->name, "hvxAgent") == 0
            || strcmp(object->group->name, "hvxConnectionTable") == 0
            || strncmp(object->group->name, "hvxOperation", 12) == 0
            || strstr(object->column->name, "NotificationsEnabled") != NULL) {
            assert_int_equal(object->group->sections | object->column->sections, 0);
        } else {
            assert_int_not_equal(object->group->sections | object->column->sections, 0);
        }
    }
}

/* Volumes without a domain are off by default: nobody must read them for nothing. */
static void test_what_is_not_shown_is_not_collected(void **state)
{
    struct mib_fixture *fixture = *state;
    const struct mib_oid unbounded = { .length = 0 };
    const struct mib_oid column =
        mib_fixture_find(fixture, "vmStorageResourceID")->prefix;

    for (int shown = 0; shown < 2; shown++) {
        unsigned storage = SECTION_BIT(SECTION_STORAGE);
        struct mib_hint hint = { 0, 0 };
        struct mib_value value;
        struct mib_oid next;
        struct mib_oid name;
        unsigned of_next = 0;
        unsigned of_get = 0;

        fixture->context.sections = shown ? SECTION_ALL : SECTION_ALL & ~storage;
        assert_int_equal(mib_next(fixture->tree, &fixture->context, &column, false,
                                  &unbounded, &hint, &next, &value, &of_next),
                         MIB_FOUND);
        name = next;
        assert_int_equal(
            mib_get(fixture->tree, &fixture->context, &name, &hint, &value, &of_get),
            MIB_FOUND);
        assert_int_equal(name.ids[column.length], shown ? 0 : 1);
        assert_int_equal(of_next & storage, shown ? storage : 0);
        assert_int_equal(of_get & storage, shown ? storage : 0);
        assert_true((of_get & SECTION_BIT(SECTION_CONFIGS)) != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_objects_ascend_and_none_is_left_out,
                                        mib_fixture_setup, mib_fixture_teardown),
        cmocka_unit_test(test_oids_are_ordered),
        cmocka_unit_test_setup_teardown(test_a_walk_visits_each_instance_once,
                                        mib_fixture_setup, mib_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_any_name_of_a_full_node, mib_fixture_setup,
                                        mib_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_any_name_of_an_empty_node,
                                        mib_fixture_setup, mib_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_any_name_where_columns_are_sparse,
                                        mib_fixture_setup, mib_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_random_names, mib_fixture_setup,
                                        mib_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_table_passed_over_empty_is_depended_on,
                                        mib_fixture_setup, mib_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_own_objects_need_no_collection,
                                        mib_fixture_setup, mib_fixture_teardown),
        cmocka_unit_test_setup_teardown(test_what_is_not_shown_is_not_collected,
                                        mib_fixture_setup, mib_fixture_teardown),
    };

    return cmocka_run_group_tests_name("mib_lookup", tests, NULL, NULL);
}
