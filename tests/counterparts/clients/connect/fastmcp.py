"""FastMCP's client, as its documentation shows it."""

from contextlib import asynccontextmanager

from fastmcp import Client
from fastmcp.client.transports import StdioTransport


@asynccontextmanager
async def connect(command, environment, on_progress):
    async def progress(done, total, message):
        on_progress(done)

    transport = StdioTransport(command[0], command[1:], env=environment, keep_alive=False)
    async with Client(transport, progress_handler=progress) as client:

        async def names():
            return [tool.name for tool in await client.list_tools()]

        async def call(tool, arguments):
            result = await client.call_tool(tool, arguments, raise_on_error=False)
            return result.content[0].text, result.structured_content, result.is_error

        yield names, call
