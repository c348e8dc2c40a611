"""mcp-proxy, which serves the program by Streamable HTTP, behind the official client."""

import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from loopback import free_port
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client


@asynccontextmanager
async def connect(command, environment, on_progress):
    async def progress(done, total, message):
        on_progress(done)

    port = free_port()
    proxy = Path(sys.executable).with_name("mcp-proxy")
    # It logs the end of a session as an error.
    with subprocess.Popen(
        [proxy, "--host", "127.0.0.1", "--port", str(port), "--pass-environment", "--", *command],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            await listening(port)
            async with (
                streamablehttp_client(f"http://127.0.0.1:{port}/mcp") as (read, write, _),
                ClientSession(read, write) as session,
            ):
                await session.initialize()

                async def names():
                    return [tool.name for tool in (await session.list_tools()).tools]

                async def call(tool, arguments):
                    result = await session.call_tool(tool, arguments, progress_callback=progress)
                    return result.content[0].text, result.structuredContent, result.isError

                yield names, call
        finally:
            process.terminate()


async def listening(port):
    while True:
        try:
            await (await anyio.connect_tcp("127.0.0.1", port)).aclose()
            return
        except OSError:
            await anyio.sleep(0.1)
