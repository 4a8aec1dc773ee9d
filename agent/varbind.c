/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/varbind.h"

#include <stdio.h>

_Static_assert((int)MIB_INTEGER == ASN_INTEGER && (int)MIB_STRING == ASN_OCTET_STR
                   && (int)MIB_OID == ASN_OBJECT_ID && (int)MIB_COUNTER32 == ASN_COUNTER
                   && (int)MIB_GAUGE32 == ASN_GAUGE
                   && (int)MIB_TIMETICKS == ASN_TIMETICKS
                   && (int)MIB_COUNTER64 == ASN_COUNTER64,
               "wire types are numbered as BER has them");

_Static_assert((int)MIB_NO_ERROR == SNMP_ERR_NOERROR
                   && (int)MIB_WRONG_TYPE == SNMP_ERR_WRONGTYPE
                   && (int)MIB_WRONG_LENGTH == SNMP_ERR_WRONGLENGTH
                   && (int)MIB_WRONG_ENCODING == SNMP_ERR_WRONGENCODING
                   && (int)MIB_WRONG_VALUE == SNMP_ERR_WRONGVALUE
                   && (int)MIB_NO_CREATION == SNMP_ERR_NOCREATION
                   && (int)MIB_INCONSISTENT_VALUE == SNMP_ERR_INCONSISTENTVALUE
                   && (int)MIB_RESOURCE_UNAVAILABLE == SNMP_ERR_RESOURCEUNAVAILABLE
                   && (int)MIB_COMMIT_FAILED == SNMP_ERR_COMMITFAILED
                   && (int)MIB_NOT_WRITABLE == SNMP_ERR_NOTWRITABLE,
               "errors are numbered as RFC 3416 has them");

bool varbind_copy_oid(const oid *ids, size_t length, struct mib_oid *ret_oid)
{
    if (length > MIB_OID_MAX) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        ret_oid->ids[i] = (uint32_t)ids[i];
    }
    ret_oid->length = length;
    return true;
}

bool varbind_get_name(const netsnmp_variable_list *varbind, struct mib_oid *ret_name)
{
    return varbind_copy_oid(varbind->name, varbind->name_length, ret_name);
}

void varbind_format_name(const netsnmp_variable_list *varbind, size_t first,
                         char name[static VARBIND_NAME_SIZE])
{
    struct mib_oid oid;
    size_t used = 0;

    snprintf(name, VARBIND_NAME_SIZE, "?");
    if (varbind == NULL || !varbind_get_name(varbind, &oid)) {
        return;
    }
    name[0] = '\0';
    for (size_t i = first; i < oid.length; i++) {
        used += (size_t)snprintf(name + used, VARBIND_NAME_SIZE - used, ".%lu",
                                 (unsigned long)oid.ids[i]);
    }
}

bool varbind_get_end(const netsnmp_variable_list *varbind, struct mib_oid *ret_end)
{
    ret_end->length = 0;
    if (varbind->val.objid == NULL
        || (varbind->type != ASN_PRIV_INCL_RANGE && varbind->type != ASN_PRIV_EXCL_RANGE
            && varbind->type != ASN_OBJECT_ID)) {
        return true;
    }
    if (!varbind_copy_oid(varbind->val.objid, varbind->val_len / sizeof(oid),
                          ret_end)) {
        return false;
    }
    /* The null Object Identifier, which AgentX writes as 0.0. */
    if (ret_end->length <= 2 && (ret_end->length < 1 || ret_end->ids[0] == 0)
        && (ret_end->length < 2 || ret_end->ids[1] == 0)) {
        ret_end->length = 0;
    }
    return true;
}

bool varbind_is_inclusive(const netsnmp_variable_list *varbind)
{
    return varbind->type == ASN_PRIV_INCL_RANGE;
}

enum mib_error varbind_get_value(const netsnmp_variable_list *varbind,
                                 enum mib_type type, struct mib_value *ret_value)
{
    bool has_number = varbind->val.integer != NULL
                      && varbind->val_len == sizeof(*varbind->val.integer);

    if (varbind->type != (u_char)type) {
        return MIB_WRONG_TYPE;
    }
    switch (type) {
    case MIB_INTEGER:
        if (!has_number || *varbind->val.integer < INT32_MIN
            || *varbind->val.integer > INT32_MAX) {
            return MIB_WRONG_ENCODING;
        }
        ret_value->integer = (int32_t)*varbind->val.integer;
        break;
    case MIB_GAUGE32:
    case MIB_TIMETICKS:
        if (!has_number || (u_long)*varbind->val.integer > UINT32_MAX) {
            return MIB_WRONG_ENCODING;
        }
        ret_value->number = (uint32_t)*varbind->val.integer;
        break;
    case MIB_STRING:
        if (varbind->val.string == NULL && varbind->val_len > 0) {
            return MIB_WRONG_ENCODING;
        }
        ret_value->string.bytes = varbind->val.string;
        ret_value->string.length = varbind->val_len;
        break;
    case MIB_OID:
    case MIB_COUNTER32:
    case MIB_COUNTER64:
        return MIB_NOT_WRITABLE;
    }
    ret_value->type = type;
    return MIB_NO_ERROR;
}

/* net-snmp's OIDs have sub-identifiers of another size. */
static size_t widen(const uint32_t *ids, size_t length, oid wide[static MIB_OID_MAX])
{
    size_t count = length < MIB_OID_MAX ? length : MIB_OID_MAX;

    for (size_t i = 0; i < count; i++) {
        wide[i] = ids[i];
    }
    return count;
}

/* Calls `set` with the value in the form that net-snmp takes it. */
static bool set_typed(netsnmp_variable_list *varbind, u_char type, const void *bytes,
                      size_t length)
{
    return snmp_set_var_typed_value(varbind, type, bytes, length) == 0;
}

bool varbind_set_value(netsnmp_variable_list *varbind, const struct mib_value *value)
{
    u_char type = (u_char)value->type;
    oid wide[MIB_OID_MAX];
    struct counter64 counter;
    long integer;
    u_long number;

    switch (value->type) {
    case MIB_INTEGER:
        integer = value->integer;
        return set_typed(varbind, type, &integer, sizeof(integer));
    case MIB_COUNTER32:
    case MIB_GAUGE32:
    case MIB_TIMETICKS:
        number = value->number;
        return set_typed(varbind, type, &number, sizeof(number));
    case MIB_COUNTER64:
        counter.high = (u_long)(value->counter64 >> 32);
        counter.low = (u_long)(value->counter64 & 0xffffffffu);
        return set_typed(varbind, type, &counter, sizeof(counter));
    case MIB_STRING:
        return set_typed(varbind, type, value->string.bytes, value->string.length);
    case MIB_OID:
        return set_typed(varbind, type, wide,
                         widen(value->oid.ids, value->oid.length, wide) * sizeof(oid));
    }
    return false;
}

bool varbind_set(netsnmp_variable_list *varbind, const struct mib_oid *name,
                 const struct mib_value *value)
{
    oid wide[MIB_OID_MAX];

    return snmp_set_var_objid(varbind, wide, widen(name->ids, name->length, wide)) == 0
           && varbind_set_value(varbind, value);
}

bool varbind_append(netsnmp_variable_list ***end, const struct mib_oid *name,
                    const struct mib_value *value, u_char exception)
{
    oid wide[MIB_OID_MAX];
    size_t length = widen(name->ids, name->length, wide);
    netsnmp_variable_list *varbind =
        snmp_varlist_add_variable(*end, wide, length, exception, NULL, 0);

    if (varbind == NULL) {
        return false;
    }
    *end = &varbind->next_variable;
    return value == NULL || varbind_set_value(varbind, value);
}
