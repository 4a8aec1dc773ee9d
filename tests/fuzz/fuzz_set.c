/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_set.c - SETs, from their varbinds to the operations that they make.
 *
 * The input is a series of SETs; each octet that chooses something is taken modulo
 * what there is to choose from.  All classes are permitted, and the backend can do
 * everything, but nothing begins: operationLimit is 0.
 */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "agent/transaction.h"
#include "model/clock.h"
#include "tests/fuzz/fuzz.h"

#define DOMAINS 3
#define VARBINDS_MAX 6
#define SETS_MAX 40
#define OBJECTS_MAX 64

static const char session;

/* The input, octet by octet; 0 behind its end. */
struct input {
    const uint8_t *octets;
    size_t left;
};

static uint8_t take(struct input *input)
{
    if (input->left == 0) {
        return 0;
    }
    input->left--;
    return *input->octets++;
}

static uint32_t take_number(struct input *input)
{
    uint32_t number = 0;

    for (size_t i = 0; i < sizeof(number); i++) {
        number = number << 8 | take(input);
    }
    return number;
}

/* A node whose domains stay as they are. */
struct world {
    struct agent agent;
    struct config config;
    struct control control;
    struct domain records[DOMAINS];
    struct snapshot_domain domains[DOMAINS];
    struct snapshot snapshot;
    struct connection connection;
    struct connection *connections[1];
    const struct connection_status *listed[1];
    const struct snapshot *snapshots[1];
    struct agent_view view;
    struct transactions *transactions;
    const struct mib_object *objects[OBJECTS_MAX]; /* that can be set */
    size_t object_count;
};

static enum status operate(struct backend *backend,
                           const struct backend_operation *operation,
                           struct error *error)
{
    (void)backend;
    (void)operation;
    (void)error;
    FUZZ_PROMISE(!"nothing begins");
    return STATUS_FAILED;
}

static const struct backend_ops ops = {
    .name = "none",
    .actions = ~UINT64_C(0),
    .operate = operate,
};

static void make_agent(struct world *world)
{
    struct agent *agent = &world->agent;

    netsnmp_register_loghandler(NETSNMP_LOGHANDLER_NONE, LOG_DEBUG);
    agent->tree = mib_tree_new();
    FUZZ_PROMISE(agent->tree != NULL);
    agent->config = &world->config;
    agent->usage_ns = CLOCK_NEVER;
    agent->check_ns = CLOCK_NEVER;
    agent->connection_count = 1;
    agent->connections = world->connections;
    world->connections[0] = &world->connection;
    world->config.stale_limit_ns = 3600 * CLOCK_NS_PER_S;
    world->config.operation_keep_ns = 600 * CLOCK_NS_PER_S;
    world->config.operation_timeout_ns = 300 * CLOCK_NS_PER_S;
    world->config.repeat_window_ns = 15 * CLOCK_NS_PER_S;
    world->control.classes = ~0u;
    for (size_t i = 0; i < mib_tree_count(agent->tree); i++) {
        const struct mib_object *object = mib_tree_object(agent->tree, i);

        if (object->column->access != MIB_READ_ONLY) {
            FUZZ_PROMISE(world->object_count < OBJECTS_MAX);
            world->objects[world->object_count++] = object;
        }
    }
}

static void make_domains(struct world *world)
{
    static const char *const names[DOMAINS] = { "web", "db", "old" };

    for (size_t i = 0; i < DOMAINS; i++) {
        world->records[i].uuid = (struct uuid) { { [15] = (uint8_t)(i + 1) } };
        world->records[i].name = names[i];
        world->domains[i].index = (uint32_t)i + 1;
        world->domains[i].domain = &world->records[i];
    }
    world->snapshot.domain_count = DOMAINS;
    world->snapshot.domains = world->domains;
}

static void make_connection(struct world *world)
{
    struct connection *connection = &world->connection;

    connection->id = 1;
    connection->ops = &ops;
    connection->config = &world->config;
    connection->snapshot = &world->snapshot;
    connection->operated_ns = CLOCK_NEVER;
    connection->planned_ns[SECTION_DOMAINS] = CLOCK_NEVER;
    connection->status.name = "west";
    connection->status.state = CONNECTION_UP;
    world->listed[0] = &connection->status;
    world->snapshots[0] = &world->snapshot;
    world->view = (struct agent_view) {
        .context = "",
        .control = &world->control,
        .connection = connection,
        .listed_count = 1,
        .listed = world->listed,
        .snapshots = world->snapshots,
    };
}

/* Forgets all operations of the input before. */
static void begin_world(struct world *world)
{
    const struct operations_settings settings = {
        .status = &world->connection.status,
        .config = &world->config,
        .counters = &world->agent.status,
    };
    struct error error = ERROR_NONE;

    if (world->agent.tree == NULL) {
        make_agent(world);
        make_domains(world);
        make_connection(world);
    }
    for (size_t i = 0; i < DOMAINS; i++) {
        world->records[i].state = DOMAIN_STATE_RUNNING;
        world->domains[i].sampled_ns[SECTION_DOMAINS] = clock_boot_ns();
    }
    world->connection.operations = operations_new(&settings, &error);
    world->transactions = transactions_new(&world->agent);
    FUZZ_PROMISE(world->connection.operations != NULL && world->transactions != NULL);
}

static void end_world(struct world *world)
{
    transactions_free(world->transactions);
    operations_free(world->connection.operations);
}

/* Appends what may stand behind a column: an instance, or anything else. */
static void take_instance(struct input *input, oid *name, size_t *length)
{
    uint8_t kind = take(input);

    if (kind % 4 == 0) {
        name[(*length)++] = take(input) % (DOMAINS + 1);
    } else if (kind % 4 < 3) {
        name[(*length)++] = take(input) % 7;
        for (size_t i = 0; i < 15; i++) {
            name[(*length)++] = 0;
        }
        name[(*length)++] = take(input) % (DOMAINS + 2);
        name[(*length)++] = kind % 4 == 1 ? take(input) % 4 : take_number(input);
    } else {
        for (size_t count = take(input); count > 0 && *length < MAX_OID_LEN; count--) {
            name[(*length)++] = kind & 8 ? take(input) : take_number(input);
        }
    }
}

static void take_varbind(struct world *world, struct input *input,
                         netsnmp_variable_list **varbinds)
{
    static const u_char types[] = { ASN_INTEGER,   ASN_OCTET_STR, ASN_GAUGE,
                                    ASN_NULL,      ASN_OBJECT_ID, ASN_COUNTER,
                                    ASN_TIMETICKS, ASN_COUNTER64, ASN_IPADDRESS,
                                    ASN_OPAQUE };
    const struct mib_object *object = world->objects[take(input) % world->object_count];
    u_char type = types[take(input) % sizeof(types)];
    oid name[MAX_OID_LEN + 20];
    size_t length = object->prefix.length;
    uint8_t text[256];
    size_t size = 0;

    for (size_t i = 0; i < length; i++) {
        name[i] = object->prefix.ids[i];
    }
    take_instance(input, name, &length);
    if (length > MAX_OID_LEN) {
        length = MAX_OID_LEN;
    }
    if (type == ASN_INTEGER || type == ASN_GAUGE || type == ASN_COUNTER
        || type == ASN_TIMETICKS) {
        uint8_t kind = take(input);
        long number = kind % 2 == 0 ? take(input) % 32 : (int32_t)take_number(input);

        FUZZ_PROMISE(snmp_varlist_add_variable(varbinds, name, length, type, &number,
                                               sizeof(number))
                     != NULL);
        return;
    }
    for (size = 0; size < sizeof(text) && size < input->left && size < 80; size++) {
        text[size] = take(input);
        if (text[size] == 0xfe) {
            break;
        }
    }
    if (type == ASN_OBJECT_ID || type == ASN_COUNTER64) {
        size = size / sizeof(oid) * sizeof(oid);
    }
    if (type == ASN_COUNTER64) {
        size = sizeof(struct counter64);
        memset(text, 1, size);
    }
    if (type == ASN_NULL || type == ASN_IPADDRESS) {
        size = type == ASN_NULL ? 0 : 4;
    }
    FUZZ_PROMISE(snmp_varlist_add_variable(varbinds, name, length, type, text, size)
                 != NULL);
}

static const struct operation_table *table(const struct world *world)
{
    return operations_table(world->connection.operations);
}

/* What is promised of each row, and of their order. */
static void check_table(const struct world *world)
{
    const struct operation_table *rows = table(world);
    uint32_t queued = 0;

    for (size_t i = 0; i < rows->row_count; i++) {
        const struct operation *row = rows->rows[i];

        FUZZ_PROMISE(operation_table_row(rows, row->class, &row->uuid, row->id) == i);
        FUZZ_PROMISE(operation_class_of(row->action) == row->class);
        FUZZ_PROMISE(operation_value_is_valid(row->action, row->value));
        FUZZ_PROMISE(row->timeout_s >= 1 && row->timeout_s <= OPERATION_TIMEOUT_MAX_S);
        FUZZ_PROMISE((row->id > OPERATION_MANAGER_ID_MAX)
                     == (row->origin == OPERATION_BY_COLUMN));
        FUZZ_PROMISE(row->uuid.bytes[15] >= 1 && row->uuid.bytes[15] <= DOMAINS);
        FUZZ_PROMISE(row->state == OPERATION_QUEUED
                     || row->state == OPERATION_CANCELLED);
        fuzz_check_clean(row->tag, OPERATION_TAG_SIZE - 1);
        queued += row->state == OPERATION_QUEUED;
    }
    FUZZ_PROMISE(rows->queued == queued && rows->running == 0);
    /* Nothing is reserved for ever. */
    FUZZ_PROMISE(operations_reserve(world->connection.operations,
                                    OPERATION_TABLE_MAX - rows->count));
    operations_return(world->connection.operations, OPERATION_TABLE_MAX - rows->count);
}

/* Commits what was tested, and completes it or takes it back. */
static void go_on(struct world *world, long number, uint8_t how)
{
    size_t before = table(world)->count;
    uint32_t queued = table(world)->queued;
    long index = 0;

    if (how % 8 == 0) {
        transaction_undo(world->transactions, &session, number);
    } else if (how % 8 == 1) {
        transactions_end(world->transactions, &session);
    } else {
        FUZZ_PROMISE(transaction_commit(world->transactions, &session, number, &index)
                     == MIB_NO_ERROR);
        if (how % 8 == 2) {
            transaction_undo(world->transactions, &session, number);
        } else if (how % 8 == 3) {
            transactions_end(world->transactions, &session);
        } else {
            transaction_complete(world->transactions, &session, number);
            return;
        }
    }
    FUZZ_PROMISE(table(world)->count == before && table(world)->queued == queued);
}

static void take_set(struct world *world, struct input *input, long number)
{
    netsnmp_variable_list *varbinds = NULL;
    size_t count = take(input) % VARBINDS_MAX + 1;
    size_t before = table(world)->count;
    enum mib_error error;
    long index = 0;

    for (size_t i = 0; i < count; i++) {
        take_varbind(world, input, &varbinds);
    }
    error = transaction_test(world->transactions, &session, number, &world->view,
                             varbinds, &index);
    FUZZ_PROMISE(table(world)->count == before);
    if (error == MIB_NO_ERROR) {
        go_on(world, number, take(input));
    } else {
        FUZZ_PROMISE(index >= 1 && (size_t)index <= count);
        FUZZ_PROMISE(strcmp(mib_error_name(error), "genErr") != 0);
    }
    snmp_free_varbind(varbinds);
    check_table(world);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    static struct world world;
    struct input input = { octets, size };

    begin_world(&world);
    for (long number = 1; number <= SETS_MAX && input.left > 0; number++) {
        uint8_t what = take(&input);

        world.records[what % DOMAINS].state =
            (enum domain_state)(what / DOMAINS % DOMAIN_STATE_COUNT);
        take_set(&world, &input, number);
    }
    end_world(&world);
    return 0;
}
