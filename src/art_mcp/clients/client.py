"""A chat client: where it stores its MCP servers, and the form of an entry."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from art_mcp.clients.formats import FORMATS, Format


@dataclass(frozen=True, slots=True)
class Shape:
    """The form in which a client's file has a server."""

    key: str = "mcpServers"
    """Of the object that has the servers by name."""
    kind: Mapping[str, str] = field(default_factory=dict)
    """What says that the server is a local process."""
    command: str = "command"
    args: str | None = "args"
    """None if the command is a list with all its words."""
    env: str = "env"
    named: bool = False
    """Whether an entry repeats its name."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """What a new entry has besides; in an existing one, the owner's values stay."""

    def entry(self, name: str, words: list[str], environment: Mapping[str, str]) -> dict[str, Any]:
        """The configuration of a server that a command line starts."""
        entry: dict[str, Any] = {"name": name} if self.named else {}
        entry |= self.kind
        entry |= {self.command: words[0], self.args: words[1:]} if self.args else {self.command: words}
        if environment:
            entry[self.env] = dict(environment)
        return {**entry, **self.defaults}

    def merged(self, before: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
        """An entry with what somebody changed in the one before."""
        given = {key: value for key, value in entry.items() if key not in self.defaults or key not in before}
        merged = {**before, **given}
        if isinstance(kept := before.get(self.env), dict):
            merged[self.env] = kept | entry.get(self.env, {})
        return merged

    def words(self, entry: Any) -> list[str]:
        """The command line that an entry starts; empty if it starts none."""
        if not isinstance(entry, dict):
            return []
        command, rest = entry.get(self.command), entry.get(self.args) if self.args else None
        words = [*(command if isinstance(command, list) else [command]), *(rest if isinstance(rest, list) else [])]
        return [word for word in words if isinstance(word, str)] if words and isinstance(words[0], str) else []


@dataclass(frozen=True, slots=True)
class Client:
    """One chat client of one user."""

    name: str
    title: str
    file: Path
    shape: Shape = Shape()
    folder: Path | None = None
    """Exists once the client has run; the folder of the file, if not given."""

    @property
    def home(self) -> Path:
        return self.folder or self.file.parent

    @property
    def found(self) -> bool:
        return self.home.is_dir() or self.file.is_file()

    @property
    def format(self) -> Format:
        return FORMATS[self.file.suffix]

    def snippet(self, name: str, entry: Mapping[str, Any], platform: str) -> str:
        """The text to paste into the file or, for Claude Code, into a terminal."""
        if self.name != "claude-code":
            return self.format.dump({self.shape.key: {name: entry}})
        words = ["claude", "mcp", "add", "--scope", "user", name]  # -e takes all words up to the next option
        for variable, value in entry.get("env", {}).items():
            words += ["-e", f"{variable}={value}"]
        words += ["--", entry["command"], *entry["args"]]
        return subprocess.list2cmdline(words) if platform == "win32" else shlex.join(words)
