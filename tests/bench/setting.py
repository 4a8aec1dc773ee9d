# SPDX-License-Identifier: BSD-2-Clause
"""How long a SET takes, from the manager and back, and what becomes of many.

Each SET sets hvxPowerAdminState of one domain after the other to running, which it
is: so each makes an operation, with a row, lines in the journal on disk, and a
look at the domain's state.  The floor's SET does nothing.  Both are asked in
turns, one SET at a time, by a manager that costs the same for both.

Two hundred at once: hvxPowerAction start of 200 domains that are off, in one SET
each, sent without waiting for answers.  What was carried out is what the simulated
node has recorded.
"""
import collections
import contextlib
import time

import lab
import node
import nodes
import snmp
from contenders import Server
from manager import Manager, Question
from report import Row, percentile, say

GOAL = 3.0

# A table is full with 20,000 operations, and none is forgotten within a minute.
SETS = 8000
TURN = 200
DOMAINS = 1000
AT_ONCE = 200

RUNNING = 1
START = 1


def start_floor(stack, floor):
    objects = [(snmp.oid("hvxPowerAdminState", row), snmp.integer(RUNNING), False)
               for row in range(1, DOMAINS + 1)]
    server = stack.enter_context(Server())
    server.start_floor(floor, objects, snmp.oid("hvxPowerEntry"))
    return server


def start_agent(stack, text, count):
    server = stack.enter_context(Server(text))
    server.lab.write_config(f"bench sim:{server.node_path}",
                            extra="control bench power\noperationLimit 64\n")
    server.start_agent()
    lab.wait_for(lambda: server.lab.get(snmp.oid("vmNumber", 0)).value == count,
                 f"{count} domains")
    return server


def manager_of(stack, server):
    manager = Manager(server.lab.folder / "snmp.sock")
    stack.callback(manager.close)
    return manager


def measure_answers(floor):
    questions = [Question.set_integer(snmp.oid("hvxPowerAdminState", row), RUNNING)
                 for row in range(1, DOMAINS + 1)]
    times = {"floor": [], "hvagentx": []}
    with contextlib.ExitStack() as stack:
        servers = {"floor": start_floor(stack, floor),
                   "hvagentx": start_agent(stack, nodes.text(DOMAINS), DOMAINS)}
        managers = {name: manager_of(stack, server) for name, server in servers.items()}
        for begin in range(0, SETS, TURN):
            for name, manager in managers.items():
                times[name] += [manager.measure(questions[number % DOMAINS])
                                for number in range(begin, begin + TURN)]
        accepted = servers["hvagentx"].lab.get(
            snmp.oid("hvxAgentOperationsAccepted", 0)).value
    table = []
    for name, share in (("median", 0.5), ("99%", 0.99)):
        ours, floors = (percentile(times[which], share) * 1000
                        for which in ("hvagentx", "floor"))
        ratio = ours / floors
        is_judged = share == 0.99
        table.append(Row([f"a SET, {name}, ms", f"{ours:.3f}", f"{floors:.3f}",
                          f"{ratio:.2f}"],
                         f"at most {GOAL:.2f}" if is_judged else "",
                         not is_judged or round(ratio, 2) <= GOAL))
    # One that is repeated while the first is still at work is the same operation.
    table.append(Row(["SETs, and operations that they made", f"{SETS:,}",
                      f"{accepted:,}", ""]))
    return table


def measure_many():
    domains = [node.Domain(f"vm{number:03}", state=node.SHUTDOWN)
               for number in range(AT_ONCE)]
    recorded = node.Node(domains, faults=[
        '<sim:record file="operations.log"/>',
        '<sim:operation action="start" duration="0.05"/>'])
    with contextlib.ExitStack() as stack:
        server = start_agent(stack, recorded.xml(), AT_ONCE)
        manager = manager_of(stack, server)
        begun = time.perf_counter()
        for row in range(1, AT_ONCE + 1):
            manager.ask(Question.set_integer(snmp.oid("hvxPowerAction", row), START))
        for _ in range(AT_ONCE):
            manager.answer()
        answered = time.perf_counter() - begun
        lab.wait_for(lambda: server.lab.get(
            snmp.oid("hvxOperationsQueued", 0)).value == 0 and server.lab.get(
                snmp.oid("hvxOperationsRunning", 0)).value == 0, "the end of all")
        done = time.perf_counter() - begun
        counts = collections.Counter(
            line.split("\t")[1] for line in
            (server.lab.folder / "operations.log").read_text().splitlines())
    lost = AT_ONCE - len(counts)
    doubled = sum(count - 1 for count in counts.values())
    return [Row([f"{AT_ONCE} SETs answered, s", f"{answered:.3f}", "", ""], "within 1 s",
                answered <= 1),
            Row([f"{AT_ONCE} operations done, s", f"{done:.3f}", "", ""]),
            Row(["operations lost", str(lost), "", ""], "0", lost == 0),
            Row(["operations done twice", str(doubled), "", ""], "0", doubled == 0)]


HEAD = ["SETs", "hvagentx", "floor", "ratio"]


def measure(floor):
    """The rows of the report."""
    say(f"  SETs, {DOMAINS} domains")
    table = measure_answers(floor)
    say(f"  SETs, {AT_ONCE} at once")
    return table + measure_many()
