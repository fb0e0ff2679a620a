"""The tool that loads a collection."""

from __future__ import annotations

import contextlib
import uuid
from typing import TYPE_CHECKING, Annotated

import anyio
import anyio.to_thread
from mcp.types import CallToolResult, ToolAnnotations
from pydantic import Field

from art_mcp.errors import ArtMcpError
from art_mcp.server.answers import answer
from art_mcp.server.arguments import Text
from art_mcp.server.results import IngestResult, ingest_result, ingest_text
from art_mcp.server.services import ToolContext, services

if TYPE_CHECKING:
    from mcp.server import MCPServer

    from art_mcp.server.services import Services
    from art_mcp.store.database import Database

RETURN_WITHIN_S = 25
"""Chat clients give up after 60 s or more and show no progress, so the job is reported well before."""
PROGRESS_EVERY_S = 1
SHOWN_REFUSALS = 20


def register(server: MCPServer[Services]) -> None:
    server.add_tool(
        ingest_collection,
        title="Load a collection of paintings",
        annotations=ToolAnnotations(
            read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
        ),
        description=(
            "Loads paintings: a folder of pictures, or a table (CSV or TSV, such as SemArt's) whose pictures are "
            "beside it or in its images/ folder. Starts a job, or continues and reports the one in job_id. Returns "
            "within 30 seconds with the job's counts, while the work goes on. Loading a source again updates what "
            "changed; nothing is ever removed."
        ),
    )


async def ingest_collection(
    ctx: ToolContext,
    source: Annotated[
        Text,
        Field(description="Absolute path of a folder or a table in a folder that the server may read."),
    ] = "",
    collection: Annotated[
        Text, Field(description="Name of the collection; by default that of the folder or table.")
    ] = "",
    job_id: Annotated[Text, Field(description="A job to continue and report, instead of source.")] = "",
) -> Annotated[CallToolResult, IngestResult]:
    from art_mcp.images.files import allowed_path
    from art_mcp.ingest.job import IngestError, unknown_job
    from art_mcp.store import jobs

    if bool(source) == bool(job_id):
        raise IngestError(
            "Both source and job_id were given." if source else "Neither source nor job_id was given.",
            "Give source to start a job, or job_id to continue and report one.",
        )
    runtime, runner = services(ctx).runtime, services(ctx).runner
    if source:
        path = await anyio.to_thread.run_sync(allowed_path, source, runtime.settings.image_dirs)
        ingest = await runtime.ingest()
        job = await ingest.create(path, collection, within=runtime.settings.image_dirs)
    else:
        job = _parse_job_id(job_id)
        ingest = await runtime.ingest()
    database = await runtime.database()
    standing = await jobs.get(database, job)
    if standing is None:
        raise unknown_job(job_id)
    if not standing.done:
        runner.start(ingest, job)
        with anyio.move_on_after(RETURN_WITHIN_S):
            async with anyio.create_task_group() as reporting:
                reporting.start_soon(_report, ctx, database, job)
                await runner.wait(job)
                reporting.cancel_scope.cancel()
        standing = await jobs.get(database, job) or standing
    refusals = await jobs.refusals(database, job, SHOWN_REFUSALS)
    result = ingest_result(standing, refusals, runner.problem(job))
    return answer(result, ingest_text)


async def _report(ctx: ToolContext, database: Database, job: uuid.UUID) -> None:
    """Tell a client that asked for it how far the job is."""
    from art_mcp.store import jobs

    with contextlib.suppress(ArtMcpError):  # the job's own error is the one to tell
        while True:
            await anyio.sleep(PROGRESS_EVERY_S)
            if standing := await jobs.get(database, job):
                finished = standing.total - standing.pending
                await ctx.report_progress(finished, standing.total, f"{finished} of {standing.total} rows")


def _parse_job_id(text: str) -> uuid.UUID:
    from art_mcp.ingest.job import unknown_job

    try:
        return uuid.UUID(text.strip())
    except ValueError:
        raise unknown_job(text) from None
