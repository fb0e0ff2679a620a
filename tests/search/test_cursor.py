from __future__ import annotations

import pytest

from art_mcp.search import cursor
from art_mcp.search.cursor import CursorError
from art_mcp.store.ranking import DEPTH

QUESTION = ("text", "a stormy sea")


def test_a_cursor_brings_back_its_offset_for_its_own_question() -> None:
    for offset in (1, 10, DEPTH - 1):
        assert cursor.decode(QUESTION, cursor.encode(QUESTION, offset)) == offset
    assert cursor.decode(QUESTION, None) == cursor.decode(QUESTION, "") == 0


@pytest.mark.parametrize("made", ["x", "====", "é", "AAAA", "A" * 10_000, cursor.encode(("text", "a calm sea"), 10)])
def test_any_other_cursor_is_refused(made: str) -> None:
    with pytest.raises(CursorError, match="does not belong to this query"):
        cursor.decode(QUESTION, made)


def test_no_cursor_leads_beyond_what_is_ranked() -> None:
    with pytest.raises(CursorError):
        cursor.decode(QUESTION, cursor.encode(QUESTION, DEPTH))
