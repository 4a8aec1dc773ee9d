/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backends/xml_node.h"
#include "model/text.h"

#define LOG_MODE 0644

/* A name, and all else of a line. */
#define LINE_SIZE (TEXT_MAX + 256)

enum status sim_log_read(const struct sim_xml *xml, struct sim_loading *loading)
{
    static const char *const attributes[] = { "file", NULL };
    enum status status = sim_xml_check_attributes(xml, attributes);
    char *path;

    if (status != STATUS_OK) {
        return status;
    }
    if (loading->node->record != NULL) {
        return xml_node_error(xml->source, xml->element, xml->error,
                              "a second sim:record");
    }
    path = xml_node_attribute(xml->element, "file");
    if (path == NULL || path[0] == '\0') {
        xmlFree(path);
        return xml_node_error(xml->source, xml->element, xml->error,
                              "sim:record has no file");
    }
    loading->node->record = sim_load_path(loading, path);
    xmlFree(path);
    return loading->node->record != NULL ? STATUS_OK
                                         : error_set(xml->error, STATUS_NO_MEMORY,
                                                     "%s: out of memory", xml->source);
}

/* Returns the length of the line. */
static size_t write_line(const struct backend_operation *operation, const char *name,
                         char line[static LINE_SIZE])
{
    char date[sizeof("2000-01-01T00:00:00Z")];
    char uuid[UUID_TEXT_SIZE];
    char clean[TEXT_MAX + 1];
    char value[16] = "-";
    time_t now = time(NULL);
    struct tm parts;

    gmtime_r(&now, &parts);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &parts);
    uuid_format(&operation->uuid, uuid);
    text_clean(clean, sizeof(clean), name);
    if (operation_class_of(operation->action) == OPERATION_CLASS_CONFIG) {
        snprintf(value, sizeof(value), "%lu", (unsigned long)operation->value);
    }
    return (size_t)snprintf(line, LINE_SIZE, "%s\t%s\t%s\t%s\t%s\n", date, uuid, clean,
                            operation_action_name(operation->action), value);
}

enum status sim_log_add(const char *path, const struct backend_operation *operation,
                        const char *name, struct error *error)
{
    char line[LINE_SIZE];
    size_t size = write_line(operation, name, line);
    ssize_t written = -1;
    int reason;
    int fd =
        open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
             LOG_MODE);

    if (fd >= 0) {
        written = write(fd, line, size);
    }
    reason = written < 0 ? errno : ENOSPC; /* if it is not all of it */
    if (fd >= 0) {
        close(fd);
    }
    return written == (ssize_t)size
               ? STATUS_OK
               : error_set(error, STATUS_IO, "cannot write to %s (sim:record): %s",
                           path, strerror(reason));
}
