/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_xml.h - elements of our own namespace in a node file.
 *
 * Included by sim*.c only.  Pure; any thread.  What is ours is read strictly:
 * a word that is not known is a typing error and refused.
 */
#ifndef HVX_BACKENDS_SIM_XML_H
#define HVX_BACKENDS_SIM_XML_H

#include <stdbool.h>
#include <stdint.h>

#include <libxml/tree.h>

#include "model/status.h"

#define SIM_XML_SPACE "urn:hvagentx:sim:1"

/* Longest time that can be written: a hundred years. */
#define SIM_XML_SECONDS_MAX UINT64_C(3155760000)

/* Where an element was found, for all that reads it. */
struct sim_xml {
    const char *source;
    const xmlNode *element;
    struct error *error;
};

/*
 * Refuses each attribute that is not one of `names` (NULL at the end).
 * Errors: STATUS_INVALID.
 */
enum status sim_xml_check_attributes(const struct sim_xml *xml,
                                     const char *const *names) MUST_CHECK;

/*
 * Each reads one attribute.  Where it is missing, *value keeps what it had.
 * Errors: STATUS_INVALID.
 */

/* Seconds, with a fraction if need be ("90", "0.25"), as nanoseconds. */
enum status sim_xml_read_seconds(const struct sim_xml *xml, const char *name,
                                 int64_t *value_ns) MUST_CHECK;

/* A whole number, at most `max`. */
enum status sim_xml_read_number(const struct sim_xml *xml, const char *name,
                                uint64_t max, int64_t *value) MUST_CHECK;

/* A size in bytes: a number and a unit of xml_size.h, as in "20 GiB". */
enum status sim_xml_read_size(const struct sim_xml *xml, const char *name,
                              int64_t *value_bytes) MUST_CHECK;

/* The position of the word in `words` (NULL at the end). */
enum status sim_xml_read_word(const struct sim_xml *xml, const char *name,
                              const char *const *words, int *value) MUST_CHECK;

/* "yes" or "no". */
enum status sim_xml_read_flag(const struct sim_xml *xml, const char *name,
                              bool *value) MUST_CHECK;

#endif
