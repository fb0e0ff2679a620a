"""`art-mcp export` and `art-mcp import` as a user runs them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from support import command
from support.bundles import OTHER_PIXELS, WORDS, entry, put
from support.pictures import draw

from art_mcp.settings import Settings
from art_mcp.store import collection_sizes
from art_mcp.store.database import Database

pytestmark = pytest.mark.anyio


def art_mcp(url: str, *arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return command.art_mcp(*map(str, arguments), cwd=cwd, ART_MCP_DATABASE_URL=url)


def art_mcp_here(url: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return command.art_mcp_here(*map(str, arguments), ART_MCP_DATABASE_URL=url)


def said(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def failed(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return " ".join(done.stderr.split())


@pytest.mark.slow
def test_a_collection_goes_to_another_database_and_its_pictures_are_found_there(
    database_url: str, other_url: str, tmp_path: Path
) -> None:
    for number in range(3):
        draw(tmp_path / "prints" / f"{number}.png", number)
    assert art_mcp_here(database_url, "ingest", tmp_path / "prints").returncode == 0
    told = said(art_mcp(database_url, "export", "backup", cwd=tmp_path))
    assert told.startswith("backup: 3 paintings, ")
    assert told.endswith("collections: prints (3).\n")
    told = said(art_mcp_here(other_url, "import", tmp_path / "backup", "--dry-run"))
    assert told == "prints: 3 to store, 0 unchanged, 0 refused, of 3.\nNothing was stored: this was a dry run.\n"
    told = said(art_mcp_here(other_url, "import", tmp_path / "backup"))
    assert (
        told == "prints: 3 stored, 0 unchanged, 0 refused, of 3.\nThe pictures are searched by the built-in model 2.\n"
    )
    found = json.loads(
        said(art_mcp_here(other_url, "search", "--image", tmp_path / "prints" / "1.png", "--limit", "1", "--json"))
    )
    assert [hit["title"] for hit in found["results"]] == ["1"]
    again = json.loads(said(art_mcp_here(other_url, "import", tmp_path / "backup", "--collection", "copies", "--json")))
    assert (again["collections"], again["stored"], again["refusals"]) == (["copies"], 3, [])
    zipped = shutil.make_archive(str(tmp_path / "backup"), "zip", tmp_path, "backup")
    told = said(art_mcp_here(other_url, "import", zipped))
    assert told.startswith("prints: 0 stored, 3 unchanged, 0 refused, of 3.")
    assert "prints (3)" in said(art_mcp_here(other_url, "doctor"))
    assert failed(art_mcp_here(database_url, "export", tmp_path / "backup")).endswith("replace it with --overwrite.")
    manifest = json.loads(said(art_mcp_here(database_url, "export", tmp_path / "backup", "--overwrite", "--json")))
    assert manifest["collections"] == {"prints": 3}
    unknown = failed(art_mcp_here(database_url, "export", tmp_path / "some", "--collection", "print"))
    assert "No painting has the collection 'print'. Closest values: prints (3)." in unknown


@pytest.mark.slow
async def test_it_says_what_is_found_how_where_other_vectors_are_searched(
    database: Database, database_url: str, other_url: str, tmp_path: Path
) -> None:
    await put(database, [entry(0), entry(1)])
    said(art_mcp(database_url, "export", tmp_path / "backup"))
    other = await Database.open(Settings(database_url=other_url))
    await put(other, [entry(0, "theirs", [OTHER_PIXELS, WORDS])], active=[OTHER_PIXELS, WORDS])
    told = said(art_mcp(other_url, "import", tmp_path / "backup"))
    assert told == (
        "prints: 2 stored, 0 unchanged, 0 refused, of 2.\n"
        "The pictures are searched by rival see 2.\n"
        "The imported vectors are by maker see 1: they are stored, but not searched.\n"
        "2 paintings lack a vector, so only their catalogue text is searched. "
        "`art-mcp reembed` creates it from the stored pictures.\n"
    )
    assert await collection_sizes.sizes(other) == {"prints": 2, "theirs": 1}
    await other.aclose()


def test_what_is_no_archive_is_told_in_a_sentence(database_url: str, tmp_path: Path) -> None:
    for name in ("nothing.csv", "nothing"):
        told = failed(art_mcp_here(database_url, "import", tmp_path / name))
        assert f"There is no file or folder {name}." in told
    (tmp_path / "empty").mkdir()
    told = failed(art_mcp_here(database_url, "import", tmp_path / "empty"))
    assert "empty is not an archive: manifest.json does not exist" in told
    (tmp_path / "notes.doc").write_text("Dear")
    assert "is neither an archive nor a table" in failed(art_mcp_here(database_url, "import", tmp_path / "notes.doc"))
    assert "no paintings to export" in failed(art_mcp_here(database_url, "export", tmp_path / "backup"))
    vector = json.dumps([0.5] * 1024)
    (tmp_path / "bad.csv").write_text(f'image_file,vector\na.jpg,"{vector[:-1]}"\n')
    done = art_mcp_here(database_url, "import", tmp_path / "bad.csv")
    assert done.returncode == 1  # nothing could be stored
    assert "refused bad.csv line 2 (a.jpg): Its vector is not a JSON list of numbers." in done.stdout
