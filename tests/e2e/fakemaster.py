# SPDX-License-Identifier: BSD-2-Clause
"""A small AgentX master: it sends what a real snmpd never would.

It listens on a Unix socket and speaks with the subagents that connect.  What
a subagent asks for (Open, Register, Ping ...) is granted by a thread of its
own, at once or, for the types in Master.held, when the test releases it; those
in Master.refused are answered with an error.
What the master asks, the test sends, and waits for the answer or not.
"""
import contextlib
import os
import socket
import threading
from typing import NamedTuple

import agentx
from agentx import Decoder, Encoder, Pdu, Range, Type


NO_ERROR = 0
NOT_OPEN = 257


class Response(NamedTuple):
    error: int
    index: int
    varbinds: list


class Closed(Exception):
    """The subagent closed the connection."""


class Master:
    """Listens; each subagent that connects becomes a Session."""

    def __init__(self, path, order="<", deadline_s=30):
        self.order = order
        self.deadline_s = deadline_s
        self.held = set()  # of Type: not answered before Session.release()
        self.refused = {}  # error by Type
        self.listener = socket.socket(socket.AF_UNIX)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        self.listener.bind(str(path))
        self.listener.listen()
        self.listener.settimeout(deadline_s)
        self.sessions = []

    def accept(self):
        """The session of the next subagent that connects and opens one."""
        while True:
            connection, _ = self.listener.accept()
            session = Session(self, connection, len(self.sessions) + 1)
            self.sessions.append(session)
            # Some only try whether anybody is there.
            with contextlib.suppress(Closed):
                session.wait(lambda: session.description is not None, "an Open PDU")
                return session

    def close(self):
        for session in self.sessions:
            session.disconnect()
        self.listener.close()


class Session:
    """One subagent's session."""

    def __init__(self, master, connection, number):
        self.master = master
        self.connection = connection
        self.number = number
        self.description = None
        self.registered = []  # (context, OID) of each Register granted
        self.capabilities = []  # (context, OID, words) of each AddAgentCaps granted
        self.received = []    # all PDUs of the subagent
        self.is_open = True   # until the master closes the session
        self.closed = False   # the connection
        self._held = []
        self._responses = {}
        self._packet = 0  # of the last request sent
        self._sending = threading.Lock()
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read_all, daemon=True)
        self._reader.start()

    # ---- what the subagent sends

    def _read_exactly(self, count):
        octets = b""
        while len(octets) < count:
            more = self.connection.recv(count - len(octets))
            if not more:
                raise ConnectionError
            octets += more
        return octets

    def _read_all(self):
        try:
            while True:
                pdu, length = agentx.decode_header(
                    self._read_exactly(agentx.HEADER_LENGTH))
                self._take(pdu._replace(payload=self._read_exactly(length)))
        except OSError:
            pass
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def _take(self, pdu):
        with self._changed:
            self.received.append(pdu)
            if pdu.type == Type.RESPONSE:
                self._responses[pdu.packet] = pdu
            elif pdu.type in self.master.held:
                self._held.append(pdu)
            else:
                self._grant(pdu)
            self._changed.notify_all()

    def _grant(self, pdu):
        error = self.master.refused.get(pdu.type, NO_ERROR) if self.is_open else NOT_OPEN
        if error == NO_ERROR:
            self._note(pdu)
        payload = Encoder(self.master.order).pack("IHH", 0, error, 0).octets
        self._send(Pdu(Type.RESPONSE, self._order_flag(), self.number, pdu.transaction,
                       pdu.packet, payload))

    def _note(self, pdu):
        decoder = Decoder(pdu)
        context = b""
        if pdu.flags & agentx.NON_DEFAULT_CONTEXT:
            context = decoder.string()
        if pdu.type == Type.OPEN:
            decoder.unpack("BBBB")
            decoder.oid()
            self.description = decoder.string().decode()
        elif pdu.type == Type.REGISTER:
            decoder.unpack("BBBB")
            self.registered.append((context.decode(), decoder.oid()))
        elif pdu.type == Type.ADD_AGENT_CAPS:
            self.capabilities.append((context.decode(), decoder.oid(),
                                      decoder.string().decode()))
            if not decoder.is_at_end():
                raise ValueError("an AddAgentCaps PDU with more than it should have")

    def release(self):
        """Grants what was held back."""
        with self._changed:
            held, self._held = self._held, []
            for pdu in held:
                self._grant(pdu)
            self._changed.notify_all()

    def held_count(self):
        with self._changed:
            return len(self._held)

    def wait(self, condition, what):
        """Waits until condition() is true."""
        with self._changed:
            if not self._changed.wait_for(lambda: condition() or self.closed,
                                          self.master.deadline_s):
                raise AssertionError(f"the subagent sent no {what}")
            if not condition():
                raise Closed(f"the subagent left before {what}")

    def wait_closed(self):
        with self._changed:
            if not self._changed.wait_for(lambda: self.closed, self.master.deadline_s):
                raise AssertionError("the subagent did not close the connection")

    def wait_registered(self, *registrations):
        """Waits until these (context, OID) are registered."""
        self.wait(lambda: set(registrations) <= set(self.registered),
                  f"registration of {registrations}")

    # ---- what the master sends

    def _order_flag(self):
        return agentx.NETWORK_BYTE_ORDER if self.master.order == ">" else 0

    def _send(self, pdu):
        self.send_octets(pdu.encode())

    def send_octets(self, octets):
        """Sends what may be no PDU at all."""
        with self._sending, contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.connection.sendall(octets)

    def request(self, kind, body=lambda encoder: None, context="", session=None,
                transaction=None):
        """Sends a request; body(encoder) writes it.  Its packet ID.

        That is also its transaction ID, if no other one is given.
        """
        encoder = Encoder(self.master.order)
        flags = self._order_flag()
        if context:
            flags |= agentx.NON_DEFAULT_CONTEXT
            encoder.string(context.encode())
        body(encoder)
        with self._changed:
            self._packet += 1
            packet = self._packet
        self._send(Pdu(kind, flags, self.number if session is None else session,
                       packet if transaction is None else transaction, packet,
                       encoder.octets))
        return packet

    def unasked(self):
        """Packet IDs of responses to what this session never asked."""
        return [pdu.packet for pdu in self.received
                if pdu.type == Type.RESPONSE and not 0 < pdu.packet <= self._packet]

    def answer(self, packet):
        """Waits for the answer to a request."""
        self.wait(lambda: packet in self._responses, f"response to request {packet}")
        pdu = self._responses.pop(packet)
        decoder = Decoder(pdu)
        if pdu.flags & agentx.NON_DEFAULT_CONTEXT:
            # net-snmp's habit, where RFC 2741 has no context.
            decoder.string()
        _uptime, error, index = decoder.unpack("IHH")
        return Response(error, index, decoder.varbinds())

    def send_get(self, oids, context=""):
        ranges = [Range(oid) for oid in oids]
        return self.request(Type.GET, lambda e: e.ranges(ranges), context)

    def send_get_next(self, ranges, context=""):
        return self.request(Type.GET_NEXT, lambda e: e.ranges(ranges), context)

    def send_get_bulk(self, ranges, repetitions, non_repeaters=0, context=""):
        return self.request(
            Type.GET_BULK,
            lambda e: e.pack("HH", non_repeaters, repetitions).ranges(ranges), context)

    def send_test_set(self, varbinds, context="", transaction=None):
        def body(encoder):
            for oid, value in varbinds:
                encoder.varbind(oid, value)
        return self.request(Type.TEST_SET, body, context, transaction=transaction)

    def test_set(self, transaction, *varbinds, context=""):
        return self.answer(self.send_test_set(varbinds, context, transaction))

    def commit_set(self, transaction):
        return self.answer(self.request(Type.COMMIT_SET, transaction=transaction))

    def undo_set(self, transaction):
        return self.answer(self.request(Type.UNDO_SET, transaction=transaction))

    def cleanup_set(self, transaction):
        """Ends a transaction; has no answer.  Its packet ID."""
        return self.request(Type.CLEANUP_SET, transaction=transaction)

    def is_answered(self, packet):
        """Whether a response has come to a request that nobody waited for."""
        with self._changed:
            return packet in self._responses

    def send_close(self, reason=5):
        """Closes the session (reasonShutdown), not the connection."""
        self.is_open = False
        return self.request(Type.CLOSE, lambda e: e.pack("BBBB", reason, 0, 0, 0))

    def get(self, *oids, context=""):
        return self.answer(self.send_get(oids, context))

    def get_next(self, *ranges, context=""):
        return self.answer(self.send_get_next(ranges, context))

    def get_bulk(self, *ranges, repetitions, non_repeaters=0, context=""):
        return self.answer(self.send_get_bulk(ranges, repetitions, non_repeaters,
                                              context))

    def walk(self, root, context=""):
        """All varbinds below a root, one GetNext each."""
        varbinds = []
        end = root[:-1] + (root[-1] + 1,)
        at = Range(root, True, end)
        while True:
            (oid, value), = self.get_next(at, context=context).varbinds
            if value.type == "endOfMibView":
                return varbinds
            varbinds.append((oid, value))
            at = Range(oid, False, end)

    def disconnect(self):
        """Drops the connection without a word."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self._reader.join(self.master.deadline_s)
        self.connection.close()
