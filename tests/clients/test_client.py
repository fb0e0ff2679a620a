from __future__ import annotations

import json
from pathlib import Path

import pytest

from art_mcp.clients.client import NAMES, clients

HOME = Path("/home/me")
FILES = {
    "linux": {
        "claude-desktop": ".config/Claude/claude_desktop_config.json",
        "claude-code": ".claude.json",
        "cursor": ".cursor/mcp.json",
        "vscode": ".config/Code/User/mcp.json",
    },
    "darwin": {
        "claude-desktop": "Library/Application Support/Claude/claude_desktop_config.json",
        "claude-code": ".claude.json",
        "cursor": ".cursor/mcp.json",
        "vscode": "Library/Application Support/Code/User/mcp.json",
    },
    "win32": {
        "claude-desktop": "AppData/Roaming/Claude/claude_desktop_config.json",
        "claude-code": ".claude.json",
        "cursor": ".cursor/mcp.json",
        "vscode": "AppData/Roaming/Code/User/mcp.json",
    },
}


@pytest.mark.parametrize("platform", FILES)
def test_where_they_keep_their_servers(platform: str) -> None:
    known = clients(platform, HOME, {})
    assert tuple(known) == NAMES
    assert {name: client.file for name, client in known.items()} == {
        name: HOME / file for name, file in FILES[platform].items()
    }


def test_variables_move_them() -> None:
    moved = clients("linux", HOME, {"XDG_CONFIG_HOME": "/cfg", "CLAUDE_CONFIG_DIR": "/work/claude"})
    assert moved["claude-desktop"].file == Path("/cfg/Claude/claude_desktop_config.json")
    assert moved["vscode"].file == Path("/cfg/Code/User/mcp.json")
    assert moved["claude-code"].file == Path("/work/claude/.claude.json")
    assert moved["claude-code"].folder == Path("/work/claude")
    windows = clients("win32", HOME, {"APPDATA": "/roaming", "XDG_CONFIG_HOME": "/cfg"})
    assert windows["vscode"].file == Path("/roaming/Code/User/mcp.json")


def test_the_packaged_claude_desktop_of_windows_reads_its_own_folder(tmp_path: Path) -> None:
    packaged = tmp_path / "AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude"
    packaged.mkdir(parents=True)
    (tmp_path / "AppData/Roaming/Claude").mkdir(parents=True)
    assert clients("win32", tmp_path, {})["claude-desktop"].file == packaged / "claude_desktop_config.json"


def test_entries_look_as_each_client_has_them() -> None:
    known = clients("linux", HOME, {})
    plain = {"command": "/bin/art-mcp", "args": ["serve"], "env": {"A": "1"}}
    for name, typed in (("claude-desktop", False), ("claude-code", True), ("cursor", False), ("vscode", True)):
        expected = {"type": "stdio", **plain} if typed else plain
        assert known[name].entry(["/bin/art-mcp", "serve"], {"A": "1"}) == expected
    assert known["cursor"].entry(["a"], {}) == {"command": "a", "args": []}


def test_what_is_pasted() -> None:
    known = clients("linux", HOME, {})
    entry = known["vscode"].entry(["/bin/art-mcp"], {"A": "Gemälde"})
    assert json.loads(known["vscode"].snippet("art", entry, "linux")) == {"servers": {"art": entry}}
    assert "Gemälde" in known["vscode"].snippet("art", entry, "linux")
    entry = known["claude-code"].entry(["/my bin/art-mcp", "serve", "--read-only"], {"A": "1 2", "B": "3"})
    assert known["claude-code"].snippet("art", entry, "linux") == (
        "claude mcp add --scope user art -e 'A=1 2' -e B=3 -- '/my bin/art-mcp' serve --read-only"
    )
    assert known["claude-code"].snippet("art", entry, "win32") == (
        'claude mcp add --scope user art -e "A=1 2" -e B=3 -- "/my bin/art-mcp" serve --read-only'
    )
