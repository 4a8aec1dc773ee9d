#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Some domains hang among many: the others go on, and nobody waits for them."""
import dataclasses
import re
import time

import lab
from lab import LabTest, wait_for
from node import Domain, Node, fault
from snmp import oid

DOMAINS = 300
SICK = "vm00100"  # in the middle: those behind it are held up

UP, UNRESPONSIVE = 2, 3

# As agent/aside.h has them.
ASIDE_MAX = 32

# hvagentx.conf's default.
WAIT_LIMIT_S = 0.4

# Nobody waits for what takes longer than that.
PROMPT_S = 0.08

POLL_INTERVAL_S = 1
POLLS = 60 if lab.LONG else 8
FEW_POLLS = 4

SET_ASIDE = r"domain \S+ \(\S+\): \w+: no answer within \d+ ms; it is asked alone now"
ANSWERS_AGAIN = r"domain \S+ \(\S+\): \w+: it answers again"

DISK = '<disk type="file"><source file="/images/{name}"/><target dev="vda"/></disk>'


def all_domains():
    """All are at work all the time: their counters never stand still."""
    names = [f"vm{number:05d}" for number in range(DOMAINS)]
    return [Domain(name, vcpus=1, load=100, hardware=DISK.format(name=name))
            for name in names]


class AsideTest(LabTest):

    def start(self, wait_limit_s=WAIT_LIMIT_S, call_timeout_s=2):
        self.wait_limit_s = wait_limit_s
        self.domains = all_domains()
        self.path = self.lab.write("node.xml", Node(self.domains).xml())
        self.lab.write_config(f"first sim:{self.path}", maxAge="100ms", staleLimit="1h",
                              waitLimit=f"{wait_limit_s * 1000:.0f}ms",
                              callTimeout=f"{call_timeout_s}s")
        self.lab.start_agent()
        self.lab.wait_state(UP)
        self.client = self.lab.client()
        self.addCleanup(self.client.close)
        self.times = []
        wait_for(lambda: all(len(self.poll(column)) == DOMAINS for column in
                             ("vmCpuTime", "vmStorageReadOctets")),
                 "the counters of all domains")
        self.rows = {value.decode(): index
                     for index, value in self.poll("vmName").items()}
        self.threads = self.lab.agent.threads()
        self.times.clear()

    def afflict(self, names, *faults):
        """The domains of these names suffer from these faults."""
        self.write([dataclasses.replace(domain, faults=list(faults))
                    if domain.name in names else domain for domain in self.domains])

    def write(self, domains):
        self.lab.write("node.xml", Node(domains).xml())

    def connection(self, column):
        return self.client.get(oid(column, 1)).values[0]

    def poll(self, column):
        """One column of all domains; of a table of parts, the last part's."""
        values = {}
        for answer in self.client.walk(oid(column)):
            self.times.append(answer.seconds)
            values.update({name[len(oid(column))]: value.value
                           for name, value in answer.varbinds})
        return values

    def names(self):
        return {name.decode() for name in self.poll("vmName").values()}

    def polls(self, column, count):
        """Poll after poll; of each also whether the machine had time for it."""
        due = time.monotonic()
        for _ in range(count):
            due += POLL_INTERVAL_S
            wait_for(lambda: time.monotonic() >= due, "the next poll")
            starvation = self.lab.starvation()
            values = self.poll(column)
            yield values, starvation.seconds() < self.wait_limit_s / 2

    def meet(self, column, count):
        """A few polls by the end of which nobody waits for them any longer."""
        for turn, _ in enumerate(self.polls(column, 6)):
            if turn >= 1 and self.connection("hvxConnectionAbandoned") >= count:
                return

    def watch(self, column, count, sick=(), hanging=0, state=UP):
        """Polls; all but the sick advance each time.  The first and last values."""
        first = before = self.poll(column)
        for values, is_fair in self.polls(column, count):
            self.assertEqual(values.keys(), before.keys())
            if is_fair:
                stuck = [index for index, value in values.items()
                         if value <= before[index] and index not in sick]
                self.assertEqual(stuck, [])
            self.assertEqual(self.connection("hvxConnectionState"), state)
            # One for each that hangs, and those of what was just asked for.
            self.assertLessEqual(self.lab.agent.threads(), self.threads + hanging + 4)
            before = values
        return first, before

    def assert_nobody_waited(self):
        """Each answer came at once; one in fifty, or one, may have had bad luck."""
        slow = sorted(seconds for seconds in self.times if seconds > PROMPT_S)
        self.assertLessEqual(len(slow), max(1, len(self.times) // 50), slow)

    def mend(self, column, sick, last):
        """It all comes back within a few polls."""
        self.write(self.domains)
        values = {}
        for values, _ in self.polls(column, 3):
            pass
        self.assertEqual(len(values), DOMAINS)
        for index in sick:
            self.assertGreater(values[index], last[index])
        wait_for(lambda: self.lab.agent.threads() <= self.threads,
                 "the calls that hung to end")
        self.assertEqual(self.connection("hvxConnectionState"), UP)


class OneHangs(AsideTest):

    def one_hangs(self, on, column="vmCpuTime", sections=1, count=FEW_POLLS,
                  is_told=False):
        """is_told: this column of it is told all the same."""
        self.start()
        index = self.rows[SICK]
        sick = [] if is_told else [index]
        self.afflict([SICK], fault("hang", on=on))
        self.meet(column, sections)
        # Those who met it waited, but no longer than they have to.
        self.assertLessEqual(sorted(self.times)[-2], WAIT_LIMIT_S + 0.05)
        self.times.clear()
        first, last = self.watch(column, count, sick, hanging=sections)
        self.assert_nobody_waited()
        self.assertEqual(first[index] == last[index], not is_told)
        self.assertEqual(self.connection("hvxConnectionAbandoned"), sections)
        self.assertEqual(self.connection("hvxConnectionFailures"), 0)
        self.mend(column, [index], last)

    def test_in_all_sections(self):
        # The list, statistics, and the descriptions that the next table needs.
        self.one_hangs("all", sections=3, count=POLLS)

    def test_in_statistics(self):
        self.one_hangs("statistics")

    def test_in_devices(self):
        self.one_hangs("devices", "vmStorageReadOctets")

    def test_in_the_list_of_domains(self):
        self.one_hangs("domains", is_told=True)

    def test_the_list_of_the_others_is_kept(self):
        self.start()
        self.afflict([SICK], fault("hang", on="domains"))
        self.meet("vmOperState", 1)
        for turn in range(3):
            self.domains = [*self.domains[1:], Domain(f"new{turn}")]
            self.afflict([SICK], fault("hang", on="domains"))
            names = {domain.name for domain in self.domains}
            wait_for(lambda: self.names() == names, "what came and went")
            self.assertEqual(self.client.get(oid("vmNumber", 0)).values, [DOMAINS])
            self.assertEqual(self.connection("hvxConnectionState"), UP)

    def destroyed(self, on):
        self.start()
        self.afflict([SICK], fault("hang", on=on))
        self.meet("vmCpuTime", 1)
        self.assertIn(SICK, self.names())
        self.write([domain for domain in self.domains if domain.name != SICK])
        wait_for(lambda: SICK not in self.names(), "its row to go")
        self.assertEqual(len(self.names()), DOMAINS - 1)
        self.assertEqual(len(self.poll("vmCpuTime")), DOMAINS - 1)
        wait_for(lambda: self.lab.agent.threads() <= self.threads,
                 "the calls to it to end")
        self.assertEqual(self.connection("hvxConnectionState"), UP)

    def test_it_is_destroyed_while_all_of_it_hangs(self):
        self.destroyed("all")

    def test_it_is_destroyed_while_its_statistics_hang(self):
        self.destroyed("statistics")


class SomeHang(AsideTest):

    def test_some_are_slow(self):
        names = ["vm00000", SICK, "vm00299"]
        self.start()
        sick = [self.rows[name] for name in names]
        self.afflict(names, fault("slow", on="statistics", delay_ms=600))
        self.meet("vmCpuTime", len(names))
        self.times.clear()
        first, last = self.watch("vmCpuTime", POLLS, sick, hanging=len(names))
        self.assert_nobody_waited()
        # They are told a poll later, but each time.
        for index in sick:
            self.assertGreaterEqual(last[index] - first[index],
                                    (POLLS - 2) * POLL_INTERVAL_S * 1_000_000)
        self.assertEqual(self.connection("hvxConnectionAbandoned"), len(names))
        self.mend("vmCpuTime", sick, last)
        self.lab.agent.wait_log(ANSWERS_AGAIN, len(names))

    def test_more_than_can_be_set_aside(self):
        names = [f"vm{number:05d}" for number in range(100, 140)]
        self.start(wait_limit_s=0.1, call_timeout_s=1)
        self.afflict(names, fault("hang", on="statistics"))
        wait_for(lambda: self.poll("vmCpuTime") and UNRESPONSIVE
                 == self.connection("hvxConnectionState"), "it to be unresponsive")
        self.assertEqual(len(re.findall(SET_ASIDE, self.lab.agent.log())), ASIDE_MAX)
        last = self.poll("vmCpuTime")
        self.times.clear()
        # Those set aside, and the one that holds up the others.
        self.watch("vmStorageReadOctets", FEW_POLLS, hanging=ASIDE_MAX + 1,
                   state=UNRESPONSIVE)
        self.assertEqual(self.poll("vmCpuTime").keys(), last.keys())
        self.assert_nobody_waited()
        self.assertEqual(self.connection("hvxConnectionAbandoned"), ASIDE_MAX + 1)
        self.mend("vmCpuTime", last, last)
        self.lab.agent.wait_log(ANSWERS_AGAIN, ASIDE_MAX)
        self.times.clear()
        self.watch("vmCpuTime", FEW_POLLS)
        self.assert_nobody_waited()


if __name__ == "__main__":
    lab.main()
