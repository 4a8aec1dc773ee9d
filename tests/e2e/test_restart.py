#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""snmpd and hvagentx end and start again, one without the other."""
import signal
import threading

import lab
import snmp
from lab import LabTest, wait_for
from node import SMALL, Domain, Node
from snmp import Manager, oid


class RestartTest(LabTest):
    contexts = ("second",)

    def start(self, domains, *more):
        path = self.lab.write("node.xml", Node(domains).xml())
        self.lab.write_config(f"first sim:{path}", *more, maxAge="100ms")
        return self.lab.start_agent()

    def indices(self):
        """Name and vmIndex of each domain."""
        return {value.value.decode(): name[-1]
                for name, value in self.lab.walk(oid("vmName"))}


class MasterRestarts(RestartTest):

    def test_objects_come_back_in_each_context(self):
        second = self.lab.write("second.xml", Node([Domain("other")]).xml())
        self.start(SMALL, f"second sim:{second}")
        managers = [Manager.community(), Manager.community("second")]
        before = [self.lab.walk(oid("hvxConnectionName"), manager)
                  for manager in managers]
        for turn in range(3):
            self.lab.master.stop()
            self.lab.start_master()
            for manager in managers:
                self.lab.wait_served(manager)
            self.assertEqual([self.lab.walk(oid("hvxConnectionName"), manager)
                              for manager in managers], before)
            self.assertEqual(len(self.lab.walk(oid("vmName"))), len(SMALL))
            self.lab.agent.wait_log("lost the AgentX master; reconnecting", turn + 1)
            self.lab.agent.wait_log("connected to the AgentX master", turn + 2)

    def test_agent_before_the_master(self):
        self.lab.master.stop()
        path = self.lab.write("node.xml", Node(SMALL).xml())
        self.lab.write_config(f"first sim:{path}")
        agent = self.lab.start_agent(wait=False)
        agent.wait_log("no AgentX master at unix:.*trying again")
        # The hypervisor is asked meanwhile.
        agent.wait_log("connection first: up")
        self.lab.start_master()
        self.lab.wait_served()
        self.assertEqual(len(self.lab.walk(oid("vmName"))), len(SMALL))
        self.assertEqual(agent.log().count("no AgentX master"), 1)

    def test_a_master_that_stops_for_a_while(self):
        # Longer than the interval of pings, shorter than anybody's patience.
        agent = self.start(SMALL)
        self.lab.master.signal(signal.SIGSTOP)
        try:
            stopped = threading.Event()
            stopped.wait(2.5)
        finally:
            self.lab.master.signal(signal.SIGCONT)
        self.lab.wait_served()
        self.assertEqual(len(self.lab.walk(oid("vmName"))), len(SMALL))
        self.assertTrue(agent.is_running())


class AgentRestarts(RestartTest):

    def test_killed_agent_leaves_the_master_alive(self):
        self.start(SMALL)
        for _ in range(3):
            before = self.indices()
            self.lab.agent.kill()
            self.assertEqual(self.lab.get(oid("sysUpTime", 0)).type, "Timeticks")
            wait_for(lambda: self.lab.get(oid("vmNumber", 0)) == snmp.NO_OBJECT,
                     "the agent's objects to go")
            self.lab.start_agent()
            wait_for(lambda: len(self.indices()) == len(SMALL), "the domains")
            self.assertEqual(self.indices(), before)
        self.assertTrue(self.lab.master.is_running())

    def test_orderly_end_takes_the_objects_away(self):
        self.start(SMALL)
        self.assertEqual(self.lab.agent.stop(), 0)
        self.assertIn("hvagentx stopped", self.lab.agent.log())
        self.assertEqual(self.lab.get(oid("vmNumber", 0)), snmp.NO_OBJECT)
        self.assertEqual(self.lab.get(oid("hvxAgentVersion", 0)), snmp.NO_OBJECT)


if __name__ == "__main__":
    lab.main()
