"""The objects that the tools share while the server runs."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio
from mcp.server.mcpserver import Context
from starlette.requests import Request

from art_mcp.ingest.runner import Runner
from art_mcp.runtime import Runtime
from art_mcp.server.uploads import Uploads


@dataclass(frozen=True, slots=True)
class Services:
    """Exists while the server runs."""

    runtime: Runtime
    runner: Runner
    uploads: Uploads
    suggested: anyio.Event = field(default_factory=anyio.Event)
    """Set once a search has said that there is a better model."""


ToolContext = Context[Services, Request]


def services(ctx: ToolContext) -> Services:
    return ctx.request_context.lifespan_context
