# SPDX-License-Identifier: BSD-2-Clause
"""Walks of the tables whose rows are parts of domains, each beside its floor.

One hvagentx serves them all, with its defaults; each table has a floor and a
snmpd of its own.  Tables whose rows are missing end the benchmark.
"""
import contextlib
import statistics
from typing import NamedTuple

import contenders
import nodes
import snmp
from contenders import AGENT, FLOOR, Contender, Server
from report import Row

GOAL = 0.90

HEAD = ["figure", "varbinds", "hvagentx", "floor", "ratio"]


class Table(NamedTuple):
    name: str
    entry: str
    columns: tuple  # (): all
    rows: object    # how many, as a function of the number of domains


# Of vmStorageTable columns of each kind: all sixteen would take minutes.
TABLES = (
    Table("vmCpuTable", "vmCpuEntry", (), lambda count: count * nodes.VCPUS),
    Table("vmCpuAffinityTable", "vmCpuAffinityEntry", (),
          lambda count: count * nodes.PINS * nodes.CPUS),
    Table("vmStorageTable", "vmStorageEntry",
          ("vmStorageResourceID", "vmStorageDefinedSize", "vmStorageReadIOs",
           "vmStorageWriteLatency"), lambda count: count * nodes.DISKS),
    Table("vmNetworkTable", "vmNetworkEntry", (),
          lambda count: count * nodes.INTERFACES),
)


class Result(NamedTuple):
    table: Table
    varbinds: int
    runs: dict  # by contender's name

    def median(self, name, field):
        return statistics.median(getattr(run, field) for run in self.runs[name])


def check_objects(objects, domains):
    """Whether what is shown of disks and interfaces is that of these domains."""
    for column, wanted in (
            ("vmStorageResourceID",
             [source.encode() for domain in domains for _, source in domain.disks()]),
            ("vmNetworkPhysAddress",
             [mac for domain in domains for mac in domain.macs()])):
        shown = [value.value for _oid, value, _changes
                 in contenders.below(objects, [snmp.oid(column)])]
        if sorted(shown) != sorted(wanted):
            raise RuntimeError(f"hvagentx --walk shows another {column} than there is")


def expect(table, objects, count):
    """What a walk of the table must bring, and the roots of the walk."""
    entry = snmp.oid(table.entry)
    roots = [snmp.oid(column) for column in table.columns] or [entry]
    expected = contenders.below(objects, roots)
    columns = {oid[:len(entry) + 1] for oid, _value, _changes in expected}
    if len(expected) != table.rows(count) * len(columns) or not expected:
        raise RuntimeError(f"{table.name}: {len(expected)} instances of {len(columns)} "
                           f"columns, but {table.rows(count)} rows")
    return roots, expected


def measure_table(floor, server, table, roots, expected, runs):
    """A table of the agent, beside a floor of its own."""
    with Server() as floor_server:
        floor_server.start_floor(floor, expected, snmp.oid(table.entry))
        pair = [Contender(FLOOR, floor_server, roots, expected),
                Contender(AGENT, server, roots, expected)]
        results = {contender.name: [] for contender in pair}
        for run in range(runs + 1):
            # Each is the first one as often as the other.
            for contender in pair if run % 2 == 0 else pair[::-1]:
                what = f"{table.name}, run {run} of {runs}" if run else table.name
                result = contenders.run_once(contender, what)
                if run > 0:
                    results[contender.name].append(result)
        return Result(table, len(expected), results)


def measure(floor, count, runs):
    results = []
    with Server(nodes.text(count)) as server:
        objects = contenders.read_dump(server.dump())
        check_objects(objects, nodes.full(count))
        server.start_agent()
        for table in TABLES:
            roots, expected = expect(table, objects, count)
            results.append(measure_table(floor, server, table, roots, expected,
                                         runs))
    return results


def rows_of(result):
    rates = {name: result.varbinds / result.median(name, "seconds")
             for name in (AGENT, FLOOR)}
    ratio = rates[AGENT] / rates[FLOOR]
    cpu = {name: result.median(name, "agent_us") for name in (AGENT, FLOOR)}
    varbinds = f"{result.varbinds:,}"
    return [Row([f"{result.table.name}, varbinds/s", varbinds, f"{rates[AGENT]:,.0f}",
                 f"{rates[FLOOR]:,.0f}", f"{ratio:.2f}"], f"at least {GOAL:.2f}",
                round(ratio, 2) >= GOAL),
            Row([f"{result.table.name}, agent's CPU for a varbind, us", varbinds,
                 f"{cpu[AGENT]:.2f}", f"{cpu[FLOOR]:.2f}",
                 f"{cpu[AGENT] / cpu[FLOOR]:.2f}"])]


def report(results):
    return [row for result in results for row in rows_of(result)]
