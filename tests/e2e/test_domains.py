#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Which rows are fresh: what hvxDomainTable tells of each domain's data."""
import signal

import lab
from lab import LabTest, wait_for
from node import SMALL, Domain, Node, fault
from snmp import integer, oid, string

UP, DOWN = 2, 4
OK, LATE, FAILED = 1, 2, 3

TICKS_PER_S = 100

MAX_AGE_MS = 1000


class DomainsTest(LabTest):
    def start(self, text=None, **directives):
        path = self.write(text or Node([*SMALL, Domain("sick")]).xml())
        self.lab.write_config(f"first sim:{path}", **{
            "maxAge": f"{MAX_AGE_MS}ms", "waitLimit": "500ms",
            "callTimeout": "2s"} | directives)
        self.lab.start_agent()
        self.lab.wait_state(UP)
        self.index = {value.value.decode(): name[-1]
                      for name, value in self.lab.walk(oid("vmName"))}

    def write(self, text):
        return self.lab.write("node.xml", text)

    def strike(self, kind, on="statistics"):
        """From now on one of the domains suffers from a fault."""
        sick = Domain("sick", faults=[fault(kind, on=on)])
        self.write(Node([*SMALL, sick]).xml())

    def mend(self):
        self.write(Node([*SMALL, Domain("sick")]).xml())

    def column(self, name):
        """The values of a column by the names of the domains."""
        names = {index: domain for domain, index in self.index.items()}
        return {names[name[-1]]: value for name, value in self.lab.walk(oid(name))}

    def of(self, domain, column):
        return self.lab.get(oid(column, self.index[domain]))

    def unreadable(self):
        return self.lab.get(oid("hvxConnectionUnreadable", 1)).value

    def up_time(self):
        return self.lab.get(oid("hvxAgentUpTime", 0)).value

    def ages(self):
        return {domain: age.value
                for domain, age in self.column("hvxDomainDataAge").items()}

    def wait_status(self, status):
        wait_for(lambda: self.of("sick", "hvxDomainCollectionStatus")
                 == integer(status), f"status {status}")

    def wait_fresh(self, domains):
        """Until the data of all these are no older than maxAge."""
        def is_fresh():
            ages = self.ages()
            return max(ages[domain] for domain in domains) <= MAX_AGE_MS
        wait_for(is_fresh, "fresh data")

    def assert_only_the_sick_is_old(self):
        """While managers go on asking."""
        oldest = [0]

        def is_old():
            ages = self.ages()
            age = ages.pop("sick")
            oldest[0] = max(oldest[0], *ages.values())
            return age > 4 * MAX_AGE_MS
        wait_for(is_old, "an age beyond any of a domain that can be read")
        # The rest are asked anew as soon as the sick one is set aside.
        self.assertLessEqual(oldest[0], 3 * MAX_AGE_MS)
        self.wait_fresh([domain for domain in self.index if domain != "sick"])
        statuses = self.column("hvxDomainCollectionStatus")
        statuses.pop("sick")
        self.assertEqual(set(statuses.values()), {integer(OK)})
        errors = self.column("hvxDomainCollectionError")
        errors.pop("sick")
        self.assertEqual(set(errors.values()), {string("")})
        self.assertEqual(self.unreadable(), 1)
        self.assertEqual(self.lab.get(oid("hvxConnectionState", 1)), integer(UP))

    def assert_all_is_well(self):
        self.assertEqual(set(self.column("hvxDomainCollectionStatus").values()),
                         {integer(OK)})
        self.assertEqual(set(self.column("hvxDomainCollectionError").values()),
                         {string("")})
        self.wait_fresh(self.index)
        self.assertEqual(self.unreadable(), 0)


class Freshness(DomainsTest):

    def test_one_that_hangs_is_late_and_the_others_are_fresh(self):
        self.start()
        self.assert_all_is_well()
        self.strike("hang")
        self.wait_status(LATE)
        self.assertRegex(self.of("sick", "hvxDomainCollectionError").value,
                         rb"^statistics: no answer within 500 ms$")
        self.assert_only_the_sick_is_old()
        self.assertEqual(self.of("sick", "hvxDomainCollectionStatus"), integer(LATE))
        self.mend()
        self.wait_status(OK)
        self.wait_fresh(["sick"])
        self.assert_all_is_well()

    def test_one_that_fails_says_why(self):
        self.start()
        self.strike("fail")
        self.wait_status(FAILED)
        self.assertRegex(self.of("sick", "hvxDomainCollectionError").value,
                         rb"^statistics: .*node\.xml:\d+: simulated failure ")
        self.assert_only_the_sick_is_old()
        self.mend()
        self.wait_status(OK)
        self.assert_all_is_well()

    def test_other_data_are_told_of_as_they_were_asked_for(self):
        self.start()
        self.strike("fail", on="devices")
        # Nobody asks for devices here.
        for _ in range(3):
            self.assertEqual(self.of("sick", "hvxDomainCollectionStatus"), integer(OK))
        wait_for(lambda: self.lab.walk(oid("vmStorageReadIOs")) and self.unreadable(),
                 "a failure")
        self.assertEqual(self.of("sick", "hvxDomainCollectionStatus"), integer(FAILED))
        self.assertRegex(self.of("sick", "hvxDomainCollectionError").value,
                         rb"^devices: ")
        self.wait_fresh(["sick"])
        self.mend()
        wait_for(lambda: self.lab.walk(oid("vmStorageReadIOs"))
                 and not self.unreadable(), "no failure")
        self.assert_all_is_well()

    def test_the_age_grows_while_the_hypervisor_is_down(self):
        self.start()
        self.write(Node(SMALL, faults=[fault("down")]).xml())
        wait_for(lambda: self.ages() and self.lab.get(oid("hvxConnectionState", 1))
                 == integer(DOWN), "the connection to be down")
        wait_for(lambda: min(self.ages().values()) > 2 * MAX_AGE_MS, "old data")
        sampled = self.column("hvxDomainSampleTime")
        self.assertEqual(self.column("hvxDomainStartTime"), {})
        self.assertEqual(self.column("hvxDomainSampleTime"), sampled)
        self.assertEqual(set(self.column("hvxDomainCollectionStatus").values()),
                         {integer(OK)})


    def test_who_asks_for_the_age_alone_gets_a_small_one(self):
        self.start()
        self.lab.walk(oid("vmCpuTime"))
        begun = self.up_time()
        # By GET: a walk would ask for the next column, too.
        wait_for(lambda: self.of("web", "hvxDomainDataAge")
                 and self.up_time() > begun + 3 * MAX_AGE_MS * TICKS_PER_S / 1000,
                 "three times maxAge")
        wait_for(lambda: self.of("web", "hvxDomainDataAge").value <= MAX_AGE_MS,
                 "fresh data")


class Discontinuities(DomainsTest):

    def moment(self, domain="sick"):
        return self.of(domain, "hvxDomainDiscontinuityTime").value

    def wait_change(self, of, before, since):
        """Until it is a moment between `since` and now; returns it."""
        wait_for(lambda: self.moment(of) != before, f"a discontinuity of {of}")
        after = self.moment(of)
        self.assertGreaterEqual(after, since)
        self.assertLessEqual(after, self.up_time())
        return after

    def test_there_is_none_without_a_reason(self):
        self.start(Node([*SMALL, Domain("sick")]).xml(), maxAge="100ms")
        wait_for(lambda: self.ages() and self.up_time() > 2 * TICKS_PER_S, "two seconds")
        for domain in ("web", "db", "backup"):
            self.assertEqual(self.moment(domain), 0)

    def test_a_domain_is_started(self):
        self.start(Node([*SMALL]).xml(), maxAge="100ms")
        self.assertEqual(self.moment("backup"), 0)
        begun = self.up_time()
        self.write(Node([domain if domain.name != "backup" else Domain("backup")
                         for domain in SMALL]).xml())
        first = self.wait_change("backup", 0, begun)
        # It does not go away with the next stop.
        self.write(Node(SMALL).xml())
        wait_for(lambda: self.of("backup", "vmOperState") == integer(11), "the stop")
        self.assertEqual(self.moment("backup"), first)
        self.assertEqual(self.moment("web"), 0)

    def test_counters_go_back(self):
        def text(load):
            return Node([*SMALL, Domain("sick", load=load)]).xml()

        self.start(text(90), maxAge="100ms")
        self.of("sick", "vmCpuTime")
        begun = self.up_time()
        self.write(text(1))
        self.wait_change("sick", 0, begun)
        self.assertEqual(self.moment("web"), 0)

    def test_a_domain_is_gone_for_a_while(self):
        self.start(maxAge="100ms")
        self.write(Node(SMALL).xml())
        wait_for(lambda: len(self.lab.walk(oid("vmName"))) == len(SMALL), "its end")
        begun = self.up_time()
        self.mend()
        wait_for(lambda: len(self.lab.walk(oid("vmName"))) > len(SMALL), "its return")
        self.wait_change("sick", 0, begun)
        self.assertEqual(self.moment("web"), 0)

    def test_the_connection_comes_back(self):
        self.start(maxAge="100ms")
        before = self.moment()
        self.assertEqual(before, 0)
        for _ in range(2):
            self.write(Node(SMALL, faults=[fault("down")]).xml())
            wait_for(lambda: self.ages() and self.lab.get(oid("hvxConnectionState", 1))
                     == integer(DOWN), "the connection to be down")
            self.assertEqual(self.moment("web"), before)
            begun = self.up_time()
            self.mend()
            self.lab.wait_state(UP)
            before = self.wait_change("web", before, begun)

    def test_a_reload_begins_with_another_hypervisor(self):
        self.start(maxAge="100ms")
        self.assertEqual(self.moment(), 0)
        begun = self.up_time()
        other = self.lab.write("other.xml", Node([*SMALL, Domain("sick")]).xml())
        self.lab.write_config(f"first sim:{other}", maxAge="100ms")
        self.lab.agent.signal(signal.SIGHUP)
        self.lab.agent.wait_log("reloaded ")
        self.lab.wait_state(UP)
        wait_for(lambda: self.column("hvxDomainDataAge"), "the domains")
        self.wait_change("sick", 0, begun)


if __name__ == "__main__":
    lab.main()
