/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_sim_devices.c - disks, interfaces, networks and storage of a simulated
 * node, and what the node is made of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/sim_fixture.h"

#define KIB INT64_C(1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)

#define DISK(target, inside) "<disk>" inside "<target dev='" target "'/></disk>"
#define FILE_DISK(target, path) DISK(target, "<source file='" path "'/>")

/* A node whose one domain, "a", has these devices, and this beside it. */
static struct backend *open_devices(const char *metadata, const char *devices,
                                    const char *beside)
{
    char text[TEXT_SIZE];

    snprintf(text, sizeof(text),
             NODE("<sim:clock uptime='864000' frozen='yes'/>" DOMAIN(
                 "a", "<uuid>00000000-0000-4000-8000-0000000000aa</uuid>"
                      "<metadata><sim:domain load='50'>%s</sim:domain></metadata>"
                      "<devices>%s</devices>") "%s"),
             metadata, devices, beside);
    write_file("devices.xml", text);
    return must_open("devices.xml");
}

/* Of the only domain; belongs to the builder. */
static const void *only(const struct collected *collected)
{
    assert_int_equal(collected->content.count, 1);
    return collected->content.records[0];
}

static void test_a_domain_is_whole(void **state)
{
    struct backend *backend =
        open_devices("",
                     "<disk type='block' device='cdrom'><source dev='/dev/sr0'/>"
                     "<target dev='sda' bus='sata'/></disk>"
                     "<interface><mac address='52:54:00:00:00:01'/>"
                     "<model type='virtio'/></interface>",
                     "");
    struct collected configs = must_collect(backend, SECTION_CONFIGS);
    const struct domain_config *config = only(&configs);

    (void)state;
    assert_true(config->affinity_known);
    assert_int_equal(config->disk_count, 1);
    assert_string_equal(config->disks[0].bus, "sata");
    assert_int_equal(config->disks[0].media, DISK_MEDIA_OPTICAL);
    assert_int_equal(config->interface_count, 1);
    assert_string_equal(config->interfaces[0].model, "virtio");
    drop(&configs);
    sim()->close(backend);
}

static const char pool[] =
    "<pool type='dir'><uuid>00000000-0000-4000-8000-0000000000bb</uuid>"
    "<volume><name>one</name><capacity unit='GiB'>10</capacity>"
    "<allocation unit='GiB'>3</allocation><target><format type='qcow2'/></target>"
    "</volume>"
    "<volume><name>two</name><key>k2</key><capacity>5000</capacity>"
    "<target><path>/elsewhere/two</path></target></volume>"
    "<volume><name>fat</name><capacity unit='MB'>1</capacity>"
    "<allocation unit='MB'>2</allocation></volume>"
    "<name>images</name><target><path>/pool</path></target></pool>"
    "<pool type='logical'><name>vg</name><target><path>/dev/vg</path></target>"
    "<volume><name>lv</name><capacity unit='GiB'>1</capacity></volume></pool>"
    "<pool type='rbd'><name>ceph</name><source><name>rbd</name></source>"
    "<volume><name>image</name><capacity unit='GiB'>1</capacity></volume></pool>"
    "<pool type='dir'><name>none</name></pool><pool type='dir' ><name>none2</name>"
    "</pool>";

static void test_volumes_are_delivered(void **state)
{
    static const struct {
        struct volume wanted;
    } cases[] = {
        { { "/pool/one", "one", "images", "qcow2", NULL, DISK_SOURCE_SPARSE, 10 * GIB,
            3 * GIB } },
        { { "k2", "two", "images", "raw", NULL, DISK_SOURCE_RAW, 5000, 5000 } },
        { { "/pool/fat", "fat", "images", "raw", NULL, DISK_SOURCE_RAW, 1000000,
            1000000 } },
        { { "/dev/vg/lv", "lv", "vg", NULL, NULL, DISK_SOURCE_BLOCK, GIB, GIB } },
        { { "rbd/image", "image", "ceph", NULL, NULL, DISK_SOURCE_NETWORK, GIB, GIB } },
    };
    struct backend *backend = open_devices("", "", pool);
    struct collected first = must_collect(backend, SECTION_STORAGE);
    struct collected second = must_collect(backend, SECTION_STORAGE);
    const struct storage *storage = only(&first);

    (void)state;
    assert_ptr_equal(storage, only(&second));
    assert_int_equal(storage->volume_count, 5);
    for (size_t i = 0; i < 5; i++) {
        const struct volume *volume = &storage->volumes[i];
        const struct volume *wanted = &cases[i].wanted;

        assert_string_equal(volume->key, wanted->key);
        assert_string_equal(volume->name, wanted->name);
        assert_string_equal(volume->pool, wanted->pool);
        if (wanted->format == NULL) {
            assert_null(volume->format);
        } else {
            assert_string_equal(volume->format, wanted->format);
        }
        assert_null(volume->mount_point);
        assert_int_equal(volume->source_type, wanted->source_type);
        assert_int_equal(volume->capacity_bytes, wanted->capacity_bytes);
        assert_int_equal(volume->allocation_bytes, wanted->allocation_bytes);
    }
    drop(&first);
    drop(&second);
    sim()->close(backend);
}

static void test_parts_may_be_in_files_of_their_own(void **state)
{
    struct backend *backend;
    struct collected collected;
    const struct storage *storage;

    (void)state;
    write_file("pool.xml", "<pool type='dir'><name>p</name><volume file='volume.xml'/>"
                           "<target><path>/p</path></target></pool>");
    write_file("volume.xml", "<volume><name>v</name><capacity>1</capacity></volume>");
    write_file("network.xml", "<network><name>n</name></network>");
    write_file("node.xml", NODE("<pool file='pool.xml'><volume/></pool>"
                                "<network file='network.xml'/>"));
    backend = must_open("node.xml");
    collected = must_collect(backend, SECTION_STORAGE);
    storage = only(&collected);
    assert_int_equal(storage->volume_count, 1);
    assert_string_equal(storage->volumes[0].key, "/p/v");
    drop(&collected);

    /* They are watched, too. */
    write_file("volume.xml", "<volume><name>w</name><capacity>1</capacity></volume>");
    collected = must_collect(backend, SECTION_STORAGE);
    storage = only(&collected);
    assert_string_equal(storage->volumes[0].key, "/p/w");
    drop(&collected);
    sim()->close(backend);

    write_file("volume.xml", "<volume>\n<name>v</name></volume>");
    refuse("node.xml", "node.xml:2: ");
    refuse("node.xml", "volume.xml:1: this <volume> has no <capacity>");
    write_file("volume.xml", "<volume/><volume/>");
    refuse("node.xml", "volume.xml:1: ");
    write_file("node.xml", NODE("<network file='pool.xml'/>"));
    refuse("node.xml", "pool.xml:1: the root element is not <network>");
}

static void test_a_disk_finds_its_volume(void **state)
{
    static const char devices[] =
        "<disk type='volume'><source pool='images' volume='one'/>"
        "<target dev='vda'/></disk>"
        "<disk type='volume'><source pool='vg' volume='lv'/><target dev='vdb'/></disk>"
        "<disk type='volume'><source pool='vg' volume='one'/><target dev='vdc'/></disk>"
        "<disk type='file'><source file='/pool/one'/><target dev='vdd'/></disk>"
        "<disk type='file'><driver type='vmdk'/><source file='/elsewhere/two'/>"
        "<target dev='vde'/></disk>"
        "<disk type='volume'><driver type='raw'/>"
        "<source pool='images' volume='one'/><target dev='vdf'/></disk>";
    static const struct {
        const char *format;
        const char *source;
        enum disk_source source_type;
        int64_t capacity_bytes;
        int64_t allocation_bytes;
    } cases[] = {
        { "qcow2", "/pool/one", DISK_SOURCE_SPARSE, 10 * GIB, 3 * GIB },
        { "raw", "/dev/vg/lv", DISK_SOURCE_BLOCK, GIB, GIB },
        { NULL, "one", DISK_SOURCE_OTHER, 0, DOMAIN_NO_LIMIT },
        { "qcow2", "/pool/one", DISK_SOURCE_SPARSE, 10 * GIB, 3 * GIB },
        { "vmdk", "/elsewhere/two", DISK_SOURCE_SPARSE, 5000, 5000 },
        { "raw", "/pool/one", DISK_SOURCE_RAW, 10 * GIB, 3 * GIB },
    };
    struct backend *backend = open_devices("", devices, pool);
    struct collected configs = must_collect(backend, SECTION_CONFIGS);
    struct collected all = must_collect(backend, SECTION_DEVICES);
    const struct domain_config *config = only(&configs);

    (void)state;
    assert_int_equal(config->disk_count, 6);
    for (size_t i = 0; i < 6; i++) {
        const struct domain_disk *disk = &config->disks[i];
        const struct disk_statistics *statistics =
            domain_devices_disk(only(&all), disk->target);

        if (cases[i].format == NULL) {
            assert_null(disk->format);
        } else {
            assert_string_equal(disk->format, cases[i].format);
        }
        assert_string_equal(disk->source, cases[i].source);
        assert_int_equal(disk->source_type, cases[i].source_type);
        if (cases[i].capacity_bytes != 0) {
            assert_int_equal(statistics->capacity_bytes, cases[i].capacity_bytes);
        }
        assert_int_equal(statistics->allocation_bytes, cases[i].allocation_bytes);
    }
    drop(&configs);
    drop(&all);
    sim()->close(backend);
}

static void test_sizes_may_be_written(void **state)
{
    struct backend *backend = open_devices(
        "<sim:disk target='vda' capacity='20 GiB' allocation='7680MiB'/>"
        "<sim:disk target='vdb' capacity='1 TB'/>",
        FILE_DISK("vda", "/pool/one") FILE_DISK("vdb", "/b") FILE_DISK("vdc", "/c"),
        pool);
    struct collected all = must_collect(backend, SECTION_DEVICES);
    const struct disk_statistics *disk = domain_devices_disk(only(&all), "vda");

    (void)state;
    assert_int_equal(disk->capacity_bytes, 20 * GIB);
    assert_int_equal(disk->allocation_bytes, 7680 * MIB);
    disk = domain_devices_disk(only(&all), "vdb");
    assert_int_equal(disk->capacity_bytes, INT64_C(1000000000000));
    assert_int_equal(disk->allocation_bytes, INT64_C(1000000000000));
    disk = domain_devices_disk(only(&all), "vdc");
    assert_in_range(disk->capacity_bytes, 8 * GIB, 512 * GIB);
    assert_int_equal(disk->capacity_bytes % GIB, 0);
    drop(&all);
    sim()->close(backend);
}

static void test_usual_sizes_are_those_of_media(void **state)
{
    struct backend *backend = open_devices(
        "",
        "<disk device='cdrom'><source file='/cd'/><target dev='hda'/></disk>"
        "<disk device='cdrom'><target dev='hdb'/></disk>"
        "<disk device='floppy'><source file='/f'/><target dev='fda'/></disk>"
        "<disk type='network'><source protocol='rbd' name='x'/><target dev='vda'/>"
        "</disk>"
        "<disk><driver type='qcow2'/><source file='/q'/><target dev='vdb'/></disk>",
        "");
    struct collected all = must_collect(backend, SECTION_DEVICES);
    const struct disk_statistics *disk = domain_devices_disk(only(&all), "hda");

    (void)state;
    assert_in_range(disk->capacity_bytes, 700 * MIB, 4 * GIB);
    assert_int_equal(disk->allocation_bytes, disk->capacity_bytes);
    disk = domain_devices_disk(only(&all), "hdb");
    assert_int_equal(disk->capacity_bytes, DOMAIN_NO_LIMIT);
    assert_int_equal(disk->allocation_bytes, DOMAIN_NO_LIMIT);
    disk = domain_devices_disk(only(&all), "fda");
    assert_int_equal(disk->capacity_bytes, 1440 * KIB);
    disk = domain_devices_disk(only(&all), "vda");
    assert_int_equal(disk->allocation_bytes, DOMAIN_NO_LIMIT);
    disk = domain_devices_disk(only(&all), "vdb");
    assert_in_range(disk->allocation_bytes, disk->capacity_bytes / 8 - 65536,
                    disk->capacity_bytes - 1);
    drop(&all);
    sim()->close(backend);
}

static void test_interfaces_are_found_on_the_host(void **state)
{
    unsigned loopback = if_nametoindex("lo");
    struct backend *backend = open_devices(
        "",
        "<interface type='bridge'><mac address='52:54:00:00:00:01'/>"
        "<source bridge='lo'/><target dev='no-such-tap'/></interface>"
        "<interface type='network'><mac address='52:54:00:00:00:02'/>"
        "<source network='lan'/><target dev='lo'/></interface>"
        "<interface type='network'><mac address='52:54:00:00:00:03'/>"
        "<source network='macvtap'/></interface>"
        "<interface type='network'><mac address='52:54:00:00:00:04'/>"
        "<source network='nowhere'/><target dev='longer-than-a-name-can-be'/>"
        "</interface>",
        "<network><name>lan</name><bridge name='lo'/></network>"
        "<network><name>macvtap</name><forward mode='bridge'><interface dev='lo'/>"
        "</forward></network>");
    struct collected all = must_collect(backend, SECTION_DEVICES);
    const struct domain_devices *devices = only(&all);

    (void)state;
    assert_int_equal(devices->interface_count, 4);
    assert_int_equal(devices->interfaces[0].if_index, 0);
    assert_int_equal(devices->interfaces[0].parent_if_index, loopback);
    assert_int_equal(devices->interfaces[1].if_index, loopback);
    assert_int_equal(devices->interfaces[1].parent_if_index, loopback);
    assert_int_equal(devices->interfaces[2].if_index, 0);
    assert_int_equal(devices->interfaces[2].parent_if_index, loopback);
    assert_int_equal(devices->interfaces[3].if_index, 0);
    assert_int_equal(devices->interfaces[3].parent_if_index, 0);
    drop(&all);
    sim()->close(backend);
}

static void test_a_missing_mac_is_always_the_same(void **state)
{
    static const uint8_t prefix[] = { 0x52, 0x54, 0x00 };
    struct backend *backend =
        open_devices("", "<interface/><interface/><interface/>", "");
    struct collected first = must_collect(backend, SECTION_CONFIGS);
    struct collected second;
    const struct domain_config *config = only(&first);
    const struct domain_config *again;

    (void)state;
    sim()->close(backend);
    backend = open_devices("", "<interface/><interface/><interface/>", "");
    second = must_collect(backend, SECTION_CONFIGS);
    again = only(&second);
    assert_int_equal(config->interface_count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_memory_equal(config->interfaces[i].mac, prefix, sizeof(prefix));
        assert_memory_equal(config->interfaces[i].mac, again->interfaces[i].mac, 6);
        assert_memory_not_equal(config->interfaces[i].mac,
                                config->interfaces[(i + 1) % 3].mac, 6);
    }
    drop(&first);
    drop(&second);
    sim()->close(backend);
}

/* A disk whose image is there is on a file system of the host. */
static void test_a_mount_point_is_that_of_the_host(void **state)
{
    char devices[PATH_SIZE + 128];
    struct backend *backend;
    struct collected configs;
    const struct domain_config *config;

    (void)state;
    write_file("image", "x");
    snprintf(devices, sizeof(devices),
             "<disk><source file='%s'/><target dev='vda'/></disk>" FILE_DISK(
                 "vdb", "/nonexistent/image"),
             path_of("image"));
    backend = open_devices("", devices, "");
    configs = must_collect(backend, SECTION_CONFIGS);
    config = only(&configs);
    assert_non_null(config->disks[0].mount_point);
    assert_int_equal(config->disks[0].mount_point[0], '/');
    assert_null(config->disks[1].mount_point);
    drop(&configs);
    sim()->close(backend);
}

static uint32_t cpu_count_of(const char *cpu)
{
    char text[TEXT_SIZE];
    struct backend *backend;
    struct collected nodes;
    uint32_t count;

    snprintf(text, sizeof(text), NODE("%s"), cpu);
    write_file("cpu.xml", text);
    backend = must_open("cpu.xml");
    nodes = must_collect(backend, SECTION_NODE);
    count = ((const struct node *)only(&nodes))->cpu_count;
    assert_true(((const struct node *)only(&nodes))->is_local);
    drop(&nodes);
    sim()->close(backend);
    return count;
}

static void test_cpus_are_counted_as_the_test_driver_does(void **state)
{
    (void)state;
    assert_int_equal(cpu_count_of(""), 16);
    assert_int_equal(cpu_count_of("<cpu/>"), 16);
    assert_int_equal(cpu_count_of("<cpu><active>3</active></cpu>"), 3);
    assert_int_equal(cpu_count_of("<cpu><active>100</active></cpu>"), 16);
    assert_int_equal(cpu_count_of("<cpu><active/><nodes>4</nodes></cpu>"), 32);
    assert_int_equal(cpu_count_of("<cpu><nodes>1</nodes><sockets>2</sockets>"
                                  "<cores>8</cores><threads>2</threads></cpu>"),
                     32);
    assert_int_equal(cpu_count_of("<cpu><cores>1</cores></cpu><cpu><cores>9</cores>"
                                  "</cpu>"),
                     8);
    assert_int_equal(cpu_count_of("<cpu><nodes>1</nodes><sockets>1</sockets>"
                                  "<cores>8192</cores><threads>1</threads></cpu>"),
                     8192);
}

#define UUID_1 "<uuid>00000000-0000-4000-8000-000000000001</uuid>"
#define VOLUME(inside) "<volume><capacity>1</capacity>" inside "</volume>"
#define POOL(inside) "<pool type='dir'><name>p</name>" inside "</pool>"
#define SIZED(inside)                                                                  \
    DOMAIN("a", "<metadata><sim:domain>" inside "</sim:domain></metadata>"             \
                "<devices><disk><source file='/a'/><target dev='vda'/></disk>"         \
                "<disk device='cdrom'><target dev='hda'/></disk></devices>")

static const struct {
    const char *text;
    const char *words;
} bad_files[] = {
    { NODE("<network/>"), "bad.xml:2: this <network> has no <name>" },
    { NODE("<network><name>n</name></network>\n<network><name>n</name></network>"),
      "bad.xml:3: a second network \"n\"; the first is at" },
    { NODE("<network><name>n</name>\n<uuid>x</uuid></network>"), "bad.xml:3: <uuid>" },
    { NODE("<network><name>n</name>" UUID_1 "</network>\n<network><name>m</name>" UUID_1
           "</network>"),
      "bad.xml:3: a second network with the UUID" },
    { NODE("\n<pool/>"), "bad.xml:3: this <pool> has no <name>" },
    { NODE("\n<pool><volume><name>v</name><capacity>1</capacity></volume></pool>"),
      "bad.xml:3: this <pool> has no <name>" },
    { NODE("<pool><name>p</name><uuid>x</uuid></pool>"), "bad.xml:2: <uuid>" },
    { NODE(POOL("") "\n" POOL("")), "bad.xml:3: a second pool \"p\"" },
    { NODE("<pool><name>p</name>" UUID_1 "</pool>\n<pool><name>q</name>" UUID_1
           "</pool>"),
      "bad.xml:3: a second pool with the UUID" },
    { NODE(POOL("\n<volume/>")), "bad.xml:3: this <volume> has no <name>" },
    { NODE(POOL("\n<volume><name>v</name></volume>")), "has no <capacity>" },
    { NODE(POOL("<volume><name>v</name>\n<capacity unit='x'>1</capacity></volume>")),
      "bad.xml:3: <capacity unit=\"x\">" },
    { NODE(POOL(VOLUME("<name>v</name>\n<allocation>-1</allocation>"))),
      "bad.xml:3: <allocation>" },
    { NODE(POOL(VOLUME("<name>v</name>") "\n" VOLUME("<name>v</name>"))),
      "bad.xml:3: volume \"v\" has the name of volume \"v\" of pool \"p\" at" },
    { NODE(POOL(VOLUME("<name>v</name><key>k</key>") "\n" VOLUME(
          "<name>w</name><key>k</key>"))),
      "bad.xml:3: volume \"w\" has the key of volume \"v\"" },
    { NODE(POOL(VOLUME("<name>v</name>") "\n" VOLUME(
          "<name>w</name><target><path>p/v</path></target>"))),
      "bad.xml:3: volume \"w\" has the path of volume \"v\"" },
    { NODE("<device/>"), "bad.xml:2: this <device> has no <name>" },
    { NODE("<device><name>d</name></device>"), "has no <capability>" },
    { NODE("<device><name>d</name><capability/></device>\n"
           "<device><name>d</name><capability/></device>"),
      "bad.xml:3: a second device \"d\"" },
    { NODE("<interface/>"), "bad.xml:2: this <interface> has no name=" },
    { NODE("<interface name='eth0'/>\n<interface name='eth0'/>"),
      "bad.xml:3: a second interface \"eth0\"" },
    { NODE("<cpu>\n<mhz>x</mhz></cpu>"), "bad.xml:3: <mhz> \"x\"" },
    { NODE("<cpu><cores>0</cores></cpu>"), "from 1 to 8192" },
    { NODE("<cpu><cores>8192</cores></cpu>"), "more than 8192 CPUs" },
    { NODE("<cpu><model>12345678901234567890123456789012</model></cpu>"),
      "longer than 31" },
    { NODE("<memory>all</memory>"), "bad.xml:2: <memory>" },
    { NODE("<memory unit='GiB'>1</memory>"), "in KiB" },
    { NODE(SIZED("<sim:disk/>")), "no such disk" },
    { NODE(SIZED("<sim:disk target='vdb'/>")), "target=\"vdb\": the domain has no" },
    { NODE(SIZED("<sim:disk target='hda' capacity='1 GiB'/>")), "no medium" },
    { NODE(SIZED("<sim:disk target='vda' capacity='20'/>")), "20 GiB" },
    { NODE(SIZED("<sim:disk target='vda' capacity='2.5 GiB'/>")), "2.5 GiB" },
    { NODE(SIZED("<sim:disk target='vda' capacity='GiB'/>")), "\"GiB\"" },
    { NODE(SIZED("<sim:disk target='vda' capacity='9 EiB'/>")), "\"9 EiB\"" },
    { NODE(SIZED("<sim:disk target='vda' capacity='0 b'/>")), "without capacity" },
    { NODE(SIZED("<sim:disk target='vda' allocation='1 b'/>")), "needs a capacity" },
    { NODE(SIZED("<sim:disk target='vda' capacity='1 MB' allocation='1 MiB'/>")),
      "not more" },
    { NODE(SIZED("<sim:disk target='vda' size='1 MB'/>")), "\"size\"" },
    { NODE(SIZED("<sim:disk target='vda' capacity='1 b'/>"
                 "<sim:disk target='vda' capacity='1 b'/>")),
      "a second sim:disk" },
    { NODE(SIZED("<sim:disc target='vda'/>")), "there are sim:disk, sim:fault and" },
    { NODE(DOMAIN("a", "\n<devices><disk/></devices>")), "bad.xml:3: this <disk>" },
};

static void test_a_bad_file_is_told_with_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bad_files) / sizeof(bad_files[0]); i++) {
        write_file("bad.xml", bad_files[i].text);
        refuse("bad.xml", bad_files[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_domain_is_whole),
        cmocka_unit_test(test_volumes_are_delivered),
        cmocka_unit_test(test_parts_may_be_in_files_of_their_own),
        cmocka_unit_test(test_a_disk_finds_its_volume),
        cmocka_unit_test(test_sizes_may_be_written),
        cmocka_unit_test(test_usual_sizes_are_those_of_media),
        cmocka_unit_test(test_interfaces_are_found_on_the_host),
        cmocka_unit_test(test_a_missing_mac_is_always_the_same),
        cmocka_unit_test(test_a_mount_point_is_that_of_the_host),
        cmocka_unit_test(test_cpus_are_counted_as_the_test_driver_does),
        cmocka_unit_test(test_a_bad_file_is_told_with_its_line),
    };

    return cmocka_run_group_tests_name("sim_devices", tests, make_folder,
                                       remove_folder);
}
