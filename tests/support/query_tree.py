"""PostgreSQL's own analysis of a statement, as `debug_print_parse` prints it: every name is resolved in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import asyncpg

UTILITY = 6
"""`commandType` of a command that is not planned."""
_TOKEN = re.compile(r'[{}()\[\]]|"(?:\\.|[^"\\])*"|(?:\\.|[^\s(){}\[\]\\])+')


class Node(dict[str, Any]):
    """A node of the tree: its fields by name, each a node, a list, a text, or None."""

    def __init__(self, tag: str) -> None:
        super().__init__()
        self.tag = tag

    def number(self, field: str) -> int:
        return int(self.get(field) or 0)

    def nodes(self, field: str) -> list[Node]:
        return [each for each in self.get(field) or [] if isinstance(each, Node)]


def read(text: str) -> Any:
    """The tree that a text of PostgreSQL's describes."""
    tokens = _TOKEN.findall(text)
    tokens.reverse()
    return _value(tokens)


def _value(tokens: list[str]) -> Any:
    token = tokens.pop()
    if token == "{":
        node = Node(tokens.pop())
        while (field := tokens.pop()) != "}":
            values = []
            while not (tokens[-1] == "}" or tokens[-1].startswith(":")):
                values.append(_value(tokens))
            node[field[1:]] = values[0] if len(values) == 1 else values
        return node
    if token in ("(", "["):
        values = []
        while tokens[-1] not in (")", "]"):
            values.append(_value(tokens))
        tokens.pop()
        return values
    return None if token == "<>" else token


def below(value: Any, *, into_queries: bool = True) -> Iterator[Node]:
    """The nodes of a tree, itself included, each before those inside it."""
    if isinstance(value, Node):
        yield value
    if isinstance(value, Node | list):
        for each in value.values() if isinstance(value, Node) else value:
            if into_queries or not (isinstance(each, Node) and each.tag == "QUERY"):
                yield from below(each, into_queries=into_queries)


async def analyse(connection: asyncpg.Connection, statement: str) -> Node | None:
    """The query tree of one statement; None if it is a command such as ALTER TABLE.

    Raises:
        asyncpg.PostgresSyntaxError: it is more than one.
    """
    trees: list[str] = []

    def listen(_: object, message: asyncpg.PostgresLogMessage) -> None:
        if message.message == "parse tree:":
            trees.append(message.detail or "")

    connection.add_log_listener(listen)
    await connection.execute("SET debug_pretty_print = off; SET client_min_messages = log; SET debug_print_parse = on")
    try:
        await connection.prepare(statement)
    finally:
        await connection.execute("SET debug_print_parse = off; RESET client_min_messages")
        connection.remove_log_listener(listen)
    tree: Node = read(trees[0])  # those after it are of the driver's own queries
    return None if tree.number("commandType") == UTILITY else tree
