#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""hvagentx-mknode: what it writes is a node, the same each time."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
from xml.etree import ElementTree

import tap

BUILD = pathlib.Path(os.environ.get("HVX_BUILD", "."))
AGENT = os.environ.get("HVX_AGENT", BUILD / "hvagentx")
MODULES = os.environ.get("HVX_MODULES", BUILD / "backends" / ".libs")
TEST = "{http://libvirt.org/schemas/domain/test/1.0}"


def mknode(*options):
    return subprocess.run([BUILD / "hvagentx-mknode", *options], check=False,
                          capture_output=True, timeout=60)


class Mknode(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="test_mknode."))
        self.addCleanup(shutil.rmtree, self.folder)

    def make(self, *options):
        done = mknode(*options)
        self.assertEqual(done.stderr, b"")
        self.assertEqual(done.returncode, 0)
        return done.stdout

    def walk(self, text):
        """What would be published of it, by object and instance."""
        node = self.folder / "node.xml"
        node.write_bytes(text)
        config = self.folder / "hvagentx.conf"
        config.write_text(f"moduleDir {MODULES}\nconnection s sim:{node}\n")
        done = subprocess.run([AGENT, "-c", config, "--walk", f"sim:{node}"],
                              check=False, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return dict(line.split(" = ", 1) for line in done.stdout.splitlines())

    def test_same_options_same_octets(self):
        options = ["-d", "30", "-k", "5", "-s", "18446744073709551615"]
        self.assertEqual(self.make(*options), self.make(*options))
        self.assertEqual(self.make(), self.make("-d", "10", "-c", "0", "-k", "2", "-i",
                                                "1", "-s", "1", "-r", "80"))

    def test_seeds_make_nodes_of_their_own(self):
        uuids = [{element.text for element
                  in ElementTree.fromstring(self.make("-s", seed)).iterfind("domain/uuid")}
                 for seed in ("1", "2")]
        self.assertEqual(len(uuids[0]), 10)
        self.assertFalse(uuids[0] & uuids[1])

    def test_numbers_are_those_asked_for(self):
        node = ElementTree.fromstring(
            self.make("--domains", "200", "--vcpus", "3", "--disks", "30",
                      "--interfaces", "4", "--running", "35"))
        domains = node.findall("domain")
        self.assertEqual(len(domains), 200)
        for domain in domains:
            disks = [disk for disk in domain.iterfind("devices/disk")
                     if disk.get("device") != "cdrom"]
            self.assertEqual(domain.findtext("vcpu"), "3")
            self.assertEqual(len(disks), 30)
            self.assertEqual(len(domain.findall("devices/interface")), 4)
        self.assertEqual(disks[-1].find("target").get("dev"), "vdad")
        running = [domain for domain in domains if domain.find(TEST + "runstate") is None]
        self.assertEqual(len(running), 70)

    def test_a_node_of_nothing(self):
        node = ElementTree.fromstring(self.make("-d", "0"))
        self.assertEqual(node.findall("domain"), [])

    def test_everything_is_there(self):
        """With some domains there is each kind of thing in the file."""
        node = ElementTree.fromstring(self.make("-d", "300"))
        for path in ("domain/cputune/vcpupin", "domain/currentMemory",
                     "domain/vcpu[@current]", "domain/title", "network", "pool/volume",
                     "domain/devices/disk[@type='volume']",
                     "domain/devices/disk[@type='network']",
                     "domain/devices/disk[@device='cdrom']/source",
                     f"domain/{TEST}transient", f"domain/{TEST}hasmanagedsave"):
            self.assertIsNotNone(node.find(path), path)
        states = {element.text for element in node.iterfind(f"domain/{TEST}runstate")}
        self.assertEqual(states, {"3", "5", "6"})

    def test_hvagentx_takes_it(self):
        values = self.walk(self.make("-d", "300", "-k", "3", "-i", "2"))
        self.assertEqual(values["VM-MIB::vmNumber.0"], "INTEGER: 300")
        names = [value for name, value in values.items()
                 if name.startswith("VM-MIB::vmName.")]
        self.assertIn("STRING: web-0001", names)
        self.assertEqual(len(set(names)), 300)

    def test_virsh_takes_it(self):
        virsh = shutil.which("virsh")
        if virsh is None:
            self.skipTest("there is no virsh: apt-get install libvirt-clients")
        node = self.folder / "node.xml"
        node.write_bytes(self.make("-d", "120"))
        done = subprocess.run([virsh, "-c", f"test://{node}", "list --all --name"],
                              check=False, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(done.stdout.split()), 120)

    def test_wrong_options_are_refused(self):
        for options in (["-d", "100001"], ["-d", "-1"], ["-d", ""], ["-d", "1x"],
                        ["-c", "4097"], ["-k", "1001"], ["-i", "1001"], ["-r", "101"],
                        ["-s", "18446744073709551616"], ["-q"], ["node.xml"], ["-d"]):
            done = mknode(*options)
            self.assertEqual((done.returncode, done.stdout), (2, b""), options)
            self.assertIn(b"hvagentx-mknode", done.stderr)

    def test_help_and_version(self):
        self.assertIn(b"--interfaces", self.make("--help"))
        self.assertRegex(self.make("-V").decode(), r"^hvagentx-mknode \d+\.\d+")

    def test_a_full_disk_is_told(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full")
        with open("/dev/full", "wb") as full:
            done = subprocess.run([BUILD / "hvagentx-mknode"], check=False, stdout=full,
                                  stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"cannot write", done.stderr)


if __name__ == "__main__":
    tap.main()
