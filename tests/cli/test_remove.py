"""`art-mcp remove` as a user runs it."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest
from support.command import art_mcp, failed
from support.pictures import draw

pytestmark = pytest.mark.anyio


async def test_remove_takes_one_collection_and_leaves_the_files(database_url: str, tmp_path: Path) -> None:
    for name in ("keep", "drop"):
        draw(tmp_path / name / "a.png", seed=1)
        assert art_mcp("ingest", str(tmp_path / name), ART_MCP_DATABASE_URL=database_url).returncode == 0
    assert "pass --yes" in failed(art_mcp("remove", "drop", ART_MCP_DATABASE_URL=database_url))
    said = failed(art_mcp("remove", "dorp", "--yes", ART_MCP_DATABASE_URL=database_url))
    assert "No painting has the collection 'dorp'. Closest values: drop (1)." in said
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
