"""Logs each call of a tool over HTTP as a line of JSON: who called what, and the outcome."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pydantic_core
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.mcpserver.tools import Tool
from mcp.shared.exceptions import MCPError

from art_mcp.server.access.principal import named
from art_mcp.settings import Settings

log = logging.getLogger("art_mcp.audit")

QUESTIONS = ("query", "text", "negative")
"""Arguments with words of the user."""
MAX_CHARACTERS = 500
"""Of what a caller can choose: the client's name and questions."""


class Audit:
    """Middleware of the MCP server.

    A line has neither tokens nor pictures nor results. What a caller can choose is in it only with a limit on its
    length, and as a JSON string in ASCII, so that it cannot forge a line.

    Args:
        settings: `audit` and, for its default, `public_url`.
        tools: returns the server's tools by name.
    """

    def __init__(self, settings: Settings, tools: Callable[[], Mapping[str, Tool]]) -> None:
        self._kept = kept(settings)
        self._tools = tools

    async def __call__(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        if self._kept == "none" or ctx.method != "tools/call" or ctx.request is None:
            return await call_next(ctx)
        began, outcome = time.perf_counter(), "cancelled"
        try:
            result = await call_next(ctx)
            outcome = _outcome(result)
            return result
        except MCPError:
            outcome = "refused"
            raise
        except Exception:
            outcome = "failed"
            raise
        finally:
            line = self._line(ctx) | {"outcome": outcome, "ms": round((time.perf_counter() - began) * 1000)}
            log.info("%s", json.dumps(line))

    def _line(self, ctx: ServerRequestContext[Any, Any]) -> dict[str, Any]:
        user, client = ctx.request and ctx.request.scope.get("user"), ctx.session.client_params
        params = ctx.params or {}
        given = params.get("arguments")
        given = given if isinstance(given, dict) else {}
        tool = self._tools().get(str(params.get("name")))
        known = [name for name in (tool.parameters["properties"] if tool else ()) if name in given]
        line: dict[str, Any] = {
            "time": now(),
            "principal": named(getattr(user, "access_token", None)),
            "client": client.client_info.name[:MAX_CHARACTERS] if client else None,
            "tool": tool.name if tool else None,
            "arguments": {name: _size(given[name]) for name in known},
        }
        if unknown := len(given) - len(known):
            line["unknown_arguments"] = unknown
        if self._kept == "texts":
            line["texts"] = {name: str(given[name])[:MAX_CHARACTERS] for name in known if name in QUESTIONS}
        return line


def now() -> str:
    """The time of a line."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def kept(settings: Settings) -> str:
    """What is logged of calls: none, sizes or texts."""
    return settings.audit or ("sizes" if settings.public_url else "none")


def _outcome(result: HandlerResult) -> str:
    """`asked` if the tool asked the client for something, and will be called again."""
    if not isinstance(result, dict) or "inputRequests" in result:
        return "asked"
    return "error" if result.get("isError") else "ok"


def _size(value: object) -> int:
    """Characters of a text, or bytes of another value as JSON."""
    return len(value) if isinstance(value, str) else len(pydantic_core.to_json(value))
