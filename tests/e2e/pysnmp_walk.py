# SPDX-License-Identifier: BSD-2-Clause
"""Walks by pysnmp, a second SNMP implementation beside net-snmp.

usage: pysnmp_walk.py PORT next|bulk REPETITIONS OID...

Walks below each of the OIDs, all in the same requests, at 127.0.0.1:PORT.
Prints one line for each varbind: the position of the OID that it is below, its
name, its type and its value in hexadecimal; OIDs and numbers as they are.

A program of its own, since pysnmp is installed for Debian's Python, which need not
be the one that runs the tests.
"""
import sys

from pyasn1.type.univ import ObjectIdentifier
from pysnmp.hlapi import (CommunityData, ContextData, ObjectIdentity, ObjectType,
                          SnmpEngine, UdpTransportTarget, bulkCmd, nextCmd)
from pysnmp.proto import rfc1902, rfc1905

TIMEOUT_S = 60

TYPES = {
    rfc1902.Integer: "INTEGER",
    rfc1902.Integer32: "INTEGER",
    rfc1902.OctetString: "STRING",
    ObjectIdentifier: "OID",
    rfc1902.Counter32: "Counter32",
    rfc1902.Gauge32: "Gauge32",
    rfc1902.Unsigned32: "Gauge32",
    rfc1902.Counter64: "Counter64",
    rfc1902.TimeTicks: "Timeticks",
}


def text(value):
    return (value.asOctets().hex() if isinstance(value, rfc1902.OctetString)
            else value.prettyPrint())


def main():
    port, kind, repetitions, *roots = sys.argv[1:]
    ask, counts = {"next": (nextCmd, ()),
                   "bulk": (bulkCmd, (0, int(repetitions)))}[kind]
    rows = ask(SnmpEngine(), CommunityData("public", mpModel=1),
               UdpTransportTarget(("127.0.0.1", int(port)), TIMEOUT_S, 0),
               ContextData(), *counts,
               *(ObjectType(ObjectIdentity(root)) for root in roots),
               lookupMib=False, lexicographicMode=False)
    for indication, status, position, row in rows:
        if indication or status:
            sys.exit(f"{indication or status.prettyPrint()} at {position}")
        for column, (name, value) in enumerate(row):
            # Columns that have ended are filled up.
            if not value.isSameTypeWith(rfc1905.unSpecified) \
                    and not isinstance(value, rfc1905.EndOfMibView):
                print(column, name, TYPES[type(value)], text(value))


main()
