/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/node.h"

static struct node *lay_out(struct record_layout *layout, const struct node *from)
{
    struct node *node = record_reserve(layout, sizeof(*node));
    const char *software = record_string(layout, from->software);
    const char *version = record_string(layout, from->version);

    if (node != NULL) {
        node->hypervisor = record_enumerator(from->hypervisor, HYPERVISOR_COUNT);
        node->software = software;
        node->version = version;
        node->started_ns = from->started_ns;
        node->cpu_count = from->cpu_count;
        node->is_local = from->is_local;
    }
    return node;
}

struct node *node_new(const struct node *from)
{
    struct record_layout layout = { .block = NULL, .used = 0 };

    lay_out(&layout, from);
    layout.block = record_new(layout.used);
    layout.used = 0;
    return layout.block == NULL ? NULL : lay_out(&layout, from);
}
