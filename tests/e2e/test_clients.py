#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""All clients see the same: net-snmp's tools and pysnmp, however they ask.

The node is tests/data/golden.xml, whose clock stands still.  Nothing here knows
what is in it: the reference is a walk by GETNEXT, and tables and columns are those
of the MIB modules.
"""
import random
import shutil
import socket
import subprocess
import sys
import threading
import unittest
from pathlib import Path
from xml.etree import ElementTree

import lab
import snmp
from lab import LabTest, at_once
from snmp import (HVX_MIB, MIB_OPTIONS, VM_MIB, Value, below, dotted, oid, parse_oid,
                  readable_columns)

DATA = snmp.SOURCE_TREE / "tests" / "data"
ROOTS = (VM_MIB, HVX_MIB)

# Repetitions of GETBULKs.
SIZES = (*range(1, 51), *range(55, 201, 5))
SHORT_WALKS = 100

# What goes on though the node's clock stands still, besides all TimeTicks.  By the
# date, a domain of an age that does not change has begun later each time.
MOVING = ("hvxAgentRequests", "hvxAgentRequestsDelegated", "hvxAgentRequestsLate",
          "hvxAgentCollections", "hvxAgentMemory", "hvxAgentCpuTime",
          "hvxConnectionAge", "hvxConnectionCollectionTime", "hvxConnectionCollections",
          "hvxDomainStartTime", "hvxDomainSampleTime", "hvxDomainDataAge")

# Pythons that may have pysnmp; Debian's package is for Debian's Python.
PYTHONS = (sys.executable, "/usr/bin/python3")
PYSNMP_WALK = Path(__file__).with_name("pysnmp_walk.py")

# Separates the cells of a table; in no value.
SEPARATOR = "\037"


def is_moving(name, value):
    return value.type == "Timeticks" or any(below(oid(moving), name)
                                            for moving in MOVING)


def comparable(varbinds):
    """The varbinds, without the values that move."""
    return [(name, value.type if is_moving(name, value) else value)
            for name, value in varbinds]


class Relay:
    """A UDP port, for managers that cannot talk to snmpd's Unix socket."""

    def __init__(self, path):
        self.master = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.master.connect(path)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.socket.sendto(b"", self.socket.getsockname())
        self.thread.join()
        self.socket.close()
        self.master.close()

    def _run(self):
        while True:
            request, manager = self.socket.recvfrom(65536)
            if not request:
                return
            self.master.sendall(request)
            self.socket.sendto(self._read_message(), manager)

    def _read_message(self):
        """One message, which is one BER SEQUENCE."""
        message = self._read(2)
        size = message[1]
        if size & 0x80:
            octets = self._read(size & 0x7f)
            message += octets
            size = int.from_bytes(octets, "big")
        return message + self._read(size)

    def _read(self, count):
        octets = b""
        while len(octets) < count:
            more = self.master.recv(count - len(octets))
            if not more:
                raise ConnectionError("snmpd has closed the connection")
            octets += more
        return octets


class ClientsTest(LabTest):

    maxDiff = None

    def setUp(self):
        super().setUp()
        self.lab.write_config(f"golden sim:{DATA}/golden.xml")
        self.lab.start_agent()
        self.lab.wait_state(2)
        self.reference = [varbind for root in ROOTS for varbind in self.lab.walk(root)]
        self.assertGreater(len(self.reference), 100)

    def below(self, *roots):
        return [varbind for varbind in self.reference
                if any(below(root, varbind[0]) for root in roots)]

    def assert_same(self, varbinds, wanted, what):
        """The same names, types and values in the same order."""
        if comparable(varbinds) != comparable(wanted):
            self.assertEqual([name for name, _ in varbinds],
                             [name for name, _ in wanted], what)
            self.assertEqual(comparable(varbinds), comparable(wanted), what)


class Tools(ClientsTest):
    """Walks and tables by net-snmp's tools."""

    def test_a_walk_ascends(self):
        names = [name for name, _ in self.reference]
        self.assertEqual(names, sorted(set(names)))

    def test_a_walk_tells_the_same_again(self):
        for root in ROOTS:
            self.assert_same(self.lab.walk(root), self.below(root), root)

    def test_bulk_walks_of_many_sizes(self):
        def walk(sizes):
            return [(root, size, self.lab.bulk_walk(root, size))
                    for size in sizes for root in ROOTS]
        for walks in at_once([lambda: walk(SIZES[::2]), lambda: walk(SIZES[1::2])]):
            for root, size, varbinds in walks:
                self.assert_same(varbinds, self.below(root), (root, size))

    def test_each_object_by_get(self):
        sizes = (20, 31, 50)
        start = turn = 0
        while start < len(self.reference):
            wanted = self.reference[start:start + sizes[turn % len(sizes)]]
            varbinds = self.lab.ask("snmpget", *(name for name, _ in wanted))
            self.assert_same(varbinds, wanted, dotted(wanted[0][0]))
            start += len(wanted)
            turn += 1

    def test_each_table_by_all_columns_at_once(self):
        for table, columns in readable_columns().items():
            for repetitions in (1, 3, 10, 40):
                with self.subTest(table=table, repetitions=repetitions):
                    self.assert_same(self.ask_columns(columns, repetitions),
                                     self.below(oid(table)), table)

    def ask_columns(self, columns, repetitions):
        """What an NMS does: all columns in each GETBULK, while they last."""
        found = {oid(column): [] for column in columns}
        last = {column: column for column in found}
        while last:
            varbinds = self.lab.ask("snmpbulkget", *last.values(),
                                    options=("-Cn0", f"-Cr{repetitions}"))
            self.assertGreaterEqual(len(varbinds), len(last))
            columns = list(last)
            for position, (name, value) in enumerate(varbinds):
                column = columns[position % len(columns)]
                if not below(column, name) or value == snmp.END:
                    last.pop(column, None)
                elif column in last:
                    found[column].append((name, value))
                    last[column] = name
        return [varbind for column in sorted(found) for varbind in found[column]]


class Tables(ClientsTest):
    """snmptable makes a table of each table."""

    OPTIONS = ("-Oe", *MIB_OPTIONS)

    def read_table(self, table):
        """Cells by column and index, and the columns in order."""
        run = self.lab.run("snmptable", oid(table), options=(
            *self.OPTIONS, "-Ob", "-Ci", "-Cf", SEPARATOR))
        snmp.check_errors(run)
        lines = [line.split(SEPARATOR) for line in run.stdout.splitlines()
                 if SEPARATOR in line]
        if not lines:
            self.assertIn("No entries", run.stdout)
            return {}, []
        (_, *columns), *rows = lines
        cells = {}
        for index, *row in rows:
            self.assertEqual(len(row), len(columns), (table, index))
            for column, cell in zip(columns, row):
                self.assertNotIn((column, index), cells)
                cells[column, index] = cell
        return cells, columns

    def walk_texts(self, table):
        """The same from a walk, as the tools print values in tables."""
        run = self.lab.run("snmpwalk", oid(table), options=(
            *self.OPTIONS, "-OQn", "-CI"))
        texts = {}
        for line in run.stdout.splitlines():
            name, equals, text = line.partition(" = ")
            if equals and below(oid(table), parse_oid(name)):
                texts[parse_oid(name)] = text
        return texts

    def test_each_table(self):
        for table, columns in readable_columns().items():
            with self.subTest(table=table):
                self.check_table(table, columns)

    def check_table(self, table, columns):
        cells, shown = self.read_table(table)
        texts = self.walk_texts(table)
        self.assertEqual(set(texts), {name for name, _ in self.below(oid(table))})
        wanted = {}
        for column in columns:
            for name, value in self.below(oid(column)):
                index = dotted(name[len(oid(column)):])[1:]
                wanted[column, index] = (cells.get((column, index))
                                         if is_moving(name, value) else texts[name])
        empty = {place for place, cell in cells.items() if cell == "?"}
        self.assertEqual({place: cell for place, cell in cells.items()
                          if place not in empty}, wanted)
        # Each row has a cell for each column that has any.
        self.assertEqual(shown, [column for column in columns if column in shown])
        self.assertEqual(set(cells), {(column, index) for column in shown
                                      for _, index in wanted})


class Pysnmp(ClientsTest):
    """pysnmp agrees with net-snmp's tools."""

    python = None

    @classmethod
    def setUpClass(cls):
        for python in filter(shutil.which, PYTHONS):
            probe = subprocess.run([python, "-c", "import pysnmp.hlapi"],
                                   capture_output=True)
            if probe.returncode == 0:
                cls.python = python
                return
        raise unittest.SkipTest("pysnmp is not installed")

    def walk(self, kind, repetitions, *roots):
        with Relay(self.lab.address.partition(":")[2]) as relay:
            run = subprocess.run(
                [self.python, "-B", "-W", "ignore", PYSNMP_WALK, str(relay.port), kind,
                 str(repetitions), *(dotted(root)[1:] for root in roots)],
                env=self.lab.environment, capture_output=True, text=True,
                timeout=lab.DEADLINE_S * 3)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        columns = [[] for _ in roots]
        for line in run.stdout.splitlines():
            column, name, kind, *text = line.split()
            columns[int(column)].append((parse_oid(name), self.value(kind, *text)))
        return [varbind for column in columns for varbind in column]

    @staticmethod
    def value(kind, text=""):
        if kind == "STRING":
            return Value(kind, bytes.fromhex(text))
        return Value(kind, parse_oid(text) if kind == "OID" else int(text))

    def test_walk_by_getnext(self):
        for root in ROOTS:
            self.assert_same(self.walk("next", 0, root), self.below(root), root)

    def test_walk_by_getbulk(self):
        for repetitions in (1, 2, 10, 25, 50):
            for root in ROOTS:
                self.assert_same(self.walk("bulk", repetitions, root), self.below(root),
                                 (root, repetitions))

    def test_each_table_by_all_columns_at_once(self):
        for table, columns in readable_columns().items():
            with self.subTest(table=table):
                varbinds = self.walk("bulk", 10, *(oid(column) for column in columns))
                self.assert_same(varbinds, self.below(oid(table)), table)


class ChangingNode(LabTest):
    """A walk never goes backwards while domains come and go."""

    def write_node(self, generator):
        """Another version of the node: some domains less, in another order."""
        tree = ElementTree.parse(DATA / "golden.xml")
        root = tree.getroot()
        domains = root.findall("domain")
        for domain in domains:
            root.remove(domain)
        root.extend(generator.sample(domains, generator.randrange(len(domains) + 1)))
        self.lab.write("node.xml", ElementTree.tostring(root, "unicode"))

    def setUp(self):
        super().setUp()
        for path in DATA.glob("golden-*.xml"):
            self.lab.write(path.name, path.read_text())
        self.generator = random.Random(7666)
        self.write_node(self.generator)
        self.lab.write_config(f"first sim:{self.lab.folder}/node.xml", maxAge="100ms",
                              indexGrace="0s")
        self.lab.start_agent()
        self.lab.wait_state(2)

    def test_walks_go_on(self):
        ended = threading.Event()

        def change():
            while not ended.wait(0.02):
                self.write_node(self.generator)

        changer = threading.Thread(target=change)
        changer.start()
        seen = set()
        try:
            for turn in range(SHORT_WALKS):
                if turn % 4 == 0:
                    varbinds = self.lab.walk(VM_MIB)
                else:
                    varbinds = self.lab.bulk_walk(VM_MIB, (3, 10, 50)[turn % 3])
                names = [name for name, _ in varbinds]
                self.assertEqual(names, sorted(set(names)))
                self.assertGreaterEqual(len(names), 6)
                seen.add(tuple(names))
        finally:
            ended.set()
            changer.join()
        # Otherwise nothing was tested.
        self.assertGreater(len(seen), SHORT_WALKS // 10)


if __name__ == "__main__":
    lab.main()
