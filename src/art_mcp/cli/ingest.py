"""`art-mcp ingest`: loads paintings, shows the progress, and reports what became of the rows."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from art_mcp.cli.paths import existing
from art_mcp.cli.progress import Progress, with_bar
from art_mcp.cli.refusals import print_groups, print_refusals
from art_mcp.cli.with_runtime import with_runtime
from art_mcp.errors import ArtMcpError, on_command_line
from art_mcp.ingest.plan import Plan
from art_mcp.ingest.sources.kinds import KINDS, is_address
from art_mcp.ingest.sources.source import Options
from art_mcp.ingest.sources.tables.columns import FIELDS
from art_mcp.runtime import Runtime
from art_mcp.store import jobs
from art_mcp.store.jobs import Job

NOT_A_TERMINAL = "Not a terminal; pass that name with --collection to update it, or --yes to store them a second time."


def _columns(_: click.Context, __: click.Parameter, given: Sequence[str]) -> Mapping[str, str]:
    columns = {}
    for each in given:
        field, equals, column = each.partition("=")
        if not equals or field not in FIELDS:
            raise click.BadParameter(f"write FIELD=COLUMN, where FIELD is one of {', '.join(FIELDS)}.")
        columns[field] = column
    return columns


class _Command(click.Command):
    """Lists the kinds of sources in its help."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("SOURCE is one of"):
            formatter.write_dl([(kind.form, kind.takes) for kind in KINDS])


@click.command(cls=_Command)
@click.argument("source", required=False)
@click.option("--collection", metavar="NAME", help="Name of the collection. Default: that of the source.")
@click.option("--dry-run", is_flag=True, help="Report what would be done and what it would cost; store nothing.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Load only the first N rows.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="FIELD=COLUMN",
    callback=_columns,
    help="Read FIELD from COLUMN of a table, if its header is not recognised, e.g. title=Naam; or from a pattern, e.g. "
    "image=https://museum.example/{id}.jpg.",
)
@click.option("--encoding", metavar="NAME", help="Encoding of a table, e.g. cp1250. Default: detected.")
@click.option("--sheet", metavar="NAME", help="Sheet of an Excel workbook. Default: the one that lists pictures.")
@click.option(
    "--images",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Folder or zip archive with a table's pictures, if they are not next to it.",
)
@click.option(
    "--remove-missing", is_flag=True, help="Afterwards, remove the paintings that are no longer in this source."
)
@click.option("--clean-semart", is_flag=True, help="Clean SemArt as its tutorial does.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@click.option("--resume", is_flag=True, help="Continue all unfinished jobs; takes no SOURCE.")
@click.option("--json", "as_json", is_flag=True, help="Print the finished jobs, or the plan, as JSON.")
@with_runtime
async def ingest(
    runtime: Runtime,
    source: str | None,
    collection: str | None,
    dry_run: bool,
    limit: int | None,
    columns: Mapping[str, str],
    encoding: str | None,
    sheet: str | None,
    images: Path | None,
    remove_missing: bool,
    clean_semart: bool,
    yes: bool,
    resume: bool,
    as_json: bool,
) -> None:
    """Load paintings from SOURCE.

    Loading the same source again updates what has changed. Paintings that are no longer in it are counted, and kept
    unless you pass --remove-missing.
    """
    if bool(source) == resume:  # an empty SOURCE is an unset shell variable, not this folder
        raise click.UsageError("Give either SOURCE or --resume.")
    others = (collection, dry_run, limit, columns, encoding, sheet, images, remove_missing, clean_semart)
    if resume and any(others):
        raise click.UsageError("--resume continues jobs with the options that they were started with; give it alone.")
    if remove_missing and (limit or sheet):
        raise click.UsageError("--remove-missing needs the whole SOURCE; leave out --limit and --sheet.")
    if source is not None and not is_address(source):
        source = existing(source)
    options = Options(
        columns=columns,
        encoding=encoding,
        sheet=sheet,
        images=existing(images) if images else None,
        limit=limit,
        remove_missing=remove_missing,
        clean_semart=clean_semart,
    )
    if source and dry_run:
        await _plan(runtime, source, collection, options, as_json)
    else:
        await _ingest(runtime, source, collection, options, yes, as_json)


async def _ingest(
    runtime: Runtime, source: str | None, collection: str | None, options: Options, yes: bool, as_json: bool
) -> None:
    ingest = await runtime.ingest()
    database = await runtime.database()
    if source is not None:
        if ingest.billed:
            plan = await ingest.plan(source, collection, options=options, at_a_glance=True)
            spending = await runtime.spending(plan.calls)
            if spending.beyond_budget:
                click.echo(str(spending), err=True)
        if again := await ingest.elsewhere(source, collection, options=options):
            if not yes and not sys.stdin.isatty():
                raise click.UsageError(f"{again.problem} {NOT_A_TERMINAL}")
            click.echo(again, err=True)
            if not yes and not click.confirm("Store them a second time?", err=True):
                click.echo("Nothing was loaded.", err=True)
                return
        job_ids = [await ingest.create(source, collection, options=options)]
    else:
        job_ids = [job.id for job in await jobs.unfinished(database)]
    finished, problems = [], []
    for job_id in job_ids:
        try:
            await _run_with_progress(runtime, job_id)
        except ArtMcpError as error:
            # One job's source may be gone; continue with the others.
            problems.append(error)
        except click.Abort:
            if (job := await jobs.get(database, job_id)) and not as_json:
                _print_job(job, ())
            raise
        job = await jobs.get(database, job_id)
        if job is not None:
            finished.append((job, await jobs.refusals(database, job_id)))
    suggestion = await runtime.suggestion()
    if as_json:
        click.echo(json.dumps([_job_json(job, refusals) for job, refusals in finished], indent=2))
    else:
        for job, refusals in finished:
            _print_job(job, refusals)
        if not finished:
            click.echo("Nothing to resume.")
        elif suggestion and any(job.stored for job, _ in finished):
            click.echo(suggestion, err=True)
    if problems:
        raise click.ClickException("\n".join(problem.on_command_line for problem in problems))
    if any(job.refused == job.total for job, _ in finished):
        sys.exit(1)  # nothing could be stored


async def _run_with_progress(runtime: Runtime, job_id: uuid.UUID) -> None:
    ingest, database = await runtime.ingest(), await runtime.database()

    async def progress() -> Progress | None:
        job = await jobs.get(database, job_id)
        return Progress(job.collection, job.total - job.pending, job.total) if job else None

    await with_bar(lambda: ingest.run(job_id), progress)


def _print_job(job: Job, refusals: Sequence[tuple[str, str]]) -> None:
    click.echo(
        f"{job.collection}: {job.stored} stored, {job.unchanged} unchanged, {job.refused} refused, "
        f"{job.pending} pending, of {job.total}{'' if job.listed else ' so far'}."
    )
    if job.unpictured:
        click.echo(f"  {job.unpictured} of them have no readable picture; searches find them by their words.")
    if job.removed:
        click.echo(f"  {job.removed} were removed that are no longer in the source.")
    elif job.missing:
        click.echo(f"  {job.missing} are no longer in the source; --remove-missing removes them.")
    print_refusals(refusals, "; --json lists them all")


def _job_json(job: Job, refusals: Sequence[tuple[str, str]]) -> dict[str, Any]:
    return {
        "job_id": str(job.id),
        "state": job.state,
        "collection": job.collection,
        "total": job.total,
        "stored": job.stored,
        "unchanged": job.unchanged,
        "refused": job.refused,
        "pending": job.pending,
        "without_picture": job.unpictured,
        "missing": job.missing,
        "removed": job.removed,
        "refusals": [{"row": label, "reason": reason} for label, reason in refusals],
    }


async def _plan(runtime: Runtime, source: str, collection: str | None, options: Options, as_json: bool) -> None:
    plan = await (await runtime.ingest()).plan(source, collection, options=options)
    spending = await runtime.spending(plan.calls) if plan.calls else None
    plan.reading = on_command_line(plan.reading) if plan.reading else None
    if as_json:
        click.echo(json.dumps(asdict(plan) | {"spending": spending and asdict(spending)}, indent=2))
        return
    _print_plan(plan)
    if spending is not None:
        click.echo(f"  {spending}")
    click.echo("Nothing was stored.")


def _print_plan(plan: Plan) -> None:
    click.echo(
        f"{plan.collection}: {plan.total} rows: {plan.new} new, {plan.changed} changed, {plan.unchanged} unchanged, "
        f"{plan.refused} to be refused."
    )
    for line in (plan.reading or "").splitlines():
        click.echo(f"  {line}")
    for row in plan.first_rows:
        click.echo(f"  {row}")
    if plan.unpictured:
        click.echo(f"  {plan.unpictured} of them have no readable picture; searches find them by their words.")
    if plan.elsewhere:
        click.echo(f"  {plan.elsewhere}")
    if plan.missing:
        click.echo(f"  {plan.missing} are no longer in the source.")
    for note in plan.notes:
        click.echo(f"  {note}")
    print_groups(plan.refusals, plan.more_refusals)
