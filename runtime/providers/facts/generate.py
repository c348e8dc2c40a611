#!/usr/bin/env python3
"""Writes facts.tsv: what is known of models, from a pinned public list and overrides.tsv.

    generate.py [--check]              --check writes nothing, and fails if facts.tsv would differ
    generate.py --age [--warn-only]    whether facts.tsv is too old; needs no network

README.md has the columns. Never here: a fact about one model (a row of overrides.tsv), how the
list is read (source.py), what a row must look like (checks.py), addresses (hosts.py).
"""

import argparse
import datetime
import fnmatch
import json
import pathlib
import re
import sys

import checks
import hosts
import source
from source import Facts, Row

HERE = pathlib.Path(__file__).parent
OVERRIDES = HERE / "overrides.tsv"
TABLE = HERE / "facts.tsv"
CACHE = HERE.parents[2] / "target" / "facts"

# Of rows that are no chats these say nothing.
OF_CHATS = ["efforts", "thinks", "sampling", "takes"]


def overrides() -> list[tuple[str, list[str]]]:
    """Place, and fields: provider, id, column, value, source, day it was seen, reason."""
    lines = enumerate(OVERRIDES.read_text().splitlines(), 1)
    return [(f"overrides.tsv:{at}", it.split("\t")) for at, it in lines if it and it[0] != "#"]


def overridden(facts: Facts, problems: list[str]) -> set[tuple[str, str, str]]:
    """Applies the overrides in their order. Returns which rules do not hold for which rows."""
    allowed = set()
    for place, fields in overrides():
        if len(fields) != 7 or not all(fields[:3] + fields[4:]) or not checks.is_day(fields[5]):
            problems.append(f"{place}: it needs seven fields, of which only the value may be empty")
            continue
        provider, name, column, value = fields[:4]
        place = f"{place}: {provider}/{name}: {column}"
        keys = [it for it in facts if it[0] == provider and fnmatch.fnmatchcase(it[1], name)]
        if column in OF_CHATS:
            keys = [key for key in keys if facts[key]["use"] == "chat"]
        if column == "like" and not keys and (provider, value) in facts:
            facts[provider, name] = {**facts[provider, value], "id": name}
        elif column == "like":
            problems.append(f"{place}: no longer needed, or there is no {value}")
        elif not keys:
            problems.append(f"{place}: no longer needed, there is no such row")
        elif column == "gone":
            for key in keys:
                del facts[key]
        elif column == "allow":
            allowed |= {(*key, value) for key in keys}
        elif column not in source.COLUMNS[1:]:
            problems.append(f"{place}: no such column")
        elif not sum([has_changed(facts[key], column, value) for key in keys]):
            problems.append(f"{place}: no longer needed, it is so already")
    return allowed


def has_changed(row: Row, column: str, value: str) -> bool:
    """Sets a column; `+word` adds a word to it."""
    old = row[column]
    row[column] = " ".join(sorted({*old.split(), value[1:]})) if value.startswith("+") else value
    return row[column] != old


def undated(name: str) -> str:
    return re.sub(r"-(\d{4}-\d\d-\d\d|\d{8})$", "", name)


def without_copies(facts: Facts) -> Facts:
    """Without dated ids that are like the same id without a date: the program finds that one."""
    def is_copy(provider: str, name: str, row: Row) -> bool:
        alias = undated(name)
        return alias != name and facts.get((provider, alias)) == {**row, "id": alias}

    return {key: row for key, row in facts.items() if not is_copy(*key, row)}


def build(rows: dict[str, dict], today: str, problems: list[str]) -> Facts:
    # Before the overrides as well, so that those of an id hold for its dated ones.
    facts = without_copies(source.facts_of(rows, today))
    allowed = overridden(facts, problems)
    facts = {key: row for key, row in facts.items() if (row["retires"] or today) >= today}
    for row in facts.values():
        if row["use"] != "chat":
            row.update(dict.fromkeys(OF_CHATS, ""))
    facts = without_copies(facts)
    problems += checks.problems(facts, allowed, today)
    return facts


def table(facts: Facts, today: str) -> str:
    first = f"facts {today} {source.PACKAGE.replace('==', '-')}+overrides"
    lines = [first, "\t".join(source.COLUMNS)]
    for provider in source.PROVIDERS.values():
        lines.append(f"[{provider}]")
        rows = sorted((name, row) for (of, name), row in facts.items() if of == provider)
        lines += ["\t".join(row.values()).rstrip("\t") for _, row in rows]
    return "\n".join(lines) + "\n"


def parsed(text: str) -> tuple[str, Facts]:
    """The day and the rows of a table."""
    first, header, *lines = text.splitlines()
    columns, provider, facts = header.split("\t"), "", {}
    for line in lines:
        if line.startswith("["):
            provider = line.strip("[]")
        else:
            row = dict.fromkeys(source.COLUMNS, "") | dict(zip(columns, line.split("\t")))
            facts[provider, row["id"]] = row
    return first.split()[1], facts


def days_since(day: str) -> int:
    return (datetime.date.today() - datetime.date.fromisoformat(day)).days


def report(old: Facts, new: Facts, ids: set[tuple[str, str]]) -> None:
    """What whoever commits the table must look at."""
    def tell(title: str, lines: list[str]) -> None:
        print(f"{title}:", *(lines or ["none"]), sep="\n  ", file=sys.stderr)

    def price(row: Row) -> str:
        names = ("input", "cached", "write", "output", "long", "until", "search", "image")
        return "/".join(row[name] or "-" for name in names)

    tell("new rows", [f"{'/'.join(key)} {price(new[key])}" for key in new if key not in old])
    tell("rows that are gone", ["/".join(key) for key in old if key not in new])
    both = [key for key in new if key in old and price(old[key]) != price(new[key])]
    tell("new prices", [f"{'/'.join(it)} {price(old[it])} -> {price(new[it])}" for it in both])
    soon = [(row["retires"], *key) for key, row in new.items() if row["retires"]]
    soon = [row for row in sorted(soon) if days_since(row[0]) >= -60]
    tell("to end within 60 days", [" ".join(row) for row in soon])
    seen = [(place, fields) for place, fields in overrides() if days_since(fields[5]) > 90]
    tell("overrides of more than 90 days ago", [f"{at}: {' '.join(it[:3])}" for at, it in seen])
    strange = sorted({(of, undated(name)) for of, name in ids} - {*new})
    tell("new ids of official packages", ["/".join(key) for key in strange])
    lost = [(*key, row["next"]) for key, row in new.items() if row["next"]]
    tell("successors without a row", [" ".join(it) for it in lost if (it[0], it[2]) not in new])


def age(warn_only: bool) -> int:
    """Whether a release may have the table."""
    day, facts = parsed(TABLE.read_text())
    days = days_since(day)
    print(f"facts.tsv is {days} days old")
    ended = [(*key, row["retires"]) for key, row in facts.items() if row["retires"]]
    warnings = [f"{of}/{name} ended on {end}" for of, name, end in ended if days_since(end) > 0]
    is_bad = days > 90 or bool(warnings)
    if days > 60:
        warnings.append(f"facts.tsv is {days} days old, a release allows 90")
    for warning in warnings:
        print(f"warning: {warning}; see runtime/providers/facts/README.md", file=sys.stderr)
    return int(is_bad and not warn_only)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cache", type=pathlib.Path, default=CACHE, help="where packages are")
    parser.add_argument("--check", action="store_true", help="fail if facts.tsv would differ")
    parser.add_argument("--age", action="store_true", help="fail if facts.tsv is too old")
    parser.add_argument("--warn-only", action="store_true", help="with --age: never fail")
    options = parser.parse_args()
    if options.age:
        return age(options.warn_only)
    text = TABLE.read_text()
    day, old = parsed(text)
    # A table that is checked keeps its day.
    today = day if options.check else datetime.date.today().isoformat()
    with source.package(options.cache) as package:
        problems = hosts.problems(package)
        rows = json.loads(package.read(source.LIST))
    facts = build(rows, today, problems)
    new = table(facts, today)
    if options.check and new != text:
        problems.append("facts.tsv is not what the list and overrides.tsv give: run make facts")
    if problems:
        print(*problems, sep="\n", file=sys.stderr)
        return 1
    if not options.check:
        listed = {name.rpartition("/")[2] for name in rows}
        ids = {it for it in source.sdk_ids(options.cache) if it[1] not in listed}
        report(old, facts, ids)
        TABLE.write_text(new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
