"""How a client starts this installation of art-mcp: the command, and the settings to pass."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr

from art_mcp.errors import ArtMcpError
from art_mcp.installation import run_by_uvx
from art_mcp.settings import Settings, variable

_OURS = re.compile(r"(.*[/\\])?art[-_]mcp(\.exe)?")
_RUNNER = re.compile(r"(.*[/\\])?(uvx?|python[\d.]*)(\.exe)?")
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


def starts_art_mcp(entry: Any) -> bool:
    """Whether a client's entry starts art-mcp, in whatever form."""
    if not isinstance(entry, dict) or not isinstance(entry.get("command"), str):
        return False
    arguments = entry.get("args")
    words = [word for word in arguments if isinstance(word, str)] if isinstance(arguments, list) else []
    runs = _RUNNER.fullmatch(entry["command"]) and any(_OUR_PACKAGE.fullmatch(word) for word in words)
    return bool(_OURS.fullmatch(entry["command"]) or runs)


def _uvx() -> list[str]:
    if distribution("art-mcp").read_text("direct_url.json"):  # installed from a folder or repository, not by name
        raise LaunchError(
            "This art-mcp runs from a temporary environment of uvx, which a client could not find later.",
            "Install it with `uv tool install` and run setup with the installed art-mcp.",
        )
    return [shutil.which("uvx") or "uvx", "art-mcp"]


def _holds_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(_holds_secret(part) for part in get_args(annotation))
