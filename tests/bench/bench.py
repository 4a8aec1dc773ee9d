#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What hvagentx costs, measured against the least that vmTable can cost.

    bench.py --agent HVAGENTX --modules DIR --floor FLOOR

Walks: each contender has a private snmpd, and snmpbulkwalk walks vmTable
through it, in turns, so that a change of the machine's mood meets all of
them.  floor serves the same objects from an array (floor.c); "hvagentx" runs
with its defaults; "collecting" is hvagentx with the shortest maxAge there is,
so that collections go on all through the walk.  Every walk is compared with
what the node is known to hold: a wrong one ends the benchmark.

Idle: hvagentx with its defaults, connected to snmpd and asked nothing.  One
is left alone and its context switches are counted; a second one, beside it,
is watched by strace, if there is one, which tells what it woke up for.

Exit status: 0 all goals met, 1 a goal missed, 2 something is wrong.
"""
import argparse
import collections
import contextlib
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

REPETITIONS = 50

# A small table is walked several times in a run.
RUN_ROWS = 5000
DUMP_LIMIT_S = 60

# Time passes between the walks, and these columns tell it.
CHANGING = ("vmUpTime", "vmCpuTime")

FLOOR = "floor"
AGENT = "hvagentx"
COLLECTING = "collecting"

GOAL_RATIO = 1.00
GOAL_GROWTH = 1.15

# agentXPingInterval, as snmpd.conf(5) has it.
PING_S = 15

BER_TYPES = {"INTEGER": 2, "STRING": 4, "Timeticks": 67, "Counter64": 70}

# System calls that end when something happens.
WAITS = {"select", "pselect6", "poll", "ppoll", "epoll_wait", "epoll_pwait", "futex",
         "nanosleep", "clock_nanosleep"}


def parse_arguments():
    parser = argparse.ArgumentParser(description="Measures hvagentx against a floor.")
    parser.add_argument("--agent", required=True, type=Path, help="the hvagentx binary")
    parser.add_argument("--modules", required=True, type=Path,
                        help="the folder of its backend modules")
    parser.add_argument("--floor", type=Path, help="the floor binary")
    parser.add_argument("--rows", nargs="*", type=int, default=[1000, 10000],
                        help="numbers of domains; none: no walks")
    parser.add_argument("--runs", type=int, default=9, help="counted walks of each")
    parser.add_argument("--idle", type=int, default=300, metavar="SECONDS",
                        help="how long to watch it idle; 0: not at all")
    parser.add_argument("--markdown", action="store_true",
                        help="print tables for docs/performance.md")
    arguments = parser.parse_args()
    if arguments.rows and arguments.floor is None:
        parser.error("walks need --floor")
    for path in (arguments.agent, arguments.modules, arguments.floor):
        if path is not None and not path.exists():
            parser.error(f"{path}: there is no such file")
    return arguments


def load_lab(arguments):
    """The laboratory of the end-to-end tests, told what to run."""
    os.environ["HVX_AGENT"] = str(arguments.agent.resolve())
    os.environ["HVX_MODULES"] = str(arguments.modules.resolve())
    os.environ.setdefault("HVX_BUILD", str(arguments.agent.resolve().parent))
    import lab  # reads the environment
    return lab


def say(text):
    print(text, file=sys.stderr, flush=True)


# ---- processes


def cpu_ns(pid):
    """CPU time of a process, of all threads that it has or had."""
    return time.clock_gettime_ns((~pid << 3) | 2)  # as clock_getcpuclockid(3) has it


def status_field(path, field):
    return int(re.search(rf"^{field}:\s+(\d+)", path.read_text(), re.MULTILINE)[1])


def resident_kib(pid):
    return status_field(Path(f"/proc/{pid}/status"), "VmRSS")


def voluntary_switches(pid):
    """How often the threads of a process, there is one count for each, waited."""
    return {int(task.name): status_field(task / "status", "voluntary_ctxt_switches")
            for task in Path(f"/proc/{pid}/task").iterdir()}


class Load:
    """What else the machine does meanwhile: figures are good when it is little."""

    def __init__(self):
        self.begun = self._read()

    @staticmethod
    def _read():
        with open("/proc/stat", encoding="ascii") as file:
            fields = [int(field) for field in file.readline().split()[1:]]
        user, nice, system, idle, iowait, irq, softirq, steal = fields[:8]
        times = os.times()
        ours = (times.user + times.system + times.children_user + times.children_system)
        return (user + nice + system + irq + softirq, steal,
                idle + iowait, ours * os.sysconf("SC_CLK_TCK"))

    def describe(self):
        """To be asked when all processes that were started have ended."""
        busy, steal, idle, ours = (now - then for now, then
                                   in zip(self._read(), self.begun))
        total = max(1, busy + steal + idle)
        others = max(0, busy - ours)
        return (f"Of the machine, other programs took {others / total:.0%} meanwhile, "
                f"and the host {steal / total:.0%}.")


# ---- contenders


class Server:
    """A lab with one subagent in it."""

    def __init__(self, lab_module, nodes, rows, max_age=None):
        self.lab = lab_module.Lab()
        self.lab.start_master()
        self.node_path = self.lab.write("node.xml", nodes.Node(nodes.many(rows)).xml())
        self.lab.write_config(f"bench sim:{self.node_path}", maxAge=max_age,
                              agentXPingInterval=None)
        self.process = None

    def start_agent(self):
        self.process = self.lab.start_agent()

    def start_floor(self, lab_module, snmp, floor, objects):
        path = self.lab.write("objects", objects)
        self.process = self.lab.start(FLOOR, [floor.resolve(), path,
                                              f"unix:{self.lab.agentx_socket}"])
        name = snmp.oid("vmName", 1)

        def served():
            with contextlib.suppress(snmp.SnmpTimeout, RuntimeError):
                return self.lab.get(name).type == "STRING"
        lab_module.wait_for(served, "the floor's objects")

    def dump(self):
        run = self.lab.run_agent("-c", self.lab.config_path, "--walk",
                                 f"sim:{self.node_path}", deadline_s=DUMP_LIMIT_S)
        if run.returncode != 0:
            raise RuntimeError(f"hvagentx --walk failed: {run.stderr}")
        return run.stdout


class Walk(NamedTuple):
    """One walk; times for each varbind in us."""
    seconds: float
    agent_us: float
    master_us: float
    collections: float


def walk(server, snmp, expected, is_agent):
    """Walks vmTable once, checks what came, and tells what it took."""
    entry = snmp.oid("vmEntry")
    output_path = server.lab.folder / "walk"
    command = ["snmpbulkwalk", *snmp.Manager.community().options, "-t", "60", "-r", "0",
               f"-Cr{REPETITIONS}", *snmp.PLAIN_OUTPUT, server.lab.address,
               snmp.dotted(entry)]
    collected = collections_of(server, snmp) if is_agent else 0
    with open(output_path, "wb") as output:
        before = cpu_ns(server.process.pid), cpu_ns(server.lab.master.pid)
        begun = time.perf_counter()
        # No timeout: with one, Python looks only every 50 ms whether it ended.
        subprocess.run(command, env=server.lab.environment, stdout=output, check=True)
        seconds = time.perf_counter() - begun
        after = cpu_ns(server.process.pid), cpu_ns(server.lab.master.pid)
    if is_agent:
        collected = collections_of(server, snmp) - collected
    check_walk(snmp.parse_varbinds(output_path.read_text()), expected)
    count = len(expected) * 1000
    return Walk(seconds, (after[0] - before[0]) / count, (after[1] - before[1]) / count,
                collected)


def collections_of(server, snmp):
    """How many collections there were; asking does not cause one."""
    return server.lab.get(snmp.oid("hvxAgentCollections", 0)).value


def check_walk(varbinds, expected):
    if len(varbinds) != len(expected):
        raise RuntimeError(f"{len(varbinds)} varbinds instead of {len(expected)}")
    for (oid, value), (wanted_oid, wanted, changes) in zip(varbinds, expected):
        if oid != wanted_oid or value.type != wanted.type \
                or (value.value != wanted.value and not changes):
            raise RuntimeError(f"{oid} = {value} instead of {wanted_oid} = {wanted}")


# ---- what is to be seen


def read_dump(snmp, dump):
    """What hvagentx --walk shows of vmTable: (OID, value, whether it changes)."""
    objects = []
    for line in dump.splitlines():
        match = re.fullmatch(r"VM-MIB::(vm\w+)\.(\d+) = ([\w-]+): ?(.*)", line)
        if match is None or not snmp.below(snmp.oid("vmEntry"), snmp.oid(match[1])):
            continue
        name, index, kind, text = match.groups()
        value = {
            "STRING": lambda text: snmp.string(text),
            "Hex-STRING": lambda text: snmp.string(bytes.fromhex(text)),
            "INTEGER": lambda text: snmp.integer(int(text)),
            "Counter64": lambda text: snmp.Value("Counter64", int(text)),
            "Timeticks": lambda text: snmp.Value("Timeticks",
                                                 int(text[1:text.index(")")])),
        }[kind](text)
        objects.append((snmp.oid(name, int(index)), value, name in CHANGING))
    return objects


def check_dump(snmp, objects, domains):
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


def floor_objects(objects):
    """The file that the floor serves."""
    lines = []
    for oid, value, _changes in objects:
        data = "0x" + value.value.hex() if value.type == "STRING" else value.value
        lines.append(f"{oid[-2]} {oid[-1]} {BER_TYPES[value.type]} {data}\n")
    return "".join(lines)


# ---- walks


class Contender(NamedTuple):
    name: str
    rows: int
    server: Server
    expected: list


def start_contenders(lab_module, stack, floor, rows):
    """All of one size: a dictionary by name."""
    import node
    import snmp
    servers = {name: Server(lab_module, node, rows,
                            "100ms" if name == COLLECTING else None)
               for name in (FLOOR, AGENT, COLLECTING)}
    for server in servers.values():
        stack.enter_context(server.lab)
    objects = read_dump(snmp, servers[AGENT].dump())
    check_dump(snmp, objects, node.many(rows))
    servers[FLOOR].start_floor(lab_module, snmp, floor, floor_objects(objects))
    servers[AGENT].start_agent()
    servers[COLLECTING].start_agent()
    return {name: Contender(name, rows, server, objects)
            for name, server in servers.items()}


def order_of(contenders):
    """What is divided by each other comes one after the other."""
    order = []
    for place, by_name in enumerate(contenders.values()):
        pair = [by_name[FLOOR], by_name[AGENT]]
        order += pair if place % 2 == 0 else pair[::-1]
    return order + [by_name[COLLECTING] for by_name in contenders.values()]


def run_once(contender):
    """One run: walks enough for RUN_ROWS; their means."""
    import snmp
    walks = [walk(contender.server, snmp, contender.expected, contender.name != FLOOR)
             for _ in range(max(1, RUN_ROWS // contender.rows))]
    mean = Walk(*(statistics.fmean(column) for column in zip(*walks)))
    say(f"  {contender.rows} domains, {contender.name}: {mean.seconds:.3f} s, "
        f"agent {mean.agent_us:.2f} us, snmpd {mean.master_us:.2f} us, "
        f"{mean.collections:.1f} collections")
    return mean


class Results:
    """All runs of all contenders, and the memory they took in the end."""

    def __init__(self):
        self.runs = collections.defaultdict(list)  # by rows and name
        self.resident_kib = {}
        self.varbinds = {}

    def values(self, rows, name, field):
        if field == "resident_kib":
            return [self.resident_kib[rows, name]]
        return [getattr(run, field) for run in self.runs[rows, name]]

    def median(self, rows, name, field):
        return statistics.median(self.values(rows, name, field))

    def ratio(self, field, above, below):
        """Of two medians; above, below: rows and name."""
        return self.median(*above, field) / self.median(*below, field)


def measure_walks(lab_module, floor, sizes, runs):
    results = Results()
    with contextlib.ExitStack() as stack:
        contenders = {rows: start_contenders(lab_module, stack, floor, rows)
                      for rows in sizes}
        order = order_of(contenders)
        for run in range(runs + 1):
            say(f"run {run} of {runs}" if run else "warm-up")
            for contender in order:
                result = run_once(contender)
                if run > 0:
                    results.runs[contender.rows, contender.name].append(result)
        for contender in order:
            key = contender.rows, contender.name
            results.resident_kib[key] = resident_kib(contender.server.process.pid)
            results.varbinds[contender.rows] = len(contender.expected)
    return results


class Line(NamedTuple):
    """A figure of the report; goal None: there is none."""
    what: str
    rows: str
    agent: str
    floor: str
    ratio: float
    goal: float = None

    def is_met(self):
        # What is printed is what counts.
        return self.goal is None or round(self.ratio, 2) <= self.goal

    def verdict(self):
        if self.goal is None:
            return ""
        return f"at most {self.goal:.2f}: {'met' if self.is_met() else 'MISSED'}"


def compare(results, rows, what, field, form, goal=None, name=AGENT):
    return Line(what, f"{rows:,}", form(results.median(rows, name, field)),
                form(results.median(rows, FLOOR, field)),
                results.ratio(field, (rows, name), (rows, FLOOR)), goal)


def walk_lines(results, sizes):
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
        lines.append(Line("growth of the agent's CPU for a varbind",
                          f"{least:,} to {most:,}", two(growth[AGENT]),
                          two(growth[FLOOR]), growth[AGENT], GOAL_GROWTH))
    return lines


def print_table(head, rows, markdown):
    """The first column is text, all others but the last are numbers."""
    table = [head, *rows]
    if markdown:
        rule = ["---", *["--:"] * (len(head) - 2), "---"]
        for cells in [head, rule, *rows]:
            print(f"| {' | '.join(cells)} |")
        return
    widths = [max(len(cells[i]) for cells in table) for i in range(len(head))]
    for cells in table:
        print("  ".join([cells[0].ljust(widths[0]),
                         *(cell.rjust(width) for cell, width
                           in zip(cells[1:-1], widths[1:-1])), cells[-1]]).rstrip())


def print_walks(results, sizes, lines, runs, markdown):
    print_table(["figure", "domains", "hvagentx", "floor", "ratio", "goal"],
                [[line.what, line.rows, line.agent, line.floor, f"{line.ratio:.2f}",
                  line.verdict()] for line in lines], markdown)
    print()
    for rows in sizes:
        print(f"{rows:,} domains are {results.varbinds[rows]:,} varbinds; collections "
              f"during a walk: {results.median(rows, AGENT, 'collections'):.1f}, or "
              f"{results.median(rows, COLLECTING, 'collections'):.1f} while it always "
              "collects.")
    print(f"Medians of {runs} runs.", end=" ")


# ---- idle


class Idle(NamedTuple):
    seconds: int
    collections: int
    switches: dict  # by thread
    threads: int
    calls: object   # of the one under strace: names and counts; None: no strace
    pings: object


def watch(strace, pid, path):
    """Starts strace on a process and waits until it has it."""
    tracer = subprocess.Popen([strace, "-f", "-qq", "-o", str(path), "-p", str(pid)],
                              stdin=subprocess.DEVNULL)
    tasks = Path(f"/proc/{pid}/task")
    while tracer.poll() is None and not all(status_field(task / "status", "TracerPid")
                                            for task in tasks.iterdir()):
        time.sleep(0.01)
    return tracer


def read_trace(path):
    """System calls that ended, and PDUs sent to the master."""
    calls = collections.Counter()
    pings = 0
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
    return calls, pings


def measure_idle(lab_module, rows, seconds):
    import node
    import snmp
    strace = shutil.which("strace")
    with contextlib.ExitStack() as stack:
        servers = [Server(lab_module, node, rows) for _ in range(2 if strace else 1)]
        for server in servers:
            stack.enter_context(server.lab)
            server.start_agent()
            # It has had work to do, and has done it.
            server.lab.bulk_walk(snmp.oid("vmName"))
        alone, watched = servers[0], servers[-1]
        collected = collections_of(alone, snmp)
        # The walk's collections and the answers are behind it.
        time.sleep(3)
        trace_path = watched.lab.folder / "trace"
        tracer = watch(strace, watched.process.pid, trace_path) if strace else None
        before = voluntary_switches(alone.process.pid)
        time.sleep(seconds)
        after = voluntary_switches(alone.process.pid)
        calls = pings = None
        if tracer is not None:
            tracer.terminate()
            tracer.wait()
            calls, pings = read_trace(trace_path)
        return Idle(seconds, collections_of(alone, snmp) - collected,
                    {thread: count - before.get(thread, 0)
                     for thread, count in after.items()}, len(after), calls, pings)


def idle_lines(idle):
    """(what, value, goal, whether it is met)"""
    most_pings = idle.seconds // PING_S + 1
    # It wakes up to send a ping, and for the answer.
    most = 2 * most_pings
    wakeups = sum(idle.switches.values())
    lines = [("collections", str(idle.collections), "none", idle.collections == 0),
             ("pings due", f"{most_pings - 1} to {most_pings}", "", True),
             (f"wake-ups of all {idle.threads} threads",
              f"{wakeups} ({', '.join(str(n) for n in idle.switches.values())})",
              f"at most {most}, two for a ping", wakeups <= most)]
    if idle.calls is not None:
        waits = sum(count for name, count in idle.calls.items() if name in WAITS)
        others = ", ".join(f"{name} {count}"
                           for name, count in sorted(idle.calls.items()))
        lines += [("pings sent, by strace", str(idle.pings), f"at most {most_pings}",
                   idle.pings <= most_pings),
                  ("waits that ended, by strace", str(waits), f"at most {most}",
                   waits <= most),
                  ("system calls, by strace", others, "", True)]
    return lines


def print_idle(idle, lines, markdown):
    print_table([f"idle for {idle.seconds} s", "hvagentx", "goal"],
                [[what, value, f"{goal}: {'met' if met else 'MISSED'}" if goal else ""]
                 for what, value, goal, met in lines], markdown)


# ---- the whole


def describe_machine():
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    version = subprocess.run(["snmpbulkwalk", "-V"], capture_output=True, text=True,
                             check=True)
    words = (version.stdout + version.stderr).split()
    return f"{os.cpu_count()} cores, {system}, net-snmp {words[-1]}"


def main():
    arguments = parse_arguments()
    lab_module = load_lab(arguments)
    met = True
    print(describe_machine(), end="\n\n")
    if arguments.rows:
        sizes = sorted(set(arguments.rows))
        load = Load()
        results = measure_walks(lab_module, arguments.floor, sizes, arguments.runs)
        lines = walk_lines(results, sizes)
        print_walks(results, sizes, lines, arguments.runs, arguments.markdown)
        print(load.describe())
        met = all(line.is_met() for line in lines)
    if arguments.idle > 0:
        say(f"  idle for {arguments.idle} s")
        idle = measure_idle(lab_module, 1000, arguments.idle)
        lines = idle_lines(idle)
        print()
        print_idle(idle, lines, arguments.markdown)
        met = met and all(good for *_, good in lines)
    return 0 if met else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RuntimeError, AssertionError, ValueError, OSError,
            subprocess.SubprocessError) as error:
        say(f"bench.py: {error}")
        sys.exit(2)
