from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from art_mcp import installation


@pytest.fixture
def installed_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file in which the package's installer says what it installed, if not a name."""
    metadata = tmp_path / "art_mcp-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Name: art-mcp\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    return metadata / "direct_url.json"


@pytest.mark.parametrize(
    ("folder", "file", "command"),
    [
        ("venv", "pyvenv.cfg", 'pip install "art-mcp[excel]"'),
        ("uv/tools/art-mcp", "uv-receipt.toml", 'uv tool install "art-mcp[excel]"'),
        ("pipx/venvs/art-mcp", "pipx_metadata.json", 'pipx install --force "art-mcp[excel]"'),
        ("uv/archive-v0/aBcD", "../../CACHEDIR.TAG", 'uvx --from "art-mcp[excel]" art-mcp'),
    ],
)
def test_an_extra_is_added_by_the_program_that_installed_the_package(
    folder: str, file: str, command: str, installed_from: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = tmp_path / folder
    prefix.mkdir(parents=True)
    (prefix / file).touch()
    monkeypatch.setattr(sys, "prefix", str(prefix))
    assert installation.how_to_add("excel") == command


@pytest.mark.parametrize(
    ("origin", "package"),
    [
        (
            {"url": "file:///home/me/art", "dir_info": {"editable": True}},
            '".[excel]" in the folder from which art-mcp was installed',
        ),
        (
            {"url": "https://github.com/museum/art", "vcs_info": {"vcs": "git", "commit_id": "0"}},
            '"art-mcp[excel] @ git+https://github.com/museum/art"',
        ),
        ({"url": "file:///home/me/art_mcp-1.0-py3-none-any.whl", "archive_info": {}}, '"art-mcp[excel]"'),
    ],
)
def test_an_extra_comes_from_where_the_package_came(
    origin: dict[str, object], package: str, installed_from: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed_from.write_text(json.dumps(origin))
    (tmp_path / "uv-receipt.toml").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert installation.how_to_add("excel") == f"uv tool install {package}"
