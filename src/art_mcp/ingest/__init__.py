"""Loads, exports and re-embeds collections of paintings."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from art_mcp.ingest import job as job
    from art_mcp.ingest import reembed as reembed
    from art_mcp.ingest.first_row import FirstRow as FirstRow
    from art_mcp.ingest.refusals import Refusals as Refusals
    from art_mcp.ingest.sources.source import Options as Options
    from art_mcp.ingest.sources.tables.columns import FIELDS as FIELDS

# `ingest.job` imports all sources on first use, so a server answers its first requests without them.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    ["job", "reembed"],
    {
        "first_row": ["FirstRow"],
        "refusals": ["Refusals"],
        "sources.source": ["Options"],
        "sources.tables.columns": ["FIELDS"],
    },
)
