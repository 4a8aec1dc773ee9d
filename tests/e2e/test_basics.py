#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""What managers see of one node through a real snmpd: GET, GETNEXT, GETBULK."""
import unittest

import lab
import snmp
from lab import Lab
from node import SMALL, Node
from snmp import (END, HVX_MIB, NO_INSTANCE, NO_OBJECT, VM_MIB, Manager, SnmpError,
                  below, oid)

UPTIME_S = 100
TICKS_PER_S = 100

# Every object of the two modules, and its type on the wire.
SCALARS = {
    "vmHvSoftware": "STRING", "vmHvVersion": "STRING", "vmHvObjectID": "OID",
    "vmHvUpTime": "Timeticks", "vmNumber": "INTEGER", "vmTableLastChange": "Timeticks",
    "vmPerVMNotificationsEnabled": "INTEGER", "vmBulkNotificationsEnabled": "INTEGER",
    "hvxAgentVersion": "STRING", "hvxAgentStartTime": "STRING",
    "hvxAgentUpTime": "Timeticks", "hvxAgentRequests": "Counter32",
    "hvxAgentRequestsDelegated": "Counter32", "hvxAgentRequestsLate": "Counter32",
    "hvxAgentCollections": "Counter32", "hvxAgentMasterSessions": "Counter32",
    "hvxAgentConfigTime": "STRING", "hvxAgentConfigError": "STRING",
    "hvxAgentMemory": "Gauge32", "hvxAgentCpuTime": "Counter64",
    "hvxAgentControlClasses": "STRING", "hvxAgentOperationsAccepted": "Counter32",
    "hvxAgentOperationsRefused": "Counter32", "hvxAgentOperationsFailed": "Counter32",
    "hvxOperationsQueued": "Gauge32", "hvxOperationsRunning": "Gauge32",
    "hvxOperationsSize": "Gauge32",
}
VM_COLUMNS = {
    "vmName": "STRING", "vmUUID": "STRING", "vmOSType": "STRING",
    "vmAdminState": "INTEGER", "vmOperState": "INTEGER", "vmAutoStart": "INTEGER",
    "vmPersistent": "INTEGER", "vmCurCpuNumber": "INTEGER", "vmMinCpuNumber": "INTEGER",
    "vmMaxCpuNumber": "INTEGER", "vmMemUnit": "INTEGER", "vmCurMem": "INTEGER",
    "vmMinMem": "INTEGER", "vmMaxMem": "INTEGER", "vmUpTime": "Timeticks",
    "vmCpuTime": "Counter64",
}
# Of the tables of what a domain has several.
PART_COLUMNS = {
    "vmCpuCoreTime": "Counter64", "vmCpuAffinity": "INTEGER",
    "vmStorageParent": "INTEGER", "vmStorageSourceType": "INTEGER",
    "vmStorageSourceTypeString": "STRING", "vmStorageResourceID": "STRING",
    "vmStorageAccess": "INTEGER", "vmStorageMediaType": "INTEGER",
    "vmStorageMediaTypeString": "STRING", "vmStorageSizeUnit": "INTEGER",
    "vmStorageDefinedSize": "INTEGER", "vmStorageAllocatedSize": "INTEGER",
    "vmStorageReadIOs": "Counter64", "vmStorageWriteIOs": "Counter64",
    "vmStorageReadOctets": "Counter64", "vmStorageWriteOctets": "Counter64",
    "vmStorageReadLatency": "Counter64", "vmStorageWriteLatency": "Counter64",
    "vmNetworkIfIndex": "INTEGER", "vmNetworkParent": "INTEGER",
    "vmNetworkModel": "STRING", "vmNetworkPhysAddress": "STRING",
}
CONNECTION_COLUMNS = {
    "hvxConnectionName": "STRING", "hvxConnectionUri": "STRING",
    "hvxConnectionContext": "STRING", "hvxConnectionDefault": "INTEGER",
    "hvxConnectionBackend": "STRING", "hvxConnectionHypervisor": "STRING",
    "hvxConnectionVersion": "STRING", "hvxConnectionState": "INTEGER",
    "hvxConnectionSince": "STRING", "hvxConnectionLastError": "STRING",
    "hvxConnectionAge": "Gauge32", "hvxConnectionCollectionTime": "Gauge32",
    "hvxConnectionCollections": "Counter32", "hvxConnectionFailures": "Counter32",
    "hvxConnectionAbandoned": "Counter32", "hvxConnectionReconnects": "Counter32",
    "hvxConnectionDomains": "Gauge32", "hvxConnectionCapabilities": "STRING",
    "hvxConnectionUnreadable": "Gauge32", "hvxConnectionControlClasses": "STRING",
    "hvxConnectionOperations": "Counter32",
}
DOMAIN_COLUMNS = {
    "hvxDomainStartTime": "STRING", "hvxDomainDiscontinuityTime": "Timeticks",
    "hvxDomainSampleTime": "STRING", "hvxDomainDataAge": "Gauge32",
    "hvxDomainCollectionStatus": "INTEGER", "hvxDomainCollectionError": "STRING",
}
# Of each domain, as long as nobody has asked for an operation.
CONTROL_COLUMNS = {
    "hvxPowerAdminState": "INTEGER", "hvxPowerAction": "INTEGER",
    "hvxPowerLock": "INTEGER", "hvxConfigAutoStart": "INTEGER",
    "hvxConfigVcpus": "Gauge32", "hvxConfigMemory": "Gauge32",
    "hvxConfigCpuCap": "Gauge32", "hvxConfigLock": "INTEGER",
    "hvxDebugAction": "INTEGER", "hvxDebugLock": "INTEGER",
}
# Differ from one request to the next.
VOLATILE = [oid(name) for name in (
    "hvxAgentUpTime", "hvxAgentRequests", "hvxAgentRequestsDelegated",
    "hvxAgentRequestsLate", "hvxAgentCollections", "hvxAgentMemory",
    "hvxAgentCpuTime", "hvxConnectionAge", "hvxConnectionCollectionTime",
    "hvxConnectionCollections", "hvxDomainDataAge")]


def is_volatile(name):
    return any(below(prefix, name) for prefix in VOLATILE)


def steady(varbinds):
    """What is the same at any time: no durations."""
    return [varbind for varbind in varbinds if varbind[1].type != "Timeticks"]


class OneNode(unittest.TestCase):
    """A node whose clock stands still, collected once."""

    @classmethod
    def setUpClass(cls):
        cls.lab = cls.enterClassContext(Lab())
        node = cls.lab.write("node.xml", Node(SMALL, frozen_s=UPTIME_S).xml())
        cls.lab.write_config(f"first sim:{node}", maxAge="1h")
        cls.lab.start_master()
        cls.lab.start_agent()
        cls.lab.wait_state(2)
        names = cls.lab.walk(oid("vmName"))
        cls.index = {value.value.decode(): name[-1] for name, value in names}
        cls.last = max(cls.index.values())

    def walk_all(self, **how):
        return self.lab.walk(VM_MIB, **how) + self.lab.walk(HVX_MIB, **how)


class Reading(OneNode):

    def test_each_value_is_that_of_the_node_file(self):
        self.assertEqual(sorted(self.index), sorted(domain.name for domain in SMALL))
        for domain in SMALL:
            index = self.index[domain.name]
            wanted = {oid(column, index): value
                      for column, value in domain.columns().items()}
            with self.subTest(domain=domain.name):
                self.assertEqual(self.lab.get_many(wanted), wanted)

    def test_indices_are_small_and_dense(self):
        self.assertEqual(sorted(self.index.values()), list(range(1, len(SMALL) + 1)))

    def test_counters_and_times_are_there_where_they_are_known(self):
        for domain in SMALL:
            index = self.index[domain.name]
            cpu_time = self.lab.get(oid("vmCpuTime", index))
            up_time = self.lab.get(oid("vmUpTime", index))
            node_up_time = self.lab.get(oid("vmHvUpTime", 0))
            with self.subTest(domain=domain.name):
                if domain.state.is_active:
                    self.assertEqual(cpu_time.type, "Counter64")
                    self.assertGreater(cpu_time.value, 0)
                    self.assertGreater(up_time.value, 0)
                    self.assertLess(up_time.value, node_up_time.value)
                else:
                    self.assertEqual(cpu_time, NO_INSTANCE)
                    self.assertIn(up_time, (NO_INSTANCE, snmp.Value("Timeticks", 0)))

    def test_scalars(self):
        self.assertEqual(self.lab.get(oid("vmNumber", 0)), snmp.integer(len(SMALL)))
        self.assertEqual(self.lab.get(oid("vmHvObjectID", 0)).value,
                         HVX_MIB + (4, 1, 1))
        # The time since the collection is added.
        uptime = self.lab.get(oid("vmHvUpTime", 0))
        self.assertGreaterEqual(uptime.value, UPTIME_S * TICKS_PER_S)
        self.assertLess(uptime.value, (UPTIME_S + 3600) * TICKS_PER_S)
        change = self.lab.get(oid("vmTableLastChange", 0))
        self.assertLessEqual(change.value, self.lab.get(oid("vmHvUpTime", 0)).value)

    def test_each_object_has_its_type(self):
        values = dict(self.walk_all())
        for name, kind in SCALARS.items():
            self.assertEqual(values.pop(oid(name, 0)).type, kind, name)
        columns = (VM_COLUMNS | PART_COLUMNS | CONNECTION_COLUMNS | DOMAIN_COLUMNS
                   | CONTROL_COLUMNS)
        for column, kind in columns.items():
            found = [name for name in values if snmp.below(oid(column), name)]
            self.assertGreater(len(found), 0, column)
            for name in found:
                self.assertEqual(values.pop(name).type, kind, name)
        self.assertEqual(values, {})

    def test_walk_is_the_union_of_gets(self):
        walk = self.walk_all()
        for name, value in self.lab.get_many(name for name, _ in walk).items():
            walked = dict(walk)[name]
            self.assertEqual(value.type, walked.type, name)
            if not is_volatile(name) and value.type != "Timeticks":
                self.assertEqual(value, walked, name)

    def test_walk_goes_forward(self):
        names = [name for name, _ in self.walk_all()]
        self.assertEqual(names, sorted(set(names)))

    def test_bulk_walks_show_the_same(self):
        wanted = [(name, value.type) for name, value in self.walk_all()]
        for repetitions in (1, 2, 7, 50, 400):
            with self.subTest(repetitions=repetitions):
                walk = (self.lab.bulk_walk(VM_MIB, repetitions)
                        + self.lab.bulk_walk(HVX_MIB, repetitions))
                self.assertEqual([(name, value.type) for name, value in walk], wanted)

    def test_bulk_of_several_columns_goes_row_by_row(self):
        columns = ["vmName", "vmUUID", "vmOperState", "vmMaxMem"]
        answer = self.lab.ask("snmpbulkget", *(oid(column) for column in columns),
                              options=("-Cn0", f"-Cr{self.last}"))
        wanted = [oid(column, index) for index in sorted(self.index.values())
                  for column in columns]
        self.assertEqual([name for name, _ in answer], wanted)
        self.assertEqual(dict(answer), self.lab.get_many(wanted))

    def test_bulk_with_non_repeaters(self):
        answer = self.lab.ask("snmpbulkget", oid("vmNumber"), oid("hvxAgentVersion"),
                              oid("vmName"), oid("vmCurMem"),
                              options=("-Cn2", "-Cr3"))
        self.assertEqual([name for name, _ in answer], [
            oid("vmNumber", 0), oid("hvxAgentVersion", 0),
            oid("vmName", 1), oid("vmCurMem", 1), oid("vmName", 2), oid("vmCurMem", 2),
            oid("vmName", 3), oid("vmCurMem", 3)])

    def test_table_with_names(self):
        run = self.lab.run("snmptable", "VM-MIB::vmTable", options=(
            *snmp.MIB_OPTIONS, "-Ci", "-Cf", "|", "-Oe"))
        self.assertEqual(run.stderr, "")
        lines = [line.split("|") for line in run.stdout.splitlines() if "|" in line]
        titles, rows = lines[0], lines[1:]
        self.assertEqual(titles, ["index", *VM_COLUMNS])
        self.assertEqual({row[0]: row[1] for row in rows},
                         {str(index): name for name, index in self.index.items()})

    def test_what_is_not_there(self):
        cases = {
            oid("vmName", self.last + 1): NO_INSTANCE,
            oid("vmName", 0): NO_INSTANCE,
            oid("vmName", 1, 1): NO_INSTANCE,
            oid("vmName", 4294967295): NO_INSTANCE,
            oid("vmName"): NO_INSTANCE,
            oid("vmNumber"): NO_INSTANCE,
            oid("vmNumber", 1): NO_INSTANCE,
            oid("vmNumber", 0, 0): NO_INSTANCE,
            oid("hvxConnectionName", 2): NO_INSTANCE,
            oid("vmIndex", 1): NO_OBJECT,            # not accessible
            oid("vmEntry", 18, 1): NO_OBJECT,        # no such column
            oid("vmEntry"): NO_OBJECT,
            oid("vmTable"): NO_OBJECT,
            VM_MIB: NO_OBJECT,
            VM_MIB + (1, 5, 1, 3, 1, 1): NO_OBJECT,  # vmCpuTable: not in this version
            HVX_MIB: NO_OBJECT,
            HVX_MIB + (2, 1): NO_OBJECT,             # hvxPower: not in this version
            oid("hvxConnectionIndex", 1): NO_OBJECT,
        }
        for name, wanted in cases.items():
            with self.subTest(name=name):
                self.assertEqual(self.lab.get(name), wanted)

    def test_one_missing_object_leaves_the_others(self):
        answer = self.lab.ask("snmpget", oid("vmName", 1), oid("vmName", 999),
                              oid("vmIndex", 1), oid("vmNumber", 0))
        self.assertEqual([value for _, value in answer[1:3]], [NO_INSTANCE, NO_OBJECT])
        self.assertEqual([answer[0][1].type, answer[3][1].type], ["STRING", "INTEGER"])

    def test_getnext_at_the_borders(self):
        first, last = 1, self.last
        cases = {
            (1, 3, 6, 1, 2, 1, 235, 4294967295): oid("vmHvSoftware", 0),
            VM_MIB: oid("vmHvSoftware", 0),
            VM_MIB + (0,): oid("vmHvSoftware", 0),
            oid("vmHvSoftware"): oid("vmHvSoftware", 0),
            oid("vmHvSoftware", 0): oid("vmHvVersion", 0),
            oid("vmHvUpTime", 0): oid("vmNumber", 0),
            oid("vmTable"): oid("vmName", first),
            oid("vmEntry"): oid("vmName", first),
            oid("vmIndex", 5): oid("vmName", first),
            oid("vmName"): oid("vmName", first),
            oid("vmName", 0): oid("vmName", first),
            oid("vmName", 1): oid("vmName", 2),
            oid("vmName", 1, 0): oid("vmName", 2),
            oid("vmName", last): oid("vmUUID", first),
            oid("vmName", 4294967295): oid("vmUUID", first),
            oid("vmName", 4294967295, 4294967295): oid("vmUUID", first),
            oid("vmMaxMem", last): oid("vmUpTime", first),
            HVX_MIB: oid("hvxAgentVersion", 0),
            oid("hvxAgentVersion", 0): oid("hvxAgentStartTime", 0),
            oid("hvxAgentUpTime", 0): oid("hvxAgentControlClasses", 0),
            oid("hvxAgentCollections", 0): oid("hvxAgentMasterSessions", 0),
            oid("hvxAgentCpuTime", 0): oid("hvxConnectionName", 1),
            oid("hvxConnectionName", 1): oid("hvxConnectionUri", 1),
        }
        for start, wanted in cases.items():
            with self.subTest(start=start):
                self.assertEqual(self.lab.get_next(start)[0][0], wanted)

    def test_getnext_of_several_at_once(self):
        starts = [oid("vmName", 1), oid("vmUUID", self.last), oid("vmNumber"),
                  oid("hvxConnectionName")]
        answer = [name for name, _ in self.lab.get_next(*starts)]
        self.assertEqual(answer, [oid("vmName", 2), oid("vmOSType", 1),
                                  oid("vmNumber", 0), oid("hvxConnectionName", 1)])

    def test_getnext_behind_the_last_object_leaves_the_module(self):
        for root, last in ((VM_MIB, oid("vmBulkNotificationsEnabled", 0)),
                           (HVX_MIB, oid("hvxOperationsSize", 0))):
            (name, value), = self.lab.get_next(last)
            if value != END:
                self.assertFalse(below(root, name), name)
                self.assertGreater(name, last)

    def test_a_walk_from_the_top_passes_through(self):
        names = [name for name, _ in self.lab.bulk_walk((1, 3, 6, 1), 60)]
        self.assertEqual(names, sorted(set(names)))
        for name in (oid("sysUpTime", 0), oid("vmName", self.last),
                     oid("hvxConnectionName", 1)):
            self.assertIn(name, names)


class Versions(OneNode):

    def test_v1_walk_skips_counter64_and_ends(self):
        wanted = [(name, value.type) for name, value in self.walk_all()
                  if value.type != "Counter64"]
        walk = self.walk_all(manager=Manager.community(version="1"))
        self.assertEqual([(name, value.type) for name, value in walk], wanted)

    def test_v1_get(self):
        manager = Manager.community(version="1")
        self.assertEqual(self.lab.get(oid("vmNumber", 0), manager),
                         snmp.integer(len(SMALL)))
        for name in (oid("vmName", 999), oid("vmIndex", 1), oid("vmCpuTime", 1)):
            with self.assertRaises(SnmpError) as caught:
                self.lab.get(name, manager)
            self.assertEqual(caught.exception.reason, "noSuchName")

    def test_v1_set_is_refused(self):
        with self.assertRaises(SnmpError) as caught:
            self.lab.set(oid("vmName", 1), "s", "x", Manager.community(version="1"))
        self.assertIn(caught.exception.reason, ("noSuchName", "readOnly"))

    def test_v3_shows_the_same(self):
        manager = Manager.user("operator")
        self.assertEqual(steady(self.lab.bulk_walk(oid("vmEntry"), manager=manager)),
                         steady(self.lab.bulk_walk(oid("vmEntry"))))
        with self.assertRaises(SnmpError) as caught:
            self.lab.set(oid("vmName", 1), "s", "x", manager)
        self.assertEqual(caught.exception.reason, "notWritable")


class Names(OneNode):
    """Names of every length there is, and numbers of every size."""

    def names_of_length(self, length):
        start = oid("vmName", 1)
        name = start[:length] + (7,) * (length - len(start))
        return [name, name[:-1] + (4294967295,), name[:-1] + (0,)]

    def test_every_length_is_answered(self):
        for length in range(3, 129):
            names = self.names_of_length(length)
            answer = self.lab.ask("snmpget", *names)
            self.assertEqual([name for name, _ in answer], names)
            for name, value in answer:
                if name not in (oid("vmName", 1), oid("vmName", 0)):
                    self.assertIn(value, (NO_OBJECT, NO_INSTANCE), name)
        self.assertEqual(self.lab.get(oid("vmNumber", 0)).value, len(SMALL))

    def test_every_length_has_a_successor(self):
        first = oid("vmName", 1)
        for length in range(3, 129):
            names = self.names_of_length(length)
            for start, (name, value) in zip(names, self.lab.get_next(*names)):
                if value != END:
                    self.assertGreater(name, start)
                if below(first, start) and length > len(first):
                    self.assertEqual(name, oid("vmName", 2))

    def test_the_shortest_names(self):
        # BER has room for a first number of 0 to 2 only.
        for name in (".0", ".1", ".1.3", ".1.0", ".2", ".2.4294967215"):
            (_, value), = self.lab.ask("snmpget", name)
            self.assertEqual(value, NO_OBJECT)
            self.assertEqual(len(self.lab.get_next(name)), 1)


if __name__ == "__main__":
    lab.main()
