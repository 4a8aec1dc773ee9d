# SPDX-License-Identifier: BSD-2-Clause
"""A second AgentX subagent of the same snmpd, for SETs that both have a part in.

It has one object that can be set, OBJECT, and does with its SETs what the test
says: refuse them in one phase or another, or keep snmpd waiting.
"""
import contextlib
import socket
import threading

import agentx
from agentx import Decoder, Encoder, Pdu, Type
from snmp import Value

ROOT = (1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 1)
OBJECT = ROOT + (1, 0)

_INCONSISTENT_VALUE = 12
_COMMIT_FAILED = 14


class Second:
    """Connects and registers; a context manager."""

    def __init__(self, lab):
        self.phases = []        # types of the PDUs of SETs, in their order
        self.fail_test = False
        self.fail_commit = False
        self.hold_test_s = 0    # at most: release() ends it
        self.hold_commit_s = 0
        self._released = threading.Event()
        self._packet = 0
        self._session = 0
        self._changed = threading.Condition()
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.settimeout(60)
        self._connection.connect(str(lab.agentx_socket))
        opened = self._ask(Type.OPEN, Encoder("<").pack("BBBB", 0, 0, 0, 0)
                           .oid(ROOT).string(b"second"))
        self._session = opened.session
        self._ask(Type.REGISTER, Encoder("<").pack("BBBB", 0, 127, 0, 0).oid(ROOT))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.release()
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(60)
        self._connection.close()

    def release(self):
        """Holds nothing up any longer."""
        self._released.set()

    def wait_phase(self, phase, deadline_s=30):
        """Waits until a PDU of that type has come."""
        with self._changed:
            if not self._changed.wait_for(lambda: phase in self.phases, deadline_s):
                raise AssertionError(f"no {phase.name}, only {self.phases}")

    def _ask(self, kind, encoder):
        self._packet += 1
        self._send(Pdu(kind, 0, self._session, 0, self._packet, encoder.octets))
        answer = self._receive()
        _, error, _ = Decoder(answer).unpack("IHH")
        if answer.type != Type.RESPONSE or error != 0:
            raise AssertionError(f"{kind.name}: {answer}")
        return answer

    def _send(self, pdu):
        self._connection.sendall(pdu.encode())

    def _read(self, count):
        octets = b""
        while len(octets) < count:
            more = self._connection.recv(count - len(octets))
            if not more:
                raise ConnectionError("snmpd is gone")
            octets += more
        return octets

    def _receive(self):
        pdu, length = agentx.decode_header(self._read(agentx.HEADER_LENGTH))
        return pdu._replace(payload=self._read(length))

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                self._handle(self._receive())

    def _handle(self, pdu):
        error = 0
        varbinds = ()
        if pdu.type in (Type.TEST_SET, Type.COMMIT_SET, Type.UNDO_SET,
                        Type.CLEANUP_SET):
            with self._changed:
                self.phases.append(Type(pdu.type))
                self._changed.notify_all()
        if pdu.type == Type.CLEANUP_SET:
            return
        if pdu.type == Type.TEST_SET:
            self._released.wait(self.hold_test_s)
            error = _INCONSISTENT_VALUE if self.fail_test else 0
        elif pdu.type == Type.COMMIT_SET:
            self._released.wait(self.hold_commit_s)
            error = _COMMIT_FAILED if self.fail_commit else 0
        elif pdu.type in (Type.GET, Type.GET_NEXT):
            varbinds = [(OBJECT, Value("INTEGER", 1))]
        response = Encoder(pdu.order).pack("IHH", 0, error, 1 if error else 0)
        for name, value in varbinds:
            response.varbind(name, value)
        self._send(Pdu(Type.RESPONSE, pdu.flags & agentx.NETWORK_BYTE_ORDER,
                       pdu.session, pdu.transaction, pdu.packet, response.octets))
