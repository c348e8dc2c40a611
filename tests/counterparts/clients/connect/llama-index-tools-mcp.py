"""LlamaIndex' tools. Its client starts the program for each call."""

from contextlib import asynccontextmanager

from llama_index.tools.mcp import BasicMCPClient, McpToolSpec


@asynccontextmanager
async def connect(command, environment, on_progress):
    async def progress(done, total, message):
        on_progress(done)

    client = BasicMCPClient(command[0], args=command[1:], env=environment, timeout=60)
    tools = {tool.metadata.name: tool for tool in await McpToolSpec(client).to_tool_list_async()}

    async def names():
        return list(tools)

    async def call(tool, arguments):
        output = await tools[tool].acall(**arguments)
        raw = output.raw_output
        return raw.content[0].text, raw.structured_content, output.is_error

    yield names, call
