"""The tools, a module for each task of the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from art_mcp.server.arguments import shorten_schema
from art_mcp.server.sdk import tools_of
from art_mcp.server.tools import collection, ingest, painting, search

if TYPE_CHECKING:
    from mcp.server import MCPServer

    from art_mcp.server.services import Services


def register(server: MCPServer[Services], *, read_only: bool) -> None:
    """Add the tools in the order in which they are listed; if `read_only`, without those that write."""
    for module in (search, painting, collection) if read_only else (search, painting, collection, ingest):
        module.register(server)
    for tool in tools_of(server).values():
        shorten_schema(tool.parameters)
