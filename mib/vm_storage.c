/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_storage.c - vmStorageTable: first the volumes that belong to no domain,
 * then one row for each disk of each domain (RFC 7666 section 6).
 */
#include "mib/stale.h"
#include "mib/vm_mib.h"

#define CONFIGS SECTION_BIT(SECTION_CONFIGS)
#define DEVICES SECTION_BIT(SECTION_DEVICES)
#define ROWS (SECTION_BIT(SECTION_DOMAINS) | CONFIGS | SECTION_BIT(SECTION_STORAGE))

/* One row: a disk of a domain, or a volume of none. */
struct storage_row {
    const struct snapshot_domain *domain; /* NULL: it is a volume */
    const struct snapshot_disk *numbered;
    const struct volume *volume; /* NULL: it is a disk */
    struct domain_disk disk;     /* of a volume, what a disk of it would be */
};

static size_t count_unattached(const struct mib_context *context)
{
    const struct snapshot_parts *unattached = context->snapshot->unattached;

    if (unattached == NULL || (context->sections & SECTION_BIT(SECTION_STORAGE)) == 0) {
        return 0;
    }
    return unattached->disk_count;
}

static size_t count_rows(const struct mib_context *context)
{
    return count_unattached(context) + context->snapshot->part_count[SNAPSHOT_DISKS];
}

static struct storage_row row_at(const struct mib_context *context, size_t row)
{
    const struct snapshot *snapshot = context->snapshot;
    size_t unattached = count_unattached(context);
    struct storage_row found = { .domain = NULL };
    size_t number;

    if (row < unattached) {
        found.numbered = &snapshot->unattached->disks[row];
        found.volume = &snapshot->storage->volumes[found.numbered->position];
        found.disk = (struct domain_disk) {
            .format = found.volume->format,
            .source = found.volume->key,
            .mount_point = found.volume->mount_point,
            .source_type = found.volume->source_type,
        };
    } else {
        found.domain =
            snapshot_find_part(snapshot, SNAPSHOT_DISKS, row - unattached, &number);
        found.numbered = &found.domain->parts->disks[number];
        found.disk = found.domain->config->disks[found.numbered->position];
    }
    return found;
}

static void index_row(const struct mib_context *context, size_t row,
                      struct mib_index *ret_index)
{
    struct storage_row found = row_at(context, row);

    ret_index->length = 2;
    ret_index->ids[0] = found.domain == NULL ? 0 : found.domain->index;
    ret_index->ids[1] = found.numbered->index;
}

/* The disk's counters and sizes; NULL where there are none. */
static const struct disk_statistics *known_statistics(const struct storage_row *row)
{
    if (row->domain == NULL || row->domain->devices == NULL) {
        return NULL;
    }
    return domain_devices_disk(row->domain->devices, row->disk.target);
}

/* The same while they may be told as current. */
static const struct disk_statistics *
current_statistics(const struct mib_context *context, const struct storage_row *row)
{
    if (row->domain == NULL
        || mib_is_stale(context, row->domain->sampled_ns[SECTION_DEVICES])) {
        return NULL;
    }
    return known_statistics(row);
}

/* Integer32 (0..2147483647) of a host's index, which is 0 where there is none. */
static bool get_parent(const struct mib_context *context, size_t row,
                       struct mib_value *value)
{
    struct storage_row found = row_at(context, row);

    value->integer =
        (int32_t)host_storage_find(context->host_storage, found.disk.mount_point);
    return true;
}

static bool get_source_type(const struct mib_context *context, size_t row,
                            struct mib_value *value)
{
    static const int32_t numbers[] = {
        [DISK_SOURCE_UNKNOWN] = 1, [DISK_SOURCE_OTHER] = 2,  [DISK_SOURCE_BLOCK] = 3,
        [DISK_SOURCE_RAW] = 4,     [DISK_SOURCE_SPARSE] = 5, [DISK_SOURCE_NETWORK] = 6,
    };
    _Static_assert(sizeof(numbers) / sizeof(numbers[0]) == DISK_SOURCE_COUNT,
                   "a number for each source type");

    value->integer = numbers[row_at(context, row).disk.source_type];
    return true;
}

static bool get_source_type_string(const struct mib_context *context, size_t row,
                                   struct mib_value *value)
{
    return mib_set_text(value, row_at(context, row).disk.format);
}

static bool get_resource_id(const struct mib_context *context, size_t row,
                            struct mib_value *value)
{
    return mib_set_text(value, row_at(context, row).disk.source);
}

static bool get_access(const struct mib_context *context, size_t row,
                       struct mib_value *value)
{
    static const int32_t numbers[] = {
        [DOMAIN_FLAG_UNKNOWN] = 1,
        [DOMAIN_FLAG_YES] = 3, /* readonly */
        [DOMAIN_FLAG_NO] = 2,  /* readwrite */
    };
    _Static_assert(sizeof(numbers) / sizeof(numbers[0]) == DOMAIN_FLAG_COUNT,
                   "a number for each flag");

    value->integer = numbers[row_at(context, row).disk.read_only];
    return true;
}

static bool get_media_type(const struct mib_context *context, size_t row,
                           struct mib_value *value)
{
    static const int32_t numbers[] = {
        [DISK_MEDIA_UNKNOWN] = 2, [DISK_MEDIA_OTHER] = 1,  [DISK_MEDIA_HARD_DISK] = 3,
        [DISK_MEDIA_OPTICAL] = 4, [DISK_MEDIA_FLOPPY] = 5,
    };
    _Static_assert(sizeof(numbers) / sizeof(numbers[0]) == DISK_MEDIA_COUNT,
                   "a number for each medium");

    value->integer = numbers[row_at(context, row).disk.media];
    return true;
}

static bool get_media_type_string(const struct mib_context *context, size_t row,
                                  struct mib_value *value)
{
    return mib_set_text(value, row_at(context, row).disk.bus);
}

static bool get_size_unit(const struct mib_context *context, size_t row,
                          struct mib_value *value)
{
    value->integer = (int32_t)row_at(context, row).numbered->size_unit;
    return true;
}

static bool set_size(struct mib_value *value, const struct storage_row *row,
                     int64_t bytes)
{
    int64_t units = bytes / row->numbered->size_unit;

    if (bytes < 0) {
        value->integer = -1; /* unknown */
    } else {
        value->integer = units > INT32_MAX ? INT32_MAX : (int32_t)units;
    }
    return true;
}

/* What a volume takes on the host just now. */
static int64_t current_allocation(const struct mib_context *context,
                                  const struct volume *volume)
{
    return mib_is_stale(context, context->snapshot->sampled_ns[SECTION_STORAGE])
               ? DOMAIN_NO_LIMIT
               : volume->allocation_bytes;
}

static int64_t capacity_of(const struct storage_row *row)
{
    const struct disk_statistics *statistics = known_statistics(row);

    if (row->volume != NULL) {
        return row->volume->capacity_bytes;
    }
    return statistics == NULL ? DOMAIN_NO_LIMIT : statistics->capacity_bytes;
}

/* Part of what the disk is: stays when nobody answers any longer. */
static bool get_defined_size(const struct mib_context *context, size_t row,
                             struct mib_value *value)
{
    struct storage_row found = row_at(context, row);

    return set_size(value, &found, capacity_of(&found));
}

static bool get_allocated_size(const struct mib_context *context, size_t row,
                               struct mib_value *value)
{
    struct storage_row found = row_at(context, row);
    const struct disk_statistics *statistics = current_statistics(context, &found);
    enum disk_source type = found.disk.source_type;
    int64_t bytes = statistics == NULL ? DOMAIN_NO_LIMIT : statistics->allocation_bytes;

    if (type == DISK_SOURCE_BLOCK || type == DISK_SOURCE_RAW) {
        bytes = capacity_of(&found); /* RFC 7666: the same */
    } else if (found.volume != NULL) {
        bytes = current_allocation(context, found.volume);
    }
    return set_size(value, &found, bytes);
}

/* Where the disk's counters are, if it has those named by the DISK_HAS bit. */
static const struct disk_statistics *statistics_with(const struct mib_context *context,
                                                     size_t row, unsigned bit)
{
    struct storage_row found = row_at(context, row);
    const struct disk_statistics *statistics = current_statistics(context, &found);

    return statistics != NULL && (statistics->has & bit) != 0 ? statistics : NULL;
}

static bool get_read_ios(const struct mib_context *context, size_t row,
                         struct mib_value *value)
{
    const struct disk_statistics *statistics =
        statistics_with(context, row, DISK_HAS_REQUESTS);

    value->counter64 = statistics == NULL ? 0 : statistics->read_requests;
    return statistics != NULL;
}

static bool get_write_ios(const struct mib_context *context, size_t row,
                          struct mib_value *value)
{
    const struct disk_statistics *statistics =
        statistics_with(context, row, DISK_HAS_REQUESTS);

    value->counter64 = statistics == NULL ? 0 : statistics->write_requests;
    return statistics != NULL;
}

static bool get_read_octets(const struct mib_context *context, size_t row,
                            struct mib_value *value)
{
    const struct disk_statistics *statistics =
        statistics_with(context, row, DISK_HAS_OCTETS);

    value->counter64 = statistics == NULL ? 0 : statistics->read_bytes;
    return statistics != NULL;
}

static bool get_write_octets(const struct mib_context *context, size_t row,
                             struct mib_value *value)
{
    const struct disk_statistics *statistics =
        statistics_with(context, row, DISK_HAS_OCTETS);

    value->counter64 = statistics == NULL ? 0 : statistics->write_bytes;
    return statistics != NULL;
}

static bool get_read_latency(const struct mib_context *context, size_t row,
                             struct mib_value *value)
{
    const struct disk_statistics *statistics =
        statistics_with(context, row, DISK_HAS_TIMES);

    value->counter64 =
        statistics == NULL ? 0 : statistics->read_time_ns / (uint64_t)CLOCK_NS_PER_US;
    return statistics != NULL;
}

static bool get_write_latency(const struct mib_context *context, size_t row,
                              struct mib_value *value)
{
    const struct disk_statistics *statistics =
        statistics_with(context, row, DISK_HAS_TIMES);

    value->counter64 =
        statistics == NULL ? 0 : statistics->write_time_ns / (uint64_t)CLOCK_NS_PER_US;
    return statistics != NULL;
}

static const struct mib_column columns[] = {
    { 3, "vmStorageParent", MIB_INTEGER, MIB_READ_ONLY, 0, get_parent },
    { 4, "vmStorageSourceType", MIB_INTEGER, MIB_READ_ONLY, 0, get_source_type },
    { 5, "vmStorageSourceTypeString", MIB_STRING, MIB_READ_ONLY, 0,
      get_source_type_string },
    { 6, "vmStorageResourceID", MIB_STRING, MIB_READ_ONLY, 0, get_resource_id },
    { 7, "vmStorageAccess", MIB_INTEGER, MIB_READ_ONLY, 0, get_access },
    { 8, "vmStorageMediaType", MIB_INTEGER, MIB_READ_ONLY, 0, get_media_type },
    { 9, "vmStorageMediaTypeString", MIB_STRING, MIB_READ_ONLY, 0,
      get_media_type_string },
    { 10, "vmStorageSizeUnit", MIB_INTEGER, MIB_READ_ONLY, DEVICES, get_size_unit },
    { 11, "vmStorageDefinedSize", MIB_INTEGER, MIB_READ_ONLY, DEVICES,
      get_defined_size },
    { 12, "vmStorageAllocatedSize", MIB_INTEGER, MIB_READ_ONLY, DEVICES,
      get_allocated_size },
    { 13, "vmStorageReadIOs", MIB_COUNTER64, MIB_READ_ONLY, DEVICES, get_read_ios },
    { 14, "vmStorageWriteIOs", MIB_COUNTER64, MIB_READ_ONLY, DEVICES, get_write_ios },
    { 15, "vmStorageReadOctets", MIB_COUNTER64, MIB_READ_ONLY, DEVICES,
      get_read_octets },
    { 16, "vmStorageWriteOctets", MIB_COUNTER64, MIB_READ_ONLY, DEVICES,
      get_write_octets },
    { 17, "vmStorageReadLatency", MIB_COUNTER64, MIB_READ_ONLY, DEVICES,
      get_read_latency },
    { 18, "vmStorageWriteLatency", MIB_COUNTER64, MIB_READ_ONLY, DEVICES,
      get_write_latency },
};

const struct mib_group vm_storage_table = {
    .name = "vmStorageTable",
    .prefix_length = VM_OBJECTS_LENGTH + 2,
    .prefix = { VM_OBJECTS, 7, 1 },
    .sections = ROWS,
    .count = count_rows,
    .index = index_row,
    .column_count = sizeof(columns) / sizeof(columns[0]),
    .columns = columns,
};
