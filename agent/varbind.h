/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * varbind.h - between net-snmp's variable bindings and the values of mib.h.
 *
 * The only file that touches a varbind's raw value.
 */
#ifndef HVX_AGENT_VARBIND_H
#define HVX_AGENT_VARBIND_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <stdbool.h>

#include "mib/mib.h"

/* The name of a varbind; false: longer than an OID may be. */
bool varbind_get_name(const netsnmp_variable_list *varbind, struct mib_oid *ret_name);

/* Room for a name in text: all sub-identifiers with their dots, and a NUL. */
#define VARBIND_NAME_SIZE (MIB_OID_MAX * 11 + 1)

/*
 * The name in numbers, for the log, from the sub-identifier at `first` on: ".1.3".
 * "?" of NULL, or longer than an OID may be.
 */
void varbind_format_name(const netsnmp_variable_list *varbind, size_t first,
                         char name[static VARBIND_NAME_SIZE]);

/*
 * The end of the range that an AgentX Get-PDU carries in the value of a
 * varbind (RFC 2741 section 5.2); length 0: unbounded.
 */
bool varbind_get_end(const netsnmp_variable_list *varbind, struct mib_oid *ret_end);

/* Whether the range begins with its first name (the include field). */
bool varbind_is_inclusive(const netsnmp_variable_list *varbind);

/* An OID from an array of net-snmp's; false: too long. */
bool varbind_copy_oid(const oid *ids, size_t length, struct mib_oid *ret_oid);

/*
 * The value that a SET carries for an object of this type.  A string points
 * into the varbind.  MIB_WRONG_TYPE: the varbind is of another type, also NULL
 * or none at all.  MIB_WRONG_ENCODING: its octets are no value of its type.
 * Counters and OIDs are never written: MIB_NOT_WRITABLE.
 */
enum mib_error varbind_get_value(const netsnmp_variable_list *varbind,
                                 enum mib_type type,
                                 struct mib_value *ret_value) MUST_CHECK;

/* Sets name and value; false without memory. */
bool varbind_set(netsnmp_variable_list *varbind, const struct mib_oid *name,
                 const struct mib_value *value) MUST_CHECK;

/* Sets the value alone; false without memory. */
bool varbind_set_value(netsnmp_variable_list *varbind,
                       const struct mib_value *value) MUST_CHECK;

/*
 * Appends a varbind to the list that ends at *end and moves *end on.
 * value NULL: an exception, SNMP_NOSUCHOBJECT and relatives.
 */
bool varbind_append(netsnmp_variable_list ***end, const struct mib_oid *name,
                    const struct mib_value *value, u_char exception) MUST_CHECK;

#endif
