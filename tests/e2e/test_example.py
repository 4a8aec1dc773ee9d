#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""snmpd.conf.example in a real snmpd: no complaint, and its users get what it says.

Only what is this machine's is adapted: the addresses, the socket and its owner.
The users are made as the file says, in snmpd's persistent file.
"""
import grp
import os
import pwd
import re
import unittest

import lab
import snmp
from lab import Lab
from node import SMALL, Domain, Node
from snmp import (HVX_MIB, NO_OBJECT, VM_MIB, Manager, SnmpError, SnmpTimeout, below,
                  integer, oid)

EXAMPLE = snmp.SOURCE_TREE / "snmpd.conf.example"

SYSTEM = (1, 3, 6, 1, 2, 1, 1)
HVX_OBJECTS = HVX_MIB + (1,)
HVX_CONTROL = HVX_MIB + (2,)

# What snmpd says whatever its configuration.
USUAL_LINES = re.compile(r"Created directory: .*|Turning on AgentX master support\."
                         r"|NET-SNMP version .*|Connection from .*|")


class Example(unittest.TestCase):

    def setUp(self):
        self.lab = self.enterContext(Lab())
        self.text = EXAMPLE.read_text()

    def adapt(self, text):
        """The file with the addresses of the lab; each directive is there once."""
        # Another one than root, whom snmpd "can't identify".
        owner = pwd.getpwuid(os.geteuid() or pwd.getpwnam("nobody").pw_uid)
        group = grp.getgrgid(owner.pw_gid).gr_name
        for pattern, replacement in (
                (r"^agentAddress .*$", f"agentAddress {self.lab.address}"),
                (r"^agentXSocket .*$", f"agentXSocket unix:{self.lab.agentx_socket}"),
                (r"^(agentXPerms \d+ \d+) \S+ \S+$", rf"\1 {owner.pw_name} {group}")):
            text, count = re.subn(pattern, replacement, text, flags=re.MULTILINE)
            self.assertEqual(count, 1, pattern)
        return text

    def users(self):
        """The createUser lines that the file proposes, and their managers."""
        lines = re.findall(r"^#(createUser .*)$", self.text, re.MULTILINE)
        managers = {}
        for line in lines:
            name, auth, auth_key, priv, priv_key = re.fullmatch(
                r'createUser (\S+) +(\S+) "(.*)" (\S+) "(.*)"', line).groups()
            managers[name] = (auth, auth_key, priv, priv_key)
        return lines, managers

    def start(self, text=None, **directives):
        # The path must have the persistent file's folder too, once it is set.
        self.lab.environment["SNMPCONFPATH"] += f":{self.lab.folder}/persist"
        lines, self.keys = self.users()
        (self.lab.folder / "persist" / "snmpd.conf").write_text("\n".join(lines) + "\n")
        self.lab.write("etc/snmpd.conf", self.adapt(text or self.text))
        self.lab.start_master(options=())
        first = self.lab.write("first.xml", Node(SMALL).xml())
        second = self.lab.write("second.xml", Node([Domain("other")]).xml())
        self.lab.write_config(f"kvm1 sim:{first}", f"kvm2 sim:{second}", **directives)
        self.lab.start_agent(wait=False)
        self.lab.wait_served(self.manager("hvmonitor"))

    def manager(self, name, context=""):
        return Manager.user(name, context, *self.keys[name])

    def assert_no_complaint(self):
        lines = [line for line in self.lab.master.log().splitlines()
                 if not USUAL_LINES.fullmatch(line)]
        self.assertEqual(lines, [])

    def assert_refused(self, manager, name=oid("vmNumber", 0)):
        """Nothing is told: an error, no answer, or no such object."""
        try:
            self.assertEqual(self.lab.get(name, manager), NO_OBJECT)
        except (SnmpError, SnmpTimeout, RuntimeError):
            pass

    def test_it_loads_without_a_complaint(self):
        self.start()
        self.assert_no_complaint()

    def test_it_says_which_users_there_are(self):
        _, managers = self.users()
        self.assertEqual(set(managers), {"hvmonitor", "hvoperator", "hvlegacy"})
        self.assertEqual({name: keys[0] for name, keys in managers.items()},
                         {"hvmonitor": "SHA-256", "hvoperator": "SHA-256",
                          "hvlegacy": "SHA"})

    def test_what_its_users_read(self):
        self.start()
        for name in ("hvmonitor", "hvlegacy", "hvoperator"):
            manager = self.manager(name)
            with self.subTest(user=name):
                self.assertEqual(self.lab.get(oid("sysUpTime", 0), manager).type,
                                 "Timeticks")
                self.assertEqual(self.lab.get(oid("vmNumber", 0), manager),
                                 integer(len(SMALL)))
                self.assertEqual(len(self.lab.walk(oid("vmName"), manager)), len(SMALL))
                state = self.lab.get(oid("hvxConnectionState", 1), manager)
                self.assertEqual(state.type, "INTEGER")
                # And nothing else that snmpd or the agent serves.
                for seen, _ in self.lab.bulk_walk((1, 3), 30, manager):
                    self.assertTrue(below(SYSTEM, seen) or below(VM_MIB, seen)
                                    or below(HVX_OBJECTS, seen), seen)

    def test_what_its_users_set(self):
        self.start()
        for name, in_control in (("hvmonitor", "noAccess"), ("hvlegacy", "noAccess"),
                                 ("hvoperator", "notWritable")):
            manager = self.manager(name)
            for target, wanted in ((oid("vmName", 1), "noAccess"),
                                   (oid("sysContact", 0), "noAccess"),
                                   (oid("hvxConnectionName", 1), "noAccess"),
                                   (HVX_CONTROL + (1, 1, 1, 1, 1), in_control)):
                with self.subTest(user=name, target=target):
                    with self.assertRaises(SnmpError) as caught:
                        self.lab.set(target, "i", "1", manager)
                    self.assertEqual(caught.exception.reason, wanted)

    def test_only_encrypted_requests_are_answered(self):
        self.start()
        self.lab.timeout_s = "1"
        auth, auth_key, priv, _ = self.keys["hvmonitor"]
        for manager in (
                Manager("-v3", "-u", "hvmonitor", "-l", "noAuthNoPriv"),
                Manager("-v3", "-u", "hvmonitor", "-l", "authNoPriv", "-a", auth,
                        "-A", auth_key),
                Manager.user("hvmonitor", "", auth, auth_key, priv, "wrong-password"),
                Manager.user("hvmonitor", "", auth, "wrong-password", priv, auth_key),
                Manager.user("nobody"),
                Manager.community("public"), Manager.community("public", "1"),
                Manager.community("CHANGE-ME")):
            with self.subTest(options=manager.options):
                self.assert_refused(manager)
                self.assert_refused(manager, oid("sysUpTime", 0))

    def test_other_contexts_are_closed(self):
        self.start()
        self.lab.timeout_s = "1"
        for name in ("hvmonitor", "hvoperator", "hvlegacy"):
            self.assert_refused(self.manager(name, "kvm2"))

    def test_a_context_is_opened_by_the_line_proposed(self):
        text, count = re.subn(r'^#(access hvReaders "?kvm2"? .*)$', r"\1", self.text,
                              flags=re.MULTILINE)
        self.assertEqual(count, 1)
        self.start(text)
        self.assert_no_complaint()
        self.lab.timeout_s = "1"
        self.assertEqual(self.lab.get(oid("vmNumber", 0),
                                      self.manager("hvmonitor", "kvm2")), integer(1))
        self.assert_refused(self.manager("hvoperator", "kvm2"))
        self.assert_refused(self.manager("hvmonitor", "kvm1"))

    def test_everything_it_proposes_loads_without_a_complaint(self):
        # All but the destinations of notifications, which would be sent there.
        text, count = re.subn(r"^#((view|access|rouser|rocommunity) .*)$", r"\1",
                              self.text, flags=re.MULTILINE)
        self.assertGreaterEqual(count, 5)
        self.start(text)
        self.assert_no_complaint()


if __name__ == "__main__":
    lab.main()
