/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * floor.c - the least that a table can cost: a subagent that serves fixed
 * objects from an array by the standard path of net-snmp's agent library.
 *
 *     floor ROOT OBJECTS SOCKET
 *
 * ROOT is the OID of the subtree to register, for example that of an entry.
 * OBJECTS is a file with one object below it in a line, in ascending order:
 * OID TYPE VALUE.  OIDs are dotted numbers; below ROOT they have at most 8
 * sub-identifiers.  TYPE is that of the wire in decimal (2 INTEGER, 4 OCTET
 * STRING, 67 TimeTicks, 70 Counter64); VALUE is a number, or "0x" and the
 * octets.  SOCKET is the AgentX master's, in net-snmp's notation.
 *
 * Nothing is collected, nothing ages: hvagentx is measured against this.  A SET is
 * accepted and changes nothing.
 */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APPLICATION "floor"

/* Sub-identifiers of an object's name behind the root. */
#define SUFFIX_MAX 8

#define OBJECTS_MAX 10000000
#define STRING_MAX 255

/* As the format of fscanf() has it. */
#define OID_TEXT_MAX 511

/* In the order of their names; the value in the form that net-snmp takes it. */
struct object {
    uint32_t suffix[SUFFIX_MAX];
    union {
        long integer;
        u_long number;
        struct counter64 counter;
        u_char *bytes;
    } value;
    u_char length; /* of the value */
    u_char suffix_length;
    u_char type;
};

static oid root[MAX_OID_LEN];
static size_t root_length;
static struct object *objects;
static size_t object_count;
static volatile sig_atomic_t ended;

static void on_signal(int number)
{
    (void)number;
    ended = 1;
}

static bool read_octets(struct object *object, const char *text)
{
    size_t digits = strlen(text);

    if (strncmp(text, "0x", 2) != 0 || digits % 2 != 0 || digits / 2 - 1 > STRING_MAX) {
        return false;
    }
    object->length = (u_char)(digits / 2 - 1);
    object->value.bytes = malloc(object->length + 1);
    for (size_t i = 0; object->value.bytes != NULL && i < object->length; i++) {
        unsigned octet;

        if (sscanf(text + 2 + 2 * i, "%2x", &octet) != 1) {
            return false;
        }
        object->value.bytes[i] = (u_char)octet;
    }
    return object->value.bytes != NULL;
}

static bool read_value(struct object *object, const char *text)
{
    uint64_t counter;

    switch (object->type) {
    case ASN_INTEGER:
        object->value.integer = strtol(text, NULL, 10);
        object->length = sizeof(object->value.integer);
        return true;
    case ASN_TIMETICKS:
        object->value.number = strtoul(text, NULL, 10);
        object->length = sizeof(object->value.number);
        return true;
    case ASN_COUNTER64:
        counter = strtoull(text, NULL, 10);
        object->value.counter.high = (u_long)(counter >> 32);
        object->value.counter.low = (u_long)(counter & 0xffffffffu);
        object->length = sizeof(object->value.counter);
        return true;
    case ASN_OCTET_STR:
        return read_octets(object, text);
    default:
        return false;
    }
}

/* Dotted numbers; false: these are none, or more than MAX_OID_LEN. */
static bool read_oid(const char *text, oid *ids, size_t *ret_length)
{
    size_t length = 0;

    for (;;) {
        char *end;

        if (length == MAX_OID_LEN || *text < '0' || *text > '9') {
            return false;
        }
        ids[length++] = strtoul(text, &end, 10);
        if (*end == '\0') {
            *ret_length = length;
            return true;
        }
        if (*end != '.') {
            return false;
        }
        text = end + 1;
    }
}

static bool read_suffix(struct object *object, const char *text)
{
    oid name[MAX_OID_LEN];
    size_t length;

    if (!read_oid(text, name, &length) || length < root_length
        || length - root_length > SUFFIX_MAX
        || snmp_oid_compare(name, root_length, root, root_length) != 0) {
        return false;
    }
    object->suffix_length = (u_char)(length - root_length);
    for (size_t i = root_length; i < length; i++) {
        object->suffix[i - root_length] = (uint32_t)name[i];
    }
    return true;
}

/* Of an object and the sub-identifiers behind the root. */
static int compare(const struct object *object, const oid *suffix, size_t length)
{
    size_t common = length < object->suffix_length ? length : object->suffix_length;

    for (size_t i = 0; i < common; i++) {
        if (object->suffix[i] != suffix[i]) {
            return object->suffix[i] < suffix[i] ? -1 : 1;
        }
    }
    return (object->suffix_length > length) - (object->suffix_length < length);
}

static bool follows(const struct object *object, const struct object *before)
{
    oid suffix[SUFFIX_MAX];

    for (size_t i = 0; i < before->suffix_length; i++) {
        suffix[i] = before->suffix[i];
    }
    return compare(object, suffix, before->suffix_length) > 0;
}

static bool read_objects(FILE *file)
{
    char name[OID_TEXT_MAX + 1];
    char text[2 * STRING_MAX + 3];
    unsigned type;
    size_t room = 0;

    for (;;) {
        struct object object = { .length = 0 };
        int fields = fscanf(file, "%511s %u %512s", name, &type, text);

        if (fields == EOF) {
            return object_count > 0;
        }
        object.type = (u_char)type;
        if (fields != 3 || object_count == OBJECTS_MAX || !read_suffix(&object, name)
            || !read_value(&object, text)
            || (object_count > 0 && !follows(&object, &objects[object_count - 1]))) {
            return false;
        }
        if (object_count == room) {
            struct object *grown;

            room = room == 0 ? 1024 : 2 * room;
            grown = realloc(objects, room * sizeof(*objects));
            if (grown == NULL) {
                return false;
            }
            objects = grown;
        }
        objects[object_count++] = object;
    }
}

/* Position of the first object at or behind this name. */
static size_t find(const oid *suffix, size_t length)
{
    size_t low = 0;
    size_t high = object_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(&objects[middle], suffix, length) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The object of exactly this name, which lies below the root. */
static const struct object *get(const netsnmp_variable_list *varbind)
{
    const oid *suffix = varbind->name + root_length;
    size_t length = varbind->name_length - root_length;
    size_t position;

    if (varbind->name_length < root_length) {
        return NULL;
    }
    position = find(suffix, length);
    if (position == object_count || compare(&objects[position], suffix, length) != 0) {
        return NULL;
    }
    return &objects[position];
}

/* The first object behind this name. */
static const struct object *get_next(const netsnmp_variable_list *varbind)
{
    size_t length = varbind->name_length;
    const oid *suffix = varbind->name + root_length;
    size_t position;
    int order = snmp_oid_compare(
        varbind->name, length < root_length ? length : root_length, root, root_length);

    if (order > 0) {
        return NULL;
    }
    if (order < 0 || length < root_length) {
        position = 0;
    } else {
        position = find(suffix, length - root_length);
        if (position < object_count
            && compare(&objects[position], suffix, length - root_length) == 0) {
            position++;
        }
    }
    return position == object_count ? NULL : &objects[position];
}

static void set_name(netsnmp_variable_list *varbind, const struct object *object)
{
    oid name[MAX_OID_LEN + SUFFIX_MAX];

    memcpy(name, root, root_length * sizeof(name[0]));
    for (size_t i = 0; i < object->suffix_length; i++) {
        name[root_length + i] = object->suffix[i];
    }
    snmp_set_var_objid(varbind, name, root_length + object->suffix_length);
}

static void set(netsnmp_variable_list *varbind, const struct object *object)
{
    const void *value = object->type == ASN_OCTET_STR ? object->value.bytes
                                                      : (const void *)&object->value;

    snmp_set_var_typed_value(varbind, object->type, value, object->length);
}

static int handle(netsnmp_mib_handler *handler,
                  netsnmp_handler_registration *registration,
                  netsnmp_agent_request_info *info, netsnmp_request_info *requests)
{
    (void)handler;
    (void)registration;
    for (netsnmp_request_info *request = requests; request != NULL;
         request = request->next) {
        netsnmp_variable_list *varbind = request->requestvb;
        const struct object *object;

        if (info->mode == MODE_GET) {
            object = get(varbind);
            if (object == NULL) {
                netsnmp_set_request_error(info, request, SNMP_NOSUCHINSTANCE);
            } else {
                set(varbind, object);
            }
        } else if (info->mode == MODE_GETNEXT) {
            object = get_next(varbind);
            if (object != NULL) {
                set_name(varbind, object);
                set(varbind, object);
            }
        }
    }
    return SNMP_ERR_NOERROR;
}

static void serve(const char *socket)
{
    snmp_enable_stderrlog();
    netsnmp_enable_subagent();
    netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, socket);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
    init_agent(APPLICATION);
    netsnmp_register_handler(netsnmp_create_handler_registration(
        APPLICATION, handle, root, root_length, HANDLER_CAN_RWRITE));
    init_snmp(APPLICATION);
    while (!ended) {
        agent_check_and_process(1);
    }
    snmp_shutdown(APPLICATION);
}

int main(int argc, char **argv)
{
    struct sigaction action = { .sa_handler = on_signal };
    FILE *file;
    bool good;

    if (argc != 4 || !read_oid(argv[1], root, &root_length)) {
        fprintf(stderr, "usage: floor ROOT OBJECTS SOCKET\n");
        return 2;
    }
    file = fopen(argv[2], "r");
    if (file == NULL) {
        perror(argv[2]);
        return EXIT_FAILURE;
    }
    good = read_objects(file);
    fclose(file);
    if (!good) {
        fprintf(stderr, "floor: %s: object %zu is not good\n", argv[2],
                object_count + 1);
        return EXIT_FAILURE;
    }
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    serve(argv[3]);
    return EXIT_SUCCESS;
}
