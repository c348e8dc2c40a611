"""What each row of facts.tsv must look like. An override `allow` names a rule that does not hold.

Never here: where a value comes from (source.py, overrides.tsv).
"""

import datetime
import re

import source

WORDS = {
    "use": {*source.MODES.values(), "research", "other"},
    "thinks": {"", "-", "always", "default", "between", "adaptive", "budget", "level"},
    "sampling": {"", "yes", "no", "one", "none", "unreasoned"},
}
# In the order in which they must be.
LISTS = {
    "inputs": (",", list(source.INPUTS.values())),
    "efforts": (",", source.EFFORTS),
    "takes": (" ", [no + word for word in source.TAKES.values() for no in ("", "no-")]),
    "flags": (" ", ["minutes", "peak", "pick", "responses", "restricted"]),
}
# A price, prices without some, and what consists of them.
USD = r"\d{1,3}(\.\d{1,6})?"
FOUR = rf"({USD})?(,({USD})?){{3}}"
TOKENS = r"[1-9]\d{0,7}"
FORMS = {
    **dict.fromkeys(["input", "cached", "write", "output", "audio", "search"], USD),
    "image": rf"({USD})?,({USD})?|each={USD}",
    "long": rf"[1-9]\d*:{FOUR}",
    "tiers": r"[a-z]+=[\d.]+(/[\d.]+)?( [a-z]+=[\d.]+(/[\d.]+)?)*",
    "until": rf"\d{{4}}-\d\d-\d\d:{FOUR}",
    "context": TOKENS,
    "most": TOKENS,
}
NEEDED = {"openai": [], "anthropic": ["thinks"], "google": ["thinks"]}
# Models whose cache is not free to write.
WRITES = ("claude-", "gpt-5.6", "gpt-6")


def is_day(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def price(text: str) -> float | None:
    return float(text) if text else None


def price_problems(row: source.Row) -> list[str]:
    found = []
    short = [price(row[name]) for name in ("input", "cached", "write", "output")]
    first, cached, write, output = short
    if first == 0:
        found.append("free")
    if first and cached and cached > first:
        found.append("cached")
    if first and output is not None and row["use"] == "chat" and output < first / 2:
        found.append("output")
    if first and not write and row["id"].startswith(WRITES):
        found.append("write")
    later = [price(value) for value in row["long"].partition(":")[2].split(",")]
    if any(a and b and b < a for a, b in zip(short, later)):
        found.append("long")
    return found


def row_problems(provider: str, row: source.Row) -> list[str]:
    """Names of the rules that it breaks."""
    forms = FORMS.items()
    found = [name for name, form in forms if row[name] and not re.fullmatch(form, row[name])]
    if not found:
        found = price_problems(row)
        if row["most"] and row["context"] and int(row["most"]) > int(row["context"]):
            found.append("most")
    found += [column for column, words in WORDS.items() if row[column] not in words]
    for column, (separator, words) in LISTS.items():
        values = row[column].split(separator) if row[column] not in ("", "-") else []
        if values != [word for word in words if word in values]:
            found.append(column)
    if provider in NEEDED and row["use"] == "chat" and "restricted" not in row["flags"]:
        needed = ["inputs", "efforts", "sampling", *NEEDED[provider]]
        found += [f"{column} unknown" for column in needed if not row[column]]
    days = {"retires": row["retires"], "until": row["until"].partition(":")[0]}
    found += [column for column, day in days.items() if day and not is_day(day)]
    if any("[" in value for value in row.values()):
        found.append("bracket")
    return found


def pick_problems(provider: str, rows: list[source.Row], today: str) -> list[str]:
    """The model for who names none must be one that everybody can use and afford."""
    picks = [row for row in rows if "pick" in row["flags"].split()]
    if len(picks) != 1:
        return [f"{provider}: {len(picks)} picks, one is needed"]
    pick, found = picks[0], []
    soon = datetime.date.fromisoformat(today) + datetime.timedelta(days=60)
    if pick["use"] != "chat" or not {"pick", "peak"} >= set(pick["flags"].split()) or not pick["input"]:
        found.append("is no ordinary chat")
    if pick["retires"] and pick["retires"] <= soon.isoformat():
        found.append("retires soon")

    def cost(row: source.Row) -> float:
        return (price(row["input"]) or 0) + (price(row["output"]) or 0)

    others = [row for row in rows if row["use"] == "chat" and row is not pick]
    if not any(cost(row) >= cost(pick) for row in others):
        found.append("is the dearest")
    return [f"{provider}/{pick['id']}: the pick {problem}" for problem in found]


def problems(facts: source.Facts, allowed: set[tuple[str, str, str]], today: str) -> list[str]:
    broken = {(*key, rule) for key, row in facts.items() for rule in row_problems(key[0], row)}
    found = [f"{provider}/{name}: {rule}" for provider, name, rule in sorted(broken - allowed)]
    found += [f"{'/'.join(it)}: no longer allowed for" for it in sorted(allowed - broken)]
    for provider in source.PROVIDERS.values() if not found else ():
        rows = [row for key, row in facts.items() if key[0] == provider]
        found += pick_problems(provider, rows, today)
    return found
