#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Fresh when asked, idle when not: what is collected when, and walks meanwhile."""
import dataclasses
import time
from pathlib import Path

import lab
from lab import LabTest, at_once, wait_for
from node import SMALL, Domain, Node, fault, many
from snmp import NO_INSTANCE, VM_MIB, below, oid

DOMAINS = 320
WALKERS = 8

# Columns that each domain has in any state.
STEADY_COLUMNS = ("vmName", "vmUUID", "vmOSType", "vmAdminState", "vmOperState",
                  "vmAutoStart", "vmPersistent", "vmCurCpuNumber", "vmMinCpuNumber",
                  "vmMaxCpuNumber", "vmMemUnit", "vmCurMem", "vmMinMem", "vmMaxMem")

COLLECTIONS = ("hvxConnectionCollections", 1)


def elapse(seconds):
    """Lets time pass: data gets older, and nothing else is waited for."""
    end = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() >= end, f"{seconds} s to pass")


class FreshTest(LabTest):

    def start(self, node, **directives):
        self.path = self.lab.write("node.xml", node.xml())
        self.lab.write_config(f"first sim:{self.path}", **directives)
        self.lab.start_agent()

    def collections(self):
        return self.lab.get(oid(*COLLECTIONS)).value


class Walks(FreshTest):
    """Every walk has every row, whatever the age of the data it begins on."""

    def setUp(self):
        super().setUp()
        self.domains = many(DOMAINS)

    def assert_complete(self, varbinds):
        """Each row with each of its columns, once, in order, with its values."""
        names = [name for name, _ in varbinds]
        self.assertEqual(names, sorted(set(names)))
        values = dict(varbinds)
        rows = {value.value: name[-1] for name, value in varbinds
                if name[:-1] == oid("vmName")}
        self.assertEqual(set(rows), {d.name.encode() for d in self.domains})
        for domain in self.domains:
            index = rows[domain.name.encode()]
            for column, value in domain.columns().items():
                self.assertEqual(values.get(oid(column, index)), value,
                                 (domain.name, column))
            self.assertEqual(oid("vmCpuTime", index) in values, domain.state.is_active)

    def walk_at_once(self, repetitions=25):
        walks = at_once([lambda: self.lab.bulk_walk(VM_MIB, repetitions)] * WALKERS)
        for walk in walks:
            self.assert_complete(walk)

    def test_first_walks_on_data_never_collected(self):
        # Walks begin with the agent, before it can have collected anything.
        for _ in range(3):
            self.start(Node(self.domains))
            self.walk_at_once()
            self.lab.agent.stop()

    def test_first_walks_wait_for_a_slow_first_collection(self):
        self.start(Node(self.domains, faults=[fault("slow", on=section, delay_ms=150)
                                              for section in ("domains", "configs",
                                                              "statistics")]),
                   waitLimit="900ms")
        self.walk_at_once()

    def test_data_becomes_stale_within_walks(self):
        self.start(Node(self.domains), maxAge="100ms")
        for repetitions in (10, 25, 60):
            self.walk_at_once(repetitions)
        self.assertGreater(self.collections(), 10)

    def test_data_becomes_stale_within_walks_and_is_slow(self):
        # Answers wait again and again, several managers' at once.
        slow = fault("slow", on="domains", delay_ms=30)
        self.start(Node(self.domains, faults=[slow]), maxAge="100ms", waitLimit="900ms")
        self.walk_at_once(40)
        self.assertGreater(self.lab.get(oid("hvxAgentRequestsDelegated", 0)).value, 0)

    def test_walks_by_getnext(self):
        self.domains = many(40)
        self.start(Node(self.domains), maxAge="100ms")
        for walk in at_once([lambda: self.lab.walk(VM_MIB)] * WALKERS):
            self.assert_complete(walk)

    def test_several_columns_at_once_on_stale_data(self):
        self.start(Node(self.domains), maxAge="100ms")
        columns = [oid(column) for column in STEADY_COLUMNS]
        rows = 5  # more would not fit into one message

        def ask():
            return self.lab.ask("snmpbulkget", *columns, options=("-Cn0", f"-Cr{rows}"))

        for _ in range(3):
            elapse(0.1)
            for answer in at_once([ask] * WALKERS):
                self.assertEqual([name for name, _ in answer],
                                 [column + (index,) for index in range(1, rows + 1)
                                  for column in columns])

    def test_walks_never_go_back_while_domains_come_and_go(self):
        # The first and the last stay; the others come and go.
        everybody = Node(self.domains).xml()
        some = Node([self.domains[0], *self.domains[1:-1:3], self.domains[-1]]).xml()
        self.start(Node(self.domains), maxAge="100ms")
        stayed = {self.domains[0].name.encode(), self.domains[-1].name.encode()}
        for turn in range(6):
            self.lab.write("node.xml", some if turn % 2 == 0 else everybody)
            for walk in at_once([lambda: self.lab.bulk_walk(VM_MIB, 25)] * 4):
                names = [name for name, _ in walk]
                self.assertEqual(names, sorted(set(names)))
                seen = {value.value for name, value in walk
                        if name[:-1] == oid("vmName")}
                self.assertLessEqual(stayed, seen)


class Freshness(FreshTest):

    def busy_index(self):
        """The row of a domain that executes all the time."""
        return next(name[-1] for name, value in self.lab.walk(oid("vmName"))
                    if value.value == b"busy")

    def test_a_request_on_stale_data_gets_fresh_data(self):
        self.start(Node([Domain("busy", load=100, vcpus=16), *SMALL]), maxAge="100ms",
                   waitLimit="900ms")
        cpu_time = oid("vmCpuTime", self.busy_index())
        before = self.lab.get(cpu_time).value
        for _ in range(5):
            elapse(0.3)
            # The first answer is fresh already: 16 vcpus, 0.3 s older at least,
            # less the age that was allowed.
            now = self.lab.get(cpu_time).value
            self.assertGreaterEqual(now - before, 16 * 150_000)
            before = now

    def test_a_change_is_seen_by_the_first_request(self):
        self.start(Node(SMALL), maxAge="100ms", waitLimit="900ms")
        self.lab.wait_state(2)
        self.lab.walk(VM_MIB)
        for more in (1, 2, 3):
            self.lab.write("node.xml", Node(SMALL + many(more)).xml())
            elapse(0.2)
            self.assertEqual(self.lab.get(oid("vmNumber", 0)).value, len(SMALL) + more)

    def test_young_data_is_not_collected_again(self):
        self.start(Node(SMALL), maxAge="1h")
        self.lab.walk(VM_MIB)
        before = self.collections()
        for _ in range(3):
            self.lab.walk(VM_MIB)
        self.assertEqual(self.collections(), before)

    def test_only_what_is_asked_for_is_collected(self):
        self.start(Node(SMALL, faults=[fault("fail", on="statistics")]), maxAge="100ms")
        self.lab.wait_state(2)
        for _ in range(3):
            elapse(0.1)
            self.lab.get_many([oid("vmNumber", 0), oid("vmName", 1),
                               oid("vmMaxMem", 1)])
        self.assertEqual(self.lab.get(oid("hvxConnectionFailures", 1)).value, 0)
        # The counter, as the control: now it fails.
        self.assertEqual(self.lab.get(oid("vmCpuTime", 1)), NO_INSTANCE)
        wait_for(lambda: self.lab.get(oid("hvxConnectionFailures", 1)).value > 0,
                 "the failure of statistics")

    def test_reading_the_agents_own_objects_collects_nothing(self):
        self.start(Node(SMALL), maxAge="100ms")
        # Not by walks: they end at hvxDomainTable, whose rows are collected.
        names = [name for root in ("hvxAgent", "hvxConnections")
                 for name, _ in self.lab.walk(oid(root))]
        self.assertGreater(len(names), 20)
        before = self.collections()
        end = time.monotonic() + 1
        while time.monotonic() < end:
            self.lab.get_many(names)
        self.assertEqual(self.collections(), before)

    def test_nobody_asks_and_nothing_is_collected(self):
        self.start(Node(SMALL), maxAge="100ms")
        self.lab.walk(VM_MIB)
        before = self.collections()
        elapse(2.5)
        self.assertEqual(self.collections(), before)

    def test_an_agent_that_nobody_asks_sleeps(self):
        self.start(Node(SMALL), maxAge="100ms", agentXPingInterval=30)
        if b"__tsan_init" in Path(f"/proc/{self.lab.agent.pid}/exe").read_bytes():
            self.skipTest("ThreadSanitizer's own thread wakes up all the time")
        self.lab.walk(VM_MIB)
        elapse(0.5)
        before = self.wake_ups()
        elapse(4)
        self.assertLessEqual(self.wake_ups() - before, 2)

    def wake_ups(self):
        """How often the agent's threads went to sleep of their own will."""
        threads = Path(f"/proc/{self.lab.agent.pid}/task")
        return sum(int(line.split()[1]) for status in threads.glob("*/status")
                   for line in status.read_text().splitlines()
                   if line.startswith("voluntary_ctxt_switches"))

    def test_the_age_of_the_data_is_told(self):
        self.start(Node(SMALL), maxAge="100ms")
        self.lab.walk(VM_MIB)
        first = self.lab.get(oid("hvxConnectionAge", 1)).value
        elapse(1)
        second = self.lab.get(oid("hvxConnectionAge", 1)).value
        self.assertGreaterEqual(second - first, 900)
        self.lab.get(oid("vmNumber", 0))
        self.assertLess(self.lab.get(oid("hvxConnectionAge", 1)).value, second)


class Stale(FreshTest):

    def test_what_is_too_old_is_not_told_as_current(self):
        # Everything is known, then the node cannot be read any longer.
        self.start(Node(SMALL), maxAge="100ms", staleLimit="2s")
        self.lab.wait_state(2)
        before = dict(self.lab.walk(VM_MIB))
        self.lab.write("node.xml", Node(SMALL, faults=[fault("fail")]).xml())
        running = next(name[-1] for name, value in before.items()
                       if name[:-1] == oid("vmName") and value.value == b"web")
        wait_for(lambda: self.lab.get(oid("vmOperState", running)).value == 1,
                 "operational states to read unknown")
        after = dict(self.lab.walk(VM_MIB))
        for name, value in before.items():
            if value.type == "Counter64" or name == oid("vmHvUpTime", 0) \
                    or below(oid("vmUpTime"), name):
                self.assertNotIn(name, after)
            elif below(oid("vmOperState"), name):
                self.assertEqual(after[name].value, 1)
            elif below(oid("vmStorageAllocatedSize"), name):
                self.assertEqual(after[name].value, -1)
            else:
                self.assertEqual(after[name], before[name], name)
        # And back.
        self.lab.write("node.xml", Node(SMALL).xml())
        wait_for(lambda: self.lab.get(oid("vmOperState", running)).value == 4,
                 "the state of a running domain")
        wait_for(lambda: self.lab.get(oid("vmCpuTime", running)).type == "Counter64",
                 "the counters of a running domain")

    def test_a_domain_that_cannot_be_read_keeps_its_values(self):
        self.start(Node(SMALL), maxAge="100ms")
        self.lab.wait_state(2)
        before = dict(self.lab.walk(VM_MIB))
        broken = [dataclasses.replace(SMALL[0],
                                      faults=[fault("fail", on="statistics")]),
                  *SMALL[1:]]
        self.lab.write("node.xml", Node(broken).xml())
        elapse(0.2)
        after = dict(self.lab.walk(VM_MIB))
        self.assertEqual(set(after), set(before))

    def test_a_domain_that_vanishes_is_left_out(self):
        gone = [Domain("web", faults=[fault("vanish")]), *SMALL[1:]]
        self.start(Node(SMALL), maxAge="100ms")
        self.lab.wait_state(2)
        self.assertEqual(self.lab.get(oid("vmNumber", 0)).value, len(SMALL))
        self.lab.write("node.xml", Node(gone).xml())
        wait_for(lambda: self.lab.get(oid("vmNumber", 0)).value == len(SMALL) - 1,
                 "the domain to vanish")
        names = {value.value for _, value in self.lab.walk(oid("vmName"))}
        self.assertEqual(names, {domain.name.encode() for domain in SMALL[1:]})


if __name__ == "__main__":
    lab.main()
