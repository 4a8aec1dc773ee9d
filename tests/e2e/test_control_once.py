#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Control by SET: each operation once, whatever is repeated or restarted."""
import subprocess
import time

import lab
import node
from agentx import Type
from control import (CANCELLED, INTERRUPTED, IS_RUNNING, IS_SHUTDOWN, QUEUED, REBOOT,
                     RUNNING, START, SUCCEEDED, ControlTest, operation)
from lab import PATIENCE
from node import Domain
from second import OBJECT, Second
from snmp import PLAIN_OUTPUT, dotted, integer, oid

# Longer than all tries of a manager that waits 1 s and tries again five times.
LONG_S = 8


class Once(ControlTest):
    domains = [Domain("off", state=node.SHUTDOWN), Domain("on")]
    durations = {"start": LONG_S, "reboot": LONG_S}

    def impatient_set(self, *words):
        """A manager's SET with many short tries: how long it took."""
        began = time.monotonic()
        run = subprocess.run(
            ["snmpset", "-v2c", "-c", "public", "-t", "1", "-r", "5", *PLAIN_OUTPUT,
             self.lab.address, *(dotted(word) if isinstance(word, tuple) else str(word)
                                 for word in words)],
            env=self.lab.environment, capture_output=True, text=True,
            timeout=60 * PATIENCE)
        self.assertNotIn("genErr", run.stderr)
        return run, time.monotonic() - began

    def ways(self):
        """Each way to want a long operation: its words, and what it does."""
        index = self.index
        return {
            "a row": (operation(self.domain("off"), 1, START), ("off", "start")),
            "an action": ((oid("hvxPowerAction", index("on")), "i", REBOOT),
                          ("on", "reboot")),
            "a goal": ((oid("hvxPowerAdminState", index("off")), "i", 1),
                       ("off", "start")),
        }

    def test_a_long_operation_is_answered_at_once(self):
        run, seconds = self.impatient_set(*operation(self.domain("off"), 1, START))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertLess(seconds, 1 * PATIENCE)
        self.assertEqual(self.state("off", 1), RUNNING)
        self.wait_row("off", 1, SUCCEEDED)
        self.assertEqual(self.record(), [("off", "start")])

    def held_up(self, way):
        """A SET whose every try waits in snmpd behind somebody else's."""
        words, done = self.ways()[way]
        with Second(self.lab) as second:
            second.hold_commit_s = 3
            other = subprocess.Popen(
                ["snmpset", "-v2c", "-c", "public", "-t", "30", "-r", "0",
                 *PLAIN_OUTPUT, self.lab.address, dotted(OBJECT), "i", "2"],
                env=self.lab.environment, stdout=subprocess.DEVNULL)
            second.wait_phase(Type.COMMIT_SET)
            self.impatient_set(*words)
            other.wait(60 * PATIENCE)
        self.wait_idle()
        self.assertEqual(self.record(), [done])

    def test_a_row_that_was_held_up(self):
        self.held_up("a row")

    def test_an_action_that_was_held_up(self):
        self.held_up("an action")

    def test_a_goal_that_was_held_up(self):
        self.held_up("a goal")


class Remembered(ControlTest):
    domains = [Domain("off", state=node.SHUTDOWN), Domain("on")]
    durations = {"reboot": 2}

    def restart(self, kill=False):
        if kill:
            self.lab.agent.kill()
        else:
            self.lab.agent.stop()
        self.lab.start_agent()
        self.lab.wait_state(2)

    def test_a_name_is_used_once(self):
        words = operation(self.domain("off"), 7, START)
        self.set(*words)
        self.assert_refused("inconsistentValue", *words, failed=words[0])
        self.wait_row("off", 7, SUCCEEDED)
        self.assert_refused("inconsistentValue", *words)
        for kill in (False, True):
            self.restart(kill)
            self.assertEqual(self.state("off", 7), SUCCEEDED)
            self.assert_refused("inconsistentValue", *words)
        self.assertEqual(self.record(), [("off", "start")])

    def ended_while_at_work(self, kill):
        self.set(*operation(self.domain("on"), 1, REBOOT))
        self.set(*operation(self.domain("on"), 2, REBOOT, Tag="second"))
        self.assertEqual((self.state("on", 1), self.state("on", 2)), (RUNNING, QUEUED))
        self.restart(kill)
        self.assertEqual((self.state("on", 1), self.state("on", 2)),
                         (INTERRUPTED, CANCELLED))
        for number in (1, 2):
            self.assert_refused("inconsistentValue",
                                *operation(self.domain("on"), number, REBOOT))
        self.set(*operation(self.domain("on"), 3, REBOOT))
        self.wait_row("on", 3, SUCCEEDED)
        # The first one's effect may have come before the agent ended.
        self.assertIn(self.record(), ([("on", "reboot")], [("on", "reboot")] * 2))

    def test_an_agent_that_is_stopped(self):
        self.ended_while_at_work(kill=False)

    def test_an_agent_that_is_killed(self):
        self.ended_while_at_work(kill=True)

    def test_numbers_of_its_own_are_not_used_again(self):
        index = oid("hvxPowerOperationId", self.index("off"))
        self.set_power("off", START)
        first = self.wait_last("off", SUCCEEDED)
        self.restart(kill=True)
        self.assertEqual(self.lab.get(index).value, first)
        self.wait_domain("off", IS_SHUTDOWN)  # the node begins anew with the agent
        self.set(oid("hvxPowerAdminState", self.index("off")), "i", 1)
        self.assertGreater(self.wait_last("off", SUCCEEDED), first)


class Repeated(ControlTest):
    domains = [Domain("off", state=node.SHUTDOWN), Domain("on")]
    extra = "repeatWindow 1s\n"

    def test_the_same_action_in_a_short_time_is_the_same(self):
        self.set_power("on", REBOOT)
        first = self.wait_last("on", SUCCEEDED)
        self.set_power("on", REBOOT)
        lab.wait_for(lambda: self.set_power("on", REBOOT) and self.lab.get(
            oid("hvxPowerOperationId", self.index("on"))).value != first,
            "another operation once repeatWindow is over")
        self.wait_idle()
        self.assertEqual(self.record(), [("on", "reboot")] * 2)

    def test_a_lock_opens_once(self):
        name = oid("hvxPowerLock", self.index("on"))
        value = self.lab.get(name).value
        words = (oid("hvxPowerAction", self.index("on")), "i", REBOOT, name, "i", value)
        self.set(*words)
        self.assert_refused("inconsistentValue", *words, failed=name)
        self.assertEqual(self.lab.get(name), integer((value + 1) % 2 ** 31))
        # With the lock it is meant, however soon it comes.
        self.set(*words[:-1], (value + 1) % 2 ** 31)
        self.wait_idle()
        self.assertEqual(self.record(), [("on", "reboot")] * 2)

    def test_a_domain_that_went_off_by_itself_is_started(self):
        index = self.index("on")
        self.wait_domain("on", IS_RUNNING)
        self.domain("on").state = node.SHUTDOWN
        self.write_node()
        # What the agent has read a moment ago says that it runs.
        self.set(oid("hvxPowerAdminState", index), "i", 1)
        self.wait_last("on", SUCCEEDED)
        self.assertEqual(self.record(), [("on", "start")])
        self.wait_domain("on", IS_RUNNING)


if __name__ == "__main__":
    lab.main()
