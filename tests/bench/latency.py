# SPDX-License-Identifier: BSD-2-Clause
"""How long a GET of one varbind takes, from the manager and back.

Each contender has a snmpd of its own, and is asked in turns, one request at a
time, by a manager that costs the same for all (manager.py): for vmName of one
domain after the other, and hvagentx also for hvxConnectionState, which needs no
data.

Fresh data: hvagentx has collected once, and maxAge is an hour.

During collections: maxAge is 100 ms, the least there is, and a second request
asks for data of all sections again as soon as it is answered, so that most of the
time sections are collected, merged or replaced.  An answer counts

  - if it was at hand, which hvxAgentRequestsDelegated, asked for behind it, tells.
    Others wait for the hypervisor, at most waitLimit: that is another matter;
  - if threads of hvagentx other than the one that answers were at work
    meanwhile: the quiet moments between collections would embellish.

The floor is measured beside the hvagentx that collects, which tells what any
program's answers suffer from a machine at work, and on a machine that does not.
The goal is against the floor in the same circumstances: beyond that, what is
added is the scheduler's.

A hung node: it has told everything and then does not return from any call.
Answers count once one has waited in vain.
"""
import contextlib
import gc
import os
import time

import lab
import machine
import node
import nodes
import snmp
from contenders import Server, collections_of
from manager import Manager, Question
from report import Row, percentile, say

GOAL = 2.0

HEAD = ["a GET of one varbind", "hvagentx", "floor", "ratio", "floor, no load"]

# A contender is asked for so long at a time.
TURN_S = 1.0

NEVER = "1h"
ALWAYS = {"maxAge": "100ms", "staleLimit": NEVER}

# Asked for by the second request: an object of each section that has domains or
# the hypervisor in it.
DRIVEN = (("vmHvUpTime", (0,)), ("vmName", (1,)), ("vmOSType", (1,)),
          ("vmCpuTime", (1,)), ("vmStorageReadIOs", (1, 1)))
DRIVE_EVERY_S = 0.01

# Threads that only look at something take less between two looks at their clocks.
WORK_NS = 20_000
SETTLE_S = 0.05

HUNG_ROWS = 1000
HUNG_FROM_S = 5
HUNG = {"maxAge": "1s", "staleLimit": NEVER, "callTimeout": "2s"}
WAITED_S = 0.3  # of a waitLimit of 400 ms


def start_floor(stack, floor, rows):
    objects = [(snmp.oid("vmName", row), snmp.string(f"vm{row:05d}"), False)
               for row in range(1, rows + 1)]
    server = stack.enter_context(Server())
    server.start_floor(floor, objects, snmp.oid("vmEntry"))
    return server


def start_agent(stack, text, rows, **directives):
    server = stack.enter_context(Server(text, **directives))
    server.start_agent()
    lab.wait_for(lambda: server.lab.get(snmp.oid("vmNumber", 0)).value == rows,
                 f"{rows} domains")
    return server


class Subagent:
    """One that is asked."""

    def __init__(self, stack, server, rows):
        self.server = server
        self.manager = Manager(server.lab.folder / "snmp.sock")
        stack.callback(self.manager.close)
        self.names = [Question(snmp.oid("vmName", row)) for row in range(1, rows + 1)]
        self.asked = 0
        self.times = {}  # in s, by the case

    def ask(self, questions):
        """The seconds to the answer to the next one of these questions."""
        self.asked += 1
        return self.manager.measure(questions[self.asked % len(questions)])

    def take_turn(self, case):
        times = self.times.setdefault(case, [])
        end = time.perf_counter() + TURN_S
        while time.perf_counter() < end:
            times.append(self.ask(self.names))


class Load:
    """Has hvagentx collect all the time, and tells how much it does."""

    def __init__(self, stack, server):
        self.pid = server.process.pid
        self.manager = Manager(server.lab.folder / "snmp.sock")
        stack.callback(self.manager.close)
        self.all = Question(*(snmp.oid(name, *instance) for name, instance in DRIVEN))
        self.schedule = os.open(f"/proc/{self.pid}/task/{self.pid}/schedstat",
                                os.O_RDONLY)
        stack.callback(os.close, self.schedule)
        self.number = None  # of the request under way
        self.drive_at = 0.0

    def work_ns(self):
        """CPU time so far of all threads but the one that answers."""
        answering = machine.thread_cpu_ns(self.schedule)
        return machine.cpu_ns(self.pid) - answering

    def drive(self):
        """Asks for everything, if that was answered; whether it did."""
        if self.number is not None:
            if not self.manager.has_answer():
                return False
            self._end()
        if time.perf_counter() < self.drive_at:
            return False
        self.drive_at = time.perf_counter() + DRIVE_EVERY_S
        self.number = self.manager.ask(self.all)
        return True

    def _end(self):
        self.manager.answer()
        self.number = None

    def settle(self):
        """Asks no more, and waits until nothing is collected any longer."""
        if self.number is not None:
            self._end()
        worked = self.work_ns()
        while True:
            time.sleep(SETTLE_S)
            worked, before = self.work_ns(), worked
            if worked - before < WORK_NS:
                return


class Collecting(Subagent):
    """hvagentx, collecting all the time."""

    def __init__(self, stack, server, rows):
        super().__init__(stack, server, rows)
        self.load = Load(stack, server)
        self.state = [Question(snmp.oid("hvxConnectionState", 1))]
        self.delegated = Question(snmp.oid("hvxAgentRequestsDelegated", 0))
        self.waited = 0

    def take_busy_turn(self, case, questions):
        times = self.times.setdefault(case, [])
        load = self.load
        known = self.manager.get_number(self.delegated)
        end = time.perf_counter() + TURN_S
        while time.perf_counter() < end:
            if load.drive():
                known = self._count_driven(known)
            worked = load.work_ns()
            seconds = self.ask(questions)
            worked = load.work_ns() - worked
            known, before = self.manager.get_number(self.delegated), known
            if known != before:
                self.waited += 1
            elif worked >= WORK_NS:
                times.append(seconds)

    def _count_driven(self, known):
        """The second request has to be counted before the next one that counts.

        It comes on another connection; snmpd may take it after this one.
        """
        deadline = time.perf_counter() + DRIVE_EVERY_S
        while (now := self.manager.get_number(self.delegated)) == known \
                and not self.load.manager.has_answer() \
                and time.perf_counter() < deadline:
            pass
        return now


class Beside(Subagent):
    """The floor, alone and while hvagentx collects beside it."""

    def take_busy_turn(self, case, load):
        times = self.times.setdefault(case, [])
        end = time.perf_counter() + TURN_S
        while time.perf_counter() < end:
            load.drive()
            worked = load.work_ns()
            seconds = self.ask(self.names)
            worked = load.work_ns() - worked
            # As hvagentx is asked whether the answer waited.
            self.ask(self.names)
            if worked >= WORK_NS:
                times.append(seconds)


FRESH = "fresh"
NAME = "a name"
STATE = "the state"
BESIDE = "beside"


def measure_fresh(floor, rows, seconds):
    with contextlib.ExitStack() as stack:
        text = nodes.text(rows)
        floor_one = Subagent(stack, start_floor(stack, floor, rows), rows)
        agent = Subagent(stack, start_agent(stack, text, rows, maxAge=NEVER,
                                            staleLimit=NEVER), rows)
        for _ in range(turns(seconds)):
            floor_one.take_turn(FRESH)
            agent.take_turn(FRESH)
        return rows_of(f"fresh, {rows:,} domains", agent.times[FRESH],
                       floor_one.times[FRESH], has_goal=True)


def measure_collecting(floor, rows, seconds):
    with contextlib.ExitStack() as stack:
        floor_one = Beside(stack, start_floor(stack, floor, rows), rows)
        agent = Collecting(stack, start_agent(stack, nodes.text(rows), rows, **ALWAYS),
                           rows)
        load = agent.load
        collected, worked, spent = 0, 0, 0.0
        for _ in range(turns(seconds)):
            load.settle()
            floor_one.take_turn(FRESH)
            collected -= collections_of(agent.server)
            worked -= load.work_ns()
            spent -= time.perf_counter()
            agent.take_busy_turn(NAME, agent.names)
            agent.take_busy_turn(STATE, agent.state)
            floor_one.take_busy_turn(BESIDE, load)
            spent += time.perf_counter()
            worked += load.work_ns()
            collected += collections_of(agent.server)
        table = []
        for case in (NAME, STATE):
            table += rows_of(f"collecting {rows:,} domains, {case}", agent.times[case],
                             floor_one.times[BESIDE], floor_one.times[FRESH],
                             has_goal=True)
        cells = [("collections meanwhile", f"{collected:,}"),
                 ("CPUs that they took", f"{worked / 1e9 / spent:.2f}"),
                 ("answers that waited for one", f"{agent.waited:,}")]
        return table + [Row([what, figure, "", "", ""]) for what, figure in cells]


def measure_hung(floor, seconds):
    rows = HUNG_ROWS
    hang = node.fault("hang", from_s=HUNG_FROM_S)
    text = nodes.Node(nodes.full(rows), faults=[hang]).xml()
    with contextlib.ExitStack() as stack:
        floor_one = Subagent(stack, start_floor(stack, floor, rows), rows)
        agent = Subagent(stack, start_agent(stack, text, rows, **HUNG), rows)
        lab.wait_for(lambda: agent.ask(agent.names) >= WAITED_S,
                     "an answer that waits in vain")
        for _ in range(turns(seconds)):
            floor_one.take_turn(FRESH)
            agent.take_turn(FRESH)
        return rows_of(f"a hung node, {rows:,} domains", agent.times[FRESH],
                       floor_one.times[FRESH])


def turns(seconds):
    return max(1, round(seconds / TURN_S))


def rows_of(case, times, floor_times, quiet_times=None, has_goal=False):
    """The rows of one case.

    floor_times: in the same circumstances.  quiet_times: without the load, if
    there is one.
    """
    table = []
    for name, share in (("median", 0.5), ("99%", 0.99)):
        ours, floors = (percentile(seconds, share) * 1000
                        for seconds in (times, floor_times))
        quiet = "" if quiet_times is None \
            else f"{percentile(quiet_times, share) * 1000:.3f}"
        is_judged = has_goal and share == 0.99
        ratio = ours / floors
        table.append(Row([f"{case}, {name}, ms", f"{ours:.3f}", f"{floors:.3f}",
                          f"{ratio:.2f}", quiet],
                         f"at most {GOAL:.2f}" if is_judged else "",
                         not is_judged or round(ratio, 2) <= GOAL))
    table.append(Row([f"{case}, answers", f"{len(times):,}", f"{len(floor_times):,}", "",
                      "" if quiet_times is None else f"{len(quiet_times):,}"]))
    return table


def measure(floor, sizes, rows, seconds):
    """The rows of the report.

    sizes: numbers of domains with fresh data; rows: of those that are collected;
    seconds: how long each is asked for each case.
    """
    table = []
    gc.disable()
    for size in sizes:
        say(f"  latency, {size} domains, fresh")
        table += measure_fresh(floor, size, seconds)
    say(f"  latency, {rows} domains, collecting")
    table += measure_collecting(floor, rows, seconds)
    say("  latency, a hung node")
    table += measure_hung(floor, seconds)
    gc.enable()
    return table
