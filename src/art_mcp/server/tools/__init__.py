"""The tools, a module for each thing that a user wants to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from art_mcp.server.arguments import say_shortly
from art_mcp.server.tools import collection, ingest, painting, search

if TYPE_CHECKING:
    from mcp.server import MCPServer

    from art_mcp.server.services import Services


def register(server: MCPServer[Services], *, read_only: bool) -> None:
    """Add every tool, in the order in which they are listed; without those that write if `read_only`."""
    for module in (search, painting, collection) if read_only else (search, painting, collection, ingest):
        module.register(server)
    for tool in server._tool_manager.list_tools():
        say_shortly(tool.parameters)
