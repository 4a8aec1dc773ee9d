# SPDX-License-Identifier: BSD-2-Clause
"""The memory of hvagentx when all tables have been walked, with collections.

Nodes without domains, with a tenth of them and with all.  The simulated node
itself, which a hypervisor would hold, is in the same process and counts.
"""
from typing import NamedTuple

import lab
import machine
import nodes
import snmp
from contenders import Server, collections_of
from report import Row, say

ROUNDS = 4
GOAL_BYTES = 6000

# Collections of all sections go on while the tables are walked.
MAX_AGE = "1s"

# A column of each table, and one of each section; how many rows a domain has.
WALKED = {
    "vmName": 1, "vmOSType": 1, "vmCpuTime": 1, "vmCpuCoreTime": nodes.VCPUS,
    "vmCpuAffinity": nodes.PINS * nodes.CPUS, "vmStorageResourceID": nodes.DISKS,
    "vmStorageReadIOs": nodes.DISKS, "vmNetworkIfIndex": nodes.INTERFACES,
}

HEAD = ["domains", "resident, KiB", "at most, KiB", "its own, KiB",
        "resident for a domain, octets"]


class Memory(NamedTuple):
    domains: int
    resident_kib: int
    peak_kib: int
    own_kib: int


def measure_node(count):
    with Server(nodes.text(count), maxAge=MAX_AGE) as server:
        server.start_agent()
        lab.wait_for(
            lambda: server.lab.get(snmp.oid("vmNumber", 0)).value == count,
            f"{count} domains")
        for _ in range(ROUNDS):
            shown = {column: len(server.lab.bulk_walk(snmp.oid(column)))
                     for column in WALKED}
        if shown != {column: count * rows for column, rows in WALKED.items()}:
            raise RuntimeError(f"{count} domains have {shown}")
        pid = server.process.pid
        memory = Memory(count, machine.resident_kib(pid), machine.peak_kib(pid),
                        machine.own_kib(pid))
        say(f"  {memory}, {collections_of(server)} collections")
        return memory


def measure(count):
    return [measure_node(domains) for domains in (0, count // 10, count)]


def report(results):
    rows = []
    for memory in results:
        each = memory.resident_kib * 1024 / max(1, memory.domains)
        is_whole = memory is results[-1]
        rows.append(Row([f"{memory.domains:,}", f"{memory.resident_kib:,}",
                         f"{memory.peak_kib:,}", f"{memory.own_kib:,}",
                         f"{each:,.0f}" if memory.domains else ""],
                        f"at most {GOAL_BYTES:,}" if is_whole else "",
                        not is_whole or each <= GOAL_BYTES))
    return rows
