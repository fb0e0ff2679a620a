"""Stores paintings and their vectors in PostgreSQL."""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from art_mcp.store import accounts as accounts
    from art_mcp.store import callers as callers
    from art_mcp.store import collection_sizes as collection_sizes
    from art_mcp.store import copies as copies
    from art_mcp.store import database as database
    from art_mcp.store import errors as errors
    from art_mcp.store import facets as facets
    from art_mcp.store import filters as filters
    from art_mcp.store import host_os as host_os
    from art_mcp.store import jobs as jobs
    from art_mcp.store import leases as leases
    from art_mcp.store import paintings as paintings
    from art_mcp.store import spaces as spaces
    from art_mcp.store import tokens as tokens
    from art_mcp.store import uploads as uploads
    from art_mcp.store import vector_index as vector_index

# They import asyncpg, so a server answers its first requests without them.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    [
        "accounts",
        "callers",
        "collection_sizes",
        "copies",
        "database",
        "errors",
        "facets",
        "filters",
        "host_os",
        "jobs",
        "leases",
        "paintings",
        "spaces",
        "tokens",
        "uploads",
        "vector_index",
    ],
)
