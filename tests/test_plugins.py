"""The plugin files say what pyproject.toml says, and start the published package."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
MANIFESTS = (".claude-plugin/plugin.json", ".codex-plugin/plugin.json", "gemini-extension.json")


def read(file: str) -> Any:
    return json.loads((ROOT / file).read_text("utf-8"))


@pytest.mark.parametrize("file", MANIFESTS)
def test_a_plugin_is_this_version_of_the_package(file: str) -> None:
    manifest = read(file)
    assert (manifest["name"], manifest["version"]) == (PROJECT["name"], PROJECT["version"])
    assert PROJECT["description"].startswith(manifest["description"])
    assert manifest.get("license", PROJECT["license"]) == PROJECT["license"]
    servers = manifest["mcpServers"]
    servers = read(servers)["mcpServers"] if isinstance(servers, str) else servers
    assert list(servers) == ["art"]
    assert [servers["art"]["command"], *servers["art"]["args"]] == ["uvx", PROJECT["name"]]


def test_the_marketplace_has_the_plugin_of_this_repository() -> None:
    (listed,) = read(".claude-plugin/marketplace.json")["plugins"]
    plugin = read(".claude-plugin/plugin.json")
    assert listed == {"name": plugin["name"], "source": "./", "description": plugin["description"]}
