# SPDX-License-Identifier: BSD-2-Clause
"""Who serves tables, and what there is to be seen of them."""
import contextlib
import re
import statistics
import subprocess
import time
from typing import NamedTuple

import lab
import snmp
from machine import cpu_ns
from report import say

FLOOR = "floor"
AGENT = "hvagentx"
COLLECTING = "collecting"

PING_S = 15  # agentXPingInterval, as snmpd.conf(5) has it
REPETITIONS = 50

# Time passes between the walks, and values of these types tell it.
CHANGING = ("Timeticks", "Counter64")

BER_TYPES = {"INTEGER": 2, "STRING": 4, "Timeticks": 67, "Counter64": 70}


class Server:
    """A lab with one subagent in it.

    text: the file of the node it shows; a floor needs none.
    """

    def __init__(self, text=None, **directives):
        self.lab = lab.Lab()
        self.lab.start_master()
        self.process = None
        if text is not None:
            self.node_path = self.lab.write("node.xml", text)
            self.lab.write_config(f"bench sim:{self.node_path}",
                                  **{"agentXPingInterval": PING_S} | directives)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.lab.close()

    def start_agent(self):
        self.process = self.lab.start_agent()

    def start_floor(self, floor, objects, root):
        path = self.lab.write("objects", floor_objects(objects))
        self.process = self.lab.start(
            FLOOR, [floor.resolve(), snmp.dotted(root)[1:], path,
                    f"unix:{self.lab.agentx_socket}"])
        name, value, _changes = objects[0]

        def served():
            with contextlib.suppress(snmp.SnmpTimeout, RuntimeError):
                return self.lab.get(name).type == value.type
        lab.wait_for(served, "the floor's objects")

    def dump(self):
        run = self.lab.run_agent("-c", self.lab.config_path, "--walk",
                                 f"sim:{self.node_path}")
        if run.returncode != 0:
            raise RuntimeError(f"hvagentx --walk failed: {run.stderr}")
        return run.stdout


class Contender(NamedTuple):
    name: str
    server: Server
    roots: list     # what it is asked to be walked through
    expected: list  # what must come: OID, value, whether it changes


class Walk(NamedTuple):
    """One walk; CPU times for each varbind in us."""
    seconds: float
    agent_us: float
    master_us: float
    collections: float


def walk(contender):
    """Walks what there is once, checks what came, and tells what it took."""
    server = contender.server
    output_path = server.lab.folder / "walk"
    command = ["snmpbulkwalk", *snmp.Manager.community().options, "-t", "60", "-r", "0",
               f"-Cr{REPETITIONS}", *snmp.PLAIN_OUTPUT, server.lab.address]
    is_agent = contender.name != FLOOR
    collected = collections_of(server) if is_agent else 0
    with open(output_path, "wb") as output:
        before = cpu_ns(server.process.pid), cpu_ns(server.lab.master.pid)
        begun = time.perf_counter()
        for root in contender.roots:
            # No timeout: with one, Python looks only every 50 ms whether it ended.
            subprocess.run([*command, snmp.dotted(root)], env=server.lab.environment,
                           stdout=output, check=True)
        seconds = time.perf_counter() - begun
        after = cpu_ns(server.process.pid), cpu_ns(server.lab.master.pid)
    if is_agent:
        collected = collections_of(server) - collected
    check_walk(snmp.parse_varbinds(output_path.read_text()), contender.expected)
    count = len(contender.expected) * 1000
    return Walk(seconds, (after[0] - before[0]) / count, (after[1] - before[1]) / count,
                collected)


def run_once(contender, what, count=1):
    """One run: so many walks; their means."""
    walks = [walk(contender) for _ in range(count)]
    mean = Walk(*(statistics.fmean(column) for column in zip(*walks)))
    say(f"  {what}, {contender.name}: {mean.seconds:.3f} s, "
        f"agent {mean.agent_us:.2f} us, snmpd {mean.master_us:.2f} us, "
        f"{mean.collections:.1f} collections")
    return mean


def collections_of(server):
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


def read_dump(dump):
    """What hvagentx --walk shows of VM-MIB: (OID, value, whether it changes)."""
    readers = {
        "STRING": snmp.string,
        "Hex-STRING": lambda text: snmp.string(bytes.fromhex(text)),
        "INTEGER": lambda text: snmp.integer(int(text)),
        "Counter64": lambda text: snmp.Value("Counter64", int(text)),
        "Timeticks": lambda text: snmp.Value("Timeticks", int(text[1:text.index(")")])),
    }
    objects = []
    for line in dump.splitlines():
        match = re.fullmatch(r"VM-MIB::(vm\w+)((?:\.\d+)+) = ([\w-]+): ?(.*)", line)
        # No table walked has values of other types.
        if match is not None and match[3] in readers:
            name, instance, kind, text = match.groups()
            value = readers[kind](text)
            objects.append((snmp.oid(name, *snmp.parse_oid(instance)), value,
                            value.type in CHANGING))
    return objects


def below(objects, roots):
    """Those of the objects that are below one of the roots, root after root."""
    return [one for root in roots for one in objects if snmp.below(root, one[0])]


def floor_objects(objects):
    """The file that the floor serves."""
    lines = []
    for oid, value, _changes in objects:
        data = "0x" + value.value.hex() if value.type == "STRING" else value.value
        lines.append(f"{snmp.dotted(oid)[1:]} {BER_TYPES[value.type]} {data}\n")
    return "".join(lines)
