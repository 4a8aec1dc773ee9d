#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Command line and configuration, and what is said when something is wrong."""
import re
import unittest

import lab
from lab import Lab, LabTest
from node import SMALL, Node
from snmp import oid

STARTUP_ERROR, USAGE_ERROR = 1, 2


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
        "stateInterval 999ms": "1s",
        "stateInterval 2h": "1h",
        "indexGrace 366d": "365d",
        "stateDir": "stateDir",
        "moduleDir relative/path": "absolute",
        "control": "control",
        "control first": "power, config, provision, destroy, debug",
        "control first powr": "powr",
        "control first power power": "twice",
        "control first power allow": "UUIDs or patterns",
        "control first power deny allow x": "UUIDs or patterns",
        "control first power deny 2b1e4c5d-0000-4000-8000-00000000001": "not quite a UUID",
        "control first context first power": "leave 'context first' out",
        "control other power": "connection other URI",
        "dumpDir dumps": "absolute",
        "dumpDir /dev/null": "Not a directory.*make that folder",
        "operationKeep 59s": "1m to 7d",
        "operationLimit 65": "1 to 64",
        "operationTimeout 0s": "1s to 7d",
        "repeatWindow 11m": "0s to 10m",
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

    CONTROL = """\
control first context tenant power allow web-* "my own" deny web-9
control first power config provision destroy debug
control other context lab power deny 2b1e4c5d-0000-4000-8000-000000000001
"""

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
                              callTimeout="10m", stateInterval="1h", indexGrace="0s",
                              operationKeep="1m", operationLimit=64,
                              operationTimeout="7d", repeatWindow="0s",
                              dumpDir=self.lab.folder, extra=self.CONTROL)
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


class Options(LabTest):

    def setUp(self):
        super().setUp()
        self.node = self.lab.write("node.xml", Node(SMALL).xml())

    def assert_served(self):
        self.assertEqual(len(self.lab.walk(oid("vmName"))), len(SMALL))

    def test_the_socket_of_the_command_line_is_taken(self):
        self.lab.write_config(f"first sim:{self.node}",
                              agentXSocket=f"unix:{self.lab.folder}/elsewhere")
        for option in ("-x", "--agentx-socket"):
            agent = self.lab.start_agent(option, f"unix:{self.lab.agentx_socket}")
            self.assert_served()
            self.assertIn(f"connected to the AgentX master at "
                          f"unix:{self.lab.agentx_socket}", agent.log())
            agent.stop()

    def test_the_configuration_is_found_in_the_search_path(self):
        self.lab.write_config(f"first sim:{self.node}")
        self.lab.config_path.rename(self.lab.folder / "etc" / "hvagentx.conf")
        self.lab.agent = self.lab.start("hvagentx", [lab.AGENT, "-f", "-Le"])
        self.lab.wait_served()
        self.assert_served()

    def test_where_it_logs(self):
        self.lab.write_config(f"first sim:{self.node}")
        for number, options in enumerate([["-L", "f", "{}"], ["-Lf", "{}"],
                                          ["--log", "f {}"], ["--log=f {}"]]):
            path = self.lab.folder / f"agent{number}.log"
            agent = self.lab.start("hvagentx", [
                lab.AGENT, "--foreground", "--config", self.lab.config_path,
                *(option.format(path) for option in options)])
            self.lab.agent = agent
            self.lab.wait_served()
            agent.stop()
            self.assertRegex(path.read_text(), r"(?m)^hvagentx \d+\.\d+\S* started$")
            self.assertEqual(agent.log(), "")


if __name__ == "__main__":
    lab.main()
