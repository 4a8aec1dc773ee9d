# SPDX-License-Identifier: BSD-2-Clause
"""How figures are printed."""
import sys
from typing import NamedTuple


class Row(NamedTuple):
    """A line of a table: what was measured, the figures, and the goal."""
    cells: list
    goal: str = ""  # in words; "": there is none
    is_met: bool = True

    def verdict(self):
        return f"{self.goal}: {'met' if self.is_met else 'MISSED'}" if self.goal else ""


def say(text):
    """Tells who waits how far it is."""
    print(text, file=sys.stderr, flush=True)


def percentile(numbers, share):
    return sorted(numbers)[min(len(numbers) - 1, int(share * len(numbers)))]


def print_table(head, rows, markdown):
    """The first column is text, all others but the last, the goal, are numbers."""
    head = [*head, "goal"]
    rows = [[*row.cells, row.verdict()] for row in rows]
    if markdown:
        rule = ["---", *["--:"] * (len(head) - 2), "---"]
        for cells in [head, rule, *rows]:
            print(f"| {' | '.join(cells)} |")
        return
    table = [head, *rows]
    widths = [max(len(cells[i]) for cells in table) for i in range(len(head))]
    for cells in table:
        print("  ".join([cells[0].ljust(widths[0]),
                         *(cell.rjust(width) for cell, width
                           in zip(cells[1:-1], widths[1:-1])), cells[-1]]).rstrip())
