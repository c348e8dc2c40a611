"""mcp-use: a session of its client."""

from contextlib import asynccontextmanager

from mcp_use import MCPClient


@asynccontextmanager
async def connect(command, environment, on_progress):
    server = {"command": command[0], "args": command[1:], "env": environment}
    client = MCPClient({"mcpServers": {"anygpt": server}})
    session = await client.create_session("anygpt")
    try:

        async def names():
            return [tool.name for tool in await session.list_tools()]

        async def call(tool, arguments):
            result = await session.call_tool(tool, arguments)
            return result.content[0].text, result.structuredContent, result.isError

        yield names, call
    finally:
        await client.close_all_sessions()
