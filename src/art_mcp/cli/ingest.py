"""`art-mcp ingest`: loads paintings, shows how far it is, and says what became of the rows."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import click

from art_mcp.cli.progress import Standing, with_bar
from art_mcp.errors import ArtMcpError, first_error
from art_mcp.settings import Settings

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from art_mcp.runtime import Runtime
    from art_mcp.store.jobs import Job

SHOWN_REFUSALS = 20


@click.command()
@click.argument("source", required=False)
@click.option("--collection", metavar="NAME", help="Name of the collection; by default that of the source.")
@click.option("--resume", is_flag=True, help="Go on with every job that was not finished, instead of SOURCE.")
@click.option("--json", "as_json", is_flag=True, help="Print the finished jobs as JSON.")
@click.pass_obj
def ingest(settings: Settings, source: str | None, collection: str | None, resume: bool, as_json: bool) -> None:
    """Load paintings from SOURCE: a folder of pictures, or a table (CSV, TSV, SemArt).

    A table's pictures are found beside it, in images/ or in Images/. Loading the same source again updates
    what changed and leaves the rest.
    """
    if bool(source) == resume:  # an empty SOURCE is a shell variable that was not set, not this folder
        raise click.UsageError("Give either SOURCE or --resume.")
    if resume and collection:
        raise click.UsageError("--resume goes on in each job's own collection; leave --collection out.")
    anyio.run(_ingest, settings, Path(os.path.abspath(source)) if source else None, collection, as_json)


async def _ingest(settings: Settings, source: Path | None, collection: str | None, as_json: bool) -> None:
    from art_mcp.runtime import Runtime
    from art_mcp.store import jobs

    async with Runtime(settings) as runtime:
        ingest = await runtime.ingest()
        database = await runtime.database()
        if source is not None:
            job_ids = [await ingest.create(source, collection)]
        else:
            job_ids = [job.id for job in await jobs.unfinished(database)]
        finished, problems = [], []
        for job_id in job_ids:
            try:
                await _run_with_progress(runtime, job_id)
            except Exception as raised:
                # One job's source may be gone; the others go on.
                error = first_error(raised)
                if not isinstance(error, ArtMcpError):
                    raise
                problems.append(error)
            job = await jobs.get(database, job_id)
            if job is not None:
                finished.append((job, await jobs.refusals(database, job_id)))
    if as_json:
        click.echo(json.dumps([_job_json(job, refusals) for job, refusals in finished], indent=2))
    else:
        for job, refusals in finished:
            _print_job(job, refusals)
        if not finished:
            click.echo("There is nothing to go on with.")
    if problems:
        raise click.ClickException("\n".join(str(problem) for problem in problems))
    if any(job.refused == job.total for job, _ in finished):
        sys.exit(1)  # nothing could be stored


async def _run_with_progress(runtime: Runtime, job_id: uuid.UUID) -> None:
    from art_mcp.store import jobs

    ingest, database = await runtime.ingest(), await runtime.database()

    async def standing() -> Standing | None:
        job = await jobs.get(database, job_id)
        return job and Standing(job.collection, job.total - job.pending, job.total)

    await with_bar(lambda: ingest.run(job_id), standing)


def _print_job(job: Job, refusals: Sequence[tuple[str, str]]) -> None:
    click.echo(
        f"{job.collection}: {job.stored} stored, {job.unchanged} unchanged, {job.refused} refused, "
        f"{job.pending} pending, of {job.total}."
    )
    for label, reason in refusals[:SHOWN_REFUSALS]:
        click.echo(f"  refused {label}: {reason}")
    if len(refusals) > SHOWN_REFUSALS:
        click.echo(f"  ... and {len(refusals) - SHOWN_REFUSALS} more; --json lists them all.")


def _job_json(job: Job, refusals: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {
        "job_id": str(job.id),
        "state": "done" if job.done else "running",
        "collection": job.collection,
        "total": job.total,
        "stored": job.stored,
        "unchanged": job.unchanged,
        "refused": job.refused,
        "pending": job.pending,
        "refusals": [{"row": label, "reason": reason} for label, reason in refusals],
    }
