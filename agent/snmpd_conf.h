/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * snmpd_conf.h - what snmpd.conf says of AgentX and of who may read what.
 *
 * Read lightly, to find what keeps managers from our objects: the words
 * master, agentXSocket, agentXPerms, agentXTimeout, agentXRetries, view,
 * group, access, com2sec, rouser, rocommunity and their relatives.  All other
 * words are passed over.  Communities, users and pass phrases are not kept.
 *
 * The files belong to somebody else: lines too long, files that are none, and
 * includes without end are passed over, and `incomplete` says so.
 */
#ifndef HVX_AGENT_SNMPD_CONF_H
#define HVX_AGENT_SNMPD_CONF_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/status.h"
#include "model/text.h"

/* Names of views, groups and security names, with the terminating NUL. */
#define SNMPD_NAME_SIZE 40

/* Sub-identifiers kept of a view's subtree; more than any root of ours has. */
#define SNMPD_IDS_MAX 32

/* A line `view`; of rouser and its relatives with an OID a view of their own. */
struct snmpd_view {
    char name[SNMPD_NAME_SIZE];
    bool included;
    bool known; /* its subtree: false for a name or a mask */
    size_t length;
    uint32_t ids[SNMPD_IDS_MAX];
};

/* A line `group`: who belongs to a group. */
struct snmpd_group {
    char name[SNMPD_NAME_SIZE];
    char model[SNMPD_NAME_SIZE];
    char security[SNMPD_NAME_SIZE];
};

/* A line `com2sec`: the context that a community leads to. */
struct snmpd_community {
    char security[SNMPD_NAME_SIZE];
    char context[TEXT_MAX + 1];
};

enum snmpd_reader {
    SNMPD_READER_GROUP,     /* access */
    SNMPD_READER_USER,      /* rouser, rwuser */
    SNMPD_READER_COMMUNITY, /* rocommunity, rwcommunity: reads `context` alone */
};

/* Who may read a view, in which contexts. */
struct snmpd_access {
    enum snmpd_reader reader;
    char group[SNMPD_NAME_SIZE]; /* SNMPD_READER_GROUP, and its model: */
    char model[SNMPD_NAME_SIZE];
    char context[TEXT_MAX + 1];
    bool prefix;                /* all contexts that begin so */
    char view[SNMPD_NAME_SIZE]; /* "": everything */
};

struct snmpd_conf {
    unsigned file_count;       /* files read */
    char first[PATH_MAX];      /* of these */
    char unreadable[PATH_MAX]; /* the first that is there and cannot be read */
    int reason;                /* errno of that */
    bool incomplete;           /* something was passed over that may matter */
    bool other_access;         /* rules of access that are not understood */
    bool master;               /* master agentx */
    char socket[512];          /* agentXSocket; "": net-snmp's default */
    bool has_perms;            /* agentXPerms */
    int timeout_s;             /* agentXTimeout; -1: not set */
    int retries;               /* agentXRetries; -1: not set */
    size_t view_count;
    struct snmpd_view *views;
    size_t group_count;
    struct snmpd_group *groups;
    size_t community_count;
    struct snmpd_community *communities;
    size_t access_count;
    struct snmpd_access *accesses;
};

/*
 * Reads snmpd.conf and snmpd.local.conf in each folder of `path`, which are
 * separated by colons.  NULL without memory.  file_count 0: there is none that
 * can be read.  Free with snmpd_conf_free().
 */
struct snmpd_conf *snmpd_conf_read(const char *path);
void snmpd_conf_free(struct snmpd_conf *conf);

/* Whether something may be read, as far as the file tells. */
enum snmpd_verdict {
    SNMPD_NO,
    SNMPD_PERHAPS, /* a rule, a name or a mask is not understood */
    SNMPD_YES,
};

/* Whether anybody enters a context at all; *ret_view: whose view, or "". */
enum snmpd_verdict snmpd_conf_enters(const struct snmpd_conf *conf, const char *context,
                                     char ret_view[static SNMPD_NAME_SIZE]);

/* Whether anybody reads any part of a subtree in a context. */
enum snmpd_verdict snmpd_conf_reads(const struct snmpd_conf *conf, const char *context,
                                    const uint32_t *root, size_t length);

/* Whether some user enters every context, as after a plain `rouser NAME`. */
bool snmpd_conf_opens_all(const struct snmpd_conf *conf);

#endif
