"""By which program this package was installed, as far as it changes what a user has to type."""

from __future__ import annotations

import re
import sys
from pathlib import Path

_UV_ENVIRONMENTS = re.compile(r"(archive|builds|environments)-v\d+")


def run_by_uvx() -> bool:
    """Whether it runs in a temporary environment of `uvx`, in uv's cache."""
    return any(
        _UV_ENVIRONMENTS.fullmatch(parent.name) and (parent.parent / "CACHEDIR.TAG").is_file()
        for parent in Path(sys.prefix).parents
    )


def how_to_add(extra: str) -> str:
    """The command that adds an optional dependency, by the program that installed the package."""
    package, prefix = f"'art-mcp[{extra}]'", Path(sys.prefix)
    if run_by_uvx():
        return f"uvx --from {package} art-mcp"
    if (prefix / "uv-receipt.toml").exists():
        return f"uv tool install {package}"
    if (prefix / "pipx_metadata.json").exists():
        return f"pipx install --force {package}"
    return f"pip install {package}"
