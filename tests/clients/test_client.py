from __future__ import annotations

import json
from pathlib import Path

import pytest

from art_mcp.clients.known import NAMES, clients

HOME = Path("/home/me")
GOLDEN = Path(__file__).parent / "golden"
EVERYWHERE = {
    "claude-code": ".claude.json",
    "cursor": ".cursor/mcp.json",
    "codex": ".codex/config.toml",
    "gemini": ".gemini/settings.json",
    "lm-studio": ".lmstudio/mcp.json",
    "cline": ".cline/data/settings/cline_mcp_settings.json",
    "opencode": ".config/opencode/opencode.json",
    "kiro": ".kiro/settings/mcp.json",
    "warp": ".warp/.mcp.json",
    "copilot": ".copilot/mcp-config.json",
    "antigravity": ".gemini/config/mcp_config.json",
    "qwen": ".qwen/settings.json",
    "junie": ".junie/mcp/mcp.json",
}
FILES = {
    "linux": {
        "claude-desktop": ".config/Claude/claude_desktop_config.json",
        "vscode": ".config/Code/User/mcp.json",
        "windsurf": ".config/devin/mcp_config.json",
        "goose": ".config/goose/config.yaml",
        "zed": ".config/zed/settings.json",
    },
    "darwin": {
        "claude-desktop": "Library/Application Support/Claude/claude_desktop_config.json",
        "vscode": "Library/Application Support/Code/User/mcp.json",
        "windsurf": ".config/devin/mcp_config.json",
        "goose": ".config/goose/config.yaml",
        "zed": ".config/zed/settings.json",
    },
    "win32": {
        "claude-desktop": "AppData/Roaming/Claude/claude_desktop_config.json",
        "vscode": "AppData/Roaming/Code/User/mcp.json",
        "windsurf": "AppData/Roaming/devin/mcp_config.json",
        "goose": "AppData/Roaming/Block/goose/config/config.yaml",
        "zed": "AppData/Roaming/Zed/settings.json",
    },
}


@pytest.mark.parametrize("platform", FILES)
def test_where_they_keep_their_servers(platform: str) -> None:
    known = clients(platform, HOME, {})
    assert tuple(known) == NAMES
    assert {name: client.file for name, client in known.items()} == {
        name: HOME / file for name, file in (EVERYWHERE | FILES[platform]).items()
    }


def test_variables_move_them() -> None:
    moved = clients("linux", HOME, {"XDG_CONFIG_HOME": "/cfg", "CLAUDE_CONFIG_DIR": "/moved/claude"})
    assert moved["claude-desktop"].file == Path("/cfg/Claude/claude_desktop_config.json")
    assert moved["vscode"].file == Path("/cfg/Code/User/mcp.json")
    assert moved["claude-code"].file == Path("/moved/claude/.claude.json")
    assert moved["claude-code"].home == Path("/moved/claude")
    windows = clients("win32", HOME, {"APPDATA": "/roaming", "XDG_CONFIG_HOME": "/cfg"})
    assert windows["vscode"].file == Path("/roaming/Code/User/mcp.json")
    assert windows["goose"].file == Path("/roaming/Block/goose/config/config.yaml")


@pytest.mark.parametrize(
    ("name", "variable", "file"),
    [
        ("codex", "CODEX_HOME", "config.toml"),
        ("gemini", "GEMINI_CLI_HOME", ".gemini/settings.json"),
        ("cline", "CLINE_DIR", "data/settings/cline_mcp_settings.json"),
        ("copilot", "COPILOT_HOME", "mcp-config.json"),
        ("qwen", "QWEN_HOME", "settings.json"),
        ("opencode", "XDG_CONFIG_HOME", "opencode/opencode.json"),
        ("zed", "XDG_CONFIG_HOME", "zed/settings.json"),
    ],
)
def test_a_variable_moves_one(name: str, variable: str, file: str) -> None:
    assert clients("linux", HOME, {variable: "/moved"})[name].file == Path("/moved") / file


@pytest.mark.parametrize(
    ("name", "older", "newer"),
    [
        ("windsurf", ".codeium/windsurf/mcp_config.json", ".config/devin/mcp_config.json"),
        ("antigravity", ".gemini/antigravity/mcp_config.json", ".gemini/config/mcp_config.json"),
    ],
)
def test_an_older_installation_keeps_its_file(name: str, older: str, newer: str, tmp_path: Path) -> None:
    assert clients("linux", tmp_path, {})[name].file == tmp_path / newer
    (tmp_path / older).parent.mkdir(parents=True)
    assert clients("linux", tmp_path, {})[name].file == tmp_path / older
    (tmp_path / newer).parent.mkdir(parents=True)
    assert clients("linux", tmp_path, {})[name].file == tmp_path / newer


def test_opencode_may_have_comments_in_the_name_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / ".config" / "opencode" / "opencode.jsonc"
    file.parent.mkdir(parents=True)
    file.touch()
    assert clients("linux", tmp_path, {})["opencode"].file == file


def test_the_packaged_claude_desktop_of_windows_reads_its_own_folder(tmp_path: Path) -> None:
    packaged = tmp_path / "AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude"
    packaged.mkdir(parents=True)
    (tmp_path / "AppData/Roaming/Claude").mkdir(parents=True)
    assert clients("win32", tmp_path, {})["claude-desktop"].file == packaged / "claude_desktop_config.json"


@pytest.mark.parametrize("name", NAMES)
def test_entries_look_as_each_client_has_them(name: str) -> None:
    """The golden files: `NAME.before` is what the client may have written, `NAME.after` has the entry, too."""
    client = clients("linux", HOME, {})[name]
    (before,) = GOLDEN.glob(f"{name}.before.*")
    text = before.read_bytes().decode()
    words = ["/home/me/.local/bin/art-mcp", "serve", "--read-only"]
    entry = client.shape.entry("art", words, {"ART_MCP_IMAGE_DIRS": "/home/me/Gemälde"})
    assert client.shape.words(entry) == words
    after = client.format.put(text, (client.shape.key, "art"), entry)
    assert after == (GOLDEN / f"{name}.after{before.suffix}").read_bytes().decode()
    assert client.format.parse(after)[client.shape.key]["art"] == entry
    if client.shape.key in client.format.parse(text):
        assert client.format.drop(after, (client.shape.key, "art")) == text


def test_what_the_owner_changed_stays() -> None:
    shape = clients("linux", HOME, {})["cline"].shape
    old = {"command": "/old", "args": [], "env": {"A": "1", "B": "2"}, "timeout": 5, "disabled": True}
    assert shape.merged(old, shape.entry("art", ["/new", "serve"], {"A": "3"})) == {
        "command": "/new",
        "args": ["serve"],
        "env": {"A": "3", "B": "2"},
        "timeout": 5,
        "disabled": True,
    }


def test_what_is_pasted() -> None:
    known = clients("linux", HOME, {})
    entry = known["vscode"].shape.entry("art", ["/bin/art-mcp"], {"A": "Gemälde"})
    assert json.loads(known["vscode"].snippet("art", entry, "linux")) == {"servers": {"art": entry}}
    assert "Gemälde" in known["vscode"].snippet("art", entry, "linux")
    entry = known["claude-code"].shape.entry("art", ["/my bin/art-mcp", "serve", "--read-only"], {"A": "1 2", "B": "3"})
    assert known["claude-code"].snippet("art", entry, "linux") == (
        "claude mcp add --scope user art -e 'A=1 2' -e B=3 -- '/my bin/art-mcp' serve --read-only"
    )
    assert known["claude-code"].snippet("art", entry, "win32") == (
        'claude mcp add --scope user art -e "A=1 2" -e B=3 -- "/my bin/art-mcp" serve --read-only'
    )
