#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Whoever was seen with an index keeps it, and nobody else gets it soon.

Domains are known by their UUIDs, connections by their names; disks by their
domain and target, interfaces by their domain and MAC address.  A disk's target
is the end of its path here, since the target itself is not published.
"""
import contextlib
import random
import threading
import time
from dataclasses import dataclass

import lab
import snmp
from lab import LabTest, wait_for
from node import SMALL, Domain, Node
from snmp import integer, oid

KILLS = 200
FEWEST_KILLS = 10
KILLS_END_S = 40

# Of hvxConnectionState.
DOWN = 4

# Domains of the node that is killed in the middle of changes.
LASTING = 20
PASSING = 10
REMEMBERED = 100


@dataclass
class Guest(Domain):
    """A domain with devices."""
    disks: tuple = ("vda", "vdb")
    macs: tuple = (1, 2)
    media: str = "disk"  # begins the paths of its disks

    def __post_init__(self):
        super().__post_init__()
        prefix = "".join(f"{octet:02x}:" for octet in self.uuid.bytes[:2])
        disks = "".join(
            f'<disk type="file" device="disk">'
            f'<source file="/images/{self.media}-{target}"/>'
            f'<target dev="{target}"/></disk>' for target in self.disks)
        interfaces = "".join(
            f'<interface type="user"><mac address="52:54:{prefix}00:{mac:02x}"/>'
            f'</interface>' for mac in self.macs)
        self.text = super().xml().replace(
            "</os>", f"</os><devices>{disks}{interfaces}</devices>")

    def xml(self):
        return self.text


class IndexTest(LabTest):

    def start(self, domains, *more, **directives):
        self.path = self.lab.write("node.xml", Node(domains).xml())
        self.lab.write_config(f"first sim:{self.path}", *more,
                              **{"maxAge": "100ms"} | directives)
        agent = self.lab.start_agent()
        self.wait_seen(domains)
        return agent

    def restart(self, domains):
        """The agent ends, the node changes meanwhile, and a new agent starts."""
        self.lab.agent.stop()
        self.lab.write("node.xml", Node(domains).xml())
        self.lab.start_agent()
        self.wait_seen(domains)

    def write_node(self, domains):
        """Another version of the node; waits until it is seen."""
        self.lab.write("node.xml", Node(domains).xml())
        self.wait_seen(domains)

    def wait_seen(self, domains):
        wait_for(lambda: self.lab.get(oid("vmNumber", 0)) == integer(len(domains))
                 and set(self.indices()) == {domain.name for domain in domains},
                 "the change")

    def indices(self):
        """Name and vmIndex of each domain."""
        return {value.value.decode(): name[-1]
                for name, value in self.lab.walk(oid("vmName"))}

    def owners(self):
        """Who has which indices: domains, and their devices."""
        return dict(self.each_owner())

    def each_owner(self):
        """One after the other, as far as the agent lives."""
        uuids = {}
        for name, value in self.column("vmUUID"):
            uuids[name[-1]] = value.value
            yield ("domain", value.value), name[-1:]
        for name, value in self.column("vmStorageResourceID"):
            if name[-2] in uuids:
                target = value.value.rpartition(b"-")[2]
                yield ("disk", uuids[name[-2]], target), name[-2:]
        for name, value in self.column("vmNetworkPhysAddress"):
            if name[-2] in uuids:
                yield ("interface", uuids[name[-2]], value.value), name[-2:]

    def column(self, name):
        return [varbind for varbind in self.lab.bulk_walk(oid(name), 50)
                if snmp.below(oid(name), varbind[0])]

    def index_file(self):
        path, = (self.lab.folder / "state").glob("domains*.index")
        return path


class Domains(IndexTest):

    def test_indices_survive_a_restart(self):
        self.start(SMALL)
        before = self.indices()
        # In another order, and with one that comes first by its name.
        self.restart([*reversed(SMALL), Domain("aaa")])
        self.assertEqual(self.indices(), before | {"aaa": len(SMALL) + 1})

    def test_a_renamed_domain_keeps_its_index(self):
        self.start(SMALL)
        before = self.indices()
        renamed = [Domain("www", uuid=SMALL[0].uuid), *SMALL[1:]]
        self.write_node(renamed)
        before["www"] = before.pop("web")
        self.assertEqual(self.indices(), before)
        # The same over a restart, and renamed while there is no agent.
        self.restart(renamed)
        self.assertEqual(self.indices(), before)
        self.restart(SMALL)
        before["web"] = before.pop("www")
        self.assertEqual(self.indices(), before)

    def test_a_new_domain_gets_a_new_index(self):
        self.start(SMALL)
        before = self.indices()
        self.write_node([*SMALL, Domain("aaa")])
        self.assertEqual(self.indices(), before | {"aaa": len(SMALL) + 1})

    def test_a_domain_that_is_defined_again_gets_its_index_back(self):
        self.start(SMALL)
        before = self.indices()
        self.write_node(SMALL[1:])
        others = [*SMALL[1:], Domain("newcomer")]
        self.write_node(others)
        self.assertEqual(self.indices()["newcomer"], len(SMALL) + 1)
        again = Domain("web-again", uuid=SMALL[0].uuid)
        self.write_node([*others, again])
        self.assertEqual(self.indices()["web-again"], before["web"])

    def test_an_index_stays_reserved_over_restarts(self):
        self.start(SMALL)
        before = self.indices()
        self.restart(SMALL[1:])
        self.restart([*SMALL[1:], Domain("newcomer")])
        self.assertEqual(self.indices()["newcomer"], len(SMALL) + 1)
        self.restart(SMALL)
        self.assertEqual(self.indices(), before)

    def test_indices_survive_a_hypervisor_that_is_away(self):
        self.start(SMALL)
        before = self.indices()
        newcomer = Domain("aaa")
        self.path.unlink()
        # It is only looked for when somebody asks.
        wait_for(lambda: self.indices() == before
                 and self.lab.get(oid("hvxConnectionState", 1)) == integer(DOWN),
                 "the connection to be down")
        self.write_node([newcomer, *reversed(SMALL)])
        self.assertEqual(self.indices(), before | {"aaa": len(SMALL) + 1})
        # The same over a restart of the agent, which starts without it.
        self.lab.agent.stop()
        self.path.unlink()
        agent = self.lab.start_agent()
        agent.wait_log("connection first: down: ")
        self.write_node([*SMALL, newcomer])
        self.assertEqual(self.indices(), before | {"aaa": len(SMALL) + 1})

    def test_without_grace_an_index_is_given_out_again(self):
        self.start(SMALL, indexGrace="0s")
        free = self.indices()["web"]
        self.write_node(SMALL[1:])
        self.write_node([*SMALL[1:], Domain("newcomer")])
        self.assertEqual(self.indices()["newcomer"], free)

    def test_after_the_grace_an_index_is_given_out_again(self):
        grace_s = 1
        self.start(SMALL, indexGrace=f"{grace_s}s")
        free = self.indices()["web"]
        removed = time.monotonic()
        self.write_node(SMALL[1:])
        newcomers = (Domain(f"newcomer-{number}") for number in range(1000))

        def is_given_out():
            newcomer = next(newcomers)
            self.write_node([*SMALL[1:], newcomer])
            return self.indices()[newcomer.name] == free

        wait_for(is_given_out, f"index {free} to be given out again")
        self.assertGreaterEqual(time.monotonic() - removed, grace_s)

    def test_the_table_tells_when_it_changed(self):
        self.start(SMALL)
        before = self.lab.get(oid("vmTableLastChange", 0)).value
        domains = [*SMALL, Domain("newcomer")]
        self.write_node(domains)
        changed = self.lab.get(oid("vmTableLastChange", 0)).value
        self.assertGreater(changed, before)
        # It is the hypervisor's time, and a restart of the agent is no change.
        self.assertLessEqual(changed, self.lab.get(oid("vmHvUpTime", 0)).value)
        self.restart(domains)
        after = self.lab.get(oid("vmTableLastChange", 0)).value
        # Both clocks are rounded to hundredths of a second.
        self.assertLessEqual(abs(after - changed), 2)

    def test_connections_keep_their_index(self):
        second = self.lab.write("second.xml", Node([Domain("other")]).xml())
        self.start(SMALL, f"second sim:{second}")
        self.lab.agent.stop()
        self.lab.write_config(f"second sim:{second}", f"zero sim:{self.path} context z",
                              f"first sim:{self.path}")
        self.lab.start_agent()
        names = {name[-1]: value.value for name, value
                 in self.lab.walk(oid("hvxConnectionName"))}
        self.assertEqual(names, {1: b"first", 2: b"second", 3: b"zero"})


class DamagedFile(IndexTest):
    """It is kept aside, said, and all indices start anew."""

    def check(self, damage):
        self.start(SMALL)
        # So that starting anew makes a difference.
        domains = [*SMALL[4:], Domain("newcomer")]
        self.write_node(domains)
        before = self.indices()
        self.assertEqual(max(before.values()), len(SMALL) + 1)
        self.lab.agent.stop()
        path = self.index_file()
        damaged = damage(path.read_bytes())
        path.write_bytes(damaged)
        agent = self.lab.start_agent()
        self.wait_seen(domains)
        self.assertEqual(sorted(self.indices().values()),
                         list(range(1, len(domains) + 1)))
        kept = path.with_name(path.name + ".corrupt")
        self.assertEqual(kept.read_bytes(), damaged)
        line, = [line for line in agent.log().splitlines() if str(path) in line]
        self.assertIn(str(kept), line)
        # From now on as ever.
        before = self.indices()
        self.restart(domains)
        self.assertEqual(self.indices(), before)
        self.assertNotIn(str(path), self.lab.agent.log())

    def test_garbage(self):
        self.check(lambda _octets: b"\0garbage\xff\n" * 10)

    def test_an_empty_file(self):
        self.check(lambda _octets: b"")

    def test_half_a_file(self):
        self.check(lambda octets: octets[:len(octets) // 2])

    def test_one_digit_changed(self):
        def change(octets):
            last = b"1" if octets[-2:] == b"0\n" else b"0"
            return octets[:-2] + last + b"\n"
        self.check(change)


class Devices(IndexTest):

    def start_guest(self, guest):
        self.start([guest])
        owners = self.owners()
        for kind in ("disk", "interface"):
            if not any(owner[0] == kind for owner in owners):
                self.skipTest(f"no {kind} is published")
        return owners

    def wait_owners(self, condition, what):
        def look():
            owners = self.owners()
            return owners if condition(owners) else None
        return wait_for(look, what)

    def test_device_indices_survive_a_restart(self):
        guest = Guest("web", disks=("vdb", "vdc"), macs=(5, 3))
        before = self.start_guest(guest)
        # Another order, and new ones first and between.
        more = Guest("web", disks=("vda", "vdc", "vdab", "vdb"), macs=(1, 3, 4, 5))
        self.restart([more])
        after = self.wait_owners(lambda owners: len(owners) == 9, "all devices")
        self.assertEqual({owner: after[owner] for owner in before}, before)
        self.assertEqual(len({(owner[0], index) for owner, index in after.items()}),
                         len(after))

    def test_a_device_that_was_away_gets_its_index_back(self):
        before = self.start_guest(Guest("web"))
        gone = {owner for owner in before if owner[-1] == b"vda"
                or owner[0] == "interface" and owner[-1][-1] == 1}
        self.assertEqual(len(gone), 2)
        self.write_node([Guest("web", disks=("vdb", "vdx"), macs=(2, 9))])
        others = self.wait_owners(lambda owners: not gone & set(owners),
                                  "the devices to go")
        for kind in ("disk", "interface"):
            lost, = [before[owner] for owner in gone if owner[0] == kind]
            self.assertNotIn(lost, [index for owner, index in others.items()
                                    if owner[0] == kind])
        self.write_node([Guest("web")])
        after = self.wait_owners(lambda owners: set(owners) == set(before),
                                 "the devices to come back")
        self.assertEqual(after, before)

    def test_a_domain_that_migrates_comes_back_with_all_its_indices(self):
        # What is left of it where it was must not be given to others.
        guests = [Guest("web"), Guest("db", disks=("vda",), macs=(3, 4, 5))]
        self.start(guests)
        before = self.owners()
        self.write_node([guests[1], Guest("newcomer")])
        meanwhile = self.owners()
        self.restart([guests[1], Guest("newcomer")])
        self.assertEqual(self.owners(), meanwhile)
        back = Guest("web-back", uuid=guests[0].uuid)
        self.write_node([guests[1], Guest("newcomer"), back])
        self.assertEqual(self.owners(), before | meanwhile)
        self.assertEqual(len({(owner[0], index) for owner, index
                              in self.owners().items()}), len(before | meanwhile))

    def test_another_medium_is_the_same_drive(self):
        before = self.start_guest(Guest("web"))
        self.write_node([Guest("web", media="other")])
        wait_for(lambda: {value.value.partition(b"-")[0] for _, value
                          in self.column("vmStorageResourceID")} == {b"/images/other"},
                 "the other medium")
        self.assertEqual(self.owners(), before)


class Churn(threading.Thread):
    """Writes the node anew all the time; domains come, go and come back."""

    def __init__(self, write):
        super().__init__()
        self.write = write
        self.ended = threading.Event()
        self.random = random.Random(7666)
        self.guests = [Guest(f"lasting-{number}") for number in range(LASTING)]
        self.by_uuid = {}

    def run(self):
        number = 0
        while not self.ended.wait(0.005):
            number += 1
            passing = [Guest(f"passing-{number}"), *self.guests[LASTING:]]
            self.guests[LASTING:] = passing[:REMEMBERED]
            self.by_uuid |= {guest.uuid.bytes: guest for guest in self.guests}
            present = self.guests[:LASTING + 1] + self.random.sample(
                self.guests[LASTING + 1:], min(PASSING, len(self.guests) - LASTING - 1))
            self.random.shuffle(present)
            self.write(present)

    def end(self):
        self.ended.set()
        self.join()


class Kills(IndexTest):

    def setUp(self):
        super().setUp()
        self.index_of = {}
        self.owner_of = {}

    def look(self):
        """Compares who has which index now with all that was ever seen."""
        for owner, index in self.each_owner():
            self.assertEqual(self.index_of.setdefault(owner, index), index, owner)
            self.assertEqual(self.owner_of.setdefault((owner[0], index), owner), owner,
                             index)

    def has_looked(self):
        with contextlib.suppress(snmp.SnmpError):
            self.look()
        return bool(self.index_of)

    def look_until_killed(self, delay_s):
        """The agent is killed while it is asked; what is then seen is kept."""
        agent = self.lab.agent
        killer = threading.Timer(delay_s, agent.kill)
        killer.start()
        try:
            while agent.is_running():
                # A walk without an agent ends somehow.
                with contextlib.suppress(snmp.SnmpError, snmp.SnmpTimeout,
                                         RuntimeError):
                    self.look()
        finally:
            killer.join()
        # There will be hundreds.
        self.lab.processes.remove(agent)

    def kill_again_and_again(self):
        delays = random.Random(7666)
        end = time.monotonic() + KILLS_END_S
        for turn in range(KILLS):
            if turn >= FEWEST_KILLS and time.monotonic() > end:
                return
            if turn % 2 == 0:
                # As long as it takes: something is seen in every second life.
                self.lab.start_agent()
                wait_for(self.has_looked, "a walk of the domains")
            else:
                self.lab.start_agent(wait=False)
            self.look_until_killed(delays.uniform(0, 0.2))

    def test_indices_that_were_seen_survive_kills(self):
        def write(domains):
            self.lab.write("node.xml", Node(domains).xml())

        churn = Churn(write)
        write(churn.guests)
        self.lab.write_config(f"first sim:{self.lab.folder}/node.xml", maxAge="100ms")
        churn.start()
        try:
            self.kill_again_and_again()
        finally:
            churn.end()
        # All that were ever seen, at once.
        seen = [owner[1] for owner in self.index_of if owner[0] == "domain"]
        self.assertGreater(len(seen), LASTING + PASSING)
        everybody = [churn.by_uuid[uuid] for uuid in seen]
        write(everybody)
        self.lab.start_agent()
        self.wait_seen(everybody)
        self.look()
        self.assertEqual(self.owners(), self.index_of)
        self.assertEqual(list((self.lab.folder / "state").glob("*.corrupt")), [])


if __name__ == "__main__":
    lab.main()
