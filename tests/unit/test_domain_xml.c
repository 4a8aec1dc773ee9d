/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_domain_xml.c - libvirt's domain XML, as libvirt means it: who a domain
 * is, its memory, its life.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/domain_xml_fixture.h"

static void test_a_domain_is_read(void **state)
{
    static const char text[] =
        "<?xml version='1.0'?>\n"
        "<!-- as virsh dumpxml writes it -->\n"
        "<domain type='kvm' id='7'>\n"
        "  <name>web</name>\n"
        "  <uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid>\n"
        "  <title>Web &amp; mail</title>\n"
        "  <metadata>\n"
        "    <o:libosinfo xmlns:o='http://libosinfo.org/xmlns/libvirt/domain/1.0'>\n"
        "      <o:os id='http://debian.org/debian/12'/>\n"
        "    </o:libosinfo>\n"
        "  </metadata>\n"
        "  <memory unit='KiB'>8388608</memory>\n"
        "  <currentMemory unit='KiB'>2097152</currentMemory>\n"
        "  <vcpu placement='static' current='2'>4</vcpu>\n"
        "  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>\n"
        "  <devices><emulator>/usr/bin/qemu</emulator></devices>\n"
        "</domain>\n";
    struct domain_xml *domain = parse(text);
    struct uuid uuid;

    (void)state;
    assert_true(uuid_parse("6695eb01f6a4830479aa97f2502e193f", &uuid));
    assert_string_equal(domain->name, "web");
    assert_true(domain->has_uuid);
    assert_int_equal(uuid_compare(&domain->uuid, &uuid), 0);
    assert_string_equal(domain->title, "Web & mail");
    assert_string_equal(domain->os_type, "debian 12");
    assert_int_equal(domain->vcpus, 2);
    assert_int_equal(domain->vcpus_max, 4);
    assert_int_equal(domain->memory_max_bytes, 8 * GIB);
    assert_int_equal(domain->memory_bytes, 2 * GIB);
    domain_xml_free(domain);
}

static void test_what_is_not_said_has_defaults(void **state)
{
    struct domain_xml *domain = parse_inside("");

    (void)state;
    assert_string_equal(domain->name, "d");
    assert_false(domain->has_uuid);
    assert_null(domain->title);
    assert_null(domain->os_type);
    assert_int_equal(domain->vcpus, 1);
    assert_int_equal(domain->vcpus_max, 1);
    assert_int_equal(domain->memory_max_bytes, DOMAIN_NO_LIMIT);
    assert_int_equal(domain->memory_bytes, DOMAIN_NO_LIMIT);
    domain_xml_free(domain);
    domain_xml_free(NULL);
}

static void test_units_are_those_of_libvirt(void **state)
{
    static const struct {
        const char *unit;
        int64_t bytes; /* of 3 of them, rounded up to KiB */
    } cases[] = {
        { "", 3072 },
        { " unit=''", 3072 },
        { " unit='b'", 1024 },
        { " unit='bytes'", 1024 },
        { " unit='byte'", 1024 },
        { " unit='KB'", 3072 },
        { " unit='k'", 3072 },
        { " unit='K'", 3072 },
        { " unit='KiB'", 3072 },
        { " unit='kib'", 3072 },
        { " unit='MB'", INT64_C(3000320) },
        { " unit='M'", INT64_C(3145728) },
        { " unit='MiB'", INT64_C(3145728) },
        { " unit='GB'", INT64_C(3000000512) },
        { " unit='G'", 3 * GIB },
        { " unit='GiB'", 3 * GIB },
        { " unit='TB'", INT64_C(3000000000000) },
        { " unit='T'", 3 * GIB * 1024 },
        { " unit='TiB'", 3 * GIB * 1024 },
        { " unit='PB'", INT64_C(3000000000000000) },
        { " unit='PiB'", 3 * GIB * 1024 * 1024 },
        { " unit='EB'", INT64_C(3000000000000000000) },
        { " unit='EiB'", 3 * GIB * 1024 * 1024 * 1024 },
    };
    char inside[128];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct domain_xml *domain;

        snprintf(inside, sizeof(inside), "<memory%s> 3\n</memory>", cases[i].unit);
        domain = parse_inside(inside);
        /* Both, and the unit in a message, should one of them differ. */
        if (domain->memory_max_bytes != (cases[i].bytes + 1023) / 1024 * 1024
            || domain->memory_bytes != domain->memory_max_bytes) {
            fail_msg("%s gives %lld", inside, (long long)domain->memory_max_bytes);
        }
        domain_xml_free(domain);
    }
}

static void test_sizes_that_are_none_are_refused(void **state)
{
    static const char *const words[] = { "unit",   "unit",   "unit",      "unit",
                                         "number", "number", "too large", "too large",
                                         "number", "number", "too large" };
    static const char *const insides[] = {
        "<memory unit='KiBi'>1</memory>",
        "<memory unit='kbit'>1</memory>",
        "<memory unit='Z'>1</memory>",
        "<memory unit='iB'>1</memory>",
        "<memory>-1</memory>",
        "<memory>1.5</memory>",
        "<memory unit='EiB'>8</memory>",
        "<memory unit='b'>9223372036854775807</memory>",
        "<memory></memory>",
        "<currentMemory>0x10</currentMemory>",
        "<memory>99999999999999999999999999999999999999</memory>",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(insides) / sizeof(insides[0]); i++) {
        refuse_inside(insides[i], words[i]);
    }
}

static void test_the_largest_size_is_taken(void **state)
{
    struct domain_xml *domain =
        parse_inside("<memory unit='b'>9223372036854774783</memory>");

    (void)state;
    assert_true(domain->memory_max_bytes == INT64_MAX - 1023);
    domain_xml_free(domain);
}

static void test_memory_now_is_at_most_all_memory(void **state)
{
    static const struct {
        const char *inside;
        int64_t bytes;
        int64_t max_bytes;
    } cases[] = {
        { "<memory>4</memory><currentMemory>3</currentMemory>", 3072, 4096 },
        { "<memory>4</memory><currentMemory>5</currentMemory>", 4096, 4096 },
        { "<memory>4</memory><currentMemory>0</currentMemory>", 4096, 4096 },
        { "<memory>0</memory>", DOMAIN_NO_LIMIT, DOMAIN_NO_LIMIT },
        { "<currentMemory>3</currentMemory>", 3072, DOMAIN_NO_LIMIT },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct domain_xml *domain = parse_inside(cases[i].inside);

        assert_int_equal(domain->memory_bytes, cases[i].bytes);
        assert_int_equal(domain->memory_max_bytes, cases[i].max_bytes);
        domain_xml_free(domain);
    }
}

#define OSINFO(id)                                                                     \
    "<metadata><o:libosinfo xmlns:o='http://libosinfo.org/xmlns/libvirt/domain/1.0'>"  \
    "<o:os id='" id "'/></o:libosinfo></metadata>"

static void test_the_operating_system_is_found(void **state)
{
    static const struct {
        const char *inside;
        const char *os_type;
    } cases[] = {
        { OSINFO("http://microsoft.com/win/2k22") "<os><type>hvm</type></os>",
          "win 2k22" },
        { OSINFO("http://centos.org/centos-stream/9"), "centos-stream 9" },
        { OSINFO("plan9"), "plan9" },
        { OSINFO("http://debian.org/"), "http://debian.org/" },
        { OSINFO("http://debian.org"), "http://debian.org" },
        { OSINFO("") "<os><type>exe</type></os>", "exe" },
        { "<metadata><libosinfo><os id='x'/></libosinfo></metadata>"
          "<os><type>linux</type></os>",
          "linux" },
        { "<metadata/><os><type> xen </type></os>", "xen" },
        { "<os><type/></os>", NULL },
        { "<os/>", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct domain_xml *domain = parse_inside(cases[i].inside);

        if (cases[i].os_type == NULL) {
            assert_null(domain->os_type);
        } else {
            assert_non_null(domain->os_type);
            assert_string_equal(domain->os_type, cases[i].os_type);
        }
        domain_xml_free(domain);
    }
}

static void test_what_ends_a_life_is_read(void **state)
{
    struct domain_xml *domain =
        parse_inside("<on_poweroff>preserve</on_poweroff>"
                     "<on_crash> coredump-restart\n</on_crash><on_reboot/>");

    (void)state;
    assert_int_equal(domain->actions[DOMAIN_XML_EVENT_POWEROFF],
                     DOMAIN_XML_ACTION_PRESERVE);
    assert_int_equal(domain->actions[DOMAIN_XML_EVENT_REBOOT],
                     DOMAIN_XML_ACTION_RESTART);
    assert_int_equal(domain->actions[DOMAIN_XML_EVENT_CRASH],
                     DOMAIN_XML_ACTION_COREDUMP_RESTART);
    domain_xml_free(domain);

    domain = parse_inside("<on_reboot>rename-restart</on_reboot>"
                          "<on_poweroff>explode</on_poweroff>");
    assert_int_equal(domain->actions[DOMAIN_XML_EVENT_POWEROFF],
                     DOMAIN_XML_ACTION_OTHER);
    assert_int_equal(domain->actions[DOMAIN_XML_EVENT_REBOOT],
                     DOMAIN_XML_ACTION_RENAME_RESTART);
    assert_int_equal(domain->actions[DOMAIN_XML_EVENT_CRASH],
                     DOMAIN_XML_ACTION_DESTROY);
    domain_xml_free(domain);
}

static void test_only_the_domains_own_elements_count(void **state)
{
    struct domain_xml *domain =
        parse_inside("<metadata><name>other</name><x:vcpu xmlns:x='urn:x'>9</x:vcpu>"
                     "</metadata><x:memory xmlns:x='urn:x'>9</x:memory>"
                     "<devices><memory>7</memory><uuid>x</uuid></devices>");

    (void)state;
    assert_string_equal(domain->name, "d");
    assert_int_equal(domain->vcpus, 1);
    assert_int_equal(domain->memory_max_bytes, DOMAIN_NO_LIMIT);
    domain_xml_free(domain);
}

static void test_identity_must_be_one(void **state)
{
    (void)state;
    refuse("<domain/>", SOURCE ":1: ", "no <name>");
    refuse("<domain>\n<name> \n </name></domain>", SOURCE ":1: ", "no <name>");
    refuse_inside("<uuid>6695eb01-f6a4</uuid>", "no UUID");
    refuse_inside("<uuid/>", "no UUID");
}

static void test_text_may_be_any_utf8(void **state)
{
    struct domain_xml *domain = parse("<domain><name>Z\xc3\xbcrich \xe2\x80\x93 "
                                      "\xf0\x9f\x92\xbe</name>"
                                      "<title>a&#10;b</title></domain>");

    (void)state;
    assert_string_equal(domain->name, "Z\xc3\xbcrich \xe2\x80\x93 \xf0\x9f\x92\xbe");
    /* Cleaned by those who publish it, as all strings of a record are. */
    assert_string_equal(domain->title, "a\nb");
    domain_xml_free(domain);
}

static void test_a_record_is_made(void **state)
{
    struct domain_xml *domain = parse_inside(
        "<memory unit='GiB'>2</memory><currentMemory unit='GiB'>1</currentMemory>"
        "<vcpu current='2'>4</vcpu><os><type>hvm</type></os>");
    const struct uuid uuid = { { 1, 2, 3 } };
    struct domain_config *config = domain_xml_config(domain, &uuid);

    (void)state;
    assert_non_null(config);
    domain_xml_free(domain);
    assert_int_equal(uuid_compare(&config->uuid, &uuid), 0);
    assert_string_equal(config->os_type, "hvm");
    assert_int_equal(config->vcpus, 2);
    assert_int_equal(config->vcpus_min, DOMAIN_NO_LIMIT);
    assert_int_equal(config->vcpus_max, 4);
    assert_int_equal(config->memory_min_bytes, DOMAIN_NO_LIMIT);
    assert_int_equal(config->memory_max_bytes, 2 * GIB);
    assert_int_equal(config->memory_bytes, GIB);
    record_unref(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_domain_is_read),
        cmocka_unit_test(test_what_is_not_said_has_defaults),
        cmocka_unit_test(test_units_are_those_of_libvirt),
        cmocka_unit_test(test_sizes_that_are_none_are_refused),
        cmocka_unit_test(test_the_largest_size_is_taken),
        cmocka_unit_test(test_memory_now_is_at_most_all_memory),
        cmocka_unit_test(test_the_operating_system_is_found),
        cmocka_unit_test(test_what_ends_a_life_is_read),
        cmocka_unit_test(test_only_the_domains_own_elements_count),
        cmocka_unit_test(test_identity_must_be_one),
        cmocka_unit_test(test_text_may_be_any_utf8),
        cmocka_unit_test(test_a_record_is_made),
    };

    return cmocka_run_group_tests_name("domain_xml", tests, NULL, NULL);
}
