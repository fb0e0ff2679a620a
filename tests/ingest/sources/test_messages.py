"""What sources say is read on the command line and in chats, which call the same things by other names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import art_mcp
from art_mcp.errors import Advice, Argument, ArtMcpError, lines_of, on_command_line

PACKAGE = Path(art_mcp.__file__).parent
READ_BY_TOOLS = sorted(
    path
    for pattern in ("ingest/sources/**/*.py", "ingest/*.py", "images/*.py", "server/tools/*.py")
    for path in PACKAGE.glob(pattern)
    if path.name != "reembed.py"  # re-embeds on the command line only
)
OPTION = re.compile(r"(?<![\w-])--[a-z]")


def texts(path: Path) -> Iterator[str]:
    """The texts in a module, without docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    options = {
        id(argument)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Argument"
        for argument in ast.walk(node.args[1])
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said | options:
            yield node.value


@pytest.mark.parametrize("path", READ_BY_TOOLS, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_text_that_a_tool_can_answer_names_an_option(path: Path) -> None:
    assert [text for text in texts(path) if OPTION.search(text)] == []


def test_advice_is_spelled_for_its_reader() -> None:
    advice = Advice("Choose {} with {}.", "{x}", Argument("columns", "--column"))
    assert (str(advice), on_command_line(advice)) == ("Choose {x} with columns.", "Choose {x} with --column.")
    error = ArtMcpError("It is wrong.", advice)
    assert (str(error), error.on_command_line) == (
        "It is wrong. Choose {x} with columns.",
        "It is wrong. Choose {x} with --column.",
    )
    both = lines_of(["A {plain} line.", advice])
    assert (str(both), on_command_line(both)) == (
        "A {plain} line.\nChoose {x} with columns.",
        "A {plain} line.\nChoose {x} with --column.",
    )
    assert on_command_line("plain") == "plain"
