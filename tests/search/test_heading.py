"""The heading of a contact sheet says in a line what was searched for."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from art_mcp.painting import Filters, painting_id
from art_mcp.runtime import Runtime
from art_mcp.search.heading import heading
from art_mcp.settings import Settings

pytestmark = pytest.mark.anyio

FIRST, SECOND = (painting_id("pictures", f"{number}.jpg") for number in (4, 7))
TITLES = ("Composition in noise 0", "Composition in noise 3")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"words": "ships  in a\nstorm"}, "“ships in a storm”"),
        ({"words": '"Night Watch" or "Syndics"'}, '"Night Watch" or "Syndics"'),
        ({"words": " "}, "All paintings"),
        ({"filters": Filters(school="Dutch", type="landscape", year_from=1600)}, "Dutch · landscape · from 1600"),
        ({"words": "sea", "filters": Filters(artist="Turner", year_to=1850)}, "“sea” · Turner · to 1850"),
        ({"filters": Filters(year_from=-300, year_to=-100)}, "300 BC–100 BC"),
        ({"filters": Filters(year_from=1871, year_to=1871)}, "1871"),
        ({"filters": Filters(artist=("Monet, Claude", "Manet"))}, "Monet, Claude or Manet"),
        ({"like": [FIRST]}, f"Like {TITLES[0]}"),
        ({"like": [FIRST, SECOND]}, f"Like {TITLES[0]} and {TITLES[1]}"),
        (
            {"like": [FIRST], "words": "at night", "without": "people", "filters": Filters(school="Dutch")},
            f"Like {TITLES[0]}, “at night”, not “people” · Dutch",
        ),
        ({"like": ["The uploaded picture"]}, "Like the uploaded picture"),
        ({"like": ["The Wave.jpg"]}, "Like The Wave.jpg"),
        ({"like": [uuid.UUID(int=5)]}, "Like a painting"),
    ],
)
async def test_headings(read_only: Settings, asked: dict[str, Any], said: str) -> None:
    async with Runtime(read_only) as runtime:
        assert await heading(await runtime.database(), **asked) == said
