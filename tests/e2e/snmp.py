# SPDX-License-Identifier: BSD-2-Clause
"""What net-snmp's client tools are told and what they answer.

OIDs are tuples of integers, so that they compare as SNMP orders them.  A
value is a Value: its type on the wire and a Python value (int; bytes for
OCTET STRINGs; a tuple for OIDs; None for the three exceptions).
"""
import functools
import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

SOURCE_TREE = Path(__file__).resolve().parents[2]
_BUILD_TREE = os.environ.get("HVX_BUILD", SOURCE_TREE)
_MIB_DIRECTORIES = os.environ.get(
    "HVX_MIBS", f"{SOURCE_TREE}/mib/helper:{SOURCE_TREE}/mib:{_BUILD_TREE}/mib")

# For the tools: our modules, besides net-snmp's own.  Of two files with the same
# module the one in the last folder is taken.
MIB_OPTIONS = ("-M", f"-{_MIB_DIRECTORIES}", "-m",
               "VM-MIB:HVAGENTX-MIB:SNMPv2-MIB")

# Values of one form for each type, whatever MIB modules are there.
PLAIN_OUTPUT = ("-On", "-Oe", "-Ox", "--hexOutputLength=0")


class Value(NamedTuple):
    type: str
    value: object


NO_OBJECT = Value("noSuchObject", None)
NO_INSTANCE = Value("noSuchInstance", None)
END = Value("endOfMibView", None)

_EXCEPTIONS = {
    "No Such Object": NO_OBJECT,
    "No Such Instance": NO_INSTANCE,
    "No more variables": END,
}


class SnmpError(Exception):
    """The agent answered with an error status; `reason` is its name."""

    def __init__(self, reason, text):
        super().__init__(text)
        self.reason = reason


class SnmpTimeout(Exception):
    """Nobody answered."""


def string(text):
    """The value of an OCTET STRING."""
    return Value("STRING", text.encode() if isinstance(text, str) else text)


def integer(number):
    return Value("INTEGER", number)


def dotted(oid):
    return "".join(f".{part}" for part in oid)


def parse_oid(text):
    return tuple(int(part) for part in text.strip(".").split("."))


@functools.cache
def _names():
    """Names of all MIB objects and their OIDs."""
    listing = subprocess.run(
        ["snmptranslate", *MIB_OPTIONS, "-Tz"],
        env=dict(os.environ, MIBS="", SNMPCONFPATH="/nowhere"),
        capture_output=True, text=True, check=True).stdout
    return {name: parse_oid(numbers) for name, numbers
            in re.findall(r'"([^"]+)"\s+"([\d.]+)"', listing)}


def oid(name, *instance):
    """The OID of an object of VM-MIB, HVAGENTX-MIB or SNMPv2-MIB.

    vmName and 1 give vmName.1.
    """
    return _names()[name] + instance


def _module_text(module):
    return next(path for folder in _MIB_DIRECTORIES.split(":")
                if (path := Path(folder, f"{module}.txt")).exists()).read_text()


@functools.cache
def readable_columns():
    """The columns that can be read of each table of our modules, by its name."""
    columns = {}
    for module in ("VM-MIB", "HVAGENTX-MIB"):
        objects = re.findall(
            r"^(\w+)\s+OBJECT-TYPE\s+SYNTAX\s+(SEQUENCE OF)?.*?MAX-ACCESS\s+([\w-]+)",
            _module_text(module), re.MULTILINE | re.DOTALL)
        for table in [name for name, is_table, _ in objects if is_table]:
            columns[table] = [name for name, _, access in objects
                              if oid(name)[:-1] == oid(table, 1)
                              and access != "not-accessible"]
    return columns


VM_MIB = (1, 3, 6, 1, 2, 1, 236)
HVX_MIB = (1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 7666)


def below(prefix, name):
    """Whether an OID lies in the subtree of another one."""
    return name[:len(prefix)] == prefix


def _parse_value(text):
    for start, exception in _EXCEPTIONS.items():
        if text.startswith(start):
            return exception
    if text == '""':
        return Value("STRING", b"")
    kind, _, rest = text.partition(": ")
    if kind == "Hex-STRING":
        return Value("STRING", bytes.fromhex(rest))
    if kind == "OID":
        return Value("OID", parse_oid(rest))
    if kind == "Timeticks":
        return Value(kind, int(rest[1:rest.index(")")]))
    if kind in ("INTEGER", "Counter32", "Gauge32", "Counter64"):
        return Value(kind, int(rest))
    return Value(kind, rest)


def parse_varbinds(output):
    """The (OID, Value) pairs that a tool printed with PLAIN_OUTPUT, in order."""
    varbinds = []
    for line in output.splitlines():
        name, equals, text = line.partition(" = ")
        if not equals:
            raise ValueError(f"not a varbind: {line!r}")
        varbinds.append((parse_oid(name), _parse_value(text.strip())))
    return varbinds


def check_errors(run):
    """Raises what a tool's output tells of an error, if it failed."""
    output = run.stdout + run.stderr
    if "No Response" in output or "Timeout" in run.stderr:
        raise SnmpTimeout(output.strip())
    reason = re.search(r"Reason: \(?(\w+)", output)
    if reason:
        raise SnmpError(reason[1], output.strip())
    if run.returncode != 0:
        raise RuntimeError(f"{run.args} failed: {output.strip()}")


class Manager:
    """Who asks: the tools' options for version, credentials and context."""

    def __init__(self, *options):
        self.options = options

    @classmethod
    def community(cls, community="public", version="2c"):
        return cls(f"-v{version}", "-c", community)

    @classmethod
    def user(cls, name, context="", auth="SHA-256", auth_key="authpassword",
             priv="AES", priv_key="privpassword"):
        return cls("-v3", "-u", name, "-l", "authPriv", "-a", auth, "-A", auth_key,
                   "-x", priv, "-X", priv_key, "-n", context)
