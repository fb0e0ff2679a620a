"""Archives: collections exported to files, as a backup or to move them to another database."""

from art_mcp.ingest.archive.export import Export
from art_mcp.ingest.archive.layout import MANIFEST, ArchiveError
from art_mcp.ingest.archive.reader import Archive
from art_mcp.ingest.archive.zipped import unpacked

__all__ = ["MANIFEST", "Archive", "ArchiveError", "Export", "unpacked"]
