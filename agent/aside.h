/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * aside.h - the domains of one hypervisor that are set aside: each held up a
 * call, is left out of the collections since, and is asked alone until it
 * answers.
 *
 * Plain bookkeeping, for one thread.  A domain may hang in one section and
 * answer in another: each is an element of its own.  Included by collector*.c
 * alone.
 */
#ifndef HVX_AGENT_ASIDE_H
#define HVX_AGENT_ASIDE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/section.h"
#include "model/uuid.h"

/*
 * Most domains of one hypervisor: each may hold a thread, and a worker of the
 * hypervisor's daemon.  Where more hang, their section is late as a whole.
 */
#define ASIDE_MAX 32

struct aside {
    enum section section;
    struct uuid uuid;
    bool is_asked; /* a call is under way */
};

struct asides {
    size_t count;
    struct aside list[ASIDE_MAX];
};

/* Adds one that a call under way is held up by.  There is room, and it is not there. */
void asides_add(struct asides *asides, enum section section, const struct uuid *uuid);

/* NULL where it is not set aside. */
struct aside *asides_find(struct asides *asides, enum section section,
                          const struct uuid *uuid);

void asides_remove(struct asides *asides, struct aside *aside);

/*
 * UUIDs of those of a section, of which there are at most ASIDE_MAX, in no
 * order.  Returns how many.
 */
size_t asides_list(const struct asides *asides, enum section section,
                   struct uuid *ret_uuids);

#endif
