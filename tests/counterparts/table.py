"""The tables of README.md, and whether what was seen is what they say.

A cell is `yes`; a word and a note, as `no (1)`, with that note below the table; or `–`: there is
nothing to try. A cell that changes is a failure, for better or worse. `run --write` renews the
table; the `(?)` of a new word is to be replaced by a note.
"""

import re
import traceback
from pathlib import Path

README = Path(__file__).with_name("README.md")
NONE = "–"


def section(heading):
    """The text under a heading, from behind it to the next one."""
    return README.read_text().split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]


def parts(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def read(heading):
    """{(row, column): cell} of the table under a heading."""
    lines = [parts(line) for line in section(heading).splitlines() if line.startswith("|")]
    return {
        (row, column): cell
        for row, *cells in lines[2:]
        for column, cell in zip(lines[0][1:], cells, strict=True)
    }


def without_note(heading):
    """The cells that are not of the form above."""
    text = section(heading)
    for place, cell in read(heading).items():
        note = re.fullmatch(r"yes|–|[a-z ]+ \((\d+)\)", cell)
        if not note or (note[1] and not re.search(rf"^{note[1]}\. ", text, re.M)):
            yield place, cell


def causes(error):
    """What lies inside the groups that task groups raise."""
    for inner in getattr(error, "exceptions", ()):
        yield from causes(inner)
    if not hasattr(error, "exceptions"):
        yield error


class Report:
    """Compares the cells of the given rows and columns, or of all. What was not tried is `–`."""

    def __init__(self, heading, rows=None, columns=None):
        self.heading = heading
        self.cells = {
            (row, column): cell
            for (row, column), cell in read(heading).items()
            if (rows is None or row in rows) and (columns is None or column in columns)
        }
        self.seen = {}

    def saw(self, row, column, word=None, error=None):
        """A cell works; or it differs, which a word names; or it failed."""
        word = "no" if error else word or "yes"
        cell = self.cells.get((row, column), NONE)
        same = cell == word or cell.startswith(f"{word} (")
        self.seen[row, column] = cell if same else word if word in ("yes", NONE) else f"{word} (?)"
        print(f"{'' if same else 'CHANGED: '}{self.heading}: {row}: {column}: {word}", flush=True)
        for cause in causes(error) if error and not same else ():
            traceback.print_exception(cause, limit=-3)

    def end(self, write=False):
        """Whether the table differs or lacks a note. With `write` it is renewed first."""
        if unknown := set(self.seen) - set(self.cells):
            raise SystemExit(f"FAILED: {self.heading}: no such cells: {unknown}")
        now = {place: self.seen.get(place, NONE) for place in self.cells}
        if write:
            self.write(now)
        else:
            for place, cell in now.items():
                if cell != (old := self.cells[place]):
                    print(f"FAILED: {self.heading}: {place}: the table has {old}, seen: {cell}")
        bare = list(without_note(self.heading))
        for place, cell in bare:
            print(f"FAILED: {self.heading}: {place}: {cell} has no note")
        return bool(bare) or (not write and now != self.cells)

    def write(self, now):
        old = section(self.heading)
        lines = old.splitlines()
        columns = None
        for at, line in enumerate(lines):
            row, *cells = parts(line)
            if line.startswith("|") and columns is None:
                columns = cells
            elif line.startswith("|") and not row.startswith("-"):
                cells = [
                    now.get((row, column), cell)
                    for column, cell in zip(columns, cells, strict=True)
                ]
                lines[at] = f"| {' | '.join([row, *cells])} |"
        new = "\n".join(lines) + "\n" * old.endswith("\n")
        title = f"## {self.heading}\n"
        README.write_text(README.read_text().replace(title + old, title + new))
