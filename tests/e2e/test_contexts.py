#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Two connections in two contexts, and which one the default context shows."""
import lab
from lab import LabTest, at_once
from node import Domain, Node
from snmp import (HVX_MIB, NO_OBJECT, VM_MIB, Manager, SnmpTimeout, integer, oid,
                  string)

FIRST = [Domain("alpha"), Domain("beta"), Domain("gamma")]
SECOND = [Domain("delta"), Domain("epsilon")]

TRUE, FALSE = integer(1), integer(2)


class Contexts(LabTest):
    contexts = ("kvm1", "other")

    def start(self, first="kvm1", second="kvm2 {uri} context other"):
        """Starts with two connections; {uri} stands for that of the node."""
        lines = []
        for name, domains, line in (("1", FIRST, first), ("2", SECOND, second)):
            path = self.lab.write(f"node{name}.xml", Node(domains).xml())
            uri = f"sim:{path}"
            lines.append(line.format(uri=uri) if "{uri}" in line else f"{line} {uri}")
        self.lab.write_config(*lines)
        self.lab.start_agent()
        for connection in (1, 2):
            self.lab.wait_state(2, connection)

    def names(self, manager=None):
        return sorted(value.value.decode()
                      for _, value in self.lab.walk(oid("vmName"), manager))

    def assert_shows(self, domains, manager=None):
        self.assertEqual(self.names(manager), sorted(domain.name for domain in domains))
        self.assertEqual(self.lab.get(oid("vmNumber", 0), manager),
                         integer(len(domains)))

    def test_the_first_connection_is_the_default_one(self):
        self.start()
        self.assert_shows(FIRST)
        self.assert_shows(FIRST, Manager.community("kvm1"))
        self.assert_shows(SECOND, Manager.community("other"))
        self.assertEqual(self.lab.get_many([oid("hvxConnectionDefault", 1),
                                            oid("hvxConnectionDefault", 2)]),
                         {oid("hvxConnectionDefault", 1): TRUE,
                          oid("hvxConnectionDefault", 2): FALSE})

    def test_the_marked_connection_is_the_default_one(self):
        self.start(second="kvm2 {uri} context other default")
        self.assert_shows(SECOND)
        self.assert_shows(FIRST, Manager.community("kvm1"))
        self.assert_shows(SECOND, Manager.community("other"))
        self.assertEqual(self.lab.get(oid("hvxConnectionDefault", 1)), FALSE)
        self.assertEqual(self.lab.get(oid("hvxConnectionDefault", 2)), TRUE)

    def test_contexts_by_name_in_v3(self):
        self.start()
        self.assert_shows(FIRST, Manager.user("operator"))
        self.assert_shows(FIRST, Manager.user("operator", "kvm1"))
        self.assert_shows(SECOND, Manager.user("operator", "other"))

    def test_the_default_context_lists_all_connections(self):
        self.start()
        table = dict(self.lab.walk(oid("hvxConnectionEntry")))
        for index, name, context in ((1, "kvm1", "kvm1"), (2, "kvm2", "other")):
            self.assertEqual(table[oid("hvxConnectionName", index)], string(name))
            self.assertEqual(table[oid("hvxConnectionContext", index)], string(context))
            self.assertEqual(table[oid("hvxConnectionBackend", index)], string("sim"))
            self.assertEqual(table[oid("hvxConnectionState", index)], integer(2))
        self.assertEqual({name[-1] for name in table}, {1, 2})

    def test_another_context_lists_only_its_own_connection(self):
        self.start()
        for context, index in (("kvm1", 1), ("other", 2)):
            manager = Manager.community(context)
            table = self.lab.walk(oid("hvxConnectionEntry"), manager)
            self.assertEqual({name[-1] for name, _ in table}, {index})
            # By GET and GETNEXT as well.
            self.assertEqual(self.lab.get(oid("hvxConnectionName", 3 - index), manager)
                             .type, "noSuchInstance")
            (name, _), = self.lab.get_next(oid("hvxConnectionName"), manager=manager)
            self.assertEqual(name, oid("hvxConnectionName", index))

    def test_the_agent_itself_is_seen_in_each_context(self):
        self.start()
        for manager in (None, Manager.community("kvm1"), Manager.community("other")):
            self.assertEqual(self.lab.get(oid("hvxAgentVersion", 0), manager).type,
                             "STRING")

    def test_a_context_has_no_system_group(self):
        self.start()
        self.assertEqual(self.lab.get(oid("sysUpTime", 0), Manager.community("other")),
                         NO_OBJECT)

    def test_an_unknown_context_is_not_answered(self):
        self.start()
        self.lab.timeout_s = "1"
        with self.assertRaises(SnmpTimeout):
            self.lab.get(oid("vmNumber", 0), Manager.user("operator", "nobody"))

    def test_walks_in_all_contexts_at_once_do_not_mix(self):
        self.start()
        managers = [(Manager.community(), FIRST), (Manager.community("kvm1"), FIRST),
                    (Manager.community("other"), SECOND),
                    (Manager.user("operator", "other"), SECOND)]

        def walk_often(manager, domains):
            for _ in range(5):
                self.assert_shows(domains, manager)

        at_once([lambda m=manager, d=domains: walk_often(m, d)
                 for manager, domains in managers])

    def test_whole_walks_of_a_context(self):
        self.start()
        manager = Manager.user("operator", "other")
        for root in (VM_MIB, HVX_MIB):
            names = [name for name, _ in self.lab.bulk_walk(root, manager=manager)]
            self.assertEqual(names, sorted(set(names)))
            self.assertEqual(names, [name for name, _ in self.lab.walk(root, manager)])


if __name__ == "__main__":
    lab.main()
