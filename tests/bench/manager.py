# SPDX-License-Identifier: BSD-2-Clause
"""A manager that asks for one object after the other, on one socket.

net-snmp's tools take longer to start than an answer takes.  This one does
next to nothing for a request: the messages are made before the clock starts.
"""
import select
import socket
import time

PATIENCE_S = 60

# BER's tags, of SNMPv2c.
INTEGER = 0x02
OCTETS = 0x04
NULL = 0x05
OID = 0x06
SEQUENCE = 0x30
GET = 0xA0
RESPONSE = 0xA2
SET = 0xA3
FIRST_EXCEPTION = 0x80  # noSuchObject, noSuchInstance, endOfMibView

# Request IDs of four octets, all of one length.
FIRST_ID = 1 << 24


def _pack(tag, *parts):
    octets = b"".join(parts)
    length = len(octets)
    if length < 0x80:
        return bytes((tag, length)) + octets
    return bytes((tag, 0x82)) + length.to_bytes(2, "big") + octets


def _pack_oid(oid):
    octets = bytearray([oid[0] * 40 + oid[1]])
    for part in oid[2:]:
        digits = [part & 0x7F]
        while part := part >> 7:
            digits.append(part & 0x7F | 0x80)
        octets += bytes(reversed(digits))
    return _pack(OID, bytes(octets))


def _read(octets, at):
    """Tag, begin and end of what stands there."""
    length = octets[at + 1]
    begin = at + 2
    if length & 0x80:
        begin += length & 0x7F
        length = int.from_bytes(octets[at + 2:begin], "big")
    return octets[at], begin, begin + length


class Question:
    """A GET of some objects, or a SET, all but its request ID."""

    def __init__(self, *oids):
        self._make(GET, _pack(SEQUENCE, *(_pack(SEQUENCE, _pack_oid(oid), _pack(NULL))
                                          for oid in oids)))

    def _make(self, kind, varbinds):
        mark = FIRST_ID.to_bytes(4, "big")
        zero = _pack(INTEGER, b"\0")
        whole = _pack(SEQUENCE, _pack(INTEGER, b"\1"), _pack(OCTETS, b"public"),
                      _pack(kind, _pack(INTEGER, mark), zero, zero, varbinds))
        self.before, self.after = whole.split(mark, 1)

    @classmethod
    def set_integer(cls, oid, number):
        """A SET of one object to a number from 0 to 127."""
        self = cls.__new__(cls)
        varbind = _pack(SEQUENCE, _pack_oid(oid), _pack(INTEGER, bytes([number])))
        self._make(SET, _pack(SEQUENCE, varbind))
        return self

    def message(self, number):
        return self.before + number.to_bytes(4, "big") + self.after


class Manager:
    """A connection to a snmpd; path: of its Unix socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(str(path))
        self.number = FIRST_ID
        self.buffer = b""

    def close(self):
        self.socket.close()

    def ask(self, question):
        """Sends a question; the number that its answer will have."""
        self.number += 1
        self.socket.sendall(question.message(self.number))
        return self.number

    def _receive(self):
        """The next message."""
        while True:
            if len(self.buffer) >= 4:
                _tag, _begin, end = _read(self.buffer, 0)
                if len(self.buffer) >= end:
                    message, self.buffer = self.buffer[:end], self.buffer[end:]
                    return message
            more = self.socket.recv(65536)
            if not more:
                raise ConnectionError("snmpd closed the connection")
            self.buffer += more

    def answer(self):
        """The next answer: its number, and the tag and octets of each value."""
        message = self._receive()
        _tag, at, _end = _read(message, 0)
        for _field in ("version", "community"):
            _tag, _begin, at = _read(message, at)
        tag, at, _end = _read(message, at)
        if tag != RESPONSE:
            raise RuntimeError(f"snmpd sent a PDU of type {tag:#x}")
        numbers = []
        for _field in ("request-id", "error-status", "error-index"):
            _tag, begin, at = _read(message, at)
            numbers.append(int.from_bytes(message[begin:at], "big", signed=True))
        if numbers[1] != 0:
            raise RuntimeError(f"snmpd answered with error {numbers[1]}")
        _tag, at, last = _read(message, at)
        values = []
        while at < last:
            _tag, begin, at = _read(message, at)
            _tag, _begin, name_end = _read(message, begin)
            tag, begin, end = _read(message, name_end)
            values.append((tag, message[begin:end]))
        return numbers[0], values

    def has_answer(self):
        return bool(self.buffer) or bool(select.select([self.socket], [], [], 0)[0])

    def get(self, question):
        """The tag and octets of each value."""
        number = self.ask(question)
        while True:
            answered, values = self.answer()
            if answered == number:
                return values

    def get_number(self, question):
        """The value of one object that is a number."""
        return int.from_bytes(self.get(question)[0][1], "big")

    def measure(self, question):
        """The seconds that the answer about one object that is there took."""
        self.number += 1
        message = question.message(self.number)
        begun = time.perf_counter()
        self.socket.sendall(message)
        self.buffer = self.socket.recv(65536)
        seconds = time.perf_counter() - begun
        answered, values = self.answer()
        if answered != self.number or values[0][0] >= FIRST_EXCEPTION:
            raise RuntimeError("snmpd did not answer what it was asked for")
        return seconds
