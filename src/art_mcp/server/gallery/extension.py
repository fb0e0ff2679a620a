"""The gallery as an MCP App: an extension of the server with the page as a resource."""

from __future__ import annotations

from mcp.server.apps import APP_MIME_TYPE, Apps, ResourcePermissions
from mcp.server.mcpserver.resources import FunctionResource

from art_mcp.server import gallery
from art_mcp.server.gallery import GALLERY_URI


def extension() -> Apps:
    """Build the extension. The page loads nothing from elsewhere, so it declares no domains."""
    permissions = ResourcePermissions(clipboard_write={})
    apps = Apps()
    apps.add_resource(
        FunctionResource(
            uri=GALLERY_URI,
            name="gallery",
            title="Gallery",
            description="The page that shows the results of the searches and of get_painting to the user.",
            mime_type=APP_MIME_TYPE,
            meta={
                "ui": {"permissions": permissions.model_dump(by_alias=True, exclude_none=True), "prefersBorder": True}
            },
            fn=lambda: gallery.page.gallery_page(),
        )
    )
    return apps
