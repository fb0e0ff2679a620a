"""How a client starts this installation of art-mcp: the command, and the settings to pass."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr

from art_mcp.errors import ArtMcpError
from art_mcp.installation import origin, run_by_uvx
from art_mcp.settings import Settings, variable

_OURS = re.compile(r"(.*[/\\])?art[-_]mcp(\.exe)?", re.IGNORECASE)  # Windows finds art-mcp.EXE
_RUNNER = re.compile(r"(.*[/\\])?(uvx?|python[\d.]*)(\.exe)?", re.IGNORECASE)
_OUR_PACKAGE = re.compile(r"art[-_]mcp([@=<>~!\[].*)?")


class LaunchError(ArtMcpError):
    """This art-mcp cannot be started from a client's configuration."""


def command() -> list[str]:
    """The command line that starts it from any folder and with any PATH.

    Raises:
        LaunchError: it runs from a temporary environment.
    """
    if run_by_uvx():
        return _uvx()
    if Path(sys.argv[0]).stem == "art-mcp" and (program := shutil.which(sys.argv[0])):
        return [os.path.abspath(program)]  # not resolved: a link in bin/ outlives its target
    # -P: clients start servers in the folder that is open in them, whose modules must not be imported.
    return [sys.executable, "-P", "-m", "art_mcp"]


def settings_to_pass(environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The settings in the environment to put into a client's file, and the names of the secret ones, which are not."""
    fields = Settings.model_fields.items()
    given = {
        name: field
        for field_name, field in fields
        for name in (getattr(field.validation_alias, "choices", None) or [variable(field_name)])
        if environ.get(name)
    }
    secret = [name for name, field in given.items() if _holds_secret(field.annotation)]
    return {name: environ[name] for name in given if name not in secret}, secret


def starts_art_mcp(words: Sequence[str]) -> bool:
    """Whether a command line starts art-mcp, in whatever form."""
    if not words:
        return False
    runs = _RUNNER.fullmatch(words[0]) and any(_OUR_PACKAGE.fullmatch(word) for word in words[1:])
    return bool(_OURS.fullmatch(words[0]) or runs)


def _uvx() -> list[str]:
    if origin():
        raise LaunchError(
            "This art-mcp runs from a temporary environment of uvx, which a client could not find later.",
            "Install it with `uv tool install` and run setup with the installed art-mcp.",
        )
    return [shutil.which("uvx") or "uvx", "art-mcp"]


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(_holds_secret(part) for part in get_args(annotation))
