"""How to add an optional dependency to this installation."""

from __future__ import annotations

import sys
from pathlib import Path


def how_to_add(extra: str) -> str:
    """The command that adds an extra of the package, by the program that installed it: pip, uv tool, uvx or pipx."""
    package, prefix = f"'art-mcp[{extra}]'", Path(sys.prefix)
    if (prefix / "uv-receipt.toml").exists():
        return f"uv tool install {package}"
    if (prefix / "pipx_metadata.json").exists():
        return f"pipx install --force {package}"
    if "archive-v0" in prefix.parts:  # in uv's cache: it is run by uvx
        return f"uvx --from {package} art-mcp"
    return f"pip install {package}"
