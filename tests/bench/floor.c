/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * floor.c - the least that vmTable can cost: a subagent that serves a fixed
 * table from an array by the standard path of net-snmp's agent library.
 *
 *     floor OBJECTS SOCKET
 *
 * SOCKET is the AgentX master's, in net-snmp's notation.  OBJECTS is a file
 * with one object in a line, in ascending order: COLUMN INDEX TYPE VALUE.
 * TYPE is that of the wire in decimal (2 INTEGER, 4 OCTET STRING, 67
 * TimeTicks, 70 Counter64); VALUE is a number, or "0x" and the octets.
 *
 * Nothing is collected, nothing ages: hvagentx is measured against this.
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

/* vmEntry of VM-MIB */
#define ENTRY 1, 3, 6, 1, 2, 1, 236, 1, 4, 1
#define ENTRY_LENGTH 10
#define NAME_LENGTH (ENTRY_LENGTH + 2)

#define OBJECTS_MAX 10000000
#define STRING_MAX 255

/* In the order of their names; the value in the form that net-snmp takes it. */
struct object {
    oid column;
    oid index;
    union {
        long integer;
        u_long number;
        struct counter64 counter;
        u_char *bytes;
    } value;
    size_t length;
    u_char type;
};

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
    object->length = digits / 2 - 1;
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

static int compare(const struct object *object, oid column, oid index)
{
    if (object->column != column) {
        return object->column < column ? -1 : 1;
    }
    return object->index == index ? 0 : object->index < index ? -1 : 1;
}

static bool read_objects(FILE *file)
{
    char text[2 * STRING_MAX + 3];
    unsigned type;
    size_t room = 0;

    for (;;) {
        struct object object = { .length = 0 };
        int fields = fscanf(file, "%lu %lu %u %512s", &object.column, &object.index,
                            &type, text);

        if (fields == EOF) {
            return object_count > 0;
        }
        object.type = (u_char)type;
        if (fields != 4 || object_count == OBJECTS_MAX || !read_value(&object, text)
            || (object_count > 0
                && compare(&objects[object_count - 1], object.column, object.index)
                       >= 0)) {
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

/* Position of the first object at or behind (column, index). */
static size_t find(oid column, oid index)
{
    size_t low = 0;
    size_t high = object_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(&objects[middle], column, index) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The object of exactly this name, which lies below the entry. */
static const struct object *get(const netsnmp_variable_list *varbind)
{
    const oid *instance = varbind->name + ENTRY_LENGTH;
    size_t position;

    if (varbind->name_length != NAME_LENGTH) {
        return NULL;
    }
    position = find(instance[0], instance[1]);
    if (position == object_count
        || compare(&objects[position], instance[0], instance[1]) != 0) {
        return NULL;
    }
    return &objects[position];
}

/* The first object behind this name. */
static const struct object *get_next(const netsnmp_variable_list *varbind)
{
    static const oid entry[] = { ENTRY };
    size_t length = varbind->name_length;
    const oid *instance = varbind->name + ENTRY_LENGTH;
    size_t position;
    int order =
        snmp_oid_compare(varbind->name, length < ENTRY_LENGTH ? length : ENTRY_LENGTH,
                         entry, ENTRY_LENGTH);

    if (order > 0) {
        return NULL;
    }
    if (order < 0 || length <= ENTRY_LENGTH) {
        position = 0;
    } else if (length == ENTRY_LENGTH + 1) {
        position = find(instance[0], 0);
    } else {
        position = find(instance[0], instance[1]);
        if (position < object_count
            && compare(&objects[position], instance[0], instance[1]) == 0) {
            position++;
        }
    }
    return position == object_count ? NULL : &objects[position];
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
    oid name[NAME_LENGTH] = { ENTRY };

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
                name[ENTRY_LENGTH] = object->column;
                name[ENTRY_LENGTH + 1] = object->index;
                snmp_set_var_objid(varbind, name, NAME_LENGTH);
                set(varbind, object);
            }
        }
    }
    return SNMP_ERR_NOERROR;
}

static void serve(const char *socket)
{
    static const oid entry[] = { ENTRY };

    snmp_enable_stderrlog();
    netsnmp_enable_subagent();
    netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, socket);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
    init_agent(APPLICATION);
    netsnmp_register_handler(netsnmp_create_handler_registration(
        "vmTable", handle, entry, ENTRY_LENGTH, HANDLER_CAN_RONLY));
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

    if (argc != 3) {
        fprintf(stderr, "usage: floor OBJECTS SOCKET\n");
        return 2;
    }
    file = fopen(argv[1], "r");
    if (file == NULL) {
        perror(argv[1]);
        return EXIT_FAILURE;
    }
    good = read_objects(file);
    fclose(file);
    if (!good) {
        fprintf(stderr, "floor: %s: object %zu is not good\n", argv[1],
                object_count + 1);
        return EXIT_FAILURE;
    }
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    serve(argv[2]);
    return EXIT_SUCCESS;
}
