"""The description of the collection, for the tool and for the command line."""

from __future__ import annotations

from art_mcp import search, store
from art_mcp.painting import Filters
from art_mcp.runtime import Runtime
from art_mcp.server.results import CollectionResult, collection_result

SHOWN_VALUES = 15


async def description(runtime: Runtime, filters: Filters) -> CollectionResult:
    """Describe the paintings that match the filters."""
    database = await runtime.database()
    filters, taken = await search.filter_values.resolve(database, filters)
    return collection_result(
        await store.facets.describe(database, filters, limit=SHOWN_VALUES),
        [f"{space.leg.shown} by {space.made_by}" for space in await runtime.spaces()],
        await (await runtime.provider()).health(),
        taken,
    )
