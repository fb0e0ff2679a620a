"""Changes one member of a JSON text, and keeps every other character.

So the owner's line breaks, numbers and escapes stay, which parsing the text and writing all of it would not guarantee.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_SPACE = frozenset(" \t\r\n")
_FIRST_INDENT = re.compile(r"\n([ \t]+)\S")
_read_value = json.JSONDecoder().raw_decode


@dataclass(frozen=True, slots=True)
class _Member:
    key: str
    key_at: int
    value_at: int
    end: int


def put(text: str, path: Sequence[str], value: Any) -> str:
    """Set the value at a path of keys, creating the objects that are missing on the path.

    Args:
        text: valid JSON; its top level and the existing values on the path are objects.
    """
    at, end = _past_space(text, 0), len(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    indent = found[1] if (found := _FIRST_INDENT.search(text)) else "  "
    outer = "" if "\n" not in text.strip() and _members(text, at) else newline  # a file on one line stays on one line
    for depth, key in enumerate(path):
        members = _members(text, at)
        member = _last(members, key)
        if member is None:
            for missing in reversed(path[depth + 1 :]):
                value = {missing: value}
            lead = _lead(text, members[-1], newline) if members else outer and outer + indent
            written = f"{json.dumps(key, ensure_ascii=False)}: {_dump(value, lead, indent)}"
            if members:
                end = members[-1].end
                return f"{text[:end]},{lead or ' '}{written}{text[end:]}"
            return f"{text[: at + 1]}{lead}{written}{outer}{text[_past_space(text, at + 1) :]}"
        at, end, outer = member.value_at, member.end, _lead(text, member, newline)
    return text[:at] + _dump(value, outer, indent) + text[end:]


def drop(text: str, path: Sequence[str]) -> str:
    """Remove the member at a path of keys, which must exist; the object that contained it stays, even if empty."""
    at, members, number = _past_space(text, 0), list[_Member](), 0
    for key in path:
        start, members = at, _members(text, at)
        number = max(each for each, member in enumerate(members) if member.key == key)
        at = members[number].value_at
    member = members[number]
    if number:
        return text[: members[number - 1].end] + text[member.end :]
    if len(members) > 1:
        return text[: member.key_at] + text[members[1].key_at :]
    return text[: start + 1] + text[_past_space(text, member.end) :]


def _members(text: str, at: int) -> list[_Member]:
    """The members of the object that starts at `at`."""
    members = []
    at = _past_space(text, at + 1)
    while text[at] != "}":
        key, end = _read_value(text, at)
        value_at = _past_space(text, _past_space(text, end) + 1)
        _, end = _read_value(text, value_at)
        members.append(_Member(key, at, value_at, end))
        at = _past_space(text, end)
        if text[at] == ",":
            at = _past_space(text, at + 1)
    return members


def _last(members: Sequence[_Member], key: str) -> _Member | None:
    # Every parser takes the last of duplicate keys.
    return next((member for member in reversed(members) if member.key == key), None)


def _lead(text: str, member: _Member, newline: str) -> str:
    """The line break and indentation before a member, or nothing if it shares its line."""
    space = text[len(text[: member.key_at].rstrip(" \t\r\n")) : member.key_at]
    return newline + space.rpartition("\n")[2] if "\n" in space else ""


def _dump(value: Any, lead: str, indent: str) -> str:
    if not lead:
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False, indent=indent).replace("\n", lead)


def _past_space(text: str, at: int) -> int:
    while text[at : at + 1] in _SPACE:
        at += 1
    return at
