"""LangChain's adapter: its tools, invoked as an agent does."""

from contextlib import asynccontextmanager

from langchain_mcp_adapters.callbacks import Callbacks
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools


@asynccontextmanager
async def connect(command, environment, on_progress):
    async def progress(done, total, message, context):
        on_progress(done)

    server = {"transport": "stdio", "command": command[0], "args": command[1:], "env": environment}
    async with MultiServerMCPClient({"anygpt": server}).session("anygpt") as session:
        tools = {
            tool.name: tool
            for tool in await load_mcp_tools(session, callbacks=Callbacks(on_progress=progress))
        }

        async def names():
            return list(tools)

        async def call(tool, arguments):
            message = await tools[tool].ainvoke(
                {"name": tool, "args": arguments, "id": "1", "type": "tool_call"}
            )
            structured = (message.artifact or {}).get("structured_content")
            return message.text, structured, message.status == "error"

        yield names, call
