/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "tests/unit/contract_fixture.h"
#include "tests/unit/contract_operate.h"

const char *operate_uri;

static const struct uuid unknown = { { 0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4, 5, 6, 7, 8,
                                       9, 10, 11, 12 } };

static bool has_action(enum operation_action action)
{
    return (ops->actions & OPERATION_BIT(action)) != 0;
}

/* Finds the domain of that name; false: there is none. */
static bool find(struct backend *backend, const char *name, struct domain *ret_domain)
{
    struct collected domains = collect(backend, SECTION_DOMAINS);
    bool found = false;

    for (size_t i = 0; i < domains.content.count; i++) {
        const struct domain *domain = domains.content.records[i];

        if (strcmp(domain->name, name) == 0) {
            ret_domain->uuid = domain->uuid;
            ret_domain->state = domain->state;
            found = true;
        }
    }
    drop(&domains);
    return found;
}

static enum domain_state state_of(struct backend *backend, const char *name)
{
    struct domain domain;

    if (!find(backend, name, &domain)) {
        fail_msg("%s: there is no domain \"%s\"", operate_uri, name);
    }
    return domain.state;
}

static struct backend_operation operation_on(struct backend *backend, const char *name,
                                             enum operation_action action)
{
    struct backend_operation operation = {
        .action = action,
        .uuid = unknown,
        .name = name,
        .deadline_ns = clock_boot_ns() + SOON_NS,
    };
    struct domain domain;

    if (find(backend, name, &domain)) {
        operation.uuid = domain.uuid;
    }
    return operation;
}

static enum status run(struct backend *backend, struct backend_operation operation,
                       struct error *error)
{
    atomic_int progress = OPERATION_PROGRESS_UNKNOWN;
    enum status status;

    operation.progress = &progress;
    status = ops->operate(backend, &operation, error);
    assert_true(atomic_load(&progress) >= OPERATION_PROGRESS_UNKNOWN);
    assert_true(atomic_load(&progress) <= 100);
    return status;
}

static enum status operate(struct backend *backend, const char *name,
                           enum operation_action action, uint32_t value,
                           struct error *error)
{
    struct backend_operation operation = operation_on(backend, name, action);

    operation.value = value;
    return run(backend, operation, error);
}

static void must_operate(struct backend *backend, const char *name,
                         enum operation_action action, uint32_t value)
{
    struct error error = ERROR_NONE;
    enum status status = operate(backend, name, action, value, &error);

    if (status != STATUS_OK) {
        fail_msg("%s %s: %s: %s", operation_action_name(action), name,
                 status_name(status), error.text);
    }
}

static void assert_refused(struct backend *backend, const char *name,
                           enum operation_action action, uint32_t value,
                           enum status wanted)
{
    struct error error = ERROR_NONE;
    enum status status = operate(backend, name, action, value, &error);

    assert_int_equal(status, wanted);
    assert_words(status, &error);

    /* Words are for those who want them. */
    assert_int_equal(operate(backend, name, action, value, NULL), wanted);
}

/* Does it have an action of that class? */
static bool has_class(enum operation_class class)
{
    for (int action = 1; action < OPERATION_ACTION_COUNT; action++) {
        if (operation_class_of((enum operation_action)action) == class
            && has_action((enum operation_action)action)) {
            return true;
        }
    }
    return false;
}

void test_actions_fit_the_capabilities(void **state)
{
    (void)state;
    assert_int_equal(ops->actions >> OPERATION_ACTION_COUNT, 0);
    assert_false(has_action(OPERATION_NONE));
    assert_int_equal(ops->actions != 0, ops->operate != NULL);
    assert_int_equal(can(BACKEND_CAN_POWER), has_class(OPERATION_CLASS_POWER));
    assert_int_equal(can(BACKEND_CAN_CONFIG), has_class(OPERATION_CLASS_CONFIG));
    assert_int_equal(can(BACKEND_CAN_DEBUG), has_class(OPERATION_CLASS_DEBUG));
    for (int action = OPERATION_MAKE_RUNNING; action <= OPERATION_MAKE_SHUTDOWN;
         action++) {
        assert_false(has_action((enum operation_action)action));
    }
}

/* The effect is there when the call returns. */
void test_an_operation_is_seen(void **state)
{
    static const struct {
        const char *name;
        enum operation_action action;
        enum domain_state state;
    } steps[] = {
        { "stopped", OPERATION_START, DOMAIN_STATE_RUNNING },
        { "running", OPERATION_PAUSE, DOMAIN_STATE_PAUSED },
        { "stopped", OPERATION_SHUTDOWN, DOMAIN_STATE_SHUTDOWN },
        { "running", OPERATION_RESUME, DOMAIN_STATE_RUNNING },
    };
    struct backend *backend = open_backend(operate_uri);

    (void)state;
    assert_int_equal(state_of(backend, "running"), DOMAIN_STATE_RUNNING);
    assert_int_equal(state_of(backend, "stopped"), DOMAIN_STATE_SHUTDOWN);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (has_action(steps[i].action)) {
            must_operate(backend, steps[i].name, steps[i].action, 0);
            assert_int_equal(state_of(backend, steps[i].name), steps[i].state);
        }
    }
    ops->close(backend);
}

static struct domain_config config_of(struct backend *backend, const char *name)
{
    const struct uuid uuid = operation_on(backend, name, OPERATION_NONE).uuid;
    struct collected configs = collect_some(backend, SECTION_CONFIGS, &uuid, 1);
    struct domain_config config;

    assert_int_equal(configs.content.count, 1);
    config = *(const struct domain_config *)configs.content.records[0];
    drop(&configs);
    return config; /* its numbers; what it points to is gone */
}

void test_a_value_is_seen(void **state)
{
    struct backend *backend = open_backend(operate_uri);
    struct domain_config config;

    (void)state;
    if (!serves(SECTION_CONFIGS) || !can(BACKEND_CAN_CONFIG)) {
        ops->close(backend);
        return;
    }
    config = config_of(backend, "running");
    if (has_action(OPERATION_SET_VCPUS) && config.vcpus > 1) {
        must_operate(backend, "running", OPERATION_SET_VCPUS,
                     (uint32_t)config.vcpus - 1);
        assert_int_equal(config_of(backend, "running").vcpus, config.vcpus - 1);
        must_operate(backend, "running", OPERATION_SET_VCPUS, (uint32_t)config.vcpus);
    }
    if (has_action(OPERATION_SET_CPU_CAP)) {
        must_operate(backend, "running", OPERATION_SET_CPU_CAP, 75);
        assert_true(config_of(backend, "running").cpu_cap_known);
        assert_int_equal(config_of(backend, "running").cpu_cap, 75);
        must_operate(backend, "running", OPERATION_SET_CPU_CAP, 0);
        assert_int_equal(config_of(backend, "running").cpu_cap, 0);
    }
    assert_int_equal(config_of(backend, "running").vcpus, config.vcpus);
    ops->close(backend);
}

void test_an_unsupported_action_is_refused(void **state)
{
    struct backend *backend = open_backend(operate_uri);

    (void)state;
    for (int action = OPERATION_NONE; action <= OPERATION_ACTION_COUNT; action++) {
        if (!has_action((enum operation_action)action)) {
            assert_refused(backend, "running", (enum operation_action)action, 1,
                           STATUS_UNSUPPORTED);
        }
    }
    assert_int_equal(state_of(backend, "running"), DOMAIN_STATE_RUNNING);
    ops->close(backend);
}

void test_a_wrong_state_is_refused(void **state)
{
    static const struct {
        const char *name;
        enum operation_action action;
    } cases[] = {
        { "running", OPERATION_START },   { "running", OPERATION_RESUME },
        { "running", OPERATION_RESTORE }, { "stopped", OPERATION_SHUTDOWN },
        { "stopped", OPERATION_REBOOT },  { "stopped", OPERATION_POWER_OFF },
        { "stopped", OPERATION_PAUSE },   { "stopped", OPERATION_SAVE },
        { "stopped", OPERATION_NMI },
    };
    struct backend *backend = open_backend(operate_uri);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (has_action(cases[i].action)) {
            assert_refused(backend, cases[i].name, cases[i].action, 0,
                           STATUS_WRONG_STATE);
        }
    }
    assert_int_equal(state_of(backend, "running"), DOMAIN_STATE_RUNNING);
    assert_int_equal(state_of(backend, "stopped"), DOMAIN_STATE_SHUTDOWN);
    ops->close(backend);
}

void test_a_wrong_value_is_refused(void **state)
{
    struct backend *backend = open_backend(operate_uri);

    (void)state;
    if (!has_action(OPERATION_SET_VCPUS)) {
        ops->close(backend);
        return;
    }
    assert_refused(backend, "running", OPERATION_SET_VCPUS, 65535, STATUS_INVALID);
    ops->close(backend);
}

void test_a_domain_may_be_gone(void **state)
{
    struct backend *backend = open_backend(operate_uri);

    (void)state;
    for (int action = 1; action < OPERATION_ACTION_COUNT; action++) {
        if (has_action((enum operation_action)action)
            && action != OPERATION_CORE_DUMP) { /* which needs a file */
            assert_refused(backend, "gone", (enum operation_action)action, 1,
                           STATUS_NOT_FOUND);
        }
    }
    ops->close(backend);
}

void test_a_failure_is_told(void **state)
{
    struct backend *backend = open_backend(operate_uri);
    struct domain before;

    (void)state;
    if (!find(backend, "fails", &before)) {
        ops->close(backend);
        return;
    }
    assert_refused(backend, "fails", OPERATION_POWER_OFF, 0, STATUS_FAILED);
    assert_int_equal(state_of(backend, "fails"), before.state);
    ops->close(backend);
}

/* cmocka's assertions are for the main thread: threads only note. */
struct worker {
    pthread_t thread;
    struct backend *backend;
    struct backend_operation operation;
    atomic_int progress;
    struct error error;
    enum status status;
};

static void *work(void *argument)
{
    struct worker *worker = argument;

    worker->status = ops->operate(worker->backend, &worker->operation, &worker->error);
    return NULL;
}

static void begin_work(struct worker *worker, struct backend *backend, const char *name,
                       enum operation_action action)
{
    *worker = (struct worker) {
        .backend = backend,
        .operation = operation_on(backend, name, action),
        .error = ERROR_NONE,
    };
    atomic_init(&worker->progress, OPERATION_PROGRESS_UNKNOWN);
    worker->operation.progress = &worker->progress;
}

static void start_work(struct worker *worker)
{
    assert_int_equal(pthread_create(&worker->thread, NULL, work, worker), 0);
}

/* Meanwhile the others are not held up, neither in their data nor in theirs. */
void test_what_hangs_ends_at_its_deadline(void **state)
{
    struct backend *backend = open_backend(operate_uri);
    struct worker worker;
    struct domain before;

    (void)state;
    if (!find(backend, "hangs", &before)) {
        ops->close(backend);
        return;
    }
    begin_work(&worker, backend, "hangs", OPERATION_POWER_OFF);
    worker.operation.deadline_ns = clock_boot_ns() + CLOCK_NS_PER_S / 2;
    start_work(&worker);
    assert_int_equal(state_of(backend, "hangs"), before.state);
    must_operate(backend, "running", OPERATION_POWER_OFF, 0);
    must_operate(backend, "running", OPERATION_START, 0);
    pthread_join(worker.thread, NULL);
    assert_int_equal(worker.status, STATUS_TIMEOUT);
    assert_words(worker.status, &worker.error);
    assert_true(clock_boot_ns() >= worker.operation.deadline_ns);
    assert_true(clock_boot_ns() < worker.operation.deadline_ns + SOON_NS);
    assert_int_equal(state_of(backend, "hangs"), before.state);
    ops->close(backend);
}

void test_two_domains_are_operated_on_at_once(void **state)
{
    static const enum operation_action actions[][2] = {
        { OPERATION_POWER_OFF, OPERATION_START },
        { OPERATION_START, OPERATION_POWER_OFF },
    };
    struct backend *backend = open_backend(operate_uri);

    (void)state;
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        struct worker workers[2];

        begin_work(&workers[0], backend, "running", actions[i][0]);
        begin_work(&workers[1], backend, "stopped", actions[i][1]);
        start_work(&workers[0]);
        start_work(&workers[1]);
        for (size_t at = 0; at < 2; at++) {
            pthread_join(workers[at].thread, NULL);
            if (workers[at].status != STATUS_OK) {
                fail_msg("%s: %s", workers[at].operation.name, workers[at].error.text);
            }
        }
        assert_int_equal(state_of(backend, "running"),
                         i == 0 ? DOMAIN_STATE_SHUTDOWN : DOMAIN_STATE_RUNNING);
        assert_int_equal(state_of(backend, "stopped"),
                         i == 0 ? DOMAIN_STATE_RUNNING : DOMAIN_STATE_SHUTDOWN);
    }
    ops->close(backend);
}
