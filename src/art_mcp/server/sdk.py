"""Uses of the MCP SDK that have no public name there; pyproject.toml pins its minor version because of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.server import MCPServer
from mcp.server.context import ServerMiddleware, ServerRequestContext
from mcp.server.mcpserver import server as mcpserver
from mcp.server.mcpserver.prompts import Prompt
from mcp.server.mcpserver.tools import Tool
from mcp.shared.message import SessionMessage
from mcp.types import CompleteRequestParams, CompleteResult

T = TypeVar("T")

# An MCPServer imports rich for a log handler, which takes a twentieth of a server's start; the command line has set up
# logging before, so that the handler would not be used.
mcpserver.configure_logging = lambda level="INFO": None  # type: ignore[attr-defined]


def tools_of(server: MCPServer[Any]) -> dict[str, Tool]:
    """The tools by name, in the order in which they are listed; changes to them are seen by clients."""
    return {tool.name: tool for tool in server._tool_manager.list_tools()}


def prompts_of(server: MCPServer[Any]) -> dict[str, Prompt]:
    """The prompts by name, in the order in which they are listed."""
    return {prompt.name: prompt for prompt in server._prompt_manager.list_prompts()}


def handle_completion(
    server: MCPServer[T],
    handler: Callable[[ServerRequestContext[T], CompleteRequestParams], Awaitable[CompleteResult]],
) -> None:
    """Answer `completion/complete`; the handlers of `MCPServer.completion` have no access to the lifespan's context."""
    server._lowlevel_server.add_request_handler("completion/complete", CompleteRequestParams, handler)


def surround(server: MCPServer[Any], middleware: ServerMiddleware[Any]) -> None:
    """Let middleware see a request before that with which the server was built."""
    server._lowlevel_server.middleware.insert(0, middleware)


async def serve_one_era(
    server: MCPServer[Any],
    received: MemoryObjectReceiveStream[SessionMessage | Exception],
    sent: MemoryObjectSendStream[SessionMessage],
) -> None:
    """Serve a client over a pair of streams, in the protocol era of its first request; closes both."""
    lowlevel = server._lowlevel_server
    await lowlevel.run(received, sent, lowlevel.create_initialization_options())
