"""Errors of ingest jobs."""

from __future__ import annotations

from art_mcp.errors import ArtMcpError


class IngestError(ArtMcpError):
    """A job cannot be started or continued."""


def unknown_job(job_id: object) -> IngestError:
    """The error for a job id that does not exist."""
    return IngestError(f"There is no ingest job {str(job_id)!r:.60}.", "Start one with the path of a source.")
