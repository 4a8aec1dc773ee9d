/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * set_world.h - a connection with some domains for fuzz_set.c, and what is
 * promised of its operations whatever is set.
 */
#ifndef HVX_TESTS_SET_WORLD_H
#define HVX_TESTS_SET_WORLD_H

#include "agent/transaction.h"

#define DOMAINS 5 /* the last one has no UUID */

struct world {
    struct agent agent;
    struct config config;
    struct backend_ops ops;
    struct control control;
    struct domain records[DOMAINS];
    struct snapshot_domain domains[DOMAINS];
    struct snapshot snapshot;
    struct connection connection;
    struct connection *listed;
    struct agent_view view;
    struct transactions *transactions;
    netsnmp_variable_list *varbinds;
    long varbind_count;
};

/* All classes are permitted, and the hypervisor can do everything. */
struct world *world_new(void);
void world_free(struct world *world);

/* The objects there are, the same ones for all worlds. */
struct mib_tree *world_tree(void);

const struct operation_table *world_table(struct world *world);

/* The table is in order, counts what it has, and has nothing that cannot be. */
void world_check(struct world *world);

/* All that a SET can change, as one number. */
uint64_t world_digest(struct world *world);

#endif
