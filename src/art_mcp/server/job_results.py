"""The results of the tool that loads collections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from art_mcp import ingest
from art_mcp.ingest.limits import SHOWN_REFUSALS
from art_mcp.server.results import Result, Things
from art_mcp.spending import Spending, duration

if TYPE_CHECKING:
    from art_mcp.ingest.first_row import FirstRow
    from art_mcp.ingest.plan import Plan
    from art_mcp.ingest.refusals import Group
    from art_mcp.store.jobs import Job


MANY = 10_000
"""Maximum number of refused rows of a job that are grouped by their reasons."""


class RefusedRow(Result):
    """Rows that were not stored, or without their picture, for the same reason."""

    row: str
    reason: str
    rows: int

    @classmethod
    def of(cls, group: Group) -> RefusedRow:
        return cls(row=", ".join(group.examples), reason=group.reason, rows=group.rows)

    def __str__(self) -> str:
        named = f"{self.rows:,} rows, e.g. {self.row}" if self.rows > 1 else self.row
        return f"{named}: {self.reason}"


class PlannedRow(Result):
    """One of the first rows, as it will be stored."""

    row: str
    title: str | None
    artists: list[str]
    date: str | None
    year_from: int | None
    year_to: int | None
    number: str | None
    picture: str


class IngestResult(Result):
    """The state of an ingest job, or the plan of one; stored, unchanged, refused and pending add up to total."""

    job_id: str | None
    state: str
    collection: str
    total: int
    stored: int
    unchanged: int
    refused: int
    pending: int
    without_picture: int
    missing: int | None
    rows_a_second: float | None
    seconds_left: int | None
    reading: list[str]
    first_rows: Annotated[list[PlannedRow], Things]
    refusals: Annotated[list[RefusedRow], Things]
    more_refusals: int
    next_step: str


def job_result(
    job: Job, refusals: list[tuple[str, str]], problem: str | None, short: str | None = None, again: str | None = None
) -> IngestResult:
    """Describe a job, and what to do next.

    Args:
        problem: why the job has stopped, if it has.
        short: a warning that the budget does not suffice, if so.
        again: a sentence on the collection that has the paintings already, if one has.
    """
    state = job.state
    groups, others = ingest.Refusals(refusals).first(SHOWN_REFUSALS)
    if job.done and job.refused == job.total:
        next_step = "Nothing could be stored. Fix what the refusals name, then load the source again."
    elif job.done:
        next_step = "Search the collection, or ask for one painting."
    elif job.state == "cancelled":
        next_step = "Stored paintings are kept. Load the source again to store the rest."
    elif problem:
        state = "stopped"
        next_step = f"{problem} Then call ingest_collection with job_id={job.id} to continue."
    else:
        next_step = f"The job continues while this server runs. To see its progress, pass job_id={job.id}."
        next_step = f"{short} {next_step}" if short else next_step
    next_step = f"{again} {next_step}" if again else next_step
    return IngestResult(
        job_id=str(job.id),
        state=state,
        collection=job.collection,
        total=job.total,
        stored=job.stored,
        unchanged=job.unchanged,
        refused=job.refused,
        pending=job.pending,
        without_picture=job.unpictured,
        missing=job.missing,
        rows_a_second=round(job.rate, 1) if state == "running" and job.rate else None,
        seconds_left=round(job.seconds_left) if state == "running" and job.seconds_left is not None else None,
        reading=[],
        first_rows=[],
        refusals=[RefusedRow.of(group) for group in groups],
        more_refusals=others + (max(0, job.refused - MANY) if len(refusals) == MANY else 0),
        next_step=next_step,
    )


def plan_result(plan: Plan, spending: Spending | None, refused_because: str | None = None) -> IngestResult:
    """Describe a plan.

    Args:
        refused_because: why a load was only planned, if it was requested.
    """
    counts = f"{plan.new} are new, {plan.changed} have changed."
    facts = [refused_because, counts, plan.elsewhere, spending and str(spending)]
    if not plan.complete:
        facts.append("There was no time to check the remaining rows.")
    if refused_because is None:
        facts.append("To load it, call again without plan.")
    return IngestResult(
        job_id=None,
        state="planned",
        collection=plan.collection,
        total=plan.total,
        stored=0,
        unchanged=plan.unchanged,
        refused=plan.refused,
        pending=plan.new + plan.changed,
        without_picture=plan.unpictured,
        missing=plan.missing,
        rows_a_second=None,
        seconds_left=None,
        reading=[*(plan.reading or "").splitlines(), *map(str, plan.notes)],
        first_rows=[_planned(row) for row in plan.first_rows],
        refusals=[RefusedRow.of(group) for group in plan.refusals],
        more_refusals=plan.more_refusals,
        next_step=" ".join(fact for fact in facts if fact),
    )


def _planned(row: FirstRow) -> PlannedRow:
    first, last = row.years or (None, None)
    return PlannedRow(
        row=row.row,
        title=row.title,
        artists=row.artists,
        date=row.date,
        year_from=first,
        year_to=last,
        number=row.number,
        picture=row.picture,
    )


def ingest_text(result: IngestResult) -> str:
    lines = [
        f"Ingest into {result.collection}: {result.state}. {result.stored} stored, {result.unchanged} unchanged, "
        f"{result.refused} refused, {result.pending} pending, of {result.total}."
    ]
    if result.seconds_left is not None:
        pace = f" at {result.rows_a_second:g} rows per second" if result.rows_a_second else ""
        lines.append(f"About {duration(result.seconds_left)} left{pace}.")
    lines += result.reading
    lines += [_first_row(row) for row in result.first_rows]
    if result.without_picture:
        lines.append(f"{result.without_picture} of them have no readable picture; searches find them by their words.")
    if result.missing:
        lines.append(f"{result.missing} paintings are no longer in this source; they are kept.")
    lines += map(str, result.refusals)
    if result.more_refusals:
        lines.append(f"... and {result.more_refusals:,} more rows.")
    return "\n".join([*lines, f"Job {result.job_id}. {result.next_step}" if result.job_id else result.next_step])


def _first_row(row: PlannedRow) -> str:
    span = None if row.year_from is None or row.year_to is None else (row.year_from, row.year_to)
    return str(ingest.FirstRow(row.row, row.title, row.artists, row.date, span, row.number, row.picture))
