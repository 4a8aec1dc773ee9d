#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""hvagentx --walk prints what managers would see, without any snmpd."""
import re
import time
import unittest

import lab
from lab import Lab
from node import SMALL, Domain, Node, fault, many
from snmp import VM_MIB, Value, oid, parse_oid, string

TICKS_PER_S = 100

STARTUP_ERROR = 1


def parse_value(text):
    kind, _, rest = text.partition(":")
    rest = rest[1:]  # the space
    if kind == "STRING":
        return Value(kind, rest.encode())
    if kind == "Hex-STRING":
        return Value("STRING", bytes.fromhex(rest))
    if kind == "OID":
        return Value(kind, parse_oid(rest))
    if kind == "Timeticks":
        return Value(kind, int(re.match(r"\((\d+)\) ", rest)[1]))
    return Value(kind, int(rest))


def parse_walk(output):
    """(OID, Value) of each line."""
    varbinds = []
    for line in output.splitlines():
        name, _, value = line.partition(" = ")
        match = re.fullmatch(r"(VM-MIB|HVAGENTX-MIB)::(\w+)((?:\.\d+)+)", name)
        varbinds.append((oid(match[2], *parse_oid(match[3])), parse_value(value)))
    return varbinds


class WalkTest(unittest.TestCase):

    def setUp(self):
        self.lab = self.enterContext(Lab())

    def walk(self, uri):
        self.lab.write_config(f"first {uri}")
        run = self.lab.run_agent("-c", self.lab.config_path, "--walk", uri)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return run.stdout


class Walk(WalkTest):

    def test_it_is_what_a_manager_sees(self):
        node = self.lab.write("node.xml", Node(SMALL + many(60), frozen_s=100).xml())
        begin = time.monotonic()
        printed = parse_walk(self.walk(f"sim:{node}"))
        self.lab.start_master()
        self.lab.start_agent()
        self.lab.wait_state(2)
        seen = self.lab.bulk_walk(VM_MIB)
        elapsed_ticks = (time.monotonic() - begin + 1) * TICKS_PER_S
        names = [name for name, _ in printed]
        self.assertEqual(names, sorted(names))
        printed = [varbind for varbind in printed if varbind[0][:len(VM_MIB)] == VM_MIB]
        self.assertEqual([name for name, _ in printed], [name for name, _ in seen])
        for (name, value), (_, wanted) in zip(printed, seen):
            self.assertEqual(value.type, wanted.type, name)
            if value.type == "Timeticks":
                self.assertLess(abs(wanted.value - value.value), elapsed_ticks, name)
            else:
                self.assertEqual(value, wanted, name)

    def test_it_shows_the_agent_and_the_connection(self):
        node = self.lab.write("node.xml", Node(SMALL).xml())
        values = dict(parse_walk(self.walk(f"sim:{node}")))
        self.assertEqual(values[oid("hvxConnectionUri", 1)], string(f"sim:{node}"))
        self.assertEqual(values[oid("hvxConnectionState", 1)], Value("INTEGER", 2))
        self.assertEqual(values[oid("hvxConnectionDomains", 1)],
                         Value("Gauge32", len(SMALL)))
        self.assertEqual(values[oid("hvxAgentVersion", 0)].type, "STRING")

    def test_the_form_of_its_lines(self):
        web = Domain("web")
        node = self.lab.write("node.xml", Node([web], frozen_s=200).xml())
        lines = self.walk(f"sim:{node}").splitlines()
        uuid = " ".join(f"{octet:02X}" for octet in web.uuid.bytes)
        for line in ("VM-MIB::vmName.1 = STRING: web",
                     f"VM-MIB::vmUUID.1 = Hex-STRING: {uuid}",
                     "VM-MIB::vmOperState.1 = INTEGER: 4",
                     "VM-MIB::vmMinMem.1 = INTEGER: -1",
                     "VM-MIB::vmHvObjectID.0 = "
                     "OID: .1.3.6.1.4.1.8072.9999.9999.7666.4.1.1",
                     "HVAGENTX-MIB::hvxConnectionName.1 = STRING: walk"):
            self.assertIn(line, lines)
        uptime, = [line for line in lines if line.startswith("VM-MIB::vmUpTime.1 ")]
        self.assertRegex(uptime, r" = Timeticks: \(\d+\) 0:0[0-3]:\d\d\.\d\d$")

    def test_it_needs_no_state_and_leaves_none(self):
        node = self.lab.write("node.xml", Node(SMALL).xml())
        self.walk(f"sim:{node}")
        self.assertEqual(list((self.lab.folder / "state").iterdir()), [])

    def test_it_works_beside_a_running_agent(self):
        node = self.lab.write("node.xml", Node(SMALL).xml())
        self.lab.write_config(f"first sim:{node}")
        self.lab.start_master()
        self.lab.start_agent()
        self.assertIn("vmName.1 = ", self.walk(f"sim:{node}"))
        self.assertEqual(len(self.lab.walk(oid("vmName"))), len(SMALL))

    def test_many_domains(self):
        node = self.lab.write("node.xml", Node(many(3000)).xml())
        names = [name for name, _ in parse_walk(self.walk(f"sim:{node}"))]
        self.assertEqual(sum(name[:-1] == oid("vmName") for name in names), 3000)

    def test_an_empty_node(self):
        node = self.lab.write("node.xml", Node([]).xml())
        values = dict(parse_walk(self.walk(f"sim:{node}")))
        self.assertEqual(values[oid("vmNumber", 0)], Value("INTEGER", 0))


class WalkErrors(WalkTest):

    def assert_error(self, pattern, uri):
        self.lab.write_config("first sim:unused")
        run = self.lab.run_agent("-c", self.lab.config_path, "--walk", uri)
        self.assertEqual(run.returncode, STARTUP_ERROR, run)
        self.assertEqual(run.stdout, "")
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        self.assertRegex(run.stderr, pattern)

    def test_bad_uris(self):
        for uri, pattern in (("nocolon", "nocolon.*SCHEME:REST"),
                             (":empty", "SCHEME:REST"),
                             ("nosuch:thing", "nosuch.*sim"),
                             ("sim:", "sim:FILE"),
                             ("sim://host/file", "sim:FILE")):
            with self.subTest(uri=uri):
                self.assert_error(pattern, uri)

    def test_bad_files(self):
        broken = self.lab.write("broken.xml", "<node>\n<domain>\n</node>\n")
        self.assert_error(rf"{broken}:3: ", f"sim:{broken}")
        missing = self.lab.folder / "missing.xml"
        self.assert_error(f"{missing}.*No such file", f"sim:{missing}")
        self.assert_error(f"{self.lab.folder}", f"sim:{self.lab.folder}")

    def test_a_node_that_fails(self):
        for kind in ("fail", "down"):
            text = Node(SMALL, faults=[fault(kind)]).xml()
            node = self.lab.write(f"{kind}.xml", text)
            self.assert_error(f"{node}:", f"sim:{node}")

    def test_a_node_that_hangs(self):
        node = self.lab.write("node.xml", Node(SMALL, faults=[fault("hang")]).xml())
        self.lab.write_config("first sim:unused", callTimeout="1s")
        run = self.lab.run_agent("-c", self.lab.config_path, "--walk", f"sim:{node}")
        self.assertEqual(run.returncode, STARTUP_ERROR, run)
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        self.assertIn("no answer", run.stderr)


if __name__ == "__main__":
    lab.main()
