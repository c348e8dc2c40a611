"""Pydantic AI's set of tools. It hands over structured content, and text only if there is none."""

from contextlib import asynccontextmanager

from fastmcp.client.transports import StdioTransport
from pydantic_ai import ModelRetry
from pydantic_ai.mcp import MCPToolset


@asynccontextmanager
async def connect(command, environment, on_progress):
    async def progress(done, total, message):
        on_progress(done)

    transport = StdioTransport(command[0], command[1:], env=environment, keep_alive=False)
    async with MCPToolset(transport, progress_handler=progress) as tools:

        async def names():
            return [tool.name for tool in await tools.list_tools()]

        async def call(tool, arguments):
            try:
                result = await tools.direct_call_tool(tool, arguments)
            except ModelRetry as retry:
                return retry.message, None, True
            return result["text"], result, False

        yield names, call
