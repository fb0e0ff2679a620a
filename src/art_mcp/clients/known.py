"""The chat clients that `art-mcp setup` knows, with the files of one user."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from art_mcp.clients.client import Client, Shape

NAMES = (
    *("claude-desktop", "claude-code", "cursor", "vscode", "codex", "gemini", "windsurf", "lm-studio", "cline"),
    *("goose", "zed", "opencode", "kiro", "warp", "copilot", "antigravity", "qwen", "junie"),
)

_START = 60
"""Seconds that a client waits for the server where its own limit is too short for a first start."""

_TYPED = Shape(kind={"type": "stdio"})
_CODEX = Shape("mcp_servers", defaults={"startup_timeout_sec": _START})  # 10 s
_CLINE = Shape(defaults={"timeout": _START})  # 3 s
_GOOSE = Shape(
    "extensions",
    {"type": "stdio"},
    command="cmd",
    env="envs",
    named=True,
    defaults={"enabled": True, "timeout": 300},
)
_GEMINI = Shape(defaults={"timeout": 600_000})  # its own limit for calls, which `mcp list` takes, too, instead of 5 s
_ZED = Shape("context_servers")
_OPENCODE = Shape(
    "mcp",
    {"type": "local"},
    args=None,
    env="environment",
    defaults={"enabled": True, "timeout": _START * 1000},
)
_COPILOT = Shape(kind={"type": "local"}, defaults={"tools": ["*"]})


def clients(platform: str, home: Path, environ: Mapping[str, str]) -> dict[str, Client]:
    """All known clients by name.

    Args:
        platform: as in `sys.platform`.
        home: the user's home folder.
        environ: variables that relocate the clients' folders.
    """

    def moved(variable: str, folder: str) -> Path:
        return Path(environ[variable]) if environ.get(variable) else home / folder

    config = moved("XDG_CONFIG_HOME", ".config")
    if platform == "win32":
        settings = moved("APPDATA", "AppData/Roaming")
    elif platform == "darwin":
        settings = home / "Library" / "Application Support"
    else:
        settings = config
    windows = platform == "win32"

    desktop = settings / "Claude"
    if windows:
        # The packaged Claude Desktop (MSIX) has its own Roaming folder and never reads the user's.
        local = moved("LOCALAPPDATA", "AppData/Local")
        desktop = next(iter(sorted(local.glob("Packages/Claude_*/LocalCache/Roaming/Claude"))), desktop)
    code = moved("CLAUDE_CONFIG_DIR", ".claude")
    code_file = (code if environ.get("CLAUDE_CONFIG_DIR") else home) / ".claude.json"
    vscode = settings / "Code"
    gemini = moved("GEMINI_CLI_HOME", "") / ".gemini"
    # Renamed to Devin Desktop; an installation from before keeps its file.
    windsurf = _in_use(home / ".codeium/windsurf/mcp_config.json", (settings if windows else config) / "devin")
    antigravity = _in_use(home / ".gemini/antigravity/mcp_config.json", home / ".gemini/config")
    cline = moved("CLINE_DIR", ".cline")
    opencode = config / "opencode" / "opencode.jsonc"
    known = (
        Client("claude-desktop", "Claude Desktop", desktop / "claude_desktop_config.json"),
        Client("claude-code", "Claude Code", code_file, _TYPED, folder=code),
        Client("cursor", "Cursor", home / ".cursor" / "mcp.json"),
        Client("vscode", "VS Code", vscode / "User" / "mcp.json", Shape("servers", {"type": "stdio"}), folder=vscode),
        Client("codex", "Codex", moved("CODEX_HOME", ".codex") / "config.toml", _CODEX),
        Client("gemini", "Gemini CLI", gemini / "settings.json", _GEMINI),
        Client("windsurf", "Windsurf", windsurf),
        Client("lm-studio", "LM Studio", home / ".lmstudio" / "mcp.json"),
        Client("cline", "Cline", cline / "data" / "settings" / "cline_mcp_settings.json", _CLINE, folder=cline),
        Client(
            "goose",
            "Goose",
            (settings / "Block" / "goose" / "config" if windows else config / "goose") / "config.yaml",
            _GOOSE,
        ),
        Client("zed", "Zed", (settings / "Zed" if windows else config / "zed") / "settings.json", _ZED),
        Client(
            "opencode",
            "opencode",
            opencode if opencode.is_file() else opencode.with_suffix(".json"),
            _OPENCODE,
        ),
        Client("kiro", "Kiro", home / ".kiro" / "settings" / "mcp.json", folder=home / ".kiro"),
        Client("warp", "Warp", home / ".warp" / ".mcp.json"),
        Client("copilot", "GitHub Copilot CLI", moved("COPILOT_HOME", ".copilot") / "mcp-config.json", _COPILOT),
        Client("antigravity", "Antigravity", antigravity),
        Client("qwen", "Qwen Code", moved("QWEN_HOME", ".qwen") / "settings.json"),
        Client("junie", "Junie", home / ".junie" / "mcp" / "mcp.json", folder=home / ".junie"),
    )
    return {client.name: client for client in known}


def _in_use(older: Path, newer: Path) -> Path:
    """The file in the newer folder, unless only the older file's folder is there."""
    return older if older.parent.is_dir() and not newer.is_dir() else newer / older.name
