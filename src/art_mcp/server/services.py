"""The objects that the tools share while the server runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio
from mcp.server.mcpserver import Context
from starlette.requests import Request

from art_mcp.ingest.runner import Runner
from art_mcp.runtime import Runtime
from art_mcp.server.uploads import Uploads

if TYPE_CHECKING:
    from art_mcp.server.upload_listener import UploadListener


@dataclass(frozen=True, slots=True)
class Services:
    """Exists while the server runs."""

    runtime: Runtime
    runner: Runner
    uploads: Uploads
    listener: Callable[[], UploadListener]
    """Imports the web server on its first call."""
    for_page: bool = False
    """Whether only the gallery in a browser uses them: it needs neither files of the server nor links to itself."""
    suggested: anyio.Event = field(default_factory=anyio.Event)
    """Set once a search has said that there is a better model."""


ToolContext = Context[Services, Request]


def services(ctx: ToolContext) -> Services:
    return ctx.request_context.lifespan_context
