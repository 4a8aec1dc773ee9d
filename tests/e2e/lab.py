# SPDX-License-Identifier: BSD-2-Clause
"""A laboratory: a folder, a private snmpd, hvagentx, and managers that ask.

All sockets are Unix sockets in the lab's folder, so labs run beside each
other.  Nothing waits by sleeping: wait_for() polls until a deadline.  At the
end a lab ends its processes, makes sure that none is left, that agents ended
well and that no sanitizer reported anything, and removes its folder.

The environment tells what is tested:
  HVX_AGENT     the hvagentx binary
  HVX_MODULES   the folder of its backend modules
  HVX_MIBS      folders of MIB modules, separated by colons; if not set, those
                of the source tree and of the build tree HVX_BUILD
  HVX_PATIENCE  factor for all deadlines, for slow machines (default 1)
  HVX_LONG      if it is set, tests that watch something for a while do so for
                minutes, not seconds
"""
import contextlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import snmp
import tap
from client import Client

AGENT = os.environ.get("HVX_AGENT")
MODULES = os.environ.get("HVX_MODULES")
PATIENCE = float(os.environ.get("HVX_PATIENCE", "1"))
LONG = bool(os.environ.get("HVX_LONG"))

# Long enough for anything that happens at all on a loaded machine.
DEADLINE_S = 30 * PATIENCE

# A Unix socket's path has at most 107 octets.
_LONGEST_FOLDER = 60

_LOG_TAIL = 40

_SANITIZER_REPORTS = re.compile(
    r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:")

# Leaks of libnetsnmp 5.9: an address, when a connection ends with an error.
_KNOWN_LEAKS = "leak:netsnmp_transport_recv\n"

# Marks each process of a lab, so that none is overlooked at the end.
_MARK = "HVX_LAB"

_open_labs = []


def _diagnose():
    lines = []
    for lab in _open_labs:
        for process in lab.processes:
            lines.append(f"{process.name} (pid {process.pid}, {process.state()}), "
                         f"end of {process.log_path.name}:")
            log = [line for line in process.log().splitlines()
                   if not line.startswith("Connection from ")]
            lines.extend(f"    {line}" for line in log[-_LOG_TAIL:])
    return lines


tap.diagnoses.append(_diagnose)


def wait_for(condition, what, deadline_s=DEADLINE_S):
    """Waits until condition() is true and returns what it returned."""
    end = time.monotonic() + deadline_s
    pause = 0.005
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() >= end:
            raise AssertionError(f"waited {deadline_s:.0f} s for {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


class Starvation:
    """How long the threads of some processes wait for a CPU from now on.

    So much less would their answers take on an idle machine.
    """

    def __init__(self, pids):
        self._pids = pids
        self._before = self._read()

    def _read(self):
        waited_ns = {}
        for pid in self._pids:
            for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
                with contextlib.suppress(OSError):
                    waited_ns[path] = int(path.read_text().split()[1])
        return waited_ns

    def seconds(self):
        """Of all threads, one after another; without those that have ended."""
        return sum(waited_ns - self._before.get(path, 0)
                   for path, waited_ns in self._read().items()) / 1e9


def at_once(functions):
    """Runs functions at the same time; their results in order."""
    with ThreadPoolExecutor(len(functions)) as pool:
        return [future.result() for future in [pool.submit(f) for f in functions]]


class Process:
    """A program of a lab, in a process group of its own, with a log file."""

    def __init__(self, name, command, log_path, environment, user=None):
        self.name = name
        self.log_path = log_path
        self.end_wanted = False
        with open(log_path, "ab") as log:
            self.popen = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=environment, start_new_session=True, cwd="/",
                user=user, group=user and pwd.getpwnam(user).pw_gid,
                extra_groups=[] if user else None)

    @property
    def pid(self):
        return self.popen.pid

    def is_running(self):
        return self.popen.poll() is None

    def state(self):
        status = self.popen.poll()
        return "running" if status is None else f"ended with {status}"

    def log(self):
        return self.log_path.read_text(errors="replace")

    def wait_log(self, pattern, count=1, deadline_s=DEADLINE_S):
        """Waits until the log has `count` matches; returns the last of these."""
        def search():
            matches = list(re.finditer(pattern, self.log(), re.MULTILINE))
            if len(matches) < count and not self.is_running():
                raise AssertionError(f"{self.name} {self.state()} without "
                                     f"/{pattern}/ in its log:\n{self.log()}")
            return matches[count - 1:count]
        return wait_for(search, f"/{pattern}/ in the log of {self.name}", deadline_s)[0]

    def signal(self, number):
        self.popen.send_signal(number)

    def wait(self, deadline_s=DEADLINE_S):
        """Waits until it ends by itself; its exit status."""
        self.end_wanted = True
        return self.popen.wait(deadline_s)

    def stop(self, deadline_s=DEADLINE_S):
        """Asks it to end; its exit status."""
        self.signal(signal.SIGTERM)
        return self.wait(deadline_s)

    def kill(self):
        """Kills it and what it started."""
        self.end_wanted = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.popen.wait()

    def descriptors(self):
        """How many files and sockets it has open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def threads(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))


class Lab:
    """The folder, the processes in it, and a manager's view of them."""

    def __init__(self, contexts=()):
        """contexts: SNMP contexts that a community of the same name reads."""
        self.contexts = contexts
        self.folder = self._make_folder()
        self.processes = []
        self.master = None
        self.agent = None
        self.address = f"unix:{self.folder}/snmp.sock"
        # One try, longer than snmpd's patience with a subagent (6 s).
        self.timeout_s = str(10 * PATIENCE)
        self.agentx_socket = self.folder / "agentx"
        self.config_path = self.folder / "hvagentx.conf"
        self.environment = dict(
            os.environ, MIBS="", SNMPCONFPATH=str(self.folder / "etc"), LC_ALL="C",
            PATH=os.environ["PATH"] + ":/usr/sbin:/sbin",
            SNMP_PERSISTENT_DIR=str(self.folder / "persist"),
            **{_MARK: str(self.folder)})
        for name in ("etc", "state", "persist"):
            (self.folder / name).mkdir()
        self._set_sanitizers()
        _open_labs.append(self)

    @staticmethod
    def _make_folder():
        parent = tempfile.gettempdir()
        if len(parent) + len("/hvx-12345678") > _LONGEST_FOLDER:
            parent = "/tmp"
        return Path(tempfile.mkdtemp(prefix="hvx-", dir=parent))

    def _set_sanitizers(self):
        """Lets LeakSanitizer, if there is one, pass over what is not ours."""
        leaks = self.write("leaks", _KNOWN_LEAKS)
        for name, options in (
                ("ASAN_OPTIONS", "fast_unwind_on_malloc=0"),
                ("LSAN_OPTIONS", f"suppressions={leaks}:print_suppressions=0")):
            given = self.environment.get(name)
            self.environment[name] = f"{given}:{options}" if given else options

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()

    # ---- files

    def write(self, name, text):
        """Puts a file into the folder, the whole of it at once; its path."""
        path = self.folder / name
        new = path.with_name(path.name + ".new")
        new.write_text(text)
        new.rename(path)
        return path

    def write_config(self, *connections, extra="", **directives):
        """Writes hvagentx.conf.  connections: what follows the word."""
        values = {
            "agentXSocket": f"unix:{self.agentx_socket}",
            "agentXPingInterval": 1,
            "moduleDir": MODULES,
            "stateDir": self.folder / "state",
        } | directives
        lines = [f"{word} {value}" for word, value in values.items()]
        lines += [f"connection {connection}" for connection in connections]
        return self.write(self.config_path.name, "\n".join(lines) + "\n" + extra)

    def _master_config(self):
        lines = [
            "agentAddress " + self.address,
            "master agentx",
            f"agentXSocket unix:{self.agentx_socket}",
            "dontLogTCPWrappersConnects yes",
            "view all included .1",
            'access managers "" any noauth prefix all all none',
            "createUser operator SHA-256 authpassword AES privpassword",
            "group managers usm operator",
            # The default comes last: snmpd takes the first line that fits.
            *(f"com2secunix -Cn {context} of-{context} default {context}"
              for context in self.contexts),
            "com2secunix of-default default public",
        ]
        lines += [f"group managers {model} of-{context}" for model in ("v1", "v2c")
                  for context in (*self.contexts, "default")]
        return "\n".join(lines) + "\n"

    # ---- processes

    def start(self, name, command, user=None):
        log_path = self.folder / f"{name}.{len(self.processes)}.log"
        process = Process(name, command, log_path, self.environment, user)
        self.processes.append(process)
        return process

    def start_master(self, options=None, extra=""):
        """Starts snmpd and waits until it serves both of its sockets.

        options: where its configuration is, if it is not the lab's own.
        extra: lines for the lab's own.
        """
        if options is None:
            options = ["-C", "-c", self.write("snmpd.conf",
                                                    self._master_config() + extra)]
        # Without SMUX, which would open a TCP port of its own.
        command = ["snmpd", "-f", "-Le", "-I", "-smux", *options]
        self.master = self.start("snmpd", command)
        self.master.wait_log("^NET-SNMP version")
        return self.master

    def start_agent(self, *arguments, user=None, wait=True):
        """Starts hvagentx; wait: until managers can read its objects."""
        self.agent = self.start("hvagentx", [AGENT, "-f", "-Le", "-c", self.config_path,
                                             *arguments], user)
        if wait:
            self.wait_served()
        return self.agent

    def run_agent(self, *arguments, user=None, folder="/"):
        """Runs hvagentx to its end: what it printed and its exit status."""
        run = subprocess.run(
            [AGENT, *(str(argument) for argument in arguments)], env=self.environment,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=folder,
            timeout=DEADLINE_S, user=user, group=user and pwd.getpwnam(user).pw_gid,
            extra_groups=[] if user else None)
        if _SANITIZER_REPORTS.search(run.stderr):
            raise AssertionError(f"{run.args}: {run.stderr}")
        return run

    def wait_served(self, manager=None, deadline_s=DEADLINE_S):
        """Waits until the agent's own objects are there."""
        def served():
            if self.agent is not None and not self.agent.is_running():
                raise AssertionError(
                    f"hvagentx {self.agent.state()}:\n{self.agent.log()}")
            with contextlib.suppress(snmp.SnmpTimeout, RuntimeError):
                version = self.get(snmp.oid("hvxAgentVersion", 0), manager)
                return version.type == "STRING"
        wait_for(served, "hvagentx's objects", deadline_s)

    def wait_state(self, number, connection=1):
        """Waits until a connection is in a state of hvxConnectionState."""
        wait_for(lambda: self.get(snmp.oid("hvxConnectionState", connection)).value
                 == number, f"state {number} of connection {connection}")

    # ---- managers

    def client(self, community="public"):
        """A manager that keeps its socket; to be closed."""
        return Client(self.folder / "snmp.sock", 10 * PATIENCE, self.starvation,
                      community)

    def starvation(self):
        """Of all who take part in an answer."""
        return Starvation([os.getpid(), *(process.pid for process in self.processes
                                          if process.is_running())])

    def run(self, tool, *arguments, manager=None, options=snmp.PLAIN_OUTPUT):
        """Runs a client tool, whatever it answers."""
        manager = manager or snmp.Manager.community()
        return subprocess.run(
            [tool, *manager.options, "-t", self.timeout_s, "-r", "0", *options,
             self.address,
             *(snmp.dotted(argument) if isinstance(argument, tuple) else str(argument)
               for argument in arguments)],
            env=self.environment, capture_output=True, text=True, cwd="/",
            timeout=60 * PATIENCE)

    def ask(self, tool, *arguments, manager=None, options=()):
        """Runs a client tool: its varbinds.  Raises SnmpError, SnmpTimeout."""
        run = self.run(tool, *arguments, manager=manager,
                       options=(*snmp.PLAIN_OUTPUT, *options))
        snmp.check_errors(run)
        return snmp.parse_varbinds(run.stdout)

    def get(self, name, manager=None):
        return self.ask("snmpget", name, manager=manager)[0][1]

    def get_many(self, names, manager=None):
        """The values of many objects: a dictionary by OID."""
        names = list(names)
        varbinds = []
        for start in range(0, len(names), 50):
            varbinds += self.ask("snmpget", *names[start:start + 50], manager=manager)
        return dict(varbinds)

    def get_next(self, *names, manager=None):
        return self.ask("snmpgetnext", *names, manager=manager)

    def walk(self, root, manager=None):
        """A walk by GETNEXT: a list of varbinds."""
        return _rows(self.ask("snmpwalk", root, manager=manager, options=("-CI",)))

    def bulk_walk(self, root, repetitions=20, manager=None):
        return _rows(self.ask("snmpbulkwalk", root, manager=manager,
                              options=(f"-Cr{repetitions}",)))

    def set(self, name, kind, value, manager=None):
        return self.ask("snmpset", name, kind, value, manager=manager)

    # ---- the end

    def close(self):
        """Ends and removes everything; raises if something was not well."""
        problems = [problem for process in reversed(self.processes)
                    for problem in self._end(process)]
        problems += [f"process {pid} was left: {command}"
                     for pid, command in self._leftover_processes()]
        problems += [f"sanitizer report in {path.name}:\n{path.read_text()}"
                     for path in self.folder.glob("*.log")
                     if _SANITIZER_REPORTS.search(path.read_text(errors="replace"))]
        if problems:
            problems += _diagnose()
        _open_labs.remove(self)
        shutil.rmtree(self.folder)
        if problems:
            raise AssertionError("\n".join(problems))

    @staticmethod
    def _end(process):
        if not process.is_running():
            if not process.end_wanted:
                yield f"{process.name} {process.state()} by itself"
            return
        try:
            status = process.stop()
            if status != 0:
                yield f"{process.name} ended with {status} on SIGTERM"
        except subprocess.TimeoutExpired:
            yield f"{process.name} did not end on SIGTERM"
        finally:
            process.kill()

    def _leftover_processes(self):
        """Kills the processes with our mark that are left; their names."""
        mark = f"{_MARK}={self.folder}".encode()
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
                    os.kill(int(entry.name), signal.SIGKILL)
                    yield entry.name, command.decode(errors="replace")


def _rows(varbinds):
    """A walk without the exception it may end with."""
    return [varbind for varbind in varbinds
            if varbind[1] not in (snmp.END, snmp.NO_OBJECT, snmp.NO_INSTANCE)]


class LabTest(unittest.TestCase):
    """A test that has a lab of its own, with snmpd running."""

    contexts = ()

    def setUp(self):
        self.lab = self.enterContext(Lab(self.contexts))
        self.lab.start_master()


def main():
    if not AGENT or not MODULES:
        tap.skip_all("HVX_AGENT and HVX_MODULES do not tell what to test")
    tap.main()
