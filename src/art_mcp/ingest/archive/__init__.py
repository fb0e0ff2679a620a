"""Archives: collections as files, to back them up or to take them to another database.

An archive is a folder with `manifest.json` and Parquet files, one row for each painting; see `columns`.
"""

from art_mcp.ingest.archive.export import Export
from art_mcp.ingest.archive.manifest import MANIFEST, ArchiveError
from art_mcp.ingest.archive.reader import Archive

__all__ = ["MANIFEST", "Archive", "ArchiveError", "Export"]
