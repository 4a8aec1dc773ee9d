#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""A node file that is wrong: the connection is down, hvagentx lives."""
import re

import lab
from lab import LabTest, wait_for
from node import SMALL, Node
from snmp import integer, oid

UP, DOWN = 2, 4


class NodeFile(LabTest):
    """A node file that is wrong: the connection is down, the agent lives."""

    def start(self, text):
        self.path = self.lab.write("node.xml", text)
        self.lab.write_config(f"first sim:{self.path}", maxAge="100ms")
        self.lab.start_agent()

    def last_error(self):
        return self.lab.get(oid("hvxConnectionLastError", 1)).value.decode()

    def mend(self):
        self.lab.write("node.xml", Node(SMALL).xml())
        self.lab.wait_state(UP)
        wait_for(lambda: self.lab.get(oid("vmNumber", 0)) == integer(len(SMALL)),
                 "the domains")

    def test_it_says_where_and_is_noticed_when_mended(self):
        self.start("<node>\n<domain>\n<name>x</name>\n</node>\n")
        self.lab.wait_state(DOWN)
        self.assertRegex(self.last_error(), rf"{self.path}:4: ")
        self.assertRegex(self.lab.agent.log(),
                         rf"connection first: down: {self.path}:4: ")
        self.assertEqual(self.lab.get(oid("vmHvSoftware", 0)).type, "STRING")
        self.assertEqual(self.lab.get(oid("vmNumber", 0)).type, "noSuchInstance")
        self.mend()
        self.assertEqual(self.lab.get(oid("hvxConnectionReconnects", 1)).value, 0)

    def test_each_kind_of_fault_is_told_with_its_line(self):
        twice = Node([SMALL[0], SMALL[0]]).xml()
        unknown = Node(SMALL, faults=['\n<sim:fault kind="wrong"/>']).xml()
        faults = {
            "<node>\n\n<domain><name/></domain></node>": ":3: .*name",
            "<node>\n<domain><name>x</name><uuid>1</uuid></domain>\n</node>":
                ":2: .*UUID",
            "<wrong/>": ":1: ",
            twice: r":\d+: .*web",
            unknown: ":3: .*wrong",
        }
        for text, words in faults.items():
            with self.subTest(text=text[:60]):
                self.start(text)
                self.lab.wait_state(DOWN)
                self.assertRegex(self.last_error(), re.escape(str(self.path)) + words)
                self.assertEqual(self.lab.agent.stop(), 0)

    def test_it_breaks_while_it_is_served(self):
        self.start(Node(SMALL).xml())
        self.lab.wait_state(UP)
        self.assertEqual(len(self.lab.walk(oid("vmName"))), len(SMALL))
        self.lab.write("node.xml", "<node>")
        wait_for(lambda: self.lab.get(oid("vmNumber", 0)) and self.lab.get(
            oid("hvxConnectionState", 1)) == integer(DOWN), "the connection to be down")
        # Rows and names stay; states read unknown, counters are absent.
        self.assertEqual(len(self.lab.walk(oid("vmName"))), len(SMALL))
        self.assertEqual({value for _, value in self.lab.walk(oid("vmOperState"))},
                         {integer(1)})
        self.assertEqual(self.lab.walk(oid("vmCpuTime")), [])
        self.mend()
        self.assertEqual(self.lab.get(oid("hvxConnectionReconnects", 1)).value, 1)

    def test_no_such_file(self):
        self.start("")
        self.path.unlink()
        self.lab.wait_state(DOWN)
        wait_for(lambda: "No such file" in self.last_error(), "the reason")
        self.mend()

    def test_a_hostile_file(self):
        self.start('<!DOCTYPE node [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n'
                   "<node><domain><name>&a;</name></domain></node>")
        self.lab.wait_state(DOWN)
        self.assertRegex(self.last_error(), rf"{self.path}:\d+: .*DOCTYPE")
        self.mend()


if __name__ == "__main__":
    lab.main()
