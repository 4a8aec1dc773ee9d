#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Control by SET: each operation once, whatever is repeated or restarted."""
import contextlib
import time

import lab
import node
from agentx import Type
from control import (CANCELLED, IMPATIENT, INTERRUPTED, IS_RUNNING, IS_SHUTDOWN, QUEUED,
                     REBOOT, RUNNING, START, SUCCEEDED, ControlTest, operation)
from lab import PATIENCE
from node import Domain
from second import OBJECT, Second
from snmp import integer, oid

NO_ERROR, INCONSISTENT_VALUE = 0, 12


def varbinds(words):
    """Words of snmpset as client.Client takes them; all of them integers."""
    return tuple((name, "INTEGER", value)
                 for name, value in zip(words[::3], words[2::3]))


class AtOnce(ControlTest):
    domains = [Domain("off", state=node.SHUTDOWN)]
    durations = {"start": 10}

    def test_a_long_operation_is_answered_at_once(self):
        began = time.monotonic()
        with self.set_in_background(*operation(self.domain("off"), 1, START),
                                    options=IMPATIENT) as manager:
            self.assertEqual(manager.wait(60 * PATIENCE), 0)
        self.assertLess(time.monotonic() - began, 1 * PATIENCE)
        self.assertEqual(self.state("off", 1), RUNNING)
        self.wait_row("off", 1, SUCCEEDED)
        self.assertEqual(self.record(), [("off", "start")])


class HeldUp(ControlTest):
    """SETs whose every try waits in snmpd behind somebody else's."""
    domains = [Domain("row", state=node.SHUTDOWN), Domain("action"),
               Domain("goal", state=node.SHUTDOWN), Domain("lock")]
    durations = {"start": 2, "reboot": 2}

    def sets(self):
        """Each way to want a long operation."""
        lock = oid("hvxPowerLock", self.index("lock"))
        return [
            operation(self.domain("row"), 1, START),
            (oid("hvxPowerAction", self.index("action")), "i", REBOOT),
            (oid("hvxPowerAdminState", self.index("goal")), "i", 1),
            (lock, "i", self.lab.get(lock).value,
             oid("hvxPowerAction", self.index("lock")), "i", REBOOT),
        ]

    def assert_done_once(self):
        self.wait_idle()
        self.assertEqual(sorted(self.record()),
                         [("action", "reboot"), ("goal", "start"), ("lock", "reboot"),
                          ("row", "start")])

    def test_a_manager_that_tries_again(self):
        sets = self.sets()
        with contextlib.ExitStack() as stack:
            second = stack.enter_context(Second(self.lab))
            second.hold_commit_s = 3
            other = stack.enter_context(self.set_in_background(OBJECT, "i", 2))
            second.wait_phase(Type.COMMIT_SET)
            managers = [
                stack.enter_context(self.set_in_background(*words, options=IMPATIENT))
                for words in sets]
            for process in (other, *managers):
                self.assertEqual(process.wait(60 * PATIENCE), 0, process.args)
        self.assert_done_once()

    def test_each_try_is_a_transaction(self):
        """snmpd drops the tries of a manager that is gone: this one stays."""
        tries = 4
        client = self.lab.client()
        self.addCleanup(client.close)
        sets = [varbinds(words) for words in self.sets()]
        with Second(self.lab) as second:
            second.hold_test_s = 1
            with self.set_in_background(OBJECT, "i", 2) as other:
                second.wait_phase(Type.TEST_SET)
                outcomes = client.set_all(sets * tries)
                self.assertEqual(other.wait(60 * PATIENCE), 0)
        refused = (INCONSISTENT_VALUE, 1)
        self.assertEqual(outcomes, [(NO_ERROR, 0)] * 4 + [
            refused, (NO_ERROR, 0), (NO_ERROR, 0), refused] * (tries - 1))
        self.assert_done_once()


class Remembered(ControlTest):
    domains = [Domain("off", state=node.SHUTDOWN), Domain("on")]
    durations = {"reboot": 2}

    def end(self, kill):
        if kill:
            self.lab.agent.kill()
        else:
            self.lab.agent.stop()

    def start(self):
        self.lab.start_agent()
        self.lab.wait_state(2)

    def test_a_name_is_used_once(self):
        words = operation(self.domain("off"), 7, START)
        self.set(*words)
        self.assert_refused("inconsistentValue", *words, failed=words[0])
        self.wait_row("off", 7, SUCCEEDED)
        self.assert_refused("inconsistentValue", *words)
        for kill in (False, True):
            self.end(kill)
            self.start()
            self.assertEqual(self.state("off", 7), SUCCEEDED)
            self.assert_refused("inconsistentValue", *words)
        self.assertEqual(self.record(), [("off", "start")])

    def ended_while_at_work(self, kill):
        self.set(*operation(self.domain("on"), 1, REBOOT))
        self.set(*operation(self.domain("on"), 2, REBOOT, Tag="second"))
        self.assertEqual((self.state("on", 1), self.state("on", 2)), (RUNNING, QUEUED))
        self.end(kill)
        before = self.record()
        self.start()
        self.assertEqual((self.state("on", 1), self.state("on", 2)),
                         (INTERRUPTED, CANCELLED))
        for number in (1, 2):
            self.assert_refused("inconsistentValue",
                                *operation(self.domain("on"), number, REBOOT))
        self.set(*operation(self.domain("on"), 3, REBOOT))
        self.wait_row("on", 3, SUCCEEDED)
        # The first one's effect may have come before the agent ended, not later.
        self.assertLessEqual(len(before), 1)
        self.assertEqual(self.record(), before + [("on", "reboot")])

    def test_an_agent_that_is_stopped(self):
        self.ended_while_at_work(kill=False)

    def test_an_agent_that_is_killed(self):
        self.ended_while_at_work(kill=True)

    def test_numbers_of_its_own_are_not_used_again(self):
        index = oid("hvxPowerOperationId", self.index("off"))
        self.set_power("off", START)
        first = self.wait_last("off", SUCCEEDED)
        self.end(kill=True)
        self.start()
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
