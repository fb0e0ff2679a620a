"""Plans a load: determines what it would do without storing or paying for anything."""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from art_mcp.dates import years
from art_mcp.images.picture import glance
from art_mcp.images.undecoded import ImageError
from art_mcp.ingest.batch import WITHOUT_PICTURE, Read, read_item, read_items, without_picture
from art_mcp.ingest.first_row import FirstRow
from art_mcp.ingest.limits import SHOWN_REFUSALS
from art_mcp.ingest.listing import item_of
from art_mcp.ingest.names import artists
from art_mcp.ingest.refusals import Group, Refusals
from art_mcp.ingest.sources.source import Refusal, Row
from art_mcp.ingest.sources.tables.records import is_link
from art_mcp.store import jobs
from art_mcp.store.jobs import HeldItem, NewItem, Outcome

if TYPE_CHECKING:
    from art_mcp.ingest.batch import BatchStore
    from art_mcp.ingest.sources.source import Source
    from art_mcp.store.database import Database

AT_ONCE = 32
"""Number of rows whose pictures are in memory at a time."""
FIRST_ROWS = 3
"""Number of rows that a plan shows as they will be stored."""


@dataclass(slots=True)
class Plan:
    """What a load would do, as numbers of rows; new, changed, unchanged and refused rows add up to `total`."""

    collection: str
    reading: str | None
    """How the source is interpreted, for the user; a sentence on each line."""
    first_rows: list[FirstRow] = field(default_factory=list)
    total: int = 0
    new: int = 0
    changed: int = 0
    """Already stored, with different metadata or a different picture, or incompletely."""
    unchanged: int = 0
    refused: int = 0
    unpictured: int = 0
    """Number of rows that are or will be stored without a picture."""
    complete: bool = False
    """Whether every row was checked; False if the time limit was reached."""
    calls: int = 0
    """Number of paid calls."""
    missing: int = 0
    """Number of paintings loaded from this source before that it no longer contains; 0 if not all rows were read."""
    elsewhere: str | None = None
    """Sentence for the user if another collection has these paintings already."""
    refusals: list[Group] = field(default_factory=list)
    """The rows that are refused, or stored without the picture that they name, by reason; the first reasons only."""
    more_refusals: int = 0
    """Number of such rows for other reasons."""
    notes: list[Group] = field(default_factory=list)
    """The rows in which a text is cut, by field; the first only."""


class Planner:
    """Checks every row of a source, and optionally its pictures.

    Only the header of a picture is decoded, so damaged pixels are noticed only during the load. A picture that is not
    read is assumed to be the stored one.

    Args:
        locator: the source as a job would record it.
        collection: name of the target collection.
        look: whether to read the pictures, except those behind links.
    """

    def __init__(
        self, database: Database, batches: BatchStore, source: Source, locator: str, collection: str, *, look: bool
    ) -> None:
        self._database = database
        self._batches = batches
        self._source = source
        self._locator = locator
        self._collection = collection
        self._look_at_pictures = look
        self._named: set[uuid.UUID] = set()
        self._wanted: set[bytes] = set()
        self._refusals = Refusals()
        self._notes = Refusals()

    async def plan(self, limit: int | None, *, seconds: float | None = None) -> Plan:
        """Check the rows and return the plan.

        Args:
            limit: maximum number of rows; None for all.
            seconds: maximum duration in seconds; None for no limit. The plan is incomplete when it is reached.

        Raises:
            SourceError: the source cannot be read.
        """
        plan = Plan(self._collection, await self._source.reading())
        with anyio.move_on_after(math.inf if seconds is None else seconds):
            async with aclosing(self._source.pages(None)) as pages:
                async for page in pages:
                    rows = page.rows if limit is None else page.rows[: limit - plan.total]
                    self._describe(plan, rows)
                    items = [item_of(self._collection, row) for row in rows]
                    for start in range(0, len(items), AT_ONCE):
                        await self._look(plan, items[start : start + AT_ONCE])
                    if plan.total == limit:
                        break
            plan.complete = True
        plan.refusals, plan.more_refusals = self._refusals.first(SHOWN_REFUSALS)
        plan.notes, _ = self._notes.first(SHOWN_REFUSALS)
        if plan.complete and limit is None:
            plan.missing = await jobs.count_missing(self._database, self._collection, self._locator, self._named)
        return plan

    def _describe(self, plan: Plan, rows: Sequence[Row | Refusal]) -> None:
        for row in rows:
            if isinstance(row, Row):
                if len(plan.first_rows) < FIRST_ROWS:
                    plan.first_rows.append(_first_row(row))
                for note in row.notes:
                    self._notes.add(row.label, note)

    async def _look(self, plan: Plan, items: Sequence[NewItem]) -> None:
        refused: dict[int, str] = {}
        unpictured: dict[int, str] = {}
        here: list[HeldItem] = []
        elsewhere: list[HeldItem] = []
        for position, item in enumerate(items):
            if item.row is None:
                refused[position] = item.refusal or ""
            elif item.painting_id in self._named:
                refused[position] = "It is the same painting as an earlier row (same id)."
            else:
                # A table with local pictures can also contain links, which a plan does not follow.
                looked_at = not item.row["image"] or (self._look_at_pictures and not is_link(item.row["image"]))
                (here if looked_at else elsewhere).append(HeldItem(position, item.row))
            if item.painting_id is not None:
                self._named.add(item.painting_id)
        read, unread = await read_items(self._collection, self._locator, here, self._source)
        refused |= {outcome.position: outcome.reason or "" for outcome in unread}
        read += [read_item(self._collection, self._locator, held) for held in elsewhere]
        todo = await self._batches.sort(read)
        fresh, worded = [], [each for each, _ in todo.reworded]
        for each in todo.new:
            try:
                if each.data:
                    judge = partial(glance, each.data, name=PurePath(each.row["image"]).name)
                    await anyio.to_thread.run_sync(judge, abandon_on_cancel=True)
                fresh.append(each)
            except ImageError as error:
                match without_picture(each, self._source, error):
                    case Outcome(reason=reason):
                        refused[each.position] = reason or ""
                    case Read() as wordy:
                        worded.append(wordy)
        for each in (*worded, *todo.unchanged):
            plan.unpictured += each.unpictured is not None
            if each.unpictured:
                unpictured[each.position] = f"{WITHOUT_PICTURE} {each.unpictured}"
        plan.total += len(items)
        plan.unchanged += len(todo.unchanged)
        plan.changed += sum(each.id in todo.known for each in (*worded, *fresh))
        plan.new += sum(each.id not in todo.known for each in (*worded, *fresh))
        plan.refused += len(refused)
        told = refused | unpictured
        for position in sorted(told):
            self._refusals.add(items[position].label, told[position])
        if self._batches.billed:
            digests = {each.sha256 for each in fresh if each.sha256 is not None}
            new = await self._batches.to_embed(digests) - self._wanted
            self._wanted |= new
            plan.calls += len(new) + sum(each.sha256 is None for each in fresh)


def _first_row(row: Row) -> FirstRow:
    said = row.catalogue
    span = row.years or years(said.date) or years(said.timeframe)
    return FirstRow(row.label, said.title, artists(said.artist), said.date, span, said.number, row.image)
