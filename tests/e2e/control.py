# SPDX-License-Identifier: BSD-2-Clause
"""Control by SET, as the tests do it: a node, and what was really done to it."""
import contextlib
import subprocess
import unittest

from lab import Lab, wait_for
from node import Domain, Node
from snmp import PLAIN_OUTPUT, SnmpError, dotted, oid

# Classes, actions and states of operations, as HVAGENTX-MIB numbers them.
POWER, CONFIG, DEBUG = 1, 2, 5
START, SHUTDOWN, REBOOT, POWER_OFF, PAUSE, RESUME = 1, 3, 4, 6, 7, 8
MAKE_RUNNING, SET_VCPUS = 13, 18
QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED, EXPIRED, INTERRUPTED = range(1, 8)

CREATE_AND_GO, DESTROY = 4, 6

# States of domains.
IS_RUNNING, IS_PAUSED, IS_SHUTDOWN = 4, 8, 11

# Options of snmpset: one try; and a second for each, with five after the first.
PATIENT = ("-t", "60", "-r", "0")
IMPATIENT = ("-t", "1", "-r", "5")


def row(column, domain, number, class_number=POWER):
    """An instance of a column of hvxOperationTable."""
    return oid(f"hvxOperation{column}", class_number, *domain.uuid.bytes, number)


def operation(domain, number, action, **columns):
    """The words of a SET that makes a row; columns: Value=..., Deadline=..."""
    class_number = columns.pop("class_number", POWER)
    words = [row("RowStatus", domain, number, class_number), "i", CREATE_AND_GO,
             row("Action", domain, number, class_number), "i", action]
    for column, value in columns.items():
        kind = "s" if column == "Tag" else "u" if column in ("Value", "Deadline") else "i"
        words += [row(column, domain, number, class_number), kind, value]
    return words


class ControlTest(unittest.TestCase):
    """A node whose operations are recorded; an snmpd; and the agent."""

    control = "power config debug"
    domains = ()
    durations = {}  # seconds by action; "all" for the others
    extra = ""

    def setUp(self):
        self.lab = self.enterContext(Lab())
        self.node = Node([Domain(domain.name, state=domain.state)
                          for domain in self.domains])
        self.write_node()
        self.write_config()
        self.lab.start_master()
        self.lab.start_agent()
        self.lab.wait_state(2)
        # Rows are in the order of the names, vmIndex from 1 on.
        self.indices = {value.value.decode(): name[-1]
                        for name, value in self.lab.walk(oid("vmName"))}

    def write_node(self):
        durations = {"all": 0.01} | self.durations
        self.node.faults = ['<sim:record file="operations.log"/>'] + [
            f'<sim:operation action="{action}" duration="{seconds}"/>'
            for action, seconds in durations.items()]
        self.lab.write("node.xml", self.node.xml())

    def write_config(self, **directives):
        self.lab.write_config(f"first sim:{self.lab.folder}/node.xml",
                              extra=f"control first {self.control}\n{self.extra}",
                              **directives)

    def domain(self, name):
        return next(domain for domain in self.node.domains if domain.name == name)

    def index(self, name):
        return self.indices[name]

    # ---- what was asked

    def set(self, *words, manager=None):
        return self.lab.ask("snmpset", *words, manager=manager)

    @contextlib.contextmanager
    def set_in_background(self, *words, options=PATIENT):
        """A process that sends a SET; ended when it is left."""
        with subprocess.Popen(
                ["snmpset", "-v2c", "-c", "public", *options, *PLAIN_OUTPUT,
                 self.lab.address,
                 *(dotted(word) if isinstance(word, tuple) else str(word)
                   for word in words)],
                env=self.lab.environment, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL) as manager:
            try:
                yield manager
            finally:
                manager.kill()

    def set_power(self, name, action):
        return self.set(oid("hvxPowerAction", self.index(name)), "i", action)

    def assert_refused(self, reason, *words, failed=None):
        with self.assertRaises(SnmpError, msg=words) as caught:
            self.set(*words)
        self.assertEqual(caught.exception.reason, reason, words)
        if failed is not None:
            self.assertIn("Failed object: ." + ".".join(map(str, failed)) + "\n",
                          str(caught.exception) + "\n")

    # ---- what was done

    def record(self):
        """What the node was really told: pairs of a domain's name and an action."""
        with contextlib.suppress(FileNotFoundError):
            lines = (self.lab.folder / "operations.log").read_text().splitlines()
            return [tuple(line.split("\t")[2:4]) for line in lines]
        return []

    def rows(self, column="State"):
        """A column of all rows, by domain's UUID and id."""
        return {(name[-17:-1], name[-1]): value.value for name, value in
                self.lab.bulk_walk(oid(f"hvxOperation{column}"))}

    def state(self, name, number, class_number=POWER):
        """The state of an operation; None where there is no such row."""
        value = self.lab.get(row("State", self.domain(name), number, class_number))
        return value.value if value.type == "INTEGER" else None

    def wait_row(self, name, number, state, class_number=POWER):
        wait_for(lambda: self.state(name, number, class_number) == state,
                 f"state {state} of operation {number} on {name}")

    def wait_last(self, name, state):
        """Waits for the newest operation of the class power on a domain; its id."""
        number = self.lab.get(oid("hvxPowerOperationId", self.index(name))).value
        self.wait_row(name, number, state)
        return number

    def wait_domain(self, name, state):
        wait_for(lambda: self.lab.get(oid("vmOperState", self.index(name))).value
                 == state, f"state {state} of {name}")

    def wait_idle(self):
        """Waits until nothing is queued and nothing runs."""
        wait_for(lambda: self.lab.get(oid("hvxOperationsQueued", 0)).value == 0
                 and self.lab.get(oid("hvxOperationsRunning", 0)).value == 0,
                 "the end of all operations")
