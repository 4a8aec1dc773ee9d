/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fake_backend.h"

#define SCHEME "fake:"

/* The thread sanitizer has a thread of its own. */
#ifdef __SANITIZE_THREAD__
#define OWN_THREADS 2
#endif
#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define OWN_THREADS 2
#endif
#endif
#ifndef OWN_THREADS
#define OWN_THREADS 1
#endif

/* What the calls of one kind do, and what they did. */
struct plan {
    enum status status;
    char words[ERROR_TEXT_SIZE];
    bool held;
    unsigned delivered; /* before it hangs */
    uint64_t hanging;   /* bit n: the domain of number n hangs */
    unsigned asked[FAKE_DOMAINS_MAX];
    unsigned begun;
    unsigned returned;
    unsigned most_running;
    int64_t begun_ns;
};

struct fake {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char uri[64];
    struct plan plans[FAKE_CALL_COUNT];
    unsigned domain_count;
    enum domain_state state;
    int failing;
    unsigned refused;
};

/* One open link. */
struct backend {
    struct fake *fake;
};

struct fake *fake_new(void)
{
    struct fake *fake = calloc(1, sizeof(*fake));
    pthread_condattr_t attributes;

    if (fake == NULL) {
        return NULL;
    }
    pthread_mutex_init(&fake->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&fake->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    snprintf(fake->uri, sizeof(fake->uri), SCHEME "%p", (void *)fake);
    fake->domain_count = 3;
    fake->state = DOMAIN_STATE_RUNNING;
    fake->failing = -1;
    return fake;
}

void fake_free(struct fake *fake)
{
    if (fake != NULL) {
        /* After whoever holds the lock for the last time. */
        pthread_mutex_lock(&fake->lock);
        pthread_mutex_unlock(&fake->lock);
        pthread_cond_destroy(&fake->changed);
        pthread_mutex_destroy(&fake->lock);
        free(fake);
    }
}

const char *fake_uri(const struct fake *fake)
{
    return fake->uri;
}

void fake_set_status(struct fake *fake, enum fake_call call, enum status status,
                     const char *words)
{
    pthread_mutex_lock(&fake->lock);
    fake->plans[call].status = status;
    snprintf(fake->plans[call].words, sizeof(fake->plans[call].words), "%s", words);
    pthread_mutex_unlock(&fake->lock);
}

void fake_set_domains(struct fake *fake, unsigned count)
{
    pthread_mutex_lock(&fake->lock);
    fake->domain_count = count > FAKE_DOMAINS_MAX ? FAKE_DOMAINS_MAX : count;
    pthread_mutex_unlock(&fake->lock);
}

void fake_set_state(struct fake *fake, enum domain_state state)
{
    pthread_mutex_lock(&fake->lock);
    fake->state = state;
    pthread_mutex_unlock(&fake->lock);
}

void fake_set_failing(struct fake *fake, int number)
{
    pthread_mutex_lock(&fake->lock);
    fake->failing = number;
    pthread_mutex_unlock(&fake->lock);
}

struct uuid fake_uuid(unsigned number)
{
    struct uuid uuid = { { 0xfa } };

    uuid.bytes[15] = (uint8_t)number;
    return uuid;
}

void fake_hold(struct fake *fake, enum fake_call call, unsigned delivered)
{
    pthread_mutex_lock(&fake->lock);
    fake->plans[call].held = true;
    fake->plans[call].delivered = delivered;
    pthread_mutex_unlock(&fake->lock);
}

void fake_release(struct fake *fake, enum fake_call call)
{
    pthread_mutex_lock(&fake->lock);
    fake->plans[call].held = false;
    pthread_cond_broadcast(&fake->changed);
    pthread_mutex_unlock(&fake->lock);
}

void fake_hang_domain(struct fake *fake, enum fake_call call, unsigned number)
{
    pthread_mutex_lock(&fake->lock);
    fake->plans[call].hanging |= UINT64_C(1) << number;
    pthread_mutex_unlock(&fake->lock);
}

void fake_release_domain(struct fake *fake, enum fake_call call, unsigned number)
{
    pthread_mutex_lock(&fake->lock);
    fake->plans[call].hanging &= ~(UINT64_C(1) << number);
    pthread_cond_broadcast(&fake->changed);
    pthread_mutex_unlock(&fake->lock);
}

unsigned fake_asked(struct fake *fake, enum fake_call call, unsigned number)
{
    unsigned asked;

    pthread_mutex_lock(&fake->lock);
    asked = fake->plans[call].asked[number];
    pthread_mutex_unlock(&fake->lock);
    return asked;
}

/* Copies what is told of a kind of call. */
static struct plan plan_of(struct fake *fake, enum fake_call call)
{
    struct plan plan;

    pthread_mutex_lock(&fake->lock);
    plan = fake->plans[call];
    pthread_mutex_unlock(&fake->lock);
    return plan;
}

unsigned fake_begun(struct fake *fake, enum fake_call call)
{
    return plan_of(fake, call).begun;
}

unsigned fake_running(struct fake *fake, enum fake_call call)
{
    const struct plan plan = plan_of(fake, call);

    return plan.begun - plan.returned;
}

unsigned fake_most_running(struct fake *fake, enum fake_call call)
{
    return plan_of(fake, call).most_running;
}

int64_t fake_begun_ns(struct fake *fake, enum fake_call call)
{
    return plan_of(fake, call).begun_ns;
}

unsigned fake_refused(struct fake *fake)
{
    unsigned refused;

    pthread_mutex_lock(&fake->lock);
    refused = fake->refused;
    pthread_mutex_unlock(&fake->lock);
    return refused;
}

/* Waits until a counter of the fake reaches that many. */
static bool wait_for(struct fake *fake, const unsigned *counter, unsigned count)
{
    struct timespec until;
    bool reached;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(FAKE_DEADLINE_NS / CLOCK_NS_PER_S);
    pthread_mutex_lock(&fake->lock);
    while (*counter < count
           && pthread_cond_timedwait(&fake->changed, &fake->lock, &until) == 0) {
    }
    reached = *counter >= count;
    pthread_mutex_unlock(&fake->lock);
    return reached;
}

bool fake_wait_begun(struct fake *fake, enum fake_call call, unsigned count)
{
    return wait_for(fake, &fake->plans[call].begun, count);
}

bool fake_wait_returned(struct fake *fake, enum fake_call call, unsigned count)
{
    return wait_for(fake, &fake->plans[call].returned, count);
}

static unsigned count_threads(void)
{
    DIR *folder = opendir("/proc/self/task");
    const struct dirent *entry;
    unsigned count = 0;

    if (folder == NULL) {
        abort();
    }
    while ((entry = readdir(folder)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    closedir(folder);
    return count;
}

/* Nothing tells when a detached thread has gone: looks again and again. */
bool fake_wait_threads(void)
{
    const struct timespec pause = { .tv_nsec = 1000000 };
    const int64_t deadline_ns = clock_boot_ns() + FAKE_DEADLINE_NS;

    while (count_threads() > OWN_THREADS) {
        if (clock_boot_ns() > deadline_ns) {
            return false;
        }
        nanosleep(&pause, NULL);
    }
    return true;
}

/* --- the calls, on threads of the agent -------------------------------------- */

static void begin(struct fake *fake, enum fake_call call)
{
    struct plan *plan = &fake->plans[call];

    pthread_mutex_lock(&fake->lock);
    plan->begun++;
    plan->begun_ns = clock_boot_ns();
    if (plan->begun - plan->returned > plan->most_running) {
        plan->most_running = plan->begun - plan->returned;
    }
    pthread_cond_broadcast(&fake->changed);
    pthread_mutex_unlock(&fake->lock);
}

static void wait_until_released(struct fake *fake, enum fake_call call)
{
    pthread_mutex_lock(&fake->lock);
    while (fake->plans[call].held) {
        pthread_cond_wait(&fake->changed, &fake->lock);
    }
    pthread_mutex_unlock(&fake->lock);
}

/* The last that a call does with the fake. */
static enum status finish(struct fake *fake, enum fake_call call, struct error *error)
{
    struct plan *plan = &fake->plans[call];
    enum status status;

    pthread_mutex_lock(&fake->lock);
    plan->returned++;
    status = plan->status;
    if (status != STATUS_OK && plan->words[0] != '\0') {
        error_set(error, status, "%s", plan->words);
    }
    pthread_cond_broadcast(&fake->changed);
    pthread_mutex_unlock(&fake->lock);
    return status;
}

static enum status fake_open(const char *uri, struct backend **ret_backend,
                             struct error *error)
{
    struct backend *backend;
    void *address = NULL;
    enum status status;

    if (sscanf(uri, SCHEME "%p", &address) != 1) {
        return error_set(error, STATUS_INVALID, "'%s' is no URI of a fake", uri);
    }
    backend = malloc(sizeof(*backend));
    if (backend == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    backend->fake = address;
    begin(backend->fake, FAKE_OPEN);
    wait_until_released(backend->fake, FAKE_OPEN);
    status = finish(backend->fake, FAKE_OPEN, error);
    if (status != STATUS_OK) {
        free(backend);
        return status;
    }
    *ret_backend = backend;
    return STATUS_OK;
}

static void fake_close(struct backend *backend)
{
    struct fake *fake = backend->fake;

    begin(fake, FAKE_CLOSE);
    free(backend);
    wait_until_released(fake, FAKE_CLOSE);
    (void)finish(fake, FAKE_CLOSE, NULL);
}

static bool add(struct builder *builder, unsigned number, enum domain_state state)
{
    const struct uuid uuid = fake_uuid(number);
    const char name[] = { (char)('A' + (int)number), '\0' };
    const struct domain domain = {
        .uuid = uuid,
        .name = name,
        .state = state,
        .started_ns = CLOCK_NEVER,
    };
    const struct domain_config config = { .uuid = uuid, .os_type = "hvm", .vcpus = 1 };
    const struct domain_statistics statistics = {
        .uuid = uuid,
        .has = DOMAIN_HAS_CPU_TIME,
        .cpu_time_ns = number + 1,
    };

    const struct domain_devices devices = { .uuid = uuid };

    switch (builder_section(builder)) {
    case SECTION_NODE:
    case SECTION_STORAGE:
        break;
    case SECTION_DOMAINS:
        return builder_add_domain(builder, domain_new(&domain));
    case SECTION_CONFIGS:
        return builder_add_config(builder, domain_config_new(&config));
    case SECTION_STATISTICS:
        return builder_add_statistics(builder, domain_statistics_new(&statistics));
    case SECTION_DEVICES:
        return builder_add_devices(builder, domain_devices_new(&devices));
    }
    return false;
}

static bool add_failure(struct builder *builder, unsigned number)
{
    const struct uuid uuid = fake_uuid(number);
    struct error error = ERROR_NONE;

    error_set(&error, STATUS_FAILED, "domain %u cannot be read", number);
    return builder_add_failure(builder, &uuid, &error);
}

/* The domain is asked for, and may not answer for a while. */
static void hang(struct fake *fake, enum fake_call call, unsigned number)
{
    pthread_mutex_lock(&fake->lock);
    fake->plans[call].asked[number]++;
    pthread_cond_broadcast(&fake->changed);
    while ((fake->plans[call].hanging >> number & 1) != 0) {
        pthread_cond_wait(&fake->changed, &fake->lock);
    }
    pthread_mutex_unlock(&fake->lock);
}

/* Asks for one domain, which may hang, and delivers it; false: it shall stop. */
static bool deliver(struct fake *fake, enum fake_call call, struct builder *builder,
                    unsigned number)
{
    const struct uuid uuid = fake_uuid(number);
    enum domain_state state;
    bool fails;
    bool added;

    builder_ask(builder, &uuid);
    hang(fake, call, number);
    pthread_mutex_lock(&fake->lock);
    fails = fake->failing == (int)number;
    state = fake->state;
    pthread_mutex_unlock(&fake->lock);
    added = fails ? add_failure(builder, number) : add(builder, number, state);
    if (!added) {
        pthread_mutex_lock(&fake->lock);
        fake->refused++;
        pthread_mutex_unlock(&fake->lock);
    }
    return added;
}

static bool is_wanted(const struct backend_request *request, unsigned number)
{
    const struct uuid uuid = fake_uuid(number);
    const struct uuid_set wanted = { request->uuids, request->uuid_count };

    return wanted.count > 0 ? uuid_set_has(&wanted, &uuid)
                            : !uuid_set_has(&request->except, &uuid);
}

/* Delivers what is wanted; hangs as a whole when `early` domains are through. */
static bool deliver_domains(struct fake *fake, const struct backend_request *request,
                            struct builder *builder, unsigned count, unsigned early)
{
    enum fake_call call = (enum fake_call)request->section;

    for (unsigned number = 0; number < count; number++) {
        if (number == early) {
            wait_until_released(fake, call);
        }
        if (is_wanted(request, number) && !deliver(fake, call, builder, number)) {
            return false;
        }
    }
    wait_until_released(fake, call);
    return true;
}

static bool deliver_node(struct builder *builder)
{
    const struct node node = {
        .hypervisor = HYPERVISOR_SIM,
        .software = "Fake",
        .version = "1",
        .started_ns = CLOCK_NEVER,
    };

    return builder_add_node(builder, node_new(&node));
}

static bool deliver_storage(struct builder *builder)
{
    const struct storage storage = { .volume_count = 0 };

    return builder_add_storage(builder, storage_new(&storage));
}

static enum status fake_collect(struct backend *backend,
                                const struct backend_request *request,
                                struct builder *builder, struct error *error)
{
    struct fake *fake = backend->fake;
    enum fake_call call = (enum fake_call)request->section;
    unsigned count;
    unsigned early;
    bool wanted;

    begin(fake, call);
    pthread_mutex_lock(&fake->lock);
    count = fake->domain_count;
    early = fake->plans[call].delivered;
    pthread_mutex_unlock(&fake->lock);
    if (!section_is_of_domains(request->section)) {
        wait_until_released(fake, call);
        wanted = request->section == SECTION_NODE ? deliver_node(builder)
                                                  : deliver_storage(builder);
    } else {
        wanted = deliver_domains(fake, request, builder, count, early);
    }
    if (!wanted) {
        error_set(error, STATUS_TIMEOUT, "nobody waits for it");
        (void)finish(fake, call, NULL);
        return STATUS_TIMEOUT;
    }
    return finish(fake, call, error);
}

static enum status fake_operate(struct backend *backend,
                                const struct backend_operation *operation,
                                struct error *error)
{
    struct fake *fake = backend->fake;

    begin(fake, FAKE_OPERATE);
    hang(fake, FAKE_OPERATE, operation->uuid.bytes[15]);
    wait_until_released(fake, FAKE_OPERATE);
    return finish(fake, FAKE_OPERATE, error);
}

const struct backend_ops fake_ops = {
    .name = "fake",
    .software = "Fake software",
    .hypervisor = HYPERVISOR_OTHER,
    .capabilities = BACKEND_CAPABILITY_BIT(BACKEND_CAN_DOMAINS)
                    | BACKEND_CAPABILITY_BIT(BACKEND_CAN_CONFIGURATION)
                    | BACKEND_CAPABILITY_BIT(BACKEND_CAN_STATISTICS)
                    | BACKEND_CAPABILITY_BIT(BACKEND_CAN_DEVICES)
                    | BACKEND_CAPABILITY_BIT(BACKEND_CAN_STORAGE)
                    | BACKEND_CAPABILITY_BIT(BACKEND_CAN_POWER),
    .actions = OPERATION_BIT(OPERATION_START) | OPERATION_BIT(OPERATION_PAUSE),
    .open = fake_open,
    .close = fake_close,
    .collect = fake_collect,
    .operate = fake_operate,
};
