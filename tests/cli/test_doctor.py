"""`art-mcp doctor` as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command import art_mcp, art_mcp_here


@pytest.mark.slow
def test_doctor_finds_what_is_right_and_what_is_wrong(database_url: str, tmp_path: Path) -> None:
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
    done = art_mcp_here(
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
