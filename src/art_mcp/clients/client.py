"""Chat clients: where each stores its MCP servers, and the form of an entry."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAMES = ("claude-desktop", "claude-code", "cursor", "vscode")


@dataclass(frozen=True, slots=True)
class Client:
    """One chat client of one user."""

    name: str
    title: str
    folder: Path
    """Exists once the client has run."""
    file: Path
    key: str = "mcpServers"
    typed: bool = False
    """Whether an entry states its type, stdio."""

    @property
    def found(self) -> bool:
        return self.folder.is_dir() or self.file.is_file()

    def entry(self, command: list[str], environment: Mapping[str, str]) -> dict[str, Any]:
        """The configuration of the server."""
        entry: dict[str, Any] = {"type": "stdio"} if self.typed else {}
        entry |= {"command": command[0], "args": command[1:]}
        return entry | {"env": dict(environment)} if environment else entry

    def snippet(self, name: str, entry: Mapping[str, Any], platform: str) -> str:
        """The text to paste into the file or, for Claude Code, into a terminal."""
        if self.name != "claude-code":
            return json.dumps({self.key: {name: entry}}, ensure_ascii=False, indent=2)
        words = ["claude", "mcp", "add", "--scope", "user", name]  # -e takes all words up to the next option
        for variable, value in entry.get("env", {}).items():
            words += ["-e", f"{variable}={value}"]
        words += ["--", entry["command"], *entry["args"]]
        return subprocess.list2cmdline(words) if platform == "win32" else shlex.join(words)


def clients(platform: str, home: Path, environ: Mapping[str, str]) -> dict[str, Client]:
    """All supported clients by name, with the files of this user.

    Args:
        platform: as in `sys.platform`.
        home: the user's home folder.
        environ: variables that relocate the clients' folders.
    """
    if platform == "win32":
        settings = Path(environ.get("APPDATA") or home / "AppData" / "Roaming")
    elif platform == "darwin":
        settings = home / "Library" / "Application Support"
    else:
        settings = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")

    desktop = settings / "Claude"
    if platform == "win32":
        # The packaged Claude Desktop (MSIX) has its own Roaming folder and never reads the user's.
        local = Path(environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
        desktop = next(iter(sorted(local.glob("Packages/Claude_*/LocalCache/Roaming/Claude"))), desktop)

    moved = environ.get("CLAUDE_CONFIG_DIR")
    code = Path(moved) if moved else home / ".claude"
    code_file = code / ".claude.json" if moved else home / ".claude.json"

    cursor = home / ".cursor"
    vscode = settings / "Code"
    known = (
        Client("claude-desktop", "Claude Desktop", desktop, desktop / "claude_desktop_config.json"),
        Client("claude-code", "Claude Code", code, code_file, typed=True),
        Client("cursor", "Cursor", cursor, cursor / "mcp.json"),
        Client("vscode", "VS Code", vscode, vscode / "User" / "mcp.json", key="servers", typed=True),
    )
    return {client.name: client for client in known}
