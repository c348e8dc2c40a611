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
SOURCE = "litellm==1.110.2"
SHA256 = "TODO"
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
    """`272:4,0.4,5,30`: from so many thand tokens of input on."""
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


def main() -> None:
    rows = json.load(open(sys.argv[1]))
    today = sys.argv[2]
    out = {}
    for name, row in rows.items():
        provider = PROVIDERS.get(row.get("litellm_provider"))
        if provider is None or row.get("mode") not in MODES or name.startswith("ft:"):
            continue
        if row.get("deprecation_date", today) < today:
            continue
        if "/" in name.removeprefix(f"{row['litellm_provider']}/") and provider != "groq":
            continue
        f = fact(provider, name, row)
        if f["use"] == "chat" and not f["input"]:
            continue
        out.setdefault(provider, []).append(f)
    print("\t".join(COLUMNS))
    for provider in PROVIDERS.values():
        print(f"[{provider}]")
        for f in sorted(out.get(provider, []), key=lambda f: f["id"]):
            print("\t".join(f[c] for c in COLUMNS).rstrip("\t"))


main()
