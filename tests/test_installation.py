from __future__ import annotations

import sys
from pathlib import Path

import pytest

from art_mcp.installation import how_to_add


@pytest.mark.parametrize(
    ("folder", "file", "command"),
    [
        ("venv", "pyvenv.cfg", "pip install 'art-mcp[excel]'"),
        ("uv/tools/art-mcp", "uv-receipt.toml", "uv tool install 'art-mcp[excel]'"),
        ("pipx/venvs/art-mcp", "pipx_metadata.json", "pipx install --force 'art-mcp[excel]'"),
        ("uv/archive-v0/aBcD", "../../CACHEDIR.TAG", "uvx --from 'art-mcp[excel]' art-mcp"),
    ],
)
def test_an_extra_is_added_by_the_program_that_installed_the_package(
    folder: str, file: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = tmp_path / folder
    prefix.mkdir(parents=True)
    (prefix / file).touch()
    monkeypatch.setattr(sys, "prefix", str(prefix))
    assert how_to_add("excel") == command
