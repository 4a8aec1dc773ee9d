/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_overlay.h - what operations changed on a simulated node, beside its
 * file.
 *
 * One for each node file, shared by all connections to it; it outlives them,
 * because the agent opens a new one after each failure.  It begins anew with
 * each version of the node's files: what they say is so.  Included by sim*.c
 * only; reference-counted, any thread.
 */
#ifndef HVX_BACKENDS_SIM_OVERLAY_H
#define HVX_BACKENDS_SIM_OVERLAY_H

#include <stdbool.h>

#include "backends/sim_node.h"
#include "backends/sim_present.h"
#include "model/uuid.h"

struct sim_overlay;

/*
 * The overlay of this version of the node, with a reference: an empty one if
 * none of its operations is known.  NULL without memory.
 */
struct sim_overlay *sim_overlay_get(const char *path, const struct sim_node *node);

struct sim_overlay *sim_overlay_ref(struct sim_overlay *overlay);
/* NULL is allowed. */
void sim_overlay_unref(struct sim_overlay *overlay);

/* How it is with the domain now; sim_present_clear() has to follow. */
void sim_overlay_look(struct sim_overlay *overlay, const struct sim_domain *domain,
                      struct sim_present *ret_present);

/* Did it end for good? */
bool sim_overlay_is_gone(struct sim_overlay *overlay, const struct uuid *uuid);

/*
 * Locks the overlay and returns its own of the domain, to be changed; NULL
 * without memory, locked all the same.  It stays where it is as long as the
 * overlay; sim_overlay_unlock() has to follow.
 */
struct sim_present *sim_overlay_lock(struct sim_overlay *overlay,
                                     const struct sim_domain *domain);
void sim_overlay_unlock(struct sim_overlay *overlay);

/* Is there one for a later version of the files, so that nobody looks here? */
bool sim_overlay_is_outdated(const struct sim_overlay *overlay);

#endif
