"""The command `art-mcp`."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import click

from art_mcp.errors import ArtMcpError, first_error
from art_mcp.search import DEFAULT_LIMIT
from art_mcp.settings import Settings, load_settings, unknown_variables

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from art_mcp.store.jobs import Job

SHOWN_REFUSALS = 20
REFRESH_S = 0.5


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="art-mcp", message="%(prog)s %(version)s")
@click.option(
    "--env-file",
    type=click.Path(path_type=Path),
    help="Read settings from this file as well; it wins over the user's own .env.",
)
@click.pass_context
def cli(ctx: click.Context, env_file: Path | None) -> None:
    """Find paintings by words, by a picture, or by both.

    Without a command it serves MCP over stdio, for a chat client or an IDE to start.
    """
    ctx.obj = settings = load_settings(env_file)
    logging.basicConfig(level=settings.log_level, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("asyncpg").setLevel(logging.ERROR)  # it logs a lost server with a traceback; we say it
    for sentence in unknown_variables(os.environ):
        logging.getLogger("art_mcp").warning(sentence)
    if ctx.invoked_subcommand is None:
        ctx.invoke(serve)


@cli.command()
@click.option(
    "--transport",
    type=click.Choice(["stdio", "streamable-http"]),
    default="stdio",
    show_default=True,
    help="stdio is for a client that starts the server, streamable-http for clients that find it running.",
)
@click.option("--host", metavar="HOST", help="For streamable-http: a loopback address.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="For streamable-http; 0 takes any.  [default: 8000]")
@click.option("--read-only", is_flag=True, help="Leave out the tools that change collections.")
@click.pass_obj
def serve(settings: Settings, transport: str, host: str | None, port: int | None, read_only: bool) -> None:
    """Serve MCP, by default over stdio (the default command)."""
    if transport == "stdio" and (host is not None or port is not None):
        raise click.UsageError("--host and --port need --transport streamable-http.")

    from art_mcp.server.app import build_server

    if read_only:
        settings = settings.model_copy(update={"read_only": True})
    server = build_server(settings)
    if transport == "stdio":
        server.run("stdio")
    else:
        from art_mcp.server.http import serve_http

        serve_http(server, "127.0.0.1" if host is None else host, 8000 if port is None else port)


@cli.command()
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
    anyio.run(_ingest, settings, Path(source).absolute() if source else None, collection, as_json)


@cli.command()
@click.argument("text", required=False, default="")
@click.option("--image", metavar="REFERENCE", help="A picture to search with: the path of a file.")
@click.option("--limit", type=int, default=DEFAULT_LIMIT, show_default=True, help="How many paintings.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON, as the tools give it.")
@click.pass_obj
def search(settings: Settings, text: str, image: str | None, limit: int, as_json: bool) -> None:
    """Find paintings by TEXT, by a picture, or by a picture steered by TEXT."""
    if not text and not image:
        raise click.UsageError("Give TEXT, --image, or both.")
    if image:
        # Whoever types a command may read what they name.
        path = Path(image).absolute()
        settings, image = settings.model_copy(update={"image_dirs": (path.parent,)}), str(path)
    anyio.run(_search, settings, text, image, limit, as_json)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_obj
def doctor(settings: Settings, as_json: bool) -> None:
    """Say what is configured, reachable and wrong, and how to mend it."""
    if not anyio.run(_doctor, settings, as_json):
        sys.exit(1)


@cli.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the sample, its database and the contact sheets go; by default the user's data folder.",
)
@click.pass_obj
def demo(settings: Settings, folder: Path | None) -> None:
    """Draw a sample collection, load it, and ask it questions through a real MCP client."""
    from art_mcp.demo import run_demo

    anyio.run(run_demo, (folder or settings.data_dir / "demo").absolute())


async def _search(settings: Settings, text: str, image: str | None, limit: int, as_json: bool) -> None:
    from art_mcp.runtime import Runtime
    from art_mcp.server.results import search_result, search_text

    async with Runtime(settings) as runtime:
        finder = await runtime.finder()
        if image:
            found = await finder.by_image(image, text=text, limit=limit)
        else:
            found = await finder.by_text(text, limit=limit)
    result = search_result(found)
    click.echo(result.model_dump_json(indent=2) if as_json else search_text(result))


async def _doctor(settings: Settings, as_json: bool) -> bool:
    from dataclasses import asdict

    from art_mcp.doctor import examine

    findings = []
    async for finding in examine(settings):
        findings.append(finding)
        if not as_json:
            click.echo(f"{'ok  ' if finding.ok else 'FAIL'} {finding.name}: {finding.detail}")
            if finding.fix:
                click.echo(f"     {finding.fix}")
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    return all(finding.ok for finding in findings)


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


async def _run_with_progress(runtime: Any, job_id: uuid.UUID) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from art_mcp.store import jobs

    ingest, database = await runtime.ingest(), await runtime.database()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("Loading", total=None)

        async def show(once: bool = False) -> None:
            while (job := await jobs.get(database, job_id)) is not None:
                progress.update(bar, description=job.collection, total=job.total, completed=job.total - job.pending)
                if once:
                    return
                await anyio.sleep(REFRESH_S)

        async with anyio.create_task_group() as showing:
            showing.start_soon(show)
            await ingest.run(job_id)
            showing.cancel_scope.cancel()
        await show(once=True)


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


def main() -> None:
    """Run the command; what goes wrong is told in a sentence, never as a traceback."""
    try:
        status = cli(standalone_mode=False)
    except BaseException as raised:
        match first_error(raised):
            case click.ClickException() as error:
                error.show()
                status = error.exit_code
            case ArtMcpError() as error:
                status = _say(str(error), 1)
            case click.Abort() | KeyboardInterrupt():
                status = _say("stopped. What an ingest has left, `art-mcp ingest --resume` goes on with.", 130)
            case Exception() as error:
                logging.getLogger("art_mcp").debug("Unexpected", exc_info=error)
                what = type(error).__name__
                hint = "Set ART_MCP_LOG_LEVEL=DEBUG to see more."
                status = _say(f"failed for a reason that it does not know ({what}). {hint}", 1)
            case _:
                raise
    sys.exit(status)


def _say(sentence: str, status: int) -> int:
    click.echo(f"art-mcp: {sentence}", err=True)
    return status
