from __future__ import annotations

import pytest

from art_mcp.search import cursor
from art_mcp.search.cursor import CursorError, Start
from art_mcp.store.ranking import DEPTH

QUESTION = ("text", "a stormy sea")


def test_a_cursor_brings_back_its_start_for_its_own_question() -> None:
    for start in (Start(1), Start(10, 2**32 - 1), Start(DEPTH - 1)):
        assert cursor.decode(QUESTION, cursor.encode(QUESTION, start)) == start
    assert cursor.decode(QUESTION, None) == cursor.decode(QUESTION, "") == Start(0, 0)


def test_each_random_order_has_a_seed_that_its_pages_keep() -> None:
    first, other = (cursor.decode(QUESTION, "", order="random") for _ in range(2))
    assert first.offset == other.offset == 0 and first.seed != other.seed
    following = cursor.encode(QUESTION, first._replace(offset=10))
    assert cursor.decode(QUESTION, following, order="random") == Start(10, first.seed)


@pytest.mark.parametrize(
    "made", ["x", "====", "é", "AAAA", "A" * 10_000, cursor.encode(("text", "a calm sea"), Start(10))]
)
def test_any_other_cursor_is_refused(made: str) -> None:
    with pytest.raises(CursorError, match="does not belong to this query"):
        cursor.decode(QUESTION, made)


def test_no_cursor_leads_beyond_what_is_ranked() -> None:
    beyond = cursor.encode(QUESTION, Start(DEPTH))
    with pytest.raises(CursorError):
        cursor.decode(QUESTION, beyond)
    assert cursor.decode(QUESTION, beyond, depth=None) == Start(DEPTH)
