"""The gallery: the page that shows paintings to a person, in a chat (as an MCP App) or in a browser."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from art_mcp.server.gallery import page as page

# A server that is not asked for the page does not read it.
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ["page"])

GALLERY_URI = "ui://art-mcp/gallery.html"
SHOWN_IN_GALLERY = {"ui": {"resourceUri": GALLERY_URI}}
"""Metadata of a tool whose results the page shows."""
FOR_GALLERY_ONLY = {"ui": {"visibility": ["app"]}}
"""Metadata of a tool that only the page calls; most hosts hide it from the model."""
