#!/usr/bin/env python3
"""Writes facts.tsv: what is known of the models of the first parties, from a pinned public list and overrides.tsv.

    generate.py [--check]

--check writes nothing, and fails if facts.tsv would differ. The list is fetched by pip, which verifies its hash; nothing of
it is installed or run. README.md has the columns. What never belongs here: a fact (that is a row of overrides.tsv).
"""

import argparse
import datetime
import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).parent
OVERRIDES = HERE / "overrides.tsv"
TABLE = HERE / "facts.tsv"
SOURCE = "litellm==1.110.2"
SHA256 = "9d94d1c7d524b6fd10c14f9c8c6c4f0ac31705f9964ac59dcfd8337c046d8917"
LIST = "litellm/model_prices_and_context_window_backup.json"

# Providers of the list, and ours.
PROVIDERS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "gemini": "google",
    "mistral": "mistral",
    "xai": "xai",
    "deepseek": "deepseek",
    "groq": "groq",
    "moonshot": "moonshot",
    "zai": "zai",
    "cerebras": "cerebras",
}
MODES = {
    "chat": "chat",
    "responses": "chat",
    "embedding": "embeddings",
    "image_generation": "images",
    "realtime": "realtime",
    "audio_speech": "speech",
    "audio_transcription": "transcription",
    "video_generation": "video",
    "moderation": "moderation",
    "ocr": "ocr",
}
EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"]
COLUMNS = [
    "id", "use", "input", "cached", "write", "output", "search", "long", "tiers", "until", "context", "most", "inputs",
    "efforts", "thinks", "takes", "flags", "retires", "next",
]


def usd(value: float | None) -> str:
    """US dollars per million tokens; the list has noise such as 1.4e-07."""
    return "" if value is None else f"{round(value * 1e6, 6):.6f}".rstrip("0").rstrip(".")


def prices(row: dict, suffix: str) -> list[str]:
    names = ["input_cost_per_token", "cache_read_input_token_cost", "cache_creation_input_token_cost", "output_cost_per_token"]
    return [usd(row.get(name + suffix)) for name in names]


def long_prices(row: dict) -> str:
    """`272:4,0.4,5,30`: from so many thousand tokens of input on."""
    for thousands in (32, 100, 128, 200, 256, 272, 512):
        suffix = f"_above_{thousands}k_tokens"
        if row.get("input_cost_per_token" + suffix):
            return f"{thousands}:" + ",".join(prices(row, suffix))
    return ""


def tiers(row: dict) -> str:
    found = []
    for tier in ("flex", "priority"):
        base, other = row.get("input_cost_per_token"), row.get(f"input_cost_per_token_{tier}")
        if base and other:
            found.append(f"{tier}={round(other / base, 3):g}")
    return " ".join(found)


def efforts(provider: str, row: dict) -> str:
    """Those that are known; empty if it reasons in an unknown way, `-` if it does not reason."""
    levels = row.get("reasoning_effort_levels")
    if not levels:
        if not row.get("supports_reasoning"):
            return "-" if row.get("supports_reasoning") is False or provider == "openai" else ""
        if provider not in ("openai", "anthropic", "google"):
            return ""
        usual = {"low", "medium", "high"}
        flags = {effort: row.get(f"supports_{effort}_reasoning_effort") for effort in EFFORTS}
        levels = {e for e in EFFORTS if flags[e] or flags[e] is None and e in usual}
    return ",".join(effort for effort in EFFORTS if effort in levels)


def thinks(row: dict) -> str:
    for flag, word in (
        ("thinking_always_on", "always"),
        ("thinking_on_by_default", "default"),
        ("supports_adaptive_thinking", "adaptive"),
        ("supports_legacy_thinking", "budget"),
    ):
        if row.get(flag):
            return word
    return ""


# What a model takes, by a flag of the list: a word, `no-` and the word, or nothing if it is unknown.
TAKES = {
    "supports_function_calling": "tools",
    "supports_forced_tool_use": "forced",
    "supports_response_schema": "schema",
    "supports_sampling_params": "sampling",
}
INPUTS = {
    "supports_vision": "image",
    "supports_pdf_input": "pdf",
    "supports_audio_input": "audio",
    "supports_video_input": "video",
}


def takes(row: dict) -> str:
    known = {word: row[flag] for flag, word in TAKES.items() if row.get(flag) is not None}
    return " ".join(word if value else f"no-{word}" for word, value in known.items())


def search(row: dict) -> str:
    """US dollars per thousand searches."""
    sizes = row.get("search_context_cost_per_query") or {}
    value = sizes.get("search_context_size_medium")
    return "" if value is None else f"{value * 1000:g}"


def fact(provider: str, name: str, row: dict) -> dict[str, str]:
    first, cached, write, output = prices(row, "")
    inputs = [word for flag, word in INPUTS.items() if row.get(flag)]
    return {
        "id": name.removeprefix(f"{row['litellm_provider']}/"),
        "use": MODES.get(row.get("mode"), ""),
        "input": first,
        "cached": cached,
        "write": write,
        "output": output,
        "search": search(row),
        "long": long_prices(row),
        "tiers": tiers(row),
        "until": "",
        "context": str(int(row.get("max_input_tokens") or 0) or ""),
        "most": str(int(row.get("max_output_tokens") or 0) or ""),
        "inputs": ",".join(inputs),
        "efforts": efforts(provider, row),
        "thinks": thinks(row),
        "takes": takes(row),
        "flags": "responses" if row.get("mode") == "responses" else "",
        "retires": row.get("deprecation_date", ""),
        "next": row.get("successor_model", ""),
    }


def read_list(cache: pathlib.Path) -> dict[str, dict]:
    """The list, from its package, of which nothing is installed."""
    wheels = list(cache.glob("litellm-*.whl"))
    if not wheels:
        requirement = cache / "source.txt"
        requirement.write_text(f"{SOURCE} --hash=sha256:{SHA256}\n")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
        platform = ["--only-binary", ":all:", "--platform", "manylinux_2_28_x86_64", "--python-version", "3.11"]
        subprocess.run([*command, *platform, "--dest", cache, "--requirement", requirement], check=True)
        wheels = list(cache.glob("litellm-*.whl"))
    with zipfile.ZipFile(wheels[0]) as package:
        return json.loads(package.read(LIST))


def facts_of(rows: dict[str, dict], today: str) -> dict[tuple[str, str], dict[str, str]]:
    found = {}
    for name, row in rows.items():
        provider = PROVIDERS.get(row.get("litellm_provider"))
        short = name.removeprefix(f"{row.get('litellm_provider')}/")
        if provider is None or row.get("mode") not in MODES or short.startswith("ft:"):
            continue
        # Sizes and qualities of pictures, and hosts' own folders, are no ids.
        if "/" in short and provider != "groq":
            continue
        if row.get("deprecation_date", today) < today:
            continue
        one = fact(provider, short, row)
        if one["use"] == "chat" and not one["input"]:
            continue
        # The same model by two modes: the one with more known.
        known = found.get((provider, short))
        if known is None or sum(map(bool, known.values())) < sum(map(bool, one.values())):
            found[provider, short] = one
    return found


def overridden(facts: dict, problems: list[str]) -> None:
    """Applies overrides.tsv: provider, id, column, value, source, day seen, reason."""
    for number, line in enumerate(OVERRIDES.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        provider, name, column, value, source, seen, reason = line.split("\t")
        place = f"overrides.tsv:{number}: {provider}/{name}: {column}"
        if not (source and seen and reason):
            problems.append(f"{place}: source, day and reason are needed")
        row = facts.get((provider, name))
        if column == "like":
            if row is not None:
                problems.append(f"{place}: no longer needed, the list has it")
            facts[provider, name] = {**facts[provider, value], "id": name}
        elif column == "gone":
            if facts.pop((provider, name), None) is None:
                problems.append(f"{place}: no longer needed, the list lacks it")
        elif column not in COLUMNS or row is None:
            problems.append(f"{place}: no such column or row")
        elif row[column] == value:
            problems.append(f"{place}: no longer needed, the list says the same")
        else:
            row[column] = value


def table(facts: dict, today: str) -> str:
    lines = [f"facts {today} {SOURCE.replace('==', '-')}+overrides", "\t".join(COLUMNS)]
    for provider in PROVIDERS.values():
        lines.append(f"[{provider}]")
        rows = sorted((name, row) for (of, name), row in facts.items() if of == provider)
        lines += ["\t".join(row[column] for column in COLUMNS).rstrip("\t") for _, row in rows]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cache", type=pathlib.Path, required=True, help="where the package is kept")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    old = TABLE.read_text() if TABLE.exists() else ""
    # The day of a table that is checked is its own.
    today = old.split()[1] if options.check else datetime.date.today().isoformat()
    problems: list[str] = []
    facts = facts_of(read_list(options.cache), today)
    overridden(facts, problems)
    new = table(facts, today)
    if options.check and new != old:
        problems.append("facts.tsv is old: run make facts")
    print("\n".join(problems), end="\n" if problems else "", file=sys.stderr)
    if problems:
        sys.exit(1)
    TABLE.write_text(new)


if __name__ == "__main__":
    main()
