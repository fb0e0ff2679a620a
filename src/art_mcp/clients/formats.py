"""The formats of clients' files, by the ending of the file's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from art_mcp.clients import json_text, toml_text, yaml_text


class Format(Protocol):
    """A module that changes texts of a format in place, so that all other characters stay."""

    NAME: str

    def parse(self, text: str) -> Any:
        """The value of a text. Raises `Malformed` if it has none."""

    def put(self, text: str, path: Sequence[str], value: Any) -> str:
        """Set the value at a path of keys, creating what is missing on it. Raises `Unchangeable`."""

    def drop(self, text: str, path: Sequence[str]) -> str:
        """Remove the value at a path of keys, which must exist. Raises `Unchangeable`."""

    def dump(self, value: Mapping[str, Any]) -> str:
        """The text of a value."""


FORMATS: Mapping[str, Format] = {".json": json_text, ".jsonc": json_text, ".toml": toml_text, ".yaml": yaml_text}
