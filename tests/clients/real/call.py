"""Makes calls with the Python SDK that runs it, and prints what it got as JSON; versions from 1.2 to 2 can run it.

The first argument is JSON: the server (`command`, `args` and `env`, or `url`), and the `calls`, each a tool and its
arguments.
"""

import asyncio
import json
import sys
from contextlib import asynccontextmanager

import mcp
from mcp.client.stdio import stdio_client

try:
    from mcp.client.streamable_http import streamablehttp_client
except ImportError:  # before 1.8, and from 2 on
    streamablehttp_client = None


@asynccontextmanager
async def connected(server):
    stdio = "url" not in server and stdio_client(mcp.StdioServerParameters(**server))
    if hasattr(mcp, "Client"):  # from 2 on
        async with mcp.Client(stdio or server["url"]) as client:
            yield client, client.protocol_version
        return
    transport = stdio or streamablehttp_client(server["url"])
    async with transport as streams, mcp.ClientSession(*streams[:2]) as session:
        yield session, (await session.initialize()).protocolVersion


async def main(server, calls):
    async with connected(server) as (client, version):
        listed = await client.list_tools()
        answers = [await client.call_tool(tool, arguments) for tool, arguments in calls]
    written = [answer.model_dump(mode="json", by_alias=True, exclude_none=True) for answer in answers]
    print(json.dumps({"version": version, "tools": [tool.name for tool in listed.tools], "answers": written}))


asyncio.run(main(**json.loads(sys.argv[1])))
