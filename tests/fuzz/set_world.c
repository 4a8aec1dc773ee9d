/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fuzz/set_world.h"

#include <stdlib.h>
#include <string.h>

#include "model/clock.h"
#include "model/text.h"
#include "tests/fuzz/fuzz.h"

static enum status operate(struct backend *backend,
                           const struct backend_operation *operation,
                           struct error *error)
{
    (void)backend;
    (void)operation;
    return error_set(error, STATUS_FAILED, "nothing begins here");
}

static void fill_domains(struct world *world)
{
    static const enum domain_state states[DOMAINS] = {
        DOMAIN_STATE_SHUTDOWN,  DOMAIN_STATE_RUNNING, DOMAIN_STATE_PAUSED,
        DOMAIN_STATE_SUSPENDED, DOMAIN_STATE_RUNNING,
    };
    static const char *const names[DOMAINS] = { "off", "on", "paused", "saved",
                                                "nameless" };

    for (size_t i = 0; i < DOMAINS; i++) {
        if (i + 1 < DOMAINS) {
            world->records[i].uuid =
                (struct uuid) { { 0xab, [15] = (uint8_t)(i + 1) } };
        }
        world->records[i].name = names[i];
        world->records[i].state = states[i];
        world->domains[i].index = (uint32_t)(10 + i);
        world->domains[i].domain = &world->records[i];
        world->domains[i].sampled_ns[SECTION_DOMAINS] = clock_boot_ns();
    }
    world->snapshot.domain_count = DOMAINS;
    world->snapshot.domains = world->domains;
}

static void fill_connection(struct world *world)
{
    struct connection *connection = &world->connection;
    const struct operations_settings settings = {
        .status = &connection->status,
        .config = &world->config,
        .counters = &world->agent.status,
    };
    struct error error = ERROR_NONE;

    world->ops.operate = operate;
    world->ops.actions = ~UINT64_C(0);
    world->ops.capabilities = BACKEND_CAPABILITY_BIT(BACKEND_CAN_EVENTS);
    connection->id = 1;
    connection->ops = &world->ops;
    connection->config = &world->config;
    connection->snapshot = &world->snapshot;
    connection->operated_ns = CLOCK_NEVER;
    connection->planned_ns[SECTION_DOMAINS] = CLOCK_NEVER;
    connection->status.name = "west";
    connection->status.state = CONNECTION_UP;
    /* On, which nobody could set: so that a SET changes something. */
    connection->status.switches[CONNECTION_SWITCH_PER_DOMAIN] = true;
    connection->status.switches[CONNECTION_SWITCH_BULK] = true;
    connection->operations = operations_new(&settings, &error);
    FUZZ_PROMISE(connection->operations != NULL);
}

struct mib_tree *world_tree(void)
{
    static struct mib_tree *made;

    if (made == NULL) {
        made = mib_tree_new();
        FUZZ_PROMISE(made != NULL);
        /* Thousands of lines in a second help nobody. */
        FUZZ_PROMISE(netsnmp_register_loghandler(NETSNMP_LOGHANDLER_NONE, LOG_DEBUG)
                     != NULL);
    }
    return made;
}

struct world *world_new(void)
{
    struct world *world = calloc(1, sizeof(*world));

    FUZZ_PROMISE(world != NULL);
    world->config.stale_limit_ns = 3600 * CLOCK_NS_PER_S;
    world->config.operation_keep_ns = 600 * CLOCK_NS_PER_S;
    world->config.operation_timeout_ns = 300 * CLOCK_NS_PER_S;
    world->config.repeat_window_ns = 3600 * CLOCK_NS_PER_S;
    world->control.classes = ~0u;
    world->agent.config = &world->config;
    world->agent.tree = world_tree();
    world->agent.check_ns = CLOCK_NEVER;
    world->agent.connection_count = 1;
    world->agent.connections = &world->listed;
    world->listed = &world->connection;
    fill_domains(world);
    fill_connection(world);
    world->view.context = "ops";
    world->view.connection = &world->connection;
    world->view.control = &world->control;
    world->transactions = transactions_new(&world->agent);
    FUZZ_PROMISE(world->transactions != NULL);
    return world;
}

void world_free(struct world *world)
{
    snmp_free_varbind(world->varbinds);
    transactions_free(world->transactions);
    operations_free(world->connection.operations);
    free(world);
}

const struct operation_table *world_table(struct world *world)
{
    return operations_table(world->connection.operations);
}

static void check_operation(const struct operation *operation)
{
    FUZZ_PROMISE(operation->class >= OPERATION_CLASS_POWER
                 && operation->class < OPERATION_CLASS_COUNT);
    FUZZ_PROMISE(operation->action > OPERATION_NONE
                 && operation->action < OPERATION_ACTION_COUNT);
    FUZZ_PROMISE(operation_class_of(operation->action) == operation->class);
    FUZZ_PROMISE(operation_value_is_valid(operation->action, operation->value));
    FUZZ_PROMISE(!uuid_is_nil(&operation->uuid));
    FUZZ_PROMISE(operation->id > 0);
    FUZZ_PROMISE((operation->id <= OPERATION_MANAGER_ID_MAX)
                 == (operation->origin == OPERATION_BY_ROW));
    FUZZ_PROMISE((int)operation->expected < DOMAIN_STATE_COUNT);
    FUZZ_PROMISE(operation->timeout_s >= 1
                 && operation->timeout_s <= OPERATION_TIMEOUT_MAX_S);
    FUZZ_PROMISE(operation->state != OPERATION_RUNNING
                 && (int)operation->state < OPERATION_STATE_COUNT);
    FUZZ_PROMISE(!operation->is_removed || operation_state_is_final(operation->state));
    fuzz_check_clean(operation->tag, OPERATION_TAG_SIZE - 1);
    fuzz_check_clean(operation->error_text, TEXT_MAX);
    FUZZ_PROMISE(strcmp(operation->role, "ops") == 0);
}

void world_check(struct world *world)
{
    const struct operation_table *operations = world_table(world);
    size_t rows = 0;
    uint32_t queued = 0;

    for (size_t i = 0; i < operations->count; i++) {
        const struct operation *operation = operations->operations[i];

        check_operation(operation);
        queued += operation->state == OPERATION_QUEUED;
        if (!operation->is_removed) {
            FUZZ_PROMISE(rows < operations->row_count
                         && operations->rows[rows] == operation);
            rows++;
        }
        FUZZ_PROMISE(operation_table_find(operations, operation->class,
                                          &operation->uuid, operation->id)
                     == operation);
    }
    FUZZ_PROMISE(rows == operations->row_count);
    FUZZ_PROMISE(queued == operations->queued && operations->running == 0);
}

static uint64_t mix(uint64_t hash, uint64_t number)
{
    return (hash ^ number) * UINT64_C(1099511628211);
}

uint64_t world_digest(struct world *world)
{
    const struct operation_table *operations = world_table(world);
    uint64_t hash = mix(operations->count, operations->row_count);

    for (size_t i = 0; i < operations->count; i++) {
        const struct operation *operation = operations->operations[i];

        hash = mix(hash, operation->serial);
        hash = mix(hash, operation->id);
        hash = mix(hash, operation->state);
        hash = mix(hash, operation->is_held);
        hash = mix(hash, operation->is_removed);
        hash = mix(hash, (uint64_t)operation->accepted_ns);
    }
    for (size_t i = 0; i < DOMAINS; i++) {
        for (unsigned class = 1; class < OPERATION_CLASS_COUNT; class ++) {
            hash = mix(hash, (uint64_t)operation_table_lock(
                                 operations, (enum operation_class) class,
                                 &world->records[i].uuid));
        }
    }
    for (size_t i = 0; i < CONNECTION_SWITCH_COUNT; i++) {
        hash = mix(hash, world->connection.status.switches[i]);
    }
    return mix(hash, world->agent.status.operations_accepted);
}
