"""The command as a user runs it."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import asyncpg
import pytest
from PIL import Image
from support.pictures import draw

from art_mcp.ingest.sources import KINDS
from art_mcp.painting import FILTERS
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings

pytestmark = pytest.mark.anyio


def art_mcp(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "art_mcp", *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def failed(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode != 0
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def test_version_and_help() -> None:
    assert art_mcp("--version").stdout.split()[-1] == version("art-mcp")
    assert "ingest" in art_mcp("--help").stdout


async def test_ingest_prints_what_became_of_the_rows(database_url: str, tmp_path: Path) -> None:
    for n in range(3):
        draw(tmp_path / "prints" / f"{n}.png", n)
    (tmp_path / "prints" / "broken.jpg").write_bytes(b"no")
    done = art_mcp("ingest", str(tmp_path / "prints"), ART_MCP_DATABASE_URL=database_url)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "prints: 3 stored, 0 unchanged, 1 refused, 0 pending, of 4.\n"
        "  refused broken.jpg: broken.jpg is not a picture in a supported format. Supported formats are JPEG, PNG, "
        "GIF, BMP, WEBP, TIFF, ICO. Save it as a JPEG or PNG and try again.\n"
    )
    done = art_mcp("ingest", str(tmp_path / "prints"), "--json", ART_MCP_DATABASE_URL=database_url)
    (job,) = json.loads(done.stdout)
    assert (job["state"], job["unchanged"], job["refused"], job["total"]) == ("done", 3, 1, 4)
    assert job["refusals"][0]["row"] == "broken.jpg"
    done = art_mcp("ingest", "--resume", ART_MCP_DATABASE_URL=database_url)
    assert done.stdout == "There is nothing to go on with.\n"


async def test_remove_takes_one_collection_and_leaves_the_files(database_url: str, tmp_path: Path) -> None:
    for name in ("keep", "drop"):
        draw(tmp_path / name / "a.png", seed=1)
        assert art_mcp("ingest", str(tmp_path / name), ART_MCP_DATABASE_URL=database_url).returncode == 0
    assert "say --yes" in failed(art_mcp("remove", "drop", ART_MCP_DATABASE_URL=database_url))
    said = failed(art_mcp("remove", "dorp", "--yes", ART_MCP_DATABASE_URL=database_url))
    assert "No painting has the collection 'dorp'. The nearest are: drop (1)." in said
    done = art_mcp("remove", "drop", "--yes", ART_MCP_DATABASE_URL=database_url)
    assert (done.returncode, done.stdout) == (0, "drop: 1 paintings removed.\n")
    connection = await asyncpg.connect(database_url)
    for table in ("paintings", "collections", "jobs", "items", "vectors_pixels_local_bridge_1"):
        assert await connection.fetchval(f"SELECT count(*) FROM art_mcp.{table}") == 1, table
    assert await connection.fetchval("SELECT name FROM art_mcp.collections") == "keep"
    await connection.close()
    assert (tmp_path / "drop" / "a.png").exists()
    done = art_mcp("ingest", str(tmp_path / "drop"), ART_MCP_DATABASE_URL=database_url)
    assert done.stdout.startswith("drop: 1 stored")


def test_relative_paths_are_those_of_the_working_folder(tmp_path: Path) -> None:
    done = art_mcp(
        "ingest", "nowhere", ART_MCP_DATA_DIR=str(tmp_path / "x"), ART_MCP_DATABASE_URL="postgresql://127.0.0.1:1/x"
    )
    assert failed(done).startswith("art-mcp: The database cannot be reached.")


async def test_search_by_words_and_by_a_picture(database_url: str, tmp_path: Path) -> None:
    for n in range(5):
        draw(tmp_path / "prints" / f"Sheet_{n}.png", n)
    environment = {"ART_MCP_DATABASE_URL": database_url}
    assert "There are no paintings yet" in failed(art_mcp("search", "sea", **environment))
    art_mcp("ingest", str(tmp_path / "prints"), **environment)
    done = art_mcp("search", "Sheet 3", "--limit", "2", **environment)
    assert done.stdout.splitlines()[:2] == ["1 to 2 of 5 paintings, best first.", "1. Sheet 3 - prints"]
    done = art_mcp("search", "--image", str(tmp_path / "prints" / "Sheet_4.png"), "--json", **environment)
    assert json.loads(done.stdout)["results"][0]["title"] == "Sheet 4"
    done = art_mcp("search", "blue", "--image", str(tmp_path / "prints" / "Sheet_4.png"), **environment)
    assert "Sheet 4" in done.stdout and done.returncode == 0
    done = art_mcp("search", "--image", (tmp_path / "prints" / "Sheet_4.png").as_uri(), "--json", **environment)
    found = json.loads(done.stdout)["results"]
    assert found[0]["title"] == "Sheet 4"
    done = art_mcp("search", "--image", found[0]["id"], "--json", **environment)
    assert len(json.loads(done.stdout)["results"]) == 4
    said = failed(art_mcp("search", "--image", "https://localhost/x.png?sig=secret", **environment))
    assert "localhost is not a server on the public internet." in said and "secret" not in said
    said = failed(art_mcp("search", "--image", "missing.png", **environment))
    assert "missing.png does not exist" in said
    sheet = tmp_path / "sheet.jpg"
    done = art_mcp("search", "Sheet 3", "--limit", "2", "--sheet", str(sheet), "--json", **environment)
    assert len(json.loads(done.stdout)["results"]) == 2
    with Image.open(sheet) as picture:
        assert (picture.format, picture.width) == ("JPEG", 614)
    said = failed(art_mcp("search", "Sheet 3", "--sheet", str(tmp_path / "none" / "sheet.jpg"), **environment))
    assert "sheet.jpg cannot be written (No such file or directory). Choose another file." in said
    assert "Give TEXT, --image, or both" in failed(art_mcp("search", **environment))
    assert "limit is 0" in failed(art_mcp("search", "x", "--limit", "0", **environment))


async def test_search_takes_every_filter(database_url: str, tmp_path: Path) -> None:
    rows = ["IMAGE_FILE\tTITLE\tAUTHOR\tDATE\tTECHNIQUE\tTYPE\tSCHOOL\tTIMEFRAME"]
    for n in range(4):
        draw(tmp_path / f"{n}.png", n)
        kind, school = ("landscape", "portrait")[n % 2], ("Dutch", "French")[n // 2]
        rows.append(f"{n}.png\tSheet {n}\tMUSTER, Max\t{1900 + n}\tOil on canvas, {n} cm\t{kind}\t{school}\t1901-1950")
    (tmp_path / "prints.tsv").write_text("\n".join(rows))
    environment = {"ART_MCP_DATABASE_URL": database_url}
    art_mcp("ingest", str(tmp_path / "prints.tsv"), **environment)
    wanted = {
        "artist": "Max Muster",
        "school": "dutch",
        "type": "Portrait",
        "technique": "oil on canvas",
        "timeframe": "1901-1950",
        "year_from": "1901",
        "year_to": "1901",
        "collection": "prints",
    }
    assert wanted.keys() == FILTERS.keys()
    options = [word for name, value in wanted.items() for word in (f"--{name.replace('_', '-')}", value)]
    found = json.loads(art_mcp("search", "Sheet", "--json", *options, **environment).stdout)
    assert (found["total"], [hit["title"] for hit in found["results"]]) == (1, ["Sheet 1"])
    said = failed(art_mcp("search", "Sheet", "--school", "Duch", **environment))
    assert "No painting has the school 'Duch'. The nearest are: Dutch (2)." in said


async def test_doctor_finds_what_is_right_and_what_is_wrong(database_url: str, tmp_path: Path) -> None:
    environment = {"ART_MCP_DATABASE_URL": database_url, "ART_MCP_IMAGE_DIRS": str(tmp_path)}
    done = art_mcp("doctor", "--json", **environment)
    assert done.returncode == 0, done.stdout
    assert {finding["name"] for finding in json.loads(done.stdout)} == {
        "program",
        "settings",
        "readable folder",
        "database",
        "model",
    }
    done = art_mcp(
        "doctor",
        ART_MCP_DATABASE_URL="postgresql://u:c4nary@127.0.0.1:1/x",
        ART_MCP_IMAGE_DIRS=str(tmp_path / "none"),
        ART_MCP_TYPO="1",
    )
    assert done.returncode == 1
    assert "FAIL settings: ART_MCP_TYPO is not a setting" in done.stdout
    assert f"FAIL readable folder: {tmp_path / 'none'}" in done.stdout
    assert "FAIL database: from ART_MCP_DATABASE_URL: The database cannot be reached." in done.stdout
    assert "ok   model" in done.stdout
    assert "c4nary" not in done.stdout + done.stderr


def test_wrong_use_is_explained(tmp_path: Path) -> None:
    assert "Give either SOURCE or --resume" in failed(art_mcp("ingest"))
    assert "Give either SOURCE or --resume" in failed(art_mcp("ingest", "x", "--resume"))
    assert "ART_MCP_DISPLAY_SIZE" in failed(art_mcp("ingest", "x", ART_MCP_DISPLAY_SIZE="1"))
    assert "There is no file" in failed(art_mcp("--env-file", str(tmp_path / "none"), "ingest", "x"))
    assert "No such command" in failed(art_mcp("sing"))


def test_the_help_of_ingest_tells_of_every_kind_of_source() -> None:
    said = " ".join(art_mcp("ingest", "--help").stdout.split())
    for kind in KINDS:
        assert kind.form in said and kind.takes in said


async def test_a_source_that_is_missing(database_url: str) -> None:
    said = failed(art_mcp("ingest", "/nowhere/at/all", ART_MCP_DATABASE_URL=database_url))
    assert said == (
        "art-mcp: There is no file or folder all. Give the absolute path of a folder of pictures or a table.\n"
    )


async def test_resume_goes_on_with_the_jobs_whose_source_is_there(database_url: str, tmp_path: Path) -> None:
    async with Runtime(Settings(database_url=database_url)) as runtime:
        ingest = await runtime.ingest()
        for name in ("gone", "there"):
            draw(tmp_path / name / "1.png", 1)
            await ingest.create(tmp_path / name)
    (tmp_path / "gone" / "1.png").unlink()
    (tmp_path / "gone").rmdir()
    done = art_mcp("ingest", "--resume", ART_MCP_DATABASE_URL=database_url)
    assert done.returncode == 1
    assert "gone: 0 stored, 0 unchanged, 0 refused, 1 pending, of 1." in done.stdout
    assert "there: 1 stored, 0 unchanged, 0 refused, 0 pending, of 1." in done.stdout
    assert "cannot be read any more: There is no file or folder gone. Put it back" in done.stderr
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
    assert "`art-mcp ingest --resume` goes on" in said and "Traceback" not in said
    assert await connection.fetchval("SELECT count(*) FROM art_mcp.leases") == 0
    await connection.close()
    done = art_mcp("ingest", "--resume", ART_MCP_DATABASE_URL=database_url)
    assert "120 stored, 0 unchanged, 0 refused, 0 pending, of 120" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_a_person_who_starts_the_server_is_told_what_it_is() -> None:
    import pty

    keyboard, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "art_mcp"],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(terminal)
    try:
        assert select.select([process.stderr], [], [], 30)[0]
        said = process.stderr.readline()
        assert "this is a server" in said and "`art-mcp setup CLIENT`" in said and "`art-mcp search" in said
        os.write(keyboard, b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
        assert json.loads(process.stdout.readline())["id"] == 1
        os.write(keyboard, b"\x04")  # Ctrl-D
        assert process.communicate(timeout=60) == ("", "")
        assert process.returncode == 0
    finally:
        process.kill()
        os.close(keyboard)


def test_a_client_that_starts_the_server_is_told_nothing() -> None:
    done = art_mcp()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
