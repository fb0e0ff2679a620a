"""Hosts install the plugin of this repository, and start what it names.

`uvx` is a script here, because it would ask the package index: it runs the server of this environment.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from support.command_line_hosts import NOWHERE, ClaudeCode, Codex, GeminiCli, Host

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
PARTS = (".claude-plugin", ".codex-plugin", "gemini-extension.json", "skills", "README.md")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user with a clone of this repository in `art-mcp`."""
    home = tmp_path / "home"
    (home / "art-mcp").mkdir(parents=True)
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, home / "art-mcp" / part)
        elif (ROOT / part).exists():
            shutil.copy(ROOT / part, home / "art-mcp" / part)
    return home


def with_uvx(host: Host) -> Host:
    """The host, which finds a `uvx`."""
    uvx = host.home / "bin" / "uvx"
    uvx.parent.mkdir()
    uvx.write_text(f'#!/bin/sh\n[ "$*" = art-mcp ] && exec {sys.executable} -P -m art_mcp\n')
    uvx.chmod(0o755)
    host.path = f"{uvx.parent}:{host.path}"
    return host


def test_claude_code(home: Path) -> None:
    host = with_uvx(ClaudeCode(home, NOWHERE))
    repository = str(home / "art-mcp")
    assert "Validation passed" in host.run("plugin", "validate", repository)
    host.run("plugin", "marketplace", "add", repository)
    host.run("plugin", "install", "art-mcp@art-mcp")
    assert "MCP servers (1)  art" in host.run("plugin", "details", "art-mcp")
    host.check_connects()


def test_codex(home: Path) -> None:
    host = with_uvx(Codex(home, NOWHERE))
    host.run("plugin", "marketplace", "add", str(home / "art-mcp"))
    host.run("plugin", "add", "art-mcp@art-mcp")
    assert "installed, enabled" in host.run("plugin", "list")
    host.check_connects()


def test_gemini_cli(home: Path) -> None:
    host = with_uvx(GeminiCli(home, NOWHERE))
    repository = str(home / "art-mcp")
    assert "has been successfully validated" in host.run("extensions", "validate", repository)
    host.run("extensions", "install", repository, "--consent")
    host.check_connects()
