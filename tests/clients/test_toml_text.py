from __future__ import annotations

import pytest

from art_mcp.clients.in_place import Malformed
from art_mcp.clients.toml_text import drop, parse, put

ENTRY = {"command": "/bin/art-mcp", "args": ["serve"], "timeout": 60, "env": {"A": "Gemälde"}}
PATH = ("mcp_servers", "art")
KEPT_AS_THEY_ARE = {
    "empty": "",
    "no servers yet": '# mine\nmodel = "x" # this\n',
    "between others": '[mcp_servers.a]\ncommand = "a"\n\n[projects."/x"]\ntrust = "y"\n',
    "a table of servers": '[mcp_servers]\n\n[mcp_servers.a]\ncommand = "a"\n',
    "dotted keys": 'mcp_servers.a.command = "x"\nb = 1\n',
    "inline": 'b = 1\nmcp_servers = { a = { command = "x" } }\n',
    "inline servers": '[mcp_servers]\na = { command = "x" }\n',
    "in two places": '[mcp_servers.a]\ncommand = "a"\n[o]\nx=1\n[mcp_servers.b]\ncommand = "b"\n',
    "Windows": 'a = 1\r\n[mcp_servers.a]\r\ncommand = "a"\r\n',
}


@pytest.mark.parametrize("text", KEPT_AS_THEY_ARE.values(), ids=KEPT_AS_THEY_ARE)
def test_only_the_table_comes_and_goes(text: str) -> None:
    with_it = put(text, PATH, ENTRY)
    expected = parse(text)
    expected.setdefault("mcp_servers", {})["art"] = ENTRY
    assert parse(with_it) == expected
    assert drop(with_it, PATH) == text
    assert with_it.count("\r\n") == (with_it.count("\n") if "\r" in text else 0)


@pytest.mark.parametrize("text", KEPT_AS_THEY_ARE.values(), ids=KEPT_AS_THEY_ARE)
def test_values_are_replaced_where_they_stand(text: str) -> None:
    with_it = put(text, PATH, ENTRY)
    changed = put(put(with_it, (*PATH, "command"), "/other"), (*PATH, "env"), {"A": "1", "B": "2"})
    assert parse(changed)["mcp_servers"]["art"] == ENTRY | {"command": "/other", "env": {"A": "1", "B": "2"}}
    assert set(text.splitlines()) - set(changed.splitlines()) <= {'mcp_servers = { a = { command = "x" } }'}


def test_a_table_between_others_is_removed_with_its_tables() -> None:
    text = '[mcp_servers.art]\ncommand = "a"\n\n[mcp_servers.art.env]\nA = "1"\n\n[o]\nx = 1 # one\n'
    assert drop(text, PATH) == "[o]\nx = 1 # one\n"


def test_a_table_is_removed_from_servers_in_several_places() -> None:
    text = '[mcp_servers.a]\ncommand = "a"\n\n[o]\nx = 1\n\n[mcp_servers.art]\ncommand = "b"'
    assert drop(text, PATH).rstrip() == '[mcp_servers.a]\ncommand = "a"\n\n[o]\nx = 1'


def test_the_line_of_an_error_is_known() -> None:
    with pytest.raises(Malformed, match="line 2"):
        parse("a = 1\nb = \n")
    with pytest.raises(Malformed, match="line 2"):
        parse('a = 1\nb = """')
