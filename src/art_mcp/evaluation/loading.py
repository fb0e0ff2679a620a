"""Loads a source completely, for a measurement that would be wrong without some of its paintings."""

from __future__ import annotations

from pathlib import Path

from art_mcp.errors import ArtMcpError
from art_mcp.ingest.sources.source import DEFAULTS, Options
from art_mcp.runtime import Runtime
from art_mcp.store import jobs


async def load(runtime: Runtime, path: Path, collection: str = "art", options: Options = DEFAULTS) -> None:
    """Load a source to its end.

    Args:
        collection: part of the paintings' ids, which decide between equal scores: each run has the same.

    Raises:
        ArtMcpError: a row was refused, or the load failed.
    """
    ingest, database = await runtime.ingest(), await runtime.database()
    job_id = await ingest.create(path, collection=collection, options=options)
    await ingest.run(job_id)
    job = await jobs.get(database, job_id)
    assert job is not None
    for row, reason in await jobs.refusals(database, job_id, 1):
        raise ArtMcpError(
            f"{path.name}: {job.refused} of {job.total} rows were refused; {row}: {reason}", "Correct or remove them."
        )
