/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_varbind.c - values and names as they go into net-snmp's variable
 * bindings, and ranges and values as they come out of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "agent/varbind.h"

static const struct mib_oid name = { 4, { 1, 3, UINT32_MAX, 0 } };

/* A varbind that holds the value; free with snmp_free_varbind(). */
static netsnmp_variable_list *bind_value(const struct mib_value *value)
{
    netsnmp_variable_list *varbind = calloc(1, sizeof(*varbind));

    assert_non_null(varbind);
    assert_true(varbind_set(varbind, &name, value));
    assert_int_equal(varbind->type, value->type);
    assert_int_equal(varbind->name_length, name.length);
    for (size_t i = 0; i < name.length; i++) {
        assert_int_equal(varbind->name[i], name.ids[i]);
    }
    return varbind;
}

static void test_integers(void **state)
{
    static const int32_t numbers[] = { 0, 1, -1, 255, 256, INT32_MAX, INT32_MIN };

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        const struct mib_value value = { .type = MIB_INTEGER, .integer = numbers[i] };
        netsnmp_variable_list *varbind = bind_value(&value);

        assert_int_equal(varbind->type, ASN_INTEGER);
        assert_int_equal(*varbind->val.integer, numbers[i]);
        snmp_free_varbind(varbind);
    }
}

static void test_unsigned_numbers(void **state)
{
    static const struct {
        enum mib_type type;
        u_char wire;
    } types[] = {
        { MIB_COUNTER32, ASN_COUNTER },
        { MIB_GAUGE32, ASN_GAUGE },
        { MIB_TIMETICKS, ASN_TIMETICKS },
    };
    static const uint32_t numbers[] = { 0, 255, 0x80000000, UINT32_MAX };

    (void)state;
    for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
            const struct mib_value value = { .type = types[t].type,
                                             .number = numbers[i] };
            netsnmp_variable_list *varbind = bind_value(&value);

            assert_int_equal(varbind->type, types[t].wire);
            assert_int_equal((uint32_t)*varbind->val.integer, numbers[i]);
            snmp_free_varbind(varbind);
        }
    }
}

static void test_counters_of_64_bits(void **state)
{
    static const uint64_t numbers[] = { 0, UINT32_MAX, UINT64_C(1) << 32,
                                        UINT64_C(0x0123456789abcdef), UINT64_MAX };

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        const struct mib_value value = { .type = MIB_COUNTER64,
                                         .counter64 = numbers[i] };
        netsnmp_variable_list *varbind = bind_value(&value);

        assert_int_equal(varbind->type, ASN_COUNTER64);
        assert_true(varbind->val.counter64->high == numbers[i] >> 32);
        assert_true(varbind->val.counter64->low == (numbers[i] & UINT32_MAX));
        snmp_free_varbind(varbind);
    }
}

static void test_strings(void **state)
{
    static char octets[65535];
    static const size_t lengths[] = { 0, 1, 39, 40, 41, 255, 256, sizeof(octets) };

    (void)state;
    for (size_t i = 0; i < sizeof(octets); i++) {
        octets[i] = (char)(i % 251);
    }
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        const struct mib_value value = {
            .type = MIB_STRING,
            .string = { octets, lengths[i] },
        };
        netsnmp_variable_list *varbind = bind_value(&value);

        assert_int_equal(varbind->type, ASN_OCTET_STR);
        assert_int_equal(varbind->val_len, lengths[i]);
        assert_memory_equal(varbind->val.string, octets, lengths[i]);
        snmp_free_varbind(varbind);
    }
}

static void test_object_identifiers(void **state)
{
    static uint32_t ids[MIB_OID_MAX];
    static const size_t lengths[] = { 2, 10, MIB_OID_MAX };

    (void)state;
    for (size_t i = 0; i < MIB_OID_MAX; i++) {
        ids[i] = i % 3 == 0 ? UINT32_MAX : (uint32_t)i;
    }
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        const struct mib_value value = { .type = MIB_OID, .oid = { ids, lengths[i] } };
        netsnmp_variable_list *varbind = bind_value(&value);

        assert_int_equal(varbind->type, ASN_OBJECT_ID);
        assert_int_equal(varbind->val_len, lengths[i] * sizeof(oid));
        for (size_t j = 0; j < lengths[i]; j++) {
            assert_int_equal(varbind->val.objid[j], ids[j]);
        }
        snmp_free_varbind(varbind);
    }
}

/* The same varbind is answered again with another value, shorter or longer. */
static void test_a_value_replaces_another(void **state)
{
    static const char text[] =
        "a string that does not fit into the varbind itself, at all";
    const struct mib_value string = { .type = MIB_STRING,
                                      .string = { text, sizeof(text) } };
    const struct mib_value number = { .type = MIB_INTEGER, .integer = -7 };
    netsnmp_variable_list *varbind = bind_value(&string);

    (void)state;
    assert_true(varbind_set_value(varbind, &number));
    assert_int_equal(varbind->type, ASN_INTEGER);
    assert_int_equal(*varbind->val.integer, -7);
    assert_true(varbind_set_value(varbind, &string));
    assert_int_equal(varbind->type, ASN_OCTET_STR);
    assert_int_equal(varbind->val_len, sizeof(text));
    assert_memory_equal(varbind->val.string, text, sizeof(text));
    snmp_free_varbind(varbind);
}

static void test_varbinds_are_appended_in_order(void **state)
{
    const struct mib_oid other = { 2, { 1, 3 } };
    const struct mib_value value = { .type = MIB_GAUGE32, .number = 5 };
    netsnmp_variable_list *list = NULL;
    netsnmp_variable_list **end = &list;

    (void)state;
    assert_true(varbind_append(&end, &name, &value, ASN_NULL));
    assert_true(varbind_append(&end, &other, NULL, SNMP_ENDOFMIBVIEW));
    assert_true(varbind_append(&end, &name, NULL, SNMP_NOSUCHOBJECT));
    assert_non_null(list);
    assert_int_equal(list->type, ASN_GAUGE);
    assert_int_equal(*list->val.integer, 5);
    assert_int_equal(list->name_length, name.length);
    assert_non_null(list->next_variable);
    assert_int_equal(list->next_variable->type, SNMP_ENDOFMIBVIEW);
    assert_int_equal(list->next_variable->name_length, other.length);
    assert_non_null(list->next_variable->next_variable);
    assert_int_equal(list->next_variable->next_variable->type, SNMP_NOSUCHOBJECT);
    assert_ptr_equal(end, &list->next_variable->next_variable->next_variable);
    assert_null(*end);
    snmp_free_varbind(list);
}

/* A varbind with a name of that many sub-identifiers and a range's end. */
static netsnmp_variable_list *request(size_t name_length, u_char type, const oid *end,
                                      size_t end_length)
{
    netsnmp_variable_list *list = NULL;
    oid ids[2 * MIB_OID_MAX];

    assert_true(name_length <= 2 * MIB_OID_MAX);
    for (size_t i = 0; i < name_length; i++) {
        ids[i] = i + 1;
    }
    snmp_varlist_add_variable(&list, ids, name_length, ASN_OBJECT_ID, end,
                              end_length * sizeof(oid));
    assert_non_null(list);
    list->type = type;
    return list;
}

static void test_names_come_out(void **state)
{
    netsnmp_variable_list *varbind = request(MIB_OID_MAX, ASN_NULL, NULL, 0);
    struct mib_oid got = { .length = 7 };

    (void)state;
    assert_true(varbind_get_name(varbind, &got));
    assert_int_equal(got.length, MIB_OID_MAX);
    assert_int_equal(got.ids[0], 1);
    assert_int_equal(got.ids[MIB_OID_MAX - 1], MIB_OID_MAX);
    snmp_free_varbind(varbind);

    varbind = request(0, ASN_NULL, NULL, 0);
    varbind->name_length = 0;
    assert_true(varbind_get_name(varbind, &got));
    assert_int_equal(got.length, 0);
    snmp_free_varbind(varbind);
}

static void test_names_that_are_too_long_are_refused(void **state)
{
    static const oid ids[MIB_OID_MAX + 1] = { 1, 3 };
    netsnmp_variable_list *varbind = request(MIB_OID_MAX + 1, ASN_NULL, NULL, 0);
    struct mib_oid got;

    (void)state;
    assert_false(varbind_get_name(varbind, &got));
    snmp_free_varbind(varbind);
    assert_false(varbind_copy_oid(ids, MIB_OID_MAX + 1, &got));
    assert_true(varbind_copy_oid(ids, MIB_OID_MAX, &got));
    assert_int_equal(got.length, MIB_OID_MAX);

    varbind = request(2, ASN_PRIV_EXCL_RANGE, ids, MIB_OID_MAX + 1);
    assert_false(varbind_get_end(varbind, &got));
    snmp_free_varbind(varbind);
}

static void test_ranges_have_an_end(void **state)
{
    static const oid end[] = { 1, 3, UINT32_MAX };
    static const u_char types[] = { ASN_PRIV_INCL_RANGE, ASN_PRIV_EXCL_RANGE };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        netsnmp_variable_list *varbind = request(4, types[i], end, 3);
        struct mib_oid got;

        assert_int_equal(varbind_is_inclusive(varbind),
                         types[i] == ASN_PRIV_INCL_RANGE);
        assert_true(varbind_get_end(varbind, &got));
        assert_int_equal(got.length, 3);
        assert_int_equal(got.ids[0], 1);
        assert_int_equal(got.ids[1], 3);
        assert_int_equal(got.ids[2], UINT32_MAX);
        snmp_free_varbind(varbind);
    }
}

/* AgentX writes the null Object Identifier as 0.0; it ends nothing. */
static void test_a_range_without_end_is_unbounded(void **state)
{
    static const oid zeros[] = { 0, 0 };
    static const oid begun[] = { 0, 1 };
    static const oid longer[] = { 0, 0, 0 };
    struct mib_oid got;

    (void)state;
    for (size_t length = 1; length <= 2; length++) {
        netsnmp_variable_list *varbind = request(4, ASN_PRIV_INCL_RANGE, zeros, length);

        got.length = 9;
        assert_true(varbind_get_end(varbind, &got));
        assert_int_equal(got.length, 0);
        snmp_free_varbind(varbind);
    }
    for (int i = 0; i < 2; i++) {
        netsnmp_variable_list *varbind =
            request(4, i == 0 ? ASN_NULL : ASN_PRIV_EXCL_RANGE, NULL, 0);

        got.length = 9;
        assert_true(varbind_get_end(varbind, &got));
        assert_int_equal(got.length, 0);
        assert_false(varbind_is_inclusive(varbind));
        snmp_free_varbind(varbind);
    }
    for (int i = 0; i < 2; i++) {
        netsnmp_variable_list *varbind =
            request(4, ASN_PRIV_EXCL_RANGE, i == 0 ? begun : longer, i == 0 ? 2 : 3);

        assert_true(varbind_get_end(varbind, &got));
        assert_int_equal(got.length, i == 0 ? 2 : 3);
        snmp_free_varbind(varbind);
    }
}

/* What is no OID is not read as one. */
static void test_a_value_that_is_no_range_ends_nothing(void **state)
{
    netsnmp_variable_list *varbind = calloc(1, sizeof(*varbind));
    struct mib_oid got = { .length = 9 };

    (void)state;
    assert_non_null(varbind);
    assert_int_equal(snmp_set_var_typed_value(varbind, ASN_OCTET_STR, "12345678", 8),
                     0);
    assert_true(varbind_get_end(varbind, &got));
    assert_int_equal(got.length, 0);
    assert_false(varbind_is_inclusive(varbind));
    snmp_free_varbind(varbind);
}

/* A varbind as net-snmp makes it of what came; free with snmp_free_varbind(). */
static netsnmp_variable_list *receive(u_char type, const void *octets, size_t length)
{
    static const oid ids[] = { 1, 3, 6 };
    netsnmp_variable_list *varbind = NULL;

    assert_non_null(snmp_varlist_add_variable(&varbind, ids, 3, type, octets, length));
    return varbind;
}

static void test_integers_come_out(void **state)
{
    static const int numbers[] = { 0, 1, -1, 255, 65536, INT32_MAX, INT32_MIN };

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        netsnmp_variable_list *varbind =
            receive(ASN_INTEGER, &numbers[i], sizeof(numbers[i]));
        struct mib_value value;

        assert_int_equal(varbind_get_value(varbind, MIB_INTEGER, &value), MIB_NO_ERROR);
        assert_int_equal(value.type, MIB_INTEGER);
        assert_int_equal(value.integer, numbers[i]);
        snmp_free_varbind(varbind);
    }
}

static void test_unsigned_numbers_come_out(void **state)
{
    static const unsigned numbers[] = { 0, 255, 0x80000000, UINT32_MAX };
    static const enum mib_type types[] = { MIB_GAUGE32, MIB_TIMETICKS };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof(numbers) / sizeof(numbers[0]); i++) {
        enum mib_type type = types[i % 2];
        netsnmp_variable_list *varbind =
            receive((u_char)type, &numbers[i / 2], sizeof(numbers[0]));
        struct mib_value value;

        assert_int_equal(varbind_get_value(varbind, type, &value), MIB_NO_ERROR);
        assert_int_equal(value.type, type);
        assert_int_equal(value.number, numbers[i / 2]);
        snmp_free_varbind(varbind);
    }
}

static void test_strings_come_out(void **state)
{
    static char octets[65535];
    static const size_t lengths[] = { 0, 1, 39, 40, 41, 256, sizeof(octets) };

    (void)state;
    for (size_t i = 0; i < sizeof(octets); i++) {
        octets[i] = (char)(i % 251);
    }
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        netsnmp_variable_list *varbind = receive(ASN_OCTET_STR, octets, lengths[i]);
        struct mib_value value;

        assert_int_equal(varbind_get_value(varbind, MIB_STRING, &value), MIB_NO_ERROR);
        assert_int_equal(value.string.length, lengths[i]);
        assert_memory_equal(value.string.bytes, octets, lengths[i]);
        snmp_free_varbind(varbind);
    }
}

static void test_values_of_another_type_do_not_come_out(void **state)
{
    static const u_char types[] = { ASN_INTEGER,   ASN_OCTET_STR, ASN_NULL,
                                    ASN_OBJECT_ID, ASN_IPADDRESS, ASN_COUNTER,
                                    ASN_GAUGE,     ASN_TIMETICKS, ASN_OPAQUE };
    static const enum mib_type wanted[] = { MIB_INTEGER, MIB_GAUGE32, MIB_TIMETICKS,
                                            MIB_STRING };
    static const char octets[sizeof(oid)];
    struct mib_value value;

    (void)state;
    for (size_t i = 0; i < sizeof(types); i++) {
        size_t length = types[i] == ASN_NULL                                     ? 0
                        : types[i] == ASN_OBJECT_ID || types[i] == ASN_OCTET_STR ? 8
                                                                                 : 4;
        netsnmp_variable_list *varbind = receive(types[i], octets, length);

        for (size_t w = 0; w < sizeof(wanted) / sizeof(wanted[0]); w++) {
            assert_int_equal(varbind_get_value(varbind, wanted[w], &value),
                             types[i] == (u_char)wanted[w] ? MIB_NO_ERROR
                                                           : MIB_WRONG_TYPE);
        }
        snmp_free_varbind(varbind);
    }
}

static void test_values_without_octets_do_not_come_out(void **state)
{
    static const enum mib_type types[] = { MIB_INTEGER, MIB_GAUGE32, MIB_TIMETICKS };
    struct mib_value value;
    netsnmp_variable_list varbind = { .type = ASN_OCTET_STR, .val_len = 3 };
    long number = INT64_C(1) << 40;

    (void)state;
    assert_int_equal(varbind_get_value(&varbind, MIB_STRING, &value),
                     MIB_WRONG_ENCODING);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        varbind = (netsnmp_variable_list) { .type = (u_char)types[i], .val_len = 8 };
        assert_int_equal(varbind_get_value(&varbind, types[i], &value),
                         MIB_WRONG_ENCODING);
        varbind.val.integer = &number;
        assert_int_equal(varbind_get_value(&varbind, types[i], &value),
                         MIB_WRONG_ENCODING);
        varbind.val_len = 0;
        assert_int_equal(varbind_get_value(&varbind, types[i], &value),
                         MIB_WRONG_ENCODING);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_unsigned_numbers),
        cmocka_unit_test(test_counters_of_64_bits),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_object_identifiers),
        cmocka_unit_test(test_a_value_replaces_another),
        cmocka_unit_test(test_varbinds_are_appended_in_order),
        cmocka_unit_test(test_names_come_out),
        cmocka_unit_test(test_names_that_are_too_long_are_refused),
        cmocka_unit_test(test_ranges_have_an_end),
        cmocka_unit_test(test_a_range_without_end_is_unbounded),
        cmocka_unit_test(test_a_value_that_is_no_range_ends_nothing),
        cmocka_unit_test(test_integers_come_out),
        cmocka_unit_test(test_unsigned_numbers_come_out),
        cmocka_unit_test(test_strings_come_out),
        cmocka_unit_test(test_values_of_another_type_do_not_come_out),
        cmocka_unit_test(test_values_without_octets_do_not_come_out),
    };

    return cmocka_run_group_tests_name("varbind", tests, NULL, NULL);
}
