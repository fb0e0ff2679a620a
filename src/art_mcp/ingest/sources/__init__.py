"""Where paintings come from: each source is a small module that yields rows."""

from art_mcp.ingest.sources.source import Refusal, Row, Source, SourceError, open_source

__all__ = ["Refusal", "Row", "Source", "SourceError", "open_source"]
