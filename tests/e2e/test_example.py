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
from uuid import UUID

import lab
import snmp
from lab import Lab
from node import SMALL, SHUTDOWN, Domain, Node
from snmp import (HVX_MIB, NO_OBJECT, VM_MIB, Manager, SnmpError, SnmpTimeout, below,
                  integer, oid)

EXAMPLE = snmp.SOURCE_TREE / "snmpd.conf.example"

SYSTEM = (1, 3, 6, 1, 2, 1, 1)
HVX_OBJECTS = HVX_MIB + (1,)
HVX_CONTROL = HVX_MIB + (2,)

# What snmpd says whatever its configuration.
USUAL_LINES = re.compile(r"Created directory: .*|Turning on AgentX master support\."
                         r"|NET-SNMP version .*|Connection from .*|")


def row(column, class_number, uuid, number):
    """An instance of a column of hvxOperationTable."""
    return oid(column, class_number, *uuid.bytes, number)


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

    def start(self, text=None, domains=SMALL, extra="", **directives):
        # The path must have the persistent file's folder too, once it is set.
        self.lab.environment["SNMPCONFPATH"] += f":{self.lab.folder}/persist"
        lines, self.keys = self.users()
        (self.lab.folder / "persist" / "snmpd.conf").write_text("\n".join(lines) + "\n")
        self.lab.write("etc/snmpd.conf", self.adapt(text or self.text))
        self.lab.start_master(options=())
        first = self.lab.write("first.xml", Node(domains).xml())
        second = self.lab.write("second.xml", Node([Domain("other")]).xml())
        self.lab.write_config(f"kvm1 sim:{first}", f"kvm2 sim:{second}", extra=extra,
                              **directives)
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
        self.assertEqual({name: keys[0] for name, keys in managers.items()},
                         {"hvmonitor": "SHA-256", "hvoperator": "SHA-256",
                          "hvadmin": "SHA-256", "hvtenant": "SHA-256",
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
                seen = {name for name, _ in self.lab.bulk_walk((1, 3), 30, manager)}
                control = {name for name in seen if below(HVX_CONTROL, name)}
                for name_seen in seen - control:
                    self.assertTrue(
                        below(SYSTEM, name_seen) or below(VM_MIB, name_seen)
                        or below(HVX_OBJECTS, name_seen), name_seen)
                self.assertEqual(control != set(), name == "hvoperator")

    def assert_error(self, reason, manager, *words):
        with self.assertRaises(SnmpError) as caught:
            self.lab.ask("snmpset", *words, manager=manager)
        self.assertEqual(caught.exception.reason, reason, words)

    def test_what_nobody_sets(self):
        self.start()
        for name in ("hvmonitor", "hvlegacy", "hvoperator"):
            for target in (oid("vmName", 1), oid("sysContact", 0),
                           oid("hvxConnectionName", 1),
                           HVX_CONTROL + (3, 1, 1, 1, 1)):
                with self.subTest(user=name, target=target):
                    self.assert_error("noAccess", self.manager(name), target, "i", 1)

    def test_without_a_control_line_the_agent_refuses_all(self):
        self.start()
        operator = self.manager("hvoperator")
        for target in ("hvxPowerAdminState", "hvxPowerAction", "hvxConfigVcpus"):
            kind = "u" if target == "hvxConfigVcpus" else "i"
            self.assert_error("notWritable", operator, oid(target, 1), kind, 1)
        self.assert_error("notWritable", operator,
                          row("hvxOperationRowStatus", 1, SMALL[0].uuid, 1), "i", 4)

    def start_with_roles(self):
        """As the comments of the file say: two roles and a tenant."""
        first, second, third = (UUID(f"00000001-0000-4000-8000-00000000000{n}")
                                for n in (1, 2, 3))
        domains = [Domain("a", first, state=SHUTDOWN), Domain("b", second),
                   Domain("c", third, state=SHUTDOWN)]
        lines = re.findall(r"^# +(control kvm1 context .*)$", self.text, re.MULTILINE)
        self.assertEqual(len(lines), 2)
        lines = [line.replace("UUID UUID", f"{first} {second}") for line in lines]
        self.start(domains=domains, extra="\n".join(
            ["control kvm1 power config debug", *lines]) + "\n")
        return first, second, third

    def test_the_operator_has_power_and_config(self):
        first, _, third = self.start_with_roles()
        operator = self.manager("hvoperator")
        self.lab.ask("snmpset", oid("hvxPowerAdminState", 1), "i", 1,
                     oid("hvxConfigVcpus", 3), "u", 1, manager=operator)
        self.lab.ask("snmpset", row("hvxOperationRowStatus", 1, third, 7), "i", 4,
                     row("hvxOperationAction", 1, third, 7), "i", 1, manager=operator)
        # The agent permits it here, and snmpd does not.
        self.assert_error("noAccess", operator, oid("hvxDebugAction", 1), "i", 23)
        self.assert_error("noAccess", operator,
                          row("hvxOperationRowStatus", 5, first, 7), "i", 4)
        for class_number in (3, 4):
            self.assert_error("noAccess", operator,
                              row("hvxOperationRowStatus", class_number, first, 7),
                              "i", 4)
        self.assert_error("noAccess", operator, oid("hvxOperationsSize", 0), "u", 1)
        # A role is a context: this user does not enter those of others.
        self.lab.timeout_s = "1"
        self.assert_refused(self.manager("hvoperator", "kvm1-admin"))
        self.assert_refused(self.manager("hvoperator", "kvm1-tenant"))

    def test_the_administrator_has_all_that_is_configured(self):
        first, *_ = self.start_with_roles()
        admin = self.manager("hvadmin", "kvm1-admin")
        self.assertEqual(self.lab.get(oid("vmNumber", 0), admin), integer(3))
        self.lab.ask("snmpset", oid("hvxPowerAdminState", 1), "i", 1, manager=admin)
        self.lab.ask("snmpset", oid("hvxDebugAction", 2), "i", 23, manager=admin)
        # No folder is configured: full rights do not help.
        self.assert_error("notWritable", admin, oid("hvxDebugAction", 2), "i", 22)
        roles = {value.value for _, value in self.lab.walk(oid("hvxOperationRole"),
                                                           admin)}
        self.assertEqual(roles, {b"kvm1-admin"})
        self.lab.agent.wait_log(r"makeRunning of a \(.*\) by role kvm1-admin")

    def test_the_tenant_has_two_domains(self):
        first, second, third = self.start_with_roles()
        tenant = self.manager("hvtenant", "kvm1-tenant")
        self.assertEqual({name[-1] for name, _ in self.lab.walk(oid("vmName"), tenant)},
                         {1, 2})
        self.lab.ask("snmpset", oid("hvxPowerAdminState", 1), "i", 1, manager=tenant)
        self.lab.ask("snmpset", row("hvxOperationRowStatus", 1, second, 7), "i", 4,
                     row("hvxOperationAction", 1, second, 7), "i", 7, manager=tenant)
        # Not the third one, and not the configuration: refused by snmpd ...
        self.assert_error("noAccess", tenant, oid("hvxPowerAdminState", 3), "i", 1)
        self.assert_error("noAccess", tenant,
                          row("hvxOperationRowStatus", 1, third, 7), "i", 4)
        self.assert_error("noAccess", tenant, oid("hvxConfigVcpus", 1), "u", 1)
        # ... and what others do to it is not to be seen.
        operator = self.manager("hvoperator")
        self.lab.ask("snmpset", oid("hvxPowerAdminState", 3), "i", 1, manager=operator)
        seen = {name[-17:-1] for name, _ in self.lab.walk(
            oid("hvxOperationAction"), tenant)}
        self.assertEqual(seen, {tuple(first.bytes), tuple(second.bytes)})

    def test_the_agent_refuses_a_tenant_with_full_rights(self):
        # As if snmpd.conf gave the tenant all of hvxControl.
        self.text, count = re.subn(
            r"^(access hvTenants +kvm1-tenant usm priv exact) hvTenantRead hvTenantSet",
            r"\1 hvReadAll hvAdmin", self.text, flags=re.MULTILINE)
        self.assertEqual(count, 1)
        _, _, third = self.start_with_roles()
        tenant = self.manager("hvtenant", "kvm1-tenant")
        self.lab.ask("snmpset", oid("hvxPowerAdminState", 1), "i", 1, manager=tenant)
        for words in ((oid("hvxPowerAdminState", 3), "i", 1),
                      (oid("hvxPowerLock", 3), "i", 1),
                      (oid("hvxConfigVcpus", 1), "u", 1),
                      (oid("hvxDebugAction", 1), "i", 23),
                      (row("hvxOperationRowStatus", 1, third, 7), "i", 4)):
            self.assert_error("notWritable", tenant, *words)
        self.lab.agent.wait_log("SET refused by role kvm1-tenant: hvxPowerAdminState.3: "
                                "notWritable")

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
