# SPDX-License-Identifier: BSD-2-Clause
"""Nodes with rows in all tables."""
from dataclasses import dataclass

import node

VCPUS = 4
PINS = 1  # of the vcpus
CPUS = 4  # of the node
DISKS = 2
INTERFACES = 2


@dataclass
class Domain(node.Domain):
    """A running domain with disks, interfaces and bound vcpus."""
    number: int = 0
    vcpus: int = VCPUS

    def __post_init__(self):
        super().__post_init__()
        disks = "".join(
            f'<disk type="file" device="disk"><driver name="qemu" type="qcow2"/>'
            f'<source file="{source}"/><target dev="{target}" bus="virtio"/></disk>\n'
            for target, source in self.disks())
        interfaces = "".join(
            f'<interface type="bridge"><mac address="{mac.hex(":")}"/>'
            '<source bridge="br0"/><model type="virtio"/></interface>\n'
            for mac in self.macs())
        self.hardware = f"\n{disks}{interfaces}"

    def disks(self):
        """Target and source of each disk."""
        return [(f"vd{chr(ord('a') + place)}",
                 f"/var/lib/libvirt/images/{self.name}-{place}.qcow2")
                for place in range(DISKS)]

    def macs(self):
        """The hardware address of each interface."""
        return [bytes([0x52, 0x54, place, *self.number.to_bytes(3, "big")])
                for place in range(INTERFACES)]

    def xml(self):
        pins = "".join(f'<vcpupin vcpu="{vcpu}" cpuset="{self.number % CPUS}"/>'
                       for vcpu in range(PINS))
        return super().xml().replace(" </domain>",
                                     f"<cputune>{pins}</cputune>\n </domain>")


class Node(node.Node):
    """A node of CPUS CPUs."""

    def xml(self):
        cpu = ("<cpu><nodes>1</nodes><sockets>1</sockets>"
               f"<cores>{CPUS}</cores><threads>1</threads></cpu>")
        return super().xml().replace(">\n", f">\n{cpu}\n", 1)


def full(count):
    """The domains of a node on which each table has rows for each of them."""
    return [Domain(f"vm{number:05d}", number=number,
                   memory_kib=(1 + number % 64) * 1024 * 1024, load=number % 101)
            for number in range(1, count + 1)]


def text(count):
    """The file of a node of so many domains."""
    return Node(full(count)).xml()
