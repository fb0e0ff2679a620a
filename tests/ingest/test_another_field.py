"""What is stored of a painting will grow; files that were written before have to stay readable."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

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
        from art_mcp.ingest.sources import Options, Row, open_source

        rows = list(open_source(sys.argv[1], Options(clean_semart=True)).rows())
        print(len(rows), {type(row) for row in rows} == {Row}, rows[0].catalogue.mood, rows[0].catalogue.technique)
        """,
        tmp_path,
    )
    assert said == "16 True None Oil on canvas\n"
