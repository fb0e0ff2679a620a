"""Shows callers the tools and prompts that they may use, and refuses the others."""

from __future__ import annotations

from typing import Any

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_REQUEST

from art_mcp.server.access.scopes import needed

LISTS = {"tools/list": ("tools", "tools/call"), "prompts/list": ("prompts", "prompts/get")}
"""By the method that lists: the field of its result, and the method that uses what it lists."""


async def only_what_is_allowed(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Middleware of the MCP server. Where there is no access control, everything is allowed.

    The gate refuses most calls before, with the status from which a client learns which scope it lacks.
    """
    credentials = ctx.request.scope.get("auth") if ctx.request else None
    if credentials is None:
        return await call_next(ctx)
    scopes = set(credentials.scopes)
    if lacking := set(needed(ctx.method, (ctx.params or {}).get("name"))) - scopes:
        raise MCPError(INVALID_REQUEST, f"This needs a token with the scope {' and '.join(sorted(lacking))}.")
    result = await call_next(ctx)
    if isinstance(result, dict) and (listed := LISTS.get(ctx.method)):
        field, used_by = listed
        shown = [each for each in result[field] if scopes.issuperset(needed(used_by, each["name"]))]
        return {**result, field: shown}
    return result
