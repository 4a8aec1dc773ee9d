#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""SIGHUP: a good change takes effect, a bad one keeps the old configuration whole."""
import re
import signal

import lab
from lab import LabTest, wait_for
from node import SMALL, Domain, Node
from snmp import NO_OBJECT, Manager, integer, oid, string

UP = 2


class Reload(LabTest):
    contexts = ("first", "second", "moved")

    def setUp(self):
        super().setUp()
        self.first = "first sim:" + str(
            self.lab.write("first.xml", Node(SMALL).xml()))
        self.second = "second sim:" + str(
            self.lab.write("second.xml", Node([Domain("alone")]).xml()))

    def start(self, *connections, **directives):
        self.lab.write_config(*connections, **directives)
        self.lab.start_agent()
        self.lab.wait_state(UP)

    def reload(self, *connections, extra="", good=True, **directives):
        agent = self.lab.agent
        pattern = "reloaded " if good else "not reloaded: "
        count = agent.log().count(pattern)
        self.lab.write_config(*connections, extra=extra, **directives)
        agent.signal(signal.SIGHUP)
        agent.wait_log(pattern, count + 1)

    def connections(self):
        return [value.value.decode()
                for _, value in self.lab.walk(oid("hvxConnectionName"))]

    def test_a_connection_is_added_and_removed(self):
        second = Manager.community("second")
        self.start(self.first)
        self.reload(self.first, self.second)
        self.assertEqual(self.connections(), ["first", "second"])
        self.lab.wait_served(second)
        self.lab.wait_state(UP, 2)
        wait_for(lambda: self.lab.get(oid("vmNumber", 0), second) == integer(1),
                 "the domains of the new connection")
        self.assertEqual(self.lab.get(oid("vmNumber", 0)), integer(len(SMALL)))
        self.reload(self.second)
        self.assertEqual(self.connections(), ["second"])
        # Now it is the first one: the default.
        self.assertEqual(self.lab.get(oid("vmNumber", 0)), integer(1))
        self.lab.agent.wait_log("connection first: closed")

    def test_what_did_not_change_goes_on(self):
        self.start(self.first, maxAge="1h")
        self.lab.walk(oid("vmTable"))
        before = self.lab.get(oid("hvxConnectionCollections", 1))
        since = self.lab.get(oid("hvxConnectionSince", 1))
        self.reload(self.first, self.second, maxAge="1h")
        self.assertEqual(self.lab.get(oid("hvxConnectionCollections", 1)), before)
        self.assertEqual(self.lab.get(oid("hvxConnectionSince", 1)), since)

    def test_a_directive_takes_effect(self):
        self.start(self.first, maxAge="1h")
        self.lab.walk(oid("vmTable"))
        self.reload(self.first, maxAge="100ms")
        before = self.lab.get(oid("hvxConnectionCollections", 1)).value
        wait_for(lambda: self.lab.get(oid("vmNumber", 0)) and self.lab.get(
            oid("hvxConnectionCollections", 1)).value > before, "a collection")

    def test_another_uri_is_another_node(self):
        self.start(self.first)
        self.assertEqual(self.lab.get(oid("vmNumber", 0)), integer(len(SMALL)))
        self.reload(f"first sim:{self.lab.folder}/second.xml")
        wait_for(lambda: self.lab.get(oid("vmNumber", 0)) == integer(1),
                 "the other node")
        self.assertEqual([value for _, value in self.lab.walk(oid("vmName"))],
                         [string("alone")])

    def test_another_context(self):
        self.start(self.first, self.second)
        self.reload(self.first, f"{self.second} context moved")
        moved = Manager.community("moved")
        self.lab.wait_served(moved)
        wait_for(lambda: self.lab.get(oid("vmNumber", 0), moved) == integer(1),
                 "the domains in the new context")
        self.assertEqual(self.lab.get(oid("hvxConnectionContext", 2)), string("moved"))
        # snmpd remembers that there was such a context, without objects.
        self.assertEqual(self.lab.get(oid("vmNumber", 0), Manager.community("second")),
                         NO_OBJECT)
        self.assertNotIn("failed", self.lab.agent.log())

    def test_the_default_moves(self):
        self.start(self.first, self.second)
        self.reload(self.first, f"{self.second} default")
        self.assertEqual(self.lab.get(oid("hvxConnectionDefault", 2)), integer(1))
        wait_for(lambda: self.lab.get(oid("vmNumber", 0)) == integer(1),
                 "the other connection's domains")

    def test_an_error_keeps_the_old_configuration_whole(self):
        self.start(self.first, maxAge="1h")
        self.lab.walk(oid("vmTable"))
        before = self.lab.get(oid("hvxConnectionCollections", 1))
        taken = self.lab.get(oid("hvxAgentConfigTime", 0))
        # Everything else in the new file is good, and must not be taken.
        for extra in ("nonsense 1\n", "waitLimit 1s\n", "connection third nocolon\n"):
            logged = len(self.lab.agent.log())
            self.reload(self.second, extra=extra, maxAge="100ms", good=False,
                        agentXSocket=f"unix:{self.lab.folder}/elsewhere")
            complaint = re.search(r"\S*hvagentx\.conf: line \d+: .*",
                                  self.lab.agent.log()[logged:])[0]
            self.assertEqual(self.lab.get(oid("hvxAgentConfigError", 0)),
                             string(complaint))
            self.assertEqual(self.connections(), ["first"])
            self.assertEqual(self.lab.get(oid("vmNumber", 0)), integer(len(SMALL)))
            self.assertEqual(self.lab.get(oid("hvxConnectionCollections", 1)), before)
        self.assertEqual(self.lab.get(oid("hvxAgentConfigTime", 0)), taken)
        # It still knows its master.
        self.lab.master.stop()
        self.lab.start_master()
        self.lab.wait_served()
        # A good one ends the complaint.
        self.reload(self.first)
        self.assertEqual(self.lab.get(oid("hvxAgentConfigError", 0)), string(""))
        self.assertNotEqual(self.lab.get(oid("hvxAgentConfigTime", 0)), taken)

    def test_the_first_of_several_errors_is_told(self):
        self.start(self.first)
        self.reload(self.first, extra="nonsense 1\nmaxAge never\n", good=False)
        told = self.lab.get(oid("hvxAgentConfigError", 0)).value.decode()
        self.assertIn("unknown directive 'nonsense'", told)
        self.assertTrue(told.startswith(f"{self.lab.config_path}: line "), told)

    def test_no_secret_is_told(self):
        self.start(self.first)
        uri = "qemu+ssh://root:geheim@node/system"
        for line in (f"connection {uri}", f"connection {uri} sim:x",
                     f"connection a sim:x {uri}", f"connection a {uri[4:]}",
                     f"connection a {uri}"):
            self.reload(self.first, extra=line + "\n", good=False)
            told = self.lab.get(oid("hvxAgentConfigError", 0)).value
            self.assertNotEqual(told, b"")
            self.assertNotIn(b"geheim", told)

    def test_a_missing_module_keeps_the_old_configuration_whole(self):
        self.start(self.first)
        self.reload(self.second, "third nosuch:thing", good=False)
        self.assertEqual(self.connections(), ["first"])
        self.assertEqual(self.lab.get(oid("vmNumber", 0)), integer(len(SMALL)))

    def test_a_file_that_is_gone_keeps_the_old_configuration(self):
        self.start(self.first)
        self.lab.config_path.unlink()
        self.lab.agent.signal(signal.SIGHUP)
        self.lab.agent.wait_log("not reloaded: ")
        self.assertEqual(self.connections(), ["first"])

    def test_reloads_under_a_walk(self):
        self.start(self.first)
        for turn in range(6):
            self.reload(*([self.first, self.second] if turn % 2 == 0 else [self.first]))
            names = [name for name, _ in self.lab.bulk_walk(oid("vmTable"))]
            self.assertEqual(names, sorted(set(names)))
        self.assertEqual(self.connections(), ["first"])
        self.assertEqual(len(self.lab.walk(oid("vmName"))), len(SMALL))


if __name__ == "__main__":
    lab.main()
