#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""sysORTable: what the agent states to have of its MIB modules."""
import os
import re
import signal
import subprocess

import lab
import snmp
from agentx import Type
from lab import LabTest, Process, wait_for
from node import SMALL, Domain, Node
from protocol import ProtocolTest
from snmp import HVX_MIB, below, oid

STATEMENTS = {"hvxVmMibCapabilities": "VM-MIB",
              "hvxHvagentxMibCapabilities": "HVAGENTX-MIB"}

REQUEST_DENIED = 267


def translate(name):
    """What a manager's tool calls an OID."""
    run = subprocess.run(
        ["snmptranslate", *snmp.MIB_OPTIONS[:2], "-m", "HVAGENTX-MIB", snmp.dotted(name)],
        env=dict(os.environ, MIBS="", SNMPCONFPATH="/nowhere"), capture_output=True,
        text=True, check=True)
    if run.stderr:
        raise AssertionError(f"the tools complain of HVAGENTX-MIB: {run.stderr}")
    return run.stdout.strip()


class SysOrTable(LabTest):
    """With a real snmpd."""

    contexts = ("second",)

    def start(self):
        first = self.lab.write("node.xml", Node(SMALL).xml())
        second = self.lab.write("second.xml", Node([Domain("other")]).xml())
        self.lab.write_config(f"first sim:{first}", f"second sim:{second}")
        return self.lab.start_agent()

    def rows(self):
        """sysORID and sysORDescr of our statements, sorted."""
        descriptions = {name[-1]: value.value.decode()
                        for name, value in self.lab.walk(oid("sysORDescr"))}
        return sorted((value.value, descriptions.get(name[-1]))
                      for name, value in self.lab.walk(oid("sysORID"))
                      if below(HVX_MIB, value.value))

    def wait_rows(self, count):
        wait_for(lambda: len(self.rows()) == count, f"{count} rows in sysORTable")
        return self.rows()

    def test_a_row_for_each_module(self):
        self.start()
        rows = self.wait_rows(len(STATEMENTS))
        self.assertEqual([translate(name) for name, _ in rows],
                         [f"HVAGENTX-MIB::{name}" for name in STATEMENTS])
        for (_, words), module in zip(rows, STATEMENTS.values()):
            self.assertTrue(words.startswith(module), words)

    def test_snmpd_starts_again(self):
        self.start()
        before = self.wait_rows(len(STATEMENTS))
        for end in (Process.stop, Process.kill):
            end(self.lab.master)
            self.lab.start_master()
            self.lab.wait_served()
            self.assertEqual(self.wait_rows(len(STATEMENTS)), before)

    def test_a_reload_announces_nothing_twice(self):
        agent = self.start()
        before = self.wait_rows(len(STATEMENTS))
        first = self.lab.folder / "node.xml"
        self.lab.write_config(f"first sim:{first}", f"third sim:{first}")
        agent.signal(signal.SIGHUP)
        wait_for(lambda: len(self.lab.walk(oid("hvxConnectionName"))) == 2
                 and self.lab.walk(oid("hvxConnectionName"))[1][1].value == b"third",
                 "the third connection")
        self.assertEqual(self.rows(), before)

    def test_the_agent_ends(self):
        others = self.lab.walk(oid("sysORID"))
        for end in (Process.stop, Process.kill):
            agent = self.start()
            self.wait_rows(len(STATEMENTS))
            end(agent)
            self.wait_rows(0)
            self.assertEqual(self.lab.walk(oid("sysORID")), others)


class Announcement(ProtocolTest):
    """With a master of ours."""

    def announced(self, session):
        return [pdu for pdu in session.received if pdu.type == Type.ADD_AGENT_CAPS]

    def assert_announced(self, session):
        """Each statement once, in the default context; the rest is served."""
        session.wait(lambda: len(session.capabilities) >= len(STATEMENTS),
                     "AddAgentCaps PDUs")
        self.assert_serves(session)
        self.assertEqual([(context, name) for context, name, _ in session.capabilities],
                         [("", oid(name)) for name in STATEMENTS])
        for (_, _, words), module in zip(session.capabilities, STATEMENTS.values()):
            self.assertTrue(words.startswith(module), words)
        for pdu in self.announced(session):
            self.assertEqual(pdu.session, session.number)

    def test_once_in_each_session(self):
        session = self.start(agentXPingInterval=1)
        self.assert_announced(session)
        for _ in range(2):
            session.disconnect()
            session = self.session()
            self.assert_announced(session)
        # Some pings later still once.
        session.wait(lambda: sum(pdu.type == Type.PING for pdu in session.received) >= 2,
                     "pings")
        self.assert_announced(session)

    def test_the_answer_is_not_waited_for(self):
        session = self.start(hold=[Type.ADD_AGENT_CAPS])
        session.wait(lambda: session.held_count() == len(STATEMENTS),
                     "AddAgentCaps PDUs without waiting for an answer")
        self.assert_serves(session)
        session.release()
        self.assert_announced(session)

    def test_the_connection_drops_before_the_answer(self):
        session = self.start(hold=[Type.ADD_AGENT_CAPS])
        for _ in range(3):
            session.wait(lambda: session.held_count() == len(STATEMENTS),
                         "AddAgentCaps PDUs")
            session.disconnect()
            session = self.session()
        self.master.held.clear()
        session.wait(lambda: session.held_count() == len(STATEMENTS), "AddAgentCaps PDUs")
        session.release()
        self.assert_announced(session)

    def test_a_refusal_is_told_and_nothing_else(self):
        self.master.refused[Type.ADD_AGENT_CAPS] = REQUEST_DENIED
        session = self.start(agentXPingInterval=1)
        for name in STATEMENTS:
            self.lab.agent.wait_log(
                rf"the AgentX master does not take {name} into sysORTable \(error 267\)")
        session.wait(lambda: any(pdu.type == Type.PING for pdu in session.received),
                     "Ping PDU")
        self.assert_serves(session)
        self.assertEqual(len(self.announced(session)), len(STATEMENTS))
        told = re.findall(r"sysORTable", self.lab.agent.log())
        self.assertEqual(len(told), len(STATEMENTS))
        self.assertNotIn("lost the AgentX master", self.lab.agent.log())


class BigEndian(Announcement):
    """The other byte order."""
    order = ">"


if __name__ == "__main__":
    lab.main()
