/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mknode_write.h"

#include <inttypes.h>

#define IMAGES "/var/lib/libvirt/images"
#define ISO "/var/lib/libvirt/iso/debian-12.iso"

/* The networks that interfaces are on, one after the other. */
static const char *const networks[] = { "default", "lan", "dmz" };
#define NETWORK_COUNT (sizeof(networks) / sizeof(networks[0]))

static void write_head(FILE *file, const struct mknode_options *options)
{
    fprintf(file,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<!-- made by hvagentx-mknode -d %" PRIu32 " -c %" PRIu32 " -k %" PRIu32
            " -i %" PRIu32 " -s %" PRIu64 " -r %" PRIu32 " -->\n"
            "<node xmlns:test=\"http://libvirt.org/schemas/domain/test/1.0\"\n"
            "      xmlns:sim=\"urn:hvagentx:sim:1\">\n",
            options->domains, options->vcpus, options->disks, options->interfaces,
            options->seed, options->running_percent);
    fprintf(file,
            "<cpu><mhz>2600</mhz><model>x86_64</model><active>%d</active>"
            "<nodes>2</nodes><sockets>1</sockets><cores>16</cores>"
            "<threads>2</threads></cpu>\n"
            "<memory>1073741824</memory>\n",
            MKNODE_CPUS);
}

static void write_metadata(FILE *file, const struct mknode_options *options,
                           const struct mknode_domain *domain, uint32_t at)
{
    fprintf(file,
            "<metadata><libosinfo:libosinfo "
            "xmlns:libosinfo=\"http://libosinfo.org/xmlns/libvirt/domain/1.0\">"
            "<libosinfo:os id=\"%s\"/></libosinfo:libosinfo>\n"
            "<sim:domain autostart=\"%s\" load=\"%u\">",
            domain->role->os, domain->is_autostart ? "yes" : "no",
            domain->role->load_percent);
    for (uint32_t i = 0; i < options->disks; i++) {
        const struct mknode_disk disk = mknode_plan_disk(options, at, i);

        if (disk.kind == MKNODE_DISK_CLUSTER || disk.kind == MKNODE_DISK_RAW) {
            fprintf(file, "<sim:disk target=\"%s\" capacity=\"%" PRIu32 " GiB\"/>",
                    disk.target, disk.capacity_gib);
        }
    }
    fputs("</sim:domain></metadata>\n", file);
}

static void write_sizes(FILE *file, const struct mknode_domain *domain)
{
    uint32_t memory_gib = domain->role->memory_gib;

    fprintf(file, "<memory unit=\"GiB\">%" PRIu32 "</memory>", memory_gib);
    if (domain->has_balloon) {
        fprintf(file, "<currentMemory unit=\"GiB\">%" PRIu32 "</currentMemory>",
                memory_gib / 2);
    }
    if (domain->vcpus != domain->vcpus_max) {
        fprintf(file, "<vcpu current=\"%" PRIu32 "\">%" PRIu32 "</vcpu>\n",
                domain->vcpus, domain->vcpus_max);
    } else {
        fprintf(file, "<vcpu>%" PRIu32 "</vcpu>\n", domain->vcpus);
    }
    if (domain->is_pinned) {
        fputs("<cputune>", file);
        for (uint32_t i = 0; i < domain->vcpus_max; i++) {
            fprintf(file, "<vcpupin vcpu=\"%" PRIu32 "\" cpuset=\"%" PRIu32 "\"/>", i,
                    domain->first_cpu + i);
        }
        fputs("</cputune>\n", file);
    }
}

static void write_disk(FILE *file, const struct mknode_domain *domain,
                       const struct mknode_disk *disk)
{
    switch (disk->kind) {
    case MKNODE_DISK_IMAGE:
        fprintf(file,
                "<disk type=\"file\"><driver name=\"qemu\" type=\"qcow2\"/>"
                "<source file=\"" IMAGES "/%s-%s.qcow2\"/>",
                domain->name, disk->target);
        break;
    case MKNODE_DISK_LOGICAL:
        fprintf(file,
                "<disk type=\"volume\"><driver name=\"qemu\" type=\"raw\"/>"
                "<source pool=\"vg0\" volume=\"%s-%s\"/>",
                domain->name, disk->target);
        break;
    case MKNODE_DISK_RAW:
        fprintf(file,
                "<disk type=\"file\"><driver name=\"qemu\" type=\"raw\"/>"
                "<source file=\"/srv/raw/%s-%s.img\"/>",
                domain->name, disk->target);
        break;
    case MKNODE_DISK_CLUSTER:
        fprintf(file,
                "<disk type=\"network\"><driver name=\"qemu\" type=\"raw\"/>"
                "<source protocol=\"rbd\" name=\"rbd/%s-%s\">"
                "<host name=\"ceph.example\" port=\"6789\"/></source>",
                domain->name, disk->target);
        break;
    }
    fprintf(file, "<target dev=\"%s\" bus=\"virtio\"/></disk>\n", disk->target);
}

static void write_interface(FILE *file, const struct mknode_options *options,
                            uint32_t at, uint32_t interface)
{
    uint64_t number = (uint64_t)at * options->interfaces + interface;

    fprintf(file,
            "<interface type=\"network\">"
            "<mac address=\"52:54:%02x:%02x:%02x:%02x\"/><source network=\"%s\"/>"
            "<target dev=\"tap%" PRIu64 "\"/><model type=\"virtio\"/></interface>\n",
            (unsigned)(number >> 24 & 0xff), (unsigned)(number >> 16 & 0xff),
            (unsigned)(number >> 8 & 0xff), (unsigned)(number & 0xff),
            networks[(at + interface) % NETWORK_COUNT], number);
}

static void write_devices(FILE *file, const struct mknode_options *options,
                          const struct mknode_domain *domain, uint32_t at)
{
    fputs("<devices>\n", file);
    for (uint32_t i = 0; i < options->disks; i++) {
        const struct mknode_disk disk = mknode_plan_disk(options, at, i);

        write_disk(file, domain, &disk);
    }
    if (domain->has_drive) {
        fprintf(file,
                "<disk type=\"file\" device=\"cdrom\">%s"
                "<target dev=\"sda\" bus=\"sata\"/><readonly/></disk>\n",
                domain->has_cd ? "<source file=\"" ISO "\"/>" : "");
    }
    for (uint32_t i = 0; i < options->interfaces; i++) {
        write_interface(file, options, at, i);
    }
    fputs("</devices>\n", file);
}

static void write_state(FILE *file, const struct mknode_domain *domain)
{
    static const char *const states[] = {
        [MKNODE_RUNNING] = "",
        [MKNODE_PAUSED] = "<test:runstate>3</test:runstate>",
        [MKNODE_SHUT_OFF] = "<test:runstate>5</test:runstate>",
        [MKNODE_SAVED] = "<test:runstate>5</test:runstate><test:hasmanagedsave/>",
        [MKNODE_CRASHED] = "<test:runstate>6</test:runstate>",
    };

    fputs(states[domain->state], file);
    if (domain->is_transient) {
        fputs("<test:transient/>", file);
    }
}

static void write_domain(FILE *file, const struct mknode_options *options, uint32_t at)
{
    const struct mknode_domain domain = mknode_plan_domain(options, at);
    char uuid[UUID_TEXT_SIZE];

    fprintf(file,
            "<domain type=\"test\">\n<name>%s</name><uuid>%s</uuid>"
            "<title>%s of customer %03" PRIu64 "</title>\n",
            domain.name, uuid_format(&domain.uuid, uuid), domain.role->title,
            (uint64_t)at / 100 + 1);
    write_metadata(file, options, &domain, at);
    write_sizes(file, &domain);
    fputs("<os><type arch=\"x86_64\">hvm</type></os>\n", file);
    write_devices(file, options, &domain, at);
    write_state(file, &domain);
    fputs("</domain>\n", file);
}

static void write_networks(FILE *file)
{
    fputs("<network><name>default</name>"
          "<uuid>004b96e1-2d78-c30f-5aa5-f03c87d21e69</uuid><forward/>"
          "<bridge name=\"virbr0\"/>"
          "<ip address=\"192.168.122.1\" netmask=\"255.255.255.0\"/></network>\n"
          "<network><name>lan</name>"
          "<uuid>5a8f4b0e-6f5c-4a3e-9d7b-2c1e8f60a7d2</uuid>"
          "<forward mode=\"bridge\"/><bridge name=\"br0\"/></network>\n"
          "<network><name>dmz</name>"
          "<uuid>91c3e2d7-08b4-4f6a-8e15-7d2f0c9b3a64</uuid>"
          "<forward mode=\"bridge\"/><bridge name=\"br1\"/></network>\n",
          file);
}

static void write_volume(FILE *file, const struct mknode_domain *domain,
                         const struct mknode_disk *disk)
{
    if (disk->kind == MKNODE_DISK_IMAGE) {
        fprintf(file,
                "<volume><name>%s-%s.qcow2</name><capacity unit=\"GiB\">%" PRIu32
                "</capacity><allocation unit=\"MiB\">%" PRIu32 "</allocation>"
                "<target><format type=\"qcow2\"/></target></volume>\n",
                domain->name, disk->target, disk->capacity_gib, disk->allocation_mib);
    } else {
        fprintf(file,
                "<volume><name>%s-%s</name><capacity unit=\"GiB\">%" PRIu32
                "</capacity></volume>\n",
                domain->name, disk->target, disk->capacity_gib);
    }
}

/* A pool with the volumes of all disks of one kind. */
static void write_volumes(FILE *file, const struct mknode_options *options,
                          enum mknode_disk_kind kind)
{
    for (uint32_t at = 0; at < options->domains; at++) {
        const struct mknode_domain domain = mknode_plan_domain(options, at);

        for (uint32_t i = 0; i < options->disks; i++) {
            const struct mknode_disk disk = mknode_plan_disk(options, at, i);

            if (disk.kind == kind) {
                write_volume(file, &domain, &disk);
            }
        }
    }
}

static void write_pools(FILE *file, const struct mknode_options *options)
{
    fputs("<pool type=\"dir\"><name>images</name>"
          "<uuid>1b6e4b3c-6a56-44d2-9a1b-90c1d1f7bb1d</uuid>"
          "<target><path>" IMAGES "</path></target>\n",
          file);
    write_volumes(file, options, MKNODE_DISK_IMAGE);
    /* One that no domain has. */
    fputs("<volume><name>template.qcow2</name><capacity unit=\"GiB\">10</capacity>"
          "<allocation unit=\"GiB\">2</allocation>"
          "<target><format type=\"qcow2\"/></target></volume>\n"
          "</pool>\n",
          file);
    fputs("<pool type=\"logical\"><name>vg0</name>"
          "<uuid>d7a1f0c4-3e92-4b58-a6d0-58c2e91b7f33</uuid>"
          "<source><name>vg0</name></source>"
          "<target><path>/dev/vg0</path></target>\n",
          file);
    write_volumes(file, options, MKNODE_DISK_LOGICAL);
    fputs("</pool>\n"
          "<pool type=\"dir\"><name>iso</name>"
          "<uuid>3c6f9b12-7d48-4e0a-b5f1-06a8d3e7c294</uuid>"
          "<target><path>/var/lib/libvirt/iso</path></target>\n"
          "<volume><name>debian-12.iso</name><capacity unit=\"MiB\">3700</capacity>"
          "</volume>\n</pool>\n",
          file);
}

void mknode_write(FILE *file, const struct mknode_options *options)
{
    write_head(file, options);
    for (uint32_t at = 0; at < options->domains; at++) {
        write_domain(file, options, at);
    }
    write_networks(file);
    write_pools(file, options);
    fputs("<device><name>computer</name><capability type=\"system\"><hardware>"
          "<vendor>hvagentx</vendor><version>simulated</version><serial>1</serial>"
          "<uuid>6b0d2f5e-94a7-4c1d-8f3b-e2715a60c9d8</uuid></hardware>"
          "<firmware/></capability></device>\n"
          "<interface type=\"ethernet\" name=\"eth0\"/>\n"
          "</node>\n",
          file);
}
