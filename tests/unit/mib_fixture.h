/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mib_fixture.h - a node made up for the tests of mib/: three connections and
 * some domains, of which everything is known until a test changes it.
 *
 * Included by the tests after cmocka.h.
 */
#ifndef HVX_TESTS_MIB_FIXTURE_H
#define HVX_TESTS_MIB_FIXTURE_H

#include "mib/mib.h"

#define FIXTURE_ROWS_MAX 64
#define FIXTURE_CONNECTIONS 3
#define FIXTURE_DISKS 2
#define FIXTURE_INTERFACES 2
#define FIXTURE_VCPUS 2
#define FIXTURE_CPUS 4
#define FIXTURE_VOLUMES 2

/* Moments on CLOCK_BOOTTIME, apart from each other and from 0. */
#define FIXTURE_NOW_NS (1000000 * CLOCK_NS_PER_S)
/* What the date is at that moment: 2023-11-14 22:13:20.75 UTC. */
#define FIXTURE_DATE_NS (1700000000 * CLOCK_NS_PER_S + 750 * CLOCK_NS_PER_MS)
#define FIXTURE_SAMPLED_NS (FIXTURE_NOW_NS - CLOCK_NS_PER_S)
#define FIXTURE_STALE_LIMIT_NS (60 * CLOCK_NS_PER_S)

struct mib_fixture {
    struct mib_tree *tree;
    struct mib_context context;
    struct agent_status agent;
    struct connection_status connections[FIXTURE_CONNECTIONS];
    const struct connection_status *listed[FIXTURE_CONNECTIONS];
    const struct snapshot *listed_snapshots[FIXTURE_CONNECTIONS];
    struct snapshot snapshot;    /* of the connection shown, the first one */
    struct snapshot never_asked; /* of the others */
    struct node node;
    struct snapshot_domain rows[FIXTURE_ROWS_MAX];
    struct domain domains[FIXTURE_ROWS_MAX];
    struct domain_config configs[FIXTURE_ROWS_MAX];
    struct domain_statistics statistics[FIXTURE_ROWS_MAX];
    struct domain_devices devices[FIXTURE_ROWS_MAX];
    /* The same for each domain: */
    struct domain_disk disks[FIXTURE_DISKS];
    struct disk_statistics disk_statistics[FIXTURE_DISKS];
    struct snapshot_disk disk_rows[FIXTURE_DISKS];
    struct domain_interface interfaces[FIXTURE_INTERFACES];
    struct interface_statistics interface_statistics[FIXTURE_INTERFACES];
    struct snapshot_interface interface_rows[FIXTURE_INTERFACES];
    struct vcpu_statistics vcpus[FIXTURE_VCPUS];
    struct domain_pin pin;
    struct snapshot_parts parts;
    /* Volumes without a domain. */
    struct volume volumes[FIXTURE_VOLUMES];
    struct storage storage;
    struct snapshot_disk volume_rows[FIXTURE_VOLUMES];
    struct snapshot_parts unattached;
    /* One, of class power on the first domain, that has succeeded. */
    struct operation_table operations;
    struct operation *operation;
    uint64_t serial;        /* of the last one */
    struct control control; /* permits nothing */
};

/* For cmocka: a fixture with one row whose index is 1; and its end. */
int mib_fixture_setup(void **state);
int mib_fixture_teardown(void **state);

/* Gives it that many rows, with gaps between their indices. */
void mib_fixture_set_rows(struct mib_fixture *fixture, size_t count);

/*
 * Adds an operation on the domain of a row, queued, with the serial number that
 * follows the last one's.  The fixture frees it.
 */
struct operation *mib_fixture_add_operation(struct mib_fixture *fixture, size_t row,
                                            enum operation_action action, uint32_t id);

/* After records of rows were put in or taken out: counts vcpus, disks ... anew. */
void mib_fixture_count_parts(struct mib_fixture *fixture);

/* The object of a name; the test fails if there is none. */
const struct mib_object *mib_fixture_find(const struct mib_fixture *fixture,
                                          const char *name);

/*
 * Looks up NAME.instance as a manager would; the instance of a scalar is 0.
 * mib_fixture_get_part(): NAME.first.second.
 */
enum mib_result mib_fixture_get(const struct mib_fixture *fixture, const char *name,
                                uint32_t instance, struct mib_value *ret_value);
enum mib_result mib_fixture_get_part(const struct mib_fixture *fixture,
                                     const char *name, uint32_t first, uint32_t second,
                                     struct mib_value *ret_value);

/* The name of a column of hvxOperationTable in an operation's row. */
struct mib_oid mib_fixture_name_of(const struct mib_fixture *fixture, const char *name,
                                   const struct operation *operation);

#endif
