"""The tools, a module for each task of the user."""

from __future__ import annotations

from mcp.server import MCPServer

from art_mcp.server.arguments import shorten_schema
from art_mcp.server.sdk import tools_of
from art_mcp.server.services import Services
from art_mcp.server.tools import collection, gallery, ingest, painting, search


def register(server: MCPServer[Services], *, read_only: bool) -> None:
    """Add the tools in the order in which they are listed; if `read_only`, without those that write."""
    reading = (search, painting, collection, gallery)
    for module in reading if read_only else (*reading, ingest):
        module.register(server)
    for tool in tools_of(server).values():
        shorten_schema(tool.parameters)
