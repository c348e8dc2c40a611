#!/usr/bin/env python3
"""Writes facts.tsv: what is known of the first parties' models, from a pinned public list and overrides.tsv.

    generate.py [--check]              from the list, which pip fetches; --check writes nothing and fails if facts.tsv differs
    generate.py --age [--warn-only]    whether facts.tsv is too old; needs no network

README.md has the columns. Never here: a fact about one model (a row of overrides.tsv), or what a row must look like (checks.py).
"""

import argparse
import datetime
import fnmatch
import pathlib
import re
import sys

import checks
import source

HERE = pathlib.Path(__file__).parent
OVERRIDES = HERE / "overrides.tsv"
TABLE = HERE / "facts.tsv"
CACHE = HERE.parents[2] / "target" / "facts"

# Of rows that are no chats these say nothing.
OF_CHATS = ["efforts", "thinks", "sampling", "takes"]

Row = dict[str, str]
Facts = dict[tuple[str, str], Row]


def lines_of_overrides() -> list[tuple[str, list[str]]]:
    """Provider, id, column, value, source, day it was seen, reason; and where it is."""
    lines = enumerate(OVERRIDES.read_text().splitlines(), 1)
    return [(f"overrides.tsv:{at}", line.split("\t")) for at, line in lines if line and line[0] != "#"]


def overridden(facts: Facts, problems: list[str]) -> set[tuple[str, str, str]]:
    """Applies overrides.tsv in its order. Returns what it allows: provider, id, rule of checks.py."""
    allowed = set()
    for place, fields in lines_of_overrides():
        if len(fields) != 7 or not all(fields[:3] + fields[4:]) or not checks.is_day(fields[5]):
            problems.append(f"{place}: seven columns are needed; only the value may be empty")
            continue
        provider, name, column, value = fields[:4]
        place = f"{place}: {provider}/{name}: {column}"
        matching = [key for key in facts if key[0] == provider and fnmatch.fnmatchcase(key[1], name)]
        if column == "like":
            if matching:
                problems.append(f"{place}: no longer needed, the list has it")
            elif (provider, value) not in facts:
                problems.append(f"{place}: there is no {value}")
            else:
                facts[provider, name] = {**facts[provider, value], "id": name}
            continue
        if column in OF_CHATS:
            matching = [key for key in matching if facts[key]["use"] == "chat"]
        if not matching:
            problems.append(f"{place}: no longer needed, there is no such row")
        elif column == "gone":
            for key in matching:
                del facts[key]
        elif column == "allow":
            allowed |= {(*key, value) for key in matching}
        elif column not in source.COLUMNS:
            problems.append(f"{place}: no such column")
        else:
            changed = [key for key in matching if changes(facts[key], column, value)]
            if not changed:
                problems.append(f"{place}: no longer needed, it is so already")
    return allowed


def changes(row: Row, column: str, value: str) -> bool:
    """Sets a column, and returns whether it was another. `+word` adds a word."""
    old = row[column]
    if value.startswith("+"):
        value = " ".join(sorted({*old.split(), value[1:]}))
    row[column] = value
    return value != old


def without_copies(facts: Facts) -> Facts:
    """Without dated snapshots that differ from their alias only by name: the program looks for the alias, too."""
    def is_copy(provider: str, name: str, row: Row) -> bool:
        alias = facts.get((provider, re.sub(r"-(\d{4}-\d\d-\d\d|\d{8})$", "", name)))
        return alias is not row and alias is not None and {**alias, "id": name} == row

    return {key: row for key, row in facts.items() if not is_copy(*key, row)}


def table(facts: Facts, today: str) -> str:
    lines = [f"facts {today} {source.PACKAGE.replace('==', '-')}+overrides", "\t".join(source.COLUMNS)]
    for provider in source.PROVIDERS.values():
        lines.append(f"[{provider}]")
        rows = sorted((name, row) for (of, name), row in facts.items() if of == provider)
        lines += ["\t".join(row[column] for column in source.COLUMNS).rstrip("\t") for _, row in rows]
    return "\n".join(lines) + "\n"


def parsed(text: str) -> tuple[str, Facts]:
    """The day and the rows of a table; no rows if its columns are others."""
    first, _, rest = text.partition("\n")
    header, _, rest = rest.partition("\n")
    facts: Facts = {}
    provider = ""
    for line in rest.splitlines() if header.split("\t") == source.COLUMNS else []:
        if line.startswith("["):
            provider = line.strip("[]")
        else:
            fields = line.split("\t")
            fields += [""] * (len(source.COLUMNS) - len(fields))
            facts[provider, fields[0]] = dict(zip(source.COLUMNS, fields))
    return (first.split() + ["", ""])[1], facts


def days_since(day: str) -> int:
    return (datetime.date.today() - datetime.date.fromisoformat(day)).days


def report(old: Facts, new: Facts, cache: pathlib.Path) -> None:
    """What a reviewer must look at, on stderr."""
    def tell(title: str, entries: list[str]) -> None:
        if entries:
            print(f"{title}:", *entries, sep="\n  ", file=sys.stderr)

    def price(row: Row) -> str:
        return "/".join(row[column] or "-" for column in ("input", "cached", "write", "output", "long", "until"))

    tell("new rows", [f"{'/'.join(key)} {price(new[key])}" for key in new if key not in old])
    tell("rows that are gone", ["/".join(key) for key in old if key not in new])
    both = [key for key in new if key in old and price(old[key]) != price(new[key])]
    tell("other prices", [f"{'/'.join(key)} {price(old[key])} -> {price(new[key])}" for key in both])
    soon = {key: row["retires"] for key, row in new.items() if row["retires"] and days_since(row["retires"]) >= -60}
    tell("retired within 60 days", [f"{day} {'/'.join(key)}" for key, day in sorted(soon.items(), key=lambda it: it[1])])
    old_lines = [(place, fields) for place, fields in lines_of_overrides() if days_since(fields[5]) > 90]
    tell("overrides seen more than 90 days ago", [f"{place}: {' '.join(fields[:3])}" for place, fields in old_lines])
    tell("ids of the SDKs without a row", [
        f"{provider}/{name}" for provider, name in source.sdk_ids(cache)
        if (provider, name) not in new and not any(of == provider and name.startswith(f"{it}-2") for of, it in new)
    ])


def age(warn_only: bool) -> int:
    """Whether the table is too old for a release."""
    day, facts = parsed(TABLE.read_text())
    days = days_since(day)
    print(f"facts.tsv is {days} days old")
    past = [f"{'/'.join(key)} retired on {row['retires']}" for key, row in facts.items()
            if row["retires"] and days_since(row["retires"]) > 0]
    for line in past:
        print(f"warning: {line}: run make facts", file=sys.stderr)
    if days > 60:
        print(f"warning: facts.tsv is {days} days old, a release needs one of 90 at most: run make facts", file=sys.stderr)
    return 1 if (past or days > 90) and not warn_only else 0


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cache", type=pathlib.Path, default=CACHE, help="where packages are kept")
    parser.add_argument("--check", action="store_true", help="only whether facts.tsv is what the list and the overrides give")
    parser.add_argument("--age", action="store_true", help="only whether facts.tsv is too old")
    parser.add_argument("--warn-only", action="store_true", help="with --age: never fail")
    options = parser.parse_args()
    if options.age:
        return age(options.warn_only)
    text = TABLE.read_text() if TABLE.exists() else ""
    old_day, old = parsed(text)
    # The day of a table that is checked is its own.
    today = old_day if options.check else datetime.date.today().isoformat()
    problems: list[str] = []
    facts = source.facts_of(source.read_list(options.cache), today)
    allowed = overridden(facts, problems)
    facts = {key: row for key, row in facts.items() if not row["retires"] or row["retires"] >= today}
    for row in facts.values():
        if row["use"] != "chat":
            row.update(dict.fromkeys(OF_CHATS, ""))
    facts = without_copies(facts)
    problems += checks.problems(facts, allowed, today)
    new = table(facts, today)
    if options.check and new != text:
        problems.append("facts.tsv is not what the list and the overrides give: run make facts")
    elif not options.check:
        report(old, facts, options.cache)
    if problems:
        print(*problems, sep="\n", file=sys.stderr)
        return 1
    TABLE.write_text(new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
