/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_domain_xml_devices.c - disks and interfaces of libvirt's domain XML, as
 * libvirt means them and as RFC 7666 names them.
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

static struct domain_xml *parse_devices(const char *devices)
{
    char inside[TEXT_SIZE];

    snprintf(inside, sizeof(inside), "<devices>%s</devices>", devices);
    return parse_inside(inside);
}

static void refuse_devices(const char *devices, const char *words)
{
    char inside[TEXT_SIZE];

    snprintf(inside, sizeof(inside), "<devices>%s</devices>", devices);
    refuse_inside(inside, words);
}

static struct domain_config *config_of(const char *devices)
{
    const struct uuid uuid = { { 1 } };
    struct domain_xml *domain = parse_devices(devices);
    struct domain_config *config = domain_xml_config(domain, &uuid);

    domain_xml_free(domain);
    assert_non_null(config);
    return config;
}

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* What becomes of one <disk> in the record. */
static const struct {
    const char *disk;
    struct domain_disk wanted;
} disks[] = {
    { "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/>"
      "<source file='/images/a.qcow2'/><target dev='vda' bus='virtio'/></disk>",
      { "vda", "qcow2", "/images/a.qcow2", "virtio", NULL, DISK_SOURCE_SPARSE,
        DISK_MEDIA_HARD_DISK, DOMAIN_FLAG_NO } },
    { "<disk><driver type='raw'/><source file='/a'/><target dev='sdb'/></disk>",
      { "sdb", "raw", "/a", "scsi", NULL, DISK_SOURCE_RAW, DISK_MEDIA_HARD_DISK,
        DOMAIN_FLAG_NO } },
    { "<disk><source file='/a'/><target dev='hda' bus='sata'/><readonly/></disk>",
      { "hda", "raw", "/a", "sata", NULL, DISK_SOURCE_RAW, DISK_MEDIA_HARD_DISK,
        DOMAIN_FLAG_YES } },
    { "<disk type='block' device='lun'><source dev='/dev/vg0/a'/>"
      "<target dev='xvda'/></disk>",
      { "xvda", "raw", "/dev/vg0/a", "xen", NULL, DISK_SOURCE_BLOCK,
        DISK_MEDIA_HARD_DISK, DOMAIN_FLAG_NO } },
    { "<disk type='network'><driver type='qcow2'/><source protocol='rbd' "
      "name='pool/a'><host name='h'/></source><target dev='vda'/></disk>",
      { "vda", "rbd", "pool/a", "virtio", NULL, DISK_SOURCE_NETWORK,
        DISK_MEDIA_HARD_DISK, DOMAIN_FLAG_NO } },
    { "<disk type='volume'><source pool='images' volume='a.img'/>"
      "<target dev='ubda'/></disk>",
      { "ubda", NULL, "a.img", "uml", NULL, DISK_SOURCE_OTHER, DISK_MEDIA_HARD_DISK,
        DOMAIN_FLAG_NO } },
    { "<disk type='dir' device='floppy'><driver type='fat'/><source dir='/d'/>"
      "<target dev='fda'/></disk>",
      { "fda", "fat", "/d", "fdc", NULL, DISK_SOURCE_OTHER, DISK_MEDIA_FLOPPY,
        DOMAIN_FLAG_NO } },
    { "<disk type='nvme'><source type='pci' namespace='1'/><target dev='vdb'/></disk>",
      { "vdb", NULL, NULL, "virtio", NULL, DISK_SOURCE_OTHER, DISK_MEDIA_HARD_DISK,
        DOMAIN_FLAG_NO } },
    { "<disk type='vhostuser'><source type='unix' path='/run/x'/>"
      "<target dev='vdc'/></disk>",
      { "vdc", NULL, "/run/x", "virtio", NULL, DISK_SOURCE_OTHER, DISK_MEDIA_HARD_DISK,
        DOMAIN_FLAG_NO } },
    /* Drives without a medium */
    { "<disk type='file' device='cdrom'><target dev='hdc'/></disk>",
      { "hdc", "raw", "", "ide", NULL, DISK_SOURCE_RAW, DISK_MEDIA_OPTICAL,
        DOMAIN_FLAG_YES } },
    { "<disk type='block' device='floppy'><source/><target dev='fdb'/></disk>",
      { "fdb", "raw", "", "fdc", NULL, DISK_SOURCE_BLOCK, DISK_MEDIA_FLOPPY,
        DOMAIN_FLAG_NO } },
    /* What a later libvirt may have */
    { "<disk type='tape' device='jukebox'><source cassette='/a'/>"
      "<target dev='a b'/></disk>",
      { "a b", NULL, NULL, NULL, NULL, DISK_SOURCE_OTHER, DISK_MEDIA_OTHER,
        DOMAIN_FLAG_NO } },
};

static void test_disks_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(disks) / sizeof(disks[0]); i++) {
        struct domain_config *config = config_of(disks[i].disk);
        const struct domain_disk *wanted = &disks[i].wanted;
        const struct domain_disk *disk = config->disks;

        assert_int_equal(config->disk_count, 1);
        if (!same(disk->target, wanted->target) || !same(disk->format, wanted->format)
            || !same(disk->source, wanted->source) || !same(disk->bus, wanted->bus)
            || disk->mount_point != NULL || disk->source_type != wanted->source_type
            || disk->media != wanted->media || disk->read_only != wanted->read_only) {
            fail_msg("%s: %s %s %s, %d %d %d", disks[i].disk, disk->format,
                     disk->source, disk->bus, (int)disk->source_type, (int)disk->media,
                     (int)disk->read_only);
        }
        record_unref(config);
    }
}

static void test_disks_keep_their_order(void **state)
{
    struct domain_config *config =
        config_of("<disk><target dev='vdb'/></disk><controller/>"
                  "<disk><target dev='vda'/></disk><interface/>"
                  "<disk><target dev='hda'/></disk>");

    (void)state;
    assert_int_equal(config->disk_count, 3);
    assert_string_equal(config->disks[0].target, "vdb");
    assert_string_equal(config->disks[1].target, "vda");
    assert_string_equal(config->disks[2].target, "hda");
    record_unref(config);
}

static void test_a_disk_has_a_target_of_its_own(void **state)
{
    (void)state;
    refuse_devices("<disk><source file='/a'/></disk>", "no <target");
    refuse_devices("<disk><target bus='virtio'/></disk>", "no <target");
    refuse_devices("<disk><target dev=''/></disk>", "no <target");
    refuse_devices("<disk><target dev='vda' bus='virtio'/></disk>"
                   "<disk><target dev='vda' bus='scsi'/></disk>",
                   "a second <disk> with <target dev=\"vda\">");
    refuse_devices("<disk><target dev='v&#10;da'/></disk>", "control characters");
    refuse_devices("<disk><target dev='vd0123456789012345678901234567890123456789"
                   "01234567890123456789zz'/></disk>",
                   "longer than 63");
}

static void test_a_volume_has_two_names(void **state)
{
    struct domain_xml *domain =
        parse_devices("<disk type='volume'><source pool='p' volume='v'/>"
                      "<target dev='vda'/></disk>"
                      "<disk type='volume'><target dev='vdb'/></disk>");

    (void)state;
    assert_string_equal(domain->disks[0].pool, "p");
    assert_string_equal(domain->disks[0].volume, "v");
    assert_null(domain->disks[1].pool);
    assert_string_equal(domain->disks[1].source, "");
    domain_xml_free(domain);
    refuse_devices("<disk type='volume'><source pool='p'/><target dev='vda'/></disk>",
                   "volume=");
    refuse_devices("<disk type='volume'><source volume='v'/><target dev='vda'/></disk>",
                   "pool=");
}

static void test_what_an_image_is_laid_over_is_read(void **state)
{
    struct domain_xml *domain = parse_devices(
        "<disk><source file='/top'/><backingStore type='block'><format type='raw'/>"
        "<source dev='/dev/base'/><backingStore type='file'><source file='/deep'/>"
        "</backingStore></backingStore><target dev='vda'/></disk>"
        "<disk><source file='/alone'/><backingStore/><target dev='vdb'/></disk>");

    (void)state;
    assert_string_equal(domain->disks[0].source, "/top");
    assert_string_equal(domain->disks[0].backing_source, "/dev/base");
    assert_null(domain->disks[1].backing_source);
    domain_xml_free(domain);
}

static void test_a_backend_may_know_better(void **state)
{
    const struct uuid uuid = { { 1 } };
    struct domain_xml *domain =
        parse_devices("<disk type='volume'><source pool='p' volume='v'/>"
                      "<target dev='vda'/></disk>");
    struct domain_config *config;

    (void)state;
    free(domain->disks[0].source);
    domain->disks[0].source = strdup("/images/v");
    domain->disks[0].source_type = DISK_SOURCE_SPARSE;
    domain->disks[0].format = strdup("qcow2");
    domain->disks[0].mount_point = strdup("/images");
    config = domain_xml_config(domain, &uuid);
    domain_xml_free(domain);
    assert_non_null(config);
    assert_string_equal(config->disks[0].source, "/images/v");
    assert_string_equal(config->disks[0].mount_point, "/images");
    assert_string_equal(config->disks[0].format, "qcow2");
    assert_int_equal(config->disks[0].source_type, DISK_SOURCE_SPARSE);
    record_unref(config);
}

static void test_interfaces_are_read(void **state)
{
    static const struct {
        const char *interface;
        enum domain_xml_attachment type;
        const char *model;
        const char *network;
        const char *parent;
        const char *target;
    } cases[] = {
        { "<interface type='bridge'><source bridge='br0'/><target dev='tap0'/>"
          "<model type='virtio'/></interface>",
          DOMAIN_XML_ATTACHMENT_BRIDGE, "virtio", NULL, "br0", "tap0" },
        { "<interface type='network'><source network='lan'/></interface>",
          DOMAIN_XML_ATTACHMENT_NETWORK, NULL, "lan", NULL, NULL },
        { "<interface type='network'><source network='lan' bridge='virbr1'/>"
          "</interface>",
          DOMAIN_XML_ATTACHMENT_NETWORK, NULL, "lan", "virbr1", NULL },
        { "<interface type='direct'><source dev='eth0' mode='vepa'/>"
          "<target dev='macvtap0'/><model type='e1000e'/></interface>",
          DOMAIN_XML_ATTACHMENT_DIRECT, "e1000e", NULL, "eth0", "macvtap0" },
        { "<interface type='ethernet'><target dev='t' managed='no'/></interface>",
          DOMAIN_XML_ATTACHMENT_ETHERNET, NULL, NULL, NULL, "t" },
        { "<interface type='user'/>", DOMAIN_XML_ATTACHMENT_USER, NULL, NULL, NULL,
          NULL },
        { "<interface/>", DOMAIN_XML_ATTACHMENT_USER, NULL, NULL, NULL, NULL },
        { "<interface type='hostdev'><source><address type='pci'/></source>"
          "</interface>",
          DOMAIN_XML_ATTACHMENT_HOSTDEV, NULL, NULL, NULL, NULL },
        { "<interface type='internal'><source name='i'/></interface>",
          DOMAIN_XML_ATTACHMENT_INTERNAL, NULL, NULL, NULL, NULL },
        { "<interface type='vdpa'><source dev='/dev/vdpa'/></interface>",
          DOMAIN_XML_ATTACHMENT_OTHER, NULL, NULL, "/dev/vdpa", NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct domain_xml *domain = parse_devices(cases[i].interface);
        const struct domain_xml_interface *interface = domain->interfaces;

        assert_int_equal(domain->interface_count, 1);
        assert_false(interface->has_mac);
        if (interface->type != cases[i].type || !same(interface->model, cases[i].model)
            || !same(interface->network, cases[i].network)
            || !same(interface->parent, cases[i].parent)
            || !same(interface->target, cases[i].target)) {
            fail_msg("%s: %d %s %s %s %s", cases[i].interface, (int)interface->type,
                     interface->model, interface->network, interface->parent,
                     interface->target);
        }
        domain_xml_free(domain);
    }
}

#define WITH_MAC(mac) "<interface><mac address='" mac "'/></interface>"

static void test_macs_are_addresses_of_one_station(void **state)
{
    static const uint8_t full[] = { 0x52, 0x54, 0x00, 0xaB, 0x0c, 0xFF };
    static const uint8_t brief[] = { 0x52, 0x54, 0, 1, 0xa, 0xb };
    struct domain_config *config =
        config_of(WITH_MAC("52:54:00:aB:0c:FF") WITH_MAC(" 52:54:0:1:a:B "));

    (void)state;
    assert_int_equal(config->interface_count, 2);
    assert_memory_equal(config->interfaces[0].mac, full, sizeof(full));
    assert_memory_equal(config->interfaces[1].mac, brief, sizeof(brief));
    record_unref(config);
    refuse_devices(WITH_MAC("xx"), "<mac address=\"xx\">");
    refuse_devices(WITH_MAC("01:00:00:00:00:00"), "one station");
    refuse_devices(WITH_MAC("52-54-00-00-00-01"), "one station");
    refuse_devices(WITH_MAC("52:54:00:00:00"), "one station");
    refuse_devices(WITH_MAC("52:54:00:00:00:"), "one station");
    refuse_devices(WITH_MAC("52:54:00:00:00:01:02"), "one station");
    refuse_devices(WITH_MAC("52:54:000:00:00:01"), "one station");
    refuse_devices(WITH_MAC("52::00:00:00:01"), "one station");
}

static void test_a_row_has_a_mac_of_its_own(void **state)
{
    struct domain_config *config = config_of(
        WITH_MAC("52:54:00:00:00:02") "<interface/><interface><mac/>"
                                      "</interface>" WITH_MAC("52:54:00:00:00:01")
                                          WITH_MAC("52:54:00:00:00:02"));

    (void)state;
    assert_int_equal(config->interface_count, 2);
    assert_int_equal(config->interfaces[0].mac[5], 2);
    assert_int_equal(config->interfaces[1].mac[5], 1);
    record_unref(config);
}

/* A domain with `count` disks and no interface, or the other way round. */
static char *many(bool disk, int count)
{
    size_t size = 128 + (size_t)count * 64;
    char *text = malloc(size);
    size_t length;

    assert_non_null(text);
    length = (size_t)snprintf(text, size, "<domain>\n<name>d</name><devices>");
    for (int i = 0; i < count; i++) {
        length += (size_t)snprintf(text + length, size - length,
                                   disk ? "<disk><target dev='vd%d'/></disk>"
                                        : "<interface><link id='%d'/></interface>",
                                   i);
    }
    snprintf(text + length, size - length, "</devices></domain>");
    return text;
}

static void test_devices_are_bounded(void **state)
{
    (void)state;
    for (int disk = 0; disk < 2; disk++) {
        char *text = many(disk == 1, 16384);

        domain_xml_free(parse(text));
        free(text);
        text = many(disk == 1, 16385);
        refuse(text, SOURCE ":2: ", "more than 16384");
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_disks_are_read),
        cmocka_unit_test(test_disks_keep_their_order),
        cmocka_unit_test(test_a_disk_has_a_target_of_its_own),
        cmocka_unit_test(test_a_volume_has_two_names),
        cmocka_unit_test(test_what_an_image_is_laid_over_is_read),
        cmocka_unit_test(test_a_backend_may_know_better),
        cmocka_unit_test(test_interfaces_are_read),
        cmocka_unit_test(test_macs_are_addresses_of_one_station),
        cmocka_unit_test(test_a_row_has_a_mac_of_its_own),
        cmocka_unit_test(test_devices_are_bounded),
    };

    return cmocka_run_group_tests_name("domain_xml_devices", tests, NULL, NULL);
}
