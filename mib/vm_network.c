/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm_network.c - vmNetworkTable: one row for each interface of each domain
 * (RFC 7666 section 6).
 */
#include "mib/stale.h"
#include "mib/vm_mib.h"

#define DEVICES SECTION_BIT(SECTION_DEVICES)

static size_t count_rows(const struct mib_context *context)
{
    return context->snapshot->part_count[SNAPSHOT_INTERFACES];
}

static const struct snapshot_domain *
row_at(const struct mib_context *context, size_t row,
       const struct snapshot_interface **ret_numbered)
{
    size_t number;
    const struct snapshot_domain *domain =
        snapshot_find_part(context->snapshot, SNAPSHOT_INTERFACES, row, &number);

    *ret_numbered = &domain->parts->interfaces[number];
    return domain;
}

static void index_row(const struct mib_context *context, size_t row,
                      struct mib_index *ret_index)
{
    const struct snapshot_interface *numbered;
    const struct snapshot_domain *domain = row_at(context, row, &numbered);

    ret_index->length = 2;
    ret_index->ids[0] = domain->index;
    ret_index->ids[1] = numbered->index;
}

static const struct domain_interface *interface_at(const struct mib_context *context,
                                                   size_t row)
{
    const struct snapshot_interface *numbered;
    const struct snapshot_domain *domain = row_at(context, row, &numbered);

    return &domain->config->interfaces[numbered->position];
}

/* Where the interface is on the host; NULL while that is not known. */
static const struct interface_statistics *place_of(const struct mib_context *context,
                                                   size_t row)
{
    const struct snapshot_interface *numbered;
    const struct snapshot_domain *domain = row_at(context, row, &numbered);

    if (domain->devices == NULL
        || mib_is_stale(context, domain->sampled_ns[SECTION_DEVICES])) {
        return NULL;
    }
    return domain_devices_interface(domain->devices,
                                    domain->config->interfaces[numbered->position].mac);
}

/* InterfaceIndexOrZero: 0 where there is none, or none is known. */
static bool set_if_index(struct mib_value *value, uint32_t if_index)
{
    value->integer = if_index > INT32_MAX ? 0 : (int32_t)if_index;
    return true;
}

static bool get_if_index(const struct mib_context *context, size_t row,
                         struct mib_value *value)
{
    const struct interface_statistics *place = place_of(context, row);

    return set_if_index(value, place == NULL ? 0 : place->if_index);
}

static bool get_parent(const struct mib_context *context, size_t row,
                       struct mib_value *value)
{
    const struct interface_statistics *place = place_of(context, row);

    return set_if_index(value, place == NULL ? 0 : place->parent_if_index);
}

static bool get_model(const struct mib_context *context, size_t row,
                      struct mib_value *value)
{
    return mib_set_text(value, interface_at(context, row)->model);
}

static bool get_phys_address(const struct mib_context *context, size_t row,
                             struct mib_value *value)
{
    value->string.bytes = interface_at(context, row)->mac;
    value->string.length = DOMAIN_MAC_SIZE;
    return true;
}

static const struct mib_column columns[] = {
    { 2, "vmNetworkIfIndex", MIB_INTEGER, MIB_READ_ONLY, DEVICES, get_if_index },
    { 3, "vmNetworkParent", MIB_INTEGER, MIB_READ_ONLY, DEVICES, get_parent },
    { 4, "vmNetworkModel", MIB_STRING, MIB_READ_ONLY, 0, get_model },
    { 5, "vmNetworkPhysAddress", MIB_STRING, MIB_READ_ONLY, 0, get_phys_address },
};

const struct mib_group vm_network_table = {
    .name = "vmNetworkTable",
    .prefix_length = VM_OBJECTS_LENGTH + 2,
    .prefix = { VM_OBJECTS, 8, 1 },
    .sections = SECTION_BIT(SECTION_DOMAINS) | SECTION_BIT(SECTION_CONFIGS),
    .count = count_rows,
    .index = index_row,
    .column_count = sizeof(columns) / sizeof(columns[0]),
    .columns = columns,
};
