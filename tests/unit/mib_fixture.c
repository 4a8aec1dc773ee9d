/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "model/snapshot_parts.h"
#include "tests/unit/mib_fixture.h"

#define MIB (INT64_C(1) << 20)

static const char *const names[FIXTURE_CONNECTIONS] = { "first", "second", "third" };

static void set_never_sampled(struct snapshot *snapshot)
{
    for (int section = 0; section < SECTION_COUNT; section++) {
        snapshot->sampled_ns[section] = CLOCK_NEVER;
    }
    snapshot->domains_changed_ns = CLOCK_NEVER;
}

static void fill_connection(struct mib_fixture *fixture, size_t position)
{
    struct connection_status *connection = &fixture->connections[position];

    *connection = (struct connection_status) {
        .index = (uint32_t)(2 * position + 1),
        .name = names[position],
        .uri = "sim:/node.xml",
        .context = names[position],
        .is_default = position == 0,
        .backend = "sim",
        .software = "fallback",
        .hypervisor = HYPERVISOR_SIM,
        .capabilities = 0x17,
        .state = position == 0 ? CONNECTION_UP : CONNECTION_CONNECTING,
        .since_ns = FIXTURE_NOW_NS,
        .discontinuity_ns = CLOCK_NEVER,
        .collected_ns = FIXTURE_SAMPLED_NS,
        .collection_time_ns = CLOCK_NS_PER_MS,
        .collections = 11,
        .failures = 12,
        .abandoned = 13,
        .reconnects = 14,
        .control_classes = OPERATION_CLASS_BIT(OPERATION_CLASS_POWER),
        .operations = 15,
    };
    fixture->listed[position] = connection;
    fixture->listed_snapshots[position] =
        position == 0 ? &fixture->snapshot : &fixture->never_asked;
}

/* A disk with and one without much known of it; two interfaces; a pin. */
static void fill_devices(struct mib_fixture *fixture)
{
    static const uint64_t cpus[] = { 0x5 };

    fixture->disks[0] = (struct domain_disk) {
        .target = "vda",
        .format = "qcow2",
        .source = "/images/a.qcow2",
        .bus = "virtio",
        .mount_point = "/images",
        .source_type = DISK_SOURCE_SPARSE,
        .media = DISK_MEDIA_HARD_DISK,
        .read_only = DOMAIN_FLAG_NO,
    };
    fixture->disks[1] = (struct domain_disk) {
        .target = "sda",
        .format = "raw",
        .source = "",
        .bus = "sata",
        .source_type = DISK_SOURCE_RAW,
        .media = DISK_MEDIA_OPTICAL,
        .read_only = DOMAIN_FLAG_YES,
    };
    for (size_t i = 0; i < FIXTURE_DISKS; i++) {
        /* Ascending by target. */
        fixture->disk_statistics[i] = (struct disk_statistics) {
            .target = fixture->disks[FIXTURE_DISKS - 1 - i].target,
            .has = DISK_HAS_REQUESTS | DISK_HAS_OCTETS | DISK_HAS_TIMES,
            .read_requests = 11,
            .write_requests = 12,
            .read_bytes = 13,
            .write_bytes = 14,
            .read_time_ns = 15999,
            .write_time_ns = 16999,
            .capacity_bytes = 1024 * MIB,
            .allocation_bytes = 512 * MIB,
        };
        fixture->disk_rows[i] = (struct snapshot_disk) {
            .index = (uint32_t)(3 * i + 1),
            .position = (uint32_t)i,
            .size_unit = 1024,
            .size_unit_fixed = true,
        };
    }
    for (size_t i = 0; i < FIXTURE_INTERFACES; i++) {
        fixture->interfaces[i] = (struct domain_interface) {
            .mac = { 0x52, 0x54, 0, 0, 0, (uint8_t)i },
            .model = "virtio",
        };
        fixture->interface_statistics[i] = (struct interface_statistics) {
            .mac = { 0x52, 0x54, 0, 0, 0, (uint8_t)i },
            .if_index = (uint32_t)(i + 7),
            .parent_if_index = 3,
        };
        fixture->interface_rows[i] = (struct snapshot_interface) {
            .index = (uint32_t)(2 * i + 1),
            .position = (uint32_t)i,
        };
    }
    for (size_t i = 0; i < FIXTURE_VCPUS; i++) {
        fixture->vcpus[i] = (struct vcpu_statistics) { true, 2500999 + i };
    }
    fixture->pin = (struct domain_pin) { .vcpu = 1, .word_count = 1, .cpus = cpus };
    fixture->parts = (struct snapshot_parts) {
        .disk_count = FIXTURE_DISKS,
        .disks = fixture->disk_rows,
        .interface_count = FIXTURE_INTERFACES,
        .interfaces = fixture->interface_rows,
    };
}

static void fill_volumes(struct mib_fixture *fixture)
{
    static const char *const keys[FIXTURE_VOLUMES] = { "/pool/a", "/pool/b" };

    for (size_t i = 0; i < FIXTURE_VOLUMES; i++) {
        fixture->volumes[i] = (struct volume) {
            .key = keys[i],
            .name = keys[i] + 6,
            .pool = "pool",
            .format = "qcow2",
            .source_type = DISK_SOURCE_SPARSE,
            .capacity_bytes = 64 * MIB,
            .allocation_bytes = MIB,
        };
        fixture->volume_rows[i] = (struct snapshot_disk) {
            .index = (uint32_t)(i + 2),
            .position = (uint32_t)i,
            .size_unit = 1024,
            .size_unit_fixed = true,
        };
    }
    fixture->storage = (struct storage) {
        .volume_count = FIXTURE_VOLUMES,
        .volumes = fixture->volumes,
    };
    fixture->unattached = (struct snapshot_parts) {
        .disk_count = FIXTURE_VOLUMES,
        .disks = fixture->volume_rows,
    };
    fixture->snapshot.storage = &fixture->storage;
    fixture->snapshot.unattached = &fixture->unattached;
}

static void fill_row(struct mib_fixture *fixture, size_t position)
{
    struct snapshot_domain *row = &fixture->rows[position];

    fixture->domains[position] = (struct domain) {
        .name = "domain",
        .uuid = { { 0x6f, [15] = (uint8_t)position } },
        .state = DOMAIN_STATE_RUNNING,
        .autostart = DOMAIN_FLAG_YES,
        .persistent = DOMAIN_FLAG_YES,
        .started_ns = FIXTURE_NOW_NS - 100 * CLOCK_NS_PER_S,
    };
    fixture->configs[position] = (struct domain_config) {
        .uuid = fixture->domains[position].uuid,
        .os_type = "hvm",
        .vcpus = 2,
        .vcpus_min = 1,
        .vcpus_max = 4,
        .memory_min_bytes = 256 * MIB,
        .memory_max_bytes = 1024 * MIB,
        .memory_bytes = 512 * MIB,
        .cpu_weight = 1024,
        .cpu_cap_known = true,
        .cpu_cap = 150,
        .affinity_known = true,
        .pin_count = 1,
        .pins = &fixture->pin,
        .disk_count = FIXTURE_DISKS,
        .disks = fixture->disks,
        .interface_count = FIXTURE_INTERFACES,
        .interfaces = fixture->interfaces,
    };
    fixture->statistics[position] = (struct domain_statistics) {
        .uuid = fixture->domains[position].uuid,
        .has = DOMAIN_HAS_CPU_TIME | DOMAIN_HAS_MEMORY | DOMAIN_HAS_VCPUS,
        .cpu_time_ns = 5 * (uint64_t)CLOCK_NS_PER_S,
        .memory_bytes = 768 * MIB,
        .vcpus = 3,
        .vcpu_count = FIXTURE_VCPUS,
        .vcpu = fixture->vcpus,
    };
    fixture->devices[position] = (struct domain_devices) {
        .uuid = fixture->domains[position].uuid,
        .disk_count = FIXTURE_DISKS,
        .disks = fixture->disk_statistics,
        .interface_count = FIXTURE_INTERFACES,
        .interfaces = fixture->interface_statistics,
    };
    *row = (struct snapshot_domain) {
        /* 1, 4, 5, 8, 9 ...: neighbours and gaps. */
        .index = (uint32_t)(2 * position + 1 + position % 2),
        .admin_state = DOMAIN_ADMIN_STATE_RUNNING,
        .memory_unit = 1024,
        .memory_unit_fixed = true,
        .discontinuity_ns = CLOCK_NEVER,
        .domain = &fixture->domains[position],
        .config = &fixture->configs[position],
        .statistics = &fixture->statistics[position],
        .devices = &fixture->devices[position],
    };
    for (int section = 0; section < SECTION_COUNT; section++) {
        row->sampled_ns[section] = FIXTURE_SAMPLED_NS;
    }
}

void mib_fixture_count_parts(struct mib_fixture *fixture)
{
    for (size_t i = 0; i < fixture->snapshot.domain_count; i++) {
        struct snapshot_domain *row = &fixture->rows[i];

        row->parts = row->config == NULL ? NULL : &fixture->parts;
    }
    snapshot_count_parts(&fixture->snapshot);
}

void mib_fixture_set_rows(struct mib_fixture *fixture, size_t count)
{
    assert_true(count <= FIXTURE_ROWS_MAX);
    for (size_t i = 0; i < count; i++) {
        fill_row(fixture, i);
    }
    fixture->snapshot.domain_count = count;
    fixture->snapshot.domains = fixture->rows;
    mib_fixture_count_parts(fixture);
}

struct operation *mib_fixture_add_operation(struct mib_fixture *fixture, size_t row,
                                            enum operation_action action, uint32_t id)
{
    struct operation *operation = operation_new("role", fixture->domains[row].name);

    assert_non_null(operation);
    operation->class = operation_class_of(action);
    operation->uuid = fixture->domains[row].uuid;
    operation->id = id;
    operation->action = action;
    operation->timeout_s = 300;
    operation->origin = OPERATION_BY_ROW;
    operation->vm_index = fixture->rows[row].index;
    operation->accepted_ns = FIXTURE_NOW_NS - 30 * CLOCK_NS_PER_S;
    operation->serial = ++fixture->serial;
    assert_true(operation_table_add(&fixture->operations, operation));
    return operation;
}

static void fill_operations(struct mib_fixture *fixture)
{
    operation_table_init(&fixture->operations);
    fixture->operation =
        mib_fixture_add_operation(fixture, 0, OPERATION_MAKE_RUNNING, 4711);
    fixture->operation->state = OPERATION_SUCCEEDED;
    fixture->operation->started_ns = FIXTURE_NOW_NS - 20 * CLOCK_NS_PER_S;
    fixture->operation->finished_ns = FIXTURE_NOW_NS - 10 * CLOCK_NS_PER_S;
    fixture->operation->progress = 100;
    strcpy(fixture->operation->tag, "ticket 815");
}

static void fill(struct mib_fixture *fixture)
{
    fixture->agent = (struct agent_status) {
        .version = "1.2.3",
        .started_ns = FIXTURE_NOW_NS - 3600 * CLOCK_NS_PER_S,
        .requests = 21,
        .delegated = 22,
        .late = 23,
        .collections = 24,
        .control_classes = OPERATION_CLASS_BIT(OPERATION_CLASS_POWER)
                           | OPERATION_CLASS_BIT(OPERATION_CLASS_DEBUG),
        .operations_accepted = 28,
        .operations_refused = 29,
        .operations_failed = 30,
        .master_sessions = 25,
        .configured_ns = FIXTURE_NOW_NS - 60 * CLOCK_NS_PER_S,
        .memory_bytes = 26 * 1024 + 1023,
        .cpu_time_ns = 27999,
    };
    for (size_t i = 0; i < FIXTURE_CONNECTIONS; i++) {
        fill_connection(fixture, i);
    }
    set_never_sampled(&fixture->never_asked);
    for (int section = 0; section < SECTION_COUNT; section++) {
        fixture->snapshot.sampled_ns[section] = FIXTURE_SAMPLED_NS;
    }
    fixture->snapshot.domains_changed_ns = FIXTURE_NOW_NS - 50 * CLOCK_NS_PER_S;
    fixture->node = (struct node) {
        .hypervisor = HYPERVISOR_XEN,
        .software = "Xen",
        .version = "4.17",
        .started_ns = FIXTURE_NOW_NS - 7200 * CLOCK_NS_PER_S,
        .cpu_count = FIXTURE_CPUS,
        .is_local = true,
    };
    fixture->snapshot.node = &fixture->node;
    fill_devices(fixture);
    fill_volumes(fixture);
    mib_fixture_set_rows(fixture, 1);
    fill_operations(fixture);
    fixture->context = (struct mib_context) {
        .now_ns = FIXTURE_NOW_NS,
        .date_ns = FIXTURE_DATE_NS,
        .stale_limit_ns = FIXTURE_STALE_LIMIT_NS,
        .agent = &fixture->agent,
        .connections = fixture->listed,
        .connection_snapshots = fixture->listed_snapshots,
        .connection_count = FIXTURE_CONNECTIONS,
        .connection = &fixture->connections[0],
        .snapshot = &fixture->snapshot,
        .sections = SECTION_ALL,
        .operations = &fixture->operations,
        .control = &fixture->control,
    };
}

int mib_fixture_setup(void **state)
{
    struct mib_fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL) {
        return -1;
    }
    fixture->tree = mib_tree_new();
    if (fixture->tree == NULL) {
        free(fixture);
        return -1;
    }
    fill(fixture);
    *state = fixture;
    return 0;
}

int mib_fixture_teardown(void **state)
{
    struct mib_fixture *fixture = *state;

    mib_tree_free(fixture->tree);
    operation_table_clear(&fixture->operations);
    control_clear(&fixture->control);
    free(fixture);
    return 0;
}

const struct mib_object *mib_fixture_find(const struct mib_fixture *fixture,
                                          const char *name)
{
    for (size_t i = 0; i < mib_tree_count(fixture->tree); i++) {
        const struct mib_object *object = mib_tree_object(fixture->tree, i);

        if (strcmp(object->column->name, name) == 0) {
            return object;
        }
    }
    fail_msg("there is no object %s", name);
    return NULL;
}

enum mib_result mib_fixture_get(const struct mib_fixture *fixture, const char *name,
                                uint32_t instance, struct mib_value *ret_value)
{
    struct mib_oid oid = mib_fixture_find(fixture, name)->prefix;
    struct mib_hint hint = { 0, 0 };
    unsigned sections = 0;

    oid.ids[oid.length++] = instance;
    return mib_get(fixture->tree, &fixture->context, &oid, &hint, ret_value, &sections);
}

enum mib_result mib_fixture_get_part(const struct mib_fixture *fixture,
                                     const char *name, uint32_t first, uint32_t second,
                                     struct mib_value *ret_value)
{
    struct mib_oid oid = mib_fixture_find(fixture, name)->prefix;
    struct mib_hint hint = { 0, 0 };
    unsigned sections = 0;

    oid.ids[oid.length++] = first;
    oid.ids[oid.length++] = second;
    return mib_get(fixture->tree, &fixture->context, &oid, &hint, ret_value, &sections);
}

struct mib_oid mib_fixture_name_of(const struct mib_fixture *fixture, const char *name,
                                   const struct operation *operation)
{
    struct mib_oid oid = mib_fixture_find(fixture, name)->prefix;

    oid.ids[oid.length++] = (uint32_t)operation->class;
    for (size_t i = 0; i < sizeof(operation->uuid.bytes); i++) {
        oid.ids[oid.length++] = operation->uuid.bytes[i];
    }
    oid.ids[oid.length++] = operation->id;
    return oid;
}
