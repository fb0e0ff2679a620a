"""`art-mcp remove` as a user runs it."""

from __future__ import annotations

from pathlib import Path

import anyio
from support.command import art_mcp, art_mcp_here, failed
from support.pictures import draw
from support.postgres import value


def test_remove_takes_one_collection_and_leaves_the_files(database_url: str, tmp_path: Path) -> None:
    for name in ("keep", "drop"):
        draw(tmp_path / name / "a.png", seed=1)
        assert art_mcp_here("ingest", str(tmp_path / name), "--yes", ART_MCP_DATABASE_URL=database_url).returncode == 0
    assert "pass --yes" in failed(art_mcp_here("remove", "drop", ART_MCP_DATABASE_URL=database_url))
    said = failed(art_mcp_here("remove", "dorp", "--yes", ART_MCP_DATABASE_URL=database_url))
    assert said == "art-mcp: There is no collection 'dorp'. The nearest: drop (1).\n"
    said = failed(art_mcp_here("remove", "nope", ART_MCP_DATABASE_URL=database_url))  # before it asks
    assert said == "art-mcp: There is no collection 'nope'. There are: drop (1), keep (1).\n"
    done = art_mcp("remove", "drop", "--yes", ART_MCP_DATABASE_URL=database_url)
    assert (done.returncode, done.stdout) == (0, "drop: 1 paintings removed.\n")
    for table in ("paintings", "collections", "jobs", "items", "vectors_pixels_local_bridge_2"):
        assert anyio.run(value, database_url, f"SELECT count(*) FROM art_mcp.{table}") == 1, table
    assert anyio.run(value, database_url, "SELECT name FROM art_mcp.collections") == "keep"
    assert (tmp_path / "drop" / "a.png").exists()
    done = art_mcp_here("ingest", str(tmp_path / "drop"), "--yes", ART_MCP_DATABASE_URL=database_url)
    assert done.stdout.startswith("drop: 1 stored")
