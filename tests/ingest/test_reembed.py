"""A move to another model, with providers that count, wait and refuse as they are told."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from support.model import BuiltIn
from support.pictures import draw
from support.postgres import count_paintings

from art_mcp.images.picture import Picture
from art_mcp.ingest import reembed
from art_mcp.ingest.reembed import NOT_KEPT, Move, MoveError
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings
from art_mcp.space import Leg, PictureEmbedding, Space
from art_mcp.store import backfill, jobs, leases, space_migration, spaces
from art_mcp.store.database import Database
from art_mcp.store.errors import MovedError
from art_mcp.store.paintings import BEFORE_ALL
from art_mcp.vision import factory
from art_mcp.vision.local import SPACES
from art_mcp.vision.provider import Fault, Limits, Provider, VisionError

pytestmark = pytest.mark.anyio

LOCAL = list(SPACES.values())


class Service(BuiltIn):
    """The built-in model under another name: it takes some pictures a call, and costs money if it is said."""

    def __init__(self, *, pictures_a_call: int = 1, billed: bool = True, words: str = "1") -> None:
        super().__init__()
        self.seen: Counter[int] = Counter()
        """How often each picture was embedded, by its width."""
        self.refused: set[int] = set()
        """Widths of pictures that it does not take."""
        self.before: Callable[[], Awaitable[None]] | None = None
        """Awaited before each call is answered."""
        self._limits = Limits(pictures_a_call, 128, 8, billed)
        self._spaces = {
            Leg.PIXELS: Space(Leg.PIXELS, "test", "service", "1", 256),
            Leg.WORDS: Space(Leg.WORDS, "local", "minilm", words, 384),
        }

    @property
    def spaces(self) -> Mapping[Leg, Space]:
        return self._spaces

    @property
    def limits(self) -> Limits:
        return self._limits

    async def embed_images(self, pictures: Sequence[Picture], *, urgent: bool = False) -> list[PictureEmbedding]:
        assert len(pictures) <= self._limits.images_per_call
        if self.before:
            await self.before()
        if any(picture.width in self.refused for picture in pictures):
            raise VisionError("The picture shows nothing.", "Look at it.", fault=Fault.INPUT)
        self.seen.update(picture.width for picture in pictures)
        made = await super().embed_images(pictures)
        pixels = SPACES[Leg.PIXELS]
        return [replace(each, vectors={self._spaces[Leg.PIXELS]: each.vectors[pixels]}) for each in made]


class Bench:
    """A database that the built-in model has filled."""

    def __init__(self, runtime: Runtime, database: Database, folder: Path) -> None:
        self.runtime, self.database, self.folder = runtime, database, folder

    async def load(self, count: int) -> None:
        """Pictures that differ in their widths, from 100 pixels on."""
        for number in range(count):
            if not (path := self.folder / f"{number:03}.png").exists():
                draw(path, number, (100 + number, 80))
        ingest = await self.runtime.ingest()
        await ingest.run(await ingest.create(self.folder))

    def move(self, provider: Provider) -> Move:
        return Move(self.database, provider)

    async def active(self) -> list[Space]:
        return await spaces.active(self.database)

    async def vectors(self, space: Space) -> int:
        return await self.value(f"SELECT count(*) FROM {spaces.vector_table(space)}")

    async def value(self, statement: str) -> object:
        async with self.database.connection() as connection:
            return await connection.fetchval(statement)


@pytest.fixture
async def bench(settings: Settings, tmp_path: Path) -> AsyncIterator[Bench]:
    async with Runtime(settings) as runtime:
        yield Bench(runtime, await runtime.database(), tmp_path / "art")


async def test_everything_is_embedded_once_and_then_searched(bench: Bench) -> None:
    await bench.load(20)
    service = Service()
    move = bench.move(service)
    assert await move.run() and move.refused == []
    assert service.seen == Counter(range(100, 120))
    assert (move.done, move.total) == (20, 20)
    assert await bench.active() == sorted(service.spaces.values(), key=lambda space: space.name)
    assert await bench.vectors(service.spaces[Leg.PIXELS]) == await bench.vectors(SPACES[Leg.PIXELS]) == 20
    assert await bench.value("SELECT count(*) FROM art_mcp.paid") == 0
    assert await bench.value("SELECT count(*) FROM art_mcp.leases") == 0
    assert await bench.move(service).run()
    assert await bench.move(BuiltIn()).run()  # its vectors are still there
    assert await bench.active() == sorted(LOCAL, key=lambda space: space.name)
    assert service.seen.total() == 20


async def test_hubs_are_filled_from_the_stored_vectors(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await bench.load(5)
    monkeypatch.setattr(reembed, "PAGE", 2)
    tables = [spaces.vector_table(SPACES[leg]) for leg in (Leg.PIXELS, Leg.WORDS, Leg.LOOK)]

    async def rows(table: str) -> list[tuple[object, list[float], float | None]]:
        async with bench.database.connection() as connection:
            found = await connection.fetch(f"SELECT painting_id, vector, hub FROM {table} ORDER BY painting_id")
        return [(row["painting_id"], row["vector"].to_list(), row["hub"]) for row in found]

    before = {table: await rows(table) for table in tables}
    assert all((hub is None) == (table == tables[2]) for table in tables for *_, hub in before[table])
    for table in tables[:2]:
        await bench.value(f"UPDATE {table} SET hub = NULL RETURNING 1")
    first = before[tables[0]][0][0]
    await bench.value(f"UPDATE {tables[0]} SET hub = 9 WHERE painting_id = '{first}' RETURNING 1")  # is there: is kept
    await bench.value("DELETE FROM art_mcp.renditions RETURNING 1")
    move = bench.move(BuiltIn())
    plan = await move.plan()
    assert (plan.paintings, plan.without_hub, plan.done) == (0, 9, False)
    assert await move.run() and (move.done, move.total) == (9, 9)
    assert (await bench.move(BuiltIn()).plan()).done
    for table in tables:
        for (id_, vector, hub), (same, unchanged, filled) in zip(before[table], await rows(table), strict=True):
            assert (id_, vector) == (same, unchanged)
            expected = 9 if (table, id_) == (tables[0], first) else hub
            assert filled == (None if expected is None else pytest.approx(expected, abs=1e-3))


async def test_an_interrupted_fill_of_hubs_is_resumed(bench: Bench) -> None:
    await bench.load(5)
    space = SPACES[Leg.PIXELS]
    await bench.value(f"UPDATE {spaces.vector_table(space)} SET hub = NULL RETURNING 1")
    assert len(await backfill.fill_hubs(bench.database, space, after=BEFORE_ALL, limit=3)) == 3
    move = bench.move(BuiltIn())
    assert (await move.plan()).without_hub == 2
    assert await move.run() and move.done == 2
    assert await bench.value(f"SELECT count(hub) FROM {spaces.vector_table(space)}") == 5


async def test_a_move_elsewhere_measures_the_words_it_keeps(bench: Bench) -> None:
    await bench.load(3)
    for leg in (Leg.PIXELS, Leg.WORDS):
        await bench.value(f"UPDATE {spaces.vector_table(SPACES[leg])} SET hub = NULL RETURNING 1")
    move = bench.move(Service())
    plan = await move.plan()
    assert (plan.paintings, plan.without_hub) == (3, 3)
    assert await move.run() and (move.done, move.total) == (6, 6)
    assert await bench.value(f"SELECT count(hub) FROM {spaces.vector_table(SPACES[Leg.WORDS])}") == 3
    assert await bench.value(f"SELECT count(hub) FROM {spaces.vector_table(SPACES[Leg.PIXELS])}") == 0


async def test_the_sources_may_be_gone(bench: Bench) -> None:
    await bench.load(3)
    shutil.rmtree(bench.folder)
    assert await bench.move(Service()).run()


async def test_the_same_picture_under_two_names_is_paid_for_once(bench: Bench) -> None:
    draw(bench.folder / "000.png", 0, (100, 80))
    for name in ("copy.png", "deep/copy.png"):
        (bench.folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(bench.folder / "000.png", bench.folder / name)
    await bench.load(2)
    service = Service()
    plan = await bench.move(service).plan()
    assert (plan.paintings, plan.calls, plan.not_kept) == (4, 2, 0)
    assert await bench.move(service).run()
    assert service.seen == Counter((100, 101)) and await bench.vectors(service.spaces[Leg.PIXELS]) == 4
    async with bench.database.connection() as connection:  # a vector is lost: its picture's is known all the same
        await connection.execute(
            f"DELETE FROM {spaces.vector_table(service.spaces[Leg.PIXELS])} WHERE painting_id IN "
            "(SELECT id FROM art_mcp.paintings WHERE source_key = 'copy.png')"
        )
    plan = await bench.move(service).plan()
    assert (plan.paintings, plan.calls, plan.instead_of, plan.done) == (1, 0, None, False)
    assert await bench.move(service).run()
    assert service.seen.total() == 2 and (await bench.move(service).plan()).done


async def test_a_plan_stores_nothing(bench: Bench) -> None:
    await bench.load(5)
    before = await bench.value("SELECT count(*) FROM pg_class")
    plan = await bench.move(Service(pictures_a_call=2)).plan()
    assert (plan.paintings, plan.calls, plan.billed, plan.done) == (5, 3, True, False)
    assert plan.instead_of == "the built-in model 2"
    assert (await bench.move(Service(billed=False)).plan()).calls == 0
    assert await bench.value("SELECT count(*) FROM pg_class") == before
    assert len(await bench.active()) == 3


@pytest.mark.parametrize("pictures_a_call", [1, 6])
async def test_a_refused_picture_keeps_nothing_but_the_switch(bench: Bench, pictures_a_call: int) -> None:
    await bench.load(12)
    service = Service(pictures_a_call=pictures_a_call)
    service.refused = {103}
    move = bench.move(service)
    assert not await move.run()
    (refused,) = move.refused
    assert refused.painting.source_key == "003.png" and "shows nothing" in refused.reason
    assert await bench.active() == sorted(LOCAL, key=lambda space: space.name)
    assert await bench.vectors(service.spaces[Leg.PIXELS]) == 11
    assert service.seen == Counter(set(range(100, 112)) - {103})
    assert await bench.move(service).run(skip_refused=True)
    assert len(await bench.active()) == 2
    service.refused = set()  # it is tried again in each run
    assert (await bench.move(service).plan()).calls == 1
    assert await bench.move(service).run()
    assert service.seen == Counter(range(100, 112))


async def test_paintings_without_a_picture_are_refused(bench: Bench) -> None:
    await bench.load(5)
    async with bench.database.connection() as connection:
        for key in ("003.png", "004.png"):  # as imported: nobody has ever seen their pictures
            await connection.execute("UPDATE art_mcp.paintings SET image_sha256 = NULL WHERE source_key = $1", key)
        await connection.execute(
            "DELETE FROM art_mcp.renditions WHERE painting_id IN "
            "(SELECT id FROM art_mcp.paintings WHERE source_key = '003.png')"
        )
        await connection.execute(
            "DELETE FROM art_mcp.renditions WHERE painting_id = "
            "(SELECT id FROM art_mcp.paintings WHERE source_key = '001.png')"
        )
        await connection.execute(
            "UPDATE art_mcp.renditions SET data = 'RIFF' WHERE kind = 'display' AND painting_id = "
            "(SELECT id FROM art_mcp.paintings WHERE source_key = '002.png')"
        )
    move = bench.move(Service())
    assert (await move.plan()).not_kept == 3
    assert not await move.run()
    reasons = {each.painting.source_key: each.reason for each in move.refused}
    assert {reasons[f"00{number}.png"] for number in (1, 3, 4)} == {NOT_KEPT}
    assert "002.png is not a picture" in reasons["002.png"]
    await bench.value("DELETE FROM art_mcp.renditions RETURNING 1")
    await bench.value(f"DELETE FROM {spaces.vector_table(Service().spaces[Leg.PIXELS])} RETURNING 1")
    with pytest.raises(MoveError, match="No picture could be embedded"):
        await bench.move(Service()).run(skip_refused=True)
    assert len(await bench.active()) == 3


async def test_another_model_of_words_embeds_the_catalogue_anew(bench: Bench) -> None:
    await bench.load(4)
    service = Service(words="2")
    await bench.value("UPDATE art_mcp.paintings SET title = NULL WHERE source_key = '001.png' RETURNING 1")
    await bench.value(r"UPDATE art_mcp.paintings SET title = U&'\00A0' WHERE source_key = '002.png' RETURNING 1")
    move = bench.move(service)
    if not await move.run():  # whether this is a blank is a matter of the database's locale
        assert [each.reason for each in move.refused] == ["Its catalogue entry is blank."]
        assert await bench.move(service).run(skip_refused=True)
    assert await bench.vectors(service.spaces[Leg.WORDS]) == 2
    assert await bench.vectors(service.spaces[Leg.PIXELS]) == 4


async def test_what_is_loaded_meanwhile_is_moved_too(bench: Bench) -> None:
    await bench.load(6)
    service = Service()
    asked, go_on = anyio.Event(), anyio.Event()

    async def wait() -> None:
        asked.set()
        await go_on.wait()

    service.before = wait
    async with anyio.create_task_group() as group:
        group.start_soon(bench.move(service).run)
        with anyio.fail_after(60):
            await asked.wait()
            draw(bench.folder / "001.png", 50, (150, 80))  # another picture in place of the one that is on its way
            await bench.load(10)
            assert await count_paintings(bench.database) == 10
            go_on.set()
    assert len(await bench.active()) == 2
    assert await backfill.count(bench.database, list(service.spaces.values())) == 0
    assert service.seen == Counter({width: 1 for width in [*range(100, 110), 150]})


@pytest.mark.slow
async def test_a_load_that_meets_the_switch_stops_and_is_resumed_with_the_new_model(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.load(4)
    asked, go_on = anyio.Event(), anyio.Event()
    raised: list[BaseException] = []
    service = Service()

    class Local(BuiltIn):
        async def embed_images(self, pictures: Sequence[Picture], *, urgent: bool = False) -> list[PictureEmbedding]:
            asked.set()
            await go_on.wait()
            return await super().embed_images(pictures)

    providers: dict[str, Provider] = {"local": Local(), "test": service}
    monkeypatch.setattr(factory, "choose", lambda settings, accounts, pixels: providers[pixels.provider])
    bench.runtime._model = None
    ingest = await bench.runtime.ingest()
    for number in range(4, 30):
        draw(bench.folder / f"{number:03}.png", number, (100 + number, 80))
    job_id = await ingest.create(bench.folder)

    async def load() -> None:
        try:
            await ingest.run(job_id)
        except MovedError as error:
            raised.append(error)

    async with anyio.create_task_group() as group:
        group.start_soon(load)
        with anyio.fail_after(60):
            await asked.wait()
            assert await bench.move(service).run()
            go_on.set()
    assert len(raised) == 1 and "`art-mcp ingest --resume`" in str(raised[0])
    assert await count_paintings(bench.database) == 4
    job = await jobs.get(bench.database, job_id)
    assert job is not None and job.pending == job.total - job.unchanged
    ingest = await bench.runtime.ingest()  # as the next process does, or the next call of a tool
    await ingest.run(job_id)
    job = await jobs.get(bench.database, job_id)
    assert job is not None and (job.stored, job.unchanged, job.refused) == (26, 4, 0)
    assert await backfill.count(bench.database, list(service.spaces.values())) == 0
    assert service.seen == Counter(range(100, 130))


async def test_a_second_process_is_told_so(bench: Bench) -> None:
    await bench.load(3)
    service = Service()
    asked, go_on = anyio.Event(), anyio.Event()

    async def wait() -> None:
        asked.set()
        await go_on.wait()

    service.before = wait
    async with anyio.create_task_group() as group:
        group.start_soon(bench.move(service).run)
        await asked.wait()
        with pytest.raises(MoveError, match="Another process is filling these vectors"):
            await bench.move(Service()).run()
        with pytest.raises(MoveError, match="Another process is filling these vectors"):
            await bench.move(BuiltIn()).old()
        go_on.set()
    assert service.seen.total() == 3 and len(await bench.active()) == 2


async def test_who_has_lost_the_move_to_another_stops(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await bench.load(3)
    monkeypatch.setattr(leases, "LEASE_S", 0.3)
    service = Service()

    async def wait() -> None:
        other, wanted = await leases.begin(bench.database), list(service.spaces.values())
        while not await space_migration.hold(bench.database, wanted, other):  # as if the first had been suspended
            await bench.value(f"UPDATE art_mcp.leases SET until = now() WHERE id <> '{other}' RETURNING 1")
        await anyio.sleep(600)

    service.before = wait
    lost = "paused for too long, and another one may have taken over"
    with anyio.fail_after(60), pytest.raises(Exception, match=lost):
        await bench.move(service).run()


async def test_a_fault_stops_and_what_was_paid_for_is_used_by_the_next_run(bench: Bench) -> None:
    await bench.load(12)
    service = Service()
    calls = 0

    async def fail() -> None:
        nonlocal calls
        calls += 1
        if calls > 5:
            raise VisionError("The key was changed.", "Set the new one.")

    service.before = fail
    with pytest.raises(VisionError, match="The key was changed"):
        await bench.move(service).run()
    assert 0 < service.seen.total() <= 5
    assert len(await bench.active()) == 3
    service.before = None
    assert await bench.move(service).run()
    assert service.seen == Counter(range(100, 112))


async def test_stopped_by_its_user_it_lets_go_and_goes_on(bench: Bench) -> None:
    await bench.load(8)
    service = Service()
    calls = 0

    async def wait() -> None:
        nonlocal calls
        calls += 1
        if calls > 3:
            await anyio.sleep(600)

    service.before = wait
    async with anyio.create_task_group() as group:
        group.start_soon(bench.move(service).run)
        with anyio.fail_after(60):
            while await bench.value("SELECT count(*) FROM art_mcp.paid") != 3:
                await anyio.sleep(0.02)
        group.cancel_scope.cancel()
    service.before = None
    assert await bench.move(service).run()
    assert service.seen == Counter(range(100, 108))


async def test_old_vectors_are_dropped_only_when_the_new_ones_are_all_there(bench: Bench) -> None:
    await bench.load(4)
    service, local = Service(), BuiltIn()
    with pytest.raises(MoveError, match="is not embedded by test service 1, which the settings name"):
        await bench.move(service).old()
    assert await bench.move(local).old() == []
    assert await bench.move(service).run()
    with pytest.raises(MoveError, match="is not embedded by the built-in model 2"):
        await bench.move(local).old()
    await bench.value(
        f"DELETE FROM {spaces.vector_table(service.spaces[Leg.PIXELS])} WHERE painting_id = "
        "(SELECT min(id::text)::uuid FROM art_mcp.paintings) RETURNING 1"
    )
    with pytest.raises(MoveError, match="1 paintings lack a vector of test service 1"):
        await bench.move(service).old()
    assert len(await bench.move(service).old(skip_refused=True)) == 2
    assert await bench.move(service).run()
    old = await bench.move(service).old()
    await bench.move(service).drop(old)
    assert await bench.value("SELECT to_regclass('art_mcp.vectors_pixels_local_bridge_2')") is None
    assert await bench.move(local).run()  # everything is made again
    assert await bench.vectors(SPACES[Leg.LOOK]) == await bench.vectors(SPACES[Leg.PIXELS]) == 4


async def test_an_empty_database_is_moved_too(bench: Bench) -> None:
    await bench.runtime.spaces()
    service = Service()
    assert await bench.move(service).run()
    assert len(await bench.active()) == 2
