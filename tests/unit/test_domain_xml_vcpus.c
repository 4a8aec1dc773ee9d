/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_domain_xml_vcpus.c - the vcpus of libvirt's domain XML, and where they
 * may run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/domain_xml_cpuset.h"
#include "tests/unit/domain_xml_fixture.h"

static void test_vcpus_are_counted(void **state)
{
    struct domain_xml *domain = parse_inside("<vcpu>8</vcpu>");

    (void)state;
    assert_int_equal(domain->vcpus, 8);
    assert_int_equal(domain->vcpus_max, 8);
    domain_xml_free(domain);
    domain = parse_inside("<vcpu current='65535'>65535</vcpu>");
    assert_int_equal(domain->vcpus, 65535);
    domain_xml_free(domain);

    refuse_inside("<vcpu>0</vcpu>", "vcpu");
    refuse_inside("<vcpu>65536</vcpu>", "65535");
    refuse_inside("<vcpu>many</vcpu>", "many");
    refuse_inside("<vcpu/>", "vcpu");
    refuse_inside("<vcpu current='5'>4</vcpu>", "from 1 to 4");
    refuse_inside("<vcpu current='0'>4</vcpu>", "from 1 to 4");
    refuse_inside("<vcpu current=''>4</vcpu>", "from 1 to 4");
}

static void test_sets_of_cpus_are_those_of_libvirt(void **state)
{
    static const struct {
        const char *text;
        uint64_t words[2];
        size_t word_count;
    } cases[] = {
        { "0", { 1 }, 1 },        { "0-3,^2,8", { 0x10b }, 1 },
        { "^2,0-3", { 0xf }, 1 }, /* one after the other, as written */
        { "1,1,1-2", { 6 }, 1 },  { " 1 , 3 - 4 ", { 0x1a }, 1 },
        { "1,", { 2 }, 1 },       { "63,64", { UINT64_C(1) << 63, 1 }, 2 },
        { "0,64,^64", { 1 }, 1 }, { "0-127", { UINT64_MAX, UINT64_MAX }, 2 },
    };
    struct domain_xml_cpuset set;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!domain_xml_cpuset_parse(cases[i].text, &set)
            || memcmp(set.words, cases[i].words, sizeof(cases[i].words)) != 0
            || domain_xml_cpuset_word_count(&set) != cases[i].word_count) {
            fail_msg("\"%s\": %llx %llx", cases[i].text,
                     (unsigned long long)set.words[0],
                     (unsigned long long)set.words[1]);
        }
    }
    assert_true(domain_xml_cpuset_parse("8191", &set));
    assert_int_equal(domain_xml_cpuset_word_count(&set), DOMAIN_CPUS_MAX / 64);
}

static void test_what_is_no_set_of_cpus_is_refused(void **state)
{
    static const char *const texts[] = {
        "",         " ",   "^0",    "0,^0",  "3-1",
        "0-3,^0-2", ",1",  "1,,2",  "x",     "1x",
        "1 2",      "-1",  "1-",    "^",     "8192",
        "0-8192",   "1,^", "0-3-5", "0x1",   "+1",
        "1;2",      "^^1", "1,-2",  "^8192", "99999999999999999999999",
    };
    struct domain_xml_cpuset set;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (domain_xml_cpuset_parse(texts[i], &set)) {
            fail_msg("\"%s\" was taken", texts[i]);
        }
    }
}

static struct domain_config *config_of(const char *inside)
{
    const struct uuid uuid = { { 1 } };
    struct domain_xml *domain = parse_inside(inside);
    struct domain_config *config = domain_xml_config(domain, &uuid);

    domain_xml_free(domain);
    assert_non_null(config);
    return config;
}

static void assert_pin(const struct domain_config *config, size_t at, uint32_t vcpu,
                       uint64_t cpus)
{
    assert_true(at < config->pin_count);
    assert_int_equal(config->pins[at].vcpu, vcpu);
    assert_int_equal(config->pins[at].word_count, 1);
    assert_true(config->pins[at].cpus[0] == cpus);
}

static void test_pins_are_read(void **state)
{
    struct domain_config *config =
        config_of("<vcpu>4</vcpu><cputune><shares>7</shares>"
                  "<vcpupin vcpu='3' cpuset='5'/><vcpupin vcpu='1' cpuset='0-1'/>"
                  "<emulatorpin cpuset='9'/></cputune>");

    (void)state;
    assert_true(config->affinity_known);
    assert_int_equal(config->pin_count, 2);
    assert_pin(config, 0, 1, 0x3);
    assert_pin(config, 1, 3, 0x20);
    record_unref(config);
}

static void test_a_domains_set_is_for_vcpus_without_a_pin(void **state)
{
    struct domain_config *config =
        config_of("<vcpu cpuset='0-3,^2' current='1'>3</vcpu>"
                  "<cputune><vcpupin vcpu='1' cpuset='8'/></cputune>");

    (void)state;
    assert_int_equal(config->pin_count, 3);
    assert_pin(config, 0, 0, 0xb);
    assert_pin(config, 1, 1, 0x100);
    assert_pin(config, 2, 2, 0xb);
    record_unref(config);

    config = config_of("<vcpu>4</vcpu>");
    assert_true(config->affinity_known);
    assert_int_equal(config->pin_count, 0);
    record_unref(config);
}

/* As many as there may be cost a set of CPUs once. */
static void test_pins_that_are_alike_share(void **state)
{
    struct domain_config *config = config_of("<vcpu cpuset='8191'>65535</vcpu>");

    (void)state;
    assert_int_equal(config->pin_count, 65535);
    assert_ptr_equal(config->pins[0].cpus, config->pins[65534].cpus);
    assert_true(domain_pin_has(&config->pins[65534], 8191));
    assert_false(domain_pin_has(&config->pins[65534], 8190));
    record_unref(config);
}

static void test_where_libvirt_places_nothing_is_known(void **state)
{
    struct domain_config *config =
        config_of("<vcpu placement='auto' cpuset='x'>2</vcpu>");

    (void)state;
    assert_false(config->affinity_known);
    assert_int_equal(config->pin_count, 0);
    record_unref(config);
}

static void test_a_pin_of_a_vcpu_that_cannot_be_is_ignored(void **state)
{
    struct domain_config *config =
        config_of("<vcpu>2</vcpu><cputune><vcpupin vcpu='2' cpuset='garbage'/>"
                  "<vcpupin vcpu='4294967295'/></cputune>");

    (void)state;
    assert_int_equal(config->pin_count, 0);
    record_unref(config);
}

static void test_pins_that_are_none_are_refused(void **state)
{
    (void)state;
    refuse_inside("<vcpu cpuset=''>2</vcpu>", "set of CPUs");
    refuse_inside("<vcpu cpuset='0,8192'>2</vcpu>", "from 0 to 8191");
    refuse_inside("<cputune><vcpupin vcpu='0'/></cputune>", "set of CPUs");
    refuse_inside("<cputune><vcpupin cpuset='1'/></cputune>", "no number");
    refuse_inside("<cputune><vcpupin vcpu='x' cpuset='1'/></cputune>", "\"x\"");
    refuse_inside("<vcpu cpuset='7'>2</vcpu><cputune><vcpupin vcpu='0' cpuset='1'/>"
                  "<vcpupin vcpu='0' cpuset='1'/></cputune>",
                  "second <vcpupin> for vcpu 0");
}

static void test_shares_and_quota_are_weight_and_cap(void **state)
{
    static const struct {
        const char *inside;
        uint32_t weight;
        uint32_t cap;
    } cases[] = {
        { "", 0, 0 },
        { "<cputune/>", 0, 0 },
        { "<cputune><shares>2048</shares></cputune>", 2048, 0 },
        { "<cputune><quota>50000</quota></cputune>", 0, 50 },
        { "<cputune><period>50000</period><quota>125000</quota></cputune>", 0, 250 },
        { "<cputune><period>0</period><quota> 1000 </quota></cputune>", 0, 1 },
        { "<cputune><period>1000000</period><quota>1001</quota></cputune>", 0, 1 },
        { "<cputune><quota>-1</quota><shares>2</shares></cputune>", 2, 0 },
        { "<cputune><quota>0</quota></cputune>", 0, 0 },
        { "<cputune><period>1</period><quota>17592186044416</quota></cputune>", 0,
          UINT32_MAX },
        { "<cputune><global_quota>9</global_quota></cputune>", 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct domain_config *config = config_of(cases[i].inside);

        assert_int_equal(config->cpu_weight, cases[i].weight);
        assert_true(config->cpu_cap_known);
        assert_int_equal(config->cpu_cap, cases[i].cap);
        record_unref(config);
    }
}

static void test_shares_and_quotas_that_are_none_are_refused(void **state)
{
    (void)state;
    refuse_inside("<cputune><shares/></cputune>", "<shares>");
    refuse_inside("<cputune><shares>-2</shares></cputune>", "\"-2\"");
    refuse_inside("<cputune><shares>4294967296</shares></cputune>", "4294967295");
    refuse_inside("<cputune><quota>half</quota></cputune>", "\"half\"");
    refuse_inside("<cputune><quota>--1</quota></cputune>", "\"--1\"");
    refuse_inside("<cputune><quota>17592186044417</quota></cputune>", "no number");
    refuse_inside("<cputune><period>-1</period></cputune>", "<period>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vcpus_are_counted),
        cmocka_unit_test(test_sets_of_cpus_are_those_of_libvirt),
        cmocka_unit_test(test_what_is_no_set_of_cpus_is_refused),
        cmocka_unit_test(test_pins_are_read),
        cmocka_unit_test(test_a_domains_set_is_for_vcpus_without_a_pin),
        cmocka_unit_test(test_pins_that_are_alike_share),
        cmocka_unit_test(test_where_libvirt_places_nothing_is_known),
        cmocka_unit_test(test_a_pin_of_a_vcpu_that_cannot_be_is_ignored),
        cmocka_unit_test(test_pins_that_are_none_are_refused),
        cmocka_unit_test(test_shares_and_quota_are_weight_and_cap),
        cmocka_unit_test(test_shares_and_quotas_that_are_none_are_refused),
    };

    return cmocka_run_group_tests_name("domain_xml_vcpus", tests, NULL, NULL);
}
