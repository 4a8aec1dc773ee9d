/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * section.h - the parts that a node's data is collected in, and the builder
 * that one collection fills.
 *
 * A section is what can be asked and can age on its own.  A backend is asked
 * to collect one section, for all domains or for some; it hands each record
 * to the builder as soon as it has it.  What has been delivered when the
 * deadline passes is used, whatever becomes of the rest.
 */
#ifndef HVX_MODEL_SECTION_H
#define HVX_MODEL_SECTION_H

#include <stdbool.h>

#include "model/domain.h"
#include "model/node.h"
#include "model/status.h"
#include "model/storage.h"

enum section {
    SECTION_NODE,       /* struct node, one */
    SECTION_DOMAINS,    /* struct domain, one for each domain there is */
    SECTION_CONFIGS,    /* struct domain_config */
    SECTION_STATISTICS, /* struct domain_statistics */
    SECTION_DEVICES,    /* struct domain_devices */
    SECTION_STORAGE,    /* struct storage, one */
};
#define SECTION_COUNT (SECTION_STORAGE + 1)

/* Sets of sections. */
#define SECTION_BIT(section) (1u << (section))
#define SECTION_ALL (SECTION_BIT(SECTION_COUNT) - 1)

/* Name for logs and tests, e.g. "domains".  Never NULL. */
const char *section_name(enum section section);

/* Whether its records are about one domain each; else it has one for the node. */
bool section_is_of_domains(enum section section);

/* The domain that a record of this section is about; nil for one of the node. */
const struct uuid *section_uuid(enum section section, const void *record);

/*
 * More domains than this on one node are refused: somebody is playing.  It
 * bounds every array that holds one element for each domain.
 */
#define SECTION_DOMAINS_MAX 1000000

/*
 * Thread-safe and reference-counted: the thread that collects and the one
 * that waits for it each hold a reference, so that either may leave first.
 */
struct builder;

/* An empty builder for one section; NULL without memory. */
struct builder *builder_new(enum section section);
struct builder *builder_ref(struct builder *builder);
void builder_unref(struct builder *builder);

enum section builder_section(const struct builder *builder);

/*
 * Each takes over the reference that the caller holds on the record, also
 * when it returns false.  False means: nobody waits for more (the collection
 * was abandoned), or memory or SECTION_DOMAINS_MAX ran out; return to the
 * caller without asking the hypervisor any further.  A NULL record returns
 * false: `builder_add_domain(b, domain_new(&d))` needs no check in between.
 * The record's kind must be the one of the builder's section.
 */
bool builder_add_node(struct builder *builder, struct node *node) MUST_CHECK;
bool builder_add_domain(struct builder *builder, struct domain *domain) MUST_CHECK;
bool builder_add_config(struct builder *builder,
                        struct domain_config *config) MUST_CHECK;
bool builder_add_statistics(struct builder *builder,
                            struct domain_statistics *statistics) MUST_CHECK;
bool builder_add_devices(struct builder *builder,
                         struct domain_devices *devices) MUST_CHECK;
bool builder_add_storage(struct builder *builder, struct storage *storage) MUST_CHECK;

/*
 * This domain could not be read, for the reason in *error, whose words are
 * shown to managers behind the section's name ("statistics: ..."); the others
 * go on.  What was known of it stays.  Returns as the functions above.
 */
bool builder_add_failure(struct builder *builder, const struct uuid *uuid,
                         const struct error *error) MUST_CHECK;

/* Domains counted by builder_add_failure() so far. */
size_t builder_failures(struct builder *builder);

/*
 * What builder_add_failure() said of this domain; NULL: nothing.  Only after
 * builder_close(); valid as long as the builder is.
 */
const struct domain_failure *builder_failure(struct builder *builder,
                                             const struct uuid *uuid);

/*
 * From now until the next add the hypervisor is asked about this domain alone:
 * if that hangs, it is this domain that hangs.
 */
void builder_ask(struct builder *builder, const struct uuid *uuid);

/* What a collection is at, and since when. */
struct builder_progress {
    int64_t since_ns; /* last add or builder_ask(), or the beginning */
    bool asks;        /* one domain alone: */
    struct uuid uuid;
};
struct builder_progress builder_progress(struct builder *builder);

/*
 * Nobody waits any longer: from now on every add returns false.  What was
 * delivered before stays for snapshot_merge().
 */
void builder_close(struct builder *builder);

/*
 * The records delivered, sorted by UUID, each UUID once (the first delivered
 * stays).  Only after builder_close(); valid as long as the builder is.
 * For SECTION_NODE: at most one element, a struct node.
 */
struct builder_content {
    size_t count;
    void *const *records;
};
struct builder_content builder_content(struct builder *builder);

#endif
