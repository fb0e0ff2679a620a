"""Sources of paintings: each is a small module that yields rows."""

from art_mcp.ingest.sources.kinds import KINDS, MUSEUMS, is_address, open_source, told_kinds
from art_mcp.ingest.sources.source import DEFAULTS, Options, Page, Refusal, Row, Source, SourceError

__all__ = [
    "DEFAULTS",
    "KINDS",
    "MUSEUMS",
    "Options",
    "Page",
    "Refusal",
    "Row",
    "Source",
    "SourceError",
    "is_address",
    "open_source",
    "told_kinds",
]
