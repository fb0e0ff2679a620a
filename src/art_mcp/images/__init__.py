"""Finds, checks, decodes and draws pictures."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from art_mcp.images import contact_sheet as contact_sheet
    from art_mcp.images import encoding as encoding
    from art_mcp.images import excerpt as excerpt
    from art_mcp.images import likeness as likeness
    from art_mcp.images import loader as loader
    from art_mcp.images import rendition as rendition
    from art_mcp.images import views as views

# These load Pillow. `images.loader` imports it on first use, so a server answers its first requests without it.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__, ["contact_sheet", "encoding", "excerpt", "likeness", "loader", "rendition", "views"]
)
