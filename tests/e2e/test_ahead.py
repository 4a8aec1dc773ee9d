#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""What is slow is collected ahead of the next poll; what is fast once for each."""
import time

import lab
import tap
from lab import LabTest, wait_for
from node import Domain, Node, fault
from snmp import HVX_MIB, VM_MIB, oid

UP = 2

DOMAINS = 12
SECTIONS = 6

# A machine on which threads wait no longer than that for a CPU has time for them.
FAIR_S = 0.2


class AheadTest(LabTest):

    def start(self, faults=(), **directives):
        """One processor that never rests makes a counter a clock."""
        self.domains = [Domain(f"vm{number}", vcpus=1, load=100)
                        for number in range(DOMAINS)]
        self.faults = list(faults)
        self.write()
        self.lab.write_config(f"first sim:{self.path}", **directives)
        self.lab.start_agent()
        self.lab.wait_state(UP)
        self.client = self.lab.client()
        self.addCleanup(self.client.close)

    def write(self):
        self.path = self.lab.write("node.xml",
                                   Node(self.domains, faults=self.faults).xml())

    def value(self, name, *instance):
        return self.client.get(oid(name, *instance)).values[0]

    def collections(self):
        """Asking for it collects nothing."""
        return self.value("hvxConnectionCollections", 1)

    def elapse(self, seconds):
        end = time.monotonic() + seconds
        wait_for(lambda: time.monotonic() >= end, f"{seconds} s to pass",
                 seconds + lab.DEADLINE_S)

    def every(self, seconds, count):
        """Yields so many times, at moments at even distances."""
        due = time.monotonic()
        for turn in range(count):
            self.elapse(due - time.monotonic())
            due += seconds
            yield turn


class SlowNode(AheadTest):
    """Its list and its statistics take longer to collect than an answer may wait."""

    POLLS = 10
    SLOW_SECTIONS = ("domains", "statistics")

    def start_slow(self, delay_ms, **directives):
        self.start([fault("slow", on=section, delay_ms=delay_ms)
                    for section in self.SLOW_SECTIONS], **directives)

    def poll(self):
        """When each domain's counter was asked for, and what time it told."""
        times = {}
        for answer in self.client.walk(oid("vmTable")):
            for name, value in answer.varbinds:
                if name[:-1] == oid("vmCpuTime"):
                    times[name[-1]] = (answer.sent_ns, value.value * 1000)
        return times

    def learn_starts(self):
        """When each domain was started: no later than told here."""
        starts = {}
        for answer in self.client.walk(oid("vmUpTime")):
            for name, value in answer.varbinds:
                starts[name[-1]] = answer.received_ns - value.value * 10_000_000
        return starts

    def poll_at_intervals(self, interval_s, max_age_s):
        """From the third poll on no counter is older than maxAge."""
        starts, late, starvation = {}, 0, self.lab.starvation()
        for turn in self.every(interval_s, self.POLLS):
            polled = self.poll()
            # Not, if the machine was too busy for anything to be in time.
            is_fair = starvation.seconds() < FAIR_S
            before, late = late, self.value("hvxAgentRequestsLate", 0)
            if turn >= 2 and is_fair:
                self.assertEqual(len(polled), DOMAINS)
                # Not before: data that are stale tell of no start.
                starts = starts or self.learn_starts()
                ages = [(sent_ns - starts[index] - time_ns) / 1e9
                        for index, (sent_ns, time_ns) in polled.items()]
                self.assertLessEqual(max(ages), max_age_s, turn)
                self.assertEqual(late, before, turn)
            starvation = self.lab.starvation()

    def assert_ends(self, interval_s):
        """Two polls are missed in vain; then nothing is collected any longer."""
        self.elapse(0.4 * interval_s)
        before = self.collections()
        self.elapse(3 * interval_s)
        after = self.collections()
        self.assertLessEqual(after, before + 2 * len(self.SLOW_SECTIONS))
        self.assertGreater(after, before)
        self.elapse(2 * interval_s)
        self.assertEqual(self.collections(), after)

    def test_is_fresh_from_the_third_poll_on(self):
        self.start_slow(400, maxAge="2s", waitLimit="200ms")
        self.poll_at_intervals(3, 2)
        self.assert_ends(3)

    def test_is_fresh_each_minute(self):
        if not lab.LONG:
            self.skipTest("it takes 15 minutes: set HVX_LONG")
        tap.expect_to_take(60 * (self.POLLS + 5))
        self.start_slow(900)
        self.poll_at_intervals(60, 5)
        self.assert_ends(60)


class FastNode(AheadTest):

    def test_each_poll_collects_each_section_once(self):
        self.start(maxAge="2s")
        for _ in self.every(2.5, 5):
            before = self.collections()
            for root in (VM_MIB, HVX_MIB):
                for _ in self.client.walk(root):
                    pass
            self.assertGreater(self.collections(), before)
            self.assertLessEqual(self.collections(), before + SECTIONS)


if __name__ == "__main__":
    lab.main()
