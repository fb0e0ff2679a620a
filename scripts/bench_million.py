"""How a large collection loads, searches and fits: a million paintings, with vectors of 256 and of 1,024 numbers.

    python scripts/bench_million.py [--sizes 200000x256 1000000x1024] [--folder FOLDER] [--write docs/large.md]

The paintings of scripts/bench, with vectors in one space, are written as an archive, which `art-mcp import` loads into
an embedded server with a data folder of its own. Then the vector leg and whole searches are timed and compared with an
exact search, and so is an index of binary quantised vectors, whose candidates are compared exactly. Each size takes
from ten minutes to some hours and up to 15 GB of disk, and leaves a file of results in FOLDER, which the next run
prints instead of measuring that size again. With --keep it leaves the database, too, on which --more measures what the
file lacks, such as --rebuild.

Times depend on what else the machine does, processor seconds hardly: both are measured, and the load average with them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread
import asyncpg
import numpy as np
import psutil
from bench.collection import Collection, opened
from bench.corpus import stream_corpus
from bench.memory import cpu_seconds, family_memory, postmaster
from bench.questions import sentences
from bench.sql import column_of, value_of_share
from bench.vectors import cloud, widen
from bench_import import art_mcp
from figures import Report, p95, revision, short, table

from art_mcp.errors import ArtMcpError
from art_mcp.images.loader import PictureLoader
from art_mcp.ingest.archive.export import Writer
from art_mcp.ingest.archive.layout import MANIFEST
from art_mcp.painting import EVERYTHING, Filters
from art_mcp.search.finder import Finder
from art_mcp.space import Leg, PictureEmbedding, Space
from art_mcp.store import facets, spaces
from art_mcp.store.browsing import browse
from art_mcp.store.embedded import EmbeddedServer
from art_mcp.store.index_recall import index_recall
from art_mcp.store.order import Order
from art_mcp.store.paintings import Entry
from art_mcp.store.ranking import LegQuery, rank
from art_mcp.store.scratch import clear
from art_mcp.store.spaces import vector_table
from art_mcp.vision.local import LocalProvider

if TYPE_CHECKING:
    from art_mcp.space import Vector
    from art_mcp.store.database import Database
    from art_mcp.vision.provider import Vectors

LIMIT = 10
QUESTIONS = 100
EXACT = 30
"""Questions that are answered by an exact scan as well."""
SHARES = {"0.1 %": ("artist", 0.001), "1 %": ("artist", 0.01), "10 %": ("type", 0.1), "30 %": ("school", 0.3)}
ORDERS: tuple[Order, ...] = ("oldest", "title", "random")
DEPTHS = (50, 100, 200, 400, 1000)
"""Candidates of the binary index that are compared exactly."""
BUILD_MEMORY = "1GB"
TIMED = ("first round, p50, ms", "p95, ms", "processor ms of PostgreSQL")
LOAD = ("archive", "index build", "import", "memory", "paintings a second", "load average", "disk", "shared_buffers",
        "maintenance_work_mem", "measured", "with maintenance_work_mem")  # fmt: skip
BINARY = ("binary",)
SECTIONS = {"load": LOAD, "searches": LOAD + BINARY, "binary": BINARY}
"""Of what is printed, and how the names of its results begin; searches are all others."""
LOOK_EVERY_S = 1.0
LONG_S = 12 * 3600
MB, GB = 1 << 20, 1 << 30
T = TypeVar("T")
Results = dict[str, float | str]


class MadeUp(LocalProvider):
    """The built-in model's vectors of pictures, turned into another number of dimensions by a random projection."""

    def __init__(self, dimensions: int) -> None:
        super().__init__()
        self.space = Space(Leg.PIXELS, "bench", "made-up", "1", dimensions)
        self.spaces = {Leg.PIXELS: self.space}

    async def embed_queries(self, texts: Sequence[str]) -> Mapping[Leg, Vectors]:
        return {Leg.PIXELS: widen((await super().embed_queries(texts))[Leg.PIXELS], self.space.dimensions)}


async def made_up(folder: Path, rows: int, provider: MadeUp) -> None:
    """Write the archive of a made-up collection."""
    paintings, topic_of, topics = stream_corpus(rows)
    centres = (await provider.embed_queries(topics))[Leg.PIXELS]
    vectors = cloud(centres, topic_of, seed=0)

    def entries() -> Iterator[Entry]:
        for painting, vector in zip(paintings, vectors, strict=True):
            made = {provider.space: vector.astype(np.float32)}
            yield Entry(painting, embedding=PictureEmbedding(painting.image_sha256, None, made))

    def write() -> None:
        folder.mkdir()
        writer, made = Writer(folder, {provider.space: True}), entries()
        while batch := list(islice(made, 1000)):
            writer.add(batch)
        writer.close()
        (folder / MANIFEST).write_text(writer.manifest({"bench": rows}).model_dump_json(), encoding="utf-8")

    await anyio.to_thread.run_sync(write)


@asynccontextmanager
async def watched(server: EmbeddedServer, results: Results) -> AsyncIterator[None]:
    """Add to `results` the most memory that PostgreSQL has meanwhile, its processor time and that of index builds."""
    main = postmaster(server)
    before = cpu_seconds(main)
    building, most, index_cpu = 0.0, 0.0, 0.0
    connection = await asyncpg.connect(**server.connect_args)

    async def look() -> None:
        nonlocal building, most, index_cpu
        last, used, was_building = time.monotonic(), cpu_seconds(main), False
        while True:
            await anyio.sleep(LOOK_EVERY_S)
            is_building = await connection.fetchval("SELECT EXISTS (SELECT 1 FROM pg_stat_progress_create_index)")
            now, uses = time.monotonic(), cpu_seconds(main)
            if is_building or was_building:
                building += now - last
                index_cpu += uses - used
            last, used, was_building = now, uses, is_building
            most = max(most, await anyio.to_thread.run_sync(family_memory, main))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(look)
        yield
        tasks.cancel_scope.cancel()
    await connection.close()
    results["index build, s"] = building
    results["index build, processor s of PostgreSQL"] = index_cpu
    results["import, processor s of PostgreSQL"] = cpu_seconds(main) - before - index_cpu
    results["memory of PostgreSQL during the import, at most, MB"] = most


async def load(data_dir: Path, rows: int, provider: MadeUp) -> Results:
    """Import a made-up collection into a new data folder."""
    clear(data_dir)
    results: Results = {}
    with tempfile.TemporaryDirectory(dir=data_dir.parent) as source:
        archive = Path(source) / "archive"
        await made_up(archive, rows, provider)
        results["archive, GB"] = sum(each.stat().st_size for each in archive.rglob("*")) / GB
        server = await anyio.to_thread.run_sync(EmbeddedServer.start, data_dir)
        before = sum(os.times()[2:4])
        async with watched(server, results):
            seconds, memory, job = await anyio.to_thread.run_sync(art_mcp, data_dir, "import", str(archive))
    if job["stored"] != rows:
        sys.exit(f"Not all of {rows:,} paintings were stored: {job}")
    building = results["index build, s"]
    assert isinstance(building, float)
    results["import without the index, s"] = seconds - building
    results["paintings a second, without the index"] = rows / (seconds - building)
    results["import, processor s of art-mcp"] = sum(os.times()[2:4]) - before
    results["memory of art-mcp import, at most, MB"] = memory
    results["load average while loading"] = psutil.getloadavg()[2]
    await stop(server)
    return results


async def stop(server: EmbeddedServer) -> None:
    """Stop the server, which at its next start reserves as much memory for the cache as its data then needs."""
    server.close()
    while server.is_running():
        await anyio.sleep(0.5)


class Measurement:
    """Times searches of one collection, and counts what they find."""

    def __init__(self, collection: Collection, provider: MadeUp, results: Results) -> None:
        self._collection = collection
        self._provider = provider
        self._space = provider.space
        self._table = vector_table(provider.space)
        self._results = results
        self._main = postmaster(collection.server)

    async def run(self, *, rebuild: str | None) -> None:
        await self._sizes()
        active = await spaces.active(self._collection.database)
        self._finder = Finder(self._collection.database, self._provider, active, PictureLoader(image_dirs=()))
        self._questions = await self._near_topics()
        await self._vector_leg()
        await self._whole_searches()
        await self._other_calls()
        self._results["memory of PostgreSQL after the searches, MB"] = family_memory(self._main)
        if "binary: build, s" not in self._results:
            await self._binary()
        if rebuild and f"with maintenance_work_mem {rebuild}: build, s" not in self._results:
            await self._rebuild(rebuild)

    async def _sizes(self) -> None:
        bare = self._collection.bare
        index = await self._index()
        for name, size in {
            "paintings and their text, with indexes": "pg_total_relation_size('art_mcp.paintings')",
            "vectors, the table": f"pg_table_size('{self._table}')",
            "index of the vectors": f"pg_relation_size('{index}')",
            "whole database": "pg_database_size(current_database())",
        }.items():
            self._results[f"disk: {name}, GB"] = await bare.fetchval(f"SELECT {size}") / GB
        self._results["shared_buffers"] = await bare.fetchval("SHOW shared_buffers")
        self._results["maintenance_work_mem"] = await bare.fetchval("SHOW maintenance_work_mem")

    async def _index(self) -> str:
        index: str = await self._collection.bare.fetchval(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = $1::text::regclass AND NOT indisprimary",
            self._table,
        )
        return index

    async def _near_topics(self) -> list[Vector]:
        centres = (await self._provider.embed_queries(sentences(self._collection.rows, QUESTIONS, seed=2)))[Leg.PIXELS]
        return [vector.astype(np.float32) for vector in cloud(centres, np.arange(QUESTIONS), seed=3)]

    async def _time(self, what: str, over: Sequence[T], work: Callable[[T], Awaitable[object]]) -> None:
        """Time `work` for each of `over`, after a first round that fills the caches."""
        results = self._results
        if f"{what}: p50, ms" in results:
            return
        results.pop(f"{what}: failed", None)
        try:
            first = await self._round(over, work)
            used = cpu_seconds(self._main)
            times = await self._round(over, work)
        except ArtMcpError as error:  # the time that a statement may take is over
            results[f"{what}: failed"] = str(error)
            return say(f"{what}: {error}")
        results[f"{what}: first round, p50, ms"] = statistics.median(first)
        results[f"{what}: p50, ms"], results[f"{what}: p95, ms"] = statistics.median(times), p95(times)
        results[f"{what}: processor ms of PostgreSQL"] = 1000 * (cpu_seconds(self._main) - used) / len(over)
        say(f"{what}: {statistics.median(times):.1f} ms")

    @staticmethod
    async def _round(over: Sequence[T], work: Callable[[T], Awaitable[object]]) -> list[float]:
        times = []
        for each in over:
            started = time.perf_counter()
            await work(each)
            times.append(1000 * (time.perf_counter() - started))
        return times

    async def _vector_leg(self) -> None:
        await self._time("vector leg", self._questions, self._rank)
        await self._recall("vector leg", EVERYTHING)
        for share, (field, part) in SHARES.items():
            _, value = await value_of_share(self._collection, field, part)
            filters, what = Filters.read({field: value}), f"vector leg, filter that {share} pass"
            await self._time(what, self._questions, partial(self._rank, filters=filters))
            await self._recall(
                what, filters, f"JOIN art_mcp.paintings p ON p.id = painting_id WHERE {column_of(field)} = $2", value
            )

    async def _rank(self, question: Vector, filters: Filters = EVERYTHING) -> set[Any]:
        found = await rank(self._collection.database, [LegQuery(self._space, question)], filters=filters, limit=LIMIT)
        return {hit.painting.id for hit in found.hits}

    async def _recall(self, what: str, filters: Filters, among: str = "", *values: object) -> None:
        if f"{what}: recall@{LIMIT}" in self._results:
            return
        shares, times = [], []
        for question in self._questions[:EXACT]:
            started = time.perf_counter()
            exact = await self._exact(question, among, *values)
            times.append(1000 * (time.perf_counter() - started))
            shares.append(len(exact & await self._rank(question, filters)) / max(1, len(exact)))
        self._results[f"{what}: recall@{LIMIT}"] = statistics.fmean(shares)
        self._results[f"{what}: exact scan, p50, ms"] = statistics.median(times)

    async def _exact(self, question: Vector, among: str = "", *values: object) -> set[Any]:
        # "+ 0", or the index would be walked.
        sql = f"SELECT painting_id FROM {self._table} {among} ORDER BY (vector <=> $1) + 0 LIMIT {LIMIT}"
        return {row["painting_id"] for row in await self._collection.bare.fetch(sql, question, *values, timeout=600)}

    async def _whole_searches(self) -> None:
        finder, rows = self._finder, self._collection.rows
        for share in (None, *SHARES):
            filters, what = EVERYTHING, "search by text"
            if share:
                field, value = await value_of_share(self._collection, *SHARES[share])
                filters, what = Filters.read({field: value}), f"search by text, filter that {share} pass"
            asked = sentences(rows, QUESTIONS, seed=5)
            await self._time(what, asked, partial(finder.by_text, filters=filters))
        like = [
            row["id"]
            for row in await self._collection.bare.fetch(
                f"SELECT id FROM art_mcp.paintings ORDER BY id LIMIT {QUESTIONS}"
            )
        ]
        await self._time("search by a painting", like, finder.like_painting)

    async def _other_calls(self) -> None:
        database, few = self._collection.database, range(5)
        _, school = await value_of_share(self._collection, *SHARES["30 %"])
        some = Filters.read({"school": school})
        for which, filters in {"all": EVERYTHING, "30 %": some}.items():
            await self._time(f"describe_collection, {which}", [15] * 5, partial(_describe, database, filters))
            for order in ORDERS:
                listed = partial(_list, database, filters, order)
                await self._time(f"list {order} first, {which}", few, listed)
        await self._time(
            "complete an artist's name", few, lambda _: facets.complete(database, "artist", "ma", EVERYTHING, limit=20)
        )
        await self._time(
            "index_recall (art-mcp doctor)", few, lambda n: index_recall(database, self._space, self._questions[n])
        )

    async def _build(self, what: str, statement: str, memory: str) -> str:
        """Build an index with that much memory, and return its name."""
        bare, results = self._collection.bare, self._results
        await bare.execute(f"SET maintenance_work_mem = '{memory}'")
        used, started = cpu_seconds(self._main), time.monotonic()
        await bare.execute(statement, timeout=LONG_S)
        results[f"{what}: build, s"] = time.monotonic() - started
        results[f"{what}: build, processor s"] = cpu_seconds(self._main) - used
        index = await self._index()
        results[f"{what}: index, GB"] = await bare.fetchval(f"SELECT pg_relation_size('{index}')") / GB
        say(f"{what}: built in {results[f'{what}: build, s']:.0f} s")
        return index

    async def _binary(self) -> None:
        """An index of one bit for each number; the candidates that it finds are compared exactly."""
        bare, bits = self._collection.bare, f"bit({self._space.dimensions})"
        await bare.execute("BEGIN")  # undone at the end, so that the product's own index is back
        await bare.execute(f"DROP INDEX {await self._index()}")
        index = f"CREATE INDEX ON {self._table} USING hnsw ((binary_quantize(vector)::{bits}) bit_hamming_ops)"
        await self._build("binary", index, BUILD_MEMORY)
        exact = [await self._exact(question) for question in self._questions[:EXACT]]
        for depth in DEPTHS:
            await bare.execute(f"SET hnsw.ef_search = {depth}; SET max_parallel_workers_per_gather = 0")
            nearest = (
                f"SELECT painting_id FROM (SELECT painting_id, vector FROM {self._table} ORDER BY "
                f"binary_quantize(vector)::{bits} <~> binary_quantize($1::halfvec)::{bits} LIMIT {depth}) AS near "
                f"ORDER BY vector <=> $1 LIMIT {LIMIT}"
            )
            await self._time(f"binary, {depth} candidates", self._questions, partial(bare.fetch, nearest))
            shares = []
            for question, wanted in zip(self._questions, exact, strict=False):
                found = {row["painting_id"] for row in await bare.fetch(nearest, question)}
                shares.append(len(found & wanted) / LIMIT)
            self._results[f"binary, {depth} candidates: recall@{LIMIT}"] = statistics.fmean(shares)
        await bare.execute("ROLLBACK")

    async def _rebuild(self, memory: str) -> None:
        """The product's index again, with more memory than it takes by itself."""
        await self._collection.bare.execute("BEGIN")
        await self._collection.bare.execute(f"DROP INDEX {await self._index()}")
        await self._build(f"with maintenance_work_mem {memory}", spaces.index_statement(self._space), memory)
        await self._collection.bare.execute("ROLLBACK")


async def _describe(database: Database, filters: Filters, limit: int) -> None:
    await facets.describe(database, filters, limit=limit)


async def _list(database: Database, filters: Filters, order: Order, seed: int) -> None:
    await browse(database, filters, order, seed=seed, limit=LIMIT)


def say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


async def measure(folder: Path, rows: int, dimensions: int, rebuild: str | None, keep: bool) -> None:
    """Measure what the file of results does not have yet."""
    say(f"{rows:,} paintings with {dimensions:,} numbers")
    provider = MadeUp(dimensions)
    data_dir, file = folder / f"data-{rows}x{dimensions}", folder / f"{rows}x{dimensions}.json"
    if file.exists():
        results: Results = json.loads(file.read_text(encoding="utf-8"))
    else:
        results = await load(data_dir, rows, provider)
        say(f"loaded: {results}")
    async with opened(data_dir, rows) as collection:
        await Measurement(collection, provider, results).run(rebuild=rebuild)
    results["load average while searching"] = psutil.getloadavg()[1]
    results["measured"] = f"{revision()}, {time.strftime('%d %B %Y')}"
    if not keep:
        clear(data_dir)
    file.write_text(json.dumps(results, indent=1), encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sizes = ["200000x256", "1000000x256", "200000x1024", "1000000x1024"]
    parser.add_argument("--sizes", nargs="+", default=sizes, help="paintings x numbers of a vector")
    parser.add_argument("--folder", type=Path, required=True, help="for the data and the results")
    parser.add_argument("--rebuild", metavar="MEMORY", help="build the index again with this maintenance_work_mem")
    parser.add_argument("--keep", action="store_true", help="keep the databases")
    parser.add_argument("--more", action="store_true", help="measure what the files of results lack, on kept databases")
    Report.add_option(parser)
    options = parser.parse_args()
    folder = options.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    report = Report("bench_million", [*SECTIONS], options)
    found: dict[str, Results] = {}
    for size in options.sizes:
        file = folder / f"{size}.json"
        if options.more or not file.exists():
            rows, dimensions = map(int, size.split("x"))
            anyio.run(measure, folder, rows, dimensions, options.rebuild, options.keep)
        found[size] = json.loads(file.read_text(encoding="utf-8"))
    every = [*map(in_cells, found.values())]
    names = list(dict.fromkeys(name for cells in every for name in cells))
    for section, begins in SECTIONS.items():
        chosen = [name for name in names if name.startswith(begins) == (section != "searches")]
        lines = [[name, *(cells.get(name, "") for cells in every)] for name in chosen]
        report.add(section, table([section, *(size.replace("x", " x ") for size in found)], lines))
    return 0


def in_cells(results: Results) -> dict[str, str]:
    """Results as cells of a table, those of one thing that was timed in one cell."""
    cells = {}
    for name, value in results.items():
        what, _, kind = name.rpartition(": ")
        if kind == "p50, ms":
            p50, high, used = (results[f"{what}: {each}"] for each in ("p50, ms", "p95, ms", TIMED[-1]))
            cells[f"{what}, ms"] = f"{_cell(p50)} ({_cell(high)}) {_cell(used)}"
        elif kind not in TIMED:
            cells[name] = _cell(value)
    return cells


def _cell(value: float | str) -> str:
    return value if isinstance(value, str) else short(value)


if __name__ == "__main__":
    sys.exit(main())
