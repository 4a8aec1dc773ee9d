#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""SETs: what can be set, what is refused and how, and the phases of AgentX."""
import functools
import os
import re
import signal
import subprocess
import unittest

import lab
import snmp
from agentx import Type
from fakemaster import Response
from lab import Lab, LabTest, at_once
from node import SMALL, Domain, Node
from protocol import ProtocolTest
from snmp import (HVX_MIB, MIB_OPTIONS, VM_MIB, Manager, SnmpError, Value, integer, oid,
                  string)

PER_VM = oid("vmPerVMNotificationsEnabled", 0)
BULK = oid("vmBulkNotificationsEnabled", 0)
SWITCHES = (PER_VM, BULK)

TRUE, FALSE = integer(1), integer(2)

# A ping would make a SET that meets it fail for the moment.
NO_PINGS = {"agentXPingInterval": 3600}

# Error status of RFC 3416, and one of RFC 2741.
WRONG_TYPE = 7
WRONG_VALUE = 10
NO_CREATION = 11
INCONSISTENT_VALUE = 12
RESOURCE_UNAVAILABLE = 13
COMMIT_FAILED = 14
NOT_WRITABLE = 17
UNSUPPORTED_CONTEXT = 262

# As agent/transaction.h has them.
TRANSACTIONS = 32
VARBINDS = 500

LAST_NUMBER = 4294967295

# snmpset's letters and values of each type that it can send, but NULL.
ODD_VALUES = [("s", ""), ("i", "-1"), ("i", "2147483647"), ("i", "-2147483648"),
              ("u", "4294967295"), ("x", "00" * 16), ("s", "x" * 20_000),
              ("a", "192.0.2.1"), ("o", ".1.3" + ".9" * 120), ("d", "0"), ("b", "1"),
              ("t", "0"), ("U", "1"), ("I", "-1"), ("F", "1.5"), ("D", "2.5")]


# What can be set of a domain, and of an operation, each with a value that is good.
CONTROLS = {
    "hvxPowerAdminState": ("i", 1), "hvxPowerAction": ("i", 4),
    "hvxPowerLock": ("i", 0), "hvxConfigAutoStart": ("i", 1),
    "hvxConfigVcpus": ("u", 1), "hvxConfigMemory": ("u", 1048576),
    "hvxConfigCpuWeight": ("u", 256), "hvxConfigCpuCap": ("u", 50),
    "hvxConfigLock": ("i", 0), "hvxDebugAction": ("i", 22), "hvxDebugLock": ("i", 0),
}
ROW_COLUMNS = {
    "hvxOperationRowStatus": ("i", 4), "hvxOperationAction": ("i", 1),
    "hvxOperationValue": ("u", 1), "hvxOperationExpectedState": ("i", 4),
    "hvxOperationDeadline": ("u", 60), "hvxOperationTag": ("s", "x"),
    "hvxOperationDryRun": ("i", 1), "hvxOperationState": ("i", 5),
}


@functools.cache
def objects_of_the_mib():
    """Scalars and columns of our modules, by name, with their access.

    As net-snmp's own parser reads the MIB texts: "R", "RW", "CR" (read-create);
    "" for those that cannot be read.
    """
    found = {}
    for root in ("VM-MIB::vmMIB", "HVAGENTX-MIB::hvagentxMIB"):
        tree = subprocess.run(
            ["snmptranslate", *MIB_OPTIONS, "-Tp", root], capture_output=True,
            text=True, check=True,
            env=dict(os.environ, MIBS="", SNMPCONFPATH="/nowhere")).stdout
        for access, name in re.findall(
                r"-- ([-CRWN]{4}) +\w+ +(\w+)\(\d+\)$", tree, re.MULTILINE):
            found[name] = access.replace("-", "").replace("N", "")
    return found


def objects_that_can_be_set():
    return {name for name, access in objects_of_the_mib().items()
            if "W" in access or "C" in access}


class SetTest(unittest.TestCase):
    """What tests with a real snmpd share."""

    def assert_refused(self, reason, *words, failed=None, manager=None):
        """words: those of snmpset.  failed: the object that it is about."""
        with self.assertRaises(SnmpError, msg=words) as caught:
            self.lab.ask("snmpset", *words, manager=manager)
        self.assertEqual(caught.exception.reason, reason, words)
        if failed is not None:
            self.assertIn(f"Failed object: {snmp.dotted(failed)}\n",
                          str(caught.exception) + "\n")

    def assert_switched_off(self, manager=None):
        self.assertEqual(self.lab.get_many(SWITCHES, manager),
                         {name: FALSE for name in SWITCHES})


class OneNode(SetTest):
    """A node whose clock stands still; nothing in these tests changes it."""

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab())
        path = cls.lab.write("node.xml", Node(SMALL, frozen_s=86400).xml())
        cls.lab.write_config(f"first sim:{path}", maxAge="1h", **NO_PINGS)
        cls.lab.start_master()
        cls.lab.start_agent()
        cls.lab.wait_state(2)

    def setUp(self):
        self.before = self.steady_walk()

    def tearDown(self):
        self.assertEqual(self.steady_walk(), self.before)
        self.assertTrue(self.lab.agent.is_running())

    def steady_walk(self):
        return [(name, value) for name, value in self.lab.bulk_walk(VM_MIB)
                if value.type != "Timeticks"]


class Refused(OneNode):
    """What cannot be set, and values that nothing can have."""

    def test_which_objects_can_be_set(self):
        self.assertEqual(objects_that_can_be_set(), {
            "vmPerVMNotificationsEnabled", "vmBulkNotificationsEnabled", *CONTROLS,
            *ROW_COLUMNS})
        self.assertGreater(len(objects_of_the_mib()), 60)

    def test_nothing_is_permitted_that_is_not_configured(self):
        """With a good value for what is there; a row, of any class."""
        for name, words in CONTROLS.items():
            target = oid(name, 1)
            self.assert_refused("notWritable", target, *words, failed=target)
        uuid = self.lab.get(oid("vmUUID", 1)).value
        for name, words in ROW_COLUMNS.items():
            for group in range(1, 6):
                target = oid(name, group, *uuid, 1)
                self.assert_refused("notWritable", target, *words, failed=target)

    def test_each_object_that_is_read_only(self):
        there = {}
        for name, _ in self.lab.bulk_walk(VM_MIB) + self.lab.bulk_walk(HVX_MIB):
            for length in (len(name) - 1, len(name) - 2, len(name) - 3):
                there.setdefault(name[:length], name)
        tried = 0
        for name in objects_of_the_mib():
            if name in objects_that_can_be_set():
                continue
            names = [oid(name, 999_999_999)]
            if oid(name) in there:
                names.append(there[oid(name)])
                tried += 1
            for target in names:
                with self.subTest(object=name, target=target):
                    self.assert_refused("notWritable", target, "i", 1, failed=target)
                    self.assert_refused("notWritable", target, "s", "x", failed=target)
        self.assertGreater(tried, 40)

    def test_odd_values_for_what_is_read_only(self):
        for name in (oid("vmName", 1), oid("vmAdminState", 1), oid("vmUUID", 999),
                     oid("vmNumber", 0), oid("hvxAgentVersion", 0)):
            for kind, value in ODD_VALUES:
                self.assert_refused("notWritable", name, kind, value, failed=name)
            # It does not even pass snmpd.
            self.assert_refused("wrongType", name, "n", "", failed=name)

    def test_odd_values_for_a_switch(self):
        for name in SWITCHES:
            for kind, value in (*ODD_VALUES, ("n", "")):
                self.assert_refused("wrongValue" if kind == "i" else "wrongType",
                                    name, kind, value, failed=name)

    def test_names_that_are_no_object(self):
        names = [oid("vmEntry", 99, 1), VM_MIB + (9, 9), HVX_MIB + (2, 1, 1, 1, 5),
                 oid("vmName", *([LAST_NUMBER] * 116)), oid("vmEntry"), oid("vmObjects"),
                 VM_MIB, HVX_MIB, oid("vmObjects", 0), oid("vmObjects", 12, 0)]
        for name in names:
            for kind, value in (("i", 2), ("s", "x"), ("x", "")):
                self.assert_refused("notWritable", name, kind, value, failed=name)

    def test_names_of_every_length(self):
        """The classes of CVE-2022-24805 to -24810: names longer than expected."""
        for start, reason in ((PER_VM[:-1], "noCreation"),
                              (oid("vmName"), "notWritable"),
                              (HVX_MIB, "notWritable")):
            for length in range(len(start) + 2, 129):
                name = start + (LAST_NUMBER,) * (length - len(start))
                self.assert_refused(reason, name, "i", 2, failed=name)

    def test_null(self):
        """The classes of CVE-2022-44792 and -44793: SETs without a value."""
        for name in (*SWITCHES, oid("vmName", 1), oid("vmIndex", 1), oid("vmEntry"),
                     HVX_MIB + (2, 1, 1)):
            self.assert_refused("wrongType", name, "n", "")


class Switches(LabTest, SetTest):
    """vmPerVMNotificationsEnabled and vmBulkNotificationsEnabled."""
    contexts = ("first", "second")

    def setUp(self):
        super().setUp()
        lines = []
        for name in self.contexts:
            path = self.lab.write(f"{name}.xml", Node([Domain(name)]).xml())
            lines.append(f"{name} sim:{path}")
        self.lab.write_config(*lines, **NO_PINGS)
        self.lab.start_agent()
        self.managers = [None, *(Manager.community(name) for name in self.contexts),
                         Manager.user("operator"), Manager.user("operator", "second")]

    def test_they_can_be_set_to_false(self):
        for manager in self.managers:
            self.assert_switched_off(manager)
            for name in SWITCHES:
                self.assertEqual(self.lab.set(name, "i", 2, manager), [(name, FALSE)])
            self.assertEqual(
                self.lab.ask("snmpset", PER_VM, "i", 2, BULK, "i", 2, manager=manager),
                [(PER_VM, FALSE), (BULK, FALSE)])
        for manager in self.managers:
            self.assert_switched_off(manager)

    def test_they_cannot_be_set_to_true(self):
        for manager in self.managers:
            for name in SWITCHES:
                self.assert_refused("inconsistentValue", name, "i", 1, failed=name,
                                    manager=manager)
            self.assert_switched_off(manager)

    def test_other_values_are_wrong(self):
        for value in (0, 3, -1, -2, 258, 2147483647, -2147483648):
            self.assert_refused("wrongValue", PER_VM, "i", value)

    def test_other_instances_cannot_be_created(self):
        for name in SWITCHES:
            for instance in ((), (1,), (0, 0), (0, 1), (LAST_NUMBER,)):
                other = name[:-1] + instance
                self.assert_refused("noCreation", other, "i", 2, failed=other)
                # RFC 3416 section 4.2.5: the value is looked at first.
                self.assert_refused("wrongValue", other, "i", 3)
                self.assert_refused("wrongType", other, "u", 2)

    def test_all_or_nothing(self):
        name = oid("vmName", 1)
        self.assert_refused("inconsistentValue", PER_VM, "i", 2, BULK, "i", 1,
                            failed=BULK)
        self.assert_refused("notWritable", PER_VM, "i", 2, name, "s", "x", BULK, "i", 1,
                            failed=name)
        version = oid("hvxAgentVersion", 0)
        self.assert_refused("notWritable", PER_VM, "i", 2, version, "s", "x",
                            failed=version)
        self.assert_refused("wrongType", PER_VM, "s", "x", BULK, "i", 1, failed=PER_VM)
        self.assert_switched_off()

    def test_together_with_objects_of_others(self):
        contact, uptime = oid("sysContact", 0), oid("sysUpTime", 0)
        self.lab.ask("snmpset", contact, "s", "before", PER_VM, "i", 2)
        self.assertEqual(self.lab.get(contact), string("before"))
        self.assert_refused("inconsistentValue", contact, "s", "after", PER_VM, "i", 1,
                            failed=PER_VM)
        self.assert_refused("notWritable", PER_VM, "i", 2, contact, "s", "after",
                            uptime, "t", 1, failed=uptime)
        self.assertEqual(self.lab.get(contact), string("before"))
        self.assertEqual(self.lab.set(PER_VM, "i", 2), [(PER_VM, FALSE)])

    def test_the_same_object_twice(self):
        self.assertEqual(self.lab.ask("snmpset", PER_VM, "i", 2, PER_VM, "i", 2),
                         [(PER_VM, FALSE)] * 2)
        self.assert_refused("inconsistentValue", PER_VM, "i", 2, PER_VM, "i", 1)

    def test_in_version_1(self):
        manager = Manager.community(version="1")
        self.assertEqual(self.lab.set(PER_VM, "i", 2, manager), [(PER_VM, FALSE)])
        self.assert_refused("badValue", PER_VM, "i", 1, failed=PER_VM, manager=manager)
        with self.assertRaises(SnmpError) as caught:
            self.lab.set(oid("vmName", 1), "s", "x", manager)
        self.assertIn(caught.exception.reason, ("noSuchName", "readOnly"))

    def test_a_restart_forgets_them(self):
        self.lab.set(PER_VM, "i", 2)
        self.assertEqual(self.lab.agent.stop(), 0)
        self.lab.start_agent()
        self.assert_switched_off()
        self.assertEqual(self.lab.set(PER_VM, "i", 2), [(PER_VM, FALSE)])

    def test_many_managers_at_once(self):
        def set_often(manager, name):
            for _ in range(20):
                self.assertEqual(self.lab.set(name, "i", 2, manager), [(name, FALSE)])

        at_once([lambda m=manager, n=name: set_often(m, n)
                 for manager in self.managers[:3] for name in SWITCHES])
        self.assert_switched_off()


class Phases(ProtocolTest):
    """TestSet, CommitSet, UndoSet, CleanupSet: RFC 2741 section 7.2.4."""

    GOOD = Response(0, 0, [])

    def start(self, *arguments, **directives):
        return super().start(*arguments, **NO_PINGS | directives)

    def assert_commits(self, session, transaction, *varbinds, context=""):
        varbinds = varbinds or ((PER_VM, FALSE),)
        self.assertEqual(session.test_set(transaction, *varbinds, context=context),
                         self.GOOD)
        self.assertEqual(session.commit_set(transaction), self.GOOD)
        self.assert_not_answered(session, session.cleanup_set(transaction))

    def assert_not_answered(self, session, packet):
        """Requests are answered in order: an answer to it would have come."""
        self.assertEqual(session.get(PER_VM).varbinds, [(PER_VM, FALSE)])
        self.assertFalse(session.is_answered(packet))
        self.assertEqual(session.unasked(), [])

    def assert_unknown(self, session, transaction):
        self.assertEqual(session.commit_set(transaction), Response(COMMIT_FAILED, 1, []))

    def test_each_context(self):
        session = self.start()
        for transaction, context in enumerate(("", "first", "second"), 100):
            self.assert_commits(session, transaction, (PER_VM, FALSE), (BULK, FALSE),
                                context=context)
            self.assert_unknown(session, transaction)
        self.assertEqual(session.test_set(1, (PER_VM, FALSE), context="other"),
                         Response(UNSUPPORTED_CONTEXT, 1, []))
        self.assert_unknown(session, 1)

    def test_the_first_error_and_its_index(self):
        session = self.start()
        good, late, early = (PER_VM, FALSE), (BULK, TRUE), (BULK, integer(3))
        number, missing = (oid("vmNumber", 0), integer(5)), (BULK + (0,), FALSE)
        null = Value("NULL", None)
        for varbinds, error, index in (
                ([number], NOT_WRITABLE, 1),
                ([good, number], NOT_WRITABLE, 2),
                ([good, good, late, number], INCONSISTENT_VALUE, 3),
                ([good, early, late], WRONG_VALUE, 2),
                ([missing, number], NO_CREATION, 1),
                ([good, (BULK, string("x" * 60_000))], WRONG_TYPE, 2),
                ([(BULK, null)], WRONG_TYPE, 1),
                ([(oid("vmName", 1), null)], NOT_WRITABLE, 1),
                ([(HVX_MIB + (2, 1, 1), null)], NOT_WRITABLE, 1)):
            with self.subTest(varbinds=len(varbinds), error=error):
                self.assertEqual(session.test_set(7, *varbinds),
                                 Response(error, index, []))
                self.assert_unknown(session, 7)
                self.assert_not_answered(session, session.cleanup_set(7))
        self.assert_commits(session, 7)

    def test_a_test_that_is_not_committed(self):
        session = self.start()
        self.assertEqual(session.test_set(1, (PER_VM, FALSE)), self.GOOD)
        self.assert_not_answered(session, session.cleanup_set(1))
        self.assert_unknown(session, 1)

    def test_undo(self):
        session = self.start()
        for commits in (0, 1, 2):
            self.assertEqual(session.test_set(1, (PER_VM, FALSE), (BULK, FALSE)),
                             self.GOOD)
            for _ in range(commits):
                self.assertEqual(session.commit_set(1), self.GOOD)
            self.assertEqual(session.undo_set(1), self.GOOD)
            self.assert_unknown(session, 1)
        self.assertEqual(session.get(PER_VM, BULK).varbinds,
                         [(PER_VM, FALSE), (BULK, FALSE)])

    def test_transactions_that_never_began(self):
        session = self.start()
        self.assert_unknown(session, 5)
        self.assertEqual(session.undo_set(5), self.GOOD)
        self.assert_not_answered(session, session.cleanup_set(5))
        self.assert_commits(session, 5)

    def test_several_transactions_under_way(self):
        session = self.start()
        for transaction in range(10):
            self.assertEqual(session.test_set(transaction, (PER_VM, FALSE)), self.GOOD)
        for transaction in (3, 9, 0):
            self.assertEqual(session.commit_set(transaction), self.GOOD)
        self.assertEqual(session.undo_set(9), self.GOOD)
        session.cleanup_set(4)
        self.assert_unknown(session, 4)
        self.assert_unknown(session, 9)
        for transaction in (1, 2, 3, 5):
            self.assertEqual(session.commit_set(transaction), self.GOOD)

    def test_the_session_ends_between_test_and_commit(self):
        session = self.start()
        for transaction in range(TRANSACTIONS):
            self.assertEqual(session.test_set(transaction, (PER_VM, FALSE)), self.GOOD)
        self.assertEqual(session.commit_set(1), self.GOOD)
        session.disconnect()
        session = self.session()
        self.assert_unknown(session, 0)
        self.assert_unknown(session, 1)
        # Nothing is left of them that takes room.
        for transaction in range(TRANSACTIONS):
            self.assertEqual(session.test_set(transaction, (PER_VM, FALSE)), self.GOOD)

    def test_tests_that_are_never_finished(self):
        session = self.start()
        packets = [session.send_test_set([(PER_VM, FALSE)]) for _ in range(1000)]
        answers = [session.answer(packet) for packet in packets]
        self.assertEqual(answers[:TRANSACTIONS], [self.GOOD] * TRANSACTIONS)
        self.assertEqual({answer[:2] for answer in answers[TRANSACTIONS:]},
                         {(RESOURCE_UNAVAILABLE, 1)})
        self.assert_serves(session)
        # What was accepted can be committed, and makes room.
        self.assertEqual(session.commit_set(packets[0]), self.GOOD)
        session.cleanup_set(packets[0])
        self.assert_commits(session, 5000)

    def test_the_same_number_again(self):
        session = self.start()
        for _ in range(2 * TRANSACTIONS):
            self.assertEqual(session.test_set(8, (PER_VM, FALSE)), self.GOOD)
        self.assertEqual(session.test_set(8, (PER_VM, TRUE)),
                         Response(INCONSISTENT_VALUE, 1, []))
        self.assert_unknown(session, 8)

    def test_many_varbinds(self):
        session = self.start()
        self.assert_commits(session, 1, *[(PER_VM, FALSE)] * VARBINDS)
        self.assertEqual(session.test_set(2, *[(PER_VM, FALSE)] * (VARBINDS + 1)),
                         Response(RESOURCE_UNAVAILABLE, VARBINDS + 1, []))
        self.assertEqual(session.test_set(2, *[(oid("vmNumber", 0), FALSE)] * 1500),
                         Response(NOT_WRITABLE, 1, []))
        self.assertEqual(session.test_set(3), self.GOOD)
        self.assertEqual(session.commit_set(3), self.GOOD)
        self.assert_serves(session)

    def test_names_of_every_length(self):
        session = self.start()
        for start in ((1,), (2,), VM_MIB, HVX_MIB, oid("vmName"), PER_VM[:-1], PER_VM):
            for length in range(len(start), 129):
                for number in (0, 1, LAST_NUMBER):
                    name = start + (number,) * (length - len(start))
                    if name in SWITCHES:
                        continue
                    answer = session.test_set(1, (name, FALSE))
                    is_switch = name[:len(PER_VM) - 1] == PER_VM[:-1]
                    self.assertEqual(
                        answer,
                        Response(NO_CREATION if is_switch else NOT_WRITABLE, 1, []),
                        name)
        self.assert_serves(session)

    def test_values_of_every_type(self):
        session = self.start()
        for value in (Value("NULL", None), string(""), string(b"\0" * 60_000),
                      Value("OID", ()), Value("OID", (1,) * 128),
                      Value("IpAddress", b"\x7f\0\0\1"), Value("Counter32", 2),
                      Value("Gauge32", 2), Value("Timeticks", 2),
                      Value("Opaque", b"\x9f\x78\x04\0\0\0\0"), Value("Counter64", 2),
                      Value("noSuchObject", None), Value("noSuchInstance", None),
                      Value("endOfMibView", None)):
            for name, error in ((PER_VM, WRONG_TYPE), (PER_VM + (1,), WRONG_TYPE),
                                (oid("vmNumber", 0), NOT_WRITABLE)):
                with self.subTest(value=value.type, name=name):
                    self.assertEqual(session.test_set(1, (name, value)),
                                     Response(error, 1, []))
        self.assert_serves(session)

    def test_the_connection_goes_between_test_and_commit(self):
        session = self.start()
        self.assertEqual(session.test_set(1, (PER_VM, FALSE), context="second"),
                         self.GOOD)
        self.assertEqual(session.test_set(2, (PER_VM, FALSE)), self.GOOD)
        self.assertEqual(session.test_set(3, (PER_VM, FALSE), context="second"),
                         self.GOOD)
        self.assertEqual(session.commit_set(3), self.GOOD)
        path = self.lab.folder / "node.xml"
        self.lab.write_config(f"first sim:{path}", waitLimit="900ms", **NO_PINGS)
        self.lab.agent.signal(signal.SIGHUP)
        session.wait(lambda: any(pdu.type == Type.UNREGISTER
                                 for pdu in session.received), "an Unregister PDU")
        self.assertEqual(session.commit_set(1), Response(COMMIT_FAILED, 1, []))
        self.assertEqual(session.undo_set(1), self.GOOD)
        self.assertEqual(session.commit_set(2), self.GOOD)
        self.assertEqual(session.undo_set(3), self.GOOD)
        self.assertEqual(session.test_set(4, (PER_VM, FALSE), context="second"),
                         Response(UNSUPPORTED_CONTEXT, 1, []))

    def test_while_a_ping_is_not_answered(self):
        """Nobody waits for it: SETs are carried out as ever."""
        session = self.start(agentXPingInterval=1)
        self.master.held.add(Type.PING)
        session.wait(lambda: session.held_count() > 0, "a Ping PDU")
        for transaction, (varbinds, error, index) in enumerate((
                ([(PER_VM, FALSE)], 0, 0),
                ([(PER_VM, FALSE), (oid("vmNumber", 0), FALSE)], NOT_WRITABLE, 2),
                ([(PER_VM, TRUE)], INCONSISTENT_VALUE, 1),
                ([(PER_VM, Value("NULL", None))], WRONG_TYPE, 1)), 1):
            answer = session.test_set(transaction, *varbinds)
            self.assertEqual((answer.error, answer.index), (error, index))
        self.assertEqual(session.commit_set(1).error, 0)
        session.cleanup_set(1)
        self.master.held.clear()
        session.release()
        self.assert_serves(session)


class BigEndian(Phases):
    """The other byte order: the same answers."""
    order = ">"


if __name__ == "__main__":
    lab.main()
