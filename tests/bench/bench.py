#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What hvagentx costs, measured against the least that its tables can cost.

    bench.py --agent HVAGENTX --modules DIR --floor FLOOR --counted MODULE

Walks: each contender has a private snmpd, and snmpbulkwalk walks a table
through it, in turns, so that a change of the machine's mood meets all of
them.  floor serves the same objects from an array (floor.c); "hvagentx" runs
with its defaults.  Every walk is compared with what the node is known to
hold: a wrong one ends the benchmark.

What else is measured: walks.py, tables.py, memory.py, replacing.py,
latency.py, polling.py and idle.py tell each of their own.

Exit status: 0 all goals met, 1 a goal missed, 2 something is wrong.
"""
import argparse
import os
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

from report import say


def parse_arguments():
    parser = argparse.ArgumentParser(description="Measures hvagentx against a floor.")
    parser.add_argument("--agent", required=True, type=Path, help="the hvagentx binary")
    parser.add_argument("--modules", required=True, type=Path,
                        help="the folder of its backend modules")
    parser.add_argument("--floor", type=Path, help="the floor binary")
    parser.add_argument("--counted", type=Path,
                        help="the backend module that counts, for --polls")
    parser.add_argument("--rows", nargs="*", type=int, default=[1000, 10000],
                        help="numbers of domains for walks of vmTable; none: no walks")
    parser.add_argument("--runs", type=int, default=9, help="counted walks of each")
    parser.add_argument("--domains", type=int, default=10000,
                        help="domains with vcpus, disks and interfaces, for the other "
                        "tables, memory and replacing")
    parser.add_argument("--table-runs", type=int, default=5,
                        help="counted walks of each other table; 0: none")
    parser.add_argument("--no-memory", dest="memory", action="store_false",
                        help="do not measure memory")
    parser.add_argument("--replacing", type=int, default=30, metavar="SECONDS",
                        help="how long to ask each question while sections are "
                        "replaced; 0: not at all")
    parser.add_argument("--latency", type=int, default=15, metavar="SECONDS",
                        help="how long to ask each for each case of a single GET; "
                        "0: not at all")
    parser.add_argument("--no-sets", dest="sets", action="store_false",
                        help="do not measure SETs")
    parser.add_argument("--idle", type=int, default=300, metavar="SECONDS",
                        help="how long to watch it idle; 0: not at all")
    parser.add_argument("--polls", type=int, default=3,
                        help="counted polls for collections of each section, beside "
                        "idle; 0: none")
    parser.add_argument("--poll-every", type=int, default=60, metavar="SECONDS",
                        help="the time between two polls")
    parser.add_argument("--markdown", action="store_true",
                        help="print tables for docs/performance.md")
    arguments = parser.parse_args()
    if (arguments.rows or arguments.table_runs or arguments.latency or arguments.sets) \
            and arguments.floor is None:
        parser.error("walks, latency and SETs need --floor")
    if arguments.polls and arguments.counted is None:
        parser.error("--polls needs --counted")
    for path in (arguments.agent, arguments.modules, arguments.floor,
                 arguments.counted):
        if path is not None and not path.exists():
            parser.error(f"{path}: there is no such file")
    return arguments


def tell_lab(arguments):
    """Tells the laboratory of the end-to-end tests what to run."""
    os.environ["HVX_AGENT"] = str(arguments.agent.resolve())
    os.environ["HVX_MODULES"] = str(arguments.modules.resolve())
    os.environ.setdefault("HVX_BUILD", str(arguments.agent.resolve().parent))


def main():
    arguments = parse_arguments()
    tell_lab(arguments)
    import suite  # reads the environment
    return 0 if suite.measure(arguments) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RuntimeError, AssertionError, ValueError, OSError,
            subprocess.SubprocessError) as error:
        say(f"bench.py: {error}")
        sys.exit(2)
