#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Command line, configuration, reload, and what is said when something is wrong."""
import os
import pwd
import re
import signal
import subprocess
import time
import unittest

import lab
from lab import Lab, LabTest, wait_for
from node import SMALL, Domain, Node, fault
from snmp import NO_OBJECT, Manager, integer, oid, string

UP, DOWN = 2, 4
STARTUP_ERROR, USAGE_ERROR = 1, 2

NOBODY = "nobody"


class CommandLine(unittest.TestCase):

    def setUp(self):
        self.lab = self.enterContext(Lab())

    def test_help(self):
        for option in ("-h", "--help"):
            run = self.lab.run_agent(option)
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            for word in ("--config", "--check-config", "--walk", "--foreground"):
                self.assertIn(word, run.stdout)

    def test_version(self):
        for option in ("-V", "--version"):
            run = self.lab.run_agent(option)
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertRegex(run.stdout, r"^hvagentx \d+\.\d+")

    def test_wrong_options(self):
        for arguments in (["--no-such-option"], ["-Z"], ["-c"], ["--walk"], ["surplus"],
                          ["-Lq"], ["-f", "surplus"]):
            run = self.lab.run_agent(*arguments)
            self.assertEqual(run.returncode, USAGE_ERROR, arguments)
            self.assertNotEqual(run.stderr, "", arguments)
            self.assertEqual(run.stdout, "", arguments)


class BadConfiguration(unittest.TestCase):
    """Each is refused with one line that says where, what, and what to do."""

    # What is wrong, and what the message must tell of it.
    LINES = {
        "nonsense 5": "nonsense",
        "maxAge": "maxAge",
        "maxAge 5": "5",
        "maxAge 5 s": "'5 s'",
        "maxAge -5s": "-5s",
        "maxAge 99ms": "100ms",
        "maxAge 61m": "1h",
        "maxAge 99999999999999999999s": "99999999999999999999s",
        "waitLimit 1s": "999ms|below 1s|1s",
        "waitLimit 1000ms": "1000ms",
        "waitLimit 9ms": "10ms",
        "staleLimit 2d": "1d",
        "staleLimit 0s": "1s",
        "callTimeout 999ms": "1s",
        "callTimeout 11m": "10m",
        "indexGrace 366d": "365d",
        "stateDir": "stateDir",
        "moduleDir relative/path": "absolute",
        "connection": "connection",
        "connection lonely": "connection NAME URI",
        "connection bad/name sim:x.xml": "bad/name",
        "connection " + "n" * 33 + " sim:x.xml": "n" * 33,
        "connection other nocolon": "nocolon",
        "connection other sim:x.xml contxt y": "contxt",
        "connection other sim:x.xml context": "context",
        "connection first sim:other.xml": "first",
        "connection other sim:x.xml context first": "first",
    }

    def setUp(self):
        self.lab = self.enterContext(Lab())
        self.node = self.lab.write("node.xml", Node(SMALL).xml())
        self.good = f"first sim:{self.node}"

    def assert_refused(self, pattern, *arguments, config=None):
        """Not started: one line that matches; --check-config says the same."""
        config = config or self.lab.config_path
        for mode in (["-f"], ["--check-config"]):
            run = self.lab.run_agent(*mode, "-Le", "-c", config, *arguments)
            self.assertEqual(run.returncode, STARTUP_ERROR, run)
            lines = [line for line in (run.stdout + run.stderr).splitlines()
                     if line.strip()]
            self.assertEqual(len(lines), 1, run)
            self.assertRegex(lines[0], pattern)

    def test_a_wrong_line_is_named(self):
        for line, words in self.LINES.items():
            with self.subTest(line=line):
                path = self.lab.write_config(self.good, extra=f"# a comment\n{line}\n")
                number = path.read_text().splitlines().index(line) + 1
                self.assert_refused(
                    rf"{re.escape(str(path))}: line {number}: .*({words})")

    def test_two_default_connections(self):
        path = self.lab.write_config(f"{self.good} default",
                                     f"other sim:{self.node} default")
        number = len(path.read_text().splitlines())
        self.assert_refused(rf"{re.escape(str(path))}: line {number}: .*default")

    def test_no_connection_at_all(self):
        path = self.lab.write_config()
        self.assert_refused(rf"(?=.*{re.escape(str(path))}).*connection NAME URI")

    def test_no_such_file(self):
        self.assert_refused("missing.conf.*No such file",
                            config=self.lab.folder / "missing.conf")

    def test_a_file_that_cannot_be_read(self):
        folder = self.lab.folder / "folder.conf"
        folder.mkdir()
        self.assert_refused("folder.conf", config=folder)

    def test_unknown_scheme(self):
        self.lab.write_config("first nosuch:thing")
        run = self.lab.run_agent("-f", "-Le", "-c", self.lab.config_path)
        self.assertEqual(run.returncode, STARTUP_ERROR)
        self.assertEqual(len(run.stderr.splitlines()), 1)
        # It names the module, those there are, and how to get it.
        self.assertRegex(run.stderr, "first.*nosuch.*sim.*hvagentx-nosuch")

    def test_a_module_that_is_none(self):
        modules = self.lab.folder / "modules"
        modules.mkdir()
        (modules / "sim.so").write_text("no shared object")
        self.lab.write_config(self.good, moduleDir=modules)
        run = self.lab.run_agent("-f", "-Le", "-c", self.lab.config_path)
        self.assertEqual(run.returncode, STARTUP_ERROR)
        self.assertEqual(len(run.stderr.splitlines()), 1)
        self.assertIn(str(modules / "sim.so"), run.stderr)

    def test_several_errors_are_all_told(self):
        path = self.lab.write_config(self.good, extra="maxAge x\nnonsense 1\n")
        run = self.lab.run_agent("--check-config", "-c", path)
        self.assertEqual(run.returncode, STARTUP_ERROR)
        output = run.stdout + run.stderr
        self.assertIn("maxAge", output)
        self.assertIn("nonsense", output)

    def test_a_good_configuration(self):
        self.lab.write_config(self.good, f"other sim:{self.node} context c default",
                              maxAge="1h", waitLimit="999ms", staleLimit="1d",
                              callTimeout="10m", indexGrace="0s")
        run = self.lab.run_agent("--check-config", "-c", self.lab.config_path)
        self.assertEqual(run.returncode, 0)
        self.assertIn("configuration is good", run.stdout + run.stderr)
        self.assertEqual(list((self.lab.folder / "state").iterdir()), [])

    def test_a_good_configuration_in_the_search_path(self):
        self.lab.write_config(self.good)
        self.lab.config_path.rename(self.lab.folder / "etc" / "hvagentx.conf")
        run = self.lab.run_agent("--check-config")
        self.assertEqual(run.returncode, 0, run)
        self.assertIn("configuration is good", run.stdout + run.stderr)


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
            subprocess.run([lab.AGENT, "-V"], check=True, user=NOBODY,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
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


class Reload(LabTest):
    contexts = ("first", "second", "moved")

    def setUp(self):
        super().setUp()
        self.first = "first sim:" + str(
            self.lab.write("first.xml", Node(SMALL).xml()))
        self.second = "second sim:" + str(
            self.lab.write("second.xml", Node([Domain("alone")]).xml()))

    def start(self, *connections, **directives):
        self.lab.write_config(*connections, **directives)
        self.lab.start_agent()
        self.lab.wait_state(UP)

    def reload(self, *connections, extra="", good=True, **directives):
        agent = self.lab.agent
        pattern = "reloaded " if good else "not reloaded: "
        count = agent.log().count(pattern)
        self.lab.write_config(*connections, extra=extra, **directives)
        agent.signal(signal.SIGHUP)
        agent.wait_log(pattern, count + 1)

    def connections(self):
        return [value.value.decode()
                for _, value in self.lab.walk(oid("hvxConnectionName"))]

    def test_a_connection_is_added_and_removed(self):
        second = Manager.community("second")
        self.start(self.first)
        self.reload(self.first, self.second)
        self.assertEqual(self.connections(), ["first", "second"])
        self.lab.wait_served(second)
        self.lab.wait_state(UP, 2)
        wait_for(lambda: self.lab.get(oid("vmNumber", 0), second) == integer(1),
                 "the domains of the new connection")
        self.assertEqual(self.lab.get(oid("vmNumber", 0)), integer(len(SMALL)))
        self.reload(self.second)
        self.assertEqual(self.connections(), ["second"])
        # Now it is the first one: the default.
        self.assertEqual(self.lab.get(oid("vmNumber", 0)), integer(1))
        self.lab.agent.wait_log("connection first: closed")

    def test_what_did_not_change_goes_on(self):
        self.start(self.first, maxAge="1h")
        self.lab.walk(oid("vmTable"))
        before = self.lab.get(oid("hvxConnectionCollections", 1))
        since = self.lab.get(oid("hvxConnectionSince", 1))
        self.reload(self.first, self.second, maxAge="1h")
        self.assertEqual(self.lab.get(oid("hvxConnectionCollections", 1)), before)
        self.assertEqual(self.lab.get(oid("hvxConnectionSince", 1)), since)

    def test_a_directive_takes_effect(self):
        self.start(self.first, maxAge="1h")
        self.lab.walk(oid("vmTable"))
        self.reload(self.first, maxAge="100ms")
        before = self.lab.get(oid("hvxConnectionCollections", 1)).value
        wait_for(lambda: self.lab.get(oid("vmNumber", 0)) and self.lab.get(
            oid("hvxConnectionCollections", 1)).value > before, "a collection")

    def test_another_uri_is_another_node(self):
        self.start(self.first)
        self.assertEqual(self.lab.get(oid("vmNumber", 0)), integer(len(SMALL)))
        self.reload(f"first sim:{self.lab.folder}/second.xml")
        wait_for(lambda: self.lab.get(oid("vmNumber", 0)) == integer(1), "the other node")
        self.assertEqual([value for _, value in self.lab.walk(oid("vmName"))],
                         [string("alone")])

    def test_another_context(self):
        self.start(self.first, self.second)
        self.reload(self.first, f"{self.second} context moved")
        moved = Manager.community("moved")
        self.lab.wait_served(moved)
        wait_for(lambda: self.lab.get(oid("vmNumber", 0), moved) == integer(1),
                 "the domains in the new context")
        self.assertEqual(self.lab.get(oid("hvxConnectionContext", 2)), string("moved"))
        # snmpd remembers that there was such a context, without objects.
        self.assertEqual(self.lab.get(oid("vmNumber", 0), Manager.community("second")),
                         NO_OBJECT)
        self.assertNotIn("failed", self.lab.agent.log())

    def test_the_default_moves(self):
        self.start(self.first, self.second)
        self.reload(self.first, f"{self.second} default")
        self.assertEqual(self.lab.get(oid("hvxConnectionDefault", 2)), integer(1))
        wait_for(lambda: self.lab.get(oid("vmNumber", 0)) == integer(1),
                 "the other connection's domains")

    def test_an_error_keeps_the_old_configuration_whole(self):
        self.start(self.first, maxAge="1h")
        self.lab.walk(oid("vmTable"))
        before = self.lab.get(oid("hvxConnectionCollections", 1))
        # Everything else in the new file is good, and must not be taken.
        for extra in ("nonsense 1\n", "waitLimit 1s\n", "connection third nocolon\n"):
            self.reload(self.second, extra=extra, maxAge="100ms", good=False,
                        agentXSocket=f"unix:{self.lab.folder}/elsewhere")
            self.assertRegex(self.lab.agent.log(), r"hvagentx\.conf: line \d+: ")
            self.assertEqual(self.connections(), ["first"])
            self.assertEqual(self.lab.get(oid("vmNumber", 0)), integer(len(SMALL)))
            self.assertEqual(self.lab.get(oid("hvxConnectionCollections", 1)), before)
        # It still knows its master.
        self.lab.master.stop()
        self.lab.start_master()
        self.lab.wait_served()

    def test_a_missing_module_keeps_the_old_configuration_whole(self):
        self.start(self.first)
        self.reload(self.second, "third nosuch:thing", good=False)
        self.assertEqual(self.connections(), ["first"])
        self.assertEqual(self.lab.get(oid("vmNumber", 0)), integer(len(SMALL)))

    def test_a_file_that_is_gone_keeps_the_old_configuration(self):
        self.start(self.first)
        self.lab.config_path.unlink()
        self.lab.agent.signal(signal.SIGHUP)
        self.lab.agent.wait_log("not reloaded: ")
        self.assertEqual(self.connections(), ["first"])

    def test_reloads_under_a_walk(self):
        self.start(self.first)
        for turn in range(6):
            self.reload(*([self.first, self.second] if turn % 2 == 0 else [self.first]))
            names = [name for name, _ in self.lab.bulk_walk(oid("vmTable"))]
            self.assertEqual(names, sorted(set(names)))
        self.assertEqual(self.connections(), ["first"])
        self.assertEqual(len(self.lab.walk(oid("vmName"))), len(SMALL))


class NodeFile(LabTest):
    """A node file that is wrong: the connection is down, the agent lives."""

    def start(self, text):
        self.path = self.lab.write("node.xml", text)
        self.lab.write_config(f"first sim:{self.path}", maxAge="100ms")
        self.lab.start_agent()

    def last_error(self):
        return self.lab.get(oid("hvxConnectionLastError", 1)).value.decode()

    def mend(self):
        self.lab.write("node.xml", Node(SMALL).xml())
        self.lab.wait_state(UP)
        wait_for(lambda: self.lab.get(oid("vmNumber", 0)) == integer(len(SMALL)),
                 "the domains")

    def test_it_says_where_and_is_noticed_when_mended(self):
        self.start("<node>\n<domain>\n<name>x</name>\n</node>\n")
        self.lab.wait_state(DOWN)
        self.assertRegex(self.last_error(), rf"{self.path}:4: ")
        self.assertRegex(self.lab.agent.log(),
                         rf"connection first: down: {self.path}:4: ")
        self.assertEqual(self.lab.get(oid("vmHvSoftware", 0)).type, "STRING")
        self.assertEqual(self.lab.get(oid("vmNumber", 0)).type, "noSuchInstance")
        self.mend()
        self.assertEqual(self.lab.get(oid("hvxConnectionReconnects", 1)).value, 0)

    def test_each_kind_of_fault_is_told_with_its_line(self):
        self.start(Node(SMALL).xml())
        self.lab.wait_state(UP)
        twice = Node([SMALL[0], SMALL[0]]).xml()
        faults = {
            "<node>\n\n<domain><name/></domain></node>": ":3: .*name",
            "<node>\n<domain><name>x</name><uuid>1</uuid></domain></node>": ":2: .*UUID",
            "<wrong/>": ":1: ",
            twice: r":\d+: .*web",
            Node(SMALL, faults=['\n<sim:fault kind="wrong"/>']).xml(): ":3: .*wrong",
        }
        for text, words in faults.items():
            with self.subTest(text=text[:60]):
                self.lab.write("node.xml", text)
                wait_for(lambda: self.lab.get(oid("vmNumber", 0)) and re.search(
                    re.escape(str(self.path)) + words, self.last_error()), words)

    def test_it_breaks_while_it_is_served(self):
        self.start(Node(SMALL).xml())
        self.lab.wait_state(UP)
        self.assertEqual(len(self.lab.walk(oid("vmName"))), len(SMALL))
        self.lab.write("node.xml", "<node>")
        wait_for(lambda: self.lab.get(oid("vmNumber", 0)) and self.lab.get(
            oid("hvxConnectionState", 1)) == integer(DOWN), "the connection to be down")
        # Rows and names stay; states read unknown, counters are absent.
        self.assertEqual(len(self.lab.walk(oid("vmName"))), len(SMALL))
        self.assertEqual({value for _, value in self.lab.walk(oid("vmOperState"))},
                         {integer(1)})
        self.assertEqual(self.lab.walk(oid("vmCpuTime")), [])
        self.mend()
        self.assertEqual(self.lab.get(oid("hvxConnectionReconnects", 1)).value, 1)

    def test_no_such_file(self):
        self.start("")
        self.path.unlink()
        self.lab.wait_state(DOWN)
        wait_for(lambda: "No such file" in self.last_error(), "the reason")
        self.mend()

    def test_a_hostile_file(self):
        self.start('<!DOCTYPE node [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n'
                   "<node><domain><name>&a;</name></domain></node>")
        self.lab.wait_state(DOWN)
        self.assertRegex(self.last_error(), rf"{self.path}:\d+: .*DOCTYPE")
        self.mend()


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
