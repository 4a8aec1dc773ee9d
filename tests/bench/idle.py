# SPDX-License-Identifier: BSD-2-Clause
"""hvagentx with its defaults, connected to snmpd and asked nothing.

One is left alone and its context switches are counted; a second one, beside
it, is watched by strace, if there is one, which tells what it woke up for.
"""
import collections
import contextlib
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import node
import snmp
from contenders import PING_S, Server, collections_of
from machine import status_field, voluntary_switches
from report import Row

# System calls that end when something happens.
WAITS = {"select", "pselect6", "poll", "ppoll", "epoll_wait", "epoll_pwait", "futex",
         "nanosleep", "clock_nanosleep"}


class Idle(NamedTuple):
    seconds: int
    collections: int
    switches: dict  # by thread
    threads: int
    calls: object   # of the one under strace: names and counts; None: no strace
    pings: object
    looks: object   # calls that name the node's file


def watch(strace, pid, path):
    """Starts strace on a process and waits until it has it."""
    tracer = subprocess.Popen([strace, "-f", "-qq", "-s", "200", "-o", str(path), "-p", str(pid)],
                              stdin=subprocess.DEVNULL)
    tasks = Path(f"/proc/{pid}/task")
    while tracer.poll() is None and not all(status_field(task / "status", "TracerPid")
                                            for task in tasks.iterdir()):
        time.sleep(0.01)
    return tracer


def read_trace(path, node_path):
    """System calls that ended, PDUs sent to the master, looks at the node's file."""
    calls = collections.Counter()
    pings = looks = 0
    # The AgentX header: version 1, type 13 is a Ping.
    ping = re.compile(r'(send\w*|write)\(.*"\\1\\r')
    for line in path.read_text().splitlines():
        match = re.match(r"\d+ +(?:<\.\.\. )?(\w+)(?:\(| resumed>)(.*)", line)
        if match is None:
            continue
        # At the end strace leaves the last one as it is, waiting.
        if "unfinished ..." not in line and "detached ..." not in line:
            calls[match[1]] += 1
        pings += ping.search(line) is not None
        looks += str(node_path) in line
    return calls, pings, looks


def measure(rows, seconds):
    strace = shutil.which("strace")
    with contextlib.ExitStack() as stack:
        text = node.Node(node.many(rows)).xml()
        servers = [stack.enter_context(Server(text))
                   for _ in range(2 if strace else 1)]
        for server in servers:
            server.start_agent()
            # It has had work to do, and has done it.
            server.lab.bulk_walk(snmp.oid("vmName"))
        alone, watched = servers[0], servers[-1]
        collected = collections_of(alone)
        # The walk's collections and the answers are behind it.
        time.sleep(3)
        trace_path = watched.lab.folder / "trace"
        tracer = watch(strace, watched.process.pid, trace_path) if strace else None
        before = voluntary_switches(alone.process.pid)
        time.sleep(seconds)
        after = voluntary_switches(alone.process.pid)
        calls = pings = looks = None
        if tracer is not None:
            tracer.terminate()
            tracer.wait()
            calls, pings, looks = read_trace(trace_path, watched.node_path)
        return Idle(seconds, collections_of(alone) - collected,
                    {thread: count - before.get(thread, 0)
                     for thread, count in after.items()}, len(after), calls, pings,
                    looks)


def report(idle):
    most_pings = idle.seconds // PING_S + 1
    # It wakes up to send a ping, and for the answer.
    most = 2 * most_pings
    wakeups = sum(idle.switches.values())
    rows = [Row(["collections", str(idle.collections)], "none", idle.collections == 0),
            Row(["pings due", f"{most_pings - 1} to {most_pings}"]),
            Row([f"wake-ups of all {idle.threads} threads",
                 f"{wakeups} ({', '.join(str(n) for n in idle.switches.values())})"],
                f"at most {most}, two for a ping", wakeups <= most)]
    if idle.calls is not None:
        waits = sum(count for name, count in idle.calls.items() if name in WAITS)
        others = ", ".join(f"{name} {count}"
                           for name, count in sorted(idle.calls.items()))
        rows += [Row(["pings sent, by strace", str(idle.pings)],
                     f"at most {most_pings}", idle.pings <= most_pings),
                 Row(["looks at the node's file, by strace", str(idle.looks)], "none",
                     idle.looks == 0),
                Row(["waits that ended, by strace", str(waits)], f"at most {most}",
                     waits <= most),
                 Row(["system calls, by strace", others])]
    return rows
