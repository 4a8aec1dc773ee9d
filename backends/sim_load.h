/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_load.h - a node while its files are read, and how elements are got out
 * of them.
 *
 * Included by sim*.c only.  Belongs to the thread that loads.
 */
#ifndef HVX_BACKENDS_SIM_LOAD_H
#define HVX_BACKENDS_SIM_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include <libxml/tree.h>

#include "backends/sim_names.h"
#include "backends/sim_network.h"
#include "backends/sim_node.h"
#include "backends/sim_storage.h"
#include "backends/xml_input.h"
#include "model/status.h"

/* Most octets of one network, volume, device and so on. */
#define SIM_LOAD_ELEMENT_MAX ((size_t)1024 * 1024)

struct sim_loading {
    struct sim_node *node;
    struct xml_input *input; /* of the node file */
    size_t domain_room;
    size_t file_room;
    bool has_clock;
    bool has_cpu;
    struct sim_networks networks;
    struct sim_volumes volumes;
    struct sim_names devices;
    struct sim_names interfaces;
    struct error *error;
};

/* An element of the node file, or the root of the file that its file= names. */
struct sim_element {
    struct sim_xml xml;
    struct xml_input *input;
    bool is_file;
    long line; /* of what stands in the node file */
};

/*
 * Begins to read `child`, where `input` is.  With file=, what `child` itself
 * has in it is not looked at, as libvirt's test driver does; the path is
 * relative to the folder of the node file.  Its attributes are there then;
 * what is in it, in at most `size_max` octets, after sim_load_expand().
 * sim_load_end() has to follow, also on failure.
 */
enum status sim_load_begin(struct sim_loading *loading, struct xml_input *input,
                           xmlNode *child, size_t size_max,
                           struct sim_element *ret_element) MUST_CHECK;
enum status sim_load_expand(struct sim_element *element, size_t size_max) MUST_CHECK;

/*
 * Closes what sim_load_begin() opened and returns the status given, if that
 * is a failure, with both places in its words; else finds out whether the
 * rest of that file is in order.
 */
enum status sim_load_end(struct sim_loading *loading, struct sim_element *element,
                         enum status status) MUST_CHECK;

/* Opens a file of the node and remembers it; takes over `path`. */
enum status sim_load_open(struct sim_loading *loading, char *path, size_t size_max,
                          const char *root, struct xml_input **ret_input) MUST_CHECK;

/*
 * A path that stands in the node file, which is relative to the folder of that;
 * freed by free().  NULL without memory.
 */
char *sim_load_path(const struct sim_loading *loading, const char *path);

/* `list` with room for one more of `size`; NULL without memory. */
void *sim_load_grow(void *list, size_t *room, size_t count, size_t size);

/*
 * The text of the child <name>, trimmed, for xmlFree().  NULL, with the
 * status, where there is none or nothing in it, which is refused.
 * Errors: STATUS_INVALID, STATUS_NO_MEMORY.
 */
enum status sim_load_name(const struct sim_xml *xml, char **ret_name) MUST_CHECK;

#endif
