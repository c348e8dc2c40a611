"""MCP clients of others with the program, and what README.md has of them.

check.py [--write] --program PATH --mock-provider PATH --logs FOLDER CLIENT...

Each client is a file of `connect/`, named after its package. It has an asynchronous context
manager, `connect(command, environment, on_progress)`, of two functions: one returns the names of
the tools, the other one calls a tool and returns text, structured content and whether it failed, as
far as the client hands them over.
"""

import argparse
import asyncio
import os
import runpy
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from loopback import Tripwire
from table import Report

CHAT = "anygpt_chat_completion"
TOOLS = {CHAT, "anygpt_compare", "anygpt_list_models", "anygpt_list_providers", "anygpt_list_tags"}
SECONDS = 120


def expect(condition, *seen):
    if not condition:
        raise AssertionError(" ".join(map(str, seen)))


@dataclass
class Client:
    """A client that is connected."""

    names: Callable
    call: Callable
    # Progress that was reported.
    progress: list
    # Files of all lines.
    sent: Path
    received: Path

    async def chat(self, prompt="hi", model="openai/gpt-4.1", **arguments):
        return await self.call(CHAT, {"prompt": prompt, "model": model, **arguments})


async def listed(client):
    names = await client.names()
    expect(set(names) == TOOLS, names)


async def called(client):
    text, _, failed = await client.chat('grüße\n"and" more')
    expect('echo: grüße\n"and" more' in text and not failed, text)


async def failing(client):
    text, _, failed = await client.chat(model="openai/fault-400")
    expect(text.startswith("invalid_request") and "400" in text, text)
    return None if failed else "text"


async def structured(client):
    _, content, _ = await client.chat()
    if content is None:
        return "none"
    expect(content["text"] == "echo: hi" and content["usage"]["output_tokens"] > 0, content)


async def progress(client):
    before = len(client.progress)
    await client.chat(model="openai/slow-100")
    return None if len(client.progress) > before else "none"


async def cancelled(client):
    call = asyncio.create_task(client.chat(model="openai/fault-hang-stream", timeout_seconds=10))
    await appears("fault-hang-stream", client.sent, call)
    call.cancel()
    await asyncio.wait([call])
    expect(call.cancelled(), call)
    text, _, failed = await client.chat("next")
    expect("echo: next" in text and not failed, text)
    # Behind what the client sent when the call was cancelled.
    await appears("next", client.sent)
    if "notifications/cancelled" in client.sent.read_text():
        return None
    # An answer that comes while it closes is too much for mcp 1, so it is read first.
    await appears('"timeout"', client.received)
    await client.chat()
    return "silent"


async def appears(word, file, call=None):
    until = time.monotonic() + SECONDS
    while word not in file.read_text():
        expect(
            time.monotonic() < until and not (call and call.done()), word, "is not in", file, call
        )
        await asyncio.sleep(0.05)


COLUMNS = {
    "list": listed,
    "call": called,
    "error": failing,
    "structured": structured,
    "progress": progress,
    "cancel": cancelled,
}


async def check(name, program, environment, logs, report):
    sent, received = (logs / f"{name}.{end}" for end in ("sent", "received"))
    for file in (sent, received):
        file.write_bytes(b"")
    copied = 'tee -a "$1" | "$3" | tee -a "$2"'
    command = ["sh", "-c", copied, "sh", str(sent), str(received), program]
    connect = runpy.run_path(str(Path(__file__).parent / "connect" / f"{name}.py"))["connect"]
    reports = []
    async with (
        asyncio.timeout(SECONDS * 10),
        connect(command, environment, reports.append) as (names, call),
    ):
        client = Client(names, call, reports, sent, received)
        for column, try_it in COLUMNS.items():
            try:
                async with asyncio.timeout(SECONDS):
                    report.saw(name, column, await try_it(client))
            except Exception as error:  # Whatever it is belongs into the table.
                report.saw(name, column, error=error)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--program", required=True)
    parser.add_argument("--mock-provider", required=True)
    parser.add_argument("--logs", type=Path, required=True)
    parser.add_argument("clients", nargs="+")
    options = parser.parse_args()

    tripwire = Tripwire()
    environment = tripwire.environment()
    # The packages run in this process.
    os.environ.clear()
    os.environ.update(environment)
    report = Report("MCP clients", rows=options.clients)
    with subprocess.Popen(
        [options.mock_provider], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as provider:
        urls = dict(provider.stdout.readline().strip().split("=", 1) for _ in range(3))
        mine = (
            environment | urls | {"OPENAI_API_KEY": "sk-counterparts-4b7e19", "LOG_LEVEL": "error"}
        )
        for name in options.clients:
            try:
                asyncio.run(check(name, options.program, mine, options.logs, report))
            except Exception:  # Cells that were not tried are failures.
                traceback.print_exc()
        # Ends at the end of its input.
        provider.stdin.close()
    return report.end(options.write) | tripwire.end()


if __name__ == "__main__":
    sys.exit(main())
