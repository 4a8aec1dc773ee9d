# SPDX-License-Identifier: BSD-2-Clause
"""All measurements, one after the other.

This and what it imports needs the laboratory of the end-to-end tests, which
is told by the environment what to run.
"""
from concurrent.futures import ThreadPoolExecutor

import idle
import latency
import machine
import memory
import polling
import replacing
import setting
import tables
import walks
from report import print_table, say

IDLE_ROWS = 1000
LATENCY_ROWS = (1000, 10000)


class Report:
    """Prints tables, and keeps in mind whether all goals were met."""

    def __init__(self, markdown):
        self.markdown = markdown
        self.is_met = True

    def print(self, head, rows, *remarks):
        print_table(head, rows, self.markdown)
        print("", *remarks, "", sep="\n" if remarks else "", flush=True)
        self.is_met = self.is_met and all(row.is_met for row in rows)


def measure_walks(report, arguments):
    sizes = sorted(set(arguments.rows))
    results = walks.measure(arguments.floor, sizes, arguments.runs)
    report.print(walks.HEAD, walks.report(results, sizes),
                 *walks.remarks(results, sizes, arguments.runs))


def measure_tables(report, arguments):
    results = tables.measure(arguments.floor, arguments.domains,
                             arguments.table_runs)
    report.print(tables.HEAD, tables.report(results),
                 f"{arguments.domains:,} domains. Medians of {arguments.table_runs} "
                 "runs.")


def measure_counts(report, arguments):
    """Idle and polled, at the same time: things are counted, not timed."""
    with ThreadPoolExecutor(1) as pool:
        polled = None
        if arguments.polls > 0:
            say(f"  polled every {arguments.poll_every} s")
            polled = pool.submit(polling.measure, arguments.counted, arguments.polls,
                                 arguments.poll_every)
        if arguments.idle > 0:
            say(f"  idle for {arguments.idle} s")
            report.print([f"idle for {arguments.idle} s", "hvagentx"],
                         idle.report(idle.measure(IDLE_ROWS, arguments.idle)))
        if polled is not None:
            report.print(polling.HEAD, polled.result(),
                         f"Polled {arguments.polls} times, every "
                         f"{arguments.poll_every} s.")


def measure(arguments):
    """Measures what is asked for and prints it; whether all goals were met."""
    report = Report(arguments.markdown)
    print(machine.describe(), end="\n\n")
    load = machine.Load()
    if arguments.rows:
        measure_walks(report, arguments)
    if arguments.table_runs > 0:
        measure_tables(report, arguments)
    if arguments.memory:
        report.print(memory.HEAD, memory.report(memory.measure(arguments.domains)))
    if arguments.replacing > 0:
        report.print(replacing.HEAD,
                     replacing.measure(arguments.domains, arguments.replacing))
    if arguments.latency > 0:
        report.print(latency.HEAD,
                     latency.measure(arguments.floor, LATENCY_ROWS, arguments.domains,
                                     arguments.latency))
    if arguments.sets:
        report.print(setting.HEAD, setting.measure(arguments.floor))
    if arguments.idle > 0 or arguments.polls > 0:
        measure_counts(report, arguments)
    print(load.describe())
    return report.is_met
