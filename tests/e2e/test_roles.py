#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Roles: contexts in which a connection is served besides its own."""
import lab
from lab import at_once, wait_for
from node import SMALL
from snmp import (HVX_MIB, NO_OBJECT, VM_MIB, Manager, SnmpError, SnmpTimeout,
                  below, integer, oid, string)
from test_reload import UP, ReloadTest

TENANT_A, TENANT_B = (Manager.community(name) for name in ("tenant-a", "tenant-b"))
FIRST, SECOND = (Manager.community(name) for name in ("first", "second"))

# BITS of hvxAgentControlClasses: the first bit is the highest one.
NOTHING, POWER, CONFIG, DEBUG = 0, 0x80, 0x40, 0x08


def control(*lines):
    return "".join(f"control {line}\n" for line in lines)


class RolesTest(ReloadTest):
    contexts = ("first", "second", "tenant-a", "tenant-b")

    def start_roles(self, *lines):
        """Starts with two connections and lines of control."""
        self.start(self.first, self.second, extra=control(*lines))
        self.lab.wait_state(UP, 2)

    def reload_roles(self, *lines, good=True):
        self.reload(self.first, self.second, extra=control(*lines), good=good)

    def names(self, manager=None):
        return [value.value.decode()
                for _, value in self.lab.walk(oid("vmName"), manager)]

    def wait_names(self, names, manager):
        """Until a context that is new to snmpd shows these domains."""
        self.lab.wait_served(manager)
        wait_for(lambda: sorted(self.names(manager)) == sorted(names), f"{names}")

    def assert_gone(self, manager):
        """snmpd remembers that there was such a context, without objects."""
        wait_for(lambda: self.lab.get(oid("vmNumber", 0), manager) == NO_OBJECT,
                 "the end of a context")

    def classes(self, *name, manager=None):
        value = self.lab.get(oid(*name), manager).value
        self.assertFalse(any(value[1:]))
        return value[0] if value else 0


class Roles(RolesTest):

    def test_a_role_sees_what_its_connection_has(self):
        self.start_roles("first context tenant-a power", "first config")
        for root in (VM_MIB, HVX_MIB):
            own = self.lab.walk(root, FIRST)
            role = self.lab.walk(root, TENANT_A)
            self.assertGreater(len(own), 10)
            self.assertEqual([name for name, _ in role], [name for name, _ in own])
        for column in ("vmName", "vmUUID", "vmOperState", "hvxConnectionEntry.2"):
            name, _, rest = column.partition(".")
            root = oid(name, *(int(part) for part in rest.split(".") if part))
            self.assertEqual(self.lab.walk(root, TENANT_A), self.lab.walk(root, FIRST))
        # It is not a connection, and lists no other one.
        self.assertEqual(self.lab.walk(oid("hvxConnectionContext"), TENANT_A),
                         [(oid("hvxConnectionContext", 1), string("first"))])

    def test_roles_of_two_connections(self):
        self.start_roles("first context tenant-a power",
                         "second context tenant-b power config")
        first, second = [domain.name for domain in SMALL], ["alone"]
        for manager, names in ((None, first), (FIRST, first), (TENANT_A, first),
                               (SECOND, second), (TENANT_B, second),
                               (Manager.user("operator", "tenant-a"), first),
                               (Manager.user("operator", "tenant-b"), second)):
            self.assertEqual(sorted(self.names(manager)), sorted(names))

    def test_without_a_line_there_is_no_role(self):
        self.start_roles("first power")
        self.lab.timeout_s = "1"
        with self.assertRaises(SnmpTimeout):
            self.lab.get(oid("vmNumber", 0), Manager.user("operator", "tenant-a"))

    def test_a_role_of_the_default_connection_is_not_the_default(self):
        self.start(self.first, f"{self.second} default",
                   extra=control("second context tenant-b power"))
        self.lab.wait_state(UP, 2)
        self.assertEqual(self.names(), ["alone"])
        self.assertEqual(self.names(TENANT_B), ["alone"])
        # The default context lists all connections, a role its own.
        self.assertEqual(len(self.lab.walk(oid("hvxConnectionName"))), 2)
        self.assertEqual(len(self.lab.walk(oid("hvxConnectionName"), TENANT_B)), 1)

    def test_which_classes_some_role_may_use(self):
        self.start_roles("first context tenant-a power allow none-of-these",
                         "first debug", "second context tenant-b config")
        for manager in (None, FIRST, TENANT_A, TENANT_B):
            self.assertEqual(self.classes("hvxAgentControlClasses", 0, manager=manager),
                             POWER | CONFIG | DEBUG)
        self.assertEqual(self.classes("hvxConnectionControlClasses", 1), POWER | DEBUG)
        self.assertEqual(self.classes("hvxConnectionControlClasses", 2), CONFIG)

    def test_nothing_is_permitted_by_default(self):
        self.start_roles()
        self.assertEqual(self.classes("hvxAgentControlClasses", 0), NOTHING)
        self.assertEqual(self.classes("hvxConnectionControlClasses", 1), NOTHING)


class Control(RolesTest):
    """snmpd lets everybody set everything here: it is the agent that refuses."""

    RUNNING = 1

    def set_running(self, name, manager=None):
        index = {value.value.decode(): vm[-1]
                 for vm, value in self.lab.walk(oid("vmName"), manager)}[name]
        self.lab.set(oid("hvxPowerAdminState", index), "i", self.RUNNING, manager)

    def assert_refused(self, name, manager=None):
        with self.assertRaises(SnmpError) as caught:
            self.set_running(name, manager)
        self.assertEqual(caught.exception.reason, "notWritable")

    def setUp(self):
        super().setUp()
        self.one, self.other = (domain.name for domain in SMALL[:2])
        self.uuid = SMALL[0].uuid

    def test_a_role_has_its_own_rights(self):
        self.start_roles(f"first context tenant-a power allow {self.uuid}",
                         "second context tenant-b power")
        self.set_running(self.one, TENANT_A)
        self.assert_refused(self.other, TENANT_A)
        self.set_running("alone", TENANT_B)
        # Nothing is permitted in the contexts of the connections themselves.
        for manager, name in ((None, self.one), (FIRST, self.one), (SECOND, "alone")):
            self.assert_refused(name, manager)

    def test_the_default_context_has_the_rights_of_its_connection(self):
        self.start_roles(f"first power deny {self.uuid}",
                         "first context tenant-a config")
        for manager in (None, FIRST):
            self.set_running(self.other, manager)
            self.assert_refused(self.one, manager)
        self.assert_refused(self.other, TENANT_A)

    def test_rights_follow_a_reload(self):
        self.start_roles("first context tenant-a power")
        self.set_running(self.one, TENANT_A)
        # The same contexts, with other rights.
        self.reload_roles(f"first context tenant-a power allow {self.other}",
                          "first power")
        self.assert_refused(self.one, TENANT_A)
        self.set_running(self.other, TENANT_A)
        self.set_running(self.one)
        # What is refused changes nothing.
        self.reload_roles("first context tenant-a power", "first powr", good=False)
        self.assert_refused(self.one, TENANT_A)
        self.set_running(self.one)
        self.reload(self.first, f"{self.second} default",
                    extra=control("first power", "second context tenant-b power"))
        wait_for(lambda: self.names() == ["alone"], "the other default connection")
        self.assert_refused("alone")
        self.set_running(self.one, FIRST)


class Reload(RolesTest):

    def test_a_role_is_added_and_removed(self):
        self.start_roles()
        since = self.lab.get(oid("hvxConnectionSince", 1))
        self.reload_roles("first context tenant-a power")
        self.wait_names([domain.name for domain in SMALL], TENANT_A)
        self.assertEqual(self.classes("hvxConnectionControlClasses", 1), POWER)
        self.assertEqual(self.classes("hvxAgentControlClasses", 0), POWER)
        self.reload_roles()
        self.assert_gone(TENANT_A)
        self.assertEqual(self.classes("hvxConnectionControlClasses", 1), NOTHING)
        self.assertEqual(self.classes("hvxAgentControlClasses", 0), NOTHING)
        # And again, in a context that snmpd knows.
        self.reload_roles("first context tenant-a config")
        self.wait_names([domain.name for domain in SMALL], TENANT_A)
        self.assertEqual(self.classes("hvxAgentControlClasses", 0), CONFIG)
        # The connection went on all the time.
        self.assertEqual(self.lab.get(oid("hvxConnectionSince", 1)), since)
        self.assertNotIn("closed", self.lab.agent.log())
        self.assertNotIn("refuses", self.lab.agent.log())

    def test_a_role_moves_to_another_connection(self):
        self.start_roles("first context tenant-a power")
        self.wait_names([domain.name for domain in SMALL], TENANT_A)
        self.reload_roles("second context tenant-a power")
        self.wait_names(["alone"], TENANT_A)
        self.assertEqual(self.classes("hvxConnectionControlClasses", 1), NOTHING)
        self.assertEqual(self.classes("hvxConnectionControlClasses", 2), POWER)

    def test_a_role_goes_with_its_connection(self):
        self.start_roles("second context tenant-b power")
        self.wait_names(["alone"], TENANT_B)
        self.reload(self.first)
        self.assert_gone(TENANT_B)
        self.assertEqual(self.classes("hvxAgentControlClasses", 0), NOTHING)
        self.reload_roles("second context tenant-b power")
        self.wait_names(["alone"], TENANT_B)

    def test_a_role_of_a_connection_with_another_node(self):
        self.start_roles("first context tenant-a power")
        self.reload(f"first sim:{self.lab.folder}/second.xml",
                    extra=control("first context tenant-a power"))
        self.wait_names(["alone"], TENANT_A)

    def test_an_error_keeps_the_roles(self):
        self.start_roles("first context tenant-a power")
        self.reload_roles("first context tenant-b config", "third power", good=False)
        self.assertEqual(len(self.names(TENANT_A)), len(SMALL))
        self.assertEqual(self.classes("hvxAgentControlClasses", 0), POWER)
        told = self.lab.get(oid("hvxAgentConfigError", 0)).value.decode()
        self.assertIn("there is no connection of that name", told)
        number = len(self.lab.config_path.read_text().splitlines())
        self.assertTrue(told.startswith(f"{self.lab.config_path}: line {number}: "), told)

    def test_what_cannot_be_started_keeps_the_roles(self):
        self.start_roles("first context tenant-a power")
        # The connection of that name is another one, and its module is missing.
        self.reload(self.first, "second nosuch:thing", good=False,
                    extra=control("second context tenant-b config"))
        self.assertEqual(len(self.names(TENANT_A)), len(SMALL))
        self.assertEqual(self.names(SECOND), ["alone"])
        self.assertEqual(self.classes("hvxAgentControlClasses", 0), POWER)

    def test_reloads_while_roles_are_walked(self):
        self.start_roles("first context tenant-a power")

        def walk():
            for _ in range(10):
                rows = self.lab.walk(oid("hvxConnectionEntry"), TENANT_A)
                self.assertTrue(all(below(oid("hvxConnectionEntry"), name)
                                    for name, _ in rows))
                self.assertEqual(len(self.names(TENANT_A)), len(SMALL))

        def reload():
            for turn in range(6):
                self.reload_roles(*("first context tenant-b config",) * (turn % 2),
                                  "first context tenant-a power")

        at_once([walk, walk, reload])
        self.assertEqual(self.lab.get(oid("hvxConnectionDefault", 1)), integer(1))

    def test_the_master_comes_back(self):
        self.start_roles("first context tenant-a power")
        self.lab.master.stop()
        self.lab.start_master()
        self.wait_names([domain.name for domain in SMALL], TENANT_A)


if __name__ == "__main__":
    lab.main()
