# SPDX-License-Identifier: BSD-2-Clause
"""Runs unittest's tests as a TAP program, for automake's TAP driver.

Each test method is one line; a skip says why; the plan comes at the end.  A
failure is followed by diagnosis lines: the traceback, then whatever the
functions in `diagnoses` have to tell, which is asked while the test's
fixtures are still there.
"""
import faulthandler
import os
import signal
import sys
import unittest

# Called for each failure; each returns lines of text.
diagnoses = []

# A test that takes longer is stuck: it fails, and its fixtures are removed.
TEST_LIMIT_S = int(os.environ.get("HVX_TEST_LIMIT", "180"))


class Stuck(Exception):
    """A test took longer than TEST_LIMIT_S."""


class Terminated(BaseException):
    """Somebody ended the test program: remove the fixtures and go."""


def _one_line(text):
    """A text fit for a TAP line: one line, without TAP's own characters."""
    return " ".join(str(text).split()).replace("#", "")


class TapResult(unittest.TestResult):
    """Prints a TAP line when a test ends, or when a class fixture fails."""

    def __init__(self, out):
        super().__init__()
        self.out = out
        self.count = 0
        self.running = None
        self.problems = []
        self.skip_reason = None

    def startTest(self, test):
        super().startTest(test)
        self.running = test
        signal.alarm(TEST_LIMIT_S)

    def stopTest(self, test):
        signal.alarm(0)
        super().stopTest(test)
        self._print_line(test)
        self.running = None

    def _print_line(self, test):
        self.count += 1
        verdict = "not ok" if self.problems else "ok"
        skip = f" # SKIP {_one_line(self.skip_reason)}" if self.skip_reason else ""
        print(f"{verdict} {self.count} - {_name(test)}{skip}", file=self.out)
        for line in "\n".join(self.problems).splitlines():
            print(f"# {line}", file=self.out)
        self.out.flush()
        self.problems = []
        self.skip_reason = None

    def _note_problem(self, test, error):
        text = [self._exc_info_to_string(error, test)]
        for diagnosis in diagnoses:
            text.extend(diagnosis())
        self.problems.append("\n".join(text))
        if self.running is None:  # setUpClass, tearDownClass
            self._print_line(test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._note_problem(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self._note_problem(test, err)
        if issubclass(err[0], Terminated):
            self.stop()

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._note_problem(subtest, err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.skip_reason = reason
        if self.running is None:
            self._print_line(test)


def _name(test):
    """Class and method; of a class fixture, what unittest calls it."""
    if isinstance(test, unittest.TestCase):
        return f"{type(test).__name__}.{test._testMethodName}"
    return _one_line(test)


def expect_to_take(seconds):
    """The running test takes so long from now on, and is not stuck."""
    signal.alarm(TEST_LIMIT_S + int(seconds))


def _on_alarm(_signal, _frame):
    raise Stuck("the test took longer than it may")


def _on_termination(number, _frame):
    raise Terminated(signal.Signals(number).name)


def skip_all(reason):
    """Ends the program: none of its tests can run here."""
    print(f"1..0 # SKIP {_one_line(reason)}")
    sys.exit(0)


def main():
    """Runs the tests of the main module, or those that the arguments name."""
    faulthandler.enable()
    signal.signal(signal.SIGALRM, _on_alarm)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _on_termination)
    loader = unittest.defaultTestLoader
    module = sys.modules["__main__"]
    if len(sys.argv) > 1:
        suite = loader.loadTestsFromNames(sys.argv[1:], module)
    else:
        suite = loader.loadTestsFromModule(module)
    result = TapResult(sys.stdout)
    suite.run(result)
    print(f"1..{result.count}")
    sys.exit(0 if result.wasSuccessful() else 1)
