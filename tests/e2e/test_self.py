#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""What the agent tells of itself, beside what the system says of its process."""
import os
from pathlib import Path

import lab
from lab import LabTest, wait_for
from node import SMALL, Node
from snmp import oid

PAGE_KIB = os.sysconf("SC_PAGESIZE") // 1024
TICK_US = 1000000 // os.sysconf("SC_CLK_TCK")


class Self(LabTest):
    def setUp(self):
        super().setUp()
        self.lab.write_config("first sim:" + str(
            self.lab.write("node.xml", Node(SMALL).xml())))
        self.lab.start_agent()

    def value(self, name):
        return self.lab.get(oid(name, 0)).value

    def process(self, name):
        return Path(f"/proc/{self.lab.agent.pid}/{name}").read_text()

    def test_memory(self):
        def is_the_same():
            told = self.value("hvxAgentMemory")
            real = int(self.process("statm").split()[1]) * PAGE_KIB
            return abs(told - real) <= real / 10
        wait_for(is_the_same, "the resident memory of the process")

    def test_cpu_time(self):
        def used():
            user, system = self.process("stat").rpartition(")")[2].split()[11:13]
            return (int(user) + int(system)) * TICK_US

        begun = used()
        # At least one second old by then is what was read before.
        wait_for(lambda: self.lab.walk(oid("vmTable")) and used() >= begun + 5 * TICK_US,
                 "some work")
        wanted = used()
        told = wait_for(lambda: [value for value in [self.value("hvxAgentCpuTime")]
                                 if value >= wanted - 2 * TICK_US], "the CPU time")[0]
        self.assertLessEqual(told, used() + 2 * TICK_US)

    def test_sessions_with_the_master_are_counted(self):
        self.assertEqual(self.value("hvxAgentMasterSessions"), 1)
        for sessions in (2, 3):
            self.lab.master.stop()
            self.lab.start_master()
            self.lab.wait_served()
            self.assertEqual(self.value("hvxAgentMasterSessions"), sessions)

    def test_it_has_taken_its_configuration_at_its_start(self):
        self.assertEqual(self.lab.get(oid("hvxAgentConfigTime", 0)),
                         self.lab.get(oid("hvxAgentStartTime", 0)))
        self.assertEqual(self.value("hvxAgentConfigError"), b"")


if __name__ == "__main__":
    lab.main()
