"""The official Python client against anygpt-mcp: what a user of that client would do, once in each mode.

check.py --server PATH --mock-provider PATH
"""

import argparse
import subprocess
import sys
import tempfile
import traceback
import warnings
from importlib.metadata import version

import anyio
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import PromptReference, ResourceTemplateReference

# How the client negotiates, and the revision it must end up with.
MODES = {"auto": "2026-07-28", "legacy": "2025-11-25", "2026-07-28": "2026-07-28"}
TOOLS = {
    "anygpt_chat_completion",
    "anygpt_compare",
    "anygpt_list_models",
    "anygpt_list_providers",
    "anygpt_list_tags",
}
MODELS = ["gpt-4.1", "claude-sonnet-5", "gemini-3.5-flash"]
SECTIONS = ["errors", "overview", "providers", "troubleshooting", "workflow"]
RESOURCES = [f"anygpt://docs/{section}" for section in SECTIONS] + ["anygpt://examples/basic-chat"]
TEMPLATES = ["anygpt://docs/{section}", "anygpt://examples/{example}"]
PROMPTS = ["compare-providers", "discover-and-chat", "list-capabilities", "second-opinion"]
CHAT = "anygpt_chat_completion"
MODERN = "2026-07-28"
INVALID_PARAMS = -32602
RESOURCE_NOT_FOUND = -32002
SECONDS = 60


def expect(condition, *seen):
    if not condition:
        raise AssertionError(" ".join(map(str, seen)))


async def refused(code, call, what):
    try:
        result = await call
    except MCPError as error:
        expect(error.code == code, what, error)
    else:
        raise AssertionError(f"{what} gave {result}")


async def converse(client, revision, told):
    expect(client.protocol_version == revision, "revision", client.protocol_version)
    if client.server_info:
        expect(client.server_info.name == "anygpt-mcp", client.server_info)

    await tools(client)
    await progress_and_cancellation(client)
    await resources(client, revision)
    await prompts(client)
    if revision == MODERN:
        await subscriptions(client)
    else:
        await logging(client, told)


async def tools(client):
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

    await refused(INVALID_PARAMS, client.call_tool("no_such_tool", {}), "unknown tool")


async def progress_and_cancellation(client):
    seen = []

    async def on_progress(progress, total, message):
        seen.append(progress)

    slow = {"prompt": "x", "model": "openai/slow-100"}
    result = await client.call_tool(CHAT, slow, progress_callback=on_progress)
    expect(not result.is_error and seen, "progress", seen, result)
    expect(seen == sorted(set(seen)), "progress must grow", seen)

    seen.clear()
    hanging = {"prompt": "x", "model": "openai/fault-hang-stream"}
    with anyio.move_on_after(SECONDS / 2) as scope:

        async def cancel_when_it_runs(progress, total, message):
            scope.cancel()

        await client.call_tool(CHAT, hanging, progress_callback=cancel_when_it_runs)
    expect(scope.cancelled_caught, "the call ended before it was cancelled")
    result = await client.call_tool(CHAT, {"prompt": "next", "model": MODELS[0]})
    expect(result.structured_content["text"] == "echo: next", "after a cancel", result)


async def resources(client, revision):
    listed = sorted(resource.uri for resource in (await client.list_resources()).resources)
    expect(listed == RESOURCES, "resources", listed)
    templates = (await client.list_resource_templates()).resource_templates
    expect(sorted(template.uri_template for template in templates) == TEMPLATES, "templates", templates)
    for uri in RESOURCES:
        contents = (await client.read_resource(uri)).contents
        expect(len(contents) == 1 and contents[0].uri == uri and contents[0].text, uri, contents)
    code = INVALID_PARAMS if revision == MODERN else RESOURCE_NOT_FOUND
    await refused(code, client.read_resource("anygpt://docs/nothing"), "unknown resource")

    reference = ResourceTemplateReference(type="ref/resource", uri=TEMPLATES[0])
    result = await client.complete(reference, {"name": "section", "value": "tr"})
    expect(result.completion.values == ["troubleshooting"], "completion", result)


async def prompts(client):
    listed = (await client.list_prompts()).prompts
    expect(sorted(prompt.name for prompt in listed) == PROMPTS, "prompts", listed)
    for prompt in listed:
        parameters = prompt.arguments or []
        given = {parameter.name: f'"grüße" {parameter.name}' for parameter in parameters}
        messages = (await client.get_prompt(prompt.name, given)).messages
        said = "\n".join(getattr(message.content, "text", "") for message in messages)
        for parameter in parameters:
            expect(given[parameter.name] in said, prompt.name, "leaves out", parameter.name, said)
            if parameter.required:
                rest = {name: value for name, value in given.items() if name != parameter.name}
                await refused(INVALID_PARAMS, client.get_prompt(prompt.name, rest), "missing argument")
    await refused(INVALID_PARAMS, client.get_prompt("nothing"), "unknown prompt")

    reference = PromptReference(type="ref/prompt", name="discover-and-chat")
    result = await client.complete(reference, {"name": "provider", "value": "an"})
    expect(result.completion.values == ["anthropic"], "completion", result)


async def subscriptions(client):
    async with client.listen(tools_list_changed=True):
        result = await client.call_tool(CHAT, {"prompt": "meanwhile", "model": MODELS[0]})
        expect(not result.is_error, "while a subscription is open", result)


async def logging(client, told):
    # Deprecated in 2026-07-28 only, which is not spoken here.
    warnings.filterwarnings("ignore", message="The logging capability is deprecated")
    await client.set_logging_level("info")
    expect(not told, "log messages before they were asked for", told)
    await client.call_tool(CHAT, {"prompt": "x", "model": MODELS[0]})
    # What was paid, and the call.
    expect([message.level for message in told] == ["info", "info"], "log messages", told)
    await client.set_logging_level("error")
    await client.call_tool(CHAT, {"prompt": "x", "model": MODELS[0]})
    expect(len(told) == 2, "log messages below the level", told)


async def run_mode(mode, revision, server, environment, stderr):
    parameters = StdioServerParameters(command=server, env=environment)
    told = []

    async def on_log(message):
        told.append(message)

    with anyio.fail_after(SECONDS):
        transport = stdio_client(parameters, errlog=stderr)
        async with Client(transport, mode=mode, logging_callback=on_log) as client:
            await converse(client, revision, told)


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
