# SPDX-License-Identifier: BSD-2-Clause
"""Walks of vmTable: hvagentx, hvagentx that always collects, and the floor.

Nodes of several sizes, with domains in all states.
"""
import collections
import contextlib
import statistics

import contenders
import node
import snmp
from contenders import AGENT, COLLECTING, FLOOR, Contender, Server
from machine import resident_kib
from report import Row, say

# A small table is walked several times in a run.
RUN_ROWS = 5000

GOAL_RATIO = 1.00
GOAL_GROWTH = 1.15

HEAD = ["figure", "domains", "hvagentx", "floor", "ratio"]


def check_dump(objects, domains):
    """Whether the dump shows these domains: the yardstick must be right."""
    rows = collections.defaultdict(dict)
    for oid, value, _changes in objects:
        rows[oid[-1]][oid[:-1]] = value
    wanted = {domain.name: domain.columns() for domain in domains}
    shown = {row[snmp.oid("vmName")].value.decode(): row for row in rows.values()}
    if set(shown) != set(wanted) or len(rows) != len(wanted):
        raise RuntimeError("hvagentx --walk does not show just the domains there are")
    for name, row in shown.items():
        for column, value in wanted[name].items():
            if row.get(snmp.oid(column)) != value:
                raise RuntimeError(f"{column} of {name} is {row.get(snmp.oid(column))}")


def start_contenders(stack, floor, rows):
    """All of one size: a dictionary by name."""
    domains = node.many(rows)
    text = node.Node(domains).xml()
    servers = {FLOOR: stack.enter_context(Server()),
               AGENT: stack.enter_context(Server(text)),
               COLLECTING: stack.enter_context(Server(text,
                                                      maxAge="100ms"))}
    roots = [snmp.oid("vmEntry")]
    objects = contenders.below(
        contenders.read_dump(servers[AGENT].dump()), roots)
    check_dump(objects, domains)
    servers[FLOOR].start_floor(floor, objects, roots[0])
    servers[AGENT].start_agent()
    servers[COLLECTING].start_agent()
    return {name: Contender(name, server, roots, objects)
            for name, server in servers.items()}


def order_of(sizes):
    """What is divided by each other comes one after the other."""
    order = []
    for place, rows in enumerate(sizes):
        pair = [(rows, FLOOR), (rows, AGENT)]
        order += pair if place % 2 == 0 else pair[::-1]
    return order + [(rows, COLLECTING) for rows in sizes]


class Results:
    """All runs of all contenders, and the memory they took in the end."""

    def __init__(self):
        self.runs = collections.defaultdict(list)  # by rows and name
        self.resident_kib = {}
        self.varbinds = {}

    def median(self, rows, name, field):
        if field == "resident_kib":
            return self.resident_kib[rows, name]
        return statistics.median(getattr(run, field) for run in self.runs[rows, name])

    def ratio(self, field, above, below):
        """Of two medians; above, below: rows and name."""
        return self.median(*above, field) / self.median(*below, field)


def measure(floor, sizes, runs):
    results = Results()
    with contextlib.ExitStack() as stack:
        all_of_them = {rows: start_contenders(stack, floor, rows)
                       for rows in sizes}
        for run in range(runs + 1):
            say(f"run {run} of {runs}" if run else "warm-up")
            for rows, name in order_of(sizes):
                result = contenders.run_once(all_of_them[rows][name], f"{rows} domains",
                                             max(1, RUN_ROWS // rows))
                if run > 0:
                    results.runs[rows, name].append(result)
        for rows, by_name in all_of_them.items():
            results.varbinds[rows] = len(by_name[AGENT].expected)
            for name, contender in by_name.items():
                results.resident_kib[rows, name] = resident_kib(
                    contender.server.process.pid)
    return results


def row(what, rows, agent, floor, ratio, goal=None):
    # What is printed is what counts.
    return Row([what, rows, agent, floor, f"{ratio:.2f}"],
               f"at most {goal:.2f}" if goal else "",
               goal is None or round(ratio, 2) <= goal)


def compare(results, rows, what, field, form, goal=None, name=AGENT):
    return row(what, f"{rows:,}", form(results.median(rows, name, field)),
               form(results.median(rows, FLOOR, field)),
               results.ratio(field, (rows, name), (rows, FLOOR)), goal)


def report(results, sizes):
    two, three = "{:.2f}".format, "{:.3f}".format
    lines = []
    for rows in sizes:
        lines += [
            compare(results, rows, "agent's CPU for a varbind, us", "agent_us", two,
                    GOAL_RATIO),
            compare(results, rows, "time of a walk, s", "seconds", three, GOAL_RATIO),
            compare(results, rows, "snmpd's CPU for a varbind, us", "master_us", two),
            compare(results, rows, "resident memory, MiB", "resident_kib",
                    lambda kib: f"{kib / 1024:.1f}"),
            compare(results, rows, "agent's CPU while it always collects, us",
                    "agent_us", two, name=COLLECTING),
            compare(results, rows, "time of a walk while it always collects, s",
                    "seconds", three, name=COLLECTING),
        ]
    if len(sizes) > 1:
        least, most = min(sizes), max(sizes)
        growth = {name: results.ratio("agent_us", (most, name), (least, name))
                  for name in (AGENT, FLOOR)}
        lines.append(row("growth of the agent's CPU for a varbind",
                         f"{least:,} to {most:,}", two(growth[AGENT]),
                         two(growth[FLOOR]), growth[AGENT], GOAL_GROWTH))
    return lines


def remarks(results, sizes, runs):
    for rows in sizes:
        yield (f"{rows:,} domains are {results.varbinds[rows]:,} varbinds; collections "
               f"during a walk: {results.median(rows, AGENT, 'collections'):.1f}, or "
               f"{results.median(rows, COLLECTING, 'collections'):.1f} while it always "
               "collects.")
    yield f"Medians of {runs} runs."
