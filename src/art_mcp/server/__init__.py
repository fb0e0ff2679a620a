"""Serves MCP: tools, prompts and resources, over stdio or HTTP."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from art_mcp.server import handover as handover
    from art_mcp.server import http as http
    from art_mcp.server import metrics as metrics
    from art_mcp.server import own_gallery as own_gallery
    from art_mcp.server import prompts as prompts
    from art_mcp.server import tracing as tracing
    from art_mcp.server import upload_listener as upload_listener

# The first answers need neither `handover` nor `prompts`. The others load a web server, which a server that is reached
# over stdio needs only if its user uploads a picture; metrics and tracing need packages that are optional.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, ["handover", "http", "metrics", "own_gallery", "prompts", "tracing", "upload_listener"]
)
