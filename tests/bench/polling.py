# SPDX-License-Identifier: BSD-2-Clause
"""How often a hypervisor is asked while hvagentx is polled.

A poll is a walk of all of VM-MIB, of a node so small that the walk ends long
before data becomes too old (maxAge).  There are two nodes: one that answers at
once, and one whose answers take longer than a request waits (waitLimit).  The
simulated node itself tells of each call and its section (counted.c).

A period is the time from a poll to the next one, or to when that would be due:
what is collected between the polls counts as well.  The first two polls are not
counted: hvagentx cannot know yet how often it is polled.

Nothing is timed, so other measurements may go on meanwhile.
"""
import contextlib
import os
import time
from pathlib import Path
from typing import NamedTuple

import node
import nodes
import snmp
from contenders import PING_S, Server
from report import Row, say

DOMAINS = 100
SLOW_MS = 900
WARM_UP = 2

SECTIONS = ("node", "domains", "configs", "statistics", "devices", "storage")

HEAD = ["collections in each period between polls", "answers at once",
        f"answers after {SLOW_MS} ms"]


class Call(NamedTuple):
    """A call of the simulated node."""
    begun_ns: int  # on CLOCK_BOOTTIME
    domains: int   # how many were asked for; 0: all
    section: str


class Polled:
    """An hvagentx that is polled."""

    def __init__(self, stack, counted, faults):
        text = nodes.Node(nodes.full(DOMAINS), faults=faults).xml()
        self.server = stack.enter_context(Server(text))
        folder = self.server.lab.folder
        modules = folder / "modules"
        modules.mkdir()
        for path in (counted.resolve(), Path(os.environ["HVX_MODULES"]) / "sim.so"):
            (modules / path.name).symlink_to(path)
        self.calls_path = folder / "calls"
        self.server.lab.environment["HVX_COUNTED"] = str(self.calls_path)
        self.server.lab.write_config(f"bench counted:{self.server.node_path}",
                                     moduleDir=modules, agentXPingInterval=PING_S)
        self.server.start_agent()
        self.polled_ns = []

    def poll(self):
        """Walks everything; the number of varbinds."""
        self.polled_ns.append(time.clock_gettime_ns(time.CLOCK_BOOTTIME))
        return len(self.server.lab.bulk_walk(snmp.VM_MIB))

    def calls(self):
        """The calls so far, in their order."""
        words = [line.split() for line in self.calls_path.read_text().splitlines()]
        return [Call(int(begun_ns), int(domains), section)
                for begun_ns, domains, section in words]

    def periods(self, wanted):
        """How many calls there were of that kind in each period that counts."""
        begun = [call.begun_ns for call in self.calls() if wanted(call)]
        ends = [*self.polled_ns[1:], time.clock_gettime_ns(time.CLOCK_BOOTTIME)]
        return [sum(since <= at < end for at in begun)
                for since, end in zip(self.polled_ns, ends)][WARM_UP:]


def measure(counted, polls, every_s):
    """The rows of the report: so many polls, one after so many seconds."""
    with contextlib.ExitStack() as stack:
        slow = node.fault("slow", delay_ms=SLOW_MS)
        polled = [Polled(stack, counted, faults) for faults in ([], [slow])]
        due = time.monotonic()
        for number in range(WARM_UP + polls):
            shown = [one.poll() for one in polled]
            say(f"  poll {number + 1} of {WARM_UP + polls}: {shown} varbinds")
            due += every_s
            time.sleep(max(0, due - time.monotonic()))
        if len(set(shown)) != 1:
            raise RuntimeError(f"the same node has {shown} varbinds")
        return rows_of(polled)


def rows_of(polled):
    table = []
    for section in SECTIONS:
        counts = [one.periods(lambda call, section=section:
                              call.section == section and call.domains == 0)
                  for one in polled]
        table.append(Row([section, *(", ".join(map(str, each)) for each in counts)],
                         "at most 1", max(max(each) for each in counts) <= 1))
    some = [one.periods(lambda call: call.domains != 0) for one in polled]
    table.append(Row(["for some domains only",
                      *(", ".join(map(str, each)) for each in some)]))
    return table
