from __future__ import annotations

import json

import pytest

from art_mcp.clients.json_text import drop, parse, put

ENTRY = {"command": "/bin/art-mcp", "args": [], "env": {"A": "Gemälde"}}
PATH = ("mcpServers", "art")

TWO_SPACES = """{
  "theme": "dark",
  "mcpServers": {
    "files": {"command": "npx", "args": ["-y", "files", "/home/zoë"]}
  },
  "n": [1.0, 1e400, 12345678901234567890123]
}"""
TABS = '{\n\t"mcpServers": {\n\t\t"files": {\n\t\t\t"command": "\\ud83d \\u00e9"\n\t\t}\n\t}\n}\n'
KEPT_AS_THEY_ARE = {
    "two spaces": TWO_SPACES,
    "four spaces": TWO_SPACES.replace("  ", "    "),
    "tabs, with half a character": TABS,
    "Windows": TWO_SPACES.replace("\n", "\r\n"),
    "one line": '{"mcpServers": {"files": {"command": "npx"}}, "a": 1}',
    "minified": '{"a":[],"mcpServers":{"files":{}}}',
    "on lines, the servers on one": '{\n  "mcpServers": { "files": {}, "more": {} }\n}\n',
    "no servers yet": '{\n    "mcpServers": {}\n}',
    "blank lines": '{\n\n  "mcpServers": {\n\n    "files": {}\n\n  }\n\n}\n\n',
}


@pytest.mark.parametrize("text", KEPT_AS_THEY_ARE.values(), ids=KEPT_AS_THEY_ARE)
def test_only_the_member_comes_and_goes(text: str) -> None:
    with_it = put(text, PATH, ENTRY)
    expected = json.loads(text)
    expected["mcpServers"]["art"] = ENTRY
    assert json.loads(with_it) == expected
    assert list(json.loads(with_it)["mcpServers"])[-1] == "art"
    assert drop(with_it, PATH) == text
    assert ("\n" in with_it) == ("\n" in text)
    assert with_it.count("\r\n") == (with_it.count("\n") if "\r" in text else 0)


def test_it_is_written_as_its_neighbours_are() -> None:
    assert put(TABS, PATH, {"command": "a", "args": ["b"]}) == (
        '{\n\t"mcpServers": {\n\t\t"files": {\n\t\t\t"command": "\\ud83d \\u00e9"\n\t\t},\n'
        '\t\t"art": {\n\t\t\t"command": "a",\n\t\t\t"args": [\n\t\t\t\t"b"\n\t\t\t]\n\t\t}\n\t}\n}\n'
    )
    assert put('{"a":1}', PATH, {"command": "a"}) == '{"a":1, "mcpServers": {"art": {"command": "a"}}}'
    text = '{"a": 1, "mcpServers": {}}'
    assert put(text, PATH, {"command": "a"}) == text.replace("{}", '{"art": {"command": "a"}}')
    text = '{\n  "a": 1, "mcpServers": {}\n}'
    assert put(text, PATH, {"command": "a"}) == text.replace("{}", '{"art": {"command": "a"}}')


@pytest.mark.parametrize("empty", ["{}", " { } \n", "{\n}\n"])
def test_an_empty_object_gets_lines(empty: str) -> None:
    text = put(empty, PATH, {"command": "a"})
    assert text.strip() == '{\n  "mcpServers": {\n    "art": {\n      "command": "a"\n    }\n  }\n}'


def test_objects_on_the_way_are_made_after_what_is_there() -> None:
    assert put('{\n    "a": 1\n}', PATH, {}) == '{\n    "a": 1,\n    "mcpServers": {\n        "art": {}\n    }\n}'


def test_a_member_is_replaced_where_it_stands() -> None:
    text = '{\n  "mcpServers": {\n    "art": {"old": [1, 2]},\n    "b": {}\n  }\n}'
    assert put(text, PATH, {"command": "a"}) == text.replace('{"old": [1, 2]}', '{\n      "command": "a"\n    }')


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"s": {"art": 1}}', '{"s": {}}'),
        ('{"s": {\n  "art": 1\n}}', '{"s": {}}'),
        ('{"s": {"art": 1, "b": 2}}', '{"s": {"b": 2}}'),
        ('{"s": {"a": 0, "art": 1, "b": 2}}', '{"s": {"a": 0, "b": 2}}'),
        ('{"s": {"a": 0, "art": {"}": "{"}}}', '{"s": {"a": 0}}'),
    ],
)
def test_what_held_it_stays(before: str, after: str) -> None:
    assert drop(before, ("s", "art")) == after


def test_of_keys_that_are_there_twice_the_last_counts() -> None:
    text = '{"s": {"art": 1, "art": 2}, "s": {"art": 3, "art": 4}}'
    assert put(text, ("s", "art"), 5) == text.replace("4", "5")
    assert json.loads(put(text, ("s", "b"), 5))["s"] == {"art": 4, "b": 5}


WITH_COMMENTS = {
    "before all": '// c\n{\n  "mcpServers": { "a": 1 } // x\n}\n',
    "in an empty object": '{\n  "mcpServers": {\n    // none yet\n  }\n}\n',
    "in an empty object on its line": '{\n  "mcpServers": { // none yet\n  }\n}\n',
    "behind the last": '{\n  "mcpServers": {\n    "a": 1 // one\n  }\n}\n',
    "behind the last, on several lines": '{\n  "mcpServers": {\n    "a": 1 /* one,\n two */\n  }\n}\n',
    "trailing commas": '{\n  "mcpServers": {\n    "a": 1, // one\n  },\n}\n',
    "on one line": '{"mcpServers": {"a": 1, /* b */}, }',
    "Windows": '{\r\n\t"mcpServers": {\r\n\t\t"a": 1 // one\r\n\t}\r\n}\r\n',
    "in texts": '{"mcpServers": {"a": {"url": "http://x//y", "b": "/* no */,}", "c": "\\\\"}}}',
}


@pytest.mark.parametrize("text", WITH_COMMENTS.values(), ids=WITH_COMMENTS)
def test_comments_and_trailing_commas_stay(text: str) -> None:
    with_it = put(text, PATH, ENTRY)
    expected = parse(text)
    expected["mcpServers"]["art"] = ENTRY
    assert parse(with_it) == expected
    assert drop(with_it, PATH) == text
    assert put(put(text, PATH, {"command": 1}), (*PATH, "command"), 2) == put(text, PATH, {"command": 2})


def test_a_comment_about_the_next_member_stays() -> None:
    text = '{\n  "s": {\n    "art": 1, // mine\n    // about b\n    "b": 2\n  }\n}'
    assert drop(text, ("s", "art")) == text.replace('"art": 1, ', "")


def test_null_is_an_object_that_is_missing() -> None:
    assert put('{"s": null}', ("s", "art"), 1) == '{"s": {"art": 1}}'
