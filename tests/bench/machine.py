# SPDX-License-Identifier: BSD-2-Clause
"""What the machine tells of processes and of itself."""
import os
import platform
import re
import subprocess
import time
from pathlib import Path


def cpu_ns(pid):
    """CPU time of a process, of all threads that it has or had."""
    return time.clock_gettime_ns((~pid << 3) | 2)  # as clock_getcpuclockid(3) has it


def status_field(path, field):
    return int(re.search(rf"^{field}:\s+(\d+)", path.read_text(), re.MULTILINE)[1])


def resident_kib(pid):
    return status_field(Path(f"/proc/{pid}/status"), "VmRSS")


def peak_kib(pid):
    """The most that was resident so far."""
    return status_field(Path(f"/proc/{pid}/status"), "VmHWM")


def own_kib(pid):
    """What of the resident memory belongs to this process alone."""
    path = Path(f"/proc/{pid}/smaps_rollup")
    return status_field(path, "Private_Clean") + status_field(path, "Private_Dirty")


def thread_cpu_ns(descriptor):
    """CPU time of the thread whose file schedstat this is."""
    return int(os.pread(descriptor, 100, 0).split()[0])


def voluntary_switches(pid):
    """How often the threads of a process, there is one count for each, waited."""
    return {int(task.name): status_field(task / "status", "voluntary_ctxt_switches")
            for task in Path(f"/proc/{pid}/task").iterdir()}


class Load:
    """What else the machine does meanwhile: figures are good when it is little."""

    def __init__(self):
        self.begun = self._read()

    @staticmethod
    def _read():
        with open("/proc/stat", encoding="ascii") as file:
            fields = [int(field) for field in file.readline().split()[1:]]
        user, nice, system, idle, iowait, irq, softirq, steal = fields[:8]
        times = os.times()
        ours = (times.user + times.system + times.children_user + times.children_system)
        return (user + nice + system + irq + softirq, steal,
                idle + iowait, ours * os.sysconf("SC_CLK_TCK"))

    def describe(self):
        """To be asked when all processes that were started have ended."""
        busy, steal, idle, ours = (now - then for now, then
                                   in zip(self._read(), self.begun))
        total = max(1, busy + steal + idle)
        others = max(0, busy - ours)
        return (f"Of the machine, other programs took {others / total:.0%} meanwhile, "
                f"and the host {steal / total:.0%}.")


def describe():
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    version = subprocess.run(["snmpbulkwalk", "-V"], capture_output=True, text=True,
                             check=True)
    words = (version.stdout + version.stderr).split()
    return f"{os.cpu_count()} cores, {system}, net-snmp {words[-1]}"
