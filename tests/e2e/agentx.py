# SPDX-License-Identifier: BSD-2-Clause
"""AgentX PDUs (RFC 2741 section 6), encoded and decoded.

OIDs are tuples of integers, values are snmp.Value.
"""
import enum
import struct
from typing import NamedTuple

from snmp import Value

HEADER_LENGTH = 20

NON_DEFAULT_CONTEXT = 0x08
NETWORK_BYTE_ORDER = 0x10


class Type(enum.IntEnum):
    OPEN = 1
    CLOSE = 2
    REGISTER = 3
    UNREGISTER = 4
    GET = 5
    GET_NEXT = 6
    GET_BULK = 7
    TEST_SET = 8
    COMMIT_SET = 9
    UNDO_SET = 10
    CLEANUP_SET = 11
    NOTIFY = 12
    PING = 13
    INDEX_ALLOCATE = 14
    INDEX_DEALLOCATE = 15
    ADD_AGENT_CAPS = 16
    REMOVE_AGENT_CAPS = 17
    RESPONSE = 18


# Names and numbers of the types of values.
_VALUE_TYPES = {
    "INTEGER": 2, "STRING": 4, "NULL": 5, "OID": 6, "IpAddress": 64, "Counter32": 65,
    "Gauge32": 66, "Timeticks": 67, "Opaque": 68, "Counter64": 70,
    "noSuchObject": 128, "noSuchInstance": 129, "endOfMibView": 130,
}
_VALUE_NAMES = {number: name for name, number in _VALUE_TYPES.items()}
_INTERNET = (1, 3, 6, 1)


class Range(NamedTuple):
    """A search range; an end of () is no end."""
    start: tuple
    include: bool = False
    end: tuple = ()


class Pdu(NamedTuple):
    type: int
    flags: int
    session: int
    transaction: int
    packet: int
    payload: bytes

    @property
    def order(self):
        return ">" if self.flags & NETWORK_BYTE_ORDER else "<"

    def encode(self):
        return struct.pack(f"{self.order}BBBBIIII", 1, self.type, self.flags, 0,
                           self.session, self.transaction, self.packet,
                           len(self.payload)) + self.payload


def decode_header(octets):
    """The PDU of a header, still without payload, and its payload's length."""
    order = ">" if octets[2] & NETWORK_BYTE_ORDER else "<"
    version, kind, flags, _, session, transaction, packet, length = struct.unpack(
        f"{order}BBBBIIII", octets)
    if version != 1:
        raise ValueError(f"AgentX version {version}")
    return Pdu(kind, flags, session, transaction, packet, b""), length


class Encoder:
    """Builds a payload in one byte order."""

    def __init__(self, order):
        self.order = order
        self.octets = b""

    def pack(self, layout, *numbers):
        self.octets += struct.pack(self.order + layout, *numbers)
        return self

    def oid(self, oid, include=False):
        prefix = 0
        if oid[:4] == _INTERNET and len(oid) > 4 and 0 < oid[4] < 256:
            prefix, oid = oid[4], oid[5:]
        self.pack("BBBB", len(oid), prefix, include, 0)
        return self.pack(f"{len(oid)}I", *oid)

    def string(self, octets):
        self.pack("I", len(octets))
        self.octets += octets + b"\0" * (-len(octets) % 4)
        return self

    def ranges(self, ranges):
        for one in ranges:
            self.oid(one.start, one.include)
            self.oid(one.end)
        return self

    def varbind(self, oid, value):
        self.pack("HH", _VALUE_TYPES[value.type], 0)
        self.oid(oid)
        if value.type in ("INTEGER", "Counter32", "Gauge32", "Timeticks"):
            self.pack("i" if value.type == "INTEGER" else "I", value.value)
        elif value.type == "Counter64":
            self.pack("Q", value.value)
        elif value.type == "OID":
            self.oid(value.value)
        elif value.value is not None:
            self.string(value.value)
        return self


class Decoder:
    """Reads a payload from front to back."""

    def __init__(self, pdu):
        self.order = pdu.order
        self.octets = pdu.payload
        self.at = 0

    def unpack(self, layout):
        layout = self.order + layout
        numbers = struct.unpack_from(layout, self.octets, self.at)
        self.at += struct.calcsize(layout)
        return numbers

    def is_at_end(self):
        return self.at == len(self.octets)

    def oid(self):
        count, prefix, _include, _ = self.unpack("BBBB")
        head = (*_INTERNET, prefix) if prefix else ()
        return head + self.unpack(f"{count}I")

    def string(self):
        length, = self.unpack("I")
        octets = self.octets[self.at:self.at + length]
        if len(octets) != length:
            raise ValueError("a string longer than its PDU")
        self.at += length + -length % 4
        return octets

    def varbind(self):
        kind, _ = self.unpack("HH")
        oid = self.oid()
        name = _VALUE_NAMES[kind]
        if name in ("INTEGER", "Counter32", "Gauge32", "Timeticks"):
            value, = self.unpack("i" if name == "INTEGER" else "I")
        elif name == "Counter64":
            value, = self.unpack("Q")
        elif name == "OID":
            value = self.oid()
        elif name in ("STRING", "IpAddress", "Opaque"):
            value = self.string()
        else:
            value = None
        return oid, Value(name, value)

    def varbinds(self):
        varbinds = []
        while not self.is_at_end():
            varbinds.append(self.varbind())
        return varbinds
