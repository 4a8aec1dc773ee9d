/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/section.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "model/clock.h"

/* Elements that the first allocation of an array has room for. */
#define ROOM_MIN 64

/* A record delivered, and what it is sorted by. */
struct element {
    void *record;
    const struct uuid *uuid; /* inside the record */
    size_t order;            /* of delivery */
};

struct builder {
    atomic_uint references;
    enum section section;

    pthread_mutex_t mutex; /* all that follows */
    bool closed;
    bool sorted;
    size_t count;
    size_t room;
    struct element *elements;
    void **records; /* as large as elements, so that sorting cannot fail */
    size_t failed_count;
    size_t failed_room;
    struct domain_failure **failed;
    struct builder_progress progress;
};

const char *section_name(enum section section)
{
    static const char *const names[] = {
        [SECTION_NODE] = "node",       [SECTION_DOMAINS] = "domains",
        [SECTION_CONFIGS] = "configs", [SECTION_STATISTICS] = "statistics",
        [SECTION_DEVICES] = "devices", [SECTION_STORAGE] = "storage",
    };
    _Static_assert(sizeof(names) / sizeof(names[0]) == SECTION_COUNT,
                   "a name for each section");

    return (size_t)section < SECTION_COUNT ? names[section] : "invalid section";
}

bool section_is_of_domains(enum section section)
{
    return section != SECTION_NODE && section != SECTION_STORAGE;
}

const struct uuid *section_uuid(enum section section, const void *record)
{
    static const struct uuid nil;

    switch (section) {
    case SECTION_DOMAINS:
        return &((const struct domain *)record)->uuid;
    case SECTION_CONFIGS:
        return &((const struct domain_config *)record)->uuid;
    case SECTION_STATISTICS:
        return &((const struct domain_statistics *)record)->uuid;
    case SECTION_DEVICES:
        return &((const struct domain_devices *)record)->uuid;
    case SECTION_NODE:
    case SECTION_STORAGE:
        break;
    }
    return &nil;
}

struct builder *builder_new(enum section section)
{
    struct builder *builder = calloc(1, sizeof(*builder));

    if (builder == NULL) {
        return NULL;
    }
    if (pthread_mutex_init(&builder->mutex, NULL) != 0) {
        free(builder);
        return NULL;
    }
    atomic_init(&builder->references, 1);
    builder->section = section;
    builder->progress.since_ns = clock_boot_ns();
    return builder;
}

struct builder *builder_ref(struct builder *builder)
{
    if (builder != NULL) {
        atomic_fetch_add_explicit(&builder->references, 1, memory_order_relaxed);
    }
    return builder;
}

void builder_unref(struct builder *builder)
{
    if (builder == NULL
        || atomic_fetch_sub_explicit(&builder->references, 1, memory_order_acq_rel)
               != 1) {
        return;
    }
    for (size_t i = 0; i < builder->count; i++) {
        record_unref(builder->elements[i].record);
    }
    for (size_t i = 0; i < builder->failed_count; i++) {
        record_unref(builder->failed[i]);
    }
    pthread_mutex_destroy(&builder->mutex);
    free(builder->elements);
    free(builder->records);
    free(builder->failed);
    free(builder);
}

enum section builder_section(const struct builder *builder)
{
    return builder->section;
}

/* The next size of an array that has room for `room`; 0: it may not grow. */
static size_t larger_room(size_t room)
{
    if (room >= SECTION_DOMAINS_MAX) {
        return 0;
    }
    if (room == 0) {
        return ROOM_MIN;
    }
    return room < SECTION_DOMAINS_MAX / 2 ? room * 2 : SECTION_DOMAINS_MAX;
}

static bool make_room(struct builder *builder)
{
    size_t room = larger_room(builder->room);
    struct element *elements;
    void **records;

    if (builder->count < builder->room) {
        return true;
    }
    if (room == 0) {
        return false;
    }
    elements = realloc(builder->elements, room * sizeof(*elements));
    if (elements == NULL) {
        return false;
    }
    builder->elements = elements;
    records = realloc(builder->records, room * sizeof(*records));
    if (records == NULL) {
        return false;
    }
    builder->records = records;
    builder->room = room;
    return true;
}

/* With the mutex held; uuid NULL: it asks nobody in particular. */
static void note_progress(struct builder *builder, const struct uuid *uuid)
{
    builder->progress = (struct builder_progress) {
        .since_ns = clock_boot_ns(),
        .asks = uuid != NULL,
    };
    if (uuid != NULL) {
        builder->progress.uuid = *uuid;
    }
}

static bool add(struct builder *builder, enum section section, void *record)
{
    bool added = false;

    if (record == NULL) {
        return false;
    }
    pthread_mutex_lock(&builder->mutex);
    if (!builder->closed && builder->section == section && make_room(builder)) {
        builder->elements[builder->count] = (struct element) {
            .record = record,
            .uuid = section_uuid(section, record),
            .order = builder->count,
        };
        builder->count++;
        note_progress(builder, NULL);
        added = true;
    }
    pthread_mutex_unlock(&builder->mutex);
    if (!added) {
        record_unref(record);
    }
    return added;
}

bool builder_add_node(struct builder *builder, struct node *node)
{
    return add(builder, SECTION_NODE, node);
}

bool builder_add_domain(struct builder *builder, struct domain *domain)
{
    return add(builder, SECTION_DOMAINS, domain);
}

bool builder_add_config(struct builder *builder, struct domain_config *config)
{
    return add(builder, SECTION_CONFIGS, config);
}

bool builder_add_statistics(struct builder *builder,
                            struct domain_statistics *statistics)
{
    return add(builder, SECTION_STATISTICS, statistics);
}

bool builder_add_devices(struct builder *builder, struct domain_devices *devices)
{
    return add(builder, SECTION_DEVICES, devices);
}

bool builder_add_storage(struct builder *builder, struct storage *storage)
{
    return add(builder, SECTION_STORAGE, storage);
}

static bool make_room_for_failure(struct builder *builder)
{
    size_t room = larger_room(builder->failed_room);
    struct domain_failure **failed;

    if (builder->failed_count < builder->failed_room) {
        return true;
    }
    if (room == 0) {
        return false;
    }
    failed = realloc(builder->failed, room * sizeof(*failed));
    if (failed == NULL) {
        return false;
    }
    builder->failed = failed;
    builder->failed_room = room;
    return true;
}

bool builder_add_failure(struct builder *builder, const struct uuid *uuid,
                         const struct error *error)
{
    struct error named = *error;
    struct domain_failure *failure;
    bool added = false;

    (void)error_prefix(&named, "%s", section_name(builder->section));
    failure = domain_failure_new(uuid, &named);
    pthread_mutex_lock(&builder->mutex);
    if (failure != NULL && !builder->closed && make_room_for_failure(builder)) {
        builder->failed[builder->failed_count++] = failure;
        note_progress(builder, NULL);
        added = true;
    }
    pthread_mutex_unlock(&builder->mutex);
    if (!added) {
        record_unref(failure);
    }
    return added;
}

size_t builder_failures(struct builder *builder)
{
    size_t count;

    pthread_mutex_lock(&builder->mutex);
    count = builder->failed_count;
    pthread_mutex_unlock(&builder->mutex);
    return count;
}

void builder_close(struct builder *builder)
{
    pthread_mutex_lock(&builder->mutex);
    builder->closed = true;
    pthread_mutex_unlock(&builder->mutex);
}

/* By UUID; the first delivered in front, which qsort() alone does not keep. */
static int compare_elements(const void *a, const void *b)
{
    const struct element *left = a;
    const struct element *right = b;
    int order = uuid_compare(left->uuid, right->uuid);

    if (order != 0) {
        return order;
    }
    return left->order < right->order ? -1 : 1;
}

static int compare_failures(const void *a, const void *b)
{
    const struct domain_failure *const *left = a;
    const struct domain_failure *const *right = b;

    return uuid_compare(&(*left)->uuid, &(*right)->uuid);
}

static int compare_to_failure(const void *key, const void *element)
{
    const struct domain_failure *const *failure = element;

    return uuid_compare(key, &(*failure)->uuid);
}

/* With the mutex held. */
static void sort_once(struct builder *builder)
{
    size_t kept = 0;

    if (builder->sorted) {
        return;
    }
    builder->closed = true; /* what is sorted must not move any more */
    builder->sorted = true;
    if (builder->failed_count > 0) {
        qsort(builder->failed, builder->failed_count, sizeof(*builder->failed),
              compare_failures);
    }
    if (builder->count > 0) {
        qsort(builder->elements, builder->count, sizeof(*builder->elements),
              compare_elements);
    }
    for (size_t i = 0; i < builder->count; i++) {
        struct element element = builder->elements[i];

        if (kept > 0
            && uuid_compare(builder->elements[kept - 1].uuid, element.uuid) == 0) {
            record_unref(element.record);
            continue;
        }
        builder->elements[kept] = element;
        builder->records[kept] = element.record;
        kept++;
    }
    builder->count = kept;
}

const struct domain_failure *builder_failure(struct builder *builder,
                                             const struct uuid *uuid)
{
    struct domain_failure *const *found = NULL;

    pthread_mutex_lock(&builder->mutex);
    sort_once(builder);
    if (builder->failed_count > 0) {
        found = bsearch(uuid, builder->failed, builder->failed_count,
                        sizeof(builder->failed[0]), compare_to_failure);
    }
    pthread_mutex_unlock(&builder->mutex);
    return found == NULL ? NULL : *found;
}

void builder_ask(struct builder *builder, const struct uuid *uuid)
{
    pthread_mutex_lock(&builder->mutex);
    note_progress(builder, uuid);
    pthread_mutex_unlock(&builder->mutex);
}

struct builder_progress builder_progress(struct builder *builder)
{
    struct builder_progress progress;

    pthread_mutex_lock(&builder->mutex);
    progress = builder->progress;
    pthread_mutex_unlock(&builder->mutex);
    return progress;
}

struct builder_content builder_content(struct builder *builder)
{
    struct builder_content content;

    pthread_mutex_lock(&builder->mutex);
    sort_once(builder);
    content = (struct builder_content) {
        .count = builder->count,
        .records = builder->records,
    };
    pthread_mutex_unlock(&builder->mutex);
    return content;
}
