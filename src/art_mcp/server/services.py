"""What the tools share while the server serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mcp.server.mcpserver import Context

from art_mcp.ingest.runner import Runner
from art_mcp.runtime import Runtime
from art_mcp.server.uploads import Uploads

ToolContext = Context[Any, Any]


@dataclass(frozen=True, slots=True)
class Services:
    """Lives as long as the server serves."""

    runtime: Runtime
    runner: Runner
    uploads: Uploads


def services(ctx: ToolContext) -> Services:
    return ctx.request_context.lifespan_context
