"""The official Python client against anygpt-mcp: what a user of that client would do, once in each mode.

check.py --server PATH --mock-provider PATH
"""

import argparse
import subprocess
import sys
import tempfile
import traceback
from importlib.metadata import version

import anyio
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client

# How the client negotiates, and the revision it must end up with.
MODES = {"auto": "2026-07-28", "legacy": "2025-11-25", "2026-07-28": "2026-07-28"}
TOOLS = {"anygpt_chat_completion", "anygpt_list_models", "anygpt_list_providers", "anygpt_list_tags"}
MODELS = ["gpt-4.1", "claude-sonnet-5", "gemini-3.5-flash"]
INVALID_PARAMS = -32602
SECONDS = 60


def expect(condition, *seen):
    if not condition:
        raise AssertionError(" ".join(map(str, seen)))


async def converse(client, revision):
    expect(client.protocol_version == revision, "revision", client.protocol_version)
    if client.server_info:
        expect(client.server_info.name == "anygpt-mcp", client.server_info)

    names = {tool.name for tool in (await client.list_tools()).tools}
    expect(TOOLS <= names, "tools", names)

    for model in MODELS:
        said = f"grüße from {model}"
        result = await client.call_tool("anygpt_chat_completion", {"prompt": said, "model": model})
        expect(not result.is_error, model, result)
        expect(f"echo: {said}" in result.content[0].text, model, result)
        expect(result.structured_content["text"] == f"echo: {said}", model, result)

    result = await client.call_tool("anygpt_chat_completion", {"prompt": "x", "model": "openai/fault-400"})
    expect(result.is_error and "400" in result.content[0].text, "a failing provider gave", result)

    try:
        result = await client.call_tool("no_such_tool", {})
    except MCPError as error:
        expect(error.code == INVALID_PARAMS, "unknown tool", error)
    else:
        raise AssertionError(f"unknown tool gave {result}")


async def run_mode(mode, revision, server, environment, stderr):
    parameters = StdioServerParameters(command=server, env=environment)
    with anyio.fail_after(SECONDS):
        async with Client(stdio_client(parameters, errlog=stderr), mode=mode) as client:
            await converse(client, revision)


def causes(error):
    """What lies inside the groups that task groups raise."""
    for inner in getattr(error, "exceptions", ()):
        yield from causes(inner)
    if not hasattr(error, "exceptions"):
        yield error


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--mock-provider", required=True)
    options = parser.parse_args()

    failed = False
    with subprocess.Popen(
        [options.mock_provider], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as provider:
        environment = dict(provider.stdout.readline().strip().split("=", 1) for _ in range(3))
        for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY"):
            environment[name] = f"mock-{name.lower()}-4b7e19"
        for mode, revision in MODES.items():
            print(f"official Python client {version('mcp')}, mode {mode}: ", end="", flush=True)
            with tempfile.TemporaryFile("w+") as stderr:
                try:
                    anyio.run(run_mode, mode, revision, options.server, environment, stderr)
                    print("ok")
                except Exception as error:
                    failed = True
                    print("FAILED")
                    for cause in causes(error):
                        traceback.print_exception(cause, limit=-3, file=sys.stdout)
                    stderr.seek(0)
                    print(f"stderr of the server:\n{stderr.read()}")
        # Ends at the end of its input.
        provider.stdin.close()
    sys.exit(failed)


if __name__ == "__main__":
    main()
