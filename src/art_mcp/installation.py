"""Which program installed this package, and from where, as far as that changes what a user must type."""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

REINSTALL = (
    "Reinstall art-mcp and what it needs, for example with `uv tool upgrade --reinstall art-mcp` or "
    "`pip install --force-reinstall art-mcp`."
)
"""The next step if an installed file is missing or damaged."""
_UV_ENVIRONMENTS = re.compile(r"(archive|builds|environments)-v\d+")


def run_by_uvx() -> bool:
    """Whether it runs in a temporary environment of `uvx`, in uv's cache."""
    return any(
        _UV_ENVIRONMENTS.fullmatch(parent.name) and (parent.parent / "CACHEDIR.TAG").is_file()
        for parent in Path(sys.prefix).parents
    )


def origin() -> dict[str, Any]:
    """The folder, file or repository from which the package was installed, as PEP 610 has it; empty if by its name."""
    found: dict[str, Any] = json.loads(distribution("art-mcp").read_text("direct_url.json") or "{}")
    return found


def how_to_add(extra: str) -> str:
    """The command that adds an optional dependency, with the program and the source that installed the package."""
    source, prefix = origin(), Path(sys.prefix)
    package, where = f"art-mcp[{extra}]", ""
    if "dir_info" in source:  # a clone, whose path is nothing for a chat
        package, where = f".[{extra}]", " in the folder from which art-mcp was installed"
    elif "vcs_info" in source:
        package += f" @ {source['vcs_info']['vcs']}+{source['url']}"
    package = f'"{package}"'  # which every shell understands; cmd.exe takes single quotes for a part of the name
    if run_by_uvx():
        return f"uvx --from {package} art-mcp{where}"
    if (prefix / "uv-receipt.toml").exists():
        return f"uv tool install {package}{where}"
    if (prefix / "pipx_metadata.json").exists():
        return f"pipx install --force {package}{where}"
    return f"pip install {package}{where}"
