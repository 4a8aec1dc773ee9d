/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_mib_text.c - the descriptors against the MIB modules' text, in both
 * directions: OID, name, wire type, access, index, and what values may be.
 *
 * HVX_SOURCE: top of the source tree.  HVX_BUILD: top of the build, where
 * configure has put HVAGENTX-MIB.txt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <smi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/backend.h"
#include "tests/unit/mib_fixture.h"

/* NET-SNMP-MIB comes with net-snmp. */
#define NET_SNMP_MIBS "/usr/share/snmp/mibs:/usr/local/share/snmp/mibs"

/* Errors of libsmi from this severity on make the text wrong. */
#define SEVERITY_ERROR 3

#define OBJECTS (SMI_NODEKIND_SCALAR | SMI_NODEKIND_COLUMN)

#ifdef __SANITIZE_ADDRESS__
/* The parser of libsmi forgets some of its memory. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:libsmi.so\n";
}
#endif

/* What the parser complains of: it has no argument of ours. */
static unsigned complaints;
static char first_complaint[512];

static void complain(char *path, int line, int severity, char *text, char *tag)
{
    (void)tag;
    if (severity <= SEVERITY_ERROR && complaints++ == 0) {
        snprintf(first_complaint, sizeof(first_complaint), "%s:%d: %s",
                 path == NULL ? "" : path, line, text);
    }
}

static int load(const char *folder, const char *module)
{
    char path[1024];
    const char *name;

    snprintf(path, sizeof(path), "%s/mib/%s.txt", folder, module);
    name = smiLoadModule(path);
    if (name == NULL || strcmp(name, module) != 0 || complaints > 0) {
        print_error("%s cannot be loaded: %s\n", path, first_complaint);
        return -1;
    }
    return 0;
}

static int load_modules(void **state)
{
    const char *source = getenv("HVX_SOURCE");
    const char *build = getenv("HVX_BUILD");
    char path[2048];

    (void)state;
    if (source == NULL || build == NULL) {
        print_error("HVX_SOURCE and HVX_BUILD are not set\n");
        return -1;
    }
    if (smiInit("test_mib_text") != 0) {
        print_error("libsmi cannot be initialised\n");
        return -1;
    }
    smiSetErrorHandler(complain);
    smiSetErrorLevel(SEVERITY_ERROR);
    snprintf(path, sizeof(path), "%s/mib:%s/mib:%s/mib/helper:" NET_SNMP_MIBS, build,
             source, source);
    if (smiSetPath(path) != 0) {
        print_error("no memory for the path of libsmi\n");
        return -1;
    }
    return load(source, "VM-MIB") != 0 || load(build, "HVAGENTX-MIB") != 0 ? -1 : 0;
}

static bool same_oid(const SmiNode *node, const uint32_t *ids, size_t length)
{
    if (node->oidlen != length) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (node->oid[i] != ids[i]) {
            return false;
        }
    }
    return true;
}

static SmiModule *module_of(const struct mib_module *module)
{
    SmiModule *text = smiGetModule(module->name);

    if (text == NULL) {
        fail_msg("there is no module %s", module->name);
    }
    return text;
}

/* The node of the MIB text that a descriptor stands for. */
static SmiNode *node_of(const struct mib_object *object)
{
    SmiNode *node = smiGetNode(module_of(object->module), object->column->name);

    if (node == NULL) {
        fail_msg("%s has no %s", object->module->name, object->column->name);
    }
    return node;
}

/* The type at the root of a chain of textual conventions, by its name. */
static bool is_derived_from(SmiType *type, const char *name)
{
    for (; type != NULL; type = smiGetParentType(type)) {
        if (type->name != NULL && strcmp(type->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static enum mib_type wire_type(SmiNode *node)
{
    SmiType *type = smiGetNodeType(node);

    assert_non_null(type);
    if (type->basetype == SMI_BASETYPE_INTEGER32
        || type->basetype == SMI_BASETYPE_ENUM) {
        return MIB_INTEGER;
    }
    if (type->basetype == SMI_BASETYPE_OCTETSTRING
        || type->basetype == SMI_BASETYPE_BITS) {
        return MIB_STRING;
    }
    if (type->basetype == SMI_BASETYPE_OBJECTIDENTIFIER) {
        return MIB_OID;
    }
    if (type->basetype == SMI_BASETYPE_UNSIGNED64) {
        return MIB_COUNTER64;
    }
    assert_int_equal(type->basetype, SMI_BASETYPE_UNSIGNED32);
    if (is_derived_from(type, "Counter32")) {
        return MIB_COUNTER32;
    }
    if (is_derived_from(type, "TimeTicks")) {
        return MIB_TIMETICKS;
    }
    if (!is_derived_from(type, "Gauge32") && !is_derived_from(type, "Unsigned32")) {
        fail_msg("%s has a type that this test does not know", node->name);
    }
    return MIB_GAUGE32;
}

static void test_each_descriptor_is_in_the_text(void **state)
{
    const struct mib_fixture *fixture = *state;

    for (size_t i = 0; i < mib_tree_count(fixture->tree); i++) {
        const struct mib_object *object = mib_tree_object(fixture->tree, i);
        const char *name = object->column->name;
        SmiNode *node = node_of(object);
        SmiAccess access = object->column->access == MIB_READ_ONLY
                               ? SMI_ACCESS_READ_ONLY
                               : SMI_ACCESS_READ_WRITE;

        if (!same_oid(node, object->prefix.ids, object->prefix.length)) {
            fail_msg("%s has another OID in the text", name);
        }
        if ((node->nodekind == SMI_NODEKIND_COLUMN) != (object->group->count != NULL)) {
            fail_msg("%s is a column in one of text and descriptor only", name);
        }
        if (wire_type(node) != object->column->type) {
            fail_msg("%s is of type %#x in the text", name, (unsigned)wire_type(node));
        }
        if (node->access != access) {
            fail_msg("%s has another access in the text", name);
        }
        /* libsmi tells read-create of the row alone. */
        if (access == SMI_ACCESS_READ_WRITE
            && (object->column->access == MIB_READ_CREATE)
                   != (smiGetParentNode(node)->create != 0)) {
            fail_msg("%s can be created in one of text and descriptor only", name);
        }
        assert_true(node->status == SMI_STATUS_CURRENT);
    }
}

static void test_groups_are_named_as_in_the_text(void **state)
{
    (void)state;
    for (size_t m = 0; m < MIB_MODULE_COUNT; m++) {
        SmiModule *text = module_of(mib_modules[m]);
        SmiNode *root = smiGetModuleIdentityNode(text);

        assert_non_null(root);
        assert_true(same_oid(root, mib_modules[m]->root, mib_modules[m]->root_length));
        for (size_t g = 0; g < mib_modules[m]->group_count; g++) {
            const struct mib_group *group = mib_modules[m]->groups[g];
            SmiNode *node = smiGetNode(text, group->name);

            if (node == NULL) {
                fail_msg("the text has no %s", group->name);
            }
            if (group->count != NULL) {
                assert_int_equal(node->nodekind, SMI_NODEKIND_TABLE);
                node = smiGetFirstChildNode(node);
                assert_non_null(node);
                assert_int_equal(node->nodekind, SMI_NODEKIND_ROW);
            }
            if (!same_oid(node, group->prefix, group->prefix_length)) {
                fail_msg("%s has another OID in the text", group->name);
            }
        }
    }
}

static const struct mib_object *descriptor_of(const struct mib_fixture *fixture,
                                              const SmiNode *node)
{
    for (size_t i = 0; i < mib_tree_count(fixture->tree); i++) {
        const struct mib_object *object = mib_tree_object(fixture->tree, i);

        if (same_oid(node, object->prefix.ids, object->prefix.length)) {
            return object;
        }
    }
    return NULL;
}

static void check_all_of(const struct mib_fixture *fixture, const char *module)
{
    unsigned count = 0;

    for (SmiNode *node = smiGetFirstNode(smiGetModule(module), OBJECTS); node != NULL;
         node = smiGetNextNode(node, OBJECTS)) {
        const struct mib_object *object = descriptor_of(fixture, node);

        if (node->access < SMI_ACCESS_READ_ONLY) {
            if (object != NULL) {
                fail_msg("%s has a descriptor, but cannot be read", node->name);
            }
            continue;
        }
        if (object == NULL) {
            fail_msg("%s has no descriptor", node->name);
        }
        assert_string_equal(object->column->name, node->name);
        assert_string_equal(object->module->name, module);
        count++;
    }
    assert_true(count > 0);
}

static void test_each_object_of_hvagentx_mib_has_a_descriptor(void **state)
{
    check_all_of(*state, "HVAGENTX-MIB");
}

static void test_each_object_of_vm_mib_has_a_descriptor(void **state)
{
    check_all_of(*state, "VM-MIB");
}

/* Sub-identifiers of an object in an index (RFC 2578 section 7.7). */
static size_t index_length(SmiNode *node)
{
    SmiType *type = smiGetNodeType(node);
    const SmiRange *range = smiGetFirstRange(type);

    if (type->basetype == SMI_BASETYPE_INTEGER32
        || type->basetype == SMI_BASETYPE_UNSIGNED32
        || type->basetype == SMI_BASETYPE_ENUM) {
        return 1;
    }
    if (type->basetype != SMI_BASETYPE_OCTETSTRING || range == NULL
        || range->minValue.value.unsigned32 != range->maxValue.value.unsigned32) {
        fail_msg("%s is of a kind that this test does not know", node->name);
    }
    return range->minValue.value.unsigned32;
}

static void test_tables_have_the_index_of_the_text(void **state)
{
    const struct mib_fixture *fixture = *state;
    unsigned tables = 0;

    for (size_t m = 0; m < MIB_MODULE_COUNT; m++) {
        for (size_t g = 0; g < mib_modules[m]->group_count; g++) {
            const struct mib_group *group = mib_modules[m]->groups[g];
            struct mib_index index;
            SmiNode *row;
            size_t length = 0;

            if (group->count == NULL) {
                continue;
            }
            row = smiGetFirstChildNode(
                smiGetNode(module_of(mib_modules[m]), group->name));
            if (row->indexkind == SMI_INDEX_AUGMENT) {
                row = smiGetRelatedNode(row);
            }
            assert_int_equal(row->indexkind, SMI_INDEX_INDEX);
            for (SmiElement *element = smiGetFirstElement(row); element != NULL;
                 element = smiGetNextElement(element)) {
                length += index_length(smiGetElementNode(element));
            }
            assert_true(length > 0);
            assert_true(group->count(&fixture->context) > 0);
            for (size_t i = 0; i < group->count(&fixture->context); i++) {
                group->index(&fixture->context, i, &index);
                assert_int_equal(index.length, length);
            }
            tables++;
        }
    }
    assert_true(tables > 0);
}

/* Whether the number lies in a range of the type; no ranges: any does. */
static bool in_ranges(SmiType *type, int64_t number)
{
    for (; type != NULL; type = smiGetParentType(type)) {
        SmiRange *range = smiGetFirstRange(type);

        if (range == NULL) {
            continue;
        }
        for (; range != NULL; range = smiGetNextRange(range)) {
            int64_t least = range->minValue.basetype == SMI_BASETYPE_INTEGER32
                                ? range->minValue.value.integer32
                                : (int64_t)range->minValue.value.unsigned32;
            int64_t most = range->maxValue.basetype == SMI_BASETYPE_INTEGER32
                               ? range->maxValue.value.integer32
                               : (int64_t)range->maxValue.value.unsigned32;

            if (number >= least && number <= most) {
                return true;
            }
        }
        return false;
    }
    return true;
}

static bool is_named(SmiType *type, int64_t number)
{
    for (SmiNamedNumber *named = smiGetFirstNamedNumber(type); named != NULL;
         named = smiGetNextNamedNumber(named)) {
        int64_t value = named->value.basetype == SMI_BASETYPE_UNSIGNED32
                            ? (int64_t)named->value.value.unsigned32
                            : named->value.value.integer32;

        if (value == number) {
            return true;
        }
    }
    return false;
}

static void check_bits(const SmiNode *node, SmiType *type,
                       const struct mib_value *value)
{
    const uint8_t *octets = value->string.bytes;

    for (size_t bit = 0; bit < 8 * value->string.length; bit++) {
        if ((octets[bit / 8] & (0x80u >> (bit % 8))) != 0
            && !is_named(type, (int64_t)bit)) {
            fail_msg("%s: bit %zu has no name", node->name, bit);
        }
    }
}

/* Whether the text allows the value. */
static void check_allowed(SmiNode *node, const struct mib_value *value)
{
    SmiType *type = smiGetNodeType(node);

    switch (value->type) {
    case MIB_INTEGER:
        if (type->basetype == SMI_BASETYPE_ENUM ? !is_named(type, value->integer)
                                                : !in_ranges(type, value->integer)) {
            fail_msg("%s may not be %d", node->name, (int)value->integer);
        }
        break;
    case MIB_STRING:
        if (type->basetype == SMI_BASETYPE_BITS) {
            check_bits(node, type, value);
        } else if (!in_ranges(type, (int64_t)value->string.length)) {
            fail_msg("%s may not have %zu octets", node->name, value->string.length);
        }
        break;
    case MIB_COUNTER32:
    case MIB_GAUGE32:
    case MIB_TIMETICKS:
        if (!in_ranges(type, value->number)) {
            fail_msg("%s may not be %u", node->name, (unsigned)value->number);
        }
        break;
    case MIB_OID:
    case MIB_COUNTER64:
        break;
    }
}

/*
 * The type of what may be written to an object: the text's compliance statements
 * may allow less to be written than to be read.
 */
static SmiType *written_type(SmiNode *node)
{
    for (SmiNode *statement =
             smiGetFirstNode(smiGetNodeModule(node), SMI_NODEKIND_COMPLIANCE);
         statement != NULL;
         statement = smiGetNextNode(statement, SMI_NODEKIND_COMPLIANCE)) {
        for (SmiRefinement *refinement = smiGetFirstRefinement(statement);
             refinement != NULL; refinement = smiGetNextRefinement(refinement)) {
            SmiType *type = smiGetRefinementWriteType(refinement);

            if (smiGetRefinementNode(refinement) == node && type != NULL) {
                return type;
            }
        }
    }
    return smiGetNodeType(node);
}

/* Whether the descriptor takes the number if, and only if, the text has it. */
static void check_accepted(const struct mib_object *object, int64_t number)
{
    SmiType *type = written_type(node_of(object));
    const bool is_enum = type->basetype == SMI_BASETYPE_ENUM;
    const bool allowed = is_enum ? is_named(type, number) : in_ranges(type, number);
    static const char octets[256] = "";
    struct mib_value value = { .type = object->column->type };
    enum mib_error error;

    if (value.type == MIB_INTEGER) {
        value.integer = (int32_t)number;
    } else if (value.type == MIB_GAUGE32) {
        value.number = (uint32_t)number;
    } else {
        char *text = memset(value.scratch, 'x', sizeof(value.scratch));

        value.string.bytes = number > (int64_t)sizeof(value.scratch) ? octets : text;
        value.string.length = (size_t)number;
    }
    error = object->column->accept(&value);
    if (allowed != (error == MIB_NO_ERROR)
        || (!allowed
            && error
                   != (value.type == MIB_STRING ? MIB_WRONG_LENGTH
                                                : MIB_WRONG_VALUE))) {
        fail_msg("%s: %lld gets error %d, and is %s in the text", object->column->name,
                 (long long)number, (int)error, allowed ? "allowed" : "not allowed");
    }
}

/* All small numbers, and those around each bound. */
static void test_what_can_be_set_is_what_the_text_allows(void **state)
{
    static const int64_t bounds[] = { 255,     65535,     262144,     604800,
                                      1000000, INT32_MAX, UINT32_MAX, INT32_MIN };
    const struct mib_fixture *fixture = *state;
    unsigned count = 0;

    for (size_t i = 0; i < mib_tree_count(fixture->tree); i++) {
        const struct mib_object *object = mib_tree_object(fixture->tree, i);
        const enum mib_type type = object->column->type;
        const int64_t least = type == MIB_INTEGER ? INT32_MIN : 0;
        const int64_t most = type == MIB_INTEGER  ? INT32_MAX
                             : type == MIB_STRING ? 255
                                                  : UINT32_MAX;

        if (object->column->access == MIB_READ_ONLY) {
            continue;
        }
        for (int64_t number = least < 0 ? -70 : 0; number <= 70; number++) {
            check_accepted(object, number);
        }
        for (size_t j = 0; j < 3 * sizeof(bounds) / sizeof(bounds[0]); j++) {
            int64_t number = bounds[j / 3] + (int64_t)(j % 3) - 1;

            if (number >= least && number <= most) {
                check_accepted(object, number);
            }
        }
        count++;
    }
    assert_true(count > CONNECTION_SWITCH_COUNT);
}

/* Checks all that the fixture shows now. */
static void check_values(const struct mib_fixture *fixture)
{
    for (size_t i = 0; i < mib_tree_count(fixture->tree); i++) {
        const struct mib_object *object = mib_tree_object(fixture->tree, i);
        const struct mib_group *group = object->group;
        size_t rows = group->count == NULL ? 1 : group->count(&fixture->context);

        for (size_t row = 0; row < rows; row++) {
            struct mib_value value = { .type = object->column->type };

            if (object->column->get(&fixture->context, row, &value)) {
                check_allowed(node_of(object), &value);
            }
        }
    }
}

#define VARIANTS 16

_Static_assert(DOMAIN_STATE_COUNT <= VARIANTS && DOMAIN_ADMIN_STATE_COUNT <= VARIANTS
                   && DOMAIN_FLAG_COUNT <= VARIANTS
                   && CONNECTION_STATE_COUNT <= VARIANTS
                   && OPERATION_STATE_COUNT <= VARIANTS && STATUS_COUNT <= VARIANTS,
               "each value of an enumeration is tried");

static void test_values_are_those_of_the_text(void **state)
{
    struct mib_fixture *fixture = *state;

    check_values(fixture);
    for (unsigned i = 0; i < VARIANTS; i++) {
        fixture->domains[0].state = (enum domain_state)(i % DOMAIN_STATE_COUNT);
        fixture->rows[0].admin_state =
            (enum domain_admin_state)(i % DOMAIN_ADMIN_STATE_COUNT);
        fixture->domains[0].autostart = (enum domain_flag)(i % DOMAIN_FLAG_COUNT);
        fixture->domains[0].persistent = (enum domain_flag)(i % DOMAIN_FLAG_COUNT);
        fixture->disks[0].source_type = (enum disk_source)(i % DISK_SOURCE_COUNT);
        fixture->disks[0].media = (enum disk_media)(i % DISK_MEDIA_COUNT);
        fixture->disks[0].read_only = (enum domain_flag)(i % DOMAIN_FLAG_COUNT);
        fixture->context.affinity = (enum mib_affinity)(i % 3);
        fixture->configs[0].affinity_known = i % 2 == 0;
        fixture->node.is_local = i % 4 < 2;
        fixture->connections[1].state =
            (enum connection_state)(i % CONNECTION_STATE_COUNT);
        fixture->connections[1].is_default = i % 2 == 0;
        fixture->operation->expected = (enum domain_state)(i % DOMAIN_STATE_COUNT);
        fixture->operation->state =
            (enum operation_state)(1 + i % (OPERATION_STATE_COUNT - 1));
        fixture->operation->error = (enum status)(i % STATUS_COUNT);
        fixture->operation->origin =
            i % 2 == 0 ? OPERATION_BY_ROW : OPERATION_BY_COLUMN;
        fixture->operation->dry_run = i % 2 == 0;
        fixture->agent.control_classes = i << OPERATION_CLASS_POWER;
        fixture->connections[0].control_classes = i << OPERATION_CLASS_CONFIG;
        fixture->connections[0].switches[i % CONNECTION_SWITCH_COUNT] = i % 4 < 2;
        check_values(fixture);
    }
}

static void test_each_action_is_that_of_the_text(void **state)
{
    struct mib_fixture *fixture = *state;

    for (int action = 1; action < OPERATION_ACTION_COUNT; action++) {
        struct operation *operation = mib_fixture_add_operation(
            fixture, 0, (enum operation_action)action, (uint32_t)action);

        operation->value = 1;
        check_values(fixture);
    }
}

/* The name that the text gives to a number of an enumeration or of BITS. */
static const char *name_of(const char *object, int64_t number)
{
    SmiNode *node = smiGetNode(smiGetModule("HVAGENTX-MIB"), object);

    assert_non_null(node);
    for (SmiNamedNumber *named = smiGetFirstNamedNumber(smiGetNodeType(node));
         named != NULL; named = smiGetNextNamedNumber(named)) {
        if ((named->value.basetype == SMI_BASETYPE_UNSIGNED32
                 ? (int64_t)named->value.value.unsigned32
                 : named->value.value.integer32)
            == number) {
            return named->name;
        }
    }
    fail_msg("%s has no %d", object, (int)number);
    return NULL;
}

/* The log and the journal call things as managers see them. */
static void test_actions_classes_and_states_have_the_names_of_the_text(void **state)
{
    (void)state;
    for (int i = 1; i < OPERATION_ACTION_COUNT; i++) {
        const char *name = operation_action_name((enum operation_action)i);

        assert_string_equal(name, name_of("hvxOperationAction", i));
        if (i <= OPERATION_PM_WAKEUP) {
            assert_string_equal(name, name_of("hvxPowerAction", i));
        } else if (operation_class_of((enum operation_action)i)
                   == OPERATION_CLASS_DEBUG) {
            assert_string_equal(name, name_of("hvxDebugAction", i));
        }
    }
    for (int i = 1; i < OPERATION_CLASS_COUNT; i++) {
        const char *name = operation_class_name((enum operation_class)i);

        assert_string_equal(name, name_of("hvxOperationClass", i));
        assert_string_equal(name, name_of("hvxAgentControlClasses", i - 1));
        assert_string_equal(name, name_of("hvxConnectionControlClasses", i - 1));
    }
    for (int i = 1; i < OPERATION_STATE_COUNT; i++) {
        assert_string_equal(operation_state_name((enum operation_state)i),
                            name_of("hvxOperationState", i));
    }
}

static void test_unknown_and_extreme_values_are_those_of_the_text(void **state)
{
    struct mib_fixture *fixture = *state;
    struct domain_config *config = &fixture->configs[0];

    config->vcpus_min = DOMAIN_NO_LIMIT;
    config->vcpus_max = INT64_MAX;
    config->memory_min_bytes = DOMAIN_NO_LIMIT;
    config->memory_max_bytes = INT64_MAX;
    fixture->statistics[0].memory_bytes = UINT64_MAX;
    fixture->statistics[0].vcpus = UINT32_MAX;
    fixture->disk_rows[0].size_unit = 1;
    for (size_t i = 0; i < FIXTURE_DISKS; i++) {
        fixture->disk_statistics[i].capacity_bytes = INT64_MAX;
        fixture->disk_statistics[i].allocation_bytes = DOMAIN_NO_LIMIT;
        fixture->disk_statistics[i].read_time_ns = UINT64_MAX;
    }
    fixture->interface_statistics[0].if_index = UINT32_MAX;
    fixture->vcpus[0].cpu_time_ns = UINT64_MAX;
    memset(&fixture->domains[0].uuid, 0, sizeof(fixture->domains[0].uuid));
    memset(fixture->connections[0].last_error, 'x', ERROR_TEXT_SIZE - 1);
    memset(fixture->operation->tag, 'x', OPERATION_TAG_SIZE - 1);
    fixture->operation->progress = OPERATION_PROGRESS_UNKNOWN;
    fixture->operation->value = UINT32_MAX;
    fixture->operation->timeout_s = OPERATION_TIMEOUT_MAX_S;
    fixture->operation->vm_index = 0;
    config->vcpus = INT64_MAX;
    config->memory_bytes = INT64_MAX;
    config->cpu_weight = UINT32_MAX;
    config->cpu_cap = UINT32_MAX;
    check_values(fixture);
    config->vcpus = 0;
    config->memory_bytes = 0;
    config->cpu_weight = 0;
    config->cpu_cap = 0;
    check_values(fixture);
    fixture->rows[0].config = NULL;
    fixture->rows[0].statistics = NULL;
    fixture->snapshot.node = NULL;
    fixture->connections[0].state = CONNECTION_DOWN;
    mib_fixture_count_parts(fixture);
    check_values(fixture);
}

static void test_each_kind_of_hypervisor_has_a_name(void **state)
{
    struct mib_fixture *fixture = *state;
    static const char *const names[] = {
        [HYPERVISOR_OTHER] = "hvxHvOther", [HYPERVISOR_SIM] = "hvxHvSim",
        [HYPERVISOR_XEN] = "hvxHvXen",     [HYPERVISOR_QEMU] = "hvxHvQemu",
        [HYPERVISOR_LXC] = "hvxHvLxc",
    };

    _Static_assert(sizeof(names) / sizeof(names[0]) == HYPERVISOR_COUNT,
                   "a name for each kind");
    for (int kind = 0; kind < HYPERVISOR_COUNT; kind++) {
        SmiNode *node = smiGetNode(smiGetModule("HVAGENTX-MIB"), names[kind]);
        struct mib_value value;

        if (node == NULL) {
            fail_msg("HVAGENTX-MIB has no %s", names[kind]);
        }
        fixture->node.hypervisor = (enum hypervisor)kind;
        assert_int_equal(mib_fixture_get(fixture, "vmHvObjectID", 0, &value),
                         MIB_FOUND);
        if (!same_oid(node, value.oid.ids, value.oid.length)) {
            fail_msg("vmHvObjectID is not %s", names[kind]);
        }
    }
}

static void test_what_is_announced_are_the_statements_of_the_text(void **state)
{
    SmiModule *text = smiGetModule("HVAGENTX-MIB");
    size_t statements = 0;

    (void)state;
    for (size_t m = 0; m < MIB_MODULE_COUNT; m++) {
        const struct mib_capabilities *capabilities = &mib_modules[m]->capabilities;
        SmiNode *node = smiGetNode(text, capabilities->name);

        if (node == NULL) {
            fail_msg("HVAGENTX-MIB has no %s", capabilities->name);
        }
        assert_int_equal(node->nodekind, SMI_NODEKIND_CAPABILITIES);
        assert_true(node->status == SMI_STATUS_CURRENT);
        if (!same_oid(node, capabilities->ids, capabilities->length)) {
            fail_msg("%s has another OID in the text", capabilities->name);
        }
        /* sysORDescr is a DisplayString that says which module it is about. */
        assert_in_range(strlen(capabilities->description), 1, 255);
        assert_non_null(strstr(capabilities->description, mib_modules[m]->name));
    }
    for (SmiNode *node = smiGetFirstNode(text, SMI_NODEKIND_CAPABILITIES); node != NULL;
         node = smiGetNextNode(node, SMI_NODEKIND_CAPABILITIES)) {
        statements++;
    }
    assert_int_equal(statements, MIB_MODULE_COUNT);
}

static void test_capabilities_have_the_numbers_of_the_text(void **state)
{
    const struct mib_fixture *fixture = *state;
    static const struct {
        enum backend_capability capability;
        const char *name;
    } bits[] = {
        { BACKEND_CAN_DOMAINS, "domains" },
        { BACKEND_CAN_CONFIGURATION, "configuration" },
        { BACKEND_CAN_STATISTICS, "statistics" },
        { BACKEND_CAN_DEVICES, "deviceStatistics" },
        { BACKEND_CAN_EVENTS, "events" },
        { BACKEND_CAN_STORAGE, "storage" },
        { BACKEND_CAN_AFFINITY, "affinity" },
    };
    SmiType *type =
        smiGetNodeType(node_of(mib_fixture_find(fixture, "hvxConnectionCapabilities")));

    assert_int_equal(type->basetype, SMI_BASETYPE_BITS);
    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        SmiNamedNumber *named = smiGetFirstNamedNumber(type);

        while (named != NULL && strcmp(named->name, bits[i].name) != 0) {
            named = smiGetNextNamedNumber(named);
        }
        if (named == NULL) {
            fail_msg("hvxConnectionCapabilities has no %s", bits[i].name);
        } else {
            assert_int_equal(named->value.value.unsigned32, bits[i].capability);
        }
    }
}

#define WITH_FIXTURE(test)                                                             \
    cmocka_unit_test_setup_teardown(test, mib_fixture_setup, mib_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(test_each_descriptor_is_in_the_text),
        WITH_FIXTURE(test_groups_are_named_as_in_the_text),
        WITH_FIXTURE(test_each_object_of_hvagentx_mib_has_a_descriptor),
        WITH_FIXTURE(test_each_object_of_vm_mib_has_a_descriptor),
        WITH_FIXTURE(test_tables_have_the_index_of_the_text),
        WITH_FIXTURE(test_what_can_be_set_is_what_the_text_allows),
        WITH_FIXTURE(test_values_are_those_of_the_text),
        WITH_FIXTURE(test_each_action_is_that_of_the_text),
        WITH_FIXTURE(test_actions_classes_and_states_have_the_names_of_the_text),
        WITH_FIXTURE(test_unknown_and_extreme_values_are_those_of_the_text),
        WITH_FIXTURE(test_each_kind_of_hypervisor_has_a_name),
        WITH_FIXTURE(test_what_is_announced_are_the_statements_of_the_text),
        WITH_FIXTURE(test_capabilities_have_the_numbers_of_the_text),
    };

    return cmocka_run_group_tests_name("mib_text", tests, load_modules, NULL);
}
