"""Changes one member of a JSON text, and keeps every other character: comments and trailing commas, too.

So the owner's line breaks, numbers and escapes stay, which parsing the text and writing all of it would not guarantee.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from art_mcp.clients.in_place import Malformed, nested, newline_of

NAME = "JSON"
_SPACE = " \t\r\n"
_STRING = r'"(?:[^"\\]|\\.)*"'
_COMMENTS = re.compile(rf"{_STRING}|(//[^\r\n]*|/\*.*?\*/)", re.DOTALL)
_TRAILING_COMMAS = re.compile(rf"{_STRING}|(,)(?=[{_SPACE}]*[}}\]])", re.DOTALL)
_FIRST_INDENT = re.compile(r"\n([ \t]+)\S")
_REST_OF_LINE = re.compile(r"[ \t]*(?=\r?\n)")
_read_value = json.JSONDecoder().raw_decode


@dataclass(frozen=True, slots=True)
class _Member:
    key: str
    key_at: int
    value_at: int
    end: int


def parse(text: str) -> Any:
    """The value of a text, which may have comments and trailing commas; of an empty one, an empty object."""
    try:
        return json.loads(_plain(text) if text.strip() else "{}")
    except json.JSONDecodeError as error:
        raise Malformed(text.count("\n", 0, error.pos) + 1) from None


def dump(value: Mapping[str, Any]) -> str:
    """The text of a value, indented by two spaces."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def put(text: str, path: Sequence[str], value: Any) -> str:
    """Set the value at a path of keys, creating the objects that are missing on the path.

    Args:
        text: what `parse` reads as an object; the existing values on the path are objects or null.
    """
    text = text if text.strip() else "{}\n"
    plain = _plain(text)
    at, end = _past_space(plain, 0), len(text)
    newline = newline_of(text)
    indent = found[1] if (found := _FIRST_INDENT.search(plain)) else "  "
    outer = "" if "\n" not in plain.strip() and _members(plain, at) else newline  # one line stays one line
    for depth, key in enumerate(path):
        if plain[at] != "{":
            return text[:at] + _dump(nested(path[depth:], value), outer, indent) + text[end:]
        members = _members(plain, at)
        member = _last(members, key)
        if member is None:
            value = nested(path[depth + 1 :], value)
            written = f"{json.dumps(key, ensure_ascii=False)}: "
            if members:
                lead = _lead(plain, members[-1], newline)
                return _put_after(text, members[-1], lead, written + _dump(value, lead, indent))
            lead = outer and outer + indent
            inside = text[at + 1 : _past_space(plain, at + 1)]
            if inside.strip():  # a comment, which may end with the line
                lead, outer = lead or newline + indent, outer or newline
            kept = text[: at + 1] + inside.rstrip()
            return kept + lead + written + _dump(value, lead, indent) + outer + text[at + 1 + len(inside) :]
        at, end, outer = member.value_at, member.end, _lead(plain, member, newline)
    return text[:at] + _dump(value, outer, indent) + text[end:]


def drop(text: str, path: Sequence[str]) -> str:
    """Remove the member at a path of keys, which must exist; the object that contained it stays, even if empty."""
    plain = _plain(text)
    at, members, number = _past_space(plain, 0), list[_Member](), 0
    for key in path:
        start, members = at, _members(plain, at)
        number = max(each for each, member in enumerate(members) if member.key == key)
        at = members[number].value_at
    member = members[number]
    end, has_comma = _past_comma(text, member)
    if number:
        after, _ = _past_comma(text, members[number - 1])
        on_own_line = _REST_OF_LINE.match(plain, after)
        begin = on_own_line.end() if on_own_line else after
        return (text[:after] if has_comma else text[: after - 1]) + text[after:begin] + text[end:]
    if len(members) > 1:
        return text[: member.key_at] + text[_past_space(text, end) :]
    close = _past_space(plain, member.end)
    before = text[start + 1 : member.key_at].rstrip()
    return text[: start + 1] + before + text[end if before or text[end:close].strip() else close :]


def _plain(text: str) -> str:
    """The text with spaces instead of comments and trailing commas, so that all else keeps its place."""
    return _TRAILING_COMMAS.sub(_blank, _COMMENTS.sub(_blank, text))


def _blank(found: re.Match[str]) -> str:
    return " " * len(found[0]) if found[1] else found[0]


def _put_after(text: str, member: _Member, lead: str, written: str) -> str:
    """Put a new last member behind one, and behind the comment on its line."""
    end, has_comma = _past_comma(text, member)
    rest = _REST_OF_LINE.match(_plain(text), end) if lead else None
    at = rest.end() if rest else end
    comma = "," if has_comma else ""
    return f"{text[:end]}{'' if has_comma else ','}{text[end:at]}{lead or ' '}{written}{comma}{text[at:]}"


def _past_comma(text: str, member: _Member) -> tuple[int, bool]:
    """Where a member ends with its comma, and whether it has one."""
    bare = _COMMENTS.sub(_blank, text)
    at = _past_space(bare, member.end)
    return (at + 1, True) if bare[at] == "," else (member.end, False)


def _members(plain: str, at: int) -> list[_Member]:
    """The members of the object that starts at `at`."""
    members = []
    at = _past_space(plain, at + 1)
    while plain[at] != "}":
        key, end = _read_value(plain, at)
        value_at = _past_space(plain, _past_space(plain, end) + 1)
        _, end = _read_value(plain, value_at)
        members.append(_Member(key, at, value_at, end))
        at = _past_space(plain, end)
        if plain[at] == ",":
            at = _past_space(plain, at + 1)
    return members


def _last(members: Sequence[_Member], key: str) -> _Member | None:
    # Every parser takes the last of duplicate keys.
    return next((member for member in reversed(members) if member.key == key), None)


def _lead(plain: str, member: _Member, newline: str) -> str:
    """The line break and indentation before a member, or nothing if it shares its line."""
    space = plain[len(plain[: member.key_at].rstrip(_SPACE)) : member.key_at]
    return newline + space.rpartition("\n")[2] if "\n" in space else ""


def _dump(value: Any, lead: str, indent: str) -> str:
    if not lead:
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False, indent=indent).replace("\n", lead)


def _past_space(text: str, at: int) -> int:
    while text[at : at + 1] and text[at] in _SPACE:
        at += 1
    return at
