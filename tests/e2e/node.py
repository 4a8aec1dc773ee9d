# SPDX-License-Identifier: BSD-2-Clause
"""Files of simulated nodes, hvagentx-sim(5), and what is to be seen of them."""
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import NAMESPACE_OID, UUID, uuid5
from xml.sax.saxutils import escape

from snmp import integer, string

_NAMESPACES = ('xmlns:test="http://libvirt.org/schemas/domain/test/1.0" '
               'xmlns:sim="urn:hvagentx:sim:1"')

_KIB = 1024


class State(NamedTuple):
    """A state of a domain: in libvirt's test driver, and in VM-MIB."""
    elements: str
    oper: int
    admin: int
    is_active: bool = True  # has statistics


RUNNING = State("", 4, 1)
PAUSED = State("<test:runstate>3</test:runstate>", 8, 3)
SHUTDOWN = State("<test:runstate>5</test:runstate>", 11, 4, False)
SUSPENDED = State("<test:runstate>5</test:runstate><test:hasmanagedsave/>", 6, 2, False)
CRASHED = State("<test:runstate>6</test:runstate>", 12, 1)


@dataclass
class Domain:
    name: str
    uuid: UUID = None  # of the name, if not given
    memory_kib: int = 4 * 1024 * _KIB
    current_kib: int = None  # all of the memory
    vcpus: int = 2
    vcpus_current: int = None  # all of them
    state: State = RUNNING
    persistent: bool = True
    autostart: bool = False
    load: int = 50
    os_type: str = "hvm"
    cpuset: str = None  # all CPUs
    hardware: str = ""  # what is in <devices>
    faults: list = field(default_factory=list)

    def __post_init__(self):
        if self.uuid is None:
            self.uuid = uuid5(NAMESPACE_OID, self.name)

    def xml(self):
        current = self.vcpus_current or self.vcpus
        autostart = "yes" if self.autostart else "no"
        cpuset = "" if self.cpuset is None else f' cpuset="{self.cpuset}"'
        return f"""\
 <domain type="test">
  <name>{escape(self.name)}</name>
  <uuid>{self.uuid}</uuid>
  <metadata>
   <sim:domain load="{self.load}" autostart="{autostart}">
    {"".join(self.faults)}
   </sim:domain>
  </metadata>
  <memory unit="KiB">{self.memory_kib}</memory>
  <currentMemory unit="KiB">{self.current_kib or self.memory_kib}</currentMemory>
  <vcpu current="{current}"{cpuset}>{self.vcpus}</vcpu>
  <os><type>{escape(self.os_type)}</type></os>
  <devices>{self.hardware}</devices>
  {self.state.elements}{"" if self.persistent else "<test:transient/>"}
 </domain>
"""

    def columns(self):
        """Columns of vmTable and their values, but those that time changes."""
        return {
            "vmName": string(self.name),
            "vmUUID": string(self.uuid.bytes),
            "vmOSType": string(self.os_type),
            "vmAdminState": integer(self.state.admin),
            "vmOperState": integer(self.state.oper),
            "vmAutoStart": integer(2 if self.autostart else 3),
            "vmPersistent": integer(2 if self.persistent else 3),
            "vmCurCpuNumber": integer(self.vcpus_current or self.vcpus),
            "vmMinCpuNumber": integer(-1),
            "vmMaxCpuNumber": integer(self.vcpus),
            "vmMemUnit": integer(_KIB),
            "vmCurMem": integer(self.current_kib or self.memory_kib),
            "vmMinMem": integer(-1),
            "vmMaxMem": integer(self.memory_kib),
        }


@dataclass
class Node:
    domains: list
    frozen_s: int = None  # its clock stands at this uptime
    faults: list = field(default_factory=list)

    def xml(self):
        clock = ""
        if self.frozen_s is not None:
            clock = f'<sim:clock uptime="{self.frozen_s}" frozen="yes"/>\n'
        return (f"<node {_NAMESPACES}>\n{clock}{''.join(self.faults)}\n"
                f"{''.join(domain.xml() for domain in self.domains)}</node>\n")


def fault(kind, on="all", from_s=0, for_s=None, delay_ms=None):
    """A fault of a node or a domain."""
    attributes = f'kind="{kind}" from="{from_s}"'
    if kind != "vanish":
        attributes += f' on="{on}"'
    if for_s is not None:
        attributes += f' for="{for_s}"'
    if delay_ms is not None:
        attributes += f' delay="{delay_ms}"'
    return f"<sim:fault {attributes}/>"


def many(count, prefix="vm"):
    """Domains of a large node, some of them in each state."""
    states = [RUNNING, RUNNING, PAUSED, SHUTDOWN, SUSPENDED, CRASHED]
    return [Domain(f"{prefix}{number:05d}", state=states[number % len(states)],
                   memory_kib=(1 + number % 64) * 1024 * _KIB, vcpus=1 + number % 16,
                   autostart=number % 3 == 0, load=number % 101)
            for number in range(1, count + 1)]


HARDWARE = """
   <disk type="file"><driver type="qcow2"/><source file="/images/web"/>
    <target dev="vda"/></disk>
   <interface type="bridge"><mac address="52:54:00:76:66:01"/><source bridge="br0"/>
    <model type="virtio"/></interface>
  """

# One domain of each kind; names in an order that is not that of the file.
SMALL = [
    Domain("web", autostart=True, vcpus=4, os_type="hvm", cpuset="0-3",
           hardware=HARDWARE),
    Domain("db", memory_kib=64 * 1024 * _KIB, current_kib=48 * 1024 * _KIB, vcpus=16,
           vcpus_current=8),
    Domain("router", state=PAUSED, os_type="exe"),
    Domain("backup", state=SHUTDOWN),
    Domain("staging", state=SUSPENDED),
    Domain("old", state=CRASHED),
    Domain("installer", persistent=False),
    Domain("münchen-süd"),
]
