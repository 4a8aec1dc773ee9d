# SPDX-License-Identifier: BSD-2-Clause
"""A manager in this process: SNMPv2c on one socket, to tell how long answers take.

net-snmp's tools take tens of milliseconds to start; this does not.
"""
import itertools
import socket
import time
from typing import NamedTuple

from snmp import END, NO_INSTANCE, NO_OBJECT, Value, below

_VERSION_2C = 1

_INTEGER, _STRING, _NULL, _OID, _SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
_GET, _GET_NEXT, _RESPONSE, _SET, _GET_BULK = 0xa0, 0xa1, 0xa2, 0xa3, 0xa5

_NUMBERS = {_INTEGER: "INTEGER", 0x41: "Counter32", 0x42: "Gauge32", 0x43: "Timeticks",
            0x46: "Counter64"}
# A walk that goes too far comes to other agents' objects, of all types.
_OCTETS = {_STRING: "STRING", 0x40: "IpAddress", 0x44: "Opaque"}
_EXCEPTIONS = {0x80: NO_OBJECT, 0x81: NO_INSTANCE, 0x82: END}

# More would not fit into a message that snmpd sends.
_REPETITIONS = 40

# SETs sent and not answered yet.
_UNDERWAY_MAX = 50


class Answer(NamedTuple):
    varbinds: list
    sent_ns: int  # on CLOCK_BOOTTIME
    received_ns: int
    starved_s: float  # of that, processes only waited for a CPU

    @property
    def seconds(self):
        """How long somebody kept us waiting, the machine's other work left out."""
        return max(0, (self.received_ns - self.sent_ns) / 1e9 - self.starved_s)

    @property
    def values(self):
        return [value.value for _, value in self.varbinds]


# Types that a SET can carry, by their names, and their tags.
TAGS = {"INTEGER": _INTEGER, "STRING": _STRING, "NULL": _NULL, "OID": _OID,
        "IpAddress": 0x40, "Counter32": 0x41, "Gauge32": 0x42, "Timeticks": 0x43,
        "Opaque": 0x44, "Counter64": 0x46}


class Outcome(NamedTuple):
    """What became of a SET: error status and index of RFC 3416."""
    error: int
    index: int


def _element(tag, content):
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def _integer(number):
    return _element(_INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big",
                                              signed=True))


def _content(value):
    """The octets of a value: of numbers, of an OID, or as they are given."""
    if isinstance(value, int):
        return value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)
    if isinstance(value, tuple):
        return _oid(value)[2:]
    return value


def _sub_identifier(number):
    octets = [number & 0x7f]
    while number := number >> 7:
        octets.append(0x80 | number & 0x7f)
    return bytes(reversed(octets))


def _oid(name):
    numbers = (40 * name[0] + name[1], *name[2:])
    return _element(_OID, b"".join(_sub_identifier(number) for number in numbers))


def _parse_oid(octets):
    numbers = [0]
    for octet in octets:
        numbers[-1] = numbers[-1] << 7 | octet & 0x7f
        if octet < 0x80:
            numbers.append(0)
    first = min(numbers[0] // 40, 2)
    return (first, numbers[0] - 40 * first, *numbers[1:-1])


def _elements(octets):
    """The elements of a sequence: pairs of tag and content."""
    at = 0
    while at < len(octets):
        tag, length, at = octets[at], octets[at + 1], at + 2
        if length >= 0x80:
            size = length & 0x7f
            length, at = int.from_bytes(octets[at:at + size], "big"), at + size
        yield tag, octets[at:at + length]
        at += length


def _value(tag, content):
    if tag in _EXCEPTIONS:
        return _EXCEPTIONS[tag]
    if tag in _NUMBERS:
        return Value(_NUMBERS[tag],
                     int.from_bytes(content, "big", signed=tag == _INTEGER))
    if tag in _OCTETS:
        return Value(_OCTETS[tag], content)
    if tag == _OID:
        return Value("OID", _parse_oid(content))
    raise ValueError(f"a value of type {tag:#x}")


class Client:
    """Asks one question after the other.  Raises TimeoutError."""

    def __init__(self, path, timeout_s, starvation, community="public"):
        """starvation(): begins a lab.Starvation of those who have to answer."""
        self._starvation = starvation
        self._community = community.encode()
        self._numbers = itertools.count(1)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        self._socket.connect(str(path))

    def close(self):
        self._socket.close()

    def get(self, *names):
        return self._ask(_GET, 0, 0, names)

    def get_bulk(self, *names, repetitions=_REPETITIONS):
        return self._ask(_GET_BULK, 0, repetitions, names)

    def walk(self, root):
        """Answer by answer, each with what it has of the subtree."""
        at, is_end = root, False
        while not is_end:
            answer = self.get_bulk(at)
            inside = [varbind for varbind in answer.varbinds
                      if varbind[1] != END and below(root, varbind[0])]
            is_end = len(inside) < len(answer.varbinds) or not inside
            at = inside[-1][0] if inside else root
            yield answer._replace(varbinds=inside)

    def set(self, *varbinds):
        """A SET; each varbind is a name, a type of TAGS, and a value."""
        return self.set_all([varbinds])[0]

    def set_all(self, sets):
        """Many SETs, without waiting for one's answer before the next: outcomes."""
        numbers = []
        outcomes = {}
        for varbinds in sets:
            number, message = self._message(_SET, 0, 0, [
                _oid(name) + _element(TAGS[kind], _content(value))
                for name, kind, value in varbinds])
            # Who only sends fills the socket both ways, and then all wait.
            if len(numbers) - len(outcomes) == _UNDERWAY_MAX:
                outcomes.update([self._outcome()])
            numbers.append(number)
            self._socket.sendall(message)
        while len(outcomes) < len(numbers):
            outcomes.update([self._outcome()])
        return [outcomes[number] for number in numbers]

    def _outcome(self):
        """The number of a SET that is answered next, and its outcome."""
        _, _, (_, pdu) = _elements(self._receive())
        (_, number), (_, error), (_, index), _ = _elements(pdu)
        return int.from_bytes(number, "big"), Outcome(
            int.from_bytes(error, "big"), int.from_bytes(index, "big"))

    def _message(self, kind, first, second, varbinds):
        number = next(self._numbers)
        content = b"".join(_element(_SEQUENCE, varbind) for varbind in varbinds)
        pdu = _element(kind, _integer(number) + _integer(first) + _integer(second)
                       + _element(_SEQUENCE, content))
        return number, _element(_SEQUENCE, _integer(_VERSION_2C)
                                + _element(_STRING, self._community) + pdu)

    def _ask(self, kind, first, second, names):
        number, message = self._message(
            kind, first, second, [_oid(name) + _element(_NULL, b"") for name in names])
        starvation = self._starvation()
        sent_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        self._socket.sendall(message)
        message = self._receive()
        received_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        starved_s = starvation.seconds()
        _, _, (kind, pdu) = _elements(message)
        (_, answered), (_, error), _, (_, varbinds) = _elements(pdu)
        if kind != _RESPONSE or int.from_bytes(answered, "big") != number:
            raise ValueError(f"not an answer to request {number}: {message.hex()}")
        if error != b"\0":
            raise ValueError(f"error status {error.hex()}")
        return Answer([self._varbind(content) for _, content in _elements(varbinds)],
                      sent_ns, received_ns, starved_s)

    @staticmethod
    def _varbind(octets):
        (_, name), (tag, content) = _elements(octets)
        return _parse_oid(name), _value(tag, content)

    def _receive(self):
        """The content of one message."""
        head = self._read(2)
        length = head[1]
        if length >= 0x80:
            length = int.from_bytes(self._read(length & 0x7f), "big")
        return self._read(length)

    def _read(self, size):
        octets = b""
        while len(octets) < size:
            more = self._socket.recv(size - len(octets))
            if not more:
                raise ConnectionError("snmpd closed the connection")
            octets += more
        return octets
