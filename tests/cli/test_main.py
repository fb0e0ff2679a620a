"""The command without its commands: its version, its help, and what it says of wrong use."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest
from support.command import art_mcp, art_mcp_here, failed


@pytest.mark.slow
def test_version_and_help() -> None:
    assert art_mcp("--version").stdout.split()[-1] == version("art-mcp")
    assert "ingest" in art_mcp("--help").stdout


def test_wrong_use_is_explained(tmp_path: Path) -> None:
    assert "Give either SOURCE or --resume" in failed(art_mcp_here("ingest"))
    assert "Give either SOURCE or --resume" in failed(art_mcp_here("ingest", "x", "--resume"))
    assert "ART_MCP_DISPLAY_SIZE" in failed(art_mcp_here("ingest", "x", ART_MCP_DISPLAY_SIZE="1"))
    assert "none does not exist." in failed(art_mcp_here("--env-file", str(tmp_path / "none"), "ingest", "x"))
    assert "No such command" in failed(art_mcp_here("sing"))
