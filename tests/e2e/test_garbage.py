#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Octets that are no AgentX request: hvagentx survives them, and serves again."""
import random
import struct

import agentx
import lab
from agentx import NETWORK_BYTE_ORDER, Type
from fakemaster import Closed
from lab import DEADLINE_S
from protocol import ProtocolTest


# Not one that a session counts up to.
ODD_PACKET = 0x40000000


class Garbage(ProtocolTest):
    def pdu(self, kind, payload=b"", flags=0, **fields):
        header = {"session": self.current.number, "transaction": ODD_PACKET,
                  "packet": ODD_PACKET} | fields
        return agentx.Pdu(kind, flags, payload=payload, **header).encode()

    def assert_survives(self, octets):
        """Sends it; the agent serves, in this session or in its next one."""
        session = self.current
        session.send_octets(octets)
        session.master.deadline_s = 1
        try:
            self.assert_serves(session)
        except (Closed, AssertionError):
            # Closed by the agent, or it still waits for the rest of a PDU.
            session.disconnect()
            session.master.deadline_s = DEADLINE_S
            self.current = self.session()
            self.assert_serves(self.current)
        session.master.deadline_s = DEADLINE_S
        self.assertTrue(self.lab.agent.is_running())

    def setUp(self):
        super().setUp()
        self.current = self.start()

    def oid(self, count, prefix=0, numbers=None):
        """An encoded OID whose header says `count` numbers."""
        numbers = [1] * count if numbers is None else numbers
        return struct.pack("<BBBB", count, prefix, 0, 0) + struct.pack(
            f"<{len(numbers)}I", *numbers)

    def test_headers(self):
        for kind in (0, 19, 99, 255):
            self.assert_survives(self.pdu(kind))
            self.assert_survives(self.pdu(kind, b"\xff" * 64))
        valid = self.pdu(Type.GET, self.oid(3) + self.oid(0))
        self.assert_survives(b"\x02" + valid[1:])               # another version
        self.assert_survives(b"\0" * 20)
        self.assert_survives(b"\xff" * 20)
        for length in (0x7fffffff, 0xffffffff, 0x10000, 3):
            self.assert_survives(valid[:16] + struct.pack("<I", length))

    def test_payloads_that_end_too_early(self):
        for kind in (Type.GET, Type.GET_NEXT, Type.GET_BULK, Type.TEST_SET,
                     Type.RESPONSE, Type.CLOSE):
            for payload in (b"", b"\0", self.oid(5, numbers=[1, 2]), b"\xff" * 7,
                            self.oid(4), b"\xff" * 4):
                with self.subTest(kind=kind, payload=payload):
                    self.assert_survives(self.pdu(kind, payload))

    def test_contexts_that_are_longer_than_the_pdu(self):
        for length in (5, 1000, 0x7fffffff, 0xffffffff):
            payload = struct.pack("<I", length) + b"abcd" + self.oid(3) + self.oid(0)
            self.assert_survives(
                self.pdu(Type.GET, payload, agentx.NON_DEFAULT_CONTEXT))

    def test_names_that_are_too_long(self):
        for count in (129, 200, 255):
            for kind in (Type.GET, Type.GET_NEXT):
                for start, end in ((self.oid(count), self.oid(0)),
                                   (self.oid(count, 2), self.oid(count)),
                                   (self.oid(3), self.oid(count))):
                    self.assert_survives(self.pdu(kind, start + end))
        self.assert_survives(self.pdu(Type.GET, self.oid(128, 2) + self.oid(0)))

    def test_bulk_counts(self):
        for counts in ((65535, 65535), (0, 65535), (65535, 0)):
            payload = struct.pack("<HH", *counts) + self.oid(1) + self.oid(0)
            self.assert_survives(self.pdu(Type.GET_BULK, payload))

    def test_sets_of_odd_values(self):
        name = self.oid(9, 2, [1, 236, 1, 4, 1, 2, 1, 1, 1])
        for kind in (0, 1, 2, 4, 5, 6, 64, 65, 67, 68, 70, 128, 130, 9999):
            for value in (b"", b"\0" * 4, b"\xff" * 4, b"\xff" * 8,
                          struct.pack("<I", 3) + b"abc\0"):
                payload = struct.pack("<HH", kind, 0) + name + value
                self.assert_survives(self.pdu(Type.TEST_SET, payload))
                self.assert_survives(self.pdu(Type.CLEANUP_SET))

    def test_answers_to_nothing(self):
        payload = struct.pack("<IHH", 0, 0, 0)
        for packet in (0, 1, 77, 0xffffffff):
            self.assert_survives(self.pdu(Type.RESPONSE, payload, packet=packet))
        self.assert_survives(self.pdu(Type.OPEN, b"\0" * 12))
        self.assert_survives(self.pdu(Type.REGISTER, b"\0" * 8))
        self.assert_survives(self.pdu(Type.NOTIFY, b"\0" * 8))

    def test_random_octets(self):
        chance = random.Random(7666)
        for _ in range(4):
            self.assert_survives(chance.randbytes(chance.randrange(20, 3000)))

    def test_random_payloads(self):
        chance = random.Random(2741)
        for _ in range(150):
            self.assert_survives(self.pdu(
                chance.choice([Type.GET, Type.GET_NEXT, Type.GET_BULK, Type.TEST_SET]),
                chance.randbytes(4 * chance.randrange(0, 30)),
                flags=chance.choice([0, 0, agentx.NON_DEFAULT_CONTEXT,
                                     NETWORK_BYTE_ORDER])))


if __name__ == "__main__":
    lab.main()
