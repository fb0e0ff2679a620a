"""The command without its commands: its version, its help, and what it says of wrong use."""

from __future__ import annotations

import io
from importlib.metadata import version
from pathlib import Path

import pytest
from support.command import art_mcp, art_mcp_here, failed

from art_mcp.cli import write_utf_8


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


def test_a_pipe_of_windows_takes_every_character() -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="cp1252", newline="")
    write_utf_8(stream)
    stream.write("北斎, Čapek")
    stream.flush()
    assert written.getvalue().decode("utf-8") == "北斎, Čapek"
