#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""SIGHUP: a good change takes effect, a bad one keeps the old configuration whole."""
import re
import signal

import lab
from lab import LabTest, at_once, wait_for
from node import SMALL, Domain, Node, fault
from snmp import NO_OBJECT, Manager, integer, oid, string

UP = 2


class ReloadTest(LabTest):
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


class Reload(ReloadTest):

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

    def test_two_contexts_change_places(self):
        self.start(f"{self.first} context first", f"{self.second} context second")
        self.reload(f"{self.first} context second", f"{self.second} context first")
        for context, domains in (("first", 1), ("second", len(SMALL))):
            manager = Manager.community(context)
            wait_for(lambda: self.lab.get(oid("vmNumber", 0), manager)
                     == integer(domains), f"the domains in context {context}")
        self.assertNotIn("failed", self.lab.agent.log())

    def indices(self):
        return {value.value: name[-1] for name, value in self.lab.walk(oid("vmName"))}

    def test_another_node_of_the_same_name_does_not_take_its_indices(self):
        self.start(self.first)
        before = self.indices()
        self.reload(f"first sim:{self.lab.folder}/second.xml")
        wait_for(lambda: self.indices().keys() == {b"alone"}, "the other node")
        self.assertNotIn(self.indices()[b"alone"], before.values())
        self.reload(self.first)
        wait_for(lambda: len(self.indices()) == len(before), "the first node")
        self.assertEqual(self.indices(), before)

    def test_a_name_that_went_while_the_agent_was_away_is_released(self):
        def index_of(name):
            return {value: row[-1] for row, value in
                    self.lab.walk(oid("hvxConnectionName"))}[string(name)]

        self.start(self.first, self.second, indexGrace="0s")
        self.assertEqual(index_of("second"), 2)
        self.assertEqual(self.lab.agent.stop(), 0)
        self.lab.write_config(self.second, indexGrace="0s")
        self.lab.start_agent()
        self.reload(self.second, f"third sim:{self.lab.folder}/first.xml",
                    indexGrace="0s")
        self.assertEqual(index_of("second"), 2)
        self.assertEqual(index_of("third"), 1)


class Refused(ReloadTest):
    """A connection that cannot be started: as if nobody had tried."""

    def setUp(self):
        super().setUp()
        self.start(self.first, self.second, maxAge="1h")
        for context in ("public", "second"):
            self.lab.walk(oid("vmTable"), Manager.community(context))
        self.before = self.seen()

    def seen(self):
        """What is the same as long as nothing is closed or asked."""
        return [self.lab.walk(oid(column)) for column in (
            "hvxConnectionName", "hvxConnectionUri", "hvxConnectionContext",
            "hvxConnectionDefault", "hvxConnectionState", "hvxConnectionSince",
            "hvxConnectionCollections")] + [
                self.lab.walk(oid("vmName"), Manager.community(context))
                for context in ("public", "first", "second")]

    def block(self, name):
        """No index file can be opened there, nor put there; the way to undo it."""
        path = self.lab.folder / "state" / f"domains-{name}.index"
        path.unlink(missing_ok=True)
        path.symlink_to(path)
        return path

    def refused(self, *connections):
        self.reload(*connections, good=False, maxAge="1h")
        self.assertEqual(self.seen(), self.before)
        log = self.lab.agent.log()
        self.assertNotRegex(log, "connection (first|second): closed")
        why = self.lab.get(oid("hvxAgentConfigError", 0)).value.decode()
        self.assertIn("index", why)
        self.assertIn(f"not reloaded: {why}; the old configuration stays", log)

    def test_a_new_one(self):
        third = f"third sim:{self.lab.folder}/second.xml"
        path = self.block("third")
        self.refused(third)
        self.refused(f"{self.second} context moved default", third)
        self.refused(f"fourth sim:{self.lab.folder}/first.xml", third)
        path.unlink()
        self.reload(third)
        self.assertEqual(self.connections(), ["third"])

    def test_another_one_of_the_same_name(self):
        path = self.block("second")
        self.refused(f"first sim:{self.lab.folder}/second.xml",
                     f"second sim:{self.lab.folder}/first.xml")
        path.unlink()
        self.reload(f"first sim:{self.lab.folder}/second.xml",
                    f"second sim:{self.lab.folder}/first.xml")
        self.assertEqual(self.connections(), ["first", "second"])

    def test_connections_that_cannot_be_remembered(self):
        state = self.lab.folder / "state"
        (state / "connections.index.new").mkdir()
        self.refused(self.first, self.second,
                     f"third sim:{self.lab.folder}/second.xml")
        (state / "connections.index.new").rmdir()
        self.reload(self.first, f"third sim:{self.lab.folder}/second.xml")
        self.assertEqual(self.connections(), ["first", "third"])


class Disturbed(ReloadTest):
    """Reloads while something else is going on."""

    def start_sick(self, **directives):
        sick = self.lab.write("sick.xml", Node(SMALL, faults=[fault("hang")]).xml())
        self.sick = f"first sim:{sick}"
        self.lab.write_config(self.sick, self.second, waitLimit="999ms", **directives)
        self.lab.start_agent()
        self.lab.wait_state(UP, 2)

    def mend(self):
        """Lets calls that hang return, and with them their threads."""
        self.lab.write("sick.xml", Node(SMALL).xml())

    def answer_during(self, connections, manager):
        """What is answered to a request that waits while connections go."""
        def delegated():
            return self.lab.get(oid("hvxAgentRequestsDelegated", 0)).value

        def reload_while_it_waits():
            wait_for(lambda: delegated() > before, "a request that waits")
            self.reload(*connections, waitLimit="999ms")

        before = delegated()
        answer, _ = at_once([
            lambda: self.lab.run("snmpget", oid("vmNumber", 0), manager=manager),
            reload_while_it_waits])
        return answer

    def test_a_request_waits_for_a_connection_that_goes(self):
        self.start_sick()
        for manager in (Manager.community("first"), None):
            answer = self.answer_during([self.second], manager)
            self.assertNotIn("Timeout", answer.stderr)
            self.assertEqual(self.connections(), ["second"])
            self.reload(self.sick, self.second, waitLimit="999ms")
            self.lab.wait_served(Manager.community("first"))
        self.mend()

    def test_a_request_waits_for_a_connection_that_is_replaced(self):
        self.start_sick()
        answer = self.answer_during(
            [f"first sim:{self.lab.folder}/first.xml", self.second], None)
        self.assertNotIn("Timeout", answer.stderr)
        wait_for(lambda: self.lab.get(oid("vmNumber", 0)) == integer(len(SMALL)),
                 "the domains of the new one")
        self.mend()

    def test_a_connection_that_hangs_is_left_alone_or_replaced(self):
        self.start_sick(callTimeout="1s")
        self.lab.agent.wait_log("connection first: unresponsive: ")
        self.reload(self.sick, self.second, f"third sim:{self.lab.folder}/second.xml",
                    callTimeout="1s")
        self.assertEqual(self.connections(), ["first", "second", "third"])
        self.assertNotIn("connection first: closed", self.lab.agent.log())
        self.reload(f"first sim:{self.lab.folder}/first.xml", self.second,
                    callTimeout="1s")
        self.lab.wait_state(UP)
        wait_for(lambda: self.lab.get(oid("vmNumber", 0)) == integer(len(SMALL)),
                 "the domains of the new one")
        self.mend()

    def test_while_there_is_no_master(self):
        self.start(self.first)
        self.lab.master.stop()
        self.lab.agent.wait_log("lost the AgentX master")
        self.reload(self.first, self.second)
        self.reload(f"{self.first} context moved", self.second)
        self.lab.start_master()
        self.lab.wait_served()
        self.assertEqual(self.connections(), ["first", "second"])
        for context, domains in (("moved", len(SMALL)), ("second", 1)):
            manager = Manager.community(context)
            self.lab.wait_served(manager)
            wait_for(lambda: self.lab.get(oid("vmNumber", 0), manager)
                     == integer(domains), f"the domains in context {context}")
        self.assertNotIn("failed", self.lab.agent.log())

    def test_a_storm_of_signals_under_a_walk(self):
        self.start(self.first, self.second)
        agent = self.lab.agent
        since = self.lab.get(oid("hvxConnectionSince", 1))

        def storm():
            for turn in range(200):
                self.lab.write_config(
                    *([self.first, self.second] if turn % 2 else [self.first]))
                agent.signal(signal.SIGHUP)

        def walk():
            return [self.lab.bulk_walk(oid("vmTable")) for _ in range(10)]

        _, walks = at_once([storm, walk])
        for rows in walks:
            names = [name for name, _ in rows]
            self.assertEqual(names, sorted(set(names)))
        wait_for(lambda: self.connections() == ["first", "second"], "the last file")
        self.assertEqual(self.lab.get(oid("hvxConnectionSince", 1)), since)
        self.assertEqual(agent.log().count("connected to the AgentX master"), 1)

    def test_nothing_is_left_after_fifty_times(self):
        self.start(self.first)
        agent = self.lab.agent
        third = "third sim:" + str(
            self.lab.write("third.xml", Node([Domain("other")]).xml()))
        turns = ([self.first, self.second], [self.first, self.second, third],
                 [self.first, f"second {third.split()[1]}", third],
                 [self.first, f"{self.second} context moved default"], [self.first])

        def settled():
            return agent.descriptors(), agent.threads()

        since = self.lab.get(oid("hvxConnectionSince", 1))
        for connections in turns:
            self.reload(*connections)
            if connections == turns[0]:
                self.lab.wait_state(UP, 2)
        before = settled()
        for _ in range(10):
            for connections in turns:
                self.reload(*connections)
        wait_for(lambda: all(now <= then for now, then in zip(settled(), before)),
                 f"{before} descriptors and threads")
        self.assertEqual(self.lab.get(oid("hvxConnectionSince", 1)), since)
        self.assertEqual(len(self.lab.walk(oid("vmName"))), len(SMALL))


if __name__ == "__main__":
    lab.main()
