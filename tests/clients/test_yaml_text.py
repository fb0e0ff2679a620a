from __future__ import annotations

import pytest

from art_mcp.clients.in_place import Malformed, Unchangeable
from art_mcp.clients.yaml_text import drop, parse, put

ENTRY = {"cmd": "/bin/art-mcp", "args": ["--env-file", "a: b"], "on": True, "envs": {"A": "true", "B": "Gemälde # x"}}
PATH = ("extensions", "art")
KEPT_AS_THEY_ARE = {
    "between others": "extensions:\n  dev:\n    enabled: true\n    l:\n    - a\n\n# Model\nM: x\n",
    "none yet": "extensions: {}  # none\nM: x\n",
    "four spaces": 'M: "a"\nextensions:\n    dev:\n        x: |\n            hi\n            ho\n\n    # last\n',
    "in flow style": "extensions:\n  a: {b: [1, 2]}\n  # end\n",
    "Windows": "a: 1\r\nextensions:\r\n  b:\r\n    c: 1\r\n",
    "null": "extensions: {}\n\nM: x\n",
}


@pytest.mark.parametrize("text", KEPT_AS_THEY_ARE.values(), ids=KEPT_AS_THEY_ARE)
def test_only_the_pair_comes_and_goes(text: str) -> None:
    with_it = put(text, PATH, ENTRY)
    expected = parse(text)
    expected["extensions"]["art"] = ENTRY
    assert parse(with_it) == expected
    assert drop(with_it, PATH) == text
    assert with_it.count("\r\n") == (with_it.count("\n") if "\r" in text else 0)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("", "extensions: {}\n"),
        ("a: 1", "a: 1\nextensions: {}\n"),
        ("# only\n", "# only\nextensions: {}\n"),
        ("extensions:\n\nM: x\n", "extensions: {}\n\nM: x\n"),
        ("extensions: ~ # none\nM: x\n", "extensions: {} # none\nM: x\n"),
    ],
)
def test_a_mapping_that_is_missing_is_made_and_stays(text: str, left: str) -> None:
    with_it = put(text, PATH, ENTRY)
    assert parse(with_it)["extensions"] == {"art": ENTRY}
    assert drop(with_it, PATH) == left


def test_values_are_replaced_where_they_stand() -> None:
    text = "extensions:\n  art:\n    cmd: a # mine\n    args:\n      - b\n    # kept\n    x: 1\n"
    assert put(put(text, (*PATH, "args"), ["c"]), (*PATH, "new"), 2) == (
        "extensions:\n  art:\n    cmd: a # mine\n    args:\n    - c\n    # kept\n    x: 1\n    new: 2\n"
    )


def test_the_last_line_may_lack_its_end() -> None:
    text = "extensions:\n  a: {b: 1}\n  art:\n    cmd: x"
    assert drop(text, PATH) == "extensions:\n  a: {b: 1}\n"
    assert put(text, (*PATH, "cmd"), "y") == text[:-1] + "y\n"


def test_what_is_merged_in_cannot_be_removed() -> None:
    text = "x: &x\n  art:\n    cmd: x\nextensions:\n  <<: *x\n  b: 1\n"
    assert parse(text)["extensions"] == {"art": {"cmd": "x"}, "b": 1}
    with pytest.raises(Unchangeable):
        drop(text, PATH)


def test_flow_style_is_left_alone() -> None:
    for text in ("extensions: {a: {b: 1}}\n", "{extensions: {}}", "extensions: [1]"):
        with pytest.raises(Unchangeable):
            put(text, PATH, ENTRY)


def test_the_line_of_an_error_is_known() -> None:
    with pytest.raises(Malformed, match="line 2"):
        parse("a: 1\n b: 2\n")
    with pytest.raises(Malformed):
        parse("a: \x00")
