/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * operations_run.c - when an operation begins, and how it ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/log.h"
#include "agent/operations_parts.h"
#include "model/clock.h"
#include "model/text.h"

/* Most that are with the hypervisor, those whose time is over included. */
#define RUNNING_MAX 64

/* Room for how long it took, and for the words of its end. */
#define WORDS_SIZE (TEXT_MAX + 64)

void operations_log(const struct operations *operations,
                    const struct operation *operation, const char *what)
{
    char uuid[UUID_TEXT_SIZE];
    char value[32] = "";
    char words[WORDS_SIZE] = "";
    char tag[OPERATION_TAG_SIZE + sizeof(", tag \"\"")] = "";
    bool is_bad = operation_state_is_final(operation->state)
                  && operation->state != OPERATION_SUCCEEDED
                  && operation->state != OPERATION_CANCELLED;

    if (operation_class_of(operation->action) == OPERATION_CLASS_CONFIG) {
        snprintf(value, sizeof(value), " %lu", (unsigned long)operation->value);
    }
    if (operation->tag[0] != '\0') {
        snprintf(tag, sizeof(tag), ", tag \"%s\"", operation->tag);
    }
    if (operation_state_is_final(operation->state)) {
        int64_t took_ns = operation->finished_ns - operation->accepted_ns;

        snprintf(words, sizeof(words), " after %lld ms%s%s",
                 (long long)(took_ns / CLOCK_NS_PER_MS),
                 operation->error_text == NULL ? "" : ": ",
                 operation->error_text == NULL ? "" : operation->error_text);
    }
    uuid_format(&operation->uuid, uuid);
    (is_bad ? log_warning : log_notice)(
        "connection %s: operation %s/%lu %s: %s%s%s of %s (%s) by role %s%s%s",
        operations->status->name, operation_class_name(operation->class),
        (unsigned long)operation->id, what, operation->dry_run ? "dry run, " : "",
        operation_action_name(operation->action), value, operation->name, uuid,
        log_role(operation->role), tag, words);
}

static void count_state(struct operation_table *table, enum operation_state state,
                        uint32_t more)
{
    if (state == OPERATION_QUEUED) {
        table->queued += more;
    } else if (state == OPERATION_RUNNING) {
        table->running += more;
    }
}

static void set_state(struct operations *operations, struct operation *operation,
                      enum operation_state state)
{
    count_state(&operations->table, operation->state, (uint32_t)-1);
    operation->state = state;
    count_state(&operations->table, operation->state, 1);
}

void operations_unqueue(struct operations *operations,
                        const struct operation *operation)
{
    for (size_t i = 0; i < operations->queue_count; i++) {
        if (operations->queue[i] == operation) {
            operations->queue_count--;
            memmove(&operations->queue[i], &operations->queue[i + 1],
                    (operations->queue_count - i) * sizeof(struct operation *));
            return;
        }
    }
}

void operations_drop_run(struct operations *operations, struct run *run)
{
    struct run **at = &operations->running;

    while (*at != run) {
        at = &(*at)->next;
    }
    *at = run->next;
    job_unref(run->job);
    free(run);
}

void operations_end(struct operations *operations, struct operation *operation,
                    enum operation_state state, const struct error *error)
{
    operations_unqueue(operations, operation);
    set_state(operations, operation, state);
    operation->is_held = false;
    operation->finished_ns = clock_boot_ns();
    operation->forget_ns =
        operation->finished_ns + operations->config->operation_keep_ns;
    operation_set_error(operation, error);
    if (state == OPERATION_SUCCEEDED) {
        operation->progress = 100;
    } else if (state == OPERATION_FAILED) {
        operations->counters->operations_failed++;
    }
    journal_write(operations->journal, operation, NULL, NULL);
    operations_log(operations, operation, operation_state_name(state));
}

/* A job that waits for its line to be on the disk. */
struct start {
    const atomic_bool *ended;
    struct collector *collector;
    struct job *job;
};

/* A journal_done_fn. */
static void on_written(void *argument, const struct error *error)
{
    struct start *start = argument;

    if (atomic_load(start->ended)) {
        job_unref(start->job);
    } else {
        collector_operate(start->collector, start->job, error);
    }
    free(start);
}

/*
 * Where a core dump goes, named by the domain and the time; NULL for all else.
 * STATUS_DENIED: the folder is not configured any longer.
 */
static enum status name_dump(const struct operations *operations,
                             const struct operation *operation, char **ret_file,
                             struct error *error)
{
    char uuid[UUID_TEXT_SIZE];
    char moment[32];
    time_t now = (time_t)(clock_date_ns() / CLOCK_NS_PER_S);
    struct tm date;

    *ret_file = NULL;
    if (operation->action != OPERATION_CORE_DUMP) {
        return STATUS_OK;
    }
    if (operations->config->dump_dir == NULL) {
        return error_set(error, STATUS_DENIED,
                         "there is no folder for core dumps: configure dumpDir");
    }
    gmtime_r(&now, &date);
    strftime(moment, sizeof(moment), "%Y%m%dT%H%M%SZ", &date);
    uuid_format(&operation->uuid, uuid);
    if (asprintf(ret_file, "%s/%s-%s.core", operations->config->dump_dir, uuid, moment)
        < 0) {
        *ret_file = NULL;
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    return STATUS_OK;
}

static void start(struct operations *operations, struct operation *operation)
{
    struct error error = ERROR_NONE;
    char *file = NULL;
    enum status status = name_dump(operations, operation, &file, &error);
    struct run *run = malloc(sizeof(*run));
    struct start *start = malloc(sizeof(*start));
    struct job *job = job_new(operation, file);

    free(file);
    if (status == STATUS_OK && (run == NULL || start == NULL || job == NULL)) {
        status = error_set(&error, STATUS_NO_MEMORY, "out of memory");
    }
    if (status != STATUS_OK) {
        free(run);
        free(start);
        job_unref(job);
        operations_end(operations, operation, OPERATION_FAILED, &error);
        return;
    }
    operations_unqueue(operations, operation);
    set_state(operations, operation, OPERATION_RUNNING);
    operation->started_ns = clock_boot_ns();
    *run = (struct run) { operations->running, operation, job };
    operations->running = run;
    *start = (struct start) { &operations->ended, operations->collector, job_ref(job) };
    journal_write(operations->journal, operation, on_written, start);
}

/* Whether another one is at work on the domain, or comes first. */
static bool is_busy(const struct operations *operations, size_t position)
{
    const struct uuid *uuid = &operations->queue[position]->uuid;

    for (const struct run *run = operations->running; run != NULL; run = run->next) {
        if (uuid_compare(&run->operation->uuid, uuid) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < position; i++) {
        /* All others before it are busy, or would have begun. */
        if (operations->queue[i]->is_held
            && uuid_compare(&operations->queue[i]->uuid, uuid) == 0) {
            return true;
        }
    }
    return false;
}

/* How many are with the hypervisor, and how many of these count for the limit. */
static size_t count_runs(const struct operations *operations, size_t *ret_counting)
{
    size_t count = 0;

    *ret_counting = 0;
    for (const struct run *run = operations->running; run != NULL; run = run->next) {
        count++;
        *ret_counting += run->operation->state == OPERATION_RUNNING;
    }
    return count;
}

/* Position of the first one that may begin; queue_count: none. */
static size_t find_ready(const struct operations *operations, size_t from)
{
    size_t position = from;

    while (position < operations->queue_count
           && (operations->queue[position]->is_held || is_busy(operations, position))) {
        position++;
    }
    return position;
}

void operations_start_ready(struct operations *operations)
{
    size_t counting;
    size_t count = count_runs(operations, &counting);
    size_t position = 0;

    while (count < RUNNING_MAX && counting < operations->config->operation_limit) {
        position = find_ready(operations, position);
        if (position == operations->queue_count) {
            return;
        }
        /* What is behind it moves up. */
        start(operations, operations->queue[position]);
        count = count_runs(operations, &counting);
    }
}
