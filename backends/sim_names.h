/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_names.h - names of which a node has each once.
 *
 * Included by sim*.c only.  Belongs to the thread that loads.
 */
#ifndef HVX_BACKENDS_SIM_NAMES_H
#define HVX_BACKENDS_SIM_NAMES_H

#include <stddef.h>

#include "backends/sim_xml.h"
#include "model/status.h"

struct sim_name {
    char *text;
    const char *source; /* where it is written */
    long line;
    size_t position; /* in the order of the file */
};

/* Zeroes are an empty list. */
struct sim_names {
    struct sim_name *list;
    size_t count;
    size_t room;
};

/* Adds a copy.  Errors: STATUS_NO_MEMORY. */
enum status sim_names_add(struct sim_names *names, const struct sim_xml *xml,
                          const char *text) MUST_CHECK;

/*
 * Sorts them; refuses two alike, as "a second WHAT".
 * Errors: STATUS_INVALID.
 */
enum status sim_names_check(struct sim_names *names, const char *what,
                            struct error *error) MUST_CHECK;

void sim_names_clear(struct sim_names *names);

#endif
