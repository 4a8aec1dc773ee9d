#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""What VM-MIB tells of the agent's host: hostAgent, and the host's own indices."""
import contextlib
import os
import signal
import socket
import subprocess
import unittest
from pathlib import Path

import lab
from lab import Lab, wait_for
from node import SMALL, Node
from snmp import integer, oid, string

HR_STORAGE_DESCR = (1, 3, 6, 1, 2, 1, 25, 2, 3, 1, 3)
HR_PROCESSOR_FRW_ID = (1, 3, 6, 1, 2, 1, 25, 3, 3, 1, 1)
IF_DESCR = (1, 3, 6, 1, 2, 1, 2, 2, 1, 2)
READ = "read hrStorageTable, "


def free_port():
    """A UDP port that nobody has at the moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def sockets(process):
    """How many sockets it has open; files of its backends come and go."""
    count = 0
    for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            count += os.readlink(descriptor).startswith("socket:")
    return count


class HostTest(unittest.TestCase):
    """A lab whose snmpd also listens on UDP, as that of a node does."""

    def setUp(self):
        self.lab = self.enterContext(Lab())
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.community = f"-v 2c -c hostread {self.address}"
        self.start_master()

    def start_master(self, view="host"):
        self.lab.start_master(extra=(
            f"agentAddress udp:{self.address}\n"
            "view host included .1\n"
            "view nothing included .1.3.6.1.2.1.1\n"
            f"rocommunity hostread 127.0.0.1 -V {view}\n"))

    def write_config(self, host_agent, **directives):
        node = self.lab.write("node.xml", self.node_xml())
        if host_agent:
            directives["hostAgent"] = host_agent
        self.lab.write_config(f"one sim:{node}", **directives)

    def node_xml(self):
        return Node(SMALL).xml()

    def start_agent(self, host_agent, **directives):
        self.write_config(host_agent, **directives)
        return self.lab.start_agent()

    def reload(self, host_agent, **directives):
        count = self.lab.agent.log().count("reloaded ")
        self.write_config(host_agent, **directives)
        self.lab.agent.signal(signal.SIGHUP)
        self.lab.agent.wait_log("reloaded ", count + 1)


class HostAgent(HostTest):
    """Reading hrStorageTable, as the log tells of it."""

    def file_systems(self):
        """How many rows of hrStorageTable are mount points."""
        rows = self.lab.walk(HR_STORAGE_DESCR)
        return sum(value.value.startswith(b"/") for _, value in rows)

    def check_reads(self, options):
        agent = self.start_agent(options)
        agent.wait_log(f"{READ}{self.file_systems()} file systems")

    def check_trouble(self, options, words):
        agent = self.start_agent(f"{options} -t 1 -r 0")
        agent.wait_log(f"host's snmpd at udp:{self.address}: .*{words}")
        self.assertNotIn(READ, agent.log())

    def test_a_community(self):
        self.check_reads(self.community)

    def test_a_user(self):
        self.check_reads("-v 3 -u operator -l authPriv -a SHA-256 -A authpassword "
                         f"-x AES -X privpassword {self.address}")

    def test_a_user_without_privacy(self):
        self.check_reads("-v3 -u operator -l authNoPriv -a SHA-256 -A authpassword "
                         + self.address)

    def test_a_wrong_community(self):
        self.check_trouble(f"-v 2c -c other {self.address}", "does not answer: ")

    def test_an_unknown_user(self):
        self.check_trouble(f"-v 3 -u nobody {self.address}", "refuses user")

    def test_a_wrong_pass_phrase_is_not_told(self):
        self.check_trouble("-v 3 -u operator -l authNoPriv -a SHA-256 -A wrongwrong "
                           + self.address, "refuses user")
        self.assertNotIn("wrongwrong", self.lab.agent.log())

    def test_a_view_without_the_table(self):
        self.lab.master.stop()
        self.start_master("nothing")
        self.check_trouble(self.community, "hrStorageTable: may the community")

    def test_nobody_is_there(self):
        port = free_port()
        agent = self.start_agent(f"-v 2c -c x -t 1 -r 0 127.0.0.1:{port}")
        agent.wait_log(f"snmpd at udp:127.0.0.1:{port}: it does not answer")

    def test_a_corrected_pass_phrase_at_a_reload(self):
        line = "-v 3 -u operator -l authNoPriv -a SHA-256 -A {} " + self.address
        agent = self.start_agent(line.format("wrongwrong"))
        agent.wait_log("refuses user")
        self.reload(line.format("authpassword"))
        agent.wait_log(READ)

    def test_a_restarted_snmpd_is_asked_again(self):
        agent = self.start_agent("-v 3 -u operator -l authNoPriv -a SHA-256 "
                                 f"-A authpassword {self.address}")
        agent.wait_log(READ)
        self.lab.master.stop()
        agent.wait_log("lost the AgentX master")
        self.start_master("nothing")
        agent.wait_log("connected to the AgentX master", 2)
        self.lab.wait_served()
        self.lab.master.stop()
        agent.wait_log("lost the AgentX master", 2)
        self.start_master()
        agent.wait_log("connected to the AgentX master", 3)
        self.lab.wait_served()
        # It is told once: nothing has changed for the operator.
        self.assertEqual(agent.log().count(READ), 1)
        self.assertNotIn("refuses", agent.log())
        self.assertEqual(agent.stop(), 0)

    def test_without_the_directive_nobody_is_asked(self):
        agent = self.start_agent(self.community)
        agent.wait_log(READ)
        self.reload(None)
        self.lab.wait_served()
        # The one to the master.
        self.assertEqual(sockets(agent), 1)
        self.assertEqual(agent.log().count(READ), 1)
        self.reload(self.community)
        agent.wait_log(READ, 2)
        self.assertEqual(agent.stop(), 0)

    def test_the_session_is_closed_when_all_is_read(self):
        agent = self.start_agent(None)
        without = sockets(agent)
        self.reload(self.community)
        agent.wait_log(READ)
        wait_for(lambda: sockets(agent) == without, "a closed session")

    def test_a_silent_snmpd_holds_up_nothing(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            port = silent.getsockname()[1]
            agent = self.start_agent(f"-v 3 -u x -t 60 -r 10 127.0.0.1:{port}")
            silent.settimeout(lab.DEADLINE_S)
            silent.recv(10000)
            self.assertEqual(len(self.lab.walk(oid("vmName"))), len(SMALL))
            self.assertEqual(agent.stop(), 0)

    def test_nonsense_is_no_answer(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as liar:
            liar.bind(("127.0.0.1", 0))
            liar.settimeout(lab.DEADLINE_S)
            port = liar.getsockname()[1]
            agent = self.start_agent(f"-v 2c -c x -t 1 -r 1 127.0.0.1:{port}")
            for answer in (b"\x30\x84\xff\xff\xff\xff", b""):
                _, sender = liar.recvfrom(10000)
                liar.sendto(answer, sender)
            agent.wait_log("it does not answer")
            self.lab.wait_served()


class HostIndices(HostTest):
    """Indices of the host in VM-MIB are those of the host's snmpd."""

    def file_systems(self):
        """hrStorageIndex by mount point."""
        return {value.value.decode(): name[-1]
                for name, value in self.lab.walk(HR_STORAGE_DESCR)
                if value.value.startswith(b"/")}

    def find_image(self):
        """A file in one of these file systems, and the mount point of that."""
        self.lab.write("disk.img", "")
        for top in self.file_systems():
            files = [self.lab.folder / "disk.img", Path(top)]
            if Path(top).is_dir():
                files += Path(top).iterdir()
            for file in files:
                if file.is_file() and self.mount_point(file) == top:
                    return str(file), top
        self.skipTest("hrStorageTable has no file system with a file")

    @staticmethod
    def mount_point(file):
        return subprocess.run(["df", "--output=target", str(file)], check=True,
                              capture_output=True, text=True).stdout.splitlines()[1]

    def node_xml(self):
        # net-snmp lists the CPUs that are there, the node has one more.
        cpus = os.cpu_count() + 1
        return f"""\
<node>
 <cpu>
  <mhz>2000</mhz><model>any</model><active>{cpus}</active>
  <nodes>1</nodes><sockets>1</sockets><cores>{cpus}</cores><threads>1</threads>
 </cpu>
 <domain type="test">
  <name>one</name>
  <uuid>6fa459ea-ee8a-3ca4-894e-db77e160355e</uuid>
  <memory unit="KiB">65536</memory>
  <vcpu>1</vcpu>
  <os><type>hvm</type></os>
  <cputune><vcpupin vcpu="0" cpuset="0"/></cputune>
  <devices>
   <disk type="file" device="disk">
    <source file="{self.image}"/><target dev="vda"/>
   </disk>
   <interface type="bridge">
    <mac address="52:54:00:00:00:01"/>
    <source bridge="lo"/><target dev="lo"/>
   </interface>
  </devices>
 </domain>
</node>
"""

    def setUp(self):
        super().setUp()
        self.image, self.top = self.find_image()

    def only(self, name):
        """The value of a column of a table that has one row."""
        (_, value), = self.lab.walk(oid(name))
        return value

    def test_the_file_system_of_a_disk(self):
        self.start_agent(self.community).wait_log(READ)
        index = self.file_systems()[self.top]
        wait_for(lambda: self.only("vmStorageParent") == integer(index), "the index")

    def test_without_host_agent_no_file_system_is_told(self):
        self.start_agent(None)
        self.assertEqual(self.only("vmStorageParent"), integer(0))

    def test_interfaces(self):
        self.start_agent(None)
        index = next(name[-1] for name, value in self.lab.walk(IF_DESCR)
                     if value == string("lo"))
        self.assertEqual(self.only("vmNetworkIfIndex"), integer(index))
        self.assertEqual(self.only("vmNetworkParent"), integer(index))

    def test_processors(self):
        self.start_agent(None)
        processors = sorted(name[-1] for name, _ in self.lab.walk(HR_PROCESSOR_FRW_ID))
        rows = {name[-1]: value for name, value in self.lab.walk(oid("vmCpuAffinity"))}
        # One CPU more, or nothing would be bound where there is only one.
        self.assertEqual(sorted(rows)[:len(processors)], processors)
        self.assertEqual(len(rows), len(processors) + 1)
        self.assertEqual([rows[cpu] for cpu in processors],
                         [integer(1)] + [integer(2)] * (len(processors) - 1))


if __name__ == "__main__":
    lab.main()
