#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Control by SET: values that no manager should send, to every object there is.

What can be set, its type, its values and its bounds are taken from the MIB text, so
that no object is forgotten.
"""
import functools
import os
import re
import subprocess
from typing import NamedTuple

import lab
import node
from client import TAGS
from control import ControlTest
from node import Domain
from snmp import MIB_OPTIONS, oid

NO_ERROR = 0
GEN_ERR = 5
WRONG_TYPE, WRONG_LENGTH, WRONG_ENCODING, WRONG_VALUE = 7, 8, 9, 10
NO_CREATION, INCONSISTENT_VALUE, NOT_WRITABLE = 11, 12, 17

# What may be wrong with a value that the MIB allows.
UNDERSTOOD = {NO_ERROR, WRONG_VALUE, NO_CREATION, INCONSISTENT_VALUE, NOT_WRITABLE}

# Some value of each type, as good for others as can be.
SOME = {"INTEGER": 1, "STRING": b"\1", "NULL": b"", "OID": (1, 3, 6, 1),
        "IpAddress": b"\xc0\0\2\1", "Counter32": 1, "Gauge32": 1, "Timeticks": 1,
        "Opaque": b"\x9f\x78\4\0\0\0\0", "Counter64": 1}


class Settable(NamedTuple):
    name: str
    type: str      # on the wire
    values: tuple  # of an enumeration
    bounds: tuple  # of a number or a length; () if there are none


@functools.cache
def settable_objects():
    """All objects of hvxControl that can be set, as net-snmp reads the MIB."""
    tree = subprocess.run(
        ["snmptranslate", *MIB_OPTIONS, "-Tp", "HVAGENTX-MIB::hvxControl"],
        capture_output=True, text=True, check=True,
        env=dict(os.environ, MIBS="", SNMPCONFPATH="/nowhere")).stdout
    found = []
    for access, kind, name, details in re.findall(
            r"-- ([-CRW]{4}) +(\w+) +(\w+)\(\d+\)\n((?:[ |]+[A-Z][\w ]*: .*\n)*)", tree):
        if "W" not in access and "C" not in access:
            continue
        values = tuple(int(number) for number in re.findall(
            r"\((\d+)\)", details.partition("Values:")[2]))
        bounds = re.search(r"(?:Range|Size): (\d+)\.\.(\d+)", details)
        wire = {"EnumVal": "INTEGER", "INTEGER": "INTEGER", "Unsigned": "Gauge32",
                "String": "STRING"}[kind]
        found.append(Settable(name, wire, values,
                              tuple(map(int, bounds.groups())) if bounds else ()))
    return found


class Hostile(ControlTest):
    domains = [Domain("a"), Domain("b", state=node.SHUTDOWN)]

    def setUp(self):
        super().setUp()
        self.client = self.lab.client()
        self.addCleanup(self.client.close)
        self.rows_used = 0

    def instance(self, settable):
        """A name that could be set, of a row that is not there yet."""
        if not settable.name.startswith("hvxOperation"):
            return oid(settable.name, self.index("a"))
        self.rows_used += 1
        return oid(settable.name, 1, *self.domain("a").uuid.bytes, self.rows_used)

    def check(self, settable, kind, value, wanted, name=None):
        outcome = self.client.set((name or self.instance(settable), kind, value))
        with self.subTest(object=settable.name, type=kind,
                          value=str(value)[:40], name=name):
            self.assertIn(outcome.error, wanted)
            self.assertEqual(outcome.index, 0 if outcome.error == NO_ERROR else 1)

    def assert_nothing_happened(self):
        self.wait_idle()
        self.assertEqual(self.record(), [])
        self.assertTrue(self.lab.agent.is_running())

    def test_the_list_is_whole(self):
        names = {settable.name for settable in settable_objects()}
        self.assertLessEqual(
            {"hvxPowerAdminState", "hvxPowerLock", "hvxConfigCpuCap", "hvxDebugAction",
             "hvxOperationRowStatus", "hvxOperationTag", "hvxOperationState"}, names)
        self.assertEqual(len(names), 19)

    def test_wrong_types(self):
        for settable in settable_objects():
            for kind in TAGS:
                if kind != settable.type:
                    self.check(settable, kind, SOME[kind], {WRONG_TYPE})
        self.assert_nothing_happened()

    def test_values_of_enumerations_and_their_neighbours(self):
        for settable in settable_objects():
            if not settable.values:
                continue
            outside = {min(settable.values) - 1, max(settable.values) + 1, -1,
                       2 ** 31 - 1, -2 ** 31}
            for value in outside - set(settable.values):
                self.check(settable, "INTEGER", value, {WRONG_VALUE})
        self.assert_nothing_happened()
        for settable in settable_objects():
            for value in settable.values:
                self.check(settable, "INTEGER", value, UNDERSTOOD)
        self.wait_idle()

    def test_bounds_of_numbers(self):
        for settable in settable_objects():
            if settable.type == "STRING" or not settable.bounds:
                continue
            low, high = settable.bounds
            top = 2 ** 31 - 1 if settable.type == "INTEGER" else 2 ** 32 - 1
            for value in (low - 1, high + 1):
                if (value >= 0 or settable.type == "INTEGER") and value <= top:
                    self.check(settable, settable.type, value, {WRONG_VALUE})
        self.assert_nothing_happened()

    def test_strings(self):
        for settable in settable_objects():
            if settable.type == "STRING":
                for length in (settable.bounds[1] + 1, 255, 256, 60_000):
                    self.check(settable, "STRING", b"x" * length, {WRONG_LENGTH})
                for text in (b"\xff", b"a\0b", b"\x1b[2J", b"\xc3"):
                    self.check(settable, "STRING", text, {WRONG_VALUE, WRONG_ENCODING})
            else:
                self.check(settable, "STRING", b"x" * 60_000, {WRONG_TYPE})
        self.assert_nothing_happened()

    def test_names_of_every_length(self):
        # Values that a row could have, had it this name.
        good = {"hvxOperationRowStatus": 4, "hvxOperationState": 5}
        for settable in settable_objects():
            column = oid(settable.name)
            value = good.get(settable.name) or (
                settable.values[-1] if settable.values
                else b"" if settable.type == "STRING" else (settable.bounds or (1,))[0])
            for length in range(129 - len(column)):
                for filler in (0, 9999, 4294967295):
                    self.check(settable, settable.type, value,
                               {NO_CREATION, NOT_WRITABLE},
                               column + (filler,) * length)
        self.assert_nothing_happened()


if __name__ == "__main__":
    lab.main()
