#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Everything that is published of the nodes in tests/data, against tests/golden.

HVX_REGENERATE=1 writes the golden files anew instead; look at the difference
before it is committed.
"""
import os
import re
import subprocess
import time
import unittest

import lab
from lab import PATIENCE, Lab
from snmp import SOURCE_TREE

DATA = SOURCE_TREE / "tests" / "data"
GOLDEN = SOURCE_TREE / "tests" / "golden"

REGENERATE = bool(os.environ.get("HVX_REGENERATE"))

# Durations include the time that the walk itself takes.
TOLERANCE_TICKS = 5 * 100 * PATIENCE

# What differs from one version, or one run, to the next.
MASKS = {
    "vmHvVersion": "<version>",
    "hvxAgentVersion": "<version>",
    "hvxConnectionVersion": "<version>",
    "hvxAgentStartTime": "<date>",
    "hvxConnectionSince": "<date>",
    "hvxConnectionAge": "<milliseconds>",
    "hvxConnectionCollectionTime": "<microseconds>",
}

# A machine that was booted so long ago: nothing that a node tells is older
# than the machine it is simulated on.
MACHINE_AGE_S = 1000 * 86400
OLD_MACHINE = ("unshare", "--time", "--boottime", str(MACHINE_AGE_S))


def old_machine():
    """The words that make a command see an old machine, if it is permitted."""
    try:
        subprocess.run([*OLD_MACHINE, "true"], check=True, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return ()
    return OLD_MACHINE


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
        self.prefix = old_machine()
        self.machine_ticks = 100 * (time.clock_gettime(time.CLOCK_BOOTTIME)
                                    + (MACHINE_AGE_S if self.prefix else 0))

    def walk(self, name):
        uri = f"sim:{name}.xml"
        self.lab.write_config(f"first {uri}")
        run = subprocess.run(
            [*self.prefix, lab.AGENT, "-c", self.lab.config_path, "--walk", uri],
            env=self.lab.environment, cwd=DATA, capture_output=True, text=True)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout.splitlines()

    def regenerate(self, name, lines):
        if not self.prefix:
            self.skipTest("only root can regenerate: ages need an old machine")
        text = []
        for line in lines:
            shown, ticks = masked(line)
            text.append(shown if ticks is None else line)
        (GOLDEN / f"{name}.walk").write_text("\n".join(text) + "\n")
        self.skipTest(f"{name}.walk was written")

    def assert_near(self, ticks, wanted, line):
        """On a machine that is younger, ages end with its own."""
        limited = min(wanted, self.machine_ticks)
        self.assertLessEqual(min(abs(ticks - wanted), abs(ticks - limited)),
                             TOLERANCE_TICKS, line)

    def check(self, name):
        lines = self.walk(name)
        if REGENERATE:
            self.regenerate(name, lines)
        golden = (GOLDEN / f"{name}.walk").read_text().splitlines()
        self.assertEqual([masked(line)[0] for line in lines],
                         [masked(line)[0] for line in golden])
        for line, wanted in zip(lines, golden):
            if masked(line)[1] is not None:
                self.assert_near(masked(line)[1], masked(wanted)[1], line)

    def test_golden(self):
        self.check("golden")


if __name__ == "__main__":
    lab.main()
