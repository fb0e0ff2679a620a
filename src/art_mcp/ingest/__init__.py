"""Loads, exports and re-embeds collections of paintings."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from art_mcp.ingest import job as job
    from art_mcp.ingest import reembed as reembed

# `ingest.job` imports all sources on first use, so a server answers its first requests without them.
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, ["job", "reembed"])
