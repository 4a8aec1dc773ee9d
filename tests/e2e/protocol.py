# SPDX-License-Identifier: BSD-2-Clause
"""What tests of the AgentX protocol share: hvagentx and a master of ours."""
import unittest

import fakemaster
from agentx import Range
from fakemaster import Response
from lab import DEADLINE_S, Lab
from node import SMALL, Domain, Node
from snmp import END, HVX_MIB, VM_MIB, integer, oid

# What the second connection shows, in its context.
SECOND = [Domain("other")]

REGISTRATIONS = {(context, root) for context in ("", "first", "second")
                 for root in (VM_MIB, HVX_MIB)}


class ProtocolTest(unittest.TestCase):
    order = "<"

    def setUp(self):
        self.lab = self.enterContext(Lab())
        self.master = fakemaster.Master(self.lab.agentx_socket, self.order, DEADLINE_S)
        self.addCleanup(self.master.close)

    def start(self, domains=SMALL, faults=(), hold=(), **directives):
        """Starts the agent; its session, complete unless something is held."""
        self.master.held.update(hold)
        path = self.lab.write("node.xml", Node(domains, faults=list(faults)).xml())
        second = self.lab.write("second.xml", Node(SECOND).xml())
        self.lab.write_config(f"first sim:{path}", f"second sim:{second}",
                              **{"waitLimit": "900ms"} | directives)
        self.lab.start_agent(wait=False)
        return self.session(complete=not hold)

    def session(self, complete=True):
        """The next session that the agent opens."""
        session = self.master.accept()
        if complete:
            session.wait_registered(*REGISTRATIONS)
            # Once this is answered, the agent has left the call that registers,
            # in which libnetsnmpagent answers instead.
            session.get(oid("hvxAgentVersion", 0))
        return session

    def all_names(self, session, repetitions):
        """The names of all instances of vmName, by GetBulk after GetBulk."""
        names, at = [], oid("vmName")
        while True:
            answer = session.get_bulk(Range(at, False, oid("vmUUID")),
                                      repetitions=repetitions)
            self.assertEqual(answer.error, 0)
            found = [name for name, value in answer.varbinds if value != END]
            if not found:
                return names
            names += found
            at = names[-1]

    def assert_serves(self, session, count=len(SMALL)):
        self.assertEqual(session.get(oid("vmNumber", 0)),
                         Response(0, 0, [(oid("vmNumber", 0), integer(count))]))
