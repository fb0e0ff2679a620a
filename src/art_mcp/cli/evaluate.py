"""`art-mcp evaluate`: measures how often a search finds the right painting, and reports where it fails."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import click

from art_mcp.cli.paths import existing
from art_mcp.cli.progress import Progress, with_bar
from art_mcp.cli.refusals import print_refusals
from art_mcp.errors import ArtMcpError
from art_mcp.evaluation.asking import Asker
from art_mcp.evaluation.captions import caption_columns
from art_mcp.evaluation.evaluation import Evaluation
from art_mcp.evaluation.loading import load
from art_mcp.evaluation.plan import Plan, of_captions, of_collection, of_sample
from art_mcp.evaluation.report import html_report
from art_mcp.evaluation.sample import K, verdicts
from art_mcp.evaluation.statistics import NOT_FOUND
from art_mcp.evaluation.tables import EXPLAINED, RESULT_HEADER, result_row, table
from art_mcp.painting import Filters, readable
from art_mcp.runtime import Model, Runtime
from art_mcp.sample import SAMPLE, TABLE
from art_mcp.settings import Settings
from art_mcp.store.database import Database
from art_mcp.store.filters import require_values
from art_mcp.store.ranking import NEAREST
from art_mcp.store.scratch import temporary_database

MOST_CAPTIONS = 1_000
MOST_PAINTINGS = 100
"""Defaults of --questions."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to evaluate, and how to report it."""

    captions: Path | None
    columns: dict[str, str]
    collection: str | None
    count: int | None
    sample: bool
    report: Path | None
    as_json: bool
    yes: bool


@click.command()
@click.argument("captions", required=False, type=click.Path(path_type=Path))
@click.option("--caption-column", metavar="NAME", help="Column with the captions. Default: caption.")
@click.option("--id-column", metavar="NAME", help="Column with the ids of the paintings.")
@click.option("--image-column", metavar="NAME", help="Column with the picture files, if its name is not recognised.")
@click.option("--collection", metavar="NAME", help="Evaluate only this collection.")
@click.option(
    "--questions",
    "count",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"Ask N captions (default: {MOST_CAPTIONS}) or about N paintings (default: {MOST_PAINTINGS}), drawn at "
    "random, the same ones each time.",
)
@click.option("--sample", is_flag=True, help="Evaluate the model on the sample, in a temporary database.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write an HTML report to this file, which shows the failures as pictures.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation of paid calls.")
@click.pass_obj
def evaluate(
    settings: Settings,
    captions: Path | None,
    caption_column: str | None,
    id_column: str | None,
    image_column: str | None,
    collection: str | None,
    count: int | None,
    sample: bool,
    report: Path | None,
    as_json: bool,
    yes: bool,
) -> None:
    """Measure how often a search finds the right painting, for each signal alone and for all together.

    CAPTIONS is a table, in a format that `ingest` reads, with a description of a stored painting in each row; the
    painting is named by its picture or its id. Each description should find its painting. Without CAPTIONS, the
    questions are taken from the stored paintings: their titles, and distorted copies of their pictures; the vector
    index is compared with an exact search as well. With --sample, the model that the settings name is compared with
    the built-in one; the exit status is 1 if it finds less.

    Nothing is stored. Ctrl-C stops it and prints what was measured so far.
    """
    if sample and (captions or caption_column or id_column or image_column or collection or count):
        raise click.UsageError("--sample brings its own pictures and captions; give only --report, --json or --yes.")
    if not captions and (caption_column or id_column or image_column):
        raise click.UsageError("The columns are those of CAPTIONS; give the table as well.")
    options = Options(
        captions=Path(existing(captions)) if captions else None,
        columns=dict(caption_columns(caption_column or "caption", image_column, id_column)),
        collection=readable(collection) if collection else None,
        count=count,
        sample=sample,
        report=report,
        as_json=as_json,
        yes=yes,
    )
    # The data folder stays that of the user: it may hold models.
    with temporary_database() if sample else nullcontext(settings.database_url) as url:
        status = anyio.run(_evaluate, settings.model_copy(update={"database_url": url}), options)
    sys.exit(status)


async def _evaluate(settings: Settings, options: Options) -> int:
    """Evaluate, print and report; returns the exit status."""
    stopped: BaseException | None = None
    async with Runtime(settings) as runtime:
        database, model = await runtime.database(), await runtime.model()
        filters = Filters(collection=options.collection)
        plan = await _plan(database, model, options, filters)
        if not await _confirmed(runtime, model, plan, options):
            click.echo("Nothing was evaluated.", err=True)
            return 0
        if options.report:
            _write(options.report, "")  # fails now rather than after an hour
        asker = Asker(database, model.provider, model.spaces, filters)
        evaluation = Evaluation(asker, plan.total, compare_index=plan.compare_index)

        async def work() -> None:
            if options.sample:
                await load(runtime, SAMPLE / TABLE, "sample")
            await evaluation.run(plan.questions())

        def progress() -> Progress:
            return Progress("Asking" if evaluation.done else "Preparing", evaluation.done, evaluation.total)

        try:
            await with_bar(work, progress)
        except (click.Abort, ArtMcpError) as error:
            stopped = error
            plan.notes.append(f"Stopped after {evaluation.done} of {evaluation.total} questions.")
        plan.refusals += evaluation.refusals
        _print_result(plan, evaluation, options)
        if options.report:
            _write(options.report, await html_report(database, evaluation, plan.about, plan.notes))
            click.echo(f"Report: {options.report}", err=True)
    if isinstance(stopped, ArtMcpError):
        raise stopped
    if stopped:
        return 130
    judged = verdicts(evaluation.results) if options.sample else []
    return int(not evaluation.results or not all(verdict.as_expected for verdict in judged))


async def _plan(database: Database, model: Model, options: Options, filters: Filters) -> Plan:
    if options.sample:
        return of_sample(database, model)
    await require_values(database, filters)
    if options.captions:
        return await of_captions(
            database, model, options.captions, options.columns, options.count or MOST_CAPTIONS, filters
        )
    return await of_collection(database, model, options.count or MOST_PAINTINGS, filters)


async def _confirmed(runtime: Runtime, model: Model, plan: Plan, options: Options) -> bool:
    """Say what will be embedded; before paid calls, ask."""
    stored = f"{plan.stored} pictures to search, and " if plan.stored else ""
    click.echo(f"{plan.about}: {stored}{plan.texts} texts and {plan.pictures} pictures to ask.", err=True)
    if not model.provider.limits.billed:
        return True
    click.echo(str(await runtime.spending(plan.stored + plan.total)), err=True)
    if options.yes:
        return True
    if not sys.stdin.isatty():
        raise click.UsageError("Not a terminal; pass --yes to confirm.")
    return click.confirm("Continue?", err=True)


def _print_result(plan: Plan, evaluation: Evaluation, options: Options) -> None:
    results, judged = evaluation.results, verdicts(evaluation.results) if options.sample else []
    if options.as_json:
        click.echo(json.dumps(_as_json(plan, evaluation, options), indent=2))
        return
    if results:
        click.echo(f"{table(RESULT_HEADER, map(result_row, results))}\n\n{EXPLAINED}")
    for index in evaluation.index:
        click.echo(
            f"The index of {index.space.leg} finds {100 * index.mean:.1f} % of the {NEAREST} nearest paintings "
            f"({index.questions} questions; at least {100 * index.lowest:.1f} %)."
        )
    for note in plan.notes:
        click.echo(note)
    print_refusals(plan.refusals, "; --json lists them all")
    for verdict in judged:
        if not verdict.as_expected:
            click.echo(
                f"WORSE than the built-in model: {verdict.kind} by {verdict.leg}, R@{K} "
                f"{100 * verdict.recall.value:.0f} %, expected {100 * verdict.expected:.0f} %."
            )
    if evaluation.done == evaluation.total and judged and all(each.as_expected for each in judged):
        click.echo("The model does as well as the built-in one, or better.")


def _as_json(plan: Plan, evaluation: Evaluation, options: Options) -> dict[str, Any]:
    found: dict[str, Any] = {
        "about": plan.about,
        "questions": evaluation.total,
        "asked": evaluation.done,
        "results": [
            {
                "question": each.kind,
                "leg": each.leg,
                "questions": each.questions,
                **{f"recall_at_{k}": interval._asdict() for k, interval in each.recall.items()},
                "median_rank": {
                    name: None if rank >= NOT_FOUND else rank for name, rank in each.median_rank._asdict().items()
                },
            }
            for each in evaluation.results
        ],
        "index": [
            {
                "leg": each.space.leg,
                "questions": each.questions,
                "depth": NEAREST,
                "recall": each.mean,
                "lowest": each.lowest,
            }
            for each in evaluation.index
        ],
        "notes": plan.notes,
        "refusals": [{"row": label, "reason": reason} for label, reason in plan.refusals],
    }
    if options.sample:
        found["expected"] = [
            {
                "question": each.kind,
                "leg": each.leg,
                f"recall_at_{K}": each.expected,
                "as_expected": each.as_expected,
            }
            for each in verdicts(evaluation.results)
        ]
    return found


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ArtMcpError(f"{file} cannot be written ({error.strerror}).", "Choose another file.") from None
