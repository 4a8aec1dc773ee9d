/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_load.h"

#include <stdlib.h>
#include <string.h>

#include "backends/xml_node.h"

#define FIRST_ROOM 16

void *sim_load_grow(void *list, size_t *room, size_t count, size_t size)
{
    size_t more = *room < FIRST_ROOM ? FIRST_ROOM : *room * 2;
    void *longer;

    if (count < *room) {
        return list;
    }
    longer = reallocarray(list, more, size);
    if (longer != NULL) {
        *room = more;
    }
    return longer;
}

/* Opens a file and notes its path and stamp; the path lives with the node. */
static enum status open_file(struct sim_loading *loading, char *path, int *ret_fd)
{
    struct sim_node *node = loading->node;
    struct sim_node_file *files = sim_load_grow(node->files, &loading->file_room,
                                                node->file_count, sizeof(*files));
    enum status status;

    if (files == NULL) {
        free(path);
        return error_set(loading->error, STATUS_NO_MEMORY, "out of memory");
    }
    node->files = files;
    status =
        sim_file_open(path, ret_fd, &files[node->file_count].stamp, loading->error);
    if (status != STATUS_OK) {
        free(path);
        return status;
    }
    files[node->file_count++].path = path;
    return STATUS_OK;
}

enum status sim_load_open(struct sim_loading *loading, char *path, size_t size_max,
                          const char *root, struct xml_input **ret_input)
{
    enum status status;
    int fd = -1;

    status = open_file(loading, path, &fd);
    if (status == STATUS_OK) {
        status = xml_input_open_fd(path, fd, size_max, ret_input, loading->error);
    }
    if (status == STATUS_OK) {
        status = xml_input_read_root(*ret_input, root, loading->error);
    }
    return status;
}

char *sim_load_path(const struct sim_loading *loading, const char *path)
{
    const char *node_path = loading->node->files[0].path;
    const char *slash = strrchr(node_path, '/');
    size_t folder = slash != NULL ? (size_t)(slash - node_path) + 1 : 0;
    size_t size = strlen(path) + 1;
    char *resolved;

    folder = path[0] == '/' ? 0 : folder;
    resolved = malloc(folder + size);
    if (resolved != NULL) {
        memcpy(resolved, node_path, folder);
        memcpy(resolved + folder, path, size);
    }
    return resolved;
}

static enum status begin_file(struct sim_loading *loading, const char *path,
                              const char *root, size_t size_max,
                              struct sim_element *element)
{
    char *resolved = sim_load_path(loading, path);
    enum status status;

    element->is_file = true;
    element->input = NULL;
    if (resolved == NULL) {
        return error_set(loading->error, STATUS_NO_MEMORY, "%s: out of memory", path);
    }
    status = sim_load_open(loading, resolved, size_max, root, &element->input);
    if (status == STATUS_OK) {
        element->xml.source = loading->node->files[loading->node->file_count - 1].path;
        element->xml.element = xml_input_here(element->input);
    }
    return status;
}

enum status sim_load_begin(struct sim_loading *loading, struct xml_input *input,
                           xmlNode *child, size_t size_max,
                           struct sim_element *ret_element)
{
    char *path = xml_node_attribute(child, "file");
    enum status status = STATUS_OK;

    *ret_element = (struct sim_element) {
        .xml = { .source = loading->node->files[0].path,
                 .element = child,
                 .error = loading->error },
        .input = input,
        .line = xmlGetLineNo(child),
    };
    if (path != NULL) {
        status =
            begin_file(loading, path, (const char *)child->name, size_max, ret_element);
        xmlFree(path);
    }
    return status;
}

enum status sim_load_expand(struct sim_element *element, size_t size_max)
{
    xmlNode *node = NULL;
    enum status status =
        xml_input_expand(element->input, size_max, &node, element->xml.error);

    element->xml.element = node;
    return status;
}

enum status sim_load_end(struct sim_loading *loading, struct sim_element *element,
                         enum status status)
{
    if (!element->is_file) {
        return status;
    }
    if (status == STATUS_OK) {
        status = xml_input_finish(element->input, loading->error);
    }
    if (status != STATUS_OK && status != STATUS_NO_MEMORY) {
        error_prefix(loading->error, "%s:%ld", loading->node->files[0].path,
                     element->line);
    }
    xml_input_close(element->input);
    element->input = NULL;
    return status;
}

enum status sim_load_name(const struct sim_xml *xml, char **ret_name)
{
    const xmlNode *child = xml_node_child(xml->element, NULL, "name");
    char *text = NULL;

    if (child != NULL) {
        text = xml_node_text(child);
        if (text == NULL) {
            return error_set(xml->error, STATUS_NO_MEMORY, "%s: out of memory",
                             xml->source);
        }
    }
    if (text == NULL || text[0] == '\0') {
        xmlFree(text);
        return xml_node_error(xml->source, xml->element, xml->error,
                              "this <%s> has no <name>",
                              (const char *)xml->element->name);
    }
    *ret_name = text;
    return STATUS_OK;
}
