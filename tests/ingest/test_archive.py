from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from support.bundles import OTHER_PIXELS, PIXELS, WORDS, content, entry, exported, imported, put, reasons, unit, webp
from support.postgres import count_paintings

from art_mcp.ingest.archive import MANIFEST, Archive, ArchiveError, Export, columns, files
from art_mcp.ingest.load import ImportFailed, Load
from art_mcp.painting import Holding, painting_id
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings
from art_mcp.store import archive
from art_mcp.store.database import Database
from art_mcp.store.paintings import Entry
from art_mcp.store.platform import WINDOWS

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
    with pytest.raises(ArchiveError, match=r"2 collections \(drawings, prints\), which cannot get one name"):
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
    assert (reach.pixels, reach.lacking) == (OTHER_PIXELS, 3)
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
    monkeypatch.setattr(columns, "ROWS", 10)
    monkeypatch.setattr(files, "FILE_ROWS", 25)
    monkeypatch.setattr("art_mcp.ingest.archive.export.PAGE", 7)
    await put(database, [entry(number) for number in range(64)])
    folder = await exported(database, tmp_path / "backup")
    manifest = json.loads((folder / MANIFEST).read_text())
    assert [file["rows"] for file in manifest["files"]] == [20, 20, 24]
    for file in manifest["files"]:
        metadata = pq.read_metadata(folder / file["name"])
        assert max(metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)) <= 10
    monkeypatch.setattr(columns, "BYTES", columns.size(entry(0)) * 3)
    small = await exported(database, tmp_path / "small")
    metadata = pq.read_metadata(small / "paintings-00000.parquet")
    assert max(metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)) <= 4
    held = [len(batch) async for batch in Archive(folder).batches()]
    assert max(held) <= 10
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
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.columns, "table", full)
    with pytest.raises(ArchiveError, match=r"backup cannot be written \(No space left on device\)"):
        await Export(database, folder, overwrite=True).run()
    assert [path.name for path in tmp_path.iterdir()] == ["backup"]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


async def test_only_an_archive_is_overwritten_and_only_when_told(database: Database, tmp_path: Path) -> None:
    await put(database, [entry(0)])
    folder = await exported(database, tmp_path / "backup")
    with pytest.raises(ArchiveError, match="There is a backup already"):
        await Export(database, folder).run()
    await put(database, [entry(1)])
    await Export(database, folder, overwrite=True).run()
    assert Archive(folder).total == 2
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(ArchiveError, match="holds other files too"):
        await Export(database, folder, overwrite=True).run()
    assert (folder / "notes.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["backup"]
    with pytest.raises(ArchiveError, match="There is no folder nowhere"):
        await Export(database, tmp_path / "nowhere" / "backup").run()


async def test_an_empty_database_has_nothing_to_export(database: Database, tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="There are no paintings to export"):
        await Export(database, tmp_path / "backup").run()
    assert list(tmp_path.iterdir()) == []


async def test_without_pyarrow_it_says_what_to_install(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    for work in (lambda: Archive(tmp_path), Export(database, tmp_path / "backup").run):
        with pytest.raises(ArchiveError, match=r"pip install 'art-mcp\[parquet\]'"):
            await work()


# Archives that are damaged, or lie


@pytest.fixture
async def backup(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of 30 paintings in three files."""
    monkeypatch.setattr(columns, "ROWS", 5)
    monkeypatch.setattr(files, "FILE_ROWS", 10)
    await put(database, [entry(number) for number in range(30)])
    folder = await exported(database, tmp_path / "backup")
    monkeypatch.undo()
    return folder


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (flip, "paintings-00001.parquet has another SHA-256 than the manifest says"),
        (cut, "paintings-00001.parquet has [0-9,]+ bytes instead of"),
        (Path.unlink, r"paintings-00001.parquet cannot be read \(No such file or directory\)"),
    ],
)
async def test_of_a_damaged_archive_nothing_is_imported_unless_told(
    damage: Callable[[Path], None], said: str, backup: Path, other: Database
) -> None:
    damage(backup / "paintings-00001.parquet")
    with pytest.raises(ArchiveError, match=f"backup is damaged, so nothing was imported: {said}") as raised:
        Archive(backup)
    assert "--skip-damaged" in raised.value.next_step
    load = await imported(other, backup, skip_damaged=True)
    assert (load.stored, load.refused) == (20, 10)
    ((label, reason),) = reasons(load).items()
    assert label == "paintings-00001.parquet"
    assert "it has 10 paintings" in reason
    assert await count_paintings(other) == 20


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
        ({"format": 2}, "written by a newer art-mcp"),
        ({"format": "one"}, "cannot be believed: format"),
        ({"collections": {}}, "cannot be believed: collections"),
        ({"collections": {"prints": 31}}, "another number of rows than its collections"),
        ({"collections": {"pri\u202ents": 30}}, "a collection's name cannot be used"),
        ({"files__0__name": "../paintings-00000.parquet"}, "cannot be believed: files.0.name"),
        ({"files__0__name": "paintings-00001.parquet"}, "a file is named twice"),
        ({"files__0__rows": 12, "files__1__rows": 8}, "has 10 rows instead of 12"),
        ({"spaces__0__dimensions": 5000}, "cannot be believed: spaces.0.dimensions"),
        ({"spaces__0__column": "vector_sea"}, "has other columns than the manifest says"),
        ({"spaces__0__model": "\x1b[2Jsee"}, "cannot be believed: spaces.0.model"),
        ({"spaces__0__leg": "smell"}, "cannot be believed: spaces.0.leg"),
        ({"spaces__1__leg": "pixels"}, "two spaces of one leg are active"),
        ({"spaces__1__column": f"vector_{PIXELS.name}"}, "a space is named twice"),
        ({"spaces__0__vectors": 99}, "a space has more vectors than there are paintings"),
    ],
)
async def test_a_manifest_that_lies_is_refused_before_anything_is_written(
    changes: dict[str, Any], said: str, backup: Path
) -> None:
    lie(backup, **changes)
    with pytest.raises(ArchiveError, match=said):
        Archive(backup)


@pytest.mark.skipif(WINDOWS, reason="has no named pipes among its files")
def test_a_manifest_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / MANIFEST)
    with pytest.raises(ArchiveError, match="it is no file"):
        Archive(tmp_path)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, r"its manifest.json cannot be read \(No such file or directory\)"),
        (b"\xff\xfe", "cannot be believed"),
        (b"[" * 100_000, "cannot be believed"),
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
    with pytest.raises(ImportFailed, match=f"The space {PIXELS.name} is there, and is another one"):
        await imported(other, backup)
    assert await count_paintings(other) == 0


# Rows from anybody


def rewrite(folder: Path, change: Callable[[list[dict[str, Any]]], None]) -> Path:
    """Change rows of an archive of one file as somebody would who knows how it is made."""
    (path,) = folder.glob("*.parquet")
    table = pq.read_table(path)
    rows = table.cast(
        pa.schema([pa.field(f.name, pa.binary()) if pa.types.is_string(f.type) else f for f in table.schema])
    ).to_pylist()
    change(rows)
    arrays = []
    for field in table.schema:
        values = [row[field.name] for row in rows]
        if pa.types.is_string(field.type):
            data = pa.array(values, pa.binary())
            arrays.append(pa.StringArray.from_buffers(len(data), *data.buffers()[1:], data.buffers()[0]))
        else:
            arrays.append(pa.array(values, field.type))
    pq.write_table(pa.Table.from_arrays(arrays, schema=table.schema), path, use_dictionary=False, compression="ZSTD")
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    lie(folder, files__0__sha256=digest, files__0__bytes=len(data), files__0__rows=len(rows))
    lie(folder, collections={"prints": len(rows)})
    return folder


def vector(*numbers: float) -> list[np.float16]:
    return [np.float16(number) for number in numbers]


def moving() -> bytes:
    buffer = io.BytesIO()
    frames = [Image.new("RGB", (32, 20), colour) for colour in ("red", "blue")]
    frames[0].save(buffer, "WEBP", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


SEEN = f"vector_{PIXELS.name}"


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("title", b"a\0b", "Its title holds a NUL character."),
        ("title", b"\xed\xa0\x80", "Its title is not valid text."),
        ("title", b"x" * 1_001, "Its title has more than 1,000 characters."),
        ("description", "ä".encode() * 50_001, "Its description has more than 50,000 characters."),
        ("source_key", b"another.jpg", "Its id is not that of its collection and its key."),
        ("source_key", None, "Its id is not that of its collection and its key."),
        ("collection", b"elsewhere", "Its collection is not one of the manifest's."),
        ("image_name", b"", "It names no picture."),
        ("image_width", 0, "Its picture is said to have 0 x 600 pixels."),
        ("image_height", 1 << 30, "Its picture is said to have 901 x 1073741824 pixels."),
        ("image_format", b"SVG", "What is said of its picture is not complete."),
        ("image_sha256", None, "What is said of its picture is not complete."),
        ("thumbnail", b"GIF89a", "Its thumbnail is no WebP picture, or is damaged."),
        ("thumbnail", webp(400, 20), "Its thumbnail has 400 x 20 pixels, and more than 320 a side."),
        ("thumbnail", webp(32, 20) + bytes(1 << 18), "Its thumbnail has more than 256 KiB."),
        ("display", webp(32, 20) + bytes(1 << 23), "Its display has more than 8,192 KiB."),
        ("display", webp(4100, 16), "Its display has 4100 x 16 pixels, and more than 4096 a side."),
        ("display", moving(), "Its display is no picture but 2 of them."),
        ("display", webp(96, 60)[:40], "Its display is no WebP picture, or is damaged."),
        (SEEN, vector(*[np.nan] * 16), "Its vector of maker see 1 has not the length 1, but nan."),
        (SEEN, vector(*[np.inf] * 16), "Its vector of maker see 1 has not the length 1, but inf."),
        (SEEN, vector(*[0] * 16), "Its vector of maker see 1 has not the length 1, but 0."),
        (SEEN, vector(*[1] * 16), "Its vector of maker see 1 has not the length 1, but 4."),
        (SEEN, vector(1, 0, 0), "Its vector of maker see 1 has 3 numbers instead of 16."),
        (SEEN, [], "Its vector of maker see 1 has 0 numbers instead of 16."),
    ],
)
async def test_a_hostile_row_is_refused_with_its_reason_and_the_rest_is_stored(
    column: str, value: Any, said: str, database: Database, other: Database, tmp_path: Path
) -> None:
    await put(database, [entry(number) for number in range(4)])
    whole = await content(database)

    def spoil(rows: list[dict[str, Any]]) -> None:
        rows[[row["source_key"] for row in rows].index(b"0001.jpg")][column] = value

    folder = rewrite(await exported(database, tmp_path / "backup"), spoil)
    load = await imported(other, folder)
    assert (load.stored, load.refused) == (3, 1)
    ((label, reason),) = reasons(load).items()
    assert label.startswith("paintings-00000.parquet row ")
    assert reason == said
    assert (await content(other))["paintings"] == [row for row in whole["paintings"] if '"0001.jpg"' not in row]


async def test_what_cannot_be_seen_in_words_is_dropped_and_what_cannot_be_true_is_computed(
    database: Database, other: Database, tmp_path: Path
) -> None:
    await put(database, [entry(0), entry(1, artist="REMBRANDT", date="1640")])
    whole = await content(database)

    def spoil(rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["title"] = b"\xe2\x80\xae " + row["title"].replace(b" ", b"\n\xe2\x80\x8b ")
            row["artist_name"], row["year_from"], row["year_to"] = b"Somebody", 1700, -5

    await imported(other, rewrite(await exported(database, tmp_path / "backup"), spoil))
    assert (await content(other))["paintings"] == whole["paintings"]


async def test_a_row_that_is_there_twice_is_stored_once(database: Database, other: Database, tmp_path: Path) -> None:
    await put(database, [entry(number) for number in range(3)])
    folder = rewrite(await exported(database, tmp_path / "backup"), lambda rows: rows.insert(1, rows[0]))
    load = await imported(other, folder)
    assert (load.stored, load.refused) == (3, 1)
    assert list(reasons(load).values()) == ["It is there twice, or out of its order."]
    assert await count_paintings(other) == 3


async def test_pages_that_cannot_be_read_are_refused_together_and_the_rest_is_stored(
    backup: Path, other: Database
) -> None:
    path = backup / "paintings-00001.parquet"
    chunk = pq.read_metadata(path).row_group(0).column(pq.read_schema(path).names.index("title"))
    data = bytearray(path.read_bytes())
    data[chunk.data_page_offset : chunk.data_page_offset + 20] = bytes(20)
    path.write_bytes(data)
    lie(backup, files__1__sha256=hashlib.sha256(data).hexdigest())
    load = await imported(other, backup)
    assert (load.stored, load.refused) == (25, 5)
    assert reasons(load) == {"paintings-00001.parquet rows 1 to 5": "They cannot be read."}


def rewritten(backup: Path, **options: Any) -> None:
    path = backup / "paintings-00002.parquet"
    pq.write_table(pq.read_table(path), path, **options)
    data = path.read_bytes()
    lie(backup, files__2__sha256=hashlib.sha256(data).hexdigest(), files__2__bytes=len(data))


async def test_a_file_that_could_unfold_to_more_than_it_is_is_refused(backup: Path) -> None:
    rewritten(backup, use_dictionary=False, compression="NONE")
    assert Archive(backup).total == 30
    repeating = {"use_dictionary": False, "column_encoding": {"description": "DELTA_BYTE_ARRAY"}}
    for options in ({"compression": "BROTLI", "use_dictionary": False}, {"use_dictionary": True}, repeating):
        rewritten(backup, **options)
        with pytest.raises(ArchiveError, match=r"paintings-00002.parquet has larger parts than an export writes"):
            Archive(backup)


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
