"""The tables of README.md, and whether what was seen is what they say.

A cell is `yes`, `no (1)` with that note below the table, or `–`: nothing to try. What worked and stops working is a failure;
so is what starts to work: then the table is to be mended.
"""

import re
import traceback
from pathlib import Path

README = Path(__file__).with_name("README.md")


def read(heading):
    """{(row, column): cell} of the table under a heading."""
    section = README.read_text().split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("|")
    ]
    columns = rows[0][1:]
    cells = {(row[0], column): cell for row in rows[2:] for column, cell in zip(columns, row[1:], strict=True)}
    for place, cell in cells.items():
        note = re.fullmatch(r"yes|–|no \((\d+)\)", cell)
        if not note or (note[1] and not re.search(rf"^{note[1]}\. ", section, re.M)):
            raise SystemExit(f"{README}: {place} has {cell!r}: yes, – or no (N) with a note N below")
    return cells


def causes(error):
    """What lies inside the groups that task groups raise."""
    for inner in getattr(error, "exceptions", ()):
        yield from causes(inner)
    if not hasattr(error, "exceptions"):
        yield error


class Report:
    """Compares every cell that was tried; cells that nobody tried are failures, too."""

    def __init__(self, heading, rows):
        self.cells = {place: cell for place, cell in read(heading).items() if place[0] in rows}
        missing = set(rows) - {row for row, _ in self.cells}
        self.failed = bool(missing)
        for row in missing:
            print(f"FAILED: no row {row} in the table {heading}")

    def saw(self, row, column, error=None):
        cell = self.cells.pop((row, column), "nothing")
        if (cell == "yes") if error is None else cell.startswith("no"):
            print(f"{row}: {column}: {cell}", flush=True)
            return
        self.failed = True
        print(f"FAILED: {row}: {column}: the table has {cell}, {'it works' if error is None else 'it failed:'}", flush=True)
        for cause in causes(error) if error else ():
            traceback.print_exception(cause, limit=-3)

    def end(self):
        for (row, column), cell in self.cells.items():
            if cell != "–":
                self.failed = True
                print(f"FAILED: {row}: {column}: not tried")
        return self.failed
