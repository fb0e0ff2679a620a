"""Completes arguments while a person types them, with values that the collection has."""

from __future__ import annotations

import logging

from mcp.server import MCPServer
from mcp.server.context import ServerRequestContext
from mcp.types import CompleteRequestParams, CompleteResult, Completion

from art_mcp import store
from art_mcp.errors import ArtMcpError
from art_mcp.painting import LISTED_FIELDS, Filters
from art_mcp.server.sdk import handle_completion
from art_mcp.server.services import Services

log = logging.getLogger(__name__)

MAX_VALUES = 100
"""The protocol's maximum."""
LONGEST = 200
"""Maximum characters that are completed; no catalogue value is longer."""


def register(server: MCPServer[Services]) -> None:
    handle_completion(server, complete)


async def complete(ctx: ServerRequestContext[Services], params: CompleteRequestParams) -> CompleteResult:
    """Complete an argument. Never fails, since the person is still typing."""
    try:
        completion = await _completion(ctx.lifespan_context, params)
    except ArtMcpError as error:
        log.warning("Cannot complete %s: %s", params.argument.name, error)
        completion = None
    except Exception:
        log.exception("Cannot complete %s", params.argument.name)
        completion = None
    return CompleteResult(completion=completion or Completion(values=[], total=0, has_more=False))


async def _completion(services: Services, params: CompleteRequestParams) -> Completion | None:
    # A filter means the same in every prompt; other arguments cannot be completed.
    field, typed = params.argument.name, params.argument.value
    if field not in LISTED_FIELDS or len(typed) > LONGEST:
        return None
    filled_in = (params.context and params.context.arguments) or {}
    others = Filters.read({name: filled_in.get(name) for name in LISTED_FIELDS if name != field})
    found = await store.facets.complete(await services.runtime.database(), field, typed, others, limit=MAX_VALUES)
    values = [value for value, _ in found.values]
    return Completion(values=values, total=found.distinct, has_more=found.distinct > len(values))
