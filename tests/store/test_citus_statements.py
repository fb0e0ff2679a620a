"""Every statement of the store, as it is sent on a Citus cluster: none is of a kind that a cluster refuses."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import asyncpg
import numpy as np
import pytest
from support.citus import METHODS, Recorder, recording
from support.citus_rules import Cluster

from art_mcp import store
from art_mcp.background.cosines import Background
from art_mcp.painting import EVERYTHING, Catalogue, Filters, Painting, Rendition, painting_id
from art_mcp.settings import Settings
from art_mcp.space import Leg, PictureEmbedding, Space
from art_mcp.store import (
    archive,
    artists,
    backfill,
    browsing,
    callers,
    collection_sizes,
    collections,
    copies,
    details,
    facets,
    filters,
    full_text,
    index_recall,
    jobs,
    known_items,
    known_sources,
    leases,
    paid,
    paintings,
    ranking,
    removal,
    server,
    space_migration,
    spaces,
    tokens,
    uploads,
    vector_index,
)
from art_mcp.store.database import Database
from art_mcp.store.errors import StoreError
from art_mcp.store.full_text import Words
from art_mcp.store.paintings import BEFORE_ALL, Entry
from art_mcp.store.preference import Preference
from art_mcp.store.ranking import LegQuery, rank

pytestmark = pytest.mark.anyio

PIXELS = Space(Leg.PIXELS, "test", "random", "1", 16)
WORDS = Space(Leg.WORDS, "test", "random", "1", 8)
NEW = Space(Leg.PIXELS, "test", "new", "1", 4)


def painting(number: int, collection: str = "c") -> Painting:
    key = f"{number:03}.jpg"
    name = ("Claude Monet", "Paul Klee", "Emil Nolde")[number % 3]
    words = Catalogue(title=f"No {number} blue river", artist=name, technique="oil on canvas", timeframe="1900-1925")
    years = (1900 + number, 1901 + number)
    return Painting(
        painting_id(collection, key),
        collection,
        key,
        words,
        (name,),
        years,
        key,
        key.encode(),
        64,
        48,
        "JPEG",
        source="here",
        details={"Location": f"Depot {number % 4}"},
    )


def unit(space: Space, number: int) -> np.ndarray:
    vector = np.random.default_rng(number).normal(size=space.dimensions)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def entry(each: Painting, number: int, *filled: Space) -> Entry:
    renditions = [Rendition(kind, 1, 1, b"webp") for kind in ("thumbnail", "display")]
    return Entry.read(each, renditions, {space: unit(space, number) for space in filled})


async def fill(database: Database) -> list[Painting]:
    """Load twelve paintings as an ingest does, of which four have copies."""
    await spaces.activate(database, [PIXELS, WORDS])
    made = [painting(number, "c" if number < 8 else "d") for number in range(12)]
    async with leases.acquire(database) as lease:
        for collection in ("c", "d"):
            own = [each for each in made if each.collection == collection]
            job = await jobs.create(database, "here", None, collection, {})
            await jobs.start_listing(database, job, lease)
            await jobs.append(database, job, lease, [jobs.NewItem(p.source_key, p.id, {"n": 1}) for p in own], None)
            held = await jobs.hold(database, job, lease, 100)
            async with database.transaction() as connection:
                await paintings.write(connection, [entry(p, int(p.source_key[:3]), PIXELS, WORDS) for p in own])
                await jobs.settle(connection, job, [jobs.Outcome(item.position, "stored") for item in held])
            await jobs.finish(database, job)
    new = await copies.uncompared(database, PIXELS, after=BEFORE_ALL, limit=100)
    by_id = {each.id: each for each in new}
    async with copies.comparing(database) as connection:
        used = dict.fromkeys(by_id, copies.Compared(b"grey", "", ""))
        await copies.store(connection, [(each, b"grey") for each in new], [], {})
        for one, other in ((0, 8), (1, 9), (8, 1)):
            pair = copies.Pair(made[one].id, made[other].id, 0.9)
            await copies.store(connection, [], [pair], used)
    return made


async def use(database: Database, made: list[Painting]) -> None:
    """Call every function of the store that sends a statement on paintings."""
    ids = [each.id for each in made]
    await server.look(database)
    await collections.collections(database)
    await collection_sizes.sizes(database)
    assert [len(group) for group in await copies.groups(database)] == [4]
    assert [len(group) for group in await copies.groups(database, "d")] == [4]
    assert {copy.id for copy in await copies.of(database, ids[0])} == {ids[1], ids[8], ids[9]}
    async with database.transaction() as connection:
        near = await copies.neighbours(connection, PIXELS, ids)
        assert set(near) == set(ids) and all(len(others) == copies.NEIGHBOURS - 1 for others in near.values())
        await copies.compared(connection, ids)
    assert await copies.count_uncompared(database, PIXELS) == await copies.count_incomparable(database) == 0

    words = Words("blue river no", ("blue river",))
    legs = [LegQuery(PIXELS, unit(PIXELS, 1)), LegQuery(WORDS, unit(WORDS, 1), background=Background(0, 1, 0))]
    somewhere = ("location=depot 0", "location=depot 1", "location=depot 2", "location=depot 3")
    ours = Filters(artist=("Claude Monet", "Paul Klee"), year_from=1890, where=(("Location", somewhere),))
    for some in (legs[:1], legs, [*legs[:1], LegQuery(PIXELS, unit(PIXELS, 2), number=2)]):
        for asked in (None, words):
            for passing in (EVERYTHING, ours):
                for but in ((), ids[:1]):
                    await rank(database, some, words=asked, filters=passing, limit=3, exclude=but)
    for order in ("oldest", "title", "random", None):
        wish = Preference(("klee paul",), 1901, 1950, order, 7, None if order is None else 0.1)
        found = await rank(database, legs, words=words, filters=ours, limit=12, preference=wish)
        assert found.asked and {copy.id for hit in found.hits for copy in hit.copies} >= {ids[8]}
        for passing in (EVERYTHING, ours):
            page = await browsing.browse(database, passing, order or "newest", seed=3, limit=5)
            assert page.total == (12 if passing == EVERYTHING else 8)
    assert len(await ranking.nearest(database, PIXELS, [unit(PIXELS, 1), unit(PIXELS, 2)])) == 2
    assert await index_recall.index_recall(database, PIXELS, unit(PIXELS, 1)) == 1
    assert await full_text.unknown(database, ["river", "mountain"]) == ["mountain"]

    named = await artists.named(database, ["monet"], [("paul", "klee")], ours)
    assert [artist.key for artist in named] == ["claude monet", "klee paul"]
    assert (await artists.usage(database, ["monet", "blue"]))["blue"].titled == 12
    await artists.everyone(database)
    await facets.describe(database, ours, limit=5)
    for field in ("collection", "artist", "technique", "timeframe"):
        assert (await facets.complete(database, field, "", EVERYTHING, limit=5)).values
        await filters.stored_values(database, field)
    with pytest.raises(StoreError, match="Closest values: Claude Monet"):
        await filters.require_values(database, Filters(artist="Claude Monnet"))
    with pytest.raises(StoreError, match="Closest values: oil on canvas"):
        await filters.require_values(database, Filters(technique="oil on canva"))

    assert await details.listed(database, Filters(where=(("location", "depot 1"),))) == [("Location", ["Depot 1"])]
    depots = await details.values_of(database, "location", "depot 1")
    assert depots == [("location=depot 1", "depot 1")] and len(await details.values_of(database, "location")) == 4
    assert await details.shown(database, depots) == [("location=depot 1", "Depot 1")]

    await database.ping()
    await paintings.get(database, ids[0])
    await paintings.sample(database, 3)
    await paintings.rendition(database, ids[0], "display")
    await paintings.thumbnails(database, ids)
    await paintings.vector(database, PIXELS, ids[0])
    await paintings.vectors_of_pictures(database, PIXELS, [each.image_sha256 or b"" for each in made])
    await paintings.vectors_of_unseen(database, PIXELS, ids)
    assert (await paintings.stored(database, ids, [PIXELS]))[ids[0]].renditions == {"thumbnail", "display"}
    assert len(await known_items.named(database, [str(ids[0]), "001.jpg"], ours)) == 2
    assert len(await known_items.draw(database, 3)) == 3
    await known_sources.alike(database, ids, [])
    await known_sources.collections_from(database, "here")
    assert await filters.has_value(database, "artist", "Paul Klee")


async def change(database: Database, made: list[Painting]) -> None:
    """Export, import, move to another space, and remove."""
    ids = [each.id for each in made]
    async with archive.snapshot(database) as connection:
        await archive.sizes(connection, [])
        assert not await archive.is_empty(connection, PIXELS)
        exported = await archive.page(connection, ["c", "d"], [PIXELS], after=BEFORE_ALL, limit=100)
    changed = [entry(each.painting, 99, PIXELS) for each in exported]
    async with database.transaction() as connection:
        assert await archive.store(connection, changed) == 12
        assert await archive.store(connection, [entry(painting(50), 50, PIXELS)]) == 1
    await archive.tidy(database, ["c"], [PIXELS])
    embedding = PictureEmbedding(b"new", None, {PIXELS: unit(PIXELS, 7)})
    await paid.keep(database, embedding)
    await paid.find(database, PIXELS, [b"new"])
    async with database.transaction() as connection:  # another picture, so that its vectors and copies go
        await paintings.write(connection, [Entry(replace(made[2], image_sha256=b"new"), embedding=embedding)])

    async with leases.acquire(database) as lease:
        await spaces.register(database, [NEW])
        assert await spaces.are_registered(database, [NEW]) and await space_migration.hold(database, [NEW], lease)
        assert await vector_index.leave_out(database, NEW, 100)
        assert await backfill.count(database, [NEW, WORDS]) == 13
        async with database.transaction() as connection:
            left = await backfill.page(connection, [NEW, WORDS], limit=100)
            filling = [Entry.read(each.painting, (), {NEW: unit(NEW, 1), WORDS: unit(WORDS, 1)}) for each in left]
            await backfill.fill(connection, filling)
        await vector_index.build(database, NEW)
        await backfill.kept_picture(database, made[0])
        await backfill.count_without_hub(database, [NEW])
        await backfill.fill_hubs(database, NEW, after=BEFORE_ALL, limit=10)
    await vector_index.repair(database)
    assert await space_migration.switch(database, [NEW, WORDS])
    await backfill.forget(database, [NEW], ids[:1])

    job = await jobs.create(database, "here", None, "c", {"again": True})
    async with leases.acquire(database) as lease:
        await jobs.start_listing(database, job, lease)
        await jobs.append(database, job, lease, [jobs.NewItem("000.jpg", ids[0], None, "damaged")], None)
    assert await jobs.count_missing(database, "c", "here", ids[:1]) == 8
    await jobs.finish(database, job)
    assert await removal.remove_missing(database, job) == 8
    await jobs.get(database, job)
    assert await removal.remove_collection(database, "d") == 4


async def let_in(database: Database) -> None:
    """Make, find and revoke a token, and count a call."""
    token, _ = await tokens.create(database, "ada", ["art:read"], timedelta(days=1))
    assert await tokens.find(database, token) and len(await tokens.tokens(database)) == 1
    async with leases.acquire(database) as lease:
        assert await callers.begin(database, "ada", lease, a_minute=1, at_once=1) == (True, 0)
        await callers.end(database, "ada", lease)
    assert await tokens.revoke(database, "ada")


async def hand_over(database: Database) -> None:
    """Store pictures of users, of which there is room for one."""
    room = uploads.Room(bytes=10, uploads=10, uploads_of_one=10)
    for handle in (b"1", b"2"):
        await uploads.keep(database, handle, b"ada", bytes(9), timedelta(minutes=1), room)
        assert await uploads.is_used(database, handle)
        assert await uploads.picture(database, handle, b"ada") == bytes(9)
    assert await uploads.picture(database, b"1", b"ada") is None
    assert await uploads.forget_expired(database) > 0


def senders() -> set[tuple[str, str]]:
    """The functions of the store that send a statement, as (module, name)."""
    found = set()
    for path in Path(store.__file__).parent.glob("*.py"):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                calls = (call.func for call in ast.walk(function) if isinstance(call, ast.Call))
                if any(isinstance(f, ast.Attribute) and f.attr in (*METHODS, "copy_records_to_table") for f in calls):
                    found.add((path.stem, function.name))
    return found


ELSEWHERE = {"schema", "cluster", "embedded", "embedded_watcher", "connection", "accounts", "leases", "tokens"}
"""Modules whose statements read no table of paintings, or are not sent over the pool."""
LOCAL = {("jobs", name) for name in ("is_running", "is_listed", "is_over", "cancel", "other_source", "refusals")}
"""Functions that read tables of the coordinator only."""


async def test_a_cluster_can_run_every_statement_of_the_store(cluster_url: str) -> None:
    with recording() as sent:
        database = await Database.open(Settings(database_url=cluster_url, citus_shards=4))
        try:
            made = await fill(database)
            await use(database, made)
            await change(database, made)
            await let_in(database)
            await hand_over(database)
            assert await refusals(cluster_url, sent) == {}
            sent.statements.clear()
            (old,) = await space_migration.inactive(database)
            await space_migration.drop(database, [old.space])
            assert await refusals(cluster_url, sent) == {}
        finally:
            await database.aclose()
    unsent = {each for each in senders() - sent.functions - LOCAL if each[0] not in ELSEWHERE}
    assert unsent == set()


async def test_every_function_of_the_store_works_on_the_server_of_the_tests(database: Database) -> None:
    made = await fill(database)
    await use(database, made)
    await change(database, made)
    (old,) = await space_migration.inactive(database)
    assert old.size > 0
    await space_migration.drop(database, [old.space])


async def refusals(url: str, sent: Recorder) -> dict[str, list[str]]:
    """The statements that a cluster refuses, and why."""
    connection = await asyncpg.connect(url)
    cluster = await Cluster.of(connection)
    found = {statement: await cluster.refusals(connection, statement) for statement in sent.statements}
    await connection.close()
    return {statement: why for statement, why in found.items() if why}
