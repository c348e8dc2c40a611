"""Whether the addresses and key variables of our presets are those that the list's package knows.

hosts.tsv has the differences with reasons. Never here: models.
"""

import pathlib
import re
import zipfile

HERE = pathlib.Path(__file__).parent
DIFFERENCES = HERE / "hosts.tsv"
PROVIDERS = HERE.parent / "src"

# What the package's variables begin with, if it is not our id in capitals.
PREFIXES = {"google": "GEMINI", "together": "TOGETHER_AI"}


def presets() -> dict[str, tuple[set[str], set[str]]]:
    """Hosts of the API and variables of the key of each preset that has both."""
    found = {}
    text = (PROVIDERS / "presets.rs").read_text()
    preset = r'^    Preset \{\n +id: "?(\w+)"?,$(.*?)^    \},$'
    for name, block in re.findall(preset, text, re.M | re.S):
        # A format of its own has its address in its folder.
        own = "".join(path.read_text() for path in (PROVIDERS / name.lower()).glob("**/mod.rs"))
        hosts = re.findall(r'"https://([^"/]+)[^"]*"', block + own)
        keys = re.search(r"key_variables: &\[(.*?)\]", block, re.S)
        if hosts and keys:
            found[name] = set(hosts), set(re.findall(r'"(\w+)"', keys[1]))
    return found


def known(package: zipfile.ZipFile) -> tuple[dict[str, set[str]], set[str]]:
    """Hosts by the variable that replaces them, and all words that may be a variable."""
    hosts: dict[str, set[str]] = {}
    words = set()
    address = r'[^"=]{0,40}(?:or\s+|=\s*)"https://([^"/]+)'
    for name in package.namelist():
        if not name.endswith(".py"):
            continue
        text = package.read(name).decode()
        words.update(re.findall(r'"([A-Z][A-Z0-9_]+)"', text))
        for variable, host in re.findall(r"\b([A-Z_]+_API_BASE)\b\"?" + address, text):
            hosts.setdefault(variable, set()).add(host)
    return hosts, words


def problems(package: zipfile.ZipFile) -> list[str]:
    hosts, words = known(package)
    found = set()
    for name, (ours, keys) in presets().items():
        prefix = PREFIXES.get(name, name.upper())
        theirs = set().union(*(them for key, them in hosts.items() if key.startswith(prefix)))
        found |= {(name, "host", host) for host in ours - theirs}
        found |= {(name, "variable", key) for key in keys - words}
    lines = [line for line in DIFFERENCES.read_text().splitlines() if line and line[0] != "#"]
    explained = {tuple(line.split("\t")[:3]) for line in lines if line.count("\t") == 5}
    new = sorted(found - explained)
    result = [f"preset {' '.join(it)}: the list's package has another" for it in new]
    result += [f"hosts.tsv: {' '.join(it)}: no longer needed" for it in sorted(explained - found)]
    if len(explained) != len(lines):
        result.append("hosts.tsv: a line needs preset, what, value, source, day, reason")
    return result
