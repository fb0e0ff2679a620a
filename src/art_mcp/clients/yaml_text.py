"""Changes one pair of a YAML text in block style, and keeps every other character."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node

from art_mcp.clients.in_place import Malformed, Unchangeable, nested, newline_of

NAME = "YAML"


@dataclass(frozen=True, slots=True)
class _Pair:
    """A key with its value, and the lines that they take up."""

    key: str
    column: int
    colon: int
    """The place behind it."""
    value: Node
    start: int
    end: int


def parse(text: str) -> Any:
    """The value of a text; of an empty one, an empty mapping."""
    try:
        value = YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Malformed(mark.line + 1 if mark else 1) from None
    except YAMLError:
        raise Malformed(1) from None
    return {} if value is None else value


def dump(value: Mapping[str, Any]) -> str:
    """The text of a value, in block style."""
    yaml, out = YAML(), io.StringIO()
    yaml.default_flow_style = False
    yaml.width = 1_000_000
    yaml.dump(dict(value), out)
    return out.getvalue().rstrip("\n")


def put(text: str, path: Sequence[str], value: Any) -> str:
    """Set the value at a path of keys, creating the mappings that are missing on the path."""
    text = _ended(text) if text.strip() != "{}" else ""
    pairs, parent, column = _pairs(text, _compose(text)), None, 0
    for depth, key in enumerate(path):
        column = pairs[0].column if pairs else column
        written = _block(text, nested(path[depth:], value), column)
        pair = next((pair for pair in pairs if pair.key == key), None)
        if pair is None and parent and not pairs:  # below null, or {}
            after, end = text.index("\n", parent.start) + 1, parent.value.end_mark.index
            kept = text[end if parent.colon < end < after else parent.colon : after]
            return text[: parent.colon] + kept + written + text[after:]
        if pair is None:
            end = pairs[-1].end if pairs else len(text)
            return text[:end] + written + text[end:]
        if depth == len(path) - 1:
            return text[: pair.start] + written + text[pair.end :]
        pairs, parent, column = _pairs(text, pair.value), pair, column + 2
    raise ValueError("The path is empty.")


def drop(text: str, path: Sequence[str]) -> str:
    """Remove the pair at a path of keys, which must exist; the mapping that contained it stays, even if empty."""
    text = _ended(text)
    pairs, parent = _pairs(text, _compose(text)), None
    for key in path[:-1]:
        parent = _pair(pairs, key)
        pairs = _pairs(text, parent.value)
    pair = _pair(pairs, path[-1])
    without = text[: pair.start] + text[pair.end :]
    return without if len(pairs) > 1 or not parent else f"{without[: parent.colon]} {{}}{without[parent.colon :]}"


def _pair(pairs: Sequence[_Pair], key: str) -> _Pair:
    for pair in pairs:
        if pair.key == key:
            return pair
    raise Unchangeable  # it is merged in from elsewhere


def _compose(text: str) -> Any:
    return YAML(typ="safe", pure=True).compose(text)


def _pairs(text: str, node: Any) -> list[_Pair]:
    """The pairs of a mapping; none of null.

    Raises:
        Unchangeable: it is in flow style.
    """
    if node is None or node.tag == "tag:yaml.org,2002:null":
        return []
    if not isinstance(node, MappingNode) or (node.flow_style and node.value):
        raise Unchangeable
    pairs = []
    for key, value in node.value:
        start = text.rfind("\n", 0, key.start_mark.index) + 1
        colon = text.find(":", key.end_mark.index) + 1
        if not colon or value.end_mark.index < key.end_mark.index:  # no value, or one from elsewhere
            raise Unchangeable
        end = _end(text, start, max(colon, value.end_mark.index))
        pairs.append(_Pair(key.value, key.start_mark.column, colon, value, start, end))
    return pairs


def _end(text: str, start: int, end: int) -> int:
    """Where the last line ends that has something of a value; empty lines and comments behind it are not its own."""
    lines = text[start:end].split("\n")
    while lines[-1].strip() == "" or lines[-1].lstrip().startswith("#"):
        lines.pop()
    return text.index("\n", start + len("\n".join(lines))) + 1


def _block(text: str, value: Mapping[str, Any], column: int) -> str:
    """Lines in which each starts at a column."""
    newline = newline_of(text)
    return "".join(" " * column + line + newline for line in dump(value).split("\n"))


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + newline_of(text)
