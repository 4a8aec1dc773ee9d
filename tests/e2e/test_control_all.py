#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Control by SET: all of its varbinds or none, in order, and within their time."""
import signal

import lab
import node
from agentx import Type
from control import (CANCELLED, DESTROY, EXPIRED, FAILED, IS_PAUSED, IS_RUNNING,
                     IS_SHUTDOWN, PAUSE, POWER_OFF, QUEUED, REBOOT, RESUME, RUNNING,
                     SHUTDOWN, START, SUCCEEDED, ControlTest, operation, row)
from lab import PATIENCE, wait_for
from node import Domain, fault
from second import OBJECT, Second
from snmp import NO_INSTANCE, PLAIN_OUTPUT, dotted, oid


class Together(ControlTest):
    domains = [Domain("a"), Domain("b"), Domain("c", state=node.SHUTDOWN)]

    def powers(self, *actions):
        """A SET of hvxPowerAction on a, b and c."""
        words = []
        for name, action in zip("abc", actions):
            words += [oid("hvxPowerAction", self.index(name)), "i", action]
        return words

    def assert_nothing_happened(self):
        self.assertEqual(self.rows(), {})
        self.assertEqual(self.record(), [])
        # And nothing is in the way of the next one.
        self.set(*operation(self.domain("a"), 99, PAUSE))
        self.wait_row("a", 99, SUCCEEDED)
        self.assertEqual(self.record(), [("a", "pause")])

    def test_three_domains(self):
        self.set(*self.powers(PAUSE, REBOOT, START))
        self.wait_idle()
        self.assertEqual(sorted(self.record()),
                         [("a", "pause"), ("b", "reboot"), ("c", "start")])

    def test_the_last_one_is_refused(self):
        words = self.powers(PAUSE, REBOOT, PAUSE)
        self.assert_refused("inconsistentValue", *words, failed=words[-3])
        self.assert_nothing_happened()

    def test_two_varbinds_that_contradict_each_other(self):
        index = self.index("a")
        action, state = oid("hvxPowerAction", index), oid("hvxPowerAdminState", index)
        for words, failed in (((action, "i", PAUSE, action, "i", PAUSE), action),
                              ((action, "i", PAUSE, state, "i", 4), state),
                              ((state, "i", 3, state, "i", 1), state)):
            self.assert_refused("inconsistentValue", *words, failed=failed)
        vcpus = oid("hvxConfigVcpus", index)
        self.assert_refused("inconsistentValue", vcpus, "u", 1, vcpus, "u", 2)
        self.assert_nothing_happened()

    @staticmethod
    def orders(words):
        """Before and after the second subagent's part."""
        return (*words, OBJECT, "i", 2), (OBJECT, "i", 2, *words)

    def test_another_subagent_refuses_its_part(self):
        words = self.powers(PAUSE, REBOOT, START)
        with Second(self.lab) as second:
            second.fail_test = True
            for order in self.orders(words):
                self.assert_refused("inconsistentValue", *order, failed=OBJECT)
            self.assertNotIn(Type.COMMIT_SET, second.phases)
        self.assert_nothing_happened()

    def test_another_subagent_fails_in_its_part(self):
        with Second(self.lab) as second:
            second.fail_commit = True
            for words in (self.powers(PAUSE, REBOOT, START),
                          operation(self.domain("a"), 1, PAUSE)):
                for order in self.orders(words):
                    self.assert_refused("commitFailed", *order, failed=OBJECT)
            self.assertNotIn(Type.CLEANUP_SET, second.phases)
        self.assert_nothing_happened()
        # A name whose SET was undone was never used.
        self.set(*operation(self.domain("a"), 1, RESUME))

    def test_another_subagent_agrees(self):
        with Second(self.lab):
            self.set(*self.powers(PAUSE, REBOOT, START), OBJECT, "i", 2)
        self.wait_idle()
        self.assertEqual(len(self.record()), 3)

    def test_snmpd_is_killed_between_commit_and_clean_up(self):
        words = operation(self.domain("a"), 1, PAUSE)
        with Second(self.lab) as second:
            second.hold_commit_s = 60
            with self.set_in_background(*words, OBJECT, "i", 2):
                second.wait_phase(Type.COMMIT_SET)
                self.lab.master.kill()
        self.lab.start_master()
        self.lab.wait_served()
        self.assert_nothing_happened()


    def agent_ends_between_commit_and_clean_up(self, end):
        words = operation(self.domain("a"), 1, PAUSE)
        with Second(self.lab) as second:
            second.hold_commit_s = 60
            with self.set_in_background(*words, OBJECT, "i", 2) as manager:
                second.wait_phase(Type.COMMIT_SET)
                end()
                second.release()
                self.assertNotEqual(manager.wait(60 * PATIENCE), 0)
        self.lab.start_agent()
        self.lab.wait_state(2)
        self.assert_nothing_happened()
        # A name whose SET was never complete was never used.
        self.set(*operation(self.domain("a"), 1, RESUME))
        self.wait_row("a", 1, SUCCEEDED)

    def test_the_agent_is_stopped_between_commit_and_clean_up(self):
        self.agent_ends_between_commit_and_clean_up(self.lab.agent.stop)

    def test_the_agent_is_killed_between_commit_and_clean_up(self):
        self.agent_ends_between_commit_and_clean_up(self.lab.agent.kill)


    def test_the_connection_is_closed_between_commit_and_clean_up(self):
        agent = self.lab.agent
        with Second(self.lab) as second:
            second.hold_commit_s = 60
            with self.set_in_background(*operation(self.domain("a"), 1, PAUSE),
                                        OBJECT, "i", 2) as manager:
                second.wait_phase(Type.COMMIT_SET)
                self.lab.write_config(f"other sim:{self.lab.folder}/node.xml")
                agent.signal(signal.SIGHUP)
                agent.wait_log("reloaded ")
                second.release()
                manager.wait(60 * PATIENCE)
        self.write_config()
        agent.signal(signal.SIGHUP)
        agent.wait_log("reloaded ", 2)
        wait_for(lambda: len(self.lab.walk(oid("vmName"))) == 3, "the connection")
        self.assert_nothing_happened()


class InOrder(ControlTest):
    domains = [Domain("a"), Domain("b"), Domain("c")]
    durations = {"reboot": 1.5, "pause": 0.2}
    extra = "operationLimit 2\n"

    def test_one_domain_after_the_other_several_at_once(self):
        words = []
        for number, action in enumerate((REBOOT, PAUSE, RESUME, PAUSE), 1):
            words += operation(self.domain("a"), number, action)
        self.set(*words, *operation(self.domain("b"), 5, REBOOT),
                 *operation(self.domain("c"), 6, REBOOT))
        self.assertEqual([self.state("a", number) for number in (1, 2, 3, 4)],
                         [RUNNING, QUEUED, QUEUED, QUEUED])
        # Two at once, and no more.
        self.assertEqual((self.state("b", 5), self.state("c", 6)), (RUNNING, QUEUED))
        self.wait_idle()
        self.assertEqual([action for name, action in self.record() if name == "a"],
                         ["reboot", "pause", "resume", "pause"])
        self.assertEqual(set(self.rows().values()), {SUCCEEDED})
        self.wait_domain("a", IS_PAUSED)

    def test_what_cannot_follow_is_refused(self):
        self.set(*operation(self.domain("a"), 1, REBOOT),
                 *operation(self.domain("a"), 2, PAUSE))
        self.assert_refused("inconsistentValue", *operation(self.domain("a"), 3, PAUSE))
        self.set(*operation(self.domain("a"), 3, RESUME))

    def test_cancel_and_destroy(self):
        state = row("State", self.domain("a"), 2)
        status = row("RowStatus", self.domain("a"), 2)
        self.set(*operation(self.domain("a"), 1, REBOOT))
        self.set(*operation(self.domain("a"), 2, PAUSE))
        self.assert_refused("inconsistentValue", status, "i", DESTROY)
        self.assert_refused("inconsistentValue", row("State", self.domain("a"), 1),
                            "i", CANCELLED)
        self.set(state, "i", CANCELLED)
        self.assertEqual(self.state("a", 2), CANCELLED)
        self.set(state, "i", CANCELLED)
        self.wait_row("a", 1, SUCCEEDED)
        self.set(status, "i", DESTROY)
        self.assertEqual(self.lab.get(state), NO_INSTANCE)
        self.set(status, "i", DESTROY)
        self.assert_refused("inconsistentValue", *operation(self.domain("a"), 2, PAUSE))
        self.assertEqual(self.record(), [("a", "reboot")])


class InTime(ControlTest):
    domains = [Domain("a"), Domain("b"), Domain("off", state=node.SHUTDOWN)]
    durations = {"reboot": 3, "start": 3}

    def test_a_deadline_in_the_queue(self):
        self.set(*operation(self.domain("a"), 1, REBOOT))
        self.set(*operation(self.domain("a"), 2, PAUSE, Deadline=1))
        self.wait_row("a", 2, EXPIRED)
        self.wait_row("a", 1, SUCCEEDED)
        self.wait_domain("a", IS_RUNNING)
        self.assertEqual(self.record(), [("a", "reboot")])

    def test_a_late_result_replaces_what_was_told(self):
        self.set(*operation(self.domain("off"), 1, START, Deadline=1))
        self.wait_row("off", 1, EXPIRED)
        self.assertEqual(self.lab.get(oid("hvxOperationsRunning", 0)).value, 0)
        self.wait_row("off", 1, SUCCEEDED)
        self.assertEqual(self.record(), [("off", "start")])

    def test_a_guest_that_does_not_shut_down(self):
        self.node.domains[0].faults = ['<sim:operation action="shutdown" '
                                       'duration="1000"/>']
        self.write_node()
        self.set(*operation(self.domain("a"), 1, SHUTDOWN, Deadline=1))
        self.wait_row("a", 1, FAILED)
        timeout = 7
        self.assertEqual(self.lab.get(row("ErrorCode", self.domain("a"), 1)).value,
                         timeout)
        self.assertEqual(self.record(), [])
        self.set(*operation(self.domain("a"), 2, POWER_OFF))
        self.wait_row("a", 2, SUCCEEDED)

    def test_a_dry_run_changes_nothing(self):
        self.set(*operation(self.domain("a"), 1, POWER_OFF, DryRun=1))
        self.wait_row("a", 1, SUCCEEDED)
        self.assertIn(b"dry run", self.lab.get(
            row("ErrorText", self.domain("a"), 1)).value)
        self.assert_refused("inconsistentValue",
                            *operation(self.domain("off"), 2, PAUSE, DryRun=1))
        self.assertEqual(self.record(), [])

    def test_a_precondition(self):
        words = operation(self.domain("a"), 1, POWER_OFF, ExpectedState=IS_PAUSED)
        self.assert_refused("inconsistentValue", *words, failed=words[6])
        # One that is true when it is accepted, and not when it is its turn.
        self.set(*operation(self.domain("b"), 1, REBOOT),
                 *operation(self.domain("b"), 2, PAUSE),
                 *operation(self.domain("b"), 3, POWER_OFF, ExpectedState=IS_RUNNING))
        self.wait_row("b", 3, FAILED)
        wrong_state = 8
        self.assertEqual(self.lab.get(row("ErrorCode", self.domain("b"), 3)).value,
                         wrong_state)
        self.assertEqual(self.record(), [("b", "reboot"), ("b", "pause")])

    def test_a_hypervisor_that_fails_says_why(self):
        self.node.domains[0].faults = [fault("fail", on="operate")]
        self.write_node()
        self.set(*operation(self.domain("a"), 1, PAUSE))
        self.wait_row("a", 1, FAILED)
        self.assertNotEqual(self.lab.get(row("ErrorText", self.domain("a"), 1)).value,
                            b"")
        self.lab.agent.wait_log("operation power/1 failed: pause of a ")
        self.assertEqual(self.record(), [])

    def test_goals_lead_from_any_state(self):
        state = oid("hvxPowerAdminState", self.index("a"))
        wanted = ((3, IS_PAUSED), (1, IS_RUNNING), (2, 6), (1, IS_RUNNING),
                  (4, IS_SHUTDOWN), (4, IS_SHUTDOWN), (1, IS_RUNNING))
        for admin, oper in wanted:
            with self.subTest(admin=admin):
                self.set(state, "i", admin)
                self.assertEqual(self.lab.get(state).value, admin)
                self.wait_last("a", SUCCEEDED)
                self.wait_domain("a", oper)
        self.assertEqual([action for _, action in self.record()],
                         ["pause", "resume", "save", "restore", "shutdown", "start"])

    def test_settings(self):
        index = self.index("off")
        self.set(oid("hvxConfigVcpus", index), "u", 1,
                 oid("hvxConfigMemory", index), "u", 1024,
                 oid("hvxConfigAutoStart", index), "i", 1,
                 oid("hvxConfigCpuWeight", index), "u", 512,
                 oid("hvxConfigCpuCap", index), "u", 50)
        self.wait_idle()
        self.assertEqual(set(self.rows().values()), {SUCCEEDED})
        for column, value in (("hvxConfigVcpus", 1), ("hvxConfigMemory", 1024),
                              ("hvxConfigAutoStart", 1), ("hvxConfigCpuWeight", 512),
                              ("hvxConfigCpuCap", 50), ("vmCurCpuNumber", 1),
                              ("vmCurMem", 1024), ("vmAutoStart", 2)):
            with self.subTest(column=column):
                self.assertEqual(self.lab.get(oid(column, index)).value, value)

    def test_a_connection_that_is_down(self):
        self.node.faults = [fault("down")]
        self.lab.write("node.xml", self.node.xml())
        wait_for(lambda: self.lab.get(oid("vmNumber", 0)) and self.lab.get(
            oid("hvxConnectionState", 1)).value == 4, "the connection being down")
        self.assert_refused("resourceUnavailable",
                            *operation(self.domain("a"), 1, PAUSE))


if __name__ == "__main__":
    lab.main()
