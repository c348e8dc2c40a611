"""OpenAI's agent kit: its tools, with schemas made strict, invoked as its runner does."""

import json
from contextlib import asynccontextmanager

from agents import Agent, RunContextWrapper
from agents.mcp import MCPServerStdio, MCPUtil
from agents.tool_context import ToolContext


@asynccontextmanager
async def connect(command, environment, on_progress):
    parameters = {"command": command[0], "args": command[1:], "env": environment}
    # Five seconds are its default, which many answers need more than.
    async with MCPServerStdio(
        parameters, client_session_timeout_seconds=60, use_structured_content=True
    ) as server:
        tools = {
            tool.name: tool
            for tool in await MCPUtil.get_all_function_tools(
                [server], True, RunContextWrapper(None), Agent("agent")
            )
        }

        async def names():
            return list(tools)

        async def call(tool, arguments):
            text = json.dumps(arguments)
            context = ToolContext(None, tool_name=tool, tool_call_id="1", tool_arguments=text)
            output = await tools[tool].on_invoke_tool(context, text)
            if isinstance(output, str):
                structured = json.loads(output)
                return structured["text"], structured, False
            return output["text"], None, False

        yield names, call
