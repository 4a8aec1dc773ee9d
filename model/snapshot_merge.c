/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * snapshot_merge.c - how the next snapshot is made of the last one.
 */
#include "model/snapshot_parts.h"

#include <stdlib.h>
#include <string.h>

/* What one merge works on; all memory is there before anything changes. */
struct merge {
    const struct snapshot *old;
    const struct snapshot_update *update;
    enum section section;
    struct builder_content content;
    /* Rows of one snapshot by UUID; first the old one's, then the new one's. */
    const struct snapshot_domain **by_uuid;
    void **delivered; /* for each old row its new record, or NULL */
    void **fresh;     /* records of domains that the old snapshot has not */
    size_t fresh_count;
    struct snapshot *new;
    const struct snapshot_indices *indices;
    bool changed; /* a domain came or went */
    struct error *error;
};

static int compare_rows_by_uuid(const void *a, const void *b)
{
    const struct snapshot_domain *const *left = a;
    const struct snapshot_domain *const *right = b;

    return uuid_compare(&(*left)->domain->uuid, &(*right)->domain->uuid);
}

static int compare_rows_by_index(const void *a, const void *b)
{
    const struct snapshot_domain *left = a;
    const struct snapshot_domain *right = b;

    return (left->index > right->index) - (left->index < right->index);
}

/* A fresh node gets its indices in the order in which people list domains. */
static int compare_domains_by_name(const void *a, const void *b)
{
    const struct domain *const *left = a;
    const struct domain *const *right = b;
    int order = strcmp((*left)->name, (*right)->name);

    return order != 0 ? order : uuid_compare(&(*left)->uuid, &(*right)->uuid);
}

static int compare_uuid_to_row(const void *key, const void *element)
{
    const struct snapshot_domain *const *row = element;

    return uuid_compare(key, &(*row)->domain->uuid);
}

static void sort_by_uuid(struct merge *merge, const struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->domain_count; i++) {
        merge->by_uuid[i] = &snapshot->domains[i];
    }
    if (snapshot->domain_count > 0) {
        qsort(merge->by_uuid, snapshot->domain_count, sizeof(merge->by_uuid[0]),
              compare_rows_by_uuid);
    }
}

/* NULL where the snapshot sorted last has no such domain. */
static const struct snapshot_domain *find_by_uuid(const struct merge *merge,
                                                  size_t count, const struct uuid *uuid)
{
    const struct snapshot_domain *const *found = NULL;

    if (count > 0) {
        found = bsearch(uuid, merge->by_uuid, count, sizeof(merge->by_uuid[0]),
                        compare_uuid_to_row);
    }
    return found == NULL ? NULL : *found;
}

static void match_records(struct merge *merge)
{
    sort_by_uuid(merge, merge->old);
    for (size_t i = 0; i < merge->content.count; i++) {
        void *record = merge->content.records[i];
        const struct snapshot_domain *row = find_by_uuid(
            merge, merge->old->domain_count, section_uuid(merge->section, record));

        if (row != NULL) {
            merge->delivered[row - merge->old->domains] = record;
        } else {
            merge->fresh[merge->fresh_count++] = record;
        }
    }
}

/* The largest size of a domain's memory that is known; 0: none. */
static uint64_t known_memory(const struct snapshot_domain *row)
{
    uint64_t largest = 0;

    if (row->config != NULL) {
        const int64_t sizes[] = { row->config->memory_min_bytes,
                                  row->config->memory_max_bytes,
                                  row->config->memory_bytes };

        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            if (sizes[i] > 0 && (uint64_t)sizes[i] > largest) {
                largest = (uint64_t)sizes[i];
            }
        }
    }
    if (row->statistics != NULL && (row->statistics->has & DOMAIN_HAS_MEMORY) != 0
        && row->statistics->memory_bytes > largest) {
        largest = row->statistics->memory_bytes;
    }
    return largest;
}

static void choose_memory_unit(struct snapshot_domain *row)
{
    uint64_t memory_bytes = known_memory(row);

    if (!row->memory_unit_fixed && memory_bytes != 0) {
        row->memory_unit = snapshot_unit(memory_bytes);
        row->memory_unit_fixed = true;
    }
}

/*
 * Hypervisors tell the start of a domain by its age, or by a date: from one
 * collection to the next it moves a little.
 */
#define SAME_START_NS CLOCK_NS_PER_S

/* The row's counters may have begun anew at this moment. */
static void note_discontinuity(struct snapshot_domain *row, int64_t moment_ns)
{
    if (moment_ns > row->discontinuity_ns) {
        row->discontinuity_ns = moment_ns;
    }
}

/* Of a domain that is off or in a file, nothing runs that counts. */
static bool is_counting(enum domain_state state)
{
    return state != DOMAIN_STATE_SHUTDOWN && state != DOMAIN_STATE_SUSPENDED
           && state != DOMAIN_STATE_CRASHED;
}

static void note_start(const struct merge *merge, struct snapshot_domain *row,
                       const struct domain *domain)
{
    int64_t seen_ns = merge->update->started_ns;
    int64_t start_ns = domain->started_ns < seen_ns ? domain->started_ns : seen_ns;

    if (domain->state == DOMAIN_STATE_SHUTDOWN) {
        return; /* its start is meaningless */
    }
    if (row->domain != NULL && !is_counting(row->domain->state)
        && is_counting(domain->state)) {
        note_discontinuity(row, seen_ns);
    } else if (row->discontinuity_ns == CLOCK_NEVER
               || start_ns > row->discontinuity_ns + SAME_START_NS) {
        note_discontinuity(row, start_ns);
    }
}

static void apply_domain(const struct merge *merge, struct snapshot_domain *row,
                         const struct domain *domain)
{
    enum domain_admin_state admin_state = domain_state_admin(domain->state);

    note_start(merge, row, domain);
    record_unref(row->domain);
    row->domain = record_ref(domain);
    if (admin_state != DOMAIN_ADMIN_STATE_UNKNOWN) {
        row->admin_state = admin_state;
    }
}

/* Without memory its devices are left out until the next description comes. */
static void renew_parts(struct merge *merge, struct snapshot_domain *row)
{
    const struct snapshot_parts *parts = snapshot_parts_new(
        row, merge->indices->domains, merge->update->started_ns, merge->error);

    if (parts == NULL) {
        error_set(merge->error, STATUS_NO_MEMORY, "out of memory");
    }
    record_unref(row->parts);
    row->parts = parts;
}

static void apply_config(struct merge *merge, struct snapshot_domain *row,
                         struct domain_config *config)
{
    bool is_other = row->config != config || row->parts == NULL;

    record_unref(row->config);
    row->config = record_ref(config);
    if (is_other) {
        renew_parts(merge, row);
    }
}

static void apply_statistics(struct merge *merge, struct snapshot_domain *row,
                             const struct domain_statistics *statistics)
{
    const struct domain_statistics *old = row->statistics;

    if (old != NULL && (old->has & statistics->has & DOMAIN_HAS_CPU_TIME) != 0
        && statistics->cpu_time_ns < old->cpu_time_ns) {
        note_discontinuity(row, merge->update->started_ns);
    }
    record_unref(old);
    row->statistics = record_ref(statistics);
}

static void set_failure(const struct merge *merge, struct snapshot_domain *row,
                        const struct domain_failure *failure)
{
    record_unref(row->failures[merge->section]);
    row->failures[merge->section] = record_ref(failure);
}

/* Whether a domain that was not delivered was asked about, with no result. */
static bool is_absent(const struct merge *merge, const struct uuid *uuid)
{
    return merge->update->complete && !uuid_set_has(&merge->update->except, uuid)
           && builder_failure(merge->update->builder, uuid) == NULL;
}

static void apply_absence(const struct merge *merge, struct snapshot_domain *row)
{
    const struct uuid *uuid = &row->domain->uuid;
    const struct domain_failure *failure =
        builder_failure(merge->update->builder, uuid);

    if (failure != NULL || is_absent(merge, uuid)) {
        set_failure(merge, row, failure);
    }
}

/* record NULL: it was not delivered. */
static void apply_record(struct merge *merge, struct snapshot_domain *row, void *record)
{
    int64_t started_ns = merge->update->started_ns;

    /* A collection that was late must not put back what a later one found. */
    if (started_ns < row->sampled_ns[merge->section]) {
        return;
    }
    if (record == NULL) {
        apply_absence(merge, row);
        return;
    }
    set_failure(merge, row, NULL);
    switch (merge->section) {
    case SECTION_DOMAINS:
        apply_domain(merge, row, record);
        break;
    case SECTION_CONFIGS:
        apply_config(merge, row, record);
        break;
    case SECTION_STATISTICS:
        apply_statistics(merge, row, record);
        break;
    case SECTION_DEVICES:
        record_unref(row->devices);
        row->devices = record_ref(record);
        if (snapshot_parts_want_units(row)) {
            renew_parts(merge, row);
        }
        break;
    case SECTION_NODE:
    case SECTION_STORAGE:
        return;
    }
    row->sampled_ns[merge->section] = started_ns;
    choose_memory_unit(row);
}

/* Whether the list just delivered tells that an old row's domain is gone. */
static bool is_gone(const struct merge *merge, size_t position)
{
    const struct snapshot_domain *row = &merge->old->domains[position];

    return merge->section == SECTION_DOMAINS && merge->delivered[position] == NULL
           && merge->update->started_ns >= row->sampled_ns[SECTION_DOMAINS]
           && is_absent(merge, &row->domain->uuid);
}

static void copy_rows(struct merge *merge)
{
    for (size_t i = 0; i < merge->old->domain_count; i++) {
        struct snapshot_domain *row = &merge->new->domains[merge->new->domain_count];

        if (is_gone(merge, i)) {
            merge->changed = true;
            continue;
        }
        *row = merge->old->domains[i];
        record_ref(row->domain);
        record_ref(row->config);
        record_ref(row->statistics);
        record_ref(row->devices);
        record_ref(row->parts);
        for (size_t section = 0; section < SECTION_COUNT; section++) {
            record_ref(row->failures[section]);
        }
        merge->new->domain_count++;
        apply_record(merge, row, merge->delivered[i]);
    }
}

static enum status add_row(struct merge *merge, struct domain *domain)
{
    struct snapshot_domain *row = &merge->new->domains[merge->new->domain_count];
    bool is_first_list = merge->old->sampled_ns[SECTION_DOMAINS] == CLOCK_NEVER;
    char key[UUID_TEXT_SIZE];
    enum status status = STATUS_BUSY;
    bool is_new = false;
    uint32_t index;

    if (merge->new->domain_count < SECTION_DOMAINS_MAX) {
        status =
            index_store_assign(merge->indices->domains, uuid_format(&domain->uuid, key),
                               merge->update->started_ns, &index, &is_new);
    }
    if (status != STATUS_OK) {
        return status;
    }
    *row = (struct snapshot_domain) {
        .index = index,
        .memory_unit = SNAPSHOT_UNIT_MIN,
        .discontinuity_ns = is_first_list ? CLOCK_NEVER : merge->update->started_ns,
    };
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        row->sampled_ns[i] = CLOCK_NEVER;
    }
    apply_record(merge, row, domain);
    merge->new->domain_count++;
    merge->changed = merge->changed || is_new;
    return STATUS_OK;
}

/* False when some were left out; they are tried again with the next list. */
static bool add_fresh_rows(struct merge *merge)
{
    enum status reason = STATUS_OK;
    size_t left_out = 0;

    if (merge->fresh_count == 0) {
        return true;
    }
    qsort(merge->fresh, merge->fresh_count, sizeof(merge->fresh[0]),
          compare_domains_by_name);
    for (size_t i = 0; i < merge->fresh_count; i++) {
        enum status status = add_row(merge, merge->fresh[i]);

        if (status != STATUS_OK) {
            reason = status;
            left_out++;
        }
    }
    qsort(merge->new->domains, merge->new->domain_count, sizeof(merge->new->domains[0]),
          compare_rows_by_index);
    if (left_out > 0) {
        error_set(merge->error, reason,
                  "%zu of %zu new domains are left out: no index can be given (%s)",
                  left_out, merge->fresh_count, status_name(reason));
    }
    return left_out == 0;
}

/* For index_store_visit(): a key in use that no row has. */
static void release_stray(const char *key, uint32_t index, void *argument)
{
    struct merge *merge = argument;
    struct uuid uuid;

    (void)index;
    if (uuid_parse(key, &uuid)
        && (find_by_uuid(merge, merge->new->domain_count, &uuid) != NULL
            || !is_absent(merge, &uuid))) {
        return;
    }
    index_store_release(merge->indices->domains, key, merge->update->started_ns);
    merge->changed = true;
}

/*
 * Gives back the indices of domains that are gone, also of those that went
 * while no agent ran.  After the new ones got theirs: an index does not pass
 * from one domain to another within one snapshot, however short the grace.
 */
static void release_strays(struct merge *merge)
{
    if (!merge->update->complete
        || index_store_count(merge->indices->domains) == merge->new->domain_count) {
        return;
    }
    sort_by_uuid(merge, merge->new);
    index_store_visit(merge->indices->domains, release_stray, merge);
}

static void update_indices(struct merge *merge)
{
    int64_t changed_ns;

    /* One that was left out is no stray: its key may be in use already. */
    if (add_fresh_rows(merge)) {
        release_strays(merge);
    }
    changed_ns = index_store_changed_ns(merge->indices->domains);
    if (merge->changed && merge->update->started_ns > changed_ns) {
        changed_ns = merge->update->started_ns;
        index_store_set_changed_ns(merge->indices->domains, changed_ns);
    }
    merge->new->domains_changed_ns = changed_ns;
}

static bool allocate(struct merge *merge)
{
    size_t count = merge->old->domain_count + merge->content.count;

    /* One element more each, since calloc() of none may return NULL. */
    merge->by_uuid = calloc(count + 1, sizeof(merge->by_uuid[0]));
    merge->delivered =
        calloc(merge->old->domain_count + 1, sizeof(merge->delivered[0]));
    merge->fresh = calloc(merge->content.count + 1, sizeof(merge->fresh[0]));
    merge->new = snapshot_new_empty();
    return merge->by_uuid != NULL && merge->delivered != NULL && merge->fresh != NULL
           && merge->new != NULL;
}

/* Room for the rows, which is known when the records have been matched. */
static bool allocate_rows(struct merge *merge)
{
    size_t count = merge->old->domain_count;

    count += merge->section == SECTION_DOMAINS ? merge->fresh_count : 0;
    merge->new->domains = calloc(count + 1, sizeof(merge->new->domains[0]));
    return merge->new->domains != NULL;
}

/* A record of the node as a whole. */
static void apply_node_record(struct merge *merge, void *record)
{
    if (merge->section == SECTION_NODE) {
        merge->new->node = record_ref(record);
    } else {
        merge->new->storage = record_ref(record);
    }
}

static void count_unreadable(struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->domain_count; i++) {
        if (snapshot_failure(&snapshot->domains[i], NULL) != NULL) {
            snapshot->unreadable_count++;
        }
    }
}

static void merge_section(struct merge *merge)
{
    const struct snapshot *old = merge->old;
    struct snapshot *new = merge->new;
    enum section section = merge->section;
    int64_t started_ns = merge->update->started_ns;

    memcpy(new->sampled_ns, old->sampled_ns, sizeof(new->sampled_ns));
    if (merge->update->complete && started_ns > old->sampled_ns[section]) {
        new->sampled_ns[section] = started_ns;
    }
    new->domains_changed_ns = old->domains_changed_ns;
    if (!section_is_of_domains(section) && merge->content.count > 0
        && started_ns >= old->sampled_ns[section]) {
        apply_node_record(merge, merge->content.records[0]);
    }
    if (new->node == NULL) {
        new->node = record_ref(old->node);
    }
    if (new->storage == NULL) {
        new->storage = record_ref(old->storage);
    }
    copy_rows(merge);
    if (section == SECTION_DOMAINS) {
        update_indices(merge);
    }
    snapshot_count_parts(new);
    count_unreadable(new);
    snapshot_update_volumes(new, old, section, merge->indices->volumes, started_ns,
                            merge->error);
    /* They fill *error; the snapshot is as good without. */
    (void)!index_store_save(merge->indices->domains, merge->error);
    (void)!index_store_save(merge->indices->volumes, merge->error);
}

struct snapshot *snapshot_merge(const struct snapshot *old,
                                const struct snapshot_update *update,
                                const struct snapshot_indices *indices,
                                struct error *error)
{
    struct merge merge = {
        .old = old,
        .update = update,
        .section = builder_section(update->builder),
        .indices = indices,
        .error = error,
    };
    struct snapshot *result = NULL;

    builder_close(update->builder);
    merge.content = builder_content(update->builder);
    if (!allocate(&merge)) {
        goto out;
    }
    if (section_is_of_domains(merge.section)) {
        match_records(&merge);
    }
    if (!allocate_rows(&merge)) {
        goto out;
    }
    merge_section(&merge);
    result = merge.new;
    merge.new = NULL;
out:
    if (result == NULL) {
        error_set(error, STATUS_NO_MEMORY,
                  "out of memory while the %s of %zu domains were merged",
                  section_name(merge.section), old->domain_count);
    }
    snapshot_unref(merge.new);
    free(merge.by_uuid);
    free(merge.delivered);
    free(merge.fresh);
    return result;
}
