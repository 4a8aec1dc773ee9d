/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/aside.h"

void asides_add(struct asides *asides, enum section section, const struct uuid *uuid)
{
    asides->list[asides->count++] = (struct aside) {
        .section = section,
        .uuid = *uuid,
        .is_asked = true,
    };
}

struct aside *asides_find(struct asides *asides, enum section section,
                          const struct uuid *uuid)
{
    for (size_t i = 0; i < asides->count; i++) {
        struct aside *aside = &asides->list[i];

        if (aside->section == section && uuid_compare(&aside->uuid, uuid) == 0) {
            return aside;
        }
    }
    return NULL;
}

void asides_remove(struct asides *asides, struct aside *aside)
{
    *aside = asides->list[--asides->count];
}

size_t asides_list(const struct asides *asides, enum section section,
                   struct uuid *ret_uuids)
{
    size_t count = 0;

    for (size_t i = 0; i < asides->count; i++) {
        if (asides->list[i].section == section) {
            ret_uuids[count++] = asides->list[i].uuid;
        }
    }
    return count;
}
