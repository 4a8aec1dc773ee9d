#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Changes of the date, while the agent runs: only dates that are shown change.

The agent, and it alone, runs under libfaketime, which changes the date and
leaves all other clocks as they are.
"""
import datetime
import glob
import os
import re
import subprocess
import time
import unittest
from pathlib import Path

import lab
from lab import AGENT, LabTest, at_once, wait_for
from node import SMALL, Domain, Node, fault
from snmp import NO_INSTANCE, integer, oid

UP, DOWN = 2, 4

LIBRARIES = "/usr/lib/*/faketime/libfaketimeMT.so.1"
LIBRARY = next(iter(glob.glob(LIBRARIES)), None)

HOUR_S = 3600
DAY_S = 24 * HOUR_S

# In libfaketime's notation; how far from the right date, None: to 1970.
JUMPS = {"-3600": -HOUR_S, "+86400": DAY_S, "+365d": 365 * DAY_S,
         "@1970-01-02 00:00:00": None}

# Less than the least jump; longer than a test takes.
PATIENCE_S = HOUR_S / 4

TICKS_PER_S = 100


def seconds(value):
    """A DateAndTime in UTC as seconds since 1970."""
    octets = value.value
    assert len(octets) == 11 and octets[8:] == b"+\0\0", octets
    date = datetime.datetime(octets[0] * 256 + octets[1], *octets[2:7],
                             octets[7] * 100000, datetime.timezone.utc)
    return date.timestamp()


def with_library():
    """The environment that the agent needs, apart from FAKETIME_TIMESTAMP_FILE."""
    return {"LD_PRELOAD": LIBRARY, "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1", "TZ": "UTC"}


def why_not():
    """Why the agent cannot run under libfaketime; None: it can."""
    if LIBRARY is None:
        return "there is no libfaketime: apt-get install faketime"
    if b"__tsan_init" in Path(AGENT).read_bytes():
        return "libfaketime hides from ThreadSanitizer what threads wait for"
    run = subprocess.run([AGENT, "--version"], capture_output=True, text=True,
                         env=os.environ | with_library() | {"FAKETIME": "+0"},
                         timeout=lab.DEADLINE_S)
    if run.returncode != 0:
        said = (run.stderr.strip() or f"it ends with {run.returncode}").splitlines()
        return f"no libfaketime with this build: {said[0]}"
    return None


class ClockTest(LabTest):
    @classmethod
    def setUpClass(cls):
        reason = why_not()
        if reason is not None:
            raise unittest.SkipTest(reason)

    def setUp(self):
        super().setUp()
        self.set_date("+0")
        self.write_node(SMALL)

    def set_date(self, offset):
        self.lab.write("date", offset + "\n")

    def write_node(self, domains, faults=()):
        self.lab.write("node.xml", Node(list(domains), faults=list(faults)).xml())

    def start(self, **directives):
        self.lab.write_config(f"first sim:{self.lab.folder}/node.xml", **directives)
        settings = with_library() | {
            "FAKETIME_TIMESTAMP_FILE": self.lab.folder / "date"}
        self.lab.agent = self.lab.start(
            "hvagentx", ["env", *(f"{name}={value}" for name, value in settings.items()),
                         AGENT, "-f", "-Le", "-c", self.lab.config_path])
        self.lab.wait_served()

    def value(self, name, instance=0):
        return self.lab.get(oid(name, instance)).value

    def jump(self, offset):
        """Changes the date, and sees that the agent shows another one."""
        distance = JUMPS.get(offset, 0)
        wanted = DAY_S if distance is None else time.time() + distance
        self.set_date(offset)
        wait_for(lambda: abs(seconds(self.lab.get(oid("hvxAgentStartTime", 0))) - wanted)
                 < PATIENCE_S, f"dates that begin with {offset}")

    def each_jump(self):
        """All jumps, each from the right date and from the one before."""
        for offset in (*JUMPS, "+0", *reversed(JUMPS), "+0"):
            with self.subTest(offset=offset):
                self.jump(offset)
                yield offset

    def assert_undisturbed(self):
        self.assertEqual(self.value("hvxAgentMasterSessions"), 1)
        log = self.lab.agent.log()
        self.assertNotIn("lost the AgentX master", log)
        self.assertEqual(log.count("connection first: up"), 1)
        for word in ("down:", "unresponsive:"):
            self.assertNotIn(word, log)


class Ages(ClockTest):

    AGES = {"hvxAgentUpTime": 0, "hvxConnectionAge": 1, "vmHvUpTime": 0, "vmUpTime": 1,
            "vmTableLastChange": 0}
    COUNTERS = {"vmCpuTime": 1, "hvxAgentCpuTime": 0}
    UNITS_PER_S = {"hvxConnectionAge": 1000}

    def sample(self):
        names = {oid(name, instance): name
                 for name, instance in (self.AGES | self.COUNTERS).items()}
        begun = time.monotonic()
        values = {names[name]: value for name, value in self.lab.get_many(names).items()}
        for name, value in values.items():
            self.assertNotEqual(value, NO_INSTANCE, name)
        return begun, time.monotonic(), {n: v.value for n, v in values.items()}

    def test_ages_go_on_as_if_nothing_had_happened(self):
        self.write_node([Domain("alone")])
        self.start(maxAge="1h", staleLimit="1d")
        self.lab.wait_state(UP)
        wait_for(lambda: self.lab.get(oid("vmCpuTime", 1)) != NO_INSTANCE, "statistics")
        self.sample()
        collections = self.value("hvxConnectionCollections", 1)
        failures = self.value("hvxConnectionFailures", 1)
        begun, _, before = self.sample()
        for _ in self.each_jump():
            sampled, ended, now = self.sample()
            for name in self.AGES:
                units = self.UNITS_PER_S.get(name, TICKS_PER_S)
                grown = (now[name] - before[name]) / units
                if name != "vmTableLastChange":
                    self.assertGreaterEqual(grown, 0, name)
                # A tenth for what is between an answer and its time here.
                self.assertLessEqual(grown, ended - begun + 0.1, name)
            for name in self.COUNTERS:
                self.assertGreaterEqual(now[name], before[name], name)
            begun, before = sampled, now
        # Nothing seemed too old, and nothing was too late.
        self.assertEqual(self.value("hvxConnectionCollections", 1), collections)
        self.assertEqual(self.value("hvxConnectionFailures", 1), failures)
        self.assertEqual(self.value("hvxConnectionAbandoned", 1), 0)
        self.assertEqual(self.value("hvxAgentRequestsLate"), 0)
        self.assert_undisturbed()

    def test_what_is_old_is_asked_for(self):
        self.start(maxAge="100ms")
        for _ in self.each_jump():
            before = self.value("hvxConnectionCollections", 1)
            wait_for(lambda: self.lab.get(oid("vmNumber", 0)) == integer(len(SMALL))
                     and self.value("hvxConnectionCollections", 1) > before,
                     "a collection")
        self.assert_undisturbed()

    def test_the_session_lives_on(self):
        self.start(agentXPingInterval=1)
        for offset in ("-3600", "+86400", "@1970-01-02 00:00:00"):
            self.jump(offset)
            until = self.value("hvxAgentUpTime") + 2 * TICKS_PER_S
            wait_for(lambda: self.value("hvxAgentUpTime") >= until, "some pings")
        self.assert_undisturbed()

    def test_a_jump_makes_nobody_wait_longer(self):
        self.write_node(SMALL, [fault("hang")])
        self.start(waitLimit="999ms", callTimeout="1s")

        def jump_while_it_waits():
            wait_for(lambda: self.value("hvxAgentRequestsDelegated") > 0,
                     "a request that waits")
            self.set_date("-3600")

        # A timeout of the manager's would raise.
        answer, _ = at_once([lambda: self.lab.get(oid("vmNumber", 0)),
                             jump_while_it_waits])
        self.assertEqual(answer, NO_INSTANCE)
        self.lab.agent.wait_log("connection first: unresponsive: ")
        self.write_node(SMALL)
        self.lab.wait_state(UP)

    def test_a_link_that_is_down_is_tried_again_in_time(self):
        (self.lab.folder / "node.xml").unlink()
        self.start()
        self.lab.wait_state(DOWN)
        self.jump("-3600")
        self.write_node(SMALL)
        self.lab.wait_state(UP)
        (self.lab.folder / "node.xml").unlink()
        wait_for(lambda: self.lab.get(oid("vmNumber", 0))
                 and self.value("hvxConnectionState", 1) == DOWN, "a loss")
        self.jump("@1970-01-02 00:00:00")
        self.write_node(SMALL)
        self.lab.wait_state(UP)


class Indices(ClockTest):
    """A jump ends no grace time, nor does it begin one anew without an end."""

    def indices(self):
        return {value.value.decode(): name[-1]
                for name, value in self.lab.walk(oid("vmName"))}

    def show(self, *names):
        self.write_node([Domain(name) for name in names])
        wait_for(lambda: self.indices().keys() == set(names), f"the domains {names}")
        return self.indices()

    def test_a_domain_keeps_its_index(self):
        self.start(maxAge="100ms", indexGrace="10m")
        before = self.show("stays", "goes")
        self.show("stays")
        for turn, _ in enumerate(self.each_jump()):
            now = self.show("stays", f"new{turn}")
            self.assertEqual(now["stays"], before["stays"])
            self.assertNotEqual(now[f"new{turn}"], before["goes"])
        self.assertEqual(self.show("stays", "goes"), before)
        self.assert_undisturbed()

    def test_the_file_keeps_it_too(self):
        self.start(maxAge="100ms", indexGrace="10m")
        before = self.show("stays", "goes")
        self.show("stays")
        for turn, offset in enumerate(JUMPS):
            with self.subTest(offset=offset):
                self.set_date(offset)
                self.assertEqual(self.lab.agent.stop(), 0)
                self.start(maxAge="100ms", indexGrace="10m")
                now = self.show("stays", f"new{turn}")
                self.assertEqual(now["stays"], before["stays"])
                self.assertNotEqual(now[f"new{turn}"], before["goes"])
        self.assertEqual(self.show("stays", "goes"), before)

    def test_grace_ends_in_time(self):
        for offset in ("-3600", "@1970-01-02 00:00:00"):
            with self.subTest(offset=offset):
                self.set_date("+0")
                self.start(maxAge="100ms", indexGrace="1s",
                           stateDir=self.lab.folder / f"state{offset[:2]}")
                before = self.show("stays", "goes")
                self.show("stays")
                self.set_date(offset)
                # Each is new, and each may get the one that is free by now.
                turns = iter(range(10000))
                wait_for(lambda: before["goes"] in self.show(
                    "stays", f"new{next(turns)}").values(), "the end of the grace time")
                self.assertEqual(self.lab.agent.stop(), 0)

    def test_connections_keep_theirs(self):
        self.start(indexGrace="10m")
        self.jump("-3600")
        for offset in ("+0", "+86400", "+365d"):
            self.reload("second")
            self.set_date(offset)
            self.reload("third")
            self.reload("first")
            self.assertEqual([name[-1] for name, _ in
                              self.lab.walk(oid("hvxConnectionName"))], [1])

    def reload(self, name):
        agent = self.lab.agent
        count = len(re.findall("reloaded ", agent.log()))
        self.lab.write_config(f"{name} sim:{self.lab.folder}/node.xml",
                              indexGrace="10m")
        agent.signal(lab.signal.SIGHUP)
        agent.wait_log("reloaded ", count + 1)


if __name__ == "__main__":
    lab.main()
