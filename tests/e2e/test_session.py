#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""AgentX sessions and connections that end, also while requests wait."""
import agentx
import lab
from agentx import Range, Type
from node import fault
from protocol import REGISTRATIONS, ProtocolTest
from snmp import oid


class Endings(ProtocolTest):
    """Sessions and connections that end while requests wait for data."""

    SLOW = (fault("slow", on="domains", delay_ms=400),)

    def pending(self, session):
        """Requests that have to wait, of each kind."""
        return [session.send_get([oid("vmNumber", 0)]),
                session.send_get_next([Range(oid("vmName"))]),
                session.send_get_bulk([Range(oid("vmName"))], 10)] * 5

    def assert_new_session(self):
        session = self.session()
        self.assert_serves(session)
        self.assertEqual(session.unasked(), [])
        return session

    def test_the_master_closes_the_session(self):
        session = self.start(faults=self.SLOW, maxAge="100ms")
        for _ in range(3):
            self.pending(session)
            session.send_close()
            session = self.assert_new_session()

    def test_the_connection_drops(self):
        session = self.start(faults=self.SLOW, maxAge="100ms")
        agent = self.lab.agent
        descriptors = agent.descriptors()
        for _ in range(3):
            self.pending(session)
            session.disconnect()
            session = self.assert_new_session()
        self.assertLessEqual(agent.descriptors(), descriptors)

    def test_the_connection_drops_while_the_agent_registers(self):
        session = self.start(faults=self.SLOW, hold=[Type.REGISTER], maxAge="100ms")
        for _ in range(5):
            session.wait(lambda: session.held_count() > 0, "a Register PDU")
            # More than the new session will have asked soon.
            for _ in range(20):
                self.pending(session)
            session.disconnect()
            session = self.session(complete=False)
        self.master.held.clear()
        session.release()
        session.wait_registered(*REGISTRATIONS)
        self.assert_serves(session)
        self.assertEqual(session.unasked(), [])

    def test_the_connection_drops_within_a_pdu(self):
        session = self.start()
        pdu = agentx.Pdu(Type.GET, 0, session.number, 1, 1, b"\0" * 40).encode()
        for length in (1, 20, 59):
            session.send_octets(pdu[:length])
            session.disconnect()
            session = self.assert_new_session()

    def test_a_request_of_another_session(self):
        session = self.start()
        packet = session.request(
            Type.GET, lambda encoder: encoder.ranges([Range(oid("vmNumber", 0))]),
            session=session.number + 77)
        # Whatever it says to that, it must go on with its own session.
        self.assertGreater(packet, 0)
        self.assert_serves(session)

    def test_pings_are_never_answered(self):
        session = self.start(agentXPingInterval=1, agentXTimeout=1, agentXRetries=1)
        self.master.held.add(Type.PING)
        session.wait_closed()
        self.master.held.clear()
        self.assert_new_session()

    def test_the_agent_ends_with_requests_pending(self):
        session = self.start(faults=[fault("hang", on="domains")])
        self.pending(session)
        self.assertEqual(self.lab.agent.stop(), 0)
        session.wait_closed()
        # It took leave.
        self.assertIn(Type.CLOSE, [pdu.type for pdu in session.received])


if __name__ == "__main__":
    lab.main()
