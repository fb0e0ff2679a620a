"""Changes one table of a TOML text, and keeps every other character."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from art_mcp.clients.in_place import Malformed, Unchangeable, nested, newline_of

NAME = "TOML"
_ERROR_AT = re.compile(r"\(at line (\d+),")


def parse(text: str) -> dict[str, Any]:
    """The value of a text."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _ERROR_AT.search(str(error))
        raise Malformed(int(found[1]) if found else text.count("\n") + 1) from None


def dump(value: Mapping[str, Any]) -> str:
    """The text of a value."""
    return tomlkit.dumps(value).rstrip("\n")


def put(text: str, path: Sequence[str], value: Any) -> str:
    """Set the value at a path of keys; a table that is missing is appended."""
    if isinstance(value, Mapping):
        ended = text + newline_of(text) if text and not text.endswith("\n") else text
        appended = ended + _appended(text, path, value)
        try:
            tomllib.loads(appended)
        except tomllib.TOMLDecodeError:  # the tables on the path are inline, or it exists
            pass
        else:
            return appended
    return _edited(text, path, lambda table: table.update({path[-1]: value}))


def drop(text: str, path: Sequence[str]) -> str:
    """Remove the value at a path of keys, which must exist."""
    table: Any = parse(text)
    for key in path:
        table = table[key]
    if text.endswith(appended := _appended(text, path, table)):
        return text.removesuffix(appended)
    return _edited(text, path, lambda table: table.pop(path[-1]))


def _edited(text: str, path: Sequence[str], edit: Callable[[Any], object]) -> str:
    """The text, after the table that contains a path was edited."""
    try:
        table: Any = (document := tomlkit.parse(text))
        for key in path[:-1]:
            table = table[key]
        edit(table)
        return _with_newlines(text, tomlkit.dumps(document))
    except (TOMLKitError, LookupError, ValueError):
        raise Unchangeable from None


def _appended(text: str, path: Sequence[str], value: Any) -> str:
    """What `put` appends to a text for a table, or has appended to it."""
    table = dump(nested(path, value)) + "\n"
    return _with_newlines(text, f"\n{table}" if text.strip() not in ("", table.strip()) else table)


def _with_newlines(text: str, written: str) -> str:
    """What was written, with the line breaks of the text."""
    return written.replace("\r\n", "\n").replace("\n", "\r\n") if "\r\n" in text else written
