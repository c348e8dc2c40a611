"""What every row of facts.tsv must look like. An override `allow` names a rule that does not hold for its row.

Never here: where a value comes from (source.py, overrides.tsv).
"""

import datetime
import math

import source

USES = [*dict.fromkeys(source.MODES.values()), "research", "other"]
WORDS = {
    "use": USES,
    "thinks": ["", "-", "always", "default", "between", "adaptive", "budget", "level"],
    "sampling": ["", "yes", "no", "one", "none", "unreasoned"],
}
LISTS = {
    "inputs": (",", list(source.INPUTS.values())),
    "efforts": (",", source.EFFORTS),
    "takes": (" ", [f"{no}{word}" for word in source.TAKES.values() for no in ("", "no-")]),
    "flags": (" ", ["pick", "restricted", "minutes", "responses"]),
}
NEEDED = ["inputs", "efforts", "sampling"]


def is_day(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def price(text: str) -> float | None:
    return float(text) if text else None


def price_problems(row: dict[str, str]) -> list[str]:
    """Names of the rules that its prices break."""
    first, cached, write, output = (price(row[name]) for name in ("input", "cached", "write", "output"))
    found = []
    every = [value for value in (first, cached, write, output) if value is not None]
    if not all(math.isfinite(value) and 0 <= value <= 1000 for value in every):
        found.append("range")
    if first == 0:
        found.append("free")
    if first and cached and cached > first:
        found.append("cached")
    if first and output is not None and row["use"] == "chat" and output < first / 2:
        found.append("output")
    for later in ("long", "until"):
        if not row[later]:
            continue
        start, _, rest = row[later].partition(":")
        values = [price(value) for value in rest.split(",")]
        short = (first, cached, write, output)
        if len(values) != 4 or not (start.isdigit() if later == "long" else is_day(start)):
            found.append(later)
        elif later == "long" and any(a and b and b < a for a, b in zip(short, values)):
            found.append("long")
    return found


def row_problems(provider: str, row: dict[str, str]) -> list[str]:
    found = price_problems(row)
    found += [f"{column}={row[column]}" for column, words in WORDS.items() if row[column] not in words]
    for column, (separator, words) in LISTS.items():
        values = row[column].split(separator) if row[column] not in ("", "-") else []
        if any(value not in words for value in values):
            found.append(f"{column}={row[column]}")
        elif column in ("inputs", "efforts") and values != [word for word in words if word in values]:
            found.append(f"order of {column}")
    if provider in source.COMPLETE and row["use"] == "chat":
        needed = NEEDED + (["thinks"] if provider != "openai" else [])
        found += [f"{column} unknown" for column in needed if not row[column]]
    if row["most"] and row["context"] and int(row["most"]) > int(row["context"]):
        found.append("most")
    if row["retires"] and not is_day(row["retires"]):
        found.append("retires")
    if any("[" in value for value in row.values()):
        found.append("bracket")
    return found


def pick_problems(provider: str, rows: list[dict[str, str]], today: str) -> list[str]:
    """The model of who names none: one that everybody can use and afford."""
    picks = [row for row in rows if "pick" in row["flags"].split()]
    if len(picks) != 1:
        return [f"{provider}: {len(picks)} picks, one is needed"]
    pick = picks[0]
    soon = (datetime.date.fromisoformat(today) + datetime.timedelta(days=60)).isoformat()
    found = []
    if pick["use"] != "chat" or pick["flags"] != "pick":
        found.append("is no ordinary chat")
    if pick["retires"] and pick["retires"] <= soon:
        found.append("retires soon")

    def cost(row: dict[str, str]) -> float:
        return (price(row["input"]) or 0) + (price(row["output"]) or 0)

    if not any(cost(row) >= cost(pick) for row in rows if row["use"] == "chat" and row is not pick):
        found.append("is the dearest")
    return [f"{provider}/{pick['id']}: the pick {problem}" for problem in found]


def problems(facts: dict, allowed: set[tuple[str, str, str]], today: str) -> list[str]:
    found = []
    broken = set()
    for (provider, name), row in facts.items():
        for problem in row_problems(provider, row):
            broken.add((provider, name, problem))
            if (provider, name, problem) not in allowed:
                found.append(f"{provider}/{name}: {problem}")
    found += [f"{'/'.join(key)} is allowed and not needed" for key in sorted(allowed - broken)]
    for provider in source.PROVIDERS.values():
        found += pick_problems(provider, [row for (of, _), row in facts.items() if of == provider], today)
    return found
