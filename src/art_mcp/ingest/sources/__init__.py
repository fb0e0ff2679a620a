"""Where paintings come from: each source is a small module that yields rows."""

from art_mcp.ingest.sources.source import (
    DEFAULTS,
    Options,
    Page,
    Refusal,
    Row,
    Source,
    SourceError,
    is_address,
    open_source,
)

__all__ = ["DEFAULTS", "Options", "Page", "Refusal", "Row", "Source", "SourceError", "is_address", "open_source"]
