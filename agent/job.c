/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "agent/job.h"
#include "model/clock.h"

/* How long it waits before it looks again: longer each time. */
#define PAUSE_FIRST_NS (50 * CLOCK_NS_PER_MS)
#define PAUSE_LONGEST_NS CLOCK_NS_PER_S

/* How often a goal tries again whose domain changed its state meanwhile. */
#define RETRIES_MAX 3

/* A job on its way. */
struct run {
    struct job *job;
    const struct backend_ops *ops;
    struct backend *backend;
    enum domain_state state; /* as last read */
    int64_t pause_ns;        /* the next one */
    unsigned retries;
    bool has_waited; /* for a state in transit */
};

struct job *job_new(const struct operation *operation, const char *file)
{
    struct job *job = calloc(1, sizeof(*job));

    if (job == NULL) {
        return NULL;
    }
    atomic_init(&job->references, 1);
    atomic_init(&job->given_up, false);
    atomic_init(&job->progress, OPERATION_PROGRESS_UNKNOWN);
    job->serial = operation->serial;
    job->action = operation->action;
    job->uuid = operation->uuid;
    job->value = operation->value;
    job->expected = operation->expected;
    job->dry_run = operation->dry_run;
    job->deadline_ns =
        operation->accepted_ns + (int64_t)operation->timeout_s * CLOCK_NS_PER_S;
    job->name = strdup(operation->name);
    job->file = file != NULL ? strdup(file) : NULL;
    if (job->name == NULL || (file != NULL && job->file == NULL)) {
        job_unref(job);
        return NULL;
    }
    return job;
}

struct job *job_ref(struct job *job)
{
    atomic_fetch_add(&job->references, 1);
    return job;
}

void job_unref(struct job *job)
{
    if (job != NULL && atomic_fetch_sub(&job->references, 1) == 1) {
        free(job->name);
        free(job->file);
        free(job);
    }
}

void job_give_up(struct job *job)
{
    atomic_store(&job->given_up, true);
}

/* A backend's answer: the words are about this status, and there are some. */
static enum status complete(struct error *error, enum status status)
{
    if (status != STATUS_OK && error->text[0] == '\0') {
        return error_set(error, status, "the backend gave no reason (%s)",
                         status_name(status));
    }
    error->status = status;
    return status;
}

/* What the builder, which is closed, says of the job's domain. */
static enum status take_state(struct run *run, struct builder *builder,
                              struct error *error)
{
    const struct job *job = run->job;
    const struct builder_content content = builder_content(builder);
    char uuid[UUID_TEXT_SIZE];

    for (size_t i = 0; i < content.count; i++) {
        const struct domain *domain = content.records[i];

        if (uuid_compare(&domain->uuid, &job->uuid) == 0) {
            run->state = domain->state;
            return STATUS_OK;
        }
    }
    return error_set(error, STATUS_NOT_FOUND, "domain %s (%s) is not there any longer",
                     job->name, uuid_format(&job->uuid, uuid));
}

/* Why this one domain could not be read: that is no loss of the connection. */
static enum status take_failure(const struct domain_failure *failure,
                                struct error *error)
{
    bool is_its_own =
        failure->status != STATUS_OK && failure->status != STATUS_UNAVAILABLE;

    return error_set(error, is_its_own ? failure->status : STATUS_FAILED, "%s",
                     failure->text);
}

static enum status read_state(struct run *run, struct error *error)
{
    const struct backend_request request = {
        .section = SECTION_DOMAINS,
        .uuids = &run->job->uuid,
        .uuid_count = 1,
        .deadline_ns = run->job->deadline_ns,
    };
    struct builder *builder = builder_new(SECTION_DOMAINS);
    const struct domain_failure *failure;
    enum status status;

    if (builder == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    *error = (struct error)ERROR_NONE;
    status = run->ops->collect(run->backend, &request, builder, error);
    builder_close(builder);
    failure = builder_failure(builder, &run->job->uuid);
    if (status == STATUS_OK && failure != NULL) {
        status = take_failure(failure, error);
    }
    if (complete(error, status) != STATUS_OK) {
        (void)error_prefix(error, "reading the domain's state");
    } else {
        status = take_state(run, builder, error);
    }
    builder_unref(builder);
    return status;
}

/* Whether it may still tell the hypervisor something. */
static enum status check_time(const struct run *run, struct error *error)
{
    if (atomic_load(&run->job->given_up)) {
        return error_set(error, STATUS_UNAVAILABLE,
                         "the connection ended before anything was done");
    }
    if (clock_boot_ns() >= run->job->deadline_ns) {
        return error_set(error, STATUS_TIMEOUT,
                         "the deadline passed before anything was done");
    }
    return STATUS_OK;
}

static enum status act(const struct run *run, enum operation_action action,
                       struct error *error)
{
    struct job *job = run->job;
    const struct backend_operation operation = {
        .action = action,
        .uuid = job->uuid,
        .name = job->name,
        .value = job->value,
        .file = job->file,
        .deadline_ns = job->deadline_ns,
        .progress = &job->progress,
    };
    enum status status;

    if (run->ops->operate == NULL || (run->ops->actions & OPERATION_BIT(action)) == 0) {
        return error_set(error, STATUS_UNSUPPORTED, "the %s backend has no %s",
                         run->ops->name, operation_action_name(action));
    }
    if (job->dry_run) {
        return error_set(error, STATUS_OK, "a dry run: %s would be next",
                         operation_action_name(action));
    }
    status = check_time(run, error);
    if (status != STATUS_OK) {
        return status;
    }
    *error = (struct error)ERROR_NONE;
    return complete(error, run->ops->operate(run->backend, &operation, error));
}

/* STATUS_OK: it is time to look again. */
static enum status pause_for_a_while(struct run *run, struct error *error)
{
    const int64_t left_ns = run->job->deadline_ns - clock_boot_ns();
    const int64_t pause_ns = left_ns < run->pause_ns ? left_ns : run->pause_ns;
    const struct timespec pause = {
        .tv_sec = (time_t)(pause_ns / CLOCK_NS_PER_S),
        .tv_nsec = (long)(pause_ns % CLOCK_NS_PER_S),
    };
    enum status status;

    if (left_ns > 0) {
        clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
    }
    run->pause_ns *= 2;
    if (run->pause_ns > PAUSE_LONGEST_NS) {
        run->pause_ns = PAUSE_LONGEST_NS;
    }
    status = check_time(run, error);
    if (status == STATUS_TIMEOUT) {
        error_set(error, status, "the domain was still %s at the deadline",
                  domain_state_name(run->state));
    }
    return status;
}

/* From the state that was read.  *ret_again: it is to be read once more, later. */
static enum status take_step(struct run *run, bool *ret_again, struct error *error)
{
    const struct job *job = run->job;
    const bool is_goal =
        operation_admin_state(job->action) != DOMAIN_ADMIN_STATE_UNKNOWN;
    const char *state = domain_state_name(run->state);
    enum operation_action action = OPERATION_NONE;
    enum status status = STATUS_OK;

    *ret_again = false;
    if (job->expected != DOMAIN_STATE_UNKNOWN && job->expected != run->state
        && !run->has_waited) {
        return error_set(error, STATUS_WRONG_STATE, "the domain is %s, not %s", state,
                         domain_state_name(job->expected));
    }
    switch (operation_next(job->action, run->state, &action)) {
    case OPERATION_STEP_DONE:
        return error_set(error, STATUS_OK, "nothing to do: the domain is %s", state);
    case OPERATION_STEP_REFUSED:
        return error_set(error, STATUS_WRONG_STATE,
                         "%s is not possible while the domain is %s",
                         operation_action_name(job->action), state);
    case OPERATION_STEP_WAIT:
        if (job->dry_run) {
            return error_set(error, STATUS_OK,
                             "a dry run: it would wait while the domain is %s", state);
        }
        run->has_waited = true;
        *ret_again = true;
        break;
    case OPERATION_STEP_DO:
        status = act(run, action, error);
        *ret_again =
            status == STATUS_WRONG_STATE && is_goal && run->retries++ < RETRIES_MAX;
        break;
    }
    return status;
}

enum status job_run(struct job *job, const struct backend_ops *ops,
                    struct backend *backend, struct error *error)
{
    struct run run = {
        .job = job,
        .ops = ops,
        .backend = backend,
        .pause_ns = PAUSE_FIRST_NS,
    };
    enum status status = check_time(&run, error);
    bool again = true;

    while (status == STATUS_OK && again) {
        status = read_state(&run, error);
        if (status != STATUS_OK) {
            break;
        }
        status = take_step(&run, &again, error);
        if (again) {
            status = pause_for_a_while(&run, error);
        }
    }
    return status;
}
