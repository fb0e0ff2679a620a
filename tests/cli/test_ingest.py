"""`art-mcp ingest` as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import anyio
import asyncpg
import pytest
from support.command import art_mcp, art_mcp_here, failed
from support.pictures import draw

from art_mcp.ingest.sources.kinds import KINDS
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings

pytestmark = pytest.mark.anyio


@pytest.mark.slow
def test_ingest_prints_what_became_of_the_rows(database_url: str, tmp_path: Path) -> None:
    for n in range(3):
        draw(tmp_path / "prints" / f"{n}.png", n)
    (tmp_path / "prints" / "broken.jpg").write_bytes(b"no")
    done = art_mcp("ingest", str(tmp_path / "prints"), ART_MCP_DATABASE_URL=database_url)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "prints: 3 stored, 0 unchanged, 1 refused, 0 pending, of 4.\n"
        "  refused broken.jpg: broken.jpg is not a picture in a supported format. Supported formats are JPEG, PNG, "
        "TIFF, WebP, GIF, BMP, ICO, HEIC, AVIF, JPEG 2000. Save it as a JPEG or PNG and try again.\n"
    )
    done = art_mcp_here("ingest", str(tmp_path / "prints"), "--json", ART_MCP_DATABASE_URL=database_url)
    (job,) = json.loads(done.stdout)
    assert (job["state"], job["unchanged"], job["refused"], job["total"]) == ("done", 3, 1, 4)
    assert job["refusals"][0]["row"] == "broken.jpg"
    done = art_mcp_here("ingest", "--resume", ART_MCP_DATABASE_URL=database_url)
    assert done.stdout == "Nothing to resume.\n"


def test_relative_paths_are_those_of_the_working_folder(tmp_path: Path) -> None:
    done = art_mcp_here(
        "ingest",
        ".",
        cwd=tmp_path,
        ART_MCP_DATA_DIR=str(tmp_path / "x"),
        ART_MCP_DATABASE_URL="postgresql://127.0.0.1:1/x",
    )
    assert failed(done).startswith("art-mcp: The database cannot be reached.")


def test_the_help_of_ingest_tells_of_every_kind_of_source() -> None:
    said = " ".join(art_mcp_here("ingest", "--help").stdout.split())
    for kind in KINDS:
        assert kind.form in said and kind.takes in said


def test_a_dry_run_shows_what_is_made_of_a_table(database_url: str, tmp_path: Path) -> None:
    for name in ("1.png", "scans/2.png"):
        draw(tmp_path / name, 1)
    lines = [
        "Inventář;Název;Autor;Datace;Rozměr;Soubor",
        "K-1;Zimní večer;Šimon Dvořák (1850-1900)|Jan Bílý;1880;3 x 4;1.png",
    ]
    lines += ["K-2;Žně;Anna Nováková;1901;;2.png", *(f"K-{n};Obraz {n};;;;chybí{n}.png" for n in range(3, 40))]
    (tmp_path / "sbírka.csv").write_bytes("\n".join(lines).encode("cp1250"))
    options = ("--encoding", "cp1250", "--images", "scans", "--column", "number=Inventář")
    done = art_mcp_here("ingest", "sbírka.csv", "--dry-run", *options, cwd=tmp_path, ART_MCP_DATABASE_URL=database_url)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[1:8] == [
        "  Encoding: cp1250, as chosen.",
        "  Read: number from Inventář, image from Soubor, title from Název, artist from Autor, date from Datace.",
        "  Kept with each painting: Rozměr.",
        "  sbírka.csv line 2 (1.png): Zimní večer; by Šimon Dvořák, Jan Bílý; date 1880 (1880); number K-1; "
        "picture 1.png.",
        "  sbírka.csv line 3 (2.png): Žně; by Anna Nováková; date 1901 (1901); number K-2; picture 2.png.",
        "  sbírka.csv line 4 (chybí3.png): Obraz 3; no artist; no date; number K-3; picture chybí3.png.",
        said[7],
    ]
    assert any("The picture is missing: 3" in line and "rows, e.g. sbírka.csv line" in line for line in said)
    assert len(said) < 14


def test_errors_of_the_command_line_name_its_options(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("weight,price\n1,2\n")
    said = failed(art_mcp_here("ingest", str(tmp_path / "t.csv"), ART_MCP_DATABASE_URL=database_url))
    assert said.endswith("Name one of them IMAGE_FILE, or choose it with --column image=NAME.\n")
    draw(tmp_path / "scans" / "1.png", 1)
    link = "https://museum.example/manifest.json"
    for source, name in ((str(tmp_path / "scans"), "scans"), ("met:quail", "The Met: quail"), (link, "museum.example")):
        given = (source, "--column", "title=Naam", "--dry-run")
        said = failed(art_mcp_here("ingest", *given, ART_MCP_DATABASE_URL=database_url))
        assert f"{name} is not a table, so it has no columns. Give a table, or leave out --column.\n" in said


@pytest.mark.parametrize("part", [("--limit", "1"), ("--sheet", "Oils")])
def test_a_part_of_a_source_removes_nothing(part: Sequence[str], tmp_path: Path) -> None:
    done = art_mcp_here("ingest", str(tmp_path), "--remove-missing", *part)
    assert done.returncode == 2
    assert "--remove-missing needs the whole SOURCE; leave out --limit and --sheet." in done.stderr


def test_a_source_that_is_missing(database_url: str, tmp_path: Path) -> None:
    said = failed(art_mcp_here("ingest", "/nowhere/at/all", ART_MCP_DATABASE_URL=database_url))
    assert said == "art-mcp: There is no file or folder /nowhere/at/all. Check its spelling.\n"
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "paintings.csv").touch()
    for typed, hint in {
        "sub/paintigns.csv": "The nearest name there is paintings.csv.",
        "./nothing": f"Relative paths start at {tmp_path}.",
    }.items():
        said = failed(art_mcp_here("ingest", typed, cwd=tmp_path, ART_MCP_DATABASE_URL=database_url))
        assert said == f"art-mcp: There is no file or folder {typed}. {hint}\n"


def test_resume_goes_on_with_the_jobs_whose_source_is_there(database_url: str, tmp_path: Path) -> None:
    async def begin() -> None:
        async with Runtime(Settings(database_url=database_url)) as runtime:
            ingest = await runtime.ingest()
            for name in ("gone", "there"):
                draw(tmp_path / name / "1.png", 1)
                await ingest.create(tmp_path / name)

    anyio.run(begin)
    (tmp_path / "gone" / "1.png").unlink()
    (tmp_path / "gone").rmdir()
    done = art_mcp_here("ingest", "--resume", ART_MCP_DATABASE_URL=database_url)
    assert done.returncode == 1
    assert "gone: 0 stored, 0 unchanged, 0 refused, 1 pending, of 1." in done.stdout
    assert "there: 1 stored, 0 unchanged, 0 refused, 0 pending, of 1." in done.stdout
    assert "can no longer be read: There is no file or folder gone. Restore it" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
async def test_ctrl_c_keeps_what_is_stored_and_says_how_to_go_on(database_url: str, tmp_path: Path) -> None:
    for n in range(120):
        draw(tmp_path / f"{n}.png", n)
    environment = {**os.environ, "ART_MCP_DATABASE_URL": database_url}
    process = subprocess.Popen(
        [sys.executable, "-m", "art_mcp", "ingest", str(tmp_path)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    connection = await asyncpg.connect(database_url)
    deadline = time.monotonic() + 60
    stored = 0
    while not stored:
        assert time.monotonic() < deadline and process.poll() is None
        if await connection.fetchval("SELECT to_regclass('art_mcp.items')"):
            stored = await connection.fetchval("SELECT count(*) FROM art_mcp.items WHERE state = 'stored'")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "`art-mcp ingest --resume` continues" in said and "Traceback" not in said
    assert await connection.fetchval("SELECT count(*) FROM art_mcp.leases") == 0
    await connection.close()
    done = art_mcp("ingest", "--resume", ART_MCP_DATABASE_URL=database_url)
    assert "120 stored, 0 unchanged, 0 refused, 0 pending, of 120" in done.stdout
