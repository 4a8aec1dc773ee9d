#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""libvirt's test driver and hvagentx see the same in the same node file."""
import os
import re
import shutil
import subprocess
import unittest
from xml.etree import ElementTree

import lab
import snmp
from lab import Lab
from snmp import VM_MIB, oid

EXAMPLE = snmp.SOURCE_TREE / "docs" / "examples" / "node.xml"
GOLDEN = snmp.SOURCE_TREE / "tests" / "data" / "golden.xml"

NAMESPACES = {
    "sim": "urn:hvagentx:sim:1",
    "libosinfo": "http://libosinfo.org/xmlns/libvirt/domain/1.0",
}

STARTUP_ERROR = 1

# What virsh calls a state, and VirtualMachineOperState.
STATES = {"no state": 2, "running": 4, "idle": 4, "paused": 8, "in shutdown": 10,
          "shut off": 11, "crashed": 12, "pmsuspended": 8}
SUSPENDED = 6

# IANAStorageMediaType, and VirtualMachineStorageAccess.
MEDIA = {"disk": 3, "lun": 3, "cdrom": 4, "floppy": 5}
READ_WRITE, READ_ONLY = 2, 3

NAME_MAX = 255

NODE = """\
<node xmlns:test="http://libvirt.org/schemas/domain/test/1.0">
{}
</node>
"""

DOMAIN = """\
<domain type="test">
  {}
  <memory>1048576</memory>
  <vcpu>2</vcpu>
  <os><type>hvm</type></os>
  {}
</domain>
"""

UUID = "<uuid>5d4e3c2b-1a09-4f8e-8d7c-6b5a49382716</uuid>"


def domain(name, more=""):
    return DOMAIN.format(f"<name>{name}</name>", more)


class Virsh:
    """What libvirt's test driver tells about a node file."""

    def __init__(self, path, folder):
        self.uri = f"test:///{path}"
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                            "HOME": str(folder)}

    def run(self, *arguments):
        return subprocess.run(["virsh", "-q", "-c", self.uri, *arguments],
                              env=self.environment, capture_output=True, text=True,
                              cwd="/", timeout=lab.DEADLINE_S)

    def ask(self, *arguments):
        run = self.run(*arguments)
        if run.returncode != 0:
            raise AssertionError(f"{run.args}: {run.stderr}")
        return run.stdout

    def lines(self, *arguments):
        return [line for line in self.ask(*arguments).splitlines() if line]

    def uuids(self):
        """UUIDs by name; those that libvirt made up are another time others."""
        first, second = (dict(reversed(line.split(" ", 1)) for line in
                              self.lines("list", "--all", "--uuid", "--name"))
                         for _ in range(2))
        return {name: uuid if second[name] == uuid else None
                for name, uuid in first.items()}

    def information(self, name):
        return {key: value.strip() for key, _, value in
                (line.partition(":") for line in self.lines("dominfo", name))}

    def vcpus(self, name):
        """The most and the current ones; as configured and live, the same."""
        counts = {tuple(line.split()) for line in self.lines("vcpucount", name)}
        return [next(int(number) for what, _, number in counts if what == wanted)
                for wanted in ("maximum", "current")]

    def description(self, name):
        return ElementTree.fromstring(self.ask("dumpxml", name))

    def disks(self, name):
        """Type, device, target, source of each."""
        return [line.split(None, 3)
                for line in self.lines("domblklist", name, "--details")]

    def interfaces(self, name):
        """Models by MAC address; None for an address that libvirt made up."""
        first, second = ([line.split() for line in self.lines("domiflist", name)]
                         for _ in range(2))
        return [(words[-2], words[-1] if words == again else None)
                for words, again in zip(first, second)]


def published_name(name):
    return name.encode()[:NAME_MAX].decode(errors="ignore")


class VirshTest(unittest.TestCase):

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        if not shutil.which("virsh"):
            raise unittest.SkipTest("virsh is not installed")

    def setUp(self):
        self.lab = self.enterContext(Lab())

    def read(self, path):
        """Makes the agent publish a file: its values by OID, vmIndices by name."""
        self.virsh = Virsh(path, self.lab.folder)
        self.lab.start_master()
        self.lab.write_config(f"node sim:{path}")
        self.lab.start_agent()
        self.lab.wait_state(2)
        self.values = dict(self.lab.bulk_walk(VM_MIB))
        self.indices = {value.value.decode(): name[-1] for name, value
                        in self.values.items() if snmp.below(oid("vmName"), name)}

    def write_node(self, *content):
        return self.lab.write("node.xml", NODE.format("\n".join(content)))

    def number(self, column, name):
        return self.values[oid(column, self.indices[published_name(name)])].value

    def rows(self, column, name):
        """The values of a column of devices of one domain, by index."""
        prefix = oid(column, self.indices[published_name(name)])
        return {number[-1]: value.value for number, value in self.values.items()
                if snmp.below(prefix, number)}

    # ---- what is compared

    def check_domains(self):
        uuids = self.virsh.uuids()
        self.assertEqual(sorted(self.indices), sorted(map(published_name, uuids)))
        self.assertEqual(self.values[oid("vmNumber", 0)].value, len(uuids))
        for name, uuid in uuids.items():
            with self.subTest(domain=name):
                if uuid is not None:
                    self.assertEqual(self.number("vmUUID", name).hex(),
                                     uuid.replace("-", ""))
                self.check_information(name)
                self.check_description(name)

    def check_information(self, name):
        known = self.virsh.information(name)
        is_saved = known["Managed save"] == "yes"
        self.assertEqual(self.number("vmOperState", name),
                         SUSPENDED if is_saved else STATES[known["State"]])
        self.assertEqual(self.number("vmPersistent", name),
                         2 if known["Persistent"] == "yes" else 3)
        for column, key in (("vmMaxMem", "Max memory"), ("vmCurMem", "Used memory")):
            kib = int(re.fullmatch(r"(\d+) KiB", known[key])[1])
            unit = self.number("vmMemUnit", name)
            self.assertLess(abs(self.number(column, name) * unit - kib * 1024),
                            max(unit, 2), column)
        self.assertEqual([self.number("vmMaxCpuNumber", name),
                          self.number("vmCurCpuNumber", name)],
                         self.virsh.vcpus(name))

    def check_description(self, name):
        # Metadata are kept by libvirt, whatever they mean.
        description = self.virsh.description(name)
        ours = description.find("metadata/sim:domain", NAMESPACES)
        autostart = ours is not None and ours.get("autostart") == "yes"
        self.assertEqual(self.number("vmAutoStart", name), 2 if autostart else 3)
        system = description.find("metadata/libosinfo:libosinfo/libosinfo:os",
                                  NAMESPACES)
        if system is None:
            wanted = description.findtext("os/type")
        else:
            wanted = " ".join(system.get("id").split("/")[-2:])
        self.assertEqual(self.number("vmOSType", name), wanted.encode())

    def check_disks(self, name):
        disks = self.virsh.disks(name)
        description = self.virsh.description(name)
        read_only = {disk.find("target").get("dev")
                     for disk in description.iterfind("devices/disk")
                     if disk.find("readonly") is not None}
        self.assertEqual(
            sorted(zip(self.rows("vmStorageMediaType", name).values(),
                       self.rows("vmStorageAccess", name).values())),
            sorted((MEDIA[device], READ_ONLY if target in read_only else READ_WRITE)
                   for _, device, target, _ in disks))
        # Other sources have no one name.
        paths = [source.encode() for kind, _, _, source in disks
                 if kind in ("file", "block") and source != "-"]
        published = list(self.rows("vmStorageResourceID", name).values())
        self.assertEqual(sorted(paths),
                         sorted(path for path in published if path in paths))

    def check_interfaces(self, name):
        interfaces = self.virsh.interfaces(name)
        models = self.rows("vmNetworkModel", name)
        addresses = self.rows("vmNetworkPhysAddress", name)
        self.assertEqual(len(addresses), len(interfaces))
        published = {address.hex(":"): models.get(index)
                     for index, address in addresses.items()}
        for model, address in interfaces:
            if address is not None:
                self.assertIn(address, published)
                if model != "-":
                    self.assertEqual(published[address], model.encode())


class SameNode(VirshTest):

    def test_the_example(self):
        self.read(EXAMPLE)
        self.check_domains()

    def test_the_golden_node(self):
        self.read(GOLDEN)
        self.check_domains()

    def test_domains_in_files_of_their_own(self):
        (self.lab.folder / "more").mkdir()
        self.lab.write("relative.xml", domain("relative", "<title>One</title>"))
        self.lab.write("more/below.xml", domain(
            "below", "<currentMemory unit='MiB'>100</currentMemory>"))
        elsewhere = self.lab.write("elsewhere.xml", domain("elsewhere"))
        self.read(self.write_node('<domain file="relative.xml"/>',
                                  '<domain file="more/below.xml"/>',
                                  f'<domain file="{elsewhere}"/>', domain("inline")))
        self.assertEqual(len(self.indices), 4)
        self.check_domains()

    def test_states(self):
        states = [domain(f"state-{number}",
                         f"<test:runstate>{number}</test:runstate>")
                  for number in range(8)]
        transient = [domain(f"transient-{number}", "<test:transient/>"
                            f"<test:runstate>{number}</test:runstate>")
                     for number in (1, 3, 6)]
        saved = domain("saved", "<test:runstate>5</test:runstate>"
                       "<test:hasmanagedsave/>")
        self.read(self.write_node(*states, *transient, saved, domain("default")))
        self.assertEqual(len(self.indices), 13)
        self.check_domains()

    def test_units_of_memory(self):
        units = ("b", "bytes", "k", "K", "KB", "KiB", "M", "MB", "MiB", "G", "GiB")
        self.read(self.write_node(*(DOMAIN.replace(
            "<memory>1048576<", f'<memory unit="{unit}">12345<').format(
                f"<name>of-{unit}-{position}</name>", "")
            for position, unit in enumerate(units))))
        self.assertEqual(len(self.indices), len(units))
        self.check_domains()

    def test_all_that_a_node_has(self):
        self.lab.write("pool.xml", """\
<pool type="dir">
  <name>in-a-file</name>
  <target><path>/in-a-file</path></target>
</pool>""")
        self.read(self.write_node("""\
<cpu>
  <mhz>3000</mhz><model>x86_64</model><active>8</active>
  <nodes>1</nodes><sockets>1</sockets><cores>4</cores><threads>2</threads>
</cpu>
<memory>16777216</memory>""", domain("web", DEVICES), """\
<network>
  <name>default</name>
  <bridge name="virbr0"/>
  <ip address="192.168.122.1" netmask="255.255.255.0"/>
</network>
<interface type="ethernet" name="eth1">
  <start mode="onboot"/>
  <mac address="aa:bb:cc:dd:ee:ff"/>
</interface>
<pool type="dir">
  <name>images</name>
  <target><path>/images</path></target>
  <volume type="file">
    <name>web.img</name>
    <capacity unit="GiB">8</capacity>
    <allocation unit="GiB">2</allocation>
  </volume>
</pool>
<pool file="pool.xml"/>
<device>
  <name>pci_0000_00_00_0</name>
  <capability type="pci">
    <domain>0</domain><bus>0</bus><slot>0</slot><function>0</function>
    <product id="0x1234">A thing</product>
    <vendor id="0x8086">A vendor</vendor>
  </capability>
</device>"""))
        self.check_domains()


DEVICES = """\
<devices>
  <disk type="file" device="disk">
    <driver name="qemu" type="qcow2"/>
    <source file="/images/web 1.qcow2"/>
    <target dev="vdb" bus="virtio"/>
  </disk>
  <disk type="block" device="disk">
    <source dev="/dev/vg0/web"/>
    <target dev="vda" bus="virtio"/>
  </disk>
  <disk type="file" device="cdrom">
    <source file="/images/install.iso"/>
    <target dev="hdc"/>
    <readonly/>
  </disk>
  <disk type="file" device="cdrom">
    <target dev="hdd"/>
    <readonly/>
  </disk>
  <disk type="network" device="disk">
    <source protocol="nbd" name="export"><host name="store" port="10809"/></source>
    <target dev="vdc"/>
  </disk>
  <disk type="file" device="floppy">
    <source file="/images/floppy.img"/>
    <target dev="fda"/>
  </disk>
  <interface type="network">
    <mac address="52:54:00:00:00:02"/>
    <source network="default"/>
    <model type="virtio"/>
  </interface>
  <interface type="bridge">
    <mac address="52:54:00:00:00:01"/>
    <source bridge="br0"/>
    <model type="e1000"/>
  </interface>
  <interface type="user">
    <mac address="00:16:3e:00:00:01"/>
  </interface>
</devices>"""


class Devices(VirshTest):

    def check_files(self, check, column):
        self.read(self.write_node(domain("web", DEVICES), domain("bare")))
        if not self.rows(column, "web"):
            self.skipTest(f"{column} is not published")
        self.check_all(check)
        for path in (EXAMPLE, GOLDEN):
            with self.subTest(path=path.name), Lab() as self.lab:
                self.read(path)
                self.check_all(check)

    def check_all(self, check):
        for name in self.virsh.uuids():
            with self.subTest(domain=name):
                check(name)

    def test_disks(self):
        self.check_files(self.check_disks, "vmStorageMediaType")

    def test_interfaces(self):
        self.check_files(self.check_interfaces, "vmNetworkPhysAddress")


class Refusals(VirshTest):
    """A file that libvirt cannot make sense of is refused by hvagentx too."""

    CASES = {
        "two domains of one name": domain("a") + domain("a"),
        "two domains of one UUID": domain("a", UUID) + domain("b", UUID),
        "no UUID": domain("a", "<uuid>web</uuid>"),
        "half a UUID": domain("a", f"{UUID[:-9]}</uuid>"),
        "no name": DOMAIN.format("", ""),
        "an empty name": domain(""),
        "saved and running": domain(
            "a", "<test:runstate>1</test:runstate><test:hasmanagedsave/>"),
        "saved, and running by default": domain("a", "<test:hasmanagedsave/>"),
        "transient and shut off": domain(
            "a", "<test:runstate>5</test:runstate><test:transient/>"),
        "a state that there is not": domain("a", "<test:runstate>8</test:runstate>"),
        "a negative state": domain("a", "<test:runstate>-1</test:runstate>"),
        "a state in words": domain("a", "<test:runstate>running</test:runstate>"),
        "a file that is not there": '<domain file="nosuch.xml"/>',
        "a file with something else": '<domain file="other.xml"/>',
        "bad XML": "<domain>",
        "no vcpu": domain("a").replace("<vcpu>2<", "<vcpu>0<"),
        "vcpus in words": domain("a").replace("<vcpu>2<", "<vcpu>two<"),
        "more vcpus than there can be": domain("a").replace(
            "<vcpu>2<", '<vcpu current="3">2<'),
        "memory in words": domain("a").replace(">1048576<", ">much<"),
        "memory in an unknown unit": domain("a").replace(
            "<memory>", '<memory unit="XB">'),
    }

    def setUp(self):
        super().setUp()
        self.lab.write("other.xml", "<network><name>default</name></network>")
        self.lab.write_config("node sim:unused")

    def verdicts(self, text):
        """Whether libvirt takes it, and whether hvagentx does."""
        path = self.write_node(text)
        theirs = Virsh(path, self.lab.folder).run("list", "--all")
        ours = self.lab.run_agent("-c", self.lab.config_path, "--walk", f"sim:{path}")
        self.assertIn(theirs.returncode, (0, 1), theirs)
        self.assertIn(ours.returncode, (0, STARTUP_ERROR), ours)
        return theirs.returncode == 0, ours.returncode == 0

    def test_bad_files(self):
        for what, text in self.CASES.items():
            with self.subTest(what):
                self.assertEqual(self.verdicts(text), (False, False))

    def test_good_files(self):
        for what, text in (("nothing", ""), ("one domain", domain("a", UUID)),
                           ("two", domain("a", UUID) + domain("b")),
                           ("one that is saved", domain("a", "<test:hasmanagedsave/>"
                            "<test:runstate>5</test:runstate>"))):
            with self.subTest(what):
                self.assertEqual(self.verdicts(text), (True, True))


if __name__ == "__main__":
    lab.main()
