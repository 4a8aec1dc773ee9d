/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "agent/log.h"
#include "agent/operations_parts.h"
#include "model/clock.h"

/* Most that are forgotten at once. */
#define FORGET_MOST 1000

static int compare_acceptance(const void *a, const void *b)
{
    const struct operation *const *first = a;
    const struct operation *const *second = b;

    return ((*first)->accepted_ns > (*second)->accepted_ns)
           - ((*first)->accepted_ns < (*second)->accepted_ns);
}

/* Numbers those that the journal remembers in the order in which they came. */
static bool number_remembered(struct operations *operations)
{
    size_t count = operations->table.count;
    struct operation **ordered = calloc(count + 1, sizeof(struct operation *));

    if (ordered == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        ordered[i] = operations->table.operations[i];
    }
    qsort(ordered, count, sizeof(struct operation *), compare_acceptance);
    for (size_t i = 0; i < count; i++) {
        ordered[i]->serial = ++operations->last_serial;
    }
    free(ordered);
    return true;
}

struct operations *operations_new(const struct operations_settings *settings,
                                  struct error *error)
{
    struct operations *operations = calloc(1, sizeof(*operations));
    struct error warning = ERROR_NONE;

    if (operations == NULL) {
        error_set(error, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    operations->status = settings->status;
    operations->collector = settings->collector;
    operations->config = settings->config;
    operations->counters = settings->counters;
    operation_table_init(&operations->table);
    operations->journal = journal_open(
        settings->folder, settings->status->name, settings->config->operation_keep_ns,
        &operations->table, &operations->next_id, &warning, error);
    if (operations->journal != NULL && !number_remembered(operations)) {
        error_set(error, STATUS_NO_MEMORY, "out of memory");
        journal_close(operations->journal);
        operations->journal = NULL;
    }
    if (operations->journal == NULL) {
        operation_table_clear(&operations->table);
        free(operations);
        return NULL;
    }
    if (warning.text[0] != '\0') {
        log_warning("connection %s: %s", settings->status->name, warning.text);
    }
    return operations;
}

void operations_configure(struct operations *operations, const struct config *config)
{
    operations->config = config;
    journal_set_keep(operations->journal, config->operation_keep_ns);
    operations_start_ready(operations);
}

void operations_free(struct operations *operations)
{
    static const struct error cancelled = { STATUS_UNAVAILABLE,
                                            "the agent ended before it began" };
    static const struct error interrupted = {
        STATUS_UNAVAILABLE, "the agent ended while it ran: look at the domain"
    };

    if (operations == NULL) {
        return;
    }
    atomic_store(&operations->ended, true);
    while (operations->queue_count > 0) {
        struct operation *operation = operations->queue[0];

        /* One whose SET is not complete has never been. */
        if (operation->is_held && operation->accepted_ns == CLOCK_NEVER) {
            operations_unqueue(operations, operation);
        } else {
            operations_end(operations, operation, OPERATION_CANCELLED, &cancelled);
        }
    }
    while (operations->running != NULL) {
        struct operation *operation = operations->running->operation;

        operations_drop_run(operations, operations->running);
        operations_end(operations, operation, OPERATION_INTERRUPTED, &interrupted);
    }
    journal_close(operations->journal);
    operation_table_clear(&operations->table);
    free(operations->queue);
    free(operations);
}

const struct operation_table *operations_table(struct operations *operations)
{
    if (operations == NULL) {
        return NULL;
    }
    for (const struct run *run = operations->running; run != NULL; run = run->next) {
        run->operation->progress = atomic_load(&run->job->progress);
    }
    return &operations->table;
}

bool operations_reserve(struct operations *operations, size_t count)
{
    size_t taken = operations->table.count + operations->reserved;

    if (taken + count > OPERATION_TABLE_MAX) {
        (void)operation_table_forget(&operations->table, clock_boot_ns(), FORGET_MOST);
        taken = operations->table.count + operations->reserved;
    }
    if (taken + count > OPERATION_TABLE_MAX) {
        return false;
    }
    operations->reserved += count;
    return true;
}

void operations_return(struct operations *operations, size_t count)
{
    operations->reserved -= count;
}

uint32_t operations_new_id(struct operations *operations)
{
    uint32_t id = operations->next_id++;

    if (operations->next_id <= OPERATION_MANAGER_ID_MAX) {
        operations->next_id = OPERATION_MANAGER_ID_MAX + 1;
    }
    return id;
}

static bool enqueue(struct operations *operations, struct operation *operation)
{
    if (operations->queue_count == operations->queue_room) {
        size_t room = operations->queue_room == 0 ? 64 : 2 * operations->queue_room;
        struct operation **grown =
            reallocarray(operations->queue, room, sizeof(struct operation *));

        if (grown == NULL) {
            return false;
        }
        operations->queue = grown;
        operations->queue_room = room;
    }
    operations->queue[operations->queue_count++] = operation;
    return true;
}

bool operations_accept(struct operations *operations, struct operation *operation)
{
    operation->serial = operations->last_serial + 1;
    operation->state = OPERATION_QUEUED;
    operation->is_held = true;
    if (!enqueue(operations, operation)) {
        return false;
    }
    if (!operation_table_add(&operations->table, operation)) {
        operations->queue_count--;
        return false;
    }
    operations->last_serial++;
    operations->reserved--;
    operations->table.queued++;
    return true;
}

/* The one of that name if it is queued; NULL: it is not. */
static struct operation *find_queued(const struct operations *operations,
                                     enum operation_class class,
                                     const struct uuid *uuid, uint32_t id)
{
    struct operation *operation =
        operation_table_find(&operations->table, class, uuid, id);

    return operation != NULL && operation->state == OPERATION_QUEUED ? operation : NULL;
}

void operations_withdraw(struct operations *operations, enum operation_class class,
                         const struct uuid *uuid, uint32_t id)
{
    struct operation *operation = find_queued(operations, class, uuid, id);

    if (operation == NULL || operation->accepted_ns != CLOCK_NEVER) {
        return;
    }
    operations_unqueue(operations, operation);
    operations->table.queued--;
    operation_table_take(&operations->table, operation);
    operation_free(operation);
    operations_start_ready(operations);
}

void operations_begin(struct operations *operations, enum operation_class class,
                      const struct uuid *uuid, uint32_t id)
{
    struct operation *operation = find_queued(operations, class, uuid, id);

    if (operation == NULL || operation->accepted_ns != CLOCK_NEVER) {
        return;
    }
    operation->accepted_ns = clock_boot_ns();
    operation->is_held = false;
    operations->status->operations++;
    operations->counters->operations_accepted++;
    journal_write(operations->journal, operation, NULL, NULL);
    operations_log(operations, operation, "accepted");
    operations_start_ready(operations);
}

bool operations_hold(struct operations *operations, enum operation_class class,
                     const struct uuid *uuid, uint32_t id)
{
    struct operation *operation = find_queued(operations, class, uuid, id);

    if (operation == NULL || operation->is_held) {
        return false;
    }
    operation->is_held = true;
    return true;
}

void operations_release(struct operations *operations, enum operation_class class,
                        const struct uuid *uuid, uint32_t id)
{
    struct operation *operation = find_queued(operations, class, uuid, id);

    if (operation != NULL && operation->accepted_ns != CLOCK_NEVER) {
        operation->is_held = false;
        operations_start_ready(operations);
    }
}

void operations_cancel(struct operations *operations, enum operation_class class,
                       const struct uuid *uuid, uint32_t id)
{
    static const struct error why = { STATUS_OK, "cancelled by a manager" };
    struct operation *operation = find_queued(operations, class, uuid, id);

    if (operation != NULL && operation->accepted_ns != CLOCK_NEVER) {
        operations_end(operations, operation, OPERATION_CANCELLED, &why);
        operations_start_ready(operations);
    }
}

void operations_remove(struct operations *operations, enum operation_class class,
                       const struct uuid *uuid, uint32_t id)
{
    struct operation *operation =
        operation_table_find(&operations->table, class, uuid, id);

    if (operation != NULL && !operation->is_removed
        && operation_state_is_final(operation->state)) {
        operation_table_hide(&operations->table, operation);
        journal_write(operations->journal, operation, NULL, NULL);
    }
}

bool operations_advance_lock(struct operations *operations, enum operation_class class,
                             const struct uuid *uuid)
{
    return operation_table_advance_lock(&operations->table, class, uuid);
}

void operations_return_lock(struct operations *operations, enum operation_class class,
                            const struct uuid *uuid)
{
    operation_table_return_lock(&operations->table, class, uuid);
}

void operations_finish(struct operations *operations, uint64_t serial,
                       const struct error *error)
{
    struct run *run = operations->running;
    struct operation *operation;

    while (run != NULL && run->job->serial != serial) {
        run = run->next;
    }
    if (run == NULL) {
        return;
    }
    operation = run->operation;
    operation->progress = atomic_load(&run->job->progress);
    operations_drop_run(operations, run);
    operations_end(operations, operation,
                   error->status == STATUS_OK ? OPERATION_SUCCEEDED : OPERATION_FAILED,
                   error);
    operations_start_ready(operations);
}

void operations_fail_queued(struct operations *operations, const struct error *error)
{
    const struct error why = { STATUS_UNAVAILABLE, "" };
    struct error words = why;

    error_set(&words, STATUS_UNAVAILABLE, "the connection is down: %s", error->text);
    for (size_t i = operations->queue_count; i > 0; i--) {
        struct operation *operation = operations->queue[i - 1];

        if (operation->accepted_ns != CLOCK_NEVER) {
            operations_end(operations, operation, OPERATION_FAILED, &words);
        }
    }
}

/* When the operation's time is over; CLOCK_NEVER: it is over, or has no end. */
static int64_t deadline_ns(const struct operation *operation)
{
    return operation->accepted_ns == CLOCK_NEVER
                   || operation_state_is_final(operation->state)
               ? CLOCK_NEVER
               : operation->accepted_ns + operation->timeout_s * CLOCK_NS_PER_S;
}

/* The earlier moment; CLOCK_NEVER is later than any. */
static int64_t sooner(int64_t one_ns, int64_t other_ns)
{
    if (one_ns == CLOCK_NEVER || other_ns == CLOCK_NEVER) {
        return one_ns == CLOCK_NEVER ? other_ns : one_ns;
    }
    return one_ns < other_ns ? one_ns : other_ns;
}

static void expire(struct operations *operations, struct operation *operation)
{
    static const struct error queued = { STATUS_TIMEOUT,
                                         "its time was over before it began" };
    static const struct error running = {
        STATUS_TIMEOUT, "its time is over; it goes on, and its end is told here"
    };

    if (operation->state == OPERATION_QUEUED) {
        operations_end(operations, operation, OPERATION_EXPIRED, &queued);
        return;
    }
    operations_end(operations, operation, OPERATION_EXPIRED, &running);
    operation->forget_ns = CLOCK_NEVER; /* it has not ended */
}

int64_t operations_check(struct operations *operations, int64_t now_ns)
{
    int64_t due_ns = CLOCK_NEVER;
    int64_t forget_ns;

    for (size_t i = 0; i < operations->table.count; i++) {
        struct operation *operation = operations->table.operations[i];
        int64_t end_ns = deadline_ns(operation);

        if (end_ns != CLOCK_NEVER && end_ns <= now_ns) {
            expire(operations, operation);
        } else {
            due_ns = sooner(due_ns, end_ns);
        }
    }
    operations_start_ready(operations);
    /* At last: what has ended here is to be forgotten, too. */
    forget_ns = operation_table_forget(&operations->table, now_ns, FORGET_MOST);
    return sooner(due_ns, forget_ns);
}
