#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Everything that is published of the nodes in tests/data, against tests/golden.

HVX_REGENERATE=1 writes the golden files anew instead; look at the difference
before it is committed.
"""
import os
import re
import unittest

import lab
from lab import PATIENCE, Lab
from snmp import SOURCE_TREE

DATA = SOURCE_TREE / "tests" / "data"
GOLDEN = SOURCE_TREE / "tests" / "golden"

OTHER_CPUS = re.compile(r"VM-MIB::vmCpuAffinity\.\d+\.\d+\.(?!19660[89] )")

REGENERATE = bool(os.environ.get("HVX_REGENERATE"))

# Durations include the time that the walk itself takes.
TOLERANCE_TICKS = 5 * 100 * PATIENCE

# What differs from one version, or one run, to the next.
MASKS = {
    "vmHvVersion": "<version>",
    "hvxAgentVersion": "<version>",
    "hvxConnectionVersion": "<version>",
    "hvxAgentStartTime": "<date>",
    "hvxAgentConfigTime": "<date>",
    "hvxAgentMemory": "<KiB>",
    "hvxAgentCpuTime": "<microseconds>",
    "hvxConnectionSince": "<date>",
    "hvxConnectionAge": "<milliseconds>",
    "hvxConnectionCollectionTime": "<microseconds>",
    "hvxDomainStartTime": "<date>",
    "hvxDomainSampleTime": "<date>",
    "hvxDomainDataAge": "<milliseconds>",
    "hvxPowerLock": "<lock>",
    "hvxConfigLock": "<lock>",
    "hvxDebugLock": "<lock>",
}


def masked(line):
    """The line without what differs from run to run, and its TimeTicks or None."""
    name, _, value = line.partition(" = ")
    column = re.sub(r"^.*::|\..*$", "", name)
    ticks = re.fullmatch(r"Timeticks: \((\d+)\) .*", value)
    if ticks:
        return f"{name} = Timeticks: <ticks>", int(ticks[1])
    if column in MASKS:
        value = re.sub(r": .*", f": {MASKS[column]}", value)
    return f"{name} = {value}", None


class Golden(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.lab = self.enterContext(Lab())

    def walk(self, name, **settings):
        uri = f"sim:{name}.xml"
        self.lab.write_config(f"first {uri}", **settings)
        run = self.lab.run_agent("-c", self.lab.config_path, "--walk", uri, folder=DATA)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return run.stdout.splitlines()

    def regenerate(self, name, lines):
        text = []
        for line in lines:
            shown, ticks = masked(line)
            text.append(shown if ticks is None else line)
        (GOLDEN / f"{name}.walk").write_text("\n".join(text) + "\n")
        self.skipTest(f"{name}.walk was written")

    def check(self, name, lines):
        if REGENERATE:
            self.regenerate(name, lines)
        golden = (GOLDEN / f"{name}.walk").read_text().splitlines()
        self.assertEqual([masked(line)[0] for line in lines],
                         [masked(line)[0] for line in golden])
        for line, wanted in zip(lines, golden):
            ticks = masked(line)[1]
            if ticks is not None:
                self.assertLessEqual(abs(ticks - masked(wanted)[1]), TOLERANCE_TICKS,
                                     line)

    def test_golden(self):
        self.check("golden", self.walk("golden"))

    def test_rows_that_are_off_by_default(self):
        usual = {line.partition(" = ")[0] for line in self.walk("golden")}
        lines = self.walk("golden", cpuAffinity="all", unattachedStorage="yes")
        self.assertLess(usual, {line.partition(" = ")[0] for line in lines})
        # All vcpus by all CPUs are many: those of CPU 0 and 1.
        self.check("golden-all", [line for line in lines
                                  if line.partition(" = ")[0] not in usual
                                  and not OTHER_CPUS.match(line)])


if __name__ == "__main__":
    lab.main()
