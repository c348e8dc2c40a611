"""Google's agent kit: its set of tools, run as its agents do."""

from contextlib import asynccontextmanager

from google.adk.agents import LlmAgent
from google.adk.agents.invocation_context import InvocationContext
from google.adk.sessions import InMemorySessionService
from google.adk.tools.mcp_tool import McpToolset, StdioConnectionParams
from google.adk.tools.tool_context import ToolContext
from mcp import StdioServerParameters


@asynccontextmanager
async def connect(command, environment, on_progress):
    async def progress(done, total, message):
        on_progress(done)

    server = StdioServerParameters(command=command[0], args=command[1:], env=environment)
    parameters = StdioConnectionParams(server_params=server, timeout=60)
    toolset = McpToolset(connection_params=parameters, progress_callback=progress)
    sessions = InMemorySessionService()
    session = await sessions.create_session(app_name="check", user_id="user")
    context = ToolContext(
        InvocationContext(
            session_service=sessions,
            session=session,
            invocation_id="1",
            agent=LlmAgent(name="agent"),
        ),
        function_call_id="1",
    )
    try:

        async def tools():
            return {tool.name: tool for tool in await toolset.get_tools()}

        async def call(tool, arguments):
            result = await (await tools())[tool].run_async(args=arguments, tool_context=context)
            return (
                result["content"][0]["text"],
                result.get("structuredContent"),
                result.get("isError"),
            )

        yield tools, call
    finally:
        await toolset.close()
