/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/sim_fixture.h"
#include "tests/unit/sim_operation.h"

/* An operation, and how it ended. */
struct running {
    pthread_t thread;
    struct backend *backend;
    struct backend_operation operation;
    atomic_int progress;
    enum status status;
};

static struct domain domain_of(struct backend *backend, const char *name)
{
    struct collected domains = must_collect(backend, SECTION_DOMAINS);
    const struct domain *found = record_of(backend, &domains, name);
    struct domain domain = {
        .uuid = found->uuid,
        .state = found->state,
        .autostart = found->autostart,
        .started_ns = found->started_ns,
    };

    drop(&domains);
    return domain;
}

struct uuid uuid_of(struct backend *backend, const char *name)
{
    return domain_of(backend, name).uuid;
}

enum domain_state state_of(struct backend *backend, const char *name)
{
    return domain_of(backend, name).state;
}

enum domain_flag autostart_of(struct backend *backend, const char *name)
{
    return domain_of(backend, name).autostart;
}

int64_t started_ns_of(struct backend *backend, const char *name)
{
    return domain_of(backend, name).started_ns;
}

struct domain_config config_of(struct backend *backend, const char *name)
{
    struct collected configs = must_collect(backend, SECTION_CONFIGS);
    const struct domain_config *found = record_of(backend, &configs, name);
    struct domain_config config = {
        .vcpus = found->vcpus,
        .vcpus_max = found->vcpus_max,
        .memory_bytes = found->memory_bytes,
        .memory_max_bytes = found->memory_max_bytes,
        .cpu_weight = found->cpu_weight,
        .cpu_cap_known = found->cpu_cap_known,
        .cpu_cap = found->cpu_cap,
    };

    drop(&configs);
    return config;
}

static enum status operate_with(struct backend *backend,
                                struct backend_operation operation, struct error *error)
{
    atomic_int progress = OPERATION_PROGRESS_UNKNOWN;
    struct error own = ERROR_NONE;
    enum status status;

    operation.progress = &progress;
    status = sim()->operate(backend, &operation, error != NULL ? error : &own);
    assert_in_range(atomic_load(&progress) + 1, 0, 101);
    return status;
}

enum status operate(struct backend *backend, const char *name,
                    enum operation_action action, uint32_t value, struct error *error)
{
    const struct backend_operation operation = {
        .action = action,
        .uuid = uuid_of(backend, name),
        .name = name,
        .value = value,
        .deadline_ns = clock_boot_ns() + SOON_NS,
    };

    return operate_with(backend, operation, error);
}

enum status operate_until(struct backend *backend, const char *name,
                          enum operation_action action, int64_t deadline_ns,
                          struct error *error)
{
    const struct backend_operation operation = {
        .action = action,
        .uuid = uuid_of(backend, name),
        .name = name,
        .deadline_ns = deadline_ns,
    };

    return operate_with(backend, operation, error);
}

enum status operate_file(struct backend *backend, const char *name, const char *file,
                         struct error *error)
{
    const struct backend_operation operation = {
        .action = OPERATION_CORE_DUMP,
        .uuid = uuid_of(backend, name),
        .name = name,
        .file = file,
        .deadline_ns = clock_boot_ns() + SOON_NS,
    };

    return operate_with(backend, operation, error);
}

void must_operate(struct backend *backend, const char *name,
                  enum operation_action action, uint32_t value)
{
    struct error error = ERROR_NONE;

    if (operate(backend, name, action, value, &error) != STATUS_OK) {
        fail_msg("%s %s: %s", operation_action_name(action), name, error.text);
    }
}

void operate_and_vanish(struct backend *backend, const char *name,
                        enum operation_action action)
{
    struct backend_operation operation = {
        .action = action,
        .uuid = uuid_of(backend, name),
        .name = name,
        .deadline_ns = clock_boot_ns() + SOON_NS,
    };

    assert_int_equal(operate_with(backend, operation, NULL), STATUS_OK);
    assert_false(has_domain(backend, name));
    assert_int_equal(operate_with(backend, operation, NULL), STATUS_NOT_FOUND);
}

void refuse_operation(struct backend *backend, const char *name,
                      enum operation_action action, uint32_t value, enum status status,
                      const char *words)
{
    struct error error = ERROR_NONE;
    enum status got = operate(backend, name, action, value, &error);

    if (got != status || error.status != status || strstr(error.text, words) == NULL) {
        fail_msg("%s %s: %s, \"%s\" instead of \"%s\"", operation_action_name(action),
                 name, status_name(got), error.text, words);
    }
}

static void *run(void *argument)
{
    struct running *running = argument;

    running->status = sim()->operate(running->backend, &running->operation, NULL);
    return NULL;
}

struct running *begin_operation(struct backend *backend, const char *name,
                                enum operation_action action, uint32_t value)
{
    struct running *running = calloc(1, sizeof(*running));

    assert_non_null(running);
    atomic_init(&running->progress, OPERATION_PROGRESS_UNKNOWN);
    running->backend = backend;
    running->operation = (struct backend_operation) {
        .action = action,
        .uuid = uuid_of(backend, name),
        .name = name,
        .value = value,
        .deadline_ns = clock_boot_ns() + SOON_NS,
        .progress = &running->progress,
    };
    assert_int_equal(pthread_create(&running->thread, NULL, run, running), 0);
    return running;
}

enum status end_operation(struct running *running, int progress)
{
    enum status status;

    pthread_join(running->thread, NULL);
    status = running->status;
    assert_int_equal(atomic_load(&running->progress), progress);
    free(running);
    return status;
}

void wait_for_state(struct backend *backend, const char *name, enum domain_state state)
{
    int64_t deadline_ns = clock_boot_ns() + SOON_NS;

    while (state_of(backend, name) != state) {
        assert_true(clock_boot_ns() < deadline_ns);
        sched_yield();
    }
}
