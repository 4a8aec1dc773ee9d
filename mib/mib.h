/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mib.h - what is published: descriptors of objects, and how a value is
 * looked up by its OID.
 *
 * A descriptor row is the only place where an object's OID, name, wire type
 * and getter meet; a test holds it against the MIB text.  Getters are a few
 * lines each: they read the snapshot and know nothing of net-snmp.
 *
 * The functions here are pure: they read what the context points to, take no
 * lock, do no I/O, and may be called from any thread that holds the context's
 * snapshots.  The SNMP thread calls them for each varbind.
 */
#ifndef HVX_MIB_MIB_H
#define HVX_MIB_MIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/connection.h"
#include "model/control.h"
#include "model/host_storage.h"
#include "model/operation_table.h"
#include "model/snapshot.h"

/* Most sub-identifiers of an OID (RFC 2741 section 5.1, RFC 2578 section 3.5). */
#define MIB_OID_MAX 128

struct mib_oid {
    size_t length;
    uint32_t ids[MIB_OID_MAX];
};

/* Lexicographic order of OIDs: negative, zero, positive. */
int mib_oid_compare(const struct mib_oid *a, const struct mib_oid *b);

/* Wire types (RFC 2578); their numbers are those of the BER tags. */
enum mib_type {
    MIB_INTEGER = 0x02,
    MIB_STRING = 0x04,
    MIB_OID = 0x06,
    MIB_COUNTER32 = 0x41,
    MIB_GAUGE32 = 0x42,
    MIB_TIMETICKS = 0x43,
    MIB_COUNTER64 = 0x46,
};

enum mib_access {
    MIB_READ_ONLY,
    MIB_READ_WRITE,
    MIB_READ_CREATE, /* its column decides by itself which instances there may be */
};

/* Room for a string that a getter composes. */
#define MIB_SCRATCH_SIZE 64

/*
 * A value.  A getter sets the member of its column's type; strings and OIDs
 * point into the snapshot or to `scratch`, and live as long as both do.
 */
struct mib_value {
    enum mib_type type; /* set by the lookup from the descriptor */
    union {
        int32_t integer;
        uint32_t number; /* Counter32, Gauge32, TimeTicks */
        uint64_t counter64;
        struct {
            const void *bytes;
            size_t length; /* 0 to 65535 */
        } string;
        struct {
            const uint32_t *ids;
            size_t length;
        } oid;
    };
    uint8_t scratch[MIB_SCRATCH_SIZE];
};

/* The rows of vmCpuAffinityTable. */
enum mib_affinity {
    MIB_AFFINITY_PINNED, /* vcpus bound to a true subset of the node's CPUs */
    MIB_AFFINITY_ALL,    /* every vcpu, which can be millions of rows */
    MIB_AFFINITY_NONE,
};

/* What one SNMP context shows at one moment. */
struct mib_context {
    int64_t now_ns;         /* clock_boot_ns() */
    int64_t date_ns;        /* clock_date_ns() at now_ns */
    int64_t stale_limit_ns; /* data older than this is not told any longer */
    const struct agent_status *agent;
    /* The connections this context may list, in order of their index. */
    const struct connection_status *const *connections;
    const struct snapshot *const *connection_snapshots;
    size_t connection_count;
    /* The connection whose hypervisor VM-MIB shows, and what is known of it. */
    const struct connection_status *connection;
    const struct snapshot *snapshot;
    unsigned sections; /* SECTION_BIT()s of what is shown at all */
    enum mib_affinity affinity;
    /* hrStorageTable of the agent's host; NULL: not known. */
    const struct host_storage *host_storage;
    /* Of the connection; NULL: nothing can be done to its domains. */
    const struct operation_table *operations;
    /* What the role may do whose context this is; NULL: nothing. */
    const struct control *control;
};

/*
 * A getter: the value of one object in the row at position `row` of its
 * table (0 for a scalar).  False: there is no such instance now; *value is
 * then ignored.
 */
typedef bool mib_get_fn(const struct mib_context *context, size_t row,
                        struct mib_value *value);

/* Why a SET is refused: error-status of RFC 3416 section 3, by its numbers. */
enum mib_error {
    MIB_NO_ERROR = 0,
    MIB_WRONG_TYPE = 7,
    MIB_WRONG_LENGTH = 8,
    MIB_WRONG_ENCODING = 9,
    MIB_WRONG_VALUE = 10,
    MIB_NO_CREATION = 11,
    MIB_INCONSISTENT_VALUE = 12,
    MIB_RESOURCE_UNAVAILABLE = 13,
    MIB_COMMIT_FAILED = 14,
    MIB_NOT_WRITABLE = 17,
};

/* Name of an error status, as in RFC 3416: "wrongValue".  Never NULL. */
const char *mib_error_name(enum mib_error error);

enum mib_change_kind {
    MIB_CHANGE_SWITCH,    /* of the connection that the context shows */
    MIB_CHANGE_OPERATION, /* wants one, by a column of a domain */
    MIB_CHANGE_LOCK,      /* a domain's lock of a class (TestAndIncr) */
    MIB_CHANGE_ROW,       /* a column of hvxOperationTable */
};

/* The columns of hvxOperationTable that can be set; their sub-identifiers. */
enum mib_operation_column {
    MIB_OPERATION_ROW_STATUS = 4,
    MIB_OPERATION_ACTION = 5,
    MIB_OPERATION_VALUE = 9,
    MIB_OPERATION_EXPECTED_STATE = 10,
    MIB_OPERATION_DEADLINE = 11,
    MIB_OPERATION_TAG = 12,
    MIB_OPERATION_DRY_RUN = 13,
    MIB_OPERATION_STATE = 14,
};

/* RowStatus (RFC 2579), as far as it is accepted. */
enum mib_row_status {
    MIB_ROW_ACTIVE = 1,
    MIB_ROW_CREATE_AND_GO = 4,
    MIB_ROW_DESTROY = 6,
};

/*
 * What a SET of one object changes.  Plain data: agent/ checks it together with
 * the other changes of the SET, carries it out, and undoes it.  Pointers are
 * valid as long as the context's snapshots and the value that was set.
 */
struct mib_change {
    enum mib_change_kind kind;
    /* MIB_CHANGE_SWITCH: */
    enum connection_switch which;
    bool on;
    /* All others: a class that is permitted for that domain. */
    enum operation_class class;
    struct uuid uuid; /* of the domain; never nil */
    /*
     * NULL only for MIB_CHANGE_ROW: the domain is gone, and there is such a row
     * or there was; or the row, of which nothing is known, is to be destroyed.
     */
    const struct snapshot_domain *domain;
    /* MIB_CHANGE_OPERATION: */
    enum operation_action action;
    uint32_t value; /* also of MIB_CHANGE_LOCK, which it has to have */
    /* MIB_CHANGE_ROW: */
    /*
     * 1 to OPERATION_MANAGER_ID_MAX, unless there is or was such a row, or it is
     * to be destroyed.
     */
    uint32_t id;
    enum mib_operation_column column;
    uint32_t number;  /* as set; expected state: an enum domain_state */
    const char *text; /* MIB_OPERATION_TAG: clean (text.h), not terminated */
    size_t text_length;
};

/*
 * Whether a value of the column's type could ever be assigned to the object,
 * whichever its instance: MIB_NO_ERROR, or MIB_WRONG_LENGTH,
 * MIB_WRONG_ENCODING, MIB_WRONG_VALUE.
 */
typedef enum mib_error mib_accept_fn(const struct mib_value *value);

/*
 * Whether the object in the row at position `row` may be given an accepted
 * value now, and what that changes.  Anything but MIB_NO_ERROR leaves
 * *ret_change as it was.
 */
typedef enum mib_error mib_check_fn(const struct mib_context *context, size_t row,
                                    const struct mib_value *value,
                                    struct mib_change *ret_change);

/*
 * The same for an object that is MIB_READ_CREATE: for any instance, whether it
 * is there or not.  column: its id, since the columns of a row are created alike.
 * ids: what stands behind the column, 0 to MIB_OID_MAX of them.
 * MIB_NO_CREATION where no row of that name can be.
 */
typedef enum mib_error mib_create_fn(const struct mib_context *context, uint32_t column,
                                     const uint32_t *ids, size_t length,
                                     const struct mib_value *value,
                                     struct mib_change *ret_change);

struct mib_column {
    uint32_t id; /* its sub-identifier below the entry, or the scalar's */
    const char *name;
    enum mib_type type;
    enum mib_access access;
    unsigned sections; /* SECTION_BIT()s its value is read from */
    mib_get_fn *get;
    /* accept: unless it is MIB_READ_ONLY.  Of the others the one of its access. */
    mib_accept_fn *accept;
    mib_check_fn *check;
    mib_create_fn *create;
};

/* Most sub-identifiers of an instance. */
#define MIB_INDEX_MAX 40

struct mib_index {
    size_t length;
    uint32_t ids[MIB_INDEX_MAX];
};

/*
 * A table, or a group of scalars (count == NULL): its columns in ascending
 * order of their id.  For a table `prefix` is the entry's OID, for scalars
 * the group's.
 */
struct mib_group {
    const char *name;
    size_t prefix_length;
    uint32_t prefix[16];
    unsigned sections; /* SECTION_BIT()s that tell which rows there are */
    size_t (*count)(const struct mib_context *context);
    /* The instance of the row at a position; rows ascend with the position. */
    void (*index)(const struct mib_context *context, size_t row,
                  struct mib_index *ret_index);
    size_t column_count;
    const struct mib_column *columns;
};

/*
 * An AGENT-CAPABILITIES statement of HVAGENTX-MIB (RFC 2580 section 6), as a
 * row of sysORTable shows it.
 */
struct mib_capabilities {
    const char *name; /* of the statement; for messages */
    size_t length;
    uint32_t ids[16];        /* sysORID */
    const char *description; /* sysORDescr, 1 to 255 octets of ASCII */
};

/*
 * A MIB module: its root, where it is registered, its groups, and what the
 * agent states to have of it.
 */
struct mib_module {
    const char *name;
    size_t root_length;
    uint32_t root[16];
    size_t group_count;
    const struct mib_group *const *groups;
    struct mib_capabilities capabilities;
};

/* All modules there are, in ascending order of their roots. */
#define MIB_MODULE_COUNT 2
extern const struct mib_module *const mib_modules[MIB_MODULE_COUNT];

/*
 * One object of the tree: what lies below `prefix` and belongs to one column.
 */
struct mib_object {
    struct mib_oid prefix; /* of the column or scalar, without instance */
    const struct mib_module *module;
    const struct mib_group *group;
    const struct mib_column *column;
};

/* All objects of all modules in ascending order. */
struct mib_tree;

/* Built once from mib_modules; NULL without memory. */
struct mib_tree *mib_tree_new(void);
void mib_tree_free(struct mib_tree *tree);
size_t mib_tree_count(const struct mib_tree *tree);
const struct mib_object *mib_tree_object(const struct mib_tree *tree, size_t position);

/* The object a name lies in; NULL where there is none. */
const struct mib_object *mib_tree_find(const struct mib_tree *tree,
                                       const struct mib_oid *name);

enum mib_result {
    MIB_FOUND,
    MIB_NO_OBJECT,   /* noSuchObject: nothing is published there */
    MIB_NO_INSTANCE, /* noSuchInstance: not now, or not in this row */
    MIB_END,         /* nothing follows in the range */
};

/*
 * Where the last lookup ended: tried first by the next one, which makes a
 * walk cheap.  Any value is allowed; it changes no answer.
 */
struct mib_hint {
    size_t object;
    size_t row;
};

/*
 * The value at exactly this name.  *ret_sections collects (by |=) the
 * sections the answer depends on: where one of them is too old, collect it
 * and ask again.
 */
enum mib_result mib_get(const struct mib_tree *tree, const struct mib_context *context,
                        const struct mib_oid *name, struct mib_hint *hint,
                        struct mib_value *ret_value, unsigned *ret_sections);

/*
 * The first value at or after (include) or after (!include) *start and before
 * *end (RFC 2741 section 5.2; end->length 0: unbounded).  *ret_sections also
 * tells the sections of everything that was passed over because it had no
 * rows.  MIB_FOUND or MIB_END.
 */
enum mib_result mib_next(const struct mib_tree *tree, const struct mib_context *context,
                         const struct mib_oid *start, bool include,
                         const struct mib_oid *end, struct mib_hint *hint,
                         struct mib_oid *ret_name, struct mib_value *ret_value,
                         unsigned *ret_sections);

/*
 * Whether a SET of an instance of an object that is not MIB_READ_ONLY may be done
 * now, and what it changes.  name: lies in the object.  value: of its column's
 * type.  In the order of RFC 3416 section 4.2.5: what the column does not
 * accept, MIB_NO_CREATION where there is no such instance, and what its check
 * says.  MIB_READ_CREATE: the column decides which instances there may be.
 */
enum mib_error mib_check(const struct mib_object *object,
                         const struct mib_context *context, const struct mib_oid *name,
                         const struct mib_value *value,
                         struct mib_change *ret_change) MUST_CHECK;

/*
 * For getters: sets a string value.  text must outlive the value.
 * Returns true; false if text is NULL (unknown).
 */
bool mib_set_text(struct mib_value *value, const char *text);

/*
 * For getters: the same of a text that may be longer than an SnmpAdminString:
 * as much of it as fits.  text: not NULL.
 */
bool mib_set_long_text(struct mib_value *value, const char *text);

/*
 * For getters: BITS (RFC 2578), in at least one octet, into scratch.  The bit of
 * weight 1 << n is the one that is numbered n.
 */
bool mib_set_bits(struct mib_value *value, uint32_t bits);

/*
 * For getters: DateAndTime of a moment on CLOCK_BOOTTIME (at most 100 years
 * away), 11 octets in UTC, into scratch.  It is the date the moment has by the
 * date of now: where that was changed since, the moment's has changed with it.
 * False for CLOCK_NEVER.
 */
bool mib_set_moment(const struct mib_context *context, struct mib_value *value,
                    int64_t boot_ns);

/* For getters: TruthValue (RFC 2579). */
bool mib_set_truth(struct mib_value *value, bool truth);

/* A mib_accept_fn: TruthValue. */
enum mib_error mib_accept_truth(const struct mib_value *value);

/* Whether an accepted TruthValue is true(1). */
bool mib_is_true(const struct mib_value *value);

/* For getters: TimeTicks of a duration, modulo 2^32 (it wraps at 497 days). */
bool mib_set_ticks(struct mib_value *value, int64_t duration_ns);

/* For getters: a Gauge32 that stays at its maximum (RFC 2578 section 7.1.7). */
bool mib_set_gauge(struct mib_value *value, uint64_t number);

#endif
