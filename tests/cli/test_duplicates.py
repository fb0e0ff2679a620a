"""`art-mcp duplicates` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from support.command import art_mcp, art_mcp_here, failed
from support.pictures import draw

from art_mcp.painting import painting_id


@pytest.mark.slow
def test_it_lists_copies_also_after_an_import(database_url: str, other_url: str, tmp_path: Path) -> None:
    for number in range(4):
        draw(tmp_path / "prints" / f"Sheet_{number}.png", number, (320, 240))
    (tmp_path / "web").mkdir()
    for number in (1, 3):
        Image.open(tmp_path / "prints" / f"Sheet_{number}.png").save(tmp_path / "web" / f"No_{number}.jpg", quality=60)
    there = {"ART_MCP_DATABASE_URL": database_url}
    done = art_mcp_here("duplicates", **there)
    assert (done.returncode, done.stdout) == (0, "No copies.\n")
    for name in ("prints", "web"):
        assert art_mcp_here("ingest", str(tmp_path / name), **there).returncode == 0
    done = art_mcp("duplicates", "--collection", "web", **there)  # as a process
    lines = done.stdout.splitlines()
    ids = [painting_id("prints", "Sheet_1.png"), painting_id("web", "No_1.jpg")]
    start = lines.index("   Sheet 1 - prints")
    assert lines[start - 1].endswith("2 copies") and lines[start + 2] == "   No 1 - web"
    assert [lines[start + n].endswith(f"id {id_}") for n, id_ in zip((1, 3), ids, strict=True)] == [True, True]
    assert lines[-1] == "2 paintings are stored more than once, as 4 entries."
    assert "Closest values: web" in failed(art_mcp_here("duplicates", "--collection", "wep", **there))

    listed = json.loads(art_mcp_here("duplicates", "--json", **there).stdout)
    assert listed["not_compared"] == 0
    assert sorted([member["title"] for member in group] for group in listed["groups"]) == [
        ["Sheet 1", "No 1"],
        ["Sheet 3", "No 3"],
    ]
    assert all(0.95 <= member["likeness"] <= 1 for group in listed["groups"] for member in group)
    shown = art_mcp_here("search", "--image", str(tmp_path / "web" / "No_3.jpg"), **there).stdout
    assert shown.startswith("1 to 4 of 6 paintings") and "1. No 3 - web" in shown
    assert f"   also in the collection as {painting_id('prints', 'Sheet_3.png')} (prints)" in shown.splitlines()

    art_mcp_here("export", str(tmp_path / "archive"), **there)
    moved = {"ART_MCP_DATABASE_URL": other_url}
    assert art_mcp_here("import", str(tmp_path / "archive"), **moved).returncode == 0
    assert json.loads(art_mcp_here("duplicates", "--json", **moved).stdout) == listed
