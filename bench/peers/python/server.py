"""An echo tool on the official Python SDK."""

from typing import Annotated

from mcp.server import MCPServer
from pydantic import Field

server = MCPServer("peer", log_level="ERROR")


# Text alone: as structured output the prompt would stand in the answer twice.
@server.tool(name="anygpt_chat_completion", structured_output=False)
def chat_completion(prompt: Annotated[str, Field(description="The question")]) -> str:
    """Repeat the prompt"""
    return prompt


server.run()
