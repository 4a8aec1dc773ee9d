/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain_xml.h - the one parser of libvirt's domain XML, for all backends.
 *
 * Included by backends/ and tests.  Pure: reads the memory it is given and
 * nothing else.  Any thread.
 *
 * It takes what libvirt writes and what people write for libvirt, and means
 * by it what libvirt means: defaults, units, rounding.  It is no validator:
 * what nobody here reads may be there, or be wrong; and a word that a later
 * libvirt may know is taken as "other".  Refused is what leaves no meaning: a
 * disk without a target, two disks with the same one, a broken MAC address or
 * set of CPUs.
 */
#ifndef HVX_BACKENDS_DOMAIN_XML_H
#define HVX_BACKENDS_DOMAIN_XML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libxml/tree.h>

#include "model/domain.h"
#include "model/status.h"
#include "model/uuid.h"

/* Bounds of one domain's XML. */
#define DOMAIN_XML_SIZE_MAX ((size_t)1024 * 1024) /* octets */
#define DOMAIN_XML_DEPTH_MAX 64                   /* elements in elements */
#define DOMAIN_XML_ELEMENTS_MAX 65536
#define DOMAIN_XML_VCPUS_MAX 65535 /* as libvirt's own schema has it */
#define DOMAIN_XML_DISKS_MAX 16384
#define DOMAIN_XML_INTERFACES_MAX 16384
#define DOMAIN_XML_TARGET_MAX 63 /* octets of a disk's target */

/* <disk type=>: what a disk's source is. */
enum domain_xml_storage {
    DOMAIN_XML_STORAGE_FILE,
    DOMAIN_XML_STORAGE_BLOCK,
    DOMAIN_XML_STORAGE_DIR,
    DOMAIN_XML_STORAGE_NETWORK,
    DOMAIN_XML_STORAGE_VOLUME,
    DOMAIN_XML_STORAGE_NVME,
    DOMAIN_XML_STORAGE_VHOST_USER,
    DOMAIN_XML_STORAGE_OTHER, /* a word that is not known here */
};
#define DOMAIN_XML_STORAGE_COUNT (DOMAIN_XML_STORAGE_OTHER + 1)

/* <interface type=>: what an interface is attached to. */
enum domain_xml_attachment {
    DOMAIN_XML_ATTACHMENT_BRIDGE,
    DOMAIN_XML_ATTACHMENT_NETWORK,
    DOMAIN_XML_ATTACHMENT_DIRECT,
    DOMAIN_XML_ATTACHMENT_ETHERNET,
    DOMAIN_XML_ATTACHMENT_USER,
    DOMAIN_XML_ATTACHMENT_HOSTDEV,
    DOMAIN_XML_ATTACHMENT_INTERNAL,
    DOMAIN_XML_ATTACHMENT_OTHER, /* all other words */
};
#define DOMAIN_XML_ATTACHMENT_COUNT (DOMAIN_XML_ATTACHMENT_OTHER + 1)

/* What ends a domain's life, or interrupts it. */
enum domain_xml_event {
    DOMAIN_XML_EVENT_POWEROFF,
    DOMAIN_XML_EVENT_REBOOT,
    DOMAIN_XML_EVENT_CRASH,
};
#define DOMAIN_XML_EVENT_COUNT (DOMAIN_XML_EVENT_CRASH + 1)

/* What is done then. */
enum domain_xml_action {
    DOMAIN_XML_ACTION_DESTROY,
    DOMAIN_XML_ACTION_RESTART,
    DOMAIN_XML_ACTION_PRESERVE,
    DOMAIN_XML_ACTION_RENAME_RESTART,
    DOMAIN_XML_ACTION_COREDUMP_DESTROY,
    DOMAIN_XML_ACTION_COREDUMP_RESTART,
    DOMAIN_XML_ACTION_OTHER, /* a word that is not known here */
};
#define DOMAIN_XML_ACTION_COUNT (DOMAIN_XML_ACTION_OTHER + 1)

/* A vcpu that is bound to some CPUs, as in struct domain_pin. */
struct domain_xml_pin {
    uint32_t vcpu;
    uint32_t word_count;
    uint64_t *cpus;
};

/* A <disk>.  Strings are NULL where the XML says nothing. */
struct domain_xml_disk {
    enum domain_xml_storage type;
    enum disk_media media; /* of device=: disk and lun are hard disks */
    bool read_only;        /* <readonly/>; a cdrom always is */
    char *target;          /* once in a domain; never NULL nor empty */
    char *bus;             /* as libvirt derives it where it is missing */
    /*
     * <driver type=>; for a network, the protocol.  NULL: not said, which
     * hypervisors take as raw.
     */
    char *format;
    char *pool; /* of a volume, both or none */
    char *volume;
    /*
     * Path of the file, device or folder, name on the network, or the
     * volume's name; "" for a drive without a medium; NULL: of a kind that
     * has no such name.
     */
    char *source;
    /* Path of the file or device, or name, that the image is laid over. */
    char *backing_source;
    /*
     * For a backend that knows better, before domain_xml_config(): what
     * RFC 7666 calls the source, and the mount point of its file system (NULL
     * so far).  It may exchange `source` and `format`, too; all strings are
     * freed by free().
     */
    enum disk_source source_type;
    char *mount_point;
};

/* An <interface>.  Strings are NULL where the XML says nothing. */
struct domain_xml_interface {
    enum domain_xml_attachment type;
    bool has_mac; /* else the backend gives it one; without, it is no row */
    uint8_t mac[DOMAIN_MAC_SIZE];
    char *model;
    char *network; /* of libvirt's virtual networks */
    char *parent;  /* bridge or device of the host that it is attached to */
    char *target;  /* its own end on the host */
};

/* A domain's description.  Strings are NULL where the XML says nothing. */
struct domain_xml {
    char *name; /* never NULL nor empty; as written, not cleaned */
    struct uuid uuid;
    bool has_uuid;
    char *title;
    /*
     * The operating system: of libosinfo's id in the metadata what is to be
     * read by people ("http://debian.org/debian/12": "debian 12"), else the
     * text of <os><type> (hvm, exe, linux, xen ...).
     */
    char *os_type;
    int64_t vcpus;     /* <vcpu current=>; all of them where it is missing */
    int64_t vcpus_max; /* <vcpu>; 1 where it is missing */
    /*
     * <memory> and <currentMemory>, rounded up to KiB as libvirt does.
     * DOMAIN_NO_LIMIT where the first is missing or 0; all of it where the
     * second is missing, 0 or more than there is.
     */
    int64_t memory_max_bytes;
    int64_t memory_bytes;
    /*
     * <vcpupin>, and <vcpu cpuset=> for the vcpus without one, ascending, each
     * vcpu once.  Several may point to the same `cpus`.  Not known where
     * libvirt is to find a place by itself (placement="auto").
     */
    bool affinity_known;
    size_t pin_count;
    struct domain_xml_pin *pins;
    uint64_t *default_cpus; /* of <vcpu cpuset=>; NULL: all */
    size_t default_word_count;
    /*
     * <cputune>: <shares>, 0 where it is missing (the hypervisor's default); and
     * <quota> in percent of <period>, rounded up, 0 where it is missing, 0 or
     * negative, which is no cap.
     */
    uint32_t cpu_weight;
    uint32_t cpu_cap;
    enum domain_xml_action actions[DOMAIN_XML_EVENT_COUNT];
    size_t disk_count; /* in the order of the XML */
    struct domain_xml_disk *disks;
    size_t interface_count;
    struct domain_xml_interface *interfaces;
};

/*
 * Reads a <domain> element out of a document that is already in memory.
 * `source` names the document in errors: "SOURCE:LINE: reason".
 * Errors: STATUS_INVALID, STATUS_NO_MEMORY.
 */
enum status domain_xml_from_node(const char *source, const xmlNode *node,
                                 struct domain_xml **ret_domain,
                                 struct error *error) MUST_CHECK;

/*
 * Reads a document whose root is <domain> from `size` octets of text (no NUL
 * needed).  Hostile text is refused: see xml_input.h and the bounds above.
 * Errors: STATUS_INVALID, STATUS_NO_MEMORY.
 */
enum status domain_xml_from_text(const char *source, const char *text, size_t size,
                                 struct domain_xml **ret_domain,
                                 struct error *error) MUST_CHECK;

/* NULL is allowed. */
void domain_xml_free(struct domain_xml *domain);

/*
 * The record of this description, with the UUID given: a backend may know it
 * from elsewhere.  Interfaces without a MAC are left out, and of two with the
 * same the second.  NULL without memory.
 */
struct domain_config *domain_xml_config(const struct domain_xml *domain,
                                        const struct uuid *uuid);

#endif
