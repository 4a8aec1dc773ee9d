#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""AgentX as RFC 2741 has it: what a real snmpd never sends, or never does."""
import lab
from agentx import NETWORK_BYTE_ORDER, Range, Type
from fakemaster import Response
from node import SMALL, Node, fault, many
from protocol import REGISTRATIONS, SECOND, ProtocolTest
from snmp import END, NO_INSTANCE, NO_OBJECT, VM_MIB, integer, oid, string

UNSUPPORTED_CONTEXT = 262

ROWS = 300



class Requests(ProtocolTest):
    """Each request there is, little-endian."""

    def test_what_is_registered(self):
        session = self.start()
        self.assertEqual(set(session.registered), REGISTRATIONS)
        self.assertEqual(len(session.registered), len(REGISTRATIONS))

    def test_get(self):
        session = self.start()
        names = [oid("vmNumber", 0), oid("vmName", 999), oid("vmIndex", 1),
                 oid("hvxConnectionName", 1), oid("vmOperState", 1), oid("vmNumber", 0)]
        answer = session.get(*names)
        self.assertEqual((answer.error, [name for name, _ in answer.varbinds]),
                         (0, names))
        values = [value for _, value in answer.varbinds]
        self.assertEqual(values[:4], [integer(len(SMALL)), NO_INSTANCE, NO_OBJECT,
                                      string("first")])
        self.assertEqual((values[4].type, values[5]), ("INTEGER", values[0]))

    def test_getnext_in_ranges(self):
        session = self.start()
        last = len(SMALL)
        name = oid("vmName")
        column_end = oid("vmUUID")
        cases = [
            # Not included, included, included but not there.
            (Range(name + (1,)), name + (2,)),
            (Range(name + (1,), True), name + (1,)),
            (Range(name + (0,), True), name + (1,)),
            (Range(name, True), name + (1,)),
            (Range(oid("vmNumber", 0), True), oid("vmNumber", 0)),
            # An end is itself excluded.
            (Range(name + (1,), False, name + (2,)), None),
            (Range(name + (1,), False, name + (2, 0)), name + (2,)),
            (Range(name + (1,), False, name + (3,)), name + (2,)),
            (Range(name + (1,), True, name + (2,)), name + (1,)),
            (Range(name + (1,), True, name + (1,)), None),
            (Range(name + (last,), False, column_end), None),
            (Range(name + (last,), False, column_end + (1,)), None),
            (Range(name + (last,), False, column_end + (2,)), column_end + (1,)),
            (Range(name + (last,)), column_end + (1,)),
            # The borders of a module.
            (Range(VM_MIB, True, VM_MIB[:-1] + (VM_MIB[-1] + 1,)),
             oid("vmHvSoftware", 0)),
            (Range(VM_MIB, True, oid("vmHvSoftware")), None),
            (Range(oid("vmBulkNotificationsEnabled", 0), False, VM_MIB[:-1] + (237,)),
             None),
            (Range(oid("hvxOperationsSize", 0)), None),
        ]
        for asked, wanted in cases:
            with self.subTest(range=asked):
                (found, value), = session.get_next(asked).varbinds
                if wanted is None:
                    self.assertEqual((found, value), (asked.start, END))
                else:
                    self.assertEqual(found, wanted)
                    self.assertEqual(session.get(wanted).varbinds, [(found, value)])

    def test_getnext_of_several_ranges(self):
        session = self.start()
        answer = session.get_next(
            Range(oid("vmName", 1)), Range(oid("vmName", 1), False, oid("vmName", 2)),
            Range(oid("vmNumber"), True), Range(oid("hvxConnectionName"), False))
        self.assertEqual([name for name, _ in answer.varbinds],
                         [oid("vmName", 2), oid("vmName", 1), oid("vmNumber", 0),
                          oid("hvxConnectionName", 1)])
        self.assertEqual(answer.varbinds[1][1], END)

    def test_a_walk_by_getnext_in_each_context(self):
        session = self.start()
        for context, domains in (("", SMALL), ("first", SMALL), ("second", SECOND)):
            walk = session.walk(VM_MIB, context)
            names = {value.value.decode() for name, value in walk
                     if name[:-1] == oid("vmName")}
            self.assertEqual(names, {domain.name for domain in domains})

    def test_getbulk(self):
        session = self.start()
        answer = session.get_bulk(
            Range(oid("vmNumber")), Range(oid("vmName"), False, oid("vmUUID")),
            Range(oid("vmMaxMem", 1), True, oid("vmMaxMem", 3)),
            non_repeaters=1, repetitions=3)
        end = (oid("vmMaxMem", 2), END)
        self.assertEqual(answer.error, 0)
        self.assertEqual([name for name, _ in answer.varbinds],
                         [oid("vmNumber", 0),
                          oid("vmName", 1), oid("vmMaxMem", 1),
                          oid("vmName", 2), oid("vmMaxMem", 2),
                          oid("vmName", 3), end[0]])
        self.assertEqual(answer.varbinds[-1], end)
        for name, value in answer.varbinds[:-1]:
            self.assertEqual(session.get(name).varbinds, [(name, value)])

    def test_getbulk_to_the_end_of_all_ranges(self):
        session = self.start()
        last = len(SMALL)
        answer = session.get_bulk(Range(oid("vmName"), False, oid("vmUUID")),
                                  Range(oid("vmUUID"), False, oid("vmOSType")),
                                  repetitions=1000)
        pairs = list(zip(answer.varbinds[::2], answer.varbinds[1::2]))
        self.assertEqual([(first[0], second[0]) for first, second in pairs[:last]],
                         [(oid("vmName", index), oid("vmUUID", index))
                          for index in range(1, last + 1)])
        self.assertLessEqual(len(pairs), last + 1)
        for first, second in pairs[last:]:
            self.assertEqual((first[1], second[1]), (END, END))

    def test_getbulk_of_many_rows(self):
        session = self.start(many(ROWS), maxAge="100ms")
        for repetitions in (1, 7, 150, 65535):
            self.assertEqual(self.all_names(session, repetitions), [
                oid("vmName", index) for index in range(1, ROWS + 1)])

    def test_getbulk_of_nothing(self):
        session = self.start()
        name = Range(oid("vmName"))
        self.assertEqual(session.get_bulk(name, repetitions=0), Response(0, 0, []))
        answer = session.get_bulk(name, name, repetitions=0, non_repeaters=2)
        self.assertEqual(len(answer.varbinds), 2)
        answer = session.get_bulk(name, repetitions=3, non_repeaters=9)
        self.assertEqual([found for found, _ in answer.varbinds], [oid("vmName", 1)])
        self.assertEqual(session.get_bulk(repetitions=5).error, 0)
        self.assert_serves(session)

    def test_contexts(self):
        session = self.start()
        for context, count in (("", len(SMALL)), ("first", len(SMALL)),
                               ("second", len(SECOND))):
            answer = session.get(oid("vmNumber", 0), context=context)
            self.assertEqual(answer.varbinds, [(oid("vmNumber", 0), integer(count))])
        for context in ("nobody", "firs", "first ", "First", "\0", "x" * 300):
            for answer in (session.get(oid("vmNumber", 0), context=context),
                           session.get_next(Range(oid("vmName")), context=context),
                           session.get_bulk(Range(oid("vmName")), repetitions=2,
                                            context=context)):
                self.assertEqual(answer.error, UNSUPPORTED_CONTEXT, context)
        self.assert_serves(session)

    def test_names_of_every_length(self):
        session = self.start()
        for length in range(1, 129):
            name = (oid("vmName", 1) + (5,) * 128)[:length]
            value = session.get(name).varbinds[0][1]
            if length > len(oid("vmName", 1)):
                self.assertEqual(value, NO_INSTANCE)
                found = session.get_next(Range(name)).varbinds[0][0]
                self.assertEqual(found, oid("vmName", 2))
            elif length < len(oid("vmName")):
                self.assertEqual(value, NO_OBJECT)
        # The null OID, and the first there is.
        self.assertEqual(session.get(()).error, 0)
        self.assertEqual(session.get_next(Range((), True)).error, 0)
        self.assert_serves(session)

    def test_many_requests_at_once(self):
        session = self.start(many(ROWS), maxAge="100ms")
        packets = {session.send_get_next([Range(oid("vmName", index))], context): index
                   for index in range(1, ROWS) for context in ("", "first")}
        for packet, index in packets.items():
            (name, value), = session.answer(packet).varbinds
            self.assertEqual(name, oid("vmName", index + 1))
            self.assertEqual(value, string(f"vm{index + 1:05d}"))


class BigEndian(ProtocolTest):
    """The other byte order: the same answers."""
    order = ">"

    def test_requests(self):
        session = self.start()
        self.assertEqual(set(session.registered), REGISTRATIONS)
        self.assert_serves(session)
        answer = session.get(oid("vmName", 999), oid("hvxConnectionName", 1))
        self.assertEqual([value for _, value in answer.varbinds],
                         [NO_INSTANCE, string("first")])
        answer = session.get_bulk(Range(oid("vmName"), False, oid("vmUUID")),
                                  repetitions=100)
        names = [name for name, value in answer.varbinds if value != END]
        self.assertEqual(names, [oid("vmName", index)
                                 for index in range(1, len(SMALL) + 1)])
        answer = session.get(oid("vmNumber", 0), context="second")
        self.assertEqual(answer.varbinds, [(oid("vmNumber", 0), integer(len(SECOND)))])
        self.assertEqual(session.get(oid("vmNumber", 0), context="nobody").error,
                         UNSUPPORTED_CONTEXT)

    def test_values_of_each_type(self):
        session = self.start()
        for name, kind in (("vmHvSoftware", "STRING"), ("vmHvObjectID", "OID"),
                           ("vmHvUpTime", "Timeticks"), ("vmNumber", "INTEGER"),
                           ("hvxAgentRequests", "Counter32")):
            (_, value), = session.get(oid(name, 0)).varbinds
            self.assertEqual(value.type, kind)
        (_, value), = session.get_next(Range(oid("vmCpuTime"))).varbinds
        self.assertEqual(value.type, "Counter64")
        self.assertGreater(value.value, 0)

    def test_responses_have_the_byte_order_of_the_request(self):
        session = self.start()
        self.assert_serves(session)
        responses = [pdu for pdu in session.received if pdu.type == Type.RESPONSE]
        self.assertTrue(all(pdu.flags & NETWORK_BYTE_ORDER for pdu in responses))


class Meanwhile(ProtocolTest):
    """Requests that arrive while the agent itself waits for the master."""

    def assert_complete(self, session):
        """Every row is there, asked for by each kind of request."""
        bulk = session.send_get_bulk([Range(oid("vmName"), False, oid("vmUUID"))], 50)
        # What a walk of a real master begins with.
        inclusive = session.send_get_next(
            [Range(oid("vmName", 1), True, oid("vmUUID"))])
        get = session.send_get([oid("vmNumber", 0), oid("vmCpuTime", 1)])
        names = [name for name, _ in session.answer(bulk).varbinds]
        self.assertEqual(names, [oid("vmName", index) for index in range(1, 51)])
        self.assertEqual(session.answer(inclusive).varbinds[0][0], oid("vmName", 1))
        self.assertEqual([value.type for _, value in session.answer(get).varbinds],
                         ["INTEGER", "Counter64"])
        names = [name for name, _ in session.walk(oid("vmName"))]
        self.assertEqual(names, [oid("vmName", index) for index in range(1, ROWS + 1)])

    def test_a_register_is_not_answered_yet(self):
        session = self.start(many(ROWS), hold=[Type.REGISTER], maxAge="100ms")
        session.wait(lambda: session.held_count() == len(REGISTRATIONS),
                     "Register PDUs without waiting for an answer")
        self.assert_complete(session)
        session.release()
        session.wait_registered(*REGISTRATIONS)
        self.assert_complete(session)

    def test_a_register_is_not_answered_and_the_node_is_slow(self):
        session = self.start(many(ROWS), [fault("slow", on="domains", delay_ms=300)],
                             hold=[Type.REGISTER], maxAge="1h")
        session.wait(lambda: session.held_count() > 0, "a Register PDU")
        self.assert_complete(session)
        self.master.held.clear()
        session.release()
        session.wait_registered(*REGISTRATIONS)
        self.assert_complete(session)

    def test_a_ping_is_not_answered_yet(self):
        session = self.start(many(ROWS), maxAge="100ms", agentXPingInterval=1)
        for _ in range(3):
            self.master.held.add(Type.PING)
            session.wait(lambda: session.held_count() > 0, "a Ping PDU")
            self.assert_complete(session)
            self.master.held.clear()
            session.release()
        self.assert_complete(session)


if __name__ == "__main__":
    lab.main()
