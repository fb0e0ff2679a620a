from __future__ import annotations

import asyncio
import errno
import hashlib
import io
import json
import os
import pickle
import shutil
import zipfile
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image
from support.bundles import OTHER_PIXELS, PIXELS, WORDS, content, entry, exported, imported, put, reasons, unit, webp
from support.pictures import contents
from support.postgres import Postgres, count_paintings, new_database

from art_mcp.ingest import load as loading
from art_mcp.ingest.archive import MANIFEST, Archive, ArchiveError, Export, unpacked
from art_mcp.ingest.archive.export import Writer
from art_mcp.ingest.archive.layout import CATALOGUE, MEMBER, Record, checksum
from art_mcp.ingest.load import ImportFailed, Load
from art_mcp.ingest.sources.opening import open_source
from art_mcp.ingest.sources.source import Options, Row
from art_mcp.painting import Holding, painting_id
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings
from art_mcp.store import archive
from art_mcp.store.database import Database
from art_mcp.store.host_os import WINDOWS
from art_mcp.store.paintings import Entry

pytestmark = pytest.mark.anyio


@pytest.fixture
async def other(other_url: str) -> AsyncIterator[Database]:
    database = await Database.open(Settings(database_url=other_url))
    yield database
    await database.aclose()


def without_picture(each: Entry) -> Entry:
    unseen = dict.fromkeys(("image_sha256", "image_width", "image_height", "image_format"))
    return Entry.read(replace(each.painting, **unseen), (), each.vectors)


# What goes out comes in


async def test_a_collection_is_the_same_in_another_database(
    database: Database, other: Database, tmp_path: Path
) -> None:
    await put(
        database,
        [
            *(entry(number) for number in range(5)),
            entry(5, made_of=[PIXELS, WORDS, OTHER_PIXELS]),  # of a space that is not searched
            entry(6, made_of=[WORDS]),
            Entry.read(entry(7).painting, (), {}),
            without_picture(entry(8)),
            Entry.read(
                replace(
                    entry(9, date="about 1665").painting,
                    years=(1664, 1666),  # as a museum tells them, and not as its words are read
                    holding=Holding("https://museum.example/9", "CC0", "Bequest"),
                    source="museum:prints",
                ),
                (),
                {},
            ),
            entry(1, "drawings", title="Zwei Bäume — 山水", artist=None, date="5th century BC"),
        ],
    )
    folder = await exported(database, tmp_path / "backup")
    load = await imported(other, folder)
    assert (load.stored, load.unchanged, load.refused) == (11, 0, 0)
    assert await content(other) == await content(database)
    again = await imported(other, folder)
    assert (again.stored, again.unchanged, again.refused) == (0, 11, 0)
    assert await content(other) == await content(database)


@pytest.mark.slow
async def test_searches_find_the_same_afterwards(
    settings: Settings, other_url: str, tmp_path: Path, sample: Path
) -> None:
    async def answers(runtime: Runtime) -> list[Any]:
        async def ask(question: str) -> Any:
            found = await runtime.ask(lambda finder: finder.by_text(question, limit=5))
            return found.total, [(hit.painting, round(hit.score, 5), relevance) for hit, relevance in found.hits]

        return [await ask(question) for question in ("a ship at sea", "Calderwood", "red flowers")]

    async with Runtime(settings) as runtime:
        ingest = await runtime.ingest()
        await ingest.run(await ingest.create(sample))
        before = await answers(runtime)
        await exported(await runtime.database(), tmp_path / "backup")
    async with Runtime(Settings(database_url=other_url)) as runtime:
        await imported(await runtime.database(), tmp_path / "backup")
        assert await answers(runtime) == before


async def test_one_collection_of_several_goes_out_and_gets_another_name(
    database: Database, other: Database, tmp_path: Path
) -> None:
    await put(database, [*(entry(number) for number in range(3)), entry(0, "drawings")])
    folder = await exported(database, tmp_path / "prints", "prints")
    await imported(other, folder, collection="etchings")
    assert (await content(other))["collections"] == ['{"name": "etchings", "paintings": 3}']
    async with other.connection() as connection:
        ids = {row["id"] for row in await connection.fetch("SELECT id FROM art_mcp.paintings")}
    assert ids == {painting_id("etchings", f"{number:04}.jpg") for number in range(3)}
    both = await exported(database, tmp_path / "both")
    with pytest.raises(ArchiveError, match=r"2 collections \(drawings, prints\), which cannot share a name"):
        Archive(both, collection="etchings")


async def test_an_archive_replaces_what_has_changed_and_keeps_what_it_does_not_have(
    database: Database, other: Database, tmp_path: Path
) -> None:
    await put(database, [entry(number) for number in range(4)])
    folder = await exported(database, tmp_path / "backup")
    await imported(other, folder)
    before = await content(other)
    await put(other, [entry(0, title="Something else"), entry(9)])
    async with other.connection() as connection:
        await connection.execute(
            f"DELETE FROM art_mcp.vectors_{PIXELS.name} WHERE painting_id = $1", entry(1).painting.id
        )
        await connection.execute("DELETE FROM art_mcp.renditions WHERE painting_id = $1", entry(2).painting.id)
    load = await imported(other, folder)
    assert (load.stored, load.unchanged) == (3, 1)
    after = await content(other)
    assert [row for row in after["paintings"] if '"0009.jpg"' not in row] == before["paintings"]
    assert await count_paintings(other) == 5
    for table in (PIXELS.name, WORDS.name, "renditions"):
        assert set(before[table]) <= set(after[table]), table


async def test_where_other_vectors_are_searched_those_of_the_archive_are_kept_beside(
    database: Database, other: Database, tmp_path: Path
) -> None:
    await put(database, [entry(number) for number in range(3)])
    await put(other, [entry(7, "theirs", [OTHER_PIXELS, WORDS])], active=[OTHER_PIXELS, WORDS])
    load = await imported(other, await exported(database, tmp_path / "backup"))
    reach = await load.reach()
    assert (reach.pixels, reach.incomplete) == (OTHER_PIXELS, 3)
    async with other.connection() as connection:
        assert await connection.fetchval(f"SELECT count(*) FROM art_mcp.vectors_{PIXELS.name}") == 3
        assert await archive.spaces(connection) == {PIXELS: False, WORDS: True, OTHER_PIXELS: True}


async def test_a_dry_run_tells_what_would_be_stored_and_stores_nothing(
    database: Database, other: Database, tmp_path: Path
) -> None:
    await put(database, [entry(number) for number in range(3)])
    folder = await exported(database, tmp_path / "backup")
    await put(other, [entry(1, made_of=[])], active=[])
    before = await content(other)
    load = Load(other, Archive(folder), dry_run=True)
    await load.run()
    assert (load.stored, load.unchanged) == (3, 0)
    assert await content(other) == before


# Memory, files and names


async def test_what_is_held_at_a_time_does_not_grow_with_the_collection(
    database: Database, other: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("art_mcp.ingest.archive.export.PAGE", 7)
    await put(database, [entry(number) for number in range(64)])
    folder = await exported(database, tmp_path / "backup")
    assert json.loads((folder / MANIFEST).read_text())["collections"] == {"prints": 64}
    monkeypatch.setattr(loading, "ROWS", 10)
    held = [len(batch) async for batch in Archive(folder).batches()]
    assert held == [10] * 6 + [4]
    one = entry(0)
    monkeypatch.setattr(loading, "BYTES", 3 * sum(len(each.data) for each in one.renditions))
    held = [len(batch) async for batch in Archive(folder).batches()]
    assert sum(held) == 64 and max(held) <= 4
    await imported(other, folder)
    assert await content(other) == await content(database)


async def test_an_export_is_what_was_there_at_one_moment(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("art_mcp.ingest.archive.export.PAGE", 2)
    await put(database, [entry(number) for number in range(6)])
    before = await content(database)
    page = archive.page

    async def page_and_change(*arguments: Any, **options: Any) -> list[Entry]:
        found = await page(*arguments, **options)
        async with database.connection() as connection:
            await connection.execute("DELETE FROM art_mcp.paintings")
        return found

    monkeypatch.setattr(archive, "page", page_and_change)
    folder = await exported(database, tmp_path / "backup")
    monkeypatch.undo()
    await imported(database, folder)
    assert (await content(database))["paintings"] == before["paintings"]


async def test_an_export_that_fails_leaves_nothing_and_what_was_there(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(database, [entry(0)])
    folder = await exported(database, tmp_path / "backup")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Writer, "add", full)
    with pytest.raises(ArchiveError, match=r"backup cannot be written \(No space left on device\)"):
        await Export(database, folder, overwrite=True).run()
    assert [path.name for path in tmp_path.iterdir()] == ["backup"]
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


async def test_only_an_archive_is_overwritten_and_only_when_told(database: Database, tmp_path: Path) -> None:
    await put(database, [entry(0)])
    folder = await exported(database, tmp_path / "backup")
    with pytest.raises(ArchiveError, match="backup already exists"):
        await Export(database, folder).run()
    await put(database, [entry(1)])
    await Export(database, folder, overwrite=True).run()
    assert Archive(folder).total == 2
    for mine in (folder / "notes.txt", folder / "images" / "notes.txt"):
        mine.write_text("mine")
        with pytest.raises(ArchiveError, match="contains other files"):
            await Export(database, folder, overwrite=True).run()
        assert mine.read_text() == "mine"
        mine.unlink()
    assert [path.name for path in tmp_path.iterdir()] == ["backup"]
    with pytest.raises(ArchiveError, match="The folder nowhere does not exist"):
        await Export(database, tmp_path / "nowhere" / "backup").run()


async def test_an_empty_database_has_nothing_to_export(database: Database, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="There are no paintings to export"):
        await Export(database, tmp_path / "backup").run()
    assert list(tmp_path.iterdir()) == []


async def test_other_programs_read_an_archive_without_this_one(database: Database, tmp_path: Path) -> None:
    await put(database, [entry(number) for number in range(3)])
    folder = await exported(database, tmp_path / "backup")
    rows = [json.loads(line) for line in (folder / CATALOGUE).read_text().splitlines()]
    assert [row["painting_id"] for row in rows] == sorted(str(entry(number).painting.id) for number in range(3))
    vectors = np.load(folder / "vectors" / f"{PIXELS.name}.npy", mmap_mode="r", allow_pickle=False)
    assert (vectors.shape, vectors.dtype) == ((3, 16), np.float16)
    for row in rows:
        whole = entry(int(row["id"][:4]))
        assert (row["title"], row["image_sha256"]) == (
            whole.painting.catalogue.title,
            whole.painting.image_sha256.hex(),
        )
        assert (folder / "images" / row["image"]).read_bytes() == whole.renditions[1].data
        np.testing.assert_array_equal(vectors[row["vectors"][PIXELS.name]], whole.vectors[PIXELS])


async def test_the_ordinary_table_source_reads_an_archive(database: Database, tmp_path: Path) -> None:
    made = [entry(0), entry(1, title="Zwei Bäume — 山水", description="Two trees", date=None)]
    await put(database, made)
    folder = await exported(database, tmp_path / "prints")
    source = open_source(str(folder), Options())
    rows = {row.key: row for row in source.rows() if isinstance(row, Row)}
    assert {key: row.catalogue for key, row in rows.items()} == {
        each.painting.source_key: each.painting.catalogue for each in made
    }
    assert contents(await source.picture(rows["0001.jpg"].image)) == made[1].renditions[1].data
    await source.aclose()


# Archives that are damaged, or lie


class Made:
    """An archive, and the content of the database that it was made from."""

    def __init__(self, postgres: Postgres, template: str, folder: Path, count: int) -> None:
        self.folder = folder
        with new_database(postgres, template) as url:
            self.content = asyncio.run(self._make(url, count))

    async def _make(self, url: str, count: int) -> dict[str, Any]:
        database = await Database.open(Settings(database_url=url))
        await put(database, [entry(number) for number in range(count)])
        await exported(database, self.folder)
        made = await content(database)
        await database.aclose()
        return made

    def copied(self, folder: Path) -> Path:
        """The archive, for a test to change."""
        return Path(shutil.copytree(self.folder, folder))


@pytest.fixture(scope="module")
def thirty(postgres: Postgres, empty: str, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Of 30 paintings."""
    return Made(postgres, empty, tmp_path_factory.mktemp("thirty") / "backup", 30)


@pytest.fixture(scope="module")
def four(postgres: Postgres, empty: str, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Of four paintings."""
    return Made(postgres, empty, tmp_path_factory.mktemp("four") / "backup", 4)


@pytest.fixture
def backup(thirty: Made, tmp_path: Path) -> Path:
    return thirty.copied(tmp_path / "backup")


def flip(path: Path, place: float = 0.5) -> None:
    data = bytearray(path.read_bytes())
    data[int(len(data) * place)] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


SEEN = f"vectors/{PIXELS.name}.npy"


@pytest.mark.parametrize(
    ("damage", "file", "said"),
    [
        (flip, SEEN, "It differs from the export: its checksum is wrong."),
        (cut, SEEN, "Its vector of maker see 1 is missing."),
        (cut, CATALOGUE, "The line is not JSON, or has a number that is too long."),
    ],
)
async def test_of_a_damaged_archive_the_rows_that_are_whole_are_stored(
    damage: Callable[[Path], None], file: str, said: str, backup: Path, thirty: Made, other: Database
) -> None:
    damage(backup / file)
    load = await imported(other, backup)
    assert (load.stored, load.refused) == (29, 1)
    assert list(reasons(load).values()) == [said]
    assert set((await content(other))["paintings"]) < set(thirty.content["paintings"])


async def test_no_byte_of_a_catalogue_can_change_unnoticed(backup: Path, other: Database) -> None:
    lines = (backup / CATALOGUE).read_bytes().splitlines(keepends=True)
    half = len(lines[7]) // 2
    lines[7] = lines[7].replace(b'"Print ', b'"Prinz ')
    lines[8] = lines[8][:half] + lines[8][half + 1 :]
    (backup / CATALOGUE).write_bytes(b"".join(lines))
    load = await imported(other, backup)
    assert (load.stored, load.refused) == (28, 2)
    assert next(iter(reasons(load).values())) == "It differs from the export: its checksum is wrong."


async def test_rows_that_are_missing_are_told(backup: Path, other: Database) -> None:
    lines = (backup / CATALOGUE).read_bytes().splitlines(keepends=True)
    (backup / CATALOGUE).write_bytes(b"".join(lines[:20]))
    load = await imported(other, backup)
    assert (load.stored, load.refused) == (20, 10)
    assert reasons(load) == {CATALOGUE: "10 of the 30 paintings in its manifest are missing."}


@pytest.mark.parametrize("file", [CATALOGUE, SEEN])
async def test_an_archive_without_one_of_its_files_is_refused(file: str, backup: Path) -> None:
    (backup / file).unlink()
    name = file.rpartition("/")[2]
    with pytest.raises(ArchiveError, match=f"backup is damaged: {name} does not exist"):
        Archive(backup)


async def test_a_picture_that_is_damaged_or_missing_refuses_its_row(backup: Path, other: Database) -> None:
    rows = [json.loads(line) for line in (backup / CATALOGUE).read_text().splitlines()]
    count = Counter(file for row in rows for file in (row["image"], row["thumbnail"]))  # equal ones are one file
    damaged, missing = [row for row in rows if count[row["image"]] == count[row["thumbnail"]] == 1][:2]
    flip(backup / "images" / damaged["image"])
    (backup / "images" / missing["thumbnail"]).unlink()
    load = await imported(other, backup)
    assert (load.stored, load.refused) == (28, 2)
    assert list(reasons(load).values()) == [
        "Its display is damaged: its SHA-256 is wrong.",
        f"Its thumbnail cannot be read: {missing['thumbnail']} does not exist.",
    ]


def lie(backup: Path, **changes: Any) -> None:
    manifest = json.loads((backup / MANIFEST).read_text())
    for path, value in changes.items():
        *way, last = [int(step) if step.isdigit() else step for step in path.split("__")]
        place: Any = manifest
        for step in way:
            place = place[step]
        place[last] = value
    (backup / MANIFEST).write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": 3}, "written by a newer art-mcp"),
        ({"format": 1}, "is invalid: format"),
        ({"format": "one"}, "is invalid: format"),
        ({"collections": {}}, "is invalid: collections"),
        ({"collections": {"prints": 10**18}}, "is invalid: collections.prints"),
        ({"collections": {"prints": 29}}, "damaged: more vectors of maker see 1 than paintings"),
        ({"collections": {"pri\u202ents": 30}}, "a collection's name is invalid"),
        ({"spaces__0__dimensions": 5000}, "a space's dimensions are out of range"),
        ({"spaces__0__dimensions": 4}, "pixels_maker_see_1.npy does not contain float16 vectors of 4 numbers"),
        ({"spaces__0__model": "\x1b[2Jsee"}, "a space's name is invalid"),
        (
            {"spaces__0__model": "../../sea", "active": []},
            "damaged: pixels_maker_______sea_1_[0-9a-f]{8}.npy does not exist",
        ),
        ({"spaces__0__leg": "smell"}, "is invalid: spaces.0.leg"),
        ({"spaces__1__leg": "pixels"}, "or two share a leg"),
        ({"active": ["pixels_maker_see_2"]}, "an active space is missing"),
    ],
)
async def test_a_manifest_that_lies_is_refused_before_anything_is_written(
    changes: dict[str, Any], said: str, backup: Path
) -> None:
    lie(backup, **changes)
    with pytest.raises(ArchiveError, match=said):
        Archive(backup)


async def test_a_space_that_is_named_twice_is_refused(backup: Path) -> None:
    manifest = json.loads((backup / MANIFEST).read_text())
    lie(backup, spaces=[*manifest["spaces"], manifest["spaces"][0]])
    with pytest.raises(ArchiveError, match="a space is listed twice"):
        Archive(backup)


@pytest.mark.skipif(WINDOWS, reason="has no named pipes among its files")
def test_a_manifest_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / MANIFEST)
    with pytest.raises(ArchiveError, match=r"manifest.json is not a file"):
        Archive(tmp_path)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, r"is not an archive: manifest.json does not exist"),
        (b"\xff\xfe", "is invalid"),
        (b"[" * 100_000, "is invalid"),
        (b"{}", "format: Field required"),
    ],
)
def test_what_is_no_manifest_is_told_in_a_sentence(data: bytes | None, said: str, tmp_path: Path) -> None:
    if data is not None:
        (tmp_path / MANIFEST).write_bytes(data)
    with pytest.raises(ArchiveError, match=said):
        Archive(tmp_path)


async def test_a_space_that_is_another_one_here_is_refused_before_anything_is_written(
    backup: Path, other: Database
) -> None:
    await put(other, [], active=[PIXELS])
    async with other.connection() as connection:
        await connection.execute("UPDATE art_mcp.spaces SET model = 'seen' WHERE name = $1", PIXELS.name)
    with pytest.raises(ImportFailed, match=f"The space {PIXELS.name} exists here, but it differs"):
        await imported(other, backup)
    assert await count_paintings(other) == 0


class Trap:
    """What runs code when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("trapped",)


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


HUGE = npy(np.zeros((30, 16), np.float16)).replace(b"(30, 16), }         ", b"(30000000000, 16), }")


@pytest.mark.parametrize(
    "data",
    [
        npy(np.array([[Trap()] * 16] * 30)),
        npy(np.zeros((30, 16), np.float32)),
        npy(np.zeros((30, 16), ">f2")),
        npy(np.zeros((16, 30), np.float16).T),
        npy(np.zeros((30, 4, 4), np.float16)),
        npy(np.zeros(480, np.float16)),
        pickle.dumps(Trap()),
        b"",
        b"\x93NUMPY\x01\0\xff\xff" + b"[" * 0xFFFF,
        b"\x93NUMPY\x01\0\xff\x1f" + b"(" * 0x1FFF,
        b"\x93NUMPY\x03\0\xff\xff\xff\xff{}",
    ],
)
async def test_what_are_no_vectors_is_refused_and_nothing_in_it_runs(
    data: bytes, backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (backup / SEEN).write_bytes(data)
    with pytest.raises(ArchiveError, match=f"{PIXELS.name}.npy does not contain float16 vectors of 16 numbers"):
        Archive(backup)
    assert not (tmp_path / "trapped").exists()


async def test_a_number_of_vectors_is_not_believed(backup: Path) -> None:
    assert b"30000000000" in HUGE
    (backup / SEEN).write_bytes(HUGE)
    assert Archive(backup).vectors[PIXELS] == 30


async def test_links_out_of_an_archive_are_not_followed(backup: Path, other: Database, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (backup / CATALOGUE).read_text().splitlines()]
    image = backup / "images" / rows[0]["image"]
    image.rename(tmp_path / image.name)
    image.symlink_to(tmp_path / image.name)
    load = await imported(other, backup)
    assert (load.stored, load.refused) == (29, 1)
    assert next(iter(reasons(load).values())).endswith("is outside the folders that may be read.")
    for name in (SEEN, CATALOGUE, MANIFEST):
        (backup / name).rename(tmp_path / "outside")
        (backup / name).symlink_to(tmp_path / "outside")
        with pytest.raises(ArchiveError, match="is outside the folders that may be read"):
            Archive(backup)
        (backup / name).unlink()
        (tmp_path / "outside").rename(backup / name)


# Rows from anybody


def rewrite(folder: Path, change: Callable[[list[dict[str, Any]]], None]) -> Path:
    """Change rows of an archive as somebody would who knows how it is made: every checksum is right."""
    rows = [json.loads(line) for line in (folder / CATALOGUE).read_text().splitlines()]
    change(rows)
    vectors = {path.stem: np.load(path) for path in (folder / "vectors").iterdir()}
    for row in rows:
        with suppress(Exception):  # where its vectors are not there, there is none that is right
            data = {name: vectors[name][place].tobytes() for name, place in row["vectors"].items()}
            row["checksum"] = checksum(row, data)
    (folder / CATALOGUE).write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    lie(folder, collections={"prints": len(rows)})
    return folder


def kept(folder: Path, data: bytes) -> str:
    name = f"{hashlib.sha256(data).hexdigest()}.webp"
    (folder / "images" / name).write_bytes(data)
    return name


def moving() -> bytes:
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (32, 20), colour) for colour in ("red", "blue")]
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("title", "a\0b", "Its title holds a NUL character."),
        ("title", "\ud800", "Its title has bytes that are not text in the file's encoding."),
        ("title", ["a"], "Its title is invalid: Input should be a valid string."),
        ("title", "x" * 1_001, "Its title has 1,001 characters; at most 1,000 are stored."),
        ("description", "ä" * 50_001, "Its description has 50,001 characters; at most 50,000 are stored."),
        ("id", "another.jpg", "Its painting_id does not match its collection and id."),
        ("id", None, "Its id is invalid"),
        ("id", "a\0b", "Its id is invalid"),
        ("id", "x" * 5_000, "Its id is invalid"),
        ("collection", "elsewhere", "Its collection is not in the manifest."),
        ("image_name", "", "The details of its picture file are incomplete."),
        ("image_name", 5, "Its image_name"),
        ("details", {"Location": 5}, "Its details.Location is invalid"),
        ("details", "Hall", "Its details is invalid"),
        ("image_width", 0, "Its image_width is invalid: Input should be greater than or equal to 1."),
        ("image_height", 1 << 30, "Its image_height is invalid: Input should be less than or equal to 100000."),
        ("image_format", "SVG", "Its image_format is invalid"),
        ("image_sha256", None, "The details of its picture file are incomplete."),
        ("image_sha256", "ab" * 31, "Its image_sha256 is invalid"),
        ("image", "../../secret.webp", "Its image is invalid"),
        ("image", "/etc/passwd", "Its image is invalid"),
        ("thumbnail", b"GIF89a", "Its thumbnail is not a JPEG or WebP picture, or is damaged."),
        ("thumbnail", webp(400, 20), "Its thumbnail has 400 x 20 pixels; the maximum per side is 320."),
        ("thumbnail", webp(32, 20) + bytes(1 << 18), "Its thumbnail exceeds 256 KiB."),
        ("image", webp(32, 20) + bytes(1 << 23), "Its display exceeds 8,192 KiB."),
        ("image", webp(4100, 16), "Its display has 4100 x 16 pixels; the maximum per side is 4096."),
        ("image", moving(), "Its display is animated (2 frames)."),
        ("image", webp(96, 60)[:40], "Its display is not a JPEG or WebP picture, or is damaged."),
        ("image", bytes(21 << 20), "Its display cannot be read"),
        ("vectors", None, "Its vectors is invalid"),
        ("vectors", {PIXELS.name: 4}, "Its vector of maker see 1 is missing."),
        ("vectors", {PIXELS.name: -1}, f"Its vectors.{PIXELS.name} is invalid"),
        ("vectors", {"pixels_other": 0}, "It has a vector of 'pixels_other', a space that is not in the manifest."),
        ("vectors", {"../../etc/x": 0}, "It has a vector of '../../etc/x', a space that is not in the manifest."),
        ("checksum", "", "Its checksum is invalid"),
    ],
)
async def test_a_hostile_row_is_refused_with_its_reason_and_the_rest_is_stored(
    column: str, value: Any, said: str, four: Made, other: Database, tmp_path: Path
) -> None:
    folder = four.copied(tmp_path / "backup")

    def spoil(rows: list[dict[str, Any]]) -> None:
        (row,) = [row for row in rows if row["id"] == "0001.jpg"]
        row[column] = kept(folder, value) if isinstance(value, bytes) else value
        if column == "checksum":
            row["vectors"] = {PIXELS.name: 99}  # for which `rewrite` makes none

    load = await imported(other, rewrite(folder, spoil))
    assert (load.stored, load.refused) == (3, 1)
    ((label, reason),) = reasons(load).items()
    assert label.startswith(f"{CATALOGUE} line ")
    assert reason.startswith(said)
    assert (await content(other))["paintings"] == [row for row in four.content["paintings"] if '"0001.jpg"' not in row]


@pytest.mark.parametrize(
    ("numbers", "said"),
    [([np.nan] * 16, "nan"), ([np.inf] * 16, "inf"), ([0] * 16, "0"), ([1] * 16, "4")],
)
async def test_a_vector_without_the_length_1_is_refused(
    numbers: list[float], said: str, four: Made, other: Database, tmp_path: Path
) -> None:
    folder = four.copied(tmp_path / "backup")
    vectors = np.load(folder / SEEN)
    vectors[2] = numbers
    np.save(folder / SEEN, vectors)
    load = await imported(other, rewrite(folder, lambda rows: None))
    assert (load.stored, load.refused) == (3, 1)
    assert list(reasons(load).values()) == [f"Its vector of maker see 1 is not a unit vector (length {said})."]


async def test_what_cannot_be_seen_in_words_is_dropped_and_what_cannot_be_true_is_computed(
    database: Database, other: Database, tmp_path: Path
) -> None:
    await put(database, [entry(0), entry(1, artist="REMBRANDT", date="1640")])
    whole = await content(database)

    def spoil(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["title"] = "\u202e " + row["title"].replace(" ", "\n\u200b ")
            row["artists"], row["years"] = "Somebody", [1700, -5]

    await imported(other, rewrite(await exported(database, tmp_path / "backup"), spoil))
    assert (await content(other))["paintings"] == whole["paintings"]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=20),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=9), inside, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of two paintings, written without a database."""
    folder = tmp_path_factory.mktemp("small")
    writer = Writer(folder, {PIXELS: True, WORDS: True})
    writer.add([entry(0), entry(1)])
    writer.close()
    (folder / MANIFEST).write_text(writer.manifest({"prints": 2}).model_dump_json())
    return folder


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(column=st.sampled_from([*Record.model_fields, "more"]), value=ANYTHING)
@example(column="vectors", value={"\ud800": 0})
@example(column="vectors", value={PIXELS.name: True})
def test_whatever_stands_in_a_row_it_is_stored_or_refused(column: str, value: Any, small: Path) -> None:
    row = json.loads((small / CATALOGUE).read_text().splitlines()[1]) | {column: value}
    with suppress(Exception):
        vectors = {path.stem: np.load(path)[1].tobytes() for path in (small / "vectors").iterdir()}
        row["checksum"] = checksum(row, {name: vectors[name] for name in row["vectors"]})
    assert_read(small, json.dumps(row))


def test_however_deep_a_row_is_nested_it_is_stored_or_refused(small: Path) -> None:
    for depth in range(50, 1_100, 10):
        assert_read(small, f'{{"id": "x", "more": {"[" * depth}{"]" * depth}}}')
        line = (small / CATALOGUE).read_text().splitlines()[1].removesuffix("}")
        assert_read(small, f'{line}, "more": {"[" * depth}{"]" * depth}}}')


def assert_read(small: Path, line: str) -> None:
    """Reading an archive tells what became of a line, and reads the next one."""
    whole = (small / CATALOGUE).read_text()
    try:
        (small / CATALOGUE).write_text(f"{line}\n{whole.splitlines()[0]}\n")
        found = list(Archive(small).entries())
    finally:
        (small / CATALOGUE).write_text(whole)
    assert len(found) == 2
    assert isinstance(found[1][1], Entry)
    for label, _ in found:
        label.encode()


async def test_a_row_that_is_there_twice_is_stored_once(database: Database, other: Database, tmp_path: Path) -> None:
    await put(database, [entry(number) for number in range(3)])
    folder = rewrite(await exported(database, tmp_path / "backup"), lambda rows: rows.insert(1, rows[0]))
    load = await imported(other, folder)
    assert (load.stored, load.refused) == (3, 1)
    assert next(iter(reasons(load).values())).endswith("both have the same id.")
    assert await count_paintings(other) == 3


# Zips


def zipped(folder: Path, top: str = "", **more: bytes) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for each in sorted(folder.rglob("*")):
            file.write(each, top + each.relative_to(folder).as_posix())
        for name, data in more.items():
            file.writestr(name, data)
    return path


@pytest.mark.parametrize("top", ["", "backup/"])
async def test_the_zip_of_an_archive_is_as_good_as_the_archive(
    top: str, backup: Path, thirty: Made, other: Database
) -> None:
    with unpacked(zipped(backup, top)) as folder:
        load = await imported(other, folder)
    assert load.stored == 30
    assert not folder.exists()
    assert await content(other) == thirty.content


async def test_from_a_zip_nothing_but_an_archives_files_is_written(backup: Path, tmp_path: Path) -> None:
    more = {"../out.txt": b"x", "/abs.txt": b"x", "images/../../out.txt": b"x", "images/x.py": b"x"}
    path = zipped(backup, **more)
    with zipfile.ZipFile(path, "a") as file:
        link = zipfile.ZipInfo(f"images/{'0' * 64}.webp")
        link.external_attr = 0o120777 << 16
        file.writestr(link, "/etc/passwd")
    before = {each.name for each in tmp_path.iterdir()}
    with unpacked(path) as folder:
        assert (folder / "images" / f"{'0' * 64}.webp").read_text() == "/etc/passwd"  # a file, not a link
        names = {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()}
        assert all(map(MEMBER.fullmatch, names))
        assert not {each.name for each in folder.parent.iterdir()} - {folder.name}
    assert {each.name for each in tmp_path.iterdir()} == before


async def test_a_zip_that_unpacks_to_more_than_an_archive_is_refused(backup: Path) -> None:
    path = zipped(backup, **{f"images/{'0' * 64}.webp": bytes(1 << 28)})
    with pytest.raises(ArchiveError, match=r"backup.zip would unpack to [0-9,]+ bytes"), unpacked(path):
        pass


async def test_a_zip_that_says_less_than_it_holds_is_refused(backup: Path) -> None:
    path = zipped(backup)
    data = bytearray(path.read_bytes())
    entry_of = data.rindex(CATALOGUE.encode()) - 46  # in the central directory
    data[entry_of + 24 : entry_of + 28] = (100).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(ArchiveError, match="is not a zip file, or is damaged"), unpacked(path):
        pass


def test_what_is_no_archives_zip_is_told(tmp_path: Path) -> None:
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(ArchiveError, match=r"cut.zip is not a zip file, or is damaged"), unpacked(tmp_path / "cut.zip"):
        pass
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as file:
        file.writestr("letter.txt", "Dear")
    with pytest.raises(ArchiveError, match=r"other.zip has no manifest.json"), unpacked(tmp_path / "other.zip"):
        pass


# Paintings whose picture is not known


async def test_an_entry_that_knows_no_picture_adds_its_vector_to_the_painting_that_has_one(database: Database) -> None:
    await put(database, [entry(0, made_of=[WORDS])])
    before = await content(database)
    brought = without_picture(entry(0, made_of=[PIXELS, WORDS], title="Without its title"))
    await put(database, [brought])
    after = await content(database)
    for table in ("paintings", "renditions", WORDS.name):
        assert after[table] == before[table], table
    assert len(after[PIXELS.name]) == 1
    await put(database, [without_picture(entry(1, title="First")), without_picture(entry(2))])
    await put(database, [without_picture(entry(1, title="Second"))])
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT title FROM art_mcp.paintings ORDER BY source_key")
    assert [row["title"] for row in rows] == ["Print 0", "Second", "Print 2"]


async def test_a_picture_that_is_replaced_by_an_unkept_one_is_not_shown_any_more(database: Database) -> None:
    await put(database, [entry(0)])
    other = replace(entry(0).painting, image_sha256=bytes(32))
    await put(database, [Entry.read(other, (), {PIXELS: unit(PIXELS, 5)})])
    after = await content(database)
    assert after["renditions"] == []
    assert len(after[PIXELS.name]) == 1
