#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Control by SET: many at once, none of them lost and none done twice."""
import collections
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import lab
import node
from control import MAKE_RUNNING, PAUSE, START, SUCCEEDED, ControlTest, row
from lab import PATIENCE
from node import Domain
from snmp import VM_MIB, oid

DOMAINS = 200


class Many(ControlTest):
    domains = [Domain(f"vm{number:03}", state=node.SHUTDOWN)
               for number in range(DOMAINS)]
    durations = {"start": 0.05, "pause": 0.01}
    extra = "operationLimit 32\n"

    def setUp(self):
        super().setUp()
        self.client = self.lab.client()
        self.addCleanup(self.client.close)

    def creation(self, domain, number, action):
        return ((row("RowStatus", domain, number), "INTEGER", 4),
                (row("Action", domain, number), "INTEGER", action))

    def test_an_operation_for_each_of_200_domains(self):
        sets = [self.creation(domain, 1, START) for domain in self.node.domains]
        starvation = self.lab.starvation()
        began = time.monotonic()
        outcomes = self.client.set_all(sets)
        seconds = time.monotonic() - began - starvation.seconds()
        self.assertEqual(set(outcomes), {(0, 0)})
        self.assertLess(seconds, 1 * PATIENCE)
        self.wait_idle()
        self.assertEqual(set(self.rows().values()), {SUCCEEDED})
        self.assertEqual(collections.Counter(self.record()),
                         {(domain.name, "start"): 1 for domain in self.node.domains})
        accepted = self.lab.get(oid("hvxAgentOperationsAccepted", 0)).value
        self.assertEqual(accepted, DOMAINS)

    def test_each_of_them_sent_three_times(self):
        sets = [self.creation(domain, 1, START) for domain in self.node.domains]
        outcomes = self.client.set_all(set_ for set_ in sets for _ in range(3))
        self.assertEqual(collections.Counter(outcomes), {(0, 0): DOMAINS,
                                                         (12, 1): 2 * DOMAINS})
        self.wait_idle()
        self.assertEqual(collections.Counter(self.record()),
                         {(domain.name, "start"): 1 for domain in self.node.domains})

    def test_a_thousand_sets_while_others_walk(self):
        ended = threading.Event()

        def walk():
            """The length of each walk, until the SETs are over."""
            lengths = []
            client = self.lab.client()
            while not ended.is_set() or not lengths:
                lengths.append(sum(len(answer.varbinds)
                                   for answer in client.walk(VM_MIB)))
            client.close()
            return lengths

        with ThreadPoolExecutor(1) as pool:
            walked = pool.submit(walk)
            try:
                # A goal, which can be repeated, by rows, which cannot.
                outcomes = self.client.set_all(
                    self.creation(self.node.domains[number % DOMAINS],
                                  number // DOMAINS + 1, MAKE_RUNNING)
                    for number in range(1000))
            finally:
                ended.set()
        self.assertEqual(collections.Counter(outcomes), {(0, 0): 1000})
        self.assertGreater(min(walked.result()), DOMAINS)
        self.wait_idle()
        rows = self.rows()
        self.assertEqual(len(rows), 1000)
        self.assertEqual(set(rows.values()), {SUCCEEDED})
        self.assertEqual(collections.Counter(self.record()),
                         {(domain.name, "start"): 1 for domain in self.node.domains})

    def test_hvxPowerAction_of_all_in_one_request(self):
        varbinds = [(oid("hvxPowerAction", self.index(domain.name)), "INTEGER", START)
                    for domain in self.node.domains]
        self.assertEqual(self.client.set(*varbinds), (0, 0))
        self.wait_idle()
        refused = [(name, kind, PAUSE) for name, kind, _ in varbinds]
        refused[-1] = (refused[-1][0], "INTEGER", START)
        self.assertEqual(self.client.set(*refused), (0, 0))
        self.wait_idle()
        done = collections.Counter(self.record())
        self.assertEqual(set(done.values()), {1})
        self.assertEqual(len(done), 2 * DOMAINS - 1)


if __name__ == "__main__":
    lab.main()
