#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""hvagentx --diagnose finds what is wrong, says what to do, and disturbs nobody."""
import contextlib
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import lab
from agentx import Type
from fakemaster import Master
from lab import Lab, wait_for
from node import SMALL, Node, fault
from snmp import oid

NOBODY = "nobody"

# How long the master is waited for, and some more.
SILENCE_S = 7
SLACK_S = 8 * lab.PATIENCE

VM_ROOT = ".1.3.6.1.2.1.236"
HVX_ROOT = ".1.3.6.1.4.1.8072.9999.9999.7666"

# AgentX, res.error.
OPEN_FAILED = 256


class Finding(NamedTuple):
    verdict: str
    area: str
    text: str
    mend: str


class Diagnosis:
    """The findings of one run."""

    def __init__(self, run):
        self.returncode = run.returncode
        self.output = run.stdout
        self.stderr = run.stderr
        *lines, self.verdict = run.stdout.splitlines()
        self.findings = []
        for line in lines:
            if line.startswith("      mend: "):
                last = self.findings[-1]
                if last.verdict not in ("warn", "FAIL") or last.mend:
                    raise AssertionError(f"nothing to mend there:\n{run.stdout}")
                self.findings[-1] = last._replace(mend=line.partition(": ")[2])
                continue
            match = re.fullmatch(r"(ok|note|warn|FAIL) +(?<=^.{6})([^:]+): (.+)", line)
            if match is None:
                raise AssertionError(f"no finding: {line}")
            self.findings.append(Finding(*match.groups(), ""))

    def to_mend(self):
        return [f for f in self.findings if f.verdict in ("warn", "FAIL")]

    def find(self, verdict, area, pattern=""):
        """The findings of a kind whose text matches."""
        return [f for f in self.findings if (f.verdict, f.area) == (verdict, area)
                and re.search(pattern, f.text)]


class DiagnoseTest(unittest.TestCase):

    contexts = ()

    def setUp(self):
        self.lab = self.enterContext(Lab(self.contexts))
        self.node = self.lab.write("node.xml", Node(SMALL).xml())
        self.lab.write_config(f"first sim:{self.node}")
        self.snmpd_conf = self.lab.folder / "etc" / "snmpd.conf"

    def start_master(self, extra=""):
        """snmpd, with its configuration where it is looked for."""
        self.lab.start_master(extra=extra)
        self.snmpd_conf.symlink_to(self.lab.folder / "snmpd.conf")

    def write_snmpd_conf(self, *lines):
        self.snmpd_conf.write_text("".join(f"{line}\n" for line in lines))

    def diagnose(self, *arguments, user=None):
        diagnosis = Diagnosis(self.lab.run_agent("-c", self.lab.config_path,
                                                 "--diagnose", *arguments, user=user))
        self.assertEqual(diagnosis.stderr, "")
        bad = diagnosis.to_mend()
        self.assertTrue(all(finding.mend for finding in bad), diagnosis.output)
        self.assertEqual(diagnosis.returncode, 1 if bad else 0, diagnosis.output)
        self.assertEqual(diagnosis.verdict == "nothing to mend", not bad)
        return diagnosis

    def find_one(self, diagnosis, verdict, area, pattern=""):
        found = diagnosis.find(verdict, area, pattern)
        self.assertEqual(len(found), 1, diagnosis.output)
        return found[0]

    def find_only(self, diagnosis, verdict, area, pattern=""):
        """The one thing to mend."""
        self.assertEqual(len(diagnosis.to_mend()), 1, diagnosis.output)
        return self.find_one(diagnosis, verdict, area, pattern)


class Good(DiagnoseTest):

    contexts = ("second",)

    def setUp(self):
        super().setUp()
        self.lab.write_config(f"first sim:{self.node}", f"second sim:{self.node}")
        self.start_master()

    def test_nothing_to_mend(self):
        diagnosis = self.diagnose()
        self.assertEqual(diagnosis.to_mend(), [])
        self.find_one(diagnosis, "ok", "configuration", str(self.lab.config_path))
        self.find_one(diagnosis, "ok", "state folder", "is writable")
        self.find_one(diagnosis, "note", "state folder", "no hvagentx runs")
        self.find_one(diagnosis, "ok", "AgentX socket", str(self.lab.agentx_socket))
        self.find_one(diagnosis, "ok", "AgentX session", "answers")
        for name in ("first", "second"):
            self.find_one(diagnosis, "ok", f"hypervisor of {name}",
                          f"answers: {len(SMALL)} domains")
        self.find_one(diagnosis, "ok", "module of first", "sim.so")
        for context in ("", "second"):
            for root in (VM_ROOT, HVX_ROOT):
                self.find_one(diagnosis, "ok", "snmpd access",
                              f'context "{context}" includes {re.escape(root)} ')

    def test_the_command_to_try_is_one_that_works(self):
        self.lab.start_agent()
        commands = self.diagnose().find("note", "snmpd access", "snmpget")
        self.assertEqual(len(commands), 2)
        self.assertIn(" -n second ", commands[1].text)
        names = commands[0].text.split()[-2:]
        self.assertEqual(len(names), 2)
        for name in names:
            self.assertEqual(self.lab.get(name).type, "STRING")

    def test_it_writes_nothing_and_leaves_the_session(self):
        before = sorted(self.lab.folder.rglob("*"))
        self.diagnose()
        self.assertEqual(sorted(self.lab.folder.rglob("*")), before)
        self.assertEqual(list((self.lab.folder / "state").iterdir()), [])

    @contextlib.contextmanager
    def stopped(self, process):
        """Nothing of the process runs meanwhile."""
        tasks = Path(f"/proc/{process.pid}/task")

        def all_stopped():
            return all((task / "stat").read_text().rpartition(")")[2].split()[0] == "T"
                       for task in tasks.iterdir())

        process.signal(signal.SIGSTOP)
        try:
            wait_for(all_stopped, "all threads to stop")
            yield
        finally:
            process.signal(signal.SIGCONT)

    def test_a_running_agent_is_not_disturbed(self):
        agent = self.lab.start_agent()
        self.lab.walk(oid("vmName"))
        state = self.lab.folder / "state"

        def files():
            return {path: (path.stat().st_mtime_ns, path.read_bytes())
                    for path in state.iterdir()}

        # What it does itself it does before and after.
        with self.stopped(agent):
            before = files()
            for _ in range(5):
                diagnosis = self.diagnose()
                self.assertEqual(diagnosis.to_mend(), [])
                self.find_one(diagnosis, "ok", "state folder",
                              rf"is running \(process {agent.pid}\)")
            self.assertEqual(files(), before)
        self.assertEqual(len(self.lab.walk(oid("vmName"))), len(SMALL))
        self.assertNotIn("lost", agent.log())

    def test_a_second_one_can_start_meanwhile(self):
        done = threading.Event()

        def go_on():
            while not done.is_set():
                self.diagnose()

        with ThreadPoolExecutor(1) as pool:
            diagnosing = pool.submit(go_on)
            try:
                for _ in range(5):
                    self.assertEqual(self.lab.start_agent().stop(), 0)
            finally:
                done.set()
            diagnosing.result()


class Configuration(DiagnoseTest):

    def setUp(self):
        super().setUp()
        self.start_master()

    def test_errors(self):
        self.lab.write_config(f"first sim:{self.node}", extra="nonsense 1\nmaxAge 0s\n")
        diagnosis = self.diagnose("-x", f"unix:{self.lab.agentx_socket}")
        self.find_one(diagnosis, "FAIL", "configuration", "line 6: .*nonsense")
        self.find_one(diagnosis, "FAIL", "configuration", "line 7: .*maxAge")
        # What does not depend on it is looked at.
        self.find_one(diagnosis, "ok", "AgentX session")

    def test_a_file_that_is_not_there(self):
        self.lab.config_path.unlink()
        self.find_one(self.diagnose(), "FAIL", "configuration",
                      f"{self.lab.config_path}.*No such file")

    def test_the_search_path(self):
        path = self.lab.folder / "etc" / "hvagentx.conf"
        self.lab.config_path.rename(path)
        run = Diagnosis(self.lab.run_agent("--diagnose"))
        self.assertEqual(run.returncode, 0, run.output)
        self.find_one(run, "ok", "configuration", str(path))

    def test_secrets_that_everybody_can_read(self):
        self.lab.write_config(f"first sim:{self.node}",
                              hostAgent="-v 2c -c swordfish localhost:9")
        self.lab.config_path.chmod(0o644)
        diagnosis = self.diagnose()
        finding = self.find_only(diagnosis, "warn", "configuration", "secrets")
        self.assertIn(f"chmod 640 {self.lab.config_path}", finding.mend)
        self.assertNotIn("swordfish", diagnosis.output)
        self.lab.config_path.chmod(0o640)
        self.assertEqual(self.diagnose().to_mend(), [])

    def test_a_file_that_everybody_can_change(self):
        self.lab.config_path.chmod(0o646)
        self.find_only(self.diagnose(), "warn", "configuration", "changed by everybody")

    def test_agentx_timeout_below_wait_limit(self):
        self.lab.write_config(f"first sim:{self.node}", agentXTimeout=0)
        self.find_only(self.diagnose(), "warn", "AgentX session", "waitLimit")


class StateFolder(DiagnoseTest):

    def setUp(self):
        super().setUp()
        self.start_master()

    def test_one_that_will_be_made(self):
        folder = self.lab.folder / "fresh"
        self.lab.write_config(f"first sim:{self.node}", stateDir=folder)
        diagnosis = self.diagnose()
        self.assertEqual(diagnosis.to_mend(), [])
        self.find_one(diagnosis, "ok", "state folder", "makes it")
        self.assertFalse(folder.exists())

    def test_one_that_cannot_be_made(self):
        folder = self.lab.folder / "missing" / "state"
        self.lab.write_config(f"first sim:{self.node}", stateDir=folder)
        finding = self.find_only(self.diagnose(), "FAIL", "state folder", str(folder))
        self.assertIn("stateDir", finding.mend)

    def test_one_that_is_no_folder(self):
        self.lab.write_config(f"first sim:{self.node}", stateDir=self.node)
        self.node.chmod(0o755)
        self.find_only(self.diagnose(), "FAIL", "state folder", "Not a directory")

    def test_the_lock_of_an_agent_that_is_gone(self):
        agent = self.lab.start_agent()
        agent.kill()
        diagnosis = self.diagnose()
        self.find_one(diagnosis, "note", "state folder", "no hvagentx runs")


class NoMaster(DiagnoseTest):

    def test_no_snmpd(self):
        finding = self.find_only(self.diagnose(), "FAIL", "AgentX socket",
                                 f"{self.lab.agentx_socket}: No such file")
        self.assertIn("master agentx", finding.mend)

    def test_a_socket_that_nobody_listens_at(self):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.lab.agentx_socket))
        self.find_only(self.diagnose(), "FAIL", "AgentX session", "refused")

    def test_a_file_that_is_no_socket(self):
        self.lab.agentx_socket.write_text("")
        self.find_only(self.diagnose(), "FAIL", "AgentX socket", "no socket")

    def test_nobody_at_a_tcp_port(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            address = f"tcp:127.0.0.1:{taken.getsockname()[1]}"
            self.find_only(self.diagnose("-x", address), "FAIL", "AgentX session",
                           address)

    def test_snmpd_without_master_agentx(self):
        self.write_snmpd_conf(f"agentAddress {self.lab.address}",
                              f"agentXSocket {self.lab.agentx_socket}", "rouser u")
        self.lab.start_master(["-C", "-c", self.snmpd_conf])
        diagnosis = self.diagnose()
        self.find_one(diagnosis, "FAIL", "AgentX socket")
        finding = self.find_one(diagnosis, "FAIL", "snmpd.conf", "no 'master agentx'")
        self.assertIn("'master agentx'", finding.mend)
        self.assertEqual(len(diagnosis.to_mend()), 2, diagnosis.output)

    def test_another_socket(self):
        self.write_snmpd_conf(f"agentAddress {self.lab.address}", "master agentx",
                              f"agentXSocket {self.lab.folder}/other", "rouser u")
        self.lab.start_master(["-C", "-c", self.snmpd_conf])
        finding = self.find_one(self.diagnose(), "FAIL", "snmpd.conf",
                                f"agentXSocket is {self.lab.folder}/other")
        # What it says mends it.
        address = re.search("'agentXSocket (.*)'", finding.mend)[1]
        self.assertEqual(self.diagnose("-x", address).to_mend(), [])


class StrangeMaster(DiagnoseTest):

    @contextlib.contextmanager
    def listening(self, backlog=5):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.lab.agentx_socket))
            listener.listen(backlog)
            yield listener

    def assert_silent(self, pattern):
        begin = time.monotonic()
        finding = self.find_only(self.diagnose(), "FAIL", "AgentX session", pattern)
        self.assertLess(time.monotonic() - begin, SILENCE_S + SLACK_S)
        return finding

    def test_it_accepts_and_never_answers(self):
        with self.listening():
            finding = self.assert_silent(f"no answer .* within {SILENCE_S} s")
            self.assertIn("snmpd", finding.mend)

    def test_it_takes_no_connection(self):
        with self.listening(0), contextlib.ExitStack() as stack:
            with contextlib.suppress(BlockingIOError):
                for _ in range(10):
                    client = stack.enter_context(socket.socket(socket.AF_UNIX))
                    client.setblocking(False)
                    client.connect(str(self.lab.agentx_socket))
            self.assert_silent("it does not answer")

    def test_it_sends_half_an_answer(self):
        self.assert_answer(b"\1\22\20\0" + bytes(12) + b"\0\0\0\10" + bytes(4),
                           f"within {SILENCE_S} s")

    def assert_answer(self, octets, pattern):
        with self.listening() as listener:
            done = threading.Event()

            def answer():
                connection, _ = listener.accept()
                with connection:
                    connection.recv(1000)
                    connection.sendall(octets)
                    done.wait()

            thread = threading.Thread(target=answer)
            thread.start()
            try:
                self.assert_silent(pattern)
            finally:
                done.set()
                thread.join()

    def test_it_does_not_speak_agentx(self):
        self.assert_answer(b"HTTP/1.1 400 Bad Request\r\n\r\n", "not speak AgentX")

    def test_it_answers_too_much(self):
        self.assert_answer(b"\1\22\20\0" + bytes(12) + b"\xff" * 4 + bytes(9000),
                           "not speak AgentX")

    def test_it_closes_the_connection(self):
        with self.listening() as listener:
            def hang_up():
                listener.accept()[0].close()

            thread = threading.Thread(target=hang_up)
            thread.start()
            self.find_only(self.diagnose(), "FAIL", "AgentX session", "no session")
            thread.join()

    def test_it_refuses_the_session(self):
        with contextlib.closing(Master(self.lab.agentx_socket)) as master:
            master.refused[Type.OPEN] = OPEN_FAILED
            thread = threading.Thread(target=self.accept, args=(master,))
            thread.start()
            self.find_only(self.diagnose(), "FAIL", "AgentX session",
                           f"AgentX error {OPEN_FAILED}")
            master.listener.close()
            thread.join()

    @staticmethod
    def accept(master):
        with contextlib.suppress(OSError):
            master.accept()

    def test_the_session_is_opened_and_closed_in_both_byte_orders(self):
        for order in "<>":
            with contextlib.closing(Master(self.lab.agentx_socket, order)) as master:
                sessions = []
                thread = threading.Thread(
                    target=lambda m=master: sessions.append(m.accept()))
                thread.start()
                self.find_one(self.diagnose(), "ok", "AgentX session")
                thread.join()
                sessions[0].wait_closed()
                self.assertEqual([pdu.type for pdu in sessions[0].received],
                                 [Type.OPEN, Type.CLOSE])


class Unprivileged(DiagnoseTest):

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("only root can become another user")
        super().setUp()
        os.chmod(self.lab.folder, 0o755)
        self.state = self.lab.folder / "own"
        self.state.mkdir()
        os.chown(self.state, pwd.getpwnam(NOBODY).pw_uid, -1)
        self.closed = self.lab.folder / "closed"
        self.closed.mkdir(0o755)
        self.lab.agentx_socket = self.closed / "agentx"
        self.lab.write_config(f"first sim:{self.node}", stateDir=self.state)
        try:
            subprocess.run([lab.AGENT, "-V"], check=True, user=NOBODY, cwd="/",
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            subprocess.run(["test", "-r", f"{lab.MODULES}/sim.so"], check=True,
                           user=NOBODY, cwd="/")
        except (OSError, subprocess.CalledProcessError):
            self.skipTest(f"{NOBODY} cannot reach {lab.AGENT} and its modules")
        self.start_master()
        os.chmod(self.lab.agentx_socket, 0o660)

    def test_good(self):
        os.chmod(self.lab.agentx_socket, 0o666)
        diagnosis = self.diagnose(user=NOBODY)
        self.assertEqual(diagnosis.to_mend(), [])
        self.find_one(diagnosis, "ok", "user", NOBODY)
        # This is of use to know: any user may publish any object.
        self.find_one(diagnosis, "note", "AgentX socket", "every user")

    def test_no_permission_on_the_socket(self):
        finding = self.find_only(self.diagnose(user=NOBODY), "FAIL", "AgentX socket",
                                 f"{self.lab.agentx_socket} .group root")
        self.assertIn("agentXPerms", finding.mend)

    def test_no_permission_on_the_folder(self):
        os.chmod(self.lab.agentx_socket, 0o666)
        self.closed.chmod(0o700)
        finding = self.find_only(self.diagnose(user=NOBODY), "FAIL", "AgentX socket",
                                 rf"folder {self.closed} \(mode 0700, root:root\)")
        self.assertIn(f"chmod 755 {self.closed}", finding.mend)
        self.closed.chmod(0o755)
        self.assertEqual(self.diagnose(user=NOBODY).to_mend(), [])

    def test_a_state_folder_of_another_user(self):
        os.chmod(self.lab.agentx_socket, 0o666)
        left = self.state / "connections.index"
        left.write_text("")
        left.chmod(0o600)
        self.find_only(self.diagnose(user=NOBODY), "FAIL", "state folder",
                       f"{left}: Permission denied")
        left.unlink()
        os.chown(self.state, 0, 0)
        self.find_only(self.diagnose(user=NOBODY), "FAIL", "state folder",
                       f"{self.state}: Permission denied")

    def test_snmpd_conf_cannot_be_read(self):
        os.chmod(self.lab.agentx_socket, 0o666)
        (self.lab.folder / "snmpd.conf").chmod(0o600)
        diagnosis = self.diagnose(user=NOBODY)
        self.assertEqual(diagnosis.to_mend(), [])
        self.find_one(diagnosis, "note", "snmpd.conf", "Permission denied")
        self.find_one(diagnosis, "note", "snmpd access", "snmpget")

    def test_beside_an_agent_of_the_same_user(self):
        os.chmod(self.lab.agentx_socket, 0o666)
        agent = self.lab.start_agent(user=NOBODY)
        self.find_one(self.diagnose(user=NOBODY), "ok", "state folder",
                      rf"is running \(process {agent.pid}\)")


class Access(DiagnoseTest):
    """What snmpd.conf lets managers read, with an snmpd that took the file."""

    def start(self, *lines):
        self.write_snmpd_conf(f"agentAddress {self.lab.address}", "master agentx",
                              f"agentXSocket {self.lab.agentx_socket}", *lines)
        self.lab.start_master(["-C", "-c", self.snmpd_conf])

    def test_debians_view(self):
        self.start("view   systemonly  included   .1.3.6.1.2.1.1",
                   "view   systemonly  included   .1.3.6.1.2.1.25.1",
                   "rocommunity  swordfish default -V systemonly",
                   "rouser authPrivUser authpriv -V systemonly")
        diagnosis = self.diagnose()
        self.assertEqual(len(diagnosis.to_mend()), 2, diagnosis.output)
        self.assertNotIn("swordfish", diagnosis.output)
        # What it says mends it.
        lines = []
        for root in (VM_ROOT, HVX_ROOT):
            finding = self.find_one(diagnosis, "FAIL", "snmpd access",
                                    f'context "" includes {re.escape(root)} ')
            lines.append(re.match("'(.*?)'", finding.mend)[1])
        self.assertEqual(lines[0], f"view systemonly included {VM_ROOT}")
        with self.snmpd_conf.open("a") as file:
            file.write("\n".join(lines) + "\n")
        self.assertEqual(self.diagnose().to_mend(), [])

    def test_nobody_may_read_anything(self):
        self.start("view all included .1")
        finding = self.find_only(self.diagnose(), "FAIL", "snmpd access",
                                 'nobody may read context ""')
        self.assertIn("rouser", finding.mend)

    def test_contexts_that_nobody_reads(self):
        self.lab.write_config(f"first sim:{self.node}",
                              f"second sim:{self.node} context lab",
                              f"third sim:{self.node}")
        self.start('rouser u priv -V all ""', "rouser v priv -V all third",
                   "view all included .1")
        # The first one is read in the default context.
        finding = self.find_only(self.diagnose(), "warn", "snmpd access",
                                 'nobody may read context "lab"')
        self.assertIn("access GROUP lab ", finding.mend)
        self.assertIn("com2sec -Cn lab ", finding.mend)

    def test_contexts_of_roles_that_nobody_reads(self):
        self.lab.write_config(f"first sim:{self.node}",
                              extra="control first power\n"
                                    "control first context tenant-a power\n"
                                    "control first context tenant-b power\n")
        self.start('rouser u priv -V all ""', "rouser v priv -V all tenant-b",
                   "view all included .1")
        # The default connection's own context is not needed, a role's is.
        finding = self.find_only(self.diagnose(), "warn", "snmpd access",
                                 'nobody may read context "tenant-a"')
        self.assertIn("access GROUP tenant-a ", finding.mend)

    def test_a_user_of_all_contexts(self):
        self.lab.write_config(f"first sim:{self.node}", f"second sim:{self.node}")
        self.start("rouser u")
        diagnosis = self.diagnose()
        self.assertEqual(diagnosis.to_mend(), [])
        self.find_one(diagnosis, "note", "snmpd access", "all contexts")

    def test_the_timeout_of_snmpd(self):
        self.start("rouser u", "agentXTimeout 0")
        self.find_only(self.diagnose(), "FAIL", "snmpd.conf", "agentXTimeout 0 s")

    def test_a_file_that_snmpd_did_not_read(self):
        self.lab.start_master()
        self.write_snmpd_conf("rouser u")
        diagnosis = self.diagnose()
        self.assertEqual(diagnosis.to_mend(), [])
        self.find_one(diagnosis, "note", "snmpd.conf", "set up elsewhere")

    def test_no_file_at_all(self):
        self.lab.start_master()
        diagnosis = self.diagnose()
        self.assertEqual(diagnosis.to_mend(), [])
        self.find_one(diagnosis, "note", "snmpd.conf", "none was read")
        self.find_one(diagnosis, "note", "snmpd access", "snmpget")

    def test_the_example_has_nothing_to_mend(self):
        example = Path(os.environ["HVX_SOURCE"]) / "snmpd.conf.example"
        self.lab.start_master()
        shutil.copy(example, self.snmpd_conf)
        diagnosis = self.diagnose()
        self.assertEqual(diagnosis.to_mend(), [])
        for root in (VM_ROOT, HVX_ROOT):
            self.find_one(diagnosis, "ok", "snmpd access",
                          f'context "" includes {re.escape(root)} ')


class Hypervisors(DiagnoseTest):

    def setUp(self):
        super().setUp()
        self.start_master()

    def test_no_such_backend(self):
        self.lab.write_config("first nosuch:thing", f"second sim:{self.node}")
        diagnosis = self.diagnose()
        finding = self.find_only(diagnosis, "FAIL", "module of first", "nosuch.so")
        self.assertIn("moduleDir", finding.mend)
        # The other one is asked.
        self.find_one(diagnosis, "ok", "hypervisor of second", "domains")

    def test_a_module_of_another_version(self):
        built = Path(os.environ.get("HVX_BUILD", "")) / "tests/unit/.libs/fakeabi.so"
        if not built.exists():
            self.skipTest("the module of another version is not built")
        folder = self.lab.folder / "modules"
        folder.mkdir()
        shutil.copy(built, folder / "sim.so")
        self.lab.write_config(f"first sim:{self.node}", moduleDir=folder)
        finding = self.find_only(self.diagnose(), "FAIL", "module of first", "ABI")
        self.assertIn("same version", finding.mend)

    def test_a_wrong_path(self):
        missing = self.lab.folder / "missing.xml"
        self.lab.write_config(f"first sim:{missing}")
        finding = self.find_only(self.diagnose(), "FAIL", "hypervisor of first",
                                 f"{missing}.*No such file")
        self.assertIn(str(missing), finding.mend)

    def assert_faulty(self, pattern, *faults, limit_s=SLACK_S):
        faulty = self.lab.write("faulty.xml", Node(SMALL, faults=list(faults)).xml())
        self.lab.write_config(f"first sim:{faulty}", f"second sim:{self.node}",
                              callTimeout="1s")
        begin = time.monotonic()
        diagnosis = self.diagnose()
        self.assertLess(time.monotonic() - begin, limit_s)
        self.find_only(diagnosis, "FAIL", "hypervisor of first", pattern)
        self.find_one(diagnosis, "ok", "hypervisor of second",
                      f"answers: {len(SMALL)} domains")

    def test_down(self):
        self.assert_faulty("faulty.xml", fault("down"))

    def test_opening_hangs(self):
        self.assert_faulty("no answer within 1000 ms", fault("hang"))

    def test_collecting_hangs(self):
        self.assert_faulty("no answer within 1000 ms", fault("hang", on="domains"))

    def test_collecting_fails(self):
        self.assert_faulty("faulty.xml", fault("fail", on="domains"))

    def test_many_that_hang(self):
        faulty = self.lab.write("faulty.xml", Node(SMALL, faults=[fault("hang")]).xml())
        self.lab.write_config(*(f"c{i} sim:{faulty}" for i in range(20)),
                              callTimeout="1s")
        begin = time.monotonic()
        diagnosis = self.diagnose()
        self.assertLess(time.monotonic() - begin, SLACK_S)
        self.assertEqual(sum(finding.area.startswith("hypervisor of c")
                             for finding in diagnosis.to_mend()), 20)


if __name__ == "__main__":
    lab.main()
