#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Domains come and go during walks: none goes backwards, repeats, or misses.

The file of the node is written anew all the time.  Some domains are in each
version of it, and have indices between those of the others: whatever is walked,
all of theirs is there.
"""
import random
import threading

import lab
import snmp
from lab import LabTest, wait_for
from node import Domain, Node
from snmp import oid

TABLES = ("vmTable", "vmStorageTable", "vmNetworkTable", "vmCpuTable")

LASTING = 20
PASSING = 40

# Several a second, and more than one within a walk.
PAUSE_S = 0.05

# At least that many versions of the node in each test.
VERSIONS = 40


def guest(name, number):
    devices = "".join(
        f'<disk type="file" device="disk"><source file="/images/{name}-{disk}"/>'
        f'<target dev="vd{disk}"/></disk>'
        f'<interface type="user"><mac address="52:54:00:{number:02x}:00:0{mac}"/>'
        f'</interface>' for disk, mac in (("a", 1), ("b", 2)))
    return Domain(name, hardware=devices)


class Churn(threading.Thread):
    """Writes the node anew all the time."""

    def __init__(self, own_lab, lasting, passing):
        super().__init__()
        self.lab = own_lab
        self.lasting = lasting
        self.passing = passing
        self.random = random.Random(7666)
        self.versions = 0
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(PAUSE_S):
            some = self.random.sample(self.passing,
                                      self.random.randrange(len(self.passing)))
            self.lab.write("node.xml", Node(self.lasting + some).xml())
            self.versions += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_exception):
        self.ended.set()
        self.join()


class Walks(LabTest):

    def setUp(self):
        super().setUp()
        everybody = [guest(f"vm{number:02}", number)
                     for number in range(LASTING + PASSING)]
        self.everybody = everybody
        # Each third one stays.
        self.lasting = everybody[::3]
        self.passing = [domain for domain in everybody if domain not in self.lasting]
        path = self.lab.write("node.xml", Node(everybody).xml())
        self.lab.write_config(f"first sim:{path}", maxAge="100ms")
        self.lab.start_agent()
        wait_for(lambda: len(self.lab.walk(oid("vmName"))) == len(everybody),
                 "the domains")
        names = {domain.name.encode() for domain in self.lasting}
        self.indices = {name[-1] for name, value in self.lab.walk(oid("vmName"))
                        if value.value in names}

    def is_lasting(self, table, name):
        return name[len(oid(table)) + 2] in self.indices

    @staticmethod
    def row_sets(table, names):
        """How many sets of rows the columns have: one, where none has gaps."""
        columns = {}
        for name in names:
            columns.setdefault(name[:len(oid(table)) + 2], set()).add(
                name[len(oid(table)) + 2:])
        return len(set(map(frozenset, columns.values())))

    def walk_on(self, table, walk):
        calm = walk(table)
        wanted = {name for name in calm if self.is_lasting(table, name)}
        self.assertGreaterEqual(len(wanted), LASTING)
        with Churn(self.lab, self.lasting, self.passing) as churn:
            walks = 0
            changed_within = 0
            sizes = set()
            # One that goes in circles ends with the client's time limit.
            while churn.versions < VERSIONS or walks < 3:
                names = walk(table)
                self.assertEqual(names, sorted(set(names)))
                self.assertEqual(wanted - set(names), set())
                changed_within += (self.row_sets(table, names)
                                   > self.row_sets(table, calm))
                sizes.add(len(names))
                walks += 1
        # All that went is back, and where it was.
        self.lab.write("node.xml", Node(self.everybody).xml())
        wait_for(lambda: walk(table) == calm, "all domains to come back as they were")
        # There was something to trip over.
        self.assertGreater(len(sizes), 1)
        if len(snmp.readable_columns()[table]) > 1:
            self.assertGreater(changed_within, 0)

    def walk_by_next(self, table):
        return self.names(table, self.lab.run("snmpwalk", oid(table), options=(
            *snmp.PLAIN_OUTPUT, "-Cc", "-CI")))

    def walk_by_bulk(self, table):
        return self.names(table, self.lab.run("snmpbulkwalk", oid(table), options=(
            *snmp.PLAIN_OUTPUT, "-Cc", "-Cr4")))

    def names(self, table, run):
        snmp.check_errors(run)
        return [name for name, value in snmp.parse_varbinds(run.stdout)
                if snmp.below(oid(table), name)]


def _add(table, kind, walk):
    def test(self):
        self.walk_on(table, getattr(self, walk))
    setattr(Walks, f"test_{table}_by_{kind}", test)


for _table in TABLES:
    _add(_table, "getnext", "walk_by_next")
    _add(_table, "getbulk", "walk_by_bulk")


if __name__ == "__main__":
    lab.main()
