"""What is stored of a painting will grow; files that were written before have to stay readable."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from support.bundles import content, entry, exported, imported, put

from art_mcp.ingest.archive.layout import Record, checksum
from art_mcp.painting import CATALOGUE_FIELDS, HOLDING_FIELDS
from art_mcp.settings import Settings
from art_mcp.store.database import Database

HEADER = "IMAGE_FILE\tDESCRIPTION\tAUTHOR\tTITLE\tTECHNIQUE\tDATE\tTYPE\tSCHOOL\tTIMEFRAME\n"
WITH_MOOD = textwrap.dedent("""
    import dataclasses
    import art_mcp.painting as painting

    mood = [("mood", str | None, None)]
    painting.Catalogue = dataclasses.make_dataclass("Catalogue", mood, bases=(painting.Catalogue,), frozen=True)
    painting.CATALOGUE_FIELDS = tuple(field.name for field in dataclasses.fields(painting.Catalogue))
""")


def with_mood(code: str, *arguments: str | Path) -> str:
    """Run code in a process in which a catalogue has one field more."""
    done = subprocess.run(
        [sys.executable, "-c", WITH_MOOD + textwrap.dedent(code), *map(str, arguments)],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_semart_is_cleaned_as_before(tmp_path: Path) -> None:
    line = "{}.jpg\tWords\tHALS, Frans\tTitle\tOil on canvas, 60 x 80 cm\t1665\tlandscape\tDutch\t1651-1700\n"
    (tmp_path / "semart_train.csv").write_text(HEADER + "".join(line.format(number) for number in range(16)))
    said = with_mood(
        """
        import sys
        from art_mcp.ingest.sources.opening import open_source
        from art_mcp.ingest.sources.source import Options, Row

        rows = list(open_source(sys.argv[1], Options(clean_semart=True)).rows())
        print(len(rows), {type(row) for row in rows} == {Row}, rows[0].catalogue.mood, rows[0].catalogue.technique)
        """,
        tmp_path,
    )
    assert said == "16 True None Oil on canvas\n"


def test_every_field_of_today_has_a_column_in_archives() -> None:
    assert {*CATALOGUE_FIELDS, *HOLDING_FIELDS} <= Record.model_fields.keys()


@pytest.mark.anyio
async def test_archives_go_in_and_out_as_before(database: Database, other_url: str, tmp_path: Path) -> None:
    await put(database, [entry(number) for number in range(3)])
    before = await content(database)
    await exported(database, tmp_path / "old")
    other = await Database.open(Settings(database_url=other_url))
    async with other.connection() as connection:
        await connection.execute("ALTER TABLE art_mcp.paintings ADD COLUMN mood text")
    said = with_mood(
        """
        import sys
        from pathlib import Path
        import anyio
        from art_mcp.ingest.archive import Archive, Export
        from art_mcp.ingest.load import Load
        from art_mcp.settings import Settings
        from art_mcp.store.database import Database

        async def main(url, folder):
            database = await Database.open(Settings(database_url=url))
            for _ in range(2):
                load = Load(database, Archive(folder / "old"))
                await load.run()
                print(load.stored, load.unchanged, load.refused)
            await Export(database, folder / "new").run()
            await database.aclose()

        anyio.run(main, sys.argv[1], Path(sys.argv[2]))
        """,
        other_url,
        tmp_path,
    )
    assert said == "3 0 0\n0 3 0\n"
    async with other.connection() as connection:
        await connection.execute("ALTER TABLE art_mcp.paintings DROP COLUMN mood")
    assert await content(other) == before
    await other.aclose()
    for name in ("catalogue.jsonl", "vectors"):
        old, new = (tmp_path / folder / name for folder in ("old", "new"))
        assert new.is_dir() or new.read_text() == old.read_text()


@pytest.mark.anyio
async def test_an_archive_without_one_of_todays_columns_is_imported(
    database: Database, other_url: str, tmp_path: Path
) -> None:
    await put(database, [entry(number) for number in range(3)])
    folder = await exported(database, tmp_path / "old")
    without = ("credit", "technique", "years", "thumbnail", "source")
    vectors = {path.stem: np.load(path) for path in (folder / "vectors").iterdir()}
    lines = []
    for line in (folder / "catalogue.jsonl").read_text().splitlines():
        row = {name: value for name, value in json.loads(line).items() if name not in without}
        row["checksum"] = checksum(row, {name: vectors[name][at].tobytes() for name, at in row["vectors"].items()})
        lines.append(json.dumps(row) + "\n")
    (folder / "catalogue.jsonl").write_text("".join(lines))
    other = await Database.open(Settings(database_url=other_url))
    load = await imported(other, folder)
    assert (load.stored, load.refused) == (3, 0)
    assert (await content(other))["paintings"] == (await content(database))["paintings"]
    await other.aclose()
