/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xml_size.h - sizes as libvirt's XML has them: a whole number and a unit.
 *
 * Included by backends/ and tests.  Pure; any thread.
 *
 * The units are those of libvirt's virScaleInteger, in any case: b, byte and
 * bytes; KB, MB, GB, TB, PB, EB count in 1000s; KiB and its relatives, and the
 * letter alone, in 1024s.
 */
#ifndef HVX_BACKENDS_XML_SIZE_H
#define HVX_BACKENDS_XML_SIZE_H

#include <stdint.h>

#include <libxml/tree.h>

#include "model/status.h"

#define XML_SIZE_UNITS "b, KB, KiB, MB, MiB, GB, GiB, TB, TiB, PB, PiB, EB, EiB"

/* The largest size; above it, rounding would overflow. */
#define XML_SIZE_MAX (INT64_MAX - 1024)

/* Bytes in one of this unit; 0 for what is no unit. */
uint64_t xml_size_unit(const char *unit);

/*
 * Reads the text of an element and its attribute unit=, in bytes, 0 to
 * XML_SIZE_MAX; without the attribute it counts in `unit_bytes`.
 * Errors: STATUS_INVALID, STATUS_NO_MEMORY.
 */
enum status xml_size_read(const char *source, const xmlNode *element,
                          uint64_t unit_bytes, int64_t *ret_bytes,
                          struct error *error) MUST_CHECK;

#endif
