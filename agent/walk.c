/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/walk.h"
#include "model/text.h"

#define CONNECTION_NAME "walk"

/* Whether octets are text that can be shown as they are. */
static bool is_text(const char *bytes, size_t length)
{
    char copy[TEXT_MAX + 1];
    char clean[TEXT_MAX + 1];

    if (length > TEXT_MAX || memchr(bytes, '\0', length) != NULL) {
        return false;
    }
    memcpy(copy, bytes, length);
    copy[length] = '\0';
    return text_clean(clean, sizeof(clean), copy) == length
           && memcmp(clean, bytes, length) == 0;
}

static void print_string(FILE *stream, const struct mib_value *value)
{
    const char *bytes = value->string.bytes;

    if (is_text(bytes, value->string.length)) {
        fprintf(stream, "STRING: %.*s\n", (int)value->string.length, bytes);
        return;
    }
    fprintf(stream, "Hex-STRING:");
    for (size_t i = 0; i < value->string.length; i++) {
        fprintf(stream, " %02X", (unsigned)(unsigned char)bytes[i]);
    }
    fputc('\n', stream);
}

/* As net-snmp's programs print them. */
static void print_ticks(FILE *stream, uint32_t ticks)
{
    uint32_t seconds = ticks / 100;
    uint32_t days = seconds / 86400;

    fprintf(stream, "Timeticks: (%" PRIu32 ") ", ticks);
    if (days > 0) {
        fprintf(stream, "%" PRIu32 " day%s, ", days, days == 1 ? "" : "s");
    }
    fprintf(stream, "%" PRIu32 ":%02" PRIu32 ":%02" PRIu32 ".%02" PRIu32 "\n",
            seconds / 3600 % 24, seconds / 60 % 60, seconds % 60, ticks % 100);
}

static void print_value(FILE *stream, const struct mib_value *value)
{
    switch (value->type) {
    case MIB_INTEGER:
        fprintf(stream, "INTEGER: %" PRId32 "\n", value->integer);
        break;
    case MIB_STRING:
        print_string(stream, value);
        break;
    case MIB_OID:
        fprintf(stream, "OID: ");
        for (size_t i = 0; i < value->oid.length; i++) {
            fprintf(stream, ".%" PRIu32, value->oid.ids[i]);
        }
        fputc('\n', stream);
        break;
    case MIB_COUNTER32:
        fprintf(stream, "Counter32: %" PRIu32 "\n", value->number);
        break;
    case MIB_GAUGE32:
        fprintf(stream, "Gauge32: %" PRIu32 "\n", value->number);
        break;
    case MIB_TIMETICKS:
        print_ticks(stream, value->number);
        break;
    case MIB_COUNTER64:
        fprintf(stream, "Counter64: %" PRIu64 "\n", value->counter64);
        break;
    }
}

static void print_objects(struct agent *agent, FILE *stream)
{
    struct agent_view *view = &agent->views[0];
    struct mib_context context = agent_context(agent, view, clock_boot_ns());
    const struct mib_oid unbounded = { .length = 0 };
    struct mib_oid name = { .length = 0 };
    struct mib_oid next;
    struct mib_value value;
    unsigned sections = 0;

    while (mib_next(agent->tree, &context, &name, false, &unbounded, &view->hint, &next,
                    &value, &sections)
           == MIB_FOUND) {
        const struct mib_object *object = mib_tree_find(agent->tree, &next);

        fprintf(stream, "%s::%s", object->module->name, object->column->name);
        for (size_t i = object->prefix.length; i < next.length; i++) {
            fprintf(stream, ".%" PRIu32, next.ids[i]);
        }
        fprintf(stream, " = ");
        print_value(stream, &value);
        name = next;
    }
}

/* Collects everything once; the reason when the hypervisor cannot be asked. */
static enum status collect(struct agent *agent, struct error *error)
{
    struct connection *connection = agent->connections[0];
    struct pollfd queue = { .fd = queue_fd(agent->queue), .events = POLLIN };
    int64_t begun_ns = clock_boot_ns();

    while (connection_await(connection, SECTION_ALL, begun_ns, 0) != 0) {
        if (poll(&queue, 1, -1) > 0) {
            agent_drain(agent);
        }
        if (connection->status.state == CONNECTION_UNRESPONSIVE) {
            break;
        }
    }
    if (connection->status.state != CONNECTION_UP
        || connection->status.last_error[0] != '\0') {
        return error_set(error, STATUS_UNAVAILABLE, "%s",
                         connection->status.last_error);
    }
    return STATUS_OK;
}

/* Leaves only the one connection that is to be walked. */
static enum status keep_one(struct config *config, const char *uri, struct error *error)
{
    for (size_t i = 0; i < config->connection_count; i++) {
        config_connection_clear(&config->connections[i]);
    }
    config->connection_count = 0;
    return config_add_connection(config, CONNECTION_NAME, uri, NULL, true, error);
}

enum status walk_print(struct config *config, const char *uri, FILE *stream,
                       bool *ret_alone, struct error *error)
{
    enum status status = keep_one(config, uri, error);
    struct agent *agent;

    if (status != STATUS_OK) {
        config_free(config);
        return status;
    }
    agent = agent_new(config, false, error);
    if (agent == NULL) {
        return error->status;
    }
    status = collect(agent, error);
    if (status == STATUS_OK) {
        print_objects(agent, stream);
    }
    *ret_alone = agent_free(agent);
    return status;
}
