/* SPDX-License-Identifier: BSD-2-Clause */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/host_session.h"
#include "agent/host_walk.h"
#include "agent/log.h"
#include "model/clock.h"

/* How old a table may be when somebody searches it. */
#define AGE_MAX_NS (60 * CLOCK_NS_PER_S)

/* Rows that one answer is asked to have. */
#define REPETITIONS 20

/* Longest mount point that is taken, in octets: more than snmpd shows. */
#define PATH_SIZE 1024

/* Longest SnmpEngineID, RFC 3411. */
#define ENGINE_SIZE 32

/* hrStorageDescr, RFC 2790. */
static const oid descr[] = { 1, 3, 6, 1, 2, 1, 25, 2, 3, 1, 3 };

enum step {
    STEP_IDLE,
    STEP_PROBE,  /* waits for the engine ID */
    STEP_OPEN,   /* has it */
    STEP_ROWS,   /* waits for rows */
    STEP_DONE,   /* has them all */
    STEP_FAILED, /* will not get them */
};

/* What is the matter; each is told once, and what to do. */
enum trouble {
    TROUBLE_UNKNOWN, /* nothing was tried yet */
    TROUBLE_NONE,
    TROUBLE_OPEN,
    TROUBLE_SILENCE,
    TROUBLE_CREDENTIALS,
    TROUBLE_REFUSED,
    TROUBLE_NO_TABLE,
    TROUBLE_ANSWER,
    TROUBLE_MEMORY,
};

static const char *const troubles[] = {
    [TROUBLE_OPEN] = "no socket can be opened for it",
    [TROUBLE_SILENCE] =
        "it does not answer: does snmpd listen there (agentAddress in snmpd.conf), and "
        "does it know the community or user of hostAgent",
    [TROUBLE_CREDENTIALS] = "it refuses user, pass phrases or level of hostAgent: "
                            "compare them with createUser and rouser in snmpd.conf",
    [TROUBLE_REFUSED] = "it answers with an error: may the community or user of "
                        "hostAgent read .1.3.6.1.2.1.25.2 (view in snmpd.conf)",
    [TROUBLE_NO_TABLE] = "it shows no hrStorageTable: may the community or user of "
                         "hostAgent read .1.3.6.1.2.1.25.2 (view in snmpd.conf), and "
                         "has snmpd HOST-RESOURCES-MIB",
    [TROUBLE_ANSWER] = "its answers cannot be understood",
    [TROUBLE_MEMORY] = "out of memory",
};
_Static_assert(sizeof(troubles) / sizeof(troubles[0]) == TROUBLE_MEMORY + 1,
               "each trouble has words");

/* Rows as they come; the paths are the table's own. */
struct rows {
    size_t count;
    size_t room;
    struct host_storage_entry *entries;
};

struct host_walk {
    const struct host_agent *agent; /* NULL: nobody is asked */
    bool started;                   /* there is a session to the master */
    bool due;                       /* the table is to be read */
    atomic_bool asked;              /* somebody searched it */
    int64_t read_ns;                /* when reading it began; CLOCK_BOOTTIME */
    enum step step;
    enum trouble trouble; /* of the reading that goes on */
    enum trouble told;    /* what the log knows */
    netsnmp_session *session;
    u_char engine[ENGINE_SIZE];
    size_t engine_length;
    struct rows rows;    /* of the reading that goes on */
    oid last;            /* hrStorageIndex of the last row; 0: none */
    size_t row_count;    /* all rows, also those without a mount point */
    struct rows entries; /* of the table */
    struct host_storage table;
};

static void free_rows(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        free((void *)(uintptr_t)rows->entries[i].path);
    }
    free(rows->entries);
    *rows = (struct rows) { .count = 0 };
}

static bool add_row(struct rows *rows, const u_char *path, size_t length, oid index)
{
    struct host_storage_entry *grown;
    char *copy;

    if (rows->count == rows->room) {
        size_t room = rows->room == 0 ? 32 : 2 * rows->room;

        grown = realloc(rows->entries, room * sizeof(*grown));
        if (grown == NULL) {
            return false;
        }
        rows->entries = grown;
        rows->room = room;
    }
    copy = strndup((const char *)path, length);
    if (copy == NULL) {
        return false;
    }
    rows->entries[rows->count++] =
        (struct host_storage_entry) { .path = copy, .index = (uint32_t)index };
    return true;
}

/* The table becomes what was read; without any rows it is empty. */
static void take_rows(struct host_walk *walk)
{
    free_rows(&walk->entries);
    walk->entries = walk->rows;
    walk->rows = (struct rows) { .count = 0 };
    host_storage_sort(walk->entries.entries, walk->entries.count);
    walk->table.entries = walk->entries.entries;
    walk->table.count = walk->entries.count;
}

static void fail(struct host_walk *walk, enum trouble trouble)
{
    walk->step = STEP_FAILED;
    walk->trouble = trouble;
}

static void ask_for_rows(struct host_walk *walk)
{
    oid name[OID_LENGTH(descr) + 1];
    size_t length = OID_LENGTH(descr);
    netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_GETBULK);

    if (pdu == NULL) {
        fail(walk, TROUBLE_MEMORY);
        return;
    }
    memcpy(name, descr, sizeof(descr));
    if (walk->last != 0) {
        name[length++] = walk->last;
    }
    pdu->non_repeaters = 0;
    pdu->max_repetitions = REPETITIONS;
    if (snmp_add_null_var(pdu, name, length) == NULL) {
        snmp_free_pdu(pdu);
        fail(walk, TROUBLE_MEMORY);
        return;
    }
    if (snmp_send(walk->session, pdu) == 0) {
        snmp_free_pdu(pdu);
        fail(walk, TROUBLE_OPEN);
        return;
    }
    walk->step = STEP_ROWS;
}

/* Whether a varbind is the row after the last one. */
static bool is_next_row(const struct host_walk *walk,
                        const netsnmp_variable_list *varbind)
{
    return varbind->type == ASN_OCTET_STR
           && varbind->name_length == OID_LENGTH(descr) + 1
           && memcmp(varbind->name, descr, sizeof(descr)) == 0
           && varbind->name[OID_LENGTH(descr)] > walk->last
           && varbind->name[OID_LENGTH(descr)] <= INT32_MAX
           && walk->row_count < HOST_WALK_ROWS_MAX;
}

static void take_answer(struct host_walk *walk, const netsnmp_pdu *pdu)
{
    const netsnmp_variable_list *varbind = pdu->variables;

    if (pdu->errstat != SNMP_ERR_NOERROR) {
        fail(walk, TROUBLE_REFUSED);
        return;
    }
    for (; varbind != NULL && is_next_row(walk, varbind);
         varbind = varbind->next_variable) {
        const u_char *path = varbind->val.string;
        size_t length = varbind->val_len;

        walk->last = varbind->name[OID_LENGTH(descr)];
        walk->row_count++;
        /* Memory and swap have words there. */
        if (length > 0 && length < PATH_SIZE && path[0] == '/'
            && memchr(path, '\0', length) == NULL
            && !add_row(&walk->rows, path, length, walk->last)) {
            fail(walk, TROUBLE_MEMORY);
            return;
        }
    }
    if (varbind == NULL && pdu->variables != NULL) {
        ask_for_rows(walk);
    } else if (walk->row_count == 0) {
        fail(walk, TROUBLE_NO_TABLE);
    } else {
        walk->step = STEP_DONE;
    }
}

/*
 * A Report: the answer to a probe, or about what is wrong with a request.
 * net-snmp passes it as a message or as an error, and some as both.
 */
static void take_report(struct host_walk *walk, netsnmp_pdu *pdu, bool is_final)
{
    if (walk->step == STEP_PROBE && pdu->securityEngineIDLen > 0
        && pdu->securityEngineIDLen <= sizeof(walk->engine)) {
        memcpy(walk->engine, pdu->securityEngineID, pdu->securityEngineIDLen);
        walk->engine_length = pdu->securityEngineIDLen;
        walk->step = STEP_OPEN;
    } else if (walk->step == STEP_PROBE) {
        fail(walk, TROUBLE_ANSWER);
    } else if (is_final || snmpv3_get_report_type(pdu) != SNMPERR_NOT_IN_TIME_WINDOW) {
        fail(walk, TROUBLE_CREDENTIALS);
    }
    /* Else net-snmp asks again with the right time. */
}

static int on_answer(int operation, netsnmp_session *session, int request_id,
                     netsnmp_pdu *pdu, void *magic)
{
    struct host_walk *walk = magic;

    (void)request_id;
    if (session != walk->session
        || (walk->step != STEP_PROBE && walk->step != STEP_ROWS)) {
        return 1;
    }
    switch (operation) {
    case NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE:
        if (pdu->command == SNMP_MSG_REPORT) {
            take_report(walk, pdu, false);
        } else if (pdu->command == SNMP_MSG_RESPONSE && walk->step == STEP_ROWS) {
            take_answer(walk, pdu);
        } else {
            fail(walk, TROUBLE_ANSWER);
        }
        break;
    case NETSNMP_CALLBACK_OP_SEC_ERROR:
        if (pdu != NULL && pdu->command == SNMP_MSG_REPORT) {
            take_report(walk, pdu, true);
        } else {
            fail(walk, TROUBLE_CREDENTIALS);
        }
        break;
    case NETSNMP_CALLBACK_OP_TIMED_OUT:
    case NETSNMP_CALLBACK_OP_SEND_FAILED:
    case NETSNMP_CALLBACK_OP_DISCONNECT:
        fail(walk, TROUBLE_SILENCE);
        break;
    default:
        break;
    }
    return 1;
}

static void close_session(struct host_walk *walk)
{
    host_session_close(walk->session);
    walk->session = NULL;
}

static void open_for_rows(struct host_walk *walk)
{
    close_session(walk);
    walk->session = host_session_open(walk->agent, walk->engine, walk->engine_length,
                                      on_answer, walk);
    if (walk->session == NULL) {
        fail(walk, TROUBLE_OPEN);
    } else {
        ask_for_rows(walk);
    }
}

static void begin(struct host_walk *walk)
{
    walk->due = false;
    walk->read_ns = clock_boot_ns();
    walk->trouble = TROUBLE_NONE;
    walk->last = 0;
    walk->row_count = 0;
    if (!walk->agent->is_v3) {
        open_for_rows(walk);
        return;
    }
    walk->step = STEP_PROBE;
    walk->session = host_session_probe(walk->agent, on_answer, walk);
    if (walk->session == NULL) {
        fail(walk, TROUBLE_OPEN);
    }
}

static void tell(struct host_walk *walk)
{
    if (walk->trouble == walk->told) {
        return;
    }
    walk->told = walk->trouble;
    if (walk->trouble == TROUBLE_NONE) {
        log_notice("host's snmpd at %s: read hrStorageTable, %zu file systems",
                   walk->agent->address, walk->table.count);
    } else {
        log_warning("host's snmpd at %s: %s; vmStorageParent is 0 until then",
                    walk->agent->address, troubles[walk->trouble]);
    }
}

/* Ends what goes on, without a result. */
static void abandon(struct host_walk *walk)
{
    walk->step = STEP_IDLE;
    close_session(walk);
    free_rows(&walk->rows);
}

static void finish(struct host_walk *walk)
{
    if (walk->step == STEP_FAILED) {
        free_rows(&walk->rows);
    }
    take_rows(walk);
    abandon(walk);
    tell(walk);
}

struct host_walk *host_walk_new(void)
{
    struct host_walk *walk = calloc(1, sizeof(*walk));

    if (walk != NULL) {
        atomic_init(&walk->asked, false);
        walk->table.asked = &walk->asked;
    }
    return walk;
}

void host_walk_free(struct host_walk *walk)
{
    if (walk != NULL) {
        abandon(walk);
        free_rows(&walk->entries);
        free(walk);
    }
}

void host_walk_configure(struct host_walk *walk, const struct host_agent *agent)
{
    abandon(walk);
    walk->agent = agent;
    walk->told = TROUBLE_UNKNOWN;
    walk->due = true;
    if (agent == NULL) {
        take_rows(walk);
    }
}

void host_walk_start(struct host_walk *walk)
{
    walk->started = true;
    walk->due = true;
}

void host_walk_stop(struct host_walk *walk)
{
    walk->started = false;
}

void host_walk_check(struct host_walk *walk)
{
    if (walk->agent == NULL || !walk->started) {
        /* Another snmpd may number its rows otherwise. */
        abandon(walk);
        take_rows(walk);
        return;
    }
    if (atomic_exchange(&walk->asked, false)
        && clock_boot_ns() - walk->read_ns >= AGE_MAX_NS) {
        walk->due = true;
    }
    if (walk->step == STEP_IDLE && walk->due) {
        begin(walk);
    }
    if (walk->step == STEP_OPEN) {
        open_for_rows(walk);
    }
    if (walk->step == STEP_DONE || walk->step == STEP_FAILED) {
        finish(walk);
    }
}

const struct host_storage *host_walk_table(const struct host_walk *walk)
{
    return walk->agent == NULL ? NULL : &walk->table;
}

bool host_walk_is_busy(const struct host_walk *walk)
{
    return walk->step != STEP_IDLE;
}
