/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_set.c - SETs, several of them at once, and what becomes of operations.
 *
 * The input is text, a step in each line; what makes no sense is passed over:
 *
 *     NAME INSTANCE VALUE   a varbind of the next SET.  NAME: of an object, or an
 *                           OID.  INSTANCE: sub-identifiers, or @CLASS.DOMAIN.ID, a row
 *                           of hvxOperationTable, where an ID of the agent's
 *                           own is that of the newest.  VALUE: i, u, t and a number, s
 *                           and octets, l for the lock as it is, or x, the tag of
 *                           a type in decimal, and octets, of which nobody has
 *                           made sure that they are a value of that type
 *     !set                  tests, commits and completes it; and once more
 *     !back                 tests, commits and undoes it
 *     !test N, !commit N, !undo N, !complete N
 *                           the phases of one that is named N
 *     !end N                a session ends
 *     !wait S               time passes
 *     !fail                 the connection goes down with what is queued
 *     !link S               its state is S
 *     !domain N S           a domain is in state S
 *     !gone N               so many domains are left
 *     !can N                the hypervisor can do the actions of which N is the set
 *     !may N                the role may use the classes of which N is the set
 *
 * Nothing begins: operationLimit is 0.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/varbind.h"
#include "model/clock.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/set_world.h"

#define SESSIONS 2
#define STEPS_MAX 200
#define WORD_SIZE 160

/* Transactions in which `!set` and `!back` happen. */
#define WHOLE 1000

static const char sessions[SESSIONS];

/* --- phases ------------------------------------------------------------------- */

static const void *session_of(long number)
{
    return &sessions[(unsigned long)number % SESSIONS];
}

/* One that has the same name is undone by it, which changes something. */
static bool test_set(struct world *world, long number)
{
    long index = -1;
    uint64_t before;
    enum mib_error error;

    transaction_undo(world->transactions, session_of(number), number);
    before = world_digest(world);
    error = transaction_test(world->transactions, session_of(number), number,
                             &world->view, world->varbinds, &index);
    FUZZ_PROMISE(world_digest(world) == before);
    FUZZ_PROMISE(error == MIB_NO_ERROR || world->varbind_count == 0
                 || (index >= 1 && index <= world->varbind_count));
    FUZZ_PROMISE(mib_error_name(error) != NULL);
    return error == MIB_NO_ERROR;
}

static bool commit_set(struct world *world, long number)
{
    uint64_t before = world_digest(world);
    long index = -1;
    enum mib_error error =
        transaction_commit(world->transactions, session_of(number), number, &index);

    FUZZ_PROMISE(error == MIB_NO_ERROR || error == MIB_COMMIT_FAILED);
    FUZZ_PROMISE(error == MIB_NO_ERROR || world_digest(world) == before);
    return error == MIB_NO_ERROR;
}

static void drop_varbinds(struct world *world)
{
    snmp_free_varbind(world->varbinds);
    world->varbinds = NULL;
    world->varbind_count = 0;
}

/* A SET that a manager repeats, because it heard no answer, makes nothing anew. */
static void set_twice(struct world *world)
{
    size_t count;

    if (!test_set(world, WHOLE)) {
        return;
    }
    FUZZ_PROMISE(commit_set(world, WHOLE));
    transaction_complete(world->transactions, session_of(WHOLE), WHOLE);
    count = world_table(world)->count;
    if (test_set(world, WHOLE)) {
        FUZZ_PROMISE(commit_set(world, WHOLE));
        transaction_complete(world->transactions, session_of(WHOLE), WHOLE);
    }
    FUZZ_PROMISE(world_table(world)->count == count);
}

static void set_and_undo(struct world *world)
{
    uint64_t before;

    transaction_undo(world->transactions, session_of(WHOLE), WHOLE);
    before = world_digest(world);
    if (test_set(world, WHOLE)) {
        FUZZ_PROMISE(commit_set(world, WHOLE));
        transaction_undo(world->transactions, session_of(WHOLE), WHOLE);
    }
    FUZZ_PROMISE(world_digest(world) == before);
}

/* Nothing is left of SETs that are not complete, their reserved room included. */
static void end_all(struct world *world)
{
    const struct operation_table *operations = world_table(world);
    size_t room;

    for (size_t i = 0; i < SESSIONS; i++) {
        transactions_end(world->transactions, &sessions[i]);
    }
    world_check(world);
    for (size_t i = 0; i < operations->count; i++) {
        FUZZ_PROMISE(!operations->operations[i]->is_held);
        FUZZ_PROMISE(operations->operations[i]->accepted_ns != CLOCK_NEVER);
    }
    room = OPERATION_TABLE_MAX - operations->count;
    FUZZ_PROMISE(operations_reserve(world->connection.operations, room));
    operations_return(world->connection.operations, room);
}

/* --- the input ---------------------------------------------------------------- */

/* The next word of a line, at most so long; empty at its end. */
static void take_word(const char **at, const char *end, char word[static WORD_SIZE])
{
    size_t used = 0;

    while (*at < end && **at == ' ') {
        (*at)++;
    }
    for (; *at < end && **at != ' ' && used + 1 < WORD_SIZE; (*at)++) {
        word[used++] = **at;
    }
    word[used] = '\0';
}

static uint64_t take_number(const char **at, const char *end)
{
    char word[WORD_SIZE];

    take_word(at, end, word);
    return strtoull(word, NULL, 0);
}

/* Appends sub-identifiers with dots between them. */
static void append_ids(const char *word, oid ids[static MIB_OID_MAX], size_t *length)
{
    while (*word >= '0' && *word <= '9' && *length < MIB_OID_MAX) {
        char *end;

        ids[(*length)++] = (oid)(uint32_t)strtoull(word, &end, 10);
        word = *end == '.' ? end + 1 : end;
    }
}

/* Appends @CLASS.DOMAIN.ID. */
static void append_row(struct world *world, const char *word,
                       oid ids[static MIB_OID_MAX], size_t *length)
{
    const struct operation *last;
    oid parts[MIB_OID_MAX];
    size_t count = 0;
    const struct uuid *uuid;

    append_ids(word, parts, &count);
    if (count < 3 || *length + 2 + sizeof(uuid->bytes) > MIB_OID_MAX) {
        return;
    }
    uuid = &world->records[parts[1] % DOMAINS].uuid;
    ids[(*length)++] = parts[0];
    for (size_t i = 0; i < sizeof(uuid->bytes); i++) {
        ids[(*length)++] = uuid->bytes[i];
    }
    last =
        operation_table_last(world_table(world), (enum operation_class)parts[0], uuid);
    /* The agent's own begin at random. */
    ids[(*length)++] =
        parts[2] > OPERATION_MANAGER_ID_MAX && last != NULL ? last->id : parts[2];
}

/* Starts with an object's name, or with an OID; false: there is no such. */
static bool append_name(const char *word, oid ids[static MIB_OID_MAX], size_t *length)
{
    append_ids(word, ids, length);
    for (size_t i = 0; *length == 0 && i < mib_tree_count(world_tree()); i++) {
        const struct mib_object *object = mib_tree_object(world_tree(), i);

        if (strcmp(object->column->name, word) == 0) {
            for (size_t at = 0; at < object->prefix.length; at++) {
                ids[(*length)++] = object->prefix.ids[at];
            }
        }
    }
    return *length > 0;
}

/* The lock that an instance of a column of a domain would have; 0: it has none. */
static long lock_of(struct world *world, const oid *ids, size_t length)
{
    struct mib_oid name;
    const struct mib_object *object = varbind_copy_oid(ids, length, &name)
                                          ? mib_tree_find(world->agent.tree, &name)
                                          : NULL;
    struct mib_hint hint = { 0, 0 };
    unsigned wanted = 0;
    struct mib_value value;
    struct mib_context context;

    if (object == NULL || strstr(object->column->name, "Lock") == NULL) {
        return 0;
    }
    context = agent_context(&world->agent, &world->view, clock_boot_ns());
    return mib_get(world->agent.tree, &context, &name, &hint, &value, &wanted)
                   == MIB_FOUND
               ? value.integer
               : 0;
}

/* Octets in memory of exactly their size, so that a sanitizer sees their end. */
static void put_raw(netsnmp_variable_list *varbind, u_char type, const char *octets,
                    size_t size)
{
    FUZZ_PROMISE(snmp_set_var_value(varbind, NULL, 0) == 0);
    varbind->type = type;
    varbind->val_len = size;
    if (size > 0) {
        varbind->val.string = malloc(size);
        FUZZ_PROMISE(varbind->val.string != NULL);
        memcpy(varbind->val.string, octets, size);
    }
}

static void put_value(struct world *world, netsnmp_variable_list *varbind,
                      const char *at, const char *end)
{
    char word[WORD_SIZE];
    long number;

    take_word(&at, end, word);
    switch (word[0]) {
    case 'i':
    case 'u':
    case 't':
        varbind->type = word[0] == 'i'   ? ASN_INTEGER
                        : word[0] == 'u' ? ASN_GAUGE
                                         : ASN_TIMETICKS;
        number = (long)take_number(&at, end);
        put_raw(varbind, varbind->type, (const char *)&number, sizeof(number));
        break;
    case 'l':
        number = lock_of(world, varbind->name, varbind->name_length);
        put_raw(varbind, ASN_INTEGER, (const char *)&number, sizeof(number));
        break;
    case 's':
        at += at < end;
        put_raw(varbind, ASN_OCTET_STR, at, (size_t)(end - at));
        break;
    case 'x':
        number = (long)take_number(&at, end);
        at += at < end;
        put_raw(varbind, (u_char)number, at, (size_t)(end - at));
        break;
    default:
        break;
    }
}

static void add_varbind(struct world *world, const char *word, const char *at,
                        const char *end)
{
    oid ids[MIB_OID_MAX];
    size_t length = 0;
    char instance[WORD_SIZE];
    netsnmp_variable_list *varbind;

    if (!append_name(word, ids, &length)) {
        return;
    }
    take_word(&at, end, instance);
    if (instance[0] == '@') {
        append_row(world, instance + 1, ids, &length);
    } else {
        append_ids(instance, ids, &length);
    }
    varbind =
        snmp_varlist_add_variable(&world->varbinds, ids, length, ASN_NULL, NULL, 0);
    FUZZ_PROMISE(varbind != NULL);
    world->varbind_count++;
    put_value(world, varbind, at, end);
}

/* What goes on beside SETs. */
static void change_world(struct world *world, const char *word, const char *at,
                         const char *end)
{
    static const struct error lost = { STATUS_UNAVAILABLE, "the link is cut" };
    struct operations *operations = world->connection.operations;
    uint64_t number = take_number(&at, end);

    if (strcmp(word, "!wait") == 0) {
        int64_t now_ns =
            clock_boot_ns() + (int64_t)(number % 10000000) * CLOCK_NS_PER_S;
        int64_t due_ns = operations_check(operations, now_ns);

        FUZZ_PROMISE(due_ns == CLOCK_NEVER || due_ns > clock_boot_ns());
    } else if (strcmp(word, "!fail") == 0) {
        operations_fail_queued(operations, &lost);
    } else if (strcmp(word, "!link") == 0) {
        world->connection.status.state =
            (enum connection_state)(number % CONNECTION_STATE_COUNT);
    } else if (strcmp(word, "!domain") == 0) {
        world->records[number % DOMAINS].state =
            (enum domain_state)(take_number(&at, end) % DOMAIN_STATE_COUNT);
    } else if (strcmp(word, "!gone") == 0) {
        world->snapshot.domain_count = number % (DOMAINS + 1);
    } else if (strcmp(word, "!can") == 0) {
        world->ops.actions = number;
    } else if (strcmp(word, "!may") == 0) {
        world->control.classes = (unsigned)number;
    }
}

static void take_phase(struct world *world, const char *word, const char *at,
                       const char *end)
{
    const char *rest = at;
    long number = (long)(take_number(&rest, end) % 8);

    if (strcmp(word, "!set") == 0) {
        set_twice(world);
        drop_varbinds(world);
    } else if (strcmp(word, "!back") == 0) {
        set_and_undo(world);
        drop_varbinds(world);
    } else if (strcmp(word, "!test") == 0) {
        (void)test_set(world, number);
        drop_varbinds(world);
    } else if (strcmp(word, "!commit") == 0) {
        (void)commit_set(world, number);
    } else if (strcmp(word, "!undo") == 0) {
        transaction_undo(world->transactions, session_of(number), number);
    } else if (strcmp(word, "!complete") == 0) {
        transaction_complete(world->transactions, session_of(number), number);
    } else if (strcmp(word, "!end") == 0) {
        transactions_end(world->transactions, session_of(number));
    } else {
        change_world(world, word, at, end);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    struct world *world = world_new();
    const char *at = (const char *)octets;
    const char *end = at + size;

    for (size_t step = 0; step < STEPS_MAX && at < end; step++) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        const char *stop = line_end == NULL ? end : line_end;
        char word[WORD_SIZE];

        take_word(&at, stop, word);
        if (word[0] == '!') {
            take_phase(world, word, at, stop);
        } else {
            add_varbind(world, word, at, stop);
        }
        world_check(world);
        at = line_end == NULL ? end : line_end + 1;
    }
    end_all(world);
    world_free(world);
    return 0;
}
