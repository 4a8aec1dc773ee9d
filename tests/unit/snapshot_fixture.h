/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * snapshot_fixture.h - a node whose collections are merged one by one.
 *
 * Included by the tests of snapshots, behind cmocka.h.  What is not as it must
 * be fails the test that calls.
 */
#ifndef HVX_TESTS_UNIT_SNAPSHOT_FIXTURE_H
#define HVX_TESTS_UNIT_SNAPSHOT_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/snapshot.h"

#define GRACE_NS (1000 * CLOCK_NS_PER_S)
#define GIB (INT64_C(1) << 30)

/* One node, its index files, and its newest snapshot. */
struct fixture {
    char folder[256];
    char path[300];         /* of the domains' indices */
    char volumes_path[300]; /* of the volumes' */
    int64_t grace_ns;       /* read by restart(); GRACE_NS */
    struct snapshot_indices indices;
    struct snapshot *snapshot;
    struct builder *builder; /* what the collection under way delivers to */
    struct uuid_set except;  /* of the next merge; then none */
};

/* For cmocka: *state is the fixture, of a node that was never asked. */
int snapshot_setup(void **state);
int snapshot_teardown(void **state);

/* The agent ends and starts again. */
void restart(struct fixture *fixture);

/* UUIDs ascend with their numbers. */
struct uuid uuid_of(unsigned number);

/* A collection of this section begins; what is delivered belongs to it. */
void begin(struct fixture *fixture, enum section section);

void deliver_in_state(struct fixture *fixture, unsigned number, const char *name,
                      enum domain_state state);
void deliver(struct fixture *fixture, unsigned number, const char *name);

/* Merges without dropping the old snapshot, which is returned. */
struct snapshot *merge_with(struct fixture *fixture, int64_t started_ns, bool complete,
                            struct error *error);

/* Merges what must merge without any error. */
void merge(struct fixture *fixture, int64_t started_ns, bool complete);

/* A complete list of running domains, each named after its number. */
void list(struct fixture *fixture, int64_t started_ns, const char *numbers);

/* The row of that index, which there must be. */
const struct snapshot_domain *row_of(const struct fixture *fixture, uint32_t index);

#endif
