#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""hvagentx outlives its master, however that ends, hangs or starves it."""
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

import fakemaster
import lab
import snmp
from agentx import Type
from lab import AGENT, DEADLINE_S, PATIENCE, Lab, LabTest, wait_for
from node import SMALL, Domain, Node, fault, many
from protocol import REGISTRATIONS, ProtocolTest
from snmp import VM_MIB, Manager, oid

SANITIZED = bool(os.environ.get("HVX_SANITIZERS"))

# Sanitizers make each turn slow, and each leak seen in ten is seen in fifty.
RESTARTS = 10 if SANITIZED else 50

PING_S = 1

# From a master that is ready to the agent's objects.
BACK_S = (PING_S + 2) * PATIENCE

# Turns of the allocator, and of other people's caches.
RSS_GROWTH_KIB = 1024

RETRY_S = 1

CONNECTED = "connected to the AgentX master"
LOST = "lost the AgentX master"
ABSENT = "no AgentX master"

STARVED_S = 30


def rss_kib(process):
    with open(f"/proc/{process.pid}/status") as status:
        return int(next(line.split()[1] for line in status
                        if line.startswith("VmRSS:")))


class Walkers:
    """Managers that walk on and on, whatever they get."""

    def __init__(self, own_lab, count):
        self.lab = own_lab
        self.ended = threading.Event()
        self.broken = []
        self.walks = 0
        self.pool = ThreadPoolExecutor(count)
        self.count = count
        self.walkers = []

    def _walk(self):
        while not self.ended.is_set():
            run = self.lab.run("snmpbulkwalk", VM_MIB, options=(
                *snmp.PLAIN_OUTPUT, "-Cr20", "-t1"))
            # SIGPIPE ends a client whose snmpd goes, in the middle of a line.
            whole = run.stdout.rpartition("\n")[0]
            names = [name for name, _ in snmp.parse_varbinds(whole)]
            if names != sorted(set(names)):
                self.broken.append(run.stdout)
            self.walks += 1

    def __enter__(self):
        self.walkers = [self.pool.submit(self._walk) for _ in range(self.count)]
        return self

    def __exit__(self, *_exception):
        self.ended.set()
        self.pool.shutdown()
        for walker in self.walkers:
            walker.result()

    def assert_ordered(self, test, fewest):
        test.assertGreaterEqual(self.walks, fewest)
        test.assertEqual(self.broken, [])


class OutliveTest(LabTest):
    contexts = ("second",)

    def start(self, domains):
        path = self.lab.write("node.xml", Node(domains).xml())
        second = self.lab.write("second.xml", Node([Domain("other")]).xml())
        self.lab.write_config(f"first sim:{path}", f"second sim:{second}",
                              maxAge="100ms", agentXPingInterval=PING_S)
        return self.lab.start_agent()

    def changes(self):
        """The lines of the log about the master, in order."""
        return [next(word for word in (CONNECTED, LOST, ABSENT) if word in line)
                for line in self.lab.agent.log().splitlines()
                if "AgentX" in line]

    def indices(self):
        return {value.value: name[-1] for name, value in self.lab.walk(oid("vmName"))}

    def statements(self):
        """Ours in the master's sysORTable."""
        return {value.value for _, value in self.lab.walk(oid("sysORID"))
                if snmp.below(snmp.HVX_MIB, value.value)}

    def seconds_until_back(self):
        ready = time.monotonic()
        self.lab.wait_served()
        self.lab.wait_served(Manager.community("second"))
        return time.monotonic() - ready


class Restarts(OutliveTest):

    def restart_master(self, turn):
        # Both ways to go: orderly, and at once.
        if turn % 2 == 0:
            self.lab.master.stop()
        else:
            self.lab.master.kill()
        self.lab.processes.remove(self.lab.master)
        self.lab.start_master()

    def test_the_master_restarts_under_a_continuous_walk(self):
        agent = self.start(many(100))
        before = self.indices()
        statements = wait_for(self.statements, "the statements of capabilities")
        self.assertEqual(len(statements), 2)
        # What is allocated once, is.
        self.restart_master(0)
        self.lab.wait_served()
        self.lab.walk(VM_MIB)
        descriptors, threads, rss = agent.descriptors(), agent.threads(), rss_kib(agent)
        back = []
        with Walkers(self.lab, 2) as walkers:
            for turn in range(RESTARTS - 1):
                self.restart_master(turn)
                back.append(self.seconds_until_back())
        after = rss_kib(agent)
        print(f"# back after {min(back):.2f}, {sorted(back)[len(back) // 2]:.2f}, "
              f"{max(back):.2f} s (least, median, most); {rss} KiB before, {after} after")
        self.assertLess(max(back), BACK_S)
        walkers.assert_ordered(self, RESTARTS)
        self.assertEqual(self.indices(), before)
        self.assertEqual(wait_for(self.statements, "the statements"), statements)
        wait_for(lambda: agent.descriptors() <= descriptors,
                 f"{descriptors} descriptors as before, not {agent.descriptors()}")
        wait_for(lambda: agent.threads() <= threads,
                 f"{threads} threads as before, not {agent.threads()}")
        if not SANITIZED:
            self.assertLess(after - rss, RSS_GROWTH_KIB)
        # One line for each change, and nothing else about it.
        self.assertEqual(self.changes(), [CONNECTED] + [LOST, CONNECTED] * RESTARTS)

    def test_the_master_comes_back_with_another_configuration(self):
        self.start(SMALL)
        for contexts in ((), ("second",)):
            self.lab.master.stop()
            self.lab.contexts = contexts
            self.lab.start_master()
            self.lab.wait_served()
            self.assertEqual(len(self.indices()), len(SMALL))
        self.lab.wait_served(Manager.community("second"))
        self.assertEqual(self.changes(), [CONNECTED] + [LOST, CONNECTED] * 2)

    def test_the_agent_is_killed_under_load(self):
        self.start(many(200))
        before = wait_for(lambda: len(self.indices()) == 200 and self.indices(),
                          "the domains")
        with Walkers(self.lab, 3) as walkers:
            for _ in range(3):
                self.lab.agent.kill()
                self.lab.start_agent()
                wait_for(lambda: self.indices() == before, "the same indices")
        walkers.assert_ordered(self, 3)
        self.assertTrue(self.lab.master.is_running())


class Stopped(OutliveTest):

    def test_a_master_that_is_stopped_for_longer_than_any_patience(self):
        agent = self.start(SMALL)
        before = self.indices()
        self.lab.master.signal(signal.SIGSTOP)
        try:
            agent.wait_log(f"{LOST}; reconnecting")
            agent.wait_log(f"{ABSENT} at .*: it does not answer; .*trying again")
            # It is awake: neither busy with the master nor waiting for it.
            begin = time.monotonic()
            agent.signal(signal.SIGHUP)
            agent.wait_log("^reloaded ")
            self.assertLess(time.monotonic() - begin, 1 * PATIENCE)
        finally:
            self.lab.master.signal(signal.SIGCONT)
        self.lab.wait_served()
        self.assertEqual(self.indices(), before)
        self.assertEqual(self.changes(), [CONNECTED, LOST, ABSENT, CONNECTED])

    def test_a_stopped_master_does_not_keep_the_agent(self):
        agent = self.start(SMALL)
        self.lab.master.signal(signal.SIGSTOP)
        try:
            begin = time.monotonic()
            self.assertEqual(agent.stop(), 0)
            self.assertLess(time.monotonic() - begin, 3 * PATIENCE)
        finally:
            self.lab.master.signal(signal.SIGCONT)


class NoAnswer(unittest.TestCase):
    """Who listens, and takes no connection: the queue of its socket gets full."""

    def setUp(self):
        self.lab = self.enterContext(Lab())
        self.listener = self.enterContext(socket.socket(socket.AF_UNIX))
        self.listener.bind(str(self.lab.agentx_socket))
        self.listener.listen(0)

    def start(self):
        path = self.lab.write("node.xml", Node(SMALL).xml())
        self.lab.write_config(f"first sim:{path}")
        return self.lab.start_agent(wait=False)

    def assert_ends_at_once(self):
        begin = time.monotonic()
        self.assertEqual(self.lab.agent.stop(), 0)
        self.assertLess(time.monotonic() - begin, 3 * PATIENCE)

    def test_from_the_beginning(self):
        agent = self.start()
        agent.wait_log(f"{ABSENT} at .*: it does not answer; .*trying again")
        agent.wait_log("connection first: up")
        self.assert_ends_at_once()
        self.assertEqual(agent.log().count(ABSENT), 1)

    def test_with_a_full_queue(self):
        with socket.socket(socket.AF_UNIX) as other:
            other.connect(str(self.lab.agentx_socket))
            agent = self.start()
            agent.wait_log(f"{ABSENT} at .*: it does not answer; .*trying again")
            self.assert_ends_at_once()

    def test_the_reason_is_told_when_it_changes(self):
        agent = self.start()
        agent.wait_log(f"{ABSENT} at .*: it does not answer")
        self.listener.close()
        agent.wait_log(f"{ABSENT} at .*: Connection refused")
        self.lab.agentx_socket.unlink()
        agent.wait_log(f"{ABSENT} at .*: No such file or directory")
        self.lab.start_master()
        self.lab.wait_served()
        self.assertEqual(agent.log().count(ABSENT), 3)


class Tries(ProtocolTest):

    def start_without(self):
        path = self.lab.write("node.xml", Node(SMALL).xml())
        self.lab.write_config(f"first sim:{path}", f"second sim:{path}")
        return self.lab.start_agent(wait=False)

    def test_they_are_steady(self):
        """Neither more and more often, nor less and less."""
        agent = self.start_without()
        times = []
        for _ in range(10):
            connection, _ = self.master.listener.accept()
            connection.close()
            times.append(time.monotonic())
        gaps = [after - before for before, after in zip(times, times[1:])]
        self.assertGreater(min(gaps), RETRY_S / 2)
        self.assertLess(max(gaps), 2 * PATIENCE)
        self.assertEqual(set(self.session().registered), REGISTRATIONS)
        self.assertEqual(agent.log().count(ABSENT), 1)

    def test_a_short_absence_is_not_explained(self):
        session = self.start()
        session.disconnect()
        for _ in range(3):
            connection, _ = self.master.listener.accept()
            connection.close()
        self.session()
        log = self.lab.agent.log()
        self.assertEqual((log.count(LOST), log.count(CONNECTED), log.count(ABSENT)),
                         (1, 2, 0))

    def test_the_loss_is_seen_by_the_socket(self):
        session = self.start(agentXPingInterval=3600)
        lost = time.monotonic()
        session.disconnect()
        self.lab.agent.wait_log(LOST)
        session = self.session()
        self.assertLess(time.monotonic() - lost, 2 * PATIENCE)
        self.assertEqual(set(session.registered), REGISTRATIONS)
        self.assertEqual(len(session.capabilities), 2)

    def test_no_open_is_ever_answered(self):
        self.master.held.add(Type.OPEN)
        agent = self.start_without()
        opened = []
        while len(opened) < 3:
            connection, _ = self.master.listener.accept()
            session = fakemaster.Session(self.master, connection, 1)
            self.master.sessions.append(session)
            session.wait_closed()
            opens = [pdu for pdu in session.received if pdu.type == Type.OPEN]
            if opens:
                # Each Open PDU more would be a session more.
                self.assertEqual(len(opens), 1)
                opened.append(time.monotonic())
        gaps = [after - before for before, after in zip(opened, opened[1:])]
        self.assertLess(max(gaps), 8 * PATIENCE)
        self.assertEqual(agent.log().count(ABSENT), 1)
        self.master.held.clear()
        self.assert_serves(self.session())


class Starved(OutliveTest):
    """All cores are busy, the agent comes last, and all patience is default."""

    def start_starved(self, domains):
        # Slower than any master's patience.
        slow = fault("slow", on="domains", delay_ms=8000)
        path = self.lab.write("node.xml", Node(domains, faults=[slow]).xml())
        self.lab.write_config(f"first sim:{path}", agentXPingInterval=PING_S)
        self.lab.agent = self.lab.start("hvagentx", [
            "nice", "-n", "19", AGENT, "-f", "-Le", "-c", self.lab.config_path])
        # Where each session is a group for the scheduler, its group comes last.
        with contextlib.suppress(OSError):
            with open(f"/proc/{self.lab.agent.pid}/autogroup", "w") as group:
                group.write("19")

    @contextlib.contextmanager
    def busy_cores(self):
        loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"])
                 for _ in os.sched_getaffinity(0)]
        try:
            yield
        finally:
            for loop in loops:
                loop.kill()
                loop.wait()

    def test_the_session_is_never_lost(self):
        self.start_starved(many(2000))
        self.lab.wait_served()
        wait_for(lambda: self.lab.get(oid("vmNumber", 0)) == snmp.integer(2000),
                 "the domains")
        with self.busy_cores():
            end = time.monotonic() + STARVED_S
            polls = 0
            while time.monotonic() < end:
                self.assertEqual(self.lab.get(oid("vmNumber", 0)).type, "INTEGER")
                self.assertTrue(self.lab.ask("snmpbulkget", oid("vmName"),
                                             oid("vmCpuTime"), oid("vmOperState")))
                polls += 1
        self.assertGreater(polls, 5)
        self.assertEqual(self.changes(), [CONNECTED])


if __name__ == "__main__":
    lab.main()
