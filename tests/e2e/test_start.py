#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""How hvagentx starts and ends: its state folder, its privileges, its end."""
import os
import pwd
import signal
import subprocess
import time

import lab
from lab import LabTest, wait_for
from node import SMALL, Node, fault
from snmp import NO_OBJECT, oid

UP, DOWN = 2, 4
STARTUP_ERROR = 1

NOBODY = "nobody"


class StateFolder(LabTest):

    def setUp(self):
        super().setUp()
        self.node = self.lab.write("node.xml", Node(SMALL).xml())
        self.lab.write_config(f"first sim:{self.node}")

    def test_a_second_agent_says_so_and_ends(self):
        first = self.lab.start_agent()
        run = self.lab.run_agent("-f", "-Le", "-c", self.lab.config_path)
        self.assertEqual(run.returncode, STARTUP_ERROR)
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        self.assertRegex(run.stderr, rf"another hvagentx.*{first.pid}")
        self.assertIn(str(self.lab.folder / "state"), run.stderr)
        # The first one is not disturbed.
        self.assertTrue(first.is_running())
        self.assertEqual(len(self.lab.walk(oid("vmName"))), len(SMALL))

    def test_a_folder_that_cannot_be_made(self):
        for folder in (self.lab.folder / "missing" / "state", "/proc/hvagentx",
                       self.node):
            self.lab.write_config(f"first sim:{self.node}", stateDir=folder)
            run = self.lab.run_agent("-f", "-Le", "-c", self.lab.config_path)
            self.assertEqual(run.returncode, STARTUP_ERROR, run.stderr)
            self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
            self.assertIn(str(folder), run.stderr)
            self.assertIn("stateDir", run.stderr)

    def test_it_is_made_when_its_parent_is_there(self):
        folder = self.lab.folder / "fresh"
        self.lab.write_config(f"first sim:{self.node}", stateDir=folder)
        self.lab.start_agent()
        self.assertEqual(len(self.lab.walk(oid("vmName"))), len(SMALL))
        self.assertTrue(folder.is_dir())
        self.assertEqual(folder.stat().st_mode & 0o007, 0)


class Unprivileged(LabTest):
    """hvagentx as a user who may not do everything."""

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        super().setUp()
        os.chmod(self.lab.folder, 0o755)
        self.node = self.lab.write("node.xml", Node(SMALL).xml())
        self.state = self.lab.folder / "own"
        self.state.mkdir()
        os.chown(self.state, pwd.getpwnam(NOBODY).pw_uid, -1)
        self.lab.write_config(f"first sim:{self.node}", stateDir=self.state)
        try:
            subprocess.run([lab.AGENT, "-V"], check=True, user=NOBODY, cwd="/",
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            subprocess.run(["test", "-r", f"{lab.MODULES}/sim.so"], check=True,
                           user=NOBODY, cwd="/")
        except (OSError, subprocess.CalledProcessError):
            self.skipTest(f"{NOBODY} cannot reach {lab.AGENT} and its modules")

    def test_no_permission_on_the_masters_socket(self):
        agent = self.lab.start_agent(user=NOBODY, wait=False)
        line = agent.wait_log("^.*permission.*$")[0]
        # What to do: the socket, its group, the line of snmpd.conf.
        self.assertIn(str(self.lab.agentx_socket), line)
        self.assertIn("group root", line)
        self.assertIn("agentXPerms", line)
        # And it goes on trying, without repeating itself.
        os.chmod(self.lab.agentx_socket, 0o666)
        self.lab.wait_served()
        self.assertEqual(agent.log().count("permission"), 1)
        self.assertEqual(len(self.lab.walk(oid("vmName"))), len(SMALL))

    def test_it_needs_no_privilege(self):
        os.chmod(self.lab.agentx_socket, 0o666)
        agent = self.lab.start_agent(user=NOBODY)
        self.assertEqual(len(self.lab.walk(oid("vmName"))), len(SMALL))
        self.assertEqual(agent.stop(), 0)

    def test_a_state_folder_that_is_not_writable(self):
        os.chown(self.state, 0, 0)
        run = self.lab.run_agent("-f", "-Le", "-c", self.lab.config_path, user=NOBODY)
        self.assertEqual(run.returncode, STARTUP_ERROR)
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        self.assertRegex(run.stderr, rf"{self.state}.*Permission denied.*stateDir")

    def test_a_configuration_that_is_not_readable(self):
        self.lab.config_path.chmod(0o600)
        run = self.lab.run_agent("-f", "-Le", "-c", self.lab.config_path, user=NOBODY)
        self.assertEqual(run.returncode, STARTUP_ERROR)
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        self.assertRegex(run.stderr, rf"{self.lab.config_path}.*Permission denied")

    def test_a_node_file_that_is_not_readable(self):
        os.chmod(self.lab.agentx_socket, 0o666)
        self.node.chmod(0o600)
        agent = self.lab.start_agent(user=NOBODY)
        agent.wait_log(rf"connection first: down: .*{self.node}.*Permission denied")
        self.lab.wait_state(DOWN)
        self.node.chmod(0o644)
        self.lab.wait_state(UP)


class Ending(LabTest):

    def end(self, number=signal.SIGTERM):
        begin = time.monotonic()
        self.lab.agent.signal(number)
        self.assertEqual(self.lab.agent.wait(), 0)
        self.assertLess(time.monotonic() - begin, 5)
        self.assertIn("hvagentx stopped", self.lab.agent.log())

    def start(self, *faults, **directives):
        path = self.lab.write("node.xml", Node(SMALL, faults=list(faults)).xml())
        self.lab.write_config(f"first sim:{path}", **directives)
        self.lab.start_agent()

    def test_terminated(self):
        self.start()
        self.lab.walk(oid("vmTable"))
        self.end()

    def test_interrupted(self):
        self.start()
        self.end(signal.SIGINT)

    def test_while_opening_hangs(self):
        self.start(fault("hang"))
        self.end()

    def test_while_collections_hang(self):
        self.start(fault("hang", on="domains"))
        self.lab.wait_state(UP)
        self.lab.get(oid("vmNumber", 0))
        self.end()

    def test_while_calls_were_given_up(self):
        self.start(fault("hang"), callTimeout="1s")
        self.lab.agent.wait_log("connection first: unresponsive")
        self.end()

    def test_without_a_master(self):
        self.start()
        self.lab.master.stop()
        self.lab.agent.wait_log("lost the AgentX master")
        self.end()

    def test_while_a_master_hangs(self):
        self.start()
        self.lab.master.signal(signal.SIGSTOP)
        try:
            begin = time.monotonic()
            self.lab.agent.signal(signal.SIGTERM)
            self.assertEqual(self.lab.agent.wait(), 0)
            self.assertLess(time.monotonic() - begin, 15)
        finally:
            self.lab.master.signal(signal.SIGCONT)

    def test_in_the_background(self):
        path = self.lab.write("node.xml", Node(SMALL).xml())
        self.lab.write_config(f"first sim:{path}")
        log = self.lab.folder / "background.log"
        run = self.lab.run_agent("-Lf", log, "-c", self.lab.config_path)
        self.assertEqual(run.returncode, 0, run)
        self.lab.wait_served()
        pid = int((self.lab.folder / "state" / "lock").read_text())
        self.assertEqual(os.getsid(pid), os.getpgid(pid))
        os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not os.path.exists(f"/proc/{pid}/exe"), "the end")
        self.assertIn("hvagentx stopped", log.read_text())
        self.assertEqual(self.lab.get(oid("vmNumber", 0)), NO_OBJECT)

    def test_a_start_in_the_background_that_fails_says_so(self):
        self.lab.write_config("first nosuch:thing")
        run = self.lab.run_agent("-Lf", self.lab.folder / "background.log", "-c",
                                 self.lab.config_path)
        self.assertEqual(run.returncode, STARTUP_ERROR)
        self.assertIn("nosuch", run.stderr)


if __name__ == "__main__":
    lab.main()
