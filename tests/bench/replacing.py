# SPDX-License-Identifier: BSD-2-Clause
"""How long a request waits because sections are being replaced.

Two agents serve the same node, each to a master of ours, which is this
program: so nothing but the agent is between a question and its answer.  One
collects all the time, since a second request, the driver's, asks for data of
all sections whenever the last data is older than maxAge.  The other one has
collected once.  Both are asked in turns, always the same questions, one at a
time: for hvxConnectionState, which depends on no collection, and for a name.
Each question asks for hvxAgentRequestsDelegated too, which tells whether the
answer waited for fresh data: such answers do not count.

A machine that is busy delays answers too.  So the CPU time that the agent's
SNMP thread took from one answer to the next is told as well: that long it was
at work, whatever it did.
"""
import contextlib
import gc
import os
import socket
import time
from typing import NamedTuple

import agentx
import lab
import nodes
import snmp
from agentx import Decoder, Encoder, Pdu, Range, Type
from contenders import PING_S
from machine import resident_kib, thread_cpu_ns
from memory import GOAL_BYTES
from report import Row, percentile, say

ALWAYS = "100ms"
NEVER = "1h"

# A question of each kind is asked in turns for so long at a time.
TURN_S = 2.0

GOAL_MS = 20.0

HEAD = ["answer to a question for", "replacing", "quiet", "added"]

PATIENCE_S = 60

# Asked for by the driver: an object of each section.
DRIVEN = ("vmName", "vmOSType", "vmCpuTime", "vmStorageReadIOs")
DRIVE_EVERY_S = 0.1


class Answer(NamedTuple):
    packet: int
    varbinds: list


class Session:
    """The session of one agent; whatever it asks for is granted."""

    def __init__(self, path):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.listener.settimeout(PATIENCE_S)
        self.connection = None
        self.buffer = b""
        self.packet = 0
        self.is_open = False

    def accept(self):
        """Waits until an agent has opened its session."""
        while not self.is_open:
            # Some only try whether anybody is there.
            self.connection, _ = self.listener.accept()
            self.connection.settimeout(PATIENCE_S)
            self.buffer = b""
            with contextlib.suppress(ConnectionError):
                while not self.is_open:
                    self._grant(self._read())

    def _fill(self, count):
        while len(self.buffer) < count:
            more = self.connection.recv(65536)
            if not more:
                raise ConnectionError("the agent left")
            self.buffer += more

    def _read(self):
        self._fill(agentx.HEADER_LENGTH)
        pdu, length = agentx.decode_header(self.buffer[:agentx.HEADER_LENGTH])
        end = agentx.HEADER_LENGTH + length
        self._fill(end)
        payload = self.buffer[agentx.HEADER_LENGTH:end]
        self.buffer = self.buffer[end:]
        return pdu._replace(payload=payload)

    def _grant(self, pdu):
        self.is_open = self.is_open or pdu.type == Type.OPEN
        self.connection.sendall(Pdu(Type.RESPONSE, 0, 1, pdu.transaction, pdu.packet,
                                    Encoder("<").pack("IHH", 0, 0, 0).octets).encode())

    def ask(self, oids):
        """Sends a Get; its packet ID."""
        self.packet += 1
        body = Encoder("<").ranges([Range(oid) for oid in oids]).octets
        self.connection.sendall(Pdu(Type.GET, 0, 1, self.packet, self.packet,
                                    body).encode())
        return self.packet

    def answer(self):
        """The next answer to whatever was asked."""
        while True:
            pdu = self._read()
            if pdu.type == Type.RESPONSE:
                decoder = Decoder(pdu)
                _uptime, error, _index = decoder.unpack("IHH")
                if error != 0:
                    raise RuntimeError(f"hvagentx answered with error {error}")
                return Answer(pdu.packet, decoder.varbinds())
            self._grant(pdu)

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.listener.close()


class Agent:
    """An hvagentx of a node, and what is asked of it."""

    def __init__(self, stack, text, max_age, is_driven):
        self.lab = stack.enter_context(lab.Lab())
        self.session = Session(self.lab.agentx_socket)
        stack.callback(self.session.close)
        path = self.lab.write("node.xml", text)
        self.lab.write_config(f"bench sim:{path}", maxAge=max_age, staleLimit=NEVER,
                              agentXPingInterval=PING_S)
        self.process = self.lab.start_agent(wait=False)
        self.session.accept()
        self.delegated = snmp.oid("hvxAgentRequestsDelegated", 0)
        self.collections = snmp.oid("hvxAgentCollections", 0)
        self.driven = [snmp.oid(name, 1, *([1] if name.startswith("vmStorage") else []))
                       for name in DRIVEN]
        self.is_driven = is_driven
        self.schedule = os.open(
            f"/proc/{self.process.pid}/task/{self.process.pid}/schedstat", os.O_RDONLY)
        stack.callback(os.close, self.schedule)
        self.driver = None     # packet ID of the driver's request under way
        self.drive_at = 0.0    # when the next one is due
        self.known = 0         # hvxAgentRequestsDelegated
        self.times = {}        # in s, by what was asked for
        self.work_ns = {}      # the same, of the SNMP thread
        self.turn_s = 0.0

    def get(self, oids):
        """The values of an answer, the driver's requests left alone."""
        packet = self.session.ask(oids)
        while True:
            answer = self.session.answer()
            if answer.packet == packet:
                return [value.value for _oid, value in answer.varbinds]
            if answer.packet == self.driver:
                self.driver = None

    def drive(self):
        """Has the sections collected when it is time to."""
        if not self.is_driven or self.driver is not None \
                or time.perf_counter() < self.drive_at:
            return
        self.drive_at = time.perf_counter() + DRIVE_EVERY_S
        self.driver = self.session.ask(self.driven)
        self.known = self.get([self.delegated])[0]

    def wait_ready(self, rows):
        """Until all domains are there, and each section was collected."""
        deadline = time.monotonic() + PATIENCE_S
        while self.get([snmp.oid("vmName", rows)])[0] is None:
            if time.monotonic() > deadline:
                raise RuntimeError("hvagentx does not show the node's domains")
        self.get(self.driven)
        self.known = self.get([self.delegated])[0]

    def take_turn(self, question):
        """Asks as fast as it goes for a while."""
        times = self.times.setdefault(question.what, [])
        work_ns = self.work_ns.setdefault(question.what, [])
        worked_ns = thread_cpu_ns(self.schedule)
        begun = time.perf_counter()
        turn = 0
        while time.perf_counter() - begun < TURN_S:
            self.drive()
            turn += 1
            asked = time.perf_counter()
            _value, delegated = self.get([question.oid(turn), self.delegated])
            seconds = time.perf_counter() - asked
            before_ns, worked_ns = worked_ns, thread_cpu_ns(self.schedule)
            if delegated == self.known:
                times.append(seconds)
                work_ns.append(worked_ns - before_ns)
            self.known = delegated
        self.turn_s += time.perf_counter() - begun


class Question(NamedTuple):
    what: str
    oid: object  # a function of the turn's number


def measure(rows, seconds):
    """The rows of the report; each question is asked for so long."""
    text = nodes.text(rows)
    state = snmp.oid("hvxConnectionState", 1)
    questions = [
        Question("the connection's state", lambda turn: state),
        Question("a name", lambda turn: snmp.oid("vmName", 1 + turn % rows)),
    ]
    with contextlib.ExitStack() as stack:
        agents = [Agent(stack, text, NEVER, False),
                  Agent(stack, text, ALWAYS, True)]
        for agent in agents:
            agent.wait_ready(rows)
        collected = agents[1].get([agents[1].collections])[0]
        gc.disable()
        while agents[1].turn_s < seconds * len(questions):
            for question in questions:
                for agent in agents:
                    agent.take_turn(question)
        gc.enable()
        collected = agents[1].get([agents[1].collections])[0] - collected
        resident = [resident_kib(agent.process.pid) * 1024 / rows for agent in agents]
        say(f"  {collected} collections, {resident[1]:,.0f} octets for a domain")
        quiet, busy = agents
        return [
            *(row for question in questions
              for row in rows_of(question.what, quiet, busy)),
            Row(["collections meanwhile", f"{collected:,}", "0", ""]),
            Row(["resident memory for a domain, octets", f"{resident[1]:,.0f}",
                 f"{resident[0]:,.0f}", ""], f"at most {GOAL_BYTES:,}",
                resident[1] <= GOAL_BYTES)]


def rows_of(what, quiet, busy):
    """The rows of one question."""
    table = []
    for name, share in (("median", 0.5), ("99%", 0.99), ("99.9%", 0.999),
                        ("longest", 1.0)):
        before, now = (percentile(agent.times[what], share) * 1000
                       for agent in (quiet, busy))
        goal = f"at most {GOAL_MS:.0f} more" if share == 1.0 else ""
        table.append(Row([f"{what}, {name}, ms", f"{now:.3f}", f"{before:.3f}",
                          f"{now - before:+.3f}"], goal,
                         not goal or now - before <= GOAL_MS))
    before, now = (max(agent.work_ns[what]) / 1e6 for agent in (quiet, busy))
    table.append(Row([f"{what}, most CPU for one, ms", f"{now:.3f}", f"{before:.3f}",
                      f"{now - before:+.3f}"]))
    table.append(Row([f"{what}, answers", f"{len(busy.times[what]):,}",
                      f"{len(quiet.times[what]):,}", ""]))
    return table
