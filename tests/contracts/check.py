"""Requests and streams of the program against the official packages. Rows of `contracts.toml` are
what may differ.

check.py --server PATH [--bodies FOLDER]    judges; ANYGPT_TEST_BODIES named the folder to the tests
check.py --write                            writes the tables of README.md
Never here: a rule of one of the three subjects (`bodies`, `headers`, `events`).
"""

import argparse
import pathlib
import sys
import tomllib

import bodies
import events
import headers
from program import Loopback, Program

HERE = pathlib.Path(__file__).parent
README = HERE / "README.md"
MARKS = "<!-- {} -->\n", "<!-- end of {} -->\n"
# The tables of README.md: of which rows, and their columns.
TABLES = {
    "body": ["paths", "places", "tests", "reason"],
    "header": ["calls", "header", "ours", "theirs", "reason"],
    "event": ["format", "event", "expect", "reason"],
}


def cell(name, value):
    if value is None:
        return "" if name in ("ours", "theirs") else "all"
    if name == "reason":
        return value
    if isinstance(value, dict):
        value = [f"{key}: {each!r}" for key, each in value.items()]
    values = value if isinstance(value, list) else [value]
    return ", ".join(f"`{each}`" for each in values).replace("|", "\\|")


def with_tables(text, data):
    for name, columns in TABLES.items():
        begin, end = (mark.format(name) for mark in MARKS)
        before, rest = text.split(begin)
        after = rest.split(end)[1]
        lines = [columns, ["---"] * len(columns)]
        for row in data.get(name, []):
            lines.append([cell(column, row.get(column)) for column in columns])
        table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
        text = f"{before}{begin}{table}{end}{after}"
    return text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server")
    parser.add_argument("--bodies", type=pathlib.Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    data = tomllib.loads((HERE / "contracts.toml").read_text())
    text = with_tables(README.read_text(), data)
    if options.write:
        README.write_text(text)
        return 0

    failed = []
    if text != README.read_text():
        failed.append("README.md: its tables are old; check.py --write writes them")
    rows = {name: data.get(name, []) for name in TABLES}
    seen = []
    if options.bodies:
        count, found = bodies.judge(options.bodies, rows["body"])
        failed += found
        if count < 500:
            failed.append(f"bodies: only {count} requests in {options.bodies}: did all tests run?")
        seen.append(f"{count} requests")
    else:
        del rows["body"]
    loopback = Loopback()
    program = Program(options.server, loopback.environment())
    failed += headers.judge(program, loopback, rows["header"])
    streams, found = events.judge(program, loopback, rows["event"])
    failed += found
    program.end()
    seen += [f"{len(headers.CALLS)} heads", f"{streams} streams"]
    for name, listed in rows.items():
        unused = [row for row in listed if not row.pop("used", False)]
        failed += [f"{name}: nothing needs the row {row}" for row in unused]

    for problem in failed:
        print(f"FAILED: {problem}", file=sys.stderr)
    print(f"official packages: {', '.join(seen)}: {len(failed)} problems")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
