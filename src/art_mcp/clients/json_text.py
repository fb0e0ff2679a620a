"""Changes one member of a JSON text and leaves every other character as it is.

Whoever's file it is finds their own lines, numbers and escapes again, which parsing and writing all of it anew
would not promise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_SPACE = re.compile(r"[ \t\r\n]*")
_FIRST_INDENT = re.compile(r"\n([ \t]+)\S")
_read_value = json.JSONDecoder().raw_decode


@dataclass(frozen=True, slots=True)
class _Member:
    key: str
    key_at: int
    value_at: int
    end: int


def put(text: str, path: Sequence[str], value: Any) -> str:
    """The text with this value at the end of this path of keys; objects that are missing on the way are made.

    Args:
        text: valid JSON whose top level is an object, as are those on the path that exist.
    """
    at = _past_space(text, 0)
    newline = "\r\n" if "\r\n" in text else "\n"
    indent = found[1] if (found := _FIRST_INDENT.search(text)) else "  "
    outer = "" if "\n" not in text.strip() and _members(text, at) else newline  # a file on one line stays so
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
        at, outer = member.value_at, _lead(text, member, newline)
    return text[:at] + _dump(value, outer, indent) + text[member.end :]


def drop(text: str, path: Sequence[str]) -> str:
    """The text without the member at the end of this path of keys, which is there; what held it stays, even empty."""
    at = _past_space(text, 0)
    for key in path:
        start, members = at, _members(text, at)
        member = _last(members, key)
        assert member is not None
        at = member.value_at
    number = members.index(member)
    if number:
        return text[: members[number - 1].end] + text[member.end :]
    if len(members) > 1:
        return text[: member.key_at] + text[members[1].key_at :]
    return text[: start + 1] + text[_past_space(text, member.end) :]


def _members(text: str, at: int) -> list[_Member]:
    """Those of the object that starts here."""
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
    # Of keys that are there twice, every reader takes the last.
    return next((member for member in reversed(members) if member.key == key), None)


def _lead(text: str, member: _Member, newline: str) -> str:
    """The start of the member's line, or nothing if it shares one."""
    space = text[len(text[: member.key_at].rstrip(" \t\r\n")) : member.key_at]
    return newline + space.rpartition("\n")[2] if "\n" in space else ""


def _dump(value: Any, lead: str, indent: str) -> str:
    if not lead:
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False, indent=indent).replace("\n", lead)


def _past_space(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()
